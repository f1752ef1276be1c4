package pipeline

import (
	"slices"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

// What the picked image had and nobody tells any more is not asked of those beside it.
func TestUntold(t *testing.T) {
	picked := image.Image{Architecture: "amd64", KubernetesVersion: "1.30.4", OS: image.OS{Name: "ubuntu", Version: "22.04"}}
	whole := picked
	for name, tc := range map[string]struct {
		now  *image.Image
		want []string
	}{
		"all is told":       {&whole, nil},
		"nothing was found": {nil, nil},
		"no system":         {&image.Image{Architecture: "amd64", KubernetesVersion: "1.30.4"}, []string{"os.name", "os.version"}},
		"only a system":     {&image.Image{OS: picked.OS}, []string{"architecture", "kubernetesVersion"}},
		"another release":   {&image.Image{Architecture: "arm64", KubernetesVersion: "1.30.5", OS: image.OS{Name: "rhel", Version: "9"}}, nil},
	} {
		if got := untold(Verification{Subject: Subject{Image: picked}, now: tc.now}); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}
