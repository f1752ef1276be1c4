package output_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
)

// A template writes names as they are, but not to a terminal; a pipe gets them whole.
func TestATemplateCannotSteerTheTerminal(t *testing.T) {
	p, err := output.New("jsonpath={.items[0].name}", false)
	if err != nil {
		t.Fatal(err)
	}
	list := output.List{Kind: "Things", Items: []any{map[string]any{"name": "a\x1b[2Jb"}}}
	var piped strings.Builder
	controller, terminal := openTerminal(t)
	for _, to := range []interface{ Write([]byte) (int, error) }{&piped, terminal} {
		if err := p.Print(list, to, to); err != nil {
			t.Fatal(err)
		}
	}
	if piped.String() != "a\x1b[2Jb" {
		t.Errorf("a pipe got %q", piped.String())
	}
	got := make([]byte, 100)
	n, err := controller.Read(got)
	if err != nil || string(got[:n]) != "a\ufffd[2Jb" {
		t.Errorf("a terminal got %q, %v", got[:n], err)
	}
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
