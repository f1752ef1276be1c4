package schemacheck

import (
	"fmt"
	"strings"
)

// maxExact is the largest whole number below which JSON's usual readers, and the
// protocol of plugins, keep all of them apart.
const maxExact = 1 << 53

// Inexact returns a problem for each whole number of a document that would become
// another one on its way through JSON. prefix is as for Check.
func Inexact(root *Node, prefix string) []Problem {
	var problems []Problem
	switch root.Kind {
	case Mapping:
		for _, f := range root.Fields {
			problems = append(problems, Inexact(f.Value, join(prefix, f.Key))...)
		}
	case Sequence:
		for i, item := range root.Items {
			problems = append(problems, Inexact(item, fmt.Sprintf("%s[%d]", prefix, i))...)
		}
	default:
		if isInexact(root) {
			problems = append(problems, Problem{
				root.Line, root.Column, prefix, root.Raw + " is too large a whole number: it would arrive as another one",
				fmt.Sprintf("whole numbers go up to %d; quote it if text is meant", maxExact),
			})
		}
	}
	return problems
}

func isInexact(node *Node) bool {
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
