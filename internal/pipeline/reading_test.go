package pipeline_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

var (
	readingRuns = flag.Int("reading.runs", 300, "how many random registries packs are picked from")
	readingSeed = flag.Uint64("reading.seed", 25, "the first seed of the random registries")
)

// registry is a source that lists tags by their names, and tells the rest of those that
// it is asked for.
type registry struct {
	tags []image.Image
	// whole says that it reads all of them at once.
	whole bool
	// dumb says that it does not know ids.
	dumb bool
	// first are how many it reads unasked.
	first int
	asked [][]string
}

func (r *registry) Find(context.Context, string) (*source.Plugin, error) {
	description := &sourcev1.Description{Providers: []string{"oci"}, ConfigSchema: `{"type":"object"}`}
	if !r.dumb {
		description.Capabilities = []sourcev1.Capability{sourcev1.Capability_CAPABILITY_READ}
	}
	return &source.Plugin{Type: "fake", Description: description}, nil
}

func (r *registry) Discover(ctx context.Context, requests []source.Request, _ func(source.Event)) []source.Result {
	results := make([]source.Result, len(requests))
	for i, request := range requests {
		plugin, _ := r.Find(ctx, request.Type)
		results[i] = source.Result{Source: request.Source, Plugin: plugin}
		if request.IDs != nil {
			r.asked = append(r.asked, request.IDs)
		}
		seen, first := map[string]bool{}, map[string]bool{}
		for _, tag := range r.tags[:min(r.first, len(r.tags))] {
			first[tag.ID] = true
		}
		for _, tag := range r.tags {
			tag.Source = request.Source
			wanted := slices.Contains(request.IDs, tag.ID)
			switch {
			case r.whole || wanted || request.IDs == nil && first[tag.ID]:
			case request.IDs != nil || seen[tag.ID]:
				continue
			default:
				tag = nameOf(tag)
			}
			seen[tag.ID] = true
			results[i].Images = append(results[i].Images, tag)
		}
	}
	return results
}

// nameOf is what a list says of a tag.
func nameOf(tag image.Image) image.Image {
	tag.Digest, tag.Architecture, tag.State, tag.StateReason, tag.OS, tag.Tags, tag.CreatedAt = "", "", "", "", image.OS{}, nil, nil
	return tag
}

// tagOf returns a tag of CanvOS.
func tagOf(distribution, kubernetes, agent, custom string) image.Image {
	name := strings.TrimSuffix(distribution+"-"+kubernetes+"-"+agent+"-"+custom, "-")
	img := image.Image{
		ID: "ttl.sh/os:" + name, Provider: "oci", Name: name, Region: image.GlobalRegion, Version: kubernetes + "-" + agent[1:], NewestBy: image.NewestByVersion,
		KubernetesVersion: kubernetes, Architecture: "amd64", State: image.Available, OS: image.OS{Name: "ubuntu", Version: "22.04"}, Evidence: image.Asked,
		Digest: "sha256:" + fmt.Sprintf("%064x", len(name)),
		Attributes: map[string]string{
			"registry": "ttl.sh", "repository": "os", "tag": name, image.AttributeK8sDistribution: distribution, image.AttributePEVersion: agent,
		},
	}
	if custom != "" {
		img.Attributes[image.AttributeCustomTag] = custom
	}
	return img
}

const registrySpec = `
apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources: [{name: edge, type: fake, config: {}}]
packs:
  - {name: p, pack: edge-native-byoi, select: SELECT, edge: EDGE}
`

func pickOf(t *testing.T, r *registry, text string) (pipeline.Pick, error) {
	t.Helper()
	p := newPipeline(t, nil)
	p.Plugins, p.Document = r, parsed(t, text)
	picks, _, err := p.Picks(t.Context(), packs(t, p))
	if err != nil {
		return pipeline.Pick{}, err
	}
	return picks[0], nil
}

func ended(pick pipeline.Pick) string {
	if pick.Image == nil {
		return string(pick.Outcome.Verdict)
	}
	return string(pick.Outcome.Verdict) + " " + pick.Image.ID + " " + pick.Image.Digest + " " + pick.Image.Architecture
}

// What is picked of a list of names, of which what matters is asked for, is what is picked
// where all of it was read.
func TestReadingIsAsIfAllWereRead(t *testing.T) {
	verdicts := map[string]int{}
	for n := range *readingRuns {
		seed := *readingSeed + uint64(n)
		random := rand.New(rand.NewPCG(seed, 25))
		text := strings.NewReplacer(
			"SELECT", "{"+strings.Join([]string{
				"architecture: amd64",
				one(random, "provider: oci", "provider: oci", "os: {name: ubuntu}", "os: {name: ubuntu, version: \"22.04\"}"),
				one(random, "pick: newest", "pick: newest", "pick: newest", "pick: exactlyOne"),
				one(random, "name: '*'", "name: '*'", "name: 'k3s-*'", "tags: {team: edge}", "kubernetesVersion: ~1.30", "k8sDistribution: k3s", "customTag: prod",
					"where: 'image.attributes.peVersion == \"v4.6.0\"'", "where: 'image.tags.team == \"edge\" && image.kubernetesVersion != \"1.30.2\"'",
					"where: 'image.os.name == \"ubuntu\" || image.name.endsWith(\"prod\")'", "where: 'has(image.createdAt) && age < duration(\"72h\")'"),
			}, ", ")+"}",
			"EDGE", one(random, "{reference: tag}", "{reference: tag}", "{}", "{kubernetesVersions: [1.30.1]}", "{kubernetesVersions: [1.29.1, 1.30.2]}"),
		).Replace(registrySpec)
		tags := trainOf(random)
		all := &registry{tags: tags, whole: true}
		want, err := pickOf(t, all, text)
		if err != nil {
			t.Fatal(err)
		}
		lazy := &registry{tags: slices.Clone(tags), first: random.IntN(4)}
		random.Shuffle(len(lazy.tags), func(i, j int) { lazy.tags[i], lazy.tags[j] = lazy.tags[j], lazy.tags[i] })
		got, err := pickOf(t, lazy, text)
		if err != nil {
			t.Fatal(err)
		}
		verdicts[string(want.Outcome.Verdict)]++
		if ended(got) != ended(want) {
			for _, tag := range tags {
				t.Logf("%s %s %s %s %v %v", tag.Name, tag.Architecture, tag.State, tag.OS, tag.Tags, tag.CreatedAt)
			}
			t.Fatalf("seed %d:%s\ngot %s, %v\nof all %s, %v\nasked %q", seed, text, ended(got), got.Err, ended(want), want.Err, lazy.asked)
		}
	}
	t.Log(verdicts)
	for _, verdict := range []string{"picked", "ambiguous", "noImage"} {
		if verdicts[verdict] < *readingRuns/20 {
			t.Errorf("only %d of %d end as %s", verdicts[verdict], *readingRuns, verdict)
		}
	}
}

// trainOf are tags of releases, with an image for one or two architectures each.
func trainOf(random *rand.Rand) []image.Image {
	names := map[string]bool{}
	var tags []image.Image
	byTime := random.IntN(5) == 0
	several := random.IntN(3) == 0
	for range 1 + random.IntN(25) {
		distribution, custom := "k3s", "prod"
		if several {
			distribution, custom = one(random, "k3s", "k3s", "rke2"), one(random, "", "prod", "prod")
		}
		tag := tagOf(distribution, one(random, "1.29.1", "1.30.1", "1.30.2", "1.31.0"), one(random, "v4.5.0", "v4.6.0", "v4.7.0", "v4.7.0-rc.1"), custom)
		if names[tag.ID] {
			continue
		}
		names[tag.ID] = true
		tag.Tags = map[string]string{"team": one(random, "edge", "cloud")}
		tag.OS.Name = one(random, "ubuntu", "ubuntu", "ubuntu", "")
		tag.OS.Version = one(random, "22.04", "22.04", "24.04")
		tag.State = one(random, image.Available, image.Available, image.Available, image.Gone, image.Unusable)
		if random.IntN(3) > 0 {
			at := time.Date(2026, 10, 28+random.IntN(4), random.IntN(24), random.IntN(60), 0, 0, time.UTC)
			tag.CreatedAt = &at
		}
		if byTime {
			tag.NewestBy = image.NewestByCreated
		}
		switch tag.Architecture = one(random, "amd64", "amd64", "arm64"); {
		case tag.State == image.Gone:
			tag = nameOf(tag)
			tag.State = image.Gone
		case random.IntN(4) == 0:
			other := tag
			other.Tags = maps.Clone(tag.Tags)
			other.Architecture = map[string]string{"amd64": "arm64", "arm64": "amd64"}[tag.Architecture]
			tags = append(tags, other)
		}
		tags = append(tags, tag)
	}
	return tags
}

// A tag that was not read is no choice beside others before it is known what it holds, and
// one that comes first may end a doubt about those after it.
func TestDoubtThatReadingEnds(t *testing.T) {
	with := func(tag image.Image, change func(*image.Image)) image.Image {
		change(&tag)
		return tag
	}
	gone := func(i *image.Image) { *i = nameOf(*i); i.State = image.Gone }
	chart := func(i *image.Image) { i.State, i.Architecture = image.Unusable, "" }
	arm := func(i *image.Image) { i.Architecture = "arm64" }
	top := tagOf("k3s", "1.30.1", "v4.7.0", "prod")
	newest, old, older := tagOf("k3s", "1.31.0", "v4.7.0", ""), tagOf("k3s", "1.30.1", "v4.7.0", ""), tagOf("k3s", "1.29.1", "v4.7.0", "")
	for name, tc := range map[string]struct {
		sel, edge string
		first     int
		tags      []image.Image
		want      image.Image
	}{
		"a variant that is gone":       {"{}", "{reference: tag}", 1, []image.Image{top, with(tagOf("k3s", "1.30.0", "v4.7.0", "lab"), gone)}, top},
		"a template's that is a chart": {"{}", "{}", 1, []image.Image{top, with(tagOf("rke2", "1.30.0", "v4.7.0", "prod"), chart)}, top},
		"the only one":                 {"{pick: exactlyOne}", "{reference: tag}", 1, []image.Image{top, with(tagOf("k3s", "1.30.0", "v4.7.0", "prod"), gone)}, top},
		"a newer one for all architectures": {
			"{}", "{reference: tag}", 2, []image.Image{with(old, arm), older, newest, with(newest, arm)}, newest,
		},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.NewReplacer("SELECT", tc.sel, "EDGE", tc.edge).Replace(registrySpec)
			all, err := pickOf(t, &registry{whole: true, tags: tc.tags}, text)
			if err != nil || all.Image == nil || all.Image.ID != tc.want.ID {
				t.Fatal(err, all.Err)
			}
			pick, err := pickOf(t, &registry{first: tc.first, tags: tc.tags}, text)
			if err != nil || pick.Image == nil || pick.Image.ID != tc.want.ID {
				t.Error(err, pick.Err)
			}
		})
	}
}

// The newest are read first, a few at a time, and no more than it takes.
func TestReadingTheNewestFirst(t *testing.T) {
	r := &registry{}
	for minor := range 30 {
		tag := tagOf("k3s", fmt.Sprintf("1.%d.0", minor), "v4.7.0", "")
		if minor != 17 {
			tag.Architecture = "arm64"
		}
		r.tags = append(r.tags, tag)
	}
	pick, err := pickOf(t, r, strings.NewReplacer("SELECT", "{architecture: amd64}", "EDGE", "{reference: tag}").Replace(registrySpec))
	if err != nil || pick.Err != nil || pick.Image.KubernetesVersion != "1.17.0" {
		t.Fatal(err, pick.Err)
	}
	var counts []int
	for _, ids := range r.asked {
		counts = append(counts, len(ids))
	}
	if !slices.Equal(counts, []int{8, 8}) || r.asked[0][0] != "ttl.sh/os:k3s-1.29.0-v4.7.0" {
		t.Errorf("asked for %q", r.asked)
	}
	if notes := strings.Join(pick.Notes(), "\n"); strings.Contains(notes, "did not read") {
		t.Errorf("notes %s", notes)
	}
}

// Where more come first than are read for one pack there is no pick, and it is said why.
func TestReadingHasAnEnd(t *testing.T) {
	r := &registry{}
	for minor := range 400 {
		r.tags = append(r.tags, tagOf("k3s", fmt.Sprintf("1.%d.0", minor), "v4.7.0", ""))
	}
	r.tags[0].Tags = map[string]string{"team": "edge"}
	pick, err := pickOf(t, r, strings.NewReplacer("SELECT", "{tags: {team: edge}}", "EDGE", "{reference: tag}").Replace(registrySpec))
	if err != nil || failure.Code(pick.Err) != failure.ExitNoImage {
		t.Fatal(err, pick.Err)
	}
	if !strings.Contains(pick.Err.Error(), "250 images that come first were read, and none of them fits") {
		t.Error(pick.Err)
	}
	read := 0
	for _, ids := range r.asked {
		read += len(ids)
	}
	if read != 250 {
		t.Errorf("%d were read", read)
	}
}

// A source that reads nothing more has its tags told, as before.
func TestSourceThatDoesNotRead(t *testing.T) {
	old := tagOf("k3s", "1.29.0", "v4.7.0", "")
	r := &registry{dumb: true, first: 1, tags: []image.Image{old, tagOf("k3s", "1.30.0", "v4.7.0", "")}}
	pick, err := pickOf(t, r, strings.NewReplacer("SELECT", "{architecture: amd64}", "EDGE", "{reference: tag}").Replace(registrySpec))
	if err != nil || pick.Err != nil || len(r.asked) > 0 {
		t.Fatal(err, pick.Err, r.asked)
	}
	if notes := strings.Join(pick.Notes(), "\n"); !strings.Contains(notes, "1 tags that the source did not read would come before the pick") {
		t.Errorf("notes %s", notes)
	}
}

// A source that fails when it is asked for more fails the command, or is told.
func TestReadingFails(t *testing.T) {
	broken := &failure.Error{Code: failure.ExitSource, Summary: "source edge (fake): the registry refused"}
	r := &failsLater{registry{tags: []image.Image{tagOf("k3s", "1.30.0", "v4.7.0", "")}}, broken}
	text := strings.NewReplacer("SELECT", "{architecture: amd64}", "EDGE", "{reference: tag}").Replace(registrySpec)
	p := newPipeline(t, nil)
	p.Plugins, p.Document = r, parsed(t, text)
	if _, _, err := p.Picks(t.Context(), packs(t, p)); failure.Code(err) != failure.ExitSource {
		t.Errorf("got %v", err)
	}
	var told error
	p.AllowPartial, p.Failed = true, func(err error) { told = err }
	picks, _, err := p.Picks(t.Context(), packs(t, p))
	if err != nil || told == nil || picks[0].Image != nil || failure.Code(picks[0].Err) != failure.ExitSource {
		t.Errorf("%v, told %v: %v, %v", err, told, picks[0].Image, picks[0].Err)
	}
}

type failsLater struct {
	registry
	err error
}

func (f *failsLater) Discover(ctx context.Context, requests []source.Request, progress func(source.Event)) []source.Result {
	results := f.registry.Discover(ctx, requests, progress)
	if requests[0].IDs != nil {
		results[0].Images, results[0].Err = nil, f.err
	}
	return results
}
