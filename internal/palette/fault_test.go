package palette_test

import (
	stdcmp "cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// scenario is one way to apply.
type scenario struct {
	name    string
	request palette.Request
	goal    palette.Goal
}

func scenarios(t *testing.T) []scenario {
	at := func(version string) func(*palette.Target) {
		return func(t *palette.Target) { t.Version = version }
	}
	create := func(t *palette.Target) { t.Create, t.CloudType = true, "aws" }
	return []scenario{
		{"draft", request(t, "rhel-prod", newAMI, at("1.2.0")), palette.Goal{}},
		{"publish", request(t, "rhel-prod", newAMI, at("1.2.0")), palette.Goal{Publish: true}},
		{"new version", request(t, "rhel-prod", newAMI, at("1.2.0")), palette.Goal{NewVersion: "1.3.0"}},
		{"create", request(t, "fresh", newAMI, create), palette.Goal{Publish: true, OSLayerAlone: true}},
		{"add layer", request(t, "no-os", newAMI, create), palette.Goal{Publish: true}},
	}
}

func (s scenario) run(t *testing.T, w *world) error {
	outcomes := w.applyAll(t.Context(), s.goal, 1, s.request)
	return palette.Errors(outcomes)
}

var anyUID = cmp.Options{cmpopts.IgnoreFields(fakepalette.Manifest{}, "UID"), cmpopts.EquateEmpty()}

// content is what of a state must not depend on how a run went.
func content(state fakepalette.State) map[string][2][]fakepalette.Layer {
	out := map[string][2][]fakepalette.Layer{}
	for _, p := range state.Profiles {
		draft := p.Draft
		if cmp.Equal(draft, p.Published, anyUID) {
			// The late one of two writes may leave a draft that changes nothing.
			draft = nil
		}
		out[p.ProjectUID+"/"+p.Name+"/"+p.Version] = [2][]fakepalette.Layer{p.Published, draft}
	}
	return out
}

// checkPublished is the invariant: what clusters get is the old or the new
// profile, whole.
func checkPublished(t *testing.T, now, before, after map[string][2][]fakepalette.Layer) {
	t.Helper()
	for name, layers := range now {
		published := layers[0]
		if !cmp.Equal(published, before[name][0], anyUID) && !cmp.Equal(published, after[name][0], anyUID) {
			t.Errorf("published %s is neither the old nor the new one:\n%+v", name, published)
		}
	}
}

// A fault at each request in turn, of every kind.
func TestFaultAtEachRequest(t *testing.T) {
	faults := []fakepalette.Fault{
		fakepalette.CutBefore, fakepalette.CutAfter, fakepalette.CutBody, fakepalette.TooMany, fakepalette.ServerError,
		fakepalette.ErrorAfter, fakepalette.Expired, fakepalette.Conflict, fakepalette.NotJSON,
	}
	for _, s := range scenarios(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			before, after, requests := cleanRun(t, w, s)
			for _, fault := range faults {
				for n := 1; n <= requests; n++ {
					for _, times := range repeats(fault) {
						t.Run(fmt.Sprintf("%s/%d/%d", fault, n, times), func(t *testing.T) {
							w.Reset(baseState(t))
							for i := range times {
								w.Fail(n+i, fault)
							}
							err := s.run(t, w)
							noCanary(t, fmt.Sprint(err))
							s.checkNext(t, w, before, after)
						})
					}
				}
			}
		})
	}
}

// checkNext applies once more, after a run that was disturbed: clusters got the old or
// the new profile, and the next apply finishes.
func (s scenario) checkNext(t *testing.T, w *world, before, after map[string][2][]fakepalette.Layer) {
	t.Helper()
	checkPublished(t, content(w.State()), before, after)
	w.Heal()
	if err := s.run(t, w); err != nil {
		t.Fatalf("the next apply does not finish: %v", err)
	}
	if diff := cmp.Diff(after, content(w.State()), anyUID); diff != "" {
		t.Errorf("after the next apply (-want +got):\n%s", diff)
	}
}

// A signal before each request in turn.
func TestInterruptionAtEachRequest(t *testing.T) {
	w := newWorld(t)
	for _, s := range scenarios(t) {
		before, after, requests := cleanRun(t, w, s)
		for n := 1; n <= requests; n++ {
			t.Run(fmt.Sprintf("%s/%d", s.name, n), func(t *testing.T) {
				w.Reset(baseState(t))
				ctx, cancel := context.WithCancel(t.Context())
				w.Pause(func(i int, _ fakepalette.Call) {
					if i == n {
						cancel()
					}
				})
				outcomes := w.applyAll(ctx, s.goal, 1, s.request)
				if err := palette.Errors(outcomes); failure.Code(err) != failure.ExitInterrupted {
					t.Errorf("got %v", err)
				}
				// The request that was cut off is still carried out; here it is not to be
				// taken for somebody else's change by the next apply.
				w.Settle()
				w.Pause(nil)
				s.checkNext(t, w, before, after)
			})
		}
	}
}

// repeats is how often a fault comes: once, which a read gets over, and for those
// that a read is tried again after, each time.
func repeats(fault fakepalette.Fault) []int {
	if fault == fakepalette.CutBefore || fault == fakepalette.ServerError {
		return []int{1, 10}
	}
	return []int{1}
}

// cleanRun applies without faults, and counts the requests.
func cleanRun(t *testing.T, w *world, s scenario) (before, after map[string][2][]fakepalette.Layer, requests int) {
	t.Helper()
	w.Reset(baseState(t))
	before = content(w.State())
	if err := s.run(t, w); err != nil {
		t.Fatal(err)
	}
	return before, content(w.State()), w.Count()
}

// Somebody edits another layer, or ours, before each request in turn. It is
// never lost and never published by us, but for the one request that the API
// gives no means to guard: the write itself.
func TestChangeBetweenReadAndWrite(t *testing.T) {
	w := newWorld(t)
	for _, s := range scenarios(t) {
		_, _, requests := cleanRun(t, w, s)
		for _, version := range s.versions() {
			for _, layer := range []string{"kubernetes", "generic-byoi"} {
				edits := 0
				for n := 1; n <= requests; n++ {
					t.Run(fmt.Sprintf("%s/%s/%s/%d", s.name, version, layer, n), func(t *testing.T) {
						if changeBefore(t, w, s, version, layer, n) {
							edits++
						}
					})
				}
				if edits == 0 {
					t.Errorf("%s: nothing edited %s of version %s", s.name, layer, version)
				}
			}
		}
	}
}

// versions are those of the scenario's profile that somebody else may edit.
func (s scenario) versions() []string {
	if s.goal.NewVersion != "" {
		return []string{s.request.Target.Version, s.goal.NewVersion}
	}
	return []string{stdcmp.Or(s.request.Target.Version, "1.0.0")}
}

// changeBefore runs a scenario in which a layer is edited before request n, and
// tells whether there was a profile to edit.
func changeBefore(t *testing.T, w *world, s scenario, version, layer string, n int) bool {
	t.Helper()
	profile := s.request.Target.Profile
	w.Reset(baseState(t))
	edited, added := false, false
	var at fakepalette.Call
	w.Before(func(i int, call fakepalette.Call, state *fakepalette.State) {
		if i != n {
			return
		}
		if p := state.Profile(profile, version); p != nil {
			at, edited = call, true
			added = !editLayer(p, layer)
		}
	})
	err := s.run(t, w)
	if !edited {
		return false
	}
	state := w.State()
	unguarded := at.Writes()
	if p := state.Profile(profile, version); !unguarded && !marked(p, layer, true) {
		t.Errorf("the edit before %s %s is lost", at.Method, at.Path)
	}
	for _, v := range s.versions() {
		// Our layer in the draft alone counts as ours, as an interrupted run leaves it.
		ours := added && layer == "generic-byoi"
		if p := state.Profile(profile, v); !unguarded && !ours && p != nil && marked(p, layer, false) {
			t.Errorf("the edit before %s %s was published in version %s", at.Method, at.Path, v)
		}
	}
	if err != nil && strings.Contains(err.Error(), "in between") && strings.Count(err.Error(), "sha256:") != 2 {
		t.Errorf("the error does not name both versions: %v", err)
	}
	// An edit before the plan is part of it; later ones stop the run. That of a
	// version that is cloned already does not matter to the clone.
	cloned := s.goal.NewVersion != "" && version != s.goal.NewVersion && at.Method == http.MethodPut
	if err == nil && layer == "kubernetes" && n > 4 && at.Writes() && at.Method != http.MethodPatch && !cloned {
		t.Error("an edit during the write went unnoticed")
	}
	return true
}

const mark = "# edited by somebody else\n"

// editLayer changes a layer in the draft, or adds it there and returns false.
func editLayer(p *fakepalette.Profile, name string) bool {
	if p.Draft == nil {
		p.Draft = slices.Clone(p.Published)
	}
	if l := p.Layer(name, true); l != nil {
		l.Values += mark
		return true
	}
	added := fakepalette.Layer{Name: "kubernetes", Layer: "k8s", Type: "spectro", Tag: "1.30.4", Version: "1.30.4", PackUID: "pack-k8s", RegistryUID: "reg-public"}
	if name == "generic-byoi" {
		added = fakepalette.Layer{Name: name, Layer: "os", Type: "spectro", Tag: "1.0.0", Version: "1.0.0", PackUID: "byoi-100", RegistryUID: "reg-public"}
	}
	added.Values = genericValues + mark
	p.Draft = append(p.Draft, added)
	return false
}

func marked(p *fakepalette.Profile, layer string, draft bool) bool {
	l := p.Layer(layer, draft)
	return l != nil && strings.Contains(l.Values, mark)
}

// A whole second apply runs before each request of the first.
func TestTwoAppliesInterleaved(t *testing.T) {
	w := newWorld(t)
	goal := palette.Goal{Publish: true}
	other := scenario{"other", request(t, "rhel-prod", "ami-0cccccccccccccccc"), goal}
	first := scenario{"first", request(t, "rhel-prod", newAMI), goal}
	before, afterFirst, requests := cleanRun(t, w, first)
	_, afterOther, _ := cleanRun(t, w, other)
	for n := 1; n <= requests; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			w.Reset(baseState(t))
			var busy atomic.Bool // requests come several at a time
			w.Pause(func(i int, _ fakepalette.Call) {
				if i != n || !busy.CompareAndSwap(false, true) {
					return
				}
				if err := other.run(t, w); err != nil {
					t.Errorf("the apply that was not disturbed: %v", err)
				}
			})
			firstErr := first.run(t, w)
			published := content(w.State())["project-1/rhel-prod/1.2.0"][0]
			for _, good := range []map[string][2][]fakepalette.Layer{before, afterFirst, afterOther} {
				if cmp.Equal(published, good["project-1/rhel-prod/1.2.0"][0], anyUID) {
					published = nil
				}
			}
			if published != nil {
				t.Errorf("published is none of the three: %+v", published)
			}
			w.Pause(nil)
			if err := first.run(t, w); err != nil {
				t.Errorf("the next apply after %v: %v", firstErr, err)
			}
			if diff := cmp.Diff(afterFirst, content(w.State()), anyUID); diff != "" {
				t.Errorf("after the next apply (-want +got):\n%s", diff)
			}
		})
	}
}

// Applies that really run at once.
func TestTwoAppliesAtOnce(t *testing.T) {
	w := newWorld(t)
	for _, s := range scenarios(t) {
		before, after, _ := cleanRun(t, w, s)
		for range 5 {
			w.Reset(baseState(t))
			var both sync.WaitGroup
			for range 2 {
				both.Go(func() { _ = s.run(t, w) })
			}
			both.Wait()
			checkPublished(t, content(w.State()), before, after)
			if err := s.run(t, w); err != nil {
				t.Fatalf("%s: the next apply does not finish: %v", s.name, err)
			}
			if diff := cmp.Diff(after, content(w.State()), anyUID); diff != "" {
				t.Errorf("%s: after the next apply (-want +got):\n%s", s.name, diff)
			}
		}
	}
}

func noCanary(t *testing.T, text string) {
	t.Helper()
	if strings.Contains(text, canary) {
		t.Errorf("the API key is in %q", text)
	}
}
