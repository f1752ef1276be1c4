package versions

import (
	"regexp"
	"slices"
	"strings"
)

// PreReleaseWords returns the words that make a version one before its release, in any
// letter case. docs/selection.md lists them.
func PreReleaseWords() []string {
	return []string{"alpha", "beta", "canary", "dev", "ea", "milestone", "nightly", "pre", "preview", "rc", "snapshot"}
}

func isPreRelease(text string) bool { return slices.Contains(PreReleaseWords(), text) }

// patch is the word of what follows its release: v4.6.21-patch.7 is after v4.6.21.
const patch = "patch"

// Parse reads a version: numbers, words and the numbers behind them, whatever stands
// between them. A v before a number says nothing.
func Parse(text string) Version {
	if text == "" {
		return Version{}
	}
	var v Version
	for part := range strings.SplitSeq(strings.ToLower(text), GroupEnd) {
		v.groups = append(v.groups, parse(part))
	}
	for len(v.groups) > 0 && v.groups[len(v.groups)-1].isEmpty() {
		v.groups = v.groups[:len(v.groups)-1]
	}
	return v
}

// parser reads one version.
type parser struct {
	group
	// text is what is read, without build metadata, and at where the next part begins.
	text string
	at   int
	// words are how many words that are none of a pre-release come before, without a
	// number between them.
	words int
}

func parse(text string) group {
	text, metadata, _ := strings.Cut(text, "+")
	text = trimEnd(text)
	if build := findDistribution(text); build != nil && build[0] > 0 && metadata == "" {
		text, metadata = trimEnd(text[:build[0]]), text[build[0]+1:] // a tag cannot have a plus sign
	}
	p := parser{text: text}
	for p.at < len(text) {
		rest := strings.TrimLeftFunc(text[p.at:], isSeparator)
		separators := text[p.at : len(text)-len(rest)]
		p.at += len(separators)
		if end := p.at + partLength(text[p.at:]); end > p.at && !p.part(text[p.at:end], separators) {
			break
		}
	}
	p.metadata(metadata)
	return p.finish()
}

// part takes in letters and digits with nothing between them. It returns false when all
// from there on gives no order.
func (p *parser) part(part, separators string) bool {
	if len(part) > 1 && part[0] == 'v' && isDigit(part[1]) {
		part, p.at = part[1:], p.at+1
	}
	if isCommit(part) || isNumericCommit(p.text, p.at, len(part)) {
		return p.opaque()
	}
	lead := len(part) - len(strings.TrimLeft(part, digits))
	if lead > 0 && !p.number(part[:lead], separators) {
		return false
	}
	part = part[lead:]
	first := strings.IndexAny(part, digits)
	if lead > 0 && first >= 0 { // letters between numbers, as in 20250101t120000z
		return p.between(part, first)
	}
	text := strings.TrimRight(part, digits)
	if part == "" {
		return true
	}
	if hasCommit(part) {
		return p.opaque()
	}
	p.at += len(text)
	p.word(text)
	if len(text) < len(part) {
		return p.number(part[len(text):], "")
	}
	return true
}

// between takes in letters up to a number, and what follows.
func (p *parser) between(part string, first int) bool {
	if hasCommit(part) {
		return p.opaque()
	}
	p.at += first
	if text := part[:first]; text != "v" {
		p.word(text)
	}
	return p.part(part[first:], "")
}

// number takes in a number. Behind several words, as in us-east-1, it is part of a name,
// unless more numbers follow it as in a version.
func (p *parser) number(text, separators string) bool {
	next := p.text[p.at+len(text):]
	dotted := strings.HasPrefix(next, ".") && startsWithNumber(next[1:])
	if p.words > 1 && !dotted {
		return p.opaque()
	}
	p.at += len(text)
	p.words = 0
	text = strings.TrimLeft(text, "0")
	switch {
	case len(p.suffix) > 0:
		p.suffix = append(p.suffix, token{number, text})
		return true
	case strings.Contains(separators, "-") && len(p.numbers) > 0 && len(p.numbers[0]) < yearDigits:
		p.fill()
	}
	p.numbers = append(p.numbers, text)
	return true
}

// yearDigits are those of a year: the dashes of a date are like dots, and others come
// before a revision, so that 1.4-2 is before 1.4.1.
const yearDigits = 4

func (p *parser) fill() {
	for len(p.numbers) < width {
		p.numbers = append(p.numbers, "")
	}
}

func (p *parser) word(text string) {
	first := len(p.suffix) == 0
	switch {
	case first && len(p.numbers) > 0 && text == patch && p.numberFollows():
		p.fill()
	case isPreRelease(text) && (!first || len(p.numbers) > 0):
		p.suffix = append(p.suffix, token{pre, text})
		p.words = 0
	default:
		p.suffix = append(p.suffix, token{word, text})
		p.words++
	}
}

func (p *parser) numberFollows() bool {
	return startsWithNumber(strings.TrimLeftFunc(p.text[p.at:], isSeparator))
}

func startsWithNumber(text string) bool {
	text = strings.TrimPrefix(text, "v")
	return text != "" && isDigit(text[0]) && !isCommit(text[:partLength(text)])
}

func trimEnd(text string) string {
	return strings.TrimRightFunc(text, isSeparator)
}

func partLength(text string) int {
	if i := strings.IndexFunc(text, isSeparator); i >= 0 {
		return i
	}
	return len(text)
}

// opaque takes in all that is left as a text that gives no order.
func (p *parser) opaque() bool {
	p.suffix = append(p.suffix, token{opaque, p.text[p.at:]})
	return false
}

// distribution is the build of a Kubernetes distribution: 1.34.3+k3s1, 1.34.3+k0s.0.
var distribution = regexp.MustCompile(`(?:^|[^0-9a-z\x80-\x{10ffff}])(k3s|rke2r|k0s)[^0-9a-z\x80-\x{10ffff}]*v?([0-9]+)$`)

func findDistribution(text string) []int {
	if !strings.Contains(text, "k3s") && !strings.Contains(text, "rke2r") && !strings.Contains(text, "k0s") {
		return nil // most have none, and this is faster
	}
	return distribution.FindStringSubmatchIndex(text)
}

// metadata takes in what follows a plus sign, which gives no order (semver.org, 10), but
// for the build of one distribution.
func (p *parser) metadata(text string) {
	switch build := findDistribution(text); {
	case text == "":
	case build != nil && build[0] == 0 && build[2] == 0:
		p.build = []token{{word, text[build[2]:build[3]]}, {number, strings.TrimLeft(text[build[4]:], "0")}}
	default:
		p.build = []token{{opaque, text}}
	}
}

// finish makes versions equal that are numbered so: 1.4, 1.4.0 and 1.4.0.0.
func (p *parser) finish() group {
	if len(p.numbers) == 0 {
		return p.group
	}
	p.fill()
	for len(p.numbers) > width && p.numbers[len(p.numbers)-1] == "" {
		p.numbers = p.numbers[:len(p.numbers)-1]
	}
	return p.group
}

const digits = "0123456789"

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isSeparator(r rune) bool { return r < 0x80 && !isPart(byte(r)) }

// isPart takes every byte of a character outside of ASCII as a letter.
func isPart(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// Lengths of a commit's hash, short and whole.
const (
	shortHash = 7
	longHash  = 40
)

// isCommit tells whether a part may be the hash of a commit, also as git describe writes
// it (g3fabc12). Digits alone are a number, and a date may have a letter (20250102a).
func isCommit(part string) bool {
	hash := strings.TrimPrefix(part, "g")
	if len(hash) < shortHash || len(hash) > longHash || strings.Trim(part, digits) == "" || dateAndLetter.MatchString(part) {
		return false
	}
	for i := range len(hash) {
		if c := hash[i]; !isDigit(c) && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

var (
	date          = regexp.MustCompile(`^(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])$`)
	dateAndLetter = regexp.MustCompile(`^(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[a-z]$`)
)

// isNumericCommit tells whether the digits at a place of a text may be a hash that has no
// letter, as one of 27 short ones: as long as git (7, 40) or GitLab (8) writes one, no
// date, and set off from a number before it.
func isNumericCommit(text string, at, length int) bool {
	part := text[at : at+length]
	if length != shortHash && length != shortHash+1 && length != longHash || strings.Trim(part, digits) != "" || date.MatchString(part) {
		return false
	}
	return at > 1 && strings.IndexByte("-_+", text[at-1]) >= 0 && isDigit(text[at-2])
}

// hasCommit tells whether a part, or what would be a word of it, may be the hash of one.
func hasCommit(part string) bool {
	letters := part
	if i := strings.IndexAny(part, digits); i >= 0 {
		letters = part[:i]
	}
	return isCommit(part) || isCommit(strings.TrimRight(part, digits)) || isCommit(letters)
}

// WithoutCommit cuts a version before the hash of a commit.
func WithoutCommit(text string) string {
	for start := 0; start < len(text); {
		end := start + partLength(text[start:])
		if isCommit(strings.ToLower(text[start:end])) || isNumericCommit(text, start, end-start) {
			return strings.TrimRight(text[:start], "._+-")
		}
		start = end + 1
	}
	return text
}

// platform is what Earthly, which CanvOS is built with, appends to the tag of a single
// platform's image beside that of the index: the platform with underscores for slashes.
var platform = regexp.MustCompile(`_linux_(amd64|arm64|arm|386|ppc64le|s390x|riscv64)(?:_v[0-9]+)?$`)

// SplitPlatform cuts the suffix of a platform off a tag; architecture is empty when there
// is none.
func SplitPlatform(tag string) (rest, architecture string) {
	if at := strings.LastIndex(tag, "_linux_"); at >= 0 {
		if m := platform.FindStringSubmatch(tag[at:]); m != nil {
			return tag[:at], m[1]
		}
	}
	return tag, ""
}

// Names tells whether a text has a pre-release's word as a whole: -rc of -rc.1, but not
// of -rcsite.
func Names(text, preRelease string) bool {
	text = strings.ToLower(text)
	for start := 0; ; {
		i := strings.Index(text[start:], preRelease)
		if i < 0 {
			return false
		}
		from, to := start+i, start+i+len(preRelease)
		if setOff(text[:from]) && (to == len(text) || !isPart(text[to]) || isDigit(text[to])) {
			return true
		}
		start = to
	}
}

// setOff tells whether a word may follow as that of a version: behind a dash or a number.
func setOff(before string) bool {
	if before == "" {
		return false
	}
	last := before[len(before)-1]
	if last == '-' || isDigit(last) {
		return true
	}
	return slices.Contains([]byte("._+"), last) && len(before) > 1 && isDigit(before[len(before)-2])
}
