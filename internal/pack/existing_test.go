package pack_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pack"
)

func TestImagesOf(t *testing.T) {
	digest := "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	tests := map[string]struct {
		values string
		want   []*image.Image
	}{
		"generic":             {"pack:\n  osImageOverride: \"ami-0f4804aff4cf9c5a2\"\n", []*image.Image{{ID: "ami-0f4804aff4cf9c5a2", Provider: "aws"}}},
		"edge":                {"options:\n  system.uri: example.io/my-images/os:v1.4.5\n", []*image.Image{{ID: "example.io/my-images/os:v1.4.5", Provider: "oci"}}},
		"nested":              {"options:\n  system:\n    uri: example.io/os:v1\n", []*image.Image{{ID: "example.io/os:v1", Provider: "oci"}}},
		"pinned":              {"options:\n  system.uri: example.io/os:v1@" + digest + "\n", []*image.Image{{ID: "example.io/os:v1", Provider: "oci", Digest: digest}}},
		"with a scheme":       {"options:\n  system.uri: container://example.io/os:v1\n", []*image.Image{{ID: "example.io/os:v1", Provider: "oci"}}},
		"mistyped":            {"pack:\n  osImageOverride: AMI-0f4804aff4cf9c5a2\n", nil},
		"agent mode":          {"options:\n  system.uri: NA\n", nil},
		"template":            {"options:\n  system.uri: '{{.spectro.system.kubernetes.version}}'\n", nil},
		"other":               {"charts: {}\n", nil},
		"template of generic": {"pack:\n  osImageOverride: '{{.spectro.var.ami}}'\n", nil},
		"of several packs": {
			"# one\npack:\n  osImageOverride: ami-0f4804aff4cf9c5a2\n---\n# two\noptions:\n  system.uri: example.io/os:v1\n---\n",
			[]*image.Image{{ID: "ami-0f4804aff4cf9c5a2", Provider: "aws"}, {ID: "example.io/os:v1", Provider: "oci"}},
		},
		"of other tools": {
			"%YAML 1.2\n--- # one\npack: {osImageOverride: !<tag:yaml.org,2002:str> ami-0f4804aff4cf9c5a2}\n...\n%YAML 1.2\n---\noptions: {system.uri: example.io/os:v1}\n",
			[]*image.Image{{ID: "ami-0f4804aff4cf9c5a2", Provider: "aws"}, {ID: "example.io/os:v1", Provider: "oci"}},
		},
		"second of another pack": {"pack:\n  osImageOverride: ami-0f4804aff4cf9c5a2\n---\ncharts: {}\n", nil},
		"empty":                  {"", nil},
		"not yaml":               {"pack: [\n", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := pack.ImagesOf([]byte(test.values), "values.yaml")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			var f *failure.Error
			if test.want == nil && (!errors.As(err, &f) || f.Code != failure.ExitUsage) {
				t.Errorf("got %v, want a usage error", err)
			}
		})
	}
}

func TestImagesOfTellsTheLine(t *testing.T) {
	for _, second := range []string{"pack:\n  osImageOverride: [1]\n", "a: b\nc: {\n"} {
		_, err := pack.ImagesOf([]byte("pack:\n  osImageOverride: ami-0f4804aff4cf9c5a2\n---\n"+second), "values.yaml")
		if err == nil || !strings.Contains(err.Error(), "line 5") {
			t.Errorf("%q: got %v", second, err)
		}
	}
}
