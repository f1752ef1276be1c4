package lint

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	goccy "github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamledit"
)

func fixture(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// show writes findings as lines: place, severity, rule, + when fixable.
func show(findings []Finding) []string {
	var out []string
	for _, f := range findings {
		fix := ""
		if f.Fixable {
			fix = " +"
		}
		out = append(out, fmt.Sprintf("%d:%d %s %s%s", f.Line, f.Column, f.Severity, f.Rule, fix))
	}
	return out
}

func mustLint(t *testing.T, in Input) []Finding {
	t.Helper()
	return lintOnce(t, in).Findings
}

func lintOnce(t *testing.T, in Input) Result {
	t.Helper()
	result, err := Lint(in)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// mustFix fixes once and checks that nothing that can be fixed is left.
func mustFix(t *testing.T, in Input) string {
	t.Helper()
	in.Data = lintOnce(t, in).Text
	for _, f := range mustLint(t, in) {
		if f.Fixable {
			t.Errorf("after the fix: %d:%d %s %s\n%s", f.Line, f.Column, f.Rule, f.Message, in.Data)
		}
	}
	return string(in.Data)
}

// TestDocumentationOfThePack lints and repairs what the pack's own
// documentation tells users to paste.
func TestDocumentationOfThePack(t *testing.T) {
	in := Input{Name: "values.yaml", Data: []byte(fixture(t, "byoos-edge.yaml"))}
	findings := mustLint(t, in)
	want := []string{
		"4:14 error typographic-quote +",
		"7:14 error typographic-quote +",
		"7:48 warning undefined-macro",
		"7:92 warning undefined-macro",
		"7:125 error macro-name +",
		"7:181 warning undefined-macro",
		"7:226 warning undefined-macro",
	}
	got := show(findings)
	if diff := cmp.Diff(rulesOnly(want), rulesOnly(got)); diff != "" {
		t.Errorf("-want +got\n%s\n%s", diff, strings.Join(got, "\n"))
	}
	fixed := mustFix(t, in)
	repaired := strings.NewReplacer("‘", "'", "’", "'", "“", `"`, "”", `"`, "kunernetes", "kubernetes").Replace(string(in.Data))
	if diff := cmp.Diff(repaired, fixed); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	var values struct {
		Pack struct {
			Content struct{ Images []struct{ Image string } }
		}
		Options map[string]string
	}
	if err := yaml.Unmarshal([]byte(fixed), &values); err != nil {
		t.Fatal(err)
	}
	if got := values.Pack.Content.Images[0].Image; got != "{{.spectro.pack.edge-native-byoi.options.system.uri}}" {
		t.Errorf("image = %q", got)
	}
	if uri := values.Options["system.uri"]; !strings.HasPrefix(uri, "{{.spectro") || !strings.Contains(uri, ":{{.spectro.system.kubernetes.version}}-") {
		t.Errorf("system.uri = %q", uri)
	}

	generic := Input{Name: "values.yaml", Data: []byte(fixture(t, "byoos-generic.yaml")), Cloud: "aws"}
	if findings := mustLint(t, generic); len(findings) > 0 {
		t.Errorf("generic: %v", findings)
	}
	generic.Cloud = "azure"
	if got := show(mustLint(t, generic)); !cmp.Equal(got, []string{"2:20 error image-id"}) {
		t.Errorf("generic on azure: %v", got)
	}
}

func rulesOnly(lines []string) []string {
	var out []string
	for _, line := range lines {
		place, rest, _ := strings.Cut(line, " ")
		number, _, _ := strings.Cut(place, ":")
		out = append(out, number+" "+rest)
	}
	return out
}

func TestMarkdownPage(t *testing.T) {
	page := "# Page\n\nIt’s “prose”.\n\n```yaml\n" + fixture(t, "byoos-edge.yaml") + "```\n\n```yaml\n" +
		fixture(t, "byoos-terraform.txt") + "```\n\n1. step\n\n   ```yml title=\"x\"\n   pack:\n     osImageOverride: “ami-0f4804aff4cf9c5a2”\n     osName: rhel\n     osVersion: 8 # “eight”\n   ```\n\n```yaml\nother: ‘x’\n"
	in := Input{Name: "page.md", Data: []byte(page)}
	findings := mustLint(t, in)
	fixed := mustFix(t, in)
	repaired := strings.NewReplacer("‘{{", "'{{", "}}’", "'}}", "“{{", `"{{`, "}}”", `}}"`, "kunernetes", "kubernetes",
		"“ami-0f4804aff4cf9c5a2”", `"ami-0f4804aff4cf9c5a2"`, "osVersion: 8 #", `osVersion: "8" #`).Replace(page)
	repaired = strings.Replace(repaired, "'}}", "}}'", 1)
	if diff := cmp.Diff(repaired, fixed); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	same := mustLint(t, Input{Name: "page.txt", Data: in.Data})
	if diff := cmp.Diff(show(findings), show(same)); diff != "" {
		t.Errorf("a page that is not named .md: %s", diff)
	}
}

func TestProfile(t *testing.T) {
	values := "pack:\n  osImageOverride: “ami-0f4804aff4cf9c5a2”\n  osName: \"r\\u0068el\"\n  osVersion: 24.10\n"
	quoted, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	escaped := strings.ReplaceAll(strings.ReplaceAll(string(quoted), "“", `\u201c`), "”", `\u201d`)
	profile := `{"metadata": {"name": "p", "values": 1}, "spec": {"template": {"packs": [
  {"name": "kubernetes", "values": "a: “b”"},
  {"values": ` + escaped + `, "name": "generic-byoi", "tag": "1.0.0"}], "cloudType": "azure"}}}`
	in := Input{Name: "profile.json", Data: []byte(profile)}
	findings := mustLint(t, in)
	if got := show(findings); !cmp.Equal(rulesOnly(got), []string{
		"3 error typographic-quote +", "3 error image-id", "3 error wrong-type +",
	}) {
		t.Errorf("findings: %v", got)
	}
	for _, f := range findings {
		if !strings.HasPrefix(f.Message, "pack generic-byoi: ") {
			t.Errorf("message %q", f.Message)
		}
	}
	fixed := mustFix(t, in)
	var got struct {
		Spec struct {
			Template struct{ Packs []struct{ Values string } }
		}
	}
	if err := json.Unmarshal([]byte(fixed), &got); err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("“", `"`, "”", `"`, "24.10", `"24.10"`).Replace(values)
	if got.Spec.Template.Packs[1].Values != want || got.Spec.Template.Packs[0].Values != "a: “b”" {
		t.Errorf("values: %q", got.Spec.Template.Packs)
	}
	for _, bad := range []string{`{"spec": {"packs": [}}`, `{"spec": {"packs": []}} x`} {
		if _, err := Lint(Input{Name: "p.json", Data: []byte(bad)}); err == nil {
			t.Errorf("no error for %s", bad)
		}
	}
}

// Programs on Windows write a byte order mark; a profile's values are read behind it, too.
func TestProfileBehindAByteOrderMark(t *testing.T) {
	const profile = "\ufeff{\"spec\":{\"template\":{\"packs\":[{\"name\":\"generic-byoi\",\"values\":\"pack:\\n  osImageOverride: ami-0f4804aff4cf9c5a2\\n  osName: “rhel”\\n  osVersion: '8'\\n\"}]}}}"
	in := Input{Name: "profile.json", Data: []byte(profile)}
	findings := mustLint(t, in)
	if got := show(findings); !cmp.Equal(got, []string{"1:123 error typographic-quote +"}) {
		t.Fatalf("findings: %v", got)
	}
	if fixed, want := mustFix(t, in), strings.NewReplacer("“", `\"`, "”", `\"`).Replace(profile); fixed != want {
		t.Errorf("fixed:\n%s\nwant:\n%s", fixed, want)
	}
}

const clean = "pack:\n  content:\n    images:\n      - image: '{{.spectro.pack.edge-native-byoi.options.system.uri}}'\n"

func TestLintRefuses(t *testing.T) {
	if _, err := Lint(Input{Data: []byte("\xff\xfe")}); err == nil {
		t.Error("no error for text that is not UTF-8")
	}
}

// A document of a refused kind is an error, also where a repair shows what it is.
func TestRefusedKinds(t *testing.T) {
	for text, want := range map[string]string{
		"kind: ImageSet\n": "ImageSet", "a: b\n---\n“kind”: ‘Lock’\n": "Lock", "kind: Pod\n": "", "kind:\n": "", "x: {kind: Lock}\n": "",
		"- kind: Lock\n": "", "kind: [\n": "",
	} {
		_, err := Fix(Input{Name: "v.yaml", Data: []byte(text), Refuse: []string{"ImageSet", "Lock"}})
		var other *OtherKindError
		if errors.As(err, &other) != (want != "") || want != "" && other.Kind != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A reader of templates would run out of its stack.
func TestTooManyActions(t *testing.T) {
	text := edgeWith("'a.io/b:1" + strings.Repeat("{{if .a}}", manyActions+1) + "'")
	findings := mustLint(t, Input{Name: "v.yaml", Data: []byte(text)})
	if len(findings) != 1 || !strings.HasSuffix(findings[0].Message, "too many actions") {
		t.Errorf("%.300v", findings)
	}
}

// Nobody sees these characters: in a value or key of the packs they are an error, some of
// them in other text a warning.
func TestInvisibleCharacters(t *testing.T) {
	for text, anywhere := range map[string]bool{
		"\u200b\u2060\ufeff\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069": true,
		"\u200c\u200d\u00ad\u180e\u2061\u2062\u2063\u2064":                                           false,
	} {
		for _, r := range text {
			var want []string
			if anywhere {
				want = []string{"5:5 warning invisible-character"}
			}
			if diff := cmp.Diff(want, show(mustLint(t, Input{Data: []byte(generic + "x: a" + string(r) + "\n")}))); diff != "" {
				t.Errorf("%U: -want +got\n%s", r, diff)
			}
			want = []string{"3:3 error invisible-character", "4:14 error invisible-character"}
			damaged := strings.NewReplacer("osName", "os"+string(r)+"Name", "\"8\"", "\"8"+string(r)+"\"").Replace(generic)
			if got := show(mustLint(t, Input{Data: []byte(damaged)})); !cmp.Equal(got[1:], want) {
				t.Errorf("%U: %v", r, got)
			}
		}
	}
}

// edgeWith are values of an edge pack but for what else is below options.
func edgeWith(uri string) string { return clean + "options:\n  system.uri: " + uri + "\n" }

// FuzzLint lints and fixes any text: positions are inside of it, what parsed
// still parses, and no fix is left to do after at most a second round.
func FuzzLint(f *testing.F) {
	for _, name := range []string{"byoos-edge.yaml", "byoos-generic.yaml", "byoos-terraform.txt"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, uint8(0))
		f.Add([]byte("```yaml\n"+string(data)+"```\n"), uint8(2))
		quoted, err := json.Marshal(string(data))
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(`{"packs":[{"name":"edge-native-byoi","values":`+string(quoted)+`}]}`), uint8(3))
	}
	f.Add([]byte("pack:\n\t\u00a0osVersion: 8\n  'osNam': “a'b\"”\n  x: {{.spectro.sytem.x}\n"), uint8(1))
	f.Add([]byte("options: {system.uri: ‘{.spectro.system.kunernetes.version}’, system.osVersion: 1e3}\n- a: |\n  b"), uint8(1))
	names := []string{"-", "v.yaml", "p.md", "p.json"}
	f.Fuzz(func(t *testing.T, data []byte, format uint8) {
		in := Input{Name: names[int(format)%len(names)], Data: data}
		if format > 127 {
			in.Pack = spec.GenericBYOI
		}
		result, err := Lint(in)
		if err != nil {
			return
		}
		lineCount := strings.Count(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n") + strings.Count(string(data), "\r") + 1
		for _, finding := range result.Findings {
			if finding.Line < 1 || finding.Line > lineCount || finding.Column < 1 || finding.Message == "" {
				t.Fatalf("%+v in %q", finding, data)
			}
		}
		if in.Name == "v.yaml" {
			stillParses(t, data, result.Text)
		}
		fixed, err := Fix(in)
		if err != nil {
			t.Fatalf("%v for %q that was %q", err, fixed.Text, data)
		}
		in.Data = fixed.Text
		if last, err := Lint(in); err != nil || string(last.Text) != string(in.Data) {
			t.Fatalf("fixing %q comes to no end: %q, %v", data, last.Text, err)
		}
	})
}

func stillParses(t *testing.T, before, after []byte) {
	t.Helper()
	if _, err := yamledit.Parse(before); err != nil {
		return
	}
	if _, err := yamledit.Parse(after); err != nil {
		t.Fatalf("%q parsed, %q does not: %v", before, after, err)
	}
}

func TestFixedReadsTheSameInASecondLibrary(t *testing.T) {
	in := Input{Data: []byte(fixture(t, "byoos-edge.yaml"))}
	fixed := mustFix(t, in)
	var a, b any
	if err := yaml.Unmarshal([]byte(fixed), &a); err != nil {
		t.Fatal(err)
	}
	if err := goccy.Unmarshal([]byte(fixed), &b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
}
