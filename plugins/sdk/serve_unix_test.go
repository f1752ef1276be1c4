//go:build unix

package sdk

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
)

// serving answers as a plugin of its own process does, and panics where it is told.
type serving struct{}

func (serving) Describe() Info { return Info{Name: "serving", Version: "1.0.0", Summary: "For tests."} }

func (serving) Discover(_ context.Context, req DiscoverRequest[testConfig], out *Stream) error {
	fmt.Fprintln(os.Stdout, "on stdout, which is not the protocol's")
	if req.Config.Manifest == "panic" {
		panic("as it was told")
	}
	return out.Images(Image{ID: req.Config.Manifest, Provider: "aws", State: Available})
}

// asPlugin is this program as a plugin.
func asPlugin(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\nexport %s=plugin\nexec '%s' \"$@\"\n", waitVariable, self)
	file := filepath.Join(dir, FilePrefix+"serving")
	if err := os.WriteFile(file, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestServesAHost: a process answers calls one after the other, ends after a panic with an
// error that names it, and says what it is without a host.
func TestServesAHost(t *testing.T) {
	file := asPlugin(t)
	// A busy machine may take long to start a program.
	h := source.New(source.Options{PluginDirs: []string{filepath.Dir(file)}, StartTimeout: 2 * time.Minute, DescribeTimeout: 2 * time.Minute})
	defer h.Close()
	p, err := h.Find(t.Context(), "serving")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(manifest string) source.Result {
		return h.Discover(t.Context(), []source.Request{{Source: "s", Plugin: p, Config: map[string]any{"manifest": manifest}, BaseDir: "/"}}, nil)[0]
	}
	for _, manifest := range []string{"a", "b"} {
		if got := ask(manifest); got.Err != nil || len(got.Images) != 1 || got.Images[0].ID != manifest {
			t.Errorf("%s: got %+v", manifest, got)
		}
	}
	if got := ask("panic"); got.Err == nil || !strings.Contains(got.Err.Error(), "panic in Discover: as it was told") {
		t.Errorf("got %+v", got)
	}
	if got := ask("c"); got.Err != nil || len(got.Images) != 1 {
		t.Errorf("after a panic: %+v", got)
	}
	if out, err := exec.CommandContext(t.Context(), file, "version").Output(); err != nil || string(out) != FilePrefix+"serving 1.0.0\n" {
		t.Errorf("got %s, %v", out, err)
	}
	var failed *exec.ExitError
	out, err := exec.CommandContext(t.Context(), file, "more").CombinedOutput()
	if failed, _ = err.(*exec.ExitError); failed == nil || failed.ExitCode() != 1 || !strings.Contains(string(out), "It is started by kubectl byoos, not by hand") { //nolint:errorlint // as it is returned
		t.Errorf("got %s, %v", out, err)
	}
}
