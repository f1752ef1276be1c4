package diff

import "testing"

func TestColored(t *testing.T) {
	got := colored("--- a\n+++ b\n@@ -1,2 +1,2 @@\n same\n-old\n+new\n")
	want := "\x1b[1m--- a\x1b[0m\n\x1b[1m+++ b\x1b[0m\n\x1b[36m@@ -1,2 +1,2 @@\x1b[0m\n same\n\x1b[31m-old\x1b[0m\n\x1b[32m+new\x1b[0m\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestHarmless(t *testing.T) {
	if got, want := harmless("a\tb\n\x1b]0;title\x07\r\u009b31m"), "a\tb\n\ufffd]0;title\ufffd\ufffd\ufffd31m"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
