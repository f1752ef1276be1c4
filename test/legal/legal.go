// Package legal varies the answers of a service, one thing at a time, within what
// the service's own description leaves open. A fake that answers just as its
// author imagined proves that author right; a test that runs the main path under
// every variation, and checks an invariant, proves the program right:
//
//   - a field that is not required is absent, or null
//   - every object has a field that nobody knows yet
//   - a string of an open set has a value that nobody knows yet, or other letter case
//   - a list comes in another order, or with an element that belongs to somebody else
//
// A test first runs the main path through a [Recorder] in front of the fake, and
// then once per variation of the recorded answers through a [Varied]:
//
//	recorder := &legal.Recorder{Next: fake, Operation: operation}
//	mainPath(t, recorder)
//	for name, answers := range recorder.Answers() {
//		variations, err := legal.Variations(legal.ShapeOf[types.Image](nil).Options(), answers...)
//		...
//		for _, variation := range variations {
//			t.Run(name+"/"+variation.Name, func(t *testing.T) {
//				varied := &legal.Varied{Next: fake, Match: is(name), Variation: variation}
//				checkInvariant(t, mainPath(t, varied))
//				if varied.Changed() == 0 {
//					t.Error("no answer was varied")
//				}
//			})
//		}
//	}
//
// What is required comes from the service's description: a model of its SDK
// ([ShapeOf]) or a schema of its contract ([SchemaShape]), never from a list
// written by hand. Documents are JSON, or XML as AWS writes it.
//
// A path names a place in the schema: "items[].metadata.uid" is a field of each
// element of items, and "tags.*" each value of a map.
package legal

import (
	"fmt"
	"slices"
	"strings"
)

// Options say what a service promises. The zero value promises nothing: every
// field is optional, no string is of a set, and every list is in any order.
type Options struct {
	// Required tells which fields are in every answer, and so are never dropped.
	Required func(path string) bool
	// Map tells which objects have keys that are data: there no field is added, and
	// all their values have one path.
	Map func(path string) bool
	// Enum tells which strings are of a set that may grow.
	Enum func(path string) bool
	// Loose tells which strings the service may write in any letter case.
	Loose func(path string) bool
	// Ordered tells which lists are in an order that the service promises.
	Ordered func(path string) bool
	// Foreign has, by the path of a list ("items"), documents that may stand beside
	// the wanted elements, each in the form of the answer.
	Foreign map[string][]string
	// Null also gives null in place of a field; for services that write it.
	Null bool
	// FirstOnly varies the first element of each list on the way, and leaves its
	// neighbours as they are.
	FirstOnly bool
}

// Variation is one legal change of an answer.
type Variation struct {
	// Name tells what is changed, such as "without items[].metadata.uid".
	Name string
	// Apply returns the changed answer; an answer without the place, as it is.
	Apply func(answer []byte) ([]byte, error)
}

// UnknownField and UnknownValue are what a later version of the service sends.
const (
	UnknownField = "fieldOfALaterVersion"
	UnknownValue = "ValueOfALaterVersion"
)

// Variations returns every variation of some answers to one question, each place
// in their schema once, in a fixed order.
func Variations(options Options, answers ...[]byte) ([]Variation, error) {
	w := walker{options}
	seen := places{optional: map[string]bool{}, enums: map[string]bool{}, loose: map[string][]string{}, lists: map[string]int{}}
	for i, answer := range answers {
		doc, err := parse(answer)
		if err != nil {
			return nil, fmt.Errorf("answer %d: %w", i+1, err)
		}
		w.walk(doc.root, "", seen.note(w))
	}
	return w.variations(seen)
}

// places are the places of a schema that some answers have.
type places struct {
	optional map[string]bool
	enums    map[string]bool
	loose    map[string][]string
	lists    map[string]int
}

func (p places) note(w walker) func(string, *node) {
	return func(path string, n *node) {
		for _, f := range n.fields {
			if at := w.join(path, f.name); !yes(w.Required, at) {
				p.optional[at] = true
			}
		}
		if n.kind == text {
			if yes(w.Enum, path) {
				p.enums[path] = true
			}
			if yes(w.Loose, path) {
				p.loose[path] = append(p.loose[path], n.text)
			}
		}
		if n.kind == array {
			p.lists[path] = max(p.lists[path], len(n.items))
		}
	}
}

func (w walker) variations(seen places) ([]Variation, error) {
	list := []Variation{w.variation("with an unknown field in every object", func(path string, n *node) {
		if n.kind == object && !yes(w.Map, path) {
			n.fields = append(n.fields, field{UnknownField, &node{kind: text, text: "1"}})
		}
	})}
	for _, path := range sorted(seen.optional) {
		list = append(list, w.without(path))
		if w.Null {
			list = append(list, w.at("null "+path, path, func(n *node) { *n = node{kind: null} }))
		}
	}
	for _, path := range sorted(seen.enums) {
		list = append(list, w.texts("unknown value of "+path, path, func(string) string { return UnknownValue }))
	}
	for _, path := range sorted(seen.loose) {
		for name, fold := range map[string]func(string) string{"lower case of ": strings.ToLower, "upper case of ": strings.ToUpper} {
			if slices.ContainsFunc(seen.loose[path], func(s string) bool { return fold(s) != s }) {
				list = append(list, w.texts(name+path, path, fold))
			}
		}
	}
	for _, path := range sorted(seen.lists) {
		if seen.lists[path] > 1 && !yes(w.Ordered, path) {
			list = append(list, w.at("reversed "+path, path, func(n *node) { slices.Reverse(n.items) }))
		}
	}
	foreign, err := w.foreign(seen)
	list = append(list, foreign...)
	slices.SortStableFunc(list[1:], func(a, b Variation) int { return strings.Compare(a.Name, b.Name) })
	return list, err
}

func (w walker) foreign(seen places) ([]Variation, error) {
	var list []Variation
	for _, path := range sorted(w.Foreign) {
		if _, ok := seen.lists[path]; !ok {
			return nil, fmt.Errorf("no answer has a list at %q to put a foreign element into", path)
		}
		for i, element := range w.Foreign[path] {
			doc, err := parse([]byte(element))
			if err != nil {
				return nil, fmt.Errorf("foreign element %d of %s: %w", i+1, path, err)
			}
			name := fmt.Sprintf("foreign element %d", i+1)
			list = append(list,
				w.at(name+" first in "+path, path, func(n *node) { n.items = slices.Insert(n.items, 0, doc.root) }),
				w.at(name+" last in "+path, path, func(n *node) { n.items = append(n.items, doc.root) }))
		}
	}
	return list, nil
}

func (w walker) without(path string) Variation {
	return w.variation("without "+path, func(at string, n *node) {
		n.fields = slices.DeleteFunc(n.fields, func(f field) bool { return w.join(at, f.name) == path })
	})
}

// at changes the nodes at one path, and texts those of them that are strings.
func (w walker) at(name, path string, change func(*node)) Variation {
	return w.variation(name, func(at string, n *node) {
		if at == path {
			change(n)
		}
	})
}

func (w walker) texts(name, path string, change func(string) string) Variation {
	return w.at(name, path, func(n *node) {
		if n.kind == text {
			n.text = change(n.text)
		}
	})
}

func (w walker) variation(name string, change func(string, *node)) Variation {
	return Variation{Name: name, Apply: func(answer []byte) ([]byte, error) {
		doc, err := parse(answer)
		if err != nil {
			return nil, err
		}
		w.walk(doc.root, "", change)
		return doc.bytes()
	}}
}

// walker visits the nodes of a document with their paths.
type walker struct{ Options }

// walk calls visit for a node after those inside it, so that what a visit adds
// is not visited.
func (w walker) walk(n *node, path string, visit func(string, *node)) {
	for _, f := range n.fields {
		w.walk(f.value, w.join(path, f.name), visit)
	}
	for i, item := range n.items {
		if i > 0 && w.FirstOnly {
			break
		}
		w.walk(item, path+"[]", visit)
	}
	visit(path, n)
}

func (w walker) join(path, name string) string {
	if yes(w.Map, path) {
		name = "*"
	}
	return join(path, name)
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func yes(f func(string) bool, path string) bool { return f != nil && f(path) }

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
