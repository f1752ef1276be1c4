package main_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

// ruled is a gallery whose versions a rule chooses from, and what is picked.
type ruled struct {
	stable  []armcompute.ReplicationState // of the versions that the rule lets through, oldest first, in eastus
	fault   fakeazure.Fault
	partial bool
	want    string // version and state
	asked   []string
	code    int
	said    string
}

// A version that a rule chooses, and not the order of versions, was not asked for when the
// gallery was read. It is asked for before it is the pick, and older ones until one is ready.
func TestPickOfARuleIsReplicated(t *testing.T) {
	many := slices.Repeat([]armcompute.ReplicationState{not}, 40)
	for name, tt := range map[string]ruled{
		"ready":         {stable: []armcompute.ReplicationState{yes, yes}, want: "0.3.1 available", asked: []string{"0.3.2", "0.3.1"}},
		"not there yet": {stable: []armcompute.ReplicationState{yes, yes, not}, want: "0.3.1 available", asked: []string{"0.3.3", "0.3.2", "0.3.1"}},
		"not known, and an older one is ready": {
			stable: []armcompute.ReplicationState{yes, unknown}, want: "0.3.0 available", asked: []string{"0.3.2", "0.3.1", "0.3.0"},
			said: "may come before the pick, and is left out: its replication to eastus is Unknown",
		},
		"known of none": {
			stable: []armcompute.ReplicationState{unknown, unknown}, want: "0.3.1 ", asked: []string{"0.3.2", "0.3.1", "0.3.0"},
			said: "whether the image is available is not known: its replication to eastus is Unknown",
		},
		"none is there": {
			stable: []armcompute.ReplicationState{not, not}, asked: []string{"0.3.2", "0.3.1", "0.3.0"}, code: 3,
			said: "replication to eastus is 40 % done",
		},
		"too many are not there": {stable: many, code: 3, said: "25 images that come first were asked for, and none is ready"},
		"not to be asked": {
			stable: []armcompute.ReplicationState{yes, yes}, fault: fakeazure.Fault{Match: "/versions/0.3.1", Status: 403, Code: "AuthorizationFailed"}, code: 4,
			said: "access denied",
		},
		"not to be asked, in part": {
			stable: []armcompute.ReplicationState{yes, yes}, fault: fakeazure.Fault{Match: "/versions/0.3.1", Status: 403, Code: "AuthorizationFailed"},
			partial: true, want: "0.3.1 ", code: 0, said: "whether the image is available is not known",
		},
		"deleted meanwhile": {
			stable: []armcompute.ReplicationState{yes, yes}, fault: fakeazure.Fault{Match: "/versions/0.3.1", Status: 404, Code: "ResourceNotFound"},
			want: "0.3.0 available", asked: []string{"0.3.2", "0.3.1", "0.3.0"},
		},
	} {
		for rule, sel := range map[string]string{"tags": "tags: {channel: stable}", "where": `where: 'image.tags["channel"] == "stable"'`} {
			t.Run(name+" by "+rule, func(t *testing.T) { tt.check(t, sel) })
		}
	}
}

func (tt ruled) check(t *testing.T, sel string) {
	t.Helper()
	var all []states
	for _, east := range append(slices.Clone(tt.stable), yes) {
		all = append(all, states{yes, east})
	}
	e := replicating(all...)
	versions := e.Galleries[0].Definitions[0].Versions
	for i, v := range versions {
		v.Tags["channel"] = to.Ptr("stable")
		if i == len(versions)-1 {
			v.Tags["channel"] = to.Ptr("edge")
		}
	}
	o := fakeazure.Options{Estate: e}
	if tt.fault.Match != "" {
		o.Faults = []fakeazure.Fault{tt.fault}
	}
	w := start(t, o, nil)
	got := w.explain(t, fmt.Appendf(nil, `
apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources:
  - {name: gallery, type: azure, config: {gallery: gallery000, resourceGroup: RG, subscription: S}}
packs:
  - {name: p, pack: generic-byoi, select: {provider: azure, region: East US, %s}}
`, sel), tt.partial)
	if got.code != tt.code {
		t.Errorf("exit %d, want %d: %s", got.code, tt.code, got.said)
	}
	if picked := pickedOf(got.packs); picked != tt.want {
		t.Errorf("picked %q, want %q: %s", picked, tt.want, got.said)
	}
	if asked := w.versionsRead(); tt.asked != nil && !slices.Equal(asked, tt.asked) || len(asked) > 26 {
		t.Errorf("asked for %v, want %v", asked, tt.asked)
	}
	wants(t, got.said+fmt.Sprint(got.packs), tt.said)
}

// One version that several packs choose is asked for once, in one request for all regions.
func TestPicksOfRulesShareRequests(t *testing.T) {
	w := start(t, fakeazure.Options{Estate: fakeazure.Generate("S", "RG", 1, 1, 9)}, nil)
	got := w.explain(t, []byte(`
apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources:
  - {name: gallery, type: azure, config: {gallery: gallery000, resourceGroup: RG, subscription: S}}
packs:
  - {name: a, pack: generic-byoi, select: {where: 'image.version == "0.3.4"'}, matrix: {region: [westus2, eastus]}}
  - {name: b, pack: generic-byoi, select: {region: eastus, where: 'image.version in ["0.3.4", "0.3.3"]'}}
  - {name: c, pack: generic-byoi, select: {where: 'image.version == "0.3.4"'}}
`), false)
	if got.code != 0 {
		t.Fatal(got.said)
	}
	for _, p := range got.packs {
		if p.Picked == nil || p.Picked.Version != "0.3.4" || p.Picked.State != "available" {
			t.Errorf("%s: picked %+v", p.Name, p.Picked)
		}
	}
	if diff := gocmp.Diff([]string{"0.3.8", "0.3.4"}, w.versionsRead()); diff != "" {
		t.Errorf("asked -want +got:\n%s", diff)
	}
}

// pickedOf returns the version and state that the only pack gets.
func pickedOf(packs []legalPick) string {
	if len(packs) == 0 || packs[0].Picked == nil {
		return ""
	}
	return packs[0].Picked.Version + " " + string(packs[0].Picked.State)
}
