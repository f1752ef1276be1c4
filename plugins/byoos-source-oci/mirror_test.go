package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
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

func TestRewrite(t *testing.T) {
	host := registry.Start(t, registry.Options{})
	digest := push(t, host+"/mirror/edge/ubuntu:k3s-1.30.10-v4.7.0", registry.Image{})
	spec := config{
		Repository: "registry.example.com/edge/ubuntu",
		Rewrite: []rewrite{
			{From: "registry.example.com", To: "wrong.example.com"},
			{From: "registry.example.com/edge/", To: host + "/mirror/edge"},
			{From: "registry.example.com/edge/ub", To: "wrong.example.com"},
		},
	}
	img := clean(t, discover(t, call{config: spec})).images[0]
	if img.ID != host+"/mirror/edge/ubuntu:k3s-1.30.10-v4.7.0" || img.Digest != digest ||
		img.Attributes["registry"] != host || img.Attributes["repository"] != "mirror/edge/ubuntu" {
		t.Errorf("%+v", img)
	}
	if img.Reference.Value != "registry.example.com/edge/ubuntu:k3s-1.30.10-v4.7.0" {
		t.Errorf("the original is lost: %v", img.Reference)
	}
	// The user's own mirror needs nothing in the spec, and is no part of the id: a lock has
	// it for all machines.
	user := map[string]any{"rewrite": []any{map[string]any{"from": "registry.example.com/edge", "to": host + "/mirror/edge"}}}
	own := call{config: config{Repository: spec.Repository}, settings: user}
	mine := clean(t, discover(t, own)).images[0]
	if mine.ID != "registry.example.com/edge/ubuntu:k3s-1.30.10-v4.7.0" || mine.Digest != digest ||
		mine.Attributes["registry"] != "registry.example.com" || mine.Attributes["repository"] != "edge/ubuntu" {
		t.Errorf("%+v", mine)
	}
	if got := clean(t, verify(t, own, sdk.Ref{ID: mine.ID, Digest: digest})).results[0]; got.Presence != sdk.Found || got.Image.ID != mine.ID || got.Reason != "" {
		t.Errorf("%+v", got)
	}
	// What values and an old lock have is the mirror's name, and is said to be.
	if got := clean(t, verify(t, own, sdk.Ref{ID: img.ID, Digest: digest})).results[0]; got.Presence != sdk.Found || got.Image.ID != img.ID ||
		!strings.Contains(got.Reason, "this machine's mirror of registry.example.com/edge/ubuntu") {
		t.Errorf("%+v", got)
	}
	// The user's rules are for what the spec's make of a name; a mirror beside its origin
	// is one repository.
	both := call{config: config{
		Repositories: []string{"docker.io/edge/ubuntu", "registry.example.com/edge/ubuntu", host + "/mirror/edge/ubuntu"},
		Rewrite:      []rewrite{{From: "docker.io", To: "registry.example.com"}},
	}, settings: user}
	if out := clean(t, discover(t, both)); len(out.images) != 1 || out.images[0].ID != mine.ID || out.images[0].Reference.Value != "docker.io/edge/ubuntu:k3s-1.30.10-v4.7.0" {
		t.Errorf("%+v", out.images)
	}
	res := clean(t, verify(t, call{config: spec}, sdk.Ref{ID: img.ID, Digest: digest})).results[0]
	if res.Presence != sdk.Found {
		t.Errorf("%+v", res)
	}
}
