package yamldoc

import (
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Limits of a document that people write. An alias counts as all that it stands
// for, so a small file cannot grow without bound.
const (
	MaxBytes  = 4 << 20
	MaxValues = 100_000
	maxDepth  = 100
)

// Limits bounds the size of a document.
type Limits struct {
	Bytes int
	// Values counts what aliases stand for as often as they do.
	Values int
}

// resolver turns the nodes of the YAML library into ours.
type resolver struct {
	problems []Problem
	nodes    int
	maxNodes int
	// active holds the anchored nodes being resolved, to find one in itself.
	active map[*yaml.Node]bool
	// stopped is set when a limit was reached: one problem is enough.
	stopped bool
}

// problem is one at a node of the library, within the value of ours.
func (r *resolver) problem(n *yaml.Node, in *Node, message, suggestion string) {
	r.problems = append(r.problems, Problem{n.Line, n.Column, in.Path(), message, suggestion})
}

func (r *resolver) stop(n *yaml.Node, message string) {
	if !r.stopped {
		r.problems = append(r.problems, Problem{Line: n.Line, Column: n.Column, Message: message})
	}
	r.stopped = true
}

// resolve makes into the value of n.
func (r *resolver) resolve(into *Node, n *yaml.Node, depth int) *Node {
	into.Line, into.Column = n.Line, n.Column
	r.nodes++
	switch {
	case r.nodes > r.maxNodes:
		r.stop(n, fmt.Sprintf("the document has more than %d values, counting what aliases stand for", r.maxNodes))
	case depth > maxDepth:
		r.stop(n, fmt.Sprintf("the document is nested deeper than %d levels", maxDepth))
	}
	if r.stopped {
		return into
	}
	if n.Anchor != "" {
		r.active[n] = true
		defer delete(r.active, n)
	}
	switch n.Kind {
	case yaml.AliasNode:
		if !r.active[n.Alias] {
			return r.resolve(into, n.Alias, depth)
		}
		r.stop(n, fmt.Sprintf("the anchor &%s contains itself", n.Value))
	case yaml.MappingNode:
		r.mapping(into, n, depth)
	case yaml.SequenceNode:
		into.Kind = Sequence
		for i, item := range n.Content {
			child := &Node{parent: into, index: i}
			into.Children = append(into.Children, child)
			r.resolve(child, item, depth+1)
		}
	default:
		r.scalar(into, n)
	}
	return into
}

func (r *resolver) mapping(into *Node, n *yaml.Node, depth int) {
	into.Kind = Mapping
	seen := map[string]int{} // key to line
	var merges []*yaml.Node
	for pair := range slices.Chunk(n.Content, 2) {
		key, value := pair[0], pair[1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			r.problem(key, into, "a key must be a word, not a list or a mapping", "quote it if it begins with { or [")
			continue
		}
		if key.ShortTag() == "!!merge" {
			merges = append(merges, value)
			continue
		}
		r.checkText(key, into)
		child := &Node{Key: key.Value, KeyLine: key.Line, KeyColumn: key.Column, parent: into}
		if line, twice := seen[key.Value]; twice {
			r.problem(key, child, fmt.Sprintf("the key %q is already set on line %d", key.Value, line), "keep one of the two")
			continue
		}
		seen[key.Value] = key.Line
		into.Children = append(into.Children, r.resolve(child, value, depth+1))
	}
	for _, value := range merges {
		r.merge(into, seen, value, depth)
	}
}

// merge adds the values of a merge key; what is set explicitly wins, and of a list
// of mappings the earlier.
func (r *resolver) merge(into *Node, seen map[string]int, value *yaml.Node, depth int) {
	from := r.resolve(&Node{Key: into.Key, parent: into.parent, index: into.index}, value, depth+1)
	parts := []*Node{from}
	if from.Kind == Sequence {
		parts = from.Children
	}
	for _, part := range parts {
		if part.Kind != Mapping && !r.stopped {
			r.problem(value, into, "the merge key << wants a mapping", "write <<: *anchor")
		}
		for _, child := range part.Children {
			if _, set := seen[child.Key]; !set {
				seen[child.Key] = child.KeyLine
				child.parent = into
				into.Children = append(into.Children, child)
			}
		}
	}
}

func (r *resolver) scalar(into *Node, n *yaml.Node) {
	into.Raw = n.Value
	switch tag := n.ShortTag(); tag {
	case "!!str", "!!timestamp": // JSON has no time: it stays as written
		r.checkText(n, into)
		into.Value = n.Value
	case "!!null":
	case "!!bool", "!!int", "!!float":
		value, ok := number(n, tag)
		if !ok {
			r.problem(n, into, fmt.Sprintf("%s is not a value that JSON has", n.Value), "quote it if it is text")
		}
		into.Value = value
	case "!!binary":
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Value), ""))
		if err != nil {
			r.problem(n, into, "!!binary is not valid base64", "")
		}
		into.Value = string(data)
	default:
		r.problem(n, into, fmt.Sprintf("the tag %s is not supported", tag), "quote the value if the ! belongs to it")
	}
}

// number decodes a boolean, an integer or a finite float.
func number(n *yaml.Node, tag string) (any, bool) {
	switch tag {
	case "!!bool":
		var b bool
		err := n.Decode(&b)
		return b, err == nil
	case "!!int":
		var i int64
		if n.Decode(&i) == nil {
			return i, true
		}
		var u uint64
		if n.Decode(&u) == nil {
			return u, true
		}
	}
	var f float64
	if n.Decode(&f) != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, false
	}
	return f, true
}

const typographic = "\u201C\u201D\u201E\u201F\u2018\u2019\u201A\u201B\u00AB\u00BB\u2033\u2032"

// checkText reports what a word processor or a web page did to plain text: such
// quotes are part of the value, so nothing would ever match it.
func (r *resolver) checkText(n *yaml.Node, in *Node) {
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return
	}
	text := strings.TrimSpace(n.Value)
	first, _ := utf8.DecodeRuneInString(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	switch {
	case strings.ContainsRune(typographic, first), strings.ContainsRune(typographic, last):
		r.problem(n, in, fmt.Sprintf("%s has typographic quotes, which YAML takes as text", text), `use straight quotes: "`+strings.Trim(text, typographic)+`"`)
	case strings.ContainsAny(n.Value, "\u00A0\u200B\uFEFF"):
		r.problem(n, in, fmt.Sprintf("%q holds an invisible character (a no-break or zero-width space)", n.Value), "type it again with plain spaces")
	}
}
