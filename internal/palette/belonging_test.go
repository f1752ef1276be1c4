package palette_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// annotated is a Palette that tells otherwise what a profile belongs to.
func annotated(t *testing.T, w *world, uid string, annotations object) *palette.Client {
	t.Helper()
	return telling(t, w, "v1ClusterProfilesGet", func(body object) {
		if metadata := within(body, "metadata"); metadata["uid"] == uid {
			metadata["annotations"] = annotations
		}
	})
}

// A profile whose scope is not told may be the one that is meant: it is shown, and not
// written to; one that is surely there goes before it.
func TestProfileWhoseScopeIsNotTold(t *testing.T) {
	const here, unknown = "", "palette does not tell whether profile \"rhel-prod\" (uid profile-rhel) belongs to project \"Default\""
	for name, c := range map[string]struct {
		annotations object
		unsure      string
		elsewhere   bool
	}{
		"told":             {object{"scope": "project", "projectUid": "project-1"}, here, false},
		"nothing":          {object{}, unknown, false},
		"no project":       {object{"scope": "project"}, unknown, false},
		"project alone":    {object{"projectUid": "project-1"}, unknown, false},
		"a scope of later": {object{"scope": "fleet", "projectUid": "project-1"}, unknown, false},
		"another project":  {object{"scope": "project", "projectUid": "project-2"}, here, true},
		"the tenant":       {object{"scope": "tenant"}, here, true},
		"the system":       {object{"scope": "system", "projectUid": "project-1"}, here, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			client := annotated(t, w, "profile-rhel", c.annotations)
			plan, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
			if c.elsewhere {
				wantFailure(t, err, `there is no profile "rhel-prod" in project "Default"`)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if notes := strings.Join(plan.Notes, "\n"); notes != c.unsure {
				t.Errorf("got notes %q", notes)
			}
			for _, mode := range []palette.DryRun{palette.DryRunNone, palette.DryRunServer} {
				_, err = client.Apply(t.Context(), plan, palette.Options{DryRun: mode})
				if (err == nil) != (c.unsure == "") || err != nil && !strings.HasPrefix(err.Error(), c.unsure) {
					t.Errorf("%s: got %v", mode, err)
				}
			}
			// Nothing is to be written, so it does not matter whose it is.
			report, err := client.Apply(t.Context(), planWith(t, client, request(t, "rhel-prod", oldAMI), palette.Goal{}), palette.Options{})
			if c.unsure != "" && (err != nil || report.State != palette.StateUnchanged) {
				t.Errorf("got %+v, %v", report, err)
			}
		})
	}
}

// A profile beside one whose scope is not told: of one version the sure one is meant, and
// of two both may be.
func TestProfilesOfWhichOneIsNotTold(t *testing.T) {
	for version, want := range map[string]string{"1.2.0": "", "v1.2.0": "", "1.1.0": "2 profiles of project \"Default\" are named \"rhel-prod\": 1.1.0 (uid other, Palette does not tell its scope), 1.2.0 (uid profile-rhel)"} {
		w := newWorld(t, func(s *fakepalette.State) {
			other := *ours(s)
			other.UID, other.Version = "other", version
			s.Profiles = append([]*fakepalette.Profile{&other}, s.Profiles...)
		})
		client := annotated(t, w, "other", object{})
		plan, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
		if want != "" {
			wantFailure(t, err, want)
			continue
		}
		if err != nil || plan.Profile().UID != "profile-rhel" || len(plan.Notes) > 0 {
			t.Errorf("%s: got %v, %v", version, plan, err)
		}
	}
}

// A profile that may not be read, or is gone by now, costs no other; one that is meant
// is an error, and one that fails otherwise is too.
func TestProfilesThatCannotBeRead(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		version string
		want    string
	}{
		"another version, refused":            {403, "1.2.0", ""},
		"another version, gone":               {404, "1.2.0", ""},
		"another version, broken":             {500, "1.2.0", "cannot read profile \"rhel-prod\" of project \"Default\" from Palette: palette answered 500"},
		"that version, refused":               {403, "1.1.0", "palette answered 403"},
		"that version, gone":                  {404, "1.1.0", "palette answered 404"},
		"to tell the others":                  {500, "9.9.9", "palette answered 500"},
		"the others, of which one is refused": {403, "9.9.9", "has no version 9.9.9; it has 1.0.0 (uid other, Palette does not tell its scope), 1.2.0 (uid profile-rhel)"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(s *fakepalette.State) {
				other := *ours(s)
				other.UID, other.Version = "other", ""
				if c.version == "1.1.0" {
					other.Version = "1.1.0"
				}
				s.Profiles = append([]*fakepalette.Profile{&other}, s.Profiles...)
			})
			client := answeringWith(t, w, c.status, "/v1/clusterprofiles/other", `{"code": "Some", "message": "no"}`)
			plan, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI, atVersion(c.version)), palette.Goal{})
			if c.want != "" {
				wantFailure(t, err, c.want)
				return
			}
			if err != nil || plan.Profile().UID != "profile-rhel" {
				t.Errorf("got %v, %v", plan, err)
			}
		})
	}
}

// The version that is the latest may go between the plan and the apply: what is then
// the latest is read, or the error says that it cannot be.
func TestLatestThatGoes(t *testing.T) {
	for refused, want := range map[bool]string{false: "was changed by somebody else in between", true: "cannot read profile \"rhel-prod\" of project \"Default\" from Palette: palette answered 403"} {
		w := newWorld(t, withVersion(func(*fakepalette.Profile) {}))
		gone := false
		client := newClient(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if gone && refused && r.URL.Path == "/v1/clusterprofiles/profile-rhel" {
				write(rw, http.StatusForbidden, http.Header{"Content-Type": {"application/json"}}, []byte(`{"code": "Forbidden", "message": "no"}`))
				return
			}
			w.ServeHTTP(rw, r)
		}), canary)
		plan := planWith(t, client, request(t, "rhel-prod", newAMI, atVersion(palette.Latest)), palette.Goal{})
		if got := plan.Profile().UID; got != "profile-next" {
			t.Fatalf("the plan is of %s", got)
		}
		w.Before(func(_ int, call fakepalette.Call, s *fakepalette.State) {
			if call.Path == "/v1/dashboard/clusterprofiles/metadata" && !gone {
				gone, s.Profiles = true, s.Profiles[:len(s.Profiles)-1]
			}
		})
		_, err := client.Apply(t.Context(), plan, palette.Options{})
		wantFailure(t, err, want)
		sameList(t, "writes", w.writes(), nil)
	}
}

// What an edit says is told without the key, as Palette's own.
func TestErrorOfAnEdit(t *testing.T) {
	r := request(t, "rhel-prod", newAMI)
	r.Edit = func([]byte) ([]byte, error) {
		return nil, &failure.Error{Code: failure.ExitUsage, Summary: "no values: " + canary, Details: []string{"line 1: " + canary}, Next: "correct them", Err: errors.New("cause: " + canary)}
	}
	w := newWorld(t)
	_, err := w.client.Plan(t.Context(), r, palette.Goal{})
	e := wantFailure(t, err, "what is published: no values: [redacted]: cause: [redacted]")
	noCanary(t, wordsOf(t, err))
	sameList(t, "details", e.Details, []string{"line 1: [redacted]"})
	if e.Next != "in Palette: correct them" {
		t.Errorf("got next step %q", e.Next)
	}
	// What is rendered alone is the user's.
	r = request(t, "fresh", newAMI, func(t *palette.Target) { t.Create, t.CloudType, t.RegistryUID = true, "aws", "reg-empty" })
	r.Edit = func([]byte) ([]byte, error) { return nil, failure.Usage("correct them", "no values") }
	_, err = listingPacks(t, w, []fakepalette.Pack{registryPack("1.0.0", func(p *fakepalette.Pack) { p.Values, p.RegistryUID = "", "reg-empty" })}).Plan(t.Context(), r, palette.Goal{})
	if failure.Code(err) != failure.ExitUsage || err.Error() != "no values" {
		t.Errorf("got %v", err)
	}
}
