package spec

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/schemacheck"
)

// Document is a spec with the places of everything in it.
type Document struct {
	Set ImageSet
	// root is nil for a spec from flags.
	root *schemacheck.Node
}

// reference is the page that describes the spec: docs/spec.md, which an installed
// user does not have.
const reference = "https://github.com/kubectl-byoos/kubectl-byoos/blob/main/docs/spec.md"

// maxReported is how many problems one error lists; the rest is counted.
const maxReported = 25

// Parse reads and validates a spec. name is what messages call it, dir the
// absolute directory that its relative paths start from. The error is a
// *failure.Error with ExitUsage whose details are all problems, each with its
// line and column.
func Parse(name string, data []byte, dir string) (*Document, error) {
	document, problems, err := check(name, data, dir)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, invalid(name, problems)
	}
	return document, nil
}

// check reads and validates a spec.
func check(name string, data []byte, dir string) (*Document, []schemacheck.Problem, error) {
	root, problems := schemacheck.Read(data)
	if root == nil {
		return nil, problems, nil
	}
	schema, err := compiledSchema()
	if err != nil {
		return nil, nil, err
	}
	problems = schema.Check(root, "")
	document := &Document{root: root}
	if err := decode(root, &document.Set); err != nil {
		if len(problems) > 0 { // the types are wrong, and the schema says where
			return nil, problems, nil
		}
		return nil, nil, failure.Usage("", "%s: %s", name, err)
	}
	document.Set.File, document.Set.Dir = name, dir
	return document, schemacheck.Sort(append(problems, document.validate()...)), nil
}

// compiledSchema compiles the spec's own schema. One run reads one spec.
func compiledSchema() (*schemacheck.Schema, error) {
	schema, err := schemacheck.Compile(Schema())
	if err != nil {
		return nil, fmt.Errorf("the schema of the spec does not compile: %w", err)
	}
	return schema, nil
}

func decode(root *schemacheck.Node, into any) error {
	text, err := json.Marshal(root.Interface())
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// invalid makes one error of all problems.
func invalid(name string, problems []schemacheck.Problem) *failure.Error {
	e := &failure.Error{Code: failure.ExitUsage, Summary: name + " is not a valid spec"}
	for i, problem := range problems {
		if i == maxReported {
			e.Details = append(e.Details, fmt.Sprintf("and %d more", len(problems)-i))
			break
		}
		e.Details = append(e.Details, name+":"+problem.String())
	}
	e.Next = "correct " + name + "; the command schema lists every key, and " + reference + " explains them"
	return e
}

// Position returns the place of a value, found by keys (string) and indexes
// (int), or of the nearest that exists. A spec from flags has none: 0, 0.
func (d *Document) Position(path ...any) (line, col int) {
	if d.root == nil {
		return 0, 0
	}
	node, _ := d.root.At(path...)
	return node.Line, node.Column
}

// problem makes a problem at a path: at the value, or at the key of what is no
// single value.
func (d *Document) problem(path []any, message, suggestion string) schemacheck.Problem {
	line, col := d.Position(path...)
	if key, ok := path[len(path)-1].(string); ok {
		parent, found := d.root.At(path[:len(path)-1]...)
		if field := parent.Field(key); found && field != nil && field.Value.Kind != schemacheck.Scalar {
			line, col = field.Line, field.Column
		}
	}
	return schemacheck.Problem{Line: line, Column: col, Path: pathText(path), Message: message, Suggestion: suggestion}
}

func pathText(path []any) string {
	text := ""
	for _, step := range path {
		switch step := step.(type) {
		case int:
			text += "[" + strconv.Itoa(step) + "]"
		case string:
			if text != "" {
				text += "."
			}
			text += step
		}
	}
	return text
}
