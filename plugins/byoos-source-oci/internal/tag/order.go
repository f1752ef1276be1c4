package tag

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/versions"
)

// Tag is a tag and what it says.
type Tag struct {
	Name string
	// Facts are nil when the tag does not follow the grammar. The custom tag
	// includes the suffix of a platform.
	Facts Facts
	// Edition is the tag without the suffix of a platform. It differs from Name
	// for the image of a single platform that Earthly pushes beside the index.
	Edition string
	// Kubernetes is the version of Kubernetes as semver has it: without a leading
	// v, and with the build of a distribution after a plus sign. Empty when the
	// tag does not name it.
	Kubernetes string
	// version is what the host ranks the tag by, and rank what it reads there.
	version string
	rank    versions.Version
}

// versioned finds the tags outside a grammar that begin with a version.
var versioned = regexp.MustCompile(`^v?\d+(?:\.\d+)*(?:[._+-][\w.+-]+)?$`)

// digits finds the numbers of a tag.
var digits = regexp.MustCompile(`\d+`)

// Read parses and ranks a tag. A tag outside the grammar that begins with a version
// (v1.4.5) is ranked by it; any other such tag comes last. The custom tag
// is no part of the rank: it names a variant, not an age.
func (g Grammar) Read(name string) Tag {
	edition, architecture := versions.SplitPlatform(name)
	facts, ok := g.Parse(edition)
	if !ok {
		edition, architecture = name, ""
		facts, ok = g.Parse(name)
	}
	t := Tag{Name: name, Edition: edition, Facts: facts}
	if !ok {
		if bare, _ := versions.SplitPlatform(name); versioned.MatchString(bare) {
			t.setVersion(versions.Parse(versions.WithoutCommit(bare)).String())
		}
		return t
	}
	if architecture != "" {
		t.addPlatform(architecture)
	}
	t.Kubernetes = Kubernetes(facts[KubernetesVersion])
	t.setVersion(g.version(facts))
	return t
}

func (t *Tag) setVersion(text string) { t.version, t.rank = text, versions.Parse(text) }

// version returns the versions of a tag, one after the other. One that is not there lets
// no other take its place. The release of the system makes none newer: it stands behind the
// first, where build metadata does.
func (g Grammar) version(facts Facts) string {
	var parts []string
	for _, group := range []string{Version, KubernetesVersion, PEVersion} {
		if slices.Contains(g.groups, group) {
			parts = append(parts, versions.Parse(versions.WithoutCommit(facts[group])).String())
		}
	}
	if slices.Contains(g.groups, OSVersion) {
		if !slices.Contains(g.groups, Version) {
			parts = append([]string{""}, parts...)
		}
		if system := facts[OSVersion]; system != "" {
			parts[0] += "+" + system
		}
	}
	between := versions.GroupEnd
	if !g.own && !strings.Contains(parts[0], "-") {
		between = "-" // the first has three numbers, and the others follow them
	}
	return strings.TrimRight(strings.Join(parts, between), versions.GroupEnd)
}

// UnrankOutside makes the tags outside the grammar come last: beside tags that
// follow it, what the number counts that such a tag begins with is not known.
func UnrankOutside(tags []Tag) {
	for i := range tags {
		if tags[i].Facts == nil {
			tags[i].setVersion("")
		}
	}
}

// addPlatform takes in the suffix of a platform.
func (t *Tag) addPlatform(architecture string) {
	if t.Facts[Architecture] == "" {
		t.Facts[Architecture] = architecture
	}
	if t.Facts[CustomTag] != "" {
		t.Facts[CustomTag] += t.Name[len(t.Edition):]
	}
}

// Kubernetes returns a version of Kubernetes as it stands in a tag the way semver
// has it: v1.34.3-k0s.0 is 1.34.3+k0s.0.
func Kubernetes(raw string) string {
	return distributionBuild.ReplaceAllString(strings.TrimPrefix(raw, "v"), "+$1")
}

// Newer compares two tags for sorting, the newer one first: by the versions they
// name, then by name, so that a tag comes before those of its single platforms.
func Newer(a, b Tag) int {
	return cmp.Or(b.rank.Compare(a.rank), strings.Compare(a.Name, b.Name))
}

// SameRank tells whether the versions of two tags are the same.
func SameRank(a, b Tag) bool { return a.rank.Compare(b.rank) == 0 }

// Older tells whether a tag is older than another by the versions they name. Of two that
// a word sets apart (-lab, -prod) neither is.
func Older(t, other Tag) bool { return t.rank.Order(other.rank) < 0 }

// Version returns the tag's rank as a version: 1.30.4-4.7.0-rc.2. The host orders it as
// Newer and Older do. It is empty for a tag without a version.
func (t Tag) Version() string { return t.version }

// Variant is what tells tags apart of which none is newer than the other.
type Variant struct{ distribution, osName, osVersion, architecture, customTag string }

// Variant returns the variant of a tag; that of a single platform is the one of
// its edition. Tags outside the grammar are all of one, which says nothing.
func (t Tag) Variant() Variant {
	v := Variant{
		distribution: strings.ToLower(t.Facts[K8sDistribution]),
		osName:       t.Facts[OSName], osVersion: t.Facts[OSVersion],
		architecture: t.Facts[Architecture], customTag: t.CustomTag(),
	}
	if t.Edition != t.Name {
		v.architecture = ""
	}
	return v
}

// OfPreRelease tells whether the agent in the image is a pre-release.
func (t Tag) OfPreRelease() bool { return versions.Parse(t.Facts[PEVersion]).PreRelease() != "" }

// CustomTag returns the custom tag without the suffix of a platform.
func (t Tag) CustomTag() string {
	return strings.TrimSuffix(t.Facts[CustomTag], t.Name[len(t.Edition):])
}

// Line names the tags that t is a newer or an older edition of: the same variant
// with the same version of Kubernetes. Outside the grammar it is the tag itself,
// and for one that is a version, but for the numbers.
func (t Tag) Line() Line {
	switch {
	case t.Facts == nil && !t.rank.IsZero():
		return Line{name: digits.ReplaceAllString(t.Name, "#")}
	case t.Facts == nil:
		return Line{name: t.Name}
	}
	return Line{variant: t.Variant(), kubernetes: t.Kubernetes}
}

// Line is the key of a line of tags.
type Line struct {
	variant          Variant
	kubernetes, name string
}
