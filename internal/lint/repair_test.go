package lint

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fixAll fixes until nothing is left that can be.
func fixAll(t *testing.T, in Input) (string, []Finding) {
	t.Helper()
	fixed, err := Fix(in)
	if err != nil {
		t.Fatal(err)
	}
	in.Data = fixed.Text
	if last := lintOnce(t, in); string(last.Text) != string(in.Data) {
		t.Fatalf("no end: %q", last.Text)
	}
	return string(fixed.Text), fixed.Findings
}

func hasError(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Error })
}

type repairCase struct {
	name, in, fixed string
}

// checkRepairs: a text that does not parse, or that no-break spaces indent, is repaired
// where that has one reading, all of it or nothing. Without a fixed text it stays, with an
// error.
func checkRepairs(t *testing.T, cases []repairCase) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			fixed, findings := fixAll(t, Input{Name: "v.yaml", Data: []byte(tt.in)})
			want := tt.fixed
			if want == "" {
				want = tt.in
			}
			if diff := cmp.Diff(want, fixed); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if hasError(findings) != (tt.fixed == "") {
				t.Errorf("findings %v: %+v", show(findings), findings)
			}
		})
	}
}

func TestWhatIsNotYAML(t *testing.T) {
	spaced := func(text string) string { return strings.ReplaceAll(text, " ", "\u00a0") }
	const edge = clean + "options:\n  system.uri: 'a.io/b:1'\n"
	checkRepairs(t, []repairCase{
		{"edge, all spaces", spaced(edge), edge},
		{"indentation", strings.ReplaceAll(edge, "  ", "\u00a0\u00a0"), edge},
		{"half of each indentation", strings.ReplaceAll(generic+"stages:\n  x:\n    - a\n    - b: c\n", "  ", "\u00a0 "), generic + "stages:\n  x:\n    - a\n    - b: c\n"},
		{"keys in quotes", spaced(strings.ReplaceAll(generic, "osName", `"osName"`)), strings.ReplaceAll(generic, "osName", `"osName"`)},
		{"a key that a word goes on to", "pack:\n  osImageOverride: ami-1a2b3c4d\n  osName: rhel\n\u00a0\u00a0osVersion: \"8\"\n", generic},
		{"lines of a script", generic + "x:\n  - |\n\u00a0\u00a0\u00a0\u00a0echo a\n    echo b\n", generic + "x:\n  - |\n    echo a\n    echo b\n"},
		{"words keep theirs", "pack:\n\u00a0 osImageOverride: ami-1a2b3c4d\n  osName: rhel\u00a0x\n  osVersion: \"8\"\n", strings.Replace(generic, "rhel", "rhel\u00a0x", 1)},
		{"comments keep theirs", "# a:\u00a0b\n" + spaced(generic), "# a:\u00a0b\n" + generic},
		{"text that looks like a key", generic + "\u00a0\u00a0x: y\nl:\n- echo the image:\u00a0ubuntu\n", ""},
		{"a key in a flow mapping", generic + "\u00a0\u00a0x: y\nm: {a:\u00a0b}\n", ""},
		{"also no YAML after it", spaced(generic) + "x: [\n", ""},
	})
}

func TestWhatIsNotYAMLForItsQuotes(t *testing.T) {
	checkRepairs(t, []repairCase{
		{"quotes", generic + "x: “a: b” # “c”\n", generic + "x: \"a: b\" # “c”\n"},
		{"quotes, and text with two", generic + "x: “a: b”\ny: “Foo” bar “baz”\n", generic + "x: \"a: b\"\ny: “Foo” bar “baz”\n"},
		{"two phrases", generic + "x: “a: b” and “c: d”\n", ""},
		{"quotes of two kinds", generic + "x: “Foo: bar” baz ‘x’\n", ""},
		{"quotes in a list", generic + "x: [“a: b”, “c]d”]\n", ""},
		{"a half quote", generic + "x: 'a: b’\n", generic + "x: 'a: b'\n"},
		{"a half quote with an escape", generic + "x: \"a\\tb”\n", ""},
		{"quotes and an escape", generic + "x: “a: b\\n”\n", ""},
		{"quotes in a script", generic + "x: “a: b”\ns: |\n  y: “a: b”\n", generic + "x: \"a: b\"\ns: |\n  y: “a: b”\n"},
		{"quotes in a value that goes on", generic + "x: “a: b”\n  c\n", ""},
	})
}

func TestWhatIsNotYAMLForItsMacros(t *testing.T) {
	checkRepairs(t, []repairCase{
		{"a macro", generic + "x: {{.spectro.var.a}}/b # c\n", generic + "x: '{{.spectro.var.a}}/b' # c\n"},
		{"a macro in a script", generic + "x: {{.spectro.var.a}}/b\ns: |\n  {{.spectro.var.a}}/b\n", generic + "x: '{{.spectro.var.a}}/b'\ns: |\n  {{.spectro.var.a}}/b\n"},
		{"a key that starts with a macro", generic + "x:\n  {{.spectro.var.k}}x: v\n", ""},
		{"a macro without its end", generic + "x: {{.spectro.var.k\n", ""},
		{"a macro that YAML reads as a comment's end", generic + "x: {{.spectro.var.a}}/b\u00a0# c\n", ""},
		{"a macro, a tab and a comment", generic + "x: {{.spectro.var.a}}/b\t# c\n", ""},
		{"a key with a macro, and a tab", generic + "y:\n  {{.spectro.var.k}}x:\tv\n", ""},
		{"macros with a colon between", generic + "x: {{.spectro.var.a}}/{{.spectro.var.b}}:{{.spectro.var.c}}\n", generic + "x: '{{.spectro.var.a}}/{{.spectro.var.b}}:{{.spectro.var.c}}'\n"},
		{"a macro with a quote", generic + "x: {{.spectro.var.a}}/'b'\n", ""},
		{"a macro that quotes", generic + "x: {{ printf \"%s\" .spectro.var.a }}/b\n", generic + "x: '{{ printf \"%s\" .spectro.var.a }}/b'\n"},
		{"a macro in a list", generic + "x: [\n  a,\n  {{.spectro.var.b}}/c, d\n]\n", ""},
		{"a macro alone in a list", generic + "x: [\n  {{.spectro.var.b}}/c\n]\n", ""},
		{"a macro in a flow mapping", generic + "y: {\n  host: {{.spectro.var.h}}.lan,\n}\n", ""},
		{"a macro in a list of lists", generic + "x: [ [\n  {{.spectro.var.b}}/c ], [ d\n]]\n", ""},
		{"a macro in JSON", "{\"pack\": {\"osName\": \"rhel\", \"osVersion\": \"8\",\n  \"osImageOverride\": {{.spectro.var.ami}}-x,\n}}\n", ""},
	})
}

func TestWhatIsNotYAMLForSpacesInMacros(t *testing.T) {
	spaced := func(text string) string { return strings.ReplaceAll(text, " ", "\u00a0") }
	checkRepairs(t, []repairCase{
		{"macros with no-break spaces", spaced(strings.Replace(generic, "ami-1a2b3c4d", `"{{ .spectro.var.ami }}"`, 1)), strings.Replace(generic, "ami-1a2b3c4d", `"{{ .spectro.var.ami }}"`, 1)},
		{"bare macros with no-break spaces", spaced(strings.Replace(generic, "ami-1a2b3c4d", "{{ .spectro.var.ami }}", 1)), strings.Replace(generic, "ami-1a2b3c4d", "'{{ .spectro.var.ami }}'", 1)},
		{"no-break spaces in the second macro", spaced(strings.Replace(generic, "ami-1a2b3c4d", `"{{.spectro.var.a}}{{ .spectro.var.b }}"`, 1)), strings.Replace(generic, "ami-1a2b3c4d", `"{{.spectro.var.a}}{{ .spectro.var.b }}"`, 1)},
		{"no-break spaces that a macro quotes", generic + "x:\u00a0'{{\u00a0printf \"a\u00a0b\" .spectro.var.x }}'\n  y: [\n", ""},
		{"a no-break space before #", spaced(generic) + "note: issue\u00a0#5 is open\n", ""},
		{"a no-break space between a colon and #", spaced(generic) + "color:\u00a0#fff\n", ""},
		{"before # in an item", strings.ReplaceAll(generic, "  ", "\u00a0\u00a0") + "list:\n  - k1: issue\u00a0#5\n\u00a0\u00a0- b: c\n", ""},
		{"before # in a value of two lines", generic + "l:\n\u00a0\u00a0- a: see\n      note\u00a0#5\n", ""},
		{"before # in a flow list", generic + "l:\n\u00a0\u00a0- [a, see\u00a0#5\n  ]\n", ""},
		{"a macro and spaces of text", generic + "x: {{.spectro.var.a}}/b\nl:\n- echo the image:\u00a0ubuntu\n", generic + "x: '{{.spectro.var.a}}/b'\nl:\n- echo the image:\u00a0ubuntu\n"},
		{"tabs", "pack:\n\tosName: x\n\tosVersion: '8'\n", ""},
		{"tabs of width four", generic + "a:\n  - b:\n      - c: d\n\t\te: f\n", ""},
	})
}

type guessCase struct {
	name, in string
	want     []string
}

// checkNoGuesses: where another reading is likely, the finding is told and nothing is
// changed.
func checkNoGuesses(t *testing.T, cases []guessCase) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			fixed, findings := fixAll(t, Input{Name: "v.yaml", Data: []byte(tt.in)})
			if diff := cmp.Diff(tt.want, show(findings)); diff != "" {
				t.Errorf("-want +got\n%s\n%+v", diff, findings)
			}
			if diff := cmp.Diff(tt.in, fixed); diff != "" {
				t.Errorf("changed: -want +got\n%s", diff)
			}
		})
	}
}

func TestNoGuesses(t *testing.T) {
	edge := func(uri string) string { return clean + "options:\n  system.uri: " + uri + "\n" }
	checkNoGuesses(t, []guessCase{
		{"pipeline without its end", generic + "x: '{{ .spectro.var.a | upper'\n", []string{"5:8 error macro-braces"}},
		{"function without its start", generic + "x: 'printf \"q\" .spectro.var.a }}'\n", []string{"5:16 error macro-braces"}},
		{"braces apart", generic + "x: '{ {.spectro.system.kubernetes.version} }'\n", []string{"5:8 error macro-braces"}},
		{"a brace of JSON", generic + "x: '{\"a\": {.spectro.var.x}}'\n", []string{"5:12 error macro-braces"}},
		{"a macro cut in two", generic + "x: '{{.spectro.syste~m.cluster.name}}'\n", []string{"5:16 error macro-name"}},
		{"another word", generic + "x: '{{ .Spectrum.value }}'\n", nil},
		{"a pack of the user's", generic + "x: '{{ .spectro.pack.generic-byoi2.foo }}'\n", []string{"5:22 warning macro-name"}},
		{"a key of the user's", strings.Replace(generic, "osName", "hostName", 1), []string{"1:1 error missing-key"}},
		{"options of the user's", edge("a.io/b:1") + "actions: {}\n", nil},
		{"content of the user's", strings.Replace(edge("a.io/b:1"), "pack:\n", "pack:\n  context: x\n", 1), []string{"2:3 warning unknown-key"}},
		{"a merged value", "base: &b {osName: rhel, osVersion: 24.10}\npack:\n  <<: *b\n  osImageOverride: ami-1a2b3c4d\nother:\n  <<: *b\n", []string{"1:36 error wrong-type"}},
		{"a key that an alias repeats", "pack: &p\n  osImageOverride: ami-1a2b3c4d\n  osNmae: x\n  osVersion: '8'\nother: *p\n", []string{"3:3 error unknown-key"}},
		{"quotes that an alias repeats", generic + "x: &x “a”\ny: *x\n", []string{"5:7 error typographic-quote"}},
		{"an alias as a misplaced key", "k: &k osName\n*k : x\npack:\n  osImageOverride: ami-1a2b3c4d\n  osVersion: '8'\n", []string{"2:1 error misplaced-key"}},
		{"an alias with the name of a key", "? &osName a\n: b\n*osName : x\npack:\n  osImageOverride: ami-1a2b3c4d\n  osVersion: '8'\n", []string{"4:1 error missing-key"}},
	})
}

func TestNoGuessesOfSpacesAndQuotes(t *testing.T) {
	checkNoGuesses(t, []guessCase{
		{"text with a no-break space", generic + "l:\n- echo the image:\u00a0ubuntu\n- [echo, set osName:\u00a0x]\nk: the image:\u00a0foo\n", nil},
		{"likely a key", generic + "l:\n- x:\u00a0y\nm: {a:\u00a0b}\nn: x\u00a0# y\n", []string{"6:5 warning no-break-space", "7:5 warning no-break-space", "8:4 warning no-break-space"}},
		{"a comment or a value of the pack", strings.Replace(generic, "rhel", "rhel\u00a0# c", 1), []string{"3:11 error no-break-space"}},
		{"quotes that a list parts", generic + "x: [“a: b”, c]\n", []string{"5:5 warning typographic-quote"}},
		{"a line of a script", generic + "s: |\n  a\n   \u00a0b\n", []string{"7:4 warning no-break-space"}},
		{"quotes of two kinds", generic + "x: “y'\n", []string{"5:4 warning typographic-quote"}},
	})
}

func TestNoGuessesOfWhatReadersRefuse(t *testing.T) {
	checkNoGuesses(t, []guessCase{
		{"merge of nothing", generic + "  <<:\n", []string{"5:3 error syntax"}},
		{"merge of text", generic + "  <<: foo\n", []string{"5:3 error syntax"}},
		{"merge of a list of text", generic + "  <<: [foo]\n", []string{"5:3 error syntax"}},
		{"tag of another type", generic + "x: !!int foo\n", []string{"5:4 error syntax"}},
		{"a key that is a mapping", generic + "x: {{}: b}\ny: {{b: c}: d}\n", []string{"5:5 error syntax", "6:5 error syntax"}},
		{"a key that is a list", generic + "x: {[a]: b}\n? [a]\n: b\n", []string{"5:5 error syntax", "6:3 error syntax"}},
		{"a key that stands for a mapping", generic + "x: &x {a: b}\ny: {*x : c}\n", []string{"6:5 error syntax"}},
		{"actions of no path", generic + "x: {{.ami}}\ny: [{{foo}}]\n", []string{"5:4 error unquoted-macro", "6:5 error unquoted-macro"}},
		{"actions with functions", generic + "x: {{ printf \"%s\" .ami }}\ny: {{ include \"a\" . }}\n", []string{"5:4 error unquoted-macro", "6:4 error unquoted-macro"}},
		{"a macro of single braces", generic + "x: { {.spectro.var.a} }\n", []string{"5:4 error unquoted-macro"}},
		{"a macro with a tag", generic + "x: !!str {{.spectro.var.a}}\n", []string{"5:4 error unquoted-macro"}},
		{"a tag of null", generic + "x: !!null foo\ny: !!int yes\nz: !!null no\n", []string{"5:4 error syntax", "6:4 error syntax", "7:4 error syntax"}},
		{"a tag of boolean", generic + "x: !!bool foo\n", []string{"5:4 error syntax"}},
		{"an alias of itself", generic + "x: &a [*a]\n", []string{"1:1 error syntax"}},
		{"aliases without end", generic + "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n", []string{"1:1 error syntax"}},
		{"merge of a list by its alias", "a: &a {x: 1}\nl: &l [*a]\n" + generic + "  <<: *l\n", []string{"7:3 error syntax"}},
		{"two merges", "a: &a {x: 1}\nb: &b {y: 1}\n" + generic + "  <<: *a\n  <<: *b\n", []string{"8:3 error duplicate-key"}},
		{"an end mark at the start", "# c\n...\n---\n" + generic, []string{"4:1 error syntax"}},
		{"empty documents", "---\n---\n" + generic, nil},
		{"tags that fit", generic + "x: [!!int 8, !!str 8, !!float 1, !!null '', !!bool yes, !x y, !!binary eA==]\n", nil},
		{"text behind an end mark", generic + "...\nstages: x\n", []string{"6:1 error syntax", "6:1 warning unknown-pack"}},
		{"documents behind end marks", generic + "...\n# c\n---\n" + generic + "...\n", nil},
		{"a key that an alias stands for", "k: &k osName\npack:\n  osImageOverride: ami-1a2b3c4d\n  *k : b\n  osVersion: '8'\n", nil},
	})
}

func TestNoGuessesOfTheURI(t *testing.T) {
	edge := func(uri string) string { return clean + "options:\n  system.uri: " + uri + "\n" }
	checkNoGuesses(t, []guessCase{
		{"uri: no macro", edge("'a.io/b:{{'"), []string{"6:15 error macro-braces"}},
		{"uri: three braces", edge("'a.io/b:{{{.spectro.system.kubernetes.version}}}'"), []string{"6:15 error macro-braces"}},
		{"uri: two dots", edge("'a.io/b:{{..spectro.system.kubernetes.version}}'"), []string{"6:15 error macro-braces"}},
		{"uri in both forms", edge("a.io/b:1") + "  system: {uri: a.io/b:1}\n", []string{"7:12 error duplicate-key"}},
		{"images that are no list", strings.Replace(edge("a.io/b:1"), "images:\n", "images: x\n    i:\n", 1), []string{"1:1 warning missing-key", "3:13 error wrong-type"}},
		{"items without image", strings.Replace(edge("a.io/b:1"), "images:\n", "images:\n      - a.io/b:1\n      - image: [a]\n      - imag: a.io/b:1\n      - image:\n", 1), []string{"4:9 error missing-key", "5:16 error wrong-type", "6:9 error missing-key", "7:9 error missing-key"}},
		{"a macro that does not end", strings.Replace(generic, "ami-1a2b3c4d", "'{{'", 1), []string{"2:20 error macro-braces"}},
		{"a macro of three braces", strings.Replace(generic, "ami-1a2b3c4d", "'{{{.spectro.var.ami}}}'", 1), []string{"2:20 error macro-braces"}},
		{"a brace too many", strings.Replace(generic, "ami-1a2b3c4d", "'{{.spectro.var.ami}}}'", 1), []string{"2:20 error macro-braces"}},
		{"a macro that ends in a dot", strings.Replace(generic, "rhel", "'{{.spectro.var.}}'", 1), []string{"3:11 error macro-braces"}},
		{"uri: a space", edge("'a.io/b c:{{.spectro.var.x}}'"), []string{"6:15 error image-reference"}},
		{"uri: branches", edge("'{{ if .spectro.var.x }}a.io/b{{ else }}c.io/b{{ end }}:{{.spectro.system.kubernetes.version | upper}}@x'"), nil},
	})
}

// TestHiddenKeys: a no-break space behind a key of the packs makes it part of the
// value above; that has one reading.
func TestHiddenKeys(t *testing.T) {
	for _, tt := range []struct{ in, fixed string }{
		{strings.Replace(generic, "osVersion: ", "osVersion:\u00a0", 1), generic},
		{"pack:\n  osImageOverride:\u00a0ami-1a2b3c4d\n", "pack:\n  osImageOverride: ami-1a2b3c4d\n"},
		{strings.Replace(generic, "osName:", "osName\u00a0:", 1), strings.Replace(generic, "osName:", "osName :", 1)},
		{"pack: {osImageOverride: ami-1a2b3c4d,\u00a0osName: rhel\u00a0, osVersion: '8'}\n", "pack: {osImageOverride: ami-1a2b3c4d, osName: rhel , osVersion: '8'}\n"},
		{strings.Replace(generic, "ami-1a2b3c4d", "'{{\u00a0.spectro.var.a\u00a0}}'", 1), strings.Replace(generic, "ami-1a2b3c4d", "'{{ .spectro.var.a }}'", 1)},
		{strings.ReplaceAll(clean, "- image: ", "- image:\u00a0") + "options:\n  system.uri: a.io/b:1\n", clean + "options:\n  system.uri: a.io/b:1\n"},
	} {
		if fixed, _ := fixAll(t, Input{Name: "v.yaml", Data: []byte(tt.in)}); fixed != tt.fixed {
			t.Errorf("%q became %q", tt.in, fixed)
		}
	}
}

// TestKindOfFile: a name says what a file is, not a fence in a note; and a page that
// shows a spec has values beside it.
func TestKindOfFile(t *testing.T) {
	const fence = "note: |\n  ```yaml\n  foo: bar\n  ```\n"
	page := "```yaml\nkind: ImageSet\n```\n```yaml\n" + strings.Replace(generic, "rhel", "‘rhel’", 1) + "```\n"
	script := "```yaml\n" + generic + "s: |\n     ```\nx: ‘y’\n```\n"
	profile := `{"spec":{"template":{"packs":[{"name":"generic-byoi","values":"pack:\n  osName: ‘x’\n"}]}}}`
	for _, tt := range []struct {
		name, in string
		want     []string
	}{
		{"v.yaml", generic + fence + "broken: [a\n", []string{"8:1 error syntax"}},
		{"v.json", generic + fence + "broken: [a\n", []string{"8:1 error syntax"}},
		{"-", page, []string{"7:11 error typographic-quote +"}},
		{"p.md", page, []string{"7:11 error typographic-quote +"}},
		{"p.md", "> " + strings.ReplaceAll(page, "\n", "\n> "), []string{"7:13 error typographic-quote +"}},
		{"p.md", "> ```yaml\n> " + strings.ReplaceAll(strings.TrimSpace(generic), "\n", "\n> ") + "\nx: ‘y’\n", nil},
		{"p.md", "1. ```yaml\n   " + strings.ReplaceAll(strings.Replace(generic, "rhel", "‘rhel’", 1), "\n", "\n   ") + "```\n2. x\n", []string{"4:14 error typographic-quote +"}},
		{"p.md", "- a\n  * ```yaml\n    pack:\n      osName: 8\n    ```\n", []string{"3:5 error missing-key", "3:5 error missing-key", "4:15 error wrong-type +"}},
		{"p.md", "> - ```yaml\n>   pack:\n>     osName: 8\n>   ```\n", []string{"2:5 error missing-key", "2:5 error missing-key", "3:15 error wrong-type +"}},
		{"p.md", "\ufeff```yaml\npack:\n  osName: 8\n```\n", []string{"2:1 error missing-key", "2:1 error missing-key", "3:11 error wrong-type +"}},
		{"p.md", "```yaml blocks``` are shown below.\n\n```yaml\n" + generic + "```\n", nil},
		{"p.md", "```yaml\npack:\n\u202f\u202fosImageOverride: ami-1\n\u202f\u202fosName: rhel\n  x: [\n```\n", []string{"3:1 error no-break-space", "4:1 error no-break-space", "5:1 error syntax"}},
		{"p.md", "```yaml\n{\"pack\": {\"osImageOverride\": {{.spectro.var.ami}}-x, \"osName\": \"rhel\"}}\n```\n", []string{"2:1 error syntax"}},
		{"p.md", "```yaml\noptions:\n  system:\n    uri: “a: b” and “c\n```\n", []string{"4:1 error syntax"}},
		{"p.md", script, []string{"8:4 error typographic-quote +"}},
		{"p.json", "[" + strings.ReplaceAll(profile, "\n", `\n`) + "]", []string{"1:65 error missing-key", "1:65 error missing-key", "1:82 error typographic-quote +"}},
	} {
		findings, err := Lint(Input{Name: tt.name, Data: []byte(tt.in), Refuse: []string{"ImageSet"}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, show(findings.Findings)); diff != "" {
			t.Errorf("%s %q: -want +got\n%s", tt.name, tt.in, diff)
		}
	}
	if _, err := Lint(Input{Name: "p.json", Data: []byte(strings.Replace(profile, `"}]`, `",}]`, 1))}); err == nil {
		t.Error("a profile with a comma too many is taken for values")
	}
}

// TestCloudOfEachProfile: of several profiles each has its own cloud, or none.
func TestCloudOfEachProfile(t *testing.T) {
	pack := func(name, values string) string {
		return `"packs":[{"name":"` + name + `","values":"` + strings.ReplaceAll(values, "\n", `\n`) + `"}]`
	}
	ami := pack("generic-byoi", strings.ReplaceAll(generic, `"`, "'"))
	uri := pack("edge-native-byoi", clean+"options:\n  system.uri: a.io/b:1\n")
	for _, tt := range []struct {
		name, in string
		want     []string
	}{
		{"beside the packs", `[{"spec":{"template":{"cloudType":"aws",` + ami + `}}},{"spec":{"template":{"cloudType":"edge-native",` + uri + `}}}]`, nil},
		{"behind the packs", `{"items":[{"spec":{` + ami + `,"cloudType":"aws"}},{"spec":{` + uri + `,"cloudType":"edge-native"}}]}`, nil},
		{"elsewhere in the profile", `[{"metadata":{"cloudType":"edge-native"},"spec":{"template":{` + ami + `}}},{"spec":{` + uri + `}}]`, []string{"pack-cloud"}},
		{"none of its own", `[{"cloudType":"edge-native",` + uri + `},{` + ami + `}]`, nil},
		{"draft and published", `{"spec":{"draft":{"cloudType":"aws",` + uri + `},"published":{"cloudType":"edge-native",` + uri + `}}}`, []string{"pack-cloud"}},
	} {
		var got []string
		for _, f := range mustLint(t, Input{Name: "p.json", Data: []byte(tt.in)}) {
			got = append(got, string(f.Rule))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", tt.name, diff)
		}
	}
}

// TestCostOfAliasesAndOfDroppedRepairs would take a minute if it were more than in
// proportion to the text.
func TestCostOfAliasesAndOfDroppedRepairs(t *testing.T) {
	const many = 2000
	lines := func(line string) string { return strings.Repeat(line, many) }
	var keys strings.Builder
	for i := range many {
		keys.WriteString("  k" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + time.Duration(i).String() + ": *o\n")
	}
	for name, text := range map[string]string{
		"aliases":         "options: &o\n  system.uri: 'a.io/b:1'\n" + keys.String(),
		"merges":          "a: &a\n" + strings.ReplaceAll(keys.String(), "*o", "1") + "pack:\n  <<: [" + lines("*a, ") + "*a]\n",
		"no-break spaces": generic + "x:\n" + lines("- k: the image:\u00a0foo\n"),
		"tags":            "%TAG !e! tag:e.org,2024:\n---\n" + generic + "x:\n" + lines("- !e!x “bar”\n"),
		"shared":          generic + "x: &x\n" + lines("- “bar”\n") + "y: *x\n",
		"macros":          clean + "options:\n  system.uri: 'a.io/b:1'\nx:\n" + strings.ReplaceAll(keys.String(), "*o", "'{{.spectro.pack.edge-native-byoi.options.q}}'"),
		"misspelt macros": clean + "options:\n  system.uri: 'a.io/b:1'\nx: '" + strings.ReplaceAll(strings.ReplaceAll(keys.String(), ": *o\n", "}}"), "  k", "{{.spectro.pack.edge-native-byoi.") + "'\n",
		"broken":          generic + "x:\n" + lines("- “a: b”\n") + "y: [\n",
	} {
		if len(mustLint(t, Input{Name: "v.yaml", Data: []byte(text)})) == 0 && name != "no-break spaces" {
			t.Errorf("%s: no finding", name)
		}
	}
}
