package selection_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
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

// unreadTag is a tag of CanvOS of which nothing but the name is known.
func unreadTag(distribution, kubernetes, agent, custom string) image.Image {
	name := strings.TrimSuffix(distribution+"-"+kubernetes+"-v"+agent+"-"+custom, "-")
	img := image.Image{
		ID: "r/os:" + name, Name: name, Provider: "oci", Region: "global", Version: kubernetes + "-" + agent,
		NewestBy: image.NewestByVersion, KubernetesVersion: kubernetes, Attributes: map[string]string{image.AttributeK8sDistribution: distribution},
	}
	if custom != "" {
		img.Attributes[image.AttributeCustomTag] = custom
	}
	return img
}

func readTag(distribution, kubernetes, agent, custom string) image.Image {
	img := unreadTag(distribution, kubernetes, agent, custom)
	img.Digest, img.Architecture, img.State, img.OS.Name = "sha256:"+img.Name, "amd64", image.Available, "ubuntu"
	return img
}

type toldCase struct {
	sel     spec.Select
	images  []image.Image
	verdict selection.Verdict
	says    string // of the notes, or of the refusal
}

// What was not read changes no pick without a word: neither as a variant of a lower
// version, nor where there may be one image only, nor when the pick itself is a tag
// that was not read and names its architecture.
func TestUnreadTagsThatMayChangeThePick(t *testing.T) {
	platform := unreadTag("k3s", "1.30.9", "4.7.0", "demo_linux_amd64")
	platform.Architecture = "amd64"
	areTold(t, map[string]toldCase{
		"another distribution": {
			spec.Select{OS: spec.OS{Name: "ubuntu"}}, []image.Image{readTag("k3s", "1.30.9", "4.7.0", ""), unreadTag("rke2", "1.30.8", "4.7.0", "")},
			selection.Picked, "1 tags of another Kubernetes distribution or custom tag, which the source did not read",
		},
		"another custom tag": {
			spec.Select{Architecture: "amd64"}, []image.Image{readTag("k3s", "1.30.9", "4.7.0", "prod"), unreadTag("k3s", "1.29.9", "4.7.0", "lab")},
			selection.Picked, "the first is r/os:k3s-1.29.9-v4.7.0-lab: select a k8sDistribution or customTag",
		},
		"another custom tag, which is not selected": {
			spec.Select{Architecture: "amd64", CustomTag: "prod"}, []image.Image{readTag("k3s", "1.30.9", "4.7.0", "prod"), unreadTag("k3s", "1.29.9", "4.7.0", "lab")},
			selection.Picked, "",
		},
		"an older one of the same variant": {
			spec.Select{Architecture: "amd64"}, []image.Image{readTag("k3s", "1.30.9", "4.7.0", ""), unreadTag("k3s", "1.30.8", "4.7.0", "")},
			selection.Picked, "",
		},
		"a tag outside of every grammar": {
			spec.Select{Architecture: "amd64"}, []image.Image{readTag("k3s", "1.30.9", "4.7.0", ""), {ID: "r/os:latest", Provider: "oci", NewestBy: image.NewestByVersion}},
			selection.Picked, "",
		},
		"an unread pick": {
			spec.Select{Architecture: "amd64"}, []image.Image{platform, unreadTag("k3s", "1.30.10", "4.7.0", "demo")},
			selection.Picked, "1 tags that the source did not read would come before the pick if they fit, the first is r/os:k3s-1.30.10-v4.7.0-demo",
		},
	})
}

func TestUnreadTagsBesideTheOnlyOne(t *testing.T) {
	arm := readTag("k3s", "1.30.9", "4.7.0", "")
	arm.Architecture = "arm64"
	areTold(t, map[string]toldCase{
		"exactly one": {
			spec.Select{Architecture: "amd64", Pick: spec.PickExactlyOne}, []image.Image{readTag("k3s", "1.30.9", "4.7.0", ""), unreadTag("k3s", "1.30.8", "4.7.0", "")},
			selection.Ambiguous, "set resolve: newest at the source",
		},
		"exactly one, which another source did not read": {
			spec.Select{Architecture: "amd64", Pick: spec.PickExactlyOne},
			[]image.Image{readTag("k3s", "1.30.9", "4.7.0", ""), arm, unreadTag("k3s", "1.30.9", "4.7.0", "")},
			selection.Picked, "",
		},
		"exactly one, and what was not read is not selected": {
			spec.Select{Architecture: "amd64", KubernetesVersion: "1.30.9", Pick: spec.PickExactlyOne},
			[]image.Image{readTag("k3s", "1.30.9", "4.7.0", ""), unreadTag("k3s", "1.30.8", "4.7.0", "")},
			selection.Picked, "",
		},
	})
}

func areTold(t *testing.T, tests map[string]toldCase) {
	t.Helper()
	for name, tc := range tests {
		rule, err := selection.Compile(tc.sel)
		if err != nil {
			t.Fatal(err)
		}
		for way, outcome := range map[string]selection.Outcome{
			"explained": rule.Explain(selection.Prepare(tc.images), now()), "decided": rule.Decide(selection.Prepare(tc.images), now()),
		} {
			said := strings.Join(outcome.Notes, "\n")
			var failed *failure.Error
			if _, err := outcome.Resolve("p"); errors.As(err, &failed) {
				said = failed.Summary + "; " + failed.Next
			}
			if outcome.Verdict != tc.verdict || !strings.Contains(said, tc.says) || tc.says == "" && said != "" {
				t.Errorf("%s, %s: %s, %q", name, way, outcome.Verdict, said)
			}
		}
	}
}

// Two tags between which a pack cannot choose are read before it is refused: one may be
// none.
func TestUnreadTagsInDoubtAreAskedFor(t *testing.T) {
	rule, err := selection.Compile(spec.Select{})
	if err != nil {
		t.Fatal(err)
	}
	one, other := unreadTag("k3s", "1.30.9", "4.7.0", ""), unreadTag("rke2", "1.30.9", "4.7.0", "")
	outcome := rule.Decide(selection.Prepare([]image.Image{one, other}), now())
	asked := map[string]bool{}
	for _, unread := range outcome.Unread() {
		asked[unread.ID] = true
	}
	if outcome.Verdict != selection.Ambiguous || !asked[one.ID] || !asked[other.ID] {
		t.Errorf("%s, asked for %v", outcome.Verdict, asked)
	}
}

// Images of two systems leave no pick also where that of the first is not known. Those that
// were not read, and what the template of one must lead to, may be none once they are.
func TestUnreadTagsOfTwoSystemsAreAskedFor(t *testing.T) {
	of := func(system string, named ...func(*image.Image)) []func(*image.Image) {
		return append(named, func(i *image.Image) { i.OS.Name = system })
	}
	top, newer := edge("k3s-1.30.9-v4.8.0", of("")...), edge("k3s-1.31.1-v4.8.0", of("")...)
	ubuntu, rhel := edge("k3s-1.30.9-v4.7.0", of("ubuntu", onlyNamed)...), edge("k3s-1.30.9-v4.6.0", of("rhel")...)
	for name, tc := range map[string]struct {
		images   []image.Image
		versions []string
	}{
		"itself":           {[]image.Image{top, ubuntu, rhel}, nil},
		"what it leads to": {[]image.Image{top, newer, ubuntu, edge("k3s-1.31.1-v4.7.0", of("ubuntu")...), rhel, edge("k3s-1.31.1-v4.6.0", of("rhel")...)}, []string{"1.30.9", "1.31.1"}},
	} {
		rule, err := selection.Compile(spec.Select{})
		if err != nil {
			t.Fatal(err)
		}
		if tc.versions != nil {
			rule = rule.Templated(templateOf(tc.versions...))
		}
		outcome := rule.Decide(selection.Prepare(tc.images), now())
		asked := slices.ContainsFunc(outcome.Unread(), func(unread selection.Unread) bool { return unread.ID == ubuntu.ID })
		if outcome.Verdict != selection.Ambiguous || !asked {
			t.Errorf("%s: %s, %s is asked for: %v", name, says(outcome), ubuntu.ID, asked)
		}
	}
}

// Where no tag that was read fits, those come first that may fit and were not read,
// with how to have them read.
func TestUnreadTagsThatMayBeThePick(t *testing.T) {
	amd64, newer := readTag("k3s", "1.30.9", "4.8.0", ""), readTag("k3s", "1.35.3", "4.8.0", "")
	other := unreadTag("k3s", "1.29.4", "4.7.0", "")
	for name, tc := range map[string]struct {
		sel    spec.Select
		images []image.Image
	}{
		"read are those of another Kubernetes":   {spec.Select{Architecture: "amd64", KubernetesVersion: "~1.30"}, []image.Image{newer}},
		"read are those of another architecture": {spec.Select{Architecture: "arm64", KubernetesVersion: "~1.30"}, []image.Image{amd64}},
	} {
		rule, err := selection.Compile(tc.sel)
		if err != nil {
			t.Fatal(err)
		}
		images := append(tc.images, other, unreadTag("k3s", "1.30.9", "4.7.0", ""), unreadTag("k3s", "1.30.8", "4.7.0", ""))
		var failed *failure.Error
		if _, err := rule.Explain(selection.Prepare(images), now()).Resolve("p"); !errors.As(err, &failed) {
			t.Fatalf("%s: %v", name, err)
		}
		if !strings.Contains(failed.Next, "2 tags that the source did not read may fit: set resolve: newest") ||
			!strings.Contains(failed.Details[0], "k3s-1.30.9-v4.7.0") {
			t.Errorf("%s: %q, next %s", name, failed.Details, failed.Next)
		}
	}
}

// A variant that was not read may be a chart, or gone: it is read before the pick is
// refused for it. Variants that were read are enough to refuse.
func TestVariantsThatWereNotReadAreRead(t *testing.T) {
	byTime, told := unreadTag("k3s", "1.30.8", "4.7.0", ""), unreadTag("k3s", "1.30.8", "4.7.0", "lab")
	byTime.NewestBy = image.NewestByCreated
	told.State, told.StateReason = image.Available, "its registry lists it"
	for name, tc := range map[string]struct {
		sel    spec.Select
		images []image.Image
		unread string
	}{
		"another custom tag": {
			spec.Select{}, []image.Image{readTag("k3s", "1.30.9", "4.7.0", "demo"), unreadTag("k3s", "1.30.8", "4.7.0", "lab")}, "k3s-1.30.8-v4.7.0-lab",
		},
		"none was read": {
			spec.Select{}, []image.Image{unreadTag("k3s", "1.30.9", "4.7.0", "demo"), unreadTag("k3s", "1.30.8", "4.7.0", "lab")}, "k3s-1.30.9-v4.7.0-demo k3s-1.30.8-v4.7.0-lab",
		},
		"none was read, and two ways to rank them": {
			spec.Select{}, []image.Image{unreadTag("k3s", "1.30.9", "4.7.0", ""), byTime}, "k3s-1.30.8-v4.7.0 k3s-1.30.9-v4.7.0",
		},
		"one that is told to be there, and why": {
			spec.Select{}, []image.Image{readTag("k3s", "1.30.9", "4.7.0", "demo"), told}, "k3s-1.30.8-v4.7.0-lab",
		},
		"exactly one": {
			spec.Select{Pick: spec.PickExactlyOne}, []image.Image{readTag("k3s", "1.30.9", "4.7.0", ""), unreadTag("k3s", "1.30.8", "4.7.0", "")}, "k3s-1.30.8-v4.7.0",
		},
		"variants that were read": {
			spec.Select{}, []image.Image{readTag("k3s", "1.30.9", "4.7.0", "demo"), unreadTag("k3s", "1.30.8", "4.7.0", "lab"), readTag("k3s", "1.30.7", "4.7.0", "lab")}, "",
		},
		"two that were read": {
			spec.Select{Pick: spec.PickExactlyOne},
			[]image.Image{readTag("k3s", "1.30.9", "4.7.0", ""), readTag("k3s", "1.30.8", "4.7.0", ""), unreadTag("k3s", "1.30.7", "4.7.0", "")}, "",
		},
	} {
		outcome := apply(t, tc.sel, tc.images...)
		var names []string
		for _, unread := range outcome.Unread() {
			names = append(names, unread.Name)
		}
		if got := strings.Join(names, " "); outcome.Verdict != selection.Ambiguous || got != tc.unread {
			t.Errorf("%s: got %s, to be read are %q, want %q", name, outcome.Verdict, got, tc.unread)
		}
	}
}

// What is left out is told where it may come before the pick, which its version can rule
// out, and what stands beside it for all platforms.
func TestNotesOfTagsThatAreLeftOut(t *testing.T) {
	withheld := func(img image.Image, why string) image.Image {
		img.Withheld, img.Evidence = why, image.Asked
		return img
	}
	mute := unreadTag("k3s", "1.31.0", "4.7.0", "")
	mute.StateReason = "its manifest is larger than 4 MiB"
	platform := withheld(unreadTag("k3s", "1.31.0", "4.7.0", "demo_linux_amd64"), "it is the image for one platform")
	read := readTag("k3s", "1.30.9", "4.7.0", "demo")
	index := readTag("k3s", "1.31.0", "4.7.0", "demo")
	index.Architecture = "arm64"
	for name, tc := range map[string]struct {
		images []image.Image
		told   string
	}{
		"an older one":                  {[]image.Image{read, withheld(unreadTag("k3s", "1.30.8", "4.7.0", "demo"), "the registry does not hand it out")}, ""},
		"a newer one":                   {[]image.Image{read, withheld(unreadTag("k3s", "1.30.10", "4.7.0", "demo"), "the registry does not hand it out")}, "k3s-1.30.10-v4.7.0-demo may come before the pick, and is left out: the registry does not"},
		"a platform's, beside the pick": {[]image.Image{read, withheld(unreadTag("k3s", "1.30.9", "4.7.0", "demo_linux_amd64"), "it is the image for one platform")}, ""},
		"a platform's, beside another":  {[]image.Image{read, index, platform}, ""},
		"one that cannot be read":       {[]image.Image{read, mute}, "k3s-1.31.0-v4.7.0 may come before the pick, and is left out: its manifest is larger"},
	} {
		outcome := apply(t, spec.Select{Architecture: "amd64"}, tc.images...)
		notes := strings.Join(outcome.Notes, "\n")
		if outcome.Pick == nil || outcome.Pick.ID != read.ID || tc.told == "" && notes != "" || !strings.Contains(notes, tc.told) {
			t.Errorf("%s: %s, %q", name, outcome.Verdict, notes)
		}
	}
}
