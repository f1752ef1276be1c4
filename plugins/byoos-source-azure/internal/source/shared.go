package source

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/azureapi"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/machineimage"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// locations returns the regions to ask, in Azure's own form: those configured,
// or those of them that the host will select from.
func locations(configured, hinted []string) []string {
	wanted := map[string]bool{}
	for _, h := range hinted {
		wanted[resourceid.Region(h)] = true
	}
	var regions []string
	for _, c := range configured {
		region := resourceid.Region(c)
		if (len(wanted) == 0 || wanted[region]) && !slices.Contains(regions, region) {
			regions = append(regions, region)
		}
	}
	return regions
}

// lister reads galleries of one kind that belong to somebody else.
type lister struct {
	kind        resourceid.Kind
	gallery     string
	definitions func(ctx context.Context, location, pattern string) (map[string]machineimage.Definition, error)
	versions    func(ctx context.Context, location, definition string, each func(string, machineimage.Shared) error) error
}

// sharedGalleries reads the gallery in every region that is configured and selected
// from. Where there is none nothing is asked, and the host could not say why.
func (d *discovery) sharedGalleries(ctx context.Context) error {
	regions := locations(d.Locations, d.hints.Regions)
	if len(regions) == 0 {
		return d.report(sdk.Diagnostic{
			Severity: sdk.Notice, ConfigPath: "locations", Scope: "gallery " + cmp.Or(d.CommunityGallery, d.SharedGallery),
			Summary:  "not asked: none of its locations is among the regions that packs select, " + abbreviated(d.hints.Regions),
			NextStep: "add to locations the regions that you need",
		})
	}
	l := d.community()
	if d.mode == modeShared {
		l = d.shared()
	}
	return each(ctx, regions, func(ctx context.Context, location string) error {
		d.begin(1)
		if err := d.readShared(ctx, l, location); err != nil {
			return err
		}
		return d.finished("gallery " + l.gallery + " in " + location)
	})
}

func (d *discovery) readShared(ctx context.Context, l lister, location string) error {
	where := "gallery " + l.gallery + " in " + location
	definitions, err := l.definitions(ctx, location, d.Definition)
	if err != nil && azureapi.NotFound(err) {
		d.places.lacks("locations", location, d.subject(l.gallery)+notThere, "check the name, and in which regions it is")
		return nil
	}
	d.places.has()
	if err != nil {
		return d.tell(ctx, err, where, string(d.mode))
	}
	if len(definitions) == 0 {
		return d.report(sdk.Diagnostic{
			Severity: sdk.Warning, ConfigPath: "definition", Scope: where,
			Summary: fmt.Sprintf("no image definition matches %q", d.Definition),
		})
	}
	var names, foreign []string
	for name, definition := range definitions {
		if definition.Linux() {
			names = append(names, name)
		} else {
			foreign = append(foreign, name)
		}
	}
	if err := d.leftOut(l.gallery, foreign); err != nil {
		return err
	}
	slices.Sort(names)
	var failed failures
	err = each(ctx, names, func(ctx context.Context, name string) error {
		err := d.sharedVersions(ctx, l, location, name, definitions[name])
		if err == nil || ctx.Err() != nil {
			return err
		}
		failed.add(name, err)
		return nil
	})
	if err != nil {
		return err
	}
	return failed.tell(ctx, d.session, "the versions in "+where+" of image definition ", "definition")
}

func (d *discovery) sharedVersions(ctx context.Context, l lister, location, name string, definition machineimage.Definition) error {
	err := l.versions(ctx, location, name, func(version string, s machineimage.Shared) error {
		id := resourceid.ID{Kind: l.kind, Gallery: l.gallery, Definition: name, Version: version}
		return d.out.Images(s.Image(id, location, definition, d.opt))
	})
	if err != nil && azureapi.NotFound(err) {
		return d.report(sdk.Diagnostic{
			Severity: sdk.Notice, Scope: "gallery " + l.gallery,
			Summary: fmt.Sprintf("image definition %s was deleted while the gallery was read", name),
		})
	}
	return err
}

func (d *discovery) community() lister {
	subscription, gallery := d.subscriptions[0], d.CommunityGallery
	return lister{
		kind: resourceid.CommunityVersion, gallery: gallery,
		definitions: func(ctx context.Context, location, pattern string) (map[string]machineimage.Definition, error) {
			found := map[string]machineimage.Definition{}
			if pattern != "" && !isPattern(pattern) {
				one, err := d.api.CommunityDefinition(ctx, subscription, location, gallery, pattern)
				if err == nil {
					found[pattern] = machineimage.FromCommunityImage(one)
				}
				return found, err
			}
			list := listing{of: map[string]string{"communitygalleries": gallery}, kind: "images"}
			err := d.api.CommunityDefinitions(ctx, subscription, location, gallery, func(g *armcompute.CommunityGalleryImage) error {
				if name := list.name(communityID(g.Identifier), g.Name); name != "" && matches(pattern, name) {
					found[name] = machineimage.FromCommunityImage(g)
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
			return found, list.tell(d.report, "gallery "+gallery+" in "+location)
		},
		versions: func(ctx context.Context, location, definition string, each func(string, machineimage.Shared) error) error {
			list := listing{of: map[string]string{"communitygalleries": gallery, "images": definition}, kind: "versions"}
			err := d.api.CommunityVersions(ctx, subscription, location, gallery, definition, func(v *armcompute.CommunityGalleryImageVersion) error {
				name := list.name(communityID(v.Identifier), v.Name)
				if name == "" {
					return nil
				}
				return each(name, machineimage.FromCommunityVersion(v))
			})
			return cmp.Or(err, list.tell(d.report, "gallery "+gallery+" in "+location))
		},
	}
}

func communityID(i *armcompute.CommunityGalleryIdentifier) *string {
	if i == nil {
		return nil
	}
	return i.UniqueID
}

func (d *discovery) shared() lister {
	subscription, gallery := d.subscriptions[0], d.SharedGallery
	return lister{
		kind: resourceid.SharedVersion, gallery: gallery,
		definitions: func(ctx context.Context, location, pattern string) (map[string]machineimage.Definition, error) {
			found := map[string]machineimage.Definition{}
			if pattern != "" && !isPattern(pattern) {
				one, err := d.api.SharedDefinition(ctx, subscription, location, gallery, pattern)
				if err == nil {
					found[pattern] = machineimage.FromSharedImage(one)
				}
				return found, err
			}
			list := listing{of: map[string]string{"sharedgalleries": gallery}, kind: "images"}
			err := d.api.SharedDefinitions(ctx, subscription, location, gallery, func(g *armcompute.SharedGalleryImage) error {
				if name := list.name(sharedID(g.Identifier), g.Name); name != "" && matches(pattern, name) {
					found[name] = machineimage.FromSharedImage(g)
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
			return found, list.tell(d.report, "gallery "+gallery+" in "+location)
		},
		versions: func(ctx context.Context, location, definition string, each func(string, machineimage.Shared) error) error {
			list := listing{of: map[string]string{"sharedgalleries": gallery, "images": definition}, kind: "versions"}
			err := d.api.SharedVersions(ctx, subscription, location, gallery, definition, func(v *armcompute.SharedGalleryImageVersion) error {
				name := list.name(sharedID(v.Identifier), v.Name)
				if name == "" {
					return nil
				}
				return each(name, machineimage.FromSharedVersion(v))
			})
			return cmp.Or(err, list.tell(d.report, "gallery "+gallery+" in "+location))
		},
	}
}

func sharedID(i *armcompute.SharedGalleryIdentifier) *string {
	if i == nil {
		return nil
	}
	return i.UniqueID
}
