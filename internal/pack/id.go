package pack

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Providers that a check of the id's form is known for.
const (
	aws     = "aws"
	azure   = "azure"
	gcp     = "gcp"
	vsphere = "vsphere"
	oci     = "oci"
)

// CheckID tells what is wrong with the form of a machine image's id for its
// provider, or nil. Ids of providers that have no known form are only checked
// for being there. The forms:
//
//   - aws: ami- and 8 or 17 hexadecimal digits (EC2 API, "Resource IDs")
//   - azure: the ARM id of a gallery image version or a managed image
//     (Compute REST API), or galleries/G/images/D/versions/X.Y.Z, which leaves
//     out where the gallery is
//   - gcp: projects/PROJECT/global/images/NAME, also as a URL (Compute API)
//   - vsphere: the inventory path of a VM or template, as the pack's
//     documentation shows it: /Datacenter/vm/folder/name
func CheckID(provider, id string) error {
	if id == "" {
		return errors.New("the image has no id")
	}
	if strings.ContainsFunc(id, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u00a0' }) {
		return fmt.Errorf("image id %q holds a character that no id has", id)
	}
	switch provider {
	case aws:
		return checkAMI(id)
	case azure:
		return checkARM(id)
	case gcp:
		return checkGCE(id)
	case vsphere:
		return checkInventoryPath(id)
	case oci:
		return fmt.Errorf("image id %q is an OCI reference: generic-byoi takes machine images, edge-native-byoi takes this one", id)
	}
	return nil
}

// ProviderOf guesses the provider from the form of an id; empty when nothing
// speaks for one.
func ProviderOf(id string) string {
	lower := strings.ToLower(id)
	switch {
	case strings.HasPrefix(lower, "ami-"):
		return aws
	case strings.HasPrefix(lower, "/subscriptions/"), strings.HasPrefix(lower, "galleries/"),
		strings.HasPrefix(lower, "/sharedgalleries/"), strings.HasPrefix(lower, "/communitygalleries/"):
		return azure
	case strings.HasPrefix(lower, "projects/"), strings.Contains(lower, "/compute/v1/projects/"):
		return gcp
	case strings.HasPrefix(lower, "/"):
		return vsphere
	}
	return ""
}

func checkAMI(id string) error {
	digits, ok := strings.CutPrefix(id, "ami-")
	if !ok {
		return fmt.Errorf("image id %q is no AMI id: it must start with ami-", id)
	}
	if len(digits) != 8 && len(digits) != 17 {
		return fmt.Errorf("image id %q is no AMI id: %d characters follow ami-, not 8 or 17", id, len(digits))
	}
	for _, r := range digits {
		if !strings.ContainsRune("0123456789abcdef", r) {
			return fmt.Errorf("image id %q is no AMI id: %q is no lower-case hexadecimal digit", id, r)
		}
	}
	return nil
}

func checkARM(id string) error {
	path, whole := strings.CutPrefix(id, "/")
	parts := strings.Split(path, "/")
	gallery := strings.EqualFold(parts[0], "galleries")
	if whole {
		gallery = strings.EqualFold(parts[0], "communityGalleries") || strings.EqualFold(parts[0], "sharedGalleries")
	}
	switch {
	case !whole && !gallery:
		return fmt.Errorf("image id %q is no Azure resource id: it must start with /", id)
	case slices.Contains(parts, ""):
		return fmt.Errorf("image id %q is no Azure resource id: it has an empty segment", id)
	case gallery:
		return checkGalleryVersion(id, parts[1:])
	}
	want := []string{"subscriptions", "", "resourceGroups", "", "providers", "Microsoft.Compute"}
	if len(parts) <= len(want) {
		return fmt.Errorf("image id %q is no Azure resource id: /subscriptions/ID/resourceGroups/NAME/providers/Microsoft.Compute/... is wanted", id)
	}
	for i, segment := range want {
		if segment != "" && !strings.EqualFold(parts[i], segment) {
			return fmt.Errorf("image id %q is no Azure image: %q stands where %q belongs", id, parts[i], segment)
		}
	}
	rest := parts[len(want):]
	if strings.EqualFold(rest[0], "galleries") {
		return checkGalleryVersion(id, rest[1:])
	}
	if len(rest) != 2 || !strings.EqualFold(rest[0], "images") {
		return fmt.Errorf("image id %q is no Azure image: images/NAME or galleries/NAME/images/NAME/versions/X.Y.Z must follow Microsoft.Compute", id)
	}
	return nil
}

// checkGalleryVersion checks a gallery's name and what follows it.
func checkGalleryVersion(id string, path []string) error {
	switch {
	case len(path) < 3 || !strings.EqualFold(path[1], "images"):
		return fmt.Errorf("image id %q is a gallery: images/NAME/versions/X.Y.Z must follow its name", id)
	case len(path) == 3:
		return fmt.Errorf("image id %q is an image definition: versions/X.Y.Z is missing at its end", id)
	case strings.EqualFold(path[3], "imageversions"):
		return fmt.Errorf("image id %q is spelt as Image Builder does: /versions/ must stand for /%s/", id, path[3])
	case len(path) != 5 || !strings.EqualFold(path[3], "versions"):
		return fmt.Errorf("image id %q is no gallery image version: it must end in versions/X.Y.Z", id)
	case !plainVersion.MatchString(path[4]):
		return fmt.Errorf("image id %q is no gallery image version: version %q is not three numbers X.Y.Z", id, path[4])
	}
	return nil
}

// gceImage is an image of Compute Engine, also as a URL.
var gceImage = regexp.MustCompile(`^(https://([^/]+/)*)?projects/[^/]+/global/images/[^/]+$`)

func checkGCE(id string) error {
	switch {
	case strings.Contains(id, "/global/images/family/"):
		return fmt.Errorf("image id %q is an image family, which moves: name one image, projects/PROJECT/global/images/NAME", id)
	case !gceImage.MatchString(id):
		return fmt.Errorf("image id %q is no Compute Engine image: projects/PROJECT/global/images/NAME is wanted", id)
	}
	return nil
}

func checkInventoryPath(id string) error {
	switch {
	case !strings.HasPrefix(id, "/"):
		return fmt.Errorf("image id %q is no inventory path: it must start with / and the datacenter, as in /Datacenter/vm/folder/name", id)
	case strings.HasSuffix(id, "/"):
		return fmt.Errorf("image id %q is a folder: the template's name is missing at its end", id)
	case strings.Contains(id, "//"):
		return fmt.Errorf("image id %q is no inventory path: it has an empty segment", id)
	case !strings.Contains(id[1:], "/vm/"):
		return fmt.Errorf("image id %q is no inventory path of a VM template: /vm/ must follow the datacenter, as in /Datacenter/vm/folder/name", id)
	}
	return nil
}
