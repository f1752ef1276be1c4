package lock_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pack"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// TestLockedRendersTheSame: a pack renders of what was locked what it rendered of what was
// found, with the same origins.
func TestLockedRendersTheSame(t *testing.T) {
	for seed := range uint64(60) {
		in := found(rand.New(rand.NewPCG(seed, 1)))
		want, err := pack.Build(in)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		file := lock.New()
		if err := file.Put(lock.Entry{Name: in.Pack.Name, Pack: in.Pack.Pack, SpecDigest: "sha256:" + strings.Repeat("0", 64), Image: *in.Image, Plugin: lock.Plugin{Type: "x"}}); err != nil {
			t.Fatal(err)
		}
		e, ok := readAgain(t, file).Entry(in.Pack.Name)
		got, err := pack.Build(pack.Input{Pack: in.Pack, Image: &e.Image})
		if err != nil || !ok || e.Pack != in.Pack.Pack {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if diff := cmp.Diff(want.Fields, got.Fields); diff != "" || string(want.Render()) != string(got.Render()) {
			t.Fatalf("seed %d: %s\n%s", seed, diff, got.Render())
		}
	}
}

// found is a random pack with an image that it can be rendered of.
func found(r *rand.Rand) pack.Input {
	words := []string{"8", "08", "1e3", "0x1f", "null", "yes", "~", "1.10", "24.10", "2026-10-01", "<<", "=", "\u00e9", "- a", "a: b", "#a", "'", `"`, `\`, "{{ .x }}", "a\u00a0b", "\U0001F600"}
	word := func() string { return words[r.IntN(len(words))] }
	img := &image.Image{
		ID: "ami-0123456789abcdef0", Provider: "aws", Source: word(), Region: word(), OS: image.OS{Name: word(), Version: "a" + word()},
		Provenance: map[string]image.Provenance{"os.name": {From: word(), Key: word(), Raw: word(), Source: word()}},
		Tags:       map[string]string{word(): word()},
	}
	if r.IntN(2) == 0 {
		return pack.Input{Pack: spec.Pack{Name: word(), Pack: spec.GenericBYOI}, Image: img}
	}
	tags := []string{"1.30", "1e3", "0x1f", "yes", "null", "2026-10-01", "_"}
	tag := tags[r.IntN(len(tags))]
	img.ID, img.Provider, img.Digest = "a.io/b:k3s-1.30.4-"+tag, "oci", "sha256:"+strings.Repeat("0", 64)
	img.Attributes, img.KubernetesVersion = map[string]string{"k8sDistribution": "k3s", "peVersion": tag, "other": word()}, "1.30.4"
	reference := []string{"template", "tag", "digest"}[r.IntN(3)]
	return pack.Input{Pack: spec.Pack{Name: word(), Pack: spec.EdgeNativeBYOI, Edge: &spec.Edge{Reference: reference}}, Image: img}
}
