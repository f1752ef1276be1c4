package text_test

import (
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

func TestHarmless(t *testing.T) {
	const words = "a\tb\n\x1b]0;title\x07\r\u009b31m\u202e\u2066\u200f\u200dz"
	for name, test := range map[string]struct {
		of   func(string) string
		want string
	}{
		"lines": {text.Harmless, "a\tb\n\ufffd]0;title\ufffd\ufffd\ufffd31m\ufffd\ufffd\ufffd\u200dz"},
		"line":  {text.HarmlessLine, "a b \ufffd]0;title\ufffd\ufffd\ufffd31m\ufffd\ufffd\ufffd\u200dz"},
		"word":  {text.HarmlessWord, "a\ufffdb\ufffd\ufffd]0;title\ufffd\ufffd\ufffd31m\ufffd\ufffd\ufffd\u200dz"},
	} {
		if got := test.of(words); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
