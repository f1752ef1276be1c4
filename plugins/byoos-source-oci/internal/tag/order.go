package tag

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
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
	rank       []token
}

// token is one part of a rank: a number, or the letters of a pre-release.
type token struct {
	letters string
	number  uint64
	// first of a version, for readers.
	first bool
}

// How many numbers a version takes in a rank, so that what follows it lines up.
// Those of CanvOS have three; the fourth is for a user's own scheme, or for the
// build of a distribution (k3s1, rke2r1, k0s.0).
const (
	canvosWidth = 3
	customWidth = 4
)

var (
	preReleased  = regexp.MustCompile(`^(alpha|beta|dev|rc)[.-]?(\d*)`)
	distribution = regexp.MustCompile(`^(?:k3s|rke2r|k0s\.)(\d+)$`)
	patched      = regexp.MustCompile(`^patch\.(\d+)$`)
	digits       = regexp.MustCompile(`\d+`)
	// suffixed is what follows the numbers of a user's own version: a word, numbers.
	suffixed = regexp.MustCompile(`^([A-Za-z]*)[._-]?((?:\d+[._-]?)*)`)
)

// Read parses and ranks a tag. A tag outside the grammar that is nothing but a
// version (v1.4.5) is ranked by it; any other such tag comes last. The custom tag
// is no part of the rank: it names a variant, not an age.
func (g Grammar) Read(name string) Tag {
	edition, architecture := splitPlatform(name)
	facts, ok := g.Parse(edition)
	if !ok && architecture != "" {
		edition, architecture = name, ""
		facts, ok = g.Parse(name)
	}
	t := Tag{Name: name, Edition: edition, Facts: facts}
	if !ok {
		t.rank, _, _ = versionRank(nil, name, canvosWidth)
		return t
	}
	if architecture != "" {
		t.addPlatform(architecture)
	}
	t.Kubernetes = Kubernetes(facts[KubernetesVersion])
	t.rank = make([]token, 0, 4*g.width)
	var more []token
	for _, group := range []string{Version, KubernetesVersion, PEVersion, OSVersion} {
		if !slices.Contains(g.groups, group) {
			continue
		}
		if t.rank, more, ok = versionRank(t.rank, facts[group], g.width); !ok {
			t.rank = noVersion(t.rank, g.width)
		}
	}
	t.rank = append(t.rank, more...)
	return t
}

// UnrankOutside makes the tags outside the grammar come last: beside tags that
// follow it, what the number counts that such a tag begins with is not known.
func UnrankOutside(tags []Tag) {
	for i := range tags {
		if tags[i].Facts == nil {
			tags[i].rank = nil
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

// noVersion appends width zeros to rank.
func noVersion(rank []token, width int) []token {
	rank = append(rank, token{first: true})
	for range width - 1 {
		rank = append(rank, token{})
	}
	return rank
}

// versionRank appends to rank width numbers, and the pre-release part after them.
// More numbers, which would move a version that follows, it returns apart. It
// returns false for what is not a version.
func versionRank(rank []token, version string, width int) (_, more []token, ok bool) {
	numbers, rest, ok := splitVersion(version)
	if !ok {
		return rank, nil, false
	}
	start := len(rank)
	rank = noVersion(rank, width)
	parts := strings.SplitN(numbers, ".", width+1)
	for i, part := range parts[:min(len(parts), width)] {
		rank[start+i].number = parseNumber(part)
	}
	if rest == "" {
		return rank, nil, true
	}
	own := width > canvosWidth
	if build := distribution.FindStringSubmatch(rest); build != nil {
		if own {
			rank[start+canvosWidth].number = parseNumber(build[1])
		}
		return rank, nil, true
	}
	// A patch follows its release: v4.6.21-patch.7 is after v4.6.21.
	if patch := patched.FindStringSubmatch(rest); patch != nil {
		if own {
			rank[start+canvosWidth].number = parseNumber(patch[1])
		} else {
			rank = append(rank, token{number: parseNumber(patch[1])})
		}
		return rank, nil, true
	}
	if own {
		metadata := strings.Contains(version, numbers+"_") || strings.Contains(version, numbers+"+")
		rank, more = suffixRank(rank, rest, len(parts) < width, metadata)
		return rank, more, true
	}
	if pre := preReleased.FindStringSubmatch(rest); pre != nil {
		rank = append(rank, token{letters: pre[1]}, token{number: parseNumber(pre[2])})
	}
	return rank, nil, true
}

// suffixRank appends what follows the numbers of a user's own version. A word is a
// pre-release, as in semver, but not in build metadata; a number is a revision after
// the release, and takes the last place of rank when that is free.
func suffixRank(rank []token, rest string, free, metadata bool) (_, more []token) {
	parts := suffixed.FindStringSubmatch(rest)
	word := strings.ToLower(parts[1])
	if word != "" && metadata {
		return rank, nil
	}
	for _, number := range digits.FindAllString(parts[2], -1) {
		more = append(more, token{number: parseNumber(number)})
	}
	switch {
	case word != "" && more == nil:
		return append(rank, token{letters: word}, token{}), nil
	case word != "":
		return append(rank, token{letters: word}, more[0]), more[1:]
	case free && more != nil:
		rank[len(rank)-1] = more[0]
		return rank, more[1:]
	}
	return rank, more
}

// splitVersion splits v1.2.3-rest, in which v and -rest can be missing; the rest
// may also begin with a dot, an underscore or a plus sign.
func splitVersion(version string) (numbers, rest string, ok bool) {
	version = strings.TrimPrefix(version, "v")
	end := 0
	for i := 0; i < len(version); i++ {
		switch c := version[i]; {
		case c >= '0' && c <= '9':
			end = i + 1
			continue
		case c == '.' && end == i && i > 0:
			continue
		}
		break
	}
	if end == 0 || end < len(version) && (!strings.ContainsRune("-+._", rune(version[end])) || end+1 == len(version)) {
		return "", "", false
	}
	if end == len(version) {
		return version, "", true
	}
	return version[:end], version[end+1:], true
}

// parseNumber returns the largest number for one that is too large.
func parseNumber(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil && s != "" {
		return 1<<63 - 1
	}
	return n
}

// Newer compares two tags for sorting, the newer one first: by the versions they
// name, then by name, so that a tag comes before those of its single platforms.
func Newer(a, b Tag) int {
	return cmp.Or(compareRanks(b.rank, a.rank), strings.Compare(a.Name, b.Name))
}

// SameRank tells whether neither tag is newer by the versions they name.
func SameRank(a, b Tag) bool { return compareRanks(a.rank, b.rank) == 0 }

func compareRanks(a, b []token) int {
	for i := range min(len(a), len(b)) {
		if c := compareTokens(a[i], b[i]); c != 0 {
			return c
		}
	}
	if len(a) == len(b) {
		return 0
	}
	// 1.0.0-rc.1 is before 1.0.0, which is before 1.0.0-7.
	if len(a) < len(b) {
		return -afterEnd(b[len(a)], len(a))
	}
	return afterEnd(a[len(b)], len(b))
}

// afterEnd says how a rank with t at position i compares to one that ends there.
// Anything is newer than a tag without a version.
func afterEnd(t token, i int) int {
	if t.letters != "" && i > 0 {
		return -1
	}
	return 1
}

func compareTokens(x, y token) int {
	switch {
	case x.letters != "" && y.letters == "":
		return -1
	case x.letters == "" && y.letters != "":
		return 1
	}
	return cmp.Or(strings.Compare(x.letters, y.letters), cmp.Compare(x.number, y.number))
}

// Version returns the tag's rank as a version: 1.30.4-4.7.0-rc.2. Comparing it
// part by part, numbers as numbers and letters before their absence, orders tags
// as Newer does. It is empty for a tag without a version.
func (t Tag) Version() string {
	var version strings.Builder
	for i, part := range t.rank {
		switch {
		case i == 0:
		case part.letters != "", part.first:
			version.WriteByte('-')
		default:
			version.WriteByte('.')
		}
		if part.letters != "" {
			version.WriteString(part.letters)
			continue
		}
		version.WriteString(strconv.FormatUint(part.number, 10))
	}
	return version.String()
}

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

// CustomTag returns the custom tag without the suffix of a platform.
func (t Tag) CustomTag() string {
	return strings.TrimSuffix(t.Facts[CustomTag], t.Name[len(t.Edition):])
}

// Line names the tags that t is a newer or an older edition of: the same variant
// with the same version of Kubernetes. Outside the grammar it is the tag itself,
// and for one that is a version, but for the numbers.
func (t Tag) Line() Line {
	switch {
	case t.Facts == nil && t.rank != nil:
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
