package lint

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

// profileForm is JSON with a key that has packs.
var profileForm = regexp.MustCompile(`^\x{feff}?[\s\pZ]*[{\[](?s:.*)"packs"\s*:\s*\[`)

// looksLikeProfile tells of JSON with packs, also where a comma too many makes it none.
func looksLikeProfile(text []byte) bool {
	return profileForm.Match(text) && (json.Valid(bytes.TrimSpace(withoutMark(text))) || bytes.Contains(text, []byte(`"spec"`)))
}

// profileBlocks returns the values of the BYOOS packs of a cluster profile, as
// the Palette API takes it (spec.template.packs) and gives it
// (spec.published.packs, spec.draft.packs).
func profileBlocks(in Input, cloud string) ([]*block, error) {
	data := withoutMark(in.Data)
	root, err := yamldoc.FromJSON(data, func(string) bool { return false })
	if err != nil {
		return nil, fmt.Errorf("%s: not a cluster profile's JSON: %w", in.Name, err)
	}
	var blocks []*block
	found, _ := valuesIn(data, root)
	for _, b := range found {
		if in.Pack != "" && in.Pack != b.kind {
			continue
		}
		b.cloud = cmp.Or(cloud, provider(b.cloud))
		blocks = append(blocks, b.documents()...)
	}
	return blocks, nil
}

// withoutMark has blanks in place of a byte order mark, which JSON does not know, so
// that offsets stay.
func withoutMark(data []byte) []byte {
	n := bom(data)
	return slices.Concat(bytes.Repeat([]byte(" "), n), data[n:])
}

// valuesIn are the values of packs in a node of JSON, each with the cloud that the
// innermost object around it tells, itself or in objects that it holds; and that of the
// node.
func valuesIn(data []byte, n *yaml.Node) (blocks []*block, cloud string) {
	var name string
	var values *block
	for i, child := range n.Content {
		inner, told := valuesIn(data, child)
		blocks = append(blocks, inner...)
		if n.Kind != yaml.MappingNode || i%2 == 0 {
			continue
		}
		key := n.Content[i-1]
		switch isText := child.Tag == "!!str"; {
		case key.Value == "name":
			name = child.Value
		case isText && key.Value == "values":
			start := key.Column + bytes.IndexByte(data[key.Column:], '"')
			values = &block{traced: unescaped(data, start+1, child.Column-1), inJSON: true}
		case isText && key.Value == "cloudType":
			told = child.Value
		}
		cloud = cmp.Or(cloud, told)
	}
	if values != nil && slices.Contains(spec.PackNames(), name) {
		values.kind, values.label = spec.PackKind(name), "pack "+name+": "
		blocks = append(blocks, values)
	}
	for _, b := range blocks {
		b.cloud = cmp.Or(b.cloud, cloud)
	}
	return blocks, cloud
}

// escape is one of JSON's, or two for a character beyond the first plane.
var escape = regexp.MustCompile(`\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\.`)

// unescaped is the text of a string in JSON, which is known to be valid.
func unescaped(data []byte, start, end int) traced {
	var t traced
	at := start
	for _, m := range escape.FindAllIndex(data[start:end], -1) {
		var text string
		_ = json.Unmarshal(slices.Concat([]byte(`"`), data[start+m[0]:start+m[1]], []byte(`"`)), &text)
		t.keep(data, at, start+m[0])
		t.put(text, start+m[0])
		at = start + m[1]
	}
	t.keep(data, at, end)
	return t.end(end)
}
