package lock

import (
	"encoding/json"

	"github.com/invopop/jsonschema"

	"github.com/kubectl-byoos/kubectl-byoos/internal/schemacheck"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// document is the shape of the whole file.
type document struct {
	APIVersion string   `json:"apiVersion" jsonschema:"required,enum=byoos.dev/v1alpha1"`
	Kind       string   `json:"kind" jsonschema:"required,enum=Lock"`
	Packs      []record `json:"packs" jsonschema:"required"`
	// Complete is the last line of the file: one that was cut lacks it.
	Complete bool `json:"complete" jsonschema:"required"`
}

// record is an entry as it is written.
type record struct {
	Entry
	// Digest is that of the rest of the entry: one that a merge made of two does not
	// fit it.
	Digest string `json:"digest" jsonschema:"required,pattern=^sha256:[0-9a-f]{64}$"`
}

// Schema returns the file's JSON Schema. Unknown keys are allowed, since a later
// version may have written them.
func Schema() []byte {
	schema := reflected()
	schema.Title = "byoos.lock"
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		// The type is fixed, so only a bug of the library gets here.
		panic(err)
	}
	return append(text, '\n')
}

func reflected() *jsonschema.Schema {
	reflector := jsonschema.Reflector{
		Anonymous: true, ExpandedStruct: true, RequiredFromJSONSchemaTags: true, AllowAdditionalProperties: true,
	}
	schema := reflector.Reflect(&document{})
	if complete, ok := schema.Properties.Get("complete"); ok {
		complete.Enum = []any{true}
	}
	if kind, ok := schema.Definitions["record"].Properties.Get("pack"); ok {
		for _, name := range spec.PackNames() {
			kind.Enum = append(kind.Enum, name)
		}
	}
	// An image that is listed may lack these; one that is locked has them.
	img := schema.Definitions["Image"]
	for _, key := range []string{"id", "provider", "source"} {
		img.Required = append(img.Required, key)
		if property, ok := img.Properties.Get(key); ok {
			least := uint64(1)
			property.MinLength = &least
		}
	}
	return schema
}

// checks are the schema in two parts, since one check of it all would have no
// bound on its steps for a lock of any size.
type checks struct{ document, entry *schemacheck.Schema }

func newChecks() (checks, error) {
	schema := reflected()
	packs, _ := schema.Properties.Get("packs")
	entry := &jsonschema.Schema{Definitions: schema.Definitions, Ref: packs.Items.Ref}
	packs.Items, schema.Definitions = nil, nil
	var c checks
	var err error
	if c.document, err = compiled(schema); err != nil {
		return c, err
	}
	c.entry, err = compiled(entry)
	return c, err
}

func compiled(schema *jsonschema.Schema) (*schemacheck.Schema, error) {
	text, err := json.Marshal(schema)
	if err != nil {
		return nil, err
	}
	return schemacheck.Compile(text)
}
