package selection

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

// sortable is an image with what it is ordered by, worked out once.
type sortable struct {
	img       *image.Image
	time      int64
	version   []token
	byVersion bool
}

// rank returns the images best first: newest creation time (unknown ones last),
// then highest version, then id and whatever else makes the order total. Sources
// can say that versions come before times; their images follow the others, and
// decide refuses to choose between the two kinds.
func rank(images []*image.Image) []*image.Image {
	keys := make([]sortable, len(images))
	for i, img := range images {
		keys[i] = sortable{img, math.MinInt64, parseVersion(img.Version), img.NewestBy == image.NewestByVersion}
		if img.CreatedAt != nil {
			keys[i].time = img.CreatedAt.Unix()
		}
	}
	slices.SortFunc(keys, compareKeys)
	ranked := make([]*image.Image, len(keys))
	for i, key := range keys {
		ranked[i] = key.img
	}
	return ranked
}

func compareKeys(a, b sortable) int {
	switch {
	case a.byVersion != b.byVersion:
		if b.byVersion {
			return -1
		}
		return 1
	case a.byVersion:
		if order := compareTokens(b.version, a.version); order != 0 {
			return order
		}
	}
	if a.time != b.time {
		return cmp.Compare(b.time, a.time)
	}
	if order := compareTimes(a.img, b.img); order != 0 {
		return order
	}
	if order := compareTokens(b.version, a.version); order != 0 {
		return order
	}
	if order := cmp.Compare(a.img.ID, b.img.ID); order != 0 {
		return order
	}
	return cmp.Or(
		cmp.Compare(a.img.Provider, b.img.Provider),
		cmp.Compare(a.img.Region, b.img.Region),
		cmp.Compare(a.img.Architecture, b.img.Architecture),
		cmp.Compare(a.img.Digest, b.img.Digest),
		cmp.Compare(a.img.Source, b.img.Source),
	)
}

// compareTimes puts the newer first and an unknown time last.
func compareTimes(a, b *image.Image) int {
	switch {
	case a.CreatedAt == nil && b.CreatedAt == nil:
		return 0
	case a.CreatedAt == nil:
		return 1
	case b.CreatedAt == nil:
		return -1
	}
	return b.CreatedAt.Compare(*a.CreatedAt)
}

// Compare tells whether an image is newer (positive) or older than another, by what
// their sources rank by; zero when neither time nor version says so, or when they are
// ranked in two ways.
func Compare(a, b *image.Image) int {
	if a.NewestBy != b.NewestBy {
		return 0
	}
	times, versions := compareTimes(b, a), compareVersions(a.Version, b.Version)
	if a.NewestBy == image.NewestByVersion {
		return cmp.Or(versions, times)
	}
	return cmp.Or(times, versions)
}

// decidedBy names what put an image before another of one kind of order.
func decidedBy(a, b *image.Image) string {
	times, versions := compareTimes(a, b) != 0, compareVersions(a.Version, b.Version) != 0
	switch {
	case versions && (a.NewestBy == image.NewestByVersion || !times):
		return "version"
	case times:
		return "createdAt"
	}
	return "id"
}

// token is a run of digits or of letters in a version.
type token struct {
	class int
	// text of letters in lower case; of digits without leading zeros.
	text string
}

// Classes of tokens, in the order that they compare in one position: 1.0-rc is
// before 1.0, which is before 1.0+build, before 1.0.1. The first three are those of
// a semantic version's pre-release, of which alpha is before alpha.1, and 1 before
// alpha (semver.org, 11.4).
const (
	preReleaseEnd = iota
	preReleaseNumber
	preRelease
	end
	build
	digits
)

// compareVersions compares numerically part by part, at any length: 1.10 is after
// 1.9, 1.0.0 after 1.0.0-rc.1, any version after none.
func compareVersions(a, b string) int {
	return compareTokens(parseVersion(a), parseVersion(b))
}

func compareTokens(a, b []token) int {
	if len(a) == 0 || len(b) == 0 {
		return cmp.Compare(len(a), len(b))
	}
	for i := 0; i < len(a) || i < len(b); i++ {
		x, y := tokenAt(a, i), tokenAt(b, i)
		if x.class != y.class {
			return cmp.Compare(x.class, y.class)
		}
		if order := compareTexts(x, y); order != 0 {
			return order
		}
	}
	return 0
}

// orderedWord finds the words of pre-releases that say how near a release is.
var orderedWord = regexp.MustCompile(`^(?:a|alpha|b|beta|canary|cr|dev|ea|m|milestone|nightly|pre|preview|rc|snapshot)[0-9-]*$`)

// differInWord tells whether what sets two versions apart first is a word that nothing
// puts in order: one that they begin with (blue, green), one that is none of a
// pre-release's (-lab, -prod), or one of build metadata (+k3s1, +rke2r1). near is false
// when numbers before any such word do.
func differInWord(a, b string) (word, near bool) {
	x, y := parseVersion(a), parseVersion(b)
	for i := range min(len(x), len(y)) {
		named := x[i].class == build || x[i].class == preRelease && (i == 0 || !orderedWord.MatchString(x[i].text) || !orderedWord.MatchString(y[i].text))
		near = near || named
		if x[i] != y[i] {
			return named && x[i].class == y[i].class && !differInNumber(x[i].text, y[i].text), near
		}
	}
	return false, true
}

// differInNumber tells whether two texts are one word with two numbers behind it (build3,
// build4), which the order of texts puts right as long as the numbers are of one length.
func differInNumber(a, b string) bool {
	const digits = "0123456789"
	return len(a) == len(b) && strings.TrimRight(a, digits) == strings.TrimRight(b, digits)
}

func tokenAt(tokens []token, i int) token {
	if i < len(tokens) {
		return tokens[i]
	}
	return token{class: end}
}

func compareTexts(x, y token) int {
	if (x.class == digits || x.class == preReleaseNumber) && len(x.text) != len(y.text) {
		return cmp.Compare(len(x.text), len(y.text))
	}
	return cmp.Compare(x.text, y.text)
}

// semantic is a semantic version that has a pre-release: what is before it, the
// pre-release, and build metadata (semver.org). One that begins with a number is no
// pre-release but a revision, as in packages, or another version, as in the tags of
// CanvOS: 1.30.9-4.7.0 is after 1.30.9.
var semantic = regexp.MustCompile(`^v?((?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*))-([A-Za-z-][0-9A-Za-z-]*(?:\.[0-9A-Za-z-]+)*)(\+[0-9A-Za-z.-]+)?$`)

// parseVersion reads a version. The pre-release of a semantic version is compared as
// semver says; all else is split where digits and letters meet and at everything
// that is neither.
func parseVersion(version string) []token {
	parts := semantic.FindStringSubmatch(version)
	if parts == nil {
		return split(version)
	}
	tokens := split(parts[1])
	for identifier := range strings.SplitSeq(parts[2], ".") {
		if strings.Trim(identifier, "0123456789") == "" {
			tokens = append(tokens, token{preReleaseNumber, strings.TrimLeft(identifier, "0")})
			continue
		}
		tokens = append(tokens, token{preRelease, strings.ToLower(identifier)})
	}
	return append(append(tokens, token{class: preReleaseEnd}), split(parts[3])...)
}

// Parts of an agent's version that are compared as numbers, however they are set off.
var (
	patchOfAgent       = regexp.MustCompile(`^(v?[0-9.]+)-patch\.?([0-9]+)$`)
	numberedPreRelease = regexp.MustCompile(`(-(?:alpha|beta|dev|rc))-?([0-9])`)
)

// parseAgent reads the version of an agent, as the source of its images ranks it: a patch
// (v4.6.21-patch.7) follows its release, and rc10 is after rc2.
func parseAgent(version string) []token {
	if parts := patchOfAgent.FindStringSubmatch(version); parts != nil {
		return split(parts[1] + "." + parts[2])
	}
	return parseVersion(numberedPreRelease.ReplaceAllString(version, "$1.$2"))
}

func split(version string) []token {
	var tokens []token
	letters := preRelease // what letters mean: after a + they are build metadata
	for i := 0; i < len(version); {
		start := i
		switch {
		case isDigit(version[i]):
			for i < len(version) && isDigit(version[i]) {
				i++
			}
			tokens = append(tokens, token{digits, strings.TrimLeft(version[start:i], "0")})
		case isLetter(version[i]):
			for i < len(version) && isLetter(version[i]) {
				i++
			}
			text := strings.ToLower(version[start:i])
			if text == "v" && i < len(version) && isDigit(version[i]) {
				continue
			}
			tokens = append(tokens, token{letters, text})
		default:
			if version[i] == '+' {
				letters = build
			}
			i++
		}
	}
	return tokens
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isLetter takes every byte of a character outside of ASCII as a letter.
func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
