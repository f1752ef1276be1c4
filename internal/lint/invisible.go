package lint

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Characters that nobody sees and that change what a text is: zero width, bidirectional
// controls, a byte order mark inside. Joiners are letters of some scripts, and are told
// only in what Palette reads.
const (
	unseen       = "\u200b\u2060\ufeff\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
	unseenInWord = unseen + "\u200c\u200d\u00ad\u180e\u2061\u2062\u2063\u2064"
)

func bom(text []byte) int {
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		return len("\ufeff")
	}
	return 0
}

func (t *tree) invisibleKey(f field, known []string) {
	seen := strings.Map(func(r rune) rune {
		if strings.ContainsRune(unseenInWord, r) {
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

func hasInvisible(text string) bool { return strings.ContainsAny(text, unseenInWord) }

// invisible finds characters that nobody sees, where they are not told yet.
func (t *tree) invisible() {
	t.scalars(func(s scalar) {
		if slices.ContainsFunc(anyAction.FindAllString(s.Value, -1), hasInvisible) {
			t.add(RuleInvisible, Error, s.Node, "a macro in this value holds an invisible character: write it anew")
		}
	})
	at, told := positions(t.view.text), map[int]bool{}
	for _, h := range t.hits {
		if h.rule == RuleInvisible {
			told[at[h.at].line] = true
		}
	}
	for i, r := range string(t.view.text) {
		if line := at[i].line; strings.ContainsRune(unseen, r) && i >= bom(t.view.text) && !told[line] {
			told[line] = true
			t.hits = append(t.hits, hit{
				rule: RuleInvisible, severity: Warning, at: i,
				message: fmt.Sprintf("an invisible character (%U) stands here", r),
			})
		}
	}
}
