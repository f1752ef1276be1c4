package palette_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
	"github.com/kubectl-byoos/kubectl-byoos/test/legal"
)

// editManifest gives the profile a draft that is what is published, but for the
// content of its manifests.
func editManifest(s *fakepalette.State) {
	editManifestOf(ours(s))
}

func editManifestOf(p *fakepalette.Profile) {
	p.LastModified = p.LastModified.Add(time.Hour)
	if p.Draft == nil {
		p.Draft = slices.Clone(p.Published)
	}
	for i := range p.Draft {
		p.Draft[i].Manifests = slices.Clone(p.Draft[i].Manifests)
		for j := range p.Draft[i].Manifests {
			p.Draft[i].Manifests[j].Content += "# edited by somebody else\n"
		}
	}
}

// An edit of a manifest is in its content: the uid stays.
func TestManifestEditsStopPublishing(t *testing.T) {
	for name, goal := range map[string]palette.Goal{"publish": {Publish: true}, "new version": {NewVersion: "1.3.0"}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, editManifest)
			_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI), goal)
			wantFailure(t, err, "has unpublished edits of somebody else in hello")
			sameList(t, "writes", w.writes(), nil)
			goal.IncludeDraft = true
			w.apply(t, request(t, "rhel-prod", newAMI), goal)
		})
	}
}

// Before each request somebody edits a manifest of the version that is published; at a
// write alone it cannot be seen.
func TestManifestEditsBeforeEachRequest(t *testing.T) {
	for version, goal := range map[string]palette.Goal{"1.2.0": {Publish: true}, "1.3.0": {NewVersion: "1.3.0"}} {
		w := newWorld(t)
		edits := 0
		for n, done := 1, false; !done; n++ {
			w.Reset(baseState(t))
			edited := false
			w.Before(func(i int, call fakepalette.Call, s *fakepalette.State) {
				done = i < n
				if p := s.Profile("rhel-prod", version); i == n && !call.Writes() && p != nil {
					edited = true
					editManifestOf(p)
				}
			})
			plan, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI, atVersion("1.2.0")), goal)
			if err == nil {
				_, err = w.client.Apply(t.Context(), plan, palette.Options{})
			}
			state := w.State()
			if !edited {
				continue
			}
			edits++
			if l := state.Profile("rhel-prod", version).Layer("hello", false); l != nil && strings.Contains(l.Manifests[0].Content, "somebody") {
				t.Errorf("%s: an edit before request %d was published; %v", version, n, err)
			}
		}
		if edits == 0 {
			t.Errorf("%s: nothing was edited", version)
		}
	}
}

// PUT of a profile puts its type and version into the draft beside the layers.
func TestPendingTypeAndVersionStopPublishing(t *testing.T) {
	for field, want := range map[string]string{"type": "the type of the profile", "profileVersion": "the version of the profile", "cloudType": "the cloud type of the profile"} {
		t.Run(field, func(t *testing.T) {
			w := newWorld(t, func(s *fakepalette.State) { ours(s).Draft = slices.Clone(ours(s).Published) })
			change := legal.Variation{Name: field, Apply: func(answer []byte) ([]byte, error) {
				var body map[string]any
				if err := json.Unmarshal(answer, &body); err != nil {
					return nil, err
				}
				if draft, ok := body["spec"].(map[string]any)["draft"].(map[string]any); ok {
					draft[field] = map[string]string{"type": "infra", "profileVersion": "1.3.0", "cloudType": "eks"}[field]
				}
				return json.Marshal(body)
			}}
			var pending atomic.Bool
			client := newClient(t, &legal.Varied{Next: w.Server, Variation: change, Match: func(r *http.Request) bool {
				return pending.Load() && w.Operation(r) == "v1ClusterProfilesGet"
			}}, canary)
			plan, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
			if err != nil {
				t.Fatal(err)
			}
			pending.Store(true)
			_, err = client.Apply(t.Context(), plan, palette.Options{})
			wantFailure(t, err, "changed by somebody else")
			sameList(t, "writes", w.writes(), nil)
			_, err = client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
			wantFailure(t, err, "unpublished edits of somebody else in "+want)
			_, err = client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{Publish: true, IncludeDraft: true})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// A clone may tell the version of what it was cloned from as published: that its draft
// has the version that was asked for is nobody else's edit.
func TestCloneWithTheOldVersionPublished(t *testing.T) {
	w := newWorld(t)
	w.ClonesPublished = true
	old := legal.Variation{Name: "profileVersion", Apply: func(answer []byte) ([]byte, error) {
		var body map[string]any
		if err := json.Unmarshal(answer, &body); err != nil {
			return nil, err
		}
		spec := body["spec"].(map[string]any)
		if published, ok := spec["published"].(map[string]any); ok && spec["version"] == "1.3.0" && spec["draft"] != nil {
			published["profileVersion"] = "1.2.0"
		}
		return json.Marshal(body)
	}}
	client := newClient(t, &legal.Varied{Next: w.Server, Variation: old, Match: func(r *http.Request) bool {
		return w.Operation(r) == "v1ClusterProfilesGet"
	}}, canary)
	plan, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{NewVersion: "1.3.0"})
	if err != nil {
		t.Fatal(err)
	}
	report, err := client.Apply(t.Context(), plan, palette.Options{})
	if err != nil || report.State != palette.StatePublished {
		t.Errorf("got %+v, %v", report, err)
	}
}

func TestVariablesAreCompared(t *testing.T) {
	change := func(s *fakepalette.State) { ours(s).Variables[0].DefaultValue = "other" }
	with := func(s *fakepalette.State) {
		ours(s).Variables = []fakepalette.Variable{{Name: "zone", DefaultValue: "a"}}
	}

	w := newWorld(t, with)
	plan := w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
	w.Change(change)
	_, err := w.client.Apply(t.Context(), plan, palette.Options{})
	e := wantFailure(t, err, "was changed by somebody else")
	sameList(t, "details", e.Details, []string{"the profile's variables are others than were read"})

	w = newWorld(t, with)
	w.Before(func(_ int, call fakepalette.Call, s *fakepalette.State) {
		if call.Method == http.MethodPut {
			change(s)
		}
	})
	_, err = w.client.Apply(t.Context(), w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true}), palette.Options{})
	wantFailure(t, err, "was changed by somebody else")

	w = newWorld(t, with)
	diff := w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{}).Difference(palette.SideDraft)
	w.Change(func(s *fakepalette.State) { ours(s).Variables[0].DefaultValue = "third" })
	_, err = w.client.Apply(t.Context(), w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{}), palette.Options{Expect: &diff.Expect})
	wantFailure(t, err, "changed since the diff")
	sameList(t, "writes", w.writes(), nil)
}

// A server that drops newlines at the end changed nothing.
func TestTrimmedValuesAreNoEdit(t *testing.T) {
	for name, goal := range goals() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Trims = true
			r := request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Version = "1.2.0" })
			w.apply(t, r, goal)
			if report := w.apply(t, r, goal); report.State != palette.StateUnchanged {
				t.Errorf("the second apply: %+v", report)
			}
		})
	}
	w := newWorld(t, func(s *fakepalette.State) {
		ours(s).Draft = slices.Clone(ours(s).Published)
		ours(s).Draft[1].Values = strings.TrimRight(ours(s).Draft[1].Values, "\n")
	})
	w.Trims = true
	w.apply(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
	create := request(t, "fresh", newAMI, func(t *palette.Target) { t.Create, t.CloudType = true, "aws" })
	w.apply(t, create, palette.Goal{})
	if report := w.apply(t, create, palette.Goal{}); report.State != palette.StateUnchanged {
		t.Errorf("the second apply of a created profile: %+v", report)
	}
}

// A draft whose manifests have uids of their own is the one that was made here.
func TestManifestsOfADraftMayHaveNewUIDs(t *testing.T) {
	w := newWorld(t)
	w.FreshManifests = true
	w.apply(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
	w.apply(t, request(t, "rhel-prod", "ami-0cccccccccccccccc"), palette.Goal{})
	w.apply(t, request(t, "rhel-prod", "ami-0cccccccccccccccc"), palette.Goal{Publish: true})
}

const macroValues = `pack:
  osImageOverride: "{{.spectro.var.ami}}"
  osName: "rhel"
  osVersion: "8"
`

func TestMacroIsNotReplacedSilently(t *testing.T) {
	with := func(s *fakepalette.State) { ours(s).Published[0].Values = macroValues }
	for name, goal := range goals() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, with)
			_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI), goal)
			e := wantFailure(t, err, "has {{.spectro.var.ami}} where the rendered value would go")
			if !strings.Contains(e.Next, "give the variable that value") || !strings.Contains(e.Next, "target.replace: true") {
				t.Errorf("the ways out: %s", e.Next)
			}
			sameList(t, "details", e.Details, []string{`-  osImageOverride: "{{.spectro.var.ami}}"`, `+  osImageOverride: "` + newAMI + `"`})
			w.apply(t, request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Replace = true }), goal)
		})
	}
	// Somebody's draft without the macro is not ours to publish.
	w := newWorld(t, with, func(s *fakepalette.State) {
		ours(s).Draft = slices.Clone(ours(s).Published)
		ours(s).Draft[0].Values = strings.Replace(macroValues, "{{.spectro.var.ami}}", newAMI, 1)
	})
	_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
	wantFailure(t, err, "unpublished edits of somebody else in generic-byoi")
	// A macro in what is not ours stays.
	w = newWorld(t, func(s *fakepalette.State) {
		ours(s).Published[0].Values = genericValues + "  more: '{{ .spectro.macro.x }}'\n"
	})
	w.apply(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
}

// A new version is not there yet: what stops it is in the one that it would be cloned
// from.
func TestNewVersionNamesTheVersionThatStopsIt(t *testing.T) {
	w := newWorld(t, editManifest)
	_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{NewVersion: "1.3.0"})
	wantFailure(t, err, `the draft of profile "rhel-prod" 1.2.0 of project "Default" has unpublished edits`)
	_, err = w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI, func(to *palette.Target) { to.CloudType = "eks" }), palette.Goal{NewVersion: "1.3.0"})
	wantFailure(t, err, `profile "rhel-prod" 1.2.0 of project "Default" is of cloud type aws`)
	w = newWorld(t, func(s *fakepalette.State) {
		ours(s).Published = slices.Clone(ours(s).Published)
		ours(s).Layer("generic-byoi", false).Values = "pack:\n  osImageOverride: \"{{.spectro.var.ami}}\"\n"
	})
	_, err = w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{NewVersion: "1.3.0"})
	wantFailure(t, err, `layer of profile "rhel-prod" 1.2.0 of project "Default" has {{.spectro.var.ami}}`)
}

// The highest version of all is no origin when it is the new one itself.
func TestNewVersionThatIsTheOnlyOne(t *testing.T) {
	w := newWorld(t)
	_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI, func(to *palette.Target) { to.Version = palette.Latest }), palette.Goal{NewVersion: "1.2.0"})
	wantFailure(t, err, `profile "rhel-prod" has no other version that 1.2.0 could be cloned from`)
}
