package schemacheck_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kubectl-byoos/kubectl-byoos/internal/schemacheck"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

// byLibrary is the judgement of a full implementation of JSON Schema.
func byLibrary(schema, data []byte) (valid, compiles bool) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return false, false
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return false, false
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(jsonschema.SchemeURLLoader{})
	if compiler.AddResource("test://schema", doc) != nil {
		return false, false
	}
	compiled, err := compiler.Compile("test://schema")
	if err != nil {
		return false, false
	}
	return compiled.Validate(value) == nil, true
}

// byUs returns our own judgement; ok is false for a schema or document that we
// refuse.
func byUs(schema, data []byte) (valid, ok bool) {
	compiled, err := schemacheck.Compile(schema)
	if err != nil {
		return false, false
	}
	node, _ := yamldoc.Read(data)
	if node == nil {
		return false, false
	}
	return len(compiled.Check(node)) == 0, true
}

func oracleCases() map[string][]string {
	return map[string][]string{
		schema:                          {`{"manifest": "m"}`, `{"manifest": 1}`, `{"manifest": ["a"], "retries": 1.0}`, `{"manifest": "m", "retries": 1.5}`, `{"manifest": "m", "where": {"file": "f"}}`, `{"manifest": "m", "where": {"folder": "f"}}`},
		`true`:                          {`1`, `{}`},
		`false`:                         {`1`, `{}`},
		`{"type": ["integer", "null"]}`: {`1`, `1.0`, `1.5`, `"1"`, `[]`, `true`},
		`{"enum": [1, "a", [1, {"b": 2}], null]}`:                  {`1`, `1.0`, `"a"`, `[1.0, {"b": 2}]`, `[1]`, `2`, `true`},
		`{"const": {"a": [1]}}`:                                    {`{"a": [1.0]}`, `{"a": [2]}`, `{}`},
		`{"minLength": 2, "maxLength": 3}`:                         {`"é"`, `"éé"`, `"abc"`, `"abcd"`, `5`},
		`{"minimum": 1, "exclusiveMaximum": 3, "multipleOf": 0.5}`: {`1`, `0`, `3`, `2.5`, `2.25`, `"x"`},
		`{"items": {"type": "string"}, "prefixItems": [{"type": "number"}], "minItems": 1, "maxItems": 3}`: {`[1, "a"]`, `["a"]`, `[]`, `[1, 2]`, `[1, "a", "b", "c"]`, `{}`},
		`{"uniqueItems": true}`: {`[1, "1"]`, `[1, 1.0]`, `[{"a": 1, "b": 2}, {"b": 2, "a": 1}]`, `[[], {}]`, `[true, "true", null, "null"]`},
		`{"properties": {"a": {"type": "string"}}, "patternProperties": {"^x": {"type": "number"}}, "additionalProperties": {"type": "boolean"}}`: {`{"a": "s", "x1": 1, "b": true}`, `{"a": 1}`, `{"x1": "s"}`, `{"b": 1}`, `[]`},
		`{"propertyNames": {"maxLength": 2}, "minProperties": 1, "maxProperties": 2}`:                                                             {`{"ab": 1}`, `{"abc": 1}`, `{}`, `{"a": 1, "b": 2, "c": 3}`},
		`{"required": ["a"], "dependentRequired": {"b": ["c"]}}`:                                                                                  {`{"a": 1}`, `{"b": 1}`, `{"a": 1, "b": 1}`, `{"a": 1, "b": 1, "c": 1}`, `1`},
		`{"allOf": [{"minimum": 1}, {"maximum": 2}], "not": {"const": 2}}`:                                                                        {`1`, `2`, `3`, `"x"`},
		`{"oneOf": [{"type": "number"}, {"minimum": 2}]}`:                                                                                         {`1`, `3`, `"x"`},
		`{"anyOf": [{"type": "number"}, {"required": ["a"], "type": "object"}]}`:                                                                  {`1`, `{"a": 1}`, `{}`, `"x"`},
		`{"if": {"type": "number"}, "then": {"minimum": 5}, "else": {"minLength": 2}}`:                                                            {`5`, `4`, `"a"`, `"ab"`},
		`{"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"properties": {"next": {"$ref": "#"}}, "additionalProperties": false}}}`:                      {`{"next": {"next": {}}}`, `{"next": {"x": 1}}`},
	}
}

// What is valid is what the library says: no error of it stays without a problem.
func TestEveryErrorIsTold(t *testing.T) {
	for schema, documents := range oracleCases() {
		for _, data := range documents {
			want, compiles := byLibrary([]byte(schema), []byte(data))
			if !compiles {
				t.Fatalf("the library refuses %s", schema)
			}
			got, ok := byUs([]byte(schema), []byte(data))
			if !ok || got != want {
				t.Errorf("%s of %s: got valid %v (understood: %v), want %v", data, schema, got, ok, want)
			}
		}
	}
}

// TestSchemaThatRefersToItself: a check ends, whatever the schema.
func TestSchemaThatRefersToItself(t *testing.T) {
	twice, asked := `{"properties": {"a": {"$ref": "#"}}}`, `{"properties": {"a": {"$ref": "#/$defs/if"}}}`
	for name, schema := range map[string]string{
		"itself":        `{"$ref": "#"}`,
		"alternatives":  `{"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}`,
		"twice a level": `{"allOf": [` + twice + `, ` + twice + `], "not": {"const": 1}}`,
		"in a question": `{"if": {"$ref": "#/$defs/if"}, "then": false, "$defs": {"if": {"allOf": [` + asked + `, ` + asked + `]}}}`,
		"ever wider":    wider(40),
	} {
		t.Run(name, func(t *testing.T) {
			compiled, err := schemacheck.Compile([]byte(schema))
			if err != nil {
				t.Fatal(err)
			}
			node, problems := yamldoc.Read([]byte(strings.Repeat("{a: ", 40) + "1" + strings.Repeat("}", 40)))
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			problems = compiled.Check(node)
			if len(problems) != 1 || !strings.Contains(problems[0].Message, "the schema refers to itself") {
				t.Errorf("got %v", problems)
			}
		})
	}
}

// wider is a schema of some lines that stands for 2^n.
func wider(n int) string {
	defs := make([]string, n)
	for i := range defs {
		defs[i] = fmt.Sprintf(`"d%d": {"allOf": [{"$ref": "#/$defs/d%d"}, {"$ref": "#/$defs/d%d"}]}`, i, i+1, i+1)
	}
	return fmt.Sprintf(`{"$ref": "#/$defs/d0", "$defs": {%s, "d%d": {"type": "string"}}}`, strings.Join(defs, ", "), n)
}

func FuzzAgreesWithALibrary(f *testing.F) {
	for schema, documents := range oracleCases() {
		for _, data := range documents {
			f.Add([]byte(schema), []byte(data))
		}
	}
	f.Fuzz(func(t *testing.T, schema, data []byte) {
		if !json.Valid(schema) || !json.Valid(data) || bytes.Contains(schema, []byte("$")) {
			t.Skip() // a reference may be followed without end, and dialects have their own tests
		}
		got, ok := byUs(schema, data)
		if !ok {
			t.Skip()
		}
		want, compiles := byLibrary(schema, data)
		if compiles && got != want {
			t.Errorf("%s of %s: got valid %v, want %v", data, schema, got, want)
		}
	})
}
