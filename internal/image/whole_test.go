package image_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

type wholeMerge struct {
	said  []image.Image
	want  image.Image
	merge image.Merge
}

// with is a statement in words, and what there are no words for.
func with(source, words string, change func(*image.Image)) image.Image {
	img := says(source, words)
	change(&img)
	return img
}

// from says for each field, as "source field", which source told it.
func from(names ...string) map[string]image.Provenance {
	all := map[string]image.Provenance{}
	for _, name := range names {
		source, field, _ := strings.Cut(name, " ")
		all[field] = image.Provenance{Source: source}
	}
	return all
}

// checkWhole merges statements, and looks at all that comes of them.
func checkWhole(t *testing.T, cases map[string]wholeMerge) {
	t.Helper()
	for name, tt := range cases {
		t.Run(name, tt.check)
	}
}

func TestWholeImage(t *testing.T) {
	ref := &image.Reference{Kind: "url", Value: "u"}
	checkWhole(t, map[string]wholeMerge{
		"what each knows": {
			[]image.Image{
				with("a", "region=", func(i *image.Image) { i.Name = "n" }),
				with("b", "created=12 deprecated=1 end=1 owner=self", func(i *image.Image) { i.SpansRegions, i.Reference = true, ref }),
				with("c", "gone arch=arm64", func(i *image.Image) {
					i.Public, i.Digest, i.OwnerID, i.Attributes = true, "d", "o", map[string]string{"k": "", "l": "m"}
				}),
			},
			with("a", "gone arch=arm64 created=12 deprecated=1 end=1 owner=self because=says", func(i *image.Image) {
				i.Name, i.Public, i.SpansRegions, i.Reference, i.Digest, i.OwnerID = "n", true, true, ref, "d", "o"
				i.Attributes, i.StateReason = map[string]string{"k": "", "l": "m"}, "says source c"
				i.Provenance = from("c architecture", "c digest", "c ownerId", "c attributes.k", "c attributes.l", "c state",
					"b createdAt", "b deprecatedAt", "b endOfLifeAt", "b owner", "b reference")
			}),
			image.Merge{ID: "ami-1", Region: "us-east-1", Architecture: "arm64", Sources: []string{"a", "b", "c"}},
		},
		"what the lead has is from it": {
			[]image.Image{
				with("a", "asked withheld newer os=rhel/8 arch=amd64 tag=x", func(i *image.Image) { i.Public, i.Provenance = true, from("x os.name", "x architecture") }),
				with("b", "asked newer os=rhel/8 arch=amd64 tag=x", func(i *image.Image) { i.Provenance = from("y os.name", "y version", "y createdAt") }),
				says("c", "asked newer os=rhel/8 arch=amd64 tag=x created=1"),
				says("b", "recorded older version=1 gone"),
			},
			with("b", "asked newer os=rhel/8 arch=amd64 tag=x created=1 gone version=1", func(i *image.Image) {
				i.Public, i.Provenance = true, from("y os.name", "c createdAt")
			}),
			image.Merge{ID: "ami-1", Region: "us-east-1", Architecture: "amd64", Sources: []string{"a", "b", "c"}, Withheld: []string{"source a withholds it: not ours"}},
		},
		"who knows best": {
			[]image.Image{
				with("a", "asked withheld arch=amd64", func(i *image.Image) { i.Name, i.Attributes = "m", map[string]string{"a": "x"} }),
				with("b", "recorded arch=amd64", func(i *image.Image) { i.Name, i.Attributes = "n", map[string]string{"a": "X"} }),
			},
			with("b", "asked arch=amd64", func(i *image.Image) {
				i.Name, i.Attributes, i.Provenance = "m", map[string]string{"a": "x"}, from("a name", "a architecture", "a attributes.a", "a state")
			}),
			image.Merge{
				ID: "ami-1", Region: "us-east-1", Architecture: "amd64", Sources: []string{"a", "b"}, Withheld: []string{"source a withholds it: not ours"},
				Contradictions: []string{`attributes.a: source a says "x", source b says "X"; a is believed, as its service was asked`},
			},
		},
	})
}

func TestWholeImageThatNobodyKnows(t *testing.T) {
	checkWhole(t, map[string]wholeMerge{
		"what nobody knows is from nobody": {
			[]image.Image{
				with("a", "asked newer tag=x arch=amd64", func(i *image.Image) {
					i.Provenance, i.Attributes = from("y tags.t", "y architecture"), map[string]string{"a": "1", "b": "2"}
				}),
				with("b", "asked newer tag=y", func(i *image.Image) { i.Attributes = map[string]string{"a": "2", "b": "2"} }),
			},
			with("a", "asked newer arch=amd64", func(i *image.Image) {
				i.Provenance, i.Attributes = from("y architecture"), map[string]string{"b": "2"}
			}),
			image.Merge{
				ID: "ami-1", Region: "us-east-1", Architecture: "amd64", Sources: []string{"a", "b"}, Contradictions: []string{
					`tags.t: source a says "x", source b says "y"; none is believed, so it is not known`,
					`attributes.a: source a says "1", source b says "2"; none is believed, so it is not known`,
				},
			},
		},
		"a version without its system": {
			[]image.Image{says("a", "os=rhel"), says("b", "os=ubuntu"), says("c", "os=/9")},
			says("a", ""),
			image.Merge{ID: "ami-1", Region: "us-east-1", Sources: []string{"a", "b", "c"}, Contradictions: []string{
				`os.name: source a says "rhel", source b says "ubuntu"; none is believed, so it is not known`,
			}},
		},
		"one that failed twice": {
			[]image.Image{says("a", "asked failed because=x withheld"), says("b", "asked pending"), says("c", "asked failed because=y")},
			with("b", "asked failed because=x", func(i *image.Image) { i.Provenance = from("a state") }),
			image.Merge{ID: "ami-1", Region: "us-east-1", Sources: []string{"a", "b", "c"}, Withheld: []string{"source a withholds it: not ours"}},
		},
	})
}

func TestWholeImageOfOthers(t *testing.T) {
	checkWhole(t, map[string]wholeMerge{
		"one that nobody offers": {
			[]image.Image{says("a", "withheld asked owner=self"), with("b", "withheld owner=1", func(i *image.Image) { i.Withheld = "no" })},
			with("a", "asked", func(i *image.Image) {
				i.Owner, i.Withheld, i.Provenance = "1", "source a withholds it: not ours; source b withholds it: no", from("b owner")
			}),
			image.Merge{ID: "ami-1", Region: "us-east-1", Sources: []string{"a", "b"}, Withheld: []string{"source a withholds it: not ours", "source b withholds it: no"}},
		},
		"one that its source does not offer": {
			[]image.Image{says("a", "withheld asked"), says("a", "withheld recorded")},
			says("a", "withheld asked"),
			image.Merge{ID: "ami-1", Region: "us-east-1", Sources: []string{"a"}, Withheld: []string{"source a withholds it: not ours"}},
		},
		"whose it is": {
			[]image.Image{says("a", "recorded older"), says("b", "recorded owner=self withheld newer"), says("c", "recorded owner=self older")},
			with("a", "recorded newer owner=self", func(i *image.Image) { i.Provenance = from("c owner", "b state") }),
			image.Merge{ID: "ami-1", Region: "us-east-1", Sources: []string{"a", "b", "c"}, Withheld: []string{"source b withholds it: not ours"}},
		},
	})
}

func (tt wholeMerge) check(t *testing.T) {
	for range 4 {
		images, merges := image.Gather(tt.said, nil)
		if len(images) != 1 {
			t.Fatalf("%d images", len(images))
		}
		if diff := cmp.Diff(tt.want, *images[0]); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if diff := cmp.Diff([]image.Merge{tt.merge}, merges); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		tt.said = append(tt.said[1:], tt.said[0])
	}
}

// TestMergesAreSorted by all that tells one from another.
func TestMergesAreSorted(t *testing.T) {
	var statements []image.Image
	for subscription, differs := range []string{"", "id=/images/b", "region=r", "arch=arm64", "tag=y", "tag=z", ""} {
		one, other := says("a", "azure id=/images/a region=q arch=amd64 tag=x "+differs), says("b", "azure id=/images/a region=q arch=amd64 tag=x "+differs)
		switch {
		case subscription == 6:
			other.Source = "c"
		case strings.HasPrefix(differs, "tag"):
			other.Tags["t"] = "x"
		}
		// Packs use ids that leave out where a gallery is.
		one.FullID = fmt.Sprintf("/subscriptions/%d%s", subscription, one.ID)
		other.FullID = one.FullID
		statements = append(statements, one, other)
	}
	want := gathered(t, statements, nil)
	for seed := range uint64(20) {
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(statements), func(i, j int) { statements[i], statements[j] = statements[j], statements[i] })
		if diff := cmp.Diff(want, gathered(t, statements, nil)); diff != "" {
			t.Fatal(diff)
		}
	}
}

// TestAnyOrder gathers random statements: their order, and what their sources are called
// by, are the affair of nobody, what is gathered is as it was, and a source that says the
// same once more adds nothing.
func TestAnyOrder(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		statements := make([]image.Image, 2+r.IntN(6))
		for i := range statements {
			statements[i] = randomStatement(r)
		}
		sources := [][]string{nil, {"a", "b"}}[r.IntN(2)]
		before, _ := json.Marshal(statements)
		want := gathered(t, statements, sources)
		if after, _ := json.Marshal(statements); string(after) != string(before) {
			t.Fatalf("seed %d: the input is now %s", seed, after)
		}
		r.Shuffle(len(statements), func(i, j int) { statements[i], statements[j] = statements[j], statements[i] })
		if diff := cmp.Diff(want, gathered(t, statements, sources)); diff != "" {
			t.Fatalf("seed %d, in another order: %s", seed, diff)
		}
	}
}

// gathered are all images and merges, the images sorted.
func gathered(t *testing.T, statements []image.Image, sources []string) (texts []string) {
	t.Helper()
	images, merges := image.Gather(statements, sources)
	for _, img := range images {
		text, err := json.Marshal(img)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	slices.Sort(texts)
	for _, merge := range merges {
		text, err := json.Marshal(merge)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}

func randomStatement(r *rand.Rand) image.Image {
	var words []string
	for _, group := range []string{
		"asked recorded", "available gone pending failed ", "older newer ", "os=rhel/8 os=rhel/8.8 os=ubuntu os=/22 ", "arch=amd64 arch=arm64 ", "withheld   ",
		"created=1 created=12 ", "deprecated=1 end=12  ", "owner=self owner=111 ", "tag=x tag=y  ", "region= region=eu spans ", "because=x  ", "excluded    ", "id=ami-2 id=   ",
	} {
		all := strings.Split(group, " ")
		words = append(words, all[r.IntN(len(all))])
	}
	img := says([]string{"a", "b", "c", ""}[r.IntN(4)], strings.Join(words, " "))
	img.Provider = []string{"aws", "azure", "oci"}[r.IntN(3)]
	img.Digest = []string{"", "", "d1", "d2"}[r.IntN(4)]
	if r.IntN(2) == 0 {
		img.Provenance = map[string]image.Provenance{"os.name": {From: "x"}, "architecture": {From: "y"}}
	}
	return img
}
