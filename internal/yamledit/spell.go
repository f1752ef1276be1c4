package yamledit

import (
	"bytes"
	"cmp"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v3"
)

// Spelling leads from each byte of a scalar's value, and from its end, to where
// it is written. Bytes of an escape or of a folded line break share a place. It
// is nil when the value is written in a way that is not understood.
func (d *Document) Spelling(n *yaml.Node) []int {
	start, end, _ := d.Span(n)
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		s := speller{doc: d, value: n.Value, off: d.endOfLine(end)}
		return s.block(d.block(n, start))
	}
	at, _ := d.follow(n, start)
	return at
}

// follow goes along a plain or quoted value. It returns its spelling and where it ends,
// -1 when it is not understood.
func (d *Document) follow(n *yaml.Node, start int) (at []int, end int) {
	quote := ""
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		quote = string(d.src[start:min(start+1, len(d.src))])
	}
	s := speller{doc: d, value: n.Value, off: start + len(quote)}
	for len(s.at) < len(s.value) || !bytes.HasPrefix(d.src[s.off:], []byte(quote)) {
		if !s.step(quote) {
			return nil, -1
		}
	}
	return append(s.at, s.off), s.off + len(quote)
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

// step passes white space, an escape, or one byte. A value is written as it reads, but
// for line breaks, which fold into a space or into one break less.
func (s *speller) step(quote string) bool {
	if s.off >= len(s.doc.src) { // the library misplaces some values
		return false
	}
	breaks, next := s.doc.fold(s.off)
	switch c := s.doc.src[s.off]; {
	case quote == "" && strings.ContainsAny(breaks, "\u2028\u2029"):
		return false // YAML 1.2 takes them for text
	case breaks != "":
		return s.take(cmp.Or(strings.TrimPrefix(breaks, "\n"), " "), next-s.off)
	case c == '\\' && quote == `"`:
		return s.escape()
	case c == '\'' && quote == "'":
		return s.take("'", 2)
	}
	return s.bytes(max(next, s.off+1))
}

// bytes passes what is written as it reads, up to end.
func (s *speller) bytes(end int) bool {
	ok := true
	for ok && s.off < end {
		ok = s.take(string(s.doc.src[s.off:s.off+1]), 1)
	}
	return ok
}

// escape passes what stands for one character, or for a line break that is none.
func (s *speller) escape() bool {
	src := s.doc.src[s.off:]
	if len(src) < 2 {
		return false
	}
	if n := breakLen(src[1:]); n > 0 {
		breaks, next := s.doc.fold(s.off + 1 + n)
		return s.take(breaks, next-s.off)
	}
	_, size := utf8.DecodeRuneInString(s.value[len(s.at):])
	return s.take(s.value[len(s.at):][:size], 2+map[byte]int{'x': 2, 'u': 4, 'U': 8}[src[1]])
}

// block follows the lines of a block scalar, of which the header's ends at off.
func (s *speller) block(indent, end int) []int {
	for off := s.off; off < end; {
		start := off + breakLen(s.doc.src[off:])
		off = s.doc.endOfLine(start)
		if indent != -1 && off-start > indent {
			s.line(start+indent, off)
		}
	}
	s.rest()
	if len(s.at) < len(s.value) {
		return nil
	}
	return append(s.at, s.off)
}

// line passes what is between two lines, and then one of them.
func (s *speller) line(start, end int) {
	s.rest()
	if strings.HasPrefix(s.value[len(s.at):], " ") && s.doc.src[start] != ' ' {
		s.at = append(s.at, s.off)
	}
	s.off = start
	s.bytes(end)
}

// rest passes line breaks of the value.
func (s *speller) rest() {
	for len(s.at) < len(s.value) && s.value[len(s.at)] == '\n' {
		s.at = append(s.at, s.off)
	}
}
