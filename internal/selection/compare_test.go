package selection_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// Images in order are those that went in, and of two the one that the rules put first is.
func TestOrderOfImages(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 27))
		statements := randomStatements(random)
		given := slices.Clone(statements)
		ordered := selection.Order(statements)
		for i, a := range ordered {
			for _, b := range ordered[i+1:] {
				if before(b, a) {
					t.Fatalf("seed %d: %+v comes before\n%+v", seed, a, b)
				}
			}
		}
		random.Shuffle(len(statements), func(i, j int) { statements[i], statements[j] = statements[j], statements[i] })
		again := selection.Order(statements)
		for i := range again {
			if key(again[i]) != key(ordered[i]) {
				t.Fatalf("seed %d: %d is %+v or\n%+v", seed, i, ordered[i], again[i])
			}
		}
		slices.SortFunc(given, func(a, b image.Image) int { return strings.Compare(key(a)+a.Source, key(b)+b.Source) })
		slices.SortFunc(ordered, func(a, b image.Image) int { return strings.Compare(key(a)+a.Source, key(b)+b.Source) })
		for i := range given {
			if key(given[i]) != key(ordered[i]) {
				t.Fatalf("seed %d: %d images in, %d out", seed, len(given), len(ordered))
			}
		}
	}
}

func TestCompare(t *testing.T) {
	peVersion := func(agent string) func(*image.Image) {
		return func(i *image.Image) { i.Attributes = map[string]string{image.AttributePEVersion: agent} }
	}
	for name, test := range map[string]struct {
		a, b           image.Image
		want, template int
	}{
		"a time":                        {ami("a", created(1)), ami("b", created(2)), 1, 1},
		"no time":                       {ami("a", untimed, version("2")), ami("b", version("1")), -1, -1},
		"equal times":                   {ami("a", version("1.9")), ami("b", version("1.10")), -1, -1},
		"no times":                      {ami("a", untimed, version("1.10")), ami("b", untimed, version("1.9")), 1, 1},
		"nothing":                       {ami("a"), ami("b"), 0, 0},
		"words":                         {ami("a", version("1.0-lab")), ami("b", version("1.0-prod")), 0, 0},
		"two ways":                      {ami("a", byVersion, version("2")), ami("b", version("1")), 0, 0},
		"a version":                     {ami("a", byVersion, version("2"), created(9)), ami("b", byVersion, version("1"), created(1)), 1, 1},
		"a time of one version":         {ami("a", byVersion, version("2"), created(9)), ami("b", byVersion, version("2.0"), created(1)), -1, -1},
		"words, and times":              {ami("a", byVersion, version("1-lab"), created(9)), ami("b", byVersion, version("1-prod"), created(1)), 0, 0},
		"an agent":                      {ami("a", byVersion, version("2"), peVersion("4.6")), ami("b", byVersion, version("1"), peVersion("4.7")), 1, -1},
		"one agent":                     {ami("a", byVersion, version("2"), peVersion("4.7")), ami("b", byVersion, version("1"), peVersion("v4.7.0")), 1, 1},
		"agents of words":               {ami("a", byVersion, version("2"), peVersion("4.7-lab")), ami("b", byVersion, version("1"), peVersion("4.7-prod")), 1, 0},
		"no agent":                      {ami("a", byVersion, version("2")), ami("b", byVersion, version("1"), peVersion("4.7")), 1, 1},
		"no other agent":                {ami("a", byVersion, version("1"), peVersion("4.7")), ami("b", byVersion, version("2")), -1, -1},
		"agents where times come first": {ami("a", created(1), peVersion("4.6")), ami("b", created(2), peVersion("4.7")), 1, 1},
		"an agent of one way":           {ami("a", byVersion, peVersion("4.7")), ami("b", peVersion("4.6")), 0, 0},
	} {
		a, b := test.a, test.b
		if got, back := selection.Compare(&a, &b), selection.Compare(&b, &a); got != test.want || back != -got {
			t.Errorf("%s: got %d, and %d the other way round", name, got, back)
		}
		if got, back := templateOf().Compare(&a, &b), templateOf().Compare(&b, &a); got != test.template || back != -got {
			t.Errorf("%s, of a template: got %d, and %d the other way round", name, got, back)
		}
	}
}

// What a pack's rules say against an image that runs is about what the pack asks for, as
// far as its facts are known.
func TestAgainst(t *testing.T) {
	unknown := func(i *image.Image) { i.Architecture, i.KubernetesVersion, i.OS = "", "", image.OS{} }
	all := []string{"architecture", "kubernetesVersion", "os.name", "os.version"}
	sel := spec.Select{Architecture: "amd64", KubernetesVersion: "~1.30", OS: spec.OS{Name: "rhel", Version: "8"}}
	where := func(expression string) spec.Select { return spec.Select{Architecture: "amd64", Where: expression} }
	for name, test := range map[string]struct {
		sel    spec.Select
		img    image.Image
		untold []string
		want   string
	}{
		"nothing":                              {sel, ami("a"), nil, ""},
		"its state":                            {sel, ami("a", state(image.Gone, "x"), withheld("x"), func(i *image.Image) { i.DeprecatedAt, i.EndOfLifeAt, i.ExcludedFromLatest = ago(1), ago(1), true }), nil, ""},
		"two facts":                            {sel, ami("a", architecture("arm64"), system("ubuntu", "8")), nil, "architecture os.name"},
		"facts that are unknown":               {sel, ami("a", unknown), nil, "architecture os.name os.version kubernetesVersion"},
		"facts that none tells":                {sel, ami("a", unknown), all, ""},
		"an expression":                        {where(`image.owner == "me"`), ami("a"), nil, "where"},
		"an expression of what none tells":     {where(`image.os.name == "rhel"`), ami("a", unknown), all, ""},
		"an expression of what is told":        {where(`image.owner == "me" && image.os.name == "rhel"`), ami("a", unknown), all, "where"},
		"an expression that holds":             {where(`image.owner == "self"`), ami("a"), nil, ""},
		"an expression without an answer":      {where(`age > duration("1h")`), ami("a", untimed), nil, "where"},
		"a fact, and then not the expression":  {where(`image.owner == "me"`), ami("a", architecture("arm64")), nil, "architecture"},
		"an expression of a time, untold rest": {where(`image.createdAt < now`), ami("a"), all, ""},
	} {
		rule, err := selection.Compile(test.sel)
		if err != nil {
			t.Fatal(err)
		}
		var rules []string
		for _, reason := range rule.Against(&test.img, test.untold, now()) {
			rules = append(rules, reason.Rule)
			if reason.Reason == "" {
				t.Errorf("%s: no reason for %s", name, reason.Rule)
			}
		}
		if got := strings.Join(rules, " "); got != test.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestOnlyByState(t *testing.T) {
	late := func(i *image.Image) { i.DeprecatedAt, i.EndOfLifeAt, i.ExcludedFromLatest = ago(1), ago(1), true }
	outcome := apply(t, spec.Select{Architecture: "amd64"}, ami("a", state(image.Gone, ""), withheld("x"), late), ami("b", late, architecture("arm64")), ami("c", architecture("arm64")))
	got := map[string]bool{}
	for _, drop := range outcome.Dropped {
		got[drop.Image.ID] = drop.OnlyByState()
	}
	if diff := cmp.Diff(map[string]bool{"a": true, "b": false, "c": false}, got); diff != "" {
		t.Error(diff)
	}
}

// A short id stands for every image that has it as its end.
func TestShortIDs(t *testing.T) {
	const short = "galleries/g/images/i/versions/1.0.0"
	full := func(subscription string, changes ...func(*image.Image)) image.Image {
		return ami(short, append([]func(*image.Image){provider("azure"), func(i *image.Image) { i.FullID = "/subscriptions/" + subscription + "/" + short }}, changes...)...)
	}
	whole := func(img image.Image) image.Image {
		img.ID = img.FullID
		return img
	}
	for name, test := range map[string]struct {
		images []image.Image
		want   string
	}{
		"one":                        {[]image.Image{full("a")}, ""},
		"one, in two regions":        {[]image.Image{full("a", spans), full("a", spans, region("westus"))}, ""},
		"two":                        {[]image.Image{full("a"), full("b", created(9))}, "a b"},
		"two, of letters":            {[]image.Image{full("a"), full("B", created(9))}, "a B"},
		"another that does not fit":  {[]image.Image{full("a"), full("b", architecture("arm64"))}, "a b"},
		"another that is gone":       {[]image.Image{full("a"), full("b", state(image.Gone, ""))}, ""},
		"another, in two regions":    {[]image.Image{full("a"), full("b", created(9), spans), full("b", created(8), spans, region("westus"))}, "a b"},
		"another, by its whole id":   {[]image.Image{full("a"), whole(full("b", created(9)))}, "a b"},
		"a whole id, beside a short": {[]image.Image{whole(full("a")), full("b", created(9))}, ""},
		"another end":                {[]image.Image{full("a"), full("b", created(9), func(i *image.Image) { i.ID, i.FullID = "x"+i.ID, "/subscriptions/b/x"+i.ID })}, ""},
		"of another provider":        {[]image.Image{full("a"), full("b", created(9), provider("gcp"))}, ""},
	} {
		outcome := apply(t, spec.Select{Architecture: "amd64", Provider: "azure"}, test.images...)
		var subscriptions []string
		for _, img := range outcome.Alternatives {
			subscriptions = append(subscriptions, strings.Split(img.FullID, "/")[2])
		}
		if got := strings.Join(subscriptions, " "); got != test.want || (outcome.Pick == nil) != (test.want != "") {
			t.Errorf("%s: %s %q", name, outcome.Verdict, got)
		}
		said := says(outcome)
		if test.want != "" && (!strings.Contains(said, "pack p: "+short+" is short for 2 images\n/subscriptions/a/"+short) || !strings.Contains(said, "\nset idForm: full at the source")) {
			t.Errorf("%s: %s", name, said)
		}
	}
}
