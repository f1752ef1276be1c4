package yamledit

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

// Op is one wanted value.
type Op struct {
	// Path leads to the value, or with Item to a list. An element with dots may
	// be written as one key or as nested mappings.
	Path  []string
	Value string
	// IfPresent leaves a document without the path alone.
	IfPresent bool
	// Same tells that an old value needs no change though it is written another
	// way; equality when nil.
	Same func(old string) bool

	// Item, when set, is the key of the list's mappings that holds the value.
	Item string
	// Match tells which item is meant; the value itself when nil.
	Match func(value string) bool
	// First inserts a new item at the start of the list rather than its end.
	First bool
}

// Change is one value that differs from what the document had.
type Change struct {
	Path []string `json:"path"`
	// Line of the value in the new text.
	Line  int    `json:"line"`
	Old   string `json:"old,omitempty"`
	New   string `json:"new"`
	Added bool   `json:"added,omitempty"`
}

// Edit returns the text with all the wanted values, and what changed. Order of ops
// is the order in which missing keys are inserted. On an error (*yamldoc.Problem)
// nothing is returned. Without a change the result is the text itself.
func (d *Document) Edit(ops []Op) ([]byte, []Change, error) {
	original := d
	if err := original.refuseDuplicates(); err != nil {
		return nil, nil, err
	}
	if r := original.root; r != nil && r.Kind != yaml.MappingNode && !isEmpty(r) {
		return nil, nil, refuse(r, "write key: value lines at the top level", "the top level is a %s, not a mapping", kindName(r))
	}
	want, err := original.effective()
	if err != nil {
		return nil, nil, err
	}
	doc, changes, err := original.applyAll(ops)
	if err != nil {
		return nil, nil, err
	}
	if err := original.prove(doc, want, changes, ops); err != nil {
		return nil, nil, err
	}
	var told []Change
	for _, c := range changes {
		c.Line = doc.valueOf(c.op).Line
		told = append(told, c.Change)
	}
	return doc.src, told, nil
}

// prove refuses a result that its readers see in another way than the data from
// before with the changes made, or without a value that is wanted.
func (d *Document) prove(doc *Document, data any, changes []applied, ops []Op) error {
	for _, c := range changes {
		data = c.op.applyTo(data)
	}
	got, err := doc.effective()
	if err != nil || !reflect.DeepEqual(got, data) || d.json && !doc.json {
		return d.unproven(changes[0].op)
	}
	if i := slices.IndexFunc(ops, func(op Op) bool { return !op.holds(got) }); i >= 0 {
		return d.unproven(ops[i])
	}
	return nil
}

func (d *Document) unproven(op Op) error {
	failed := &yamldoc.Problem{
		Message:    strings.Join(op.Path, ".") + " cannot be set without touching other values",
		Suggestion: "write it on a line of its own, in block style",
	}
	if at, _ := d.find(op.Path); len(at.chain) > 0 {
		failed.Line, failed.Column = at.last().Line, at.last().Column
	}
	return failed
}

// applied is a change and the op that asks for it.
type applied struct {
	Change
	op    Op
	order int
}

// applyAll sets all values. Those that replace others do not move what they stand
// beside, so they are written at once and parsed once.
func (d *Document) applyAll(ops []Op) (*Document, []applied, error) {
	doc, changes, rest, err := d.replaceAll(ops)
	if err != nil {
		return nil, nil, err
	}
	for _, i := range rest {
		next, change, err := doc.apply(ops[i], ops[:i])
		if err != nil {
			return nil, nil, err
		}
		if change == nil {
			continue
		}
		changes = append(changes, applied{*change, ops[i], i})
		if doc, err = Parse(next); err != nil {
			return nil, nil, unreadable(ops[i], err)
		}
	}
	slices.SortFunc(changes, func(a, b applied) int { return cmp.Compare(a.order, b.order) })
	return doc, changes, nil
}

// replaceAll sets the values that are there in another way, and returns the ops
// that it leaves.
func (d *Document) replaceAll(ops []Op) (doc *Document, changes []applied, rest []int, err error) {
	var splices []splice
	taken := map[*yaml.Node]bool{}
	for i, op := range ops {
		at, err := d.place(op)
		if err != nil {
			return nil, nil, nil, err // by the lines that the text has now
		}
		n := at.value
		if n == nil || taken[n] || at.hides() {
			rest = append(rest, i)
			continue
		}
		taken[n] = true
		some, change, err := d.replace(op, at)
		if err != nil {
			return nil, nil, nil, err
		}
		if change != nil {
			splices = append(splices, some...)
			changes = append(changes, applied{*change, op, i})
		}
	}
	doc, err = Parse(d.splice(splices...))
	if err != nil {
		return nil, nil, nil, unreadable(changes[0].op, err)
	}
	return doc, changes, rest, nil
}

func unreadable(op Op, why error) error {
	return &yamldoc.Problem{
		Message:    fmt.Sprintf("%s cannot be set here: the result would not be the wanted YAML (%s)", strings.Join(op.Path, "."), why),
		Suggestion: "write the key on a line of its own, in block style",
	}
}

// splice is one replacement of bytes.
type splice struct {
	start, end int
	text       string
}

func (d *Document) splice(splices ...splice) []byte {
	slices.SortFunc(splices, func(a, b splice) int { return cmp.Compare(a.start, b.start) })
	var out bytes.Buffer
	at := 0
	for _, s := range splices {
		out.Write(d.src[at:s.start])
		out.WriteString(s.text)
		at = s.end
	}
	out.Write(d.src[at:])
	return out.Bytes()
}

// apply returns the text with one value set; a nil change when it already is.
func (d *Document) apply(op Op, before []Op) ([]byte, *Change, error) {
	at, err := d.place(op)
	switch {
	case err != nil:
		return nil, nil, err
	case at.hides():
		return d.override(op, at, before)
	case at.value != nil:
		splices, change, err := d.replace(op, at)
		return d.splice(splices...), change, err
	case op.IfPresent:
		return nil, nil, nil
	case len(at.missing) == 0 && !isNull(at.last()):
		return d.addItem(op, at)
	}
	return d.insert(op, at, before)
}

// override gives a mapping a key of its own in place of the one that << brings.
func (d *Document) override(op Op, at found, before []Op) ([]byte, *Change, error) {
	if op.same(at.value) {
		return nil, nil, nil
	}
	old := target(at.value).Value
	text, change, err := d.insert(op, at, before)
	if err != nil {
		return nil, nil, err
	}
	change.Old, change.Added = old, false
	return text, change, nil
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func (op Op) same(old *yaml.Node) bool {
	old = target(old)
	return old.Kind == yaml.ScalarNode && old.ShortTag() == "!!str" && op.isSame(old.Value)
}

// hides tells whether a key of the mapping's own is to take the place of the value
// that << brings.
func (at found) hides() bool {
	return at.merged != nil && target(at.value).Kind == yaml.ScalarNode
}

// shared refuses to change what is written elsewhere, or repeated there.
func (d *Document) shared(op Op, at found) error {
	switch path := strings.Join(op.Path, "."); {
	case at.lent == nil:
	case at.lent.Kind == yaml.AliasNode:
		return refuse(at.lent, "write the values out in place of *"+at.lent.Value,
			"%s cannot be set here: *%s stands for values that are written elsewhere", path, at.lent.Value)
	default:
		return refuse(at.lent, "write the keys that lead to "+path+" out, in place of <<",
			"%s cannot be set here: << merges what it is part of from elsewhere", path)
	}
	for _, n := range at.chain {
		if err := d.repeated(n); err != nil {
			return err
		}
	}
	return nil
}

func (d *Document) repeated(n *yaml.Node) error {
	if !d.aliased[n] {
		return nil
	}
	return refuse(n, "write the values out where *"+n.Anchor+" repeats them",
		"&%s is repeated elsewhere, and a change here would change it there", n.Anchor)
}

// replace sets a value that exists; a nil change when it already is.
func (d *Document) replace(op Op, at found) ([]splice, *Change, error) {
	n := at.value
	if op.same(n) {
		return nil, nil, nil
	}
	scalar := target(n)
	if scalar.Kind != yaml.ScalarNode {
		return nil, nil, refuse(n, "make it a single value", "%s is a %s, not a single value", strings.Join(op.Path, "."), kindName(scalar))
	}
	if err := d.shared(op, at); err != nil {
		return nil, nil, err
	}
	if err := d.repeated(n); err != nil {
		return nil, nil, err
	}
	splices, err := d.replacement(op, n)
	if err != nil {
		return nil, nil, err
	}
	return splices, &Change{Path: op.Path, Old: scalar.Value, New: op.Value}, nil
}

func (d *Document) replacement(op Op, n *yaml.Node) ([]splice, error) {
	start, end, err := d.Span(n)
	if err != nil {
		return nil, err
	}
	tagged := n.Style&yaml.TaggedStyle != 0 && n.ShortTag() != "!!str"
	switch {
	case tagged && n.Anchor != "":
		return nil, refuse(n, "remove the tag", "%s has a tag and an anchor", strings.Join(op.Path, "."))
	case tagged:
		start = d.Offset(n)
		if bytes.ContainsAny(d.src[start:end], "#\r\n") {
			return nil, refuse(n, "remove the tag", "the tag of %s and its value are not on one line", strings.Join(op.Path, "."))
		}
	case isEmpty(n):
		return d.fillEmpty(op, n, start)
	}
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		_, lines := d.block(n, start)
		// The header gives way to the value; a comment behind it stays.
		return []splice{{start, end, Quote(op.Value)}, {d.endOfLine(end), lines, ""}}, nil
	}
	return []splice{{start, end, d.encode(op.Value, n.Style)}}, nil
}

// fillEmpty writes a value where there is none, behind its key's colon.
func (d *Document) fillEmpty(op Op, n *yaml.Node, at int) ([]splice, error) {
	text := Quote(op.Value)
	if d.Offset(n) == at && !d.afterColon(at) {
		return nil, refuse(n, "write it as key: value", "%s has no colon to write its value behind", strings.Join(op.Path, "."))
	}
	if d.src[at-1] != ' ' {
		text = " " + text
	}
	return []splice{{at, at, text}}, nil
}

func (d *Document) afterColon(at int) bool {
	return bytes.HasSuffix(bytes.TrimRight(d.src[:at], " \t\r\n"), []byte(":"))
}

// addItem adds an item to a list that is there.
func (d *Document) addItem(op Op, at found) ([]byte, *Change, error) {
	if err := d.shared(op, at); err != nil {
		return nil, nil, err
	}
	text, err := d.insertItem(op, at.last())
	if err != nil {
		return nil, nil, err
	}
	return text, &Change{Path: op.Path, New: op.Value, Added: true}, nil
}
