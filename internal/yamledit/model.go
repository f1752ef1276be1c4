package yamledit

import (
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// The model is a document's data without its layout: what an edit may not
// change but for the wanted values. Aliases stay aliases, so that its size is
// the document's.
type (
	mapModel struct {
		Anchor, Tag string
		Pairs       map[string]any
		// Keys are those that are not scalars; they have to stay as they are.
		Keys []any
	}
	listModel struct {
		Anchor, Tag string
		Items       []any
	}
	scalarModel struct{ Anchor, Tag, Value string }
	aliasModel  struct{ Name string }
)

func modelOf(n *yaml.Node) any {
	if n == nil {
		return nil
	}
	switch n.Kind {
	case yaml.AliasNode:
		return aliasModel{n.Value}
	case yaml.SequenceNode:
		list := listModel{Anchor: n.Anchor, Tag: n.ShortTag()}
		for _, item := range n.Content {
			list.Items = append(list.Items, modelOf(item))
		}
		return list
	case yaml.MappingNode:
		m := mapModel{Anchor: n.Anchor, Tag: n.ShortTag(), Pairs: map[string]any{}}
		for i := 0; i+1 < len(n.Content); i += 2 {
			m.add(n.Content[i], n.Content[i+1])
		}
		return m
	}
	return scalarModel{n.Anchor, n.ShortTag(), n.Value}
}

func (m *mapModel) add(key, value *yaml.Node) {
	id := strKey(key.Value)
	if key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" || key.Anchor != "" {
		id = key.ShortTag() + " " + key.Value
	}
	if _, taken := m.Pairs[id]; taken || key.Kind != yaml.ScalarNode {
		m.Keys = append(m.Keys, modelOf(key), modelOf(value))
		return
	}
	m.Pairs[id] = modelOf(value)
}

func strKey(key string) string { return "!!str " + key }

// applyTo returns the model with the wanted value set. It is the second opinion
// on what an edit should have done, so it shares no code with the splicing.
func (op Op) applyTo(model any) any { return op.set(model, op.Path) }

func (op Op) set(model any, path []string) any {
	if len(path) == 0 {
		return op.leaf(model)
	}
	m, ok := model.(mapModel)
	if !ok {
		return mapModel{Tag: "!!map", Pairs: map[string]any{strKey(path[0]): op.set(nil, path[1:])}}
	}
	m.Pairs = cloneMap(m.Pairs)
	key, rest := m.step(path)
	m.Pairs[key] = op.set(m.Pairs[key], rest)
	return m
}

func cloneMap(m map[string]any) map[string]any {
	c := make(map[string]any, len(m)+1)
	for k, v := range m {
		c[k] = v
	}
	return c
}

// step chooses the key for the first element of a path: the longest one that
// leads to the value, else the longest nested mapping, else the whole element.
func (m mapModel) step(path []string) (key string, rest []string) {
	segments := strings.Split(path[0], ".")
	split := func(k int) (string, []string) {
		if k == len(segments) {
			return strKey(path[0]), path[1:]
		}
		return strKey(strings.Join(segments[:k], ".")), append([]string{strings.Join(segments[k:], ".")}, path[1:]...)
	}
	for k := 1; k <= len(segments); k++ {
		if key, rest := split(k); leads(m.Pairs[key], rest, keyThere(m, key)) {
			return key, rest
		}
	}
	if keyThere(m, strKey(path[0])) {
		return split(len(segments))
	}
	for k := len(segments) - 1; k > 0; k-- {
		key, rest := split(k)
		if _, ok := m.Pairs[key].(mapModel); ok {
			return key, rest
		}
	}
	return split(len(segments))
}

func keyThere(m mapModel, key string) bool {
	_, ok := m.Pairs[key]
	return ok
}

// leads tells whether the rest of a path ends at a value.
func leads(model any, rest []string, there bool) bool {
	if !there || len(rest) == 0 {
		return there
	}
	m, ok := model.(mapModel)
	if !ok {
		return false
	}
	key, next := m.step(rest)
	return leads(m.Pairs[key], next, keyThere(m, key))
}

// leaf sets the value itself, or the item of a list.
func (op Op) leaf(old any) any {
	value := scalarModel{Tag: "!!str", Value: op.Value}
	if op.Item == "" {
		if s, ok := old.(scalarModel); ok {
			value.Anchor = s.Anchor
		}
		return value
	}
	list, ok := old.(listModel)
	if !ok {
		list = listModel{Tag: "!!seq"}
	}
	list.Items = slices.Clone(list.Items)
	for i, item := range list.Items {
		m, ok := item.(mapModel)
		if !ok {
			continue
		}
		s, ok := m.Pairs[strKey(op.Item)].(scalarModel)
		if ok && op.Match != nil && op.Match(s.Value) {
			m.Pairs = cloneMap(m.Pairs)
			m.Pairs[strKey(op.Item)] = scalarModel{Anchor: s.Anchor, Tag: "!!str", Value: op.Value}
			list.Items[i] = m
			return list
		}
	}
	added := mapModel{Tag: "!!map", Pairs: map[string]any{strKey(op.Item): value}}
	if op.First {
		list.Items = append([]any{added}, list.Items...)
	} else {
		list.Items = append(list.Items, added)
	}
	return list
}
