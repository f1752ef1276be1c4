package terraform

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// former is what an earlier output says of profiles.
type former struct {
	providers []provider
	// live has the labels of resources, and of those that it let go, with false.
	live map[string]bool
	// imported are labels of those that have all layers of the profile.
	imported []string
	// unread tells that there is something that cannot be read.
	unread bool
}

// maxNested is how deep a file is read: its own outputs are far from it. The parser
// goes down with each bracket and sign, and a stack that is full ends the program.
const (
	maxNested = 1000
	maxSigns  = 20 * maxNested
)

// readFormer reads an earlier output. What is no such file has nothing.
func readFormer(data []byte, asJSON bool) former {
	unread := former{unread: len(data) > 0}
	var file *hcl.File
	var diags hcl.Diagnostics
	if asJSON {
		if !json.Valid(data) { // which has a limit of its own
			return unread
		}
		file, diags = hcljson.Parse(data, "byoos.tf.json")
	} else {
		if tokens, _ := hclsyntax.LexConfig(data, "byoos.tf", hcl.InitialPos); tooNested(tokens) {
			return unread
		}
		file, diags = hclsyntax.ParseConfig(data, "byoos.tf", hcl.InitialPos)
	}
	if diags.HasErrors() {
		return unread
	}
	content, _, _ := file.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "provider", LabelNames: []string{"name"}}, {Type: "resource", LabelNames: []string{"type", "name"}}, {Type: "removed"},
		{Type: "data", LabelNames: []string{"type", "name"}},
	}})
	f := former{live: map[string]bool{}}
	for _, block := range content.Blocks {
		f.read(block)
	}
	return f
}

// tooNested tells whether a parser would go too deep. Signs that stand in a row count
// as brackets that are never closed, up to the end of the line.
func tooNested(tokens hclsyntax.Tokens) bool {
	depth, signs := 0, 0
	for _, token := range tokens {
		switch token.Type {
		case hclsyntax.TokenOParen, hclsyntax.TokenOBrack, hclsyntax.TokenOBrace, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			depth++
		case hclsyntax.TokenCParen, hclsyntax.TokenCBrack, hclsyntax.TokenCBrace, hclsyntax.TokenTemplateSeqEnd:
			depth--
		case hclsyntax.TokenBang, hclsyntax.TokenMinus, hclsyntax.TokenQuestion:
			signs++
		case hclsyntax.TokenNewline:
			signs = 0
		}
		if depth > maxNested || signs > maxSigns {
			return true
		}
	}
	return false
}

func (f *former) read(block *hcl.Block) {
	attributes := attributesOf(block, "alias", "project_name", "from")
	switch block.Type {
	case "resource":
		if block.Labels[0] == profileType {
			f.live[block.Labels[1]] = true
		}
	case "data":
		if block.Labels[0] == profileType {
			f.imported = append(f.imported, block.Labels[1])
		}
	case "removed":
		if label, ok := strings.CutPrefix(referred(attributes["from"]), profileType+"."); ok {
			f.live[label] = false
		}
	case "provider":
		one := provider{constant(attributes["alias"]), constant(attributes["project_name"])}
		if block.Labels[0] == providerName && one.alias != "" && one.project != "" {
			f.providers = append(f.providers, one)
		}
	}
}

func attributesOf(block *hcl.Block, names ...string) hcl.Attributes {
	var schema hcl.BodySchema
	for _, name := range names {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: name})
	}
	content, _, _ := block.Body.PartialContent(&schema)
	return content.Attributes
}

// constant is the text of an attribute; empty when it has none, or would have to be computed.
func constant(attribute *hcl.Attribute) string {
	if attribute == nil {
		return ""
	}
	expression, native := attribute.Expr.(hclsyntax.Expression)
	if !native {
		expression = template(attribute.Expr)
	}
	if !isText(expression) {
		return ""
	}
	value, _ := expression.Value(nil)
	return value.AsString()
}

// template is what a text of JSON says.
func template(expression hcl.Expression) hclsyntax.Expression {
	text, _ := expression.Value(nil)
	if text.Type() != cty.String {
		return nil
	}
	data := []byte(text.AsString())
	if tokens, _ := hclsyntax.LexTemplate(data, "byoos.tf.json", hcl.InitialPos); tooNested(tokens) {
		return nil
	}
	out, diags := hclsyntax.ParseTemplate(data, "byoos.tf.json", hcl.InitialPos)
	if diags.HasErrors() {
		return nil
	}
	return out
}

// isText tells a text from what would have to be computed.
func isText(expression hclsyntax.Expression) bool {
	template, ok := expression.(*hclsyntax.TemplateExpr)
	return ok && !slices.ContainsFunc(template.Parts, func(part hclsyntax.Expression) bool {
		_, literal := part.(*hclsyntax.LiteralValueExpr)
		return !literal && !isText(part)
	})
}

// referred is what an attribute refers to: a resource of this module.
func referred(attribute *hcl.Attribute) string {
	if attribute == nil {
		return ""
	}
	steps, _ := hcl.AbsTraversalForExpr(attribute.Expr)
	if len(steps) != 2 {
		return ""
	}
	name, ok := steps[1].(hcl.TraverseAttr)
	if !ok {
		return ""
	}
	return steps.RootName() + "." + name.Name
}

// keepsLayers refuses to list the BYOOS layer alone for a profile of which all layers
// were listed: Terraform would take the others out of it.
func (m *module) keepsLayers(f former) error {
	for _, p := range m.profiles {
		if p.Create && slices.Contains(f.imported, p.label) {
			return failure.Usage("take target.create out; or remove the earlier output, when Terraform is to make the profile anew",
				"pack %q: the earlier output imports profile %q, and with target.create Terraform would take its other layers away", p.pack.Name, p.Name)
		}
	}
	return nil
}

// letGo tells Terraform to forget the profiles that a former output has and this one
// has not: without a word it would delete them. Their providers stay, as it asks for
// these. People would see in Terraform's plan alone what is let go for the first time,
// so note tells it.
func (m *module) letGo(f former, note func(string)) {
	if f.unread {
		note("the earlier output cannot be read: what it had is not let go of; see in Terraform's plan that nothing is destroyed")
	}
	for _, label := range slices.Sorted(maps.Keys(f.live)) {
		if slices.ContainsFunc(m.profiles, func(p profile) bool { return p.label == label }) {
			continue
		}
		m.removed = append(m.removed, label)
		if f.live[label] {
			note("Terraform lets go of " + profileType + "." + label + ", which is no longer rendered; the profile stays in Palette")
		}
	}
	for _, p := range f.providers {
		if !slices.ContainsFunc(m.providers, func(other provider) bool { return other.alias == p.alias }) {
			m.providers = append(m.providers, p)
		}
	}
}
