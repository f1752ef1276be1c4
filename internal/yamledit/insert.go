package yamledit

import (
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// insert makes the missing keys of a path, or the first item of a list that is
// empty or missing.
func (d *Document) insert(op Op, at found, before []Op) ([]byte, *Change, error) {
	change := &Change{Path: op.Path, New: op.Value, Added: true}
	if d.root == nil || isEmpty(d.root) {
		return d.appendAll(op), change, nil
	}
	if err := d.shared(op, at); err != nil {
		return nil, nil, err
	}
	chain, parent := at.chain, at.last()
	var text []byte
	var err error
	switch {
	case isNull(parent):
		text, err = d.insertBelowNull(op, at.missing, chain)
	case parent.Kind != yaml.MappingNode:
		return nil, nil, refuse(parent, "make it a mapping", "%s is to be set below this, which is a %s",
			strings.Join(op.Path, "."), kindName(parent))
	case parent.Style&yaml.FlowStyle != 0:
		text, err = d.insertFlow(parent, d.flowPair(op, at.missing))
	default:
		text, err = d.insertBlock(op, at, parent, before)
	}
	return text, change, err
}

// appendAll writes a path at the end of a document that has no keys.
func (d *Document) appendAll(op Op) []byte {
	text := ""
	if d.lines[len(d.lines)-1] != len(d.src) {
		text = d.eol
	}
	return d.splice(splice{len(d.src), len(d.src), text + d.blockPair(op, op.Path, 0) + d.eol})
}

// blockPair writes keys and value as lines, without the last line break.
func (d *Document) blockPair(op Op, keys []string, indent int) string {
	var lines []string
	for i, key := range keys {
		line := strings.Repeat(" ", indent+i*d.unit) + d.encode(key, 0) + ":"
		if i == len(keys)-1 && op.Item == "" {
			line += " " + Quote(op.Value)
		}
		lines = append(lines, line)
	}
	if op.Item != "" {
		lines = append(lines, strings.Repeat(" ", indent+len(keys)*d.unit)+d.itemText(op, "- "))
	}
	return strings.Join(lines, d.eol)
}

func (d *Document) itemText(op Op, dash string) string {
	return dash + d.encode(op.Item, 0) + ": " + Quote(op.Value)
}

// flowPair writes keys and value on one line.
func (d *Document) flowPair(op Op, keys []string) string {
	text := Quote(op.Value)
	if op.Item != "" {
		text = "[{" + d.itemText(op, "") + "}]"
	}
	for i, key := range slices.Backward(keys) {
		text = d.encode(key, 0) + ": " + text
		if i > 0 {
			text = "{" + text + "}"
		}
	}
	return text
}

// insertFlow adds a pair or an item at the end of a flow collection.
func (d *Document) insertFlow(n *yaml.Node, text string) ([]byte, error) {
	if len(n.Content) == 0 {
		at := d.flowStart(n)
		return d.splice(splice{at, at, text}), nil
	}
	last := n.Content[len(n.Content)-1]
	at, err := d.End(last)
	if err != nil {
		return nil, err
	}
	return d.splice(splice{at, at, ", " + text}), nil
}

// insertBelowNull gives a key without a value the missing keys, or the list's
// first item.
func (d *Document) insertBelowNull(op Op, keys []string, chain []*yaml.Node) ([]byte, error) {
	null, mapping := chain[len(chain)-1], chain[len(chain)-2]
	start, end, _ := d.Span(null) // which is a word
	if null.Style&yaml.TaggedStyle != 0 || null.Anchor != "" {
		return nil, refuse(null, "write a value there", "%s is to be set below an empty value with a tag or an anchor", strings.Join(op.Path, "."))
	}
	if start == end && !d.afterColon(start) {
		return nil, refuse(null, "write it as key: value", "there is no colon to write a value behind")
	}
	if start != end || d.places[null].flow {
		text := d.flowPair(op, keys)
		if len(keys) > 0 {
			text = "{" + text + "}"
		}
		if start == end {
			text = " " + text
		}
		return d.splice(splice{start, end, text}), nil
	}
	indent := d.keyColumn(mapping) - 1 + d.unit
	return d.insertLine(d.endOfLine(start), d.blockPair(op, keys, indent)), nil
}

// insertLine puts lines behind the line that ends at end.
func (d *Document) insertLine(end int, text string) []byte {
	return d.splice(splice{end, end, d.eol + text})
}

// insertBlock adds lines to a block mapping: behind the owned key that comes
// before, else at its end.
func (d *Document) insertBlock(op Op, at found, parent *yaml.Node, before []Op) ([]byte, error) {
	indent := d.keyColumn(parent) - 1
	text := d.blockPair(op, at.missing, indent)
	sibling := len(parent.Content) - 1
	for _, prev := range slices.Backward(before) {
		i := -1
		if beside := prev.Path[:min(at.depth, len(prev.Path)-1)]; slices.Equal(beside, op.Path[:at.depth]) {
			i = keyIndex(parent, prev.Path[at.depth])
		}
		if i != -1 {
			sibling = i + 1
			break
		}
	}
	value := parent.Content[sibling]
	end, err := d.End(value)
	if err != nil {
		return nil, err
	}
	end = d.skipDeeperComments(d.endOfLine(end), indent)
	if d.openBlockScalar(value) && end >= len(d.src) {
		// Its last line has no break, and one would become part of the value.
		first := d.lineStart(d.Offset(parent.Content[0]))
		return d.splice(splice{first, first, text + d.eol}), nil
	}
	return d.insertLine(end, text), nil
}

// openBlockScalar tells whether a node ends in a block scalar.
func (d *Document) openBlockScalar(n *yaml.Node) bool {
	for n.Kind != yaml.ScalarNode {
		if len(n.Content) == 0 {
			return false
		}
		n = n.Content[len(n.Content)-1]
	}
	return n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

// skipDeeperComments passes comments that belong to the value above them, as
// they are indented deeper than the new key.
func (d *Document) skipDeeperComments(end, indent int) int {
	for at := end; at < len(d.src); {
		line := at + breakLen(d.src[at:])
		text := string(d.src[line:d.endOfLine(line)])
		body := strings.TrimLeft(text, " \t")
		at = line + len(text)
		switch {
		case body == "":
		case len(text)-len(body) > indent:
			end = at
		default:
			return end
		}
	}
	return end
}

// insertItem adds a mapping with one key to a list that exists.
func (d *Document) insertItem(op Op, list *yaml.Node) ([]byte, error) {
	if list.Style&yaml.FlowStyle != 0 {
		item := "{" + d.itemText(op, "") + "}"
		if op.First && len(list.Content) > 0 {
			at := d.flowStart(list)
			return d.splice(splice{at, at, item + ", "}), nil
		}
		return d.insertFlow(list, item)
	}
	dash := d.dash(list)
	if strings.TrimLeft(string(d.src[d.lineStart(dash):dash]), " ") != "" {
		return nil, refuse(list, "start each item on its own line", "an item cannot be added to this list")
	}
	prefix := strings.Repeat(" ", d.column(dash)-1)
	text := prefix + d.itemText(op, d.dashText(list, dash))
	if op.First {
		at := d.lineStart(dash)
		return d.splice(splice{at, at, text + d.eol}), nil
	}
	last := list.Content[len(list.Content)-1]
	end, err := d.End(last)
	if err != nil {
		return nil, err
	}
	if d.openBlockScalar(last) && d.endOfLine(end) >= len(d.src) {
		return nil, refuse(last, "end the file with a line break", "an item cannot be added behind this value")
	}
	return d.insertLine(d.endOfLine(end), text), nil
}

// dashText is the dash with the white space that the first item has behind it.
func (d *Document) dashText(list *yaml.Node, dash int) string {
	first := d.Offset(list.Content[0])
	text := string(d.src[dash:first])
	if text == "-" || strings.TrimRight(text, " ") != "-" {
		return "- "
	}
	return text
}
