package yamledit

import (
	"cmp"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// found is how far a path leads into the document, as its readers see it: through
// aliases and what << merges.
type found struct {
	// value at the end of the path; nil when it is missing.
	value *yaml.Node
	// merged is the << by which the last mapping has the value, nil for its own.
	merged *yaml.Node
	// chain are the nodes passed on the way, the outermost first.
	chain []*yaml.Node
	// lent is the first alias or << that led to the chain's end. What is written
	// there is written elsewhere.
	lent *yaml.Node
	// missing are the keys to be made in the last node of the chain; depth is
	// how many elements of the path are there.
	missing []string
	depth   int
}

func (f found) last() *yaml.Node { return f.chain[len(f.chain)-1] }

// enter makes the value the end of the chain.
func (f found) enter() found {
	f.lent = cmp.Or(f.lent, f.merged)
	if f.value.Kind == yaml.AliasNode {
		f.lent = cmp.Or(f.lent, f.value)
	}
	f.chain = append(slices.Clip(f.chain), target(f.value))
	f.value, f.merged = nil, nil
	return f
}

// target is the node that an alias stands for; any other node itself.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// Lookup returns the value at a path, nil when there is none; an error when the
// path is written twice, as one key and nested.
func (d *Document) Lookup(path []string) (*yaml.Node, error) {
	at, err := d.find(path)
	return at.value, err
}

func (d *Document) valueOf(op Op) *yaml.Node {
	at, _ := d.place(op)
	return at.value
}

// place finds the value of an op. For an item without one the chain ends at the
// list, or at the empty value that is to be one.
func (d *Document) place(op Op) (found, error) {
	at, err := d.find(op.Path)
	if op.Item == "" || at.value == nil {
		return at, err
	}
	list := target(at.value)
	if list.Kind != yaml.SequenceNode && !isNull(list) {
		return found{}, refuse(at.value, "make it a list", "%s is a %s, not a list", strings.Join(op.Path, "."), kindName(list))
	}
	at = at.enter()
	at.missing = nil
	return op.itemIn(at), nil
}

// itemIn goes on to the value of the list's item that is meant, if there is one.
func (op Op) itemIn(list found) found {
	match := list
	for _, item := range list.last().Content {
		at := list
		at.value = item
		at = at.enter()
		value, merged := member(at.last(), op.Item)
		if value == nil {
			continue
		}
		at.value, at.lent = value, cmp.Or(at.lent, merged)
		if op.same(value) {
			return at
		}
		if text, ok := stringOf(target(value)); ok && match.value == nil && op.Match != nil && op.Match(text) {
			match = at
		}
	}
	return match
}

func (d *Document) find(path []string) (found, error) {
	if d.root == nil {
		return found{missing: path}, nil
	}
	matches := resolve(found{value: d.root, depth: len(path) - 1}, path)
	switch len(matches) {
	case 0:
		return deepest(d.root, path), nil
	case 1:
		return matches[0], nil
	}
	a, b := matches[0].value, matches[1].value
	return found{}, refuse(b, "keep one of the two", "%s is set here and on line %d", strings.Join(path, "."), a.Line)
}

// resolve finds all ways in which a path leads to a value.
func resolve(f found, path []string) []found {
	if len(path) == 0 {
		return []found{f}
	}
	f = f.enter()
	var all []found
	segments := strings.Split(path[0], ".")
	for k := 1; k <= len(segments); k++ {
		next, key := f, strings.Join(segments[:k], ".")
		next.value, next.merged = member(f.last(), key)
		if next.value == nil {
			continue
		}
		next.missing = []string{key}
		rest := path[1:]
		if k < len(segments) {
			rest = append([]string{strings.Join(segments[k:], ".")}, rest...)
		}
		all = append(all, resolve(next, rest)...)
	}
	return all
}

// member returns the value that a mapping has under a key, and the << that brings
// it; its own keys hide those, and what is merged first hides the rest.
func member(n *yaml.Node, key string) (value, merged *yaml.Node) {
	return memberOf(n, key, map[*yaml.Node]bool{})
}

func memberOf(n *yaml.Node, key string, seen map[*yaml.Node]bool) (value, merged *yaml.Node) {
	if n.Kind != yaml.MappingNode || seen[n] {
		return nil, nil
	}
	seen[n] = true
	if i := keyIndex(n, key); i >= 0 {
		return n.Content[i+1], nil
	}
	for pair := range slices.Chunk(n.Content, 2) {
		if !isMerge(pair[0]) {
			continue
		}
		for _, source := range sources(pair[1]) {
			if value, _ := memberOf(target(source), key, seen); value != nil {
				return value, pair[0]
			}
		}
	}
	return nil, nil
}

func keyIndex(n *yaml.Node, key string) int {
	for i := 0; i < len(n.Content); i += 2 {
		if text, _ := stringOf(target(n.Content[i])); text == key {
			return i
		}
	}
	return -1
}

// deepest follows the part of a path that exists. A dotted key goes into a
// nested mapping when there is one.
func deepest(root *yaml.Node, path []string) found {
	f := found{value: root}.enter()
	f.missing = path
	for next := descend(f); next.value != nil; next = descend(f) {
		f = next.enter()
	}
	return f
}

func descend(f found) found {
	n, path := f.last(), f.missing
	if f.value, f.merged = member(n, path[0]); f.value != nil { // not the last one, or the path leads to a value
		f.depth++
		f.missing = path[1:]
		return f
	}
	segments := strings.Split(path[0], ".")
	for k := len(segments) - 1; k > 0; k-- {
		f.value, f.merged = member(n, strings.Join(segments[:k], "."))
		if f.value != nil && target(f.value).Kind == yaml.MappingNode {
			f.missing = append([]string{strings.Join(segments[k:], ".")}, path[1:]...)
			return f
		}
	}
	return found{}
}
