package terraform_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	tfjson "github.com/hashicorp/terraform-json"
	ctyyaml "github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions are those of Terraform that are used.
func functions() map[string]function.Function {
	return map[string]function.Function{
		"contains": stdlib.ContainsFunc, "length": stdlib.LengthFunc, "distinct": stdlib.DistinctFunc, "flatten": stdlib.FlattenFunc,
		"setsubtract": stdlib.SetSubtractFunc, "regexall": stdlib.RegexAllFunc, "regex": stdlib.RegexFunc, "alltrue": allTrue(),
		"concat": stdlib.ConcatFunc, "chomp": stdlib.ChompFunc, "keys": stdlib.KeysFunc, "join": stdlib.JoinFunc, "lower": stdlib.LowerFunc, "jsonencode": stdlib.JSONEncodeFunc,
		"tostring": stdlib.MakeToFunc(cty.String), "try": tryfunc.TryFunc, "can": tryfunc.CanFunc,
		"yamldecode": ctyyaml.YAMLDecodeFunc, "replace": replaceAll(),
	}
}

// replaceAll takes a pattern between slashes for a regular expression.
func replaceAll() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "str", Type: cty.String}, {Name: "substr", Type: cty.String}, {Name: "replace", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			pattern := args[1].AsString()
			if len(pattern) < 2 || !strings.HasPrefix(pattern, "/") || !strings.HasSuffix(pattern, "/") {
				return stdlib.Replace(args[0], args[1], args[2])
			}
			return stdlib.RegexReplace(args[0], cty.StringVal(strings.Trim(pattern, "/")), args[2])
		},
	})
}

// allTrue is a function of Terraform.
func allTrue() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(!slices.ContainsFunc(args[0].AsValueSlice(), cty.Value.False)), nil
		},
	})
}

// content reads a block by the provider's schema, and what every block may have.
func (r *reader) content(block *hcl.Block, known *tfjson.Schema) *hcl.BodyContent {
	r.t.Helper()
	if known == nil {
		r.t.Fatalf("the provider has no %s %s", block.Type, block.Labels[0])
	}
	schema := bodySchema(known.Block)
	schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: "provider"})
	if block.Type == "resource" {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: "lifecycle"})
	}
	content, diags := block.Body.Content(schema)
	must(r.t, diags)
	if _, ok := r.projects[r.alias(content)]; !ok {
		r.t.Errorf("%s %s has a provider that is not there", block.Type, block.Labels[1])
	}
	return content
}

func (r *reader) alias(content *hcl.BodyContent) string {
	if content.Attributes["provider"] == nil {
		return ""
	}
	return strings.TrimPrefix(r.reference(content, "provider"), "spectrocloud.")
}

// reference reads an attribute that names something.
func (r *reader) reference(content *hcl.BodyContent, name string) string {
	r.t.Helper()
	return path(r.t, content.Attributes[name].Expr)
}

func path(t testing.TB, expression hcl.Expression) string {
	t.Helper()
	traversal, diags := hcl.AbsTraversalForExpr(expression)
	must(t, diags)
	var parts []string
	for _, step := range traversal {
		switch step := step.(type) {
		case hcl.TraverseRoot:
			parts = append(parts, step.Name)
		case hcl.TraverseAttr:
			parts = append(parts, step.Name)
		case hcl.TraverseIndex:
			parts = append(parts, step.Key.AsBigFloat().String())
		}
	}
	return strings.Join(parts, ".")
}

// text reads an attribute; empty when it is not there.
func (r *reader) text(content *hcl.BodyContent, name string) string {
	r.t.Helper()
	attribute, ok := content.Attributes[name]
	if !ok {
		return ""
	}
	value, diags := attribute.Expr.Value(r.context)
	must(r.t, diags)
	return value.AsString()
}

// bodySchema is what the provider allows and demands; Content refuses all else.
func bodySchema(block *tfjson.SchemaBlock) *hcl.BodySchema {
	schema := &hcl.BodySchema{}
	for name, attribute := range block.Attributes {
		if attribute.Required || attribute.Optional {
			schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: name, Required: attribute.Required})
		}
	}
	for name := range block.NestedBlocks {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: name})
	}
	return schema
}

// providerSchema is an excerpt of what `terraform providers schema -json` says of
// spectrocloud/spectrocloud (https://github.com/spectrocloud/terraform-provider-spectrocloud).
func providerSchema(t testing.TB) *tfjson.ProviderSchema {
	t.Helper()
	data, err := os.ReadFile("testdata/provider-schema.json")
	if err != nil {
		t.Fatal(err)
	}
	// The excerpt names its provider in a field of its own.
	var schema struct {
		Provider  *tfjson.Schema            `json:"provider_schema"`
		Data      map[string]*tfjson.Schema `json:"data_source_schemas"`
		Resources map[string]*tfjson.Schema `json:"resource_schemas"`
	}
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	return &tfjson.ProviderSchema{ConfigSchema: schema.Provider, DataSourceSchemas: schema.Data, ResourceSchemas: schema.Resources}
}

func must(t testing.TB, diags hcl.Diagnostics) {
	t.Helper()
	if diags.HasErrors() {
		t.Fatal(diags)
	}
}
