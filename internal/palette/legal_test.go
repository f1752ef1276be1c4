package palette_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
	"github.com/kubectl-byoos/kubectl-byoos/test/legal"
)

// legalState has, beside what is wanted, profiles of other scopes, manifests, a
// variable, a draft of ours and registries of one name.
func legalState(t *testing.T) fakepalette.State {
	state := baseState(t)
	elsewhere("rhel-prod", "tenant", "system", "project-2")(&state)
	elsewhere("fresh", "tenant")(&state)
	rhel := ours(&state)
	rhel.Variables = []fakepalette.Variable{{Name: "zone", DefaultValue: "a"}}
	rhel.Draft = slices.Clone(rhel.Published)
	rhel.Draft[0].Values = strings.Replace(genericValues, oldAMI, "ami-0cccccccccccccccc", 1)
	state.Registries = append(state.Registries, fakepalette.Registry{UID: "reg-twin", Name: "Public Repo", Kind: "oci"})
	return state
}

// foreignElements stand beside the wanted ones in lists.
func foreignElements() map[string]map[string][]string {
	return map[string]map[string][]string{
		"v1ProjectsMetadata":        {"items": {`{"metadata": {"name": "Default-3", "uid": "project-3"}}`, `{}`}},
		"v1ClusterProfilesMetadata": {"items": {`{"metadata": {"name": "else", "uid": "gone"}, "spec": {"version": "1.2.0"}}`, `{}`}},
		"v1RegistriesMetadata":      {"items": {`{"uid": "reg-3", "name": "Else", "kind": "helm"}`, `{}`}},
		"v1PacksSummaryList":        {"items": {`{"metadata": {"uid": "other"}, "spec": {"name": "other", "version": "9.0.0", "registryUid": "reg-public"}}`, `{}`}},
		"v1ClusterProfilesGet": {
			"spec.published.packs":             {`{"name": "later", "layer": "layerOfALaterVersion"}`},
			"spec.draft.packs":                 {`{"name": "later", "layer": "layerOfALaterVersion"}`},
			"status.inUseClusters":             {`{"name": "third", "uid": "cluster-3"}`},
			"spec.versions":                    {`{"uid": "gone", "version": "7.0.0"}`},
			"spec.published.packs[].manifests": {`{"name": "more", "uid": "manifest-2"}`},
		},
	}
}

type outcome struct {
	err      error
	reports  []palette.Outcome
	warnings []string
}

// Every legal answer of Palette, one variation at a time: nothing is written but to
// the target, nothing is published but the old or the new profile, and a run that
// says it ended well did what one without variations does.
func TestLegalAnswers(t *testing.T) {
	if testing.Short() {
		t.Skip("many cases of one kind")
	}
	today := newWorld(t)
	later, err := fakepalette.NewLater(legalState(t))
	if err != nil {
		t.Fatal(err)
	}
	tomorrow := serve(t, later)
	tried, counts := map[string]bool{}, map[string]int{}
	for _, s := range scenarios(t) {
		w := today
		w.Reset(legalState(t))
		recorder := &legal.Recorder{Next: w.Server, Operation: w.Operation}
		if got := runThrough(t, recorder, s); got.err != nil {
			t.Fatalf("%s: %v", s.name, got.err)
		}
		want := w.State()
		answers := recorder.Answers()
		for _, operation := range slices.Sorted(maps.Keys(answers)) {
			variations := variationsOf(t, today.Server, operation, answers[operation], tried)
			counts[operation] += len(variations)
			for _, variation := range variations {
				w := today
				if strings.HasPrefix(variation.Name, "unknown value") {
					w = tomorrow
				}
				t.Run(s.name+"/"+operation+"/"+variation.Name, func(t *testing.T) {
					w.Reset(legalState(t))
					varied := &legal.Varied{Next: w.Server, Variation: variation, Match: func(r *http.Request) bool { return w.Operation(r) == operation }}
					got := runThrough(t, varied, s)
					if varied.Changed() == 0 && got.err == nil {
						t.Error("no answer was varied")
					}
					checkLegal(t, s, got, legalState(t), w.State(), want)
				})
			}
		}
	}
	for _, operation := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%-40s %4d variations", operation, counts[operation])
	}
	for operation, lists := range foreignElements() {
		for path := range lists {
			if !tried[operation+" "+path] {
				t.Errorf("no answer of %s has %s", operation, path)
			}
		}
	}
}

// Whatever Palette leaves out, an unpublished edit of somebody else is not published.
func TestLegalAnswersKeepForeignDrafts(t *testing.T) {
	if testing.Short() {
		t.Skip("many cases of one kind")
	}
	today := newWorld(t)
	edits := map[string]func(*fakepalette.State){
		"values":   func(s *fakepalette.State) { ours(s).Draft[1].Values += mark },
		"layer":    func(s *fakepalette.State) { ours(s).Draft = ours(s).Draft[:2] },
		"manifest": func(s *fakepalette.State) { ours(s).Draft = nil; editManifest(s) },
	}
	for name, edit := range edits {
		state := func() fakepalette.State {
			s := legalState(t)
			edit(&s)
			return s
		}
		for _, s := range scenarios(t) {
			if !s.goal.Publish || s.request.Target.Profile != "rhel-prod" {
				continue
			}
			today.Reset(state())
			recorder := &legal.Recorder{Next: today.Server, Operation: today.Operation}
			if got := runThrough(t, recorder, s); got.err == nil {
				t.Fatalf("%s: an edit of somebody else was published", name)
			}
			answers := recorder.Answers()
			for _, operation := range slices.Sorted(maps.Keys(answers)) {
				for _, variation := range variationsOf(t, today.Server, operation, answers[operation], map[string]bool{}) {
					if strings.HasPrefix(variation.Name, "unknown value") || variation.Name == "without items[].spec.draft" {
						// A manifest without a draft form was not edited.
						continue
					}
					today.Reset(state())
					before := today.State()
					varied := &legal.Varied{Next: today.Server, Variation: variation, Match: func(r *http.Request) bool { return today.Operation(r) == operation }}
					got := runThrough(t, varied, s)
					after := today.State()
					if got.err == nil || !cmp.Equal(ours(&before).Published, ours(&after).Published) {
						t.Errorf("%s, %s %s: published; %v", name, operation, variation.Name, got.err)
					}
				}
			}
		}
	}
}

// variationsOf leaves out foreign elements of lists that the answers do not have;
// tried are those that some answer had.
func variationsOf(t *testing.T, server *fakepalette.Server, operation string, answers [][]byte, tried map[string]bool) []legal.Variation {
	t.Helper()
	options := palettePromises(server, operation)
	for path, elements := range foreignElements()[operation] {
		alone := legal.Options{Foreign: map[string][]string{path: elements}}
		if _, err := legal.Variations(alone, answers...); err != nil {
			delete(options.Foreign, path)
			continue
		}
		tried[operation+" "+path] = true
	}
	variations, err := legal.Variations(options, answers...)
	if err != nil {
		t.Fatal(err)
	}
	return variations
}

// palettePromises is what the description leaves open of an operation's answer.
func palettePromises(server *fakepalette.Server, operation string) legal.Options {
	options := legal.SchemaShape(server.Answer(operation)).Options()
	asMap := options.Map
	// Each annotation on its own, as each may be absent.
	options.Map = func(path string) bool { return asMap(path) && !strings.HasSuffix(path, "annotations") }
	options.Foreign = foreignElements()[operation]
	return options
}

func runThrough(t *testing.T, handler http.Handler, s scenario) outcome {
	t.Helper()
	client := newClient(t, handler, canary)
	planned := client.PlanAll(t.Context(), []palette.Request{s.request}, s.goal, 1)
	var got outcome
	if planned[0].Plan != nil {
		if d := planned[0].Plan.Difference(palette.SideDraft); !d.Different || d.Scope != "project" {
			t.Errorf("diff says: %+v", d)
		}
	}
	got.reports = client.ApplyAll(t.Context(), planned, 1, func(palette.Target) (palette.Options, error) { return palette.Options{}, nil })
	got.err = palette.Errors(got.reports)
	got.warnings = got.reports[0].Report.Warnings
	return got
}

func checkLegal(t *testing.T, s scenario, got outcome, before, after, want fakepalette.State) {
	t.Helper()
	for _, p := range after.Profiles {
		for _, l := range slices.Concat(p.Draft, p.Published) {
			if l.Type == legal.UnknownValue {
				// A pack of a type that nobody knows yet is of that type.
				want = retyped(t, want, l.Type)
			}
		}
	}
	target := s.request.Target.Profile
	foreign := func(p *fakepalette.Profile) bool { return p.Name != target || p.ProjectUID != "project-1" }
	if diff := cmp.Diff(of(before, foreign), of(after, foreign)); diff != "" {
		t.Errorf("something else than the target was changed (-want +got):\n%s", diff)
	}
	if !told(got.warnings) {
		checkPublished(t, content(after), content(before), content(want))
	}
	for _, p := range after.Profiles {
		for _, side := range []bool{false, true} {
			for _, layer := range []string{"kubernetes", "hello"} {
				old := before.Profile(p.Name, p.Version)
				if foreign(p) || old == nil || old.UID != p.UID || old.Layer(layer, side) == nil {
					continue
				}
				if !cmp.Equal(old.Layer(layer, side), p.Layer(layer, side), anyUID) {
					t.Errorf("layer %s of %s was changed", layer, p.UID)
				}
			}
		}
	}
	if got.err == nil && !cmp.Equal(content(want), content(after), anyUID) && !told(got.warnings) {
		t.Errorf("it ended well, and otherwise than without the variation (-want +got):\n%s", cmp.Diff(content(want), content(after), anyUID))
	}
	if got.err != nil {
		t.Logf("%v", got.err)
		noCanary(t, fmt.Sprint(got.err))
	}
}

// retyped is a copy of a state in which the layers that an apply makes have a type.
func retyped(t *testing.T, state fakepalette.State, typ string) fakepalette.State {
	t.Helper()
	data, err := json.Marshal(state)
	var copied fakepalette.State
	if err = errors.Join(err, json.Unmarshal(data, &copied)); err != nil {
		t.Fatal(err)
	}
	for _, p := range copied.Profiles {
		for _, layers := range [][]fakepalette.Layer{p.Draft, p.Published} {
			for i := range layers {
				if layers[i].Name == "generic-byoi" && (p.Name == "fresh" || p.Name == "no-os") && p.ProjectUID == "project-1" {
					layers[i].Type = typ
				}
			}
		}
	}
	return copied
}

func told(warnings []string) bool {
	return strings.Contains(strings.Join(warnings, "\n"), "palette does not tell")
}

// Pages of any length, also empty ones.
func TestEmptyPages(t *testing.T) {
	for _, size := range []int{0, 1, 2} {
		w := newWorld(t)
		w.PageSize, w.EmptyPages = size, true
		w.apply(t, request(t, "no-os", newAMI, func(t *palette.Target) { t.Create = true }), palette.Goal{})
	}
}
