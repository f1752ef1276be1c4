package schemacheck

import (
	"math"
	"slices"
	"strconv"
)

// Coerce turns text into the numbers, booleans and lists that the schema wants,
// where it does not want text: command lines only have text. What does not
// convert stays, for Check to report.
func (s *Schema) Coerce(config map[string]any) map[string]any {
	if config == nil {
		return map[string]any{}
	}
	root, _ := s.root.(map[string]any)
	coerced, _ := (&coercer{s}).value(config, root, 0).(map[string]any)
	return coerced
}

type coercer struct{ schema *Schema }

// maxRefs bounds how many references are followed for one value.
const maxRefs = 32

func (c *coercer) value(value any, schema map[string]any, depth int) any {
	if depth > maxRefs || schema == nil {
		return value
	}
	if ref, ok := schema["$ref"].(string); ok {
		return c.value(value, c.schema.object(ref), depth+1)
	}
	switch v := value.(type) {
	case map[string]any:
		return c.mapping(v, schema, depth)
	case []any:
		items, _ := schema["items"].(map[string]any)
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = c.value(item, items, depth+1)
		}
		return list
	case string:
		return c.text(v, schema, depth)
	}
	return value
}

func (c *coercer) mapping(m, schema map[string]any, depth int) any {
	properties, _ := schema["properties"].(map[string]any)
	others, _ := schema["additionalProperties"].(map[string]any)
	result := make(map[string]any, len(m))
	for key, value := range m {
		property, ok := properties[key].(map[string]any)
		if !ok {
			property = others
		}
		result[key] = c.value(value, property, depth+1)
	}
	return result
}

func (c *coercer) text(text string, schema map[string]any, depth int) any {
	types := c.types(schema, depth)
	if slices.Contains(types, "string") || len(types) == 0 {
		return text
	}
	for _, t := range types {
		switch t {
		case "integer":
			if i, err := strconv.ParseInt(text, 10, 64); err == nil {
				return i
			}
		case "number":
			if f, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
				return f
			}
		case "boolean":
			if b, ok := map[string]bool{"true": true, "false": false}[text]; ok {
				return b
			}
		case "array":
			items, _ := schema["items"].(map[string]any)
			return []any{c.value(text, items, depth+1)}
		}
	}
	return text
}

// types returns the types that a schema allows, through references and
// alternatives; none when it allows all.
func (c *coercer) types(schema map[string]any, depth int) []string {
	if depth > maxRefs {
		return nil
	}
	if ref, ok := schema["$ref"].(string); ok {
		return c.types(c.schema.object(ref), depth+1)
	}
	switch t := schema["type"].(type) {
	case string:
		return []string{t}
	case []any:
		var all []string
		for _, one := range t {
			if name, ok := one.(string); ok {
				all = append(all, name)
			}
		}
		return all
	}
	var all []string
	for _, keyword := range []string{"anyOf", "oneOf"} {
		branches, _ := schema[keyword].([]any)
		for _, branch := range branches {
			if object, ok := branch.(map[string]any); ok {
				all = append(all, c.types(object, depth+1)...)
			}
		}
	}
	return all
}
