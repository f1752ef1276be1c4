package yamledit

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

func scalar(value string, path ...string) Op { return Op{Path: path, Value: value} }

var images = []string{"pack", "content", "images"}

func own(value string) Op {
	return Op{
		Path: images, Item: "image", Value: value, First: true,
		Match: func(s string) bool { return strings.Contains(s, "system.uri") },
	}
}

// editCase is a text before and after an edit.
type editCase struct {
	name, in, want string
	ops            []Op
}

func checkEdits(t *testing.T, tests []editCase) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, changes, err := Edit([]byte(tt.in), tt.ops)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Fatalf("-want +got\n%s", diff)
			}
			if (len(changes) == 0) != (tt.in == tt.want) {
				t.Errorf("changes = %v", changes)
			}
			again, more, err := Edit(got, tt.ops)
			if err != nil || len(more) > 0 || string(again) != string(got) {
				t.Errorf("second edit: %v, %q, %v", more, again, err)
			}
		})
	}
}

func osName() Op    { return scalar("rhel", "pack", "osName") }
func osVersion() Op { return scalar("8", "pack", "osVersion") }
func systemURI() Op { return scalar("ttl.sh/u:k3s-1", "options", "system.uri") }

func TestEditOfEmptyTexts(t *testing.T) {
	checkEdits(t, []editCase{
		{"empty", "", "pack:\n  osName: \"rhel\"\n", []Op{osName()}},
		{"comment only", "# mine\n", "# mine\npack:\n  osName: \"rhel\"\n", []Op{osName()}},
		{"comment only, no break", "# mine", "# mine\npack:\n  osName: \"rhel\"\n", []Op{osName()}},
		{"two in an empty one", "", "pack:\n  osName: \"rhel\"\n  osVersion: \"8\"\n", []Op{osName(), osVersion()}},
	})
}

func TestEditOfValues(t *testing.T) {
	checkEdits(t, []editCase{
		{"comment behind", "pack:\n  osName: sles   # keep\n", "pack:\n  osName: rhel   # keep\n", []Op{osName()}},
		{"single quotes", "pack: \n   osName:   'sles'\t\n", "pack: \n   osName:   'rhel'\t\n", []Op{osName()}},
		{"double quotes", "pack:\n  osName: \"sl\\\"es\"\n", "pack:\n  osName: \"rhel\"\n", []Op{osName()}},
		{"plain number", "pack:\n  osVersion: 9\n", "pack:\n  osVersion: \"8\"\n", []Op{osVersion()}},
		{"same number, no string", "pack:\n  osVersion: 8\n", "pack:\n  osVersion: \"8\"\n", []Op{osVersion()}},
		{"string in plain cannot hold", "pack:\n  osVersion: nine\n", "pack:\n  osVersion: \"8\"\n", []Op{osVersion()}},
		{"already right", "pack: {osName:    'rhel'}", "pack: {osName:    'rhel'}", []Op{osName()}},
		{"empty value", "pack:\n  osName:\n  x: 1\n", "pack:\n  osName: \"rhel\"\n  x: 1\n", []Op{osName()}},
		{"empty value and comment", "pack:\n  osName: # set me\n", "pack:\n  osName: \"rhel\" # set me\n", []Op{osName()}},
		{"null", "pack:\n  osName: ~\n", "pack:\n  osName: rhel\n", []Op{osName()}},
		{"tag", "pack:\n  osName: !!str sles\n", "pack:\n  osName: !!str rhel\n", []Op{osName()}},
		{"wrong tag", "pack:\n  osVersion: !!int \"8\"\n", "pack:\n  osVersion: \"8\"\n", []Op{osVersion()}},
		{"anchor, unused", "pack:\n  osName: &n sles\n", "pack:\n  osName: &n rhel\n", []Op{osName()}},
		{"alias", "a: &n sles\npack:\n  osName: *n # c\n", "a: &n sles\npack:\n  osName: rhel # c\n", []Op{osName()}},
		{"merge", "b: &b {osName: sles}\npack:\n  <<: *b\n", "b: &b {osName: sles}\npack:\n  <<: *b\n  osName: \"rhel\"\n", []Op{osName()}},
		{"literal", "pack:\n  osName: |- # why\n    sles\n\n  # next\n  x: 1\n", "pack:\n  osName: \"rhel\" # why\n\n  # next\n  x: 1\n", []Op{osName()}},
		{"folded, indented", "pack:\n  osName: >2\n      sles\n     es\nz: 1\n", "pack:\n  osName: \"rhel\"\nz: 1\n", []Op{osName()}},
		{"plain, two lines", "pack:\n  osName: suse\n    linux\n\n    es # x\nz: 1\n", "pack:\n  osName: rhel # x\nz: 1\n", []Op{osName()}},
		{"double, two lines", "pack:\n  osName: \"suse\n    linux\" # x\n", "pack:\n  osName: \"rhel\" # x\n", []Op{osName()}},
	})
}

func TestEditOfFlowStyleAndJSON(t *testing.T) {
	checkEdits(t, []editCase{
		{"flow", "pack: {osName: sles, osVersion: \"15\"} # c\n", "pack: {osName: rhel, osVersion: \"8\"} # c\n", []Op{osName(), osVersion()}},
		{"flow, missing", "pack: {osName: rhel} # c\n", "pack: {osName: rhel, osVersion: \"8\"} # c\n", []Op{osName(), osVersion()}},
		{"flow, trailing comma", "pack: {osName: rhel,\n  }\n", "pack: {osName: rhel, osVersion: \"8\",\n  }\n", []Op{osName(), osVersion()}},
		{"flow, empty", "pack: {}\n", "pack: {osName: \"rhel\", osVersion: \"8\"}\n", []Op{osName(), osVersion()}},
		{"flow root", "{}\n", "{\"options\": {\"system.uri\": \"ttl.sh/u:k3s-1\"}}\n", []Op{systemURI()}},
		{"json", `{"pack": {"osName":"sles","x":[1]}}`, `{"pack": {"osName":"rhel","x":[1], "osVersion": "8"}}`, []Op{osName(), osVersion()}},
		{"json behind a byte order mark", "\ufeff{\"pack\": {\"osName\":\"sles\"}}", "\ufeff{\"pack\": {\"osName\":\"rhel\", \"osVersion\": \"8\"}}", []Op{osName(), osVersion()}},
		{"json, other types", `{"pack": {"osName":null,"osVersion": 9}}`, `{"pack": {"osName":"rhel","osVersion": "8"}}`, []Op{osName(), osVersion()}},
		{"json, lists", "{\n\t\"pack\": {\"content\": {}}\n}\n", "{\n\t\"pack\": {\"content\": {\"images\": [{\"image\": \"n\"}]}, \"osVersion\": \"8\\t\\u200b\U000e0001\"}\n}\n", []Op{own("n"), scalar("8\t\u200b\U000e0001", "pack", "osVersion")}},
		{"verbatim tag", "pack: {osName: !<tag:yaml.org,2002:str> sles, osVersion: !<tag:yaml.org,2002:str> }\n", "pack: {osName: !<tag:yaml.org,2002:str> rhel, osVersion: !<tag:yaml.org,2002:str> \"8\" }\n", []Op{osName(), osVersion()}},
	})
}

func TestEditOfTexts(t *testing.T) {
	long := strings.Repeat("# a long licence\n", 1000)
	checkEdits(t, []editCase{
		{"YAML 1.2", "# c\n%YAML 1.2 # d\n---\npack: {osName: sles}\n", "# c\n%YAML 1.2 # d\n---\npack: {osName: rhel}\n", []Op{osName()}},
		{"YAML 1.2 behind much else", long + "%YAML 1.2\n---\npack: {osName: sles}\n", long + "%YAML 1.2\n---\npack: {osName: rhel}\n", []Op{osName()}},
		{"trailing mark", "pack:\n  osName: sles\n---\n", "pack:\n  osName: rhel\n  osVersion: \"8\"\n---\n", []Op{osName(), osVersion()}},
		{"trailing marks", "--- # a\npack:\n  osName: sles\n...\n--- # c\n---\n", "--- # a\npack:\n  osName: rhel\n...\n--- # c\n---\n", []Op{osName()}},
		{"CRLF", "pack:\r\n  osName: sles\r\n", "pack:\r\n  osName: rhel\r\n  osVersion: \"8\"\r\n", []Op{osName(), osVersion()}},
		{"BOM and unicode", "\ufeffé: ü # ö\npack: {ключ: 值, osName: sles}\n", "\ufeffé: ü # ö\npack: {ключ: 值, osName: rhel}\n", []Op{osName()}},
		{"no final break", "pack:\n  osName: sles", "pack:\n  osName: rhel\n  osVersion: \"8\"", []Op{osName(), osVersion()}},
	})
}

func TestEditOfMissingKeys(t *testing.T) {
	checkEdits(t, []editCase{
		{"missing behind sibling", "pack:\n    osName: rhel # c\n    # of x\n    x: 1\n", "pack:\n    osName: rhel # c\n    osVersion: \"8\"\n    # of x\n    x: 1\n", []Op{osName(), osVersion()}},
		{"missing, at the end", "pack:\n  x: 1\n  y:\n  - a\n  - b: |\n      t\n\n# end\n", "pack:\n  x: 1\n  y:\n  - a\n  - b: |\n      t\n  osName: \"rhel\"\n\n# end\n", []Op{osName()}},
		{"parent without value", "pack: # ours\n\nz: 1\n", "pack: # ours\n  osName: \"rhel\"\n\nz: 1\n", []Op{osName()}},
		{"parent null", "pack: null\n", "pack: {osName: \"rhel\"}\n", []Op{osName()}},
		{"parent missing, own unit", "a:\n    b: 1\n", "a:\n    b: 1\npack:\n    osName: \"rhel\"\n", []Op{osName()}},
		{"comments stay with their key", "pack:\n  x: 1\n  #drain:\n    #cordon: true\n\n# end\n", "pack:\n  x: 1\n  #drain:\n    #cordon: true\noptions:\n  system.uri: \"ttl.sh/u:k3s-1\"\n\n# end\n", []Op{systemURI()}},
	})
}

func TestEditOfKeys(t *testing.T) {
	checkEdits(t, []editCase{
		{"dotted key", "options:\n  system.uri: NA\n", "options:\n  system.uri: ttl.sh/u:k3s-1\n", []Op{systemURI()}},
		{"nested key", "options:\n  system:\n    uri: NA\n", "options:\n  system:\n    uri: ttl.sh/u:k3s-1\n", []Op{systemURI()}},
		{"nested, missing", "options:\n  system:\n    repo: u\n", "options:\n  system:\n    repo: u\n    uri: \"ttl.sh/u:k3s-1\"\n", []Op{systemURI()}},
		{"quoted key", "options: {'system.uri' : NA}\n", "options: {'system.uri' : ttl.sh/u:k3s-1}\n", []Op{systemURI()}},
		{"explicit key", "? options\n: ? system.uri\n  : NA\n", "? options\n: ? system.uri\n  : ttl.sh/u:k3s-1\n", []Op{systemURI()}},
		{"explicit key, missing", "? pack\n: ? osName\n  : |-\n   x\n", "? pack\n: ? osName\n  : \"rhel\"\n  osVersion: \"8\"\n", []Op{osName(), osVersion()}},
		{"literal beside an explicit key", "? a\n: b\npack:\n ? osName\n : |-\n  x\n   y\n", "? a\n: b\npack:\n ? osName\n : \"rhel\"\n", []Op{osName()}},
		{"open literal at the end", "pack:\n  osName: rhel\nstages: |\n  foo", "options:\n  system.uri: \"ttl.sh/u:k3s-1\"\npack:\n  osName: rhel\nstages: |\n  foo", []Op{systemURI()}},
		{"kept blank lines", "pack:\n  s: |+\n    foo\n\nz: 1\n", "pack:\n  s: |+\n    foo\n\n  osName: \"rhel\"\nz: 1\n", []Op{osName()}},
		{"document marks", "%YAML 1.1\n---\npack:\n  osName: sles\n...\n", "%YAML 1.1\n---\npack:\n  osName: rhel\n  osVersion: \"8\"\n...\n", []Op{osName(), osVersion()}},
		{"if present", "a: 1\n", "a: 1\n", []Op{{Path: osName().Path, Value: "x", IfPresent: true}}},
	})
}

func TestEditOfItems(t *testing.T) {
	checkEdits(t, []editCase{
		{"item", "pack:\n content:\n   images: \n    - image: '{{.system.uri}}' # own\n    - image: b\n", "pack:\n content:\n   images: \n    - image: '{{.new}}' # own\n    - image: b\n", []Op{own("{{.new}}")}},
		{"item first", "pack:\n  content:\n    images:\n    # more\n    -   image: b\n", "pack:\n  content:\n    images:\n    # more\n    -   image: \"{{.new}}\"\n    -   image: b\n", []Op{own("{{.new}}")}},
		{"item last", "pack:\n  content:\n    images:\n    - b\n", "pack:\n  content:\n    images:\n    - b\n    - image: \"c\"\n", []Op{{Path: images, Item: "image", Value: "c"}}},
		{"item, flow", "pack: {content: {images: [{image: b}]}}\n", "pack: {content: {images: [{image: \"n\"}, {image: b}, {image: \"c\"}]}}\n", []Op{own("n"), {Path: images, Item: "image", Value: "c"}}},
		{"item, empty flow", "pack:\n  content:\n    images: []\n", "pack:\n  content:\n    images: [{image: \"n\"}]\n", []Op{own("n")}},
		{"item, no list", "pack:\n  content:\n    images:\n", "pack:\n  content:\n    images:\n      - image: \"n\"\n", []Op{own("n")}},
		{"item, nothing", "x: 1\n", "x: 1\npack:\n  content:\n    images:\n      - image: \"n\"\n", []Op{own("n")}},
		{"item, flow null", "pack: {content: }\n", "pack: {content:  {images: [{image: \"n\"}]}}\n", []Op{own("n")}},
	})
}

func TestEditRefuses(t *testing.T) {
	name := []Op{scalar("rhel", "pack", "osName")}
	uri := []Op{scalar("NA", "options", "system.uri")}
	for _, tt := range []struct {
		name, in string
		ops      []Op
		line     int
		want     string
	}{
		{"duplicate", "pack:\n  osName: a\n  osName: b\n", name, 3, `"osName" is already on line 2`},
		{"duplicate elsewhere", "a: 1\na: 2\n", name, 2, `"a" is already on line 1`},
		{"both ways", "options:\n  system.uri: a\n  system: {uri: b}\n", uri, 2, "options.system.uri is set here and on line 3"},
		{"mapping", "pack:\n  osName: {a: 1}\n", name, 2, "is a mapping, not a single value"},
		{"parent is a string", "pack: hello\n", name, 1, "which is a value"},
		{"parent is a list", "pack:\n- a\n", name, 2, "which is a list"},
		{"top is a list", "- a\n", name, 1, "top level is a list"},
		{"shared value", "pack:\n  osName: &n a\nx: *n\n", name, 2, "&n is repeated elsewhere"},
		{"shared parent", "pack: &p\n  osName: a\nx: *p\n", name, 1, "&p is repeated elsewhere"},
		{"aliased parent", "x: &p {osName: a}\npack: *p\n", name, 2, "*p stands for values"},
		{"tag and comment", "pack:\n  osName: !!int # c\n    8\n", name, 2, "not on one line"},
		{"two documents", "pack: {}\n---\na: 1\n", name, 3, "second document"},
		{"tabs", "pack:\n\tosName: a\n", name, 2, "not valid YAML"},
		{"UTF-16", "\xff\xfea\x00", name, 0, "UTF-16"},
		{"images no list", "pack: {content: {images: a}}\n", []Op{own("n")}, 1, "not a list"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, changes, err := Edit([]byte(tt.in), tt.ops)
			var refused *yamldoc.Problem
			if !errors.As(err, &refused) || got != nil || changes != nil {
				t.Fatalf("Edit = %q, %v, %v", got, changes, err)
			}
			if refused.Line != tt.line || !strings.Contains(refused.Error(), tt.want) {
				t.Errorf("line %d: %v", refused.Line, refused)
			}
			if refused.Suggestion == "" {
				t.Error("no next step")
			}
		})
	}
}

// Edit parses a text and edits it.
func Edit(src []byte, ops []Op) ([]byte, []Change, error) {
	doc, err := Parse(src)
	if err != nil {
		return nil, nil, err
	}
	return doc.Edit(ops)
}

func TestChanges(t *testing.T) {
	_, changes, err := Edit([]byte("pack:\n  # c\n  osName: sles\n"), []Op{
		scalar("rhel", "pack", "osName"), scalar("8", "pack", "osVersion"),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []Change{
		{Path: []string{"pack", "osName"}, Line: 3, Old: "sles", New: "rhel"},
		{Path: []string{"pack", "osVersion"}, Line: 4, New: "8", Added: true},
	}
	if diff := cmp.Diff(want, changes); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	_, changes, err = Edit([]byte("c: &c {osVersion: x}\npack:\n  <<: *c\n  osName: sles\n  content: {images: [{image: n}]}\n"), []Op{
		osVersion(), {Path: images, Item: "image", Value: "c"}, osName(), own("n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	want = []Change{
		{Path: []string{"pack", "osVersion"}, Line: 6, Old: "x", New: "8"},
		{Path: images, Line: 5, New: "c", Added: true},
		{Path: []string{"pack", "osName"}, Line: 4, Old: "sles", New: "rhel"},
	}
	if diff := cmp.Diff(want, changes); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestLongLines: what is asked of many nodes on one line is not counted from its
// start each time.
func TestLongLines(t *testing.T) {
	src := []byte("pack: {osName: sles}\nx: [" + strings.Repeat("é, 'ü', ", 20_000) + "end]\n")
	doc, err := Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	list := doc.Root().Content[3]
	for _, n := range list.Content {
		if start, end, err := doc.Span(n); err != nil || end <= start {
			t.Fatalf("%d:%d is at %d to %d, %v", n.Line, n.Column, start, end, err)
		}
	}
	last := list.Content[len(list.Content)-1]
	if start, end, _ := doc.Span(last); string(src[start:end]) != "end" {
		t.Errorf("the last value is %q", src[start:end])
	}
}

// TestOneParseForAll: values that replace others cost two parses, however many.
func TestOneParseForAll(t *testing.T) {
	src := []byte("pack: {osName: sles, osVersion: \"15\", osImageOverride: x}\noptions: {system.uri: a}\nx:\n" + strings.Repeat("- a: b # c\n", 5_000))
	ops := []Op{
		scalar("rhel", "pack", "osName"), scalar("8", "pack", "osVersion"),
		scalar("y", "pack", "osImageOverride"), scalar("b", "options", "system.uri"),
	}
	parse := testing.AllocsPerRun(1, func() { _, _ = Parse(src) })
	edit := testing.AllocsPerRun(1, func() {
		if _, changes, err := Edit(src, ops); err != nil || len(changes) != len(ops) {
			t.Errorf("%v, %v", changes, err)
		}
	})
	if edit > 4*parse { // the comparison of the data is the rest
		t.Errorf("a parse allocates %.0f times, an edit %.0f times", parse, edit)
	}
}
