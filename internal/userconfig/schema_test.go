package userconfig_test

import (
	"encoding/json"
	"testing"

	"github.com/invopop/jsonschema"

	"github.com/kubectl-byoos/kubectl-byoos/internal/userconfig"
	"github.com/kubectl-byoos/kubectl-byoos/test/golden"
)

// TestSchemaFile: the schema is that of the types.
func TestSchemaFile(t *testing.T) {
	reflector := jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, RequiredFromJSONSchemaTags: true}
	text, err := json.MarshalIndent(reflector.Reflect(&userconfig.Config{}), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "schema.json", string(text))
}
