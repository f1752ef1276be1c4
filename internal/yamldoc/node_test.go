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
	root := document(t, "a:\n  - b: &x {c: d}\n    \"e.f\": ''\n  - *x\n  - <<: *x\n    g: [1]\n")
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
	if name := root.Children[0].Name(); name.Value != "a" || name.Path() != "a" {
		t.Errorf("got %+v", name)
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
		No    *int
	}
	err := document(t, "name: <a&b>\ncount: 18446744073709551615\nwhen: 2026-01-31\nlist: [1, 0x10, 1.5]\nno: ~\nother: 1\n").Decode(&got)
	if err != nil || got.Name != "<a&b>" || got.Count != 1<<64-1 || got.When != "2026-01-31" || len(got.List) != 3 || got.List[1] != 16 || got.No != nil {
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
	if _, err := yamldoc.NodeOf(func() {}, nil); err == nil {
		t.Error("a function has a node")
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
	root, err := yamldoc.FromJSON([]byte(`{"a": "\u0062", "c": [1, true]}`), func(string) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	var places []string
	for _, n := range root.Content {
		places = append(places, fmt.Sprintf("%s %d", n.Value, n.Column))
	}
	if diff := cmp.Diff([]string{"a 4", "b 14", "c 19", " 22"}, places); diff != "" {
		t.Error(diff)
	}
	for text, want := range map[string]string{
		`{"a": 1,}`: "invalid character", `{} {}`: "more text follows it", strings.Repeat("[", 2000): "nested too deeply",
	} {
		if _, err := yamldoc.FromJSON([]byte(text), func(string) bool { return false }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20s: %v, want %q", text, err, want)
		}
	}
}
