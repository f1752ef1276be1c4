package conformance

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func (c *checker) compileSchema(text string) {
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		c.fail("describe: the schema of the configuration is not JSON: %w", err)
		return
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.UseLoader(jsonschema.SchemeURLLoader{}) // the host loads nothing either
	if err = compiler.AddResource("config.json", document); err == nil {
		c.schema, err = compiler.Compile("config.json")
	}
	if err != nil {
		c.fail("describe: schema: %w", err)
		return
	}
	if c.schema.Validate(map[string]any{unknownKey: true}) == nil {
		c.fail("describe: the schema takes unknown keys; set additionalProperties to false")
	}
}

func (c *checker) validate(config map[string]any) error {
	if c.schema == nil {
		return nil
	}
	b, err := json.Marshal(config)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return err
	}
	if value == nil {
		value = map[string]any{}
	}
	return c.schema.Validate(value)
}
