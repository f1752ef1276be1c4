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
	p := parser{text: trimEnd(text)}
	switch before, build := cutDistribution(metadata); {
	case metadata == "": // a tag cannot have a plus sign
		before, build = cutDistribution(p.text)
		if rest := trimEnd(before); rest != "" {
			p.text, p.build = rest, build
		}
	case before == "":
		p.build = build
	default: // it gives no order (semver.org, 10)
		p.build = []token{{opaque, metadata}}
	}
	for p.at < len(p.text) {
		rest := strings.TrimLeftFunc(p.text[p.at:], isSeparator)
		separators := p.text[p.at : len(p.text)-len(rest)]
		p.at += len(separators)
		if !p.part(rest[:partLength(rest)], separators) {
			break
		}
	}
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
	if part = part[lead:]; part == "" {
		return true
	}
	text := strings.TrimRight(part, digits)
	letters := part[:strings.IndexAny(part+"0", digits)]
	if isCommit(part) || isCommit(letters) {
		return p.opaque()
	}
	if lead > 0 { // letters between numbers, as in 20250101t120000z
		text = letters
	}
	p.at += len(text)
	if text != "v" || part == "v" { // not between numbers
		p.word(text)
	}
	return true
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
	return len(text) - len(strings.TrimLeftFunc(text, func(r rune) bool { return !isSeparator(r) }))
}

// opaque takes in all that is left as a text that gives no order.
func (p *parser) opaque() bool {
	p.suffix = append(p.suffix, token{opaque, p.text[p.at:]})
	return false
}

// cutDistribution cuts off the build of a Kubernetes distribution (1.34.3+k3s1,
// 1.34.3+k0s.0), which is nil where there is none.
func cutDistribution(text string) (before string, build []token) {
	rest := strings.TrimRight(text, digits)
	name := trimEnd(strings.TrimSuffix(rest, "v"))
	for _, known := range []string{"k3s", "rke2r", "k0s"} {
		before, is := strings.CutSuffix(name, known)
		if is && rest != text && (before == "" || trimEnd(before) != before) {
			return before, []token{{word, known}, {number, strings.TrimLeft(text[len(rest):], "0")}}
		}
	}
	return text, nil
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

// isSeparator takes every character outside of ASCII, and each of its bytes, as a letter.
func isSeparator(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r < 0x80
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
	return len(hash) >= shortHash && len(hash) <= longHash && strings.Trim(hash, digits+"abcdef") == "" &&
		strings.Trim(part, digits) != "" && !dateAndLetter.MatchString(part)
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

// WithoutCommit cuts a version before the hash of a commit.
func WithoutCommit(text string) string {
	at := 0
	for part := range strings.FieldsFuncSeq(text, isSeparator) {
		at += strings.Index(text[at:], part)
		if isCommit(strings.ToLower(part)) || isNumericCommit(text, at, len(part)) {
			return strings.TrimRight(text[:at], "._+-")
		}
		at += len(part)
	}
	return text
}

// platform is what Earthly, which CanvOS is built with, appends to the tag of a single
// platform's image beside that of the index: the platform with underscores for slashes.
var platform = regexp.MustCompile(`_linux_(amd64|arm64|arm|386|ppc64le|s390x|riscv64)(?:_v[0-9]+)?$`)

// SplitPlatform cuts the suffix of a platform off a tag; architecture is empty when there
// is none.
func SplitPlatform(tag string) (rest, architecture string) {
	if m := platform.FindStringSubmatchIndex(tag); m != nil {
		return tag[:m[0]], tag[m[2]:m[3]]
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
		if setOff(text[:from]) && (to == len(text) || isSeparator(rune(text[to])) || isDigit(text[to])) {
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
