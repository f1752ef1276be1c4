package lint

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// repair makes YAML of a text that is none. Rules on the text say what could be
// meant; of that the least that makes it YAML is done, as the rules on the tree
// find the rest. Without such a repair the view has no document.
func (b *block) repair(why error) ([]hit, view) {
	hits := textRules(b.text)
	broken := view{text: b.text}
	for _, rules := range ruleSets(hits, len(b.text)) {
		some := slices.Clone(hits)
		some = slices.DeleteFunc(some, func(h hit) bool { return h.fix == nil || !slices.Contains(rules, h.rule) })
		if _, err := broken.with(pointers(some)); err == nil {
			some = broken.needed(some)
			return some, broken.prove(some)
		}
	}
	_ = broken.prove(hits) // each says why it is not repaired
	return append(hits, b.syntax(why)), broken
}

func pointers(hits []hit) []*hit {
	all := make([]*hit, len(hits))
	for i := range hits {
		all[i] = &hits[i]
	}
	return all
}

// ruleSets are the rules that have repairs, in all combinations, the smallest
// first; of a large text each alone, and all.
func ruleSets(hits []hit, size int) [][]Rule {
	var rules []Rule
	for _, h := range hits {
		if h.fix != nil && !slices.Contains(rules, h.rule) {
			rules = append(rules, h.rule)
		}
	}
	var sets [][]Rule
	for mask := 1; mask < 1<<len(rules); mask++ {
		var set []Rule
		for i, rule := range rules {
			if mask&(1<<i) != 0 {
				set = append(set, rule)
			}
		}
		if size <= largeText || len(set) == 1 || len(set) == len(rules) {
			sets = append(sets, set)
		}
	}
	slices.SortStableFunc(sets, func(a, b []Rule) int { return cmp.Compare(len(a), len(b)) })
	return sets
}

// largeText is too large to try many repairs of it; manyRepairs are too many to
// try without each.
const (
	largeText   = 256 << 10
	manyRepairs = 64
)

// needed leaves out the repairs without which the text is YAML as well.
func (v view) needed(hits []hit) []hit {
	if len(v.text) > largeText || len(hits) > manyRepairs {
		return hits
	}
	for i := len(hits) - 1; i >= 0; i-- {
		without := slices.Delete(slices.Clone(hits), i, i+1)
		if _, err := v.with(pointers(without)); err == nil {
			hits = without
		}
	}
	return hits
}

// textRules find what can keep a text from being YAML.
func textRules(text []byte) []hit {
	b := textBlock{text}
	var hits []hit
	for _, r := range scan(text) {
		switch r.kind {
		case typographic:
			hits = append(hits, b.typographicQuote(r))
		case bare:
			hits = append(hits, b.unquotedMacro(r))
		case plain:
			hits = append(hits, b.noBreakSpaces(r)...)
			hits = append(hits, b.tabs(r)...)
		}
		if r.kind == plain || r.kind == bare {
			hits = append(hits, b.braces(r)...)
		}
	}
	return hits
}

// textBlock is a text that may be no YAML.
type textBlock struct{ text []byte }

// typographicQuote replaces a value's quotes by the ASCII ones that they look
// like, and escapes what these would end early.
func (b textBlock) typographicQuote(r region) hit {
	text := string(b.text[r.start:r.end])
	opening, size := utf8.DecodeRuneInString(text)
	closing, closingSize := utf8.DecodeLastRuneInString(text)
	inner := text[size : len(text)-closingSize]
	quote := asciiQuote(opening, inner)
	shown := opening
	if opening == '"' || opening == '\'' {
		shown = closing
	}
	h := hit{
		rule: RuleTypographicQuote, severity: Error, at: r.start,
		message: "typographic quote " + string(shown) + " is part of the value; YAML knows only ' and \"",
	}
	if string(opening) != quote {
		h.fix = append(h.fix, Replacement{r.start, r.start + size, quote})
	}
	for i, c := range inner {
		at := r.start + size + i
		switch {
		case quote == "'" && c == '\'':
			h.fix = append(h.fix, Replacement{at, at, "'"})
		case quote == `"` && opening != '"' && (c == '"' || c == '\\'):
			h.fix = append(h.fix, Replacement{at, at, `\`})
		}
	}
	if string(closing) != quote {
		h.fix = append(h.fix, Replacement{r.end - closingSize, r.end, quote})
	}
	return h
}

func asciiQuote(opening rune, inner string) string {
	switch {
	case opening == '"' || opening == '\'':
		return string(opening)
	case strings.ContainsRune(singleQuotes, opening):
		return "'"
	case strings.ContainsAny(inner, `"\`) && !strings.Contains(inner, "'"):
		return "'"
	}
	return `"`
}

func (b textBlock) unquotedMacro(r region) hit {
	text := string(b.text[r.start:r.end])
	quote := quoteFor(text)
	h := hit{
		rule: RuleUnquotedMacro, severity: Error, at: r.start,
		message: "a value that starts with {{ must be quoted, or YAML reads it as a mapping",
	}
	if quote != "" {
		h.fix = []Replacement{{r.start, r.start, quote}, {r.end, r.end, quote}}
	}
	return h
}

// noBreakSpaces finds the spaces that no YAML parser takes for one: where a
// space has a meaning, not between the words of a value.
func (b textBlock) noBreakSpaces(r region) []hit {
	var hits []hit
	for i := r.start; i < r.end; i++ {
		size := lookalike(b.text[i:r.end])
		if size == 0 {
			continue
		}
		if structural(b.text, i, i+size) {
			hits = append(hits, hit{
				rule: RuleNoBreakSpace, severity: Error, at: i,
				message: "a no-break space stands where YAML wants a space",
				fix:     []Replacement{{i, i + size, " "}},
			})
		}
		i += size - 1
	}
	return hits
}

func lookalike(text []byte) int {
	for _, space := range lookalikes {
		if bytes.HasPrefix(text, []byte(space)) {
			return len(space)
		}
	}
	return 0
}

const allBlanks = " \t\u00a0\u202f\u2007"

// structural tells whether white space separates, rather than being part of a
// value.
func structural(text []byte, start, end int) bool {
	before := bytes.TrimRight(text[max(0, start-manyBlanks):start], allBlanks)
	after := bytes.TrimLeft(text[end:min(len(text), end+manyBlanks)], allBlanks)
	if len(before) == 0 || len(after) == 0 || before[len(before)-1] == '\n' || before[len(before)-1] == '\r' || after[0] == '\n' || after[0] == '\r' {
		return true
	}
	line := before[bytes.LastIndexAny(before, "\r\n")+1:]
	dash := len(bytes.Trim(line, allBlanks+"-")) == 0
	return before[len(before)-1] == ':' || dash || after[0] == '#' || after[0] == ':'
}

// manyBlanks are more than anybody writes in a row.
const manyBlanks = 64

// tabs finds tabs in indentation, which YAML forbids.
func (b textBlock) tabs(r region) []hit {
	if !r.line {
		return nil
	}
	indent := b.text[r.start:r.end]
	indent = indent[:len(indent)-len(bytes.TrimLeft(indent, " \t"))]
	at := bytes.IndexByte(indent, '\t')
	if at < 0 || len(indent) == r.end-r.start {
		return nil
	}
	h := hit{rule: RuleTab, severity: Error, at: r.start + at, message: "YAML forbids tabs in indentation"}
	for i, c := range indent {
		if c == '\t' {
			h.fix = append(h.fix, Replacement{r.start + i, r.start + i + 1, "  "})
		}
	}
	return []hit{h}
}

// braces finds macros that lack one, where YAML wants the other way.
func (b textBlock) braces(r region) []hit {
	var hits []hit
	for _, u := range meant(usesIn(string(b.text[r.start:r.end]), 0)) {
		message, fix := u.missing()
		if message == "" {
			continue
		}
		h := hit{rule: RuleMacroBraces, severity: Error, at: r.start + u.start, message: message}
		for _, f := range fix {
			at := r.start + f.at
			h.fix = append(h.fix, Replacement{at, at, f.text})
		}
		hits = append(hits, h)
	}
	return hits
}
