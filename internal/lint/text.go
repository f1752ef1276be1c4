package lint

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"
)

// textRules are those that need no YAML parser, as the text may not be YAML
// before they are satisfied.
func (b *block) textRules() []hit {
	regions := scan(b.text)
	var hits []hit
	for _, r := range regions {
		switch r.kind {
		case typographic:
			hits = append(hits, b.typographicQuote(r))
		case bare:
			hits = append(hits, b.unquotedMacro(r))
		case plain:
			hits = append(hits, b.noBreakSpaces(r)...)
			hits = append(hits, b.tabs(r)...)
		}
		if r.kind != comment {
			hits = append(hits, b.macros(r)...)
		}
	}
	return hits
}

// typographicQuote replaces a value's quotes by the ASCII ones that they look
// like, and escapes what these would end early.
func (b *block) typographicQuote(r region) hit {
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

func (b *block) unquotedMacro(r region) hit {
	text := string(b.text[r.start:r.end])
	quote := "'"
	if strings.Contains(text, "'") {
		quote = `"`
	}
	h := hit{
		rule: RuleUnquotedMacro, severity: Error, at: r.start,
		message: "a value that starts with {{ must be quoted, or YAML reads it as a mapping",
	}
	if quote == "'" || !strings.ContainsAny(text, `"\`) {
		h.fix = []Replacement{{r.start, r.start, quote}, {r.end, r.end, quote}}
	}
	return h
}

// noBreakSpaces finds the spaces that no YAML parser takes for one: where a
// space has a meaning, not between the words of a value.
func (b *block) noBreakSpaces(r region) []hit {
	var hits []hit
	for i := r.start; i < r.end; i++ {
		size := lookalike(b.text[i:r.end])
		if size == 0 {
			continue
		}
		if b.structural(i, i+size) {
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
func (b *block) structural(start, end int) bool {
	before := string(b.text[bytes.LastIndexAny(b.text[:start], "\r\n")+1 : start])
	lineEnd := bytes.IndexAny(b.text[end:], "\r\n")
	if lineEnd < 0 {
		lineEnd = len(b.text) - end
	}
	after := string(b.text[end : end+lineEnd])
	before, after = strings.TrimRight(before, allBlanks), strings.TrimLeft(after, allBlanks)
	return before == "" || after == "" || strings.HasSuffix(before, ":") || strings.HasSuffix(before, "-") ||
		strings.HasPrefix(after, "#") || strings.HasPrefix(after, ":")
}

// tabs finds tabs in indentation, which YAML forbids.
func (b *block) tabs(r region) []hit {
	lineStart := bytes.LastIndexAny(b.text[:r.start], "\r\n") + 1
	if lineStart != r.start {
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

// macroPath is a path such as .spectro.system.kubernetes.version.
var macroPath = regexp.MustCompile(`\.[A-Za-z_][A-Za-z0-9_$-]*(\.[A-Za-z0-9_$-]+)+`)

// macros checks the names and braces of Palette's macros in a region.
func (b *block) macros(r region) []hit {
	var hits []hit
	text := string(b.text[r.start:r.end])
	for _, at := range macroPath.FindAllStringIndex(text, -1) {
		path := text[at[0]:at[1]]
		open, closed := braces(text[:at[0]], text[at[1]:])
		segments := strings.Split(path[1:], ".")
		if segments[0] != root && (nearest(segments[0], []string{root}) == "" || !open.there && !closed.there) {
			continue
		}
		hits = append(hits, b.braceHits(r.start, at, open, closed)...)
		if h := b.macroName(r.start+at[0], segments); h != nil {
			hits = append(hits, *h)
		}
	}
	return hits
}

// brace is what stands at one side of a macro's path.
type brace struct {
	there  bool
	single int // offset of a single brace in its place, -1 when there is none
}

// braces looks for {{ before and }} after a path.
func braces(before, after string) (open, closed brace) {
	open.single, closed.single = -1, -1
	open.there = strings.LastIndex(before, "{{") > strings.LastIndex(before, "}}")
	if trimmed := strings.TrimRight(before, " \t-"); !open.there && strings.HasSuffix(trimmed, "{") {
		open.single = len(trimmed)
	}
	end, next := strings.Index(after, "}}"), strings.Index(after, "{{")
	closed.there = end >= 0 && (next < 0 || end < next)
	if trimmed := strings.TrimLeft(after, " \t-"); !closed.there && strings.HasPrefix(trimmed, "}") {
		closed.single = len(after) - len(trimmed)
	}
	return open, closed
}

func (b *block) braceHits(base int, path []int, open, closed brace) []hit {
	h := hit{rule: RuleMacroBraces, severity: Error, at: base + path[0]}
	switch {
	case open.there && closed.there:
		return nil
	case open.there && closed.single >= 0:
		at := base + path[1] + closed.single
		h.message = "one } closes the macro where }} is needed"
		h.fix = []Replacement{{at, at, "}"}}
	case open.there:
		at := base + path[1]
		h.message = "}} is missing behind the macro"
		h.fix = []Replacement{{at, at, "}}"}}
	case closed.there && open.single >= 0:
		at := base + open.single
		h.message = "one { opens the macro where {{ is needed"
		h.fix = []Replacement{{at, at, "{"}}
	case closed.there:
		at := base + path[0]
		h.message = "{{ is missing before the macro"
		h.fix = []Replacement{{at, at, "{{"}}
	case open.single >= 0 && closed.single >= 0:
		h.message = "a macro needs {{ and }}, not { and }"
		opens, closes := base+open.single, base+path[1]+closed.single
		h.fix = []Replacement{{opens, opens, "{"}, {closes, closes, "}"}}
	default:
		return nil // a path in prose or a script
	}
	return []hit{h}
}
