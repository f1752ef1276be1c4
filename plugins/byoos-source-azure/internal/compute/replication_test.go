package compute

import (
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	"github.com/google/go-cmp/cmp"

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
