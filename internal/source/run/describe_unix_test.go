//go:build unix

package run_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/source/run"
)

// busy calls what it holds at each line that a plugin says.
type busy struct {
	slog.Handler
	heard func(line string)
}

func (busy) Enabled(context.Context, slog.Level) bool { return true }

func (b busy) Handle(_ context.Context, r slog.Record) error {
	b.heard(r.Message)
	return nil
}

func (b busy) WithAttrs([]slog.Attr) slog.Handler { return b }

// TestWhatIsReadLateIsKept: on a busy machine a program may have ended for a while until
// the last that it wrote is read.
func TestWhatIsReadLateIsKept(t *testing.T) {
	dir := t.TempDir()
	file, fifo := filepath.Join(dir, "plugin"), filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("#!/bin/sh\necho one >&2\nread x <"+fifo+"\necho two >&2\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	late := func(line string) {
		if line != "one" {
			return
		}
		if err := os.WriteFile(fifo, []byte("on\n"), 0); err != nil {
			t.Error(err)
		}
		<-time.NewTimer(400 * time.Millisecond).C
	}
	runner := run.New(slog.New(busy{slog.DiscardHandler, late}), run.Limits{Start: time.Minute, Describe: time.Minute, Call: time.Minute})
	t.Cleanup(runner.Close)
	_, words, err := runner.Describe(t.Context(), run.Program{
		Type: "x", Path: file, Environment: func() ([]string, []string) { return nil, nil }, Check: func(context.Context) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := words.Last(); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("it said %q", got)
	}
}
