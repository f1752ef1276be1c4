package palette_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// scopeless is a Palette that does not tell what the profiles of a name belong to, and
// loses the answers to requests of some paths.
func scopeless(t *testing.T, w *world, profile, lost string) *palette.Client {
	t.Helper()
	return newClient(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		recorder := httptest.NewRecorder()
		w.ServeHTTP(recorder, r)
		if lost != "" && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, lost) {
			panic(http.ErrAbortHandler)
		}
		body := recorder.Body.String()
		if strings.Contains(body, `"name":"`+profile+`"`) {
			body = strings.NewReplacer(`"scope":"project"`, `"other":"project"`, `"scope": "project"`, `"other": "project"`).Replace(body)
		}
		write(rw, recorder.Code, recorder.Header(), []byte(body))
	}), canary)
}

// Where the answer to a create is lost, the profile that is found may be another's: it
// is judged before each write, and not only before the first.
func TestScopeIsJudgedBeforeEachWrite(t *testing.T) {
	apply := func(lost string) (*palette.Report, error) {
		client := scopeless(t, newWorld(t), "fresh", lost)
		r := request(t, "fresh", newAMI, func(t *palette.Target) { t.Create, t.CloudType = true, "aws" })
		plan, err := client.Plan(t.Context(), r, palette.Goal{Publish: true, OSLayerAlone: true})
		if err != nil {
			t.Fatal(err)
		}
		return client.Apply(t.Context(), plan, palette.Options{})
	}
	report, err := apply("/v1/clusterprofiles")
	wantFailure(t, err, "palette does not tell whether profile")
	sameList(t, "steps", progress(report), []string{"create-profile seen"})
	// The answer that came says whose it is.
	if report, err := apply(""); err != nil || report.State != palette.StatePublished {
		t.Errorf("got %+v, %v", report, err)
	}
}

// The uid that Palette told of what it made is in the report, also when nothing can be
// read back.
func TestMadeProfileThatCannotBeReadBack(t *testing.T) {
	for name, c := range map[string]struct {
		request palette.Request
		goal    palette.Goal
		path    string
	}{
		"created": {request(t, "fresh", newAMI, func(t *palette.Target) { t.Create, t.CloudType = true, "aws" }), palette.Goal{}, "/v1/clusterprofiles"},
		"cloned":  {request(t, "rhel-prod", newAMI), palette.Goal{NewVersion: "1.3.0"}, "/clone"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			var broken atomic.Bool
			client := newClient(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if broken.Load() {
					write(rw, http.StatusForbidden, http.Header{"Content-Type": {"application/json"}}, []byte(`{"code": "Forbidden", "message": "no more"}`))
					return
				}
				w.ServeHTTP(rw, r)
				if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, c.path) {
					broken.Store(true)
				}
			}), canary)
			plan, err := client.Plan(t.Context(), c.request, c.goal)
			if err != nil {
				t.Fatal(err)
			}
			report, err := client.Apply(t.Context(), plan, palette.Options{})
			if err == nil || len(report.Steps) != 1 || !report.Steps[0].Done {
				t.Fatalf("got %+v, %v", report, err)
			}
			state := w.State()
			if last := state.Profiles[len(state.Profiles)-1]; report.ProfileUID != last.UID {
				t.Errorf("got uid %q, want %q", report.ProfileUID, last.UID)
			}
		})
	}
}

// Somebody's draft stops a publish, and not a run that has nothing to publish: ours is
// published, and the draft alone is behind.
func TestDraftThatIsBehindBesideSomebodysEdits(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		p := ours(s)
		p.Draft = append(p.Draft, p.Published...)
		p.Draft[1].Values += "theirs: true\n"
		published := append([]fakepalette.Layer{}, p.Published...)
		published[0].Values = strings.ReplaceAll(published[0].Values, oldAMI, newAMI)
		p.Published = published
	})
	before := w.State()
	r := request(t, "rhel-prod", newAMI)
	diff := w.plan(t, r, palette.Goal{Publish: true, Shows: true}).Difference(palette.SidePublished)
	if diff.Different || strings.Contains(strings.Join(diff.Notes, "\n"), "would not be published") {
		t.Errorf("the diff: %+v", diff)
	}
	report := w.apply(t, r, palette.Goal{Publish: true})
	sameList(t, "steps", progress(report), []string{"update-layer seen"})
	after := w.State()
	if report.State != palette.StateDraft || ours(&after).Published[0].Values != ours(&before).Published[0].Values {
		t.Errorf("got %+v", report)
	}
	if !strings.Contains(ours(&after).Draft[0].Values, newAMI) || ours(&after).Draft[1].Values != ours(&before).Draft[1].Values {
		t.Errorf("got draft %+v", ours(&after).Draft)
	}
}

// A draft that will be what is published is nothing for a new version, also where drafts
// are included.
func TestNewVersionOfADraftThatIsBehind(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		p := ours(s)
		p.Draft = append(p.Draft, p.Published...)
		published := append([]fakepalette.Layer{}, p.Published...)
		published[0].Values = strings.ReplaceAll(published[0].Values, oldAMI, newAMI)
		p.Published = published
	})
	r, goal := request(t, "rhel-prod", newAMI), palette.Goal{NewVersion: "1.3.0", IncludeDraft: true}
	if diff := w.plan(t, r, goal).Difference(palette.SidePublished); diff.Different {
		t.Errorf("the diff: %+v", diff)
	}
	if report := w.apply(t, r, goal); report.State != palette.StateUnchanged || len(w.writes()) > 0 {
		t.Errorf("got %+v", report)
	}
}
