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
	traced
	// doc is nil when the text is no YAML.
	doc *yamledit.Document
}

// place is what a repair changes in the tree.
type place struct {
	node *yaml.Node
	// edits, in offsets of the node's value, make that what it is to be. A node that is no scalar
	// becomes one with value.
	edits []replacement
	value *string
	// shape says that the node becomes a mapping or a list of the same words.
	shape bool
}

// prove is what every repair passes through: hits of the view keep their fix only
// if the tree with all of these fixes differs at the places that they name, as
// they say, and nowhere else. The others lose their fix and say why. It returns the
// text with what is proven.
func (v view) prove(hits []hit) view {
	var fixes []*hit
	for i := range hits {
		if hits[i].fix != nil {
			fixes = append(fixes, &hits[i])
		}
	}
	if len(fixes) == 0 {
		return v
	}
	shared, ends := v.shared(), map[*yaml.Node]int{}
	for _, h := range fixes {
		i := slices.IndexFunc(h.places, func(p place) bool { return shared[p.node] != "" })
		switch {
		case i >= 0:
			h.drop(fmt.Errorf("*%s repeats it elsewhere", shared[h.places[i].node]))
		case !v.within(h, ends):
			h.drop(errors.New("more than the place would change"))
		}
	}
	slices.SortStableFunc(fixes, func(a, b *hit) int { return cmp.Compare(a.at, b.at) })
	for range maxParses {
		fixes = slices.DeleteFunc(fixes, func(h *hit) bool { return h.fix == nil })
		next, done, err := v.with(fixes)
		if done {
			return next
		}
		for _, h := range fixes {
			if err != nil {
				h.drop(err)
			}
		}
	}
	for _, h := range fixes {
		h.drop(errors.New("others are not proven"))
	}
	return v
}

// maxParses are enough, as each drops all repairs that do not do what they say.
const maxParses = 4

// shared are the nodes that an alias repeats, with those inside of them, and its name.
func (v view) shared() map[*yaml.Node]string {
	all := map[*yaml.Node]string{}
	var walk func(n *yaml.Node, name string)
	walk = func(n *yaml.Node, name string) {
		if v.doc.Aliased(n) {
			name = n.Anchor
		}
		if name != "" {
			all[n] = name
		}
		for _, child := range n.Content {
			walk(child, name)
		}
	}
	if root := v.doc.Root(); root != nil {
		walk(root, "")
	}
	return all
}

func (h *hit) drop(why error) {
	if h.fix != nil {
		h.fix = nil
		h.message += "; not repaired: " + why.Error()
	}
}

// with returns the view with the fixes of hits, of which those that overlap an
// earlier one wait for the next round. It is done if all places become what they
// should; else it drops those that do not. An error says what else would change.
func (v view) with(hits []*hit) (next view, done bool, err error) {
	var chosen replacements
	wanted := map[*yaml.Node][]place{}
	for _, h := range hits {
		if !chosen.addAll(h.fix) {
			continue
		}
		for _, at := range h.places {
			wanted[at.node] = append(wanted[at.node], at)
		}
	}
	if len(chosen) == 0 {
		return v, true, nil
	}
	made := v.spliced(chosen)
	doc, err := yamledit.Parse(made.text)
	if err != nil {
		return v, false, errNoYAML
	}
	p := proof{wanted: wanted}
	if err := p.holds(v.doc, doc); err != nil {
		return v, false, err
	}
	for _, h := range hits {
		for _, at := range h.places {
			if why := p.failed[at.node]; why != nil {
				h.drop(why)
			}
		}
	}
	return view{made, doc}, len(p.failed) == 0, nil
}

// within tells whether a fix stays inside of its places, so that comments are as
// they were. ends keeps where values end: many fixes may be in a long one.
func (v view) within(h *hit, ends map[*yaml.Node]int) bool {
	for _, r := range h.fix {
		inside := slices.ContainsFunc(h.places, func(p place) bool {
			return v.doc.Offset(p.node) <= r.start && r.end <= v.endOf(p.node, ends)
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

// proof compares two trees.
type proof struct {
	wanted map[*yaml.Node][]place
	// failed are the wanted places that did not become what they should.
	failed map[*yaml.Node]error
}

// holds tells where the trees differ beside the wanted places.
func (p *proof) holds(before, after *yamledit.Document) error {
	p.failed = map[*yaml.Node]error{}
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

func (p *proof) same(a, b *yaml.Node) error {
	if places, ok := p.wanted[a]; ok {
		if err := becomes(a, b, places); err != nil {
			p.failed[a] = err
		}
		return nil
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

// becomes tells whether a place became what its repairs say.
func becomes(a, b *yaml.Node, places []place) error {
	if slices.ContainsFunc(places, func(p place) bool { return p.shape }) {
		if b.Kind == yaml.ScalarNode || b.Kind == yaml.AliasNode || ink(a) != ink(b) {
			return fmt.Errorf("what is on line %d would not become what is meant", a.Line)
		}
		return nil
	}
	want := a.Value
	var edits []replacement
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

// edited returns a value with edits; of those that overlap the first counts.
func edited(value string, edits []replacement) string {
	var chosen replacements
	for _, edit := range slices.SortedStableFunc(slices.Values(edits), inOrder) {
		chosen.addAll([]replacement{edit})
	}
	return string(whole([]byte(value)).spliced(chosen).text)
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
