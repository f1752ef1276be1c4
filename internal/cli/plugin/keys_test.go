package plugin

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// TestPrintKeys has every form that a schema may have.
func TestPrintKeys(t *testing.T) {
	for schema, want := range map[string][]string{
		`true`: nil,
		`{}`:   nil,
		`{"properties": {"a": true, "b": false, "c": {}}}`: {"a any", "c any"},
		`{"properties": {"a": {"type": ["string", "null"], "description": "One\nor none.", "default": "x"}}, "required": ["a"]}`: {
			"a string or null, required One or none. Default: x."},
		`{"properties": {"a": {"items": {"type": "string"}}, "b": {"type": "array", "items": false}, "c": {"prefixItems": [{"type": "string"}]}}}`: {
			"a list of string", "b array", "c any"},
		`{"$defs": {"f": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}},
		  "properties": {"one": {"$ref": "#/$defs/f"}, "many": {"type": "array", "items": {"$ref": "#/$defs/f"}}}}`: {
			"many list of object", "many[].name string, required", "one object", "one.name string, required"},
		`{"allOf": [{"properties": {"a": {"enum": [1, "x"]}}}], "anyOf": [{"properties": {"b": {"const": 5}}}, true], "required": ["b"]}`: {
			"a any One of 1 x.", "b any, required Always 5."},
		`{"properties": {"a": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}}}`:                                                                            {"a list of string"},
		`{"properties": {"self": {"$ref": "#"}, "a": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}, "b": {"$ref": "#"}, "c": {"$ref": "#"}}, "x-unknown": [1], "unevaluatedProperties": false}`: nil,
		`{"properties": {"a": {"$ref": "other.json"}, "b": {"$ref": "#/nope/1"}}}`:                                                                                                          {"a any", "b any"},
		`{"properties": {"a": {"type": "string", "description": "\u001b[31mred"}}}`:                                                                                                         {"a string \uFFFD[31mred"},
	} {
		var out strings.Builder
		p := &source.Plugin{Description: &sourcev1.Description{ConfigSchema: schema}}
		if err := printKeys(p, &out); err != nil {
			t.Errorf("%s: %v", schema, err)
		}
		if strings.Contains(schema, `"self"`) {
			if len(out.String()) == 0 || strings.Count(out.String(), "\n") > maxLines {
				t.Errorf("%s: %d bytes", schema, out.Len())
			}
			continue
		}
		var got []string
		for line := range strings.Lines(out.String()) {
			got = append(got, strings.Join(strings.Fields(line), " "))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", schema, diff)
		}
	}
}
