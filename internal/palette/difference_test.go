package palette_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

func TestDryRun(t *testing.T) {
	for _, mode := range []palette.DryRun{palette.DryRunClient, palette.DryRunServer} {
		w := newWorld(t)
		plan := w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{NewVersion: "1.3.0"})
		w.Forget()
		report, err := w.client.Apply(t.Context(), plan, palette.Options{DryRun: mode})
		if err != nil {
			t.Fatal(err)
		}
		sameList(t, "writes", w.writes(), nil)
		want := 0
		if mode == palette.DryRunServer {
			want = 1
		}
		if report.Validated != (mode == palette.DryRunServer) || len(w.Calls()) != want {
			t.Errorf("%s: got calls %v, report %+v", mode, w.Calls(), report)
		}
		var actions []string
		for _, step := range report.Steps {
			actions = append(actions, string(step.Action))
			if step.Done || step.Progress != palette.ProgressPlanned {
				t.Errorf("%s: step %s is said to be done", mode, step.Action)
			}
		}
		sameList(t, "actions", actions, []string{"clone-version", "update-layer", "publish"})
		if report.State != palette.StatePlanned {
			t.Errorf("got state %s", report.State)
		}
	}
}

func TestExpectation(t *testing.T) {
	w := newWorld(t)
	diff := w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{}).Difference(palette.SideDraft)

	w.Change(func(s *fakepalette.State) { s.Profiles[0].Published[1].Values += "# touched\n" })
	w.Forget()
	plan := w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{})
	_, err := w.client.Apply(t.Context(), plan, palette.Options{Expect: &diff.Expect})
	wantFailure(t, err, "changed since the diff: that saw version "+diff.Expect.Before+", now it is "+plan.Expectation(palette.SideDraft).Before)
	sameList(t, "writes", w.writes(), nil)

	// Other values than those shown.
	diff = plan.Difference(palette.SideDraft)
	other := w.plan(t, request(t, "rhel-prod", "ami-0cccccccccccccccc"), palette.Goal{})
	_, err = w.client.Apply(t.Context(), other, palette.Options{Expect: &diff.Expect})
	wantFailure(t, err, "are others than the diff showed")
	sameList(t, "writes", w.writes(), nil)

	// A new version is cloned from what was shown.
	next := w.plan(t, request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Version = "1.2.0" }), palette.Goal{NewVersion: "1.3.0"})
	if _, err := w.client.Apply(t.Context(), next, palette.Options{Expect: &diff.Expect}); err != nil {
		t.Fatal(err)
	}

	// As shown; and again, when the first run ended half way.
	for range 2 {
		plan := w.plan(t, request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Version = "1.2.0" }), palette.Goal{Publish: true})
		if _, err := w.client.Apply(t.Context(), plan, palette.Options{Expect: &diff.Expect}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDifference(t *testing.T) {
	w := newWorld(t)
	w.apply(t, request(t, "rhel-prod", newAMI), palette.Goal{})
	plan := w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{})
	d := plan.Difference(palette.SideDraft)
	if d.Different || d.Diff != "" || len(d.Actions) != 0 || len(d.Notes) != 1 {
		t.Errorf("the draft is as wanted, but got %+v", d)
	}
	d = plan.Difference(palette.SidePublished)
	want := `--- published/rhel-prod/generic-byoi
+++ rendered/aws-east
@@ -1,6 +1,6 @@
 # the OS of production
 pack:
-  osImageOverride: "ami-0aaaaaaaaaaaaaaaa" # from the golden pipeline
+  osImageOverride: "ami-0bbbbbbbbbbbbbbbb" # from the golden pipeline
   osName: "rhel"
   osVersion: "8"
   custom: keep
`
	if diff := cmp.Diff(want, d.Diff); diff != "" || !d.Different {
		t.Errorf("different %v (-want +got):\n%s", d.Different, diff)
	}
}

// A new version that is there already is compared with what it has published, and else
// with the version that it was cloned from.
func TestDifferenceOfANewVersionThatIsThere(t *testing.T) {
	for name, c := range map[string]struct {
		adjust    func(*fakepalette.Profile)
		different bool
	}{
		"published": {func(p *fakepalette.Profile) { p.Published[0].Values = wantGeneric() }, false},
		"never published": {func(p *fakepalette.Profile) {
			p.Draft, p.Published = p.Published, nil
			p.Draft[0].Values = wantGeneric()
		}, true},
	} {
		w := newWorld(t, withVersion(c.adjust))
		plan := w.plan(t, request(t, "rhel-prod", newAMI, atVersion("1.2.0")), palette.Goal{NewVersion: "1.3.0", Shows: true})
		if d := plan.Difference(palette.SidePublished); d.Different != c.different || strings.Contains(d.Diff, oldAMI) != c.different {
			t.Errorf("%s: got %t\n%s", name, d.Different, d.Diff)
		}
	}
}

func TestSeveralTargets(t *testing.T) {
	w := newWorld(t)
	requests := []palette.Request{
		request(t, "nope", newAMI),
		request(t, "rhel-prod", newAMI),
		edgeRequest(t, "store-2026-01"),
		request(t, "elsewhere", newAMI, func(t *palette.Target) { t.Scope = palette.ProjectScope("Default-2") }),
	}
	outcomes := w.applyAll(t.Context(), palette.Goal{}, 2, requests...)
	var states []string
	for _, o := range outcomes {
		states = append(states, o.Report.Profile+" "+o.Report.State)
	}
	sameList(t, "states", states, []string{"nope failed", "rhel-prod draft", "stores draft", "elsewhere failed"})
	if err := palette.Errors(outcomes); failure.Code(err) != failure.ExitPalette {
		t.Errorf("got %v", err)
	}
}

func TestCheckRequests(t *testing.T) {
	at := func(version string) palette.Request {
		return palette.Request{Target: palette.Target{Name: "at " + version, Pack: "generic-byoi", Profile: "p", Version: version}}
	}
	elsewhere := at("1.0.0")
	elsewhere.Target.Scope = palette.ProjectScope("other")
	cases := []struct {
		a, b palette.Request
		goal palette.Goal
		bad  bool
	}{
		{at("1.0.0"), at("1.0.0"), palette.Goal{}, true},
		{at("1.0.0"), at("1.1.0"), palette.Goal{}, false},
		{at("1.0.0"), at(""), palette.Goal{}, true},
		{at("1.0.0"), at("latest"), palette.Goal{}, true},
		{at("1.0.0"), at("1.1.0"), palette.Goal{NewVersion: "2.0.0"}, true},
		{at("1.0.0"), elsewhere, palette.Goal{}, false},
	}
	for _, c := range cases {
		err := palette.CheckRequests([]palette.Request{c.a, c.b}, c.goal)
		if c.bad != (failure.Code(err) == failure.ExitUsage) {
			t.Errorf("%q and %q, %+v: got %v", c.a.Target.Version, c.b.Target.Version, c.goal, err)
		}
	}
}
