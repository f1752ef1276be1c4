package schemacheck

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Schema is a JSON Schema that documents are checked against.
type Schema struct {
	root     any // a mapping or a boolean
	patterns map[string]*regexp.Regexp
	known    map[string]form
}

// Compile reads a JSON Schema of draft 2020-12, or of an older one that uses the
// same keywords. References must stay inside of it: nothing is loaded from a file
// or the network. A keyword that constrains and is not supported is an error.
func Compile(text []byte) (*Schema, error) {
	s := &Schema{patterns: map[string]*regexp.Regexp{}, known: keywords()}
	if err := json.Unmarshal(text, &s.root); err != nil {
		return nil, fmt.Errorf("not a JSON document: %w", err)
	}
	if err := s.compile(s.root, "#"); err != nil {
		return nil, fmt.Errorf("not a JSON Schema that is supported: %w", err)
	}
	return s, nil
}

// form is what a keyword holds.
type form int

const (
	isSchema form = iota + 1
	isSchemas
	isSchemaMap
	isText
	isTexts
	isTextsMap
	isTypes
	isNumber
	isCount
	isFlag
	isPattern
	isReference
	isList
	isUnsupported
)

// keywords are those that constrain a value; all others are annotations.
func keywords() map[string]form {
	return map[string]form{
		"$ref": isReference, "$defs": isSchemaMap, "definitions": isSchemaMap,
		"type": isTypes, "enum": isList,
		"minLength": isCount, "maxLength": isCount, "pattern": isPattern,
		"minimum": isNumber, "maximum": isNumber, "exclusiveMinimum": isNumber, "exclusiveMaximum": isNumber, "multipleOf": isNumber,
		"items": isSchema, "prefixItems": isSchemas, "minItems": isCount, "maxItems": isCount, "uniqueItems": isFlag,
		"properties": isSchemaMap, "patternProperties": isSchemaMap, "additionalProperties": isSchema, "propertyNames": isSchema,
		"required": isTexts, "minProperties": isCount, "maxProperties": isCount, "dependentRequired": isTextsMap,
		"allOf": isSchemas, "anyOf": isSchemas, "oneOf": isSchemas, "not": isSchema, "if": isSchema, "then": isSchema, "else": isSchema,
		"$dynamicRef": isUnsupported, "$recursiveRef": isUnsupported, "unevaluatedProperties": isUnsupported, "unevaluatedItems": isUnsupported,
		"dependentSchemas": isUnsupported, "dependencies": isUnsupported, "additionalItems": isUnsupported,
		"contains": isUnsupported, "minContains": isUnsupported, "maxContains": isUnsupported,
		"patternErrorMessage": isText,
	}
}

func (s *Schema) compile(schema any, at string) error {
	object, ok := schema.(map[string]any)
	if !ok {
		if _, ok := schema.(bool); ok {
			return nil
		}
		return fmt.Errorf("%s is neither an object nor a boolean", at)
	}
	if object["$id"] != nil && at != "#" {
		return fmt.Errorf("%s: $id is only supported at the top", at)
	}
	for _, keyword := range slices.Sorted(maps.Keys(object)) {
		if err := s.keyword(s.known[keyword], object[keyword], at+"/"+keyword); err != nil {
			return err
		}
	}
	return nil
}

func (s *Schema) keyword(f form, value any, at string) error {
	var ok bool
	switch f {
	case isSchema:
		return s.compile(value, at)
	case isSchemas:
		return s.compileList(value, at)
	case isSchemaMap:
		return s.compileMap(value, at)
	case isText:
		_, ok = value.(string)
	case isTexts:
		ok = areTexts(value)
	case isTextsMap:
		var m map[string]any
		m, ok = value.(map[string]any)
		for _, texts := range m {
			ok = ok && areTexts(texts)
		}
	case isTypes:
		ok = areTypes(value)
	case isNumber:
		var f float64
		f, ok = value.(float64)
		ok = ok && (f > 0 || !strings.HasSuffix(at, "/multipleOf"))
	case isCount:
		var f float64
		f, ok = value.(float64)
		ok = ok && f >= 0 && f == math.Trunc(f)
	case isFlag:
		_, ok = value.(bool)
	case isList:
		_, ok = value.([]any)
	case isPattern:
		text, _ := value.(string)
		return s.pattern(text, at)
	case isReference:
		ref, _ := value.(string)
		if _, found := s.resolve(ref); !found {
			return fmt.Errorf("%s: %q is not in the schema", at, ref)
		}
		return nil
	case isUnsupported:
		return fmt.Errorf("%s: the keyword is not supported", at)
	default:
		return nil
	}
	if !ok {
		return fmt.Errorf("%s has a value of the wrong form", at)
	}
	return nil
}

func (s *Schema) compileList(value any, at string) error {
	list, ok := value.([]any)
	if !ok || len(list) == 0 {
		return fmt.Errorf("%s is not a list of schemas", at)
	}
	for i, schema := range list {
		if err := s.compile(schema, at+"/"+strconv.Itoa(i)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Schema) compileMap(value any, at string) error {
	m, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf("%s is not a mapping of schemas", at)
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if strings.HasSuffix(at, "/patternProperties") {
			if err := s.pattern(key, at); err != nil {
				return err
			}
		}
		if err := s.compile(m[key], at+"/"+key); err != nil {
			return err
		}
	}
	return nil
}

func (s *Schema) pattern(text, at string) error {
	if s.patterns[text] != nil {
		return nil
	}
	compiled, err := regexp.Compile(text)
	if err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	s.patterns[text] = compiled
	return nil
}

func areTexts(value any) bool {
	list, ok := value.([]any)
	return ok && !slices.ContainsFunc(list, func(v any) bool { _, text := v.(string); return !text })
}

func areTypes(value any) bool {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	types := []any{"string", "number", "integer", "boolean", "object", "array", "null"}
	return len(list) > 0 && !slices.ContainsFunc(list, func(v any) bool { return !slices.Contains(types, v) })
}

// resolve returns what a reference such as #/$defs/Pack points to.
func (s *Schema) resolve(ref string) (any, bool) {
	pointer, local := strings.CutPrefix(ref, "#")
	if !local || pointer != "" && pointer[0] != '/' {
		return nil, false
	}
	value := s.root
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if pointer == "" {
			break
		}
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		var ok bool
		switch v := value.(type) {
		case map[string]any:
			value, ok = v[step]
		case []any:
			var i int
			i, err := strconv.Atoi(step)
			if ok = err == nil && i >= 0 && i < len(v); ok {
				value = v[i]
			}
		}
		if !ok {
			return nil, false
		}
	}
	switch value.(type) {
	case map[string]any, bool:
		return value, true
	}
	return nil, false
}

// object returns the schema that a reference points to, or nil.
func (s *Schema) object(ref string) map[string]any {
	value, _ := s.resolve(ref)
	object, _ := value.(map[string]any)
	return object
}
