package render

import (
	"cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/terraform"
)

// Formats for Terraform and for Palette's API.
const (
	FormatTerraform     = "terraform"
	FormatTerraformJSON = "terraform-json"
	FormatTFExternal    = "tfexternal"
	FormatProfile       = "profile"
)

// converted returns the packs in a format of another program.
func (o *Options) converted(rendered []pipeline.Rendered) ([]byte, error) {
	switch o.Format {
	case FormatTFExternal:
		return terraform.External(terraformPacks(rendered))
	case FormatProfile:
		if len(rendered) != 1 {
			return nil, failure.Usage("name one: render PACK --format profile", "--format profile takes one pack, and the spec has %d", len(rendered))
		}
		return palette.ProfileJSON(options.PaletteTarget(rendered[0]), string(rendered[0].Values.Render()))
	}
	return terraform.Render(terraformPacks(rendered), terraform.Options{
		Shape: terraform.Shape(o.TerraformShape), JSON: o.Format == FormatTerraformJSON,
	})
}

func terraformPacks(rendered []pipeline.Rendered) []terraform.Pack {
	packs := make([]terraform.Pack, len(rendered))
	for i, r := range rendered {
		t := options.PaletteTarget(r)
		packs[i] = terraform.Pack{
			Name: t.Name, Pack: t.Pack, Version: t.PackVersion, Registry: cmp.Or(t.Registry, palette.DefaultRegistry),
			Values:  string(r.Values.Render()),
			Profile: terraform.Profile{Project: t.Project, Name: t.Profile, Version: t.Version, Cloud: palette.CloudType(t)},
		}
	}
	return packs
}
