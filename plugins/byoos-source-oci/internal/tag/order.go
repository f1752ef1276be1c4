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
	rank       []version
	// marksEnds tells that the versions of the rank have any number of parts.
	marksEnds bool
}

// version is one that a tag names. Numbers that follow the release (a revision, a
// patch, the build of a distribution) are numbers of it.
type version struct {
	numbers []uint64
	// word of a pre-release, and its numbers; empty for a release.
	word string
	of   []uint64
}

// width is how many numbers a version has at least.
const width = 3

var (
	preReleased  = regexp.MustCompile(`^(alpha|beta|dev|rc)(?:[.-]?\d+)*`)
	distribution = regexp.MustCompile(`^(?:k3s|rke2r|k0s\.)(\d+)$`)
	patched      = regexp.MustCompile(`^patch\.(\d+)$`)
	digits       = regexp.MustCompile(`\d+`)
	// suffixed is what follows the numbers of a user's own version: a word, numbers.
	suffixed = regexp.MustCompile(`^([A-Za-z]*)[._-]?((?:\d+[._-]?)*)`)
	// commit may be the hash of one, with git's g before it.
	commit = regexp.MustCompile(`(?i)^g?[0-9a-f]{7,40}$`)
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
		if v, ok := readVersion(name, false); ok {
			t.rank = []version{v}
		}
		return t
	}
	if architecture != "" {
		t.addPlatform(architecture)
	}
	t.Kubernetes = Kubernetes(facts[KubernetesVersion])
	for _, group := range []string{Version, KubernetesVersion, PEVersion, OSVersion} {
		if slices.Contains(g.groups, group) {
			// What is no version is the lowest, and lets no other take its place.
			v, _ := readVersion(facts[group], g.own)
			t.rank = append(t.rank, v)
		}
	}
	t.marksEnds = g.own
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

// readVersion reads all numbers of a version. own is for a scheme of the user's, where
// any word is a pre-release and any number a revision. It returns false for what is no
// version.
func readVersion(text string, own bool) (version, bool) {
	numbers, rest, ok := splitVersion(text)
	if !ok {
		return version{}, false
	}
	v := version{numbers: allNumbers(numbers)}
	build, patch, pre := distribution.FindStringSubmatch(rest), patched.FindStringSubmatch(rest), preReleased.FindStringSubmatch(rest)
	switch {
	case rest == "":
	case patch != nil: // it follows its release: v4.6.21-patch.7 is after v4.6.21
		v.revise(allNumbers(patch[1]))
	case own && build != nil:
		v.revise(allNumbers(build[1]))
	case own:
		v.readSuffix(rest, strings.Contains(text, numbers+"_") || strings.Contains(text, numbers+"+"))
	case pre != nil:
		v.word, v.of = pre[1], allNumbers(pre[0])
	}
	return v, true
}

func allNumbers(text string) []uint64 {
	var all []uint64
	for _, number := range digits.FindAllString(text, -1) {
		all = append(all, parseNumber(number))
	}
	return all
}

// revise appends numbers that follow the release.
func (v *version) revise(numbers []uint64) {
	for len(v.numbers) < width {
		v.numbers = append(v.numbers, 0)
	}
	v.numbers = append(v.numbers, numbers...)
}

// readSuffix takes in what follows the numbers of a user's own version. A word is a
// pre-release, as in semver, but not in build metadata; a number is a revision after
// the release.
func (v *version) readSuffix(rest string, metadata bool) {
	parts := suffixed.FindStringSubmatch(beforeCommit(rest))
	switch word := strings.ToLower(parts[1]); {
	case word == "":
		v.revise(allNumbers(parts[2]))
	case !metadata:
		v.word, v.of = word, allNumbers(parts[2])
	}
}

// beforeCommit cuts text before the hash of a commit, which says nothing of age.
func beforeCommit(text string) string {
	const separators = "._+-"
	for start := 0; start < len(text); {
		part := text[start:]
		if end := strings.IndexAny(part, separators); end >= 0 {
			part = part[:end]
		}
		if isCommit(part) {
			return strings.TrimRight(text[:start], separators)
		}
		start += len(part) + 1
	}
	return text
}

// isCommit tells whether a part may be the hash of a commit: digits alone are a date.
func isCommit(part string) bool {
	return commit.MatchString(part) && strings.ContainsAny(part, "0123456789") && strings.ContainsAny(part, "abcdefABCDEF")
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

// orderedWord finds the words of pre-releases that say how near a release is.
var orderedWord = regexp.MustCompile(`^(?:a|alpha|b|beta|canary|cr|dev|ea|m|milestone|nightly|pre|preview|rc|snapshot)$`)

// OtherWord returns the word of a tag when that alone sets it apart from another first,
// and nothing puts the two in order (-lab, -prod): neither is newer.
func OtherWord(t, other Tag) string {
	for i := range min(len(t.rank), len(other.rank)) {
		v, w := t.rank[i], other.rank[i]
		if v.compare(w) == 0 {
			continue
		}
		named := v.word != "" && w.word != "" && v.word != w.word && (!orderedWord.MatchString(v.word) || !orderedWord.MatchString(w.word))
		if named && slices.Equal(v.canonical(), w.canonical()) {
			return v.word
		}
		return ""
	}
	return ""
}

// compareRanks compares one version after the other. Anything is newer than a tag
// without a version.
func compareRanks(a, b []version) int {
	for i := range min(len(a), len(b)) {
		if c := a[i].compare(b[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// compare takes a pre-release for older than its release: 1.0.0-rc.1 is before 1.0.0,
// which is before 1.0.0-7.
func (v version) compare(w version) int {
	if c := slices.Compare(v.canonical(), w.canonical()); c != 0 {
		return c
	}
	if released := (v.word == ""); released != (w.word == "") {
		if released {
			return 1
		}
		return -1
	}
	return cmp.Or(strings.Compare(v.word, w.word), slices.Compare(v.of, w.of))
}

// canonical returns the numbers without zeros at the end, but width of them.
func (v version) canonical() []uint64 {
	numbers := slices.Clone(v.numbers)
	for len(numbers) < width {
		numbers = append(numbers, 0)
	}
	for len(numbers) > width && numbers[len(numbers)-1] == 0 {
		numbers = numbers[:len(numbers)-1]
	}
	return numbers
}

// endOfVersion stands between versions of which the first has any number of parts. It
// is compared as a word: after those of a pre-release, and before numbers.
const endOfVersion = "·"

// Version returns the tag's rank as a version: 1.30.4-4.7.0-rc.2. Comparing it
// part by part, numbers as numbers and letters before their absence, orders tags
// as Newer does. It is empty for a tag without a version.
func (t Tag) Version() string {
	var text strings.Builder
	for i, v := range t.rank {
		if i > 0 {
			end := "-"
			if t.marksEnds || t.rank[i-1].word != "" {
				end = endOfVersion
			}
			text.WriteString(end)
		}
		writeNumbers(&text, "", v.canonical())
		if v.word != "" {
			text.WriteString("-" + v.word)
			writeNumbers(&text, ".", v.of)
		}
	}
	return text.String()
}

func writeNumbers(text *strings.Builder, before string, numbers []uint64) {
	for _, number := range numbers {
		text.WriteString(before + strconv.FormatUint(number, 10))
		before = "."
	}
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

// preReleaseOfAgent is a version of the agent that packs get only when they name it.
var preReleaseOfAgent = regexp.MustCompile(`^v?[0-9.]+-(?:alpha|beta|dev|nightly|pre|preview|rc|snapshot)(?:[^A-Za-z]|$)`)

// OfPreRelease tells whether the agent in the image is a pre-release.
func (t Tag) OfPreRelease() bool { return preReleaseOfAgent.MatchString(t.Facts[PEVersion]) }

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
