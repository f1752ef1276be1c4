package selection_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// Of the versions of an image definition, what is not told of a newer one is no reason to
// step to an older one without a word.
func TestNotesOfADefinition(t *testing.T) {
	machine := func(name, value string) func(*image.Image) {
		return func(i *image.Image) { i.Attributes = map[string]string{name: value} }
	}
	none := func(i *image.Image) { i.KubernetesVersion, i.Architecture = "", "" }
	old := definition("rhel", "1.0.0", 9)
	for name, test := range map[string]struct {
		sel    spec.Select
		images []image.Image
		want   []string
	}{
		"untold": {
			spec.Select{KubernetesVersion: "~1.30"}, []image.Image{definition("rhel", "1.1.0", 1, none), old},
			[]string{definitionID("rhel", "1.1.0") + " would come before the pick, but its architecture, Kubernetes version is not known: declare it at the source (a tag, its configuration), or do not select by it"},
		},
		"untold, and out for more": {spec.Select{KubernetesVersion: "~1.30"}, []image.Image{definition("rhel", "1.1.0", 1, none, state(image.Failed, "")), old}, nil},
		"untold of what is older":  {spec.Select{KubernetesVersion: "~1.30"}, []image.Image{definition("rhel", "0.9.0", 19, none), old}, nil},
		"told, and another":        {spec.Select{KubernetesVersion: "~1.30"}, []image.Image{definition("rhel", "1.1.0", 1, kubernetes("1.31.0")), old}, nil},
		"of another definition":    {spec.Select{KubernetesVersion: "~1.30"}, []image.Image{definition("k3s", "1.1.0", 1, none), old}, nil},
		"another machine": {
			spec.Select{}, []image.Image{definition("gen1", "1.1.0", 1, machine("hyperVGeneration", "V1")), definition("rhel", "1.0.0", 9, machine("hyperVGeneration", "V2"))},
			[]string{"the image has the hyperVGeneration V1, others that fit have V2, and the pack names none: select by image.attributes.hyperVGeneration in where to be sure"},
		},
		"a plan that others lack": {
			spec.Select{}, []image.Image{definition("gen1", "1.1.0", 1, asked), definition("rhel", "1.0.0", 9, machine("purchasePlan", "a/b/c"))},
			[]string{"the image has the purchasePlan none, others that fit have a/b/c, and the pack names none: select by image.attributes.purchasePlan in where to be sure"},
		},
		"untold of another system": {
			spec.Select{KubernetesVersion: "~1.30"}, []image.Image{definition("rhel", "1.1.0", 1, none, system("ubuntu", "22.04")), old},
			[]string{definitionID("rhel", "1.1.0") + " would come before the pick, but its architecture, Kubernetes version is not known: declare it at the source (a tag, its configuration), or do not select by it"},
		},
		"a plan of which a record does not tell": {
			spec.Select{}, []image.Image{definition("gen1", "1.1.0", 1), definition("rhel", "1.0.0", 9, machine("purchasePlan", "a/b/c"))}, nil,
		},
		"an earlier version": {
			spec.Select{}, []image.Image{definition("rhel", "1.1.0", 1, machine("securityType", "TrustedLaunch")), definition("rhel", "1.0.0", 9, machine("securityType", "x"))}, nil,
		},
		"a machine that is asked for": {
			spec.Select{Where: `image.attributes.hyperVGeneration != "V3"`},
			[]image.Image{definition("gen1", "1.1.0", 1, machine("hyperVGeneration", "V1")), definition("rhel", "1.0.0", 9, machine("hyperVGeneration", "V2"))}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, apply(t, test.sel, test.images...).Notes); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

type noteCase struct {
	sel    spec.Select
	images []image.Image
	want   []string
}

// Another kind of machine is told of images that are no versions of one definition.
func TestNotesOfMachines(t *testing.T) {
	machine := func(name, value string) func(*image.Image) {
		return func(i *image.Image) { i.Attributes = map[string]string{name: value} }
	}
	for name, test := range map[string]noteCase{
		"a security type that others lack": {
			spec.Select{}, []image.Image{definition("gen1", "1.1.0", 1, asked), definition("rhel", "1.0.0", 9, machine("securityType", "TrustedLaunch"))},
			[]string{"the image has the securityType none, others that fit have TrustedLaunch, and the pack names none: select by image.attributes.securityType in where to be sure"},
		},
		"another security type": {
			spec.Select{}, []image.Image{definition("gen1", "1.1.0", 1, asked, machine("securityType", "Standard")), definition("rhel", "1.0.0", 9, machine("securityType", "TrustedLaunch"))},
			[]string{"the image has the securityType Standard, others that fit have TrustedLaunch, and the pack names none: select by image.attributes.securityType in where to be sure"},
		},
		"another machine of no definition": {
			spec.Select{}, []image.Image{ami("a", created(1), machine("hyperVGeneration", "V1")), ami("b", created(9), machine("hyperVGeneration", "V2"))},
			[]string{"the image has the hyperVGeneration V1, others that fit have V2, and the pack names none: select by image.attributes.hyperVGeneration in where to be sure"},
		},
		"another machine of another provider": {
			spec.Select{}, []image.Image{definition("gen1", "1.1.0", 1, machine("hyperVGeneration", "V1")), ami("b", created(9), machine("hyperVGeneration", "V2"))},
			[]string{"the image has the provider azure, others that fit have aws, and the pack names none: set select.provider to be sure"},
		},
	} {
		if diff := cmp.Diff(test.want, apply(t, test.sel, test.images...).Notes); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

func TestNotesOfAPick(t *testing.T) {
	others := "the image is in eu-west-1, others that fit are in us-east-1, and the pack names no region: set select.region to be sure"
	haveNotes(t, map[string]noteCase{
		"alone":           {},
		"another region":  {images: []image.Image{ami("ami-2"), ami("ami-3", region("US-East-1"))}, want: []string{others}},
		"asked for":       {images: []image.Image{ami("ami-2")}, sel: spec.Select{Region: "eu-west-1"}},
		"the same region": {images: []image.Image{ami("ami-2", region("eu-west-1"))}},
		"good everywhere": {images: []image.Image{ami("ami-2", region(image.GlobalRegion)), ami("ami-3", region(""))}},
		"another provider": {
			images: []image.Image{ami("i", provider("azure"), region("westus2"))},
			want:   []string{"the image has the provider aws, others that fit have azure, and the pack names none: set select.provider to be sure"},
		},
		"another provider, asked for": {images: []image.Image{ami("i", provider("azure"), region("westus2"))}, sel: spec.Select{Provider: "AWS"}},
		"an architecture that is asked for": {
			images: []image.Image{ami("ami-2", region("eu-west-1"), func(i *image.Image) { i.Architecture = "arm64" })}, sel: spec.Select{Architecture: "amd64"},
		},
		"a release of which a part is known": {
			images: []image.Image{ami("ami-0", region("eu-west-1"), system("ubuntu", "24"), created(0))}, sel: spec.Select{OS: spec.OS{Version: "24.04"}},
			want: []string{"of the image's OS version no more is known than 24, and the pack selects 24.04: another release may be in it"},
		},
		"a system that is asked for": {images: []image.Image{ami("ami-2", region("eu-west-1"), system("ubuntu", "22.04"))}, sel: spec.Select{OS: spec.OS{Name: "rhel"}}},
		"dated in the future": {
			images: []image.Image{ami("ami-9", named("late"), region("eu-west-1"), created(-24))},
			want:   []string{"ami-9 says that it was created in the future (2026-09-02T12:00:00Z): a clock or its date is wrong, and nothing newer is picked until then"},
		},
		"not ready in each region": {
			images: []image.Image{
				ami("/v/2", spans, region("eastus"), created(-0)), ami("/v/2", spans, region("westus"), created(-0), state(image.Pending, "copying")),
				ami("/v/2", spans, region("northeurope"), state(image.Failed, "")),
			},
			sel:  spec.Select{Where: `image.id == "/v/2"`},
			want: []string{"the image is not usable in every region, and the pack names none: northeurope (failed), westus (pending)"},
		},
	})
}

func TestNotesOfWhatMayComeBefore(t *testing.T) {
	haveNotes(t, map[string]noteCase{
		"newer, and nobody knows whether it is there": {
			images: []image.Image{ami("ami-2", named("late"), region("eu-west-1"), created(-1), withheld("could not be checked"), recorded, func(i *image.Image) { i.Architecture = "" })},
			want:   []string{"ami-2 may come before the pick, and is left out: could not be checked"},
		},
		"newer, in a state of tomorrow": {
			images: []image.Image{ami("ami-2", named("late"), region("eu-west-1"), created(-1), withheld("state moving"), asked, state(image.StateUnset, "state moving"))},
			want:   []string{"ami-2 may come before the pick, and is left out: state moving"},
		},
		"of a time that cannot be read": {
			images: []image.Image{ami("ami-2", named("late"), region("eu-west-1"), withheld("a date"), asked, func(i *image.Image) { i.CreatedAt = nil })},
			want:   []string{"ami-2 may come before the pick, and is left out: a date"},
		},
		"newer, of another system of no known release": {
			images: []image.Image{ami("ami-2", named("late"), region("eu-west-1"), created(-1), withheld("could not be checked"), recorded, system("ubuntu", ""))},
			sel:    spec.Select{OS: spec.OS{Version: "8"}},
			want:   []string{"ami-2 may come before the pick, and is left out: could not be checked"},
		},
		"newer, a stranger that tells why it is usable": {images: []image.Image{ami("ami-2", named("late"), region("eu-west-1"), created(-1), withheld("not among the owners"), asked, state(image.Available, "in eu-west-1"))}},
		"not checked, and older":                        {images: []image.Image{ami("ami-2", named("old"), region("eu-west-1"), created(1), withheld("could not be checked"), recorded)}},
		"newer, and a stranger":                         {images: []image.Image{ami("ami-2", named("late"), region("eu-west-1"), created(-1), withheld("not among the owners"), asked)}},
		"not checked, and elsewhere":                    {images: []image.Image{ami("ami-2", named("late"), region("us-east-1"), created(-1), withheld("could not be checked"), recorded)}, sel: spec.Select{Region: "eu-west-1"}},
	})
}

func TestNotesOfContradictions(t *testing.T) {
	haveNotes(t, map[string]noteCase{
		"contradictions": {
			images: []image.Image{ami("ami-1", named("eu"), region("eu-west-1"), created(0), system("ubuntu", "22.04"), from("other"), asked)},
			want:   []string{`the sources contradict each other in os.name: source other says "ubuntu", source golden says "rhel"; other is believed, as its service was asked`},
		},
		"contradictions of what comes after": {
			images: []image.Image{
				ami("ami-2", region("eu-west-1"), created(1), kubernetes("1.30.2")), ami("ami-2", region("eu-west-1"), created(1), kubernetes("1.30.9"), from("other")),
			},
			sel: spec.Select{KubernetesVersion: "~1.30"},
		},
		"contradictions of another region": {
			images: []image.Image{
				definition("d", "1.0.0", 1, region("eastus")), definition("d", "1.0.0", 1), definition("d", "1.0.0", 1, architecture("arm64"), from("other")),
			},
			sel: spec.Select{Region: "eastus"},
		},
		"contradictions of what would come before": {
			images: []image.Image{
				ami("ami-2", region("eu-west-1"), created(-1), kubernetes("1.30.2")), ami("ami-2", region("eu-west-1"), created(-1), kubernetes("1.30.9"), from("other")),
				ami("ami-3", region("eu-west-1"), created(-1), kubernetes("1.29.2")), ami("ami-3", region("eu-west-1"), created(-1), kubernetes("1.29.2"), from("other")),
			},
			sel: spec.Select{KubernetesVersion: "~1.30"},
			want: []string{`ami-2 would come before the pick, but its sources contradict each other in kubernetesVersion: ` +
				`source golden says "1.30.2", source other says "1.30.9"; none is believed, so it is not known`},
		},
	})
}

func haveNotes(t *testing.T, tests map[string]noteCase) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			images := append([]image.Image{ami("ami-1", named("eu"), region("eu-west-1"), created(0))}, test.images...)
			for range 2 {
				if diff := cmp.Diff(test.want, apply(t, test.sel, images...).Notes); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
				slices.Reverse(images)
			}
		})
	}
}
