package palette_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

const wholeDraft = `--- /dev/null
+++ draft/rhel-prod/cni
@@ -0,0 +1 @@
+a: b
--- /dev/null
+++ draft/rhel-prod/cni (pack)
@@ -0,0 +1,4 @@
+layer: cni
+type: spectro
+tag: 3.0.0
+packUid: cni-1
--- published/rhel-prod/generic-byoi
+++ rendered/aws-east
@@ -1,6 +1,6 @@
 # the OS of production
 pack:
-  osImageOverride: "ami-0aaaaaaaaaaaaaaaa" # from the golden pipeline
+  osImageOverride: "ami-0bbbbbbbbbbbbbbbb" # from the golden pipeline
   osName: "rhel"
   osVersion: "8"
   custom: keep
--- published/rhel-prod/hello (pack)
+++ /dev/null
@@ -1,6 +0,0 @@
-layer: addon
-type: manifest
-tag: 1.0.0
-version: 1.0.0
-registryUid: reg-public
-packUid: spectro-manifest-pack
--- published/rhel-prod/hello/hello
+++ /dev/null
@@ -1 +0,0 @@
-kind: Namespace
--- published/rhel-prod/kubernetes
+++ draft/rhel-prod/kubernetes
@@ -1,2 +1,2 @@
 pack:
-  k8sHardening: true
+  k8sHardening: false
--- published/rhel-prod/kubernetes (pack)
+++ draft/rhel-prod/kubernetes (pack)
@@ -1,6 +1,6 @@
 layer: k8s
 type: spectro
-tag: 1.30.4
+tag: 1.31.0
 version: 1.30.4
 registryUid: reg-public
-packUid: pack-k8s
+packUid: pack-k8s-31
`

// All that a publish changes is in the diff: values, layers that come and go, and packs.
func TestDiffOfAWholeDraft(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		p := ours(s)
		k8s := p.Published[1]
		k8s.Tag, k8s.PackUID, k8s.Values = "1.31.0", "pack-k8s-31", "pack:\n  k8sHardening: false\n"
		p.Draft = []fakepalette.Layer{p.Published[0], k8s, {Name: "cni", Layer: "cni", Type: "spectro", Tag: "3.0.0", PackUID: "cni-1", Values: "a: b\n"}}
	})
	d := w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true, IncludeDraft: true, Shows: true}).Difference(palette.SidePublished)
	if diff := cmp.Diff(wholeDraft, d.Diff); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A draft may have another kind of layer of the same pack.
func TestDiffOfAnotherKindOfLayer(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		ours(s).Draft = slices.Clone(ours(s).Published)
		ours(s).Draft[1].Layer = "cni"
	})
	d := w.plan(t, request(t, "rhel-prod", oldAMI), palette.Goal{Publish: true, IncludeDraft: true, Shows: true}).Difference(palette.SidePublished)
	want := "--- published/rhel-prod/kubernetes (pack)\n+++ draft/rhel-prod/kubernetes (pack)\n@@ -1,4 +1,4 @@\n-layer: k8s\n+layer: cni\n type: spectro\n tag: 1.30.4\n version: 1.30.4\n"
	if diff := cmp.Diff(want, d.Diff); diff != "" || !d.Different {
		t.Errorf("different %t (-want +got):\n%s", d.Different, diff)
	}
}

// What has no profile yet is shown as new.
func TestDiffOfANewProfile(t *testing.T) {
	w := newWorld(t)
	plan := w.plan(t, request(t, "fresh", newAMI, func(t *palette.Target) { t.Create, t.CloudType, t.Version = true, "aws", "2.0.0" }), palette.Goal{})
	want := "--- /dev/null\n+++ rendered/aws-east\n@@ -0,0 +1,5 @@\n+pack:\n+  # the image to start machines from\n+  osImageOverride: \"" + newAMI + "\"\n+  osName: \"rhel\"\n+  osVersion: \"8\"\n"
	for _, side := range []palette.Side{palette.SideDraft, palette.SidePublished} {
		d := plan.Difference(side)
		if diff := cmp.Diff(want, d.Diff); diff != "" || !d.Different || d.Side != side || d.ProfileVersion != "2.0.0" || d.ProfileUID != "" || d.LastModified != "" || d.Expect.ProfileUID != "" {
			t.Errorf("got %+v (-want +got):\n%s", d, diff)
		}
	}
	if got := w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{}).Difference(palette.SideDraft).LastModified; got != "2026-01-01T00:00:00Z" {
		t.Errorf("got last modified %s", got)
	}
}

// The body of a profile that is of the latest version has none.
func TestProfileJSONOfTheLatest(t *testing.T) {
	for version, want := range map[string]bool{"": false, palette.Latest: false, "1.2.0": true} {
		got, err := palette.ProfileJSON(palette.Target{Name: "a", Pack: "generic-byoi", Profile: "p", Version: version, Provider: "aws"}, "")
		if err != nil || strings.Contains(string(got), `"version"`) != want {
			t.Errorf("%q: got %s, %v", version, got, err)
		}
	}
	_, err := palette.ProfileJSON(palette.Target{Name: "a", Pack: "generic-byoi", Profile: "p", Provider: "aws", CloudType: "azure"}, "")
	if failure.Code(err) != failure.ExitUsage || !strings.HasPrefix(err.Error(), "pack a: the image is one of aws") {
		t.Errorf("got %v", err)
	}
}

// The cloud type that a target is for: its own word, that of its pack, or that of the
// image.
func TestCloudTypeOfATarget(t *testing.T) {
	for want, targets := range map[string][]palette.Target{
		"eks":         {{CloudType: " EKS ", Provider: "azure"}},
		"My-Cloud":    {{CloudType: "My-Cloud", Provider: "aws"}},
		"edge-native": {{Pack: "edge-native-byoi", Provider: "aws"}, {Pack: "edge-native-byoi", Type: "add-on"}},
		"all":         {{Pack: "generic-byoi", Type: "add-on", Provider: "aws"}},
		"aws":         {{Pack: "generic-byoi", Provider: " AWS"}},
		"azure":       {{Pack: "generic-byoi", Provider: "azure", Type: "cluster"}},
		"":            {{Pack: "generic-byoi", Provider: "nutanix"}, {Pack: "generic-byoi"}},
	} {
		for _, target := range targets {
			if got := palette.CloudType(target); got != want {
				t.Errorf("%+v: got %q, want %q", target, got, want)
			}
		}
	}
}

// An error that is nobody's of a kind is told as Palette's.
func TestErrorsOfAnyKind(t *testing.T) {
	w := newWorld(t)
	err := palette.Errors(w.client.PlanAll(t.Context(), []palette.Request{request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Scope = palette.Scope{} })}, palette.Goal{}, 1))
	if failure.Code(err) != failure.ExitPalette || err.Error() != "pack aws-east: the scope of a profile was not chosen" {
		t.Errorf("got %v", err)
	}
	stopped := errors.New("stopped")
	for _, o := range w.client.ApplyAll(t.Context(), w.client.PlanAll(t.Context(), []palette.Request{request(t, "rhel-prod", newAMI)}, palette.Goal{}, 0), 0, func(palette.Target) (palette.Options, error) { return palette.Options{}, stopped }) {
		if !errors.Is(o.Err, stopped) || o.Report.State != palette.StateFailed || o.Report.Error != "stopped" || o.Report.Steps == nil || o.Report.Clusters == nil || o.Report.ProfileVersion != "" {
			t.Errorf("got %+v, %v", o.Report, o.Err)
		}
	}
	sameList(t, "writes", w.writes(), nil)
}

// What cannot be read of an answer is told, without what was sent.
func TestAnswersThatCannotBeRead(t *testing.T) {
	const start = `{"metadata": {"uid": "profile-rhel", "name": "rhel-prod"`
	for body, want := range map[string]string{
		start + `, "lastModifiedTimestamp": "soon ` + canary + `"}}`:                  "it cannot be read: parsing time",
		start + `, "labels": {"a": 1}}}`:                                              "metadata.labels is of another type",
		`{"metadata": `:                                                               "it is not valid JSON",
		`[` + start + `}}]`:                                                           "it is no JSON object",
		start + `}, "spec": {"published": {"packs": [{"layer": "os"}]}}}`:             "it has no spec.published.packs[0].name",
		start + `}, "spec": {"published": {"packs": [{"layer": "os", "name": ""}]}}}`: "it has no spec.published.packs[0].name",
		start + `}, "spec": {"draft": {"packs": [{"layer": "os", "name": "a"}, {"layer": "k8s", "name": null}]}}}`: "it has no spec.draft.packs[1].name",
	} {
		w := newWorld(t)
		_, err := answering(t, w, "/v1/clusterprofiles/profile-rhel", body).Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "is the host a Palette?") {
			t.Errorf("%s: got %v", body, err)
		}
		noCanary(t, wordsOf(t, err))
	}
}

// Fields in other letters are read as well, and looked through.
func TestFieldsInOtherLetters(t *testing.T) {
	for name, want := range map[string]string{"kubernetes": "has no generic-byoi layer", "k8s-" + canary: "the profile has the API key in spec.published.packs[0].name"} {
		body := `{"metadata": {"uid": "profile-rhel", "name": "rhel-prod", "annotations": {"scope": "project", "projectUid": "project-1"}}, "spec": {"published": {"Packs": [{"Layer": "k8s", "Name": "` + name + `"}]}}}`
		_, err := answering(t, newWorld(t), "/v1/clusterprofiles/profile-rhel", body).Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
		wantFailure(t, err, want)
		noCanary(t, wordsOf(t, err))
	}
}

// An interruption while a write is read back is one.
func TestInterruptionOfReadingBack(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var reads atomic.Int64
		var written atomic.Bool // two requests come at a time
		client := newClient(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			before := w.State()
			if r.Method == http.MethodPut {
				written.Store(true)
			}
			if written.Load() && w.Operation(r) == "v1ClusterProfilesGet" {
				// As it was before the write.
				reads.Add(1)
				w.Change(func(s *fakepalette.State) { ours(s).Draft = nil })
				defer w.Change(func(s *fakepalette.State) { ours(s).Draft = ours(&before).Draft })
			}
			w.ServeHTTP(rw, r)
		}), canary, func(c *palette.Config) { c.RetryWait = time.Minute })
		plan := planWith(t, client, request(t, "rhel-prod", newAMI), palette.Goal{})
		go func() {
			<-time.After(150 * time.Second)
			cancel()
		}()
		report, err := client.Apply(ctx, plan, palette.Options{})
		if failure.Code(err) != failure.ExitInterrupted || !strings.Contains(err.Error(), "palette took the request to change the OS layer of") || reads.Load() != 2 {
			t.Errorf("after %d readings: code %d, %v", reads.Load(), failure.Code(err), err)
		}
		sameList(t, "steps", progress(report), []string{"update-layer taken"})
	})
}

// Variables are by name, in whatever order Palette tells them.
func TestVariablesInAnotherOrder(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		ours(s).Variables = []fakepalette.Variable{{Name: "zone", DefaultValue: "a"}, {Name: "area", DefaultValue: "b"}, {Name: "host"}}
	})
	plan := w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
	var names []string
	for _, v := range plan.Profile().Variables {
		names = append(names, v.Name)
	}
	sameList(t, "variables", names, []string{"area", "host", "zone"})
	w.Change(func(s *fakepalette.State) { slices.Reverse(ours(s).Variables) })
	if report, err := w.client.Apply(t.Context(), plan, palette.Options{}); err != nil || report.State != palette.StatePublished {
		t.Errorf("got %+v, %v", report, err)
	}
}
