package selection_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

func TestSourcesThatDisagreeOnOneImage(t *testing.T) {
	one, other := ami("a", byVersion, version("2")), ami("a", from("other"))
	newer := ami("b", created(0), version("1"), from("other"))
	if outcome := apply(t, spec.Select{}, one, other, newer); outcome.Verdict != selection.Ambiguous {
		t.Errorf("the version is to come first, and does not in silence: got %s %v", outcome.Verdict, outcome.Pick)
	}
	newer.NewestBy = image.NewestByVersion
	if outcome := apply(t, spec.Select{}, one, other, newer); outcome.Verdict != selection.Picked || outcome.Pick.ID != "a" {
		t.Errorf("got %s %v", outcome.Verdict, outcome.Pick)
	}
}

// A region of which less is known takes no fact from the image in another.
func TestRegionsOfOneIDAreNoParts(t *testing.T) {
	spanning := func(i *image.Image) { i.Provider, i.SpansRegions = "azure", true }
	outcome := apply(t, spec.Select{}, ami("a", spanning, region("eastus"), architecture("arm64")), ami("a", spanning, region("westus"), architecture("")))
	if outcome.Verdict != selection.Picked || outcome.Pick.Architecture != "arm64" {
		t.Errorf("got %s %+v", outcome.Verdict, outcome.Pick)
	}
}

// Tags of single platforms are no choice beside the tag that serves all of them.
func TestPlatformsBesideTheirTag(t *testing.T) {
	rule, err := selection.Compile(spec.Select{})
	if err != nil {
		t.Fatal(err)
	}
	outcome := rule.Rendering(func(img *image.Image) (string, error) { return img.ID, nil }).Explain(selection.Prepare([]image.Image{
		tag("1.30.4", "k3s", "demo"), tag("1.30.4", "k3s", "demo", architecture("arm64")),
		tag("1.30.4", "k3s", "demo_linux_amd64"), tag("1.30.4", "k3s", "demo_linux_arm64", architecture("arm64")),
	}), now())
	if outcome.Verdict != selection.Picked || outcome.Pick.ID != "r.example/edge:k3s-1.30.4-demo" {
		t.Errorf("got %s %+v %s", outcome.Verdict, outcome.Pick, outcome.Why)
	}
}

// An index and its mirror are one image, in whatever order their platforms come.
func TestMirrorOfAnIndex(t *testing.T) {
	var images []image.Image
	for _, architecture := range []string{"amd64", "arm64"} {
		for _, repository := range []string{"r/origin", "r/mirror"} {
			img := tag("1.30.4", "k3s", "", digest("sha256:index"))
			img.ID, img.Architecture = repository+":"+img.Name, architecture
			images = append(images, img)
		}
	}
	rule, err := selection.Compile(spec.Select{})
	if err != nil {
		t.Fatal(err)
	}
	rule = rule.Rendering(func(img *image.Image) (string, error) { return img.ID, nil })
	for range images {
		images = append(images[1:], images[0])
		outcome := rule.Explain(selection.Prepare(images), now())
		if outcome.Verdict != selection.Picked || !strings.HasPrefix(outcome.Pick.ID, "r/mirror:") || outcome.Pick.Architecture != "" {
			t.Errorf("got %s %+v", outcome.Verdict, outcome.Pick)
		}
	}
	images[0].Digest = "sha256:other"
	if outcome := rule.Explain(selection.Prepare(images), now()); outcome.Verdict != selection.Ambiguous {
		t.Errorf("one of another content: got %s", outcome.Verdict)
	}
}

// Parts of one id that render the same are one choice, and what they do not share is
// no fact of the pick.
func TestPartsThatRenderTheSame(t *testing.T) {
	amd, arm := tag("1.30.4", "k3s", "", digest("sha256:index")), tag("1.30.4", "k3s", "", digest("sha256:index"), architecture("arm64"))
	ubuntu := arm
	ubuntu.OS.Name = "ubuntu"
	render := func(img *image.Image) (string, error) { return img.ID + img.OS.Name, nil }
	for _, pick := range []spec.Pick{spec.PickNewest, spec.PickExactlyOne} {
		rule, err := selection.Compile(spec.Select{Pick: pick})
		if err != nil {
			t.Fatal(err)
		}
		outcome := rule.Rendering(render).Explain(selection.Prepare([]image.Image{arm, amd}), now())
		if outcome.Verdict != selection.Picked || outcome.Pick.Architecture != "" || outcome.Pick.Digest != "sha256:index" || outcome.DecidedBy != "" {
			t.Errorf("%s: got %s %+v by %q", pick, outcome.Verdict, outcome.Pick, outcome.DecidedBy)
		}
		s390x := tag("1.30.4", "k3s", "", digest("sha256:index"), architecture("s390x"), system("ubuntu", ""))
		if outcome := rule.Rendering(render).Explain(selection.Prepare([]image.Image{amd, arm, s390x}), now()); len(outcome.Alternatives) < 2 || pick == spec.PickNewest && len(outcome.Alternatives) != 2 {
			t.Errorf("%s: one of three renders otherwise: got %s %v", pick, outcome.Verdict, ids(outcome.Alternatives))
		}
		if outcome := rule.Rendering(render).Explain(selection.Prepare([]image.Image{ubuntu, amd}), now()); outcome.Verdict != selection.Ambiguous {
			t.Errorf("%s: facts that are rendered differ: got %s", pick, outcome.Verdict)
		}
		failing := func(*image.Image) (string, error) { return "", errors.New("the OS is unknown") }
		if outcome := rule.Rendering(failing).Explain(selection.Prepare([]image.Image{arm, amd}), now()); outcome.Verdict != selection.Ambiguous {
			t.Errorf("%s: nothing is rendered: got %s", pick, outcome.Verdict)
		}
	}
}

// What an image is beside others does not take facts from it, nor what stands between it
// and its parts.
func TestWhatAPickIs(t *testing.T) {
	spanning := func(i *image.Image) { i.Provider, i.SpansRegions = "other", true }
	between := tag("1.30.4", "k3s", "", created(2), func(i *image.Image) { i.ID = "r.example/mirror:1" })
	for name, test := range map[string]struct {
		images []image.Image
		want   string
	}{
		"an id in two regions":           {[]image.Image{ami("/id/1", region("westus2")), ami("/id/1", region("eastus"))}, "/id/1 eastus amd64"},
		"a part in one region":           {[]image.Image{ami("a", spanning), ami("a", spanning, architecture("arm64"))}, "a us-east-1 "},
		"another between its parts":      {[]image.Image{tag("1.30.4", "k3s", "", created(1)), between, tag("1.30.4", "k3s", "", created(3), architecture("arm64"))}, "r.example/edge:k3s-1.30.4 global "},
		"the end of another":             {[]image.Image{ami("v1"), ami("x/v1", created(9))}, "v1 us-east-1 amd64"},
		"a whole id, and the end of one": {[]image.Image{ami("v1", func(i *image.Image) { i.FullID = "V1" }), ami("x/v1", created(9))}, "v1 us-east-1 amd64"},
		"nothing with an id":             {[]image.Image{ami("")}, " us-east-1 amd64"},
	} {
		rule, err := selection.Compile(spec.Select{})
		if err != nil {
			t.Fatal(err)
		}
		outcome := rule.Rendering(renderID).Decide(selection.Prepare(test.images), now())
		got := string(outcome.Verdict)
		if pick := outcome.Pick; pick != nil {
			got = pick.ID + " " + pick.Region + " " + pick.Architecture
		}
		if got != test.want {
			t.Errorf("%s: got %s %s", name, got, outcome.Why)
		}
		if len(test.images) == 1 && outcome.DecidedBy != "" {
			t.Errorf("%s: decided by %s", name, outcome.DecidedBy)
		}
	}
}

// What renders the same is a choice still where it is not of one id.
func TestImagesThatRenderTheSame(t *testing.T) {
	rule, err := selection.Compile(spec.Select{})
	if err != nil {
		t.Fatal(err)
	}
	rule = rule.Rendering(func(*image.Image) (string, error) { return "the same", nil })
	for _, images := range [][]image.Image{{ami("a"), ami("b")}, {ami("", named("a")), ami("", named("b"))}} {
		if outcome := rule.Decide(selection.Prepare(images), now()); outcome.Verdict != selection.Ambiguous || len(outcome.Alternatives) != 2 {
			t.Errorf("got %s", outcome.Verdict)
		}
	}
}
