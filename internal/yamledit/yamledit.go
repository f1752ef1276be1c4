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
	"regexp"
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
	return json.Valid(bytes.TrimPrefix(src, []byte("\ufeff")))
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
	if line > len(d.lines) { // a value that a text ends without
		return len(d.src)
	}
	if line != d.line {
		d.line, d.column, d.off = line, 1, d.lines[line-1]
	}
	for ; d.column < column; d.column++ {
		_, size := utf8.DecodeRune(d.src[d.off:])
		d.off += size
	}
	return d.off
}

// walk notes the places of all nodes and duplicate keys.
func (d *walker) walk(n *yaml.Node, at place) {
	at.off = d.offset(n.Line, n.Column)
	d.places[n] = at
	inner := place{flow: n.Style&yaml.FlowStyle != 0}
	switch n.Kind {
	case yaml.AliasNode:
		d.aliased[n.Alias] = true
	case yaml.MappingNode:
		d.noteDuplicates(n)
		if !inner.flow {
			inner.parent = d.keyColumn(n)
			if at.parent > 0 && d.unit == 0 {
				d.unit = inner.parent - at.parent
			}
		}
	case yaml.SequenceNode:
		if !inner.flow {
			inner.parent = d.Document.column(d.dash(n))
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
		if key.Kind != yaml.ScalarNode || isMerge(key) {
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
	if off := d.skipProperties(d.Offset(n)); isMark(d.src[off:], "?") {
		return d.column(off)
	}
	return n.Content[0].Column
}

// dash is the offset of a block sequence's first dash. A sequence with an anchor or a
// tag starts at that.
func (d *Document) dash(n *yaml.Node) int { return d.skipProperties(d.Offset(n)) }

// Root is the document's top node; nil for an empty document.
func (d *Document) Root() *yaml.Node { return d.root }

// Offset returns the byte offset of a node's start, including its anchor and
// tag.
func (d *Document) Offset(n *yaml.Node) int { return d.places[n].off }

// column is the character column of an offset, counted from 1.
func (d *Document) column(off int) int {
	start := d.lineStart(off)
	return utf8.RuneCount(d.src[start:off]) + 1
}

// lineStart is the offset at which the line of off starts.
func (d *Document) lineStart(off int) int {
	i, found := slices.BinarySearch(d.lines, off)
	if !found {
		i--
	}
	return d.lines[i]
}

// lineStarts splits at the breaks that YAML 1.1 knows. A byte order mark is no
// column.
func lineStarts(src []byte) []int {
	start := len(src) - len(bytes.TrimPrefix(src, []byte("\ufeff")))
	starts := []int{start}
	for _, place := range lineBreak.FindAllIndex(src, -1) {
		starts = append(starts, place[1])
	}
	return starts
}

var lineBreak = regexp.MustCompile(`\r\n|[\n\r\x{85}\x{2028}\x{2029}]`)

// breakLen is the length of the line break that a text begins with: 0 when there is none.
func breakLen(text []byte) int {
	for _, end := range []string{"\r\n", "\r", "\n", "\u0085", "\u2028", "\u2029"} {
		if bytes.HasPrefix(text, []byte(end)) {
			return len(end)
		}
	}
	return 0
}

// lineEnd is the line break that the text uses.
func lineEnd(src []byte) string {
	if i := bytes.IndexAny(src, "\r\n"); i >= 0 {
		return string(src[i : i+breakLen(src[i:])])
	}
	return "\n"
}

// endOfLine is the offset of the next line break at or after off.
func (d *Document) endOfLine(off int) int {
	for off < len(d.src) && breakLen(d.src[off:]) == 0 {
		off++
	}
	return off
}

// skipProperties returns the offset of what follows an anchor and a tag.
func (d *Document) skipProperties(off int) int {
	_, next := d.properties(off, d.skipBlank)
	return next
}

// properties returns where an anchor and a tag end, and what follows them and what skip
// passes.
func (d *Document) properties(off int, skip func(int) int) (end, next int) {
	for end, next = off, off; next < len(d.src) && (d.src[next] == '&' || d.src[next] == '!'); next = skip(end) {
		end = d.wordEnd(next)
	}
	return end, next
}

// wordEnd is the end of an anchor, an alias or a tag. A verbatim tag, !<...>, may
// hold what ends the others.
func (d *Document) wordEnd(off int) int {
	if bytes.HasPrefix(d.src[off:], []byte("!<")) {
		off += bytes.IndexByte(d.src[off:], '>')
	}
	for off < len(d.src) && strings.IndexByte(" \t,[]{}", d.src[off]) < 0 && breakLen(d.src[off:]) == 0 {
		off++
	}
	return off
}

// skipBlank passes white space, line breaks and comments.
func (d *Document) skipBlank(off int) int {
	for _, off = d.fold(off); off < len(d.src) && d.src[off] == '#'; _, off = d.fold(off) {
		off = d.endOfLine(off)
	}
	return off
}

// skipSpaces passes white space on a line.
func (d *Document) skipSpaces(off int) int {
	return len(d.src) - len(bytes.TrimLeft(d.src[off:], " \t"))
}
