package selection_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// TestOracle holds selection to docs/selection.md, written down another way: by
// looking at all pairs, with no order of input, no index and no sorting.
func TestOracle(t *testing.T) {
	rounds := 10_000
	if testing.Short() {
		rounds = 1_000
	}
	verdicts := map[selection.Verdict]int{}
	for seed := range rounds {
		random := rand.New(rand.NewPCG(uint64(seed), 22))
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
		case !newerByRule(first, other) && (first.Digest == "" || first.Digest != other.Digest || first.Architecture != other.Architecture):
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

// imagesOf returns, for each image in each region, what is said of it. A statement
// is of an image that it does not contradict in id, region, architecture or digest
// (the latter two where an id has several).
func imagesOf(statements []image.Image, sources []string) [][]image.Image {
	may := func(a, b string) bool { return a == "" || strings.EqualFold(a, b) }
	// covers tells whether what a says is of what b is.
	covers := func(a, b image.Image) bool {
		return a.Provider == b.Provider && strings.EqualFold(a.ID, b.ID) && may(a.Region, b.Region) &&
			(a.Provider != "oci" || may(a.Architecture, b.Architecture) && may(a.Digest, b.Digest))
	}
	var all [][]image.Image
	seen := map[string]bool{}
	for _, img := range statements {
		if !ours(img, sources) {
			continue
		}
		exact, name := true, img.Provider+img.ID+img.Region
		if img.Provider == "oci" {
			name += img.Architecture + img.Digest
		}
		var said []image.Image
		for _, other := range statements {
			if !ours(other, sources) {
				continue
			}
			if covers(img, other) && !covers(other, img) {
				exact = false // the other says more exactly what it is
			}
			if covers(other, img) {
				said = append(said, other)
			}
		}
		if name = strings.ToLower(name); exact && !seen[name] {
			seen[name] = true
			all = append(all, said)
		}
	}
	return all
}

// worthOf is a number for what a statement is worth.
func worthOf(img image.Image) int64 {
	worth := int64(0)
	if img.ObservedAt != nil {
		worth = img.ObservedAt.Unix()
	}
	if img.Evidence == image.Asked {
		if img.ObservedAt == nil {
			worth = 1 << 40
		}
		worth += 1 << 42
	}
	return worth
}

// believed makes one image of what is said of it, and tells whether one of its
// sources offers it.
func believed(said, statements []image.Image, sources []string) (image.Image, bool) {
	value := func(get func(image.Image) string) string {
		worth, found := int64(-1), ""
		for _, img := range said {
			switch w := worthOf(img); {
			case get(img) == "" || w < worth:
			case w > worth:
				worth, found = w, get(img)
			case found != get(img):
				found = "?"
			}
		}
		return strings.TrimSuffix(found, "?")
	}
	earliest := func(get func(image.Image) *time.Time) *time.Time {
		worth, found := int64(-1), (*time.Time)(nil)
		for _, img := range said {
			at, w := get(img), worthOf(img)
			if at != nil && (w > worth || w == worth && at.Before(*found)) {
				worth, found = w, at
			}
		}
		return found
	}
	merged := said[0]
	// Which spelling and source an image has is not the rules' affair, but for its id.
	lead, offered := -1, false
	for i, img := range said {
		if img.Withheld == "" {
			offered = true
		}
		if img.Withheld == "" && (lead < 0 || leads(img, said[lead])) {
			lead = i
		}
	}
	if lead >= 0 {
		merged = said[lead]
	}
	for _, img := range said {
		if merged.Region == "" {
			merged.Region = img.Region
		}
	}
	merged.Name = value(func(i image.Image) string { return i.Name })
	merged.Version = value(func(i image.Image) string { return i.Version })
	merged.Architecture = value(func(i image.Image) string { return i.Architecture })
	merged.Digest = value(func(i image.Image) string { return i.Digest })
	merged.OS.Name = value(func(i image.Image) string { return i.OS.Name })
	merged.CreatedAt = earliest(func(i image.Image) *time.Time { return i.CreatedAt })
	for _, img := range said { // an AMI's copy has a time of its own, and its build the earlier one
		if img.Provider == "aws" && img.CreatedAt != nil && img.CreatedAt.Before(*merged.CreatedAt) {
			merged.CreatedAt = img.CreatedAt
		}
	}
	own := said
	said = slices.Concat(own, bystanders(own, statements, sources))
	merged.DeprecatedAt = earliest(func(i image.Image) *time.Time { return i.DeprecatedAt })
	said = own
	merged.State = stateOf(said, statements, sources)
	return merged, offered
}

// leads tells whether an image is listed for one statement rather than another.
func leads(a, b image.Image) bool {
	if worthOf(a) != worthOf(b) {
		return worthOf(a) > worthOf(b)
	}
	return a.Source < b.Source || a.Source == b.Source && a.ID < b.ID
}

func stateOf(said, statements []image.Image, sources []string) image.State {
	heard := slices.Clone(said)
	for _, other := range bystanders(said, statements, sources) {
		if other.State == image.Pending || other.State == image.Gone {
			heard = append(heard, other)
		}
	}
	rank := func(s image.State) int {
		return strings.Index("available pending gone", string(s))
	}
	for _, evidence := range []bool{true, false} {
		worth, found := int64(-1), image.StateUnset
		for _, img := range heard {
			if (img.Evidence == image.Asked) != evidence || img.State == image.StateUnset {
				continue
			}
			if img.State == image.Gone && evidence {
				return image.Gone
			}
			w := worthOf(img)
			if w > worth || w == worth && rank(img.State) > rank(found) {
				worth, found = w, img.State
			}
		}
		if found != image.StateUnset {
			return found
		}
	}
	return image.StateUnset
}

// bystanders are what services that other sources asked say of an image.
func bystanders(said, statements []image.Image, sources []string) []image.Image {
	var all []image.Image
	for _, other := range statements {
		if !ours(other, sources) && other.Evidence == image.Asked && other.Provider == said[0].Provider &&
			strings.EqualFold(other.ID, said[0].ID) && ofPart(other, said) {
			all = append(all, other)
		}
	}
	usable := func(img image.Image) bool { return img.State != image.Pending && img.State != image.Gone }
	good := slices.ContainsFunc(all, usable)
	return slices.DeleteFunc(all, func(other image.Image) bool {
		return !inOneOf(other.Region, said) && (!ofSeveralRegions(said) || good && !usable(other))
	})
}

// ofSeveralRegions tells whether an id that is good in several regions is said to be
// in none.
func ofSeveralRegions(said []image.Image) bool {
	return said[0].SpansRegions && !slices.ContainsFunc(said, func(img image.Image) bool { return img.Region != "" })
}

// ofPart tells whether nothing speaks against a statement being of what others are.
func ofPart(other image.Image, said []image.Image) bool {
	agree := func(a, b string) bool { return a == "" || b == "" || a == b }
	for _, img := range said {
		if img.Provider == "oci" && (!agree(img.Architecture, other.Architecture) || !agree(img.Digest, other.Digest)) {
			return false
		}
	}
	return true
}

func inOneOf(region string, said []image.Image) bool {
	place := ""
	for _, img := range said {
		if img.Region != "" {
			place = img.Region
		}
	}
	return region == "" || strings.EqualFold(place, region) || place == "" && !said[0].SpansRegions
}

func shown(images []*image.Image) string {
	var lines []string
	for _, img := range images {
		lines = append(lines, fmt.Sprintf("%+v", *img))
	}
	return strings.Join(lines, "\n")
}
