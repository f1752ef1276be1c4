package legal

import (
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"
)

// Shape is what a service's description says of the places of an answer. A place
// that the description does not know is optional.
type Shape map[string]Place

// Place is one place of an answer.
type Place struct {
	// Required: the field is in every answer.
	Required bool
	// Enum: a string of a set.
	Enum bool
	// Map: an object whose keys are data.
	Map bool
}

// Options are those that the description gives; the caller adds the others.
func (s Shape) Options() Options {
	return Options{
		Required: func(path string) bool { return s[path].Required },
		Enum:     func(path string) bool { return s[path].Enum },
		Map:      func(path string) bool { return s[path].Map },
	}
}

// ShapeOf reads the shape off a model of an SDK. A field is optional when its type
// has a nil, or its tag says omitempty; a string of a named type is an enum. So all
// fields of the models of Azure are optional. Those of AWS have enums and numbers
// without a nil, although no answer must have them: there, clear Required.
//
// name gives the field's name in answers; nil means that of its json tag, else
// its own with a small first letter (OSType: osType), as Azure and the JSON
// protocols of AWS write it.
func ShapeOf[Model any](name func(reflect.StructField) string) Shape {
	if name == nil {
		name = fieldName
	}
	shape := Shape{}
	shape.addType(reflect.TypeFor[Model](), "", name, nil)
	return shape
}

func (s Shape) addType(t reflect.Type, path string, name func(reflect.StructField) string, above []reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if slices.Contains(above, t) {
		return
	}
	above = append(slices.Clip(above), t)
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		s.addType(t.Elem(), path+"[]", name, above)
	case reflect.Map:
		s.set(path, func(p *Place) { p.Map = true })
		s.addType(t.Elem(), join(path, "*"), name, above)
	case reflect.String:
		s.set(path, func(p *Place) { p.Enum = t.PkgPath() != "" })
	case reflect.Struct:
		for field := range t.Fields() {
			at := name(field)
			if !field.IsExported() || at == "-" || at == "" {
				continue
			}
			at = join(path, at)
			s.set(at, func(p *Place) { p.Required = !optional(field) })
			s.addType(field.Type, at, name, above)
		}
	}
}

func (s Shape) set(path string, change func(*Place)) {
	place := s[path]
	change(&place)
	s[path] = place
}

func optional(field reflect.StructField) bool {
	_, flags, _ := strings.Cut(field.Tag.Get("json"), ",")
	if strings.Contains(flags, "omitempty") || strings.Contains(flags, "omitzero") {
		return true
	}
	return slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface}, field.Type.Kind())
}

func fieldName(field reflect.StructField) string {
	if tag, _, _ := strings.Cut(field.Tag.Get("json"), ","); tag != "" {
		return tag
	}
	name := []rune(field.Name)
	for i := range name {
		// The last capital of OSType begins the next word.
		if i > 0 && i+1 < len(name) && unicode.IsLower(name[i+1]) || unicode.IsLower(name[i]) {
			break
		}
		name[i] = unicode.ToLower(name[i])
	}
	return string(name)
}

// SchemaShape reads the shape off a schema of an OpenAPI document.
func SchemaShape(schema *openapi3.Schema) Shape {
	shape := Shape{}
	shape.addSchema(schema, "", nil)
	return shape
}

func (s Shape) addSchema(schema *openapi3.Schema, path string, above []*openapi3.Schema) {
	if schema == nil || slices.Contains(above, schema) {
		return
	}
	above = append(slices.Clip(above), schema)
	for _, part := range schema.AllOf {
		s.addSchema(part.Value, path, above)
	}
	if len(schema.Enum) > 0 && schema.Type.Is("string") {
		s.set(path, func(p *Place) { p.Enum = true })
	}
	for name, property := range schema.Properties {
		at := join(path, name)
		s.set(at, func(p *Place) { p.Required = p.Required || slices.Contains(schema.Required, name) })
		s.addSchema(property.Value, at, above)
	}
	if schema.Items != nil {
		s.addSchema(schema.Items.Value, path+"[]", above)
	}
	if extra := schema.AdditionalProperties.Schema; extra != nil {
		s.set(path, func(p *Place) { p.Map = true })
		s.addSchema(extra.Value, join(path, "*"), above)
	}
}
