package output_test

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
)

// Templates, paths and names write text of others as it is, but not to a terminal; a
// pipe gets it whole.
func TestNoFormatCanSteerTheTerminal(t *testing.T) {
	const name = "a\x1b[2Jb\u202ec\nd\u009b"
	list := output.List{Kind: "Things", Items: []any{map[string]any{"name": name}}, Names: []string{name}}
	tests := []struct{ format, piped, shown string }{
		{"jsonpath={.items[0].name}", name, "a\ufffd[2Jb\ufffdc\nd\ufffd"},
		{"go-template={{(index .items 0).name}}", name, "a\ufffd[2Jb\ufffdc\nd\ufffd"},
		{"custom-columns=N:.name", "N\n" + name + "\n", "N\na\ufffd[2Jb\ufffdc d\ufffd\n"},
		{"json", "{\n    \"kind\": \"Things\",\n    \"apiVersion\": \"byoos.dev/v1alpha1\",\n    \"items\": [\n        {\n            \"name\": \"a\\u001b[2Jb\u202ec\\nd\u009b\"\n        }\n    ]\n}\n", "{\n    \"kind\": \"Things\",\n    \"apiVersion\": \"byoos.dev/v1alpha1\",\n    \"items\": [\n        {\n            \"name\": \"a\\u001b[2Jb\ufffdc\\nd\ufffd\"\n        }\n    ]\n}\n"},
		{"yaml", "apiVersion: byoos.dev/v1alpha1\nitems:\n- name: \"a\\e[2Jb\u202ec\\nd\\x9B\"\nkind: Things\n", "apiVersion: byoos.dev/v1alpha1\nitems:\n- name: \"a\\e[2Jb\ufffdc\\nd\\x9B\"\nkind: Things\n"},
		{"name", name + "\n", "a\ufffd[2Jb\ufffdc d\ufffd\n"},
		{"jsonpath-as-json={.items[0].name}", "[\n    \"a\\u001b[2Jb\u202ec\\nd\u009b\"\n]\n", "[\n    \"a\\u001b[2Jb\ufffdc\\nd\ufffd\"\n]\n"},
	}
	for _, test := range tests {
		t.Run(test.format, func(t *testing.T) {
			p, err := output.New(test.format, false)
			if err != nil {
				t.Fatal(err)
			}
			var piped strings.Builder
			controller, terminal := openTerminal(t)
			for _, to := range []interface{ Write([]byte) (int, error) }{&piped, terminal} {
				if err := p.Print(list, to, to); err != nil {
					t.Fatal(err)
				}
			}
			if piped.String() != test.piped {
				t.Errorf("a pipe got %q, want %q", piped.String(), test.piped)
			}
			if shown := whatIsShown(t, controller, len(test.shown)+strings.Count(test.shown, "\n")); shown != test.shown {
				t.Errorf("a terminal got %q, want %q", shown, test.shown)
			}
		})
	}
}

// whatIsShown reads n bytes of a terminal, which writes a carriage return before each
// line feed.
func whatIsShown(t *testing.T, controller *os.File, n int) string {
	t.Helper()
	got := make([]byte, n)
	if _, err := io.ReadFull(controller, got); err != nil {
		t.Fatalf("%q: %v", got, err)
	}
	return strings.ReplaceAll(string(got), "\r\n", "\n")
}

func openTerminal(t *testing.T) (controller, terminal *os.File) {
	t.Helper()
	controller, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminal can be made here: %v", err)
	}
	t.Cleanup(func() { _ = controller.Close() })
	if err := unix.IoctlSetPointerInt(int(controller.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(controller.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminal can be made here: %v", err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	return controller, terminal
}
