package terraform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
)

// body is what a file or a block holds, before it has a syntax.
type body []item

// item is an attribute, which has a value; or a block, which has labels and a body.
type item struct {
	name   string
	value  value
	labels []string
	body   body
}

// value is that of an attribute, in both syntaxes. In JSON every string is a template.
// https://developer.hashicorp.com/terraform/language/syntax/json
type value interface {
	hcl() string
	json() any
}

func (b *body) set(name string, v value) { *b = append(*b, item{name: name, value: v}) }

// setOptional sets an attribute to a text that may be empty, which is left out.
func (b *body) setOptional(name, v string) {
	if v != "" {
		b.set(name, text(v))
	}
}

// setProvider names the configuration of the provider, unless it is the module's own.
func (b *body) setProvider(alias string) {
	if alias != "" {
		b.set("provider", address(providerName+"."+alias))
	}
}

func (b *body) block(content body, name string, labels ...string) {
	*b = append(*b, item{name: name, labels: labels, body: content})
}

// hcl writes items on lines of their own, which still have to be aligned.
func (b body) hcl() string {
	var out strings.Builder
	for i, it := range b {
		_, isObject := it.value.(object)
		if i > 0 && (isObject || it.value == nil && it.name != "content") {
			out.WriteString("\n")
		}
		if it.value != nil {
			fmt.Fprintf(&out, "%s = %s\n", it.name, it.value.hcl())
			continue
		}
		out.WriteString(it.name)
		for _, label := range it.labels {
			out.WriteString(" " + quotedText(label))
		}
		fmt.Fprintf(&out, " {\n%s}\n", it.body.hcl())
	}
	return out.String()
}

// json has blocks below their labels, and those of which there may be several in lists.
func (b body) json() map[string]any {
	out := map[string]any{}
	for _, it := range b {
		if it.value != nil {
			out[it.name] = it.value.json()
			continue
		}
		at, path := out, append([]string{it.name}, it.labels...)
		last := len(path) - 1
		for _, name := range path[:last] {
			if at[name] == nil {
				at[name] = map[string]any{}
			}
			at = at[name].(map[string]any)
		}
		if slices.Contains([]string{"provider", "import", "removed", "pack", before, after}, it.name) {
			all, _ := at[path[last]].([]any)
			at[path[last]] = append(all, it.body.json())
			continue
		}
		at[path[last]] = it.body.json()
	}
	return out
}

// text is a string that must not be taken for a template.
type text string

func (v text) hcl() string { return heredoc(string(v)) }
func (v text) json() any   { return escapeTemplate(string(v)) }

// expression is one of our own making.
type expression string

func (v expression) hcl() string { return string(v) }
func (v expression) json() any   { return "${" + string(v) + "}" }

// address names something of the configuration where no expression may stand.
type address string

func (v address) hcl() string { return string(v) }
func (v address) json() any   { return string(v) }

type addresses []string

func (v addresses) hcl() string { return "[" + strings.Join(v, ", ") + "]" }
func (v addresses) json() any   { return []string(v) }

type flag bool

func (v flag) hcl() string { return fmt.Sprint(bool(v)) }
func (v flag) json() any   { return bool(v) }

// message is a string of texts and expressions by turns.
type message []string

func (v message) hcl() string {
	return `"` + v.join(func(text string) string {
		literal := quotedText(text)
		return literal[1 : len(literal)-1]
	}) + `"`
}

func (v message) json() any { return v.join(escapeTemplate) }

func (v message) join(written func(string) string) string {
	var b strings.Builder
	for i, part := range v {
		if i%2 == 1 {
			b.WriteString("${" + part + "}")
			continue
		}
		b.WriteString(written(part))
	}
	return b.String()
}

// object has values by names that need not be those of attributes.
type object body

func (v object) hcl() string {
	var out strings.Builder
	for _, it := range v {
		fmt.Fprintf(&out, "%s = %s\n", quotedText(it.name), it.value.hcl())
	}
	return "{\n" + out.String() + "}"
}

func (v object) json() any {
	out := map[string]any{}
	for _, it := range v {
		out[escapeTemplate(it.name)] = it.value.json()
	}
	return out
}

// written returns a file in one of the syntaxes.
func (b body) written(asJSON bool) []byte {
	if asJSON {
		return indented(b.json())
	}
	return hclwrite.Format([]byte(b.hcl()))
}
