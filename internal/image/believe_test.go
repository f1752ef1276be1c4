package image_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

type mergeRule struct {
	one, other, want string
}

// TestMergeRules is the table of docs/selection.md: two statements on one image, and
// what is believed, whichever comes first and whichever source's name sorts first.
func TestMergeRules(t *testing.T) {
	followRules(t, []mergeRule{
		// State: asked before recorded.
		{"asked available", "recorded gone", "available"},
		{"asked available", "recorded pending newer", "available"},
		{"asked gone", "recorded available newer", "gone because=X"},
		{"asked pending", "recorded available", "pending because=X"},
		{"asked available", "available", "available"},
		{"asked available", "gone", "available"},
		// Among the asked, what speaks against the image; gone whenever it was said.
		{"asked available", "asked gone", "gone because=X"},
		{"asked available newer", "asked gone older", "gone because=X"},
		{"asked available", "asked pending", "pending because=X"},
		{"asked available newer", "asked pending older", "available"},
		{"asked available", "asked pending older", "available"},
		{"asked failed", "asked gone", "gone because=X"},
		{"asked available", "asked", "available"},
		// Among records, the newer; of one date, what speaks against the image.
		{"recorded gone older", "recorded available newer", "available"},
		{"recorded available older", "recorded gone newer", "gone because=X"},
		{"recorded available", "recorded gone", "gone because=X"},
		{"recorded available", "recorded gone newer", "gone because=X"},
		{"available", "gone", "gone because=X"},
		{"recorded pending older", "recorded newer", "pending because=X"},
		// Not known is no word for or against, unless the service was asked.
		{"asked", "recorded available", "available"},
		{"asked because=unsaid", "recorded available", "unknown because=unsaid"},
		{"asked because=unsaid", "recorded gone", "gone because=X"},
		{"asked because=unsaid", "asked available", "available"},
		{"recorded because=unsaid", "recorded", "unknown because=unsaid"},
		{"recorded because=unsaid", "recorded available", "available"},
		{"", "", "unknown"},
		// An offer of one source is enough, and who withholds says nothing of the image.
		{"asked available withheld", "asked available", "available"},
		{"asked available", "recorded withheld", "available"},
		{"asked available withheld", "recorded", "available"},
		{"asked withheld", "recorded withheld", "unknown withheld"},
		{"asked gone withheld", "asked available", "gone because=X"},
	})
}

// Of two services that were asked, as of two records, the one counts that says more against
// the image.
func TestMergeRulesOfStates(t *testing.T) {
	var rules []mergeRule
	states := []string{"available", "pending", "disabled", "failed", "unusable", "gone"}
	for worse, state := range states {
		for _, better := range states[:worse] {
			for _, evidence := range []string{"asked ", "recorded "} {
				rules = append(rules, mergeRule{evidence + state, evidence + better, state + " because=X"})
			}
		}
	}
	followRules(t, rules)
}

func TestMergeRulesOfFacts(t *testing.T) {
	followRules(t, []mergeRule{
		// Facts: asked before recorded, newer before older, gaps are filled.
		{"asked os=rhel/8.8", "recorded os=ubuntu/22.04", "unknown os=rhel/8.8 contradictions=1"},
		{"asked", "recorded os=ubuntu/22.04", "unknown os=ubuntu/22.04"},
		{"recorded older os=rhel/8.8", "recorded newer os=rhel/9.4", "unknown os=rhel/9.4 contradictions=1"},
		{"asked withheld os=rhel/8.8", "recorded os=ubuntu/22.04", "unknown os=rhel/8.8 contradictions=1"},
		// An AMI is as old as the first says who knows: EC2 has the time of a copy.
		{"asked created=xxx", "recorded created=x", "unknown created=1"},
		{"asked created=x", "recorded created=xxx", "unknown created=1"},
		{"AWS asked created=xxx", "AWS recorded created=x", "unknown created=1"},
		{"recorded os=rhel/8.8", "recorded os=rhel/8.8", "unknown os=rhel/8.8"},
		{"asked arch=amd64", "recorded arch=arm64", "unknown arch=amd64 contradictions=1"},
		{"azure asked created=12345", "azure recorded created=1", "unknown created=5"}, // a name that is used once more
		{"asked tag=a", "recorded tag=b", "unknown tag=a contradictions=1"},
		// A version belongs to the name beside it.
		{"asked os=rhel", "recorded os=rhel/8.8", "unknown os=rhel/8.8"},
		{"asked os=RHEL", "recorded os=rhel/8.8", "unknown os=RHEL/8.8 contradictions=1"},
		{"asked os=rhel", "recorded os=ubuntu/22.04", "unknown os=rhel/ contradictions=1"},
		{"recorded os=rhel", "recorded os=/22.04", "unknown os=rhel/"},
		{"recorded os=rhel/8", "recorded os=rhel/8.8", "unknown os=rhel/8.8"},
		{"recorded os=/8", "recorded", "unknown os=/8"},
		// What two of one worth do not agree on is not known; a time is the earlier.
		{"recorded os=rhel/8.8", "recorded os=ubuntu/22.04", "unknown contradictions=1"},
		{"recorded os=rhel/8.8", "recorded os=rhel/9.4", "unknown os=rhel/ contradictions=1"},
		{"asked arch=amd64", "asked arch=arm64", "unknown contradictions=1"},
		{"asked tag=a", "asked tag=b", "unknown contradictions=1"},
		{"asked tag=prod", "asked tag=prod.eu", "unknown contradictions=1"},
		{"recorded created=12", "recorded created=123", "unknown created=2"},
		{"asked deprecated=12 end=12", "recorded deprecated=1 end=123", "unknown deprecated=2 end=2"},
		// A version says more of another one, and a text does not.
		{"asked os=rhel/8", "recorded os=rhel/8.8", "unknown os=rhel/8"},
		{"asked os=rhel/8.8", "recorded os=rhel/8", "unknown os=rhel/8.8"},
		{"asked os=rhel/8", "recorded os=rhel/88", "unknown os=rhel/8 contradictions=1"},
		{"recorded k8s=1.30.4", "recorded k8s=1.30.4+rke2r1", "unknown k8s=1.30.4+rke2r1"},
		{"recorded k8s=1.30", "recorded k8s=1.30.4", "unknown k8s=1.30.4"},
		{"recorded k8s=1.30", "recorded k8s=1.30-4", "unknown contradictions=1"},
		{"recorded version=1", "recorded version=1.2", "unknown version=1.2"},
		{"recorded version=1", "recorded version=.1", "unknown contradictions=1"},
		// "self" is asked of a source that offers the image.
		{"asked owner=self", "asked owner=111", "unknown owner=self"},
		{"asked owner=self withheld", "asked owner=111", "unknown owner=111"},
		{"recorded owner=self", "asked owner=111", "unknown owner=111"},
		{"recorded owner=self", "asked owner=111 withheld", "unknown owner=111"},
		{"recorded owner=self", "asked", "unknown owner=self"},
		{"recorded owner=self", "asked owner=self withheld", "unknown owner=self"},
		{"asked owner=amazon", "asked owner=111", "unknown contradictions=1"},
		{"asked owner=amazon", "recorded owner=111", "unknown owner=amazon contradictions=1"},
		// Who puts the version first was told to.
		{"asked by=version", "recorded", "unknown by=version"},
		{"asked", "recorded by=version", "unknown by=version"},
	})
}

func followRules(t *testing.T, rules []mergeRule) {
	t.Helper()
	for _, rule := range rules {
		t.Run(rule.one+" and "+rule.other, func(t *testing.T) {
			for _, names := range [][2]string{{"a", "b"}, {"b", "a"}} {
				pair := []image.Image{says(names[0], rule.one), says(names[1], rule.other)}
				for range 2 {
					images, merges := image.Gather(pair, nil)
					if len(images) != 1 || len(merges) != 1 {
						t.Fatalf("%d images, %d merges", len(images), len(merges))
					}
					got := shown(images[0], merges[0])
					for _, name := range names {
						got = strings.ReplaceAll(got, "because=says source "+name, "because=X")
					}
					want := rule.want
					if !strings.Contains(got, "because") { // the one that says so has the image
						want = strings.ReplaceAll(want, " because=X", "")
					}
					if got != want {
						t.Errorf("%v: got %q, want %q", names, got, want)
					}
					slices.Reverse(pair)
				}
			}
		})
	}
}

// Each fact that another source told says so, and what is withheld is told.
func TestMergeTellsWhoSaidWhat(t *testing.T) {
	manifest := says("manifest", "recorded os=rhel/8.8 tag=x withheld")
	manifest.Name, manifest.Reference = "build", &image.Reference{Kind: "packer-run-uuid", Value: "u"}
	manifest.Provenance = map[string]image.Provenance{"os.name": {From: "custom_data", Key: "distro"}}
	cloud := says("cloud", "asked available arch=amd64 os=rhel")
	cloud.Name, cloud.Reference = "ami", &image.Reference{Kind: "url", Value: "https://example.com"}
	images, merges := image.Gather([]image.Image{manifest, cloud, manifest}, nil)
	want := map[string]image.Provenance{
		"os.version": {Source: "manifest"}, "tags.t": {Source: "manifest"}, "reference": {Source: "manifest"},
	}
	if diff := cmp.Diff(want, images[0].Provenance); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if images[0].Name != "ami" || images[0].Source != "cloud" || images[0].Evidence != image.Asked || images[0].Reference.Value != "u" {
		t.Errorf("got %+v", images[0])
	}
	if diff := cmp.Diff([]string{"source manifest withholds it: not ours"}, merges[0].Withheld); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Which of two spellings an image goes by is not the affair of its sources' names.
func TestSpellingOfTwoSources(t *testing.T) {
	whole := image.Image{ID: "/subscriptions/1/images/a", Provider: "azure", Region: "westus", Source: "a"}
	short := image.Image{ID: "/images/a", FullID: whole.ID, Provider: "azure", Region: "westus", Source: "b"}
	for range 2 {
		for _, pair := range [][]image.Image{{whole, short}, {short, whole}} {
			if images, _ := image.Gather(pair, nil); len(images) != 1 || images[0].ID != whole.ID {
				t.Errorf("got %d, %s", len(images), images[0].ID)
			} else if images[0].FullID != whole.ID {
				t.Errorf("got %q for the whole id", images[0].FullID)
			}
		}
		whole.Source, short.Source = "z", "a"
	}
	// Nor do those that are worth less decide.
	for name, less := range map[string]func(*image.Image){
		"a record": func(i *image.Image) { i.Evidence = image.Recorded }, "one that is withheld": func(i *image.Image) { i.Withheld = "not ours" },
	} {
		whole, short := whole, short
		whole.Evidence, short.Evidence = image.Asked, image.Asked
		less(&whole)
		if images, _ := image.Gather([]image.Image{whole, short}, nil); images[0].ID != short.ID {
			t.Errorf("%s: got %s", name, images[0].ID)
		}
	}
}

// Azure's services spell the names in an id as they please, and VM Image Builder as its
// template does: a name in another letter case is no other name.
func TestNamesThatFoldCase(t *testing.T) {
	one := image.Image{
		ID: "/subscriptions/AA/images/D", Provider: "azure", Region: "westus", Source: "a", Evidence: image.Asked, Name: "Def", OwnerID: "AA",
		Attributes: map[string]string{"definition": "Def"}, Tags: map[string]string{"stage": "Prod"},
	}
	other := one
	other.Source, other.Name, other.OwnerID = "b", "def", "aa"
	other.Attributes, other.Tags = map[string]string{"definition": "def"}, map[string]string{"stage": "prod"}
	for range 2 {
		for _, pair := range [][]image.Image{{one, other}, {other, one}} {
			images, merges := image.Gather(pair, nil)
			got := images[0]
			if got.Name != "Def" || got.OwnerID != "AA" || got.Attributes["definition"] != "Def" {
				t.Errorf("got name %q, owner %q, %v", got.Name, got.OwnerID, got.Attributes)
			}
			if told := merges[0].Contradictions; len(told) != 1 || !strings.HasPrefix(told[0], "tags.stage: ") {
				t.Errorf("told %q", told)
			}
		}
		one.Source, other.Source = "z", "a"
	}
	// The spelling is that of who knows best.
	other.Evidence = image.Recorded
	one.Name, other.Name = other.Name, one.Name
	if images, _ := image.Gather([]image.Image{other, one}, nil); images[0].Name != "def" {
		t.Errorf("got name %q", images[0].Name)
	}
}

// What the image's own source says, too, is from there.
func TestOwnSourceIsNotNamed(t *testing.T) {
	one, other := says("b", "asked os=rhel/8.8 arch=amd64"), says("a", "asked os=rhel/8.8 arch=amd64 withheld")
	images, _ := image.Gather([]image.Image{one, other}, nil)
	if images[0].Source != "b" || images[0].Provenance != nil {
		t.Errorf("got %s, %v", images[0].Source, images[0].Provenance)
	}
}

func TestContradictionsAreInWords(t *testing.T) {
	for name, test := range map[string]struct{ one, other, want string }{
		"asked":    {"asked arch=amd64", "recorded arch=arm64", `architecture: source a says "amd64", source b says "arm64"; a is believed, as its service was asked`},
		"newer":    {"older arch=amd64", "newer arch=arm64", `architecture: source b says "arm64", source a says "amd64"; b is believed, as its record is newer`},
		"no word":  {"asked arch=amd64", "asked arch=arm64", `architecture: source a says "amd64", source b says "arm64"; none is believed, so it is not known`},
		"no order": {"tag=", "tag=x", `tags.t: source a says "", source b says "x"; none is believed, so it is not known`},
	} {
		_, merges := image.Gather([]image.Image{says("a", test.one), says("b", test.other)}, nil)
		if diff := cmp.Diff([]string{test.want}, merges[0].Contradictions); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// What was not read of a tag never stands beside what was: its name may say anything.
func TestNameOfATagIsNoPartOfIt(t *testing.T) {
	tag := func(source, architecture, digest string) image.Image {
		return image.Image{ID: "r/os:a", Provider: "oci", Region: image.GlobalRegion, Source: source, Architecture: architecture, Digest: digest, Evidence: image.Asked}
	}
	for name, tc := range map[string]struct {
		said []image.Image
		want []string
	}{
		"another architecture":  {[]image.Image{tag("a", "amd64", ""), tag("b", "arm64", "d1")}, []string{"arm64 d1"}},
		"one of two":            {[]image.Image{tag("a", "amd64", ""), tag("b", "arm64", "d1"), tag("b", "amd64", "d1")}, []string{"amd64 d1", "arm64 d1"}},
		"no architecture":       {[]image.Image{tag("a", "", ""), tag("b", "arm64", "d1")}, []string{"arm64 d1"}},
		"one that is not known": {[]image.Image{tag("a", "amd64", ""), tag("b", "", "d1")}, []string{"amd64 d1"}},
		"nothing was read":      {[]image.Image{tag("a", "amd64", ""), tag("b", "arm64", "")}, []string{"amd64 ", "arm64 "}},
	} {
		for range 2 {
			slices.Reverse(tc.said)
			images, _ := image.Gather(tc.said, nil)
			var got []string
			for _, img := range images {
				got = append(got, img.Architecture+" "+img.Digest)
			}
			slices.Sort(got)
			if !slices.Equal(got, tc.want) {
				t.Errorf("%s: %q", name, got)
			}
		}
	}
}
