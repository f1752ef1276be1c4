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
						if got := plan.Difference(palette.SideDraft).ProfileUID; got != "profile-rhel" {
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
