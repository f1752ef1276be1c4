package yamldoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
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
	at := int(decoder.InputOffset())
	switch value := token.(type) {
	case json.Delim:
		node := &yaml.Node{Kind: yaml.SequenceNode, Column: at}
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
		tag := "!!int"
		if strings.ContainsAny(value.String(), ".eE") {
			tag = "!!float"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value.String(), Column: at}, nil
	case string:
		node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value, Column: at}
		if quoted(value) {
			node.Style = yaml.DoubleQuotedStyle
		}
		return node, nil
	}
	node := &yaml.Node{}
	err = node.Encode(token) // true, false and null have one form
	node.Line, node.Column = 0, at
	return node, err
}

// Write returns the text of a node, indented by two spaces.
func Write(node *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(node); err != nil {
		return nil, err
	}
	return out.Bytes(), encoder.Close()
}
