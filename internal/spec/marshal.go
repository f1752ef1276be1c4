package spec

import (
	"bytes"
	"encoding/json"

	"go.yaml.in/yaml/v3"
)

// Marshal writes the spec as YAML, keys in the order of the types, empty ones
// left out.
func (s *ImageSet) Marshal() ([]byte, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	var document yaml.Node // JSON is YAML, and a node keeps the order of its keys
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	blockStyle(&document)
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&document); err != nil {
		return nil, err
	}
	return out.Bytes(), encoder.Close()
}

// blockStyle forgets JSON's brackets and quotes; the encoder quotes what needs it.
func blockStyle(n *yaml.Node) {
	n.Style = 0
	for _, child := range n.Content {
		blockStyle(child)
	}
}
