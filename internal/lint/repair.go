package lint

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamledit"
)

// What is no YAML has no tree to judge a repair by, so only what has one reading is
// repaired: white space that is no space, and values that one line holds as a whole.
// All of it is repaired, or nothing. A text that has no-break spaces in its
// indentation is judged like that too: if it parses, it is by accident.

// repair goes on with the repairs of a text, and tells whether it is YAML with them.
// why is what the parser said.
func (w *work) repair(why error) bool {
	spaces := noBreakSpaces(w.text)
	attempts := [][]space{nil}
	if len(spaces) > 0 {
		attempts = append(attempts, spaces)
	}
	var reason error
	for _, some := range attempts {
		tried := *w
		if reason = tried.try(some); reason == nil {
			*w = tried
			return true
		}
	}
	hits := spaceHits(spaces)
	if why != nil {
		for _, r := range regionsOf(w.text) {
			hits = append(hits, r.hit)
		}
		told := syntax(w.text, why)
		hits = append(hits, tabsFrom(w.text, told.at)...)
		hits = append(hits, told)
	}
	for i := range hits {
		hits[i].drop(reason)
	}
	w.take(hits, w.view)
	return why == nil
}

// try repairs white space, and then values.
func (w *work) try(spaces []space) error {
	original := w.text
	if len(spaces) > 0 {
		hits := spaceHits(spaces)
		next := w.unread(hits)
		next.doc, _ = yamledit.Parse(next.text)
		w.take(hits, next)
	}
	if w.doc == nil {
		hits, next, err := w.wholeValues()
		if err != nil {
			return err
		}
		w.take(hits, next)
	}
	if n := w.indented(); n > 0 {
		return fmt.Errorf("line %d would still be indented by no-break spaces", n)
	}
	if len(spaces) == 0 {
		return nil
	}
	return w.doubt(original, spaces)
}

// unread is the view's text with the fixes of hits, which all belong to it.
func (v view) unread(hits []hit) view {
	var all replacements
	for _, h := range hits {
		all = append(all, h.fix...)
	}
	slices.SortFunc(all, inOrder)
	return view{traced: v.spliced(all)}
}

func syntax(text []byte, err error) hit {
	h := hit{rule: RuleSyntax, severity: Error, message: err.Error()}
	var e *yamldoc.Problem
	if errors.As(err, &e) {
		h.message = e.Text()
		h.at = offset(text, e.Line, max(e.Column, 1))
	}
	return h
}

// lookalikes are the no-break spaces, as a class of regular expressions.
const (
	lookalikes = `\x{a0}\x{202f}\x{2007}`
	blank      = `[ \t` + lookalikes + `]`
	allBlanks  = " \t\u00a0\u202f\u2007"
)

var (
	// lineHead is a line's indentation, its dashes, and a key of one word or in quotes.
	lineHead = regexp.MustCompile(`^(` + blank + `*)((?:-` + blank + `+)*)(?:(?:"[^"\\]*"|'[^']*'|[\w./-]+)(` + blank + `*):(` + blank + `+|$))?`)
	lineTail = regexp.MustCompile(blank + `+(?:#|$)`)
)

func isLookalike(r rune) bool { return r == '\u00a0' || r == '\u202f' || r == '\u2007' }

func lookalike(text []byte) int {
	if r, size := utf8.DecodeRune(text); isLookalike(r) {
		return size
	}
	return 0
}

// space is one no-break space where YAML wants a space.
type space struct {
	at, size int
	// sure says that it is in the indentation or in a macro, so no part of a text.
	sure bool
}

// noBreakSpaces finds those that separate, in all lines. What is between words is
// the user's.
func noBreakSpaces(text []byte) []space {
	var all []space
	for start, line := range textLines(text) {
		if !bytes.ContainsFunc(line, isLookalike) {
			continue
		}
		head := lineHead.FindSubmatchIndex(line)
		tail := []int{len(line), len(line)}
		if at := lineTail.FindIndex(line[head[1]:]); at != nil {
			tail = []int{head[1] + at[0], head[1] + at[1]}
		}
		macros := macroSpaces(string(line[:tail[0]]))
		for i := 0; i < len(line); i++ {
			n := lookalike(line[i:])
			if n == 0 {
				continue
			}
			in := func(group int) bool { return head[2*group] <= i && i < head[2*group+1] }
			_, inMacro := slices.BinarySearch(macros, i)
			sure := in(1) || inMacro
			if sure || in(2) || in(3) || in(4) || tail[0] <= i && i < tail[1] {
				all = append(all, space{start + i, n, sure})
			}
			i += n - 1
		}
	}
	return all
}

// macroToken is a string of a macro, or one character of it.
var macroToken = regexp.MustCompile("\"[^\"]*\"|`[^`]*`|(?s:.)")

// macroSpaces are the no-break spaces in macros and outside of their strings, where no
// template takes one.
func macroSpaces(text string) []int {
	if !strings.Contains(text, "{{") || !strings.ContainsFunc(text, isLookalike) {
		return nil
	}
	var all []int
	for _, m := range oneMacro.FindAllStringIndex(text, -1) {
		for _, at := range macroToken.FindAllStringIndex(text[m[0]:m[1]], -1) {
			if token := text[m[0]+at[0] : m[0]+at[1]]; lookalike([]byte(token)) > 0 {
				all = append(all, m[0]+at[0])
			}
		}
	}
	return all
}

// textLines are the lines of a text without their ends, by where they start.
func textLines(text []byte) func(func(int, []byte) bool) {
	return func(yield func(int, []byte) bool) {
		for at := 0; at < len(text); {
			end := at + len(text[at:])
			if i := bytes.IndexAny(text[at:], "\r\n"); i >= 0 {
				end = at + i
			}
			if !yield(at, text[at:end]) {
				return
			}
			at = end + 1
		}
	}
}

// spaceHits are one for each run.
func spaceHits(spaces []space) []hit {
	var hits []hit
	for i, s := range spaces {
		r := replacement{s.at, s.at + s.size, " "}
		if i > 0 && spaces[i-1].at+spaces[i-1].size == s.at {
			hits[len(hits)-1].fix = append(hits[len(hits)-1].fix, r)
			continue
		}
		hits = append(hits, spaceHit(s.at, []replacement{r}))
	}
	return hits
}

func spaceHit(at int, fix []replacement) hit {
	return hit{rule: RuleNoBreakSpace, severity: Error, at: at, message: "a no-break space stands where YAML wants a space", fix: fix}
}

// indented returns a line that no-break spaces indent outside of quotes and scripts;
// 0 when there is none, or no tree.
func (v view) indented() int {
	if v.doc == nil || !bytes.ContainsFunc(v.text, isLookalike) {
		return 0
	}
	found := 0
	v.each(func(s scalar) {
		if found > 0 || s.Kind != yaml.ScalarNode || !s.isPlain() || !strings.ContainsFunc(s.Value, isLookalike) {
			return
		}
		start, end, err := v.doc.Span(s.Node)
		if err != nil {
			return
		}
		lead := start
		for lead > 0 && (v.text[lead-1] == ' ' || v.text[lead-1] == '\t') {
			lead--
		}
		first := lead == 0 || v.text[lead-1] == '\n' || v.text[lead-1] == '\r'
		if first && v.text[start] == '-' && lookalike(v.text[start+1:]) > 0 || leading(string(v.text[start:end]), first) >= 0 {
			found = s.Line
		}
	})
	return found
}

// leading finds a no-break space that starts a line of a value; -1 when there is none.
func leading(text string, lead bool) int {
	for i, r := range text {
		switch {
		case r == '\n' || r == '\r':
			lead = true
		case lead && isLookalike(r):
			return i
		case r != ' ' && r != '\t':
			lead = false
		}
	}
	return -1
}

// doubt says what may have been text: a no-break space before # or inside of a value
// became a space, or one is left where it looks like a separator.
func (v view) doubt(original []byte, spaces []space) error {
	var inside []int
	lines := newLines(original)
	for _, s := range spaces {
		if bytes.HasPrefix(original[s.at+s.size:], []byte("#")) {
			line, _ := lines.position(s.at)
			return fmt.Errorf("a no-break space before # on line %d may be text: write a space, or put the value in quotes", line)
		}
		if !s.sure {
			inside = append(inside, s.at)
		}
	}
	var err error
	v.each(func(s scalar) {
		if err != nil || s.Kind != yaml.ScalarNode {
			return
		}
		start, end, spanErr := v.doc.Span(s.Node)
		i, _ := slices.BinarySearch(inside, v.source(start))
		replaced := spanErr == nil && i < len(inside) && inside[i] < v.source(end)
		if replaced || s.isPlain() && ambiguous.MatchString(s.Value) {
			err = fmt.Errorf("a no-break space on line %d may be meant: write a space, or put the value in quotes", s.Line)
		}
	})
	return err
}

// ambiguous is text that may have been a key, an item or a comment.
var ambiguous = regexp.MustCompile(`^-?[` + lookalikes + `]|[` + lookalikes + `](?:[:#]|$)|:[` + lookalikes + `]`)

// blockHeader ends a line whose value is the lines below it.
var blockHeader = regexp.MustCompile(`(?:^|[ \t])[|>][+-]?[1-9]?[+-]?[ \t]*(?:#.*)?$`)

// tabsFrom finds tabs in indentation, outside of scripts, from the place on that is no YAML:
// those above are part of texts, as all are where no tab begins there. How wide they were is
// not known.
func tabsFrom(text []byte, refused int) []hit {
	if !bytes.HasPrefix(bytes.TrimLeft(text[refused:], " "), []byte("\t")) {
		return nil
	}
	var hits []hit
	script := -1
	for start, line := range textLines(text) {
		spaces := len(line) - len(bytes.TrimLeft(line, " "))
		body := bytes.TrimLeft(line, " \t")
		if len(body) == 0 || script >= 0 && spaces > script {
			continue
		}
		script = -1
		if blockHeader.Match(line) {
			script = spaces
		}
		if at := start + spaces; line[spaces] == '\t' && body[0] != '#' && at >= refused {
			hits = append(hits, hit{
				rule: RuleTab, severity: Error, at: at,
				message: "YAML forbids tabs in indentation: write as many spaces as the lines beside it have",
			})
		}
	}
	return hits
}
