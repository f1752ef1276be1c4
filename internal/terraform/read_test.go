package terraform_test

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/dynblock"
	tfjson "github.com/hashicorp/terraform-json"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/text/unicode/norm"

	"github.com/kubectl-byoos/kubectl-byoos/internal/terraform"
)

// module is a file as Terraform reads it: what of it is not the provider's to
// decide.
type module struct {
	Locals   map[string]string
	Profiles []resource
	// Projects are those of its providers, Forgotten the profiles that are let go.
	Projects, Forgotten []string
}

// resource is a profile with its project, which its provider says, and the id that
// it is imported by.
type resource struct {
	Name, Version, Context, Project, Cloud, Type, Import string
	SkipDestroy, CreateFirst                             bool
	Ignored                                              []string
	// Refused are the sentences of the conditions that do not hold.
	Refused []string
	Packs   []layer
}

type layer struct {
	Name, Type, Tag, UID, RegistryUID, RegistryName, Values string
	Manifests                                               []manifest
}

type manifest struct{ Name, Content string }

// existing are the layers that a profile has which is imported; the first is ours.
func existing(pack string) []layer {
	return []layer{
		{Name: pack, Type: "spectro", Tag: "1.0.0", UID: "uid-os", Values: "# the default\n"},
		{Name: "kubernetes", Type: "spectro", Tag: "1.30.4", UID: "uid-k8s", Values: "a: ${b}", Manifests: []manifest{{"m", "c: %{d}"}}},
	}
}

// wantModule is what packs mean. A profile's layer has the values as the provider
// sends them: spectrocloud/resource_cluster_profile.go, strings.TrimSpace.
func wantModule(packs []terraform.Pack, shape terraform.Shape) module {
	want := module{Locals: map[string]string{}}
	for _, p := range packs {
		if shape == terraform.ShapeProfile {
			p.Values = strings.TrimSpace(p.Values)
		}
		if shape != terraform.ShapeProfile || !p.Profile.Create {
			want.Locals[norm.NFC.String(p.Name)] = p.Values
		}
		if shape == terraform.ShapeProfile {
			want.Profiles = append(want.Profiles, wantResource(p))
			if p.Profile.Project != "" {
				want.Projects = append(want.Projects, p.Profile.Project)
			}
		}
	}
	slices.Sort(want.Projects)
	want.Projects = slices.Compact(want.Projects)
	slices.SortFunc(want.Profiles, byIdentity)
	return want
}

func wantResource(p terraform.Pack) resource {
	r := resource{
		SkipDestroy: true, Name: p.Profile.Name, Version: cmp.Or(p.Profile.Version, "1.0.0"), Project: p.Profile.Project, Context: string(p.Profile.Context),
	}
	if !p.Profile.Create {
		r.Import = r.Name + ":" + r.Context + ":" + r.Version
		r.Ignored = []string{"cloud", "description", "profile_variables", "tags", "type"}
		r.Packs = existing(p.Pack)
		r.Packs[0].Values = p.Values
		return r
	}
	r.CreateFirst, r.Cloud, r.Type = true, p.Profile.Cloud, cmp.Or(p.Profile.Type, "cluster")
	// A pack's data source answers what it was asked for.
	registry := cmp.Or(p.RegistryUID, "uid of "+cmp.Or(p.Registry, "Public Repo"))
	r.Packs = []layer{{
		Name: p.Pack, Type: "spectro", Tag: cmp.Or(p.Version, "newest"), UID: "uid of " + p.Pack, RegistryUID: registry, Values: p.Values,
	}}
	if p.Version == "" {
		r.Ignored = []string{"pack.0.tag", "pack.0.uid"}
	}
	if registry != "uid of Public Repo" {
		r.Ignored = append(r.Ignored, "pack.0.type")
	}
	return r
}

func byIdentity(a, b resource) int {
	return strings.Compare(a.Project+"\x00"+a.Name+"\x00"+a.Version, b.Project+"\x00"+b.Name+"\x00"+b.Version)
}

// reader reads one file by the provider's schema.
type reader struct {
	t        testing.TB
	schema   *tfjson.ProviderSchema
	projects map[string]string // by the provider's alias
	imports  map[string]string // by the resource's label
	data     map[string]map[string]cty.Value
	layers   []layer
	self     cty.Value
	context  *hcl.EvalContext
}

func readModule(t testing.TB, schema *tfjson.ProviderSchema, file *hcl.File) module {
	t.Helper()
	return readModuleBeside(t, schema, file, existing("generic-byoi"), "aws", "cluster")
}

// readModuleBeside reads it where profiles that are imported have these layers, and
// are of this cloud and type.
func readModuleBeside(t testing.TB, schema *tfjson.ProviderSchema, file *hcl.File, layers []layer, cloud, typ string) module {
	t.Helper()
	content, diags := file.Body.Content(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "provider", LabelNames: []string{"name"}},
		{Type: "data", LabelNames: []string{"type", "name"}},
		{Type: "import"},
		{Type: "removed"},
		{Type: "resource", LabelNames: []string{"type", "name"}},
		{Type: "locals"},
	}})
	must(t, diags)
	r := &reader{
		t: t, schema: schema, layers: layers, self: cty.ObjectVal(map[string]cty.Value{"cloud": cty.StringVal(cloud), "type": cty.StringVal(typ)}), projects: map[string]string{"": ""}, imports: map[string]string{}, data: map[string]map[string]cty.Value{},
		context: &hcl.EvalContext{
			Variables: map[string]cty.Value{},
			Functions: functions(),
		},
	}
	out := module{Locals: map[string]string{}}
	for _, block := range content.Blocks.OfType("locals") {
		out.Locals = r.locals(block)
	}
	for _, block := range content.Blocks.OfType("provider") {
		r.provider(block)
	}
	r.sources(content.Blocks.OfType("data"))
	for _, block := range content.Blocks.OfType("import") {
		r.importing(block)
	}
	for _, block := range content.Blocks.OfType("removed") {
		out.Forgotten = append(out.Forgotten, r.forgotten(block))
	}
	for _, block := range content.Blocks.OfType("locals") {
		r.lost(block, out.Locals)
	}
	for _, block := range content.Blocks.OfType("resource") {
		out.Profiles = append(out.Profiles, r.resource(block))
	}
	if len(r.imports) > 0 {
		t.Errorf("imports without a resource: %v", r.imports)
	}
	slices.SortFunc(out.Profiles, byIdentity)
	for alias, project := range r.projects {
		if alias != "" {
			out.Projects = append(out.Projects, project)
		}
	}
	slices.Sort(out.Projects)
	return out
}

// forgotten is the label of a profile that Terraform lets go.
func (r *reader) forgotten(block *hcl.Block) string {
	content, diags := block.Body.Content(&hcl.BodySchema{
		Attributes: []hcl.AttributeSchema{{Name: "from", Required: true}}, Blocks: []hcl.BlockHeaderSchema{{Type: "lifecycle"}},
	})
	must(r.t, diags)
	if len(content.Blocks) != 1 {
		r.t.Fatal("what is removed has no lifecycle")
	}
	attributes, diags := content.Blocks[0].Body.JustAttributes()
	must(r.t, diags)
	value, diags := attributes["destroy"].Expr.Value(nil)
	must(r.t, diags)
	if value.True() {
		r.t.Error("what is removed is destroyed")
	}
	return strings.TrimPrefix(r.reference(content, "from"), "spectrocloud_cluster_profile.")
}

// lost puts into the scope what layers would lose.
func (r *reader) lost(block *hcl.Block, values map[string]string) {
	attributes, diags := block.Body.JustAttributes()
	must(r.t, diags)
	scope := map[string]cty.Value{"byoos_values": r.context.Variables["local"].GetAttr("byoos_values")}
	if attribute := attributes["byoos_lost"]; attribute != nil {
		scope["byoos_lost"], diags = attribute.Expr.Value(r.context)
		must(r.t, diags)
		for name := range scope["byoos_lost"].AsValueMap() {
			if _, ok := values[name]; !ok {
				r.t.Errorf("what %q would lose is told, and it has no values", name)
			}
		}
	}
	r.context.Variables["local"] = cty.ObjectVal(scope)
}

func (r *reader) locals(block *hcl.Block) map[string]string {
	attributes, diags := block.Body.JustAttributes()
	must(r.t, diags)
	object, diags := attributes["byoos_values"].Expr.Value(r.context)
	must(r.t, diags)
	r.context.Variables["local"] = cty.ObjectVal(map[string]cty.Value{"byoos_values": object})
	values := map[string]string{}
	for key, value := range object.AsValueMap() {
		values[key] = value.AsString()
	}
	return values
}

func (r *reader) provider(block *hcl.Block) {
	schema := bodySchema(r.schema.ConfigSchema.Block)
	schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: "alias", Required: true})
	content, diags := block.Body.Content(schema)
	must(r.t, diags)
	if len(content.Attributes) != 2 {
		r.t.Errorf("a provider has more than its project: %v", slices.Collect(maps.Keys(content.Attributes)))
	}
	r.projects[r.text(content, "alias")] = r.text(content, "project_name")
}

// sources answers them in the order that they refer to each other; JSON has none.
func (r *reader) sources(blocks hcl.Blocks) {
	for _, typ := range []string{"spectrocloud_registry", "spectrocloud_pack", "spectrocloud_cluster_profile"} {
		for _, block := range blocks {
			if block.Labels[0] == typ {
				r.source(block)
			}
		}
	}
}

// source answers a data source as the provider does, and puts it into the scope.
func (r *reader) source(block *hcl.Block) {
	known := r.schema.DataSourceSchemas[block.Labels[0]]
	content := r.content(block, known)
	answer := map[string]cty.Value{}
	for name := range known.Block.Attributes {
		if answer[name] = cty.StringVal(r.text(content, name)); name == "id" {
			answer[name] = cty.StringVal("uid of " + r.text(content, "name"))
		}
	}
	switch block.Labels[0] {
	case "spectrocloud_pack":
		answer["version"] = cty.StringVal(cmp.Or(r.text(content, "version"), "newest"))
	case "spectrocloud_cluster_profile":
		answer["pack"] = layerValues(r.layers)
	}
	typ, label := block.Labels[0], block.Labels[1]
	if r.data[typ] == nil {
		r.data[typ] = map[string]cty.Value{}
	}
	r.data[typ][label] = cty.ObjectVal(answer)
	all := map[string]cty.Value{}
	for typ, answers := range r.data {
		all[typ] = cty.ObjectVal(answers)
	}
	r.context.Variables["data"] = cty.ObjectVal(all)
}

func layerValues(layers []layer) cty.Value {
	var all []cty.Value
	for _, l := range layers {
		manifests := cty.ListValEmpty(cty.Object(map[string]cty.Type{"name": cty.String, "content": cty.String}))
		var each []cty.Value
		for _, m := range l.Manifests {
			each = append(each, cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal(m.Name), "content": cty.StringVal(m.Content)}))
		}
		if len(each) > 0 {
			manifests = cty.ListVal(each)
		}
		all = append(all, cty.ObjectVal(map[string]cty.Value{
			"name": cty.StringVal(l.Name), "type": cty.StringVal(l.Type), "tag": cty.StringVal(l.Tag), "uid": cty.StringVal(l.UID),
			"registry_uid": cty.StringVal(l.RegistryUID), "values": cty.StringVal(l.Values), "manifest": manifests,
		}))
	}
	return cty.ListVal(all)
}

func (r *reader) importing(block *hcl.Block) {
	content, diags := block.Body.Content(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "to", Required: true}, {Name: "id", Required: true}}})
	must(r.t, diags)
	to := r.reference(content, "to")
	label, ok := strings.CutPrefix(to, "spectrocloud_cluster_profile.")
	if !ok || r.imports[label] != "" {
		r.t.Errorf("an import to %q", to)
	}
	r.imports[label] = r.text(content, "id")
}

func (r *reader) resource(block *hcl.Block) resource {
	block.Body = dynblock.Expand(block.Body, r.context)
	content := r.content(block, r.schema.ResourceSchemas[block.Labels[0]])
	out := resource{
		Name: r.text(content, "name"), Version: r.text(content, "version"), Context: r.text(content, "context"),
		Cloud: r.text(content, "cloud"), Type: r.text(content, "type"),
		Project: r.projects[r.alias(content)], Import: r.imports[block.Labels[1]],
	}
	delete(r.imports, block.Labels[1])
	if attribute := content.Attributes["skip_destroy"]; attribute != nil {
		value, diags := attribute.Expr.Value(&hcl.EvalContext{})
		must(r.t, diags)
		out.SkipDestroy = value.True()
	}
	known := r.schema.ResourceSchemas[block.Labels[0]].Block.NestedBlocks["pack"].Block
	for _, pack := range content.Blocks.OfType("pack") {
		out.Packs = append(out.Packs, r.layer(pack, known))
	}
	for _, lifecycle := range content.Blocks.OfType("lifecycle") {
		out.CreateFirst, out.Ignored, out.Refused = r.lifecycle(lifecycle)
	}
	return out
}

func (r *reader) layer(block *hcl.Block, known *tfjson.SchemaBlock) layer {
	content, diags := block.Body.Content(bodySchema(known))
	must(r.t, diags)
	out := layer{
		Name: r.text(content, "name"), Type: r.text(content, "type"), Tag: r.text(content, "tag"), UID: r.text(content, "uid"),
		RegistryUID: r.text(content, "registry_uid"), RegistryName: r.text(content, "registry_name"), Values: r.text(content, "values"),
	}
	for _, inner := range content.Blocks.OfType("manifest") {
		content, diags := inner.Body.Content(bodySchema(known.NestedBlocks["manifest"].Block))
		must(r.t, diags)
		out.Manifests = append(out.Manifests, manifest{r.text(content, "name"), r.text(content, "content")})
	}
	return out
}

// lifecycle reads what is ignored, and which preconditions do not hold for the
// layers that are there.
func (r *reader) lifecycle(block *hcl.Block) (createFirst bool, ignored, refused []string) {
	content, diags := block.Body.Content(&hcl.BodySchema{
		Attributes: []hcl.AttributeSchema{{Name: "ignore_changes"}, {Name: "create_before_destroy"}},
		Blocks:     []hcl.BlockHeaderSchema{{Type: "precondition"}, {Type: "postcondition"}},
	})
	must(r.t, diags)
	if attribute := content.Attributes["create_before_destroy"]; attribute != nil {
		value, diags := attribute.Expr.Value(nil)
		must(r.t, diags)
		createFirst = value.True()
	}
	for _, condition := range content.Blocks {
		// Only what was planned can be told of itself.
		delete(r.context.Variables, "self")
		if condition.Type == "postcondition" {
			r.context.Variables["self"] = r.self
		}
		inner, diags := condition.Body.Content(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{
			{Name: "condition", Required: true}, {Name: "error_message", Required: true},
		}})
		must(r.t, diags)
		value, diags := inner.Attributes["condition"].Expr.Value(r.context)
		must(r.t, diags)
		if value.False() {
			refused = append(refused, r.text(inner, "error_message"))
		}
	}
	if content.Attributes["ignore_changes"] == nil {
		return createFirst, nil, refused
	}
	expressions, diags := hcl.ExprList(content.Attributes["ignore_changes"].Expr)
	must(r.t, diags)
	for _, e := range expressions {
		ignored = append(ignored, path(r.t, e))
	}
	return createFirst, ignored, refused
}
