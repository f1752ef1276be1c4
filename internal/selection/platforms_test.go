package selection_test

import (
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

func TestPlatformsAreNoVariants(t *testing.T) {
	declared := tag("1.30.4", "k3s", "demo_linux_amd64")
	declared.Version = "stable" // which is neither before nor behind a number
	noneIsNewest(t, map[string]newestCase{
		"a platform is no variant": {
			images: []image.Image{tag("1.30.4", "k3s", "demo_linux_amd64"), tag("1.30.4", "k3s", "demo")},
			pick:   "r.example/edge:k3s-1.30.4-demo",
		},
		"a platform of another version": {
			images: []image.Image{declared, tag("1.30.4", "k3s", "demo")}, pick: "r.example/edge:k3s-1.30.4-demo",
		},
		"a platform, before another architecture": {
			images:       []image.Image{tag("1.30.4", "k3s", "demo"), tag("1.30.4", "k3s", "demo_linux_amd64"), tag("1.30.3", "k3s", "demo", architecture("arm64"))},
			alternatives: "r.example/edge:k3s-1.30.4-demo r.example/edge:k3s-1.30.3-demo", why: "of several architectures", next: "architecture",
		},
		"a platform of which none is known": {
			images: []image.Image{tag("1.30.4", "k3s", "demo"), tag("1.30.4", "k3s", "demo_linux_arm64", architecture(""))}, pick: "r.example/edge:k3s-1.30.4-demo",
		},
		"a platform alone": {
			sel:    spec.Select{CustomTag: "demo"},
			images: []image.Image{tag("1.30.4", "k3s", "demo_linux_arm64_v8")},
			pick:   "r.example/edge:k3s-1.30.4-demo_linux_arm64_v8",
		},
		"a platform, named whole": {
			sel:    spec.Select{CustomTag: "demo_linux_amd64"},
			images: []image.Image{tag("1.30.4", "k3s", "demo_linux_amd64"), tag("1.30.4", "k3s", "demo")},
			pick:   "r.example/edge:k3s-1.30.4-demo_linux_amd64",
		},
		"platforms of a tag that is not there": {
			images:       []image.Image{tag("1.30.4", "k3s", "demo_linux_amd64"), tag("1.30.4", "k3s", "demo_linux_arm64", architecture("arm64"))},
			alternatives: "r.example/edge:k3s-1.30.4-demo_linux_amd64 r.example/edge:k3s-1.30.4-demo_linux_arm64",
			why:          "one tag or reference stands for several architectures", next: "they differ in architecture",
		},
		"exactly one, of two platforms": {
			sel:          spec.Select{Pick: spec.PickExactlyOne},
			images:       []image.Image{tag("1.30.4", "k3s", "demo_linux_amd64"), tag("1.30.4", "k3s", "demo_linux_arm64", architecture("arm64"))},
			alternatives: "r.example/edge:k3s-1.30.4-demo_linux_amd64 r.example/edge:k3s-1.30.4-demo_linux_arm64", why: "exactlyOne", next: "architecture",
		},
		"a platform that the tag does not serve": {
			images:       []image.Image{tag("1.30.4", "k3s", "demo"), tag("1.30.4", "k3s", "demo_linux_arm64", architecture("arm64"))},
			alternatives: "r.example/edge:k3s-1.30.4-demo r.example/edge:k3s-1.30.4-demo_linux_arm64", why: "several architectures", next: "architecture",
		},
		"platforms beside a tag of which none is known": {
			images: []image.Image{
				tag("1.30.4", "k3s", "demo", architecture("")), tag("1.30.4", "k3s", "demo_linux_amd64"), tag("1.30.4", "k3s", "demo_linux_arm64", architecture("arm64")),
			},
			pick: "r.example/edge:k3s-1.30.4-demo",
		},
		"exactly one, beside its platform": {
			sel:    spec.Select{Pick: spec.PickExactlyOne},
			images: []image.Image{tag("1.30.4", "k3s", "demo_linux_amd64"), tag("1.30.4", "k3s", "demo")},
			pick:   "r.example/edge:k3s-1.30.4-demo",
		},
	})
}
