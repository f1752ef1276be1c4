package lint

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v3"
)

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

func (t *tree) invisibleKey(f field, known []string) {
	seen := strings.Map(func(r rune) rune {
		if invisibleInWord(r) {
			return -1
		}
		return r
	}, f.name)
	if seen != f.name && (slices.Contains(known, seen) || nearest(seen, known) != "") {
		t.add(RuleInvisible, Error, f.key, "key %q holds an invisible character: write it anew", seen)
	}
}

// anyAction is a template's action, also one that Go would refuse.
var anyAction = regexp.MustCompile(`\{\{[^{}]*`)

func hasInvisible(text string) bool { return strings.ContainsFunc(text, invisibleInWord) }

// invisible finds characters that nobody sees, where they are not told yet.
func (t *tree) invisible() {
	t.each(func(s scalar) {
		if s.Kind == yaml.ScalarNode && slices.ContainsFunc(anyAction.FindAllString(s.Value, -1), hasInvisible) {
			t.add(RuleInvisible, Error, s.Node, "a macro in this value holds an invisible character: write it anew")
		}
	})
	told := map[int]bool{}
	lines := newLines(t.view.text)
	for _, h := range t.hits {
		if h.rule == RuleInvisible {
			line, _ := lines.position(h.at)
			told[lines.starts[line-1]] = true
		}
	}
	for start, line := range textLines(t.view.text) {
		from := bom(line)
		if start > 0 {
			from = 0
		}
		i := bytes.IndexFunc(line[from:], invisible)
		if i < 0 || told[start] || told[start+from] {
			continue
		}
		r, _ := utf8.DecodeRune(line[from+i:])
		t.hits = append(t.hits, hit{
			rule: RuleInvisible, severity: Warning, at: start + from + i,
			message: fmt.Sprintf("an invisible character (%U) stands here", r),
		})
	}
}
