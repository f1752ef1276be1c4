package selection_test

import (
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// latest is a tag of which no template can be made.
func latest(version string, options ...func(*image.Image)) image.Image {
	img := image.Image{ID: "r/os:latest", Name: "latest", Provider: "oci", Version: version, Digest: "sha256:l", NewestBy: image.NewestByVersion, State: image.Available}
	for _, o := range options {
		o(&img)
	}
	return img
}

// What is read of tags without a template, beside those that have one.
func TestUnreadWithoutATemplate(t *testing.T) {
	of := ptr(templateOf())
	areUnread(t, map[string]unreadCase{
		"alone":               {spec.Select{}, of, []image.Image{latest("1", onlyNamed)}, []string{"latest"}},
		"before one with one": {spec.Select{Architecture: "amd64"}, of, []image.Image{latest("9.9.9", onlyNamed), edge("k3s-1.30.9-v4.7.0", onlyNamed)}, []string{"k3s-1.30.9-v4.7.0"}},
		"beside a pick": {
			spec.Select{Pick: spec.PickExactlyOne}, of, []image.Image{edge("k3s-1.30.9-v4.7.0"), latest("1", onlyNamed)}, nil,
		},
		"one that was read, beside a newer agent": {
			spec.Select{}, of, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.30.9-v4.8.0", onlyNamed), latest("1")}, []string{"k3s-1.30.9-v4.8.0"},
		},
		"the newest agent first": {
			spec.Select{Architecture: "amd64"}, of, []image.Image{edge("k3s-1.31.0-v4.6.0", onlyNamed), edge("k3s-1.30.9-v4.7.0", onlyNamed)},
			[]string{"k3s-1.30.9-v4.7.0", "k3s-1.31.0-v4.6.0"},
		},
	})
}

// What is not known of the first, or of a tag that was not read, is no other kind; nor does
// a version put one behind the other where a source ranks by time.
func TestUnreadOfAnotherKind(t *testing.T) {
	amd64 := spec.Select{Architecture: "amd64"}
	areUnread(t, map[string]unreadCase{
		"a system, beside none":            {amd64, nil, []image.Image{edge("k3s-1.30.9-v4.7.0", system("", "")), edge("k3s-1.30.8-v4.7.0", onlyNamed, system("ubuntu", "22.04"))}, nil},
		"an architecture, beside none":     {spec.Select{}, nil, []image.Image{edge("k3s-1.30.9-v4.7.0", architecture("")), edge("k3s-1.30.8-v4.7.0", onlyNamed, arm)}, nil},
		"another architecture":             {spec.Select{}, nil, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.30.8-v4.7.0", onlyNamed, arm)}, []string{"k3s-1.30.8-v4.7.0"}},
		"an older one that time ranks":     {amd64, nil, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.30.8-v4.7.0", onlyNamed, byTime)}, []string{"k3s-1.30.8-v4.7.0"}},
		"an older one, beside one by time": {amd64, nil, []image.Image{edge("k3s-1.30.9-v4.7.0", byTime), edge("k3s-1.30.8-v4.7.0", onlyNamed)}, []string{"k3s-1.30.8-v4.7.0"}},
		"of one platform, where that for all is not asked for": {
			spec.Select{Name: "*_linux_amd64"}, nil,
			[]image.Image{edge("k3s-1.30.9-v4.7.0-demo", onlyNamed), edge("k3s-1.30.9-v4.7.0-demo_linux_amd64", onlyNamed, withheld("it is the image for one platform"), architecture("amd64"))},
			[]string{"k3s-1.30.9-v4.7.0-demo_linux_amd64"},
		},
	})
}

// Agents that differ in a word are rivals, also where other versions of the first stand
// between them: what the first leads to is read.
func TestUnreadOfAgentsOfAnotherWord(t *testing.T) {
	of := func(kubernetes, word string, options ...func(*image.Image)) image.Image {
		return edge("k3s-"+kubernetes+"-v4.7.0", append([]func(*image.Image){func(i *image.Image) {
			i.ID, i.Name, i.Attributes[image.AttributePEVersion], i.Digest = i.ID+"-"+word, i.Name+"-"+word, "v4.7.0-"+word, kubernetes
		}}, options...)...)
	}
	areUnread(t, map[string]unreadCase{
		"prod and lab": {
			spec.Select{Architecture: "amd64"}, ptr(templateOf()),
			[]image.Image{of("1.30.5", "prod"), of("1.30.3", "prod"), of("1.30.5", "lab"), of("1.30.4", "lab"), of("1.30.3", "lab"), of("1.30.4", "prod", onlyNamed)},
			[]string{"k3s-1.30.4-v4.7.0-prod"},
		},
	})
}

// The images of one tag for several architectures are no rivals: no reading sets them
// apart, so none of what their template leads to is read for that.
func TestUnreadBesideATagOfSeveralArchitectures(t *testing.T) {
	areUnread(t, map[string]unreadCase{
		"an older tag": {
			spec.Select{}, ptr(templateOf()),
			[]image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.30.9-v4.7.0", arm), edge("k3s-1.30.8-v4.7.0", onlyNamed)}, nil,
		},
	})
}

// What is said of tags that were not read: each once, and nothing of what is refused.
func TestWordsOfUnreadTags(t *testing.T) {
	const next = ": set resolve: newest at the source to know, or narrow tags"
	for name, test := range map[string]struct {
		sel    spec.Select
		of     *selection.Template
		images []image.Image
		want   []string
	}{
		"one of another kind that would come before": {
			spec.Select{Architecture: "amd64"}, nil, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("rke2-1.30.10-v4.7.0", onlyNamed)},
			[]string{"1 tags that the source did not read would come before the pick if they fit, the first is r/os:rke2-1.30.10-v4.7.0" + next},
		},
		"where one is wanted": {
			spec.Select{Architecture: "amd64", Pick: spec.PickExactlyOne}, nil, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.30.10-v4.7.0", onlyNamed)}, nil,
		},
		"what a template leads to, of which another source lists the name": {
			spec.Select{Architecture: "amd64"}, ptr(templateOf("1.30.5", "1.30.4")),
			[]image.Image{edge("k3s-1.30.5-v4.7.0"), edge("k3s-1.30.4-v4.7.0"), edge("k3s-1.30.4-v4.7.0", onlyNamed, from("other"))}, nil,
		},
	} {
		var outcome selection.Outcome
		if test.of != nil {
			outcome = templated(t, test.sel, *test.of, test.images...)
		} else {
			outcome = apply(t, test.sel, test.images...)
		}
		if diff := gocmp.Diff(test.want, outcome.Notes); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// One template is one choice, also where a source lists again by name what it leads to.
func TestOneTemplateOfWhatAnotherSourceLists(t *testing.T) {
	outcome := templated(t, spec.Select{Architecture: "amd64", Pick: spec.PickExactlyOne}, templateOf("1.30.5", "1.30.4"),
		edge("k3s-1.30.5-v4.7.0"), edge("k3s-1.30.4-v4.7.0"), edge("k3s-1.30.4-v4.7.0", onlyNamed, from("other")))
	if outcome.Pick == nil || outcome.Pick.Name != "k3s-1.30.5-v4.7.0" {
		t.Errorf("got %s: %s", outcome.Verdict, outcome.Why)
	}
}

// Tags of single platforms are named once, beside the first of a tag, and only where their
// source can be asked.
func TestPlatformsBesideATag(t *testing.T) {
	platform := edge("k3s-1.30.9-v4.7.0-demo_linux_amd64", onlyNamed, withheld("it is the image for one platform"), architecture("amd64"), from("mute"))
	images := []image.Image{edge("k3s-1.30.9-v4.7.0-demo", onlyNamed, architecture("amd64")), edge("k3s-1.30.9-v4.7.0-demo", onlyNamed, arm, from("other")), platform}
	rule, err := selection.Compile(spec.Select{Tags: map[string]string{"team": "edge"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, asks := range []bool{true, false} {
		canAsk := func(i *image.Image) bool { return asks || i.Source != "mute" }
		var beside []int
		for _, unread := range rule.Decide(selection.PrepareFrom(slices.Clone(images), nil, canAsk), now()).Unread() {
			beside = append(beside, len(unread.Beside))
		}
		want := []int{0, 0}
		if asks {
			want = []int{1, 0}
		}
		if !slices.Equal(beside, want) {
			t.Errorf("asked %t: got %v, want %v", asks, beside, want)
		}
	}
}
