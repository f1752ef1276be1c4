package render

import (
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

// terraformFile is the name of the file for Terraform; empty for other formats.
func (o *Options) terraformFile() string {
	return map[string]string{FormatTerraform: "byoos.tf", FormatTerraformJSON: "byoos.tf.json"}[o.Format]
}

// converted returns the packs in a format of another program.
func (o *Options) converted(rendered []pipeline.Rendered) ([]byte, error) {
	switch o.Format {
	case FormatTFExternal:
		return terraform.External(terraformPacks(rendered))
	case FormatProfile:
		if len(rendered) != 1 {
			return nil, failure.Usage("name one: render PACK --format profile", "--format profile takes one pack, and the spec has %d", len(rendered))
		}
		target, err := o.target(rendered[0])
		if err != nil {
			return nil, err
		}
		return palette.ProfileJSON(target, string(rendered[0].Values.Render()))
	}
	packs := terraformPacks(rendered)
	shape := terraform.Shape(o.TerraformShape)
	if shape == terraform.ShapeProfile {
		if err := o.addProfiles(packs, rendered); err != nil {
			return nil, err
		}
	}
	return terraform.Render(packs, terraform.Options{Shape: shape, JSON: o.Format == FormatTerraformJSON})
}

func terraformPacks(rendered []pipeline.Rendered) []terraform.Pack {
	packs := make([]terraform.Pack, len(rendered))
	for i, r := range rendered {
		packs[i] = terraform.Pack{Name: r.Pick.Pack.Name, Pack: string(r.Pick.Pack.Pack), Values: string(r.Values.Render())}
		if t := r.Pick.Pack.Target; t != nil {
			packs[i].Version, packs[i].Registry, packs[i].RegistryUID = t.PackVersion, t.Registry, t.RegistryUID
		}
	}
	return packs
}

// addProfiles adds what is known of each pack's profile.
func (o *Options) addProfiles(packs []terraform.Pack, rendered []pipeline.Rendered) error {
	for i, r := range rendered {
		t, err := o.target(r)
		if err != nil {
			return err
		}
		cloud := palette.CloudType(t)
		if why, next := palette.CloudMisfit(t, cloud); why != "" && t.Create {
			return failure.Usage(next, "%s", why)
		}
		packs[i].Profile = terraform.Profile{
			Context: terraform.Context(t.Scope.Kind()), Project: t.Scope.Project(), Name: t.Profile, Version: t.Version,
			Cloud: cloud, Type: t.Type, Create: t.Create, Replace: t.Replace,
		}
	}
	return nil
}

func (o *Options) target(r pipeline.Rendered) (palette.Target, error) {
	scopes, err := o.Palette.Scopes(o.Invocation)
	if err != nil {
		return palette.Target{}, err
	}
	return options.PaletteTarget(r, scopes)
}
