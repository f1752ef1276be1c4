package main_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

// Packs that name Kubernetes versions get one that is ready for each.
func TestReplicationOfKubernetesVersions(t *testing.T) {
	e := fakeazure.Generate("S", "RG", 1, 1, 6)
	for i, v := range e.Galleries[0].Definitions[0].Versions {
		v.Tags["kubernetes_version"] = to.Ptr(fmt.Sprintf("v1.%d.%d", 30+i%2, i)) // 1.30.0, 1.31.1, ... 1.31.5
		if i == 4 {
			v.Properties.ReplicationStatus = &armcompute.ReplicationStatus{AggregatedState: to.Ptr(armcompute.AggregatedReplicationStateInProgress)}
		}
	}
	w := start(t, fakeazure.Options{Estate: e}, nil)
	r := w.host.Discover(t.Context(), []source.Request{{
		Source: "azure", Plugin: w.plugin(), BaseDir: "/", Hints: source.Hints{KubernetesVersions: []string{"~1.30", "~1.31", ">=1.31"}},
		Config: config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"},
	}}, nil)[0]
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	if got := w.versionsRead(); !slices.Equal(got, []string{"0.3.5", "0.3.4", "0.3.2"}) {
		t.Errorf("asked for %v", got)
	}
	// Those of some packs are asked for also where others take any.
	w = start(t, fakeazure.Options{Estate: e}, nil)
	r = w.host.Discover(t.Context(), []source.Request{{
		Source: "azure", Plugin: w.plugin(), BaseDir: "/", KubernetesVersions: []string{"~1.30"},
		Config: config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"},
	}}, nil)[0]
	if got := w.versionsRead(); r.Err != nil || !slices.Equal(got, []string{"0.3.5", "0.3.4", "0.3.2"}) {
		t.Errorf("asked for %v, %v", got, r.Err)
	}
}

// So do packs beside one that takes any: the newest of each range is asked for, and one
// that is not there yet is not picked.
func TestReplicationOfSomeKubernetesVersions(t *testing.T) {
	e := fakeazure.Generate("S", "RG", 1, 1, 4)
	for i, v := range e.Galleries[0].Definitions[0].Versions {
		v.Tags["kubernetes_version"] = to.Ptr(fmt.Sprintf("v1.%d.%d", 30+i/3, i)) // 1.30.0, 1.30.1, 1.30.2, 1.31.3
		if i == 2 {
			v.Properties.ReplicationStatus = &armcompute.ReplicationStatus{AggregatedState: to.Ptr(armcompute.AggregatedReplicationStateInProgress), Summary: []*armcompute.RegionalReplicationStatus{
				{Region: to.Ptr("West US 2"), State: to.Ptr(armcompute.ReplicationStateReplicating)},
			}}
		}
	}
	w := start(t, fakeazure.Options{Estate: e}, nil)
	explained := w.explain(t, []byte(`
apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources:
  - {name: gallery, type: azure, config: {gallery: gallery000, resourceGroup: RG, subscription: S}}
packs:
  - {name: any, pack: generic-byoi, select: {provider: azure, region: westus2}}
  - {name: older, pack: generic-byoi, select: {provider: azure, region: westus2, kubernetesVersion: ~1.30}}
`), false)
	got := map[string]string{}
	for _, p := range explained.packs {
		got[p.Name] = p.Picked.Version + " " + string(p.Picked.State)
	}
	if diff := gocmp.Diff(map[string]string{"any": "0.3.3 available", "older": "0.3.1 available"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A version that is not known to be replicated is withheld where all that want it
// have an older one that is ready; where some have none, it stays offered.
func TestWithheldForEveryWish(t *testing.T) {
	for name, tt := range map[string]struct {
		ranges   []string
		withheld bool
	}{
		"the older one fits all":  {[]string{">=1.29", ">=1.28"}, true},
		"the older one fits some": {[]string{">=1.29", "~1.30"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := replicating([2]armcompute.ReplicationState{"Completed", "Completed"}, [2]armcompute.ReplicationState{"Unknown", "Unknown"})
			for i, v := range e.Galleries[0].Definitions[0].Versions {
				v.Tags["kubernetes_version"] = to.Ptr(fmt.Sprintf("v1.%d.0", 29+i))
			}
			w := start(t, fakeazure.Options{Estate: e}, nil)
			r := w.host.Discover(t.Context(), []source.Request{{
				Source: "azure", Plugin: w.plugin(), BaseDir: "/", Hints: source.Hints{KubernetesVersions: tt.ranges},
				Config: config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"},
			}}, nil)[0]
			for _, i := range r.Images {
				if i.Version == "0.3.1" && (i.State != image.StateUnset || (i.Withheld != "") != tt.withheld) {
					t.Errorf("%s in %s is %q: %s, withheld: %q", i.Version, i.Region, i.State, i.StateReason, i.Withheld)
				}
			}
		})
	}
}

// Only an older version takes the place of one that is not known: where a newer one is
// ready, packs that leave that out still see it.
func TestWithheldForAnOlderOneOnly(t *testing.T) {
	e := replicating(
		[2]armcompute.ReplicationState{"Completed", "Completed"}, [2]armcompute.ReplicationState{"Unknown", "Completed"},
		[2]armcompute.ReplicationState{"Completed", "Replicating"},
	)
	w := start(t, fakeazure.Options{Estate: e}, nil)
	r := w.good(t, config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"})
	if strings.Contains(strings.Join(lines(r.Images), "\n"), "withheld") || len(r.Diagnostics) > 0 {
		t.Errorf("got %v\n%s", lines(r.Images), said(r))
	}
	for i, v := range e.Galleries[0].Definitions[0].Versions {
		v.Tags["kubernetes_version"] = to.Ptr([]string{"v1.29.0", "v1.29.1", "v1.30.0"}[i])
	}
	w = start(t, fakeazure.Options{Estate: e}, nil)
	r = w.host.Discover(t.Context(), []source.Request{{
		Source: "azure", Plugin: w.plugin(), BaseDir: "/", Hints: source.Hints{Regions: []string{"westus2"}, KubernetesVersions: []string{">=1.29", "~1.29"}},
		Config: config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"},
	}}, nil)[0]
	if !slices.ContainsFunc(r.Images, func(i image.Image) bool { return i.Version == "0.3.1" && i.Withheld != "" }) {
		t.Errorf("an older one is ready for one range: %v", lines(r.Images))
	}
}
