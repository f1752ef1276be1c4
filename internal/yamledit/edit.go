package yamledit

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"
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

// Edit returns src with all the wanted values, and what changed. Order of ops
// is the order in which missing keys are inserted. On an error (*Error) nothing
// is returned. Without a change the result is src itself.
func Edit(src []byte, ops []Op) ([]byte, []Change, error) {
	doc, err := Parse(src)
	if err != nil {
		return nil, nil, err
	}
	return doc.Edit(ops)
}

// Edit is Edit of a text that is parsed.
func (d *Document) Edit(ops []Op) ([]byte, []Change, error) {
	original := d
	if err := original.refuseDuplicates(); err != nil {
		return nil, nil, err
	}
	if r := original.root; r != nil && r.Kind != yaml.MappingNode && !isEmpty(r) {
		return nil, nil, refuse(r, "write key: value lines at the top level", "the top level is a %s, not a mapping", kindName(r))
	}
	doc, changes, err := original.applyAll(ops)
	if err != nil {
		return nil, nil, err
	}
	if len(changes) == 0 {
		return original.src, nil, nil
	}
	want := modelOf(original.root)
	for _, c := range changes {
		want = c.op.applyTo(want)
	}
	if got := modelOf(doc.root); !reflect.DeepEqual(got, want) || original.json && !doc.json {
		return nil, nil, &Error{
			Msg:  "the values cannot be set without touching others",
			Next: "write " + pathList(changes) + " on lines of their own, in block style",
		}
	}
	told := make([]Change, len(changes))
	for i, c := range changes {
		told[i] = c.Change
	}
	doc.locate(told, ops)
	return doc.src, told, nil
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
			return nil, nil, unproven(ops[i], err)
		}
	}
	slices.SortFunc(changes, func(a, b applied) int { return a.order - b.order })
	return doc, changes, nil
}

// replaceAll sets the values that are there in another way, and returns the ops
// that it leaves.
func (d *Document) replaceAll(ops []Op) (doc *Document, changes []applied, rest []int, err error) {
	var splices []splice
	taken := map[*yaml.Node]bool{}
	for i, op := range ops {
		n := d.valueOf(op)
		if n == nil || taken[n] || op.Item == "" && isNull(n) {
			rest = append(rest, i)
			continue
		}
		taken[n] = true
		some, change, err := d.change(op)
		if err != nil {
			return nil, nil, nil, err
		}
		if change != nil {
			splices = append(splices, some...)
			changes = append(changes, applied{*change, op, i})
		}
	}
	if len(changes) == 0 {
		return d, nil, rest, nil
	}
	doc, err = Parse(d.splice(splices...))
	if err != nil {
		return nil, nil, nil, unproven(changes[0].op, err)
	}
	return doc, changes, rest, nil
}

func unproven(op Op, why error) error {
	return &Error{
		Msg:  fmt.Sprintf("%s cannot be set here: the result would not be the wanted YAML (%s)", strings.Join(op.Path, "."), why),
		Next: "write the key on a line of its own, in block style",
	}
}

func pathList(changes []applied) string {
	paths := make([]string, len(changes))
	for i, c := range changes {
		paths[i] = strings.Join(c.Path, ".")
	}
	return strings.Join(paths, ", ")
}

// locate fills in the lines of the changes.
func (d *Document) locate(changes []Change, ops []Op) {
	for i := range changes {
		for _, op := range ops {
			if slices.Equal(op.Path, changes[i].Path) && op.Value == changes[i].New {
				if n := d.valueOf(op); n != nil {
					changes[i].Line = n.Line
				}
			}
		}
	}
}

func (d *Document) valueOf(op Op) *yaml.Node {
	found, err := d.find(op.Path)
	if err != nil || found.value == nil {
		return nil
	}
	if op.Item == "" {
		return found.value
	}
	item, _ := op.itemIn(found.value)
	return item
}

// Lookup returns the value at a path, nil when there is none; an error when the
// path is written twice, as one key and nested.
func (d *Document) Lookup(path []string) (*yaml.Node, error) {
	found, err := d.find(path)
	return found.value, err
}

// found is how far a path leads into the document.
type found struct {
	// value at the end of the path; nil when it is missing.
	value *yaml.Node
	// chain are the nodes passed on the way, the outermost first.
	chain []*yaml.Node
	// missing are the keys to be made in the last node of the chain; depth is
	// how many elements of the path are there.
	missing []string
	depth   int
}

func (d *Document) find(path []string) (found, error) {
	if d.root == nil {
		return found{missing: path}, nil
	}
	matches := resolve(d.root, path, nil)
	switch {
	case len(matches) == 1:
		return matches[0], nil
	case len(matches) > 1:
		a, b := matches[0].value, matches[1].value
		return found{}, refuse(b, "keep one of the two", "%s is set here and on line %d", strings.Join(path, "."), a.Line)
	}
	return deepest(d.root, path), nil
}

// resolve finds all ways in which a path leads to a value.
func resolve(n *yaml.Node, path []string, chain []*yaml.Node) []found {
	if len(path) == 0 {
		return []found{{value: n, chain: chain}}
	}
	if n.Kind != yaml.MappingNode {
		return nil
	}
	chain = append(slices.Clone(chain), n)
	var all []found
	segments := strings.Split(path[0], ".")
	for k := 1; k <= len(segments); k++ {
		child := childOf(n, strings.Join(segments[:k], "."))
		if child == nil {
			continue
		}
		rest := path[1:]
		if k < len(segments) {
			rest = append([]string{strings.Join(segments[k:], ".")}, rest...)
		}
		all = append(all, resolve(child, rest, chain)...)
	}
	return all
}

// childOf returns the value of a string key.
func childOf(n *yaml.Node, key string) *yaml.Node {
	if i := keyIndex(n, key); i >= 0 {
		return n.Content[i+1]
	}
	return nil
}

func keyIndex(n *yaml.Node, key string) int {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; k.Kind == yaml.ScalarNode && k.Value == key && k.ShortTag() == "!!str" {
			return i
		}
	}
	return -1
}

// deepest follows the part of a path that exists. A dotted key goes into a
// nested mapping when there is one.
func deepest(root *yaml.Node, path []string) found {
	f := found{chain: []*yaml.Node{root}, missing: path}
	for n := root; n.Kind == yaml.MappingNode && len(f.missing) > 1 || n.Kind == yaml.MappingNode && strings.Contains(f.missing[0], "."); {
		next, rest, whole := descend(n, f.missing)
		if next == nil {
			return f
		}
		if whole {
			f.depth++
		}
		n, f.missing = next, rest
		f.chain = append(f.chain, next)
	}
	return f
}

func descend(n *yaml.Node, path []string) (next *yaml.Node, rest []string, whole bool) {
	if len(path) > 1 {
		if child := childOf(n, path[0]); child != nil {
			return child, path[1:], true
		}
	}
	segments := strings.Split(path[0], ".")
	for k := len(segments) - 1; k > 0; k-- {
		child := childOf(n, strings.Join(segments[:k], "."))
		if child != nil && child.Kind == yaml.MappingNode {
			return child, append([]string{strings.Join(segments[k:], ".")}, path[1:]...), false
		}
	}
	return nil, nil, false
}

// splice is one replacement of bytes.
type splice struct {
	start, end int
	text       string
}

func (d *Document) splice(splices ...splice) []byte {
	slices.SortFunc(splices, func(a, b splice) int { return a.start - b.start })
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
	at, err := d.find(op.Path)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case at.value == nil && op.IfPresent:
		return nil, nil, nil
	case at.value == nil, op.Item != "" && isNull(at.value):
		return d.insert(op, at, before)
	case op.Item != "" && d.valueOf(op) == nil:
		return d.addItem(op, at)
	}
	splices, change, err := d.change(op)
	if err != nil || change == nil {
		return nil, nil, err
	}
	return d.splice(splices...), change, nil
}

// change returns what sets a value that is there; a nil change when it already is.
func (d *Document) change(op Op) ([]splice, *Change, error) {
	at, err := d.find(op.Path)
	if err != nil {
		return nil, nil, err
	}
	if op.Item == "" {
		return d.replace(op, at.value, at.chain)
	}
	value, err := op.itemIn(at.value)
	if err != nil {
		return nil, nil, op.noList(at.value)
	}
	return d.replace(op, value, append(at.chain, d.itemChain(at.value, value)...))
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func (op Op) same(old *yaml.Node) bool {
	if old.Kind == yaml.AliasNode {
		old = old.Alias
	}
	if old.Kind != yaml.ScalarNode || old.ShortTag() != "!!str" {
		return false
	}
	return old.Value == op.Value || op.Same != nil && op.Same(old.Value)
}

// shared refuses to change what an alias elsewhere repeats.
func (d *Document) shared(chain []*yaml.Node) error {
	for _, n := range chain {
		if n.Kind == yaml.AliasNode {
			return refuse(n, "write the values out in place of *"+n.Value, "*%s stands for values that are written elsewhere", n.Value)
		}
		if n.Anchor != "" && d.aliased[n.Anchor] {
			return refuse(n, "write the values out where *"+n.Anchor+" repeats them",
				"&%s is repeated elsewhere, and a change here would change it there", n.Anchor)
		}
	}
	return nil
}

// replace sets a value that exists.
func (d *Document) replace(op Op, n *yaml.Node, chain []*yaml.Node) ([]splice, *Change, error) {
	if op.same(n) {
		return nil, nil, nil
	}
	scalar := n
	if n.Kind == yaml.AliasNode {
		scalar = n.Alias
	}
	if scalar.Kind != yaml.ScalarNode {
		return nil, nil, refuse(n, "make it a single value", "%s is a %s, not a single value", strings.Join(op.Path, "."), kindName(scalar))
	}
	if err := d.shared(chain); err != nil {
		return nil, nil, err
	}
	if n.Kind != yaml.AliasNode {
		if err := d.shared([]*yaml.Node{n}); err != nil {
			return nil, nil, err
		}
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
	if n.Kind == yaml.AliasNode {
		return []splice{{start, end, d.encode(op.Value, 0)}}, nil
	}
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		// The header gives way to the value; a comment behind it stays.
		return []splice{{start, end, Quote(op.Value)}, {d.endOfLine(end), d.blockEnd(n, start), ""}}, nil
	}
	return []splice{{start, end, d.encode(op.Value, n.Style)}}, nil
}

// fillEmpty writes a value where there is none, behind its key's colon.
func (d *Document) fillEmpty(op Op, n *yaml.Node, at int) ([]splice, error) {
	text := Quote(op.Value)
	if d.Offset(n) == at && !d.afterColon(at) {
		return nil, refuse(n, "write it as key: value", "%s has no colon to write its value behind", strings.Join(op.Path, "."))
	}
	if at > 0 && !isBlank(d.src[at-1]) {
		text = " " + text
	}
	return []splice{{at, at, text}}, nil
}

func (d *Document) afterColon(at int) bool {
	text := bytes.TrimRight(d.src[:at], " \t\r\n")
	return len(text) > 0 && text[len(text)-1] == ':'
}

// errNotList says that a path that should be a list is none.
var errNotList = errors.New("not a list")

// itemIn returns the value of the item that is meant, nil when there is none.
func (op Op) itemIn(list *yaml.Node) (*yaml.Node, error) {
	if list.Kind != yaml.SequenceNode {
		return nil, errNotList
	}
	var match *yaml.Node
	for _, item := range list.Content {
		if item.Kind == yaml.AliasNode {
			item = item.Alias
		}
		if item.Kind != yaml.MappingNode {
			continue
		}
		value := childOf(item, op.Item)
		if value == nil || value.Kind != yaml.ScalarNode {
			continue
		}
		if op.same(value) {
			return value, nil
		}
		if match == nil && op.Match != nil && op.Match(value.Value) {
			match = value
		}
	}
	return match, nil
}

func (op Op) noList(n *yaml.Node) error {
	return refuse(n, "make it a list", "%s is a %s, not a list", strings.Join(op.Path, "."), kindName(n))
}

// addItem adds an item to a list that is there.
func (d *Document) addItem(op Op, at found) ([]byte, *Change, error) {
	list := at.value
	if list.Kind != yaml.SequenceNode {
		return nil, nil, op.noList(list)
	}
	if op.IfPresent {
		return nil, nil, nil
	}
	if err := d.shared(append(at.chain, list)); err != nil {
		return nil, nil, err
	}
	text, err := d.insertItem(op, list)
	if err != nil {
		return nil, nil, err
	}
	return text, &Change{Path: op.Path, New: op.Value, Added: true}, nil
}

// itemChain are the list and its item that holds a value.
func (d *Document) itemChain(list, value *yaml.Node) []*yaml.Node {
	for _, item := range list.Content {
		target := item
		if item.Kind == yaml.AliasNode {
			target = item.Alias
		}
		if slices.Contains(target.Content, value) {
			return []*yaml.Node{list, item}
		}
	}
	return []*yaml.Node{list}
}
