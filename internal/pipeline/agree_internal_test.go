package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// TestSelectionAndVerifyAgree makes up what three sources say. The order in which it
// comes and the names of the sources decide nothing, and what is picked is not stale
// when the same is said of it to verify.
func TestSelectionAndVerifyAgree(t *testing.T) {
	p := &Pipeline{Now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	picked := 0
	for seed := range 5_000 {
		random := rand.New(rand.NewPCG(uint64(seed), 22))
		statements := made(random, p.Now)
		pack := spec.Pack{
			Name: "p", Pack: spec.GenericBYOI, Values: spec.Values{OSName: "rhel", OSVersion: "8"},
			Sources: one(random, nil, []string{"a"}, []string{"a", "b"}, []string{"b", "c"}),
			Select:  spec.Select{Region: one(random, "", "r1"), Where: one(random, "", `image.owner == "self"`, `image.owner == "1"`)},
		}
		pick := selected(t, p, pack, statements)
		shuffled := slices.Clone(statements)
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if one, other := written(pick.Outcome), written(selected(t, p, pack, shuffled).Outcome); one != other {
			t.Fatalf("seed %d: the order decides:\n%s\n%s", seed, one, other)
		}
		renamed, others := pack, slices.Clone(statements)
		names := map[string]string{"a": "z", "b": "y", "c": "x"}
		renamed.Sources = nil
		for _, name := range pack.Sources {
			renamed.Sources = append(renamed.Sources, names[name])
		}
		for i := range others {
			others[i].Source = names[others[i].Source]
		}
		if one, other := facts(pick), facts(selected(t, p, renamed, others)); one != other {
			t.Fatalf("seed %d: the names of sources decide:\n%s\n%s\n%s", seed, one, other, written(statements))
		}
		if pick.Image == nil {
			continue
		}
		picked++
		v := p.judge(Subject{Pack: "p", Source: pick.Image.Source, Image: *pick.Image}, answersOn(pick.Image, statements), map[string]spec.Pack{"p": pack})
		if v.Status == StatusStale {
			t.Fatalf("seed %d: %s is stale at once: %q\n%s", seed, facts(pick), v.Reasons, written(statements))
		}
	}
	if picked < 500 {
		t.Errorf("only %d picks", picked)
	}
}

// What only the image's own source told is for that one to say: a record that had other
// facts all along does not make it another image, while its source fails.
func TestOwnFactsAreForItsSource(t *testing.T) {
	says := func(name, architecture string, evidence image.Evidence) image.Image {
		return image.Image{ID: "ami-1", Provider: "aws", Region: "r1", State: image.Available, Architecture: architecture, Evidence: evidence, Source: name}
	}
	picked, other, record := says("a", "amd64", image.Asked), says("b", "amd64", image.Asked), says("c", "arm64", image.Recorded)
	v := new(Pipeline).judge(Subject{Pack: "p", Source: "a", Image: picked}, []answer{
		{source: "a", presence: source.Unknown, reason: "it failed", err: errors.New("it failed")},
		{source: "b", presence: source.Found, evidence: image.Asked, image: &other},
		{source: "c", presence: source.Found, evidence: image.Recorded, image: &record},
	}, map[string]spec.Pack{"p": {Name: "p", Sources: []string{"a", "c"}}})
	if v.Status != StatusOK {
		t.Errorf("got %s %q", v.Status, v.Reasons)
	}
}

func one[T any](random *rand.Rand, of ...T) T { return of[random.IntN(len(of))] }

func made(random *rand.Rand, now time.Time) []image.Image {
	provider := one(random, "aws", "azure", "oci")
	at := func(days int) *time.Time {
		t := now.AddDate(0, 0, days)
		return one(random, nil, &t)
	}
	statements := make([]image.Image, 1+random.IntN(6))
	for i := range statements {
		img := image.Image{
			Provider: provider, ID: fmt.Sprintf("id-%d", random.IntN(2)), Region: "global", Source: one(random, "a", "b", "c"),
			State:    one(random, image.Available, image.Available, image.StateUnset, image.Pending, image.Gone),
			Evidence: one(random, image.Asked, image.Recorded, ""), ObservedAt: at(-random.IntN(3)), CreatedAt: at(-random.IntN(3)),
			Architecture: one(random, "amd64", "amd64", "arm64", ""), OS: image.OS{Name: one(random, "rhel", "ubuntu", ""), Version: one(random, "8", "8.8", "")},
			KubernetesVersion: one(random, "", "1.30.4", "1.30.4+k3s1"), Version: one(random, "", "1", "2"), Owner: one(random, "", "self", "1", "2"),
			Withheld: one(random, "", "", "", "not ours"), ExcludedFromLatest: random.IntN(8) == 0, Tags: map[string]string{"t": one(random, "x", "y", "")},
			NewestBy: one(random, image.NewestByCreated, image.NewestByCreated, image.NewestByVersion),
		}
		if random.IntN(8) == 0 {
			img.DeprecatedAt = at(random.IntN(3) - 1)
		}
		switch provider {
		case "aws":
			img.Region = one(random, "r1", "")
		case "azure":
			img.Region, img.SpansRegions = one(random, "r1", "R 1", "r2", ""), true
			img.FullID = one(random, "", "/s/"+img.ID)
			if img.FullID == "" {
				img.ID = "/S/" + strings.ToUpper(img.ID)
			}
		case "oci":
			img.Digest = one(random, "", "d1", "d2")
		}
		statements[i] = img
	}
	return statements
}

func selected(t *testing.T, p *Pipeline, pack spec.Pack, statements []image.Image) Pick {
	t.Helper()
	packs := []spec.Pack{pack}
	rules, err := rulesOf(packs)
	if err != nil {
		t.Fatal(err)
	}
	return p.choose(packs, rules, statements, func(*image.Image) bool { return false })[0]
}

// answersOn are what the sources say of an image to verify; nothing when one of them
// has more than one word on it, as it has one answer only.
func answersOn(picked *image.Image, statements []image.Image) []answer {
	answers := map[string]answer{}
	for _, img := range statements {
		if !image.Same(&img, picked) || img.Region != "" && image.RegionKey(img.Region) != image.RegionKey(picked.Region) {
			continue
		}
		if _, twice := answers[img.Source]; twice {
			return nil
		}
		answers[img.Source] = answer{source: img.Source, presence: source.Found, evidence: img.Evidence, image: &img}
	}
	var all []answer
	for _, name := range []string{"a", "b", "c"} {
		if a, found := answers[name]; found {
			all = append(all, a)
			continue
		}
		all = append(all, answer{source: name, presence: source.Unknown, reason: "in none of its places"})
	}
	if own := ofSource(picked.Source, all); own.presence == source.Found && own.evidence == image.Asked {
		return []answer{*own} // others are not asked then
	}
	return all
}

// facts are what is picked, without who says so and in whose spelling.
func facts(pick Pick) string {
	if pick.Image == nil {
		return string(pick.Outcome.Verdict)
	}
	img := *pick.Image
	img.ID, img.FullID, img.Region = img.Identity().ID, "", image.RegionKey(img.Region)
	img.Source, img.Provenance, img.StateReason, img.Evidence = "", nil, "", ""
	return written(img)
}

func written(of any) string {
	data, err := json.Marshal(of)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
