package terraform

import (
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
	for _, r := range m.registries {
		separate()
		set(body.AppendNewBlock("data", []string{registryType, r.label}).Body(), "name", r.name)
	}
	for _, p := range m.packs {
		separate()
		block := body.AppendNewBlock("data", []string{packType, p.label}).Body()
		set(block, "name", p.name)
		setOptional(block, "version", p.version)
		block.SetAttributeTraversal("registry_uid", traversal("data", registryType, p.registry, "id"))
	}
	for _, p := range m.profiles {
		separate()
		p.hcl(body.AppendNewBlock("resource", []string{profileType, p.label}).Body())
	}
	if len(m.locals) > 0 {
		separate()
		body.AppendNewBlock("locals", nil).Body().SetAttributeRaw(localName, localsObject(m.locals))
	}
	// Aligns what was built from single tokens.
	return hclwrite.Format(f.Bytes())
}

func (p profile) hcl(body *hclwrite.Body) {
	set(body, "name", p.Name)
	setOptional(body, "version", p.Version)
	set(body, "context", p.context())
	setOptional(body, "cloud", p.Cloud)
	set(body, "type", "cluster")
	for _, pack := range p.packs {
		body.AppendNewline()
		block := body.AppendNewBlock("pack", nil).Body()
		for _, attribute := range packAttributes() {
			block.SetAttributeTraversal(attribute.name, traversal("data", packType, pack.data, attribute.of))
		}
		block.SetAttributeRaw("values", text(pack.values))
	}
}

type packAttribute struct{ name, of string }

// packAttributes are the attributes of a pack block that its data source has.
func packAttributes() []packAttribute {
	return []packAttribute{{"name", "name"}, {"tag", "version"}, {"uid", "id"}, {"registry_uid", "registry_uid"}}
}

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

// localsObject is an object of strings, one line or heredoc for each.
func localsObject(locals []local) hclwrite.Tokens {
	tokens := hclwrite.Tokens{
		{Type: hclsyntax.TokenOBrace, Bytes: []byte("{")},
		{Type: hclsyntax.TokenNewline, Bytes: []byte("\n")},
	}
	for _, l := range locals {
		tokens = append(tokens, quoted(l.key)...)
		tokens = append(tokens, &hclwrite.Token{Type: hclsyntax.TokenEqual, Bytes: []byte(" = ")})
		tokens = append(tokens, text(l.value)...)
		tokens = append(tokens, &hclwrite.Token{Type: hclsyntax.TokenNewline, Bytes: []byte("\n")})
	}
	return append(tokens, &hclwrite.Token{Type: hclsyntax.TokenCBrace, Bytes: []byte("}")})
}

// quoted writes a string that must not be taken for a template.
func quoted(value string) hclwrite.Tokens { return hclwrite.TokensForValue(cty.StringVal(value)) }

// text writes a string as people like to read it: several lines as a heredoc
// where that holds every byte, else quoted.
func text(value string) hclwrite.Tokens {
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
