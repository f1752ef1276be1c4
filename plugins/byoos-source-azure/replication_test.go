package main_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

// replicating is an estate of one definition whose versions are, oldest first, as
// the states say: what is known of them in westus2 and in eastus.
func replicating(states ...[2]armcompute.ReplicationState) *fakeazure.Estate {
	e := fakeazure.Generate("S", "RG", 1, 1, len(states))
	for i, v := range e.Galleries[0].Definitions[0].Versions {
		status := &armcompute.ReplicationStatus{}
		for j, region := range []string{"West US 2", "East US"} {
			one := &armcompute.RegionalReplicationStatus{Region: to.Ptr(region), State: to.Ptr(states[i][j])}
			if states[i][j] == armcompute.ReplicationStateReplicating {
				one.Progress = to.Ptr[int32](40)
			}
			status.Summary = append(status.Summary, one)
		}
		v.Properties.ReplicationStatus = status
	}
	return e
}

const (
	yes = armcompute.ReplicationStateCompleted
	not = armcompute.ReplicationStateReplicating
	bad = armcompute.ReplicationStateFailed

	unknown = armcompute.ReplicationStateUnknown
)

type states = [2]armcompute.ReplicationState

// replication is a gallery, and what is picked from it in two regions.
type replication struct {
	versions []states
	change   func([]*armcompute.GalleryImageVersion)
	hints    []string
	fault    fakeazure.Fault
	west     string // version picked there
	east     string
	asked    []string
	reason   string // of the state of the newest version in eastus
	withheld string // and why it is not offered
	said     string
}

func (tt replication) check(t *testing.T) {
	t.Helper()
	e := replicating(tt.versions...)
	if tt.change != nil {
		tt.change(e.Galleries[0].Definitions[0].Versions)
	}
	o := fakeazure.Options{Estate: e}
	if tt.fault.Match != "" {
		o.Faults = []fakeazure.Fault{tt.fault}
	}
	w := start(t, o, nil)
	r := w.host.Discover(t.Context(), []source.Request{{
		Source: "azure", Plugin: w.plugin(), BaseDir: "/", Hints: source.Hints{Regions: tt.hints},
		Config: config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"},
	}}, nil)[0]
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	if want := 2 * len(tt.versions); len(r.Images) != want {
		t.Errorf("%d images, want %d", len(r.Images), want)
	}
	for region, want := range map[string]string{"westus2": tt.west, "eastus": tt.east} {
		if got := picked(t, r.Images, region); got != want {
			t.Errorf("in %s %s is picked, want %s", region, got, want)
		}
	}
	if got := w.versionsRead(); !slices.Equal(got, tt.asked) {
		t.Errorf("asked for %v, want %v", got, tt.asked)
	}
	tt.checkStates(t, r.Images)
	wants(t, said(r), tt.said)
}

// checkStates holds states to what Azure said when it was asked.
func (tt replication) checkStates(t *testing.T, images []image.Image) {
	t.Helper()
	newest := fmt.Sprintf("0.3.%d", len(tt.versions)-1)
	for _, i := range images {
		if tt.reason != "" && i.Version == newest && i.Region == "eastus" && (i.StateReason != tt.reason || i.Withheld != tt.withheld) {
			t.Errorf("%s is %s: %q, withheld: %q", i.Version, i.State, i.StateReason, i.Withheld)
		}
		if i.Withheld != "" && i.State != image.StateUnset {
			t.Errorf("%s is %s, which Azure did not say", i.Version, i.State)
		}
		if i.State == image.Available && !slices.Contains(tt.asked, i.Version) {
			t.Errorf("%s is called available, and nobody asked", i.Version)
		}
	}
}

// The list of a gallery has no replication status, so it is asked for where the
// newest version is wanted.
func TestReplication(t *testing.T) {
	for name, tt := range map[string]replication{
		"everywhere": {versions: []states{{yes, yes}, {yes, yes}}, west: "0.3.1", east: "0.3.1", asked: []string{"0.3.1"}},
		"not yet in one region": {
			versions: []states{{yes, yes}, {yes, yes}, {yes, not}}, west: "0.3.2", east: "0.3.1",
			asked: []string{"0.3.2", "0.3.1"}, reason: "replication to eastus is 40 % done",
		},
		"failed in one region": {
			versions: []states{{yes, yes}, {yes, bad}}, west: "0.3.1", east: "0.3.0",
			asked: []string{"0.3.1", "0.3.0"}, reason: "replication to eastus failed",
		},
		"not yet where nobody looks": {
			versions: []states{{yes, yes}, {yes, not}}, hints: []string{"West US 2"}, west: "0.3.1", east: "0.3.0",
			asked: []string{"0.3.1"}, reason: "replication to eastus is 40 % done",
		},
		"until one is ready": {
			versions: []states{{yes, yes}, {yes, not}, {yes, not}, {yes, not}, {yes, not}}, west: "0.3.4", east: "0.3.0",
			asked: []string{"0.3.4", "0.3.3", "0.3.2", "0.3.1", "0.3.0"}, reason: "replication to eastus is 40 % done",
		},
		"one that ends later": {
			versions: []states{{yes, yes}, {yes, yes}},
			change: func(v []*armcompute.GalleryImageVersion) {
				v[1].Properties.PublishingProfile.EndOfLifeDate = to.Ptr(time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC))
			},
			west: "0.3.1", east: "0.3.1", asked: []string{"0.3.1"},
		},
		"in another letter case": {
			versions: []states{{"completed", "COMPLETED"}, {"completed", "replicating"}, {"completed", "FAILED"}}, west: "0.3.2", east: "0.3.0",
			asked: []string{"0.3.2", "0.3.1", "0.3.0"}, reason: "replication to eastus failed",
		},
		"published at the same time": {
			versions: slices.Repeat([]states{{yes, yes}}, 11),
			change: func(v []*armcompute.GalleryImageVersion) {
				for _, one := range v {
					one.Properties.PublishingProfile.PublishedDate = v[0].Properties.PublishingProfile.PublishedDate
				}
			},
			west: "0.3.10", east: "0.3.10", asked: []string{"0.3.10"},
		},
		"deleted meanwhile": {
			versions: []states{{yes, yes}, {yes, yes}}, fault: fakeazure.Fault{Match: "/versions/0.3.1", Status: 404, Code: "ResourceNotFound"},
			west: "0.3.0", east: "0.3.0", asked: []string{"0.3.1", "0.3.0"}, reason: "it was deleted while the gallery was read",
			said: "version 0.3.1 was deleted while the gallery was read",
		},
	} {
		t.Run(name, tt.check)
	}
}

// What Azure does not call ready is withheld where an older version is.
func TestReplicationNotKnown(t *testing.T) {
	for name, tt := range map[string]replication{
		"unknown in one region": {
			versions: []states{{yes, yes}, {yes, unknown}}, west: "0.3.1", east: "0.3.0", asked: []string{"0.3.1", "0.3.0"},
			reason: "its replication to eastus is Unknown", withheld: "its replication to eastus is Unknown, and version 0.3.0 is ready there",
			said: "warning: image definition gallery000/capi-ubuntu-2404-000: not offered, since Azure does not say that they are ready, and an older version is: 0.3.1 in eastus",
		},
		"unknown, and not yet in the other region": {
			versions: []states{{yes, yes}, {not, yes}, {not, unknown}}, west: "0.3.0", east: "0.3.1", asked: []string{"0.3.2", "0.3.1", "0.3.0"},
			reason: "its replication to eastus is Unknown", withheld: "its replication to eastus is Unknown, and version 0.3.1 is ready there",
		},
		"unknown where nobody looks": {
			versions: []states{{yes, yes}, {yes, unknown}}, hints: []string{"West US 2"}, west: "0.3.1", east: "0.3.1", asked: []string{"0.3.1"},
			reason: "its replication to eastus is Unknown",
		},
		"unknown below one that is excluded": {
			versions: []states{{yes, yes}, {yes, unknown}, {yes, yes}},
			change: func(v []*armcompute.GalleryImageVersion) {
				v[2].Properties.PublishingProfile.ExcludeFromLatest = to.Ptr(true)
			},
			west: "0.3.1", east: "0.3.0", asked: []string{"0.3.1", "0.3.0"}, said: "an older version is: 0.3.1 in eastus",
		},
		"a state that Azure adds": {
			versions: []states{{yes, yes}, {yes, "Verifying"}}, west: "0.3.1", east: "0.3.0", asked: []string{"0.3.1", "0.3.0"},
			reason: "its replication to eastus is Verifying", withheld: "its replication to eastus is Verifying, and version 0.3.0 is ready there",
		},
		"nothing better than unknown": {
			versions: []states{{yes, unknown}, {yes, unknown}}, west: "0.3.1", east: "0.3.1", asked: []string{"0.3.1", "0.3.0"},
			reason: "its replication to eastus is Unknown",
		},
		"updated, and nothing is said of a region": {
			versions: []states{{yes, yes}, {yes, ""}},
			change: func(v []*armcompute.GalleryImageVersion) {
				v[1].Properties.ProvisioningState = to.Ptr(armcompute.GalleryProvisioningStateUpdating)
			},
			west: "0.3.1", east: "0.3.0", asked: []string{"0.3.1", "0.3.0"},
			reason: "Azure does not say whether it is replicated to eastus", withheld: "Azure does not say whether it is replicated to eastus, and version 0.3.0 is ready there",
		},
	} {
		t.Run(name, tt.check)
	}
}

// The state of all regions together tells of no single one, but that it is complete.
func TestReplicationAsAWhole(t *testing.T) {
	for name, tt := range map[string]replication{
		"only as a whole": {
			versions: []states{{yes, yes}, {yes, yes}},
			change: func(v []*armcompute.GalleryImageVersion) {
				v[1].Properties.ReplicationStatus = &armcompute.ReplicationStatus{AggregatedState: to.Ptr(armcompute.AggregatedReplicationStateCompleted)}
			},
			west: "0.3.1", east: "0.3.1", asked: []string{"0.3.1"},
		},
		"not as a whole": {
			versions: []states{{yes, yes}, {yes, yes}},
			change: func(v []*armcompute.GalleryImageVersion) {
				v[1].Properties.ReplicationStatus = &armcompute.ReplicationStatus{AggregatedState: to.Ptr(armcompute.AggregatedReplicationStateInProgress)}
			},
			west: "0.3.0", east: "0.3.0", asked: []string{"0.3.1", "0.3.0"},
			reason: "its replication is InProgress, and Azure does not say in which regions", withheld: "its replication is InProgress, and Azure does not say in which regions, and version 0.3.0 is ready there",
			said: "not offered, since Azure does not say that they are ready, and an older version is: 0.3.1 in eastus, 0.3.1 in westus2",
		},
		"failed as a whole": {
			versions: []states{{yes, yes}, {yes, yes}},
			change: func(v []*armcompute.GalleryImageVersion) {
				v[1].Properties.ReplicationStatus = &armcompute.ReplicationStatus{AggregatedState: to.Ptr(armcompute.AggregatedReplicationState("failed"))}
			},
			west: "0.3.0", east: "0.3.0", asked: []string{"0.3.1", "0.3.0"},
			reason: "its replication is Failed, and Azure does not say in which regions", withheld: "its replication is Failed, and Azure does not say in which regions, and version 0.3.0 is ready there",
			said: "not offered, since Azure does not say that they are ready, and an older version is: 0.3.1 in eastus, 0.3.1 in westus2",
		},
	} {
		t.Run(name, tt.check)
	}
}

// The provisioning state counts beside the replication.
func TestReplicationOfProvisioningStates(t *testing.T) {
	for name, tt := range map[string]replication{
		"a provisioning state that Azure adds": {
			versions: []states{{yes, yes}, {yes, yes}},
			change: func(v []*armcompute.GalleryImageVersion) {
				v[1].Properties.ProvisioningState = to.Ptr(armcompute.GalleryProvisioningState("Quarantined"))
			},
			west: "0.3.0", east: "0.3.0", asked: []string{"0.3.1", "0.3.0"},
			reason:   "its provisioning state is Quarantined, which is not known here",
			withheld: "its provisioning state is Quarantined, which is not known here, and version 0.3.0 is ready there",
			said:     "not offered, since Azure does not say that they are ready, and an older version is: 0.3.1 in eastus, 0.3.1 in westus2",
		},
		"no provisioning state": {
			versions: []states{{yes, yes}, {yes, not}},
			change:   func(v []*armcompute.GalleryImageVersion) { v[1].Properties.ProvisioningState = nil },
			west:     "0.3.1", east: "0.3.0", asked: []string{"0.3.1", "0.3.0"}, reason: "replication to eastus is 40 % done",
		},
		"a region is added": {
			versions: []states{{yes, yes}, {yes, not}},
			change: func(v []*armcompute.GalleryImageVersion) {
				v[1].Properties.ProvisioningState = to.Ptr(armcompute.GalleryProvisioningStateUpdating)
			},
			west: "0.3.1", east: "0.3.0", asked: []string{"0.3.1", "0.3.0"}, reason: "replication to eastus is 40 % done",
		},
	} {
		t.Run(name, tt.check)
	}
}

// What is excluded, old or failed is not asked for.
func TestReplicationOfExcluded(t *testing.T) {
	for name, tt := range map[string]replication{
		"excluded and old ones are not asked for": {
			versions: []states{{yes, yes}, {yes, yes}, {not, not}, {not, not}, {not, not}},
			change: func(v []*armcompute.GalleryImageVersion) {
				v[4].Properties.PublishingProfile.ExcludeFromLatest = to.Ptr(true)
				v[3].Properties.PublishingProfile.EndOfLifeDate = to.Ptr(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
				v[2].Properties.ProvisioningState = to.Ptr(armcompute.GalleryProvisioningStateFailed)
			},
			west: "0.3.1", east: "0.3.1", asked: []string{"0.3.1"},
		},
		"excluded in one region": {
			versions: []states{{yes, yes}, {yes, not}, {yes, yes}},
			change: func(v []*armcompute.GalleryImageVersion) {
				v[2].Properties.PublishingProfile.TargetRegions[1].ExcludeFromLatest = to.Ptr(true)
			},
			west: "0.3.2", east: "0.3.0", asked: []string{"0.3.2", "0.3.1", "0.3.0"},
		},
	} {
		t.Run(name, tt.check)
	}
}

// What the list said of a version stays true when the answer with its status leaves
// it out: everything is optional there, too.
func TestReplicationAnswerSaysLess(t *testing.T) {
	for _, left := range []string{"properties.publishingProfile", "properties.publishingProfile.publishedDate", "properties.publishingProfile.targetRegions", "properties.provisioningState", "tags", "location"} {
		t.Run(left, func(t *testing.T) {
			e := fakeazure.Generate("S", "RG", 1, 1, 3)
			for _, v := range e.Galleries[0].Definitions[0].Versions {
				v.Location = to.Ptr("northeurope")
			}
			w := start(t, fakeazure.Options{Estate: e}, nil)
			w.Vary(map[string]*fakeazure.Varied{"s": {
				Call:  "GalleryImageVersionsClient.Get",
				Apply: func(body []byte) ([]byte, error) { return without(body, strings.Split(left, ".")) },
			}})
			r := w.good(t, config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"})
			if unused := w.Unused(); unused != nil {
				t.Fatal("nothing was left out")
			}
			if len(r.Images) != 6 {
				t.Errorf("%d images: %v", len(r.Images), lines(r.Images))
			}
			for _, region := range []string{"westus2", "eastus"} {
				if got := picked(t, r.Images, region); got != "0.3.2" {
					t.Errorf("in %s %s is picked", region, got)
				}
			}
			for _, i := range r.Images {
				if i.Version == "0.3.2" && (i.State != image.Available || i.CreatedAt == nil || i.KubernetesVersion != "1.31.2") {
					t.Errorf("got %+v", i)
				}
			}
		})
	}
}

// without leaves a field out of a JSON object.
func without(body []byte, path []string) ([]byte, error) {
	var object map[string]any
	if err := json.Unmarshal(body, &object); err != nil {
		return nil, err
	}
	in := object
	for _, name := range path[:len(path)-1] {
		in = in[name].(map[string]any)
	}
	delete(in, path[len(path)-1])
	return json.Marshal(object)
}

// picked returns the version that the host picks in region.
func picked(t *testing.T, images []image.Image, region string) string {
	t.Helper()
	rule, err := selection.Compile(spec.Select{Region: region})
	if err != nil {
		t.Fatal(err)
	}
	pick := rule.Decide(selection.Prepare(images), time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)).Pick
	if pick == nil {
		return "nothing"
	}
	return pick.Version
}

// versionsRead returns the versions that were asked for one by one, in order.
func (w *world) versionsRead() []string {
	var names []string
	for _, p := range w.Paths() {
		if _, name, found := strings.Cut(p, "/versions/"); found {
			names = append(names, name)
		}
	}
	return names
}
