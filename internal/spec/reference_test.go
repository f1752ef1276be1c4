package spec_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/invopop/jsonschema"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
	"github.com/kubectl-byoos/kubectl-byoos/test/golden"
)

// reflected makes the schema of the types and their comments.
func reflected(t *testing.T) *jsonschema.Schema {
	t.Helper()
	reflector := &jsonschema.Reflector{RequiredFromJSONSchemaTags: true, Anonymous: true}
	if err := reflector.AddGoComments("github.com/kubectl-byoos/kubectl-byoos/internal/spec", ".", jsonschema.WithFullComment()); err != nil {
		t.Fatal(err)
	}
	for name, comment := range reflector.CommentMap {
		reflector.CommentMap[name] = strings.Join(strings.Fields(comment), " ")
	}
	schema := reflector.Reflect(&spec.ImageSet{})
	schema.Title = "byoos.yaml"
	kind, _ := schema.Definitions["Pack"].Properties.Get("pack")
	for _, name := range spec.PackNames() {
		kind.Enum = append(kind.Enum, name)
	}
	return schema
}

// TestSchemaFile: the schema is that of the types.
func TestSchemaFile(t *testing.T) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(reflected(t)); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "schema.json", out.String())
}

type (
	page struct {
		Example            string
		MiB, Values, Packs int
		Types              []pageType
	}
	pageType struct {
		Name, Description string
		Keys              []pageKey
	}
	pageKey struct {
		Key, Type, Default, Description string
		Required                        bool
	}
)

// TestReferencePage: docs/spec.md has every type and each of its keys, described.
func TestReferencePage(t *testing.T) {
	example, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	schema := reflected(t)
	content := page{Example: string(example), MiB: yamldoc.MaxBytes >> 20, Values: yamldoc.MaxValues, Packs: spec.MaxPacks}
	for _, name := range []string{"ImageSet", "Metadata", "Source", "Pack", "Select", "OS", "Matrix", "Values", "Edge", "Target"} {
		if schema.Definitions[name] == nil {
			t.Fatalf("there is no type %s", name)
		}
		content.Types = append(content.Types, pageTypeOf(t, name, schema.Definitions[name]))
		delete(schema.Definitions, name)
	}
	for name := range schema.Definitions {
		t.Errorf("type %s is not on the page", name)
	}
	var out strings.Builder
	if err := template.Must(template.ParseFiles("testdata/spec.md.tmpl")).Execute(&out, content); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "../../docs/spec.md", out.String())
}

func pageTypeOf(t *testing.T, name string, schema *jsonschema.Schema) pageType {
	t.Helper()
	shown := pageType{Name: name, Description: cell(schema.Description)}
	for pair := schema.Properties.Oldest(); pair != nil; pair = pair.Next() {
		if pair.Value.Description == "" && pair.Value.Ref == "" {
			t.Errorf("%s.%s has no description", name, pair.Key)
		}
		key := pageKey{Key: pair.Key, Type: typeText(pair.Value), Description: cell(pair.Value.Description), Required: slices.Contains(schema.Required, pair.Key)}
		if pair.Value.Default != nil {
			key.Default = fmt.Sprintf("`%v`", pair.Value.Default)
		}
		shown.Keys = append(shown.Keys, key)
	}
	return shown
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func typeText(s *jsonschema.Schema) string {
	if s.Ref != "" {
		name := s.Ref[strings.LastIndex(s.Ref, "/")+1:]
		return fmt.Sprintf("[%s](#%s)", name, strings.ToLower(name))
	}
	if len(s.Enum) > 0 {
		values := make([]string, len(s.Enum))
		for i, value := range s.Enum {
			values[i] = fmt.Sprintf("`%v`", value)
		}
		return strings.Join(values, ", ")
	}
	switch s.Type {
	case "string":
		return "text"
	case "boolean":
		return "true or false"
	case "array":
		return "list of " + typeText(s.Items)
	case "object":
		if s.AdditionalProperties != nil && s.AdditionalProperties.Type != "" {
			return "mapping of " + typeText(s.AdditionalProperties)
		}
		return "mapping"
	}
	return s.Type
}
