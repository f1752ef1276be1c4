package pack

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamledit"
)

// ImagesOf returns the images that existing values of BYOOS packs name, one for each
// YAML document, as render prints several packs: id, provider and, for a reference that
// pins one, its digest. name is used in messages. Values that name none (another pack,
// agent mode, a template that Palette fills in, what cannot be an id) are a usage error.
func ImagesOf(existing []byte, name string) ([]*image.Image, error) {
	var images []*image.Image
	for i, at := range yamledit.Documents(existing) {
		kind, value, err := imageKey(existing[at.Start:at.End])
		if err != nil {
			// It has to tell the line of the file, and not of the document.
			above := bytes.Repeat([]byte("\n"), bytes.Count(existing[:at.Start], []byte("\n")))
			_, _, err = imageKey(slices.Concat(above, existing[at.Start:at.End]))
			return nil, &failure.Error{Code: failure.ExitUsage, Summary: "cannot read " + name, Err: err, Next: "check it with lint"}
		}
		img, err := imageOf(kind, value)
		if err != nil {
			return nil, noImage(name, i+1, err)
		}
		images = append(images, img)
	}
	if len(images) == 0 {
		return nil, noImage(name, 1, errors.New("it is empty"))
	}
	return images, nil
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
func imageKey(document []byte) (kind spec.PackKind, value string, err error) {
	doc, err := yamledit.Parse(document)
	if err == nil {
		_, _, err = doc.Edit(nil) // which refuses what cannot be read in one way only
	}
	if err != nil {
		return "", "", err
	}
	for _, traits := range spec.PackKinds() {
		n, err := doc.Lookup(traits.Image)
		if n != nil {
			err = n.Decode(&value)
		}
		if err != nil || value != "" {
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
