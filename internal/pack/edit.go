package pack

import (
	"errors"
	"fmt"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamledit"
)

// Change is one value that an edit sets anew.
type Change = yamledit.Change

// Edit returns existing with the owned values set; all other bytes stay as they
// are. Values that are right already, also when a macro has other white space,
// are left alone: without a change the result is existing itself. name is the
// file's, for messages. A document that cannot be edited safely is a
// *failure.Error with file, line and column; nothing is returned then.
func (v *Values) Edit(existing []byte, name string) ([]byte, []Change, error) {
	doc, err := yamledit.Parse(existing)
	if err != nil {
		return nil, nil, refused(err, name)
	}
	if err := v.refuseOtherPack(doc, name); err != nil {
		return nil, nil, err
	}
	out, changes, err := doc.Edit(v.ops())
	if err != nil {
		return nil, nil, refused(err, name)
	}
	return out, changes, nil
}

// refused tells where in the file an edit fails.
func refused(err error, name string) error {
	at := &yamldoc.Problem{Message: err.Error()}
	errors.As(err, &at)
	if at.Line > 0 {
		name = fmt.Sprintf("%s:%d:%d", name, at.Line, at.Column)
	}
	return &failure.Error{Code: failure.ExitFailure, Summary: name + ": " + at.Message, Next: at.Suggestion}
}

// refuseOtherPack keeps the values of one pack out of a file of another.
func (v *Values) refuseOtherPack(doc *yamledit.Document, name string) error {
	for _, other := range spec.PackKinds() {
		n, _ := doc.Lookup(other.Image)
		if other.Kind == v.Pack || n == nil { // an error, the edit reports
			continue
		}
		return failure.Usage("name the values file of this pack, or correct packs[].pack",
			"%s:%d:%d: these are values of %s (%s), not of %s", name, n.Line, n.Column, other.Kind, strings.Join(other.Image, "."), v.Pack)
	}
	return nil
}

func (v *Values) ops() []yamledit.Op {
	var ops []yamledit.Op
	images := []string{"pack", "content", "images"}
	if v.OwnImage != "" {
		ops = append(ops, yamledit.Op{
			Path: images, Item: "image", Value: v.OwnImage, First: true, Match: isOwnImage, Same: sameAs(v.OwnImage),
		})
	}
	for _, ref := range v.ContentImages {
		ops = append(ops, yamledit.Op{Path: images, Item: "image", Value: ref})
	}
	for _, field := range v.Fields {
		ops = append(ops, yamledit.Op{Path: field.Path, Value: field.Value, Same: sameAs(field.Value)})
	}
	for _, field := range v.ifPresent {
		ops = append(ops, yamledit.Op{Path: field.Path, Value: field.Value, IfPresent: true})
	}
	return ops
}

func sameAs(value string) func(string) bool {
	return func(old string) bool { return sameMacros(old, value) }
}
