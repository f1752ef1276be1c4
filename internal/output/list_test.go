package output_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
)

func TestNewList(t *testing.T) {
	columns := []output.Column{{Name: "N"}, {Name: "TWICE", Wide: true}}
	got := output.NewList("TextList", columns, []string{"a", "b"}, func(s string) (string, []string) { return "name " + s, []string{s, s + s} })
	want := output.List{
		Kind: "TextList", Items: []any{"a", "b"}, Names: []string{"name a", "name b"},
		Table: output.Table{Columns: columns, Rows: [][]string{{"a", "aa"}, {"b", "bb"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
