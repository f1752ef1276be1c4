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

// The bound is told only where it left out a version that could have been picked.
func TestReplicationBoundIsNotReached(t *testing.T) {
	e := replicating([2]armcompute.ReplicationState{"Completed", "Completed"}, [2]armcompute.ReplicationState{"Unknown", "Unknown"})
	for i, v := range e.Galleries[0].Definitions[0].Versions {
		v.Tags["kubernetes_version"] = to.Ptr(fmt.Sprintf("v1.%d.0", 29+i))
	}
	w := start(t, fakeazure.Options{Estate: e}, nil)
	r := w.host.Discover(t.Context(), []source.Request{{
		Source: "azure", Plugin: w.plugin(), BaseDir: "/", Hints: source.Hints{KubernetesVersions: []string{"~1.30"}},
		Config: config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"},
	}}, nil)[0]
	if r.Err != nil || len(r.Diagnostics) > 0 {
		t.Errorf("said %v\n%s", r.Err, said(r))
	}
}

// The requests for one definition are bounded; where no version that was asked for
// is ready, that is told.
func TestReplicationBound(t *testing.T) {
	states := make([][2]armcompute.ReplicationState, 40)
	for i := range states {
		states[i] = [2]armcompute.ReplicationState{armcompute.ReplicationStateCompleted, armcompute.ReplicationStateReplicating}
	}
	w := start(t, fakeazure.Options{Estate: replicating(states...)}, nil)
	r := w.good(t, config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"})
	if got := len(w.versionsRead()); got != 25 {
		t.Errorf("asked for %d versions", got)
	}
	wants(t, said(r), "warning: image definition gallery000/capi-ubuntu-2404-000: none of its 25 newest versions is ready in eastus")
	for _, i := range r.Images {
		if i.Region == "eastus" && i.Version == "0.3.14" && (i.State != image.StateUnset || i.StateReason != "its replication status was not asked for") {
			t.Errorf("%s is %s: %q", i.Version, i.State, i.StateReason)
		}
	}
}

// Each region is told once.
func TestReplicationBoundInRegions(t *testing.T) {
	w := start(t, fakeazure.Options{Estate: replicating(slices.Repeat([]states{{not, not}}, 27)...)}, nil)
	r := w.good(t, config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"})
	wants(t, said(r), "none of its 25 newest versions is ready in eastus, westus2 next: the state of older versions was not asked for: check the pick with `kubectl byoos verify`")
}

// A status that cannot be read is an error, and costs its own version: an older one that
// is ready is offered in its place.
func TestReplicationUnknown(t *testing.T) {
	for name, tt := range map[string]struct {
		fault string
		want  []string
	}{
		"the newest": {"/versions/0.3.2", []string{"0.3.0 ?", "0.3.1 available", "0.3.2 ? withheld"}},
		"all":        {"/versions/0.3.", []string{"0.3.0 ?", "0.3.1 ?", "0.3.2 ?"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, fakeazure.Options{
				Estate: fakeazure.Generate("S", "RG", 1, 1, 3),
				Faults: []fakeazure.Fault{{Match: tt.fault, Status: 400, Code: "BadRequest"}},
			}, nil)
			r := w.discover(t.Context(), config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"})
			if r.Err == nil {
				t.Error("no error")
			}
			wants(t, said(r), "the versions of image definition gallery000/capi-ubuntu-2404-000", "BadRequest")
			var got []string
			for _, line := range lines(r.Images) {
				version := line[strings.LastIndex(line, "/")+1:]
				if strings.Contains(version, " westus2 ") {
					got = append(got, strings.Replace(version, " westus2", "", 1))
				}
			}
			if diff := gocmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if asked := w.versionsRead(); len(asked) != 2 {
				t.Errorf("asked for %v", asked)
			}
		})
	}
}
