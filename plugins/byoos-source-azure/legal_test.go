package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

// Every answer that the plugin reads is varied, one thing at a time, within what
// Azure's models leave open; render must then pick no wrong image, call nothing
// unusable that Azure calls available, and lose nothing without a word.
//
// The estate of testdata/legal has, in each place, a wanted image, an older one that
// is good, and others that are newer and bad. The wanted one comes first.

const (
	legalGroup   = "/subscriptions/S/resourceGroups/images/providers/Microsoft.Compute"
	legalPublic  = "/CommunityGalleries/public-1/Images/ubuntu/Versions/"
	legalUnique  = "/SharedGalleries/unique-1/Images/ubuntu/Versions/"
	legalBuilder = "/subscriptions/S/resourceGroups/images/providers/Microsoft.VirtualMachineImages/imageTemplates/golden"
	legalRegion  = "/subscriptions/S/providers/Microsoft.Compute/locations/westus2"
)

type legalPick struct {
	Name    string
	Picked  *image.Image
	Ranked  []image.Image
	Dropped []struct {
		Image        image.Image
		Rule, Reason string
	}
	Notes []string
	Error string
}

// legalRun runs kubectl-byoos in dir.
func legalRun(t *testing.T, w *world, dir string, args ...string) (stdout []byte, stderr string) {
	t.Helper()
	stdout, stderr, _ = legalExit(t, w, dir, args...)
	return stdout, stderr
}

// legalExit is legalRun with the exit code.
func legalExit(t *testing.T, w *world, dir string, args ...string) (stdout []byte, stderr string, code int) {
	t.Helper()
	var out, err bytes.Buffer
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin(), "kubectl-byoos"), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &err
	for k, v := range w.env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	var exit *exec.ExitError
	if failed := cmd.Run(); failed != nil && !errors.As(failed, &exit) {
		t.Fatalf("%s: %v", args[0], failed)
	}
	return out.Bytes(), err.String(), cmd.ProcessState.ExitCode()
}

func legalItems[T any](t *testing.T, text []byte) []T {
	t.Helper()
	var list struct{ Items []T }
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatalf("%v: %.300s", err, text)
	}
	return list.Items
}

// explainAll explains the packs of cases, some at a time: each pack hears all sources of its
// spec, so that one spec of all would take the square of that.
func explainAll(t *testing.T, w *world, cases []legalCase, partial bool) explained {
	t.Helper()
	const together = 50
	var all explained
	for some := range slices.Chunk(cases, together) {
		got := w.explain(t, legalText(t, some), partial)
		all.packs = append(all.packs, got.packs...)
		all.said += got.said
	}
	return all
}

// explained is what explain says, of a spec in dir.
type explained struct {
	packs []legalPick
	// said are the words of the sources and of failures.
	said string
	code int
}

// explain runs the pipeline of explain in this process. A pack without an image is a
// failure, as is a source that fails, unless partial.
func (w *world) explain(t *testing.T, text []byte, partial bool) explained {
	t.Helper()
	document, err := spec.Parse("byoos.yaml", text, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	failed := func(err error) { options.PrintError(&said, "error", err) }
	p := &pipeline.Pipeline{
		Document: document, Plugins: w.host, Now: time.Now(), Explain: true, AllowPartial: partial, Failed: failed,
		Report: func(d source.Diagnostic) { fmt.Fprintf(&said, "%s: source %s: %s\n", d.Severity, d.Source, d.Text()) },
	}
	packs, err := p.Packs(nil)
	if err != nil {
		t.Fatal(err)
	}
	picks, _, err := p.Picks(t.Context(), packs)
	if err != nil {
		failed(err)
		return explained{said: said.String(), code: failure.Code(err)}
	}
	all, err := pipeline.Explain(picks, "")
	if err != nil {
		failed(err)
	}
	list, marshalErr := json.Marshal(map[string]any{"items": all})
	if marshalErr != nil {
		t.Fatal(marshalErr)
	}
	return explained{legalItems[legalPick](t, list), said.String(), failure.Code(err)}
}

// legalSpec writes a spec with a source and a pack for each case.
func legalSpec(t *testing.T, dir string, cases []legalCase) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "byoos.yaml"), legalText(t, cases), 0o600); err != nil {
		t.Fatal(err)
	}
}

func legalText(t *testing.T, cases []legalCase) []byte {
	t.Helper()
	type object = map[string]any
	var sources, packs []object
	places := legalPlaces()
	for _, c := range cases {
		conf := maps.Clone(places[c.place].config)
		conf["subscription"] = c.name
		sources = append(sources, object{"name": c.name, "type": "azure", "config": conf})
		sel := object{"provider": "azure", "region": "westus2", "architecture": "amd64"}
		if c.hasKubernetes() {
			sel["kubernetesVersion"] = "~1.31"
		}
		if where := places[c.place].where; where != "" {
			sel["where"] = where
		}
		packs = append(packs, object{
			"name": c.name, "pack": "generic-byoi", "sources": []string{c.name},
			"select": sel, "values": object{"osName": "ubuntu", "osVersion": "24.04"},
		})
	}
	text, err := json.Marshal(object{"apiVersion": "byoos.dev/v1alpha1", "kind": "ImageSet", "sources": sources, "packs": packs})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestLegalAnswers(t *testing.T) {
	for name, tt := range map[string]struct{ bad, firstOnly bool }{
		"the wanted image among bad ones": {true, true},
		"all images alike":                {false, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, fakeazure.Options{Estate: legalEstate(t, tt.bad)}, nil)
			cases := legalCases(t, w, tt.firstOnly)
			asked := slices.DeleteFunc(slices.Clone(cases), func(c legalCase) bool { return !tt.firstOnly || !c.ofVerify() })
			var wanted map[string]image.Image
			if len(asked) > 0 {
				wanted = pickAll(t, w, asked)
			}
			varied := map[string]*fakeazure.Varied{}
			for _, c := range cases {
				varied[c.name] = c.vary
			}
			w.Vary(varied)
			if len(asked) > 0 {
				checkVerify(t, w, wanted, asked)
			}
			checkPicks(t, w, cases)
			if tt.firstOnly {
				checkUnused(t, w)
				checkSame(t, w, cases)
			}
			t.Logf("%d variations: %s", len(cases), kinds(cases))
		})
	}
}

// kinds counts the changes by their kind.
func kinds(cases []legalCase) string {
	count := map[string]int{}
	for _, c := range cases {
		kind, _, _ := strings.Cut(c.change, " ")
		if before, _, found := strings.Cut(c.change, " of "); found {
			kind = before
		}
		count[kind]++
	}
	var all []string
	for _, kind := range slices.Sorted(maps.Keys(count)) {
		all = append(all, fmt.Sprintf("%s %d", kind, count[kind]))
	}
	return strings.Join(all, ", ")
}

// pickAll returns the wanted image of every case, as it is while nothing is varied yet.
func pickAll(t *testing.T, w *world, cases []legalCase) map[string]image.Image {
	t.Helper()
	plain := map[string]*fakeazure.Varied{}
	for _, c := range cases {
		plain[c.name] = &fakeazure.Varied{}
	}
	w.Vary(plain)
	got := explainAll(t, w, cases, false)
	wanted := map[string]image.Image{}
	for _, p := range got.packs {
		if p.Picked == nil {
			t.Fatalf("%s: nothing is picked: %s", p.Name, got.said)
		}
		wanted[p.Name] = *p.Picked
	}
	return wanted
}

// checkUnused fails where a variation was never seen: it proves nothing.
func checkUnused(t *testing.T, w *world) {
	t.Helper()
	if unused := w.Unused(); len(unused) > 0 {
		t.Errorf("%d variations met no answer, such as %v", len(unused), unused[:min(5, len(unused))])
	}
}

// checkPicks holds what is picked, and what is rendered, against the invariant.
func checkPicks(t *testing.T, w *world, cases []legalCase) {
	t.Helper()
	began := time.Now()
	got := explainAll(t, w, cases, true)
	t.Logf("explain took %s", time.Since(began).Round(time.Millisecond))
	picks := map[string]legalPick{}
	for _, p := range got.packs {
		picks[p.Name] = p
	}
	spoken := map[string]string{}
	for _, line := range strings.Split(got.said, "\n") {
		if strings.HasSuffix(line, "that are not Linux: windows") {
			continue // said without any variation
		}
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == ':' || r == ',' || r == '"' }) {
			if _, is := picks[word]; is {
				spoken[word] += line + "\n"
			}
		}
	}
	for _, c := range cases {
		if problem := c.check(picks[c.name], spoken[c.name]); problem != "" {
			t.Errorf("%s (%s): %s\nsaid: %s\nnotes: %v", c, c.name, problem, spoken[c.name], picks[c.name].Notes)
		}
	}
}

func (c legalCase) check(p legalPick, said string) string {
	place := legalPlaces()[c.place]
	wanted, older := c.id(place.wanted), c.id(place.older)
	is := func(img *image.Image, id string) bool { return img != nil && strings.EqualFold(img.ID, id) }
	// What explain alone has is no word to somebody who renders; an error, which ends that, is.
	told := said != "" || len(p.Notes) > 0 || p.Error != ""
	state, reason := "", ""
	for _, d := range p.Dropped {
		if is(&d.Image, wanted) && d.Image.Region == "westus2" {
			state, reason = string(d.Image.State), d.Rule+": "+d.Reason
		}
	}
	switch {
	case p.Picked != nil && !is(p.Picked, wanted) && !is(p.Picked, older):
		return "a wrong pick: " + p.Picked.ID
	case c.harmless && !is(p.Picked, wanted):
		return fmt.Sprintf("nothing was taken away, and the wanted image is not picked, but %v: %s", p.Picked, p.Error)
	case c.saidByList() && !is(p.Picked, wanted):
		return fmt.Sprintf("the list says what was taken away, and the wanted image is not picked, but %v: %s", p.Picked, p.Error)
	case c.harmless && p.Picked.State != image.Available:
		return "the wanted image is " + string(p.Picked.State) + ": " + p.Picked.StateReason
	case c.harmless && said != "" && !strings.HasPrefix(c.change, "foreign element"):
		return "something is told where nothing is wrong"
	case !is(p.Picked, wanted) && !told:
		return fmt.Sprintf("the wanted image is lost without a word (%s); picked %v", reason, p.Picked)
	case !strings.HasPrefix(c.change, "unknown value") && slices.Contains([]string{"failed", "disabled", "gone", "unusable"}, state):
		return "what Azure calls available is " + state
	case p.Picked != nil && p.Picked.State == image.StateUnset && p.Picked.StateReason == "":
		return "the state is unknown, and no reason is told"
	}
	return ""
}

// checkSame runs images and render for some of the cases: they know what explain
// knows, so all cases need not be tried again.
func checkSame(t *testing.T, w *world, cases []legalCase) {
	t.Helper()
	const every = 100
	dir := t.TempDir()
	var few []legalCase
	for i := 0; i < len(cases); i += every {
		few = append(few, cases[i])
	}
	legalSpec(t, dir, few)
	found := map[string]map[string]bool{}
	out, _ := legalRun(t, w, dir, "images", "--all", "--allow-partial", "-o", "json")
	for _, i := range legalItems[image.Image](t, out) {
		if found[i.Source] == nil {
			found[i.Source] = map[string]bool{}
		}
		found[i.Source][strings.ToLower(i.ID)] = true
	}
	out, _ = legalRun(t, w, dir, "explain", "--allow-partial", "-o", "json")
	for _, p := range legalItems[legalPick](t, out) {
		if p.Picked == nil {
			continue
		}
		if !found[p.Name][strings.ToLower(p.Picked.ID)] {
			t.Errorf("%s: images does not list %s, which explain picks", p.Name, p.Picked.ID)
		}
		rendered, stderr := legalRun(t, w, dir, "render", "--allow-partial", p.Name)
		if !strings.Contains(string(rendered), `"`+p.Picked.ID+`"`) {
			t.Errorf("%s: render gives not %s, which explain picks, but\n%s%s", p.Name, p.Picked.ID, rendered, stderr)
		}
		for _, note := range p.Notes {
			if !strings.Contains(stderr, note) {
				t.Errorf("%s: render does not say %q", p.Name, note)
			}
		}
	}
}

// checkVerify asks what became of the wanted images: they are all there, and none is
// called stale. One of which the answer leaves out how it is may be open. Each case has
// a spec of its own, as all sources of one are asked for an image.
func checkVerify(t *testing.T, w *world, wanted map[string]image.Image, cases []legalCase) {
	t.Helper()
	began := time.Now()
	for _, c := range cases {
		document, err := spec.Parse("byoos.yaml", legalText(t, []legalCase{c}), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		p := &pipeline.Pipeline{Document: document, Plugins: w.host, Now: began, Report: func(source.Diagnostic) {}}
		got, err := p.Verify(t.Context(), []pipeline.Subject{{Pack: c.name, Source: c.name, Image: wanted[c.name]}})
		if err != nil {
			t.Errorf("%s: %v", c, err)
			continue
		}
		v := got[0]
		unsaid := strings.HasPrefix(c.change, "without") && v.Status == pipeline.StatusUnknown &&
			len(v.Reasons) == 1 && strings.HasPrefix(v.Reasons[0], "whether it is available is not known: ")
		if v.Status == pipeline.StatusOK || unsaid || strings.HasPrefix(c.change, "unknown value") && len(v.Reasons) > 0 {
			continue
		}
		t.Errorf("%s: verify says %s %v", c, v.Status, v.Reasons)
	}
	t.Logf("verify took %s", time.Since(began).Round(time.Millisecond))
}
