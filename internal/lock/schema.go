package lock

import (
	"bytes"
	_ "embed" // for the schema
	"slices"

	"github.com/kubectl-byoos/kubectl-byoos/internal/schemacheck"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

//go:generate go test -run "^TestSchemaFile$" -update .

//go:embed schema.json
var schemaJSON []byte

// Schema returns the file's JSON Schema, which a test generates from the types of this
// package. Unknown keys are allowed, since a later version may have written them.
func Schema() []byte { return bytes.Clone(schemaJSON) }

// checks are the schema in two parts, since one check of it all would have no
// bound on its steps for a lock of any size.
type checks struct{ whole, entry *schemacheck.Schema }

func newChecks() checks {
	whole, _ := schemacheck.Compile(schemaJSON) // which is made from the types here
	return checks{whole, whole.Part("/$defs/record")}
}

// document checks a lock without its entries.
func (c checks) document(root *yamldoc.Node) []yamldoc.Problem {
	head := *root
	head.Children = slices.Clone(root.Children)
	for i, child := range root.Children {
		if child.Key == "packs" {
			packs := *child
			packs.Children, head.Children[i] = nil, &packs
		}
	}
	return c.whole.Check(&head)
}
