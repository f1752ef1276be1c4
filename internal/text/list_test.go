package text_test

import (
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

func TestListsThatAreNotTooLong(t *testing.T) {
	names := []string{"a", "b", "c"}
	for _, test := range []struct {
		of   func([]string, int) string
		most int
		want string
	}{
		{text.List, 3, "a, b, c"}, {text.List, 2, "a, b and 1 more"}, {text.List, 1, "a and 2 more"},
		{text.Some, 3, "a, b, c"}, {text.Some, 2, "a, b, ..."},
	} {
		if got := test.of(names, test.most); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
		if got := test.of(nil, test.most); got != "" {
			t.Errorf("got %q of no names", got)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 keys", 1: "1 key", 2: "2 keys"} {
		if got := text.Count(n, "key", "keys"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for of, want := range map[string]string{"abcd": "abcd", "abcde": "abcd...", "abc\u00e9f": "abc..."} {
		if got := text.Cut(of, 4, "..."); got != want {
			t.Errorf("%q: got %q, want %q", of, got, want)
		}
	}
}
