package lint

import (
	"encoding/json"
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
		if f.Fix != nil {
			fix = " +"
		}
		out = append(out, fmt.Sprintf("%d:%d %s %s%s", f.Line, f.Column, f.Severity, f.Rule, fix))
	}
	return out
}

func mustLint(t *testing.T, in Input) []Finding {
	t.Helper()
	findings, err := Lint(in)
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

// mustFix fixes and checks that nothing that can be fixed is left.
func mustFix(t *testing.T, in Input, findings []Finding) string {
	t.Helper()
	fixed, err := Fix(in.Data, findings)
	if err != nil {
		t.Fatal(err)
	}
	in.Data = fixed
	for _, f := range mustLint(t, in) {
		if f.Fix != nil {
			t.Errorf("after the fix: %d:%d %s %s\n%s", f.Line, f.Column, f.Rule, f.Message, fixed)
		}
	}
	return string(fixed)
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
	fixed := mustFix(t, in, findings)
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
	fixed := mustFix(t, in, findings)
	repaired := strings.NewReplacer("‘{{", "'{{", "}}’", "'}}", "“{{", `"{{`, "}}”", `}}"`, "kunernetes", "kubernetes",
		"“ami-0f4804aff4cf9c5a2”", `"ami-0f4804aff4cf9c5a2"`, "osVersion: 8 #", `osVersion: "8" #`).Replace(page)
	repaired = strings.Replace(repaired, "'}}", "}}'", 1)
	if diff := cmp.Diff(repaired, fixed); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	same := mustLint(t, Input{Name: "page.txt", Data: in.Data})
	if diff := cmp.Diff(findings, same); diff != "" {
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
	fixed := mustFix(t, in, findings)
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
	if fixed, want := mustFix(t, in, findings), strings.NewReplacer("“", `\"`, "”", `\"`).Replace(profile); fixed != want {
		t.Errorf("fixed:\n%s\nwant:\n%s", fixed, want)
	}
}

const clean = "pack:\n  content:\n    images:\n      - image: '{{.spectro.pack.edge-native-byoi.options.system.uri}}'\n"

func TestRules(t *testing.T) {
	generic := func(id string) string {
		return "pack:\n  osImageOverride: " + id + "\n  osName: rhel\n  osVersion: \"8\"\n"
	}
	edge := func(uri string) string { return clean + "options:\n  system.uri: " + uri + "\n" }
	arm := "/subscriptions/1/resourceGroups/g/providers/Microsoft.Compute/galleries/g/images/d"
	for _, tt := range []struct {
		name, cloud, in string
		want            []string
		fixed           string
	}{
		{"clean", "aws", generic("ami-1a2b3c4d"), nil, ""},
		{"clean edge", "edge-native", edge("ttl.sh/a:1"), nil, ""},
		{"agent mode", "", "options:\n  system.uri: NA\n", nil, ""},
		{"extension points", "", edge("ttl.sh/a:1") + "maxPods: 1\nstages:\n  boot:\n  - name: “x”y\n    commands: |\n      echo “it’s” # {{ .Foo.Bar }}\n", nil, ""},
		{"quote inside", "", "pack:\n  osImageOverride: ami-1a2b3c4d\n  osName: ‘it's’\n  osVersion: “a\"'b” # “c”\n",
			[]string{"3:11 error typographic-quote +", "4:14 error typographic-quote +"},
			"pack:\n  osImageOverride: ami-1a2b3c4d\n  osName: 'it''s'\n  osVersion: \"a\\\"'b\" # “c”\n"},
		{"half quote", "", generic("\"ami-1a2b3c4d”") + "x: “y\"\n", []string{"2:20 error typographic-quote +", "5:4 error typographic-quote +"},
			generic("\"ami-1a2b3c4d\"") + "x: \"y\"\n"},
		{"no-break space", "", "pack:\n  osImageOverride:\u00a0ami-1a2b3c4d\n\u00a0 osName: a\u00a0b\n  osVersion: \"8\"\n",
			[]string{"2:19 error no-break-space +", "3:1 error no-break-space +"},
			"pack:\n  osImageOverride: ami-1a2b3c4d\n  osName: a\u00a0b\n  osVersion: \"8\"\n"},
		{"tab", "", "pack:\n\tosImageOverride: ami-1a2b3c4d\n\tosName: a\n  osVersion: \"8\"\n", []string{"2:1 error tab", "2:1 error syntax", "3:1 error tab"}, ""},
		{"tab, depth unknown", "", "pack:\n    osName: x\n\tosVersion: \"8\"\n", []string{"3:1 error tab", "3:1 error syntax"}, ""},
		{"unquoted macro", "", strings.ReplaceAll(edge("{{.spectro.system.cluster.name}}/x:y # c"), "'", ""), []string{"4:16 error unquoted-macro +", "6:15 error unquoted-macro +"}, clean + "options:\n  system.uri: '{{.spectro.system.cluster.name}}/x:y' # c\n"},
		{"braces", "", edge("'a/{.spectro.system.cluster.name}}:{{.spectro.system.cluster.uid }-{{ .spectro.system.cloud.type'"),
			[]string{"6:19 error macro-braces +", "6:52 error macro-braces +", "6:85 error macro-braces +"}, edge("'a/{{.spectro.system.cluster.name}}:{{.spectro.system.cluster.uid }}-{{ .spectro.system.cloud.type}}'")},
		{"macro words", "", edge("'{{ .sepctro.system.cluster.name | upper }}:{{.spectro.sytem.x}}-{{.spectro.pack.edge-native-byo.x}}-{{.spectro.system.nothing}}-{{.spectro.var.Mine}}'"),
			[]string{"6:20 error macro-name +", "6:70 error macro-name +", "6:96 warning macro-name", "6:134 warning macro-name"}, "*"},
		{"own macro", "", edge("'a/b:{{.spectro.pack.edge-native-byoi.options.system.customTg}}'") + "  system.customTag: x\n", []string{"6:53 error macro-name +"},
			edge("'a/b:{{.spectro.pack.edge-native-byoi.options.system.customTag}}'") + "  system.customTag: x\n"},
		{"empty custom tag", "", edge("'a/b:1-{{.spectro.pack.edge-native-byoi.options.system.customTag}}'") + "  system.customTag: ''\n", []string{"6:15 warning empty-tag-part"}, ""},
		{"duplicate", "", generic("ami-1a2b3c4d") + "  osName: x\n", []string{"5:3 error duplicate-key"}, ""},
		{"misspelt key", "", "pack:\n  osImageOveride: ami-1a2b3c4d\n  'OSName': a\n  osVersion: \"8\"\n", []string{"2:3 error unknown-key +", "3:3 error unknown-key +"}, "pack:\n  osImageOverride: ami-1a2b3c4d\n  'osName': a\n  osVersion: \"8\"\n"},
		{"macro without its first dot", "", generic("ami-1a2b3c4d") + "x: '{{ spectro.system.cluster.name }} {{spectro.pack.my-own.a | upper}} {{ spectro }} {{ other.system.name }}'\n", []string{"5:8 error macro-name +", "5:41 error macro-name +"}, generic("ami-1a2b3c4d") + "x: '{{ .spectro.system.cluster.name }} {{.spectro.pack.my-own.a | upper}} {{ spectro }} {{ other.system.name }}'\n"},
		{"misspelt beside", "", generic("ami-1a2b3c4d") + "  osNames: x\n", []string{"5:3 warning unknown-key"}, ""},
		{"misspelt twice", "", "pack:\n  osImageOveride: ami-1a2b3c4d\n  osImageOverrid: ami-1a2b3c4d\n  osName: a\n  osVersion: \"8\"\n", []string{"2:3 error unknown-key", "3:3 error unknown-key"}, ""},
		{"unknown option", "", edge("a/b:1") + "  system.foo: x\n  system.pVersion: v1\n  mine: 1\n", []string{"7:3 warning unknown-key", "8:3 error unknown-key +"}, "*"},
		{"misplaced", "", "osImageOverride: ami-1a2b3c4d\npack:\n  osName: a\n  osVersion: \"8\"\n", []string{"1:1 error misplaced-key"}, ""},
		{"content not below pack", "", "pack:\ncontent:\n  images:\n  - image: '{{.spectro.pack.edge-native-byoi.options.system.uri}}'\noptions:\n  system.uri: a.io/b:1\n", []string{"2:1 error misplaced-key"}, ""},
		{"missing", "", "pack:\n  osName:\n", []string{"1:1 error missing-key", "1:1 error missing-key", "2:10 error missing-key"}, ""},
		{"missing uri", "", clean, []string{"1:1 error missing-key", "4:50 warning undefined-macro"}, ""},
		{"no own image", "", "options:\n  system.uri: a.io/b:1\n", []string{"1:1 warning missing-key"}, ""},
		{"numbers", "", "pack:\n  osImageOverride: ami-1a2b3c4d\n  osName: true\n  osVersion: 24.10 # c\n", []string{"3:11 error wrong-type +", "4:14 error wrong-type +"}, "pack:\n  osImageOverride: ami-1a2b3c4d\n  osName: \"true\"\n  osVersion: \"24.10\" # c\n"},
		{"edge number", "", edge("a/b:1") + "  system.osVersion: 22\n", []string{"7:21 warning wrong-type +"}, edge("a/b:1") + "  system.osVersion: \"22\"\n"},
		{"list", "", "pack:\n  osImageOverride: [a]\n  osName: a\n  osVersion: \"8\"\n", []string{"2:20 error wrong-type"}, ""},
		{"short ami", "", generic("ami-123"), []string{"2:20 error image-id"}, ""},
		{"ami in azure", "aks", generic("ami-1a2b3c4d"), []string{"2:20 error image-id"}, ""},
		{"imageversions", "azure", generic(arm + "/imageVersions/1.2.3"), []string{"2:20 error image-id +"}, generic(arm + "/versions/1.2.3")},
		{"vsphere", "vsphere", generic("/dc/folder/x"), []string{"2:20 error image-id"}, ""},
		{"uuid of another cloud", "", generic("d7a1b5e0-0000"), nil, ""},
		{"macro as id", "aws", generic("'{{.spectro.var.ami}}'"), nil, ""},
		{"edge without tag", "", edge("a.io/b"), []string{"6:15 error image-reference"}, ""},
		{"edge latest", "", edge("a.io/b:latest"), []string{"6:15 warning image-reference"}, ""},
		{"content image", "", strings.Replace(edge("a.io/b:1"), "\noptions", "\n      - image: container://a.io/c\n      - image: a.io/d:v<versionNumber>\noptions", 1), []string{"5:16 error image-reference", "6:16 error placeholder"}, ""},
		{"placeholders", "", "pack:\n  osImageOverride: <ami id>\n  osName: CHANGEME\n  osVersion: \"your-version\"\n", []string{"2:20 error placeholder", "3:11 error placeholder", "4:14 error placeholder"}, ""},
		{"wrong cloud", "edge-native", generic("ami-1a2b3c4d"), []string{"1:1 error pack-cloud"}, ""},
		{"unknown pack", "", "a: 1\n", []string{"1:1 warning unknown-pack"}, ""},
		{"syntax", "", "pack:\n  osName: [\n", []string{"2:1 error syntax"}, ""},
		{"CRLF and BOM", "", "\ufeffpack:\r\n  osImageOverride: ‘ami-1a2b3c4d’\r\n  osName: rhel\r\n  osVersion: 8\r\n", []string{"2:20 error typographic-quote +", "4:14 error wrong-type +"}, "\ufeffpack:\r\n  osImageOverride: 'ami-1a2b3c4d'\r\n  osName: rhel\r\n  osVersion: \"8\"\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := Input{Name: "v.yaml", Data: []byte(tt.in), Cloud: tt.cloud}
			findings := mustLint(t, in)
			if diff := cmp.Diff(tt.want, show(findings)); diff != "" {
				for _, f := range findings {
					t.Log(f.Line, f.Column, f.Rule, f.Message)
				}
				t.Errorf("-want +got\n%s", diff)
			}
			fixed := mustFix(t, in, findings)
			want := tt.fixed
			if want == "" {
				want = tt.in
			}
			if diff := cmp.Diff(want, fixed); diff != "" && want != "*" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestFixRefusesOtherData(t *testing.T) {
	findings := mustLint(t, Input{Data: []byte(fixture(t, "byoos-edge.yaml"))})
	if got, err := Fix([]byte("short"), findings); err == nil {
		t.Errorf("Fix = %q", got)
	}
}

func TestLintRefuses(t *testing.T) {
	if _, err := Lint(Input{Data: []byte("\xff\xfe")}); err == nil {
		t.Error("no error for text that is not UTF-8")
	}
}

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
		findings, err := Lint(in)
		if err != nil {
			return
		}
		lineCount := strings.Count(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n") + strings.Count(string(data), "\r") + 1
		for _, finding := range findings {
			if finding.Line < 1 || finding.Line > lineCount || finding.Column < 1 || finding.Message == "" {
				t.Fatalf("%+v in %q", finding, data)
			}
		}
		fixed, err := Fix(data, findings)
		if err != nil {
			t.Fatalf("%v for %q", err, data)
		}
		if in.Name == "v.yaml" {
			stillParses(t, data, fixed)
		}
		for range MaxRounds {
			in.Data = fixed
			if findings, err = Lint(in); err != nil {
				t.Fatalf("%v for %q that was %q", err, fixed, data)
			}
			if fixed, err = Fix(in.Data, findings); err != nil {
				t.Fatal(err)
			}
			if string(fixed) == string(in.Data) {
				return
			}
		}
		t.Fatalf("fixing %q comes to no end: %q", data, fixed)
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
	fixed := mustFix(t, in, mustLint(t, in))
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
