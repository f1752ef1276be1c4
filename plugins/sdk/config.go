package sdk

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"

	"github.com/invopop/jsonschema"
	"google.golang.org/protobuf/types/known/structpb"
)

// schemaFor returns the JSON Schema (2020-12) of configuration C, in one piece:
// without $id, $defs and $ref.
func schemaFor[C any]() (*jsonschema.Schema, error) {
	t := reflect.TypeFor[C]()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("the configuration type %s is not a struct", t)
	}
	r := jsonschema.Reflector{
		Anonymous:                  true,
		DoNotReference:             true,
		ExpandedStruct:             true,
		RequiredFromJSONSchemaTags: true,
	}
	return r.ReflectFromType(t), nil
}

func schemaText[C any]() (string, error) {
	schema, err := schemaFor[C]()
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(schema)
	return string(b), err
}

// decodeConfig fills a C with config and, for keys that are absent, with the
// defaults of the schema. Unknown keys are refused. The error is a *Diagnostic.
func decodeConfig[C any](config *structpb.Struct) (C, error) {
	var c C
	schema, err := schemaFor[C]()
	if err != nil {
		return c, err
	}
	values := config.AsMap()
	applyDefaults(schema, values)
	b, err := json.Marshal(values)
	if err != nil {
		return c, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, configDiagnostic(err)
	}
	return c, nil
}

// applyDefaults sets the keys of objects that are absent and have a default, in
// lists and in mappings of any keys too. An object that is absent stays so, whatever
// defaults are in it: it may be a pointer that says "not wanted".
func applyDefaults(schema *jsonschema.Schema, value any) {
	if schema == nil {
		return
	}
	switch v := value.(type) {
	case map[string]any:
		if schema.Properties != nil {
			for p := schema.Properties.Oldest(); p != nil; p = p.Next() {
				if _, set := v[p.Key]; !set && p.Value.Default != nil {
					v[p.Key] = p.Value.Default
				}
			}
		}
		for key, item := range v {
			applyDefaults(schemaOf(schema, key), item)
		}
	case []any:
		for _, item := range v {
			applyDefaults(schema.Items, item)
		}
	}
}

// schemaOf returns the schema of a key; nil when it has none. The patterns are those
// of Go maps with whole numbers as keys, all of one type.
func schemaOf(object *jsonschema.Schema, key string) *jsonschema.Schema {
	if object.Properties != nil {
		if property, ok := object.Properties.Get(key); ok {
			return property
		}
	}
	for _, numbered := range object.PatternProperties {
		return numbered
	}
	return object.AdditionalProperties
}

func configDiagnostic(err error) *Diagnostic {
	d := &Diagnostic{
		Summary: "the configuration does not fit this plugin", Detail: err.Error(),
		NextStep: "see the keys with `kubectl byoos plugin describe`",
	}
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		d.ConfigPath = mismatch.Field
		d.Detail = fmt.Sprintf("%s must be %s, not %s", mismatch.Field, kindName(mismatch.Type), mismatch.Value)
		return d
	}
	// encoding/json has no type for this one.
	if m := regexp.MustCompile(`unknown field "(.*)"`).FindStringSubmatch(err.Error()); m != nil {
		d.ConfigPath = m[1]
		d.Detail = fmt.Sprintf("unknown key %q", m[1])
	}
	return d
}

// kindName says what a Go type is in YAML. One that reads itself does so from text, also
// by a pointer.
func kindName(t reflect.Type) string {
	reader := reflect.TypeFor[encoding.TextUnmarshaler]()
	if t.Implements(reader) || reflect.PointerTo(t).Implements(reader) {
		return "a string"
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "a mapping"
	case reflect.Float32, reflect.Float64:
		return "a number"
	}
	return "a whole number"
}
