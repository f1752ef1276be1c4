package schemacheck

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spelling"
)

const schemaURL = "byoos://schema"

// Schema is a JSON Schema that documents are checked against.
type Schema struct {
	compiled *jsonschema.Schema
	raw      any
}

// Compile reads a JSON Schema. References must stay inside of it: nothing is
// loaded from a file or the network.
func Compile(text []byte) (*Schema, error) {
	raw, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("not a JSON document: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(jsonschema.SchemeURLLoader{})
	if err := compiler.AddResource(schemaURL, withoutID(raw)); err != nil {
		return nil, fmt.Errorf("not a JSON Schema: %w", err)
	}
	compiled, err := compiler.Compile(schemaURL)
	if err != nil {
		return nil, fmt.Errorf("not a JSON Schema: %w", err)
	}
	return &Schema{compiled: compiled, raw: raw}, nil
}

// withoutID drops the root's $id, so that error locations start at schemaURL.
func withoutID(raw any) any {
	m, ok := raw.(map[string]any)
	if !ok || m["$id"] == nil {
		return raw
	}
	m = maps.Clone(m)
	delete(m, "$id")
	return m
}

// Check returns all problems of a document, in its order. prefix is the path of
// root in its document; empty for a whole document.
func (s *Schema) Check(root *Node, prefix string) []Problem {
	err := s.compiled.Validate(root.Interface())
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return []Problem{{Line: root.Line, Column: root.Column, Path: prefix, Message: err.Error()}}
	}
	c := &checker{schema: s, root: root, prefix: prefix}
	return Sort(withoutMisspelt(c.problems(invalid)))
}

// withoutMisspelt drops what is reported missing beside a misspelling of it.
func withoutMisspelt(problems []Problem) []Problem {
	meant := map[string]bool{}
	for _, p := range problems {
		if strings.HasPrefix(p.Message, "unknown key") {
			meant[p.Path+" "+p.Suggestion] = true
		}
	}
	return slices.DeleteFunc(problems, func(p Problem) bool {
		key, missing := strings.CutPrefix(p.Message, missingKey)
		key, _, _ = strings.Cut(strings.TrimPrefix(key, `"`), `"`)
		return missing && meant[p.Path+" "+spelling.DidYouMean(key, []string{key})]
	})
}

const missingKey = "the key "

type checker struct {
	schema *Schema
	root   *Node
	prefix string
}

func (c *checker) problems(e *jsonschema.ValidationError) []Problem {
	switch k := e.ErrorKind.(type) {
	case *kind.AnyOf:
		return c.alternatives(e)
	case *kind.OneOf:
		if len(k.Subschemas) == 0 {
			return c.alternatives(e)
		}
	case *kind.AdditionalProperties:
		return c.unknownKeys(e, k.Properties)
	case *kind.Required:
		return c.missingKeys(e, k.Missing)
	}
	if len(e.Causes) == 0 {
		node, path, place := c.locate(e.InstanceLocation)
		text, suggestion := c.explain(e, node)
		return []Problem{{place.line, place.column, path, text, suggestion}}
	}
	var all []Problem
	for _, cause := range e.Causes {
		all = append(all, c.problems(cause)...)
	}
	return all
}

// alternatives reports the branch of an anyOf or oneOf that the author most
// probably meant: the one whose type fits, with the fewest problems.
func (c *checker) alternatives(e *jsonschema.ValidationError) []Problem {
	var wrongType []*jsonschema.ValidationError
	var best []Problem
	for _, cause := range e.Causes {
		if leaf := onlyLeaf(cause, len(e.InstanceLocation)); leaf != nil {
			wrongType = append(wrongType, leaf)
			continue
		}
		if problems := c.problems(cause); best == nil || len(problems) < len(best) {
			best = problems
		}
	}
	if best != nil || len(wrongType) == 0 {
		return best
	}
	merged := *wrongType[0]
	types := &kind.Type{}
	for _, e := range wrongType {
		if t, ok := e.ErrorKind.(*kind.Type); ok {
			types.Got, types.Want = t.Got, append(types.Want, t.Want...)
		}
	}
	merged.ErrorKind = types
	return c.problems(&merged)
}

// onlyLeaf returns the type error of a value at that depth, when it is all that
// is wrong, or nil.
func onlyLeaf(e *jsonschema.ValidationError, depth int) *jsonschema.ValidationError {
	for len(e.Causes) == 1 {
		e = e.Causes[0]
	}
	if _, ok := e.ErrorKind.(*kind.Type); ok && len(e.Causes) == 0 && len(e.InstanceLocation) == depth {
		return e
	}
	return nil
}

type place struct{ line, column int }

// locate finds the node of an instance location, and where a person looks for
// it: at its key, when it is empty or a collection.
func (c *checker) locate(location []string) (*Node, string, place) {
	node, path := c.root, c.prefix
	at := place{node.Line, node.Column}
	for _, step := range location {
		switch {
		case node.Kind == Mapping && node.Field(step) != nil:
			field := node.Field(step)
			node, path = field.Value, join(path, step)
			at = place{node.Line, node.Column}
			if node.Kind != Scalar || node.Raw == "" {
				at = place{field.Line, field.Column}
			}
		case node.Kind == Sequence:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(node.Items) {
				return node, path, at
			}
			node, path = node.Items[i], fmt.Sprintf("%s[%d]", path, i)
			at = place{node.Line, node.Column}
		default:
			return node, path, at
		}
	}
	return node, path, at
}

func (c *checker) unknownKeys(e *jsonschema.ValidationError, keys []string) []Problem {
	node, path, _ := c.locate(e.InstanceLocation)
	valid := c.validKeys(e.SchemaURL)
	var problems []Problem
	for _, key := range keys {
		at := place{node.Line, node.Column}
		if field := node.Field(key); field != nil {
			at = place{field.Line, field.Column}
		}
		suggestion := spelling.DidYouMean(key, slices.Collect(maps.Keys(valid)))
		if parents := c.parentsOf(key, valid); parents != "" && !strings.HasPrefix(suggestion, "did you") {
			suggestion = "it is a key of " + parents + ", one level deeper"
		}
		problems = append(problems, Problem{at.line, at.column, path, fmt.Sprintf("unknown key %q", key), suggestion})
	}
	return problems
}

// validKeys returns the properties of the object schema that an error is about.
func (c *checker) validKeys(url string) map[string]any {
	object := c.at(url)
	properties, _ := object["properties"].(map[string]any)
	return properties
}

// parentsOf names the properties whose own properties have the key.
func (c *checker) parentsOf(key string, properties map[string]any) string {
	var found []string
	for name, sub := range properties {
		object, _ := sub.(map[string]any)
		if ref, ok := object["$ref"].(string); ok {
			object = c.at(ref)
		}
		if inner, _ := object["properties"].(map[string]any); inner[key] != nil {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return strings.Join(found, " or ")
}

// at returns the object schema that a location's JSON pointer points to.
func (c *checker) at(url string) map[string]any {
	_, pointer, _ := strings.Cut(url, "#")
	value := c.schema.raw
	for _, step := range strings.Split(strings.Trim(pointer, "/"), "/") {
		if step == "" {
			continue
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
	object, _ := value.(map[string]any)
	return object
}

func (c *checker) missingKeys(e *jsonschema.ValidationError, keys []string) []Problem {
	_, path, at := c.locate(e.InstanceLocation)
	properties := c.validKeys(e.SchemaURL)
	var problems []Problem
	for _, key := range keys {
		suggestion := "add " + key + ": ..."
		if property, ok := properties[key].(map[string]any); ok {
			if only := soleValue(property); only != "" {
				suggestion = "add " + key + ": " + only
			} else if description, ok := property["description"].(string); ok {
				suggestion += " (" + strings.TrimSuffix(description, ".") + ")"
			}
		}
		problems = append(problems, Problem{at.line, at.column, path, fmt.Sprintf(missingKey+"%q is missing", key), suggestion})
	}
	return problems
}

// soleValue returns the only value that a schema allows.
func soleValue(schema map[string]any) string {
	enum, _ := schema["enum"].([]any)
	if len(enum) != 1 {
		return ""
	}
	return show(enum[0])
}

func (c *checker) explain(e *jsonschema.ValidationError, node *Node) (text, suggestion string) {
	switch k := e.ErrorKind.(type) {
	case *kind.Type:
		return explainType(k, node)
	case *kind.Enum:
		return explainEnum(k)
	case *kind.Const:
		return show(k.Got) + " is not allowed", "write " + show(k.Want)
	case *kind.Pattern:
		if explained, ok := c.at(e.SchemaURL)["patternErrorMessage"].(string); ok {
			return fmt.Sprintf("%q is not valid", k.Got), explained
		}
		return fmt.Sprintf("%q is not valid", k.Got), "it must match " + k.Want
	case *kind.MinLength:
		if k.Want == 1 {
			return "must not be empty", "give it a value or remove the key"
		}
	case *kind.MinItems:
		if k.Want == 1 {
			return "must have at least one item", ""
		}
	case *kind.UniqueItems:
		return fmt.Sprintf("items %d and %d are the same", k.Duplicates[0], k.Duplicates[1]), "keep one of the two"
	case *kind.OneOf:
		return "fits more than one of the forms that are allowed", "keep the keys of one"
	case *kind.FalseSchema:
		return "is not allowed here", ""
	}
	return e.ErrorKind.LocalizedString(message.NewPrinter(language.English)), ""
}

func explainType(k *kind.Type, node *Node) (text, suggestion string) {
	want := make([]string, len(k.Want))
	for i, t := range k.Want {
		want[i] = typeName(t)
	}
	wanted := strings.Join(slices.Compact(want), " or ")
	wantsString := slices.Contains(k.Want, "string")
	switch {
	case node.Kind == Scalar && node.Value == nil:
		return "has no value; " + wanted + " is wanted", "give it a value or remove the key"
	case node.Kind == Scalar && wantsString:
		return fmt.Sprintf("%s is %s; %s is wanted", readAs(node), typeName(k.Got), wanted), "quote it: " + strconv.Quote(node.Raw)
	case node.Kind == Scalar && slices.Contains(k.Want, "array"):
		return fmt.Sprintf("%s is %s; %s is wanted", show(node.Value), typeName(k.Got), wanted), "write [" + node.Raw + "]"
	case node.Kind == Scalar:
		return fmt.Sprintf("%s is %s; %s is wanted", show(node.Value), typeName(k.Got), wanted), ""
	}
	return fmt.Sprintf("is %s; %s is wanted", typeName(k.Got), wanted), ""
}

// readAs shows a scalar as written, and as YAML reads it when that differs: 24.10
// is read as 24.1.
func readAs(node *Node) string {
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

func explainEnum(k *kind.Enum) (text, suggestion string) {
	want := make([]string, len(k.Want))
	for i, w := range k.Want {
		want[i] = show(w)
	}
	got := show(k.Got)
	if near := spelling.Nearest(got, want); near != "" && len(want) > 1 {
		return got + " is not one of " + strings.Join(want, ", "), "did you mean " + strconv.Quote(near) + "?"
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
