package conformance_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/conformance"
)

// build builds the stub plugin under a type name.
func build(t *testing.T, typ string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "byoos-source-"+typ)
	cmd := exec.Command("go", "build", "-o", file, "github.com/kubectl-byoos/kubectl-byoos/test/stubs/byoos-source-stub")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return file
}

func TestConforms(t *testing.T) {
	conformance.Run(t, build(t, "stub"),
		conformance.Case{Name: "three", Config: map[string]any{"images": 3}, MinImages: 3},
		conformance.Case{Name: "two", Config: map[string]any{"images": 2}, MinImages: 2},
		conformance.Case{Name: "a diagnostic", Config: map[string]any{"mode": "diagnostic"}, WantError: true},
	)
}

func TestProblemsAreFound(t *testing.T) {
	stub := build(t, "stub")
	tests := map[string]struct {
		binary string
		one    conformance.Case
		want   string
	}{
		"missing images": {stub, conformance.Case{MinImages: 2}, "1 images, want at least 2"},
		"error":          {stub, conformance.Case{Config: map[string]any{"mode": "error"}}, "access denied"},
		"no error":       {stub, conformance.Case{WantError: true}, "it reports no error"},
		"crash":          {stub, conformance.Case{Config: map[string]any{"mode": "crash"}, WantError: true}, "fails instead of reporting"},
		"no id":          {stub, conformance.Case{Config: map[string]any{"mode": "no-id"}}, "it has no id"},
		"two lines":      {stub, conformance.Case{Config: map[string]any{"mode": "two-lines"}}, `a diagnostic needs a summary of one line, not "one\ntwo"`},
		"no summary":     {stub, conformance.Case{Config: map[string]any{"mode": "two-lines"}}, `a diagnostic needs a summary of one line, not ""`},
		"one at a time":  {stub, conformance.Case{Config: map[string]any{"mode": "once"}}, "asked together with other configurations, it fails"},
		"upper case":     {stub, conformance.Case{Config: map[string]any{"mode": "edge"}}, `provider "Custom-Cloud" is not in lower case`},
		"invalid config": {stub, conformance.Case{Config: map[string]any{"list": 1}, WantError: false}, "not valid by the plugin's own schema"},
		"describe":       {script(t, "echo hello"), conformance.Case{}, "did not print a description"},
		"version":        {script(t, `echo '{"name":"x","version":"v1","protocolVersions":[1],"configSchema":"{}"}'`), conformance.Case{}, "not semver"},
		"open schema":    {script(t, `echo '{"name":"x","version":"1.0.0","protocolVersions":[1],"configSchema":"{}"}'`), conformance.Case{}, "takes unknown keys"},
		"by hand":        {script(t, `echo '{"name":"x","version":"1.0.0","protocolVersions":[1],"configSchema":"{}"}'`), conformance.Case{}, "started by hand, it prints on stdout"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var all []string
			for _, problem := range conformance.Check(t.Context(), tt.binary, tt.one) {
				all = append(all, problem.Error())
			}
			if text := strings.Join(all, "\n"); !strings.Contains(text, tt.want) {
				t.Errorf("problems:\n%s\nwant %q among them", text, tt.want)
			}
		})
	}
}

func TestSharedStateIsFound(t *testing.T) {
	shared := func(text string) conformance.Case {
		return conformance.Case{Name: text, Config: map[string]any{"mode": "shared", "text": text}}
	}
	var all []string
	for _, problem := range conformance.Check(t.Context(), build(t, "stub"), shared("a"), shared("b")) {
		all = append(all, problem.Error())
	}
	if text := strings.Join(all, "\n"); !strings.Contains(text, "its answer is another than alone") {
		t.Errorf("problems:\n%s", text)
	}
}

func script(t *testing.T, body string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "byoos-source-x")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestCheckEndsWithItsContext has a plugin start what holds its output when it is gone.
func TestCheckEndsWithItsContext(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the plugin is a shell script")
	}
	started := filepath.Join(t.TempDir(), "started")
	// The host gives a certificate, and what looks for orphans none.
	binary := script(t, `[ "$1" = describe ] && exec echo '{"name":"x","version":"1.0.0","protocolVersions":[1],"configSchema":"{}"}'
[ -z "$BYOOS_PLUGIN" -o -n "$PLUGIN_CLIENT_CERT" ] && exit 1
sleep 3600 &
echo $! > '`+started+`.part' && mv '`+started+`.part' '`+started+`'`)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		conformance.Check(ctx, binary, conformance.Case{})
	}()
	var child []byte
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for len(child) == 0 && ctx.Err() == nil {
		<-ticker.C
		child, _ = os.ReadFile(started)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(child)))
	if err != nil {
		t.Fatalf("nothing was started: %v", err)
	}
	defer func() {
		if p, err := os.FindProcess(pid); err == nil {
			_ = p.Kill()
		}
	}()
	cancel()
	select {
	case <-ended:
	case <-time.After(2 * time.Minute):
		t.Error("it waits for what the plugin has started")
	}
}
