package schemacheck_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/schemacheck"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

const schema = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "https://example.com/config",
  "$ref": "#/$defs/config",
  "$defs": {
    "config": {
      "type": "object",
      "additionalProperties": false,
      "required": ["manifest"],
      "properties": {
        "manifest": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}], "description": "File to read."},
        "runs": {"type": "string", "enum": ["latest", "all"]},
        "retries": {"type": "integer", "minimum": 0},
        "follow": {"type": "boolean"},
        "regions": {"type": "array", "items": {"type": "string"}, "uniqueItems": true, "minItems": 1},
        "account": {"type": "string", "pattern": "^[0-9]{12}$", "patternErrorMessage": "an account has 12 digits"},
        "os": {"$ref": "#/$defs/os"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "where": {"oneOf": [
          {"type": "object", "properties": {"file": {"type": "string"}}, "required": ["file"], "additionalProperties": false},
          {"type": "object", "properties": {"folder": {"type": "string"}, "depth": {"type": "integer"}}, "required": ["folder", "depth"], "additionalProperties": false}
        ]}
      }
    },
    "os": {"type": "object", "additionalProperties": false, "properties": {"name": {"type": "string", "minLength": 1}}}
  }
}`

func check(t *testing.T, data string) []string {
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

func TestCheck(t *testing.T) {
	tests := []struct {
		name, data string
		want       []string
	}{
		{"good", "manifest: m.json\nretries: 3\nos: {name: rhel}\nlabels: {a: b}\nregions: [x]\n", nil},
		{"json", `{"manifest": ["a", "b"], "follow": true}`, nil},
		{"unknown key", "manifest: m\nRuns: all\n", []string{`2:1: unknown key "Runs": did you mean "runs"?`}},
		{"swapped letters", "manifest: m\nretires: 1\n", []string{`2:1: unknown key "retires": did you mean "retries"?`}},
		{"nothing near", "manifest: m\nos: {colour: red}\n", []string{`2:6: os: unknown key "colour": valid are name`}},
		{"key of a child", "manifest: m\nname: rhel\n", []string{`2:1: unknown key "name": it is a key of os, one level deeper`}},
		{"missing", "runs: all\n", []string{`1:1: the key "manifest" is missing: add manifest: ... (File to read)`}},
		{"enum", "manifest: m\nruns: latets\n", []string{`2:7: runs: latets is not one of latest, all: did you mean "latest"?`}},
		{"text wanted", "manifest: 8\n", []string{`1:11: manifest: 8 is a number; text or a list is wanted: quote it: "8"`}},
		{"leading zero", "manifest: m\naccount: 012345670123\n", []string{`2:10: account: 012345670123 (read as 1402433619) is a number; text is wanted: quote it: "012345670123"`}},
		{"boolean", "manifest: m\nfollow: 'true'\n", []string{`2:9: follow: true is text; true or false is wanted`}},
		{"number", "manifest: m\nretries: many\n", []string{`2:10: retries: many is text; a whole number is wanted`}},
		{"list wanted", "manifest: m\nregions: us-east-1\n", []string{`2:10: regions: us-east-1 is text; a list is wanted: write [us-east-1]`}},
		{"mapping wanted", "manifest: m\nos:\n  - rhel\n", []string{`2:1: os: is a list; a mapping is wanted`}},
		{"no value", "manifest: m\nos:\nruns:\n", []string{
			`2:1: os: has no value; a mapping is wanted: give it a value or remove the key`,
			`3:1: runs: has no value; text is wanted: give it a value or remove the key`,
		}},
		{"pattern", "manifest: m\naccount: '12'\n", []string{`2:10: account: "12" is not valid: an account has 12 digits`}},
		{"empty", "manifest: m\nos: {name: ''}\n", []string{`2:6: os.name: must not be empty: give it a value or remove the key`}},
		{"no items", "manifest: m\nregions: []\n", []string{`2:1: regions: must have at least one item`}},
		{"same items", "manifest: m\nregions: [a, b, a]\n", []string{`2:1: regions: items 0 and 2 are the same: keep one of the two`}},
		{"in a list", "manifest: [a, 1]\n", []string{`1:15: manifest[1]: 1 is a number; text is wanted: quote it: "1"`}},
		{"the nearer form", "manifest: m\nwhere: {file: x, dept: 1}\n", []string{`2:18: where: unknown key "dept": valid are file`}},
		{"label keys", "manifest: m\nlabels: {a.b: 1, 8: x}\n", []string{`2:15: labels["a.b"]: 1 is a number; text is wanted: quote it: "1"`}},
		{"control characters", "manifest: m\nruns: \"\\e[31mred\\u202E\"\n", []string{"2:7: runs: \uFFFD[31mred\uFFFD is not one of latest, all"}},
		{"several, in order", "follow: 1\nos: {nam: x}\nmanifest: {}\n", []string{
			`1:9: follow: 1 is a number; true or false is wanted`,
			`2:6: os: unknown key "nam": did you mean "name"?`,
			`3:1: manifest: is a mapping; text or a list is wanted`,
		}},
		{"duplicate key", "manifest: m\nruns: all\nmanifest: n\n", []string{`3:1: manifest: the key "manifest" is already set on line 1: keep one of the two`}},
		{"yaml 1.1 booleans are text", "manifest: on\nlabels: {a: yes, b: off}\n", nil},
		{"dates are text", "manifest: 2026-01-31\n", nil},
		{"not a number", "manifest: m\nretries: .nan\n", []string{`2:10: retries: .nan is not a value that JSON has: quote it if it is text`}},
		{"a scalar", "manifest\n", []string{`1:1: manifest is text; a mapping is wanted`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, check(t, test.data)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCompileStaysLocal(t *testing.T) {
	for _, bad := range []string{`{`, `{"type": "text"}`, `{"$ref": "https://example.com/schema"}`, `{"$ref": "file:///etc/passwd"}`} {
		if _, err := schemacheck.Compile([]byte(bad)); err == nil {
			t.Errorf("%s compiles", bad)
		}
	}
}

func TestCoerce(t *testing.T) {
	compiled, err := schemacheck.Compile([]byte(schema))
	if err != nil {
		t.Fatal(err)
	}
	got := compiled.Coerce(map[string]any{
		"manifest": schemacheck.Texts{"8"}, "retries": schemacheck.Texts{"3"}, "follow": schemacheck.Texts{"true"}, "regions": schemacheck.Texts{"us-east-1"}, "account": schemacheck.Texts{"012345678901"},
		"os": map[string]any{"name": schemacheck.Texts{"8"}}, "labels": map[string]any{"a": schemacheck.Texts{"1"}}, "unknown": schemacheck.Texts{"1"},
	})
	want := map[string]any{
		"manifest": "8", "retries": int64(3), "follow": true, "regions": []any{"us-east-1"}, "account": "012345678901",
		"os": map[string]any{"name": "8"}, "labels": map[string]any{"a": "1"}, "unknown": "1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := compiled.Coerce(map[string]any{"retries": schemacheck.Texts{"many"}}); got["retries"] != "many" {
		t.Errorf("got %v, want what does not convert to stay", got)
	}
}

// TestCoerceKeysWithDots: a mapping of the user's own keys takes a dotted key as
// it is, where its values are no mappings.
func TestCoerceKeysWithDots(t *testing.T) {
	compiled, err := schemacheck.Compile([]byte(`{"type": "object", "properties": {"filters": {"type": "object", "additionalProperties": {"$ref": "#/$defs/list"}},
		"deep": {"type": "object", "additionalProperties": {"type": "object"}}, "free": {"type": "object"}},
		"$defs": {"list": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	nested := func(leaf any) map[string]any {
		return map[string]any{"a": map[string]any{"b": map[string]any{"c": leaf}}}
	}
	got := compiled.Coerce(map[string]any{
		"filters": map[string]any{"block": map[string]any{"encrypted": schemacheck.Texts{"true"}, "a": map[string]any{"b": schemacheck.Texts{"x", "y"}}}, "plain": schemacheck.Texts{"z"}, "taken": map[string]any{"x": schemacheck.Texts{"1"}}, "taken.x": schemacheck.Texts{"2"}},
		"deep":    nested(schemacheck.Texts{"1"}), "free": nested(schemacheck.Texts{"1"}),
	})
	want := map[string]any{
		"filters": map[string]any{
			"block.encrypted": "true", "block.a.b": []any{"x", "y"}, "plain": "z", "taken": map[string]any{"x": "1"}, "taken.x": "2",
		},
		"deep": nested("1"), "free": nested("1"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestCoerceLists: only a key that the schema calls a list has its text taken apart.
func TestCoerceLists(t *testing.T) {
	const list = `{"type": "array", "items": {"type": "string"}}`
	const either = `{"anyOf": [{"type": "string"}, ` + list + `]}`
	tests := []struct {
		name, schema string
		texts        schemacheck.Texts
		want         any
	}{
		{"text", `{"type": "string"}`, schemacheck.Texts{"[a,b]"}, "[a,b]"},
		{"empty brackets", `{"type": "string"}`, schemacheck.Texts{"[]"}, "[]"},
		{"backslashes of a text", `{"type": "string"}`, schemacheck.Texts{`\[a\,b]`}, `\[a\,b]`},
		{"text set twice, for the check to refuse", `{"type": "string"}`, schemacheck.Texts{"a", "b"}, []any{"a", "b"}},
		{"enum", `{"enum": ["[a,b]"]}`, schemacheck.Texts{"[a,b]"}, "[a,b]"},
		{"no schema", `{}`, schemacheck.Texts{"[a,b]"}, "[a,b]"},
		{"list", list, schemacheck.Texts{"[a, b]"}, []any{"a", "b"}},
		{"empty list", list, schemacheck.Texts{"[]"}, []any{}},
		{"list of one", list, schemacheck.Texts{"a"}, []any{"a"}},
		{"commas without brackets", list, schemacheck.Texts{"{a,b}/*.json"}, []any{"{a,b}/*.json"}},
		{"set twice", list, schemacheck.Texts{"a,b", "[c,d]"}, []any{"a,b", "c", "d"}},
		{"escaped comma", list, schemacheck.Texts{`[a\,b,c]`}, []any{"a,b", "c"}},
		{"escaped bracket", list, schemacheck.Texts{`\[ab][cd]`}, []any{"[ab][cd]"}},
		{"shell pattern", list, schemacheck.Texts{"[a,b]*"}, []any{"[a,b]*"}},
		{"either: text", either, schemacheck.Texts{"a,b"}, "a,b"},
		{"either: list", either, schemacheck.Texts{"[a,b]"}, []any{"a", "b"}},
		{"either: list of one", either, schemacheck.Texts{"[a]"}, []any{"a"}},
		{"either: text with brackets", either, schemacheck.Texts{`\[a,b]`}, "[a,b]"},
		{"either: set twice", either, schemacheck.Texts{"a", "b"}, []any{"a", "b"}},
		{"types in one", `{"type": ["string", "array"]}`, schemacheck.Texts{"[a,b]"}, []any{"a", "b"}},
		{"numbers", `{"type": "array", "items": {"type": "integer"}}`, schemacheck.Texts{"[1,2]"}, []any{int64(1), int64(2)}},
		{"numbers in a branch", `{"oneOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}`, schemacheck.Texts{"[1,2]"}, []any{int64(1), int64(2)}},
		{"reference", `{"$ref": "#/$defs/list"}`, schemacheck.Texts{"[a,b]"}, []any{"a", "b"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			compiled, err := schemacheck.Compile([]byte(`{"type": "object", "properties": {"key": ` + test.schema + `}, "$defs": {"list": ` + list + `}}`))
			if err != nil {
				t.Fatal(err)
			}
			got := compiled.Coerce(map[string]any{"key": test.texts})
			if diff := cmp.Diff(map[string]any{"key": test.want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"manifest: m\n", "a: &a [*a]\n", "? {a: b}\n: c\n", "\uFEFFa: \"\\q\"\r\n", "<<: 1", "<<: [{a: b}, *x]", "a: !!binary =\n", "- - -\t-", "%YAML 1.1\n--- 08", "a: !!float x\nb: !!int 0x\nc: !!bool maybe"} {
		f.Add([]byte(seed))
	}
	compiled, err := schemacheck.Compile([]byte(schema))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		node, problems := yamldoc.Read(data)
		if (node == nil) == (len(problems) == 0) {
			t.Fatalf("node %v and problems %v", node, problems)
		}
		if node != nil {
			problems = compiled.Check(node)
		}
		for _, p := range problems {
			if p.Line < 1 || p.Column < 1 || p.Message == "" {
				t.Errorf("problem without place or text: %+v", p)
			}
		}
	})
}
