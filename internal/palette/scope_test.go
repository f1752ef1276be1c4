package palette_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// elsewhere adds profiles of other scopes, in front of the ones that are wanted.
func elsewhere(name string, scopes ...string) func(*fakepalette.State) {
	return func(s *fakepalette.State) {
		for _, scope := range scopes {
			other := *s.Profiles[len(s.Profiles)-4]
			other.UID, other.Name, other.ProjectUID, other.System = scope+"-"+name, name, "", scope == "system"
			if strings.HasPrefix(scope, "project") {
				other.ProjectUID = scope
			}
			s.Profiles = append([]*fakepalette.Profile{&other}, s.Profiles...)
		}
	}
}

func goals() map[string]palette.Goal {
	return map[string]palette.Goal{"draft": {}, "publish": {Publish: true}, "new version": {NewVersion: "1.3.0"}}
}

// of returns the profiles of a scope by uid, whole.
func of(state fakepalette.State, keep func(*fakepalette.Profile) bool) map[string]fakepalette.Profile {
	out := map[string]fakepalette.Profile{}
	for _, p := range state.Profiles {
		if keep(p) {
			out[p.UID] = *p
		}
	}
	return out
}

// A project's target changes nothing of the tenant, of Palette itself or of another
// project, whether the project has a profile of that name or not.
func TestProjectTargetLeavesOtherScopesAlone(t *testing.T) {
	others := func(p *fakepalette.Profile) bool { return p.ProjectUID != "project-1" }
	for name, goal := range goals() {
		for _, profile := range []string{"rhel-prod", "shared"} {
			for _, version := range []string{"", "1.2.0", "latest"} {
				t.Run(name+"/"+profile+"/"+version, func(t *testing.T) {
					w := newWorld(t, elsewhere(profile, "tenant", "system", "project-2"))
					before := of(w.State(), others)
					r := request(t, profile, newAMI, func(t *palette.Target) { t.Version = version })
					plan, err := w.client.Plan(t.Context(), r, goal)
					if profile == "rhel-prod" {
						if err != nil {
							t.Fatal(err)
						}
						if got := plan.Profile().UID; got != "profile-rhel" {
							t.Errorf("diff reads %s", got)
						}
						if _, err := w.client.Apply(t.Context(), plan, palette.Options{}); err != nil {
							t.Error(err)
						}
					} else {
						wantFailure(t, err, `there is no profile "shared" in project "Default"`)
						sameList(t, "writes", w.writes(), nil)
					}
					if diff := cmp.Diff(before, of(w.State(), others)); diff != "" {
						t.Errorf("another scope was changed (-want +got):\n%s", diff)
					}
				})
			}
		}
	}
}

// A target of the tenant, likewise.
func TestTenantTargetLeavesProjectsAlone(t *testing.T) {
	others := func(p *fakepalette.Profile) bool { return p.ProjectUID != "" || p.System }
	for name, goal := range goals() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, elsewhere("rhel-prod", "tenant", "system"))
			before := of(w.State(), others)
			r := request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Scope = palette.TenantScope() })
			report := w.apply(t, r, goal)
			if goal.NewVersion == "" && report.ProfileUID != "tenant-rhel-prod" {
				t.Errorf("applied to %s", report.ProfileUID)
			}
			if diff := cmp.Diff(before, of(w.State(), others)); diff != "" {
				t.Errorf("another scope was changed (-want +got):\n%s", diff)
			}
			r = request(t, "stores", newAMI, func(t *palette.Target) { t.Scope = palette.TenantScope() })
			_, err := w.client.Plan(t.Context(), r, goal)
			wantFailure(t, err, `there is no profile "stores" in the tenant`)
		})
	}
}

// The error for a profile that only another scope has says which, and how to mean it.
func TestNoProfileNamesTheOtherScope(t *testing.T) {
	w := newWorld(t, elsewhere("shared", "tenant"))
	_, err := w.client.Plan(t.Context(), request(t, "shared", newAMI), palette.Goal{})
	if e := wantFailure(t, err, "there is no profile"); !strings.Contains(e.Next, "scope: tenant") {
		t.Errorf("got next step %q", e.Next)
	}
	// The name in another scope is no reason not to create it here.
	report := w.apply(t, request(t, "shared", newAMI, func(t *palette.Target) { t.Create, t.CloudType = true, "aws" }), palette.Goal{})
	state := w.State()
	for _, p := range state.Profiles {
		if p.UID == report.ProfileUID && (p.ProjectUID != "project-1" || p.Name != "shared") {
			t.Errorf("created %+v", p)
		}
	}
}

func TestScopeThatNobodyChose(t *testing.T) {
	w := newWorld(t)
	_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Scope = palette.Scope{} }), palette.Goal{})
	if err == nil || w.Count() != 0 {
		t.Errorf("got %v after %d requests", err, w.Count())
	}
}

// One rule for versions: numbers, latest, and none at all in old profiles.
func TestVersions(t *testing.T) {
	several := func(versions ...string) func(*fakepalette.State) {
		return func(s *fakepalette.State) {
			for i, version := range versions {
				p := *s.Profiles[0]
				p.UID, p.Version = "v"+version, version
				if i == 0 {
					s.Profiles[0] = &p
					continue
				}
				s.Profiles = append(s.Profiles, &p)
			}
		}
	}
	cases := map[string]struct {
		has    []string
		target string
		want   string
		err    string
	}{
		"latest":                       {has: []string{"1.9.0", "1.10.0", "1.2.0"}, target: "latest", want: "v1.10.0"},
		"latest of one":                {has: []string{"1.9.0"}, target: "latest", want: "v1.9.0"},
		"latest, one without":          {has: []string{"", "0.9.0"}, target: "latest", want: "v"},
		"none counts as 1.0.0":         {has: []string{""}, target: "1.0.0", want: "v"},
		"none, and another asked for":  {has: []string{""}, target: "1.1.0", err: "has no version 1.1.0; it has 1.0.0 (uid v)"},
		"none beside 1.0.0":            {has: []string{"", "1.0.0"}, target: "1.0.0", err: "2 profiles of project"},
		"several, none asked for":      {has: []string{"1.0.0", "1.1.0"}, err: "2 profiles of project"},
		"one that is no number":        {has: []string{"second", "1.0.0", "third"}, target: "second", want: "vsecond"},
		"a number beside words":        {has: []string{"second", "1.0.0"}, target: "1.0", want: "v1.0.0"},
		"another build":                {has: []string{"1.0.0+a", "1.0.0+b"}, target: "1.0.0+b", want: "v1.0.0+b"},
		"latest that cannot be ranked": {has: []string{"1.0.0", "second"}, target: "latest", err: "2 profiles of project"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, several(c.has...))
			plan, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Version = c.target }), palette.Goal{})
			if c.err != "" {
				wantFailure(t, err, c.err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := plan.Difference(palette.SideDraft).ProfileUID; got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	// A new version of one without, and of the latest.
	w := newWorld(t, several("", "0.9.0"))
	w.apply(t, request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Version = "latest" }), palette.Goal{NewVersion: "1.1.0"})
	report := w.apply(t, request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Version = "latest" }), palette.Goal{NewVersion: "1.1.0"})
	if report.State != palette.StateUnchanged {
		t.Errorf("the second apply: %+v", report)
	}
}

// A name in other letters is another profile, which is told before one is made.
func TestNamesThatAreAlike(t *testing.T) {
	for _, name := range []string{"RHEL-Prod", " rhel-prod"} {
		w := newWorld(t)
		_, err := w.client.Plan(t.Context(), request(t, name, newAMI), palette.Goal{})
		if e := wantFailure(t, err, "there is no profile"); !strings.Contains(e.Next, `palette has "rhel-prod", which is another name`) {
			t.Errorf("%q: got next step %q", name, e.Next)
		}
		plan := w.plan(t, request(t, name, newAMI, func(t *palette.Target) { t.Create, t.CloudType = true, "aws" }), palette.Goal{})
		if notes := strings.Join(plan.Notes, "\n"); !strings.Contains(notes, `palette has a profile "rhel-prod", which is another one`) {
			t.Errorf("%q: got notes %q", name, notes)
		}
	}
}
