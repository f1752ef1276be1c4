package selection_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// A machine is of one architecture, so what a template leads to for the versions that are
// named has one in common.
func TestTemplatesOfOneArchitecture(t *testing.T) {
	five, four := edge("k3s-1.30.5-v4.7.0"), edge("k3s-1.30.4-v4.7.0", arm)
	four64, five64 := edge("k3s-1.30.4-v4.7.0"), edge("k3s-1.30.5-v4.7.0", arm)
	older := []image.Image{edge("k3s-1.30.5-v4.6.0"), edge("k3s-1.30.4-v4.6.0")}
	olderArm := []image.Image{edge("k3s-1.30.5-v4.6.0", arm), edge("k3s-1.30.4-v4.6.0", arm)}
	all := func(some ...[]image.Image) []image.Image { return slices.Concat(some...) }
	unknown := func(i *image.Image) { i.Architecture = "" }
	named := []string{"v1.30.4", "1.30.5"}
	for name, tc := range map[string]struct {
		sel      spec.Select
		versions []string
		images   []image.Image
		want     string
	}{
		"none in common":                     {spec.Select{}, named, all(older, []image.Image{five, four}), "r/os:k3s-1.30.5-v4.6.0"},
		"none in common, and no other agent": {spec.Select{}, named, []image.Image{five, four}, "its template leads to images that no machine can use for every version: arm64 for Kubernetes v1.30.4, amd64 for Kubernetes 1.30.5"},
		"none in common with two": {
			spec.Select{}, named, []image.Image{edge("k3s-1.30.5-v4.7.0", func(i *image.Image) { i.Architecture = "riscv64" }), four64, edge("k3s-1.30.4-v4.7.0", arm, created(0))}, "amd64 and arm64 for Kubernetes v1.30.4, riscv64 for Kubernetes 1.30.5",
		},
		"none in common, without versions": {spec.Select{}, nil, all(older, []image.Image{five, four}), "r/os:k3s-1.30.5-v4.7.0"},
		"of one version":                   {spec.Select{}, named[1:], all(older, []image.Image{five, four}), "r/os:k3s-1.30.5-v4.7.0"},
		"an index for one":                 {spec.Select{}, named, all(older, []image.Image{five, four64, four}), "r/os:k3s-1.30.5-v4.7.0"},
		"an index for each":                {spec.Select{}, named, all(older, []image.Image{five, five64, four64, four}), "r/os:k3s-1.30.5-v4.7.0"},
		"another agent for the other":      {spec.Select{}, named, all(older, []image.Image{five64, four}), "they are of several architectures"},
		"another agent for the rest":       {spec.Select{}, named, all(older, olderArm, []image.Image{five, four64, four}), "they are of several architectures"},
		"selected":                         {spec.Select{Architecture: "arm64"}, named, all(older, olderArm, []image.Image{five, four64, four}), "r/os:k3s-1.30.5-v4.6.0"},
		"not known of one":                 {spec.Select{}, named, []image.Image{edge("k3s-1.30.5-v4.7.0", unknown), four}, "r/os:k3s-1.30.5-v4.7.0"},
		"not known of any":                 {spec.Select{}, named, []image.Image{edge("k3s-1.30.5-v4.7.0", unknown), edge("k3s-1.30.4-v4.7.0", unknown)}, "r/os:k3s-1.30.5-v4.7.0"},
		"a letter of another case":         {spec.Select{}, named, []image.Image{five, edge("k3s-1.30.4-v4.7.0", func(i *image.Image) { i.Architecture = "AMD64" })}, "r/os:k3s-1.30.5-v4.7.0"},
		"a third that shares none": {
			spec.Select{}, []string{"1.30.4", "1.30.5", "1.31.0"}, []image.Image{edge("k3s-1.31.0-v4.7.0", unknown), five, four}, "no machine can use for every version: arm64 for Kubernetes 1.30.4, amd64 for Kubernetes 1.30.5",
		},
	} {
		if said := says(templated(t, tc.sel, templateOf(tc.versions...), slices.Clone(tc.images)...)); !strings.Contains(said, tc.want) {
			t.Errorf("%s: %s", name, said)
		}
	}
}

// A tag that its own template does not lead to is no pick, whatever else there is.
func TestTagsOfNoTemplate(t *testing.T) {
	suffix := func(i *image.Image) { i.ID, i.Name = i.ID+"_linux_arm64", i.Name+"_linux_arm64" }
	alone := []image.Image{edge("k3s-1.30.11-v4.7.0", arm, suffix), edge("k3s-1.30.4-v4.7.0")}
	for _, versions := range [][]string{nil, {"1.30.4"}, {"1.30.11"}} {
		said := says(templated(t, spec.Select{Architecture: "arm64"}, templateOf(versions...), slices.Clone(alone)...))
		if !strings.Contains(said, "its template leads to r/os:k3s-1.30.11-v4.7.0, and not to it\n") || !strings.Contains(said, "set packs[].edge.reference: tag for a plain reference") {
			t.Errorf("%q: %s", versions, said)
		}
	}
	if said := says(templated(t, spec.Select{}, templateOf("1.30.4"), alone...)); said != "r/os:k3s-1.30.4-v4.7.0" {
		t.Error(said)
	}
}
