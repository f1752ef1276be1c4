package doctor_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/doctor"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// TestInterrupted: what was not looked at is no finding.
func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "byoos-source-slow"), []byte("#!/bin/sh\nsleep 3600\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	streams, _, out, _ := genericiooptions.NewTestIOStreams()
	cmd := doctor.NewCommand(&invocation.Invocation{IOStreams: streams, Dir: dir, Now: time.Now})
	cmd.SetArgs([]string{"--plugin-dir", dir})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := cmd.ExecuteContext(ctx); failure.Code(err) != failure.ExitInterrupted || out.Len() > 0 {
		t.Errorf("got %v and\n%s", err, out)
	}
}
