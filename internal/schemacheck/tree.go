// Package schemacheck reads YAML that people write and checks it against a JSON
// Schema. It reports every problem at once, each with its line and column and,
// where there is one, what the author probably meant. It is pure: no I/O.
package schemacheck

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// Problem is one thing that is wrong in a document.
type Problem struct {
	// Line and Column count from 1; Column counts characters.
	Line, Column int
	// Path is where it is in the document: packs[0].select.region.
	Path string
	// Message says what is wrong, lower case.
	Message string
	// Suggestion says what to write instead; may be empty.
	Suggestion string
}

// String returns "line:column: path: message: suggestion".
func (p Problem) String() string {
	told := fmt.Sprintf("%d:%d: ", p.Line, p.Column)
	if p.Path != "" {
		told += p.Path + ": "
	}
	told += p.Message
	if p.Suggestion != "" {
		told += ": " + p.Suggestion
	}
	// It has words of the document, which may come from anybody.
	return text.HarmlessWord(told)
}

// Sort puts problems in the order of the document and drops repetitions.
func Sort(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.Compact(problems)
}

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
	// Fields of a mapping, in the order written; Items of a sequence.
	Fields []Field
	Items  []*Node
}

// Field is one key of a mapping.
type Field struct {
	Key          string
	Line, Column int
	Value        *Node
}

// Field returns the field of that key, or nil.
func (n *Node) Field(key string) *Field {
	for i := range n.Fields {
		if n.Fields[i].Key == key {
			return &n.Fields[i]
		}
	}
	return nil
}

// At walks down by keys (string) and indexes (int). It returns the deepest node
// that exists, and whether that is the one asked for.
func (n *Node) At(path ...any) (*Node, bool) {
	for _, step := range path {
		next := n.child(step)
		if next == nil {
			return n, false
		}
		n = next
	}
	return n, true
}

func (n *Node) child(step any) *Node {
	switch step := step.(type) {
	case string:
		if field := n.Field(step); field != nil {
			return field.Value
		}
	case int:
		if n.Kind == Sequence && step >= 0 && step < len(n.Items) {
			return n.Items[step]
		}
	}
	return nil
}

// count returns how many values a node stands for.
func (n *Node) count() int {
	total := 1
	for _, f := range n.Fields {
		total += f.Value.count()
	}
	for _, item := range n.Items {
		total += item.count()
	}
	return total
}

// Interface returns the value as encoding/json would decode it, but with int64
// and uint64 kept.
func (n *Node) Interface() any {
	switch n.Kind {
	case Mapping:
		m := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			m[f.Key] = f.Value.Interface()
		}
		return m
	case Sequence:
		s := make([]any, len(n.Items))
		for i, item := range n.Items {
			s[i] = item.Interface()
		}
		return s
	}
	return n.Value
}

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

func (r *resolver) problem(line, column int, path, message, suggestion string) {
	r.problems = append(r.problems, Problem{line, column, path, message, suggestion})
}

func (r *resolver) stop(n *yaml.Node, message string) *Node {
	if !r.stopped {
		r.problem(n.Line, n.Column, "", message, "")
	}
	r.stopped = true
	return &Node{Line: n.Line, Column: n.Column}
}

func (r *resolver) resolve(n *yaml.Node, path string, depth int) *Node {
	r.nodes++
	switch {
	case r.stopped:
		return &Node{Line: n.Line, Column: n.Column}
	case r.nodes > r.maxNodes:
		return r.stop(n, fmt.Sprintf("the document has more than %d values, counting what aliases stand for", r.maxNodes))
	case depth > maxDepth:
		return r.stop(n, fmt.Sprintf("the document is nested deeper than %d levels", maxDepth))
	}
	if n.Anchor != "" {
		r.active[n] = true
		defer delete(r.active, n)
	}
	switch n.Kind {
	case yaml.AliasNode:
		if r.active[n.Alias] {
			return r.stop(n, fmt.Sprintf("the anchor &%s contains itself", n.Value))
		}
		return r.resolve(n.Alias, path, depth+1)
	case yaml.MappingNode:
		return r.mapping(n, path, depth)
	case yaml.SequenceNode:
		node := &Node{Line: n.Line, Column: n.Column, Kind: Sequence}
		for i, item := range n.Content {
			node.Items = append(node.Items, r.resolve(item, fmt.Sprintf("%s[%d]", path, i), depth+1))
		}
		return node
	}
	return r.scalar(n, path)
}

func (r *resolver) mapping(n *yaml.Node, path string, depth int) *Node {
	node := &Node{Line: n.Line, Column: n.Column, Kind: Mapping}
	seen := map[string]int{} // key to line
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			r.problem(key.Line, key.Column, path, "a key must be a word, not a list or a mapping", "quote it if it begins with { or [")
			continue
		}
		if key.ShortTag() == "!!merge" {
			merges = append(merges, value)
			continue
		}
		r.checkText(key, path)
		at := join(path, key.Value)
		if line, twice := seen[key.Value]; twice {
			r.problem(key.Line, key.Column, at, fmt.Sprintf("the key %q is already set on line %d", key.Value, line), "keep one of the two")
			continue
		}
		seen[key.Value] = key.Line
		node.Fields = append(node.Fields, Field{key.Value, key.Line, key.Column, r.resolve(value, at, depth+1)})
	}
	for _, value := range merges {
		r.merge(node, seen, value, path, depth)
	}
	return node
}

// merge adds the fields of a merge key; what is set explicitly wins, and of a
// list of mappings the earlier.
func (r *resolver) merge(into *Node, seen map[string]int, value *yaml.Node, path string, depth int) {
	from := r.resolve(value, path, depth+1)
	parts := []*Node{from}
	if from.Kind == Sequence {
		parts = from.Items
	}
	for _, part := range parts {
		if part.Kind != Mapping {
			if !r.stopped {
				r.problem(value.Line, value.Column, path, "the merge key << wants a mapping", "write <<: *anchor")
			}
			continue
		}
		for _, field := range part.Fields {
			if _, set := seen[field.Key]; !set {
				seen[field.Key] = field.Line
				into.Fields = append(into.Fields, field)
			}
		}
	}
}

func (r *resolver) scalar(n *yaml.Node, path string) *Node {
	node := &Node{Line: n.Line, Column: n.Column, Raw: n.Value}
	tag := n.ShortTag()
	switch tag {
	case "!!str", "!!timestamp", "": // JSON has no time: it stays as written
		r.checkText(n, path)
		node.Value = n.Value
		return node
	case "!!null":
		return node
	case "!!bool", "!!int", "!!float":
		value, ok := number(n, tag)
		if !ok {
			r.problem(n.Line, n.Column, path, fmt.Sprintf("%s is not a value that JSON has", n.Value), "quote it if it is text")
		}
		node.Value = value
		return node
	case "!!binary":
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Value), ""))
		if err != nil {
			r.problem(n.Line, n.Column, path, "!!binary is not valid base64", "")
		}
		node.Value = string(data)
		return node
	}
	r.problem(n.Line, n.Column, path, fmt.Sprintf("the tag %s is not supported", tag), "quote the value if the ! belongs to it")
	return node
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

func join(path, key string) string {
	if !isPlainKey(key) {
		return path + "[" + strconv.Quote(key) + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func isPlainKey(key string) bool {
	return key != "" && !strings.ContainsAny(key, ".[]\" \t\r\n")
}
