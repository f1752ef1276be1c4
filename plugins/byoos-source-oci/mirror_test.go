package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

// mirrored makes the program's machine one that reads registry.example.com elsewhere.
func (p program) mirrored(to string) {
	p.t.Helper()
	writeFile(p.t, filepath.Join(p.dir, ".config", "byoos", "config.yaml"), `apiVersion: byoos.dev/v1alpha1
kind: Config
plugins:
  oci:
    rewrite: [{from: registry.example.com, to: `+to+`}]
`)
}

// A lock is good on every machine, and each renders what it reads.
func TestHostMirrorsOfAMachine(t *testing.T) {
	s := registry.NewStore(t)
	const tag = "k3s-1.30.10-v4.7.0"
	tagAll(t, s, []string{tag})
	other := strings.Replace(s.Host, "127.0.0.1", "localhost", 1)
	spec := strings.ReplaceAll(selecting("kubernetesVersion: ~1.30"), "HOST/edge", "registry.example.com/edge") +
		"  - {name: template, pack: edge-native-byoi, select: {architecture: amd64}, edge: {kubernetesVersions: [1.30.10]}}\n"
	lock := func(p program) string {
		raw, err := os.ReadFile(filepath.Join(p.dir, "byoos.lock"))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	a := newProgram(t, s.Host)
	a.mirrored(s.Host)
	a.spec(spec)
	a.run(0, "lock")
	b := program{t, a.bin, t.TempDir(), other}
	b.mirrored(other)
	b.spec(spec)
	b.run(0, "lock")
	if strings.Contains(lock(a), s.Host) || lock(a) != lock(b) {
		t.Errorf("the locks of two machines:\n%s\n%s", lock(a), lock(b))
	}
	writeFile(t, filepath.Join(b.dir, "byoos.lock"), lock(a))
	for _, flag := range []string{"--locked", "--ignore-lock"} {
		out, _ := b.run(0, "render", flag)
		for _, want := range []string{`system.uri: "HOST/edge/ubuntu:` + tag, `system.registry: "HOST"`, `system.repo: "edge/ubuntu"`} {
			if !strings.Contains(strings.ReplaceAll(out, "'", `"`), want) {
				t.Errorf("%s: %q is missing in:\n%s", flag, want, out)
			}
		}
		explained, _ := b.run(0, "explain", flag)
		if !strings.Contains(explained, "plugins.oci.rewrite") || !strings.Contains(explained, "registry.example.com/edge/ubuntu") {
			t.Errorf("%s: where the registry is from is missing in:\n%s", flag, explained)
		}
	}
	b.run(0, "verify")
	// Values have the name of this machine's mirror.
	out, _ := b.run(0, "render", "hosts")
	writeFile(t, filepath.Join(b.dir, "values.yaml"), strings.ReplaceAll(out, "HOST", other))
	b.run(0, "verify", "--values", "values.yaml")
	// The spec's word on a registry stays.
	b.spec(strings.Replace(spec, "edge: {reference: tag}", "values: {registry: own.example.com}\n    edge: {reference: tag}", 1))
	if out, _ := b.run(0, "render", "hosts", "--ignore-lock"); !strings.Contains(out, "own.example.com/edge/ubuntu:"+tag) {
		t.Errorf("it renders:\n%s", out)
	}
}
