package palette_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// theirs is a draft that somebody else made of another layer.
func theirs(s *fakepalette.State) {
	ours(s).Draft = slices.Clone(ours(s).Published)
	ours(s).Draft[1].Values += mark
}

// What a diff showed of one side is what an apply is held to, as far as it writes that.
func TestExpectationOfASide(t *testing.T) {
	shown := palette.Goal{Shows: true}
	for name, c := range map[string]struct {
		ami         string
		shown, goal palette.Goal
		side        palette.Side
		next        string // of a refusal
	}{
		"a draft, of all that would be published":  {newAMI, palette.Goal{Publish: true, Shows: true}, palette.Goal{}, palette.SidePublished, ""},
		"nothing, of a draft that is not shown":    {oldAMI, shown, palette.Goal{Publish: true}, palette.SideDraft, ""},
		"all, of a draft that is not shown":        {newAMI, shown, palette.Goal{Publish: true, IncludeDraft: true}, palette.SideDraft, "run diff --published --include-draft -o json, and apply what it shows"},
		"a new version, of a draft that is hidden": {newAMI, palette.Goal{NewVersion: "1.3.0", Shows: true}, palette.Goal{NewVersion: "1.3.0", IncludeDraft: true}, palette.SideDraft, "run diff --new-version 1.3.0 --include-draft -o json, and apply what it shows"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, theirs)
			r := request(t, "rhel-prod", c.ami)
			expect := w.plan(t, r, c.shown).Difference(c.side).Expect
			_, err := w.client.Apply(t.Context(), w.plan(t, r, c.goal), palette.Options{Expect: &expect})
			if c.next == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if e := wantFailure(t, err, "the diff does not show all that would be published of"); e.Next != c.next {
				t.Errorf("got next step %q", e.Next)
			}
			sameList(t, "writes", w.writes(), nil)
		})
	}
}

// What is wanted of a draft has what somebody else put there; what is published has not.
func TestWantedOfASide(t *testing.T) {
	wanted := func(adjust func(*fakepalette.State)) (draft, published string) {
		plan := newWorld(t, adjust).plan(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true, Shows: true})
		return plan.Expectation(palette.SideDraft).Wanted, plan.Expectation(palette.SidePublished).Wanted
	}
	draft, published := wanted(func(*fakepalette.State) {})
	if draft != published {
		t.Errorf("without a draft: got %s and %s", draft, published)
	}
	theirs, ours := wanted(func(s *fakepalette.State) {
		ours(s).Draft = slices.Clone(ours(s).Published)
		ours(s).Draft[0].Values += "  other: edit\n"
	})
	if theirs == published || ours != published {
		t.Errorf("with a draft of our layer: got %s and %s, of %s without", theirs, ours, published)
	}
}

// A diff of a profile that is not there yet holds for the run that makes it, and for one
// that goes on with it.
func TestExpectationOfWhatIsMade(t *testing.T) {
	w := newWorld(t)
	r := request(t, "fresh", newAMI, func(t *palette.Target) { t.Create, t.CloudType = true, "aws" })
	diff := w.plan(t, r, palette.Goal{Publish: true, OSLayerAlone: true, Shows: true}).Difference(palette.SidePublished)
	data, err := json.Marshal(diff)
	if err != nil || !strings.Contains(string(data), `"clusters":[]`) || !strings.Contains(string(data), `"actions":["create-profile","publish"]`) {
		t.Errorf("got %s, %v", data, err)
	}
	for _, goal := range []palette.Goal{{}, {Publish: true, OSLayerAlone: true}} {
		if _, err := w.client.Apply(t.Context(), w.plan(t, r, goal), palette.Options{Expect: &diff.Expect}); err != nil {
			t.Errorf("%+v: %v", goal, err)
		}
	}
	// That of another name or version is another.
	state := w.State()
	state.Profile("fresh", "1.0.0").Version = "2.0.0"
	w.Reset(state)
	_, err = w.client.Apply(t.Context(), w.plan(t, request(t, "fresh", oldAMI, func(t *palette.Target) { t.Create, t.CloudType = true, "aws" }), palette.Goal{}), palette.Options{Expect: &diff.Expect})
	wantFailure(t, err, "changed since the diff")
}

// Palette is asked to validate what is written, and nothing else.
func TestValidationOfADryRun(t *testing.T) {
	for name, c := range map[string]struct {
		ami  string
		goal palette.Goal
		want int
	}{
		"a layer": {newAMI, palette.Goal{}, 1}, "a publish alone": {oldAMI, palette.Goal{Publish: true}, 0}, "nothing": {oldAMI, palette.Goal{}, 0},
	} {
		w := newWorld(t, func(s *fakepalette.State) {
			p := ours(s)
			p.Draft, p.Published = p.Published, slices.Clone(p.Published)
			p.Published[0].Values = strings.ReplaceAll(p.Published[0].Values, oldAMI, "ami-0cccccccccccccccc")
		})
		plan := w.plan(t, request(t, "rhel-prod", c.ami), c.goal)
		w.Forget()
		report, err := w.client.Apply(t.Context(), plan, palette.Options{DryRun: palette.DryRunServer})
		if err != nil || len(w.Calls()) != c.want || report.Validated != (c.want > 0) {
			t.Errorf("%s: %v, %+v, %v", name, w.Calls(), report, err)
		}
		data, err := json.Marshal(report)
		if steps := strings.Contains(string(data), `"steps":[`); err != nil || !steps {
			t.Errorf("%s: got %s, %v", name, data, err)
		}
	}
}
