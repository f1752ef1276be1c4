package run_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/source/run"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

type noCall struct{ room atomic.Int64 }

func (*noCall) Ask(context.Context, sourcev1.ImageSourceClient, *run.Tail) error { return nil }
func (*noCall) Touched() bool                                                    { return false }
func (c *noCall) Room() *atomic.Int64                                            { return &c.room }

// TestCheckComesFirst: a program that its caller refuses at the last moment is not executed,
// neither to describe itself nor to be asked.
func TestCheckComesFirst(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the program is a script")
	}
	dir := t.TempDir()
	ran := filepath.Join(dir, "ran")
	file := filepath.Join(dir, "plugin")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n: >"+ran+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("the file changed")
	runner := run.New(slog.New(slog.DiscardHandler), run.Limits{Start: time.Minute, Describe: time.Minute, Call: time.Minute})
	t.Cleanup(runner.Close)
	program := run.Program{
		Type: "x", Path: file, Environment: func() ([]string, []string) { return nil, nil },
		Check: func(context.Context) error { return refused },
	}
	if _, _, err := runner.Describe(t.Context(), program); !errors.Is(err, refused) {
		t.Errorf("describe: got %v", err)
	}
	if err := runner.Ask(t.Context(), program, &noCall{}); !errors.Is(err, refused) {
		t.Errorf("ask: got %v", err)
	}
	if _, err := os.Stat(ran); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the program was executed (%v)", err)
	}
	program.Check = func(context.Context) error { return nil }
	if _, _, err := runner.Describe(t.Context(), program); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(ran); err != nil {
		t.Errorf("the program was not executed: %v", err)
	}
}
