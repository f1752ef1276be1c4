package palette_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// progress is how far each step of a report came.
func progress(r *palette.Report) []string {
	var all []string
	for _, step := range r.Steps {
		all = append(all, string(step.Action)+" "+string(step.Progress))
	}
	return all
}

func atVersion(version string) func(*palette.Target) {
	return func(t *palette.Target) { t.Version = version }
}

// lagging answers reads of the profile as they were at first, so many times after a
// write.
func lagging(t *testing.T, w *world, times int32) *palette.Client {
	t.Helper()
	var first atomic.Pointer[httptest.ResponseRecorder]
	var left atomic.Int32
	return newClient(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		if w.Operation(r) == "v1ClusterProfilesGet" {
			first.CompareAndSwap(nil, rec)
			if left.Add(-1) >= 0 {
				rec = first.Load()
			}
		}
		if r.Method == http.MethodPut || r.Method == http.MethodPatch {
			left.Store(times)
		}
		write(rw, rec.Code, rec.Header(), rec.Body.Bytes())
	}), canary)
}

// A replica that lags is read again; one that lags for good is told as what it is.
func TestReplicaThatLags(t *testing.T) {
	w := newWorld(t)
	client := lagging(t, w, 3)
	plan, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
	if err != nil {
		t.Fatal(err)
	}
	report, err := client.Apply(t.Context(), plan, palette.Options{})
	if err != nil || report.State != palette.StatePublished {
		t.Errorf("got %+v, %v", report, err)
	}
	sameList(t, "steps", progress(report), []string{"update-layer seen", "publish seen"})
	sameList(t, "writes", w.writes(), []string{putGeneric, publish})

	w = newWorld(t)
	client = lagging(t, w, 1000)
	plan, err = client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
	if err != nil {
		t.Fatal(err)
	}
	report, err = client.Apply(t.Context(), plan, palette.Options{})
	wantFailure(t, err, "palette took the request to change the OS layer of")
	if strings.Contains(err.Error(), "somebody") {
		t.Errorf("it blames somebody else: %v", err)
	}
	sameList(t, "steps", progress(report), []string{"update-layer taken"})
}

// What is written stands in the report, also when reading it back fails.
func TestWriteThatCannotBeReadBack(t *testing.T) {
	w := newWorld(t)
	var broken atomic.Bool
	client := newClient(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if broken.Load() {
			write(rw, http.StatusForbidden, http.Header{"Content-Type": {"application/json"}}, []byte(`{"code": "Forbidden", "message": "no more"}`))
			return
		}
		broken.Store(r.Method == http.MethodPut)
		w.ServeHTTP(rw, r)
	}), canary)
	plan, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
	if err != nil {
		t.Fatal(err)
	}
	report, err := client.Apply(t.Context(), plan, palette.Options{})
	wantFailure(t, err, "palette took the request to change the OS layer")
	sameList(t, "steps", progress(report), []string{"update-layer taken"})
	if report.State != palette.StateFailed || !report.Steps[0].Done {
		t.Errorf("got %+v", report)
	}
}

// A service may keep values in another form: it is nobody's edit, and is not
// published as if it had been shown.
func TestServiceThatFormatsOtherwise(t *testing.T) {
	for name, goal := range map[string]palette.Goal{"draft": {}, "publish": {Publish: true}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Before(func(_ int, call fakepalette.Call, s *fakepalette.State) {
				if d := ours(s).Layer("generic-byoi", true); ours(s).Draft != nil && call.Method == http.MethodGet && strings.Contains(d.Values, newAMI) {
					d.Values = "pack: {osImageOverride: " + newAMI + ", osName: rhel, osVersion: \"8\", custom: keep}\n"
				}
			})
			plan := w.plan(t, request(t, "rhel-prod", newAMI), goal)
			report, err := w.client.Apply(t.Context(), plan, palette.Options{})
			sameList(t, "steps", progress(report), []string{"update-layer seen"})
			if !slices.ContainsFunc(report.Warnings, func(s string) bool { return strings.Contains(s, "in another form than they were sent") }) {
				t.Errorf("it is not told: %q", report.Warnings)
			}
			if !goal.Publish {
				if err != nil || report.State != palette.StateDraft {
					t.Errorf("got %+v, %v", report, err)
				}
				return
			}
			wantFailure(t, err, "palette made something else of profile \"rhel-prod\" 1.2.0 of project \"Default\" than was shown, in generic-byoi; it is not published")
			sameList(t, "writes", w.writes(), []string{putGeneric})
		})
	}
}

// The later one of two applies wins; the earlier one's report has its write, and does
// not say that somebody else undid nothing.
func TestRaceOfTwoApplies(t *testing.T) {
	w := newWorld(t)
	w.Before(func(_ int, call fakepalette.Call, s *fakepalette.State) {
		if d := ours(s).Layer("generic-byoi", true); ours(s).Draft != nil && call.Method == http.MethodGet {
			d.Values = strings.Replace(genericValues, oldAMI, "ami-0cccccccccccccccc", 1)
		}
	})
	report, err := w.client.Apply(t.Context(), w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true}), palette.Options{})
	e := wantFailure(t, err, "was changed by somebody else in between")
	sameList(t, "details", e.Details, []string{"generic-byoi is not as it was left", "palette took the request to change the OS layer"})
	sameList(t, "steps", progress(report), []string{"update-layer taken"})
}

// A refusal is in the report, as one.
func TestRefusedWrite(t *testing.T) {
	w := newWorld(t)
	plan := w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{})
	w.Pause(func(_ int, call fakepalette.Call) {
		if call.Method == http.MethodPut {
			w.Change(func(s *fakepalette.State) { s.Packs = nil })
		}
	})
	report, err := w.client.Apply(t.Context(), plan, palette.Options{})
	wantFailure(t, err, "cannot change the OS layer of")
	sameList(t, "steps", progress(report), []string{"update-layer refused"})
}

// A new version of what is there already is not made.
func TestNewVersionWithNothingToChange(t *testing.T) {
	w := newWorld(t)
	plan := w.plan(t, request(t, "rhel-prod", oldAMI, atVersion("1.2.0")), palette.Goal{NewVersion: "1.3.0"})
	report, err := w.client.Apply(t.Context(), plan, palette.Options{})
	if err != nil || report.State != palette.StateUnchanged || report.ProfileVersion != "1.2.0" || report.ProfileUID != "profile-rhel" {
		t.Errorf("got %+v, %v", report, err)
	}
	sameList(t, "warnings", report.Warnings, []string{"version 1.2.0 has these values already, so version 1.3.0 is not made"})
	sameList(t, "writes", w.writes(), nil)
}

// A version that is not there yet has no uid and no clusters.
func TestDryRunOfANewVersion(t *testing.T) {
	w := newWorld(t)
	plan := w.plan(t, request(t, "rhel-prod", newAMI, atVersion("1.2.0")), palette.Goal{NewVersion: "1.3.0"})
	report, err := w.client.Apply(t.Context(), plan, palette.Options{DryRun: palette.DryRunClient})
	if err != nil || report.ProfileVersion != "1.3.0" || report.ProfileUID != "" || len(report.Clusters) > 0 {
		t.Errorf("got %+v, %v", report, err)
	}
	if d := plan.Difference(palette.SidePublished); d.ProfileUID != "" || len(d.Clusters) > 0 || d.ProfileVersion != "1.3.0" || !d.Different {
		t.Errorf("got %+v", d)
	}
	outcomes := w.applyAll(t.Context(), palette.Goal{NewVersion: "1.3.0"}, 1, request(t, "nope", newAMI))
	if got := outcomes[0].Report.ProfileVersion; got != "1.3.0" {
		t.Errorf("a plan that failed reports version %q", got)
	}
}

// Somebody's draft does not keep a run from saying that ours is published already.
func TestOwnLayerPublishedBesideADraft(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		p := ours(s)
		p.Draft = slices.Clone(p.Published)
		p.Draft[1].Values += mark
	})
	report := w.apply(t, request(t, "rhel-prod", oldAMI), palette.Goal{Publish: true})
	sameList(t, "writes", w.writes(), nil)
	if report.State != palette.StateUnchanged || len(report.Warnings) != 1 || !strings.Contains(report.Warnings[0], "unpublished edits of somebody else in kubernetes") {
		t.Errorf("got %+v", report)
	}
	report = w.apply(t, request(t, "rhel-prod", oldAMI), palette.Goal{Publish: true, IncludeDraft: true})
	sameList(t, "steps", progress(report), []string{"publish seen"})
}

// A draft that lost the OS layer gets the published one's, with the keys of others.
func TestDraftThatLostTheLayer(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) { p := ours(s); p.Draft = slices.Clone(p.Published[1:]) })
	_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
	wantFailure(t, err, "has no generic-byoi layer")
	w.apply(t, request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Create = true }), palette.Goal{})
	state := w.State()
	if got := ours(&state).Layer("generic-byoi", true); got == nil || got.Values != wantGeneric() || got.PackUID != "byoi-100" {
		t.Errorf("got %+v", got)
	}
}

// So does a clone of it, also where a run before made the clone.
func TestCloneThatLostTheLayer(t *testing.T) {
	for _, published := range []bool{false, true} {
		w := newWorld(t, func(s *fakepalette.State) {
			p := ours(s)
			p.Draft = slices.Clone(p.Published[1:])
			next := *p
			next.UID, next.Version, next.Published, next.Clusters = "profile-next", "1.3.0", nil, nil
			if published {
				next.Published, next.Draft = next.Draft, nil
			}
			s.Profiles = append(s.Profiles, &next)
		})
		w.apply(t, request(t, "rhel-prod", newAMI, atVersion("1.2.0"), func(t *palette.Target) { t.Create = true }), palette.Goal{NewVersion: "1.3.0", IncludeDraft: true})
		state := w.State()
		if got := state.Profile("rhel-prod", "1.3.0").Layer("generic-byoi", false); got == nil || got.Values != wantGeneric() {
			t.Errorf("got %+v", got)
		}
	}
}

// Two layers of the OS are too many, whatever their packs.
func TestTwoOSLayers(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		p := ours(s)
		p.Published = append(p.Published, fakepalette.Layer{Name: "ubuntu-aws", Layer: "os", Type: "spectro", Tag: "22.04", PackUID: "x"})
	})
	_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Replace = true }), palette.Goal{})
	wantFailure(t, err, "has 2 OS layers: generic-byoi, ubuntu-aws")
}

// A plan is of one Palette and of one profile, and of what was shown.
func TestPlanOfSomethingElse(t *testing.T) {
	w := newWorld(t)
	shown := w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{Shows: true}).Difference(palette.SideDraft).Expect
	for name, c := range map[string]struct {
		change func(*palette.Expectation)
		want   string
	}{
		"another Palette":   {func(e *palette.Expectation) { e.Palette = "other.example.com" }, "the diff was of palette other.example.com"},
		"no Palette":        {func(e *palette.Expectation) { e.Palette = "" }, "the diff was of palette that it does not name"},
		"another profile":   {func(e *palette.Expectation) { e.ProfileUID = "profile-2" }, "is another profile than the diff saw"},
		"nothing published": {func(e *palette.Expectation) { e.Publishes = "" }, "does not show all that would be published"},
	} {
		expect := shown
		c.change(&expect)
		_, err := w.client.Apply(t.Context(), w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true}), palette.Options{Expect: &expect})
		if e := wantFailure(t, err, c.want); e.Next == "" {
			t.Errorf("%s: no next step", name)
		}
		sameList(t, "writes", w.writes(), nil)
	}
}

// A plan shows the foreign edits that are published along, or does not allow it.
func TestPlanShowsForeignEdits(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		p := ours(s)
		p.Draft = slices.Clone(p.Published)
		p.Draft[1].Values += mark
	})
	all := palette.Goal{Publish: true, IncludeDraft: true}
	for _, c := range []struct {
		goal palette.Goal
		side palette.Side
		want string
	}{
		{palette.Goal{}, palette.SideDraft, "run diff --published --include-draft -o json"},
		{palette.Goal{Publish: true}, palette.SidePublished, "run diff --published --include-draft -o json"},
		{all, palette.SidePublished, ""},
	} {
		c.goal.Shows = true
		d := w.plan(t, request(t, "rhel-prod", newAMI), c.goal).Difference(c.side)
		if strings.Contains(d.Diff, strings.TrimSpace(mark)) != (c.want == "") {
			t.Errorf("%+v shows\n%s", c.goal, d.Diff)
		}
		_, err := w.client.Apply(t.Context(), w.plan(t, request(t, "rhel-prod", newAMI), all), palette.Options{Expect: &d.Expect})
		if c.want == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		if e := wantFailure(t, err, "does not show all that would be published"); !strings.HasPrefix(e.Next, c.want) {
			t.Errorf("got next step %q", e.Next)
		}
	}
}

// A diff tells what would stop a publish, and shows ours nevertheless.
func TestDiffOfARefusedPublish(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		p := ours(s)
		p.Draft = slices.Clone(p.Published)
		p.Draft[1].Values += mark
	})
	d := w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true, Shows: true}).Difference(palette.SidePublished)
	if !d.Different || !strings.Contains(strings.Join(d.Notes, "\n"), "it would not be published: ") || strings.Contains(d.Diff, "kubernetes") {
		t.Errorf("got %+v", d)
	}
}

// An interruption keeps the errors of the other targets.
func TestInterruptionKeepsOtherErrors(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.Pause(func(_ int, call fakepalette.Call) {
		if call.Method == http.MethodPut {
			cancel()
		}
	})
	outcomes := w.applyAll(ctx, palette.Goal{}, 1, request(t, "nope", newAMI), request(t, "rhel-prod", newAMI))
	err := palette.Errors(outcomes)
	if failure.Code(err) != failure.ExitInterrupted || !strings.Contains(err.Error(), `there is no profile "nope"`) || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("got code %d, %v", failure.Code(err), err)
	}
	w.Settle()
	sameList(t, "steps", progress(outcomes[1].Report), []string{"update-layer sent"})
}
