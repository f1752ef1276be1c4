package terraform

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

func (m *module) hcl() []byte {
	f := hclwrite.NewEmptyFile()
	body := f.Body()
	separate := func() {
		if len(body.Blocks()) > 0 {
			body.AppendNewline()
		}
	}
	for _, p := range m.providers {
		separate()
		block := body.AppendNewBlock("provider", []string{providerName}).Body()
		set(block, "alias", p.alias)
		set(block, "project_name", p.project)
	}
	for _, r := range m.registries {
		separate()
		set(source(body, registryType, r.label, r.provider), "name", r.name)
	}
	for _, p := range m.packs {
		separate()
		p.hcl(body)
	}
	for _, p := range m.profiles {
		separate()
		if p.Create {
			p.created(p.resource(body))
		} else {
			p.imported(body)
		}
	}
	for _, label := range m.removed {
		separate()
		block := body.AppendNewBlock("removed", nil).Body()
		block.SetAttributeTraversal("from", traversal(profileType, label))
		block.AppendNewline()
		block.AppendNewBlock("lifecycle", nil).Body().SetAttributeValue("destroy", cty.False)
	}
	if len(m.locals) > 0 {
		separate()
		block := body.AppendNewBlock("locals", nil).Body()
		block.SetAttributeRaw(localName, localsObject(m.locals, text))
		if len(m.lost) > 0 {
			block.AppendNewline()
			block.SetAttributeRaw(lostName, localsObject(m.lost, expression))
		}
	}
	// Aligns what was built from single tokens.
	return hclwrite.Format(f.Bytes())
}

func (p packData) hcl(body *hclwrite.Body) {
	block := source(body, packType, p.label, p.provider)
	set(block, "name", p.name)
	setOptional(block, "version", p.version)
	if p.registryUID != "" {
		set(block, "registry_uid", p.registryUID)
		return
	}
	block.SetAttributeTraversal("registry_uid", traversal("data", registryType, p.registry, "id"))
}

func source(body *hclwrite.Body, typ, label, provider string) *hclwrite.Body {
	block := body.AppendNewBlock("data", []string{typ, label}).Body()
	setProvider(block, provider)
	return block
}

func setProvider(body *hclwrite.Body, alias string) {
	if alias != "" {
		body.SetAttributeTraversal("provider", traversal(providerName, alias))
	}
}

func (p profile) resource(body *hclwrite.Body) *hclwrite.Body {
	block := body.AppendNewBlock("resource", []string{profileType, p.label}).Body()
	setProvider(block, p.provider)
	p.identity(block)
	return block
}

func (p profile) identity(body *hclwrite.Body) {
	set(body, "name", p.Name)
	set(body, "version", p.version())
	set(body, "context", string(p.Context))
}

func (p profile) created(body *hclwrite.Body) {
	set(body, "cloud", p.Cloud)
	set(body, "type", cmp.Or(p.Type, defaultType))
	body.SetAttributeValue("skip_destroy", cty.True)
	body.AppendNewline()
	block := body.AppendNewBlock("pack", nil).Body()
	set(block, "type", packKind)
	for _, attribute := range packAttributes() {
		block.SetAttributeTraversal(attribute.name, traversal("data", packType, p.data, attribute.of))
	}
	block.SetAttributeRaw("values", text(p.pack.Values))
	p.lifecycle(body)
}

// imported writes what takes a profile over: Terraform 1.5 has import blocks, and
// the provider skip_destroy since 0.29.5.
func (p profile) imported(body *hclwrite.Body) {
	p.identity(source(body, profileType, p.label, p.provider))
	body.AppendNewline()
	block := body.AppendNewBlock("import", nil).Body()
	block.SetAttributeTraversal("to", traversal(profileType, p.label))
	set(block, "id", p.importID())
	body.AppendNewline()
	resource := p.resource(body)
	// Terraform did not make it.
	resource.SetAttributeValue("skip_destroy", cty.True)
	resource.AppendNewline()
	e := p.expressions()
	content := dynamic(resource, "pack", e.layers)
	for _, name := range layerAttributes() {
		content.SetAttributeTraversal(name, traversal("pack", "value", name))
	}
	setExpression(content, "values", e.values)
	content.AppendNewline()
	manifest := dynamic(content, "manifest", "pack.value.manifest")
	for _, name := range manifestAttributes() {
		manifest.SetAttributeTraversal(name, traversal("manifest", "value", name))
	}
	lifecycle := p.lifecycle(resource)
	for _, c := range e.conditions {
		lifecycle.AppendNewline()
		block := lifecycle.AppendNewBlock(c.when, nil).Body()
		setExpression(block, "condition", c.holds)
		setExpression(block, "error_message", template(c.message))
	}
}

// lifecycle writes the block. A profile that Terraform would put in place of another
// one is made first, which Palette refuses: nothing is lost.
func (p profile) lifecycle(body *hclwrite.Body) *hclwrite.Body {
	body.AppendNewline()
	block := body.AppendNewBlock("lifecycle", nil).Body()
	if p.Create {
		block.SetAttributeValue("create_before_destroy", cty.True)
	}
	if len(p.ignored()) > 0 {
		setExpression(block, "ignore_changes", "["+strings.Join(p.ignored(), ", ")+"]")
	}
	return block
}

// dynamic writes a block for each element, and returns its content.
func dynamic(body *hclwrite.Body, name, each string) *hclwrite.Body {
	block := body.AppendNewBlock("dynamic", []string{name}).Body()
	setExpression(block, "for_each", each)
	return block.AppendNewBlock("content", nil).Body()
}

// setExpression sets an attribute to an expression of our own making.
func setExpression(body *hclwrite.Body, name, value string) {
	body.SetAttributeRaw(name, expression(value))
}

func expression(text string) hclwrite.Tokens {
	return hclwrite.Tokens{{Type: hclsyntax.TokenIdent, Bytes: []byte(text)}}
}

// template is a string of texts and expressions by turns.
func template(parts []string) string {
	return `"` + byTurns(parts, func(text string) string {
		literal := quotedText(text)
		return literal[1 : len(literal)-1]
	}) + `"`
}

// byTurns joins texts, each as written has it, and expressions by turns.
func byTurns(parts []string, written func(string) string) string {
	var b strings.Builder
	for i, part := range parts {
		if i%2 == 1 {
			b.WriteString("${" + part + "}")
			continue
		}
		b.WriteString(written(part))
	}
	return b.String()
}

// layerAttributes are what a layer of a profile is read and written back by,
// beside its values; manifestAttributes those of its manifests.
func layerAttributes() []string    { return []string{"name", "type", "tag", "uid"} }
func manifestAttributes() []string { return []string{"name", "content"} }

type packAttribute struct{ name, of string }

// packAttributes are the attributes of a pack block that its data source has.
func packAttributes() []packAttribute {
	return []packAttribute{{"name", "name"}, {"tag", "version"}, {"uid", "id"}, {"registry_uid", "registry_uid"}}
}

func quotedText(value string) string { return string(quoted(value).Bytes()) }

func set(body *hclwrite.Body, name, value string) {
	body.SetAttributeRaw(name, quoted(value))
}

func setOptional(body *hclwrite.Body, name, value string) {
	if value != "" {
		set(body, name, value)
	}
}

func traversal(root string, names ...string) hcl.Traversal {
	t := hcl.Traversal{hcl.TraverseRoot{Name: root}}
	for _, name := range names {
		t = append(t, hcl.TraverseAttr{Name: name})
	}
	return t
}

// localsObject is an object, with one line, heredoc or expression for each of its
// values.
func localsObject(locals []local, written func(string) hclwrite.Tokens) hclwrite.Tokens {
	tokens := hclwrite.Tokens{
		{Type: hclsyntax.TokenOBrace, Bytes: []byte("{")},
		{Type: hclsyntax.TokenNewline, Bytes: []byte("\n")},
	}
	for _, l := range locals {
		tokens = append(tokens, quoted(l.key)...)
		tokens = append(tokens, &hclwrite.Token{Type: hclsyntax.TokenEqual, Bytes: []byte(" = ")})
		tokens = append(tokens, written(l.value)...)
		tokens = append(tokens, &hclwrite.Token{Type: hclsyntax.TokenNewline, Bytes: []byte("\n")})
	}
	return append(tokens, &hclwrite.Token{Type: hclsyntax.TokenCBrace, Bytes: []byte("}")})
}

// quoted writes a string that must not be taken for a template.
func quoted(value string) hclwrite.Tokens { return hclwrite.TokensForValue(cty.StringVal(value)) }

// text writes a string as people like to read it: several lines as a heredoc
// where that holds every byte, else quoted. A heredoc's last line has an end, which is
// taken off where the string has none.
func text(value string) hclwrite.Tokens {
	if whole := value + "\n"; strings.Contains(value, "\n") && fitsHeredoc(whole) && !strings.HasSuffix(value, "\n") {
		tokens := append(expression("chomp"), &hclwrite.Token{Type: hclsyntax.TokenOParen, Bytes: []byte("(")})
		tokens = append(tokens, text(whole)...)
		return append(tokens,
			&hclwrite.Token{Type: hclsyntax.TokenNewline, Bytes: []byte("\n")}, &hclwrite.Token{Type: hclsyntax.TokenCParen, Bytes: []byte(")")})
	}
	if !fitsHeredoc(value) {
		return quoted(value)
	}
	mark := delimiter(value)
	return hclwrite.Tokens{
		{Type: hclsyntax.TokenOHeredoc, Bytes: []byte("<<" + mark + "\n")},
		{Type: hclsyntax.TokenStringLit, Bytes: []byte(escapeTemplate(value))},
		// The line's end is left to what follows.
		{Type: hclsyntax.TokenCHeredoc, Bytes: []byte(mark)},
	}
}

func fitsHeredoc(value string) bool {
	if !strings.HasSuffix(value, "\n") {
		return false
	}
	return !strings.ContainsFunc(value, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) })
}

// delimiter is a word that is on no line of its own.
func delimiter(value string) string {
	mark := "EOT"
	for n := 2; hasLine(value, mark); n++ {
		mark = fmt.Sprintf("EOT%d", n)
	}
	return mark
}

func hasLine(value, word string) bool {
	for line := range strings.Lines(value) {
		if strings.TrimSpace(line) == word {
			return true
		}
	}
	return false
}

// escapeTemplate writes text so that a template gives it back. A single ${ or %{
// is escaped by doubling its sign. What the scanner reads otherwise than one
// would think, more than one sign before a brace and a carriage return that ends
// no line, becomes an expression of its own.
func escapeTemplate(value string) string {
	var b strings.Builder
	for value != "" {
		special := value[:specials(value)]
		rest := value[len(special):]
		switch {
		case special == "":
			b.WriteByte(value[0])
			rest = value[1:]
		case strings.Contains(special, "\r"), len(special) > 1 && strings.HasPrefix(rest, "{"):
			b.WriteString(`${"` + strings.ReplaceAll(special, "\r", `\r`) + `"}`)
		case strings.HasPrefix(rest, "{"):
			b.WriteString(special + special)
		default:
			b.WriteString(special)
		}
		value = rest
	}
	return b.String()
}

// specials counts the signs and lone carriage returns that value begins with.
func specials(value string) int {
	n := 0
	for n < len(value) && (value[n] == '$' || value[n] == '%' || value[n] == '\r' && !strings.HasPrefix(value[n+1:], "\n")) {
		n++
	}
	return n
}
