package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/compute"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// galleries reads the galleries of a subscription that the configuration names.
func (d *discovery) galleries(ctx context.Context, subscription string) error {
	found, err := d.findGalleries(ctx, subscription)
	if arm.NotFound(err) && len(d.subscriptions) > 1 {
		d.places.lacks("gallery", "subscription "+subscription, "resource group "+d.ResourceGroup+notThere, checkName)
		return nil
	}
	if err != nil {
		d.places.has()
		return d.tell(ctx, err, "the galleries of subscription "+subscription, "subscription")
	}
	if len(found) == 0 {
		return d.noGallery("subscription "+subscription, "see what there is with: az sig list --subscription "+subscription)
	}
	d.begin(len(found))
	return each(ctx, found, d.gallery)
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
func (d *discovery) findGalleries(ctx context.Context, subscription string) ([]compute.Gallery, error) {
	one := compute.Gallery{Kind: resourceid.GalleryVersion, Subscription: subscription, Group: d.ResourceGroup, Name: d.Gallery}
	if !isPattern(d.Gallery) && d.ResourceGroup != "" {
		return []compute.Gallery{one}, nil
	}
	var found []compute.Gallery
	list := listingOf(subscription, d.ResourceGroup, "galleries")
	err := compute.Galleries(ctx, d.api, subscription, d.ResourceGroup, func(g compute.Listed) error {
		name := list.name(g.ID, g.Name)
		if name == "" || !matches(d.Gallery, name) {
			return nil
		}
		one.Group = cmp.Or(resourceid.Parts(g.ID)["resourcegroups"], d.ResourceGroup)
		if one.Group == "" {
			list.nameless++
			return nil
		}
		one.Name = name
		found = append(found, one)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, list.tell(d.report, "subscription "+subscription)
}

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

// foreignGallery reads somebody else's gallery in every region that is configured and
// selected from. Where there is none nothing is asked, and the host could not say why.
func (d *discovery) foreignGallery(ctx context.Context, kind resourceid.Kind, name string) error {
	regions := locations(d.Locations, d.hints.Regions)
	if len(regions) == 0 {
		return d.report(sdk.Diagnostic{
			Severity: sdk.Notice, ConfigPath: "locations", Scope: "gallery " + name,
			Summary:  "not asked: none of its locations is among the regions that packs select, " + abbreviated(d.hints.Regions),
			NextStep: "add to locations the regions that you need",
		})
	}
	d.begin(len(regions))
	return each(ctx, regions, func(ctx context.Context, location string) error {
		return d.gallery(ctx, compute.Gallery{Kind: kind, Subscription: d.subscriptions[0], Location: location, Name: name})
	})
}

// gallery reads one gallery.
func (d *discovery) gallery(ctx context.Context, g compute.Gallery) error {
	definitions, err := d.definitions(ctx, g)
	subject, key := d.subject(g.Name)
	switch absent := arm.NotFound(err); {
	case absent && g.Foreign():
		d.places.lacks("locations", g.Location, subject+notThere, "check the name, and in which regions it is")
		err = nil
	case absent && (len(d.subscriptions) > 1 || isPattern(d.Gallery)):
		d.places.lacks(key, "subscription "+g.Subscription, subject+notThere, checkName)
		err = nil
	case err != nil:
		d.places.has()
		if g.Foreign() {
			subject, key = where(g), string(d.mode)
		}
		err = d.tell(ctx, err, subject, key)
	default:
		d.places.has()
		err = d.versions(ctx, g, definitions)
	}
	if err != nil {
		return err
	}
	return d.finished(where(g))
}

// where names a gallery.
func where(g compute.Gallery) string {
	if g.Foreign() {
		return "gallery " + g.Name + " in " + g.Location
	}
	return "gallery " + g.Name
}

// subject names what definitions reads, and the key that names it.
func (d *discovery) subject(gallery string) (subject, key string) {
	if d.Definition != "" && !isPattern(d.Definition) {
		return "image definition " + d.Definition + " of gallery " + gallery, "definition"
	}
	return "gallery " + gallery, "gallery"
}

// definitions returns the gallery's image definitions that match, by their names.
func (d *discovery) definitions(ctx context.Context, g compute.Gallery) (map[string]compute.Definition, error) {
	found := map[string]compute.Definition{}
	if name := d.Definition; name != "" && !isPattern(name) {
		one, err := g.Definition(ctx, d.api, name)
		if err != nil {
			return nil, err
		}
		if !g.Foreign() {
			name = cmp.Or(one.Name, name)
		}
		found[name] = one
		return found, nil
	}
	list := listing{of: g.Names(), kind: "images"}
	err := g.Definitions(ctx, d.api, func(one compute.Definition) error {
		if name := list.name(one.ID, one.Name); name != "" && matches(d.Definition, name) {
			found[name] = one
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, list.tell(d.report, where(g))
}

// versions sends the versions of the definitions that packs can use.
func (d *discovery) versions(ctx context.Context, g compute.Gallery, definitions map[string]compute.Definition) error {
	if len(definitions) == 0 {
		return d.report(sdk.Diagnostic{
			Severity: sdk.Warning, ConfigPath: "definition", Scope: where(g),
			Summary: fmt.Sprintf("no image definition matches %q", d.Definition),
		})
	}
	var linux, others []string
	for _, name := range slices.Sorted(maps.Keys(definitions)) {
		if definitions[name].Linux() {
			linux = append(linux, name)
		} else {
			others = append(others, name)
		}
	}
	if len(others) > 0 {
		if err := d.report(sdk.Diagnostic{
			Severity: sdk.Notice, Scope: "gallery " + g.Name,
			Summary: fmt.Sprintf("left out %d image definition(s) that are not Linux: %s", len(others), abbreviated(others)),
		}); err != nil {
			return err
		}
	}
	var failed failures
	err := each(ctx, linux, func(ctx context.Context, name string) error {
		err := d.definition(ctx, imageDefinition{g, name, definitions[name]})
		if err == nil || ctx.Err() != nil {
			return err
		}
		failed.add(name, err)
		return nil
	})
	if err != nil {
		return err
	}
	subject := "the versions of image definition " + g.Name + "/"
	if g.Foreign() {
		subject = "the versions in " + where(g) + " of image definition "
	}
	return failed.tell(ctx, d.session, subject, "definition")
}

// imageDefinition is a definition of a gallery, with its name there.
type imageDefinition struct {
	compute.Gallery
	name       string
	definition compute.Definition
}

// scope names it in what is told.
func (i imageDefinition) scope() string { return "image definition " + i.Name + "/" + i.name }

// definition sends the versions of a definition, and those that were read also when the
// list broke off. Somebody else's are sent as they are read, since a list of theirs may be
// long; for one's own all must be known to say which to ask for.
func (d *discovery) definition(ctx context.Context, i imageDefinition) error {
	var versions []listed
	list, scope := listing{of: i.Names(), kind: "versions"}, i.scope()
	list.of["images"] = i.name
	send := func(v listed) error {
		list.place(v.images)
		return d.out.Images(v.images...)
	}
	err := i.Versions(ctx, d.api, i.name, func(v compute.Version) error {
		name := list.name(v.ID, v.Name)
		if name == "" {
			return nil
		}
		id := i.ID(v.ID, i.name, name)
		one := listed{id: id, name: name, said: v, images: i.Listed(id, i.definition, v, d.opt)}
		if i.Foreign() {
			return send(one)
		}
		versions = append(versions, one)
		return nil
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var unsettled error
	if i.Foreign() {
		scope = where(i.Gallery)
	} else {
		unsettled = d.settle(ctx, i, versions)
	}
	for _, v := range versions {
		if err := send(v); err != nil {
			return err
		}
	}
	if err := list.tell(d.report, scope); err != nil {
		return err
	}
	if arm.NotFound(err) {
		// It was in the list a moment ago: somebody deleted it meanwhile.
		return d.report(sdk.Diagnostic{
			Severity: sdk.Notice, Scope: "gallery " + i.Name,
			Summary: fmt.Sprintf("image definition %s was deleted while the gallery was read", i.name),
		})
	}
	return cmp.Or(err, unsettled)
}
