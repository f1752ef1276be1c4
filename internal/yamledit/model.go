package yamledit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// effective is a document's data as its readers have it, with aliases and merges
// resolved: what an edit may not change but for the wanted values. What aliases
// repeat is there once, so that its size is the document's.
func (d *Document) effective() (any, error) {
	if d.root == nil {
		return nil, nil
	}
	r := resolver{done: map[*yaml.Node]any{}}
	return r.data(d.root)
}

// typed is a scalar that is no string.
type typed struct{ tag, value string }

type resolver struct {
	// done holds what nodes stand for, of which aliases repeat some.
	done map[*yaml.Node]any
	// merged counts the pairs that << copied.
	merged int
}

// unfinished stands for what an alias within itself would be.
type unfinished struct{}

func (r *resolver) data(n *yaml.Node) (any, error) {
	n = target(n)
	if data, ok := r.done[n]; ok {
		if data == any(unfinished{}) {
			return nil, refuse(n, "write the value out in place of *"+n.Anchor, "&%s holds an alias of itself", n.Anchor)
		}
		return data, nil
	}
	r.done[n] = unfinished{}
	data, err := r.resolve(n)
	r.done[n] = data
	return data, err
}

func (r *resolver) resolve(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			var err error
			if list[i], err = r.data(item); err != nil {
				return nil, err
			}
		}
		return list, nil
	case yaml.MappingNode:
		return r.mapping(n)
	}
	return scalarData(n), nil
}

func scalarData(n *yaml.Node) any {
	if text, ok := stringOf(n); ok {
		return text
	}
	return typed{n.ShortTag(), n.Value}
}

// stringOf is the text that readers take a scalar for: also one with a tag that they
// do not know.
func stringOf(n *yaml.Node) (string, bool) {
	if n.Kind != yaml.ScalarNode {
		return "", false
	}
	switch n.ShortTag() {
	case "!!bool", "!!int", "!!float", "!!null", "!!timestamp", "!!binary", "!!merge":
		return "", false
	}
	return n.Value, true
}

// structure is a key that is no scalar, as it is written. A macro of Palette without
// quotes is one: {{.spectro.var.name}}.
type structure struct{ text string }

func keyData(n *yaml.Node) any {
	if n.Kind == yaml.ScalarNode {
		return scalarData(n)
	}
	var text strings.Builder
	writeStructure(&text, n)
	return structure{text.String()}
}

func writeStructure(text *strings.Builder, n *yaml.Node) {
	fmt.Fprintf(text, "%d %s %q(", n.Kind, n.ShortTag(), n.Value)
	for _, child := range n.Content {
		writeStructure(text, child)
	}
	text.WriteByte(')')
}

func (r *resolver) mapping(n *yaml.Node) (any, error) {
	m := map[any]any{}
	var merge *yaml.Node
	for pair := range slices.Chunk(n.Content, 2) {
		key, value := pair[0], pair[1]
		id := keyData(target(key))
		_, taken := m[id]
		switch {
		case isMerge(key) && merge != nil:
			return nil, refuse(key, "merge a list: <<: [*a, *b]", "this mapping has << twice")
		case isMerge(key):
			merge = value
			continue
		case taken:
			return nil, refuse(key, "keep one of the two", "this key is there already")
		}
		var err error
		if m[id], err = r.data(value); err != nil {
			return nil, err
		}
	}
	if merge == nil {
		return m, nil
	}
	return m, r.merge(m, merge)
}

func isMerge(key *yaml.Node) bool { return key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge" }

// sources are the mappings that << merges, in the order in which they count.
func sources(merge *yaml.Node) []*yaml.Node {
	if merge.Kind == yaml.SequenceNode {
		return merge.Content
	}
	return []*yaml.Node{merge}
}

// maxMerged is far more than values have; each copy of a pair takes time and memory.
const maxMerged = 100_000

// merge adds what a mapping does not have itself.
func (r *resolver) merge(m map[any]any, merge *yaml.Node) error {
	for _, source := range sources(merge) {
		data, err := r.data(source)
		if err != nil {
			return err
		}
		more, ok := data.(map[any]any)
		if !ok {
			return refuse(source, "merge mappings only", "<< merges a %s, which is no mapping", kindName(target(source)))
		}
		if r.merged += len(more); r.merged > maxMerged {
			return refuse(source, "write the values out that are needed", "<< merges too many values")
		}
		for key, value := range more {
			if _, own := m[key]; !own {
				m[key] = value
			}
		}
	}
	return nil
}

// applyTo returns the data with the wanted value set. It is the second opinion
// on what an edit should have done, so it shares no code with the splicing.
func (op Op) applyTo(data any) any { return op.set(data, op.Path) }

func (op Op) set(data any, path []string) any {
	if len(path) == 0 {
		return op.leaf(data)
	}
	m, _ := data.(map[any]any)
	m = maps.Clone(m)
	if m == nil {
		m = map[any]any{}
	}
	key, rest := step(m, path)
	m[key] = op.set(m[key], rest)
	return m
}

// step chooses the key for the first element of a path: the longest one that
// leads to the value, else the longest nested mapping, else the whole element.
func step(m map[any]any, path []string) (key string, rest []string) {
	segments := strings.Split(path[0], ".")
	split := func(k int) (string, []string) {
		if k == len(segments) {
			return path[0], path[1:]
		}
		return strings.Join(segments[:k], "."), append([]string{strings.Join(segments[k:], ".")}, path[1:]...)
	}
	for k := range segments {
		if key, rest := split(k + 1); leads(m, key, rest) {
			return key, rest
		}
	}
	if _, there := m[path[0]]; there {
		return split(len(segments))
	}
	for k := len(segments) - 1; k > 0; k-- {
		key, rest := split(k)
		if _, ok := m[key].(map[any]any); ok {
			return key, rest
		}
	}
	return split(len(segments))
}

// leads tells whether a key and the rest of a path lead to a value.
func leads(m map[any]any, key string, rest []string) bool {
	value, there := m[key]
	if len(rest) == 0 {
		return there
	}
	inner, _ := value.(map[any]any)
	key, rest = step(inner, rest)
	return leads(inner, key, rest)
}

// leaf sets the value itself, or the item of a list.
func (op Op) leaf(old any) any {
	if op.Item == "" {
		return op.Value
	}
	list, _ := old.([]any)
	list = slices.Clone(list)
	for i, item := range list {
		m, _ := item.(map[any]any)
		if text, ok := m[op.Item].(string); ok && op.Match != nil && op.Match(text) {
			m = maps.Clone(m)
			m[op.Item] = op.Value
			list[i] = m
			return list
		}
	}
	added := map[any]any{op.Item: op.Value}
	if op.First {
		return append([]any{added}, list...)
	}
	return append(list, added)
}

// holds tells whether data has the wanted value, or lacks what need not be there.
func (op Op) holds(data any) bool {
	path := op.Path
	for len(path) > 0 {
		m, _ := data.(map[any]any)
		var key string
		key, path = step(m, path)
		value, there := m[key]
		if !there {
			return op.IfPresent
		}
		data = value
	}
	if op.Item == "" {
		text, ok := data.(string)
		return ok && op.isSame(text)
	}
	list, _ := data.([]any)
	return slices.ContainsFunc(list, func(item any) bool {
		m, _ := item.(map[any]any)
		text, ok := m[op.Item].(string)
		return ok && op.isSame(text)
	})
}

func (op Op) isSame(text string) bool { return text == op.Value || op.Same != nil && op.Same(text) }
