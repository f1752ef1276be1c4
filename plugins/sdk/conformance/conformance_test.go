package conformance_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

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
