package pack

import (
	"errors"
	"fmt"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/osname"
)

// generic fills the values of generic-byoi.
func (b *builder) generic() {
	if b.image == nil {
		b.refuse("check that a source of packs[].sources has a fitting image",
			"no image was picked for osImageOverride")
		return
	}
	if err := CheckID(b.image.Provider, b.image.ID); err != nil {
		b.refuse("correct the source's output or configuration, or select another image with packs[].select",
			"%s; osImageOverride would not work", err)
	}
	b.add([]string{"pack", "osImageOverride"}, b.image.ID, b.from("id"))
	b.required([]string{"pack", "osName"}, "osName", b.osName())
	if os := b.image.OS; b.pack.Values.OSVersion == "" && osname.Partial(os.Name, os.Version) {
		b.refuse("set packs[].values.osVersion in the spec",
			"osVersion is known in part only: image %s (source %q) is %s %s", b.image.ID, b.image.Source, os.Name, os.Version)
	}
	b.required([]string{"pack", "osVersion"}, "osVersion", b.osVersion())
}

// imageOfID is the image of pack.osImageOverride.
func imageOfID(id string) (*image.Image, error) {
	if strings.Contains(id, "{{") {
		return nil, errors.New("pack.osImageOverride is a template, which Palette fills in")
	}
	provider := ProviderOf(id)
	if err := CheckID(provider, id); err != nil {
		return nil, fmt.Errorf("pack.osImageOverride: %w", err)
	}
	return &image.Image{ID: id, Provider: provider}, nil
}
