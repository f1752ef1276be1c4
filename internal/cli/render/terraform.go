package render

import (
	"fmt"
	"os"
	"slices"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/terraform"
)

func (o *Options) terraform(rendered *options.Rendered) ([]byte, error) {
	packs := terraformPacks(rendered.Packs)
	shape := terraform.Shape(o.TerraformShape)
	if shape == terraform.ShapeProfile {
		if err := o.addProfiles(packs, rendered.Packs); err != nil {
			return nil, err
		}
	}
	former, err := o.former()
	if err != nil {
		return nil, err
	}
	return terraform.Render(packs, terraform.Options{
		Shape: shape, JSON: o.Format == FormatTerraformJSON, Former: former,
		Note: func(note string) { fmt.Fprintf(o.Invocation.ErrOut, "note: %s\n", note) },
	})
}

// former is the file that the output takes the place of; nil when there is none. One
// that would be refused when it is written is not read.
func (o *Options) former() ([]byte, error) {
	if o.OutDir == "" {
		return nil, nil
	}
	file := o.output(formats()[o.Format].file, nil)
	if err := o.guard().Check(file); err != nil {
		return nil, err
	}
	info, err := os.Stat(file.Path)
	if isFile := err == nil && info.Mode().IsRegular(); !isFile {
		return nil, nil
	}
	data, err := os.ReadFile(file.Path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the earlier %s: %w", file.Name, err)
	}
	return data, nil
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
	targets := make([]palette.Target, len(rendered))
	var requests []palette.Request
	for i, r := range rendered {
		var err error
		if targets[i], err = o.target(r); err != nil {
			return err
		}
		if targets[i].Profile != "" {
			requests = append(requests, palette.Request{Target: targets[i]})
		}
	}
	// What diff and apply refuse is not left to Terraform.
	if err := palette.CheckRequests(requests, palette.Goal{}); err != nil {
		return err
	}
	for i, t := range targets {
		if why, next := palette.CloudMisfit(t, palette.CloudType(t)); why != "" {
			return failure.Usage(next, "pack %s: %s", t.Name, why)
		}
		packs[i].Profile = profileOf(t)
		for _, note := range withoutEffect(t) {
			fmt.Fprintf(o.Invocation.ErrOut, "note: pack %s: %s\n", t.Name, note)
		}
	}
	return nil
}

// profileOf is a target's profile. The kind of one that is there is Palette's to say:
// it is checked when Terraform has read it.
func profileOf(t palette.Target) terraform.Profile {
	p := terraform.Profile{
		Context: terraform.Context(t.Scope.Kind()), Project: t.Scope.Project(), Name: t.Profile, Version: t.Version,
		Cloud: palette.CloudType(t), Type: t.Type, Create: t.Create, Replace: t.Replace,
	}
	if t.Create {
		return p
	}
	if t.CloudType == "" {
		p.Cloud = ""
	}
	if t.Provider != "" {
		p.Misfits = palette.MisfitClouds(t)
	}
	return p
}

// withoutEffect tells of settings of a target that change nothing in a profile resource.
func withoutEffect(t palette.Target) []string {
	if t.Create {
		if t.Replace {
			return []string{"target.replace has no effect: Terraform makes the profile with target.create"}
		}
		return nil
	}
	var notes []string
	for name, value := range map[string]string{"packVersion": t.PackVersion, "registry": t.Registry, "registryUid": t.RegistryUID} {
		if value != "" {
			notes = append(notes, "target."+name+" has no effect: the profile is imported with the layer that it has")
		}
	}
	slices.Sort(notes)
	return notes
}

func (o *Options) target(r pipeline.Rendered) (palette.Target, error) {
	scopes, err := o.Palette.Scopes(o.Invocation)
	if err != nil {
		return palette.Target{}, err
	}
	return options.PaletteTarget(r, scopes)
}
