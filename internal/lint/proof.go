package lint

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/yamledit"
)

// view is a text at one stage of the work: as it is, and then with the repairs
// that are proven.
type view struct {
	text []byte
	// doc is nil when the text is no YAML.
	doc *yamledit.Document
	// trace leads to the text of the first stage.
	trace trace
}

// place is what a repair changes in the tree.
type place struct {
	node *yaml.Node
	// edits make the node's value what it is to be. A node that is no scalar
	// becomes one with value.
	edits []valueEdit
	value *string
	// shape says that the node becomes a mapping or a list of the same words.
	shape bool
}

// valueEdit replaces the bytes from Start up to End of a value.
type valueEdit struct {
	start, end int
	text       string
}

// prove is what every repair passes through: hits of the view keep their fix only
// if the tree with all of these fixes differs at the places that they name, as
// they say, and nowhere else. A text that is no YAML has no tree: its repairs
// together must make it YAML. The others lose their fix and say why. It returns
// the text with what is proven.
func (v view) prove(hits []hit) view {
	var fixes []*hit
	for i := range hits {
		if hits[i].fix != nil {
			fixes = append(fixes, &hits[i])
		}
	}
	slices.SortStableFunc(fixes, func(a, b *hit) int { return cmp.Compare(a.at, b.at) })
	_, next := v.proven(fixes)
	return next
}

// proven returns the hits whose fixes are proven together, and the text with them.
// It looks for those that are not by halves.
func (v view) proven(hits []*hit) ([]*hit, view) {
	if len(hits) == 0 {
		return nil, v
	}
	next, err := v.with(hits)
	if err == nil {
		return hits, next
	}
	if len(hits) == 1 || v.doc == nil {
		for _, h := range hits {
			h.drop(err)
		}
		return nil, v
	}
	left, withLeft := v.proven(hits[:len(hits)/2])
	right, withRight := v.proven(hits[len(hits)/2:])
	switch {
	case len(left) == 0:
		return right, withRight
	case len(right) == 0:
		return left, withLeft
	}
	both := append(slices.Clone(left), right...)
	if next, err = v.with(both); err == nil {
		return both, next
	}
	for _, h := range right {
		h.drop(err)
	}
	return left, withLeft
}

func (h *hit) drop(why error) {
	h.fix = nil
	h.message += "; not repaired: " + why.Error()
}

var errNoYAML = errors.New("the result would not be YAML")

// with returns the view with the fixes of hits, of which those that overlap an
// earlier one wait for the next round. An error says what is not proven.
func (v view) with(hits []*hit) (view, error) {
	var chosen replacements
	wanted := map[*yaml.Node][]place{}
	ends := map[*yaml.Node]int{}
	for _, h := range hits {
		if v.doc != nil && !v.within(h, ends) {
			return view{}, errors.New("more than the place would change")
		}
		if !chosen.addAll(h.fix) {
			continue
		}
		for _, p := range h.places {
			wanted[p.node] = append(wanted[p.node], p)
		}
	}
	made := spliced(v.text, chosen)
	doc, err := yamledit.Parse(made.text)
	if err != nil {
		return view{}, errNoYAML
	}
	if v.doc != nil {
		p := proof{wanted: wanted}
		if err := p.holds(v.doc, doc); err != nil {
			return view{}, err
		}
	}
	return view{text: made.text, doc: doc, trace: v.through(made.trace)}, nil
}

// within tells whether a fix stays inside of its places, so that comments are as
// they were. ends keeps where values end: many fixes may be in a long one.
func (v view) within(h *hit, ends map[*yaml.Node]int) bool {
	for _, r := range h.fix {
		inside := slices.ContainsFunc(h.places, func(p place) bool {
			return v.doc.Offset(p.node) <= r.Start && r.End <= v.endOf(p.node, ends)
		})
		if !inside {
			return false
		}
	}
	return true
}

// endOf returns where a value ends, and -1 where that is not known.
func (v view) endOf(n *yaml.Node, ends map[*yaml.Node]int) int {
	end, known := ends[n]
	if known {
		return end
	}
	end, err := v.doc.End(n)
	if err != nil {
		end = -1
	}
	ends[n] = end
	return end
}

// through leads from a text that was made of the view's to the first one.
func (v view) through(made trace) trace {
	if v.trace == nil {
		return made
	}
	var all trace
	for _, s := range made {
		if s.size == 0 {
			all = append(all, stretch{s.at, v.trace.source(s.from), 0})
			continue
		}
		all = append(all, v.trace.cut(s)...)
	}
	return all
}

// cut returns the stretches that a stretch of the made text comes from.
func (t trace) cut(s stretch) trace {
	var all trace
	for i := s.from; i < s.from+s.size; {
		k, _ := slices.BinarySearchFunc(t, i+1, func(s stretch, at int) int { return cmp.Compare(s.at, at) })
		end := s.from + s.size
		if k < len(t) {
			end = min(end, t[k].at)
		}
		own := t[max(k-1, 0)]
		all = append(all, stretch{s.at + i - s.from, t.source(i), min(end-i, max(own.size-(i-own.at), 0))})
		i = end
	}
	return all
}

// proof compares two trees.
type proof struct {
	wanted map[*yaml.Node][]place
}

func (p *proof) holds(before, after *yamledit.Document) error {
	if len(after.Duplicates()) > len(before.Duplicates()) {
		return errors.New("a key would be there twice")
	}
	a, b := before.Root(), after.Root()
	if a == nil || b == nil {
		if a != b {
			return errors.New("the document would be empty")
		}
		return nil
	}
	return p.same(a, b)
}

// same tells where the trees differ beside the wanted places.
func (p *proof) same(a, b *yaml.Node) error {
	if places, ok := p.wanted[a]; ok {
		return p.asWanted(a, b, places)
	}
	if a.Kind != b.Kind || a.Tag != b.Tag || a.Value != b.Value || a.Anchor != b.Anchor || a.Style != b.Style || len(a.Content) != len(b.Content) {
		return fmt.Errorf("what is on line %d would change too", a.Line)
	}
	for i := range a.Content {
		if err := p.same(a.Content[i], b.Content[i]); err != nil {
			return err
		}
	}
	return nil
}

// asWanted tells whether a place became what its repairs say.
func (p *proof) asWanted(a, b *yaml.Node, places []place) error {
	if slices.ContainsFunc(places, func(p place) bool { return p.shape }) {
		if b.Kind == yaml.ScalarNode || b.Kind == yaml.AliasNode || ink(a) != ink(b) {
			return fmt.Errorf("what is on line %d would not become what is meant", a.Line)
		}
		return nil
	}
	want := a.Value
	var edits []valueEdit
	for _, p := range places {
		if p.value != nil {
			want = *p.value
		}
		edits = append(edits, p.edits...)
	}
	want = edited(want, edits)
	custom := strings.HasPrefix(a.Tag, "!") && !strings.HasPrefix(a.Tag, "!!")
	tagged := b.ShortTag() == "!!str"
	if custom {
		tagged = b.Tag == a.Tag
	}
	if b.Kind != yaml.ScalarNode || b.Value != want || b.Anchor != a.Anchor || !tagged {
		return fmt.Errorf("the value would not become %q", want)
	}
	return nil
}

// edited returns a value with edits that do not overlap.
func edited(value string, edits []valueEdit) string {
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b valueEdit) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end)) })
	var out strings.Builder
	at := 0
	for _, e := range edits {
		if e.start < at {
			continue
		}
		out.WriteString(value[at:e.start])
		out.WriteString(e.text)
		at = e.end
	}
	out.WriteString(value[at:])
	return out.String()
}

// ink is all that a node says, without white space and what structure is made of.
func ink(n *yaml.Node) string {
	var out strings.Builder
	var walk func(*yaml.Node)
	walk = func(n *yaml.Node) {
		for _, r := range n.Anchor + n.Value {
			if !strings.ContainsRune(allBlanks+"\r\n:-\"'", r) {
				out.WriteRune(r)
			}
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(n)
	return out.String()
}
