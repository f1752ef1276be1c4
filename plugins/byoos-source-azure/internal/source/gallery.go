package source

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/azureapi"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/machineimage"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// place is one gallery.
type place struct{ subscription, group, gallery string }

// names are those of the gallery, by their types in ids.
func (p place) names() map[string]string {
	return map[string]string{"subscriptions": p.subscription, "resourcegroups": p.group, "galleries": p.gallery}
}

func (p place) version(definition, version string) resourceid.ID {
	return resourceid.ID{
		Kind: resourceid.GalleryVersion, Subscription: p.subscription, ResourceGroup: p.group,
		Gallery: p.gallery, Definition: definition, Version: version,
	}
}

// galleries reads the galleries of a subscription that the configuration names.
func (d *discovery) galleries(ctx context.Context, subscription string) error {
	places, err := d.findGalleries(ctx, subscription)
	if err != nil && azureapi.NotFound(err) && len(d.subscriptions) > 1 {
		d.places.lacks("gallery", "subscription "+subscription, "resource group "+d.ResourceGroup+notThere, checkName)
		return nil
	}
	if err != nil {
		d.places.has()
		return d.tell(ctx, err, "the galleries of subscription "+subscription, "subscription")
	}
	if len(places) == 0 {
		return d.noGallery("subscription "+subscription, "see what there is with: az sig list --subscription "+subscription)
	}
	d.begin(len(places))
	return each(ctx, places, d.gallery)
}

// noGallery tells that none matches: one with a name is meant to exist.
func (d *discovery) noGallery(place, next string) error {
	summary := fmt.Sprintf("no gallery matches %q%s", d.Gallery, inGroup(d.ResourceGroup))
	if !isPattern(d.Gallery) {
		d.places.lacks("gallery", place, summary, next)
		return nil
	}
	return d.report(sdk.Diagnostic{Severity: sdk.Warning, ConfigPath: "gallery", Scope: place, Summary: summary, NextStep: next})
}

func inGroup(group string) string {
	if group == "" {
		return ""
	}
	return ", resource group " + group
}

// findGalleries returns the galleries that match. With a name and a resource
// group there is nothing to look for.
func (d *discovery) findGalleries(ctx context.Context, subscription string) ([]place, error) {
	if !isPattern(d.Gallery) && d.ResourceGroup != "" {
		return []place{{subscription, d.ResourceGroup, d.Gallery}}, nil
	}
	var places []place
	list := listing{of: map[string]string{"subscriptions": subscription}, kind: "galleries"}
	if d.ResourceGroup != "" {
		list.of["resourcegroups"] = d.ResourceGroup
	}
	err := d.api.Galleries(ctx, subscription, d.ResourceGroup, func(g *armcompute.Gallery) error {
		name := list.name(g.ID, g.Name)
		if name == "" || !matches(d.Gallery, name) {
			return nil
		}
		group := cmp.Or(resourceid.Parts(text(g.ID))["resourcegroups"], d.ResourceGroup)
		if group == "" {
			list.nameless++
			return nil
		}
		places = append(places, place{subscription, group, name})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return places, list.tell(d.report, "subscription "+subscription)
}

func (d *discovery) gallery(ctx context.Context, p place) error {
	definitions, err := d.definitions(ctx, p)
	switch {
	case err != nil && azureapi.NotFound(err) && (len(d.subscriptions) > 1 || isPattern(d.Gallery)):
		d.places.lacks(d.subjectKey(), "subscription "+p.subscription, d.subject(p.gallery)+notThere, checkName)
		err = nil
	case err != nil:
		d.places.has()
		err = d.tell(ctx, err, d.subject(p.gallery), d.subjectKey())
	default:
		d.places.has()
		err = d.versions(ctx, p, definitions)
	}
	if err != nil {
		return err
	}
	return d.finished("gallery " + p.gallery)
}

// subject names what definitions reads.
func (d *discovery) subject(gallery string) string {
	if d.Definition != "" && !isPattern(d.Definition) {
		return "image definition " + d.Definition + " of gallery " + gallery
	}
	return "gallery " + gallery
}

func (d *discovery) subjectKey() string {
	if d.Definition != "" && !isPattern(d.Definition) {
		return "definition"
	}
	return "gallery"
}

// definitions returns the gallery's image definitions that match and that packs
// can use.
func (d *discovery) definitions(ctx context.Context, p place) ([]*armcompute.GalleryImage, error) {
	if d.Definition != "" && !isPattern(d.Definition) {
		one, err := d.api.Definition(ctx, p.subscription, p.group, p.gallery, d.Definition)
		if err != nil {
			return nil, err
		}
		if one.Name == nil {
			one.Name = &d.Definition
		}
		return []*armcompute.GalleryImage{one}, nil
	}
	var found []*armcompute.GalleryImage
	list := listing{of: p.names(), kind: "images"}
	err := d.api.Definitions(ctx, p.subscription, p.group, p.gallery, func(g *armcompute.GalleryImage) error {
		if name := list.name(g.ID, g.Name); name != "" && matches(d.Definition, name) {
			g.Name = &name
			found = append(found, g)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, list.tell(d.report, "gallery "+p.gallery)
}

func (d *discovery) versions(ctx context.Context, p place, definitions []*armcompute.GalleryImage) error {
	var foreign []string
	linux := slices.DeleteFunc(definitions, func(g *armcompute.GalleryImage) bool {
		if machineimage.FromGalleryImage(g).Linux() {
			return false
		}
		foreign = append(foreign, *g.Name)
		return true
	})
	if err := d.leftOut(p.gallery, foreign); err != nil {
		return err
	}
	if len(linux) == 0 && len(foreign) == 0 {
		return d.report(sdk.Diagnostic{
			Severity: sdk.Warning, ConfigPath: "definition", Scope: "gallery " + p.gallery,
			Summary: fmt.Sprintf("no image definition matches %q", d.Definition),
		})
	}
	var failed failures
	err := each(ctx, linux, func(ctx context.Context, g *armcompute.GalleryImage) error {
		err := d.definitionVersions(ctx, p, g)
		if err == nil || ctx.Err() != nil {
			return err
		}
		failed.add(*g.Name, err)
		return nil
	})
	if err != nil {
		return err
	}
	return failed.tell(ctx, d.session, "the versions of image definition "+p.gallery+"/", "definition")
}

// leftOut tells of definitions whose operating system no pack can use.
func (d *discovery) leftOut(gallery string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return d.report(sdk.Diagnostic{
		Severity: sdk.Notice, Scope: "gallery " + gallery,
		Summary: fmt.Sprintf("left out %d image definition(s) that are not Linux: %s", len(names), abbreviated(names)),
	})
}

// definitionVersions sends the versions of a definition, and those that were read
// also when the list broke off.
func (d *discovery) definitionVersions(ctx context.Context, p place, g *armcompute.GalleryImage) error {
	definition := machineimage.FromGalleryImage(g)
	var versions []listed
	list := listing{of: p.names(), kind: "versions"}
	list.of["images"] = *g.Name
	err := d.api.Versions(ctx, p.subscription, p.group, p.gallery, *g.Name, func(v *armcompute.GalleryImageVersion) error {
		if name := list.name(v.ID, v.Name); name != "" {
			id := p.id(v.ID, *g.Name, name)
			versions = append(versions, listed{id: id, name: name, said: v, images: machineimage.FromListed(id, definition, v, d.opt)})
		}
		return nil
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	unsettled := d.settle(ctx, p, *g.Name, definition, versions)
	for _, v := range versions {
		list.place(v.images)
		if err := d.out.Images(v.images...); err != nil {
			return err
		}
	}
	if err := list.tell(d.report, "image definition "+p.gallery+"/"+*g.Name); err != nil {
		return err
	}
	if err != nil && azureapi.NotFound(err) {
		// It was in the list a moment ago: somebody deleted it meanwhile.
		return d.report(sdk.Diagnostic{
			Severity: sdk.Notice, Scope: "gallery " + p.gallery,
			Summary: fmt.Sprintf("image definition %s was deleted while the gallery was read", *g.Name),
		})
	}
	if err != nil {
		return err
	}
	return unsettled
}

// id returns Azure's own id of a version, in the usual form, or makes it up from
// what was asked.
func (p place) id(given *string, definition, version string) resourceid.ID {
	if given != nil {
		if id, err := resourceid.Parse(*given); err == nil && strings.EqualFold(id.Version, version) {
			return id
		}
	}
	return p.version(definition, version)
}
