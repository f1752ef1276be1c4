package yamldoc_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

func document(t *testing.T, text string) *yamldoc.Node {
	t.Helper()
	node, problems := yamldoc.Read([]byte(text))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return node
}

// TestPlaces: a scalar's problem is at its place, all else's at its key.
func TestPlaces(t *testing.T) {
	root := document(t, "a:\n  - b: &x {c: d}\n    \"e.f\": ''\n  - *x\n  - <<: *x\n    g: [1]\n\"\": {\"\": x}\n")
	for _, test := range []struct {
		steps []string
		want  string
	}{
		{nil, "1:1: no"},
		{[]string{"a"}, "1:1: a: no"},
		{[]string{"a", "0"}, "2:5: a[0]: no"},
		{[]string{"a", "0", "b"}, "2:5: a[0].b: no"},
		{[]string{"a", "0", "b", "c"}, "2:15: a[0].b.c: no"},
		{[]string{"a", "0", "e.f"}, `3:5: a[0]["e.f"]: no`},
		{[]string{"a", "1", "c"}, "2:15: a[1].c: no"},
		{[]string{"a", "2", "c"}, "2:15: a[2].c: no"},
		{[]string{"a", "2", "g"}, "6:5: a[2].g: no"},
		{[]string{"a", "2", "g", "0"}, "6:9: a[2].g[0]: no"},
		{[]string{"", ""}, `7:10: [""][""]: no`},
	} {
		node, found := root.At(test.steps...)
		if got := node.Problem("no", "").String(); !found || got != test.want {
			t.Errorf("%v: got %v, %q, want %q", test.steps, found, got, test.want)
		}
	}
	for _, steps := range [][]string{{"a", "3"}, {"a", "-1"}, {"a", "x"}, {"a", "0", "x"}, {"a", "0", "b", "c", "0"}} {
		if node, found := root.At(steps...); found {
			t.Errorf("%v leads to %+v", steps, node)
		}
	}
	missing := root.Missing("k").Problem("no", "add it")
	if missing.String() != "1:1: k: no: add it" || missing.Text() != "k: no: add it" {
		t.Errorf("got %s, %s", missing, missing.Text())
	}
	if got := root.Missing("k").Interface(); !cmp.Equal(got, map[string]any{}) {
		t.Errorf("what is missing is %v", got)
	}
	g, _ := root.At("a", "2", "g")
	if name := g.Name(); name.Value != "g" || name.Raw != "g" || name.Problem("no", "").String() != "6:5: a[2].g: no" {
		t.Errorf("got %+v", name)
	}
	if field := g.Field(""); field != nil {
		t.Errorf("a list has the field %v", field)
	}
}

// TestErrorSaysWhatIsKnown: a problem as an error says where as far as that is known.
func TestErrorSaysWhatIsKnown(t *testing.T) {
	for want, problem := range map[string]yamldoc.Problem{
		"no":                   {Message: "no", Suggestion: "yes"},
		"line 2: no":           {Line: 2, Message: "no"},
		"line 2, column 3: no": {Line: 2, Column: 3, Message: "no"},
	} {
		if got := problem.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestLinesAreHarmlessAndSorted(t *testing.T) {
	problems := []yamldoc.Problem{{Line: 2, Column: 1, Message: "b\x1b[1m"}, {Line: 1, Column: 9, Message: "a"}, {Line: 1, Column: 9, Message: "a"}}
	want := []string{"f.yaml:1:9: a", "f.yaml:2:1: b\uFFFD[1m"}
	if diff := cmp.Diff(want, yamldoc.Lines("f.yaml", yamldoc.Sort(problems))); diff != "" {
		t.Error(diff)
	}
}

func TestDecode(t *testing.T) {
	var got struct {
		Name  string
		Count uint64
		When  string
		List  []float64
		Yes   bool
		Bytes string
		K     string
		No    *int
	}
	err := document(t, "name: <a&b>\ncount: 18446744073709551615\nwhen: 2026-01-31\nlist: [1, 0x10, 1.5]\nno: ~\nother: 1\nyes: true\nbytes: !!binary aGk=\nkey: &k k\n*k : v\n").Decode(&got)
	if err != nil || got.Name != "<a&b>" || got.Count != 1<<64-1 || got.When != "2026-01-31" || len(got.List) != 3 || got.List[1] != 16 || got.No != nil ||
		!got.Yes || got.Bytes != "hi" || got.K != "v" {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := document(t, "name: [a]\n").Decode(&got); err == nil {
		t.Error("a list is taken for a text")
	}
}

// TestWrite: what is written is read as the same, keys in their order.
func TestWrite(t *testing.T) {
	value := struct {
		B    string         `json:"b"`
		A    map[string]any `json:"a"`
		None any            `json:"none"`
	}{"<<", map[string]any{"z": 1 << 40, "y": []any{true, 1.5, "8"}, "empty": []any{}}, nil}
	node, err := yamldoc.NodeOf(value, func(text string) bool { return text == "<<" })
	if err != nil {
		t.Fatal(err)
	}
	text, err := yamldoc.Write(node)
	want := "b: \"<<\"\na:\n  empty: []\n  y:\n    - true\n    - 1.5\n    - \"8\"\n  z: 1099511627776\nnone: null\n"
	if diff := cmp.Diff(want, string(text)); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if _, err := yamldoc.NodeOf(func() {}, nil); err == nil || !strings.Contains(err.Error(), "unsupported type") {
		t.Errorf("a function has a node, or %v", err)
	}
	if text, err := yamldoc.Write(&yaml.Node{Kind: 99}); err == nil {
		t.Errorf("a node of no kind is %q", text)
	}
}

// TestDocuments: a text may hold several, of which one may be filled.
func TestDocuments(t *testing.T) {
	for text, want := range map[string]struct{ all, line int }{
		"": {0, 0}, "# a\n": {0, 0}, "a: 1\n": {1, 0}, "a: 1\n---\n": {2, 0}, "a: 1\n--- ~\n---\n": {3, 0}, "---\n---\nb: 1\n": {2, 3},
	} {
		documents, problem := yamldoc.Parse([]byte(text))
		if problem != nil || len(documents) != want.all {
			t.Errorf("%q: got %d documents, %v", text, len(documents), problem)
		}
		for _, document := range documents {
			if document.Kind != yaml.DocumentNode || len(document.Content) != 1 {
				t.Errorf("%q: got %+v", text, document)
			}
		}
		first, problem := yamldoc.One(documents)
		if want.line > 0 && (problem == nil || problem.Line != want.line) || want.line == 0 && (problem != nil || (first == nil) != (want.all == 0)) {
			t.Errorf("%q: got %v, %v", text, first, problem)
		}
	}
}

// TestFromJSON: nodes of JSON tell where their first token ends, and nothing but one
// value of bounded depth is taken.
func TestFromJSON(t *testing.T) {
	root, err := yamldoc.FromJSON([]byte(`{"a": "\u0062", "c": [1, true, null, 1.5, 1e400, "y"]}`), func(text string) bool { return text == "b" })
	if err != nil {
		t.Fatal(err)
	}
	var places []string
	for _, n := range append(root.Content, root.Content[3].Content...) {
		places = append(places, fmt.Sprintf("%s %s %d %d", n.ShortTag(), n.Value, n.Style, n.Column))
	}
	want := []string{"!!str a 0 4", "!!str b 2 14", "!!str c 0 19", "!!seq  0 22", "!!int 1 0 23", "!!bool true 0 29", "!!null null 0 35", "!!float 1.5 0 40", "!!float 1e400 0 47", "!!str y 0 52"}
	if diff := cmp.Diff(want, places); diff != "" {
		t.Error(diff)
	}
	if _, err := yamldoc.FromJSON([]byte(strings.Repeat("[", 1000)+"1"+strings.Repeat("]", 1000)), nil); err != nil {
		t.Error(err)
	}
	for text, want := range map[string]string{
		"": "EOF", "[1": "EOF", strings.Repeat("[", 1001) + "1" + strings.Repeat("]", 1001): "nested too deeply",
		`{"a": 1,}`: "invalid character", `{} {}`: "more text follows it", strings.Repeat("[", 2000): "nested too deeply",
	} {
		if _, err := yamldoc.FromJSON([]byte(text), func(string) bool { return false }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20s: %v, want %q", text, err, want)
		}
	}
}

// TestOf: a value is what reading its JSON gives, in the order of its keys.
func TestOf(t *testing.T) {
	node, problems := yamldoc.Of(map[string]any{"b": "~", "a": []any{1, "“"}, "c": nil})
	if diff := cmp.Diff(map[string]any{"b": "~", "a": []any{int64(1), "“"}, "c": nil}, node.Interface()); diff != "" || len(problems) > 0 {
		t.Error(problems, diff)
	}
	if a, b := node.Field("a"), node.Field("b"); a.Line != 0 || a.Column == 0 || a.Column >= b.Column {
		t.Errorf("a is at %d:%d, b at %d:%d", a.Line, a.Column, b.Line, b.Column)
	}
	if node, problems := yamldoc.Of(func() {}); node != nil || len(problems) != 1 || !strings.Contains(problems[0].Message, "unsupported type") {
		t.Errorf("a function is %v, %v", node, problems)
	}
}
