package palette_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

var (
	answerRuns = flag.Int("answers.runs", 300, "how many runs TestAnswersReplaced makes")
	answerSeed = flag.Uint64("answers.seed", 0, "the seed of its first run")
)

// flow is one apply of the generator.
type flow struct {
	name    string
	state   func(*testing.T) fakepalette.State
	request palette.Request
	goal    palette.Goal
	serve   func(*fakepalette.Server)
	// expect is what a diff showed; nil where no plan is given.
	expect *palette.Expectation
}

func randomFlow(t *testing.T, r *rand.Rand) flow {
	names := slices.Sorted(mapKeys(drafts()))
	draft := pick(r, append(names, "none", "none", "ours")...)
	goal := pick(r, palette.Goal{}, palette.Goal{Publish: true}, palette.Goal{Publish: true, IncludeDraft: true}, palette.Goal{NewVersion: "1.3.0"}, palette.Goal{NewVersion: "1.3.0", IncludeDraft: true})
	at := func(version string) func(*palette.Target) {
		return func(t *palette.Target) { t.Version, t.Create, t.CloudType = version, true, "aws" }
	}
	f := flow{goal: goal}
	switch r.IntN(7) {
	case 6:
		f.name, f.request = "edge", edgeRequest(t, "store-2026-01")
		f.request.Target.Version = "1.0.0"
	case 0:
		f.name, f.request = "create", request(t, "fresh", newAMI, at(""))
		f.goal.OSLayerAlone, f.goal.NewVersion = goal.Publish, ""
	case 1:
		f.name, f.request = "add", request(t, "no-os", newAMI, at("1.0.0"))
	case 2:
		f.name, f.request = "replace", request(t, "ubuntu", newAMI, at("1.0.0"), func(t *palette.Target) { t.Replace = true })
	default:
		f.name, f.request = draft, request(t, "rhel-prod", newAMI, at("1.2.0"))
	}
	bits := r.IntN(64)
	f.serve = func(s *fakepalette.Server) {
		s.ClonesPublished, s.FreshManifests, s.Trims, s.DraftAlways = bits&1 != 0, bits&2 != 0, bits&4 != 0, bits&8 != 0
		s.ClonesWithoutDraft = bits&48 == 48
	}
	f.state = func(t *testing.T) fakepalette.State {
		state := baseState(t)
		elsewhere("rhel-prod", "tenant", "project-2")(&state)
		elsewhere("fresh", "tenant")(&state)
		if !slices.Contains([]string{"create", "add", "replace", "edge"}, f.name) {
			drafts()[draft](ours(&state))
		}
		return copied(t, state)
	}
	f.name += fmt.Sprintf(" %+v %b", f.goal, bits)
	return f
}

// copied shares no layer between profiles.
func copied(t *testing.T, state fakepalette.State) fakepalette.State {
	t.Helper()
	data, err := json.Marshal(state)
	var out fakepalette.State
	if err = errors.Join(err, json.Unmarshal(data, &out)); err != nil {
		t.Fatal(err)
	}
	return out
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// Any one answer of any flow may be another: nothing is written but to the target,
// clusters get the old or the new profile, the report tells what was carried out, and
// the next run finishes.
func TestAnswersReplaced(t *testing.T) {
	runs := *answerRuns
	if testing.Short() {
		runs /= 8
	}
	server, ended := newWorld(t).Server, map[int]int{}
	for n := range runs {
		seed := *answerSeed + uint64(n)
		synctest.Test(t, func(t *testing.T) { ended[replacedOnce(t, server, seed)]++ })
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	t.Logf("exit codes: %v", ended)
	if runs > 1 && (ended[failure.ExitOK] < runs/5 || ended[failure.ExitPalette] < runs/5) {
		t.Errorf("the runs ended with %v, which shows too little", ended)
	}
}

func replacedOnce(t *testing.T, server *fakepalette.Server, seed uint64) int {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	f, changes := randomFlow(t, r), []replacement{randomReplacement(r)}
	if r.IntN(3) == 0 {
		changes = append(changes, randomReplacement(r))
	}
	f.serve(server)
	server.Reset(f.state(t))
	before := server.State()
	if r.IntN(3) == 0 {
		f.show(t, server)
	}
	_, cleanErr := f.run(t, server, time.Minute)
	want := server.State()

	server.Reset(f.state(t))
	var chain http.Handler = server
	for _, change := range changes {
		chain = &replacing{fake: server, next: chain, replacement: change, first: map[string][]byte{}, profiles: map[string][]byte{}}
	}
	outcome, err := f.run(t, chain, 100*time.Millisecond)
	synctest.Wait() // a request that its client gave up is carried out by then, or never
	where := fmt.Sprintf("seed %d, %s, %s\nends with %v", seed, f.name, changes, err)
	noCanary(t, where)
	state := server.State()
	checkTargetAlone(t, where, f, before, state)
	checkCarried(t, where, outcome.Report, server.Calls())
	f.checkPublished(t, server, before, want, state)
	if code := failure.Code(err); code != failure.ExitOK && code != failure.ExitPalette {
		t.Errorf("exit code %d: %s", code, where)
	}
	f.checkEnd(t, where, err, cleanErr, want, state)
	_, next := f.run(t, server, time.Minute)
	if cleanErr == nil && next != nil {
		t.Errorf("the next run ends with %v: %s", next, where)
	}
	if now := server.State(); cleanErr == nil && next == nil && !cmp.Equal(content(want), content(now), anyUID) {
		t.Errorf("after the next run: %s\n%s", where, cmp.Diff(content(want), content(now), anyUID))
	}
	if t.Failed() {
		t.Log(where)
		data, _ := json.MarshalIndent(outcome.Report, "", " ")
		t.Logf("%s", data)
	}
	return failure.Code(err)
}

// checkPublished compares what clusters get with what they had, and with what they
// get without a replacement.
func (f flow) checkPublished(t *testing.T, server *fakepalette.Server, before, want, state fakepalette.State) {
	t.Helper()
	old, published := content(before), content(want)
	if !f.goal.Publish && f.goal.NewVersion == "" {
		published = old
	}
	if base := baseOf(before, f); base != nil && f.goal.NewVersion != "" && server.ClonesPublished {
		// A clone that is published as it is made.
		old["project-1/"+f.request.Target.Profile+"/"+f.goal.NewVersion] = [2][]fakepalette.Layer{cloneOf(server, base), nil}
	}
	checkPublished(t, content(state), old, published)
}

// checkEnd compares how a run ended with how one without a replacement does.
func (f flow) checkEnd(t *testing.T, where string, err, cleanErr error, want, state fakepalette.State) {
	t.Helper()
	if err == nil && cleanErr == nil && !cmp.Equal(content(want), content(state), anyUID) {
		t.Errorf("it ended well, and otherwise than without the replacement: %s\n%s", where, cmp.Diff(content(want), content(state), anyUID))
	}
	if err == nil && cleanErr != nil && f.expect == nil {
		t.Errorf("it ended well, and without the replacement with %v: %s", cleanErr, where)
	}
}

func baseOf(state fakepalette.State, f flow) *fakepalette.Profile {
	for _, p := range state.Profiles {
		if p.Name == f.request.Target.Profile && p.ProjectUID == "project-1" {
			return p
		}
	}
	return nil
}

func cloneOf(server *fakepalette.Server, base *fakepalette.Profile) []fakepalette.Layer {
	if server.ClonesWithoutDraft && base.Published != nil {
		return base.Published
	}
	return working(base)
}

func (f flow) run(t *testing.T, handler http.Handler, patience time.Duration) (palette.Outcome, error) {
	t.Helper()
	client := newClient(t, handler, canary, func(c *palette.Config) { c.Retries, c.RequestTimeout = 2, patience })
	planned := client.PlanAll(t.Context(), []palette.Request{f.request}, f.goal, 1)
	options := palette.Options{Expect: f.expect}
	outcomes := client.ApplyAll(t.Context(), planned, 1, func(palette.Target) (palette.Options, error) { return options, nil })
	return outcomes[0], palette.Errors(outcomes)
}

// show has a diff make the plan that is applied.
func (f *flow) show(t *testing.T, server *fakepalette.Server) {
	t.Helper()
	goal, side := f.goal, palette.SideDraft
	goal.Shows = true
	if goal.Publish || goal.NewVersion != "" {
		side = palette.SidePublished
	}
	plan, err := newClient(t, server, canary).Plan(t.Context(), f.request, goal)
	if err != nil {
		return
	}
	expect := plan.Difference(side).Expect
	f.expect = &expect
	f.name += " with a plan"
}

func checkTargetAlone(t *testing.T, where string, f flow, before, after fakepalette.State) {
	t.Helper()
	target := f.request.Target
	foreign := func(p *fakepalette.Profile) bool {
		mine := p.Name == target.Profile && p.ProjectUID == "project-1"
		base := mine && f.goal.NewVersion != "" && p.Version != f.goal.NewVersion
		return !mine || base
	}
	if diff := cmp.Diff(of(before, foreign), of(after, foreign)); diff != "" {
		t.Errorf("something else than the target was changed: %s\n%s", where, diff)
	}
}

// checkCarried compares the journal of a report with the fake's own.
func checkCarried(t *testing.T, where string, report *palette.Report, calls []fakepalette.Call) {
	t.Helper()
	var carried []string
	for _, call := range calls {
		if call.Writes() && call.Done {
			carried = append(carried, actionOf(call))
		}
	}
	for _, step := range report.Steps {
		at := slices.Index(carried, string(step.Action))
		switch {
		case at >= 0 && step.Progress == palette.ProgressRefused:
			t.Errorf("%s was carried out, and is told as refused: %s", step.Action, where)
		case at >= 0:
			carried = slices.Delete(carried, at, at+1)
		case step.Progress == palette.ProgressSeen:
			t.Errorf("%s was not carried out, and is told as seen: %s", step.Action, where)
		}
	}
	if len(carried) > 0 {
		t.Errorf("%q were carried out, and are not in the report: %s", carried, where)
	}
	if report.State == palette.StatePublished && !slices.ContainsFunc(report.Steps, func(s palette.Step) bool { return s.Action == palette.ActionPublish && s.Done }) {
		t.Errorf("published is said without a publish: %s", where)
	}
}

func actionOf(call fakepalette.Call) string {
	switch parts := strings.Split(strings.TrimPrefix(call.Path, "/v1/clusterprofiles"), "/"); {
	case call.Path == "/v1/clusterprofiles":
		return string(palette.ActionCreate)
	case strings.HasSuffix(call.Path, "/clone"):
		return string(palette.ActionClone)
	case strings.HasSuffix(call.Path, "/publish"):
		return string(palette.ActionPublish)
	case call.Method == http.MethodPost:
		return string(palette.ActionAdd)
	case len(parts) == 2:
		return string(palette.ActionReplace)
	}
	return string(palette.ActionUpdate)
}
