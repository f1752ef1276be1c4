package doctor_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
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
	cmd := doctor.NewCommand(&invocation.Invocation{IOStreams: streams, Dir: dir, Now: time.Now}, nil)
	cmd.SetArgs([]string{"--plugin-dir", dir})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := cmd.ExecuteContext(ctx); failure.Code(err) != failure.ExitInterrupted || out.Len() > 0 {
		t.Errorf("got %v and\n%s", err, out)
	}
}

// checks runs doctor and returns its lines, without the blanks between columns.
func checks(t *testing.T, environ []string, args ...string) string {
	t.Helper()
	streams, _, out, _ := genericiooptions.NewTestIOStreams()
	cmd := doctor.NewCommand(&invocation.Invocation{IOStreams: streams, Dir: t.TempDir(), Now: time.Now, Environ: environ}, nil)
	cmd.SetArgs(args)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	_ = cmd.Execute()
	var lines []string
	for line := range strings.Lines(out.String()) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

// TestPluginThatDoesNotStart: its description says nothing of that.
func TestPluginThatDoesNotStart(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "x", `[ "$1" = describe ] && exec echo '{"name":"x","version":"1.0.0","protocolVersions":[1]}'
echo no licence >&2
exit 3
`)
	write(t, dir, "schema", `echo '{"name":"schema","version":"1.0.0","protocolVersions":[1],"configSchema":"{\"type\":5}"}'
`)
	got := checks(t, nil, "--plugin-dir", dir)
	for _, want := range []string{
		"plugin x fail plugin x (" + dir + "/byoos-source-x) ended before it was ready (exit status 3); no licence",
		"plugin schema fail plugin schema (" + dir + "/byoos-source-schema) cannot be used: it describes its configuration by what is not a JSON Schema",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not among\n%s", want, got)
		}
	}
}

func write(t *testing.T, dir, typ, script string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "byoos-source-"+typ), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
}

// TestCacheThatCannotBeWritten is one where nobody may create a file, root either.
func TestCacheThatCannotBeWritten(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no such folder here")
	}
	cache := t.TempDir()
	if err := os.Symlink("/proc/self/task", filepath.Join(cache, "byoos")); err != nil {
		t.Fatal(err)
	}
	got := checks(t, []string{"XDG_CACHE_HOME=" + cache})
	if !strings.Contains(got, "cache note cannot be written, so plugins are described anew each time") {
		t.Error(got)
	}
}

// TestTemporaryDirectoryOfSockets is the one that is used, not TMPDIR.
func TestTemporaryDirectoryOfSockets(t *testing.T) {
	tmp := filepath.Join(t.TempDir(), "a|b")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", tmp)
	if got := checks(t, nil); !strings.Contains(got+"\n", "temporary directory ok /tmp\n") {
		t.Error(got)
	}
}
