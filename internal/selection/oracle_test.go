package selection_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

var (
	oracleRuns = flag.Int("oracle.runs", 4_000, "how many random statements are selected from")
	oracleSeed = flag.Uint64("oracle.seed", 22, "the seed of the random statements")
)

// TestOracle holds selection to docs/selection.md, written down another way: by
// looking at all pairs, with no order of input, no index and no sorting.
func TestOracle(t *testing.T) {
	rounds := *oracleRuns
	if testing.Short() {
		rounds = 1_000
	}
	verdicts := map[selection.Verdict]int{}
	for seed := range rounds {
		random := rand.New(rand.NewPCG(uint64(seed), *oracleSeed))
		statements := randomStatements(random)
		sel, sources := randomSelect(random), randomSources(random)
		rule, err := selection.Compile(sel)
		if err != nil {
			t.Fatal(err)
		}
		outcome := rule.Rendering(renderID).Decide(selection.PrepareFrom(statements, sources, func(*image.Image) bool { return true }), now())
		verdicts[outcome.Verdict]++
		got := string(outcome.Verdict)
		if outcome.Pick != nil {
			got += fmt.Sprintf(" %s in %s, %s, %s, os %s, state %s", outcome.Pick.ID, outcome.Pick.Region, outcome.Pick.Architecture, outcome.Pick.Digest, outcome.Pick.OS.Name, outcome.Pick.State)
		}
		if want := oracle(statements, sources, sel); got != want {
			for i := range statements {
				t.Logf("%+v", statements[i])
			}
			t.Fatalf("seed %d, %+v of sources %q: got %s, the rules say %s\n%v", seed, sel, sources, got, want, shown(outcome.Alternatives))
		}
	}
	for _, verdict := range []selection.Verdict{selection.Picked, selection.NoImage, selection.Ambiguous} {
		if verdicts[verdict] < rounds/20 {
			t.Errorf("only %d of %d rounds end as %s", verdicts[verdict], rounds, verdict)
		}
	}
}

func renderID(img *image.Image) (string, error) { return img.ID + " " + img.OS.Name, nil }

func one[T any](random *rand.Rand, of ...T) T { return of[random.IntN(len(of))] }

func randomStatements(random *rand.Rand) []image.Image {
	most := one(random, "aws", "azure", "oci")
	statements := make([]image.Image, random.IntN(12))
	for i := range statements {
		img := &statements[i]
		img.Provider = one(random, most, most, most, "aws", "azure", "oci")
		n := random.IntN(4)
		img.ID, img.Name = fmt.Sprintf("%s-%d", img.Provider, n), one(random, "x", "y")
		img.Region = one(random, "r1", "r2")
		img.Architecture = one(random, "amd64", "amd64", "arm64", "")
		switch img.Provider {
		case "azure":
			img.SpansRegions, img.ID = true, one(random, img.ID, strings.ToUpper(img.ID))
			img.Region = one(random, "r1", "R2", "")
			img.Architecture = "amd64"
		case "oci":
			img.Region, img.Digest = "global", one(random, "d1", "d1", "d2") // without one it is a tag that was not read
			img.NewestBy = image.NewestByVersion
		default:
			img.Region, img.Architecture = one(random, "r1", "r1", ""), one(random, "amd64", "arm64")
		}
		img.Source = one(random, "a", "b", "c")
		img.Evidence = one(random, image.Asked, image.Asked, image.Recorded, "")
		img.State = one(random, image.Available, image.Available, image.Available, image.Available, image.StateUnset, image.StateUnset, image.Pending, image.Gone)
		if random.IntN(4) == 0 {
			img.ObservedAt = ago(random.IntN(3))
		}
		if random.IntN(4) == 0 {
			img.Withheld = "by its source"
		}
		if random.IntN(5) > 0 {
			img.CreatedAt = ago(random.IntN(3))
		}
		img.Version = one(random, "", "1", "2")
		img.OS.Name = one(random, "rhel", "rhel", "ubuntu", "")
		if random.IntN(8) == 0 {
			img.DeprecatedAt = ago(random.IntN(3) - 1)
		}
	}
	return statements
}

func randomSelect(random *rand.Rand) spec.Select {
	return spec.Select{
		Provider: one(random, "", "aws", "azure", "oci", "oci"), Region: one(random, "", "", "", "r1", "R2"), Architecture: one(random, "", "", "amd64"),
		OS: spec.OS{Name: one(random, "", "", "", "rhel")}, Pick: one(random, spec.PickNewest, spec.PickNewest, spec.PickExactlyOne),
	}
}

func randomSources(random *rand.Rand) []string {
	return one(random, nil, []string{"a"}, []string{"a", "b"}, []string{"b", "c"})
}

// oracle is the rules in words, one after the other.
func oracle(statements []image.Image, sources []string, sel spec.Select) string {
	var fit []image.Image
	for _, said := range imagesOf(statements, sources) {
		if img, offered := believed(said, statements, sources); offered && fits(img, sel) {
			fit = append(fit, img)
		}
	}
	if len(fit) == 0 {
		return "noImage"
	}
	// The first is the one that no other comes before.
	var first image.Image
	for _, img := range fit {
		ahead := true
		for _, other := range fit {
			ahead = ahead && !before(other, img)
		}
		if ahead {
			first = img
		}
	}
	for _, other := range fit {
		differs := key(other) != key(first)
		sameID := strings.EqualFold(other.ID, first.ID)
		parts := sameID && first.Provider == "oci" && (other.Architecture != first.Architecture || other.Digest != first.Digest)
		switch {
		case sel.Pick == spec.PickExactlyOne && !sameID, parts && other.OS.Name != first.OS.Name, other.NewestBy != first.NewestBy:
			return "ambiguous"
		case !differs || sameID:
			continue
		case first.Name == other.Name && first.Provider == other.Provider && !first.SpansRegions && first.Region != "" && other.Region != "" && first.Region != other.Region:
			return "ambiguous" // a copy
		case !newerByRule(first, other) && (first.Digest == "" || first.Digest != other.Digest):
			return "ambiguous" // a tie of two contents
		}
	}
	if ofSeveralSystems(fit, first) {
		return "ambiguous"
	}
	for _, other := range fit {
		if strings.EqualFold(other.ID, first.ID) && first.Provider == "oci" {
			if other.Architecture != first.Architecture {
				first.Architecture = ""
			}
		}
	}
	digest, region := first.Digest, first.Region
	for _, other := range fit {
		if other.ID == first.ID && other.Digest != digest {
			first.Digest = ""
		}
		if first.SpansRegions && strings.EqualFold(other.ID, first.ID) && !strings.EqualFold(other.Region, region) {
			first.Region = "" // it is good in both
		}
	}
	return fmt.Sprintf("picked %s in %s, %s, %s, os %s, state %s", first.ID, first.Region, first.Architecture, first.Digest, first.OS.Name, first.State)
}

// ofSeveralSystems tells whether the newest of another operating system or architecture
// fits, too, and is no part of the first that renders as that does.
func ofSeveralSystems(fit []image.Image, first image.Image) bool {
	others := slices.DeleteFunc(slices.Clone(fit), func(img image.Image) bool {
		regions := strings.EqualFold(img.ID, first.ID) && (first.Provider != "oci" || img.Architecture == first.Architecture && img.Digest == first.Digest)
		return regions && key(img) != key(first)
	})
	differ := func(of func(image.Image) string) bool {
		return slices.ContainsFunc(others, func(a image.Image) bool {
			return slices.ContainsFunc(others, func(b image.Image) bool { return of(a) != "" && of(b) != "" && of(a) != of(b) })
		})
	}
	osName, architecture := func(i image.Image) string { return i.OS.Name }, func(i image.Image) string { return i.Architecture }
	systems, architectures := differ(osName), differ(architecture)
	alike := func(a, b image.Image) bool {
		return (!systems || osName(a) == osName(b)) && (!architectures || architecture(a) == architecture(b))
	}
	for _, img := range others {
		if systems && osName(img) == "" || architectures && architecture(img) == "" || alike(img, first) {
			continue
		}
		newest := !slices.ContainsFunc(others, func(other image.Image) bool { return before(other, img) && alike(other, img) })
		part := img.Provider == "oci" && img.ID == first.ID && img.OS.Name == first.OS.Name
		if newest && !part {
			return true
		}
	}
	return false
}

func key(img image.Image) string {
	return strings.ToLower(img.Provider + " " + img.ID + " " + img.Region + " " + img.Architecture + " " + img.Digest)
}

// newerByRule tells whether time or version put an image before another.
func newerByRule(a, b image.Image) bool {
	times := func() int {
		switch {
		case a.CreatedAt == nil && b.CreatedAt == nil:
			return 0
		case b.CreatedAt == nil:
			return 1
		case a.CreatedAt == nil:
			return -1
		}
		return a.CreatedAt.Compare(*b.CreatedAt)
	}()
	versions := strings.Compare(a.Version, b.Version) // they have one digit
	if a.NewestBy == image.NewestByVersion && versions != 0 {
		return versions > 0
	}
	if times != 0 {
		return times > 0
	}
	return versions > 0
}

func before(a, b image.Image) bool {
	if a.NewestBy != b.NewestBy {
		return a.NewestBy == image.NewestByCreated
	}
	if newerByRule(a, b) || newerByRule(b, a) {
		return newerByRule(a, b)
	}
	one := [...]string{a.ID, a.Provider, a.Region, a.Architecture, a.Digest}
	for i, other := range [...]string{b.ID, b.Provider, b.Region, b.Architecture, b.Digest} {
		if one[i] != other {
			return one[i] < other
		}
	}
	return false
}

func fits(img image.Image, sel spec.Select) bool {
	return (sel.Provider == "" || img.Provider == sel.Provider) &&
		(sel.Region == "" || img.Region == "global" || strings.EqualFold(img.Region, sel.Region)) &&
		(sel.Architecture == "" || img.Architecture == sel.Architecture) &&
		(sel.OS.Name == "" || img.OS.Name == sel.OS.Name) &&
		(img.State == image.Available || img.State == image.StateUnset) &&
		(img.DeprecatedAt == nil || img.DeprecatedAt.After(now()))
}

func ours(img image.Image, sources []string) bool {
	return sources == nil || strings.Contains(strings.Join(sources, " "), img.Source)
}

func shown(images []*image.Image) string {
	var lines []string
	for _, img := range images {
		lines = append(lines, fmt.Sprintf("%+v", *img))
	}
	return strings.Join(lines, "\n")
}
