package pack

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

// ImageOf returns the image that existing values of a BYOOS pack name: its id,
// provider and, for a reference that pins one, its digest. name is used in
// messages. Values that name none (another pack, agent mode, a template that
// Palette fills in) are a usage error.
func ImageOf(existing []byte, name string) (*image.Image, error) {
	var values struct {
		Pack struct {
			OSImageOverride string `yaml:"osImageOverride"`
		} `yaml:"pack"`
		Options map[string]any `yaml:"options"`
	}
	if err := yaml.Unmarshal(existing, &values); err != nil {
		return nil, &failure.Error{Code: failure.ExitUsage, Summary: "cannot read " + name, Err: err, Next: "check it with lint"}
	}
	if id := values.Pack.OSImageOverride; id != "" {
		return &image.Image{ID: id, Provider: ProviderOf(id)}, nil
	}
	uri := optionsURI(values.Options)
	img, err := imageOfURI(uri)
	if err != nil {
		return nil, &failure.Error{
			Code: failure.ExitUsage, Summary: name + " names no image to verify", Err: err,
			Next: "verify the lock, or give the image's id",
		}
	}
	return img, nil
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
	if err := CheckReference(uri); err != nil {
		return nil, fmt.Errorf("system.uri: %w", err)
	}
	id, digest, _ := strings.Cut(uri, "@")
	return &image.Image{ID: id, Provider: oci, Digest: digest}, nil
}
