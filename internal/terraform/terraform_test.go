package terraform_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	hcljson "github.com/hashicorp/hcl/v2/json"
	tfjson "github.com/hashicorp/terraform-json"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/text/unicode/norm"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/terraform"
)

var update = flag.Bool("update", false, "write the golden files")

func examplePacks() []terraform.Pack {
	return []terraform.Pack{
		{
			Name: "aws-east", Pack: "generic-byoi", Version: "1.0.0",
			Values:  "pack:\n  osImageOverride: \"ami-0aaaaaaaaaaaaaaaa\"\n  osName: \"rhel\"\n  osVersion: \"8\"\n",
			Profile: terraform.Profile{Project: "Default", Name: "rhel-prod", Version: "1.2.0", Cloud: "aws"},
		},
		{
			Name: "edge", Pack: "edge-native-byoi", Version: "2.1.0", Registry: "Mirror",
			Values:  "options:\n  system.uri: \"{{ .spectro.pack.edge-native-byoi.options.system.registry }}/x:${not} %{a template}\"\n",
			Profile: terraform.Profile{Name: "stores", Version: "1.0.0", Cloud: "edge-native"},
		},
	}
}

func TestGolden(t *testing.T) {
	for _, shape := range terraform.Shapes() {
		for _, asJSON := range []bool{false, true} {
			name := shape + map[bool]string{false: ".tf", true: ".tf.json"}[asJSON]
			got, err := terraform.Render(examplePacks(), terraform.Options{Shape: terraform.Shape(shape), JSON: asJSON})
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}

func TestExternal(t *testing.T) {
	got, err := terraform.External(examplePacks())
	if err != nil {
		t.Fatal(err)
	}
	// The protocol allows an object of strings only.
	var answer map[string]string
	if err := json.Unmarshal(got, &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer) != 2 || answer["edge"] != examplePacks()[1].Values {
		t.Errorf("got %q", answer)
	}
}

func TestRefusals(t *testing.T) {
	for name, packs := range map[string][]terraform.Pack{
		"not UTF-8":  {{Name: "a", Pack: "generic-byoi", Values: "x: \xff\n"}},
		"decomposed": {{Name: "a", Pack: "generic-byoi", Values: "x: e\u0301\n"}},
		"a BOM":      {{Name: "a", Pack: "generic-byoi", Values: "\ufeffx: y\n"}},
		"twice":      {{Name: "a", Pack: "generic-byoi"}, {Name: "a", Pack: "generic-byoi"}},
	} {
		if out, err := terraform.Render(packs, terraform.Options{}); err == nil || out != nil {
			t.Errorf("%s: got %q, %v", name, out, err)
		}
	}
	_, err := terraform.Render([]terraform.Pack{{Name: "a", Pack: "generic-byoi"}}, terraform.Options{Shape: terraform.ShapeProfile})
	if failure.Code(err) != failure.ExitUsage {
		t.Errorf("a profile without a name: got %v", err)
	}
	_, err = terraform.Render(nil, terraform.Options{Shape: "nope"})
	if failure.Code(err) != failure.ExitUsage {
		t.Errorf("an unknown shape: got %v", err)
	}
}

// hostile are pieces that make trouble in strings of HCL.
var hostile = []string{
	"${", "$${", "$$${", "$", "%{", "%%{", "%", "{", "}", "${var.x}", "%{ if true }", "\\", "\\n", "\"", "'", "\n", "\r\n", "\r", "\t", " ",
	"EOT", "\nEOT\n", "<<EOT", "<<-EOT\n", "#", "//", "/*", "é", "日本", "\u2028", "\x00", "\x1b[31m", "\ufeff", "😀", "key: value\n", "~}", "${~", "\u00a0", "\v", "\f", "\u0085",
}

func hostileText(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(8) {
		b.WriteString(hostile[r.IntN(len(hostile))])
	}
	if r.IntN(2) == 0 {
		b.WriteString("\n")
	}
	return b.String()
}

// Whatever the values are, they are read back the same, and the file is
// formatted and valid.
func TestHostileValues(t *testing.T) {
	schema := providerSchema(t)
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(seed, 1))
		packs := []terraform.Pack{hostilePack(r, "a-"+fmt.Sprint(r.IntN(10))), hostilePack(r, "b."+fmt.Sprint(r.IntN(10)))}
		roundTrip(t, schema, packs)
		if t.Failed() {
			t.Fatalf("seed %d: %q", seed, packs)
		}
	}
}

func hostilePack(r *rand.Rand, name string) terraform.Pack {
	text := func() string { return strings.TrimLeft(norm.NFC.String(hostileText(r)), "\ufeff") }
	return terraform.Pack{
		Name: name, Pack: "generic-byoi", Version: text(), Registry: text(), Values: text(),
		Profile: terraform.Profile{Project: text(), Name: "p" + text(), Version: text(), Cloud: text()},
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, piece := range hostile {
		f.Add("a", piece, piece+"\n")
	}
	schema := providerSchema(f)
	f.Fuzz(func(t *testing.T, name, registry, values string) {
		packs := []terraform.Pack{{Name: name, Pack: "generic-byoi", Registry: registry, Values: values, Profile: terraform.Profile{Name: "p" + registry}}}
		if _, err := terraform.Render(packs, terraform.Options{}); err != nil {
			return
		}
		roundTrip(t, schema, packs)
	})
}

func roundTrip(t *testing.T, schema *tfjson.ProviderSchema, packs []terraform.Pack) {
	t.Helper()
	for _, shape := range terraform.Shapes() {
		for _, asJSON := range []bool{false, true} {
			out, err := terraform.Render(packs, terraform.Options{Shape: terraform.Shape(shape), JSON: asJSON})
			if err != nil {
				t.Fatal(err)
			}
			if !asJSON && !bytes.Equal(hclwrite.Format(out), out) {
				t.Errorf("the formatter changes %s:\n%s", shape, out)
			}
			file := parse(t, out, asJSON)
			checkBlocks(t, schema, file, packs, terraform.Shape(shape))
		}
	}
}

func parse(t *testing.T, data []byte, asJSON bool) *hcl.File {
	t.Helper()
	if asJSON {
		file, diags := hcljson.Parse(data, "x.tf.json")
		if diags.HasErrors() {
			t.Fatalf("%s\n%s", diags, data)
		}
		return file
	}
	file, diags := hclsyntax.ParseConfig(data, "x.tf", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s\n%s", diags, data)
	}
	return file
}

// checkBlocks reads the file as Terraform does, and compares what it finds.
func checkBlocks(t *testing.T, schema *tfjson.ProviderSchema, file *hcl.File, packs []terraform.Pack, shape terraform.Shape) {
	t.Helper()
	content, diags := file.Body.Content(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "data", LabelNames: []string{"type", "name"}},
		{Type: "resource", LabelNames: []string{"type", "name"}},
		{Type: "locals"},
	}})
	must(t, diags)
	var values, contexts []string
	scope := dataScope(t, schema, content)
	for _, block := range content.Blocks {
		switch block.Type {
		case "locals":
			attributes, diags := block.Body.JustAttributes()
			must(t, diags)
			object, diags := attributes["byoos_values"].Expr.Value(&hcl.EvalContext{})
			must(t, diags)
			for _, p := range packs {
				values = append(values, object.GetAttr(norm.NFC.String(p.Name)).AsString())
			}
		case "resource":
			checkBlock(t, schema.ResourceSchemas[block.Labels[0]], block)
			contexts = append(contexts, resourceContext(t, schema.ResourceSchemas[block.Labels[0]].Block, block))
			values = append(values, resourceValues(t, schema.ResourceSchemas[block.Labels[0]].Block, block, scope)...)
		}
	}
	var want []string
	for _, p := range packs {
		want = append(want, p.Values)
	}
	if diff := cmp.Diff(wantContexts(packs, shape), slices.Sorted(slices.Values(contexts))); diff != "" {
		t.Errorf("%s: contexts (-want +got):\n%s\n%s", shape, diff, file.Bytes)
	}
	// Blocks of JSON have no order.
	slices.Sort(want)
	slices.Sort(values)
	if diff := cmp.Diff(want, values); diff != "" {
		t.Errorf("%s: values read back (-want +got):\n%s\n%s", shape, diff, file.Bytes)
	}
}

// wantContexts are the sorted contexts of the packs' profiles, each once.
func wantContexts(packs []terraform.Pack, shape terraform.Shape) []string {
	if shape != terraform.ShapeProfile {
		return nil
	}
	profiles := map[terraform.Profile]string{}
	for _, p := range packs {
		profiles[p.Profile] = "project"
		if p.Profile.Project == "" {
			profiles[p.Profile] = "tenant"
		}
	}
	return slices.Sorted(maps.Values(profiles))
}

// dataScope evaluates data sources as an object that references can be read
// from, and checks each against the provider's schema.
func dataScope(t *testing.T, schema *tfjson.ProviderSchema, content *hcl.BodyContent) *hcl.EvalContext {
	t.Helper()
	types := map[string]map[string]cty.Value{}
	for _, block := range content.Blocks {
		if block.Type != "data" {
			continue
		}
		known := schema.DataSourceSchemas[block.Labels[0]]
		checkBlock(t, known, block)
		if types[block.Labels[0]] == nil {
			types[block.Labels[0]] = map[string]cty.Value{}
		}
		attributes := map[string]cty.Value{}
		for name := range known.Block.Attributes {
			attributes[name] = cty.StringVal(block.Labels[1] + "." + name)
		}
		types[block.Labels[0]][block.Labels[1]] = cty.ObjectVal(attributes)
	}
	data := map[string]cty.Value{}
	for typ, all := range types {
		data[typ] = cty.ObjectVal(all)
	}
	return &hcl.EvalContext{Variables: map[string]cty.Value{"data": cty.ObjectVal(data)}}
}

func checkBlock(t *testing.T, known *tfjson.Schema, block *hcl.Block) {
	t.Helper()
	if known == nil {
		t.Fatalf("the provider has no %s %s", block.Type, block.Labels[0])
	}
	_, diags := block.Body.Content(bodySchema(known.Block))
	must(t, diags)
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

// resourceContext is the context of a resource. Without one the provider takes
// project.
func resourceContext(t *testing.T, known *tfjson.SchemaBlock, block *hcl.Block) string {
	t.Helper()
	content, diags := block.Body.Content(bodySchema(known))
	must(t, diags)
	attribute, ok := content.Attributes["context"]
	if !ok {
		return "project"
	}
	value, diags := attribute.Expr.Value(&hcl.EvalContext{})
	must(t, diags)
	return value.AsString()
}

func resourceValues(t *testing.T, known *tfjson.SchemaBlock, block *hcl.Block, scope *hcl.EvalContext) []string {
	t.Helper()
	content, diags := block.Body.Content(bodySchema(known))
	must(t, diags)
	var values []string
	for _, nested := range content.Blocks {
		inner, diags := nested.Body.Content(bodySchema(known.NestedBlocks[nested.Type].Block))
		must(t, diags)
		for name, attribute := range inner.Attributes {
			value, diags := attribute.Expr.Value(scope)
			must(t, diags)
			if name == "values" {
				values = append(values, value.AsString())
			} else if !strings.Contains(value.AsString(), ".") {
				t.Errorf("%s is not read from the data source", name)
			}
		}
	}
	return values
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
		Data      map[string]*tfjson.Schema `json:"data_source_schemas"`
		Resources map[string]*tfjson.Schema `json:"resource_schemas"`
	}
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	return &tfjson.ProviderSchema{DataSourceSchemas: schema.Data, ResourceSchemas: schema.Resources}
}

func must(t *testing.T, diags hcl.Diagnostics) {
	t.Helper()
	if diags.HasErrors() {
		t.Fatal(diags)
	}
}
