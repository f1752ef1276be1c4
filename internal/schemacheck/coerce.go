package schemacheck

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Texts are what a command line set one key to, in order.
type Texts []string

// maxLists is how many lists a text is put into, one in another.
const maxLists = 4

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
	coerced, _ := coerce(config, s.root).(map[string]any)
	return coerced
}

func coerce(value any, schema *jsonschema.Schema) any {
	switch v := value.(type) {
	case map[string]any:
		return coerceMapping(v, schema)
	case Texts:
		return coerceTexts(v, schema)
	}
	return value
}

// coerceTexts makes one value of what a key was set to.
func coerceTexts(texts Texts, schema *jsonschema.Schema) any {
	values, isList := []string(texts), len(texts) > 1
	items, mayBeList := itemsOf(schema)
	if mayBeList {
		values = nil
		for _, text := range texts {
			parts, bracketed := split(text)
			values, isList = append(values, parts...), isList || bracketed
		}
	}
	if !isList {
		return coerceText(values[0], schema, 0)
	}
	list := make([]any, len(values))
	for i, value := range values {
		list[i] = coerceText(value, items, 0)
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

func coerceMapping(m map[string]any, schema *jsonschema.Schema) any {
	properties := propertiesOf(forms(schema))
	var others *jsonschema.Schema
	for _, form := range forms(schema) {
		if additional, ok := form.AdditionalProperties.(*jsonschema.Schema); ok && others == nil {
			others = additional
		}
	}
	if isFlat(others) {
		m = joinKeys(m, properties)
	}
	result := make(map[string]any, len(m))
	for key, value := range m {
		property, ok := properties[key]
		if !ok {
			property = others
		}
		result[key] = coerce(value, property)
	}
	return result
}

// isFlat says that values of a schema are no mappings.
func isFlat(schema *jsonschema.Schema) bool {
	types := typesOf(schema)
	return len(types) > 0 && !slices.Contains(types, "object")
}

// joinKeys makes {a.b: 1} of {a: {b: 1}}, but for keys that have a schema of their
// own or are there already.
func joinKeys(m map[string]any, properties map[string]*jsonschema.Schema) map[string]any {
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

// coerceText makes a value of one text. lists counts those around it: items may
// refer to their own list.
func coerceText(text string, schema *jsonschema.Schema, lists int) any {
	types := typesOf(schema)
	if slices.Contains(types, "string") || len(types) == 0 || lists > maxLists {
		return text
	}
	for _, t := range types {
		if value, ok := asType(text, t); ok {
			return value
		}
		if t == "array" {
			items, _ := itemsOf(schema)
			return []any{coerceText(text, items, lists+1)}
		}
	}
	return text
}

// asType reads a text as a value of one of the simple types.
func asType(text, t string) (any, bool) {
	whole, err := strconv.ParseInt(text, 10, 64)
	isWhole := err == nil
	switch {
	case t == "integer":
		return whole, isWhole
	case t == "number" && isWhole:
		return whole, true
	case t == "number":
		f, err := strconv.ParseFloat(text, 64)
		return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
	case t == "boolean":
		return text == "true", text == "true" || text == "false"
	}
	return nil, false
}

// itemsOf returns the schema of a list's items; false where no list is allowed.
func itemsOf(schema *jsonschema.Schema) (*jsonschema.Schema, bool) {
	mayBeList := false
	for _, form := range forms(schema) {
		if form.Types == nil || !slices.Contains(form.Types.ToStrings(), "array") {
			continue
		}
		mayBeList = true
		if form.Items2020 != nil {
			return form.Items2020, true
		}
		if items, ok := form.Items.(*jsonschema.Schema); ok {
			return items, true
		}
	}
	return nil, mayBeList
}

// typesOf returns the types that a schema allows, or that its alternatives do;
// none when it allows all.
func typesOf(schema *jsonschema.Schema) []string {
	var types []string
	inner := func(s *jsonschema.Schema) []*jsonschema.Schema {
		if s.Types != nil {
			return nil
		}
		return slices.DeleteFunc(applied(s), func(part *jsonschema.Schema) bool { return part == s.If }) // a question, not a form
	}
	for _, form := range reached(schema, inner) {
		if form.Types != nil {
			types = append(types, form.Types.ToStrings()...)
		}
	}
	return types
}
