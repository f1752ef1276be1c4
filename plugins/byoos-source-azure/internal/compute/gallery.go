package compute

import (
	"cmp"
	"context"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
)

// Versions of the APIs, as the SDK's clients for them have.
const (
	galleryVersion = "2025-03-03"
	imageVersion   = "2025-04-01"
)

// Gallery is a gallery of a subscription, or somebody else's as a subscription sees it in
// one location.
type Gallery struct {
	// Kind is that of its versions.
	Kind         resourceid.Kind
	Subscription string
	// Group is of one's own gallery, Location of somebody else's.
	Group, Location string
	Name            string
}

// Foreign says whether the gallery is somebody else's.
func (g Gallery) Foreign() bool { return g.Kind != resourceid.GalleryVersion }

// Of returns the gallery of a version; subscription and location are where somebody else's
// is asked for.
func Of(id resourceid.ID, subscription, location string) Gallery {
	return Gallery{
		Kind: id.Kind, Subscription: cmp.Or(id.Subscription, subscription), Group: id.ResourceGroup, Location: location, Name: id.Gallery,
	}
}

// Names are those of the gallery, by their types in ids.
func (g Gallery) Names() map[string]string {
	switch g.Kind {
	case resourceid.CommunityVersion:
		return map[string]string{"communitygalleries": g.Name}
	case resourceid.SharedVersion:
		return map[string]string{"sharedgalleries": g.Name}
	}
	return map[string]string{"subscriptions": g.Subscription, "resourcegroups": g.Group, "galleries": g.Name}
}

// ID returns the id of a version: Azure's own where that is in the usual form, or one made
// up from what was asked.
func (g Gallery) ID(given, definition, version string) resourceid.ID {
	if id, err := resourceid.Parse(given); err == nil && !g.Foreign() && strings.EqualFold(id.Version, version) {
		return id
	}
	return resourceid.ID{
		Kind: g.Kind, ResourceGroup: g.Group, Gallery: g.Name, Definition: definition, Version: version, Subscription: g.owner(),
	}
}

// owner is the subscription that ids of the gallery name.
func (g Gallery) owner() string {
	if g.Foreign() {
		return ""
	}
	return g.Subscription
}

// below returns what is at a path below the gallery.
func (g Gallery) below(path string, query ...string) arm.Resource {
	at := "/subscriptions/" + g.Subscription
	switch g.Kind {
	case resourceid.CommunityVersion:
		at += "/providers/Microsoft.Compute/locations/" + g.Location + "/communityGalleries/"
	case resourceid.SharedVersion:
		at += "/providers/Microsoft.Compute/locations/" + g.Location + "/sharedGalleries/"
	default:
		at = inGroup(g.Subscription, g.Group) + "/galleries/"
	}
	return arm.Resource{Path: at + g.Name + path, Query: arm.Version(galleryVersion, query...)}
}

// inGroup returns the path to Compute in a resource group, or in the whole subscription
// when group is empty.
func inGroup(subscription, group string) string {
	path := "/subscriptions/" + subscription
	if group != "" {
		path += "/resourceGroups/" + group
	}
	return path + "/providers/Microsoft.Compute"
}

// Listed is a gallery in a list.
type Listed struct{ ID, Name string }

// Galleries lists the galleries of a resource group, or of the whole subscription when
// group is empty.
func Galleries(ctx context.Context, api *arm.API, subscription, group string, each func(Listed) error) error {
	return arm.List(ctx, api, arm.Resource{
		Path: inGroup(subscription, group) + "/galleries", Query: arm.Version(galleryVersion),
	}, each)
}

// Definitions lists the image definitions of the gallery.
func (g Gallery) Definitions(ctx context.Context, api *arm.API, each func(Definition) error) error {
	if g.Foreign() {
		return list(ctx, api, g, "/images", func(f foreignDefinition) error { return each(f.own()) })
	}
	return list(ctx, api, g, "/images", each)
}

// Definition reads one image definition.
func (g Gallery) Definition(ctx context.Context, api *arm.API, name string) (Definition, error) {
	at := g.below("/images/" + name)
	if g.Foreign() {
		f, err := arm.Get[foreignDefinition](ctx, api, at)
		return f.own(), err
	}
	return arm.Get[Definition](ctx, api, at)
}

// Versions lists the versions of an image definition, without their replication status.
func (g Gallery) Versions(ctx context.Context, api *arm.API, definition string, each func(Version) error) error {
	path := "/images/" + definition + "/versions"
	if g.Foreign() {
		return list(ctx, api, g, path, func(f foreignVersion) error { return each(f.own()) })
	}
	return list(ctx, api, g, path, each)
}

// Version reads one version, with its replication status in one's own gallery.
func (g Gallery) Version(ctx context.Context, api *arm.API, definition, version string) (Version, error) {
	path := "/images/" + definition + "/versions/" + version
	if g.Foreign() {
		f, err := arm.Get[foreignVersion](ctx, api, g.below(path))
		return f.own(), err
	}
	return arm.Get[Version](ctx, api, g.below(path, "$expand", "ReplicationStatus"))
}

// list lists what is at a path below a gallery: of one that is shared directly what is
// shared with the subscription, which is what Azure lists unless it is asked otherwise, or
// else with the whole tenant
// (learn.microsoft.com/cli/azure/sig/image-version#az-sig-image-version-list-shared).
func list[T any](ctx context.Context, api *arm.API, g Gallery, path string, each func(T) error) error {
	found := false
	err := arm.List(ctx, api, g.below(path), func(item T) error {
		found = true
		return each(item)
	})
	if g.Kind != resourceid.SharedVersion || found || err != nil && !arm.NotFound(err) {
		return err
	}
	withTenant := arm.List(ctx, api, g.below(path, "sharedTo", "tenant"), each)
	if arm.NotFound(withTenant) {
		return err
	}
	return withTenant
}

// ManagedImages lists the managed images of a resource group, or of the whole subscription
// when group is empty.
func ManagedImages(ctx context.Context, api *arm.API, subscription, group string, each func(ManagedImage) error) error {
	return arm.List(ctx, api, arm.Resource{
		Path: inGroup(subscription, group) + "/images", Query: arm.Version(imageVersion),
	}, each)
}

// Image reads one managed image.
func Image(ctx context.Context, api *arm.API, id resourceid.ID) (ManagedImage, error) {
	return arm.Get[ManagedImage](ctx, api, arm.Resource{Path: id.String(), Query: arm.Version(imageVersion)})
}
