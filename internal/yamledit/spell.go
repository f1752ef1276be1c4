package yamledit

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v3"
)

// Spelling leads from each byte of a scalar's value, and from its end, to where
// it is written. Bytes of an escape or of a folded line break share a place. It
// is nil when the value is written in a way that is not understood.
func (d *Document) Spelling(n *yaml.Node) []int {
	start, end, err := d.Span(n)
	if err != nil || n.Kind != yaml.ScalarNode {
		return nil
	}
	s := speller{doc: d, value: n.Value, off: start, at: make([]int, 0, len(n.Value)+1)}
	var ok bool
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		ok = s.block(d.endOfLine(end), d.blockEnd(n, start))
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		s.off++
		ok = s.flow(end-1, d.src[start])
	default:
		ok = s.flow(end, 0)
	}
	if !ok {
		return nil
	}
	return append(s.at, s.off)
}

// Aliased tells whether an alias repeats the node.
func (d *Document) Aliased(n *yaml.Node) bool { return d.aliased[n] }

// speller follows a value through the text. at is as long as what is found of it.
type speller struct {
	doc   *Document
	value string
	off   int
	at    []int
}

// take passes text of the value that is written at off, in size bytes.
func (s *speller) take(text string, size int) bool {
	if !strings.HasPrefix(s.value[len(s.at):], text) {
		return false
	}
	for range len(text) {
		s.at = append(s.at, s.off)
	}
	s.off += size
	return true
}

// flow follows a plain or quoted value up to end.
func (s *speller) flow(end int, quote byte) bool {
	for s.off < end {
		if !s.step(quote) {
			return false
		}
	}
	return len(s.at) == len(s.value) && s.off == end
}

// step passes white space, an escape, or one byte. A value is written as it reads, but
// for line breaks, which fold into a space or into one break less.
func (s *speller) step(quote byte) bool {
	src := s.doc.src
	if s.off >= len(src) {
		return false
	}
	switch c := src[s.off]; {
	case c == ' ' || c == '\t' || breakLen(src, s.off) > 0:
		return s.blanks()
	case quote == '"' && c == '\\':
		return s.escape()
	case quote == '\'' && c == '\'':
		return s.take("'", 2)
	}
	return s.take(string(src[s.off:s.off+1]), 1)
}

// blanks passes white space: as it is, or folded where it holds line breaks.
func (s *speller) blanks() bool {
	breaks, next := s.doc.fold(s.off)
	if breaks == 0 {
		for s.off < next {
			if !s.take(string(s.doc.src[s.off:s.off+1]), 1) {
				return false
			}
		}
		return true
	}
	want := " "
	if breaks > 1 {
		want = strings.Repeat("\n", breaks-1)
	}
	return s.take(want, next-s.off)
}

// escapes are those of one letter; their values are in the same order.
const (
	escapes   = "0abt\tnvfre \"'\\N_LP"
	escapesTo = "\x00\a\b\t\t\n\v\f\r\x1b \"'\\\u0085\u00a0\u2028\u2029"
)

func (s *speller) escape() bool {
	src := s.doc.src[s.off:]
	if len(src) < 2 {
		return false
	}
	if n := breakLen(src, 1); n > 0 {
		next := s.off + 1 + n
		for next < len(s.doc.src) && (s.doc.src[next] == ' ' || s.doc.src[next] == '\t') {
			next++
		}
		s.off = next
		return true
	}
	if digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[src[1]]; digits > 0 {
		if len(src) < 2+digits {
			return false
		}
		r, err := strconv.ParseUint(string(src[2:2+digits]), 16, 32)
		return err == nil && s.take(string(rune(r)), 2+digits)
	}
	i := strings.IndexByte(escapes, src[1])
	return i >= 0 && s.take(string([]rune(escapesTo)[utf8.RuneCountInString(escapes[:i])]), 2)
}

// block follows the lines of a block scalar, of which the header's ends at off.
func (s *speller) block(off, end int) bool {
	src, indent := s.doc.src, -1
	s.off = off
	for off < end {
		start := off + breakLen(src, off)
		off = s.doc.endOfLine(start)
		text := src[start:off]
		spaces := len(text) - len(bytes.TrimLeft(text, " "))
		if indent < 0 && spaces < len(text) {
			indent = s.indent(spaces, string(text[spaces:]))
		}
		if indent < 0 || len(text) <= indent {
			continue
		}
		if !s.line(start+indent, string(text[indent:])) {
			return false
		}
	}
	s.rest()
	return len(s.at) == len(s.value)
}

// indent is how deep the lines are indented: less than the first one where the
// value has spaces at its start.
func (s *speller) indent(spaces int, text string) int {
	value := strings.TrimLeft(s.value, "\n")
	lead := len(value) - len(strings.TrimLeft(value, " "))
	if lead > spaces || !strings.HasPrefix(value[lead:], text) {
		return spaces
	}
	return spaces - lead
}

// line passes what is between two lines, and then one of them.
func (s *speller) line(start int, text string) bool {
	s.rest()
	if len(s.at) < len(s.value) && s.value[len(s.at)] == ' ' && text[0] != ' ' {
		s.at = append(s.at, s.off)
	}
	s.off = start
	if !strings.HasPrefix(s.value[len(s.at):], text) {
		return false
	}
	for i := range len(text) {
		s.at = append(s.at, start+i)
	}
	s.off = start + len(text)
	return true
}

// rest passes line breaks of the value.
func (s *speller) rest() {
	for len(s.at) < len(s.value) && s.value[len(s.at)] == '\n' {
		s.at = append(s.at, s.off)
	}
}
