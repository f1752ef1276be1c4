package pack_test

import (
	"errors"
	"runtime"
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
		"generic":       {"pack:\n  osImageOverride: \"ami-0f4804aff4cf9c5a2\"\n", []*image.Image{{ID: "ami-0f4804aff4cf9c5a2", Provider: "aws"}}},
		"edge":          {"options:\n  system.uri: example.io/my-images/os:v1.4.5\n", []*image.Image{{ID: "example.io/my-images/os:v1.4.5", Provider: "oci"}}},
		"nested":        {"options:\n  system:\n    uri: example.io/os:v1\n", []*image.Image{{ID: "example.io/os:v1", Provider: "oci"}}},
		"pinned":        {"options:\n  system.uri: example.io/os:v1@" + digest + "\n", []*image.Image{{ID: "example.io/os:v1", Provider: "oci", Digest: digest}}},
		"with a scheme": {"options:\n  system.uri: container://example.io/os:v1\n", []*image.Image{{ID: "example.io/os:v1", Provider: "oci"}}},
		"of several packs": {
			"# one\npack:\n  osImageOverride: ami-0f4804aff4cf9c5a2\n---\n# two\noptions:\n  system.uri: example.io/os:v1\n---\n",
			[]*image.Image{{ID: "ami-0f4804aff4cf9c5a2", Provider: "aws"}, {ID: "example.io/os:v1", Provider: "oci"}},
		},
		"of other tools": {
			"%YAML 1.2\n--- # one\npack: {osImageOverride: !<tag:yaml.org,2002:str> ami-0f4804aff4cf9c5a2}\n...\n%YAML 1.2\n---\noptions: {system.uri: example.io/os:v1}\n",
			[]*image.Image{{ID: "ami-0f4804aff4cf9c5a2", Provider: "aws"}, {ID: "example.io/os:v1", Provider: "oci"}},
		},
		"of no registry":       {"options: &o\n  system: &s {uri: \"os:v1\"}\n", []*image.Image{{ID: "os:v1", Provider: "oci"}}},
		"what << and * bring":  {"o: &o {system: {uri: a.io/os:v1}}\noptions:\n  <<: *o\n", []*image.Image{{ID: "a.io/os:v1", Provider: "oci"}}},
		"empty key of another": {"pack: {osImageOverride: }\noptions: {system.uri: a.io/os:v1}\n", []*image.Image{{ID: "a.io/os:v1", Provider: "oci"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := pack.ImagesOf([]byte(test.values), "values.yaml")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestImagesOfManyDocuments: twice as many documents cost about twice as much.
func TestImagesOfManyDocuments(t *testing.T) {
	cost := func(documents int) uint64 {
		values := []byte(strings.Repeat("---\npack:\n  osImageOverride: ami-0f4804aff4cf9c5a2\n", documents))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		images, err := pack.ImagesOf(values, "values.yaml")
		runtime.ReadMemStats(&after)
		if len(images) != documents || err != nil {
			t.Fatalf("%d images, %v", len(images), err)
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	if one, two := cost(500), cost(1000); two > 3*one {
		t.Errorf("500 documents take %d bytes, 1000 take %d", one, two)
	}
}

// TestImagesOfNone: values that name no image say why.
func TestImagesOfNone(t *testing.T) {
	const ami = "pack:\n  osImageOverride: ami-0f4804aff4cf9c5a2\n"
	const none, neither = "v.yaml names no image to verify: ", "there is neither pack.osImageOverride nor options.system.uri"
	for values, want := range map[string]string{
		"pack:\n  osImageOverride: AMI-0f4804aff4cf9c5a2\n":                  none + `pack.osImageOverride: image id "AMI-0f4804aff4cf9c5a2" is no AMI id: it must start with ami-`,
		"pack:\n  osImageOverride: '{{.spectro.var.ami}}'\n":                 none + "pack.osImageOverride is a template, which Palette fills in",
		"options:\n  system.uri: NA\n":                                       none + "system.uri is NA: the pack is in agent mode",
		"options:\n  system.uri: '{{.spectro.system.kubernetes.version}}'\n": none + "system.uri is a template, which Palette fills in",
		"options:\n  system.uri: a.io/b\n":                                   none + `system.uri: "a.io/b" has neither a tag nor a digest`,
		"options:\n  system: a.io/b\n":                                       none + neither,
		"charts: {}\n":                                                       none + neither,
		ami + "---\n# empty\n---\ncharts: {}\n":                              "document 2 of " + none + neither,
		"":                                                                   none + "it is empty",
		ami + "---\npack:\n  osImageOverride: [1]\n":                         "cannot read v.yaml: yaml: unmarshal errors:\n  line 5: cannot unmarshal !!seq into string",
		ami + "---\na: b\nc: {\n":                                            "cannot read v.yaml: line 5, column 1: not valid YAML: did not find expected node content",
		ami + "  osImageOverride: ami-1\n":                                   `cannot read v.yaml: line 3, column 3: the key "osImageOverride" is already on line 2`,
		"options: {system.uri: a, system: {uri: b}}\n":                       "cannot read v.yaml: line 1, column 23: options.system.uri is set here and on line 1",
	} {
		got, err := pack.ImagesOf([]byte(values), "v.yaml")
		var f *failure.Error
		if !errors.As(err, &f) || f.Code != failure.ExitUsage || f.Next == "" || got != nil || err.Error() != want {
			t.Errorf("%q: got %v, %v, want %s", values, got, err, want)
		}
	}
}
