package pack

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamledit"
)

// existingValues is what names the image in values of either pack.
type existingValues struct {
	Pack struct {
		OSImageOverride string `yaml:"osImageOverride"`
	} `yaml:"pack"`
	Options map[string]any `yaml:"options"`
}

// ImagesOf returns the images that existing values of BYOOS packs name, one for each
// YAML document, as render prints several packs: id, provider and, for a reference that
// pins one, its digest. name is used in messages. Values that name none (another pack,
// agent mode, a template that Palette fills in, what cannot be an id) are a usage error.
func ImagesOf(existing []byte, name string) ([]*image.Image, error) {
	var images []*image.Image
	for i, at := range yamledit.Documents(existing) {
		number := i + 1
		before := bytes.Count(existing[:at.Start], []byte("\n"))
		values, err := valuesOf(existing[at.Start:at.End], before)
		if err != nil {
			return nil, &failure.Error{Code: failure.ExitUsage, Summary: "cannot read " + name, Err: err, Next: "check it with lint"}
		}
		if values == nil { // an empty document
			continue
		}
		img, err := values.image()
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

// valuesOf reads one document, which stands below some lines of the file.
func valuesOf(document []byte, before int) (*existingValues, error) {
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
	var values *existingValues
	if err := doc.Root().Decode(&values); err != nil {
		return nil, err
	}
	return values, nil
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

func (v *existingValues) image() (*image.Image, error) {
	id := v.Pack.OSImageOverride
	switch {
	case id == "":
		return imageOfURI(optionsURI(v.Options))
	case strings.Contains(id, "{{"):
		return nil, errors.New("pack.osImageOverride is a template, which Palette fills in")
	}
	provider := ProviderOf(id)
	if err := CheckID(provider, id); err != nil {
		return nil, fmt.Errorf("pack.osImageOverride: %w", err)
	}
	return &image.Image{ID: id, Provider: provider}, nil
}

// optionsURI reads the key as the pack writes it, system.uri, and nested.
func optionsURI(options map[string]any) string {
	if uri, ok := options["system.uri"].(string); ok {
		return uri
	}
	system, _ := options["system"].(map[string]any)
	uri, _ := system["uri"].(string)
	return uri
}

func imageOfURI(uri string) (*image.Image, error) {
	switch {
	case uri == "":
		return nil, errors.New("there is neither pack.osImageOverride nor options system.uri")
	case uri == agentMode:
		return nil, errors.New("system.uri is NA: the pack is in agent mode")
	case strings.Contains(uri, "{{"):
		return nil, errors.New("system.uri is a template, which Palette fills in")
	}
	if err := image.CheckOCI(uri); err != nil {
		return nil, fmt.Errorf("system.uri: %w", err)
	}
	id, digest, _ := strings.Cut(image.WithoutScheme(uri), "@")
	return &image.Image{ID: id, Provider: oci, Digest: digest}, nil
}
