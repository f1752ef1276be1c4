package palette_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// afterWrite has somebody change the state once, before the first read after a write.
func afterWrite(w *world, change func(*fakepalette.State)) {
	wrote, done := false, false
	w.Before(func(_ int, call fakepalette.Call, s *fakepalette.State) {
		if wrote && !done && !call.Writes() {
			done = true
			change(s)
		}
		wrote = wrote || call.Writes() && call.Method == http.MethodPut
	})
}

// What is read back is held to what was written: all that somebody else did meanwhile is
// told by its name, at the first reading, and nothing further is sent.
func TestWhatIsReadBack(t *testing.T) {
	taken := "palette took the request to change the OS layer"
	for name, c := range map[string]struct {
		change  func(*fakepalette.State)
		details []string
	}{
		"the profile is gone": {func(s *fakepalette.State) {
			s.Profiles = slices.DeleteFunc(s.Profiles, func(p *fakepalette.Profile) bool { return p.UID == "profile-rhel" })
		}, []string{taken}},
		"a layer is published": {func(s *fakepalette.State) { ours(s).Published[1].Values += mark }, []string{"published kubernetes is not as it was left", taken}},
		"another layer":        {func(s *fakepalette.State) { ours(s).Draft[1].Values += mark }, []string{"kubernetes is not as it was left", taken}},
		"our layer, of another pack": {func(s *fakepalette.State) {
			ours(s).Draft[0].Tag, ours(s).Draft[0].Version, ours(s).Draft[0].PackUID = "0.9.9", "0.9.9", "byoi-099"
		}, []string{"generic-byoi is not as it was left", taken}},
		"our pack a second time": {func(s *fakepalette.State) {
			again := ours(s).Draft[0]
			again.Name = "again--" + again.Name
			ours(s).Draft = append(ours(s).Draft, again)
		}, []string{"again--generic-byoi is not as it was left", taken}},
		"our layer, of another image": {func(s *fakepalette.State) {
			ours(s).Draft[0].Values = strings.Replace(ours(s).Draft[0].Values, newAMI, "ami-0cccccccccccccccc", 1)
		}, []string{"generic-byoi is not as it was left", taken}},
		"our layer is gone": {func(s *fakepalette.State) { ours(s).Draft = ours(s).Draft[1:] }, []string{"generic-byoi is not as it was left", taken}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			afterWrite(w, c.change)
			report, err := w.client.Apply(t.Context(), w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true}), palette.Options{})
			e := wantFailure(t, err, "was changed by somebody else in between")
			sameList(t, "details", e.Details, c.details)
			sameList(t, "writes", w.writes(), []string{putGeneric})
			sameList(t, "steps", progress(report), []string{"update-layer taken"})
			calls := w.Calls()
			after := calls[slices.IndexFunc(calls, func(c fakepalette.Call) bool { return c.Method == http.MethodPut }):]
			if lists := slices.DeleteFunc(after, func(c fakepalette.Call) bool { return !strings.HasSuffix(c.Path, "/clusterprofiles/metadata") }); len(lists) != 1 {
				t.Errorf("read %d times", len(lists))
			}
		})
	}
}

// A change that comes before the first write is told at once; of a version that is cloned,
// by what was cloned.
func TestChangeBeforeTheFirstWrite(t *testing.T) {
	for name, goal := range map[string]palette.Goal{"draft": {}, "new version": {NewVersion: "1.3.0"}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			client := newClient(t, w.Server, canary, func(c *palette.Config) { c.RetryWait = time.Minute })
			plan := planWith(t, client, request(t, "rhel-prod", newAMI, atVersion("1.2.0")), goal)
			w.Change(func(s *fakepalette.State) {
				editLayer(ours(s), "kubernetes")
				ours(s).LastModified = time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
			})
			start := time.Now()
			_, err := client.Apply(t.Context(), plan, palette.Options{})
			e := wantFailure(t, err, "(modified 2026-01-01T00:00:00Z) was read first, version ")
			if !strings.HasSuffix(err.Error(), "(modified 2026-02-01T00:00:00Z) is there now") || time.Since(start) != 0 {
				t.Errorf("%s: after %s: %v", name, time.Since(start), err)
			}
			sameList(t, name, e.Details, []string{"layer kubernetes is another than was read"})
			sameList(t, "writes", w.writes(), nil)
		})
	}
}

// A new version that somebody else makes before ours was not there when it was read.
func TestNewVersionThatSomebodyElseMakes(t *testing.T) {
	w := newWorld(t)
	plan := w.plan(t, request(t, "rhel-prod", newAMI, atVersion("1.2.0")), palette.Goal{NewVersion: "1.3.0"})
	w.Change(withVersion(func(p *fakepalette.Profile) { p.LastModified = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) }))
	_, err := w.client.Apply(t.Context(), plan, palette.Options{})
	wantFailure(t, err, "(modified at an unknown time) was read first, version ")
	if !strings.HasSuffix(err.Error(), "(modified 2026-03-01T00:00:00Z) is there now") {
		t.Errorf("got %v", err)
	}
	sameList(t, "writes", w.writes(), nil)
}

// brokenAfter answers as Palette does until a write; then it refuses all that is read.
func brokenAfter(t *testing.T, w *world, lost bool) (client *palette.Client, reads *int) {
	t.Helper()
	broken, count := false, 0
	return newClient(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if broken {
			count++
			write(rw, http.StatusForbidden, http.Header{"Content-Type": {"application/json"}}, []byte(`{"code": "Forbidden", "message": "no more"}`))
			return
		}
		if r.Method != http.MethodPut {
			w.ServeHTTP(rw, r)
			return
		}
		broken = true
		w.ServeHTTP(httptest.NewRecorder(), r)
		if lost {
			panic(http.ErrAbortHandler)
		}
		rw.WriteHeader(http.StatusNoContent)
	}), canary), &count
}

// Where nothing can be read after a write, it is said whether Palette took that, and why
// nothing was read; it is not asked for again and again.
func TestNothingIsReadAfterAWrite(t *testing.T) {
	const of = `change the OS layer of profile "rhel-prod" 1.2.0 of project "Default"`
	for lost, want := range map[bool][3]string{
		false: {"palette took the request to " + of + ", but it cannot be read back: ", "palette answered 403", "ask for a role"},
		true:  {"it is not known whether palette carried out the request to " + of + ": ", "EOF", "check the host, the network"},
	} {
		client, reads := brokenAfter(t, newWorld(t), lost)
		_, err := client.Apply(t.Context(), planWith(t, client, request(t, "rhel-prod", newAMI), palette.Goal{}), palette.Options{})
		e := wantFailure(t, err, want[1])
		if !strings.HasPrefix(err.Error(), want[0]) || !strings.HasPrefix(e.Next, want[2]) || *reads != 1 {
			t.Errorf("lost %t, %d reads: %v; %s", lost, *reads, err, e.Next)
		}
	}
}

// An interruption while a replica lags behind the first write ends the wait, and nothing
// more is sent.
func TestInterruptionWhileAReplicaLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var old *httptest.ResponseRecorder
		var mu sync.Mutex // several are asked at a time
		wrote, reads := false, 0
		client := newClient(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			w.ServeHTTP(rec, r)
			mu.Lock()
			defer mu.Unlock()
			wrote = wrote || r.Method == http.MethodPut
			if w.Operation(r) == "v1ClusterProfilesGet" {
				if old == nil {
					old = rec
				}
				if wrote {
					reads++
				}
				if reads > 1 {
					rec = old // the first read shows the write, all others lag
				}
			}
			write(rw, rec.Code, rec.Header(), rec.Body.Bytes())
		}), canary, func(c *palette.Config) { c.RetryWait = time.Minute })
		plan := planWith(t, client, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(30*time.Second, cancel)
		_, err := client.Apply(ctx, plan, palette.Options{})
		if failure.Code(err) != failure.ExitInterrupted || !strings.Contains(err.Error(), `interrupted: cannot read profile "rhel-prod" 1.2.0 of project "Default" again before the next request`) {
			t.Errorf("got %v", err)
		}
		sameList(t, "writes", w.writes(), []string{putGeneric})
	})
}

// A clone that is none of ours is told by what differs from its origin, which is all that
// was read of it.
func TestDetailsOfACloneThatIsNoCopy(t *testing.T) {
	w := newWorld(t)
	afterClone(w, func(_, clone *fakepalette.Profile) { clone.Draft[1].Values += mark })
	_, err := w.client.Apply(t.Context(), w.plan(t, request(t, "rhel-prod", newAMI, atVersion("1.2.0")), palette.Goal{NewVersion: "1.3.0"}), palette.Options{})
	sameList(t, "details", wantFailure(t, err, "in between").Details, []string{"palette took the request to make the new version"})
}
