package pipeline_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
)

// world is AMIs as they are, of which the source cloud lists some and can be asked for
// all, and two manifests that recorded some.
type world struct {
	plugins
	random    *rand.Rand
	amis      map[string]image.Image
	lists     map[string]bool
	manifests map[string][]image.Image
}

const worldSpec = `
apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources: [{name: one, type: fake}, {name: cloud, type: fake}, {name: two, type: fake}]
packs:
  - {name: p, pack: generic-byoi, sources: SOURCES, select: SELECT}
  - {name: all, pack: generic-byoi}
`

// build makes an AMI, which manifests record some minutes later, with less.
func (w *world) build(number int, now time.Time) {
	created := now.AddDate(0, 0, number-20)
	ended := created.Add(7 * time.Minute)
	img := image.Image{
		ID: fmt.Sprintf("ami-%017x", number), Provider: "aws", Region: one(w.random, "r1", "r1", "r2"), Architecture: one(w.random, "amd64", "amd64", "arm64"),
		OS: image.OS{Name: "rhel", Version: "8.8"}, CreatedAt: &created, State: image.Available, Evidence: image.Asked,
	}
	w.amis[img.ID], w.lists[img.ID] = img, w.random.IntN(3) > 0
	for _, name := range []string{"one", "two"} {
		record := img
		record.CreatedAt, record.ObservedAt, record.Evidence, record.Source = &ended, &ended, image.Recorded, name
		record.Region, record.OS = one(w.random, img.Region, ""), one(w.random, img.OS, image.OS{})
		record.Architecture = one(w.random, img.Architecture, "amd64", "")
		if w.random.IntN(2) == 0 {
			w.manifests[name] = append(w.manifests[name], record)
		}
	}
}

// pass lets something happen to each AMI.
func (w *world) pass(now time.Time) {
	yesterday := now.AddDate(0, 0, -1)
	for number := range 4 {
		img, ok := w.amis[fmt.Sprintf("ami-%017x", number)]
		if !ok {
			continue
		}
		switch w.random.IntN(5) {
		case 0:
			delete(w.amis, img.ID)
			continue
		case 1:
			img.DeprecatedAt = &yesterday
		case 2:
			img.State = image.Disabled
		}
		w.amis[img.ID] = img
	}
}

func (w *world) good(id string) bool {
	img, ok := w.amis[id]
	return ok && img.State == image.Available && img.DeprecatedAt == nil
}

func (w *world) Discover(_ context.Context, requests []source.Request, _ func(source.Event)) []source.Result {
	results := make([]source.Result, len(requests))
	for i, request := range requests {
		results[i] = source.Result{Source: request.Source, Plugin: request.Plugin, Images: w.manifests[request.Source]}
		for id, img := range w.amis {
			if img.Source = request.Source; img.Source == "cloud" && w.lists[id] {
				results[i].Images = append(results[i].Images, img)
			}
		}
	}
	return results
}

func (w *world) Verify(_ context.Context, request source.VerifyRequest) ([]source.Verified, []source.Diagnostic, error) {
	verified := make([]source.Verified, len(request.Refs))
	for i, ref := range request.Refs {
		verified[i] = source.Verified{Presence: source.NotFound, Evidence: image.Recorded}
		for _, record := range w.manifests[request.Source] {
			if record.ID == ref.ID {
				verified[i] = source.Verified{Presence: source.Found, Image: &record}
			}
		}
		if request.Source != "cloud" {
			continue
		}
		verified[i] = source.Verified{Presence: source.NotFound, Evidence: image.Asked}
		if img, ok := w.amis[ref.ID]; ok {
			img.Source = "cloud"
			verified[i] = source.Verified{Presence: source.Found, Image: &img}
		}
	}
	return verified, nil, nil
}

// Whatever manifests record, rightly or not, and a service lists: what the service would
// speak against is never picked, verify says of what was picked that it is ok and later
// what became of it, and what is nearest is what is picked now.
func TestPicksOfAWorld(t *testing.T) {
	picked, stale := 0, 0
	for seed := range 900 {
		p := newPipeline(t, nil)
		w := &world{
			random: rand.New(rand.NewPCG(uint64(seed), 22)), amis: map[string]image.Image{}, lists: map[string]bool{}, manifests: map[string][]image.Image{},
		}
		p.Plugins = w
		p.Document = parsed(t, strings.NewReplacer(
			"SOURCES", one(w.random, "[one]", "[cloud]", "[one, cloud]", "[cloud, two]", "[one, cloud, two]"),
			"SELECT", one(w.random, "{}", "{region: r1}", "{os: {name: rhel}}", "{architecture: amd64}"),
		).Replace(worldSpec))
		for number := range 2 + w.random.IntN(3) {
			w.build(number, p.Now)
		}
		first := pickOfWorld(t, p, w)
		if first == nil {
			continue
		}
		picked++
		if v := verifiedOfWorld(t, p, first); v.Status != pipeline.StatusOK {
			t.Fatalf("seed %d: %s was just picked of %v, and is %s: %q", seed, first.ID, p.Document.Set.Packs[0].Sources, v.Status, v.Reasons)
		}
		w.pass(p.Now)
		now := pickOfWorld(t, p, w)
		v := verifiedOfWorld(t, p, first)
		if (v.Status == pipeline.StatusOK) != w.good(first.ID) {
			t.Fatalf("seed %d: %s is %s: %q", seed, first.ID, v.Status, v.Reasons)
		}
		if v.Status == pipeline.StatusOK {
			continue
		}
		stale++
		if idOf(v.Nearest) != idOf(now) {
			t.Fatalf("seed %d: %q is nearest, and %q is picked", seed, idOf(v.Nearest), idOf(now))
		}
	}
	if picked < 500 || stale < 150 {
		t.Errorf("only %d picks, of which %d went stale", picked, stale)
	}
}

// pickOfWorld is what the pack p gets, when it gets one.
func pickOfWorld(t *testing.T, p *pipeline.Pipeline, w *world) *image.Image {
	t.Helper()
	picks, _, err := p.Picks(t.Context(), packs(t, p))
	if err != nil {
		t.Fatal(err)
	}
	if img := picks[0].Image; img != nil && !w.good(img.ID) {
		t.Fatalf("%s is picked of %v, and EC2 has %+v", img.ID, p.Document.Set.Packs[0].Sources, w.amis[img.ID])
	}
	return picks[0].Image
}

// verifiedOfWorld is what became of a pick of the pack p.
func verifiedOfWorld(t *testing.T, p *pipeline.Pipeline, pick *image.Image) pipeline.Verification {
	t.Helper()
	verified, err := p.Verify(t.Context(), []pipeline.Subject{{Pack: "p", Source: pick.Source, Image: *pick}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Nearest(t.Context(), verified); err != nil {
		t.Fatal(err)
	}
	return verified[0]
}

func idOf(img *image.Image) string {
	if img == nil {
		return ""
	}
	return img.ID
}

func one[T any](random *rand.Rand, of ...T) T { return of[random.IntN(len(of))] }
