package schemacheck

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Texts are what a command line set one key to, in order.
type Texts []string

// Coerce turns the Texts of a configuration into the values that the schema
// wants: command lines only have text. A key that may be a list has one from
// [a,b], where \, is a comma within an item and \[ begins no list, and from being
// set repeatedly; the text of any other key is one value as it stands. Keys that
// were taken apart at their dots are put together where the schema has a mapping
// of any keys to values that are no mappings. What does not convert stays text, for
// Check to report.
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
	if depth > maxRefs {
		schema = nil
	}
	if ref, ok := schema["$ref"].(string); ok {
		return c.value(value, c.schema.object(ref), depth+1)
	}
	switch v := value.(type) {
	case map[string]any:
		return c.mapping(v, schema, depth)
	case Texts:
		return c.texts(v, schema, depth)
	}
	return value
}

// texts makes one value of what a key was set to.
func (c *coercer) texts(texts Texts, schema map[string]any, depth int) any {
	values, isList := []string(texts), len(texts) > 1
	items, mayBeList := c.items(schema, depth)
	if mayBeList {
		values = nil
		for _, text := range texts {
			parts, bracketed := split(text)
			values, isList = append(values, parts...), isList || bracketed
		}
	}
	if !isList {
		return c.text(values[0], schema, depth)
	}
	list := make([]any, len(values))
	for i, value := range values {
		list[i] = c.text(value, items, depth+1)
	}
	return list
}

// split returns the items of [a,b], or the text itself.
func split(text string) (items []string, bracketed bool) {
	inner, closed := strings.CutSuffix(text, "]")
	inner, opened := strings.CutPrefix(inner, "[")
	if !closed || !opened {
		if strings.HasPrefix(text, `\[`) {
			text = text[1:]
		}
		return []string{text}, false
	}
	if strings.TrimSpace(inner) == "" {
		return nil, true
	}
	for _, item := range SplitEscaped(inner, ',') {
		items = append(items, strings.TrimSpace(item))
	}
	return items, true
}

// SplitEscaped splits at a separator that has no backslash before it.
func SplitEscaped(s string, separator byte) []string {
	var parts []string
	var part strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == separator:
			i++
			part.WriteByte(s[i])
		case s[i] == separator:
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteByte(s[i])
		}
	}
	return append(parts, part.String())
}

func (c *coercer) mapping(m, schema map[string]any, depth int) any {
	properties, _ := schema["properties"].(map[string]any)
	others, _ := schema["additionalProperties"].(map[string]any)
	if c.flat(others, depth) {
		m = joinKeys(m, properties)
	}
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

// flat says that values of a schema are no mappings.
func (c *coercer) flat(schema map[string]any, depth int) bool {
	types := c.types(schema, depth)
	return len(types) > 0 && !slices.Contains(types, "object")
}

// joinKeys makes {a.b: 1} of {a: {b: 1}}, but for keys that have a schema of their
// own or are there already.
func joinKeys(m, properties map[string]any) map[string]any {
	joined := make(map[string]any, len(m))
	for key, value := range m {
		inner, nested := value.(map[string]any)
		if _, known := properties[key]; !nested || known {
			joined[key] = value
			continue
		}
		inner = joinKeys(inner, nil)
		if slices.ContainsFunc(slices.Collect(maps.Keys(inner)), func(k string) bool { _, taken := m[key+"."+k]; return taken }) {
			joined[key] = value
			continue
		}
		for k, v := range inner {
			joined[key+"."+k] = v
		}
	}
	return joined
}

func (c *coercer) text(text string, schema map[string]any, depth int) any {
	if depth > maxRefs {
		return text
	}
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
			if i, err := strconv.ParseInt(text, 10, 64); err == nil {
				return i
			}
			if f, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
				return f
			}
		case "boolean":
			if b, ok := map[string]bool{"true": true, "false": false}[text]; ok {
				return b
			}
		case "array":
			items, _ := c.items(schema, depth)
			return []any{c.text(text, items, depth+1)}
		}
	}
	return text
}

// items returns the schema of a list's items; false where the schema allows no list.
func (c *coercer) items(schema map[string]any, depth int) (map[string]any, bool) {
	if depth > maxRefs {
		return nil, false
	}
	if ref, ok := schema["$ref"].(string); ok {
		return c.items(c.schema.object(ref), depth+1)
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		branches, _ := schema[keyword].([]any)
		for _, branch := range branches {
			object, _ := branch.(map[string]any)
			if items, ok := c.items(object, depth+1); ok {
				return items, true
			}
		}
	}
	items, _ := schema["items"].(map[string]any)
	return items, slices.Contains(c.types(schema, depth), "array")
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
