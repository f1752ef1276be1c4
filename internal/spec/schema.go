package spec

import (
	"bytes"
	_ "embed" // for the schema
)

//go:generate go run ./specdoc -schema schema.json -markdown ../../docs/spec.md

//go:embed schema.json
var schemaJSON []byte

// Schema returns the JSON Schema (2020-12) of the spec. It is generated from the
// types of this package and their comments.
func Schema() []byte { return bytes.Clone(schemaJSON) }
