package pack

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamledit"
)

// ImagesOf returns the images that existing values of BYOOS packs name, one for each
// YAML document, as render prints several packs: id, provider and, for a reference that
// pins one, its digest. name is used in messages. Values that name none (another pack,
// agent mode, a template that Palette fills in, what cannot be an id) are a usage error.
func ImagesOf(existing []byte, name string) ([]*image.Image, error) {
	var images []*image.Image
	for i, at := range yamledit.Documents(existing) {
		number := i + 1
		before := bytes.Count(existing[:at.Start], []byte("\n"))
		root, err := rootOf(existing[at.Start:at.End], before)
		if err == nil && root == nil { // an empty document
			continue
		}
		var kind spec.PackKind
		var value string
		if err == nil {
			kind, value, err = imageKey(root)
		}
		if err != nil {
			return nil, &failure.Error{Code: failure.ExitUsage, Summary: "cannot read " + name, Err: err, Next: "check it with lint"}
		}
		img, err := imageOf(kind, value)
		if err != nil {
			return nil, noImage(name, number, err)
		}
		images = append(images, img)
	}
	if len(images) == 0 {
		return nil, noImage(name, 1, errors.New("it is empty"))
	}
	return images, nil
}

// rootOf reads one document, which stands below some lines of the file; nil when it is
// empty.
func rootOf(document []byte, before int) (*yaml.Node, error) {
	doc, err := yamledit.Parse(document)
	var at *yamldoc.Problem
	switch {
	case errors.As(err, &at) && at.Line > 0:
		at.Line += before
		return nil, at
	case err != nil || doc.Root() == nil:
		return nil, err
	}
	moveDown(doc.Root(), before)
	return doc.Root(), nil
}

// moveDown counts the lines of nodes from the start of the file.
func moveDown(n *yaml.Node, lines int) {
	n.Line += lines
	for _, child := range n.Content {
		moveDown(child, lines)
	}
}

func noImage(name string, document int, err error) error {
	if document > 1 {
		name = fmt.Sprintf("document %d of %s", document, name)
	}
	return &failure.Error{
		Code: failure.ExitUsage, Summary: name + " names no image to verify", Err: err,
		Next: "verify the lock, or give the image's id",
	}
}

// imageKey finds the key that names the image, and so the kind of pack.
func imageKey(root *yaml.Node) (kind spec.PackKind, value string, err error) {
	for _, traits := range spec.PackKinds() {
		if value, err = textAt(root, traits.Image); err != nil || value != "" {
			return traits.Kind, value, err
		}
	}
	return "", "", nil
}

func imageOf(kind spec.PackKind, value string) (*image.Image, error) {
	if r, ok := renderers()[kind]; ok {
		return r.image(value)
	}
	var keys []string
	for _, traits := range spec.PackKinds() {
		keys = append(keys, strings.Join(traits.Image, "."))
	}
	return nil, errors.New("there is neither " + strings.Join(keys, " nor "))
}

// textAt is the text at a path, of which a dotted key may be nested.
func textAt(n *yaml.Node, path []string) (string, error) {
	if len(path) == 0 {
		var text string
		return text, n.Decode(&text)
	}
	var keys map[string]yaml.Node
	if err := n.Decode(&keys); err != nil {
		return "", err
	}
	if value, ok := keys[path[0]]; ok {
		return textAt(&value, path[1:])
	}
	first, rest, dotted := strings.Cut(path[0], ".")
	if value, ok := keys[first]; ok && dotted && value.Kind != yaml.ScalarNode {
		return textAt(&value, append([]string{rest}, path[1:]...))
	}
	return "", nil
}
