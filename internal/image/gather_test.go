package image_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

func day(d int) *time.Time {
	t := time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC)
	return &t
}

// says reads a statement: words for evidence, state, offer, age of the statement and
// facts. Source a speaks first in each pair, whatever its words are.
func says(source, words string) image.Image {
	img := image.Image{ID: "ami-1", Provider: "aws", Region: "us-east-1", Source: source}
	for word := range strings.FieldsSeq(words) {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "azure":
			img.Provider = "azure"
		case "asked":
			img.Evidence = image.Asked
		case "recorded":
			img.Evidence = image.Recorded
		case "available", "pending", "failed", "disabled", "gone", "unusable":
			img.State = image.State(key)
		case "because":
			img.StateReason = value
		case "withheld":
			img.Withheld = "not ours"
		case "older":
			img.ObservedAt = day(1)
		case "newer":
			img.ObservedAt = day(2)
		case "os":
			img.OS.Name, img.OS.Version, _ = strings.Cut(value, "/")
		case "arch":
			img.Architecture = value
		case "created":
			img.CreatedAt = day(len(value))
		case "owner":
			img.Owner = value
		case "by":
			img.NewestBy = image.NewestBy(value)
		case "tag":
			img.Tags = map[string]string{"t": value}
		default:
			panic(word)
		}
	}
	return img
}

// shown writes what the table compares.
func shown(img *image.Image, merge image.Merge) string {
	words := []string{string(img.State)}
	if img.State == "" {
		words[0] = "unknown"
	}
	if img.StateReason != "" {
		words = append(words, "because="+img.StateReason)
	}
	if img.Withheld != "" {
		words = append(words, "withheld")
	}
	if img.OS != (image.OS{}) {
		words = append(words, "os="+img.OS.Name+"/"+img.OS.Version)
	}
	if img.Architecture != "" {
		words = append(words, "arch="+img.Architecture)
	}
	if img.CreatedAt != nil {
		words = append(words, fmt.Sprintf("created=%d", img.CreatedAt.Day()))
	}
	if img.Owner != "" {
		words = append(words, "owner="+img.Owner)
	}
	if img.NewestBy != "" {
		words = append(words, "by="+string(img.NewestBy))
	}
	if tag, ok := img.Tags["t"]; ok {
		words = append(words, "tag="+tag)
	}
	if len(merge.Contradictions) > 0 {
		words = append(words, fmt.Sprintf("contradictions=%d", len(merge.Contradictions)))
	}
	return strings.Join(words, " ")
}

// TestMergeRules is the table of docs/selection.md: two statements on one image, and
// what is believed, whichever comes first and whichever source's name sorts first.
func TestMergeRules(t *testing.T) {
	for _, rule := range []struct{ one, other, want string }{
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
		{"", "", "unknown"},
		// An offer of one source is enough, and who withholds says nothing of the image.
		{"asked available withheld", "asked available", "available"},
		{"asked available", "recorded withheld", "available"},
		{"asked available withheld", "recorded", "available"},
		{"asked withheld", "recorded withheld", "unknown withheld"},
		{"asked gone withheld", "asked available", "gone because=X"},
		// Facts: asked before recorded, newer before older, gaps are filled.
		{"asked os=rhel/8.8", "recorded os=ubuntu/22.04", "unknown os=rhel/8.8 contradictions=1"},
		{"asked", "recorded os=ubuntu/22.04", "unknown os=ubuntu/22.04"},
		{"recorded older os=rhel/8.8", "recorded newer os=rhel/9.4", "unknown os=rhel/9.4 contradictions=1"},
		{"asked withheld os=rhel/8.8", "recorded os=ubuntu/22.04", "unknown os=rhel/8.8 contradictions=1"},
		// An AMI is as old as the first says who knows: EC2 has the time of a copy.
		{"asked created=xxx", "recorded created=x", "unknown created=1"},
		{"asked created=x", "recorded created=xxx", "unknown created=1"},
		{"recorded os=rhel/8.8", "recorded os=rhel/8.8", "unknown os=rhel/8.8"},
		{"asked arch=amd64", "recorded arch=arm64", "unknown arch=amd64 contradictions=1"},
		{"azure asked created=12345", "azure recorded created=1", "unknown created=5"}, // a name that is used once more
		{"asked tag=a", "recorded tag=b", "unknown tag=a contradictions=1"},
		// A version belongs to the name beside it.
		{"asked os=rhel", "recorded os=rhel/8.8", "unknown os=rhel/8.8"},
		{"asked os=rhel", "recorded os=ubuntu/22.04", "unknown os=rhel/ contradictions=1"},
		{"recorded os=rhel", "recorded os=/22.04", "unknown os=rhel/"},
		{"recorded os=rhel/8", "recorded os=rhel/8.8", "unknown os=rhel/8.8"},
		// What two of one worth do not agree on is not known; a time is the earlier.
		{"recorded os=rhel/8.8", "recorded os=ubuntu/22.04", "unknown contradictions=1"},
		{"recorded os=rhel/8.8", "recorded os=rhel/9.4", "unknown os=rhel/ contradictions=1"},
		{"asked arch=amd64", "asked arch=arm64", "unknown contradictions=1"},
		{"asked tag=a", "asked tag=b", "unknown contradictions=1"},
		{"asked tag=prod", "asked tag=prod.eu", "unknown contradictions=1"},
		{"recorded created=12", "recorded created=123", "unknown created=2"},
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
	} {
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

func TestGather(t *testing.T) {
	azure := func(id, region, source string) image.Image {
		return image.Image{ID: id, Provider: "azure", Region: region, Source: source, SpansRegions: true}
	}
	oci := func(arch, digest, source string) image.Image {
		return image.Image{ID: "r/os:1", Provider: "oci", Region: "global", Architecture: arch, Digest: digest, Source: source}
	}
	refused := func(img image.Image) image.Image {
		img.Evidence, img.State = image.Asked, image.Gone
		return img
	}
	asked := func(img image.Image) image.Image {
		img.Evidence, img.State = image.Asked, image.Available
		return img
	}
	build := func(source string, on int, run, digest string) image.Image {
		return image.Image{
			ID: "/dc/vm/t", Provider: "vsphere", Source: source, Evidence: image.Recorded, ObservedAt: day(on), Digest: digest,
			Reference: &image.Reference{Kind: "packer-run-uuid", Value: run},
		}
	}
	short := azure("/images/a", "westus", "two")
	short.FullID = "/subscriptions/2/images/a"
	shortToo := short
	shortToo.FullID, shortToo.Source = "/subscriptions/1/images/a", "one"
	gone := image.Image{ID: "ami-1", Provider: "aws", Region: "us-east-1", Source: "aws", Evidence: image.Asked, State: image.Gone}
	recordedGone := gone
	recordedGone.Evidence = image.Recorded
	manifest := image.Image{ID: "ami-1", Provider: "aws", Region: "us-east-1", Source: "manifest", OS: image.OS{Name: "rhel"}}
	recordedGoneHere := recordedGone
	recordedGoneHere.Source = "manifest"
	old := gone
	old.State, old.DeprecatedAt = image.Available, day(1)
	available := func(img image.Image) image.Image {
		img.State = image.Available
		return img
	}
	for name, test := range map[string]struct {
		statements []image.Image
		sources    []string
		want       []string // "id region arch digest state deprecated by sources"
	}{
		"letter case": {
			statements: []image.Image{azure("/Subscriptions/A", "West US 2", "a"), azure("/subscriptions/a", "westus2", "b")},
			want:       []string{"/Subscriptions/A West US 2 by a, b"},
		},
		"forms of a gallery version's id": {
			statements: []image.Image{azure("/galleries/g/images/i/versions/1", "westus", "a"), azure("/locations/eastus/galleries/g/images/i/imageVersions/1", "westus", "b")},
			want:       []string{"/galleries/g/images/i/versions/1 westus by a, b"},
		},
		"letter case of another provider": {
			statements: []image.Image{{ID: "AMI-1", Provider: "aws", Region: "r", Source: "a"}, {ID: "ami-1", Provider: "aws", Region: "r", Source: "b"}},
			want:       []string{"AMI-1 r by a", "ami-1 r by b"},
		},
		"one short id of two subscriptions": {
			statements: []image.Image{short, shortToo},
			want:       []string{"/images/a westus by one", "/images/a westus by two"},
		},
		"a state in each region": {
			statements: []image.Image{azure("/v/1", "westus", "a"), azure("/v/1", "eastus", "a")},
			want:       []string{"/v/1 eastus by a", "/v/1 westus by a"},
		},
		"a record without a region is of every region": {
			statements: []image.Image{azure("/v/1", "westus", "a"), azure("/v/1", "eastus", "a"), azure("/v/1", "", "b")},
			want:       []string{"/v/1 eastus by a, b", "/v/1 westus by a, b"},
		},
		"a record without a region alone": {
			statements: []image.Image{azure("/v/1", "", "a"), azure("/v/1", "", "b")},
			want:       []string{"/v/1 by a, b"},
		},
		"artifacts without an id": {
			statements: []image.Image{{Name: "x", Source: "a"}, {Name: "y", Source: "a"}},
			want:       []string{" by a", " by a"},
		},
		"architectures of one reference": {
			statements: []image.Image{oci("amd64", "d1", "a"), oci("arm64", "d1", "a"), oci("amd64", "d1", "b")},
			want:       []string{"r/os:1 global amd64 d1 by a, b", "r/os:1 global arm64 d1 by a"},
		},
		"digests of one reference": {
			statements: []image.Image{oci("amd64", "d1", "a"), oci("amd64", "d2", "b")},
			want:       []string{"r/os:1 global amd64 d1 by a", "r/os:1 global amd64 d2 by b"},
		},
		"a reference of which little is known": {
			statements: []image.Image{oci("amd64", "d1", "a"), oci("arm64", "d1", "a"), oci("", "", "b"), oci("arm64", "", "c")},
			want:       []string{"r/os:1 global amd64 d1 by a, b", "r/os:1 global arm64 d1 by a, b, c"},
		},
		"two sources on one AMI's architecture": {
			statements: []image.Image{
				{ID: "ami-1", Provider: "aws", Architecture: "amd64", Source: "a", Evidence: image.Asked}, {ID: "ami-1", Provider: "aws", Architecture: "arm64", Source: "b"},
			},
			want: []string{"ami-1 amd64 by a, b"},
		},
		"two sources on one OpenStack image's architecture": {
			statements: []image.Image{
				{ID: "uuid", Provider: "openstack", Architecture: "amd64", Source: "a", Evidence: image.Asked}, {ID: "uuid", Provider: "openstack", Architecture: "arm64", Source: "b"},
			},
			want: []string{"uuid amd64 by a, b"},
		},
		"another source was told that it is gone": {
			statements: []image.Image{manifest, gone}, sources: []string{"manifest"},
			want: []string{"ami-1 us-east-1 gone by manifest"},
		},
		"another source has a record that it is gone": {
			statements: []image.Image{manifest, recordedGone}, sources: []string{"manifest"},
			want: []string{"ami-1 us-east-1 by manifest"},
		},
		"another source was told that another architecture or digest is gone": {
			statements: []image.Image{oci("amd64", "d2", "a"), refused(oci("arm64", "d2", "b")), refused(oci("amd64", "d1", "b"))}, sources: []string{"a"},
			want: []string{"r/os:1 global amd64 d2 by a"},
		},
		"another source was told that the architecture is gone": {
			statements: []image.Image{oci("amd64", "d2", "a"), oci("arm64", "d2", "a"), refused(oci("arm64", "", "b"))}, sources: []string{"a"},
			want: []string{"r/os:1 global amd64 d2 by a", "r/os:1 global arm64 d2 gone by a"},
		},
		"a template that was built again": {
			statements: []image.Image{build("v", 1, "1", "9"), build("w", 2, "2", "")},
			want:       []string{"/dc/vm/t by w"},
		},
		"two records of one build": {
			statements: []image.Image{build("v", 1, "1", "9"), build("w", 2, "1", "")},
			want:       []string{"/dc/vm/t 9 by v, w"},
		},
		"another source was told that it is not good in one region": {
			statements: []image.Image{azure("/v/1", "", "manifest"), refused(azure("/v/1", "eastus", "a")), asked(azure("/v/1", "westus", "a"))}, sources: []string{"manifest"},
			want: []string{"/v/1 by manifest"},
		},
		"another source was told that it is good in no region": {
			statements: []image.Image{azure("/v/1", "", "manifest"), refused(azure("/v/1", "eastus", "a")), refused(azure("/v/1", "westus", "a"))}, sources: []string{"manifest"},
			want: []string{"/v/1 gone by manifest"},
		},
		"another source was told that it is deprecated": {
			statements: []image.Image{available(manifest), old}, sources: []string{"manifest"},
			want: []string{"ami-1 us-east-1 available deprecated by manifest"},
		},
		"another source does not say that it is no more": {
			statements: []image.Image{recordedGoneHere, old}, sources: []string{"manifest"},
			want: []string{"ami-1 us-east-1 gone deprecated by manifest"},
		},
		"a region that is only blanks": {
			statements: []image.Image{{ID: "ami-1", Provider: "aws", Region: " ", Source: "a"}},
			want:       []string{"ami-1   by a"},
		},
		"another source's images": {
			statements: []image.Image{manifest, gone}, sources: []string{"other"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				images, _ := image.Gather(test.statements, test.sources)
				var got []string
				for _, img := range images {
					words := slices.DeleteFunc([]string{img.ID, img.Region, img.Architecture, img.Digest, string(img.State), deprecated(img)}, func(s string) bool { return s == "" })
					got = append(got, strings.Join(words, " ")+" by "+bySources(img, test.statements, test.sources))
				}
				slices.Sort(got)
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
				slices.Reverse(test.statements)
			}
		})
	}
}

func deprecated(img *image.Image) string {
	if img.DeprecatedAt == nil {
		return ""
	}
	return "deprecated"
}

// bySources asks Gather's own account of who found an image.
func bySources(img *image.Image, statements []image.Image, sources []string) string {
	_, merges := image.Gather(statements, sources)
	for _, merge := range merges {
		if merge.ID == img.ID && merge.Region == img.Region && merge.Architecture == img.Architecture {
			return strings.Join(merge.Sources, ", ")
		}
	}
	return img.Source
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
			}
		}
		whole.Source, short.Source = "z", "a"
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
		"no order": {"tag=", "tag=x", `tags.t: source a says "", source b says "x"; none is believed, so it is not known`},
	} {
		_, merges := image.Gather([]image.Image{says("a", test.one), says("b", test.other)}, nil)
		if diff := cmp.Diff([]string{test.want}, merges[0].Contradictions); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestGatherDoesNotChangeItsInput(t *testing.T) {
	statements := []image.Image{says("a", "asked os=rhel/8 tag=x"), says("b", "recorded os=rhel/8.8 tag=y"), says("c", "gone")}
	before, _ := json.Marshal(statements)
	image.Gather(statements, []string{"a", "b"})
	if after, _ := json.Marshal(statements); string(after) != string(before) {
		t.Errorf("got %s", after)
	}
}

// TestCopiesAreAsOldAsTheirBuild: Image Builder lists a distribution as a build of its
// own, and what that is a copy of another source knows.
func TestCopiesAreAsOldAsTheirBuild(t *testing.T) {
	listed := func(id, build string, at int) image.Image {
		return image.Image{
			ID: id, Provider: "aws", Region: "us-east-1", Source: "pipeline", CreatedAt: day(at), Withheld: "could not be checked",
			Reference: &image.Reference{Kind: "arn", Value: "arn:aws:imagebuilder:us-east-1:1:image/golden/1.0.0/" + build},
		}
	}
	seen := func(id string, at int, attributes ...string) image.Image {
		img := image.Image{ID: id, Provider: "aws", Region: "us-east-1", Source: "account", Evidence: image.Asked, CreatedAt: day(at), Attributes: map[string]string{}}
		for i := 0; i < len(attributes); i += 2 {
			img.Attributes[attributes[i]] = attributes[i+1]
		}
		return img
	}
	statements := []image.Image{
		listed("ami-4", "4", 21), seen("ami-4", 22, "sourceImageId", "ami-3"),
		listed("ami-3", "3", 20), seen("ami-3", 20, "sourceImageId", "ami-1"),
		listed("ami-5", "5", 23), seen("ami-5", 23, "sourceImageId", "ami-1", "sourceInstanceId", "i-1"),
		listed("ami-6", "6", 24), seen("ami-6", 24, "sourceImageId", "ami-99"),
		listed("ami-7", "1", 2), seen("ami-7", 3, "sourceImageId", "ami-1"),
		seen("ami-8", 25, "sourceImageId", "ami-1"),
		listed("ami-1", "1", 1),
	}
	images, _ := image.Gather(statements, nil)
	got := map[string]int{}
	for _, img := range images {
		got[img.ID] = img.CreatedAt.Day()
	}
	want := map[string]int{"ami-1": 1, "ami-3": 1, "ami-4": 1, "ami-5": 23, "ami-6": 24, "ami-7": 2, "ami-8": 25}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if statements[2].CreatedAt.Day() != 20 || statements[3].CreatedAt.Day() != 20 {
		t.Error("the input was changed")
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
