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
	shared := v.shared()
	var fixes []*hit
	for i := range hits {
		h := &hits[i]
		if name := shared[h.place.node]; name != "" {
			h.drop(fmt.Errorf("*%s repeats it elsewhere", name))
		}
		fixes = append(fixes, h)
	}
	for {
		fixes = slices.DeleteFunc(fixes, func(h *hit) bool { return h.fix == nil })
		if len(fixes) == 0 {
			return v
		}
		if next, ok := v.with(fixes); ok {
			return next
		}
	}
}

// shared are the nodes that an alias repeats, with those inside of them, and its name.
func (v view) shared() map[*yaml.Node]string {
	all := map[*yaml.Node]string{}
	v.each(func(s scalar) {
		if v.doc.Aliased(s.Node) {
			all[s.Node] = s.Anchor
		} else if name := all[s.parent]; name != "" {
			all[s.Node] = name
		}
	})
	return all
}

func (h *hit) drop(why error) {
	if h.fix != nil {
		h.fix = nil
		h.message += "; not repaired: " + why.Error()
	}
}

// with returns the view with the fixes of hits, if all of their places become what they
// should; else it drops those that do not, or all when anything else would change.
func (v view) with(hits []*hit) (next view, ok bool) {
	var all replacements
	wanted := map[*yaml.Node][]place{}
	for _, h := range hits {
		all = append(all, h.fix...)
		wanted[h.place.node] = append(wanted[h.place.node], h.place)
	}
	made := v.spliced(all)
	doc, failed, err := changed(v.doc, made.text, wanted)
	for _, h := range hits {
		if why := cmp.Or(err, failed[h.place.node]); why != nil {
			h.drop(why)
		}
	}
	return view{made, doc}, err == nil && len(failed) == 0
}

// changed reads a text that was made of a document, and returns the wanted places that did
// not become what they should. An error says what else is another.
func changed(before *yamledit.Document, made []byte, wanted map[*yaml.Node][]place) (after *yamledit.Document, failed map[*yaml.Node]error, err error) {
	if after, err = yamledit.Parse(made); err != nil {
		return nil, nil, errNoYAML
	}
	if len(after.Duplicates()) > len(before.Duplicates()) {
		return nil, nil, errors.New("a key would be there twice")
	}
	if before.Root() == nil || after.Root() == nil {
		return nil, nil, errors.New("the document would be empty")
	}
	failed = map[*yaml.Node]error{}
	var same func(a, b *yaml.Node)
	same = func(a, b *yaml.Node) {
		switch places, ok := wanted[a]; {
		case ok:
			if why := becomes(a, b, places); why != nil {
				failed[a] = why
			}
		case saidOf(a) != saidOf(b):
			err = cmp.Or(err, fmt.Errorf("what is on line %d would change too", a.Line))
		default:
			for i := range a.Content {
				same(a.Content[i], b.Content[i])
			}
		}
	}
	same(before.Root(), after.Root())
	return after, failed, err
}

// said is all that a node says, but for what is in it.
type said struct {
	kind               yaml.Kind
	tag, value, anchor string
	style              yaml.Style
	children           int
}

func saidOf(n *yaml.Node) said {
	return said{n.Kind, n.Tag, n.Value, n.Anchor, n.Style, len(n.Content)}
}

// becomes tells whether a place became what its repairs say.
func becomes(a, b *yaml.Node, places []place) error {
	if slices.ContainsFunc(places, func(p place) bool { return p.shape }) {
		if ink(a) != ink(b) {
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
	if b.Value != want || b.Tag != a.Tag && b.ShortTag() != "!!str" {
		return fmt.Errorf("the value would not become %q", want)
	}
	return nil
}

func edited(value string, edits []replacement) string {
	return string(whole([]byte(value)).spliced(edits).text)
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
