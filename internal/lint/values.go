package lint

import (
	"errors"
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
	// flow says that it is in a flow collection.
	flow bool
	// of is the key that a value belongs to, empty in a list; top is the key at the
	// top that it is below.
	of, top string
}

func (s scalar) isPlain() bool { return s.Style&^yaml.TaggedStyle == 0 }

// each calls visit for all nodes of a document in their order.
func (v view) each(visit func(scalar)) {
	var walk func(s scalar)
	walk = func(s scalar) {
		visit(s)
		for i, c := range s.Content {
			next := scalar{Node: c, parent: s.Node, top: s.top, flow: s.Style&yaml.FlowStyle != 0}
			if s.Kind == yaml.MappingNode {
				next.isKey = i%2 == 0
				if !next.isKey {
					next.of = s.Content[i-1].Value
				}
				if s.parent == nil {
					next.top = s.Content[i-i%2].Value
				}
			}
			walk(next)
		}
	}
	if root := v.doc.Root(); root != nil {
		walk(scalar{Node: root})
	}
}

// scalars calls visit for the keys and values that are no collections.
func (v view) scalars(visit func(scalar)) {
	v.each(func(s scalar) {
		if s.Kind == yaml.ScalarNode {
			visit(s)
		}
	})
}

// lookalikes calls visit for the keys and values that hold a no-break space.
func (v view) lookalikes(visit func(scalar)) {
	v.scalars(func(s scalar) {
		if strings.ContainsFunc(s.Value, isLookalike) {
			visit(s)
		}
	})
}

// values finds what is wrong with values as such: quotes that YAML does not know,
// macros.
func values(v view) []hit {
	var hits []hit
	v.each(func(s scalar) {
		if s.Kind == yaml.MappingNode {
			hits = append(hits, v.complexKeys(s.Node)...)
		}
	})
	v.scalars(func(s scalar) {
		hits = append(hits, v.typographicQuote(s)...)
		hits = append(hits, v.macros(s.Node)...)
	})
	return hits
}

// Typographic quotes, as word processors and web pages set them.
const (
	singleQuotes = "‘’‚‛"
	doubleQuotes = "“”„‟"

	typographicQuotes = singleQuotes + doubleQuotes
)

// typographicQuote finds values that stand in typographic quotes as a whole, and
// gives them the ASCII ones that they look like.
func (v view) typographicQuote(s scalar) []hit {
	opening, size := utf8.DecodeRuneInString(s.Value)
	closing, closingSize := utf8.DecodeLastRuneInString(s.Value)
	end := len(s.Value) - closingSize
	if !s.isPlain() || !strings.ContainsRune(typographicQuotes, opening) {
		return nil
	}
	if !strings.ContainsAny(s.Value[size:], family(opening)) {
		return []hit{{
			rule: RuleTypographicQuote, severity: Warning, at: v.doc.Offset(s.Node),
			message: "typographic quote " + string(opening) + " starts this value and nothing in it ends the quote; YAML knows only ' and \"",
		}}
	}
	if !closes(opening, closing) || !isOneQuote(opening, closing, s.Value[size:end]) {
		return nil
	}
	h := quoteHit(opening, closing)
	h.at = v.doc.Offset(s.Node)
	at := v.doc.Spelling(s.Node)
	if at == nil { // it holds a line break that only YAML 1.1 knows
		return []hit{h}
	}
	h.at = at[0]
	h.fix = quoteFix(s.Value, func(i int) int { return at[i] })
	h.place = place{node: s.Node, edits: []replacement{{0, size, ""}, {end, len(s.Value), ""}}}
	if mayEscape(opening, s.Value) {
		h.drop(errEscape)
	}
	return []hit{h}
}

func quoteHit(opening, closing rune) hit {
	shown := opening
	if isASCII(opening) {
		shown = closing
	}
	return hit{
		rule: RuleTypographicQuote, severity: Error,
		message: "typographic quote " + string(shown) + " is part of the value; YAML knows only ' and \"",
	}
}

func isASCII(quote rune) bool { return strings.ContainsRune(`'"`, quote) }

// mayEscape tells of a backslash that double quotes would read.
func mayEscape(opening rune, text string) bool {
	return closes(opening, '"') && strings.Contains(text, `\`)
}

var errEscape = errors.New("its backslash may be an escape")

// quoteFix puts ASCII quotes at the ends of a value and escapes what these would end
// early. at leads to where a byte of the value is written.
func quoteFix(value string, at func(int) int) []replacement {
	opening, size := utf8.DecodeRuneInString(value)
	_, closingSize := utf8.DecodeLastRuneInString(value)
	end := len(value) - closingSize
	inner := value[size:end]
	quote := asciiQuote(opening, inner)
	fix := []replacement{{at(0), at(0) + size, quote}}
	for i, c := range inner {
		if from := at(size + i); string(c) == quote {
			fix = append(fix, replacement{from, from, strings.Replace(quote, `"`, `\`, 1)})
		}
	}
	return append(fix, replacement{at(end), at(end) + closingSize, quote})
}

func asciiQuote(opening rune, inner string) string {
	switch {
	case strings.ContainsRune(singleQuotes+"'", opening), strings.Contains(inner, `"`) && !strings.Contains(inner, "'"):
		return "'"
	}
	return `"`
}

// family are the quotes of an opening one's kind.
func family(opening rune) string {
	if strings.ContainsRune(singleQuotes+"'", opening) {
		return singleQuotes + "'"
	}
	return doubleQuotes + `"`
}

func closes(opening, closing rune) bool { return strings.ContainsRune(family(opening), closing) }

// isOneQuote tells whether the quotes at both ends hold all that is between them:
// “Foo” bar “baz” is text that quotes two words. An apostrophe is no quote, and ASCII
// quotes between two typographic ones are text.
func isOneQuote(opening, closing rune, inner string) bool {
	ends := family(opening)
	if !isASCII(opening) && !isASCII(closing) {
		ends = strings.TrimRight(ends, `'"`)
	}
	return !strings.ContainsAny(apostrophes.ReplaceAllString(inner, ""), ends)
}

var apostrophes = regexp.MustCompile(`[\pL\pM](?:['’][\pL\pM]+)+`)

// complexKeys finds keys that are mappings or lists, which no reader takes.
func (v view) complexKeys(n *yaml.Node) []hit {
	var hits []hit
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case target(key).Kind == yaml.ScalarNode:
		case isFlowSet(n) && isFlowSet(key):
			hits = append(hits, v.unquotedMacro(n))
		default:
			hits = append(hits, hit{rule: RuleSyntax, severity: Error, at: v.doc.Offset(key), message: "a key cannot be a mapping or a list"})
		}
	}
	return hits
}

// isFlowSet tells of {x}, which has one key and no value.
func isFlowSet(n *yaml.Node) bool {
	return n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle != 0 && len(n.Content) == 2 && isNull(n.Content[1])
}

// unquotedMacro is about {{.path}}, which YAML reads as a mapping whose key is a
// mapping.
func (v view) unquotedMacro(n *yaml.Node) hit {
	h := bareHit()
	h.at = v.doc.Offset(n)
	end, _ := v.doc.End(n)
	text := string(v.text[h.at:max(h.at, end)]) // nothing where the end is not known
	a, err := actionsOf(text)
	if quote := quoteFor(text); err == nil && len(a.texts) == 0 && len(a.uses) > 0 {
		h.fix = []replacement{{h.at, h.at, quote}, {end, end, quote}}
		h.place = place{node: n, value: &text}
	}
	return h
}

func bareHit() hit {
	return hit{
		rule: RuleUnquotedMacro, severity: Error,
		message: "a value that starts with {{ must be quoted, or YAML reads it as a mapping",
	}
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
	if spaces := macroSpaces(n.Value); len(spaces) > 0 {
		h := spaceHit(spaces[0], nil)
		h.message = "a no-break space stands in a macro, which no template takes"
		for _, i := range spaces {
			h.place.edits = append(h.place.edits, replacement{i, i + lookalike([]byte(n.Value[i:])), " "})
		}
		hits = append(hits, v.valueHit(n, at, h))
	}
	for _, u := range all {
		if message, fix := u.missing(n.Value); message != "" {
			hits = append(hits, v.valueHit(n, at, hit{rule: RuleMacroBraces, severity: Error, at: u.start, message: message, place: place{edits: fix}}))
		}
		if m := macroName(u); m != nil {
			hits = append(hits, v.valueHit(n, at, *m))
		}
	}
	return v.templates(n.Value, hits)
}

// templates leaves repairs only where the value is a template with them, and those of
// braces where every brace is then a macro's.
func (v view) templates(value string, hits []hit) []hit {
	var all []replacement
	for _, h := range hits {
		all = append(all, h.place.edits...)
	}
	value = edited(value, all)
	a, err := actionsOf(value)
	stray := err == nil && slices.ContainsFunc(a.texts, func(e extent) bool { return strings.ContainsAny(value[e.start:e.end], "{}") })
	for i := range hits {
		if err != nil || stray && hits[i].rule == RuleMacroBraces {
			hits[i].drop(errNoTemplate)
		}
	}
	return hits
}

// valueHit places a hit in a value, whose at is an offset of the value, and turns
// its edits into a fix where they can be written as they are.
func (v view) valueHit(n *yaml.Node, at []int, h hit) hit {
	if at == nil {
		h.at = v.doc.Offset(n)
		return h
	}
	h.at = at[h.at]
	return v.edited(h, n, at)
}

// edited turns the edits of a hit into its fix, where each is of text that is written as
// it reads.
func (v view) edited(h hit, n *yaml.Node, at []int) hit {
	h.place.node = n
	var fix []replacement
	for _, e := range h.place.edits {
		start, end := at[e.start], at[e.start]
		if e.end > e.start {
			end = at[e.end-1] + 1
		}
		if string(v.text[start:end]) != n.Value[e.start:e.end] {
			return h
		}
		fix = append(fix, replacement{start, end, e.text})
	}
	h.fix = fix
	return h
}

var errNoTemplate = errors.New("the value would still be no template")
