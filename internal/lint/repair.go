package lint

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

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
	reason := w.try(nil)
	if reason == nil {
		return true
	}
	spaces := noBreakSpaces(w.text)
	if reason = w.try(spaces); reason == nil {
		return true
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

// try repairs some white space, and then values; nothing where that does not make YAML of
// the text.
func (w *work) try(spaces []space) error {
	tried := *w
	if len(spaces) > 0 {
		hits := spaceHits(spaces)
		next := w.unread(hits)
		next.doc, _ = yamledit.Parse(next.text) // what then is YAML is judged as such
		tried.take(hits, next)
	}
	if tried.doc == nil {
		hits, next, err := tried.wholeValues()
		if err != nil {
			return err
		}
		tried.take(hits, next)
	}
	if tried.indented() {
		return errNoYAML
	}
	if len(spaces) > 0 {
		if err := tried.doubt(w.text, spaces); err != nil {
			return err
		}
	}
	*w = tried
	return nil
}

// unread is the view's text with the fixes of hits, which all belong to it.
func (v view) unread(hits []hit) view {
	var all replacements
	for _, h := range hits {
		all = append(all, h.fix...)
	}
	return view{traced: v.spliced(all)}
}

func syntax(text []byte, err error) hit {
	var e *yamldoc.Problem
	errors.As(err, &e) // what a parser says is always one
	at := max(slices.Index(positions(text), position{e.Line, max(e.Column, 1)}), 0)
	return hit{rule: RuleSyntax, severity: Error, at: at, message: e.Text()}
}

// lookalikes are the no-break spaces.
const (
	lookalikes = "\u00a0\u202f\u2007"
	allBlanks  = " \t" + lookalikes
	blank      = "[" + allBlanks + "]"
)

var (
	// lineHead is a line's indentation, its dashes, and a key of one word or in quotes.
	lineHead = regexp.MustCompile(`^(` + blank + `*)(?:-` + blank + `+)*(?:("[^"\\]*"|'[^']*'|[\w./-]+)` + blank + `*:(?:` + blank + `+|$))?`)
	lineTail = regexp.MustCompile(blank + `+(?:#|$)`)
)

func isLookalike(r rune) bool { return strings.ContainsRune(lookalikes, r) }

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
	for _, m := range lineForm.FindAllIndex(text, -1) {
		start, line := m[0], text[m[0]:m[1]]
		head := lineHead.FindSubmatchIndex(line)
		tail := []int{len(line), len(line)}
		if at := lineTail.FindIndex(line[head[1]:]); at != nil {
			tail = []int{head[1] + at[0], head[1] + at[1]}
		}
		macros := macroSpaces(string(line[:tail[0]]))
		for i, r := range string(line) {
			if !isLookalike(r) {
				continue
			}
			_, inMacro := slices.BinarySearch(macros, i)
			sure := i < head[3] || inMacro
			inKey := head[4] <= i && i < head[5]
			if sure || i < head[1] && !inKey || tail[0] <= i && i < tail[1] {
				all = append(all, space{start + i, utf8.RuneLen(r), sure})
			}
		}
	}
	return all
}

// macroToken is a string of a macro, or a no-break space outside.
var macroToken = regexp.MustCompile("\"[^\"]*\"|`[^`]*`|[" + lookalikes + "]")

// macroSpaces are the no-break spaces in macros and outside of their strings, where no
// template takes one.
func macroSpaces(text string) []int {
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

// lineForm is a line that is not blank.
var lineForm = regexp.MustCompile(`[ \t]*[^ \t\r\n][^\r\n]*`)

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

// indented tells whether no-break spaces indent a line outside of quotes and scripts.
func (v view) indented() bool {
	found := false
	v.lookalikes(func(s scalar) {
		start, end, _ := v.doc.Span(s.Node)
		found = found || s.isPlain() && indentation.Match(v.text[v.margin(start, " \t"):end])
	})
	return found
}

// margin is where the byte is that is before all of some at the left of a place.
func (v view) margin(start int, some string) int {
	return max(len(bytes.TrimRight(v.text[:start], some))-1, 0)
}

// indentation is a no-break space that starts a line, also behind the dash of the first.
var indentation = regexp.MustCompile(`(?:^|[\r\n])[ \t]*[` + lookalikes + `]|^[\r\n]?[ \t]*-[` + lookalikes + `]`)

// doubt says what may have been text: a no-break space before # or inside of a value
// became a space, or one is left where it looks like a separator.
func (v view) doubt(original []byte, spaces []space) error {
	var inside []int
	for _, s := range spaces {
		if bytes.HasPrefix(original[s.at+s.size:], []byte("#")) {
			return fmt.Errorf("a no-break space before # on line %d may be text: write a space, or put the value in quotes", positions(original)[s.at].line)
		}
		if !s.sure {
			inside = append(inside, s.at)
		}
	}
	var err error
	v.scalars(func(s scalar) {
		if err != nil {
			return
		}
		start, end, _ := v.doc.Span(s.Node)
		i, _ := slices.BinarySearch(inside, v.source(start))
		replaced := i < len(inside) && inside[i] < v.source(end)
		if replaced || s.isPlain() && ambiguous.MatchString(s.Value) {
			err = fmt.Errorf("a no-break space on line %d may be meant: write a space, or put the value in quotes", s.Line)
		}
	})
	return err
}

// ambiguous is text that may have been a key, an item or a comment.
var ambiguous = regexp.MustCompile(`^-?[` + lookalikes + `]|[` + lookalikes + `](?:[:#]|$)|:[` + lookalikes + `]`)

// tabbed is a line that a tab indents.
var tabbed = regexp.MustCompile(`^ *\t[ \t]*[^ \t#]`)

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
	script := len(text) // how deep the key of a script is
	for _, m := range lineForm.FindAllIndex(text, -1) {
		line := text[m[0]:m[1]]
		spaces := len(line) - len(bytes.TrimLeft(line, " "))
		if spaces > script {
			continue
		}
		script = len(text)
		if blockHeader.Match(line) {
			script = spaces
		}
		if at := m[0] + spaces; tabbed.Match(line) && at >= refused {
			hits = append(hits, hit{
				rule: RuleTab, severity: Error, at: at,
				message: "YAML forbids tabs in indentation: write as many spaces as the lines beside it have",
			})
		}
	}
	return hits
}
