package selection_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// What is no other place, machine or release is not told.
func TestNothingIsNoted(t *testing.T) {
	machine := func(name, value string) func(*image.Image) {
		return func(i *image.Image) { i.Attributes = map[string]string{name: value} }
	}
	elsewhere := region("eu-west-1")
	for name, test := range map[string]struct {
		sel    spec.Select
		images []image.Image
	}{
		"a pick that is good everywhere":      {spec.Select{}, []image.Image{ami("a", region(image.GlobalRegion), created(0)), ami("b", named("x"))}},
		"a pick of no region":                 {spec.Select{}, []image.Image{ami("a", region(""), created(0)), ami("b", named("x"))}},
		"a pick that spans regions":           {spec.Select{}, []image.Image{ami("a", spans, created(0)), ami("b", named("x"), elsewhere)}},
		"one id in two regions":               {spec.Select{}, []image.Image{ami("/id/1", elsewhere), ami("/id/1")}},
		"a region that is asked for":          {spec.Select{Region: "us-east-1"}, []image.Image{ami("a", spans), ami("a", spans, elsewhere, state(image.Pending, ""))}},
		"one machine":                         {spec.Select{}, []image.Image{ami("a", created(0), machine("hyperVGeneration", "V1")), ami("b", machine("hyperVGeneration", "V1"))}},
		"a machine that is not known":         {spec.Select{}, []image.Image{ami("a", created(0), asked, machine("hyperVGeneration", "V1")), ami("b", asked)}},
		"a release that is known":             {spec.Select{OS: spec.OS{Version: "8"}}, []image.Image{ami("a")}},
		"a part of one that is not asked for": {spec.Select{}, []image.Image{ami("a", system("ubuntu", "24"))}},
		"a part of one that is":               {spec.Select{OS: spec.OS{Version: "24"}}, []image.Image{ami("a", system("ubuntu", "24"))}},
		"a pick that could not be read":       {spec.Select{}, []image.Image{edge("k3s-1.30.9-v4.7.0", func(i *image.Image) { i.State, i.StateReason = "", "too large" })}},
		"an AMI that is mute":                 {spec.Select{Architecture: "amd64"}, []image.Image{ami("a"), ami("b", created(0), architecture(""), state(image.StateUnset, "moving"))}},
		"an older tag that is mute":           {spec.Select{Architecture: "amd64"}, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.30.8-v4.7.0", onlyNamed, state(image.StateUnset, "too large"))}},
		"withheld, of another team": {
			spec.Select{Tags: map[string]string{"team": "platform"}},
			[]image.Image{ami("a"), ami("b", created(0), recorded, withheld("not checked"), func(i *image.Image) { i.Tags = map[string]string{"team": "x"} })},
		},
		"a contradiction of another architecture": {
			spec.Select{KubernetesVersion: "~1.30", Architecture: "amd64"},
			[]image.Image{ami("a"), ami("b", created(0), architecture("arm64"), kubernetes("1.30.2")), ami("b", created(0), architecture("arm64"), kubernetes("1.30.9"), from("other"))},
		},
	} {
		outcome := apply(t, test.sel, test.images...)
		if outcome.Pick == nil || len(outcome.Notes) > 0 {
			t.Errorf("%s: %s %q", name, outcome.Verdict, outcome.Notes)
		}
	}
}

// Of what would come before the pick the first is told, with what is not known of it.
func TestNotesOfTheFirst(t *testing.T) {
	none := func(i *image.Image) { i.KubernetesVersion, i.Architecture = "", "" }
	unsaid := func(i *image.Image) { i.OS = image.OS{} }
	old := definition("rhel", "1.0.0", 9)
	before := func(number, what string) string {
		return definitionID("rhel", number) + " would come before the pick, but its " + what + " is not known: declare it at the source (a tag, its configuration), or do not select by it"
	}
	amd64, eight := spec.Select{Architecture: "amd64"}, spec.Select{OS: spec.OS{Version: "8"}}
	kubernetes2 := func(id string, changes ...func(*image.Image)) []image.Image {
		return []image.Image{ami(id, append(changes, kubernetes("1.30.2"))...), ami(id, append(changes, kubernetes("1.30.9"), from("other"))...)}
	}
	for name, test := range map[string]struct {
		sel    spec.Select
		images []image.Image
		want   string
	}{
		"two that are untold":              {amd64, []image.Image{definition("rhel", "1.2.0", 1, none), definition("rhel", "1.1.0", 2, none), old}, before("1.2.0", "architecture, Kubernetes version")},
		"behind one of another definition": {amd64, []image.Image{definition("k3s", "1.3.0", 0, none), definition("rhel", "1.2.0", 1, none), old}, before("1.2.0", "architecture, Kubernetes version")},
		"what is not known of the pick":    {amd64, []image.Image{definition("rhel", "1.2.0", 1, none), definition("rhel", "1.0.0", 9, kubernetes(""))}, before("1.2.0", "architecture")},
		"a release":                        {eight, []image.Image{definition("rhel", "1.2.0", 1, system("rhel", "")), old}, before("1.2.0", "OS version")},
		"a system":                         {eight, []image.Image{definition("rhel", "1.2.0", 1, unsaid), old}, before("1.2.0", "OS version, OS name")},
		"a release of another system":      {eight, []image.Image{definition("rhel", "1.2.0", 1, system("ubuntu", "")), old}, ""},
		"two that contradict": {
			spec.Select{KubernetesVersion: "~1.30"}, append(kubernetes2("b", created(0)), append(kubernetes2("c", created(0)), ami("a", named("x")))...),
			`b would come before the pick, but its sources contradict each other in kubernetesVersion: source golden says "1.30.2", source other says "1.30.9"; none is believed, so it is not known`,
		},
		"two that are withheld": {
			spec.Select{Tags: map[string]string{"team": "platform"}}, []image.Image{
				ami("a", named("x")), ami("b", created(0), recorded, withheld("not checked"), func(i *image.Image) { i.Tags = nil }), ami("c", created(0), recorded, withheld("not checked")),
			}, "b may come before the pick, and is left out: not checked",
		},
		"a tag that was not read": {
			amd64, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.31.0-v4.7.0", onlyNamed)},
			"1 tags that the source did not read would come before the pick if they fit, the first is r/os:k3s-1.31.0-v4.7.0: set resolve: newest at the source to know, or narrow tags",
		},
		"a tag of another system, by its name": {
			amd64, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.30.8-v4.7.0", onlyNamed, system("rhel", "9"))},
			"1 tags of another operating system or architecture, which the source did not read, would leave no pick if they fit, the first is r/os:k3s-1.30.8-v4.7.0: select a os.name or architecture",
		},
	} {
		outcome := apply(t, test.sel, test.images...)
		if diff := cmp.Diff(test.want, strings.Join(outcome.Notes, "\n")); outcome.Pick == nil || diff != "" {
			t.Errorf("%s: %s %s", name, outcome.Verdict, diff)
		}
	}
}
