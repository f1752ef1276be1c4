package schemacheck_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/schemacheck"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

func problemsOf(t *testing.T, schema, data string) []string {
	t.Helper()
	compiled, err := schemacheck.Compile([]byte(schema))
	if err != nil {
		t.Fatal(err)
	}
	node, problems := yamldoc.Read([]byte(data))
	if node != nil {
		problems = compiled.Check(node)
	}
	var texts []string
	for _, problem := range problems {
		texts = append(texts, problem.String())
	}
	return texts
}

// TestKeywords: a plugin's author may write every keyword of every draft, and the
// user reads of it as of any other.
func TestKeywords(t *testing.T) {
	const draft4, draft6, draft7 = `"$schema": "http://json-schema.org/draft-04/schema#"`, `"$schema": "http://json-schema.org/draft-06/schema#"`, `"$schema": "http://json-schema.org/draft-07/schema#"`
	const draft2019 = `"$schema": "https://json-schema.org/draft/2019-09/schema"`
	tests := []struct {
		name, schema, data string
		want               []string
	}{
		{
			"unevaluatedProperties", `{"allOf": [{"properties": {"folder": {"type": "string"}}}], "properties": {"depth": true}, "unevaluatedProperties": false}`,
			"folder: f\nfoldr: f\ndepth: 1\n", []string{`2:1: unknown key "foldr": did you mean "folder"?`},
		},
		{
			"unevaluatedProperties of a form", `{"unevaluatedProperties": {"type": "number"}, "properties": {"a": true}}`,
			"a: x\nb: x\n", []string{`2:4: b: x is text; a number is wanted`},
		},
		{"unevaluatedItems", `{"prefixItems": [true], "unevaluatedItems": false}`, "- a\n- b\n", []string{`2:3: [1]: is not allowed here`}},
		{"contains", `{"properties": {"l": {"contains": {"const": "x"}}}}`, "l: [a]\n", []string{`1:1: l: must have at least one item of the form that the list wants`}},
		{"minContains", `{"contains": {"type": "number"}, "minContains": 2}`, "[1, a]", []string{`1:1: must have at least 2 items of the form that the list wants, and has 1`}},
		{"maxContains", `{"contains": {"type": "number"}, "maxContains": 1}`, "[1, 2]", []string{`1:1: must have at most one item of the form that the list wants, and has 2`}},
		{
			"dependentSchemas", `{"dependentSchemas": {"user": {"required": ["host"], "properties": {"host": {"description": "Where."}}}}}`,
			"user: u\n", []string{`1:1: the key "host" is missing: add host: ... (Where)`},
		},
		{"dependentRequired", `{"dependentRequired": {"user": ["host"]}}`, "user: u\n", []string{`1:1: the key "host" is missing, which user needs: add host: ...`}},
		{
			"dependencies of draft 7", `{` + draft7 + `, "dependencies": {"user": ["host"], "port": {"required": ["proto"]}}}`,
			"user: u\nport: 1\n", []string{`1:1: the key "host" is missing, which user needs: add host: ...`, `1:1: the key "proto" is missing: add proto: ...`},
		},
		{"tuples of draft 7", `{` + draft7 + `, "items": [{"type": "number"}], "additionalItems": false}`, "[a, b]", []string{`1:1: must have at most one item`, `1:2: [0]: a is text; a number is wanted`}},
		{"formats of draft 7", `{` + draft7 + `, "properties": {"when": {"format": "date-time"}}}`, "when: yesterday\n", []string{`1:7: when: yesterday is not valid: it must be of the format date-time`}},
		{"formats of 2020-12 are notes", `{"properties": {"when": {"format": "date-time"}}}`, "when: yesterday\n", nil},
		{"bounds of draft 4", `{` + draft4 + `, "properties": {"n": {"minimum": 1, "exclusiveMinimum": true}}}`, "n: 1\n", []string{`1:4: n: 1 must be more than 1`}},
		{"names of draft 6", `{` + draft6 + `, "properties": {"m": {"propertyNames": {"pattern": "^[a-z]+$"}}, "n": {}, "o": {}}}`, "m: {Ab: 1}\nn: {}\no: {}\n", []string{`1:5: m.Ab: "Ab" is not valid: it must match ^[a-z]+$`}},
		{
			"recursion of 2019-09", `{` + draft2019 + `, "$recursiveAnchor": true, "properties": {"next": {"$recursiveRef": "#"}, "n": {"type": "integer"}}, "additionalProperties": false}`,
			"next: {next: {n: x}, m: 1}\n", []string{`1:18: next.next.n: x is text; a whole number is wanted`, `1:22: next: unknown key "m": did you mean "n"?`},
		},
		{"dynamic references", `{"$dynamicAnchor": "node", "properties": {"next": {"$dynamicRef": "#node"}, "n": {"type": "integer"}}}`, "next: {n: x}\n", []string{`1:11: next.n: x is text; a whole number is wanted`}},
		{"anchors", `{"properties": {"a": {"$ref": "#os"}}, "$defs": {"os": {"$anchor": "os", "type": "string"}}}`, "a: 1\n", []string{`1:4: a: 1 is a number; text is wanted: quote it: "1"`}},
		{"an $id within", `{"$id": "https://example.com/all", "properties": {"a": {"$ref": "os"}}, "$defs": {"os": {"$id": "os", "type": "string"}}}`, "a: 1\n", []string{`1:4: a: 1 is a number; text is wanted: quote it: "1"`}},
		{"a draft itself", `{"properties": {"schema": {"$ref": "https://json-schema.org/draft/2020-12/schema"}}}`, "schema: {minLength: -1}\n", []string{`1:21: schema.minLength: -1 must be at least 0`}},
		{"the types in its order", `{"type": ["integer", "null"]}`, "x", []string{`1:1: x is text; a whole number or nothing is wanted`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, problemsOf(t, test.schema, test.data)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCoerceThroughKeywords: --set finds the type of a key wherever the schema has it.
func TestCoerceThroughKeywords(t *testing.T) {
	for name, schema := range map[string]string{
		"anchor":           `{"properties": {"n": {"$ref": "#n"}}, "$defs": {"n": {"$anchor": "n", "type": "integer"}}}`,
		"all of":           `{"allOf": [{"properties": {"n": {"type": "integer"}}}]}`,
		"a condition":      `{"properties": {"n": {"if": {"type": "string"}, "then": {"type": "integer"}}}}`,
		"a dependency":     `{"dependentSchemas": {"n": {"properties": {"n": {"type": "integer"}}}}}`,
		"its own type":     `{"properties": {"n": {"type": "integer", "anyOf": [{"type": "string"}, {"minimum": 1}]}}}`,
		"of an older form": `{"$schema": "http://json-schema.org/draft-04/schema#", "definitions": {"n": {"type": "integer"}}, "properties": {"n": {"$ref": "#/definitions/n"}}}`,
	} {
		compiled, err := schemacheck.Compile([]byte(schema))
		if err != nil {
			t.Fatal(err)
		}
		got := compiled.Coerce(map[string]any{"n": schemacheck.Texts{"5"}})
		if diff := cmp.Diff(map[string]any{"n": int64(5)}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	endless, err := schemacheck.Compile([]byte(`{"properties": {"l": {"type": "array", "items": {"$ref": "#/properties/l"}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	endless.Coerce(map[string]any{"l": schemacheck.Texts{"a"}}) // it ends
}

func TestUnusableSchemasAreRefused(t *testing.T) {
	for schema, want := range map[string]string{
		`{`:                                  "not a JSON document",
		`{"type": "text"}`:                   "#/type: value must be one of",
		`{"items": [{}]}`:                    "#/items: got array, want boolean or object",
		`{"pattern": "("}`:                   "#/pattern: '(' is not valid regex",
		`{"minLength": -1}`:                  "#/minLength: minimum: got -1, want 0",
		`{"required": "a"}`:                  "#/required: got string, want array",
		`{"$ref": "#/$defs/a"}`:              `"#/$defs/a" not found`,
		`{"$schema": "https://example.com"}`: "nothing is loaded from elsewhere",
		`{"properties": {"a": 1}}`:           "#/properties/a: got number, want boolean or object",
		`{"multipleOf": 1e999}`:              "not a JSON document",
		`[]`:                                 "got array",
	} {
		_, err := schemacheck.Compile([]byte(schema))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "byoos://") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q", schema, err, want)
		}
	}
}

// TestNothingIsLoaded: a schema opens no address and no file, also when both have
// what it asks for.
func TestNothingIsLoaded(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = w.Write([]byte("{}"))
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "other.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	file := "file://" + filepath.ToSlash(filepath.Join(dir, "other.json"))
	for _, schema := range []string{
		`{"$ref": "` + server.URL + `"}`, `{"$ref": "` + file + `"}`, `{"$ref": "other.json"}`, `{"$ref": "` + filepath.ToSlash(filepath.Join(dir, "other.json")) + `"}`,
		`{"$schema": "` + server.URL + `"}`, `{"$schema": "` + file + `"}`, `{"$dynamicRef": "` + server.URL + `#a"}`,
		`{"$id": "` + server.URL + `/a", "$ref": "b"}`, `{"$id": "file://` + filepath.ToSlash(dir) + `/a.json", "$ref": "other.json"}`,
		`{"properties": {"a": {"$id": "` + server.URL + `/a", "$schema": "` + file + `"}}}`,
		`{"$schema": "https://json-schema.org/draft/2019-09/schema", "$recursiveRef": "` + server.URL + `"}`,
	} {
		if _, err := schemacheck.Compile([]byte(schema)); err == nil || !strings.Contains(err.Error(), "nothing is loaded from elsewhere") {
			t.Errorf("%s: got %v", schema, err)
		}
	}
	if asked > 0 {
		t.Errorf("the server was asked %d times", asked)
	}
}
