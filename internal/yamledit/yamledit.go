// Package yamledit changes single values of a YAML document and leaves every
// other byte as it is: comments, order, quoting, line ends, indentation. A
// parser finds the places, the bytes are spliced, and the result is parsed
// again and compared with what was asked for; when they differ, the edit is
// refused.
package yamledit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

func refuse(n *yaml.Node, next, format string, args ...any) *yamldoc.Problem {
	return &yamldoc.Problem{Line: n.Line, Column: n.Column, Message: fmt.Sprintf(format, args...), Suggestion: next}
}

// Document is a parsed YAML text with the places of its nodes.
type Document struct {
	src   []byte
	lines []int // offset of each line's start
	root  *yaml.Node
	eol   string
	json  bool // what is written in here has to be JSON
	unit  int  // columns of one level of indentation

	places     map[*yaml.Node]place
	aliased    map[*yaml.Node]bool // what an alias stands for
	duplicates []Duplicate
}

// place is where a node starts, and what its context says of its layout.
type place struct {
	off  int
	flow bool // inside a flow collection
	// parent is the column of the block collection that the node is in: lines
	// of a block scalar are indented deeper.
	parent int
}

// Parse reads one YAML document. Several documents and encodings other than
// UTF-8 are errors (*yamldoc.Problem); duplicate keys are not, see Duplicates.
func Parse(src []byte) (*Document, error) {
	if bytes.HasPrefix(src, []byte{0xfe, 0xff}) || bytes.HasPrefix(src, []byte{0xff, 0xfe}) {
		return nil, &yamldoc.Problem{Message: "the text is encoded in UTF-16", Suggestion: "save it as UTF-8"}
	}
	root, err := decode(src)
	if err != nil {
		return nil, err
	}
	d := &Document{
		src: src, root: root, eol: lineEnd(src), lines: lineStarts(src), json: isJSON(src),
		places: map[*yaml.Node]place{}, aliased: map[*yaml.Node]bool{},
	}
	if root != nil {
		(&walker{Document: d}).walk(root, place{})
	}
	if d.unit == 0 {
		d.unit = 2
	}
	return d, nil
}

// isJSON tells whether a text is JSON, which most YAML is not. Its readers pass a
// byte order mark, which programs on Windows write.
func isJSON(src []byte) bool {
	text := bytes.TrimLeft(bytes.TrimPrefix(src, []byte("\ufeff")), " \t\r\n")
	return len(text) > 0 && (text[0] == '{' || text[0] == '[') && json.Valid(text)
}

func decode(src []byte) (*yaml.Node, error) {
	documents, problem := yamldoc.Parse(src)
	if problem != nil {
		problem.Message = "not valid YAML: " + problem.Message
		problem.Suggestion = cmp.Or(problem.Suggestion, "correct the YAML syntax")
		return nil, problem
	}
	document, problem := yamldoc.One(documents)
	switch {
	case problem != nil:
		return nil, problem
	case document == nil:
		return nil, nil
	}
	return document.Content[0], nil
}

// walker passes all nodes. What it found last is where it counts on from: a line with
// many nodes would else be counted through for each of them.
type walker struct {
	*Document
	line, column, off int
}

// offset leads from a line and column to the text.
func (d *walker) offset(line, column int) int {
	if line < 1 || line > len(d.lines) {
		return len(d.src)
	}
	if line != d.line || column < d.column {
		d.line, d.column, d.off = line, 1, d.lines[line-1]
	}
	for ; d.column < column && d.off < len(d.src); d.column++ {
		d.off += runeLen(d.src[d.off])
	}
	return min(d.off, len(d.src))
}

// walk notes the places of all nodes and duplicate keys.
func (d *walker) walk(n *yaml.Node, at place) {
	at.off = d.offset(n.Line, n.Column)
	d.places[n] = at
	inner := place{flow: at.flow || n.Style&yaml.FlowStyle != 0, parent: at.parent}
	switch n.Kind {
	case yaml.AliasNode:
		d.aliased[n.Alias] = true
	case yaml.MappingNode:
		d.noteDuplicates(n)
		if len(n.Content) > 0 && !inner.flow {
			inner.parent = d.keyColumn(n)
			if at.parent > 0 && d.unit == 0 && inner.parent > at.parent {
				d.unit = inner.parent - at.parent
			}
		}
	case yaml.SequenceNode:
		if !inner.flow {
			inner.parent = d.dashColumn(n)
		}
	}
	for _, child := range n.Content {
		d.walk(child, inner)
	}
}

// Duplicate is a key that its mapping has twice.
type Duplicate struct{ Key, First *yaml.Node }

// Duplicates returns the keys that are written more than once in one mapping.
func (d *Document) Duplicates() []Duplicate { return d.duplicates }

func (d *Document) noteDuplicates(n *yaml.Node) {
	first := map[string]*yaml.Node{}
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
			continue
		}
		id := key.ShortTag() + key.Value
		if first[id] != nil {
			d.duplicates = append(d.duplicates, Duplicate{Key: key, First: first[id]})
			continue
		}
		first[id] = key
	}
}

func (d *Document) refuseDuplicates() error {
	for _, dup := range d.duplicates {
		return refuse(dup.Key, "keep one of the two", "the key %q is already on line %d", dup.Key.Value, dup.First.Line)
	}
	return nil
}

// keyColumn is the column of a block mapping's keys, which an explicit key has its
// question mark at.
func (d *Document) keyColumn(n *yaml.Node) int {
	off := d.skipProperties(d.Offset(n))
	if off+1 < len(d.src) && d.src[off] == '?' && isBlank(d.src[off+1]) {
		return d.column(off)
	}
	return n.Content[0].Column
}

// dashColumn is the column of a block sequence's dashes. A sequence with an
// anchor or a tag starts at that, so its first dash is looked for.
func (d *Document) dashColumn(n *yaml.Node) int {
	if off := d.dash(n); off >= 0 {
		return d.column(off)
	}
	return n.Column
}

// dash is the offset of a block sequence's first dash, or -1.
func (d *Document) dash(n *yaml.Node) int {
	off := d.skipProperties(d.Offset(n))
	if off < len(d.src) && d.src[off] == '-' {
		return off
	}
	return -1
}

// Root is the document's top node; nil for an empty document.
func (d *Document) Root() *yaml.Node { return d.root }

// Offset returns the byte offset of a node's start, including its anchor and
// tag.
func (d *Document) Offset(n *yaml.Node) int { return d.places[n].off }

func runeLen(b byte) int {
	switch {
	case b < 0xc0:
		return 1
	case b < 0xe0:
		return 2
	case b < 0xf0:
		return 3
	}
	return 4
}

// column is the character column of an offset, counted from 1.
func (d *Document) column(off int) int {
	start := d.lineStart(off)
	return utf8.RuneCount(d.src[start:off]) + 1
}

// lineStart is the offset at which the line of off starts.
func (d *Document) lineStart(off int) int {
	i, found := slices.BinarySearch(d.lines, off)
	if !found {
		i = max(i-1, 0)
	}
	return min(d.lines[i], off)
}

// lineStarts splits at the breaks that YAML 1.1 knows. A byte order mark is no
// column.
func lineStarts(src []byte) []int {
	first := 0
	if bytes.HasPrefix(src, []byte("\ufeff")) {
		first = 3
	}
	starts := []int{first}
	for i := first; i < len(src); {
		if n := breakLen(src, i); n > 0 {
			i += n
			starts = append(starts, i)
			continue
		}
		i++
	}
	return starts
}

// breakLen is the length of the line break at i: 0 when there is none.
func breakLen(src []byte, i int) int {
	if i >= len(src) {
		return 0
	}
	switch rest := src[i:]; rest[0] {
	case '\n':
		return 1
	case '\r':
		if len(rest) > 1 && rest[1] == '\n' {
			return 2
		}
		return 1
	case 0xc2:
		if bytes.HasPrefix(rest, []byte("\u0085")) {
			return 2
		}
	case 0xe2:
		if bytes.HasPrefix(rest, []byte("\u2028")) || bytes.HasPrefix(rest, []byte("\u2029")) {
			return 3
		}
	}
	return 0
}

// lineEnd is the line break that the text uses.
func lineEnd(src []byte) string {
	i := bytes.IndexAny(src, "\r\n")
	if i >= 0 && src[i] == '\r' {
		return string(src[i : i+breakLen(src, i)])
	}
	return "\n"
}

// endOfLine is the offset of the next line break at or after off.
func (d *Document) endOfLine(off int) int {
	for off < len(d.src) && breakLen(d.src, off) == 0 {
		off++
	}
	return off
}

// skipProperties returns the offset of what follows an anchor and a tag. For an
// empty value that is the end of the properties themselves.
func (d *Document) skipProperties(off int) int {
	for off < len(d.src) && (d.src[off] == '&' || d.src[off] == '!') {
		off = d.skipBlank(d.wordEnd(off))
	}
	return off
}

// wordEnd is the end of an anchor, an alias or a tag. A verbatim tag, !<...>, may
// hold what ends the others.
func (d *Document) wordEnd(off int) int {
	if bytes.HasPrefix(d.src[off:], []byte("!<")) {
		if end := bytes.IndexByte(d.src[off:], '>'); end > 0 {
			return off + end + 1
		}
	}
	for off < len(d.src) && strings.IndexByte(" \t\r\n,[]{}", d.src[off]) < 0 {
		off++
	}
	return off
}

// skipBlank passes white space, line breaks and comments.
func (d *Document) skipBlank(off int) int {
	for off < len(d.src) {
		switch n := breakLen(d.src, off); {
		case n > 0:
			off += n
		case d.src[off] == ' ' || d.src[off] == '\t':
			off++
		case d.src[off] == '#' && (off == 0 || isBlank(d.src[off-1])):
			off = d.endOfLine(off)
		default:
			return off
		}
	}
	return off
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }
