//go:build unix

package run_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/source/run"
	"github.com/kubectl-byoos/kubectl-byoos/test/children"
)

// TestDescribe has programs that say what they are, and such that do not.
func TestDescribe(t *testing.T) {
	const see = "\nnext: run `PATH describe` to see what it prints; reinstall it or tell its author"
	for name, tt := range map[string]struct{ script, printed, words, want string }{
		"well":     {script: "echo $#$1; echo " + secret + " >&2", printed: "1describe\n", words: "[redacted]"},
		"fails":    {script: "echo half; echo no region >&2; exit 7", want: "cannot describe itself: `describe` ended with exit status 7\nno region" + see},
		"killed":   {script: "kill -9 $$", want: "cannot describe itself: `describe` ended with signal: killed" + see},
		"too much": {script: "head -c 1100000 /dev/zero | tr '\\0' x", printed: strings.Repeat("x", 1<<20)},
	} {
		p := script(t, tt.script)
		printed, words, err := newRunner(t, limits()).Describe(t.Context(), p)
		if tt.want != "" {
			check(t, name, err, p, tt.want)
			continue
		}
		if err != nil || string(printed) != tt.printed || strings.Join(words.Last(), "|") != tt.words {
			t.Errorf("%s: %v, printed %.100q, said %q", name, err, printed, words.Last())
		}
	}
}

// TestDescribeHasAnEnd: by its limit, its context, or Close before it.
func TestDescribeHasAnEnd(t *testing.T) {
	p := script(t, "exec sleep 3600")
	l, r := limits(), newRunner(t, limits())
	for _, l.Describe = range []time.Duration{1, 50 * time.Millisecond} {
		_, _, err := newRunner(t, l).Describe(t.Context(), p)
		check(t, "limit", err, p, "did not describe itself within "+l.Describe.String()+"\nnext: run `PATH describe` to see what it prints; reinstall it or tell its author")
	}
	ctx, cancel := context.WithCancel(t.Context())
	p.Environment = func() ([]string, []string) { cancel(); return nil, nil }
	if _, _, err := newRunner(t, limits()).Describe(ctx, p); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	r.Close()
	p = program("")
	_, _, err := r.Describe(t.Context(), p)
	check(t, "closed", err, p, "cannot be started: the plugin host is closed\nnext: ")
	check(t, "closed", r.Try(t.Context(), p), p, "cannot be started: the plugin host is closed"+tellAuthor)
}

// TestDescribeLeavesAnAgent: one in a session of its own does not end with the program, and
// may hold its output.
func TestDescribeLeavesAnAgent(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no setsid here")
	}
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	both, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = both.Close() }() // ends the agent
	apart := "while [ ! -e " + fifo + ".apart ]; do :; done"
	printed, _, err := newRunner(t, limits()).Describe(t.Context(), script(t, "setsid sh -c ': >"+fifo+".apart; exec cat "+fifo+"' &", apart, "echo ok"))
	if err != nil || string(printed) != "ok\n" {
		t.Errorf("printed %q, %v", printed, err)
	}
}

// TestNothingIsLeftOfAProgram: what it has started ends with it, however it ends.
func TestNothingIsLeftOfAProgram(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere what a program leaves when it ends by itself goes on")
	}
	describe := func(r *run.Runner, ctx context.Context, p run.Program) error {
		_, _, err := r.Describe(ctx, p)
		return err
	}
	for name, tt := range map[string]struct {
		act         func(*run.Runner, context.Context, run.Program) error
		interrupted bool
	}{
		"describe": {describe, false}, "describe, interrupted": {describe, true},
		"start": {(*run.Runner).Try, false}, "start, interrupted": {(*run.Runner).Try, true},
	} {
		fifo := filepath.Join(t.TempDir(), "fifo")
		if err := syscall.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
		lines := children.Script(fifo)
		if !tt.interrupted { // the program ends when its child runs
			lines = strings.TrimSuffix(lines, "wait") + "echo >" + fifo
		}
		r, began := newRunner(t, limits()), false
		for i := 0; i < 100 && !began; i++ {
			var err error
			began, err = children.EndWith(t, fifo, tt.interrupted, func(ctx context.Context) error { return tt.act(r, ctx, script(t, lines)) })
			if tt.interrupted != errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if !began {
			t.Errorf("%s: its child never ran", name)
		}
	}
}
