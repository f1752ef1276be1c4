package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	yaml "go.yaml.in/yaml/v3"
)

// ofPack tells whether a key is one of the packs', below a key that they have at the
// top.
func ofPack(key, top string) bool {
	known := []string{"pack", "options", "content", "images", "image", "system", "uri"}
	top = strings.Trim(top, allBlanks)
	return (top == "pack" || top == "options") && slices.Contains(slices.Concat(known, spec.KnownKeys()), key)
}

// hidden finds no-break spaces that hide a key of the packs, or are at an end of it or
// its value: there they stand for a space. Anywhere else they may be meant.
func hidden(v view) []hit {
	var hits []hit
	v.lookalikes(func(s scalar) {
		if !s.isPlain() {
			hits = append(hits, v.script(s)...)
			return
		}
		value := s.Value
		own := ofPack(s.of, s.top) || s.isKey && ofPack(strings.Trim(value, allBlanks), s.top)
		switch lines := v.keyLines(s); {
		case len(lines) > 0:
			hits = append(hits, lines...)
			return
		case !own && mayHide.MatchString(value):
			hits = append(hits, hit{
				rule: RuleNoBreakSpace, severity: Warning, at: v.doc.Offset(s.Node),
				message: fmt.Sprintf("YAML takes %q for one text, as its no-break space is no space: write a space, or put it in quotes", short(value)),
			})
		}
		if !own {
			return
		}
		if mayComment.MatchString(value) {
			hits = append(hits, hit{
				rule: RuleNoBreakSpace, severity: Error, at: v.doc.Offset(s.Node),
				message: fmt.Sprintf("%q is all value, as its no-break space starts no comment: write a space, or nothing", short(value)),
			})
			return
		}
		left := len(value) - len(strings.TrimLeft(value, allBlanks))
		hits = append(hits, v.trimmed(s.Node, left, max(left, len(strings.TrimRight(value, allBlanks))))...)
	})
	return hits
}

// script finds a line of a script that a no-break space indents.
func (v view) script(s scalar) []hit {
	found := scriptIndent.FindStringSubmatchIndex(s.Value)
	if s.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 || found == nil {
		return nil
	}
	return []hit{v.valueHit(s.Node, v.doc.Spelling(s.Node), hit{
		rule: RuleNoBreakSpace, severity: Warning, at: found[2],
		message: "a no-break space indents this line: no program takes it for a space",
	})}
}

var scriptIndent = regexp.MustCompile(`(?m)^[ \t]*([` + lookalikes + `])`)

// mayHide is text that would be something else with a space: a key, a value in quotes,
// a comment.
var mayHide = regexp.MustCompile(`^[\w.-]+:[` + lookalikes + `]|^[` + lookalikes + `]+["'\[{]|[` + lookalikes + `]#`)

func short(text string) string { return long.ReplaceAllString(text, "$1…") }

var long = regexp.MustCompile(`(?s)^(.{40}).+`)

// mayComment is a comment to the eye.
var mayComment = regexp.MustCompile(`[` + lookalikes + `]#`)

// trimmed replaces the no-break spaces at the ends of a value.
func (v view) trimmed(n *yaml.Node, left, right int) []hit {
	at := v.doc.Spelling(n)
	if at == nil { // it holds a line break that only YAML 1.1 knows
		return nil
	}
	var fix []replacement
	for i, r := range n.Value {
		if isLookalike(r) && (i < left || i >= right) {
			fix = append(fix, replacement{at[i], at[i] + utf8.RuneLen(r), " "})
		}
	}
	if len(fix) == 0 {
		return nil
	}
	h := spaceHit(fix[0].start, fix)
	h.place = place{node: n, edits: []replacement{{0, left, ""}, {right, len(n.Value), ""}}}
	return []hit{h}
}

// keyLine is a line of one word, a colon, and a no-break space.
var keyLine = regexp.MustCompile(`(?:^|[\r\n])[ \t]*(?:-[ \t]+)*([\w.-]+):[ ]*([` + lookalikes + `])`)

// keyLines finds lines of a plain value that look like a key and its value. A key of
// the packs is one; another may be text.
func (v view) keyLines(s scalar) []hit {
	start, end, _ := v.doc.Span(s.Node)
	from := v.margin(start, " \t-")
	var hits []hit
	for _, m := range keyLine.FindAllSubmatchIndex(v.text[from:end], -1) {
		word, at := string(v.text[from+m[2]:from+m[3]]), from+m[4]
		if !ofPack(word, s.top) {
			hits = append(hits, hit{
				rule: RuleNoBreakSpace, severity: Warning, at: at,
				message: fmt.Sprintf("YAML takes %q for text, as a no-break space is behind its colon: write a space, or put the value in quotes", short(word)+":"),
			})
			continue
		}
		h := spaceHit(at, []replacement{{at, from + m[5], " "}})
		h.place = place{node: s.Node, shape: true}
		hits = append(hits, h)
	}
	return hits
}
