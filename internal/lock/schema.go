package lock

import (
	"encoding/json"

	"github.com/invopop/jsonschema"

	"github.com/kubectl-byoos/kubectl-byoos/internal/schemacheck"
)

// document is the shape of the whole file, for its schema.
type document struct {
	APIVersion string  `json:"apiVersion" jsonschema:"required,enum=byoos.dev/v1alpha1"`
	Kind       string  `json:"kind" jsonschema:"required,enum=Lock"`
	Packs      []Entry `json:"packs" jsonschema:"required"`
}

// Schema returns the file's JSON Schema. Unknown keys are allowed, since a later
// version may have written them.
func Schema() []byte {
	reflector := jsonschema.Reflector{
		Anonymous: true, ExpandedStruct: true, RequiredFromJSONSchemaTags: true, AllowAdditionalProperties: true,
	}
	schema := reflector.Reflect(&document{})
	schema.Title = "byoos.lock"
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		// The type is fixed, so only a bug of the library gets here.
		panic(err)
	}
	return append(text, '\n')
}

// check returns what is wrong by the schema.
func check(root *schemacheck.Node) []schemacheck.Problem {
	schema, err := schemacheck.Compile(Schema())
	if err != nil {
		return []schemacheck.Problem{{Line: 1, Column: 1, Message: err.Error()}}
	}
	return schema.Check(root, "")
}
