package schemacheck

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

// explainType says what a value is and what is wanted.
func explainType(got string, want []string, node *yamldoc.Node) (text, suggestion string) {
	names := make([]string, len(want))
	for i, t := range want {
		names[i] = typeName(t)
	}
	wanted := strings.Join(slices.Compact(names), " or ")
	wantsString := slices.Contains(want, "string")
	switch {
	case node.Kind == yamldoc.Scalar && node.Value == nil:
		return "has no value; " + wanted + " is wanted", "give it a value or remove the key"
	case node.Kind == yamldoc.Scalar && wantsString:
		return fmt.Sprintf("%s is %s; %s is wanted", readAs(node), typeName(got), wanted), "quote it: " + strconv.Quote(node.Raw)
	case node.Kind == yamldoc.Scalar && slices.Contains(want, "array"):
		return fmt.Sprintf("%s is %s; %s is wanted", show(node.Value), typeName(got), wanted), "write [" + node.Raw + "]"
	case node.Kind == yamldoc.Scalar:
		return fmt.Sprintf("%s is %s; %s is wanted", show(node.Value), typeName(got), wanted), ""
	}
	return fmt.Sprintf("is %s; %s is wanted", typeName(got), wanted), ""
}

// readAs shows a scalar as written, and as YAML reads it when that differs: 24.10
// is read as 24.1.
func readAs(node *yamldoc.Node) string {
	if read := show(node.Value); read != node.Raw {
		return node.Raw + " (read as " + read + ")"
	}
	return node.Raw
}

func typeName(t string) string {
	switch t {
	case "string":
		return "text"
	case "object":
		return "a mapping"
	case "array":
		return "a list"
	case "integer":
		return "a whole number"
	case "number":
		return "a number"
	case "boolean":
		return "true or false"
	case "null":
		return "nothing"
	}
	return t
}

func explainEnum(value any, allowed []any) (message, suggestion string) {
	want := make([]string, len(allowed))
	for i, w := range allowed {
		want[i] = show(w)
	}
	got := show(value)
	if near := text.Nearest(got, want); near != "" && len(want) > 1 {
		return got + " is not one of " + strings.Join(want, ", "), text.Meant(near)
	}
	if len(want) == 1 {
		return got + " is not allowed", "write " + want[0]
	}
	return got + " is not one of " + strings.Join(want, ", "), ""
}

func show(value any) string {
	if s, ok := value.(string); ok {
		return s
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
