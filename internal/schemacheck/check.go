package schemacheck

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spelling"
)

// Check returns all problems of a document, in its order. prefix is the path of
// root in its document; empty for a whole document.
func (s *Schema) Check(root *Node, prefix string) []Problem {
	faults := (&checker{schema: s}).check(root, spot{prefix, root.Line, root.Column}, s.root, 0)
	problems := make([]Problem, len(faults))
	for i, f := range faults {
		problems[i] = f.Problem
	}
	return Sort(withoutMisspelt(problems))
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

// spot is where a value is reported.
type spot struct {
	path         string
	line, column int
}

// fault is a problem; want is set when a value has the wrong type.
type fault struct {
	Problem
	node *Node
	want []string
}

type checker struct {
	schema *Schema
	steps  int
}

func (at spot) fault(node *Node, message, suggestion string) []fault {
	return []fault{{Problem: Problem{at.line, at.column, at.path, message, suggestion}, node: node}}
}

// Limits for a schema that refers to itself without end: how many schemas apply
// to one value inside of each other, and how many checks a document may take.
const (
	maxNesting = 64
	maxSteps   = 1_000_000
)

// check applies a schema to a value. nesting counts the schemas around it that
// apply to the same value.
func (c *checker) check(node *Node, at spot, schema any, nesting int) []fault {
	object, ok := schema.(map[string]any)
	if !ok {
		if schema == false {
			return at.fault(node, "is not allowed here", "")
		}
		return nil
	}
	if c.steps++; nesting > maxNesting || c.steps > maxSteps {
		return at.fault(node, "cannot be checked: the schema refers to itself", "")
	}
	if faults := checkType(node, at, object); faults != nil {
		return faults // what else is wrong with it means little
	}
	faults := checkValues(node, at, object)
	switch node.Kind {
	case Mapping:
		faults = append(faults, c.mapping(node, at, object)...)
	case Sequence:
		faults = append(faults, c.sequence(node, at, object)...)
	default:
		faults = append(faults, c.scalar(node, at, object)...)
	}
	return append(faults, c.combined(node, at, object, nesting+1)...)
}

func checkType(node *Node, at spot, schema map[string]any) []fault {
	var want []string
	switch t := schema["type"].(type) {
	case nil:
		return nil
	case string:
		want = []string{t}
	case []any:
		for _, one := range t {
			if name, ok := one.(string); ok {
				want = append(want, name)
			}
		}
	}
	if slices.ContainsFunc(want, func(t string) bool { return hasType(node, t) }) {
		return nil
	}
	return wrongType(node, at, want)
}

func wrongType(node *Node, at spot, want []string) []fault {
	message, suggestion := explainType(typeOf(node), want, node)
	faults := at.fault(node, message, suggestion)
	faults[0].want = want
	return faults
}

func typeOf(node *Node) string {
	switch node.Kind {
	case Mapping:
		return "object"
	case Sequence:
		return "array"
	}
	switch node.Value.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	}
	return "number"
}

func hasType(node *Node, want string) bool {
	if want != "integer" {
		return typeOf(node) == want
	}
	switch v := node.Value.(type) {
	case int64, uint64:
		return node.Kind == Scalar
	case float64:
		return node.Kind == Scalar && v == math.Trunc(v)
	}
	return false
}

// checkValues applies enum and const.
func checkValues(node *Node, at spot, schema map[string]any) []fault {
	enum, hasEnum := schema["enum"].([]any)
	constant, hasConst := schema["const"]
	if !hasEnum && !hasConst {
		return nil
	}
	got := plain(node.Interface())
	equal := func(want any) bool { return reflect.DeepEqual(got, want) }
	if hasEnum && !slices.ContainsFunc(enum, equal) {
		message, suggestion := explainEnum(got, enum)
		return at.fault(node, message, suggestion)
	}
	if hasConst && !equal(constant) {
		return at.fault(node, show(got)+" is not allowed", "write "+show(constant))
	}
	return nil
}

// plain turns all numbers into float64, as encoding/json decodes them.
func plain(value any) any {
	switch v := value.(type) {
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = plain(item)
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, item := range v {
			m[key] = plain(item)
		}
		return m
	}
	return value
}

func (c *checker) scalar(node *Node, at spot, schema map[string]any) []fault {
	switch value := plain(node.Value).(type) {
	case string:
		return c.text(node, at, schema, value)
	case float64:
		return checkNumber(node, at, schema, value)
	}
	return nil
}

func (c *checker) text(node *Node, at spot, schema map[string]any, text string) []fault {
	length := float64(utf8.RuneCountInString(text))
	if least, ok := schema["minLength"].(float64); ok && length < least {
		if least == 1 {
			return at.fault(node, "must not be empty", "give it a value or remove the key")
		}
		return at.fault(node, fmt.Sprintf("must have at least %v characters", least), "")
	}
	if most, ok := schema["maxLength"].(float64); ok && length > most {
		return at.fault(node, fmt.Sprintf("must have at most %v characters", most), "")
	}
	pattern, ok := schema["pattern"].(string)
	if !ok || c.schema.patterns[pattern].MatchString(text) {
		return nil
	}
	suggestion, ok := schema["patternErrorMessage"].(string)
	if !ok {
		suggestion = "it must match " + pattern
	}
	return at.fault(node, fmt.Sprintf("%q is not valid", text), suggestion)
}

func checkNumber(node *Node, at spot, schema map[string]any, got float64) []fault {
	limits := []struct {
		keyword string
		broken  func(limit float64) bool
		text    string
	}{
		{"minimum", func(l float64) bool { return got < l }, "must be at least"},
		{"maximum", func(l float64) bool { return got > l }, "must be at most"},
		{"exclusiveMinimum", func(l float64) bool { return got <= l }, "must be more than"},
		{"exclusiveMaximum", func(l float64) bool { return got >= l }, "must be less than"},
		{"multipleOf", func(l float64) bool { return math.Mod(got, l) != 0 }, "must be a multiple of"},
	}
	var faults []fault
	for _, l := range limits {
		if limit, ok := schema[l.keyword].(float64); ok && l.broken(limit) {
			faults = append(faults, at.fault(node, fmt.Sprintf("%s %s %s", node.Raw, l.text, show(limit)), "")...)
		}
	}
	return faults
}

func (c *checker) sequence(node *Node, at spot, schema map[string]any) []fault {
	faults := checkLength(node, at, schema, "Items", len(node.Items), "item")
	if schema["uniqueItems"] == true {
		if i, j, twice := firstTwice(node.Items); twice {
			faults = append(faults, at.fault(node, fmt.Sprintf("items %d and %d are the same", i, j), "keep one of the two")...)
		}
	}
	prefix, _ := schema["prefixItems"].([]any)
	rest, hasRest := schema["items"]
	for i, item := range node.Items {
		here := spot{fmt.Sprintf("%s[%d]", at.path, i), item.Line, item.Column}
		switch {
		case i < len(prefix):
			faults = append(faults, c.check(item, here, prefix[i], 0)...)
		case hasRest:
			faults = append(faults, c.check(item, here, rest, 0)...)
		}
	}
	return faults
}

// checkLength applies minItems and maxItems, or those of properties.
func checkLength(node *Node, at spot, schema map[string]any, of string, length int, what string) []fault {
	if least, ok := schema["min"+of].(float64); ok && float64(length) < least {
		return at.fault(node, fmt.Sprintf("must have at least %s %s%s", number1(least), what, plural(least)), "")
	}
	if most, ok := schema["max"+of].(float64); ok && float64(length) > most {
		return at.fault(node, fmt.Sprintf("must have at most %s %s%s", number1(most), what, plural(most)), "")
	}
	return nil
}

func number1(n float64) string {
	if n == 1 {
		return "one"
	}
	return show(n)
}

func plural(n float64) string {
	if n == 1 {
		return ""
	}
	return "s"
}

func firstTwice(items []*Node) (first, second int, twice bool) {
	seen := map[string]int{}
	for j, item := range items {
		key := typeOf(item) + show(plain(item.Interface()))
		if i, found := seen[key]; found {
			return i, j, true
		}
		seen[key] = j
	}
	return 0, 0, false
}
