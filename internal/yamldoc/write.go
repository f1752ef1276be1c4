package yamldoc

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// NodeOf returns the node of a value as encoding/json writes it, with the order of its
// keys. Texts that quoted tells of stand in double quotes; of others the encoder decides.
func NodeOf(value any, quoted func(string) bool) (*yaml.Node, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return FromJSON(text, quoted)
}

// FromJSON is NodeOf for a text of JSON. The column of a node is where its first token
// ends in it, counted from 0.
func FromJSON(text []byte, quoted func(string) bool) (*yaml.Node, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	node, err := nextNode(decoder, quoted, 0)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more text follows it")
	}
	return node, nil
}

// maxJSONDepth is deeper than any document, and shallower than the stack.
const maxJSONDepth = 1000

func nextNode(decoder *json.Decoder, quoted func(string) bool, depth int) (*yaml.Node, error) {
	if depth > maxJSONDepth {
		return nil, errors.New("it is nested too deeply")
	}
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	node := &yaml.Node{Kind: yaml.ScalarNode, Column: int(decoder.InputOffset())}
	switch value := token.(type) {
	case json.Delim:
		node.Kind = yaml.SequenceNode
		if value == '{' {
			node.Kind = yaml.MappingNode
		}
		for decoder.More() { // a key is a text before its value
			child, err := nextNode(decoder, quoted, depth+1)
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, child)
		}
		_, err := decoder.Token()
		return node, err
	case json.Number:
		node.Tag, node.Value = "!!int", value.String()
		if strings.ContainsAny(node.Value, ".eE") {
			node.Tag = "!!float"
		}
	case string:
		node.Tag, node.Value = "!!str", value
		if quoted(value) {
			node.Style = yaml.DoubleQuotedStyle
		}
	case bool:
		node.Tag, node.Value = "!!bool", strconv.FormatBool(value)
	default:
		node.Tag, node.Value = "!!null", "null"
	}
	return node, nil
}

// Write returns the text of a node, indented by two spaces.
func Write(node *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err := encoder.Encode(node)
	return out.Bytes(), cmp.Or(err, encoder.Close())
}
