// Package schemacheck checks YAML that people write against a JSON Schema. It reports
// every problem at once, each with its line and column and, where there is one, what
// the author probably meant. It is pure: no I/O.
package schemacheck

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

// Check returns all problems of a document or a part of one, in its order.
func (s *Schema) Check(root *yamldoc.Node) []yamldoc.Problem {
	s.steps.left = minSteps + stepsOfValue*root.Count()
	err := s.root.Validate(root.Interface())
	if s.steps.left < 0 {
		return []yamldoc.Problem{root.Problem(refersToItself, "")}
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return nil
	}
	c := &checker{schema: s, root: root}
	faults := c.explain(invalid)
	problems := make([]yamldoc.Problem, len(faults))
	for i, f := range faults {
		problems[i] = f.Problem
	}
	return yamldoc.Sort(withoutMisspelt(problems))
}

// withoutMisspelt drops what is reported missing beside a misspelling of it.
func withoutMisspelt(problems []yamldoc.Problem) []yamldoc.Problem {
	meant := map[string]bool{}
	for _, p := range problems {
		if strings.HasPrefix(p.Message, "unknown key") {
			meant[p.Path+" "+p.Suggestion] = true
		}
	}
	return slices.DeleteFunc(problems, func(p yamldoc.Problem) bool {
		key, missing := strings.CutPrefix(p.Message, missingKey)
		key, _, _ = strings.Cut(strings.TrimPrefix(key, `"`), `"`)
		return missing && meant[p.Path+" "+text.DidYouMean(key, []string{key})]
	})
}

const (
	missingKey     = "the key "
	notAllowed     = "is not allowed here"
	refersToItself = "cannot be checked: the schema refers to itself"
)

// fault is a problem of a value; want is set when that has the wrong type.
type fault struct {
	yamldoc.Problem
	node *yamldoc.Node
	want []string
}

func faultOf(node *yamldoc.Node, message, suggestion string) []fault {
	return []fault{{Problem: node.Problem(message, suggestion), node: node}}
}

// checker says what the errors of the library mean in a document.
type checker struct {
	schema *Schema
	root   *yamldoc.Node
}

// explain returns the faults that an error of the library stands for.
func (c *checker) explain(err *jsonschema.ValidationError) []fault {
	node, _ := c.root.At(err.InstanceLocation...)
	switch k := err.ErrorKind.(type) {
	case *kind.AnyOf:
		return c.nearest(err, node)
	case *kind.OneOf:
		if len(k.Subschemas) > 1 {
			return faultOf(node, "fits more than one of the forms that are allowed", "keep the keys of one")
		}
		return c.nearest(err, node)
	case *kind.PropertyNames:
		return c.propertyName(err, k.Property)
	case *kind.Contains, *kind.MinContains, *kind.MaxContains:
		return explainContains(k, node)
	}
	if len(err.Causes) > 0 {
		return c.explainAll(err.Causes)
	}
	if faults := c.explainMapping(err, node); faults != nil {
		return faults
	}
	return c.explainValue(err, node)
}

func (c *checker) explainAll(errs []*jsonschema.ValidationError) []fault {
	var faults []fault
	for _, err := range errs {
		faults = append(faults, c.explain(err)...)
	}
	return faults
}

// nearest returns, of alternatives of which none fits, the faults of the one that
// the author most probably meant: whose type fits, with the fewest faults.
func (c *checker) nearest(err *jsonschema.ValidationError, node *yamldoc.Node) []fault {
	var best []fault
	var want []string
	for _, branch := range err.Causes {
		found := c.explain(branch)
		switch {
		case len(found) == 1 && found[0].want != nil && found[0].node == node:
			want = append(want, found[0].want...)
		case best == nil || len(found) < len(best):
			best = found
		}
	}
	if best == nil {
		return wrongType(node, want)
	}
	return best
}

// propertyName explains what is wrong with a key.
func (c *checker) propertyName(err *jsonschema.ValidationError, key string) []fault {
	field := withKey(c.root, key, err.InstanceLocation)
	if field == nil {
		return faultOf(c.root, fmt.Sprintf("the key %q is not valid", key), "")
	}
	inner := &checker{c.schema, field.Name()}
	return inner.explainAll(err.Causes)
}

// withKey returns the value of a key in the mapping at a location, or else in the first
// at its depth that has it. For names of properties the library keeps no copy of the
// location, so what it looks at next may have changed any step of it.
func withKey(node *yamldoc.Node, key string, location []string) *yamldoc.Node {
	if len(location) == 0 {
		return node.Field(key)
	}
	next := node.Children
	if child := node.Child(location[0]); child != nil {
		next = append([]*yamldoc.Node{child}, next...)
	}
	for _, child := range next {
		if found := withKey(child, key, location[1:]); found != nil {
			return found
		}
	}
	return nil
}

// explainValue explains what is wrong with a value by itself.
func (c *checker) explainValue(err *jsonschema.ValidationError, node *yamldoc.Node) []fault {
	switch k := err.ErrorKind.(type) {
	case *kind.Type:
		return wrongType(node, c.typesOf(err.SchemaURL, k.Want))
	case *kind.Enum:
		message, suggestion := explainEnum(node.Interface(), k.Want)
		return faultOf(node, message, suggestion)
	case *kind.Const:
		return faultOf(node, show(node.Interface())+" is not allowed", "write "+show(k.Want))
	case *kind.Pattern:
		suggestion, ok := c.schema.keyword(err.SchemaURL, "patternErrorMessage").(string)
		if !ok {
			suggestion = "it must match " + k.Want
		}
		return faultOf(node, fmt.Sprintf("%q is not valid", k.Got), suggestion)
	case *kind.Format:
		return faultOf(node, fmt.Sprintf("%s is not valid", node.Raw), "it must be of the format "+k.Want)
	case *kind.MinLength:
		if k.Want == 1 {
			return faultOf(node, "must not be empty", "give it a value or remove the key")
		}
		return faultOf(node, fmt.Sprintf("must have at least %d characters", k.Want), "")
	case *kind.MaxLength:
		return faultOf(node, fmt.Sprintf("must have at most %d characters", k.Want), "")
	case *kind.MinItems:
		return faultOf(node, "must have at least "+counted(k.Want, "item"), "")
	case *kind.MaxItems:
		return faultOf(node, "must have at most "+counted(k.Want, "item"), "")
	case *kind.AdditionalItems:
		return faultOf(node, "must have at most "+counted(len(node.Children)-k.Count, "item"), "")
	case *kind.UniqueItems:
		return faultOf(node, fmt.Sprintf("items %d and %d are the same", k.Duplicates[0], k.Duplicates[1]), "keep one of the two")
	case *kind.RefCycle:
		return faultOf(node, refersToItself, "")
	}
	if text := explainNumber(err.ErrorKind); text != "" {
		return faultOf(node, node.Raw+" "+text, "")
	}
	return faultOf(node, notAllowed, "")
}

func explainNumber(errorKind jsonschema.ErrorKind) string {
	switch k := errorKind.(type) {
	case *kind.Minimum:
		return "must be at least " + showNumber(k.Want)
	case *kind.Maximum:
		return "must be at most " + showNumber(k.Want)
	case *kind.ExclusiveMinimum:
		return "must be more than " + showNumber(k.Want)
	case *kind.ExclusiveMaximum:
		return "must be less than " + showNumber(k.Want)
	case *kind.MultipleOf:
		return "must be a multiple of " + showNumber(k.Want)
	}
	return ""
}

func showNumber(number *big.Rat) string {
	float, _ := number.Float64()
	return show(float)
}

func explainContains(errorKind jsonschema.ErrorKind, node *yamldoc.Node) []fault {
	const wanted = " of the form that the list wants"
	switch k := errorKind.(type) {
	case *kind.MinContains:
		return faultOf(node, "must have at least "+counted(k.Want, "item")+wanted+", and has "+strconv.Itoa(len(k.Got)), "")
	case *kind.MaxContains:
		return faultOf(node, "must have at most "+counted(k.Want, "item")+wanted+", and has "+strconv.Itoa(len(k.Got)), "")
	}
	return faultOf(node, "must have at least one item"+wanted, "")
}

func wrongType(node *yamldoc.Node, want []string) []fault {
	message, suggestion := explainType(typeOf(node), want, node)
	faults := faultOf(node, message, suggestion)
	faults[0].want = want
	return faults
}

// typesOf returns the types that a schema wants, in its own order.
func (c *checker) typesOf(location string, types []string) []string {
	list, _ := c.schema.keyword(location, "type").([]any)
	var ordered []string
	for _, one := range list {
		if name, ok := one.(string); ok {
			ordered = append(ordered, name)
		}
	}
	if ordered == nil {
		return types
	}
	return ordered
}

func typeOf(node *yamldoc.Node) string {
	switch node.Kind {
	case yamldoc.Mapping:
		return "object"
	case yamldoc.Sequence:
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

// counted says how many: one item, 2 items.
func counted(n int, what string) string {
	if n == 1 {
		return "one " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
