package lint

import (
	"bytes"
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
	if !bytes.ContainsFunc(v.text, isLookalike) {
		return nil
	}
	var hits []hit
	v.each(func(s scalar) {
		if s.Kind != yaml.ScalarNode || !strings.ContainsFunc(s.Value, isLookalike) {
			return
		}
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
		hits = append(hits, v.trimmed(s.Node, left, len(strings.TrimRight(value, allBlanks)))...)
	})
	return hits
}

// script finds a line of a script that a no-break space indents.
func (v view) script(s scalar) []hit {
	at, i := v.doc.Spelling(s.Node), leading(s.Value, true)
	if s.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 || i < 0 || at == nil {
		return nil
	}
	return []hit{{
		rule: RuleNoBreakSpace, severity: Warning, at: at[i],
		message: "a no-break space indents this line: no program takes it for a space",
	}}
}

// mayHide is text that would be something else with a space: a key, a value in quotes,
// a comment.
var mayHide = regexp.MustCompile(`^[\w.-]+:[` + lookalikes + `]|^[` + lookalikes + `]+["'\[{]|[` + lookalikes + `]#`)

func short(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}

// mayComment is a comment to the eye.
var mayComment = regexp.MustCompile(`[` + lookalikes + `]#`)

// trimmed replaces the no-break spaces at the ends of a value.
func (v view) trimmed(n *yaml.Node, left, right int) []hit {
	at := v.doc.Spelling(n)
	if at == nil || right <= left {
		return nil
	}
	var fix []replacement
	for i, r := range n.Value {
		if i >= right && !strings.ContainsRune(allBlanks, r) {
			break
		}
		if isLookalike(r) && (i < left || i >= right) {
			fix = append(fix, replacement{at[i], at[i] + utf8.RuneLen(r), " "})
		}
	}
	if len(fix) == 0 {
		return nil
	}
	h := spaceHit(fix[0].start, fix)
	h.places = []place{{node: n, edits: []replacement{{0, left, ""}, {right, len(n.Value), ""}}}}
	return []hit{h}
}

// keyLine is a line of one word, a colon, and a no-break space.
var keyLine = regexp.MustCompile(`(?m)^([ \t]*(?:-[ \t]+)*)([\w.-]+):[ ]*([` + lookalikes + `])`)

// keyLines finds lines of a plain value that look like a key and its value. A key of
// the packs is one; another may be text.
func (v view) keyLines(s scalar) []hit {
	start, end, err := v.doc.Span(s.Node)
	if err != nil {
		return nil
	}
	from := start
	for from > 0 && strings.IndexByte(" \t-", v.text[from-1]) >= 0 {
		from--
	}
	if from > 0 && v.text[from-1] != '\n' && v.text[from-1] != '\r' {
		from = start + max(bytes.IndexByte(v.text[start:end], '\n'), 0)
		if from == start {
			return nil
		}
	}
	var hits []hit
	for _, m := range keyLine.FindAllSubmatchIndex(v.text[from:end], -1) {
		word, at := string(v.text[from+m[4]:from+m[5]]), from+m[6]
		if !ofPack(word, s.top) {
			hits = append(hits, hit{
				rule: RuleNoBreakSpace, severity: Warning, at: at,
				message: fmt.Sprintf("YAML takes %q for text, as a no-break space is behind its colon: write a space, or put the value in quotes", short(word)+":"),
			})
			continue
		}
		h := spaceHit(at, []replacement{{at, at + m[7] - m[6], " "}})
		h.places = []place{{node: s.Node, shape: true}}
		if from+m[4] > start {
			h.places[0].node = s.parent // which gets one more key
		}
		hits = append(hits, h)
	}
	return hits
}
