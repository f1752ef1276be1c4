package initspec

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

func TestKeysToAsk(t *testing.T) {
	tests := map[string]struct {
		schema string
		want   []key
	}{
		"required": {
			`{"required":["b","a"],"properties":{"a":{"description":"The a."},"b":{"default":3},"c":{"examples":["x"]}}}`,
			[]key{{Name: "a", Description: "The a."}, {Name: "b", Default: "3"}},
		},
		"example": {`{"properties":{"a":{},"c":{"description":"The c.","examples":["x"]}}}`, []key{{Name: "c", Description: "The c.", Example: "x"}}},
		"neither": {`{"properties":{"a":{}}}`, []key{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, keysToAsk(test.schema)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestQuestions(t *testing.T) {
	var out strings.Builder
	q := newQuestions(t.Context(), strings.NewReader("nope\npacker\n\n\nfile.json"), &out)
	choice, err := q.choose("Source?", []string{"aws", "packer"}, "aws")
	if err != nil || choice != "packer" {
		t.Errorf("got %q, %v", choice, err)
	}
	if text, err := q.text("Wait?", "2s"); err != nil || text != "2s" {
		t.Errorf("the fallback was not taken: %q, %v", text, err)
	}
	if text, err := q.text("Manifest?", ""); err != nil || text != "file.json" {
		t.Errorf("an empty answer was taken: %q, %v", text, err)
	}
	if _, err := q.text("More?", ""); err == nil {
		t.Error("the end of the answers gave no error")
	}
	for _, want := range []string{`"nope" is none of aws, packer`, "an answer is needed"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q was not said:\n%s", want, out.String())
		}
	}
}

func TestQuestionsEndWithTheirContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	silent, other := io.Pipe()
	defer other.Close()
	q := newQuestions(ctx, silent, io.Discard)
	cancel()
	if _, err := q.text("Anybody?", ""); failure.Code(err) != failure.ExitInterrupted {
		t.Errorf("got %v", err)
	}
}
