package lint

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v3"
)

// scalar is a key or a value, and what it is one of.
type scalar struct {
	*yaml.Node
	parent *yaml.Node
	isKey  bool
	// of is the key that a value belongs to; empty in a list.
	of string
}

func (s scalar) isPlain() bool { return s.Style&^yaml.TaggedStyle == 0 }

// each calls visit for all nodes of a document in their order.
func (v view) each(visit func(scalar)) {
	var walk func(s scalar)
	walk = func(s scalar) {
		visit(s)
		for i, c := range s.Content {
			next := scalar{Node: c, parent: s.Node}
			if s.Kind == yaml.MappingNode {
				next.isKey = i%2 == 0
				if !next.isKey {
					next.of = s.Content[i-1].Value
				}
			}
			walk(next)
		}
	}
	if root := v.doc.Root(); root != nil {
		walk(scalar{Node: root})
	}
}

// values finds what is wrong with values as such: quotes that YAML does not know,
// macros.
func values(v view) []hit {
	var hits []hit
	v.each(func(s scalar) {
		if s.Kind == yaml.MappingNode {
			hits = append(hits, v.unquotedMacro(s.Node)...)
		}
		if s.Kind != yaml.ScalarNode || s.Value == "" {
			return
		}
		hits = append(hits, v.typographicQuote(s)...)
		hits = append(hits, v.macros(s.Node)...)
	})
	return hits
}

// typographicQuote finds values that stand in typographic quotes as a whole, and
// gives them the ASCII ones that they look like.
func (v view) typographicQuote(s scalar) []hit {
	opening, size := utf8.DecodeRuneInString(s.Value)
	closing, closingSize := utf8.DecodeLastRuneInString(s.Value)
	end := len(s.Value) - closingSize
	if !s.isPlain() || !strings.ContainsRune(typographicQuotes, opening) || !strings.ContainsRune(typographicQuotes+`"'`, closing) || end < size {
		return nil
	}
	inner := s.Value[size:end]
	if !isOneQuote(opening, closing, inner) {
		return nil
	}
	h := hit{
		rule: RuleTypographicQuote, severity: Error, at: v.doc.Offset(s.Node),
		message: "typographic quote " + string(opening) + " is part of the value; YAML knows only ' and \"",
	}
	at := v.doc.Spelling(s.Node)
	if at == nil {
		return []hit{h}
	}
	h.at = at[0]
	quote := asciiQuote(opening, inner)
	h.fix = append(h.fix, Replacement{at[0], at[0] + size, quote})
	for i, c := range inner {
		switch from := at[size+i]; {
		case quote == "'" && c == '\'':
			h.fix = append(h.fix, Replacement{from, from, "'"})
		case quote == `"` && (c == '"' || c == '\\'):
			h.fix = append(h.fix, Replacement{from, from, `\`})
		}
	}
	h.fix = append(h.fix, Replacement{at[end], at[end] + closingSize, quote})
	h.places = []place{{node: s.Node, edits: []valueEdit{{0, size, ""}, {end, len(s.Value), ""}}}}
	return []hit{h}
}

// isOneQuote tells whether the quotes at both ends hold all that is between them:
// “Foo” bar “baz” is text that quotes two words. An apostrophe is no quote.
func isOneQuote(opening, closing rune, inner string) bool {
	others := doubleQuotes
	if strings.ContainsRune(singleQuotes, opening) {
		others = singleQuotes
	}
	if closing == '"' || closing == '\'' {
		others += string(closing)
	}
	runes := []rune(inner)
	for i, r := range runes {
		apostrophe := (r == '’' || r == '\'') && i > 0 && i+1 < len(runes) && isLetter(runes[i-1]) && isLetter(runes[i+1])
		if strings.ContainsRune(others, r) && !apostrophe {
			return false
		}
	}
	return true
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > utf8.RuneSelf }

// unquotedMacro finds {{.path}}, which YAML reads as a mapping whose key is a
// mapping.
func (v view) unquotedMacro(n *yaml.Node) []hit {
	if n.Style&yaml.FlowStyle == 0 || len(n.Content) != 2 || !isNull(n.Content[1]) || n.Anchor != "" {
		return nil
	}
	key := n.Content[0]
	if key.Kind != yaml.MappingNode || len(key.Content) != 2 || !isNull(key.Content[1]) || !strings.HasPrefix(key.Content[0].Value, ".") {
		return nil
	}
	start := v.doc.Offset(n)
	end, err := v.doc.End(n)
	if err != nil {
		return nil
	}
	text := string(v.text[start:end])
	if a, err := actionsOf(text); err != nil || len(a.texts) > 0 || len(a.uses) == 0 {
		return nil
	}
	h := hit{
		rule: RuleUnquotedMacro, severity: Error, at: start,
		message: "a value that starts with {{ must be quoted, or YAML reads it as a mapping",
	}
	if quote := quoteFor(text); quote != "" && !strings.ContainsAny(text, "\r\n#") {
		h.fix = []Replacement{{start, start, quote}, {end, end, quote}}
		h.places = []place{{node: n, value: &text}}
	}
	return []hit{h}
}

// quoteFor returns the quote that can stand around a text as it is.
func quoteFor(text string) string {
	switch {
	case !strings.Contains(text, "'"):
		return "'"
	case !strings.ContainsAny(text, `"\`):
		return `"`
	}
	return ""
}

// macros checks the names and braces of Palette's macros in a value.
func (v view) macros(n *yaml.Node) []hit {
	all := uses(n.Value)
	if len(all) == 0 {
		return nil
	}
	at := v.doc.Spelling(n)
	var hits []hit
	for _, u := range all {
		if message, fix := u.missing(); message != "" {
			hits = append(hits, v.valueHit(n, at, hit{rule: RuleMacroBraces, severity: Error, at: u.start, message: message}, edits(fix)))
		}
		if m := macroName(u); m != nil {
			hits = append(hits, v.valueHit(n, at, m.hit, m.edits))
		}
	}
	return v.templates(n.Value, hits)
}

func edits(fix []insertion) []valueEdit {
	all := make([]valueEdit, len(fix))
	for i, f := range fix {
		all[i] = valueEdit{f.at, f.at, f.text}
	}
	return all
}

// templates leaves repairs of braces only where the value is a template with them.
func (v view) templates(value string, hits []hit) []hit {
	var all []valueEdit
	for _, h := range hits {
		for _, p := range h.places {
			all = append(all, p.edits...)
		}
	}
	if _, err := actionsOf(edited(value, all)); err == nil {
		return hits
	}
	for i := range hits {
		if hits[i].rule == RuleMacroBraces && hits[i].fix != nil {
			hits[i].drop(errNoTemplate)
		}
	}
	return hits
}

// valueHit places a hit in a value, whose at is an offset of the value, and turns
// edits of the value into a fix where they can be written as they are.
func (v view) valueHit(n *yaml.Node, at []int, h hit, edits []valueEdit) hit {
	in := h.at
	h.at = v.doc.Offset(n)
	if at == nil {
		return h
	}
	h.at = at[in]
	if len(edits) == 0 {
		return h
	}
	for _, e := range edits {
		start, end := at[e.start], at[e.end]
		if e.end > e.start {
			end = at[e.end-1] + 1
		} else if e.end > 0 {
			start = at[e.end-1] + 1
			end = start
		}
		if string(v.text[start:end]) != n.Value[e.start:e.end] {
			h.fix = nil
			return h
		}
		h.fix = append(h.fix, Replacement{start, end, e.text})
	}
	h.places = []place{{node: n, edits: edits}}
	return h
}

// known are the words that a no-break space is looked for beside, in a text that
// is YAML: there it hides a key, anywhere else it is the user's.
var known = regexp.MustCompile(`^(pack|options|content|images?|os(ImageOverride|Name|Version)|system(\.[A-Za-z0-9]+)?|uri)$`)

var (
	hiddenKey  = regexp.MustCompile(`(^|[ \n])(-[ \x{a0}\x{202f}\x{2007}]+)?(pack|options|content|images?|osImageOverride|osName|osVersion|system\.[A-Za-z0-9]+)[ \x{a0}\x{202f}\x{2007}]*:[ ]*[\x{a0}\x{202f}\x{2007}]`)
	hiddenDash = regexp.MustCompile(`^([ \t]*-)?[ \x{a0}\x{202f}\x{2007}]+`)
)

// hidden finds no-break spaces that hide a key of the packs, or are at an end of
// one's value: there they stand for a space.
func hidden(v view) []hit {
	if !bytes.ContainsFunc(v.text, isLookalike) {
		return nil
	}
	var hits []hit
	v.each(func(s scalar) {
		if s.Kind != yaml.ScalarNode || !s.isPlain() || !strings.ContainsFunc(s.Value, isLookalike) {
			return
		}
		if s.isKey {
			hits = append(hits, v.hiddenKey(s)...)
			return
		}
		hits = append(hits, v.hiddenIn(s)...)
	})
	return hits
}

func isLookalike(r rune) bool { return r == '\u00a0' || r == '\u202f' || r == '\u2007' }

// hiddenKey finds a no-break space before or behind a known key.
func (v view) hiddenKey(s scalar) []hit {
	start, end, err := v.doc.Span(s.Node)
	if err != nil {
		return nil
	}
	if lead := hiddenDash.FindString(s.Value); lead != "" && known.MatchString(strings.Trim(s.Value[len(lead):], allBlanks)) {
		return v.spaces(start, end, place{node: s.parent, shape: true})
	}
	word := strings.TrimRight(s.Value, allBlanks)
	if !known.MatchString(word) {
		return nil
	}
	return v.spaces(start, end, place{node: s.Node, edits: []valueEdit{{len(word), len(s.Value), ""}}})
}

// hiddenIn finds keys in what is a value to YAML, and white space at the ends of
// values of the packs' keys.
func (v view) hiddenIn(s scalar) []hit {
	start, end, err := v.doc.Span(s.Node)
	if err != nil {
		return nil
	}
	if hiddenKey.MatchString(s.Value) {
		return v.spaces(start, end, place{node: s.Node, shape: true})
	}
	if !known.MatchString(s.of) {
		return nil
	}
	value := s.Value
	if at := commentIn.FindStringIndex(value); at != nil {
		value = value[:at[0]]
	}
	left := len(value) - len(strings.TrimLeft(value, allBlanks))
	right := len(strings.TrimRight(value, allBlanks))
	if left == 0 && right == len(s.Value) || right <= left {
		return nil
	}
	return v.spaces(start, end, place{node: s.Node, edits: []valueEdit{{0, left, ""}, {right, len(s.Value), ""}}})
}

// commentIn is a comment to the eye.
var commentIn = regexp.MustCompile(`[\x{a0}\x{202f}\x{2007}]#`)

// spaces finds the no-break spaces of a node that are no part of its words. What
// they change together is one place.
func (v view) spaces(start, end int, p place) []hit {
	var hits []hit
	for i := start; i < end; {
		_, size := utf8.DecodeRune(v.text[i:])
		if lookalike(v.text[i:end]) > 0 && structural(v.text, i, i+size) {
			hits = append(hits, hit{
				rule: RuleNoBreakSpace, severity: Error, at: i,
				message: "a no-break space stands where YAML wants a space",
				fix:     []Replacement{{i, i + size, " "}},
			})
		}
		i += size
	}
	if len(hits) == 0 {
		return nil
	}
	// They are repaired as one: none alone gives what is meant.
	for i := range hits[1:] {
		hits[0].fix = append(hits[0].fix, hits[i+1].fix...)
		hits[i+1].fix = nil
	}
	hits[0].places = []place{p}
	return hits[:1]
}

var errNoTemplate = errorText("the value would still be no template")

type errorText string

func (e errorText) Error() string { return string(e) }

// invisible are characters that nobody sees and that change what a text is: zero
// width, bidirectional controls, a byte order mark inside. Joiners are letters of
// some scripts, and are told only in what Palette reads.
func invisible(r rune) bool {
	return r == '\u200b' || r == '\u2060' || r == '\ufeff' || r == '\u061c' || r == '\u200e' || r == '\u200f' ||
		r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

func invisibleInWord(r rune) bool {
	return invisible(r) || r == '\u200c' || r == '\u200d' || r == '\u00ad' || r == '\u180e' || r >= '\u2061' && r <= '\u2064'
}

func bom(text []byte) int {
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		return len("\ufeff")
	}
	return 0
}

// invisibles are the places of such characters in a text, one for a line.
func invisibles(text []byte) []int {
	var all []int
	line := -1
	for i := bom(text); i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if c == '\n' || c == '\r' {
				line = i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if invisible(r) && (len(all) == 0 || all[len(all)-1] < line || line < 0 && len(all) == 0) {
			all = append(all, i)
		}
		i += size
	}
	return slices.Clip(all)
}
