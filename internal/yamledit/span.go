package yamledit

import (
	"bytes"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// Span returns the bytes of a scalar or alias as it is written, without anchor
// and tag: start == end for an empty value. Of a block scalar it is the header
// (| or >) with its indicators; see blockEnd for its lines.
func (d *Document) Span(n *yaml.Node) (start, end int, err error) {
	start = d.Offset(n)
	switch {
	case n.Kind == yaml.AliasNode:
		return start, d.wordEnd(start), nil
	case n.Kind != yaml.ScalarNode:
		return 0, 0, refuse(n, "", "not a single value")
	case isEmpty(n):
		end = d.propertiesEnd(start)
		return end, end, nil
	}
	start = d.skipProperties(start)
	end = d.scalarEnd(n, start)
	if end < 0 {
		return 0, 0, refuse(n, "write the value on one line", "the end of this value cannot be found")
	}
	return start, end, nil
}

// isEmpty tells of a value that is not written at all.
func isEmpty(n *yaml.Node) bool {
	quoted := yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	return n.Kind == yaml.ScalarNode && n.Value == "" && n.Style&quoted == 0
}

// propertiesEnd is where the anchor and tag of an empty value end.
func (d *Document) propertiesEnd(off int) int {
	end := off
	for off < len(d.src) && (d.src[off] == '&' || d.src[off] == '!') {
		end = d.wordEnd(off)
		off = end
		for off < len(d.src) && (d.src[off] == ' ' || d.src[off] == '\t') {
			off++
		}
	}
	return end
}

func (d *Document) scalarEnd(n *yaml.Node, start int) int {
	if start >= len(d.src) {
		return -1
	}
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return d.doubleQuotedEnd(start)
	case n.Style&yaml.SingleQuotedStyle != 0:
		return d.singleQuotedEnd(start)
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return d.headerEnd(start)
	}
	return d.plainEnd(n.Value, start)
}

func (d *Document) doubleQuotedEnd(start int) int {
	if d.src[start] != '"' {
		return -1
	}
	for i := start + 1; i < len(d.src); i++ {
		switch d.src[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

func (d *Document) singleQuotedEnd(start int) int {
	if d.src[start] != '\'' {
		return -1
	}
	for i := start + 1; i < len(d.src); i++ {
		if d.src[i] != '\'' {
			continue
		}
		if i+1 < len(d.src) && d.src[i+1] == '\'' {
			i++
			continue
		}
		return i + 1
	}
	return -1
}

// plainEnd follows the value through the source.
func (d *Document) plainEnd(value string, off int) int {
	s := speller{doc: d, value: value, off: off}
	for len(s.at) < len(value) {
		if !s.step(0) {
			return -1
		}
	}
	return s.off
}

// fold counts the line breaks at off, with the white space around them, and
// returns where text goes on.
func (d *Document) fold(off int) (breaks, next int) {
	next = off
	for next < len(d.src) {
		switch n := breakLen(d.src, next); {
		case n > 0:
			breaks++
			next += n
		case d.src[next] == ' ' || d.src[next] == '\t':
			next++
		default:
			return breaks, next
		}
	}
	return breaks, next
}

// headerEnd is the end of a block scalar's | or > and its indicators.
func (d *Document) headerEnd(start int) int {
	if d.src[start] != '|' && d.src[start] != '>' {
		return -1
	}
	end := start + 1
	for end < len(d.src) && strings.IndexByte("+-0123456789", d.src[end]) >= 0 {
		end++
	}
	return end
}

// blockEnd is the end of a block scalar's last line that is not blank, without
// its line break; with keep it is the start of the first line after it that
// belongs to something else, as blank lines are then part of the value.
func (d *Document) blockEnd(n *yaml.Node, start int) (end int) {
	header := string(d.src[start:d.headerEnd(start)])
	keep := strings.Contains(header, "+")
	parent := max(d.places[n].parent, 0)
	indent := -1
	for _, r := range header[1:] {
		if r >= '1' && r <= '9' {
			indent = max(parent-1, 0) + int(r-'0')
		}
	}
	end = d.endOfLine(start)
	next := end
	for next < len(d.src) {
		line := next + breakLen(d.src, next)
		text := d.src[line:d.endOfLine(line)]
		spaces := len(text) - len(bytes.TrimLeft(text, " "))
		blank := spaces == len(text)
		switch {
		case !blank && indent < 0 && spaces >= parent:
			indent = spaces
		case !blank && (indent < 0 || spaces < indent):
			return end
		}
		next = line + len(text)
		if !blank || keep {
			end = next
		}
	}
	return end
}

// End is the offset right after the last byte of a node.
func (d *Document) End(n *yaml.Node) (int, error) {
	switch {
	case n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode:
		if n.Style&yaml.FlowStyle != 0 {
			return d.flowEnd(n)
		}
		return d.End(n.Content[len(n.Content)-1])
	case n.Kind == yaml.ScalarNode && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		start := d.skipProperties(d.Offset(n))
		if start >= len(d.src) || d.headerEnd(start) < 0 {
			return 0, refuse(n, "", "the end of this value cannot be found")
		}
		return d.blockEnd(n, start), nil
	}
	_, end, err := d.Span(n)
	return end, err
}

// flowEnd is the offset after a flow collection's closing bracket.
func (d *Document) flowEnd(n *yaml.Node) (int, error) {
	off := d.flowStart(n)
	if len(n.Content) > 0 {
		last, err := d.End(n.Content[len(n.Content)-1])
		if err != nil {
			return 0, err
		}
		off = last
	}
	for off < len(d.src) {
		off = d.skipBlank(off)
		if off >= len(d.src) {
			break
		}
		switch d.src[off] {
		case ',', ':', '?':
			off++
		case '}', ']':
			return off + 1, nil
		default:
			return 0, refuse(n, "write it in block style", "the end of this %s cannot be found", kindName(n))
		}
	}
	return 0, refuse(n, "write it in block style", "the end of this %s cannot be found", kindName(n))
}

// flowStart is the offset after a flow collection's opening bracket.
func (d *Document) flowStart(n *yaml.Node) int { return d.skipProperties(d.Offset(n)) + 1 }

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "mapping"
	case yaml.SequenceNode:
		return "list"
	case yaml.AliasNode:
		return "alias"
	}
	return "value"
}
