package pack

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// TestEditedTwice edits random files by random packs: a second edit changes nothing, and
// one for another image leaves nothing of the first.
func TestEditedTwice(t *testing.T) {
	edited, refused := 0, 0
	for seed := range uint64(600) {
		r := &random{rand.New(rand.NewPCG(seed, 1))}
		kind := r.IntN(4)
		first, second := r.values(t, kind, "old"), r.values(t, kind, "new")
		file := r.file()
		once, _, err := first.Edit([]byte(file), "v.yaml")
		if err != nil {
			refused++
			continue
		}
		edited++
		twice, changes, err := first.Edit(once, "v.yaml")
		if err != nil || len(changes) > 0 || string(twice) != string(once) {
			t.Fatalf("seed %d: %v, %+v\n%s\nbecame\n%s\nthen\n%s", seed, err, changes, file, once, twice)
		}
		moved, _, err := second.Edit(once, "v.yaml")
		if err != nil || strings.Contains(string(moved), "old") {
			t.Fatalf("seed %d: %v\n%s\nbecame\n%s", seed, err, once, moved)
		}
	}
	if edited < 300 || refused < 10 {
		t.Errorf("%d were edited, %d refused", edited, refused)
	}
}

type random struct{ *rand.Rand }

func (r *random) maybe(text string) string {
	if r.IntN(3) == 0 {
		return ""
	}
	return text
}

// values are those of a random image, all of whose facts hold the word.
func (r *random) values(t *testing.T, kind int, word string) *Values {
	t.Helper()
	in := Input{spec.Pack{Name: "a", Pack: spec.GenericBYOI}, ami()}
	in.Image.OS = image.OS{Name: "rhel-" + word, Version: "8-" + word}
	if kind > 0 {
		edge := &spec.Edge{Reference: []string{"", "template", "tag", "digest"}[kind]}
		img := &image.Image{Provider: "oci", KubernetesVersion: "1.30.4", Digest: digest, OS: image.OS{Name: r.maybe("os-" + word)}}
		tail, separator, distribution := r.maybe(word), "-", "k3s-"+word
		if r.IntN(2) == 0 {
			edge.Shape, separator, distribution = "1.0", "_", ""
		} else {
			img.OS.Version = r.maybe("22-" + word)
		}
		img.Attributes = map[string]string{"k8sDistribution": distribution, "peVersion": "v4-" + word, "customTag": tail}
		tag := strings.TrimPrefix(distribution+"-1.30.4-v4-"+word+separator+tail, "-")
		img.ID = word + ".io/" + word + ":" + strings.TrimRight(tag, "-_")
		in = Input{edgePack(edge, spec.Values{}), img}
	}
	values, err := Build(in)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// file is a values file of no pack in particular.
func (r *random) file() string {
	words := []string{"x", `"x"`, "'x'", "", "22", "{{ .spectro.var.x }}", `"{{ .spectro.var.x }}"`}
	pairs := func(indent, prefix string, keys ...string) string {
		var text strings.Builder
		for _, key := range keys {
			if r.IntN(2) == 0 {
				fmt.Fprintf(&text, "%s%s%s: %s # %s\n", indent, prefix, key, words[r.IntN(len(words))], key)
			}
		}
		return text.String()
	}
	parts := []string{"uri", "registry", "repo", "k8sDistribution", "osName", "peVersion", "customTag", "osVersion"}
	text := r.maybe("# theirs\nmaxPods: 250\n")
	if r.IntN(2) == 0 {
		text += "pack:\n  drain: true\n"
		if r.IntN(4) > 0 {
			text += "  content:\n    images:\n" + r.maybe("    - image: a.io/b:1\n") + r.maybe("    - image: '{{.spectro.pack.edge-native-byoi.options.system.uri}}'\n")
		}
	}
	switch r.IntN(3) {
	case 0:
		text += "options:\n" + pairs("  ", "system.", parts...)
	case 1:
		text += "options:\n  system:\n" + pairs("    ", "", parts...)
	}
	return text + r.maybe("image:\n"+pairs("  ", "", "registry", "repo", "version", "client.tag"))
}
