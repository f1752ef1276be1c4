package render

import (
	"cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
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
	project, err := o.Palette.DefaultProject(o.Invocation)
	if err != nil {
		return err
	}
	for i, r := range rendered {
		t := r.Pick.Pack.Target
		if t == nil {
			continue
		}
		packs[i].Profile = terraform.Profile{
			Project: t.Project, Name: t.Profile, Version: t.Version, Type: string(t.Type), Create: t.Create, Replace: t.Replace,
			Cloud: palette.CloudType(options.PaletteTarget(r)),
		}
		if t.Scope != spec.ScopeTenant {
			packs[i].Profile.Project = cmp.Or(t.Project, project)
		}
		if t.Scope == spec.ScopeProject && packs[i].Profile.Project == "" {
			return failure.Usage("set target.project, or --project", "pack %s is for a project, and no project is named", packs[i].Name)
		}
	}
	return nil
}
