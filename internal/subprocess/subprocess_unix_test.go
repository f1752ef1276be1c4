//go:build unix

package subprocess

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/test/children"
)

func shell(ctx context.Context, script string) *exec.Cmd {
	return exec.CommandContext(ctx, "/bin/sh", "-c", script)
}

func TestRunKeepsWhatAProgramWrites(t *testing.T) {
	for name, tt := range map[string]struct {
		script, printed, said string
		lines                 int
		err                   string
	}{
		"nothing":         {script: "true"},
		"both":            {script: "echo out; echo one >&2; printf two >&2", printed: "out\n", said: "one\ntwo", lines: 2},
		"all that fits":   {script: "printf 0123456789", printed: "0123456789"},
		"too much":        {script: "printf 0123456789; printf a", printed: "0123456789", err: ErrTooMuch.Error()},
		"it also failed":  {script: "printf 0123456789ab; exit 3", printed: "0123456789", err: ErrTooMuch.Error()},
		"nobody reads on": {script: "trap '' PIPE; while echo x 2>/dev/null; do :; done; exit 120", printed: "x\nx\nx\nx\nx\n", err: ErrTooMuch.Error()},
		"without an end":  {script: "while :; do echo x; done", printed: "x\nx\nx\nx\nx\n", err: ErrTooMuch.Error()},
		"much on stderr":  {script: "printf '0123456789\\nabc\\n' >&2; echo ok", printed: "ok\n", said: "0123456789", lines: 2},
		"a failure":       {script: "echo part; exit 3", printed: "part\n", err: "exit status 3"},
		"a child is left": {script: "echo ok; exec sleep 3600 & echo $! >&2", printed: "ok\n", lines: 1},
	} {
		t.Run(name, func(t *testing.T) {
			printed, said, err := Run(shell(t.Context(), tt.script), 10)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if string(printed) != tt.printed || said.Lines != tt.lines || got != tt.err {
				t.Errorf("printed %q, %d lines on stderr, error %q", printed, said.Lines, got)
			}
			if name == "a child is left" {
				_ = exec.Command("kill", strings.TrimSpace(string(said.Text))).Run() // it may be gone
			} else if string(said.Text) != tt.said {
				t.Errorf("said %q", said.Text)
			}
		})
	}
}

// TestRunEndsWhatAProgramStarted when the command ends: a child holds a pipe, which ends
// with the last of them.
func TestRunEndsWhatAProgramStarted(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	began, err := children.EndWith(t, fifo, true, func(ctx context.Context) error {
		_, _, err := Run(shell(ctx, children.Script(fifo)), 10)
		return err
	})
	var exit *exec.ExitError
	if !began || !errors.As(err, &exit) || exit.Success() {
		t.Errorf("ended with %v", err)
	}
}

func TestKillOfAProgramThatIsGone(t *testing.T) {
	cmd := shell(t.Context(), "true")
	Group(cmd)
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if err := Kill(cmd.Process); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("got %v", err)
	}
}
