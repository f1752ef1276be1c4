package schemacheck

import (
	"fmt"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

// maxExact is the largest whole number below which JSON's usual readers, and the
// protocol of plugins, keep all of them apart.
const maxExact = 1 << 53

// Inexact returns a problem for each whole number of a document that would become
// another one on its way through JSON.
func Inexact(root *yamldoc.Node) []yamldoc.Problem {
	var problems []yamldoc.Problem
	if isInexact(root) {
		problems = append(problems, root.Problem(root.Raw+" is too large a whole number: it would arrive as another one",
			fmt.Sprintf("whole numbers go up to %d; quote it if text is meant", maxExact)))
	}
	for _, child := range root.Children {
		problems = append(problems, Inexact(child)...)
	}
	return problems
}

func isInexact(node *yamldoc.Node) bool {
	switch v := node.Value.(type) {
	case int64:
		return v > maxExact || v < -maxExact
	case uint64:
		return v > maxExact
	case float64: // one that does not fit into 64 bits, or is written with .0
		return (v > maxExact || v < -maxExact) && !strings.ContainsAny(node.Raw, "eE")
	}
	return false
}
