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
)

// Check returns all problems of a document, in its order. prefix is the path of
// root in its document; empty for a whole document.
func (s *Schema) Check(root *Node, prefix string) []Problem {
	s.steps.left = minSteps + stepsOfValue*root.count()
	err := s.root.Validate(root.Interface())
	c := &checker{schema: s, root: root, at: spot{prefix, root.Line, root.Column}}
	if s.steps.left < 0 {
		return []Problem{c.at.fault(root, refersToItself, "")[0].Problem}
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return nil
	}
	faults := c.explain(invalid)
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
		return missing && meant[p.Path+" "+text.DidYouMean(key, []string{key})]
	})
}

const (
	missingKey     = "the key "
	notAllowed     = "is not allowed here"
	refersToItself = "cannot be checked: the schema refers to itself"
)

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

func (at spot) fault(node *Node, message, suggestion string) []fault {
	return []fault{{Problem: Problem{at.line, at.column, at.path, message, suggestion}, node: node}}
}

// checker says what the errors of the library mean in a document.
type checker struct {
	schema *Schema
	root   *Node
	at     spot
}

// locate returns the value of a location, and where it is reported: a scalar at
// its place, all else at its key, where a person looks for it.
func (c *checker) locate(location []string) (*Node, spot) {
	node, at := c.root, c.at
	for _, step := range location {
		if field := node.Field(step); field != nil {
			node, at = field.Value, field.spot(at.path)
			continue
		}
		i, err := strconv.Atoi(step)
		if err != nil || i < 0 || i >= len(node.Items) {
			break
		}
		node = node.Items[i]
		at = spot{fmt.Sprintf("%s[%d]", at.path, i), node.Line, node.Column}
	}
	return node, at
}

// spot is where the value of a field is reported; path is that of its mapping.
func (f *Field) spot(path string) spot {
	at := spot{join(path, f.Key), f.Value.Line, f.Value.Column}
	if f.Value.Kind != Scalar || f.Value.Raw == "" {
		at.line, at.column = f.Line, f.Column
	}
	return at
}

// explain returns the faults that an error of the library stands for.
func (c *checker) explain(err *jsonschema.ValidationError) []fault {
	node, at := c.locate(err.InstanceLocation)
	switch k := err.ErrorKind.(type) {
	case *kind.AnyOf:
		return c.nearest(err, node, at)
	case *kind.OneOf:
		if len(k.Subschemas) > 1 {
			return at.fault(node, "fits more than one of the forms that are allowed", "keep the keys of one")
		}
		return c.nearest(err, node, at)
	case *kind.PropertyNames:
		return c.propertyName(err, k.Property)
	case *kind.Contains, *kind.MinContains, *kind.MaxContains:
		return explainContains(k, node, at)
	}
	if len(err.Causes) > 0 {
		return c.explainAll(err.Causes)
	}
	if faults := c.explainMapping(err, node, at); faults != nil {
		return faults
	}
	return c.explainValue(err, node, at)
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
func (c *checker) nearest(err *jsonschema.ValidationError, node *Node, at spot) []fault {
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
		return wrongType(node, at, want)
	}
	return best
}

// propertyName explains what is wrong with a key.
func (c *checker) propertyName(err *jsonschema.ValidationError, key string) []fault {
	mapping, at := c.withKey(c.root, c.at, key, err.InstanceLocation)
	if mapping == nil {
		return c.at.fault(c.root, fmt.Sprintf("the key %q is not valid", key), "")
	}
	field := mapping.Field(key)
	name := &Node{Line: field.Line, Column: field.Column, Value: key, Raw: key}
	inner := &checker{c.schema, name, spot{join(at.path, key), field.Line, field.Column}}
	return inner.explainAll(err.Causes)
}

// withKey returns the mapping at a location, or else the first at its depth, that
// has a key. For names of properties the library keeps no copy of the location, so
// what it looks at next may have changed any step of it.
func (c *checker) withKey(node *Node, at spot, key string, location []string) (*Node, spot) {
	if len(location) == 0 {
		if node.Kind == Mapping && node.Field(key) != nil {
			return node, at
		}
		return nil, spot{}
	}
	inner := &checker{c.schema, node, at}
	steps := append([]string{location[0]}, childrenOf(node)...)
	for _, step := range steps {
		child, place := inner.locate([]string{step})
		if child == node {
			continue
		}
		if found, where := c.withKey(child, place, key, location[1:]); found != nil {
			return found, where
		}
	}
	return nil, spot{}
}

// childrenOf returns the steps that lead from a node to those within.
func childrenOf(node *Node) []string {
	var steps []string
	for _, f := range node.Fields {
		steps = append(steps, f.Key)
	}
	for i := range node.Items {
		steps = append(steps, strconv.Itoa(i))
	}
	return steps
}

// explainValue explains what is wrong with a value by itself.
func (c *checker) explainValue(err *jsonschema.ValidationError, node *Node, at spot) []fault {
	switch k := err.ErrorKind.(type) {
	case *kind.Type:
		return wrongType(node, at, c.typesOf(err.SchemaURL, k.Want))
	case *kind.Enum:
		message, suggestion := explainEnum(node.Interface(), k.Want)
		return at.fault(node, message, suggestion)
	case *kind.Const:
		return at.fault(node, show(node.Interface())+" is not allowed", "write "+show(k.Want))
	case *kind.Pattern:
		suggestion, ok := c.schema.keyword(err.SchemaURL, "patternErrorMessage").(string)
		if !ok {
			suggestion = "it must match " + k.Want
		}
		return at.fault(node, fmt.Sprintf("%q is not valid", k.Got), suggestion)
	case *kind.Format:
		return at.fault(node, fmt.Sprintf("%s is not valid", node.Raw), "it must be of the format "+k.Want)
	case *kind.MinLength:
		if k.Want == 1 {
			return at.fault(node, "must not be empty", "give it a value or remove the key")
		}
		return at.fault(node, fmt.Sprintf("must have at least %d characters", k.Want), "")
	case *kind.MaxLength:
		return at.fault(node, fmt.Sprintf("must have at most %d characters", k.Want), "")
	case *kind.MinItems:
		return at.fault(node, "must have at least "+counted(k.Want, "item"), "")
	case *kind.MaxItems:
		return at.fault(node, "must have at most "+counted(k.Want, "item"), "")
	case *kind.AdditionalItems:
		return at.fault(node, "must have at most "+counted(len(node.Items)-k.Count, "item"), "")
	case *kind.UniqueItems:
		return at.fault(node, fmt.Sprintf("items %d and %d are the same", k.Duplicates[0], k.Duplicates[1]), "keep one of the two")
	case *kind.RefCycle:
		return at.fault(node, refersToItself, "")
	}
	if text := explainNumber(err.ErrorKind); text != "" {
		return at.fault(node, node.Raw+" "+text, "")
	}
	return at.fault(node, notAllowed, "")
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

func explainContains(errorKind jsonschema.ErrorKind, node *Node, at spot) []fault {
	const wanted = " of the form that the list wants"
	switch k := errorKind.(type) {
	case *kind.MinContains:
		return at.fault(node, "must have at least "+counted(k.Want, "item")+wanted+", and has "+strconv.Itoa(len(k.Got)), "")
	case *kind.MaxContains:
		return at.fault(node, "must have at most "+counted(k.Want, "item")+wanted+", and has "+strconv.Itoa(len(k.Got)), "")
	}
	return at.fault(node, "must have at least one item"+wanted, "")
}

func wrongType(node *Node, at spot, want []string) []fault {
	message, suggestion := explainType(typeOf(node), want, node)
	faults := at.fault(node, message, suggestion)
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

// counted says how many: one item, 2 items.
func counted(n int, what string) string {
	if n == 1 {
		return "one " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
