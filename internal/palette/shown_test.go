package palette_test

import (
	"fmt"
	"maps"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// drafts are the ones that a profile may have, of ours and of somebody else.
func drafts() map[string]func(*fakepalette.Profile) {
	drafted := func(edit func(*fakepalette.Profile)) func(*fakepalette.Profile) {
		return func(p *fakepalette.Profile) {
			p.Draft = slices.Clone(p.Published)
			for i := range p.Draft {
				p.Draft[i].Manifests = slices.Clone(p.Draft[i].Manifests)
			}
			edit(p)
		}
	}
	return map[string]func(*fakepalette.Profile){
		"none":               func(*fakepalette.Profile) {},
		"ours":               drafted(func(p *fakepalette.Profile) { p.Draft[0].Values = wantGeneric() }),
		"an older one":       drafted(func(p *fakepalette.Profile) { p.Draft[0].Values = strings.Replace(genericValues, oldAMI, "ami-0c", 1) }),
		"another layer":      drafted(func(p *fakepalette.Profile) { p.Draft[1].Values += mark }),
		"a key of our layer": drafted(func(p *fakepalette.Profile) { p.Draft[0].Values += "  more: yes\n" }),
		"a comment":          drafted(func(p *fakepalette.Profile) { p.Draft[0].Values += mark }),
		"a manifest":         drafted(func(p *fakepalette.Profile) { p.Draft[2].Manifests[0].Content += mark }),
		"a layer less":       drafted(func(p *fakepalette.Profile) { p.Draft = p.Draft[:2] }),
		"no OS layer":        drafted(func(p *fakepalette.Profile) { p.Draft = p.Draft[1:] }),
		"a layer more": drafted(func(p *fakepalette.Profile) {
			p.Draft = append(p.Draft, fakepalette.Layer{Name: "cni", Layer: "cni", Type: "spectro", Tag: "1.0.0", PackUID: "cni-1", Values: "a: b\n"})
		}),
		"another pack version": drafted(func(p *fakepalette.Profile) {
			p.Draft[1].Tag, p.Draft[1].Version, p.Draft[1].PackUID = "1.31.0", "1.31.0", "pack-k8s-31"
		}),
		"never published": func(p *fakepalette.Profile) { p.Draft, p.Published = p.Published, nil },
		"published as wanted, and another layer": func(p *fakepalette.Profile) {
			p.Published = slices.Clone(p.Published)
			p.Published[0].Values = wantGeneric()
			p.Draft = slices.Clone(p.Published)
			p.Draft[1].Values += mark
		},
	}
}

// What a diff shows is what an apply with the same flags leaves, byte for byte: it
// turns the texts from before into those that are there afterwards.
func TestShownIsWritten(t *testing.T) {
	w := newWorld(t)
	applied, stopped := 0, 0
	for draft, adjust := range drafts() {
		for name, goal := range map[string]palette.Goal{
			"draft": {}, "publish": {Publish: true}, "publish all": {Publish: true, IncludeDraft: true},
			"version": {NewVersion: "1.3.0"}, "version of all": {NewVersion: "1.3.0", IncludeDraft: true},
		} {
			for kind := range 16 {
				// Half of them have each three of the four together in every way.
				if bits.OnesCount(uint(kind))%2 != 0 || testing.Short() && kind%5 != 0 {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%d", draft, name, kind), func(t *testing.T) {
					state := baseState(t)
					adjust(ours(&state))
					w.Reset(state)
					w.ClonesPublished, w.FreshManifests, w.Trims, w.ClonesWithoutDraft = kind&1 != 0, kind&2 != 0, kind&4 != 0, kind&8 != 0
					if shownIsWritten(t, w, goal) {
						applied++
					} else {
						stopped++
					}
				})
			}
		}
	}
	t.Logf("%d applied, %d stopped", applied, stopped)
	if !testing.Short() && (applied < 300 || stopped < 100) {
		t.Errorf("%d applied and %d stopped show too little", applied, stopped)
	}
}

// shownIsWritten tells whether the apply came to its end.
func shownIsWritten(t *testing.T, w *world, goal palette.Goal) bool {
	t.Helper()
	target := request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Version, t.Create = "1.2.0", true })
	shows, side := goal, palette.SideDraft
	shows.Shows = true
	if goal.Publish || goal.NewVersion != "" {
		side = palette.SidePublished
	}
	before := w.State()
	diff, err := w.client.Plan(t.Context(), target, shows)
	var shown palette.Difference
	if err == nil {
		shown = diff.Difference(side)
	}
	var report *palette.Report
	plan, applyErr := w.client.Plan(t.Context(), target, goal)
	if applyErr == nil {
		report, applyErr = w.client.Apply(t.Context(), plan, palette.Options{Expect: &shown.Expect})
		checkJournal(t, report, w.Calls())
	}
	after := w.State()
	version := "1.2.0"
	if goal.NewVersion != "" && after.Profile("rhel-prod", goal.NewVersion) != nil {
		version = goal.NewVersion
	}
	have, is := ours(&before), after.Profile("rhel-prod", version)
	if applyErr != nil {
		if version == "1.2.0" && !cmp.Equal(have.Published, is.Published, anyUID) || version != "1.2.0" && is.Published != nil && !cmp.Equal(have.Published, is.Published, anyUID) {
			t.Errorf("published although it stopped: %v", applyErr)
		}
		return false
	}
	if err != nil {
		t.Fatalf("apply ended well, and diff with %v", err)
	}
	from, to := have.Published, is.Published
	if side == palette.SideDraft {
		from, to = slices.DeleteFunc(working(have), notOurs), slices.DeleteFunc(working(is), notOurs)
		if !cmp.Equal(have.Published, is.Published, anyUID) {
			t.Error("a draft was published")
		}
	}
	if diff := cmp.Diff(textsOf(to), patched(t, textsOf(from), shown.Diff), trims); diff != "" {
		t.Errorf("what is there (-) is not what was shown (+):\n%s\nshown:\n%s", diff, shown.Diff)
	}
	if shown.Different != (shown.Diff != "") {
		t.Errorf("different is %v with\n%s", shown.Different, shown.Diff)
	}
	return true
}

// Several targets in one run, of different packs.
func TestShownIsWrittenForSeveral(t *testing.T) {
	for name, goal := range map[string]palette.Goal{"draft": {}, "publish": {Publish: true}, "version": {NewVersion: "1.3.0"}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			requests := []palette.Request{request(t, "rhel-prod", newAMI), edgeRequest(t, "store-2026-01"), request(t, "no-os", newAMI, func(t *palette.Target) { t.Create = true })}
			shows, side := goal, palette.SideDraft
			shows.Shows = true
			if goal.Publish || goal.NewVersion != "" {
				side = palette.SidePublished
			}
			before := w.State()
			var shown []palette.Difference
			for _, o := range w.client.PlanAll(t.Context(), requests, shows, 3) {
				shown = append(shown, o.Plan.Difference(side))
			}
			planned := w.client.PlanAll(t.Context(), requests, goal, 3)
			outcomes := w.client.ApplyAll(t.Context(), planned, 3, func(target palette.Target) (palette.Options, error) {
				i := slices.IndexFunc(shown, func(d palette.Difference) bool { return d.Profile == target.Profile })
				return palette.Options{Expect: &shown[i].Expect}, nil
			})
			if err := palette.Errors(outcomes); err != nil {
				t.Fatal(err)
			}
			after := w.State()
			for i, r := range requests {
				have := before.Profile(r.Target.Profile, map[string]string{"rhel-prod": "1.2.0"}[r.Target.Profile])
				if have == nil {
					have = before.Profile(r.Target.Profile, "1.0.0")
				}
				is := after.Profile(have.Name, have.Version)
				if goal.NewVersion != "" {
					is = after.Profile(have.Name, goal.NewVersion)
				}
				to := is.Published
				if side == palette.SideDraft {
					to = working(is)
				}
				if diff := cmp.Diff(textsOf(to), patched(t, textsOf(have.Published), shown[i].Diff), trims); diff != "" {
					t.Errorf("what is there (-) is not what was shown (+):\n%s\nshown:\n%s", diff, shown[i].Diff)
				}
			}
		})
	}
}

func notOurs(l fakepalette.Layer) bool { return !strings.HasSuffix(l.Name, "-byoi") }

func working(p *fakepalette.Profile) []fakepalette.Layer {
	if p.Draft != nil {
		return slices.Clone(p.Draft)
	}
	return slices.Clone(p.Published)
}

// trims compares as Palette's pages do, which drop newlines at the ends.
var trims = cmp.Transformer("trims", func(s string) string { return strings.Trim(s, "\r\n") })

func textsOf(layers []fakepalette.Layer) map[string]string {
	all := map[string]string{}
	for _, l := range layers {
		if l.Values != "" {
			all[l.Name] = l.Values
		}
		if notOurs(l) {
			all[l.Name+" (pack)"] = fmt.Sprintf("tag: %s, uid: %s", l.Tag, l.PackUID)
		}
		for _, m := range l.Manifests {
			all[l.Name+"/"+m.Name] = m.Content
		}
	}
	return all
}

// patched applies a unified diff to texts. What it says of packs is read by its tag
// and uid.
func patched(t *testing.T, texts map[string]string, diff string) map[string]string {
	t.Helper()
	out := maps.Clone(texts)
	for _, part := range strings.Split("\n"+diff, "\n--- ")[1:] {
		lines := strings.Split(strings.TrimSuffix(part, "\n"), "\n")
		name := lines[0]
		if to := strings.TrimPrefix(lines[1], "+++ "); name == "/dev/null" || strings.HasPrefix(to, "rendered/") {
			name = to
		}
		if !strings.HasPrefix(name, "rendered/") {
			name = strings.SplitN(name, "/", 3)[2]
		} else {
			name = map[string]string{"rendered/aws-east": "generic-byoi", "rendered/edge": "edge-native-byoi"}[strings.TrimPrefix(lines[1], "+++ ")]
		}
		var text string
		switch {
		case lines[1] == "+++ /dev/null":
			delete(out, name)
			continue
		case !strings.HasSuffix(name, " (pack)"):
			text = patch(t, out[name], lines[2:])
		default:
			var added []string
			for _, line := range lines[2:] {
				if line[0] != '-' && line[0] != '@' {
					added = append(added, line[1:])
				}
			}
			text = "tag: " + field(added, "tag") + ", uid: " + field(added, "packUid")
		}
		out[name] = text
	}
	return out
}

func field(lines []string, name string) string {
	for _, line := range lines {
		if value, ok := strings.CutPrefix(line, name+": "); ok {
			return value
		}
	}
	return ""
}

func patch(t *testing.T, text string, lines []string) string {
	t.Helper()
	have := strings.SplitAfter(text, "\n")
	var out []string
	at := 0
	hunk := regexp.MustCompile(`^@@ -(\d+)(?:,(\d+))? \+`)
	for _, line := range lines {
		if m := hunk.FindStringSubmatch(line); m != nil {
			start, _ := strconv.Atoi(m[1])
			for at < start-1 {
				out, at = append(out, have[at]), at+1
			}
			continue
		}
		switch line[0] {
		case ' ':
			out, at = append(out, have[at]), at+1
		case '-':
			at++
		case '+':
			out = append(out, line[1:]+"\n")
		case '\\':
		}
	}
	return strings.Join(append(out, have[min(at, len(have)):]...), "")
}

// checkJournal compares a report with what was really carried out.
func checkJournal(t *testing.T, report *palette.Report, calls []fakepalette.Call) {
	t.Helper()
	var carried []fakepalette.Call
	for _, call := range calls {
		if call.Writes() && call.Done {
			carried = append(carried, call)
		}
	}
	var told []palette.Step
	for _, step := range report.Steps {
		if step.Done {
			told = append(told, step)
		}
	}
	if len(told) != len(carried) {
		t.Errorf("the report tells %d writes, and %d were carried out: %+v, %+v", len(told), len(carried), report.Steps, carried)
	}
	if report.State == palette.StatePublished && !slices.ContainsFunc(carried, func(c fakepalette.Call) bool { return strings.HasSuffix(c.Path, "/publish") }) {
		t.Errorf("it says that it published, and did not: %+v", report)
	}
}
