package yamldoc

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Kind is what a Node holds.
type Kind int

// Kinds of a Node.
const (
	Scalar Kind = iota
	Mapping
	Sequence
)

// Node is a YAML value with its place. Aliases and merge keys are resolved; what
// came through one has the place where it was written.
type Node struct {
	Line, Column int
	Kind         Kind
	// Value of a scalar: string, bool, int64, uint64, float64 or nil.
	Value any
	// Raw is a scalar as written, without its quotes.
	Raw string
	// Children are the values of a mapping, in the order written, or the items of a
	// sequence.
	Children []*Node

	// Key of a mapping that the value stands under, and its place.
	Key                string
	KeyLine, KeyColumn int

	parent *Node
	index  int // among the parent's children
}

// Field returns the value of a mapping's key, or nil.
func (n *Node) Field(key string) *Node {
	if n.Kind != Mapping {
		return nil
	}
	for _, child := range n.Children {
		if child.Key == key {
			return child
		}
	}
	return nil
}

// Child returns the value that a key or the text of an index leads to, or nil.
func (n *Node) Child(step string) *Node {
	if n.Kind == Mapping {
		return n.Field(step)
	}
	i, err := strconv.Atoi(step)
	if err != nil || i < 0 || i >= len(n.Children) {
		return nil
	}
	return n.Children[i]
}

// At walks down by keys and indexes. It returns the deepest node that exists, and
// whether that is the one asked for.
func (n *Node) At(steps ...string) (*Node, bool) {
	for _, step := range steps {
		next := n.Child(step)
		if next == nil {
			return n, false
		}
		n = next
	}
	return n, true
}

// Missing returns an empty mapping that stands for the value of a key that a mapping
// does not have.
func (n *Node) Missing(key string) *Node {
	return &Node{Line: n.Line, Column: n.Column, Kind: Mapping, Key: key, parent: n}
}

// Name returns the key of a value as a value itself.
func (n *Node) Name() *Node {
	return &Node{Line: n.KeyLine, Column: n.KeyColumn, Value: n.Key, Raw: n.Key, Key: n.Key, parent: n.parent}
}

// Path is where a value is in its document: packs[0].select.region.
func (n *Node) Path() string {
	switch {
	case n.parent == nil:
		return ""
	case n.parent.Kind == Sequence:
		return n.parent.Path() + "[" + strconv.Itoa(n.index) + "]"
	}
	return join(n.parent.Path(), n.Key)
}

func join(path, key string) string {
	switch {
	case key == "" || strings.ContainsAny(key, ".[]\" \t\r\n"):
		return path + "[" + strconv.Quote(key) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

// Problem returns a problem of a value: a scalar's at its place, all else at its key,
// where a person looks for it.
func (n *Node) Problem(message, suggestion string) Problem {
	p := Problem{n.Line, n.Column, n.Path(), message, suggestion}
	if n.KeyLine > 0 && n.Raw == "" {
		p.Line, p.Column = n.KeyLine, n.KeyColumn
	}
	return p
}

// Count returns how many values a node stands for.
func (n *Node) Count() int {
	total := 1
	for _, child := range n.Children {
		total += child.Count()
	}
	return total
}

// Interface returns the value as encoding/json would decode it, but with int64
// and uint64 kept.
func (n *Node) Interface() any {
	switch n.Kind {
	case Mapping:
		m := make(map[string]any, len(n.Children))
		for _, child := range n.Children {
			m[child.Key] = child.Interface()
		}
		return m
	case Sequence:
		s := make([]any, len(n.Children))
		for i, child := range n.Children {
			s[i] = child.Interface()
		}
		return s
	}
	return n.Value
}

// Decode stores the value as encoding/json does, keys without a field left out.
func (n *Node) Decode(into any) error {
	text, _ := json.Marshal(n.Interface()) // JSON has all that a node holds
	return json.Unmarshal(text, into)
}
