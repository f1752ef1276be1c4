package selection_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

func byVersion(i *image.Image) { i.NewestBy = image.NewestByVersion }

// tag is an image of a registry that was built for a distribution, with a custom
// tag.
func tag(version, distribution, custom string, changes ...func(*image.Image)) image.Image {
	name := strings.Trim(distribution+"-"+version+"-"+custom, "-")
	img := image.Image{
		ID: "r.example/edge:" + name, Provider: "oci", Region: image.GlobalRegion, Architecture: "amd64", Version: version,
		State: image.Available, NewestBy: image.NewestByVersion, Attributes: map[string]string{}, Source: "edge",
	}
	if distribution != "" {
		img.Attributes["k8sDistribution"] = distribution
	}
	if custom != "" {
		img.Attributes["customTag"] = custom
	}
	for _, change := range changes {
		change(&img)
	}
	return img
}

func TestNewestByVersion(t *testing.T) {
	tests := map[string]struct {
		images          []image.Image
		want, decidedBy string
		notes           []string
	}{
		"the version comes before the time": {
			[]image.Image{ami("late", byVersion, version("1.9.0"), created(1)), ami("high", byVersion, version("1.10.0"), created(9))},
			"high late", "version", nil,
		},
		"a tie is told": {
			[]image.Image{ami("a", byVersion, version("1.0.0"), created(9)), ami("b", byVersion, version("1.0.0"), created(1))},
			"b a", "createdAt", []string{"2 images have version 1.0.0; createdAt decided for b"},
		},
		"without a version last": {
			[]image.Image{ami("a", byVersion, created(1)), ami("b", byVersion, version("0.1"), created(9)), ami("c", byVersion, version("0.0"))},
			"b c a", "version", []string{"images without a version come last: 1 of 3"},
		},
		"without a time last, where times come first": {
			[]image.Image{ami("a", untimed, version("9")), ami("b", version("1")), ami("c", created(2), version("1"))},
			"b c a", "createdAt", []string{"images without a creation time come last: 1 of 3"},
		},
		"no version at all": {
			[]image.Image{ami("a", byVersion, created(2)), ami("b", byVersion, created(1))},
			"b a", "createdAt", nil,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				outcome := apply(t, spec.Select{}, test.images...)
				if got := ids(outcome.Ranked); outcome.Verdict != selection.Picked || got != test.want || outcome.DecidedBy != test.decidedBy {
					t.Errorf("got %s %s by %q, want %s by %q", outcome.Verdict, got, outcome.DecidedBy, test.want, test.decidedBy)
				}
				if diff := cmp.Diff(test.notes, outcome.Notes); diff != "" {
					t.Error(diff)
				}
				slices.Reverse(test.images)
			}
		})
	}
}

type newestCase struct {
	sel               spec.Select
	images            []image.Image
	alternatives, why string
	next              string
	pick              string
}

func TestNoneIsNewest(t *testing.T) {
	noneIsNewest(t, map[string]newestCase{
		"sources that rank otherwise": {
			images:       []image.Image{ami("a", created(1)), ami("b", byVersion, version("9"), from("other")), ami("c", created(2))},
			alternatives: "a b", why: "set newestBy to one of them", next: "differ",
		},
		"sources that rank otherwise, one selected": {
			sel:    spec.Select{Where: `image.source == "other"`},
			images: []image.Image{ami("a", created(1)), ami("b", byVersion, version("9"), from("other"))},
			pick:   "b",
		},
		"a version that is a word": {
			images:       []image.Image{ami("a", untimed, version("blue-7")), ami("b", untimed, version("green-1")), ami("c", untimed, version("green-2"))},
			alternatives: "c a", why: "differ in what makes none newer (green-2, blue-7)", next: "differ",
		},
		"a version with build metadata of another kind": {
			images: []image.Image{
				ami("a", byVersion, version("1.30.4+k3s1"), created(1)), ami("b", byVersion, version("1.30.4+rke2r1"), created(9)),
				ami("c", byVersion, version("1.30.4+rke2r2"), created(9)), ami("d", byVersion, version("1.30.3+k3s1"), created(1)),
			},
			alternatives: "c a", why: "differ in what makes none newer (1.30.4+rke2r2, 1.30.4+k3s1)", next: "differ",
		},
		"words after the numbers that decide": {
			images: []image.Image{ami("a", untimed, version("1.30.4+k3s1")), ami("b", untimed, version("1.30.5+rke2r1"))}, pick: "b",
		},
		"words that are none of a pre-release": {
			images:       []image.Image{ami("a", byVersion, version("1.4.0-lab")), ami("b", byVersion, version("1.4.0-prod.2")), ami("d", byVersion, version("1.4.0-prod.1")), ami("c", byVersion, version("1.3.0"))},
			alternatives: "b a", why: "differ in what makes none newer (1.4.0-prod.2, 1.4.0-lab)", next: "differ",
		},
		"a word beside a pre-release": {
			images:       []image.Image{ami("a", byVersion, version("1.4.0-lab")), ami("b", byVersion, version("1.4.0-rc.2"))},
			alternatives: "a b", why: "differ in what makes none newer", next: "differ",
		},
		"the number behind a word": {
			images: []image.Image{ami("a", byVersion, version("1.4.0-build3")), ami("b", byVersion, version("1.4.0-build4"))}, pick: "b",
		},
		"numbers of several lengths behind a word": {
			images: []image.Image{ami("a", byVersion, version("1.4.0-build10")), ami("b", byVersion, version("1.4.0-build9"))}, pick: "a",
		},
		"a word behind one with two numbers": {
			images:       []image.Image{ami("a", byVersion, version("1.4.0-prod2")), ami("b", byVersion, version("1.4.0-prod1")), ami("c", byVersion, version("1.4.0-lab7"))},
			alternatives: "a c", why: "differ in what makes none newer", next: "differ",
		},
		"a release beside a word with two numbers": {
			images:       []image.Image{ami("a", byVersion, version("1.4.0-lab")), ami("b1", byVersion, version("1.4.0-prod.1")), ami("b2", byVersion, version("1.4.0-prod.2")), ami("c", byVersion, version("1.4.0"))},
			alternatives: "c b2 a", why: "differ in what makes none newer (1.4.0, 1.4.0-prod.2)", next: "differ",
		},
		"a release beside words": {
			images:       []image.Image{ami("a", byVersion, version("1.4.0-lab")), ami("b", byVersion, version("1.4.0-prod")), ami("c", byVersion, version("1.4.0"))},
			alternatives: "c b a", why: "differ in what makes none newer (1.4.0, 1.4.0-prod)", next: "differ",
		},
	})
}

func TestNoneIsNewestWhereNothingGivesOrder(t *testing.T) {
	noneIsNewest(t, map[string]newestCase{
		"a word beside two names of one content": {
			images: []image.Image{ami("a", byVersion, version("1.4.0-lab"), digest("sha256:a")), ami("b", byVersion, version("1.4.0"), digest("sha256:a"))}, pick: "b",
		},
		"hashes of commits": {
			images:       []image.Image{ami("a", byVersion, version("1.4.0-9abcdef"), created(9)), ami("b", byVersion, version("1.4.0-3fabc12"), created(1))},
			alternatives: "a b", why: "differ in what makes none newer", next: "differ",
		},
		"hashes of commits, as git describes them": {
			images:       []image.Image{ami("a", byVersion, version("1.4.0-5-g9abcdef")), ami("b", byVersion, version("1.4.0-5-g3fabc12")), ami("c", byVersion, version("1.4.0-4-gfabc123"))},
			alternatives: "a b", why: "differ in what makes none newer", next: "differ",
		},
		"build metadata": {
			images:       []image.Image{ami("a", byVersion, version("1.4.0+9abcdef"), created(9)), ami("b", byVersion, version("1.4.0+3fabc12"), created(1))},
			alternatives: "a b", why: "differ in what makes none newer", next: "differ",
		},
		"regions": {
			images:       []image.Image{ami("a", byVersion, version("1.4.0-us-east-2")), ami("b", byVersion, version("1.4.0-us-east-1"))},
			alternatives: "a b", why: "differ in what makes none newer", next: "differ",
		},
		"a release of several versions beside its pre-releases": {
			images: []image.Image{ami("a", byVersion, version("3.7.2·1.34.3")), ami("b", byVersion, version("3.7.2-RC1·1.34.3")), ami("c", byVersion, version("3.7.2-rc.2·1.35.0"))}, pick: "a",
		},
		"other releases of the system": {
			images:       []image.Image{tag("1.30.4", "k3s", "", version("3.7.2+24.04·1.34.3")), tag("1.30.4", "k3s", "", version("3.7.2+22.04·1.34.4"), func(i *image.Image) { i.ID += "-2" })},
			alternatives: "r.example/edge:k3s-1.30.4 r.example/edge:k3s-1.30.4-2", why: "differ in what makes none newer", next: "",
		},
		"words of a pre-release": {
			images: []image.Image{ami("a", untimed, version("1.0.0-rc.1")), ami("b", untimed, version("1.0.0-beta.2"))}, pick: "a",
		},
		"words beside a creation time": {
			images: []image.Image{ami("a", version("green"), created(9)), ami("b", version("blue"), created(1))}, pick: "b",
		},
	})
}

func TestNoVariantIsNewest(t *testing.T) {
	noneIsNewest(t, map[string]newestCase{
		"custom tags of one version": {
			images:       []image.Image{tag("1.30.4", "k3s", "prod"), tag("1.30.4", "k3s", "lab-2204")},
			alternatives: "r.example/edge:k3s-1.30.4-lab-2204 r.example/edge:k3s-1.30.4-prod",
			why:          "of several custom tags, none of which is newer", next: "they differ in customTag: select by that\n",
		},
		"a custom tag of a higher version": {
			images:       []image.Image{tag("1.30.4", "k3s", "prod"), tag("1.30.5", "k3s", "lab"), tag("1.30.3", "k3s", "lab")},
			alternatives: "r.example/edge:k3s-1.30.5-lab r.example/edge:k3s-1.30.4-prod", why: "several custom tags", next: "customTag",
		},
		"with and without a custom tag": {
			images:       []image.Image{tag("1.30.4", "k3s", ""), tag("1.30.4", "k3s", "demo")},
			alternatives: "r.example/edge:k3s-1.30.4 r.example/edge:k3s-1.30.4-demo", why: "several custom tags",
			next: "they differ in customTag: select by that; where: '!has(image.attributes.customTag)' selects those without a custom tag",
		},
		"no custom tag, selected": {
			sel:    spec.Select{Where: "!has(image.attributes.customTag)"},
			images: []image.Image{tag("1.30.4", "k3s", ""), tag("1.30.4", "k3s", "demo")},
			pick:   "r.example/edge:k3s-1.30.4",
		},
		"a custom tag that is selected": {
			sel:    spec.Select{CustomTag: "prod"},
			images: []image.Image{tag("1.30.4", "k3s", "prod"), tag("1.30.5", "k3s", "lab"), tag("1.30.5", "k3s", "")},
			pick:   "r.example/edge:k3s-1.30.4-prod",
		},
		"numbers in a custom tag do not count": {
			images:       []image.Image{tag("1.30.4", "k3s", "b1"), tag("1.30.4", "k3s", "b2")},
			alternatives: "r.example/edge:k3s-1.30.4-b1 r.example/edge:k3s-1.30.4-b2", why: "several custom tags", next: "customTag",
		},
		"distributions": {
			images:       []image.Image{tag("1.30.14", "k3s", ""), tag("1.30.15", "RKE2", ""), tag("1.30.13", "rke2", "")},
			alternatives: "r.example/edge:RKE2-1.30.15 r.example/edge:k3s-1.30.14", why: "several Kubernetes distributions", next: "k8sDistribution",
		},
	})
}

func TestNoDistributionIsNewest(t *testing.T) {
	noneIsNewest(t, map[string]newestCase{
		"a second one before another distribution": {
			images:       []image.Image{tag("1.30.15", "k3s", ""), tag("1.30.14", "k3s", ""), tag("1.30.13", "rke2", "")},
			alternatives: "r.example/edge:k3s-1.30.15 r.example/edge:rke2-1.30.13", why: "several Kubernetes distributions", next: "k8sDistribution",
		},
		"distributions of what is no tag": {
			images:       []image.Image{ami("a", of("k3s")), ami("b", of("rke2"), created(9))},
			alternatives: "a b", why: "several Kubernetes distributions", next: "k8sDistribution",
		},
		"no tag, and no distribution": {
			images: []image.Image{ami("a", of("k3s")), ami("b", version("1"), created(0))}, pick: "b",
		},
		"nothing but the newest": {
			images:       []image.Image{tag("", "", "", byTimeOf(1), func(i *image.Image) { i.ID += "latest" }), tag("1.30.14", "k3s", "", byTimeOf(2))},
			alternatives: "r.example/edge:latest r.example/edge:k3s-1.30.14", why: "several Kubernetes distributions", next: "k8sDistribution",
		},
		"distributions and custom tags": {
			images:       []image.Image{tag("1.30.14", "k3s", "a"), tag("1.30.15", "rke2", "b")},
			alternatives: "r.example/edge:rke2-1.30.15-b r.example/edge:k3s-1.30.14-a",
			why:          "several Kubernetes distributions and custom tags", next: "they differ in k8sDistribution, customTag",
		},
		"a distribution that is selected": {
			sel:    spec.Select{K8sDistribution: "K3S"},
			images: []image.Image{tag("1.30.14", "k3s", ""), tag("1.30.15", "rke2", "")},
			pick:   "r.example/edge:k3s-1.30.14",
		},
		"a tag that tells nothing is no variant": {
			images: []image.Image{tag("", "", "", func(i *image.Image) { i.ID += "latest" }), tag("1.30.14", "k3s", "")},
			pick:   "r.example/edge:k3s-1.30.14",
		},
		"without a custom tag, of a lower version": {
			images:       []image.Image{tag("1.30.10", "", "lab"), tag("1.30.4", "", "")},
			alternatives: "r.example/edge:1.30.10-lab r.example/edge:1.30.4", why: "several custom tags", next: "customTag",
		},
		"a version of another repository is in no order with a distribution's": {
			images:       []image.Image{tag("1.30.14", "k3s", ""), tag("1.4.5", "", "")},
			alternatives: "r.example/edge:k3s-1.30.14 r.example/edge:1.4.5", why: "several Kubernetes distributions", next: "k8sDistribution",
		},
	})
}

func of(distribution string) func(*image.Image) {
	return func(i *image.Image) { i.Attributes = map[string]string{image.AttributeK8sDistribution: distribution} }
}

func byTimeOf(hours int) func(*image.Image) {
	return func(i *image.Image) { i.NewestBy, i.CreatedAt = image.NewestByCreated, ago(hours) }
}

func TestNoneIsTheOnlyOne(t *testing.T) {
	noneIsNewest(t, map[string]newestCase{
		"one reference of two architectures": {
			images:       []image.Image{tag("1.30.4", "k3s", "", digest("sha256:a")), tag("1.30.4", "k3s", "", architecture("arm64"), digest("sha256:b"))},
			alternatives: "r.example/edge:k3s-1.30.4 r.example/edge:k3s-1.30.4", why: "one tag or reference stands for several architectures", next: "they differ in architecture",
		},
		"one reference of two digests": {
			images:       []image.Image{tag("1.30.4", "k3s", "", digest("sha256:a")), tag("1.30.4", "k3s", "", digest("sha256:b"), from("other"))},
			alternatives: "r.example/edge:k3s-1.30.4 r.example/edge:k3s-1.30.4", why: "different digests behind one reference",
		},
		"one reference of two architectures, one selected": {
			sel:    spec.Select{Architecture: "arm64"},
			images: []image.Image{tag("1.30.4", "k3s", ""), tag("1.30.4", "k3s", "", architecture("arm64"))},
			pick:   "r.example/edge:k3s-1.30.4",
		},
		"exactly one, of two architectures": {
			sel:          spec.Select{Pick: spec.PickExactlyOne},
			images:       []image.Image{tag("1.30.4", "k3s", "demo"), tag("1.30.4", "k3s", "demo", architecture("arm64"))},
			alternatives: "r.example/edge:k3s-1.30.4-demo r.example/edge:k3s-1.30.4-demo", why: "exactlyOne", next: "architecture",
		},
		"exactly one, of two editions": {
			sel:          spec.Select{Pick: spec.PickExactlyOne},
			images:       []image.Image{tag("1.30.4", "k3s", "demo"), tag("1.30.3", "k3s", "demo")},
			alternatives: "r.example/edge:k3s-1.30.4-demo r.example/edge:k3s-1.30.3-demo", why: "exactlyOne",
		},
		"exactly one, in two regions": {
			sel:    spec.Select{Pick: spec.PickExactlyOne},
			images: []image.Image{ami("/id/1", region("westus2")), ami("/id/1", region("eastus"))},
			pick:   "/id/1",
		},
		"one build says so": {
			images:       []image.Image{ami("a", run("u1"), named("x")), ami("b", run("u1"), named("y"))},
			alternatives: "a b", why: "outputs of one build", next: "name",
		},
		"copies are not said to be of one build": {
			images:       []image.Image{ami("a"), ami("b", region("eu-west-1"), created(3))},
			alternatives: "a b", why: "one name in several regions, so they are copies", next: "region",
		},
	})
}

func noneIsNewest(t *testing.T, tests map[string]newestCase) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				outcome := apply(t, test.sel, test.images...)
				pick, err := outcome.Resolve("p")
				if test.pick != "" {
					if err != nil || pick.ID != test.pick {
						t.Errorf("got %v, %v", pick, err)
					}
					slices.Reverse(test.images)
					continue
				}
				var failed *failure.Error
				if !errors.As(err, &failed) || failed.Code != failure.ExitNoImage {
					t.Fatalf("got %v, want exit %d", err, failure.ExitNoImage)
				}
				if got := ids(outcome.Alternatives); got != test.alternatives {
					t.Errorf("got alternatives %q, want %q", got, test.alternatives)
				}
				if !strings.Contains(failed.Summary, test.why) || !strings.Contains(failed.Next+"\n", test.next) {
					t.Errorf("got %q, next %q", failed.Summary, failed.Next)
				}
				slices.Reverse(test.images)
			}
		})
	}
}

// Without a template, no value of one chooses.
func TestTieOfRepositories(t *testing.T) {
	said := says(apply(t, spec.Select{}, edge("k3s-1.30.5-v4.7.0", at("r/e"), holds("a")), edge("k3s-1.30.5-v4.7.0", at("r/m"), holds("b"))))
	if !strings.Contains(said, "only their ids differ: give the builds") {
		t.Error(said)
	}
}

func TestEdgeRules(t *testing.T) {
	tests := map[string]struct {
		sel          spec.Select
		img          image.Image
		rule, reason string
	}{
		"distribution": {spec.Select{K8sDistribution: "rke2"}, tag("1", "K3s", ""), "k8sDistribution", "Kubernetes distribution is K3s, not rke2"},
		"unknown distribution": {
			spec.Select{K8sDistribution: "rke2"}, tag("1", "", ""), "k8sDistribution",
			"the Kubernetes distribution is unknown: declare it at the source (a tag, its configuration), or do not select by it",
		},
		"custom tag":    {spec.Select{CustomTag: "prod"}, tag("1", "k3s", "lab"), "customTag", "custom tag is lab, not prod"},
		"no custom tag": {spec.Select{CustomTag: "prod"}, tag("1", "k3s", ""), "customTag", "it has no custom tag"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			outcome := apply(t, test.sel, test.img)
			if len(outcome.Dropped) != 1 || outcome.Dropped[0].Rule != test.rule || outcome.Dropped[0].Reason != test.reason {
				t.Errorf("got %+v", outcome.Dropped)
			}
		})
	}
}

func digest(d string) func(*image.Image) { return func(i *image.Image) { i.Digest = d } }
