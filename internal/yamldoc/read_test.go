package yamldoc_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

// read returns the problems of a text.
func read(data string) []string {
	_, problems := yamldoc.Read([]byte(data))
	return texts(problems)
}

func texts(problems []yamldoc.Problem) []string {
	var all []string
	for _, problem := range problems {
		all = append(all, problem.String())
	}
	return all
}

const cannotStart = "found character that cannot start any token: quote a value that begins with @, ` or %"

// problemCase is a text and its problems.
type problemCase struct {
	name, data string
	want       []string
}

func checkProblems(t *testing.T, tests []problemCase) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, read(test.data)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadText(t *testing.T) {
	tests := []problemCase{
		{"empty", "", []string{"1:1: the file is empty"}},
		{"comment only", "# nothing\n", []string{"1:1: the file is empty"}},
		{"null", "---\n~\n", []string{"2:1: the file is empty"}},
		{"directive of YAML 1.2", "%YAML 1.2\n---\nmanifest: m\na: b\na: c\n", []string{`5:1: a: the key "a" is already set on line 4: keep one of the two`}},
		{"byte order mark, CRLF", "\uFEFFmanifest: m\r\nmanifest: n\r\n", []string{`2:1: manifest: the key "manifest" is already set on line 1: keep one of the two`}},
		{"byte order mark, column", "\uFEFFa: \u201Cx\u201D\n", []string{`1:4: a: “x” has typographic quotes, which YAML takes as text: use straight quotes: "x"`}},
		{"bad byte behind one that stands for such", "é\uFFFD: \x93\n", []string{"1:5: the file is not UTF-8: save it with the encoding UTF-8"}},
		{"byte order mark, bad byte", "\uFEFFa: \x93\n", []string{"1:4: the file is not UTF-8: save it with the encoding UTF-8"}},
		{"UTF-16", "\xFF\xFE" + utf16le("manifest: m\n"), nil},
		{"UTF-16 of big ends", "\xFE\xFF\x00a\x00:\x00 \x00b", nil},
		{"Windows-1252", "manifest: m\nruns: \x93all\x94\n", []string{"2:7: the file is not UTF-8: save it with the encoding UTF-8"}},
		{"backslash in plain text", `manifest: out\packer.json`, nil},
		{"backslash in double quotes", "manifest: \"out\\packer.json\"\n", []string{`1:1: found unknown escape character: in double quotes a backslash begins an escape; use single quotes ('out\file.json') or /`}},
		{"typographic quotes", "manifest: “m.json”\nruns: ‘all’\n", []string{
			`1:11: manifest: “m.json” has typographic quotes, which YAML takes as text: use straight quotes: "m.json"`,
			`2:7: runs: ‘all’ has typographic quotes, which YAML takes as text: use straight quotes: "all"`,
		}},
		{"no-break space", "manifest:\u00a0m\n", []string{`1:1: "manifest:\u00a0m" holds an invisible character (a no-break or zero-width space): type it again with plain spaces`}},
		{"two documents", "manifest: m\n---\nmanifest: n\n", []string{"3:1: a second document begins here: keep one document in a file; drop the --- or split the file"}},
		{"markers around one", "---\nmanifest: m\n---\n", nil},
		{"colon in a value", "manifest: a: b\n", []string{"1:1: mapping values are not allowed in this context: quote a value that holds a colon and a space, and check the indentation"}},
		{"@", "manifest: @m\n", []string{"1:11: found character that cannot start any token: quote a value that begins with @, ` or %"}},
		{"alias", "labels: &l {a: x}\nos: &o {name: &n rhel}\nmanifest: *n\n", nil},
		{"anchor in itself", "manifest: &a [*a]\n", []string{"1:15: the anchor &a contains itself"}},
		{"own tag", "manifest: !file m\n", []string{"1:11: manifest: the tag !file is not supported: quote the value if the ! belongs to it"}},
		{"mapping as key", "? {a: b}\n: c\nmanifest: m\n", []string{"1:3: a key must be a word, not a list or a mapping: quote it if it begins with { or ["}},
		{"template text", "manifest: {{ .file }}\n", []string{"1:12: manifest: a key must be a word, not a list or a mapping: quote it if it begins with { or ["}},
	}
	checkProblems(t, tests)
}

// TestReadValues: what YAML takes and a document cannot have.
func TestReadValues(t *testing.T) {
	tests := []problemCase{
		{"one typographic quote", "“a: x\nb: y”\n", []string{
			`1:1: “a has typographic quotes, which YAML takes as text: use straight quotes: "a"`,
			`2:4: b: y” has typographic quotes, which YAML takes as text: use straight quotes: "y"`,
		}},
		{"typographic quotes within quotes", "a: '“x”'\nb: |\n  “x”\n", nil},
		{"typographic quotes and a no-break space", "a: “x\u00a0y\n", []string{"1:4: a: “x\u00a0y has typographic quotes, which YAML takes as text: use straight quotes: \"x\u00a0y\""}},
		{"no-break space alone", "a: \u00a0\n", []string{`1:4: a: "\u00a0" holds an invisible character (a no-break or zero-width space): type it again with plain spaces`}},
		{"a key three times", "a: 1\na: 2\na: 3\n", []string{`2:1: a: the key "a" is already set on line 1: keep one of the two`, `3:1: a: the key "a" is already set on line 1: keep one of the two`}},
		{"mappings and lists as keys", "? {a: b}\n: c\n? [d]\n: e\n", []string{
			"1:3: a key must be a word, not a list or a mapping: quote it if it begins with { or [",
			"3:3: a key must be a word, not a list or a mapping: quote it if it begins with { or [",
		}},
		{"no numbers of JSON", "a: .inf\nb: -.inf\nc: .nan\nd: !!float x\ne: !!int x\nf: !!bool x\ng: !!binary '?'\n", []string{
			"1:4: a: .inf is not a value that JSON has: quote it if it is text",
			"2:4: b: -.inf is not a value that JSON has: quote it if it is text",
			"3:4: c: .nan is not a value that JSON has: quote it if it is text",
			"4:4: d: x is not a value that JSON has: quote it if it is text",
			"5:4: e: x is not a value that JSON has: quote it if it is text",
			"6:4: f: x is not a value that JSON has: quote it if it is text",
			"7:4: g: !!binary is not valid base64",
		}},
		{"merges of what is no mapping", "a: {<<: 1}\nb:\n- <<: [2, {x: !f 3}]\n", []string{
			"1:9: a: the merge key << wants a mapping: write <<: *anchor",
			"3:7: b[0]: the merge key << wants a mapping: write <<: *anchor",
			"3:15: b[0][1].x: the tag !f is not supported: quote the value if the ! belongs to it",
		}},
		{"problems of what is merged", "a: {<<: {x: !f 1}}\nb:\n- 0\n- {<<: {x: !f 1}}\n", []string{
			"1:13: a.x: the tag !f is not supported: quote the value if the ! belongs to it",
			"4:12: b[1].x: the tag !f is not supported: quote the value if the ! belongs to it",
		}},
		{"merge of itself", "a: &a {<<: *a}\n", []string{"1:12: the anchor &a contains itself"}},
		{"anchor in itself before another fault", "a: &a [*a]\nb: !f x\n", []string{"1:8: the anchor &a contains itself"}},
	}
	checkProblems(t, tests)
}

// What YAML refuses is told where it stands.
func TestPlacesOfWhatIsRefused(t *testing.T) {
	tests := []problemCase{
		{"tab", "manifest: m\nos:\n\tname: x\n", []string{"3:1: a tab indents this line: YAML wants spaces"}},
		{"tabs of a text above the fault", "note: |\n  make:\n  \techo\nb: [8\n", []string{"3:1: did not find expected ',' or ']'"}},
		{"tab near what has no place", "x: \"\n\ty\"\nz: \x01\n", []string{"1:1: control characters are not allowed"}},
		{"a sign where none can stand", "a: [b\nc: |\n  d\n", []string{"2:4: found character that cannot start any token"}},
		{"tab after spaces", "manifest: m\nos:\n  name: x\n  \tfoo: y\n", []string{"4:3: a tab indents this line: YAML wants spaces"}},
		{"tab before a value", "a:\n- \tb: c\n", []string{"2:3: a tab stands here: YAML wants spaces"}},
		{"tab far below a text", "a: b\n\n  c\n\td: e\n", []string{"4:1: a tab indents this line: YAML wants spaces"}},
		{"tab far below plain text", "x:\n  a: b\n\n    c\n \td\n", []string{"5:2: a tab indents this line: YAML wants spaces"}},
		{"tab below a text with tabs", "a: |\n  b\n  \tc\n\n\td\n", []string{"5:1: a tab indents this line: YAML wants spaces"}},
		{"tab before a comment above the fault", "? \t# x\n@y: |\n  x\n", []string{"2:1: " + cannotStart}},
		{"tab that begins a text", "a: |\n\n\tb\n", []string{"3:1: a tab indents this line: YAML wants spaces"}},
		{"@ above a tab of a text", "a: b\nc: {a: @m, b: \"x\n\ty\"}\n", []string{"2:8: " + cannotStart}},
		{"@ above a tab on a blank line", "a: @x\n\t\n", []string{"1:4: " + cannotStart}},
		{"@ above a comment with a tab", "b: 1\na: `x\n\t# y\n", []string{"2:4: " + cannotStart}},
		{"@ below a tab of a text", "b: \"x\n\ty\"\na: %x\n", []string{"3:4: " + cannotStart}},
		{"@ behind a legal one", "a: [\"@é\", x@, @y]\r\n", []string{"1:15: " + cannotStart}},
		{"tab before @", "a: b\nc:\n\t- @d\n", []string{"3:1: a tab indents this line: YAML wants spaces"}},
		{"@ behind a tab that is none", "a: [b,\n\t@c]\n", []string{"2:2: " + cannotStart}},
		{"@ behind a key with one", "b@c: @d\n", []string{"1:6: " + cannotStart}},
		{"@ behind old line ends", "a: b\rc: @d\r", []string{"2:4: " + cannotStart}},
		{"@ in UTF-16", "\xFF\xFE" + utf16le("a: b\nc: @m\n"), []string{"2:1: found character that cannot start any token"}},
		{"half a character of UTF-16", "\xFF\xFE" + utf16le("a:\n  b: c\n\td: e\n# ──\n"), []string{"2:1: found a tab character that violates indentation"}},
		{"alias of nothing", "# *n\na: '*n'\nb: [&nn 1, &n-1 2, *nn, *n-1]\nc: {é: *n, d: *n, e: \"*n\"}\n", []string{"4:8: unknown anchor 'n' referenced"}},
		{"alias before its anchor", "\uFEFFa: [*b, &b 1]\r\n", []string{"1:5: unknown anchor 'b' referenced"}},
		{"alias as the whole", "*x", []string{"1:1: unknown anchor 'x' referenced"}},
		{"alias as a key", "a: &b 1\nc:\n  *d : x\n  e: [*d]\n", []string{"3:3: unknown anchor 'd' referenced"}},
		{"alias as a key with ?", "? *d\n: x\n*d : y\n", []string{"1:3: unknown anchor 'd' referenced"}},
	}
	checkProblems(t, tests)
}

func utf16le(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		b.WriteByte(byte(u))
		b.WriteByte(byte(u >> 8))
	}
	return b.String()
}

func TestMergeKey(t *testing.T) {
	node, problems := yamldoc.Read([]byte("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], x: 0}\n"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	c, _ := node.At("c")
	want := map[string]any{"x": int64(0), "y": int64(2), "z": int64(4)}
	if diff := cmp.Diff(want, c.Interface()); diff != "" {
		t.Error(diff)
	}
	if y, _ := node.At("c", "y"); y.Line != 1 || y.Path() != "c.y" {
		t.Errorf("a merged field is %s at line %d, want the line of its anchor", y.Path(), y.Line)
	}
}

// Ten levels of ten aliases each stand for ten thousand million values.
func TestAliasBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("a: &a x\n")
	for c := 'b'; c <= 'k'; c++ {
		fmt.Fprintf(&b, "%c: &%c [%s]\n", c, c, strings.Repeat(fmt.Sprintf("*%c, ", c-1), 10))
	}
	_, problems := yamldoc.Read([]byte(b.String()))
	if len(problems) != 1 || !strings.Contains(problems[0].Message, "more than 100000 values") {
		t.Errorf("got %v", problems)
	}
}

func TestLimits(t *testing.T) {
	for _, test := range []struct {
		data string
		want []string
	}{
		{"[a, bc]", nil},
		{"[a, bcd]", []string{"1:1: the file has 8 bytes, more than the 7 allowed"}},
		{"[a,b,c]", []string{"1:6: the document has more than 3 values, counting what aliases stand for"}},
	} {
		node, document, problems := yamldoc.ReadWithin([]byte(test.data), yamldoc.Limits{Bytes: 7, Values: 3})
		if diff := cmp.Diff(test.want, texts(problems)); diff != "" || (node == nil) != (test.want != nil) || (document == nil) != (node == nil) {
			t.Errorf("%s: %v, %v, %s", test.data, node, document, diff)
		}
	}
}

// TestDeepest: what is nested as deep as can be is read, and counted.
func TestDeepest(t *testing.T) {
	for _, brackets := range []string{"[|]", "{a: |}", "{<<: |}"} {
		opening, closing, _ := strings.Cut(brackets, "|")
		for levels, want := range map[int][]string{100: nil, 101: {fmt.Sprintf("1:%d: the document is nested deeper than 100 levels", 101*len(opening)+1)}} {
			if diff := cmp.Diff(want, read(strings.Repeat(opening, levels)+"{}"+strings.Repeat(closing, levels))); diff != "" {
				t.Errorf("%s %d times: %s", brackets, levels, diff)
			}
		}
	}
	for levels, want := range map[int]bool{49: true, 50: false} {
		data := "- &a " + strings.Repeat("[", 50) + "b" + strings.Repeat("]", 50) + "\n- " + strings.Repeat("[", levels) + "*a" + strings.Repeat("]", levels)
		if node, problems := yamldoc.Read([]byte(data)); (node != nil) != want || want && node.Count() != 1+51+levels+51 {
			t.Errorf("%d levels of an alias: %v", levels, problems)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"a: m\n", "a: &a [*a]\n", "? {a: b}\n: c\n", "\uFEFFa: \"\\q\"\r\n", "<<: 1", "<<: [{a: b}, *x]", "- <<: [1]\n", "a: !!binary =\n", "- - -\t-", "%YAML 1.1\n--- 08", "a: !!float x\nb: !!int 0x\nc: !!bool maybe", "--- a\n...\n--- ~"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		node, problems := yamldoc.Read(data)
		if (node == nil) == (len(problems) == 0) {
			t.Fatalf("node %v and problems %v", node, problems)
		}
		for _, p := range problems {
			if p.Line < 1 || p.Column < 1 || p.Message == "" {
				t.Errorf("problem without place or text: %+v", p)
			}
		}
		if node != nil {
			eachHasItsPath(t, node, "")
		}
	})
}

// eachHasItsPath checks the paths of what is within a value.
func eachHasItsPath(t *testing.T, node *yamldoc.Node, path string) {
	t.Helper()
	if got := node.Path(); got != path {
		t.Errorf("the value at %q says it is at %q", path, got)
	}
	for i, field := range node.Children {
		if node.Kind == yamldoc.Sequence {
			eachHasItsPath(t, field, fmt.Sprintf("%s[%d]", path, i))
			continue
		}
		if node.Field(field.Key) != field {
			t.Errorf("%s has no %s", path, field.Key)
		}
		eachHasItsPath(t, field, node.Missing(field.Key).Path())
	}
}
