package selection_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// world is what a selection is made of.
type world struct {
	statements []image.Image
	sources    []string
	sel        spec.Select
	template   *selection.Template
	compiler   *selection.Compiler
}

// randomWorld is one of clouds, or of tags of CanvOS in registries.
func randomWorld(random *rand.Rand) world {
	if random.IntN(2) == 0 {
		return world{statements: randomStatements(random), sources: randomSources(random), sel: randomSelect(random)}
	}
	w := world{sources: randomSources(random), sel: spec.Select{
		Architecture: one(random, "", "amd64"), OS: spec.OS{Name: one(random, "", "", "ubuntu")}, Pick: one(random, spec.PickNewest, spec.PickNewest, spec.PickExactlyOne),
		KubernetesVersion: one(random, "", "", "~1.30"), CustomTag: one(random, "", "", "demo"), K8sDistribution: one(random, "", "k3s"),
		Where: one(random, "", "", `image.tags.team == "edge"`, `image.attributes.peVersion != "v4.7.0"`),
	}}
	for range random.IntN(10) {
		tag := one(random, "k3s", "k3s", "k3s", "rke2") + "-" + one(random, "1.30.4", "1.30.5", "1.31.0") + "-" + one(random, "v4.6.0", "v4.7.0", "v4.7.0", "v4.8.0-rc.1") +
			one(random, "", "", "-demo", "-demo_linux_amd64")
		img := edge(tag, at(one(random, "r/e", "r/e", "r/m")), from(one(random, "a", "b", "c")), holds(one(random, "d1", "d2")))
		img.Architecture, img.OS.Name = one(random, "amd64", "amd64", "arm64"), one(random, "ubuntu", "ubuntu", "opensuse-leap", "")
		img.Tags = one(random, nil, map[string]string{"team": "edge"})
		switch random.IntN(6) {
		case 0, 1:
			onlyNamed(&img)
		case 2:
			img.State, img.StateReason = one(random, image.Gone, image.Unusable, image.StateUnset), one(random, "", "a chart")
		case 3:
			img.Withheld, img.Evidence = "by its source", one(random, image.Asked, image.Recorded)
		}
		w.statements = append(w.statements, img)
	}
	if random.IntN(2) == 0 {
		w.template = ptr(setting(spec.Values{PEVersion: one(random, "", "", "v4.7.0"), Repo: one(random, "", "", "m", "x")},
			one(random, nil, nil, []string{"1.30.5"}, []string{"1.30.4", "v1.30.5"})...))
	}
	return w
}

func (w world) rule(t *testing.T) *selection.Rule {
	t.Helper()
	rule, err := w.compiler.Compile(w.sel)
	if err != nil {
		t.Fatal(err)
	}
	if rule = rule.Rendering(renderID); w.template != nil {
		rule = rule.Templated(*w.template)
	}
	return rule
}

func (w world) pool() *selection.Pool {
	return selection.PrepareFrom(w.statements, w.sources, func(listed *image.Image) bool { return listed.Source != "c" })
}

// told is all that an outcome tells.
func told(t *testing.T, outcome selection.Outcome) string {
	t.Helper()
	bytes, err := json.Marshal(outcome)
	if err != nil {
		t.Fatal(err)
	}
	text := string(bytes) + "\n"
	_, err = outcome.Resolve("p")
	if failed := (*failure.Error)(nil); errors.As(err, &failed) {
		text += fmt.Sprintf("%+v\n", *failed)
	}
	for _, unread := range outcome.Unread() {
		text += fmt.Sprintf("unread %s, listed by %d, beside %s\n", unread.ID, len(unread.Listed), ids(unread.Beside))
	}
	return text
}

// verdictOf is what an outcome means for a pack.
func verdictOf(outcome selection.Outcome) string {
	text := fmt.Sprintf("%s %s [%s] %s", outcome.Verdict, outcome.DecidedBy, ids(outcome.Ranked), outcome.Why)
	if outcome.Pick != nil {
		text += fmt.Sprintf("%+v", *outcome.Pick)
	}
	return text + ids(outcome.Alternatives) + ids(outcome.Tie)
}

// whole names one image in one region.
func whole(img *image.Image) string {
	return fmt.Sprint(img.Place(), img.Part())
}

func forWorlds(t *testing.T, rounds uint64, check func(t *testing.T, random *rand.Rand, w world)) {
	t.Helper()
	var compiler selection.Compiler
	for seed := range rounds {
		random := rand.New(rand.NewPCG(seed, 26))
		w := randomWorld(random)
		w.compiler = &compiler
		check(t, random, w)
		if t.Failed() {
			for i := range w.statements {
				t.Logf("%+v", w.statements[i])
			}
			t.Fatalf("seed %d: %+v of sources %q, template %+v", seed, w.sel, w.sources, w.template)
		}
	}
}

// Neither the order of images nor that of sources says anything, and leaving out why images
// were dropped changes nothing else.
func TestOrderSaysNothing(t *testing.T) {
	forWorlds(t, 600, func(t *testing.T, random *rand.Rand, w world) {
		outcome := w.rule(t).Explain(w.pool(), now())
		decided := told(t, w.rule(t).Decide(w.pool(), now()))
		want := told(t, outcome)
		outcome.Ranked, outcome.Dropped = nil, nil
		if diff := cmp.Diff(told(t, outcome), decided); diff != "" {
			t.Errorf("explained as -, decided as +: %s", diff)
		}
		for range 3 {
			random.Shuffle(len(w.statements), func(i, j int) { w.statements[i], w.statements[j] = w.statements[j], w.statements[i] })
			slices.Reverse(w.sources)
			if diff := cmp.Diff(want, told(t, w.rule(t).Explain(w.pool(), now()))); diff != "" {
				t.Errorf("another order gives another outcome: %s", diff)
			}
		}
	})
}

// Each image is explained once, and the reasons are those of rules that it fails.
func TestEveryImageIsExplainedOnce(t *testing.T) {
	forWorlds(t, 600, func(t *testing.T, _ *rand.Rand, w world) {
		outcome := w.rule(t).Explain(w.pool(), now())
		var want, got []string
		unique, _ := image.Gather(w.statements, w.sources)
		for _, img := range unique {
			want = append(want, whole(img))
		}
		for _, img := range outcome.Ranked {
			got = append(got, whole(img))
		}
		for _, drop := range outcome.Dropped {
			got = append(got, whole(drop.Image))
			rules := map[string]bool{drop.Rule: true}
			for _, more := range drop.More {
				if rules[more.Rule] || more.Reason == "" {
					t.Errorf("%s: %+v", drop.Image.ID, drop)
				}
				rules[more.Rule] = true
			}
			if drop.Reason == "" || rules[""] || rules["where"] && len(rules) > 1 {
				t.Errorf("%s: %+v", drop.Image.ID, drop)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// What does not fit is as if it were not there, but for what is told of it.
func TestWhatDoesNotFitChangesNothing(t *testing.T) {
	forWorlds(t, 600, func(t *testing.T, _ *rand.Rand, w world) {
		outcome := w.rule(t).Explain(w.pool(), now())
		fits := map[image.Identity]bool{}
		for _, img := range outcome.Ranked {
			fits[img.Identity()] = true
		}
		for _, unread := range outcome.Unread() { // and what may
			fits[unread.Identity()] = true
			for _, beside := range unread.Beside {
				fits[beside.Identity()] = true
			}
		}
		less := w
		less.statements = slices.DeleteFunc(slices.Clone(w.statements), func(img image.Image) bool { return !fits[img.Identity()] })
		if diff := cmp.Diff(verdictOf(outcome), verdictOf(w.rule(t).Explain(less.pool(), now()))); diff != "" && !strings.Contains(outcome.Why, "did not read") {
			t.Error(diff)
		}
	})
}

// What a selection refuses, none that asks for more gives.
func TestNarrowerGivesNoMore(t *testing.T) {
	forWorlds(t, 600, func(t *testing.T, random *rand.Rand, w world) {
		w.template = nil
		wider := map[string]bool{}
		for _, img := range w.rule(t).Explain(w.pool(), now()).Ranked {
			wider[whole(img)] = true
		}
		narrow := w
		for _, more := range random.Perm(9)[:2] {
			narrower(&narrow.sel, more)
		}
		outcome := narrow.rule(t).Explain(narrow.pool(), now())
		for _, img := range outcome.Ranked {
			if !wider[whole(img)] {
				t.Errorf("%s, with more: %+v", img.ID, narrow.sel)
			}
		}
		if pick := outcome.Pick; pick != nil && whole(pick) != whole(outcome.Ranked[0]) && (pick.Architecture != "" && pick.Digest != "" && pick.Region != "") {
			t.Errorf("picked %+v", pick)
		}
	})
}

// Packs share a pool, and what one found out says nothing wrong to another.
func TestOnePoolForManyRules(t *testing.T) {
	forWorlds(t, 200, func(t *testing.T, random *rand.Rand, w world) {
		pool := w.pool()
		for range 6 {
			other := w
			other.sel = randomSelect(random)
			other.sel.OS = one(random, spec.OS{}, spec.OS{Name: "ubuntu", Version: "2204"}, spec.OS{Name: "rhel", Version: "2204"})
			other.sel.Where = one(random, "", `age < duration("90m")`, `image.version != "1"`)
			want, got := told(t, other.rule(t).Explain(w.pool(), now())), told(t, other.rule(t).Explain(pool, now()))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("alone, and behind others: %s", diff)
			}
		}
	})
}

// narrower asks for one thing more.
func narrower(sel *spec.Select, what int) {
	set := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	switch what {
	case 0:
		set(&sel.Provider, "oci")
	case 1:
		set(&sel.Region, "r1")
	case 2:
		set(&sel.Architecture, "amd64")
	case 3:
		set(&sel.OS.Name, "ubuntu")
	case 4:
		set(&sel.KubernetesVersion, ">=1.30.5")
	case 5:
		set(&sel.CustomTag, "demo")
	case 6:
		set(&sel.Where, `image.version != "1"`)
	case 7:
		set(&sel.Name, "*3*")
	case 8:
		sel.Tags = map[string]string{"team": "edge"}
	}
}
