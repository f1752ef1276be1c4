package selection_test

import (
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// Only what the template leads to is read, and only that is told.
func TestUnreadWithValues(t *testing.T) {
	newer := edge("k3s-1.30.9-v4.8.0", func(i *image.Image) { i.Withheld, i.Evidence, i.State = "a rule", image.Recorded, "" })
	outcome := templated(t, spec.Select{Architecture: "amd64"}, setting(spec.Values{PEVersion: "v4.7.0"}),
		edge("k3s-1.31.0-v4.8.0", onlyNamed), edge("k3s-1.30.9-v4.7.0", onlyNamed), edge("k3s-1.30.8-v4.7.0"), newer)
	if unread := outcome.Unread(); len(unread) != 1 || unread[0].Name != "k3s-1.30.9-v4.7.0" {
		t.Errorf("%+v", unread)
	}
	if notes := strings.Join(outcome.Notes, "\n"); strings.Contains(notes, "v4.8.0") {
		t.Errorf("notes %q", notes)
	}
	outcome = templated(t, spec.Select{Architecture: "amd64"}, setting(spec.Values{PEVersion: "v4.9.9"}), edge("k3s-1.31.0-v4.8.0", onlyNamed))
	if unread := outcome.Unread(); len(unread) != 0 {
		t.Errorf("%+v", unread)
	}
	// Also where nothing that is read changes the outcome.
	outcome = templated(t, spec.Select{Architecture: "amd64"}, setting(spec.Values{PEVersion: "v4.7.0"}),
		edge("k3s-1.31.0-v4.8.0", onlyNamed), edge("k3s-1.30.8-v4.7.0"), edge("rke2-1.30.8-v4.7.0"))
	if outcome.Verdict != selection.Ambiguous || len(outcome.Dropped) != 1 || outcome.Dropped[0].Rule != "values" || len(outcome.Dropped[0].More) != 1 {
		t.Errorf("%s, dropped %+v", outcome.Verdict, outcome.Dropped)
	}
}

type unreadCase struct {
	sel    spec.Select
	of     *selection.Template
	images []image.Image
	want   []string
}

// What was not read and could change an outcome is named, best first, and nothing else.
func TestUnread(t *testing.T) {
	areUnread(t, map[string]unreadCase{
		"above the pick": {
			spec.Select{Architecture: "amd64"}, nil,
			[]image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.30.10-v4.6.0", onlyNamed), edge("k3s-1.31.0-v4.6.0", onlyNamed), edge("k3s-1.30.8-v4.7.0", onlyNamed)},
			[]string{"k3s-1.31.0-v4.6.0", "k3s-1.30.10-v4.6.0"},
		},
		"what its name rules out": {
			spec.Select{KubernetesVersion: "~1.30", Where: `image.attributes.peVersion == "v4.6.0" && image.tags.team == "edge"`}, nil,
			[]image.Image{edge("k3s-1.30.9-v4.7.0", onlyNamed), edge("k3s-1.30.8-v4.6.0", onlyNamed), edge("k3s-1.31.0-v4.6.0", onlyNamed)},
			[]string{"k3s-1.30.8-v4.6.0"},
		},
		"labels, systems and times": {
			spec.Select{Tags: map[string]string{"team": "edge"}, OS: spec.OS{Name: "ubuntu", Version: "22.04"}, Where: `age < duration("24h")`}, nil,
			[]image.Image{edge("k3s-1.30.9-v4.7.0", onlyNamed)}, []string{"k3s-1.30.9-v4.7.0"},
		},
		"the pick itself": {spec.Select{}, nil, []image.Image{edge("k3s-1.30.9-v4.7.0", onlyNamed), edge("k3s-1.30.8-v4.7.0", onlyNamed)}, []string{"k3s-1.30.9-v4.7.0"}},
		"the first of each other variant": {
			spec.Select{Architecture: "amd64"}, nil,
			[]image.Image{edge("k3s-1.30.9-v4.7.0"), edge("rke2-1.30.8-v4.7.0", onlyNamed), edge("rke2-1.30.7-v4.7.0", onlyNamed), edge("k3s-1.30.7-v4.7.0-lab", onlyNamed)},
			[]string{"rke2-1.30.8-v4.7.0", "k3s-1.30.7-v4.7.0-lab"},
		},
		"none where two variants fit": {
			spec.Select{Architecture: "amd64"}, nil, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("rke2-1.30.8-v4.7.0"), edge("k3s-1.30.10-v4.7.0", onlyNamed)}, nil,
		},
	})
}

func TestUnreadOfWhatIsToldAlready(t *testing.T) {
	areUnread(t, map[string]unreadCase{
		"a release that the name tells":     {spec.Select{OS: spec.OS{Version: "22.04"}}, nil, []image.Image{edge("k3s-1.30.9-v4.7.0", onlyNamed, system("ubuntu", "20.04"))}, nil},
		"a part of one":                     {spec.Select{OS: spec.OS{Version: "22.04"}}, nil, []image.Image{edge("k3s-1.30.9-v4.7.0", onlyNamed, system("ubuntu", "20"))}, []string{"k3s-1.30.9-v4.7.0"}},
		"a word without its system":         {spec.Select{OS: spec.OS{Version: "22.04"}}, nil, []image.Image{edge("k3s-1.30.9-v4.7.0", onlyNamed, system("", "bookworm"))}, []string{"k3s-1.30.9-v4.7.0"}},
		"a system without a release":        {spec.Select{OS: spec.OS{Version: "22.04"}}, nil, []image.Image{edge("k3s-1.30.9-v4.7.0", onlyNamed, system("ubuntu", ""))}, []string{"k3s-1.30.9-v4.7.0"}},
		"a Kubernetes version that none is": {spec.Select{KubernetesVersion: "~1.30"}, nil, []image.Image{edge("k3s-1.30.9-v4.7.0", onlyNamed, kubernetes(""))}, []string{"k3s-1.30.9-v4.7.0"}},
		"none that is gone":                 {spec.Select{Architecture: "amd64"}, nil, []image.Image{edge("k3s-1.30.9-v4.7.0", onlyNamed, state(image.Gone, ""))}, nil},
		"none that could not be read":       {spec.Select{Architecture: "amd64"}, nil, []image.Image{edge("k3s-1.30.9-v4.7.0", onlyNamed, state(image.StateUnset, "too large"))}, nil},
		"none where sources rank otherwise": {
			spec.Select{Architecture: "amd64"}, nil, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.30.8-v4.7.0", byTime), edge("k3s-1.30.10-v4.7.0", onlyNamed)}, nil,
		},
	})
}

func TestUnreadThatComeAfter(t *testing.T) {
	areUnread(t, map[string]unreadCase{
		"as new as the pick": {
			spec.Select{Architecture: "amd64"}, nil, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-v1.30.9-v4.7.0", onlyNamed)}, []string{"k3s-v1.30.9-v4.7.0"},
		},
		"of another word": {
			spec.Select{Architecture: "amd64"}, nil,
			[]image.Image{edge("k3s-1.30.9-v4.7.0", version("1.4.0-prod")), edge("k3s-1.30.8-v4.7.0", onlyNamed, version("1.4.0-lab")), edge("k3s-1.30.7-v4.7.0", onlyNamed, version("1.3.9"))},
			[]string{"k3s-1.30.8-v4.7.0"},
		},
		"all where one is wanted": {
			spec.Select{Architecture: "amd64", Pick: spec.PickExactlyOne}, nil, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.30.8-v4.7.0", onlyNamed)}, []string{"k3s-1.30.8-v4.7.0"},
		},
		"any where times come first": {
			spec.Select{Architecture: "amd64"}, nil,
			[]image.Image{edge("k3s-1.30.9-v4.7.0", byTime), edge("k3s-1.30.8-v4.7.0", onlyNamed, byTime)}, []string{"k3s-1.30.8-v4.7.0"},
		},
		"what a template leads to": {
			spec.Select{Architecture: "amd64"}, ptr(templateOf("1.30.9", "1.29.9")),
			[]image.Image{
				edge("k3s-1.30.9-v4.9.0", onlyNamed), edge("k3s-1.30.9-v4.8.0"), edge("k3s-1.29.9-v4.8.0", onlyNamed), edge("k3s-1.31.0-v4.8.0", onlyNamed),
				edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.29.9-v4.7.0"), edge("k3s-1.30.9-v4.6.0", onlyNamed), edge("k3s-1.29.9-v4.6.0", onlyNamed),
			},
			[]string{"k3s-1.29.9-v4.8.0"},
		},
		"an agent of another word": {
			spec.Select{Architecture: "amd64"}, ptr(templateOf()), []image.Image{worded("prod"), worded("lab", onlyNamed)}, []string{"k3s-1.30.9-v4.7.0-lab"},
		},
		"a newer agent of an older Kubernetes": {
			spec.Select{Architecture: "amd64"}, ptr(templateOf()), []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.29.9-v4.8.0", onlyNamed), edge("k3s-1.31.9-v4.6.0", onlyNamed)},
			[]string{"k3s-1.29.9-v4.8.0"},
		},
	})
}

func areUnread(t *testing.T, tests map[string]unreadCase) {
	t.Helper()
	for name, tc := range tests {
		var outcome selection.Outcome
		if tc.of != nil {
			outcome = templated(t, tc.sel, *tc.of, tc.images...)
		} else {
			outcome = apply(t, tc.sel, tc.images...)
		}
		var got []string
		for _, img := range outcome.Unread() {
			got = append(got, strings.TrimPrefix(img.ID, "r/os:"))
		}
		if diff := gocmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// worded is a tag of an agent with a word behind its numbers.
func worded(word string, options ...func(*image.Image)) image.Image {
	return edge("k3s-1.30.9-v4.7.0", append(options, func(i *image.Image) {
		i.ID, i.Name, i.Attributes[image.AttributePEVersion] = i.ID+"-"+word, i.Name+"-"+word, "v4.7.0-"+word
	})...)
}

func byTime(i *image.Image) {
	i.NewestBy = image.NewestByCreated
	if i.Digest != "" {
		at := now()
		i.CreatedAt = &at
	}
}

func ptr[T any](of T) *T { return &of }

// Tags of single platforms travel with the tag that was said to serve them: whether it
// does is known when it is read.
func TestUnreadPlatforms(t *testing.T) {
	withheld := func(i *image.Image) { i.Withheld, i.Architecture = "it is the image for one platform", "amd64" }
	outcome := apply(t, spec.Select{Architecture: "amd64"},
		edge("k3s-1.30.9-v4.7.0-demo_linux_amd64", onlyNamed, withheld), edge("k3s-1.30.9-v4.7.0-demo", onlyNamed), edge("k3s-1.30.8-v4.7.0-demo", onlyNamed),
		edge("k3s-1.30.8-v4.7.0-demo_linux_amd64", withheld))
	unread := outcome.Unread()
	if len(unread) != 2 || unread[0].Name != "k3s-1.30.9-v4.7.0-demo" || len(unread[0].Beside) != 1 || unread[0].Beside[0].Name != "k3s-1.30.9-v4.7.0-demo_linux_amd64" ||
		len(unread[1].Beside) != 0 {
		t.Errorf("%+v", unread)
	}
}

// What the name of a tag tells comes before what is not known of it.
func TestWhyAnUnreadTagIsDropped(t *testing.T) {
	outcome := apply(t, spec.Select{Architecture: "amd64", K8sDistribution: "k3s"}, edge("rke2-1.30.9-v4.7.0", onlyNamed), edge("k3s-1.30.9-v4.7.0", onlyNamed))
	got := map[string]string{}
	for _, drop := range outcome.Dropped {
		got[drop.Image.Name] = drop.Rule + ": " + drop.Reason
	}
	want := map[string]string{
		"rke2-1.30.9-v4.7.0": "k8sDistribution: Kubernetes distribution is rke2, not k3s",
		"k3s-1.30.9-v4.7.0":  "architecture: the architecture is unknown: this tag was not read",
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Where one is wanted, what cannot be asked for is reason enough to refuse.
func TestUnreadThatNobodyAsksFor(t *testing.T) {
	rule, err := selection.Compile(spec.Select{Architecture: "amd64", Pick: spec.PickExactlyOne})
	if err != nil {
		t.Fatal(err)
	}
	images := []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.30.8-v4.7.0", onlyNamed)}
	outcome := rule.Decide(selection.Prepare(images), now())
	mute := rule.Decide(selection.PrepareFrom(images, nil, func(*image.Image) bool { return false }), now())
	for _, o := range []selection.Outcome{outcome, mute} {
		if o.Verdict != selection.Ambiguous || o.Pick != nil || o.DecidedBy != "" || len(o.Alternatives) != 2 {
			t.Errorf("got %s %+v", o.Verdict, o.Pick)
		}
	}
	if len(outcome.Unread()) != 1 || len(mute.Unread()) != 0 {
		t.Errorf("%d and %d are named", len(outcome.Unread()), len(mute.Unread()))
	}
}

// The best are named, and no more than are read at once.
func TestUnreadIsBounded(t *testing.T) {
	images := []image.Image{edge("k3s-1.30.9-v4.7.0")}
	for i := range 70 {
		images = append(images, edge("k3s-1.31."+strconv.Itoa(i)+"-v4.7.0", onlyNamed))
	}
	unread := apply(t, spec.Select{Architecture: "amd64"}, images...).Unread()
	if len(unread) != 64 || unread[0].KubernetesVersion != "1.31.69" {
		t.Errorf("%d are named", len(unread))
	}
}

// What one source does not read holds up no other.
func TestUnreadOfTwoSources(t *testing.T) {
	var images []image.Image
	for i := range 200 {
		images = append(images, edge("k3s-1.31."+strconv.Itoa(i)+"-v4.7.0", onlyNamed, from("lists")))
	}
	images = append(images, edge("k3s-1.30.9-v4.7.0", onlyNamed, from("reads")))
	rule, err := selection.Compile(spec.Select{Architecture: "amd64"})
	if err != nil {
		t.Fatal(err)
	}
	unread := rule.Decide(selection.PrepareFrom(images, nil, func(img *image.Image) bool { return img.Source == "reads" }), now()).Unread()
	if len(unread) != 1 || unread[0].Source != "reads" {
		t.Errorf("%d are named", len(unread))
	}
}

// What sources of other packs list says nothing, and what cannot be asked for is told alone.
func TestUnreadOfSources(t *testing.T) {
	rule, err := selection.Compile(spec.Select{Pick: spec.PickExactlyOne})
	if err != nil {
		t.Fatal(err)
	}
	read := edge("k3s-1.30.9-v4.7.0", from("a"))
	lists := func(source string) image.Image { return edge("k3s-1.30.9-v4.7.0", onlyNamed, from(source)) }
	for name, tc := range map[string]struct {
		images  []image.Image
		sources []string
		verdict selection.Verdict
		unread  int // by how many sources the only one is listed
	}{
		"another pack's":                 {[]image.Image{read, lists("b")}, []string{"a"}, selection.Picked, 0},
		"the pack's":                     {[]image.Image{read, lists("b")}, []string{"a", "b"}, selection.Picked, 1},
		"all":                            {[]image.Image{read, lists("b")}, nil, selection.Picked, 1},
		"by two":                         {[]image.Image{lists("a"), lists("b")}, nil, selection.Picked, 2},
		"by two, of which one is asked":  {[]image.Image{lists("a"), lists("mute")}, nil, selection.Picked, 1},
		"by one that is not asked":       {[]image.Image{lists("mute")}, nil, selection.Picked, 0},
		"read, and by one that is not":   {[]image.Image{read, lists("mute"), edge("k3s-1.30.8-v4.7.0", onlyNamed, state(image.Gone, ""))}, nil, selection.Picked, 0},
		"another by one that is not":     {[]image.Image{read, edge("k3s-1.30.8-v4.7.0", onlyNamed, from("mute"))}, nil, selection.Ambiguous, 0},
		"another, which was read by one": {[]image.Image{read, edge("k3s-1.30.8-v4.7.0", onlyNamed, from("mute")), edge("k3s-1.30.8-v4.7.0", arm)}, nil, selection.Ambiguous, 0},
	} {
		outcome := rule.Decide(selection.PrepareFrom(tc.images, tc.sources, func(img *image.Image) bool { return img.Source != "mute" }), now())
		unread := outcome.Unread()
		if outcome.Verdict != tc.verdict || (outcome.Pick == nil) != (tc.verdict == selection.Ambiguous) || (len(unread) > 0) != (tc.unread > 0) || len(unread) > 0 && len(unread[0].Listed) != tc.unread {
			t.Errorf("%s: %s, %+v", name, outcome.Verdict, unread)
		}
	}
}
