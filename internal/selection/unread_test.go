package selection_test

import (
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// A tag that was not read and could be the pick is told, under every rule that
// needs what was not read, and no other tag is.
func TestUnreadTagsBeforeThePickAreTold(t *testing.T) {
	read := image.Image{
		ID: "r/os:k3s-1.30.9-v4.7.0", Name: "k3s-1.30.9-v4.7.0", Provider: "oci", Region: "global", Version: "1.30.9-4.7.0", NewestBy: image.NewestByVersion,
		KubernetesVersion: "1.30.9", Architecture: "amd64", OS: image.OS{Name: "ubuntu", Version: "22.04"},
		Tags: map[string]string{"team": "edge"}, Digest: "sha256:a", State: image.Available,
	}
	tag := func(kubernetes, agent string) image.Image {
		name := "k3s-" + kubernetes + "-v" + agent
		return image.Image{
			ID: "r/os:" + name, Name: name, Provider: "oci", Region: "global", Version: kubernetes + "-" + agent,
			NewestBy: image.NewestByVersion, KubernetesVersion: kubernetes,
		}
	}
	images := []image.Image{read, tag("1.30.10", "4.6.0"), tag("1.30.10", "4.5.0"), tag("1.30.8", "4.7.0"), tag("1.31.0", "4.6.0")}
	for name, tc := range map[string]struct {
		sel  spec.Select
		told string
	}{
		"architecture": {spec.Select{Architecture: "amd64", KubernetesVersion: "~1.30"}, "2 tags"},
		"OS":           {spec.Select{OS: spec.OS{Name: "ubuntu"}}, "3 tags"},
		"label":        {spec.Select{Tags: map[string]string{"team": "edge"}}, "3 tags"},
		"where":        {spec.Select{Where: `image.os.name == "ubuntu"`}, "3 tags"},
		"name":         {spec.Select{Architecture: "amd64", Name: "*-1.30.9-*"}, ""},
	} {
		rule, err := selection.Compile(tc.sel)
		if err != nil {
			t.Fatal(err)
		}
		for way, outcome := range map[string]selection.Outcome{
			"explained": rule.Explain(selection.Prepare(images), now()), "decided": rule.Decide(selection.Prepare(images), now()),
		} {
			if outcome.Pick == nil || outcome.Pick.ID != read.ID {
				t.Fatalf("%s, %s: %+v", name, way, outcome)
			}
			notes := strings.Join(outcome.Notes, "\n")
			if tc.told == "" && strings.Contains(notes, "did not read") || !strings.Contains(notes, tc.told) {
				t.Errorf("%s, %s: notes %q", name, way, notes)
			}
		}
	}
}
