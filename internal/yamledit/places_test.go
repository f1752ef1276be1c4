package yamledit

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	yaml "go.yaml.in/yaml/v3"
)

// pieces are what random texts are made of.
var pieces = []string{
	"a", "b: ", "c:\n", "é", "- ", "-\n", "? ", ": ", ":\n", "\n", "\n  ", "\n    ", "\n", " ", "\t", "{", "}", "[", "]", ", ", ",", "# x\n", " # y",
	"&a ", "*a", "!!str ", "!t ", "!<tag:yaml.org,2002:str> ", "'", "''", "\"", "\\\"", "\\n", "\\x41", "\\u00e9", "\\U0001f600", "\\\n ", "|\n  ", ">-\n  ", "|+\n  ", "|2\n  ", ">1-\n ",
	"<<: ", "~", "\r\n", "\r", "\u0085", "\u2028", "--- ", "\n...\n", "\ufeff", "%YAML 1.1\n", "1", "x y", "#", "a: b\n", "c: 'd'\n", "  e: f\n", "- g\n",
}

func soup(random *rand.Rand) []byte {
	var text strings.Builder
	for range 1 + random.IntN(12) {
		text.WriteString(pieces[random.IntN(len(pieces))])
	}
	return []byte(text.String())
}

// shownPlaces are the values of a text, and the keys of its mappings, with what is written of
// each: its place, from there to its end, and the bytes of each byte of its value.
func shownPlaces(doc *Document) []string {
	var all []string
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		end, err := doc.End(n)
		shown := fmt.Sprint(err)
		if err == nil {
			shown = string(doc.src[doc.Offset(n):end])
		}
		if n.Kind == yaml.ScalarNode {
			start, end, _ := doc.Span(n)
			shown += " = " + string(doc.src[start:end])
			at := doc.Spelling(n)
			for i := range max(0, len(at)-1) {
				shown += "|" + string(doc.src[at[i]:at[i+1]])
			}
		}
		all = append(all, shown)
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(doc.Root())
	return all
}

// TestPlaces: each value with where it starts and ends, and how it is spelled.
func TestPlaces(t *testing.T) {
	checkShown(t, []shownCase{
		{"a: b c # d", []string{"a: b c", "a = a|a", "b c = b c|b| |c"}},
		{"? a\n: b\n", []string{"? a\n: b", "a = a|a", "b = b|b"}},
		{"? &k a\n: *k\n", []string{"? &k a\n: *k", "&k a = a|a", "*k"}},
		{"&m\n? a\n: b", []string{"&m\n? a\n: b", "a = a|a", "b = b|b"}},
		{"a: &x !!str 'b''c' # d\n", []string{"a: &x !!str 'b''c'", "a = a|a", "&x !!str 'b''c' = 'b''c'|b|''|c"}},
		{"a: &x\n  !<tag:yaml.org,2002:str>\t# c # d\n  b\n", []string{"a: &x\n  !<tag:yaml.org,2002:str>\t# c # d\n  b", "a = a|a", "&x\n  !<tag:yaml.org,2002:str>\t# c # d\n  b = b|b"}},
		{"a: &x\t!!str  # c\nb: &y !!str\n!!str c: d", []string{"a: &x\t!!str  # c\nb: &y !!str\n!!str c: d", "a = a|a", "&x\t!!str = ", "b = b|b", "&y !!str = ", "!!str c = c|c", "d = d|d"}},
		{"a: [b, {c: d, 'e': \"f\"}, ]\n", []string{"a: [b, {c: d, 'e': \"f\"}, ]", "a = a|a", "[b, {c: d, 'e': \"f\"}, ]", "b = b|b", "{c: d, 'e': \"f\"}", "c = c|c", "d = d|d", "'e' = 'e'|e", "\"f\" = \"f\"|f"}},
		{"x: &x 1\ny: {? a : b, c, d: , *x : *x}\n", []string{"x: &x 1\ny: {? a : b, c, d: , *x : *x}", "x = x|x", "&x 1 = 1|1", "y = y|y", "{? a : b, c, d: , *x : *x}", "a = a|a", "b = b|b", "c = c|c", " = ", "d = d|d", " = ", "*x", "*x"}},
		{"x: &x [a: b, ? c, {}, []]\ny: *x\n", []string{"x: &x [a: b, ? c, {}, []]\ny: *x", "x = x|x", "&x [a: b, ? c, {}, []]", "a: b", "a = a|a", "b = b|b", "? c", "c = c|c", " = ", "{}", "[]", "y = y|y", "*x"}},
		{"[a #]\n , b] # ]", []string{"[a #]\n , b]", "a = a|a", "b = b|b"}},
		{"x: {\n<<: }", []string{"x: {\n<<: }", "x = x|x", "{\n<<: }", "<< = <<|<|<", " = "}},
		{"x: [\nb: ]", []string{"x: [\nb: ]", "x = x|x", "[\nb: ]", "b", "b = b|b", " = "}},
		{"a: \"b\\\"c\\n\\u00e9\\x41\\U0001f600\\N\\ d\"\n", []string{"a: \"b\\\"c\\n\\u00e9\\x41\\U0001f600\\N\\ d\"", "a = a|a", "\"b\\\"c\\n\\u00e9\\x41\\U0001f600\\N\\ d\" = \"b\\\"c\\n\\u00e9\\x41\\U0001f600\\N\\ d\"|b|\\\"|c|\\n||\\u00e9|\\x41||||\\U0001f600||\\N|\\ |d"}},
		{"a: \"b\\\n   c\\\r\n\td  \n  e\n\n\n f\"", []string{"a: \"b\\\n   c\\\r\n\td  \n  e\n\n\n f\"", "a = a|a", "\"b\\\n   c\\\r\n\td  \n  e\n\n\n f\" = \"b\\\n   c\\\r\n\td  \n  e\n\n\n f\"|b\\\n   |c\\\r\n\t|d|  \n  |e||\n\n\n |f"}},
		{"a: 'b  c\n\n d'", []string{"a: 'b  c\n\n d'", "a = a|a", "'b  c\n\n d' = 'b  c\n\n d'|b| | |c|\n\n |d"}},
		{"a: b\n  c\n\n\n  d\te", []string{"a: b\n  c\n\n\n  d\te", "a = a|a", "b\n  c\n\n\n  d\te = b\n  c\n\n\n  d\te|b|\n  |c||\n\n\n  |d|\t|e"}},
		{"a: b\\n'c''d\n'e\\n': \"f''g\"\n", []string{
			"a: b\\n'c''d\n'e\\n': \"f''g\"", "a = a|a", `b\n'c''d = b\n'c''d|b|\|n|'|c|'|'|d`, `'e\n' = 'e\n'|e|\|n`, `"f''g" = "f''g"|f|'|'|g`,
		}},
	})
}

// TestPlacesOfBlocks: the same of texts in lines of their own, and of odd texts.
func TestPlacesOfBlocks(t *testing.T) {
	checkShown(t, []shownCase{
		{"a: |\n  b\n\n   c\n  d\n\n# e\nf: g", []string{"a: |\n  b\n\n   c\n  d\n\n# e\nf: g", "a = a|a", "|\n  b\n\n   c\n  d = ||b||\n\n  | |c|\n  |d|", "f = f|f", "g = g|g"}},
		{"a: |+\n  b\n\n\nc: d\n", []string{"a: |+\n  b\n\n\nc: d", "a = a|a", "|+\n  b\n\n = |+|b|||", "c = c|c", "d = d|d"}},
		{"a: >-\n  b\n  c\n   d\n\n  e", []string{"a: >-\n  b\n  c\n   d\n\n  e", "a = a|a", ">-\n  b\n  c\n   d\n\n  e = >-|b|\n  |c|\n  | |d||\n\n  |e"}},
		{"- >2-\n    b\n   c\n- d\n", []string{"- >2-\n    b\n   c\n- d", ">2-\n    b\n   c = >2-| | |b|\n  | |c", "d = d|d"}},
		{"a: &x\n&y b: c\n", []string{"a: &x\n&y b: c", "a = a|a", "&x = ", "&y b = b|b", "c = c|c"}},
		{"a: &x", []string{"a: &x", "a = a|a", "&x = "}},
		{"- |1\n   b\n c\n- |\n\n\n- |+\n\n   \n", []string{"- |1\n   b\n c\n- |\n\n\n- |+\n\n   \n", "|1\n   b\n c = |1| | |b|\n |c|", "| = |", "|+\n\n   \n = |+||"}},
		{"--- |2\n   a\n", []string{"|2\n   a = |2| |a|"}},
		{"--- >-\n a\n#b\n", []string{">-\n a = >-|a"}},
		{"- - |\n    a\n  - b", []string{"- - |\n    a\n  - b", "- |\n    a\n  - b", "|\n    a = ||a|", "b = b|b"}},
		{"a:\n  b: |\n    c\n   # d\n", []string{"a:\n  b: |\n    c", "a = a|a", "b: |\n    c", "b = b|b", "|\n    c = ||c|"}},
		{"a: |\n   \n  # c\nb: d\n", []string{"a: |\n   \n  # c\nb: d", "a = a|a", "| = |", "b = b|b", "d = d|d"}},
		{"a: |\n  b\n  \t\n   \nc: d\n", []string{"a: |\n  b\n  \t\n   \nc: d", "a = a|a", "|\n  b\n  \t\n    = ||b|\n  |\t|\n  | |", "c = c|c", "d = d|d"}},
		{"a: b\u2028  c\n", []string{"line 1, column 4: the end of this value cannot be found", "a = a|a", "line 1, column 4: the end of this value cannot be found = "}},
		{"[a,\n bcd: \n]\n", []string{"line 1, column 1: the end of this list cannot be found", "a = a|a", "bcd: \n]\n", "bcd = bcd|b|c|d", " = "}},
		{"a: |\n  b\u2028  c\n", []string{"a: |\n  b\u2028  c", "a = a|a", "|\n  b\u2028  c = |"}},
		{"\ufeffé: ö\r\nü: ä\rx: y\u0085z: w", []string{"é: ö\r\nü: ä\rx: y\u0085z: w", "é = é|\xc3|\xa9", "ö = ö|\xc3|\xb6", "ü = ü|\xc3|\xbc", "ä = ä|\xc3|\xa4", "x = x|x", "y = y|y", "z = z|z", "w = w|w"}},
		{"a:\n- &x b\n- c: d\n  e: f\n-\n  g\n", []string{"a:\n- &x b\n- c: d\n  e: f\n-\n  g", "a = a|a", "- &x b\n- c: d\n  e: f\n-\n  g", "&x b = b|b", "c: d\n  e: f", "c = c|c", "d = d|d", "e = e|e", "f = f|f", "g = g|g"}},
		{"a: >\n  é b\n  c\n", []string{"a: >\n  é b\n  c", "a = a|a", ">\n  é b\n  c = >|\xc3|\xa9| |b|\n  |c|"}},
		{"a: 'é\n  b'", []string{"a: 'é\n  b'", "a = a|a", "'é\n  b' = 'é\n  b'|\xc3|\xa9|\n  |b"}},
		{"a: |", []string{"a: |", "a = a|a", "| = |"}},
		{"a: |\n  b\n     \n  c\n", []string{"a: |\n  b\n     \n  c", "a = a|a", "|\n  b\n     \n  c = ||b|\n  | | | |\n  |c|"}},
		{"a: |\n  b\n  \nc: d\n", []string{"a: |\n  b\n  \nc: d", "a = a|a", "|\n  b = ||b|", "c = c|c", "d = d|d"}},
		{"x: [a, b # ]\n ] # c\n", []string{"x: [a, b # ]\n ]", "x = x|x", "[a, b # ]\n ]", "a = a|a", "b = b|b"}},
		{"a: \"b\\\n  \"\n", []string{"a: \"b\\\n  \"", "a = a|a", "\"b\\\n  \" = \"b\\\n  \"|b\\\n  "}},
		{"a:\n  - |1\n     b\n  - c\n", []string{"a:\n  - |1\n     b\n  - c", "a = a|a", "- |1\n     b\n  - c", "|1\n     b = |1| | |b|", "c = c|c"}},
		{"? ", []string{"? ", " = ", " = "}},
		{"- ? ", []string{"- ? ", "? ", " = ", " = "}},
		{"a: \"\"\nb: ''\nc: |\n", []string{"a: \"\"\nb: ''\nc: |", "a = a|a", "\"\" = \"\"", "b = b|b", "'' = ''", "c = c|c", "| = |"}},
	})
}

// shownCase is a text and its shownPlaces.
type shownCase struct {
	src  string
	want []string
}

func checkShown(t *testing.T, tests []shownCase) {
	t.Helper()
	for _, tt := range tests {
		doc, err := Parse([]byte(tt.src))
		if err != nil {
			t.Errorf("%q: %v", tt.src, err)
			continue
		}
		if diff := cmp.Diff(tt.want, shownPlaces(doc)); diff != "" {
			t.Errorf("%q: %s", tt.src, diff)
		}
	}
}

// TestPlacesOfRandomTexts: whatever a text is, its values are where they are said to be:
// each reads the same alone, and lies within what it is a part of.
func TestPlacesOfRandomTexts(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	parsed := 0
	for range 15_000 {
		src := soup(random)
		doc, err := Parse(src)
		if err != nil || doc.Root() == nil {
			continue
		}
		parsed++
		checkPlaces(t, doc, doc.Root())
	}
	if parsed < 1500 {
		t.Errorf("%d texts could be read", parsed)
	}
}

func checkPlaces(t *testing.T, doc *Document, n *yaml.Node) int {
	t.Helper()
	// The library keeps some breaks as they are, and drops others behind a backslash.
	odd := bytes.ContainsAny(doc.src, "\u0085\u2028\\")
	end, err := doc.End(n)
	if err != nil {
		if !odd && n.Style&yaml.FlowStyle == 0 {
			t.Fatalf("%q: %v", doc.src, err)
		}
		return 0
	}
	if end < doc.Offset(n) || end > len(doc.src) {
		t.Fatalf("%q: %q is at %d to %d", doc.src, n.Value, doc.Offset(n), end)
	}
	for _, child := range n.Content {
		if at := checkPlaces(t, doc, child); at > end && !isEmpty(child) || doc.Offset(child) < doc.Offset(n) {
			t.Fatalf("%q: %q is at %d to %d, outside of %d to %d", doc.src, child.Value, doc.Offset(child), at, doc.Offset(n), end)
		}
	}
	if n.Kind != yaml.ScalarNode {
		return end
	}
	at := doc.Spelling(n)
	if len(at) != len(n.Value)+1 && !odd {
		t.Fatalf("%q: %d places of %q", doc.src, len(at), n.Value)
	}
	start, stop, _ := doc.Span(n)
	if text := string(doc.src[start:stop]); n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 && !strings.ContainsAny(text, "\r\n\u0085\u2028") {
		var alone []string
		if err := yaml.Unmarshal(fmt.Appendf(nil, "- !!str %s\n", text), &alone); err != nil || len(alone) != 1 || alone[0] != n.Value {
			t.Fatalf("%q: %q is not %q, %v", doc.src, text, n.Value, err)
		}
	}
	return end
}
