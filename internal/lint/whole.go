package lint

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/yamledit"
)

// region is what may be one value that its line holds as a whole.
type region struct {
	hit
	start, end int
	// value is what it is to be.
	value string
}

// beforeValue is what may stand on a line before its value.
var beforeValue = regexp.MustCompile(`^[ \t]*(?:-[ \t]+)*(?:(?:"[^"\\]*"|'[^']*'|[^\s"'{}\[\],#&*!|>%@:?` + typographicQuotes + `-][^"'{}\[\]#:]*):[ \t]+)?(?:[&!][^\s{}\[\],]+[ \t]+)*`)

func regionsOf(text []byte) []region {
	var all []region
	for _, m := range lineForm.FindAllIndex(text, -1) {
		start, line := m[0], text[m[0]:m[1]]
		at := beforeValue.FindIndex(line)[1]
		var r *region
		if value := string(line[at:]); strings.HasPrefix(value, "{{") {
			r = bareMacro(value)
		} else if strings.ContainsAny(value, typographicQuotes) {
			r = typographicValue(value)
		}
		if r == nil {
			continue
		}
		r.at, r.start, r.end = r.at+start+at, r.start+start+at, r.end+start+at
		for i := range r.fix {
			r.fix[i].start += start + at
			r.fix[i].end += start + at
		}
		all = append(all, *r)
	}
	return all
}

var valueEnd = regexp.MustCompile(`^[ \t]*(?:$|[ \t]#)`)

// typographicValue finds a value in quotes of which at least one is typographic, and
// behind which nothing stands but a comment.
func typographicValue(text string) *region {
	opening, size := utf8.DecodeRuneInString(text)
	if !strings.ContainsRune(typographicQuotes+`"'`, opening) {
		return nil
	}
	for i, c := range text[size:] {
		end := size + i + utf8.RuneLen(c)
		if !closes(opening, c) || !valueEnd.MatchString(text[end:]) {
			continue
		}
		inner := text[size : size+i]
		if !isOneQuote(opening, c, inner) || isASCII(opening) && isASCII(c) {
			return nil
		}
		r := region{hit: quoteHit(opening, c), end: end, value: inner}
		r.fix = quoteFix(text[:end], func(i int) int { return i })
		if mayEscape(opening, inner) {
			r.drop(errEscape)
		}
		return &r
	}
	return nil
}

// oneMacro is an action without braces inside.
var oneMacro = regexp.MustCompile(`\{\{[^{}]*\}\}`)

// severalThings is text beside macros that may be more than a part of one value: a key,
// items, a comment, quotes.
var severalThings = regexp.MustCompile("[,\t\"'`\\[\\]{}" + lookalikes + typographicQuotes + "]|:(?: |$)")

// bareMacro finds a value that starts with a macro. It has no fix where that may be a
// key, or more than one value.
func bareMacro(text string) *region {
	text, _, _ = strings.Cut(text, " #")
	text = strings.TrimRight(text, " \t")
	a, err := actionsOf(text)
	if err != nil || len(a.uses) == 0 {
		return nil
	}
	r := &region{hit: bareHit(), end: len(text), value: text}
	quote := quoteFor(text)
	if quote != "" && !severalThings.MatchString(oneMacro.ReplaceAllString(text, "x")) {
		r.fix = []replacement{{0, 0, quote}, {len(text), len(text), quote}}
	}
	return r
}

var errNoYAML = errors.New("the result would not be YAML")

// wholeValues repairs the values that their lines hold as a whole. A word in place of
// each shows what the rest of the text is: the result has to be that, with the
// repaired values where the words are.
func (v view) wholeValues() ([]hit, view, error) {
	regions := slices.DeleteFunc(regionsOf(v.text), func(r region) bool { return r.fix == nil })
	// Those that are no value, but a part of one, or in a flow collection, stay.
	_, places := v.shown(regions)
	regions = slices.DeleteFunc(regions, func(r region) bool { return places[r.start] == nil })
	shown, places := v.shown(regions)
	if shown == nil {
		return nil, v, errNoYAML
	}
	var hits []hit
	wanted := map[*yaml.Node][]place{}
	for _, r := range regions {
		hits = append(hits, r.hit)
		wanted[places[r.start]] = []place{{value: &r.value}}
	}
	next := v.unread(hits)
	doc, failed, err := changed(shown, next.text, wanted)
	if len(failed) > 0 {
		err = cmp.Or(err, errNoYAML)
	}
	next.doc = doc
	return hits, next, err
}

// shown reads the text with a word in place of each region, and returns the regions
// that are a value of a block, by their start.
func (v view) shown(regions []region) (*yamledit.Document, map[int]*yaml.Node) {
	var all replacements
	starts := map[string]int{}
	for i, r := range regions {
		text := fmt.Sprintf("placeholder-of-a-value-%d", i)
		starts[text] = r.start
		all = append(all, replacement{r.start, r.end, text})
	}
	doc, err := yamledit.Parse(v.spliced(all).text)
	if err != nil {
		return nil, nil
	}
	places := map[int]*yaml.Node{}
	view{doc: doc}.scalars(func(s scalar) {
		if s.isPlain() && !s.flow {
			places[starts[s.Value]] = s.Node
		}
	})
	return doc, places
}
