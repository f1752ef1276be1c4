package palette_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
	"github.com/kubectl-byoos/kubectl-byoos/test/legal"
)

// object is one of an answer.
type object = map[string]any

// telling is a client of a Palette whose answers of an operation are changed.
func telling(t *testing.T, w *world, operation string, change func(object)) *palette.Client {
	t.Helper()
	return newClient(t, varied(w, operation, change), canary)
}

func varied(w *world, operation string, change func(object)) http.Handler {
	variation := legal.Variation{Name: operation, Apply: func(answer []byte) ([]byte, error) {
		var body object
		if err := json.Unmarshal(answer, &body); err != nil {
			return nil, err
		}
		change(body)
		return json.Marshal(body)
	}}
	return &legal.Varied{Next: w.Server, Variation: variation, Match: func(r *http.Request) bool { return w.Operation(r) == operation }}
}

// within is what stands at some fields of an answer, one in the other.
func within(body object, fields ...string) object {
	for _, field := range fields {
		body, _ = body[field].(object)
	}
	return body
}

func planWith(t *testing.T, client *palette.Client, r palette.Request, goal palette.Goal) *palette.Plan {
	t.Helper()
	plan, err := client.Plan(t.Context(), r, goal)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// Palette tells those that use a profile in three lists, of which two may name one
// cluster, and need not name all.
func TestUsersOfAProfile(t *testing.T) {
	w := newWorld(t)
	client := telling(t, w, "v1ClusterProfilesGet", func(body object) {
		status := within(body, "status")
		status["inUseClusters"] = []object{{"name": "web", "uid": "cluster-1", "projectUid": "project-2"}, {"uid": "cluster-4"}, {"name": "batch", "uid": "cluster-2"}, {"name": "batch", "uid": "cluster-0"}}
		status["inUseClusterUids"] = []string{"cluster-9", "cluster-1"}
		status["inUseClusterTemplates"] = []object{{"name": "green", "uid": "template-2"}, {"name": "blue", "uid": "template-1", "projectUid": "project-1"}}
	})
	want := palette.Users{
		Clusters: []palette.Cluster{
			{Name: "batch", UID: "cluster-0"}, {Name: "batch", UID: "cluster-2"}, {Name: "cluster-4", UID: "cluster-4"}, {Name: "cluster-9", UID: "cluster-9"},
			{Name: "web", UID: "cluster-1", ProjectUID: "project-2"},
		},
		Templates: []palette.Cluster{{Name: "blue", UID: "template-1", ProjectUID: "project-1"}, {Name: "green", UID: "template-2"}},
	}
	plan := planWith(t, client, request(t, "rhel-prod", newAMI), palette.Goal{})
	d := plan.Difference(palette.SideDraft)
	if diff := cmp.Diff(want, d.Users); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, want := d.UsedBy(), "used by batch, batch, cluster-4, cluster-9, web, cluster template blue, cluster template green"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	report, err := client.Apply(t.Context(), plan, palette.Options{})
	if diff := cmp.Diff(want, report.Users); err != nil || diff != "" {
		t.Errorf("the report: %v (-want +got):\n%s", err, diff)
	}
	nobody := newWorld(t, func(s *fakepalette.State) { ours(s).Clusters = nil })
	d = nobody.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{}).Difference(palette.SideDraft)
	if got, want := d.UsedBy(), "Palette names no cluster that uses it"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A version that a cluster template uses is somebody's, as one that a cluster uses.
func TestNewVersionThatATemplateUses(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		next := *ours(s)
		next.UID, next.Version, next.Clusters = "profile-next", "1.3.0", nil
		s.Profiles = append(s.Profiles, &next)
	})
	client := telling(t, w, "v1ClusterProfilesGet", func(body object) {
		if within(body, "metadata")["uid"] == "profile-next" {
			within(body, "status")["inUseClusterTemplates"] = []object{{"name": "blue", "uid": "template-1"}}
		}
	})
	r, goal := request(t, "rhel-prod", newAMI, atVersion("1.2.0")), palette.Goal{NewVersion: "1.3.0"}
	_, err := client.Plan(t.Context(), r, goal)
	wantFailure(t, err, "version 1.3.0 of profile \"rhel-prod\" is published already, with other values, and is used by cluster template blue")
	// As it was cloned, and used by nobody, it is gone on with.
	w.apply(t, r, goal)
}
