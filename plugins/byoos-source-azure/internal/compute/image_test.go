package compute

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

func id() resourceid.ID {
	return resourceid.ID{
		Kind: resourceid.GalleryVersion, Subscription: "S", ResourceGroup: "RG",
		Gallery: "G", Definition: "D", Version: "1.2.3",
	}
}

// answered returns what Azure writes for one of the SDK's models, as this package reads it.
func answered[T any](t *testing.T, model any) T {
	t.Helper()
	text, err := json.Marshal(model)
	if err != nil {
		t.Fatal(err)
	}
	var read T
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return read
}

// asked returns the images of a version of one's own gallery.
func asked(t *testing.T, d Definition, v *armcompute.GalleryImageVersion, o Options) []sdk.Image {
	t.Helper()
	return Gallery{Kind: resourceid.GalleryVersion}.Asked(id(), d, answered[Version](t, v), o)
}

func day(d int) *time.Time { return to.Ptr(time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC)) }

func regions(names ...string) []*armcompute.TargetRegion {
	var out []*armcompute.TargetRegion
	for _, n := range names {
		out = append(out, &armcompute.TargetRegion{Name: to.Ptr(n)})
	}
	return out
}

func version(state armcompute.GalleryProvisioningState, p armcompute.GalleryImageVersionPublishingProfile) *armcompute.GalleryImageVersion {
	return &armcompute.GalleryImageVersion{
		Location:   to.Ptr("westus2"),
		Properties: &armcompute.GalleryImageVersionProperties{ProvisioningState: to.Ptr(state), PublishingProfile: &p},
	}
}

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

// Fields of an answer are optional: none may be relied on.
func TestEmptyAnswers(t *testing.T) {
	for _, kind := range []resourceid.Kind{resourceid.GalleryVersion, resourceid.CommunityVersion, resourceid.SharedVersion} {
		g := Gallery{Kind: kind, Name: "G"}
		for _, images := range [][]sdk.Image{
			g.Listed(g.ID("", "D", "1.0.0"), Definition{}, Version{}, Options{}), g.Asked(g.ID("", "D", "1.0.0"), Definition{}, Version{}, Options{}),
		} {
			if len(images) != 1 || images[0].State == sdk.Available != g.Foreign() || images[0].ID == "" {
				t.Errorf("%+v: %+v", g, images)
			}
		}
	}
	if got := (ManagedImage{}).Images(id(), Options{}); len(got) != 1 || got[0].State != sdk.StateUnknown {
		t.Errorf("got %+v", got)
	}
	v := version("Succeeded", armcompute.GalleryImageVersionPublishingProfile{TargetRegions: []*armcompute.TargetRegion{nil, {}}})
	v.Properties.ReplicationStatus = &armcompute.ReplicationStatus{Summary: []*armcompute.RegionalReplicationStatus{nil, {}}}
	v.Tags = map[string]*string{"distribution": nil}
	if got := asked(t, Definition{}, v, Options{}); len(got) != 1 || got[0].Region != "" || got[0].OSName != "" {
		t.Errorf("got %+v", got)
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

func TestEndOfLifeIsTheEarlier(t *testing.T) {
	for name, tt := range map[string]struct {
		definition, version *time.Time
		want                *time.Time
		key                 string
	}{
		"version":    {day(9), day(5), day(5), "publishingProfile.endOfLifeDate"},
		"definition": {day(2), day(5), day(2), "definition.endOfLifeDate"},
		"one only":   {day(2), nil, day(2), "definition.endOfLifeDate"},
	} {
		t.Run(name, func(t *testing.T) {
			d := answered[Definition](t, &armcompute.GalleryImage{Properties: &armcompute.GalleryImageProperties{EndOfLifeDate: tt.definition}})
			got := asked(t, d, version("Succeeded", armcompute.GalleryImageVersionPublishingProfile{EndOfLifeDate: tt.version}), Options{})[0]
			if !got.EndOfLifeAt.Equal(*tt.want) || got.Provenance["endOfLifeAt"].Key != tt.key {
				t.Errorf("got %v from %+v", got.EndOfLifeAt, got.Provenance["endOfLifeAt"])
			}
		})
	}
}

func TestWithdrawn(t *testing.T) {
	reported := version("Succeeded", armcompute.GalleryImageVersionPublishingProfile{})
	reported.Properties.SafetyProfile = &armcompute.GalleryImageVersionSafetyProfile{ReportedForPolicyViolation: to.Ptr(true)}
	if got := asked(t, Definition{}, reported, Options{})[0]; got.State != sdk.Disabled {
		t.Errorf("reported: %v %q", got.State, got.StateReason)
	}
	creating := version("Creating", armcompute.GalleryImageVersionPublishingProfile{})
	var windows, specialized Definition
	windows.Properties.OSType = "Windows"
	specialized.Properties.OSType, specialized.Properties.OSState = "Linux", "Specialized"
	for _, d := range []Definition{windows, specialized} {
		if got := asked(t, d, creating, Options{})[0]; got.State != sdk.Unusable {
			t.Errorf("%+v: %v", d, got.State)
		}
	}
}

// A managed image is as old as its build: the resource of a copy is new.
func TestManagedTime(t *testing.T) {
	built := strconv.FormatInt(day(3).Unix(), 10)
	for name, tt := range map[string]struct {
		tags     map[string]*string
		resource *time.Time
		want     *time.Time
		from     sdk.Provenance
	}{
		"tag":            {map[string]*string{"build_timestamp": &built}, nil, day(3), sdk.Provenance{From: "tag", Key: "build_timestamp", Raw: built}},
		"a copy":         {map[string]*string{"build_timestamp": &built}, day(9), day(3), sdk.Provenance{From: "tag", Key: "build_timestamp", Raw: built}},
		"milliseconds":   {map[string]*string{"Build_Timestamp": to.Ptr(built + "000")}, day(9), day(3), sdk.Provenance{From: "tag", Key: "Build_Timestamp", Raw: built + "000"}},
		"a clock ahead":  {map[string]*string{"build_timestamp": &built}, day(1), day(1), sdk.Provenance{From: "api", Key: "systemData.createdAt"}},
		"resource alone": {nil, day(9), day(9), sdk.Provenance{From: "api", Key: "systemData.createdAt"}},
		"nanoseconds":    {map[string]*string{"build_timestamp": to.Ptr(built + "000000000")}, nil, &time.Time{}, sdk.Provenance{}},
		"a date":         {map[string]*string{"build_timestamp": to.Ptr("20260103")}, day(9), day(9), sdk.Provenance{From: "api", Key: "systemData.createdAt"}},
		"date and time":  {map[string]*string{"build_timestamp": to.Ptr("20260103123000")}, nil, &time.Time{}, sdk.Provenance{}},
		"short year":     {map[string]*string{"build_timestamp": to.Ptr("202601031230")}, nil, &time.Time{}, sdk.Provenance{}},
		"shorter year":   {map[string]*string{"build_timestamp": to.Ptr("2601031230")}, nil, &time.Time{}, sdk.Provenance{}},
		"counter":        {map[string]*string{"build_timestamp": to.Ptr("42")}, day(9), day(9), sdk.Provenance{From: "api", Key: "systemData.createdAt"}},
		"no number":      {map[string]*string{"build_timestamp": to.Ptr("yesterday")}, nil, &time.Time{}, sdk.Provenance{}},
		"nothing":        {nil, nil, &time.Time{}, sdk.Provenance{}},
	} {
		t.Run(name, func(t *testing.T) {
			m := &armcompute.Image{Tags: tt.tags, SystemData: &armcompute.SystemData{CreatedAt: tt.resource}}
			got := answered[ManagedImage](t, m).Images(id(), Options{})[0]
			if !got.CreatedAt.Equal(*tt.want) || got.Provenance["createdAt"] != tt.from {
				t.Errorf("got %v from %+v", got.CreatedAt, got.Provenance["createdAt"])
			}
		})
	}
}

// What kind of machine a version boots on is told of each; a feature may begin with a
// later version.
func TestKindOfMachine(t *testing.T) {
	feature := func(name, value, from string) *armcompute.GalleryImageFeature {
		f := &armcompute.GalleryImageFeature{Name: &name, Value: &value}
		if from != "" {
			f.StartsAtVersion = &from
		}
		return f
	}
	g := &armcompute.GalleryImage{Properties: &armcompute.GalleryImageProperties{
		HyperVGeneration: to.Ptr(armcompute.HyperVGenerationV2), Architecture: to.Ptr(armcompute.ArchitectureArm64),
		PurchasePlan: &armcompute.ImagePurchasePlan{Publisher: to.Ptr("acme"), Product: to.Ptr("linux"), Name: to.Ptr("hardened")},
		Features: []*armcompute.GalleryImageFeature{
			nil, feature("securitytype", "trustedlaunch", "1.10.0"), feature("DiskControllerTypes", "SCSI, NVME", ""), feature("IsHibernateSupported", "true", ""),
		},
	}}
	for version, security := range map[string]string{"1.9.0": "", "1.10.0": "TrustedLaunch", "2.0.0": "TrustedLaunch"} {
		of := id()
		of.Version = version
		got := Gallery{Kind: of.Kind}.Asked(of, answered[Definition](t, g), Version{}, Options{})[0]
		want := map[string]string{
			"hyperVGeneration": "V2", "purchasePlan": "acme/linux/hardened", "securityType": security, "diskControllerTypes": "NVMe,SCSI",
		}
		for name, value := range want {
			if got.Attributes[name] != value || (value != "") != (got.Provenance["attributes."+name].From == "api") {
				t.Errorf("%s: %s is %q from %+v", version, name, got.Attributes[name], got.Provenance["attributes."+name])
			}
		}
		if got.Architecture != "arm64" {
			t.Errorf("%s: for %s", version, got.Architecture)
		}
	}
}

func TestFacts(t *testing.T) {
	own := TagNames{OSName: "osname", OSVersion: "osversion", KubernetesVersion: "k8s"}
	for name, tt := range map[string]struct {
		version, definition map[string]string
		names               TagNames
		want                [3]string
		keys                [3]string
	}{
		"version's": {
			map[string]string{"distribution": "Ubuntu", "distribution_version": "2404", "kubernetes_version": "v1.31.4"}, nil, TagNames{},
			[3]string{"ubuntu", "24.04", "1.31.4"}, [3]string{"distribution", "distribution_version", "kubernetes_version"},
		},
		"definition's": {
			map[string]string{"kubernetes_version": "v1.31.4"}, map[string]string{"distribution": "rhel", "distribution_version": "8"}, TagNames{},
			[3]string{"rhel", "8", "1.31.4"}, [3]string{"definition:distribution", "definition:distribution_version", "kubernetes_version"},
		},
		"version of the same system": {
			map[string]string{"distribution": "rhel"}, map[string]string{"distribution": "rhel", "distribution_version": "8"}, TagNames{},
			[3]string{"rhel", "8", ""}, [3]string{"distribution", "definition:distribution_version", ""},
		},
		"never two systems": {
			map[string]string{"distribution": "flatcar"}, map[string]string{"distribution": "ubuntu", "distribution_version": "2404"}, TagNames{},
			[3]string{"flatcar", "", ""}, [3]string{"distribution", "", ""},
		},
		"own tags": {
			map[string]string{"osname": "Ubuntu", "osversion": "2404", "k8s": "v1.30.1", "distribution": "rhel"}, nil, own,
			[3]string{"ubuntu", "24.04", "1.30.1"}, [3]string{"osname", "osversion", "k8s"},
		},
		"name of the definition, version of the version": {
			map[string]string{"distribution_version": "2404"}, map[string]string{"distribution": "ubuntu"}, TagNames{},
			[3]string{"ubuntu", "", ""}, [3]string{"definition:distribution", "", ""},
		},
		"and its own version": {
			map[string]string{"distribution_version": "2404"}, map[string]string{"distribution": "ubuntu", "distribution_version": "2204"}, TagNames{},
			[3]string{"ubuntu", "", ""}, [3]string{"definition:distribution", "", ""},
		},
		"name of the version, version of the definition": {
			map[string]string{"distribution": "Ubuntu"}, map[string]string{"distribution_version": "2404"}, TagNames{},
			[3]string{"ubuntu", "", ""}, [3]string{"distribution", "", ""},
		},
		"own name, and the version of another system": {
			map[string]string{"osname": "Ubuntu", "distribution": "rhel", "distribution_version": "8"}, nil, own,
			[3]string{"ubuntu", "", ""}, [3]string{"osname", "", ""},
		},
		"own name beside the same system": {
			map[string]string{"osname": "Ubuntu", "distribution": "ubuntu", "distribution_version": "2404"}, nil, own,
			[3]string{"ubuntu", "24.04", ""}, [3]string{"osname", "distribution_version", ""},
		},
		"own version": {
			map[string]string{"osversion": "2404"}, map[string]string{"distribution": "ubuntu", "distribution_version": "2204"}, own,
			[3]string{"ubuntu", "", ""}, [3]string{"definition:distribution", "", ""},
		},
		"in another letter case": {
			map[string]string{"Distribution": "Ubuntu", "OSVersion": "2404", "Kubernetes_Version": "v1.31.4"}, nil, own,
			[3]string{"ubuntu", "24.04", "1.31.4"}, [3]string{"Distribution", "OSVersion", "Kubernetes_Version"},
		},
		"nothing": {map[string]string{"distribution": ""}, nil, own, [3]string{}, [3]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			image := sdk.Image{Provenance: map[string]sdk.Provenance{}}
			describe(&image, tt.version, tt.definition, tt.names)
			got := [3]string{image.OSName, image.OSVersion, image.KubernetesVersion}
			keys := [3]string{
				image.Provenance["os.name"].Key, image.Provenance["os.version"].Key, image.Provenance["kubernetesVersion"].Key,
			}
			if got != tt.want || keys != tt.keys {
				t.Errorf("got %q from %q", got, keys)
			}
			for field, p := range image.Provenance {
				if from := p.Key; p.Raw == "" && field == "os.version" && tt.version[from] == "2404" {
					t.Errorf("%s: nothing tells that %s was another spelling", field, from)
				}
			}
		})
	}
}

// TestContradictions: what two places say of one system is told when it does not agree.
func TestContradictions(t *testing.T) {
	for name, tt := range map[string]struct {
		version, definition map[string]string
		want                string
		told                bool
	}{
		"agree":            {map[string]string{"distribution": "ubuntu", "distribution_version": "2404"}, map[string]string{"distribution": "Ubuntu"}, "ubuntu 24.04", false},
		"another version":  {map[string]string{"distribution_version": "2404"}, map[string]string{"distribution": "ubuntu", "distribution_version": "2204"}, "ubuntu ", true},
		"another system":   {map[string]string{"distribution_version": "22.04"}, map[string]string{"distribution": "rhel", "distribution_version": "9"}, "rhel ", true},
		"no version there": {map[string]string{"distribution_version": "22.04"}, map[string]string{"distribution": "rhel"}, "rhel ", true},
		"two versions":     {map[string]string{"distribution_version": "22.04", "distro_version": "24.04"}, map[string]string{"distribution": "ubuntu"}, "ubuntu ", true},
		"the same version": {map[string]string{"distribution_version": "22.04"}, map[string]string{"distribution": "ubuntu", "distribution_version": "2204"}, "ubuntu 22.04", false},
		"another name":     {map[string]string{"distribution": "flatcar"}, map[string]string{"distribution": "ubuntu", "distribution_version": "2404"}, "flatcar ", true},
		"text of two keys": {map[string]string{"os_name": "Ubuntu 22.04", "distribution": "rhel"}, nil, "rhel ", true},
	} {
		image := sdk.Image{}
		describe(&image, tt.version, tt.definition, TagNames{})
		if got := image.OSName + " " + image.OSVersion; got != tt.want || (image.Contradictions != nil) != tt.told {
			t.Errorf("%s: %q, told %q", name, got, image.Contradictions)
		}
	}
}

// What the list said of a version stands where the answer for it says nothing, and
// nowhere else.
func TestComplete(t *testing.T) {
	region := func(name string, excluded *bool) *armcompute.TargetRegion {
		return &armcompute.TargetRegion{Name: to.Ptr(name), ExcludeFromLatest: excluded}
	}
	version := func(d int, location, tag, mode string, regions ...*armcompute.TargetRegion) *armcompute.GalleryImageVersion {
		return &armcompute.GalleryImageVersion{
			Location: to.Ptr(location), Tags: map[string]*string{"kubernetes_version": to.Ptr(tag)},
			Properties: &armcompute.GalleryImageVersionProperties{PublishingProfile: &armcompute.GalleryImageVersionPublishingProfile{
				PublishedDate: day(d), EndOfLifeDate: day(d + 10), ReplicationMode: to.Ptr(armcompute.ReplicationMode(mode)), TargetRegions: regions,
			}},
		}
	}
	list := func() *armcompute.GalleryImageVersion {
		return version(1, "westus2", "1.30.0", "Full", nil, region("West US 2", to.Ptr(true)), region("East US", nil))
	}
	taken := func(back bool) *armcompute.GalleryImageVersion {
		return &armcompute.GalleryImageVersion{Properties: &armcompute.GalleryImageVersionProperties{
			PublishingProfile: &armcompute.GalleryImageVersionPublishingProfile{ExcludeFromLatest: &back},
			SafetyProfile:     &armcompute.GalleryImageVersionSafetyProfile{ReportedForPolicyViolation: &back},
		}}
	}
	withdrawn := func(d int) *armcompute.GalleryImageVersion {
		v := taken(true)
		v.Properties.PublishingProfile.PublishedDate = day(d)
		return v
	}
	for name, tt := range map[string]struct {
		one, list, want *armcompute.GalleryImageVersion
	}{
		"nothing":   {&armcompute.GalleryImageVersion{}, list(), list()},
		"no fields": {version(0, "", "", ""), list(), list()},
		"all": {
			version(2, "eastus", "1.31.0", "Shallow", region("eastus", nil)), list(),
			version(2, "eastus", "1.31.0", "Shallow", region("eastus", nil)),
		},
		"no flags": {
			version(2, "eastus", "1.31.0", "Shallow", region("eastus", to.Ptr(true)), nil, region("westus2", nil), region("northeurope", nil)), list(),
			version(2, "eastus", "1.31.0", "Shallow", region("eastus", to.Ptr(true)), nil, region("westus2", to.Ptr(true)), region("northeurope", nil)),
		},
		"another flag": {
			version(2, "eastus", "1.31.0", "Shallow", region("westus2", to.Ptr(false))), list(),
			version(2, "eastus", "1.31.0", "Shallow", region("westus2", to.Ptr(false))),
		},
		"withdrawn in the list": {&armcompute.GalleryImageVersion{Properties: &armcompute.GalleryImageVersionProperties{
			PublishingProfile: &armcompute.GalleryImageVersionPublishingProfile{PublishedDate: day(2)},
		}}, withdrawn(1), withdrawn(2)},
		"withdrawn no longer": {taken(false), taken(true), taken(false)},
		"nothing in the list": {version(2, "eastus", "1.31.0", "Shallow"), &armcompute.GalleryImageVersion{}, version(2, "eastus", "1.31.0", "Shallow")},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "no fields" {
				*tt.one = armcompute.GalleryImageVersion{Properties: &armcompute.GalleryImageVersionProperties{
					PublishingProfile: &armcompute.GalleryImageVersionPublishingProfile{},
				}}
			}
			one, list := answered[Version](t, tt.one), answered[Version](t, tt.list)
			if diff := cmp.Diff(answered[Version](t, tt.want), one.CompletedBy(list), cmp.Comparer(func(a, b arm.Date) bool { return a == b }), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(answered[Version](t, tt.one), one, cmp.Comparer(func(a, b arm.Date) bool { return a == b })); diff != "" {
				t.Errorf("it changed the answer, which others share: -want +got:\n%s", diff)
			}
		})
	}
}
