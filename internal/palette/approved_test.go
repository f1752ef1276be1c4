package palette_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
	"github.com/kubectl-byoos/kubectl-byoos/test/legal"
)

// A plan that shows a new version, which no cluster uses, is none for the version that
// clusters use, nor for another new one.
func TestPlanOfANewVersionIsOfThatOne(t *testing.T) {
	for name, goal := range map[string]palette.Goal{"in place": {Publish: true}, "draft": {}, "another": {NewVersion: "1.4.0"}, "that one": {NewVersion: "1.3.0"}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			target := request(t, "rhel-prod", newAMI, atVersion("1.2.0"))
			shown := w.plan(t, target, palette.Goal{NewVersion: "1.3.0", Shows: true}).Difference(palette.SidePublished).Expect
			_, err := w.client.Apply(t.Context(), w.plan(t, target, goal), palette.Options{Expect: &shown})
			if goal.NewVersion == "1.3.0" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantFailure(t, err, "the diff was of the new version 1.3.0")
			sameList(t, "writes", w.writes(), nil)
		})
	}
}

// pendingType answers that a draft is of another type.
func pendingType(t *testing.T, w *world) *palette.Client {
	t.Helper()
	return newClient(t, &legal.Varied{Next: w.Server, Match: func(r *http.Request) bool { return w.Operation(r) == "v1ClusterProfilesGet" },
		Variation: legal.Variation{Name: "type", Apply: func(answer []byte) ([]byte, error) {
			var body map[string]any
			if err := json.Unmarshal(answer, &body); err != nil {
				return nil, err
			}
			if draft, ok := body["spec"].(map[string]any)["draft"].(map[string]any); ok {
				draft["type"] = "infra"
			}
			return json.Marshal(body)
		}}}, canary)
}

// What a draft changes of the profile itself is published with --include-draft, as it
// is shown, and by no plan that does not show it.
func TestPendingTypeAloneIsPublishedAsShown(t *testing.T) {
	all := palette.Goal{Publish: true, IncludeDraft: true}
	for name, ami := range map[string]string{"values too": newAMI, "alone": oldAMI} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(s *fakepalette.State) { ours(s).Draft = slices.Clone(ours(s).Published) })
			client := pendingType(t, w)
			plan := func(goal palette.Goal) *palette.Plan {
				p, err := client.Plan(t.Context(), request(t, "rhel-prod", ami), goal)
				if err != nil {
					t.Fatal(err)
				}
				return p
			}
			for _, side := range []palette.Side{palette.SideDraft, palette.SidePublished} {
				shown := plan(palette.Goal{Publish: side == palette.SidePublished, Shows: true}).Difference(side)
				_, err := client.Apply(t.Context(), plan(all), palette.Options{Expect: &shown.Expect})
				wantFailure(t, err, "does not show all that would be published")
				sameList(t, "writes", w.writes(), nil)
			}
			shows := all
			shows.Shows = true
			shown := plan(shows).Difference(palette.SidePublished)
			if !shown.Different || !strings.Contains(shown.Diff, "infra") {
				t.Errorf("it is not shown:\n%s", shown.Diff)
			}
			report, err := client.Apply(t.Context(), plan(all), palette.Options{Expect: &shown.Expect})
			if err != nil || report.State != palette.StatePublished {
				t.Errorf("got %+v, %v", report, err)
			}
		})
	}
}

// A layer that comes back is that of the published one: a macro of the users in it
// is not replaced silently either.
func TestMacroOfALostLayer(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		p := ours(s)
		p.Published[0].Values = strings.Replace(genericValues, oldAMI, "{{.spectro.var.ami}}", 1)
		p.Draft = slices.Clone(p.Published[1:])
	})
	_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Create = true }), palette.Goal{})
	wantFailure(t, err, "where the rendered value would go")
}

// A clone that Palette published as it made it, without the layer, gets it back with
// its keys in the next run too.
func TestPublishedCloneThatLostTheLayer(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		p := ours(s)
		p.Draft = slices.Clone(p.Published[1:])
		next := *p
		next.UID, next.Version, next.Published, next.Draft, next.Clusters = "profile-next", "1.3.0", p.Draft, nil, nil
		s.Profiles = append(s.Profiles, &next)
	})
	w.apply(t, request(t, "rhel-prod", newAMI, atVersion("1.2.0"), func(t *palette.Target) { t.Create = true }), palette.Goal{NewVersion: "1.3.0", IncludeDraft: true})
	state := w.State()
	if got := state.Profile("rhel-prod", "1.3.0").Layer("generic-byoi", false); got == nil || got.Values != wantGeneric() {
		t.Errorf("got %+v", got)
	}
}

// What is told beforehand is what is done.
func TestActionsAreThoseOfTheReport(t *testing.T) {
	w := newWorld(t)
	drafts := drafts()
	drafts["published as wanted, and an older one"] = func(p *fakepalette.Profile) {
		p.Draft = slices.Clone(p.Published)
		p.Published = slices.Clone(p.Published)
		p.Published[0].Values = wantGeneric()
	}
	for draft, adjust := range drafts {
		for name, goal := range map[string]palette.Goal{
			"draft": {}, "publish": {Publish: true}, "publish all": {Publish: true, IncludeDraft: true},
			"version": {NewVersion: "1.3.0"}, "version of all": {NewVersion: "1.3.0", IncludeDraft: true},
		} {
			t.Run(draft+"/"+name, func(t *testing.T) {
				state := baseState(t)
				adjust(ours(&state))
				w.Reset(state)
				plan, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI, atVersion("1.2.0"), func(t *palette.Target) { t.Create = true }), goal)
				if err != nil {
					return
				}
				var predicted []string
				for _, action := range plan.Actions() {
					predicted = append(predicted, string(action)+" seen")
				}
				report, err := w.client.Apply(t.Context(), plan, palette.Options{})
				if err != nil {
					t.Fatal(err)
				}
				sameList(t, "steps", progress(report), predicted)
			})
		}
	}
}

// An interruption while a run waits for Palette is one, whatever it waits for.
func TestInterruptionOfAWait(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(w *world, writes *atomic.Int32, rw http.ResponseWriter, r *http.Request) bool
		want   []string
	}{
		"a write that is put off": {func(_ *world, _ *atomic.Int32, rw http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPut {
				return false
			}
			rw.Header().Set("Retry-After", "30")
			write(rw, http.StatusTooManyRequests, http.Header{"Content-Type": {"application/json"}}, []byte(`{"code": "Slow", "message": "slow down"}`))
			return true
		}, []string{"update-layer refused"}},
		"a reading that lags behind": {func(w *world, reads *atomic.Int32, rw http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPut {
				reads.Store(1)
			}
			if reads.Load() == 0 || w.Operation(r) != "v1ClusterProfilesGet" || reads.Add(1) != 3 {
				return false
			}
			state := w.State()
			w.Change(func(s *fakepalette.State) { ours(s).Draft = nil })
			w.ServeHTTP(rw, r)
			w.Change(func(s *fakepalette.State) { ours(s).Draft = ours(&state).Draft })
			return true
		}, []string{"update-layer seen"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			synctest.Test(t, func(t *testing.T) {
				var writes atomic.Int32
				client := newClient(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					if !c.answer(w, &writes, rw, r) {
						w.ServeHTTP(rw, r)
					}
				}), canary, func(c *palette.Config) { c.RetryWait = time.Minute })
				plan, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				go func() {
					synctest.Wait() // the run waits then
					cancel()
				}()
				report, err := client.Apply(ctx, plan, palette.Options{})
				if failure.Code(err) != failure.ExitInterrupted {
					t.Errorf("got code %d: %v", failure.Code(err), err)
				}
				sameList(t, "steps", progress(report), c.want)
				if report.State != palette.StateFailed || strings.Contains(fmt.Sprint(err), "not known") {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}
