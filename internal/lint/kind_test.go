package lint

import (
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamledit"
)

// A kind's keys are a sign of it below its own root; elsewhere another kind may have a key
// of that name, and they count only where nothing else tells.
func TestKeysCountBelowTheirRoot(t *testing.T) {
	const third spec.PackKind = "third-byoi"
	kinds := append(spec.PackKinds(), spec.Traits{Kind: third, Image: []string{"machine", "image"}, Keys: []string{"image", "osName"}})
	for text, want := range map[string]spec.PackKind{
		"pack: {osImageOverride: ami-1, osName: ubuntu}\n":                                  spec.GenericBYOI,
		"pack:\n  content:\n    images: [{image: a}]\noptions:\n  system.uri: a\n":          spec.EdgeNativeBYOI,
		"pack:\n  content:\n    images: [{image: a}]\noptions:\n  system: {registry: r}\n":  spec.EdgeNativeBYOI,
		"machine: {image: a, osName: ubuntu}\n":                                             third,
		"machine: {osName: ubuntu}\n":                                                       third,
		"osImageOverride: ami-1\n":                                                          spec.GenericBYOI,
		"system.uri: a\n":                                                                   spec.EdgeNativeBYOI,
		"common: &c {system.uri: a}\noptions: *c\npack: {content: {images: [{name: a}]}}\n": spec.EdgeNativeBYOI,
		"“pack”: {osName: ubuntu}\n":                                                        spec.GenericBYOI,
		"options: {x: y}\nsystem.uri: a\npack: {osName: ubuntu}\n":                          spec.GenericBYOI,
		"pack: {content: {images: [{name: a}]}}\nosImageOverride: ami-1\nsystem.uri: a\n":   spec.EdgeNativeBYOI,
		"stages: {}\n": "",
	} {
		doc, err := yamledit.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := kindOf(view{whole([]byte(text)), doc}, kinds); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
