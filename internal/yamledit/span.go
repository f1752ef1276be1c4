package yamledit

import (
	"bytes"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// Span returns the bytes of a scalar or alias as it is written, without anchor
// and tag: start == end for an empty value. Of a block scalar it is the header
// (| or >) with its indicators; see block for its lines.
func (d *Document) Span(n *yaml.Node) (start, end int, err error) {
	start = d.Offset(n)
	switch {
	case n.Kind == yaml.AliasNode:
		return start, d.wordEnd(start), nil
	case isEmpty(n):
		end, _ = d.properties(start, d.skipSpaces)
		return end, end, nil
	}
	start = d.skipProperties(start)
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return start, d.headerEnd(start), nil
	}
	if _, end = d.follow(n, start); end == -1 {
		return start, start, refuse(n, "write the value on one line", "the end of this value cannot be found")
	}
	return start, end, nil
}

// isEmpty tells of a value that is not written at all.
func isEmpty(n *yaml.Node) bool {
	quoted := yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	return n.Kind == yaml.ScalarNode && n.Value == "" && n.Style&quoted == 0
}

// fold returns the line breaks at off as a value has them, of those with white space
// around them, and where text goes on.
func (d *Document) fold(off int) (breaks string, next int) {
	var all []byte
	for next = off; next < len(d.src); {
		switch n := breakLen(d.src[next:]); {
		case n > 0:
			end := d.src[next : next+n]
			if n <= len("\u0085") { // what is longer stays as it is
				end = []byte("\n")
			}
			all = append(all, end...)
			next += n
		case d.src[next] == ' ' || d.src[next] == '\t':
			next++
		default:
			return string(all), next
		}
	}
	return string(all), next
}

// headerEnd is the end of a block scalar's | or > and its indicators.
func (d *Document) headerEnd(start int) int {
	end := start + 1
	for end < len(d.src) && strings.IndexByte("+-0123456789", d.src[end]) >= 0 {
		end++
	}
	return end
}

// block returns how deep the lines of a block scalar are indented, -1 when all are
// blank, and the end of the last one that is not, without its line break; with keep it
// is the start of the first line after it that belongs to something else, as blank
// lines are then part of the value.
func (d *Document) block(n *yaml.Node, start int) (indent, end int) {
	header := string(d.src[start:d.headerEnd(start)])
	parent := d.places[n].parent
	indent, least := -1, max(parent, 1)
	if digit, err := strconv.Atoi(strings.Trim(header, "|>+-")); err == nil {
		indent, least = max(parent-1, 0)+digit, max(parent-1, 0)+digit
	}
	end = d.endOfLine(start)
	for next := end; next < len(d.src); {
		line := next + breakLen(d.src[next:])
		next = d.endOfLine(line)
		spaces, blank := leading(d.src[line:next])
		switch {
		case blank && indent == -1:
			least = max(least, spaces)
		case blank:
		case spaces < least:
			return indent, end
		case indent == -1:
			indent, least = spaces, spaces
		}
		if indent != -1 && next-line > indent || strings.Contains(header, "+") {
			end = next
		}
	}
	return indent, end
}

// leading counts the spaces at the start of a line, and tells whether it has no more.
func leading(line []byte) (spaces int, blank bool) {
	rest := bytes.TrimLeft(line, " ")
	return len(line) - len(rest), len(rest) == 0
}

// End is the offset right after the last byte of a node.
func (d *Document) End(n *yaml.Node) (int, error) {
	switch {
	case n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode:
		if n.Style&yaml.FlowStyle != 0 {
			return d.flowEnd(n)
		}
		return d.End(n.Content[len(n.Content)-1])
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		_, end := d.block(n, d.skipProperties(d.Offset(n)))
		return end, nil
	}
	_, end, err := d.Span(n)
	return end, err
}

// flowEnd is the offset after a flow collection's closing bracket.
func (d *Document) flowEnd(n *yaml.Node) (end int, err error) {
	off := d.flowStart(n)
	if len(n.Content) > 0 {
		end, err = d.End(n.Content[len(n.Content)-1])
		if d.src[off-1] != '{' && d.src[off-1] != '[' { // a pair in a list, as in [a: b]
			return end, err
		}
		off = end
	}
	for err == nil {
		off = d.skipBlank(off)
		if off == len(d.src) { // the library misplaces some empty values
			return 0, refuse(n, "write it in block style", "the end of this %s cannot be found", kindName(n))
		}
		// What is passed is a comma, and the signs of an empty key or value.
		if off++; d.src[off-1] == '}' || d.src[off-1] == ']' {
			return off, nil
		}
	}
	return 0, err
}

// flowStart is the offset after a flow collection's opening bracket.
func (d *Document) flowStart(n *yaml.Node) int { return d.skipProperties(d.Offset(n)) + 1 }

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "mapping"
	case yaml.SequenceNode:
		return "list"
	}
	return "value"
}
