// Package resourceid reads and writes the ids of Azure images. Azure compares
// ids without regard to case, and its services spell one id in several ways:
// VM Image Builder's API example ends a gallery version with
// /imageversions/1.2.3, the Compute API with /versions/1.2.3.
package resourceid

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Kind tells what an ID names.
type Kind int

// Kinds of image that Azure has.
const (
	ManagedImage Kind = iota + 1
	GalleryVersion
	CommunityVersion // of a gallery that is shared with everybody
	SharedVersion    // of a gallery that is shared with this subscription or tenant
)

// ID names one image. ManagedImage has Subscription, ResourceGroup and Name;
// GalleryVersion has all but Name. CommunityVersion and SharedVersion have
// Gallery (the public or the unique name), Definition and Version.
type ID struct {
	Kind                        Kind
	Subscription, ResourceGroup string
	Gallery, Definition         string
	Version                     string
	Name                        string
}

// errForm is wrapped by every error of Parse.
var errForm = errors.New("not the id of an Azure image")

// Parse reads the id of a managed image or of a gallery, community or shared
// gallery version. It accepts any case and both spellings of a version.
func Parse(s string) (ID, error) {
	part := strings.Split(s, "/")
	if part[0] != "" {
		return ID{}, fmt.Errorf("%w: %q does not start with a slash", errForm, s)
	}
	part = part[1:]
	for _, p := range part {
		if p == "" || p == "." || p == ".." || strings.ContainsAny(p, "?#%\\ \t\r\n") {
			return ID{}, fmt.Errorf("%w: %q has an empty or odd part", errForm, s)
		}
	}
	// Azure's own examples have a location between the provider and the gallery.
	if len(part) == 14 && strings.EqualFold(part[6], "locations") {
		part = slices.Delete(part, 6, 8)
	}
	switch {
	case matches(part, "subscriptions", "", "resourceGroups", "", "providers", "Microsoft.Compute", "images", ""):
		return ID{Kind: ManagedImage, Subscription: part[1], ResourceGroup: part[3], Name: part[7]}, nil
	case matches(part, "subscriptions", "", "resourceGroups", "", "providers", "Microsoft.Compute",
		"galleries", "", "images", "", "versions", ""),
		matches(part, "subscriptions", "", "resourceGroups", "", "providers", "Microsoft.Compute",
			"galleries", "", "images", "", "imageversions", ""):
		return ID{
			Kind: GalleryVersion, Subscription: part[1], ResourceGroup: part[3],
			Gallery: part[7], Definition: part[9], Version: part[11],
		}, nil
	case matches(part, "CommunityGalleries", "", "Images", "", "Versions", ""):
		return ID{Kind: CommunityVersion, Gallery: part[1], Definition: part[3], Version: part[5]}, nil
	case matches(part, "SharedGalleries", "", "Images", "", "Versions", ""):
		return ID{Kind: SharedVersion, Gallery: part[1], Definition: part[3], Version: part[5]}, nil
	}
	return ID{}, fmt.Errorf("%w: %q", errForm, s)
}

// Parts returns the names in any id of Azure by their types in lower case:
// /subscriptions/S/.../galleries/G has S at "subscriptions" and G at "galleries".
func Parts(id string) map[string]string {
	parts := map[string]string{}
	segments := strings.Split(strings.Trim(id, "/"), "/")
	for i := 0; i+1 < len(segments); i += 2 {
		parts[strings.ToLower(segments[i])] = segments[i+1]
	}
	return parts
}

// Contradicts says whether an id names something else than want does, for any type
// that both have. An id of another form contradicts nothing.
func Contradicts(id string, want map[string]string) bool {
	have := Parts(id)
	for kind, name := range want {
		if other, known := have[kind]; known && !strings.EqualFold(other, name) {
			return true
		}
	}
	return false
}

// matches compares part with want without regard to case; an empty want stands
// for any part.
func matches(part []string, want ...string) bool {
	if len(part) != len(want) {
		return false
	}
	for i, w := range want {
		if w != "" && !strings.EqualFold(part[i], w) {
			return false
		}
	}
	return true
}

// String returns the id as the Compute API spells it.
func (id ID) String() string {
	switch id.Kind {
	case ManagedImage:
		return id.group() + "/images/" + id.Name
	case GalleryVersion:
		return id.group() + "/" + id.Relative()
	case CommunityVersion:
		return "/CommunityGalleries/" + id.Gallery + "/Images/" + id.Definition + "/Versions/" + id.Version
	case SharedVersion:
		return "/SharedGalleries/" + id.Gallery + "/Images/" + id.Definition + "/Versions/" + id.Version
	}
	return ""
}

func (id ID) group() string {
	return "/subscriptions/" + id.Subscription + "/resourceGroups/" + id.ResourceGroup +
		"/providers/Microsoft.Compute"
}

// Relative returns the form that leaves out subscription and resource group:
// galleries/G/images/D/versions/V. A managed image has none.
func (id ID) Relative() string {
	if id.Kind != GalleryVersion {
		return ""
	}
	return "galleries/" + id.Gallery + "/images/" + id.Definition + "/versions/" + id.Version
}

// ParseRelative reads what Relative returns; subscription and resourceGroup
// complete it.
func ParseRelative(s, subscription, resourceGroup string) (ID, error) {
	base := ID{Subscription: subscription, ResourceGroup: resourceGroup}.group()
	return Parse(base + "/" + s)
}

// Regional says whether Azure is asked for the image in one region: one that belongs
// to somebody else.
func (id ID) Regional() bool { return id.Kind == CommunityVersion || id.Kind == SharedVersion }

// Key returns a string that is equal for ids that Azure takes for equal.
func (id ID) Key() string { return strings.ToLower(id.String()) }

// Region returns the name of a region as ids and endpoints have it: "West US 2"
// is westus2.
func Region(name string) string {
	return strings.ToLower(strings.Join(strings.Fields(name), ""))
}
