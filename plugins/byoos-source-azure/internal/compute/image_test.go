package compute

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"

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
		"tag":                   {map[string]*string{"build_timestamp": &built}, nil, day(3), sdk.Provenance{From: "tag", Key: "build_timestamp", Raw: built}},
		"a copy":                {map[string]*string{"build_timestamp": &built}, day(9), day(3), sdk.Provenance{From: "tag", Key: "build_timestamp", Raw: built}},
		"milliseconds":          {map[string]*string{"Build_Timestamp": to.Ptr(built + "000")}, day(9), day(3), sdk.Provenance{From: "tag", Key: "Build_Timestamp", Raw: built + "000"}},
		"a clock ahead":         {map[string]*string{"build_timestamp": &built}, day(1), day(1), sdk.Provenance{From: "api", Key: "systemData.createdAt"}},
		"resource alone":        {nil, day(9), day(9), sdk.Provenance{From: "api", Key: "systemData.createdAt"}},
		"nanoseconds":           {map[string]*string{"build_timestamp": to.Ptr(built + "000000000")}, nil, &time.Time{}, sdk.Provenance{}},
		"a date":                {map[string]*string{"build_timestamp": to.Ptr("20260103")}, day(9), day(9), sdk.Provenance{From: "api", Key: "systemData.createdAt"}},
		"date and time":         {map[string]*string{"build_timestamp": to.Ptr("20260103123000")}, nil, &time.Time{}, sdk.Provenance{}},
		"short year":            {map[string]*string{"build_timestamp": to.Ptr("202601031230")}, nil, &time.Time{}, sdk.Provenance{}},
		"shorter year":          {map[string]*string{"build_timestamp": to.Ptr("2601031230")}, nil, &time.Time{}, sdk.Provenance{}},
		"first of seconds":      {map[string]*string{"build_timestamp": to.Ptr("1265000000")}, nil, to.Ptr(time.Unix(1265000000, 0)), sdk.Provenance{From: "tag", Key: "build_timestamp", Raw: "1265000000"}},
		"before it":             {map[string]*string{"build_timestamp": to.Ptr("1264999999")}, nil, &time.Time{}, sdk.Provenance{}},
		"last of seconds":       {map[string]*string{"build_timestamp": to.Ptr("2147483647")}, nil, to.Ptr(time.Unix(2147483647, 0)), sdk.Provenance{From: "tag", Key: "build_timestamp", Raw: "2147483647"}},
		"after it":              {map[string]*string{"build_timestamp": to.Ptr("2147483648")}, nil, &time.Time{}, sdk.Provenance{}},
		"first of milliseconds": {map[string]*string{"build_timestamp": to.Ptr("1265000000000")}, nil, to.Ptr(time.Unix(1265000000, 0)), sdk.Provenance{From: "tag", Key: "build_timestamp", Raw: "1265000000000"}},
		"before them":           {map[string]*string{"build_timestamp": to.Ptr("1264999999999")}, nil, &time.Time{}, sdk.Provenance{}},
		"last of milliseconds":  {map[string]*string{"build_timestamp": to.Ptr("2147483647999")}, nil, to.Ptr(time.UnixMilli(2147483647999)), sdk.Provenance{From: "tag", Key: "build_timestamp", Raw: "2147483647999"}},
		"after them":            {map[string]*string{"build_timestamp": to.Ptr("2147483648000")}, nil, &time.Time{}, sdk.Provenance{}},
		"counter":               {map[string]*string{"build_timestamp": to.Ptr("42")}, day(9), day(9), sdk.Provenance{From: "api", Key: "systemData.createdAt"}},
		"no number":             {map[string]*string{"build_timestamp": to.Ptr("yesterday")}, nil, &time.Time{}, sdk.Provenance{}},
		"nothing":               {nil, nil, &time.Time{}, sdk.Provenance{}},
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

// What keeps a managed image from being used is said.
func TestStateOfManagedImages(t *testing.T) {
	for name, tt := range map[string]struct {
		provisioning, osType, osState string
		want                          sdk.State
		reason                        string
	}{
		"succeeded":      {"succeeded", "Linux", "Generalized", sdk.Available, ""},
		"says no system": {"Succeeded", "", "", sdk.Available, ""},
		"updating":       {"Updating", "Linux", "", sdk.Pending, "its provisioning state is Updating"},
		"canceled":       {"Canceled", "Linux", "", sdk.Failed, "its provisioning state is Canceled"},
		"nothing":        {"", "Linux", "", sdk.StateUnknown, "Azure gives no provisioning state"},
		"new":            {"Newish", "Linux", "", sdk.StateUnknown, "its provisioning state is Newish, which is not known here"},
		"deleting":       {"Deleting", "Linux", "", sdk.Gone, "it is being deleted"},
		"Windows":        {"Succeeded", "windows", "", sdk.Unusable, "its operating system is Windows, not Linux"},
		"another system": {"Succeeded", "Plan9", "", sdk.StateUnknown, "its operating system is Plan9, which is not known here"},
		"and failed":     {"Failed", "Plan9", "", sdk.Unusable, "its operating system is Plan9, not Linux"},
		"specialized":    {"Succeeded", "Linux", "specialized", sdk.Unusable, "it is specialized, and a cluster node needs a generalized image"},
	} {
		t.Run(name, func(t *testing.T) {
			var m ManagedImage
			m.Properties.ProvisioningState = tt.provisioning
			m.Properties.StorageProfile.OSDisk.OSType, m.Properties.StorageProfile.OSDisk.OSState = tt.osType, tt.osState
			if got := m.Images(id(), Options{})[0]; got.State != tt.want || got.StateReason != tt.reason {
				t.Errorf("%v %q", got.State, got.StateReason)
			}
		})
	}
}

// Reported for a violation is what Azure says is, not what it says is not.
func TestReportedOnly(t *testing.T) {
	for reported, want := range map[bool]sdk.State{true: sdk.Disabled, false: sdk.Available} {
		v := version("Succeeded", armcompute.GalleryImageVersionPublishingProfile{})
		v.Properties.SafetyProfile = &armcompute.GalleryImageVersionSafetyProfile{ReportedForPolicyViolation: &reported}
		v.Properties.ReplicationStatus = &armcompute.ReplicationStatus{AggregatedState: to.Ptr(armcompute.AggregatedReplicationStateCompleted)}
		if got := asked(t, Definition{}, v, Options{})[0]; got.State != want {
			t.Errorf("%t: %v", reported, got.State)
		}
	}
}
