package schemacheck_test

import (
	"encoding/json"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/schemacheck"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

func TestPart(t *testing.T) {
	whole, err := schemacheck.Compile([]byte(schema))
	if err != nil {
		t.Fatal(err)
	}
	if part := whole.Part("/$defs/nobody"); part != nil {
		t.Errorf("a part that is not there is %v", part)
	}
	part := whole.Part("/$defs/os")
	if part == nil {
		t.Fatal("the part is not found")
	}
	node, problems := yamldoc.Read([]byte("nam: rhel\n"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got := part.Check(node); len(got) != 1 || got[0].Line != 1 {
		t.Errorf("got %v", got)
	}
}

// TestWithin: what a reference leads to, as schemas write them.
func TestWithin(t *testing.T) {
	var document any
	if err := json.Unmarshal([]byte(`{"a b": 1, "c/d": {"e~": 2}, "": 3, "list": [4, 5], "text": "x"}`), &document); err != nil {
		t.Fatal(err)
	}
	for pointer, want := range map[string]any{
		"/a%20b": 1.0, "/c~1d/e~0": 2.0, "/": 3.0, "/list/1": 5.0, "/list/2": nil, "/list/-1": nil, "/list/x": nil, "/text/x": nil, "/nobody": nil, "/nobody/x": nil,
	} {
		if got := schemacheck.Within(document, pointer); got != want {
			t.Errorf("%s: got %v", pointer, got)
		}
	}
	if whole, _ := schemacheck.Within(document, "").(map[string]any); len(whole) != 5 {
		t.Errorf("the whole is %v", whole)
	}
}
