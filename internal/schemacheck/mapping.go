package schemacheck

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spelling"
)

func (c *checker) mapping(node *Node, at spot, schema map[string]any) []fault {
	properties, _ := schema["properties"].(map[string]any)
	faults := checkLength(node, at, schema, "Properties", len(node.Fields), "key")
	faults = append(faults, missingKeys(node, at, schema, properties)...)
	for i := range node.Fields {
		faults = append(faults, c.field(node, &node.Fields[i], at, schema, properties)...)
	}
	return faults
}

func (c *checker) field(node *Node, field *Field, at spot, schema, properties map[string]any) []fault {
	here := spot{join(at.path, field.Key), field.Value.Line, field.Value.Column}
	if field.Value.Kind != Scalar || field.Value.Raw == "" {
		here.line, here.column = field.Line, field.Column // where a person looks for it
	}
	var faults []fault
	if names, ok := schema["propertyNames"]; ok {
		key := &Node{Line: field.Line, Column: field.Column, Value: field.Key, Raw: field.Key}
		faults = append(faults, c.check(key, spot{here.path, field.Line, field.Column}, names, 0)...)
	}
	known := false
	if property, ok := properties[field.Key]; ok {
		known = true
		faults = append(faults, c.check(field.Value, here, property, 0)...)
	}
	patterns, _ := schema["patternProperties"].(map[string]any)
	for _, pattern := range slices.Sorted(maps.Keys(patterns)) {
		if c.schema.patterns[pattern].MatchString(field.Key) {
			known = true
			faults = append(faults, c.check(field.Value, here, patterns[pattern], 0)...)
		}
	}
	others, limited := schema["additionalProperties"]
	switch {
	case known || !limited:
		return faults
	case others == false:
		unknown := spot{at.path, field.Line, field.Column}
		return append(faults, unknown.fault(node, fmt.Sprintf("unknown key %q", field.Key), c.meantKey(field.Key, properties))...)
	}
	return append(faults, c.check(field.Value, here, others, 0)...)
}

// meantKey says which key was probably meant.
func (c *checker) meantKey(key string, properties map[string]any) string {
	suggestion := spelling.DidYouMean(key, slices.Collect(maps.Keys(properties)))
	if parents := c.parentsOf(key, properties); parents != "" && !strings.HasPrefix(suggestion, "did you") {
		return "it is a key of " + parents + ", one level deeper"
	}
	return suggestion
}

// parentsOf names the properties whose own properties have the key.
func (c *checker) parentsOf(key string, properties map[string]any) string {
	var found []string
	for name, sub := range properties {
		object, _ := sub.(map[string]any)
		if ref, ok := object["$ref"].(string); ok {
			object = c.schema.object(ref)
		}
		if inner, _ := object["properties"].(map[string]any); inner[key] != nil {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return strings.Join(found, " or ")
}

// missingKeys applies required and dependentRequired.
func missingKeys(node *Node, at spot, schema, properties map[string]any) []fault {
	var faults []fault
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if key, ok := name.(string); ok && node.Field(key) == nil {
			faults = append(faults, at.fault(node, fmt.Sprintf(missingKey+"%q is missing", key), addKey(key, properties))...)
		}
	}
	dependent, _ := schema["dependentRequired"].(map[string]any)
	for _, has := range slices.Sorted(maps.Keys(dependent)) {
		needs, _ := dependent[has].([]any)
		for _, name := range needs {
			if key, ok := name.(string); ok && node.Field(has) != nil && node.Field(key) == nil {
				faults = append(faults, at.fault(node, fmt.Sprintf(missingKey+"%q is missing, which %s needs", key, has), addKey(key, properties))...)
			}
		}
	}
	return faults
}

// addKey says how to add a key that is missing.
func addKey(key string, properties map[string]any) string {
	property, _ := properties[key].(map[string]any)
	if enum, _ := property["enum"].([]any); len(enum) == 1 {
		return "add " + key + ": " + show(enum[0])
	}
	if description, ok := property["description"].(string); ok {
		return "add " + key + ": ... (" + strings.TrimSuffix(description, ".") + ")"
	}
	return "add " + key + ": ..."
}

// combined applies the keywords that hold schemas for the same value.
func (c *checker) combined(node *Node, at spot, schema map[string]any, nesting int) []fault {
	var faults []fault
	if ref, ok := schema["$ref"].(string); ok {
		target, _ := c.schema.resolve(ref)
		faults = append(faults, c.check(node, at, target, nesting)...)
	}
	all, _ := schema["allOf"].([]any)
	for _, part := range all {
		faults = append(faults, c.check(node, at, part, nesting)...)
	}
	if some, ok := schema["anyOf"].([]any); ok {
		found, fit := c.branches(node, at, some, nesting)
		if fit == 0 {
			faults = append(faults, found...)
		}
	}
	if one, ok := schema["oneOf"].([]any); ok {
		found, fit := c.branches(node, at, one, nesting)
		switch {
		case fit == 0:
			faults = append(faults, found...)
		case fit > 1:
			faults = append(faults, at.fault(node, "fits more than one of the forms that are allowed", "keep the keys of one")...)
		}
	}
	if not, ok := schema["not"]; ok && len(c.check(node, at, not, nesting)) == 0 {
		faults = append(faults, at.fault(node, "is not allowed here", "")...)
	}
	return append(faults, c.conditional(node, at, schema, nesting)...)
}

func (c *checker) conditional(node *Node, at spot, schema map[string]any, nesting int) []fault {
	condition, ok := schema["if"]
	if !ok {
		return nil
	}
	branch := "then"
	if len(c.check(node, at, condition, nesting)) > 0 {
		branch = "else"
	}
	if then, ok := schema[branch]; ok {
		return c.check(node, at, then, nesting)
	}
	return nil
}

// branches counts the alternatives that fit. When none does, it returns the
// faults of the one that the author most probably meant: whose type fits, with
// the fewest faults.
func (c *checker) branches(node *Node, at spot, schemas []any, nesting int) (faults []fault, fit int) {
	var best []fault
	var want []string
	for _, schema := range schemas {
		found := c.check(node, at, schema, nesting)
		switch {
		case len(found) == 0:
			fit++
		case len(found) == 1 && found[0].want != nil && found[0].node == node:
			want = append(want, found[0].want...)
		case best == nil || len(found) < len(best):
			best = found
		}
	}
	if best == nil {
		best = wrongType(node, at, want)
	}
	return best, fit
}
