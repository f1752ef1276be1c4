package compute

import (
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

func TestState(t *testing.T) {
	for state, want := range map[armcompute.GalleryProvisioningState]sdk.State{
		armcompute.GalleryProvisioningStateSucceeded: sdk.Available,
		armcompute.GalleryProvisioningStateCreating:  sdk.Pending,
		armcompute.GalleryProvisioningStateUpdating:  sdk.Available, // where it is replicated to
		"UPDATING": sdk.Available,
		armcompute.GalleryProvisioningStateMigrating: sdk.Pending,
		armcompute.GalleryProvisioningStateFailed:    sdk.Failed,
		armcompute.GalleryProvisioningStateDeleting:  sdk.Gone,
		"Canceled":  sdk.Failed,
		"succeeded": sdk.Available,
		"CREATING":  sdk.Pending,
		"":          sdk.StateUnknown,
		"Newish":    sdk.StateUnknown,
	} {
		t.Run(string(state), func(t *testing.T) {
			v := version(state, armcompute.GalleryImageVersionPublishingProfile{})
			v.Properties.ReplicationStatus = &armcompute.ReplicationStatus{AggregatedState: to.Ptr(armcompute.AggregatedReplicationStateCompleted)}
			if state == "" { // what Azure calls complete is there
				v.Properties.ReplicationStatus = nil
			}
			got := asked(t, Definition{}, v, Options{})
			if len(got) != 1 || got[0].State != want || got[0].Region != "westus2" {
				t.Errorf("got %+v", got)
			}
			if (got[0].StateReason == "") != (want == sdk.Available) {
				t.Errorf("reason %q", got[0].StateReason)
			}
		})
	}
}

// To add a region may fail, which takes nothing from where the version is already;
// what is said of all regions together is said of the only one.
func TestStateInRegion(t *testing.T) {
	const failed = armcompute.GalleryProvisioningStateFailed
	done := &armcompute.ReplicationStatus{Summary: []*armcompute.RegionalReplicationStatus{{Region: to.Ptr("West US 2"), State: to.Ptr(armcompute.ReplicationStateCompleted)}}}
	here := func(state string, progress *int32) *armcompute.ReplicationStatus {
		return &armcompute.ReplicationStatus{Summary: []*armcompute.RegionalReplicationStatus{
			{Region: to.Ptr("westus2"), State: to.Ptr(armcompute.ReplicationState(state)), Progress: progress},
		}}
	}
	whole := func(s armcompute.AggregatedReplicationState) *armcompute.ReplicationStatus {
		return &armcompute.ReplicationStatus{AggregatedState: to.Ptr(s)}
	}
	for name, tt := range map[string]struct {
		provisioning armcompute.GalleryProvisioningState
		regions      []string
		status       *armcompute.ReplicationStatus
		want         sdk.State
		reason       string
	}{
		"failed, and complete here": {failed, []string{"westus2", "eastus"}, done, sdk.StateUnknown, "its provisioning state is Failed, and its replication to westus2 is Completed"},
		"failed, and not here":      {failed, []string{"eastus", "westus2"}, done, sdk.Failed, "its provisioning state is Failed"},
		"failed in its only region": {"Succeeded", []string{"westus2"}, whole("FAILED"), sdk.Failed, "its replication failed"},
		"under way to its only one": {"Succeeded", []string{"westus2"}, whole("InProgress"), sdk.Pending, "its replication is not done yet"},
		"failed somewhere":          {"Succeeded", []string{"westus2", "eastus"}, whole("Failed"), sdk.StateUnknown, "its replication is Failed, and Azure does not say in which regions"},
		"under way somewhere":       {"Succeeded", []string{"westus2", "eastus"}, whole("inprogress"), sdk.StateUnknown, "its replication is InProgress, and Azure does not say in which regions"},
		"complete everywhere":       {"Updating", []string{"westus2", "eastus"}, whole("Completed"), sdk.Available, ""},
		"of no known state":         {"Updating", []string{"westus2"}, whole("Unknown"), sdk.StateUnknown, "Azure does not say whether it is replicated to westus2"},
		"complete, and updated":     {"Updating", []string{"westus2"}, here("completed", nil), sdk.Available, ""},
		"under way, and updated":    {"updating", []string{"westus2"}, here("Replicating", to.Ptr[int32](40)), sdk.Pending, "replication to westus2 is 40 % done"},
		"of another state here":     {"Succeeded", []string{"westus2"}, here("Paused", nil), sdk.StateUnknown, "its replication to westus2 is Paused"},
		"canceled, though complete": {"Canceled", []string{"westus2"}, done, sdk.Failed, "its provisioning state is Canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			v := version(tt.provisioning, armcompute.GalleryImageVersionPublishingProfile{TargetRegions: regions(tt.regions...)})
			v.Properties.ReplicationStatus = tt.status
			if got := asked(t, Definition{}, v, Options{})[0]; got.State != tt.want || got.StateReason != tt.reason {
				t.Errorf("got %v %q", got.State, got.StateReason)
			}
		})
	}
}

func TestRegions(t *testing.T) {
	targets := regions("West US 2", "westus2", "East US", "UK South", "North Europe", "Japan East")
	targets[2].ExcludeFromLatest = to.Ptr(true)
	targets[4].ExcludeFromLatest = to.Ptr(true)
	v := version("Succeeded", armcompute.GalleryImageVersionPublishingProfile{TargetRegions: targets, PublishedDate: day(3)})
	v.Properties.ReplicationStatus = &armcompute.ReplicationStatus{Summary: []*armcompute.RegionalReplicationStatus{
		{Region: to.Ptr("UK South"), State: to.Ptr(armcompute.ReplicationStateFailed)},
		{Region: to.Ptr("East US"), State: to.Ptr(armcompute.ReplicationStateCompleted)},
		{Region: to.Ptr("North Europe"), State: to.Ptr(armcompute.ReplicationStateReplicating), Progress: to.Ptr[int32](40)},
		{Region: to.Ptr("Japan East"), State: to.Ptr(armcompute.ReplicationStateReplicating)},
	}, AggregatedState: to.Ptr(armcompute.AggregatedReplicationStateCompleted)}
	type line struct {
		region   string
		state    sdk.State
		excluded bool
		reason   string
	}
	var got []line
	for _, i := range asked(t, Definition{}, v, Options{Own: map[string]bool{"s": true}}) {
		got = append(got, line{i.Region, i.State, i.ExcludedFromLatest, i.StateReason})
		if i.Owner != "self" || !i.CreatedAt.Equal(*day(3)) || i.Architecture != "amd64" {
			t.Errorf("got %+v", i)
		}
		_, noted := i.Provenance["excludedFromLatest"]
		if noted != i.ExcludedFromLatest {
			t.Errorf("%s: provenance %v", i.Region, i.Provenance)
		}
	}
	want := []line{
		{"westus2", sdk.Available, false, ""},
		{"eastus", sdk.Available, true, "excluded from latest in eastus"},
		{"uksouth", sdk.Failed, false, "replication to uksouth failed"},
		{"northeurope", sdk.Pending, true, "replication to northeurope is 40 % done; excluded from latest in northeurope"},
		{"japaneast", sdk.Pending, false, "replication to japaneast is not done yet"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(line{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// An image that is excluded everywhere says so, whatever its regions say; so it does beside
// what else is the matter.
func TestExcludedBesideAnotherReason(t *testing.T) {
	one := func(flag, here *bool, status *armcompute.ReplicationStatus) sdk.Image {
		targets := regions("westus2")
		targets[0].ExcludeFromLatest = here
		v := version("Succeeded", armcompute.GalleryImageVersionPublishingProfile{TargetRegions: targets, ExcludeFromLatest: flag})
		v.Properties.ReplicationStatus = status
		return asked(t, Definition{}, v, Options{})[0]
	}
	done := &armcompute.ReplicationStatus{AggregatedState: to.Ptr(armcompute.AggregatedReplicationStateCompleted)}
	failed := &armcompute.ReplicationStatus{AggregatedState: to.Ptr(armcompute.AggregatedReplicationStateFailed)}
	for reason, got := range map[string]sdk.Image{
		"excluded from latest in every region":                         one(to.Ptr(true), to.Ptr(true), done),
		"excluded from latest in westus2":                              one(to.Ptr(false), to.Ptr(true), done),
		"its replication failed; excluded from latest in westus2":      one(nil, to.Ptr(true), failed),
		"its replication failed; excluded from latest in every region": one(to.Ptr(true), to.Ptr(false), failed),
		"": one(to.Ptr(false), to.Ptr(false), done),
		"Azure does not say whether it is replicated to westus2":                                  one(nil, nil, nil),
		"Azure does not say whether it is replicated to westus2; excluded from latest in westus2": one(nil, to.Ptr(true), nil),
	} {
		if strings.HasSuffix(reason, "every region") && got.Provenance["excludedFromLatest"] != api("publishingProfile.excludeFromLatest") {
			t.Errorf("%q by %+v", reason, got.Provenance["excludedFromLatest"])
		}
		if got.StateReason != reason || got.ExcludedFromLatest != (got.Provenance["excludedFromLatest"].Key != "") {
			t.Errorf("%q instead of %q", got.StateReason, reason)
		}
	}
}

// The list says what it knows of a version that is being updated.
func TestListedWhileUpdating(t *testing.T) {
	v := answered[Version](t, version("Updating", armcompute.GalleryImageVersionPublishingProfile{TargetRegions: regions("westus2")}))
	got := Gallery{Kind: resourceid.GalleryVersion}.Listed(id(), Definition{}, v, Options{})[0]
	if got.State != sdk.StateUnknown || got.StateReason != "its provisioning state is Updating" {
		t.Errorf("%v %q", got.State, got.StateReason)
	}
}

// Target regions that Azure gives without a name are those of the replication status that
// none of the others is; that one of them is excluded counts for all.
func TestTargetsWithoutAName(t *testing.T) {
	for name, tt := range map[string]struct {
		targets []*armcompute.TargetRegion
		status  []string
		want    string
	}{
		"all named":       {regions("West US 2"), []string{"West US 2", "East US"}, "westus2 "},
		"the other":       {regions("West US 2", ""), []string{"westus2", "", "East US"}, "westus2 eastus "},
		"excluded":        {[]*armcompute.TargetRegion{{ExcludeFromLatest: to.Ptr(true)}, targetRegion("West US 2", nil), {}}, []string{"westus2", "East US"}, "westus2 eastus! "},
		"not excluded":    {[]*armcompute.TargetRegion{{ExcludeFromLatest: to.Ptr(false)}}, []string{"East US"}, "eastus "},
		"both":            {regions("", ""), []string{"East US", "West US 2"}, "eastus westus2 "},
		"none is left":    {regions("West US 2", ""), []string{"West US 2"}, "westus2  "},
		"nothing is said": {regions(""), nil, " "},
	} {
		t.Run(name, func(t *testing.T) {
			v := version("Succeeded", armcompute.GalleryImageVersionPublishingProfile{TargetRegions: tt.targets})
			v.Properties.ReplicationStatus = &armcompute.ReplicationStatus{}
			for _, region := range tt.status {
				v.Properties.ReplicationStatus.Summary = append(v.Properties.ReplicationStatus.Summary, &armcompute.RegionalReplicationStatus{Region: &region})
			}
			got := ""
			for _, image := range asked(t, Definition{}, v, Options{}) {
				got += image.Region
				if image.ExcludedFromLatest {
					got += "!"
				}
				got += " "
			}
			if got != tt.want {
				t.Errorf("%q instead of %q", got, tt.want)
			}
		})
	}
}
