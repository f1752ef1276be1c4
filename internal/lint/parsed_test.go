package lint

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/yamledit"
)

const generic = "pack:\n  osImageOverride: ami-1a2b3c4d\n  osName: rhel\n  osVersion: \"8\"\n"

// TestCorrectDataStays: text that only looks like a mistake to somebody who reads
// line by line is data, and neither told nor changed.
func TestCorrectDataStays(t *testing.T) {
	for _, data := range []string{
		"l: [\"x 'y',\n  z\", \"w\"]\n",
		"a: “Foo” bar “baz”\n", "a: ‘Foo’ bar ‘baz’\n", "a: „Foo“ und „bar“\n", "a: “Foo\" bar \"baz\"\n",
		"? k\n: |\n “x”\n", "? |\n  “x”\n: y\n", "a: x -\u00a0y\n", "a: -\u00a0y\n", "- x\n- \u00a0y\n", "l:\n- the x:\u00a0y\n",
		"a: one\n  “two”\n  three\n", "a: one\n  \ttwo\n", "a: \"one\n  “two”\n  'three'\"\n", "a: 'x\n  {{ not spectro }}\n  y'\n",
		"a: >\n  x\n  “y”\n\n   ‘z’\n", "a: [a,\n  “x y” z]\n", "a: {b: 'c', d: \"e 'f\"}\n", "a: 'it''s: “x”'\n",
		"a: '{{ if .x }}“y”{{ end }}'\n", "a: |\n  {{- range .x }}\n  - {{ . }}\n  {{- end }}\n",
		"a: '{{ printf \"%s}}\" .spectro.system.cluster.name }}'\n", "a: '{{/* .spectro.sytem.x */}}'\n",
		"a: '{{ \"{{\" }}'\n", "a: '.spectro.system.cluster.name is a macro'\n", "a: !<tag:example.com,2024:x> y\n",
		"m: {“a”b: c}\n", "name: x\nsystem.name: y\n", "a: 👩\u200d🚀\n",
		"a: \"\\u2018x\\u2019\"\n", "a: \"\\\n  x “y”\"\n", "a:\n  b: |2-\n     “x”\n    y\n", "a: b\t# “c”\n", "\"a\": \"‘b’\"\n",
	} {
		doc := data
		if !strings.HasPrefix(data, "-") {
			doc = generic + data
		}
		t.Run(data, func(t *testing.T) {
			if _, err := yamledit.Parse([]byte(doc)); err != nil {
				t.Fatal(err)
			}
			for _, f := range mustLint(t, Input{Data: []byte(doc)}) {
				if f.Rule != RuleUnknownPack {
					t.Errorf("%d:%d %s: %s, fixable %t", f.Line, f.Column, f.Rule, f.Message, f.Fixable)
				}
			}
		})
	}
}

// TestMacroAcrossALineEnd: PyYAML folds long values at any space, also inside of a
// macro, and in double quotes with a backslash. Macros are read in the value.
func TestMacroAcrossALineEnd(t *testing.T) {
	for _, tt := range []struct{ name, in, fixed string }{
		{"single quotes", "options:\n  system.uri: 'ttl.sh/ubuntu:k3s-{{\n    .spectro.system.kunernetes.version }}-{{ .spectro.system.kubernetes.version\n    }}'\n", "kubernetes"},
		{"plain", "options:\n  system.uri: ttl.sh/ubuntu:k3s-{{\n    .spectro.system.kunernetes.version }}-{{ .spectro.system.kubernetes.version\n    }}\n", "kubernetes"},
		{"double quotes", "options:\n  system.uri: \"ttl.sh/ubuntu:k3s-{{\\\n    \\ .spectro.system.kunernetes.version }}-{{ .spectro.system.kubernetes.version\\\n    \\ }}\"\n", "kubernetes"},
		{"folded", "options:\n  system.uri: >-\n    ttl.sh/ubuntu:k3s-{{\n    .spectro.system.kunernetes.version }}-{{ .spectro.system.kubernetes.version\n    }}\n", "kubernetes"},
		{"right", "options:\n  system.uri: 'ttl.sh/ubuntu:k3s-{{\n    .spectro.system.kubernetes.version }}'\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := Input{Data: []byte(clean + tt.in)}
			findings := mustLint(t, in)
			var got []string
			for _, f := range findings {
				got = append(got, string(f.Rule))
			}
			var want []string
			if tt.fixed != "" {
				want = []string{string(RuleMacroName)}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			fixed := mustFix(t, in)
			if diff := cmp.Diff(strings.Replace(string(in.Data), "kunernetes", "kubernetes", 1), fixed); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

type parsedCase struct {
	name, in string
	want     []string
	fixed    string
}

// checkParsed lints and fixes each text; * as the last finding stands for any more.
func checkParsed(t *testing.T, cases []parsedCase) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			in := Input{Name: "v.yaml", Data: []byte(tt.in)}
			result := lintOnce(t, in)
			got := show(result.Findings)
			if n := len(tt.want); n > 0 && tt.want[n-1] == "*" {
				got = append(got[:min(n-1, len(got))], "*")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				for _, f := range result.Findings {
					t.Log(f.Line, f.Column, f.Rule, f.Message)
				}
				t.Errorf("-want +got\n%s", diff)
			}
			want := tt.fixed
			if want == "" {
				want = tt.in
			}
			if diff := cmp.Diff(want, string(result.Text)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if tt.name == "JSON" && !json.Valid(result.Text) {
				t.Errorf("no JSON: %s", result.Text)
			}
		})
	}
}

func TestAliasesAndMerges(t *testing.T) {
	checkParsed(t, []parsedCase{
		{"merge", "base: &b\n  osName: rhel\n  osVersion: \"8\"\npack:\n  <<: *b\n  osImageOverride: ami-1a2b3c4d\n", nil, ""},
		{"merge of several", "a: &a {osName: rhel}\nb: &b {osVersion: \"8\", osName: 1}\npack:\n  <<: [*a, *b]\n  osImageOverride: ami-1a2b3c4d\n", nil, ""},
		{"merge is not renamed", "b: &b {osNam: rhel, osVersion: \"8\"}\npack:\n  <<: *b\n  osImageOverride: ami-1a2b3c4d\n", []string{"1:8 error unknown-key"}, ""},
		{"alias of all", "x: &p\n  osImageOverride: ami-1a2b3c4d\n  osName: rhel\n  osVersion: \"8\"\npack: *p\n", nil, ""},
		{"alias of a value", "v: &v 24.10\nw: *v\npack:\n  osImageOverride: ami-1a2b3c4d\n  osName: ubuntu\n  osVersion: *v\n", []string{"1:4 error wrong-type"}, ""},
		{"alias in options", "v: &v a.io/b\noptions:\n  system.uri: *v\n" + clean, []string{"1:4 error image-reference"}, ""},
		{"merge that never ends", "pack: &p\n  <<: *p\n  osImageOverride: ami-1a2b3c4d\n  osName: rhel\n  osVersion: \"8\"\n", []string{"1:1 error syntax"}, ""},
		{"name is not osName", "pack:\n  osImageOverride: ami-1a2b3c4d\n  name: rhel\n  version: \"8\"\n", []string{"1:1 error missing-key", "1:1 error missing-key"}, ""},
	})
}

func TestStreamsOfDocuments(t *testing.T) {
	checkParsed(t, []parsedCase{
		{"comment behind a mark", generic + "--- # second\n" + generic + "---\t# third\n" + strings.Replace(generic, "rhel", "‘rhel’", 1) + "---\n", []string{"13:11 error typographic-quote +"}, generic + "--- # second\n" + generic + "---\t# third\n" + strings.Replace(generic, "rhel", "'rhel'", 1) + "---\n"},
		{"one of several is broken", generic + "---\npack: [\n---\n" + strings.Replace(generic, "rhel", "‘rhel’", 1), []string{"6:1 error syntax", "10:11 error typographic-quote +"}, generic + "---\npack: [\n---\n" + strings.Replace(generic, "rhel", "'rhel'", 1)},
		{"end mark", generic + "...\n%YAML 1.2\n---\n" + generic + "...\n", nil, ""},
		{"YAML 1.2", "%YAML 1.2\n---\n" + generic, nil, ""},
		{"verbatim tag", "pack: {osImageOverride: ami-1a2b3c4d, osName: !<tag:yaml.org,2002:str> rhel, osVersion: !!str 8}\n", nil, ""},
	})
}

func TestNestedForms(t *testing.T) {
	edge := func(options string) string { return clean + "options:\n" + options }
	checkParsed(t, []parsedCase{
		{"nested edge form", edge("  system:\n    uri: a.io/b:1\n    osVersion: 22\n    pVersion: v1\n    foo: x\n    customTag: CHANGEME\n"),
			[]string{"8:16 warning wrong-type +", "9:5 error unknown-key +", "10:5 warning unknown-key", "11:16 error placeholder"},
			edge("  system:\n    uri: a.io/b:1\n    osVersion: \"22\"\n    peVersion: v1\n    foo: x\n    customTag: CHANGEME\n")},
		{"a version that is a number", edge("  system.uri: a.io/b:1\n  system.peVersion: 4.10\n"), []string{"7:21 error wrong-type +"}, edge("  system.uri: a.io/b:1\n  system.peVersion: \"4.10\"\n")},
		{"nested, misspelt above", edge("  systm:\n    uri: a.io/b:1\n"), []string{"4:50 warning undefined-macro", "5:1 error missing-key", "6:3 warning unknown-key"}, ""},
		{"nested and dotted", edge("  system: {uri: a.io/b:1}\n  system.osVersion: \"22\"\n"), nil, ""},
	})
}

func TestCharacters(t *testing.T) {
	edge := func(options string) string { return clean + "options:\n" + options }
	checkParsed(t, []parsedCase{
		{"hidden by no-break spaces", "pack:\n  osImageOverride:\u00a0ami-1a2b3c4d\n", []string{"1:1 error missing-key", "1:1 error missing-key", "2:19 error no-break-space +"}, "pack:\n  osImageOverride: ami-1a2b3c4d\n"},
		{"indented by no-break spaces", "pack:\n\u00a0\u00a0osImageOverride: ami-1a2b3c4d # c\n\u00a0\u00a0osName: rhel\n\u00a0\u00a0osVersion: \"8\"\n", []string{"2:1 error no-break-space +", "3:1 error no-break-space +", "4:1 error no-break-space +"}, genericWith("ami-1a2b3c4d # c")},
		{"a dash and a no-break space", "pack:\n  content:\n    images:\n    -\u00a0image: '{{.spectro.pack.edge-native-byoi.options.system.uri}}'\noptions:\n  system.uri: a.io/b:1\n", []string{"4:6 error no-break-space +"}, "pack:\n  content:\n    images:\n    - image: '{{.spectro.pack.edge-native-byoi.options.system.uri}}'\noptions:\n  system.uri: a.io/b:1\n"},
		{"behind a value", generic + "x: y\u00a0\n" + "", nil, ""},
		{"behind a value of the pack", strings.Replace(generic, "rhel", "rhel\u00a0", 1), []string{"3:15 error no-break-space +"}, strings.Replace(generic, "rhel", "rhel ", 1)},
		{"quotes in a key", "pack:\n  osImageOverride: ami-1a2b3c4d\n  ‘osName’: rhel\n  osVersion: \"8\"\n", []string{"3:3 error typographic-quote +"}, "pack:\n  osImageOverride: ami-1a2b3c4d\n  'osName': rhel\n  osVersion: \"8\"\n"},
		{"quotes over two lines", generic + "x: “y\n  'z'”\n", []string{"5:4 error typographic-quote +"}, generic + "x: \"y\n  'z'\"\n"},
		{"double quotes and a backslash", generic + "x: “y\\nz”\ny: “C:\\”\nz: ‘y\\nz’\n", []string{"5:4 error typographic-quote", "6:4 error typographic-quote", "7:4 error typographic-quote +"}, generic + "x: “y\\nz”\ny: “C:\\”\nz: 'y\\nz'\n"},
		{"macro that is a mapping", generic + "x: {{.spectro.system.cluster.name}} # c\n", []string{"5:4 error unquoted-macro +"}, generic + "x: '{{.spectro.system.cluster.name}}' # c\n"},
		{"brace of no template", generic + "x: 'a {{ if }}{{ .spectro.system.cluster.name'\n", []string{"5:18 error macro-braces"}, ""},
		{"zero width in an id", generic + "\u200bx: y\n", []string{"5:1 warning invisible-character"}, ""},
		{"zero width in a value", strings.Replace(generic, "rhel", "rh\u200del", 1), []string{"3:11 error invisible-character"}, ""},
		{"mark inside of a value", strings.Replace(generic, "rhel", "\"\\ufeffrhel\"", 1), []string{"3:11 error invisible-character"}, ""},
		{"zero width in a key", strings.Replace(generic, "osName", "os\u200bName", 1), []string{"1:1 error missing-key", "3:3 error invisible-character"}, ""},
		{"direction in a comment", generic + "# \u202eabc\u202c\n", []string{"5:3 warning invisible-character"}, ""},
		{"invisible in a macro", edge("  system.uri: 'a.io/b:{{.spectro.system.kuber\u200bnetes.version}}'\n"), []string{"6:15 error invisible-character", "*"}, ""},
		{"booleans of YAML 1.1", strings.NewReplacer("rhel", "yes", `"8"`, "Off").Replace(generic), []string{"3:11 error wrong-type +", "4:14 error wrong-type +"}, strings.NewReplacer("rhel", `"yes"`, `"8"`, `"Off"`).Replace(generic)},
		{"no booleans of YAML 1.1", strings.NewReplacer("rhel", "!!str yes", `"8"`, "oN").Replace(generic), nil, ""},
		{"JSON", `{"pack": {"osImageOverride": "ami-1a2b3c4d", "osNam": 1, "osVersion": 24.10}}`, []string{"1:46 error unknown-key +", "1:71 error wrong-type +"}, `{"pack": {"osImageOverride": "ami-1a2b3c4d", "osName": 1, "osVersion": "24.10"}}`},
	})
}

func genericWith(id string) string { return strings.Replace(generic, "ami-1a2b3c4d", id, 1) }

// TestRepairsThatAreNotProven: a repair that would change more than it says is
// dropped, and the finding says why.
func TestRepairsThatAreNotProven(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		rule     Rule
		why      string
	}{
		{"no template", generic + "x: 'a {{ if }}{{ .spectro.system.cluster.name'\n", RuleMacroBraces, "still be no template"},
		{"braces that are no macro's", generic + "x: '{\"a\": {.spectro.var.x}}'\n", RuleMacroBraces, "still be no template"},
		{"shared by an alias", "v: &v 24.10\nw: *v\npack:\n  osImageOverride: ami-1a2b3c4d\n  osName: ubuntu\n  osVersion: *v\n", RuleWrongType, "*v repeats it elsewhere"},
		{"merged", "b: &b {osNam: rhel, osVersion: \"8\"}\npack:\n  <<: *b\n  osImageOverride: ami-1a2b3c4d\n", RuleUnknownKey, "*b repeats it elsewhere"},
		{"still no YAML", "pack:\n\u00a0\u00a0osName: x: [\n", RuleNoBreakSpace, "the result would not be YAML"},
		{"a no-break space that may be text", "pack:\n  osName: rhel\n\u00a0\u00a0osVersion: '8'\nstages:\n- echo the image:\u00a0ubuntu\n", RuleNoBreakSpace, "on line 5 may be meant"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, f := range mustLint(t, Input{Data: []byte(tt.in)}) {
				if f.Rule != tt.rule {
					continue
				}
				if f.Fixable || !strings.Contains(f.Message, "; not repaired: ") || !strings.Contains(f.Message, tt.why) {
					t.Errorf("%s, fixable %t", f.Message, f.Fixable)
				}
				return
			}
			t.Errorf("no finding %s", tt.rule)
		})
	}
}

// TestProof: the proof itself refuses what changes anything beside its places.
func TestProof(t *testing.T) {
	const text = "a: b # c\nd: {e: f}\n# g\nh: &i j\nk: *i\n"
	doc, err := yamledit.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	v := view{whole([]byte(text)), doc}
	value := doc.Root().Content[1]
	here := place{node: value, edits: []replacement{{0, 1, "x"}}}
	at := func(old, made string) []replacement {
		i := strings.Index(text, old)
		return []replacement{{i, i + len(old), made}}
	}
	for _, tt := range []struct {
		name  string
		fix   []replacement
		place place
		ok    bool
	}{
		{"as it says", at("b", "x"), here, true},
		{"in quotes", at("b", "\"x\""), here, true},
		{"another value", at("b", "y"), here, false},
		{"a number", at("b", "1"), place{node: value, edits: []replacement{{0, 1, "1"}}}, false},
		{"no place", at("b", "x"), place{}, false},
		{"another key", at("e", "x"), here, false},
		{"a comment", at("# c", "# d"), here, false},
		{"a mapping", at("b", "{x: 1}"), here, false},
		{"an anchor", at("&i", "&k"), place{}, false},
		{"another style", at("{e: f}", "{e: 'f'}"), place{}, false},
		{"a key twice", at("d:", "a:"), place{node: doc.Root().Content[2], edits: []replacement{{0, 1, "a"}}}, false},
		{"no YAML", at("b", "\"x"), here, false},
		{"nothing left", at(text, ""), here, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			hits := []hit{{fix: tt.fix, place: tt.place}}
			next := v.prove(hits)
			if ok := hits[0].fix != nil; ok != tt.ok || ok == (string(next.text) == text) {
				t.Errorf("proven: %v, %q, %q", ok, hits[0].message, next.text)
			}
		})
	}
}

// TestLargeTexts: one line of 100 KB takes a twentieth of a second or so, whatever is on it;
// what is not in proportion to its length takes many times as long as all tests.
func TestLargeTexts(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	flow, quoted, bare := [2]string{"x: [", "]\n"}, [2]string{"x: '", "'\n"}, [2]string{"", "\n"}
	for _, tt := range []struct {
		item   string
		around [2]string
	}{
		{"{a: 1}, ", flow}, {"“x”, ", flow}, {"'x', ", flow}, {"“x” ", bare}, {"\"x, ", flow}, {"{{.a}} ", bare}, {"{{.a}} ", quoted}, {"- ", bare},
		{"\u00a0", bare}, {"\u00a0x: ", flow}, {"&a *a ", flow}, {"'{{.spectro.sytem.x}}', ", flow}, {"{.spectro.sytem.x} ", quoted},
		{"{{ .spectro.system.cluster.name ", quoted}, {"''", quoted}, {"\t", bare}, {"# ", flow}, {"\u200b", quoted}, {"[", flow}, {"{{ ( ", quoted},
		{"{{if .x}} ", quoted}, {"a: ", bare}, {"\u00a0", [2]string{"x: '{{.spectro.var.a", "}}'\n"}}, {"\u00a0", [2]string{"\u00a0x: {{.spectro.var.a", "}}/b\n"}},
		{"{{.spectro.var.a}}/", bare}, {"{{\u00a0.spectro.var.a}}", [2]string{"\u00a0x: '", "'\n"}},
	} {
		data := []byte(generic + tt.around[0] + strings.Repeat(tt.item, 100_000/len(tt.item)) + tt.around[1])
		mustLint(t, Input{Data: data})
	}
}

func TestOneParse(t *testing.T) {
	plain := []byte(generic + "x:\n" + strings.Repeat("- a: b # c\n  d: 'e'\n", 5_000))
	parse := testing.AllocsPerRun(1, func() { _, _ = yamledit.Parse(plain) })
	all := testing.AllocsPerRun(1, func() { mustLint(t, Input{Data: plain}) })
	if all > 1.5*parse {
		t.Errorf("a parse allocates %.0f times, lint %.0f times", parse, all)
	}
}

// TestDocumentsInAFence: a page shows several documents in one block.
func TestDocumentsInAFence(t *testing.T) {
	page := "Text\n\n  ```yaml\n  " + strings.ReplaceAll(strings.TrimSpace(generic), "\n", "\n  ") + "\n  --- # second\n  pack:\n    osImageOverride: ami-1a2b3c4d\n    osName: ‘rhel’\n    osVersion: 8\n  ---\n  other: “x”\n  ```\n"
	in := Input{Name: "p.md", Data: []byte(page)}
	findings := mustLint(t, in)
	if diff := cmp.Diff([]string{"11:13 error typographic-quote +", "12:16 error wrong-type +"}, show(findings)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	want := strings.NewReplacer("‘rhel’", "'rhel'", "osVersion: 8", "osVersion: \"8\"").Replace(page)
	if diff := cmp.Diff(want, mustFix(t, in)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
