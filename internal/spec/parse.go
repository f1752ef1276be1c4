package spec

import (
	"fmt"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/schemacheck"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

// Document is a spec with the places of everything in it.
type Document struct {
	Set ImageSet
	// root is nil for a spec from flags.
	root *yamldoc.Node
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
	root, problems := yamldoc.Read(data)
	if root == nil {
		return nil, invalid(name, problems)
	}
	document, problems := check(name, root)
	if len(problems) > 0 {
		return nil, invalid(name, problems)
	}
	document.Set.Dir = dir
	return document, nil
}

// check validates a spec.
func check(name string, root *yamldoc.Node) (*Document, []yamldoc.Problem) {
	schema, _ := schemacheck.Compile(Schema()) // which is ours and compiles
	problems := schema.Check(root)
	document := &Document{root: root}
	if err := root.Decode(&document.Set); err != nil {
		return nil, problems // the types are wrong, and the schema, made of them, says where
	}
	document.Set.File = name
	return document, yamldoc.Sort(append(problems, document.validate()...))
}

// invalid makes one error of all problems.
func invalid(name string, problems []yamldoc.Problem) *failure.Error {
	details := yamldoc.Lines(name, problems)
	if more := len(details) - maxReported; more > 0 {
		details = append(details[:maxReported], fmt.Sprintf("and %d more", more))
	}
	return &failure.Error{
		Code: failure.ExitUsage, Summary: name + " is not a valid spec", Details: details,
		Next: "correct " + name + "; the command schema lists every key, and " + reference + " explains them",
	}
}

// problem makes a problem of a value, or of the nearest that exists.
func (d *Document) problem(at path, message, suggestion string) yamldoc.Problem {
	steps := make([]string, len(at))
	for i, step := range at {
		steps[i] = fmt.Sprint(step)
	}
	node, found := d.root.At(steps...)
	problem := node.Problem(message, suggestion)
	if !found {
		problem.Line, problem.Column, problem.Path = node.Line, node.Column, at.String()
	}
	return problem
}
