package image

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Identity tells one image from all others, in what any source says. Two of an AMI's
// regions are two identities, as a copy has its own id; a gallery image version has
// one in all of its regions. Of an OCI reference it names what stands behind all of
// its architectures: see Part.
type Identity struct{ Provider, ID string }

// Identity returns the image's identity. A short id that packs use is no part of
// it, nor is letter case where the provider ignores it.
func (i *Image) Identity() Identity {
	return Identity{strings.ToLower(i.Provider), CanonicalID(i.Provider, cmp.Or(i.FullID, i.ID))}
}

// Place is where statements meet: one image in one region.
type Place struct {
	Identity
	// Region is the same for all spellings.
	Region string
}

// Place returns the image's identity and region.
func (i *Image) Place() Place { return Place{i.Identity(), RegionKey(i.Region)} }

// azureLocation is what Azure's own examples have in some ids of gallery versions.
var azureLocation = regexp.MustCompile(`/locations/[^/]+`)

// CanonicalID returns one form of all in which a provider gives an id.
func CanonicalID(provider, id string) string {
	if !FoldsCase(provider) {
		return id
	}
	id = strings.ToLower(id)
	if strings.Contains(id, "/locations/") {
		id = azureLocation.ReplaceAllString(id, "")
	}
	return strings.ReplaceAll(id, "/imageversions/", "/versions/")
}

// Series returns what the versions of one image definition of Azure share, and "" for
// other images. Versions are numbered in each definition by itself.
func (i *Image) Series() string {
	if !FoldsCase(i.Provider) || i.Version == "" {
		return ""
	}
	definition, _, found := strings.Cut(i.Identity().ID, "/versions/")
	if !found {
		return ""
	}
	return definition
}

// FoldsCase tells whether a provider ignores letter case in ids and regions' names,
// as Azure does (learn.microsoft.com, "Resource IDs are case-insensitive").
func FoldsCase(provider string) bool { return strings.EqualFold(provider, "azure") }

// Part tells the images of one id apart, where an id has several: the platforms of
// an OCI reference, and what a tag was before it was pushed again.
type Part struct{ Architecture, Digest string }

// Part returns what of an id the image is. What is not known is empty.
func (i *Image) Part() Part { return Part{strings.ToLower(i.Architecture), i.Digest} }

// HasParts tells whether ids of a provider can stand for several images. Those of clouds
// and of hypervisors name one; of a provider that is not known here it is taken for
// possible.
func HasParts(provider string) bool {
	switch strings.ToLower(provider) {
	case "aws", "azure", "gcp", "vsphere", "openstack", "nutanix", "oracle", "proxmox",
		"digitalocean", "hcloud", "huaweicloud", "outscale":
		return false
	}
	return true
}

// within tells whether what is known of a part is so in another one that was read, or not
// read, as it was.
func (p Part) within(other Part) bool {
	return (p.Architecture == "" || p.Architecture == other.Architecture) && p.Digest == other.Digest
}

// Same tells whether two statements speak of one image.
func Same(a, b *Image) bool {
	if a.Identity() != b.Identity() {
		return false
	}
	if !HasParts(a.Provider) {
		return true
	}
	x, y := a.Part(), b.Part()
	return agree(x.Architecture, y.Architecture) && agree(x.Digest, y.Digest)
}

// agree tells whether two values are equal as far as both are known.
func agree(a, b string) bool { return a == "" || b == "" || a == b }

// Refuses tells whether a state speaks against using an image. A state that is not
// known does not.
func (s State) Refuses() bool { return s != Available && s != StateUnset }

// parts separates the images of one id. What is known of less goes with each that
// it can be.
func parts(group []*Image) [][]*Image {
	if !HasParts(group[0].Provider) {
		return [][]*Image{group}
	}
	byPart := map[Part][]*Image{}
	for _, img := range group {
		byPart[img.Part()] = append(byPart[img.Part()], img)
	}
	joinRead(byPart)
	known := slices.SortedFunc(maps.Keys(byPart), func(a, b Part) int {
		return cmp.Or(cmp.Compare(a.Architecture, b.Architecture), cmp.Compare(a.Digest, b.Digest))
	})
	var split [][]*Image
	for _, whole := range known {
		if slices.ContainsFunc(known, func(more Part) bool { return more != whole && whole.within(more) }) {
			continue
		}
		var images []*Image
		for _, part := range known {
			if part.within(whole) {
				images = append(images, byPart[part]...)
			}
		}
		split = append(split, images)
	}
	return split
}

// joinRead puts what is said of a tag by its name alone with what was read of it, as far as
// the architectures agree; what was read tells which there are.
func joinRead(byPart map[Part][]*Image) {
	read := slices.DeleteFunc(slices.Collect(maps.Keys(byPart)), func(part Part) bool { return part.Digest == "" })
	for part, named := range byPart {
		if len(read) == 0 || part.Digest != "" {
			continue
		}
		delete(byPart, part)
		for _, other := range read {
			if agree(part.Architecture, other.Architecture) {
				byPart[other] = append(byPart[other], named...)
			}
		}
	}
}
