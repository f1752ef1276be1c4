// Package versions says what of a version or a tag puts images in order: numbers, the
// words of pre-releases before their release, and a number behind one same word. All
// else (a free word, a region, the hash of a commit, build metadata) sets two versions
// apart without making one newer. The host and the source of tags both compare by it.
// It is pure.
package versions

import (
	"cmp"
	"strings"
)

// GroupEnd stands between versions that are compared one after the other, as those of
// one tag.
const GroupEnd = "·"

// Version is a version as it is compared. The zero value is none, which is before all.
type Version struct{ groups []group }

// group is one version: its numbers, what follows them, and build metadata.
type group struct {
	// numbers are texts without leading zeros, filled up to width; none when the
	// version begins with a word.
	numbers       []string
	suffix, build []token
}

// width is how many numbers a version has at least: 1.4 is 1.4.0.
const width = 3

// token is a part of what follows the numbers.
type token struct {
	kind kind
	text string
}

type kind uint8

const (
	end    kind = iota
	pre         // a word of PreReleaseWords
	word        // any other
	number      // behind a word
	opaque      // all from where nothing gives order
)

// IsZero tells whether there is no version.
func (v Version) IsZero() bool { return len(v.groups) == 0 }

// Compare puts versions in a total order, which keeps to what Unordered does not doubt.
func (v Version) Compare(w Version) int {
	order, _ := v.relate(w)
	return order
}

// Unordered tells whether two versions differ, and nothing in them says which is newer.
func (v Version) Unordered(w Version) bool {
	_, given := v.relate(w)
	return !given
}

// Order is Compare, and 0 where nothing gives the order.
func (v Version) Order(w Version) int {
	order, given := v.relate(w)
	if !given {
		return 0
	}
	return order
}

func (v Version) relate(w Version) (order int, given bool) {
	for i := range min(len(v.groups), len(w.groups)) {
		if order, given = v.groups[i].relate(w.groups[i]); order != 0 {
			return order, given
		}
	}
	return cmp.Compare(len(v.groups), len(w.groups)), true
}

func (g group) isEmpty() bool { return len(g.numbers) == 0 && len(g.suffix) == 0 && len(g.build) == 0 }

func (g group) relate(h group) (order int, given bool) {
	switch {
	case g.isEmpty() || h.isEmpty():
		return truth(h.isEmpty()) - truth(g.isEmpty()), true
	case len(g.numbers) == 0 || len(h.numbers) == 0:
		if order = cmp.Compare(len(g.numbers), len(h.numbers)); order != 0 {
			return order, false // one begins with a word
		}
	}
	for i := range min(len(g.numbers), len(h.numbers)) {
		if order = compareNumbers(g.numbers[i], h.numbers[i]); order != 0 {
			return order, true
		}
	}
	if order = cmp.Compare(len(g.numbers), len(h.numbers)); order != 0 {
		return order, true
	}
	if order, given = relateTokens(g.suffix, h.suffix); order != 0 {
		return order, given
	}
	return relateTokens(g.build, h.build)
}

func relateTokens(a, b []token) (order int, given bool) {
	at := behindRelease
	for i := range max(len(a), len(b)) {
		x, y := tokenAt(a, i), tokenAt(b, i)
		if x != y {
			return at.relate(x, y)
		}
		at = at.next(x)
	}
	return 0, true
}

func truth(is bool) int {
	if is {
		return 1
	}
	return 0
}

func tokenAt(tokens []token, i int) token {
	if i < len(tokens) {
		return tokens[i]
	}
	return token{}
}

func compareNumbers(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// place is where two suffixes first differ, which decides what the difference means.
type place uint8

const (
	// behindRelease a pre-release comes before the end, and a further number after it.
	behindRelease place = iota
	// behindWord two numbers are in order, but a number and none are not: eastus2 is no
	// newer than eastus.
	behindWord
	// inPreRelease more is later, as semver.org says in 11.4: rc, rc.1, rc.beta.
	inPreRelease
)

func (p place) next(t token) place {
	switch {
	case t.kind == pre || t.kind == number && p == inPreRelease:
		return inPreRelease
	case t.kind == word:
		return behindWord
	}
	return behindRelease
}

// relate compares two different tokens.
func (p place) relate(x, y token) (order int, given bool) {
	ranks := p.ranks()
	if order = cmp.Compare(ranks[x.kind], ranks[y.kind]); order != 0 {
		return order, p.gives(x.kind) && p.gives(y.kind) && (p != behindWord || x.kind != number && y.kind != number)
	}
	if x.kind == number {
		return compareNumbers(x.text, y.text), true
	}
	return strings.Compare(x.text, y.text), x.kind == pre
}

// ranks of kinds, by kind. Those that give no order have one that shows the release first.
func (p place) ranks() [5]int {
	if p == inPreRelease {
		return [...]int{end: 0, number: 1, pre: 2, word: 3, opaque: 4}
	}
	return [...]int{pre: 0, word: 1, opaque: 2, end: 3, number: 4}
}

func (p place) gives(k kind) bool { return k == pre || k == end || k == number }

// PreRelease returns the first word that makes it a pre-release, and nothing of a release.
func (v Version) PreRelease() string {
	for _, g := range v.groups {
		for _, t := range g.suffix {
			if t.kind == pre {
				return t.text
			}
		}
	}
	return ""
}

// String returns one text of all that are read as the same version: Parse of it is the
// version again.
func (v Version) String() string {
	var text strings.Builder
	for i, g := range v.groups {
		if i > 0 {
			text.WriteString(GroupEnd)
		}
		g.write(&text)
	}
	return text.String()
}

func (g group) write(text *strings.Builder) {
	for i, n := range g.numbers {
		if i > 0 {
			text.WriteString(".")
		}
		text.WriteString(cmp.Or(n, "0"))
	}
	for i, t := range g.suffix {
		switch {
		case t.kind == number:
			text.WriteString("." + cmp.Or(t.text, "0"))
			continue
		case i > 0 || len(g.numbers) > 0:
			text.WriteString("-")
		}
		text.WriteString(t.text)
	}
	for i, t := range g.build {
		switch {
		case i == 0:
			text.WriteString("+" + t.text)
		case g.build[0].text == "k0s": // as k0s writes it: k0s.0
			text.WriteString("." + cmp.Or(t.text, "0"))
		default:
			text.WriteString(cmp.Or(t.text, "0"))
		}
	}
}
