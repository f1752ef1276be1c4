package selection_test

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// What is told of a pick that stands for others.
func TestNotesOfATemplate(t *testing.T) {
	without := func(i *image.Image) { delete(i.Attributes, image.AttributePEVersion) }
	byCreation := func(i *image.Image) { i.NewestBy = image.NewestByCreated }
	pick := edge("k3s-1.30.9-v4.7.0", system("ubuntu", "22.04"))
	for name, test := range map[string]struct {
		versions []string
		images   []image.Image
		want     []string
	}{
		"several systems": {
			[]string{"1.30.9", "1.29.9"}, []image.Image{pick, edge("k3s-1.29.9-v4.7.0", system("rhel", "8.8")), edge("k3s-1.28.9-v4.7.0", system("sles", "15"))},
			[]string{"the template leads to images of several operating systems: rhel for Kubernetes 1.29.9, ubuntu for Kubernetes 1.30.9: set select.os to be sure"},
		},
		"no version of Kubernetes": {nil, []image.Image{edge("k3s--v4.7.0")}, nil},
		"a newer agent that is withheld": {
			[]string{"1.30.9"}, []image.Image{pick, edge("k3s-1.30.9-v4.8.0", withheld("not checked"), recorded)},
			[]string{"r/os:k3s-1.30.9-v4.8.0 may come before the pick, and is left out: not checked"},
		},
		"a withheld tag that is no template": {[]string{"1.30.9"}, []image.Image{pick, edge("k3s-1.30.9-v4.8.0", withheld("not checked"), recorded, without, byCreation)}, nil},
		"an older agent of a newer Kubernetes, of which sources contradict each other": {
			[]string{"1.30.9"}, []image.Image{pick, edge("k3s-1.30.9-v4.6.0", version("1.31.0"), system("ubuntu", "22.04")), edge("k3s-1.30.9-v4.6.0", version("1.31.0"), system("ubuntu", "24.04"), from("other"))}, nil,
		},
	} {
		if diff := gocmp.Diff(test.want, templated(t, spec.Select{}, templateOf(test.versions...), test.images...).Notes); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
