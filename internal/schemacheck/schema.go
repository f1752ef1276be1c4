package schemacheck

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Schema is a JSON Schema that documents are checked against, by one goroutine at
// a time.
type Schema struct {
	// document is the schema as it was written.
	document any
	root     *jsonschema.Schema
	// parts are the schemas within, by location.
	parts map[string]*jsonschema.Schema
	steps *steps
}

// address is where a schema stands that does not name a place by $id. Nothing is
// there to be loaded.
const address = "byoos://schema"

// Compile reads a JSON Schema of any draft; one that does not name its draft is of
// 2020-12. References must stay inside of it, or lead to one of the drafts:
// nothing is loaded from a file or the network.
func Compile(text []byte) (*Schema, error) {
	s := &Schema{parts: map[string]*jsonschema.Schema{}, steps: &steps{}}
	if err := json.Unmarshal(text, &s.document); err != nil {
		return nil, fmt.Errorf("not a JSON document: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(nowhere{})
	err := compiler.AddResource(address, s.document)
	if err == nil {
		s.root, err = compiler.Compile(address)
	}
	if err != nil {
		return nil, fmt.Errorf("not a JSON Schema: %w", readable(err))
	}
	s.collect()
	return s, nil
}

// Part returns the schema at a JSON pointer within, or nil. It is of the same goroutine.
func (s *Schema) Part(pointer string) *Schema {
	part := s.parts[address+"#"+pointer]
	if part == nil {
		return nil
	}
	return &Schema{document: s.document, root: part, parts: s.parts, steps: s.steps}
}

// nowhere loads nothing.
type nowhere struct{}

func (nowhere) Load(string) (any, error) {
	return nil, errors.New("a schema must be in one piece, and nothing is loaded from elsewhere")
}

// readable says in one line why a schema does not compile.
func readable(err error) error {
	var invalid *jsonschema.SchemaValidationError
	var cause *jsonschema.ValidationError
	if !errors.As(err, &invalid) || !errors.As(invalid.Err, &cause) {
		var load *jsonschema.LoadURLError
		if errors.As(err, &load) {
			return fmt.Errorf("%q: %w", load.URL, load.Err)
		}
		return errors.New(strings.ReplaceAll(err.Error(), address, ""))
	}
	for len(cause.Causes) > 0 {
		cause = cause.Causes[0]
	}
	at := "#"
	for _, step := range cause.InstanceLocation {
		at += "/" + step
	}
	return fmt.Errorf("%s: %s", at, cause.ErrorKind.LocalizedString(message.NewPrinter(language.English)))
}

// collect finds the schemas within, and counts what could multiply.
func (s *Schema) collect() {
	for _, part := range reached(s.root, partsOf) {
		s.parts[part.Location] = part
		if part.Ref != nil || part.RecursiveRef != nil || part.DynamicRef != nil {
			s.steps.count(part)
		}
	}
}

// reached returns a schema, and each that next leads to from there.
func reached(schema *jsonschema.Schema, next func(*jsonschema.Schema) []*jsonschema.Schema) []*jsonschema.Schema {
	var all []*jsonschema.Schema
	seen := map[*jsonschema.Schema]bool{nil: true}
	var add func(*jsonschema.Schema)
	add = func(s *jsonschema.Schema) {
		if seen[s] {
			return
		}
		seen[s] = true
		all = append(all, s)
		for _, part := range next(s) {
			add(part)
		}
	}
	add(schema)
	return all
}

// forms returns a schema with all that it applies to the same value. They are
// what may be written; Check tells what must be.
func forms(schema *jsonschema.Schema) []*jsonschema.Schema { return reached(schema, applied) }

// partsOf returns the schemas that one holds or refers to.
func partsOf(s *jsonschema.Schema) []*jsonschema.Schema {
	parts := append(applied(s), s.RecursiveRef, s.Not, s.PropertyNames, s.UnevaluatedProperties, s.Contains, s.Items2020, s.UnevaluatedItems)
	if s.DynamicRef != nil {
		parts = append(parts, s.DynamicRef.Ref)
	}
	parts = append(parts, s.PrefixItems...)
	for _, property := range s.Properties {
		parts = append(parts, property)
	}
	for _, property := range s.PatternProperties {
		parts = append(parts, property)
	}
	for _, either := range []any{s.AdditionalProperties, s.AdditionalItems, s.Items} {
		switch either := either.(type) {
		case *jsonschema.Schema:
			parts = append(parts, either)
		case []*jsonschema.Schema:
			parts = append(parts, either...)
		}
	}
	return parts
}

// applied returns the schemas that may describe the same value as one.
func applied(s *jsonschema.Schema) []*jsonschema.Schema {
	parts := []*jsonschema.Schema{s.Ref, s.If, s.Then, s.Else}
	parts = append(append(append(parts, s.AllOf...), s.AnyOf...), s.OneOf...)
	for _, dependent := range s.DependentSchemas {
		parts = append(parts, dependent)
	}
	for _, dependent := range s.Dependencies {
		if schema, ok := dependent.(*jsonschema.Schema); ok {
			parts = append(parts, schema)
		}
	}
	return parts
}

// How many references a document and each of its values may take: a schema that
// refers to itself twice doubles the work at each level.
const (
	minSteps     = 10_000
	stepsOfValue = 100
)

// steps are the references that a check may still follow.
type steps struct{ left int }

var errSteps = errors.New("too many references")

// count makes the library report each use of a schema, before it looks any
// further: a format is checked first, and is the only hook there.
func (s *steps) count(part *jsonschema.Schema) {
	format := &jsonschema.Format{Name: "counted"}
	inner := part.Format
	if inner != nil {
		format.Name = inner.Name
	}
	format.Validate = func(v any) error {
		if s.left--; s.left < 0 {
			return errSteps
		}
		if inner != nil {
			return inner.Validate(v)
		}
		return nil
	}
	part.Format = format
}

// keyword returns what a schema has for a keyword, as it was written.
func (s *Schema) keyword(location, keyword string) any {
	_, pointer, _ := strings.Cut(location, "#")
	object, _ := Within(s.document, pointer).(map[string]any)
	return object[keyword]
}

// Within returns what a JSON pointer of a URL leads to in a schema as it was written, nil for
// nothing.
func Within(document any, pointer string) any {
	value := document
	if pointer == "" {
		return value
	}
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if plain, err := url.PathUnescape(step); err == nil {
			step = plain
		}
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		switch v := value.(type) {
		case map[string]any:
			value = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}
