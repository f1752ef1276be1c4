package plugin

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
)

// property is what a configuration schema says of one key.
type property struct {
	Type        string              `json:"type"`
	Description string              `json:"description"`
	Default     any                 `json:"default"`
	Enum        []any               `json:"enum"`
	Required    []string            `json:"required"`
	Properties  map[string]property `json:"properties"`
	Items       *property           `json:"items"`
}

// printKeys prints the keys of a plugin's configuration, a line each; keys of
// objects follow theirs, joined by dots.
func printKeys(p *source.Plugin, out io.Writer) error {
	var schema property
	if err := json.Unmarshal([]byte(p.ConfigSchema()), &schema); err != nil {
		return fmt.Errorf("plugin %s: its configuration schema is not JSON: %w", p.Type, err)
	}
	w := tabwriter.NewWriter(out, 0, 8, 3, ' ', 0)
	schema.write("", w)
	return w.Flush()
}

func (p property) write(prefix string, w io.Writer) {
	for _, name := range slices.Sorted(maps.Keys(p.Properties)) {
		key := p.Properties[name]
		fmt.Fprintf(w, "  %s\t%s\t%s\n", prefix+name, key.kind(slices.Contains(p.Required, name)), key.about())
		switch {
		case len(key.Properties) > 0:
			key.write(prefix+name+".", w)
		case key.Items != nil && len(key.Items.Properties) > 0:
			key.Items.write(prefix+name+"[].", w)
		}
	}
}

func (p property) kind(required bool) string {
	kind := p.Type
	if p.Items != nil && p.Items.Type != "" {
		kind = "list of " + p.Items.Type
	}
	if required {
		kind += ", required"
	}
	return kind
}

func (p property) about() string {
	text := p.Description
	if len(p.Enum) > 0 {
		text += " One of " + strings.Trim(fmt.Sprint(p.Enum), "[]") + "."
	}
	if p.Default != nil {
		text += fmt.Sprintf(" Default: %v.", p.Default)
	}
	return strings.TrimSpace(text)
}
