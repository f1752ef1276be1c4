package plugin

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/kubectl-byoos/kubectl-byoos/internal/schemacheck"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// printKeys prints the keys of a plugin's configuration, a line each; keys of
// objects follow theirs, joined by dots. What a schema says by other keywords is
// left to `--schema`.
func printKeys(p *source.Plugin, out io.Writer) error {
	k := &keys{out: tabwriter.NewWriter(out, 0, 8, 3, ' ', 0)}
	if err := json.Unmarshal([]byte(p.ConfigSchema()), &k.root); err != nil {
		return fmt.Errorf("plugin %s: its configuration schema is not JSON: %w", p.Type, err)
	}
	k.write("", k.root, 0)
	return k.out.Flush()
}

// Bounds of what is printed of a schema that refers to itself.
const (
	maxDepth = 8
	maxLines = 1000
)

// keys prints a JSON Schema: an object, or true or false for anything and nothing.
type keys struct {
	root  any
	out   *tabwriter.Writer
	lines int
}

func (k *keys) write(prefix string, schema any, depth int) {
	parts := k.parts(schema)
	required := map[string]bool{}
	properties := map[string]any{}
	for _, part := range parts {
		for _, name := range texts(part["required"]) {
			required[name] = true
		}
		of, _ := part["properties"].(map[string]any)
		for name, property := range of {
			if _, known := properties[name]; !known {
				properties[name] = property
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if k.lines++; properties[name] == false || k.lines > maxLines {
			continue
		}
		kind := k.kind(properties[name], depth)
		if required[name] {
			kind += ", required"
		}
		key := text.HarmlessLine(prefix + name)
		fmt.Fprintf(k.out, "  %s\t%s\t%s\n", key, text.HarmlessLine(kind), text.HarmlessLine(k.about(properties[name])))
		if depth < maxDepth {
			k.write(key+".", properties[name], depth+1)
			k.write(key+"[].", first(k.parts(properties[name]), "items"), depth+1)
		}
	}
}

// parts returns the schemas that apply to one value, or may: the schema itself,
// and those that it refers to.
func (k *keys) parts(schema any) []map[string]any { return k.gather(schema, map[string]bool{}) }

func (k *keys) gather(schema any, seen map[string]bool) []map[string]any {
	object, ok := schema.(map[string]any)
	if !ok {
		return nil
	}
	parts := []map[string]any{object}
	ref, _ := object["$ref"].(string)
	if pointer, local := strings.CutPrefix(ref, "#"); local && !seen[ref] {
		seen[ref] = true
		parts = append(parts, k.gather(schemacheck.Within(k.root, pointer), seen)...)
	}
	for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
		list, _ := object[keyword].([]any)
		for _, part := range list {
			parts = append(parts, k.gather(part, seen)...)
		}
	}
	for _, keyword := range []string{"then", "else"} {
		parts = append(parts, k.gather(object[keyword], seen)...)
	}
	return parts
}

func (k *keys) kind(schema any, depth int) string {
	var types []string
	parts := k.parts(schema)
	for _, part := range parts {
		for _, t := range texts(part["type"]) {
			if !slices.Contains(types, t) {
				types = append(types, t)
			}
		}
	}
	kind := strings.Join(types, " or ")
	if items := first(parts, "items"); items != nil && depth < maxDepth {
		if of := k.kind(items, depth+1); of != "any" {
			return "list of " + of
		}
	}
	if kind == "" {
		return "any"
	}
	return kind
}

func (k *keys) about(schema any) string {
	parts := k.parts(schema)
	text, _ := first(parts, "description").(string)
	if enum, _ := first(parts, "enum").([]any); len(enum) > 0 {
		text += " One of " + strings.Trim(fmt.Sprint(enum), "[]") + "."
	}
	if constant := first(parts, "const"); constant != nil {
		text += fmt.Sprintf(" Always %v.", constant)
	}
	if value := first(parts, "default"); value != nil {
		text += fmt.Sprintf(" Default: %v.", value)
	}
	return strings.TrimSpace(text)
}

// first returns what the first schema that has a keyword says by it.
func first(parts []map[string]any, keyword string) any {
	for _, part := range parts {
		if value, ok := part[keyword]; ok {
			return value
		}
	}
	return nil
}

// texts returns a text, or those of a list.
func texts(value any) []string {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	var all []string
	for _, one := range list {
		if text, ok := one.(string); ok {
			all = append(all, text)
		}
	}
	return all
}
