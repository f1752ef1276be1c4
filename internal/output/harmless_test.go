package output_test

import (
	"bytes"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
)

func TestHarmless(t *testing.T) {
	const text = "a\tb\n\x1b]0;title\x07\r\u009b31m\u202e\u2066\u200f\u200dz"
	if got, want := output.Harmless(text), "a\tb\n\ufffd]0;title\ufffd\ufffd\ufffd31m\ufffd\ufffd\ufffd\u200dz"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := output.HarmlessLine(text), "a b \ufffd]0;title\ufffd\ufffd\ufffd31m\ufffd\ufffd\ufffd\u200dz"; got != want {
		t.Errorf("in one line: got %q, want %q", got, want)
	}
}

func TestATableCellCannotSteerTheTerminal(t *testing.T) {
	p, err := output.New("table", true)
	if err != nil {
		t.Fatal(err)
	}
	list := things()
	list.Table.Rows = [][]string{{"a\x1b[2J\nforged row", ""}}
	var out bytes.Buffer
	if err := p.Print(list, &out, &out); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "a\ufffd[2J forged row\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
