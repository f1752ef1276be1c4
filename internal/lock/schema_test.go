package lock_test

import (
	"encoding/json"
	"testing"

	"github.com/invopop/jsonschema"

	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/test/golden"
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
	lock.Entry
	// Digest is that of the rest of the entry: one that a merge made of two does not
	// fit it.
	Digest string `json:"digest" jsonschema:"required,pattern=^sha256:[0-9a-f]{64}$"`
}

// TestSchemaFile: the schema is that of the types.
func TestSchemaFile(t *testing.T) {
	reflector := jsonschema.Reflector{
		Anonymous: true, ExpandedStruct: true, RequiredFromJSONSchemaTags: true, AllowAdditionalProperties: true,
	}
	schema := reflector.Reflect(&document{})
	schema.Title = "byoos.lock"
	complete, _ := schema.Properties.Get("complete")
	complete.Enum = []any{true}
	kind, _ := schema.Definitions["record"].Properties.Get("pack")
	for _, name := range spec.PackNames() {
		kind.Enum = append(kind.Enum, name)
	}
	// An image that is listed may lack these; one that is locked has them.
	img, least := schema.Definitions["Image"], uint64(1)
	for _, key := range []string{"id", "provider", "source"} {
		img.Required = append(img.Required, key)
		property, _ := img.Properties.Get(key)
		property.MinLength = &least
	}
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "schema.json", string(text)+"\n")
}

// TestSchemaIsTheFile: what is printed is what a reviewer sees.
func TestSchemaIsTheFile(t *testing.T) {
	golden.Check(t, "schema.json", string(lock.Schema()))
}
