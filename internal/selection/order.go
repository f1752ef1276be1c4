package selection

import (
	"cmp"
	"maps"
	"slices"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/versions"
)

// sortable is an image with what it is ordered by, worked out once.
type sortable struct {
	img     *image.Image
	version versions.Version
}

// rank returns the images best first: newest creation time (unknown ones last),
// then highest version, then id and whatever else makes the order total. Sources
// can say that versions come before times; their images follow the others, and
// decide refuses to choose between the two kinds.
func rank(images []*image.Image) []*image.Image {
	keys := sorted(images)
	ranked := make([]*image.Image, len(keys))
	for i, key := range keys {
		ranked[i] = key.img
	}
	return ranked
}

func sorted(images []*image.Image) []sortable {
	keys := make([]sortable, len(images))
	parsed := map[string]versions.Version{} // many have the same one, or none
	for i, img := range images {
		version, known := parsed[img.Version]
		if !known {
			version = versions.Parse(img.Version)
			parsed[img.Version] = version
		}
		keys[i] = sortable{img, version}
	}
	slices.SortFunc(keys, compareKeys)
	return keys
}

func compareKeys(a, b sortable) int {
	times, order := compareTimes(a.img, b.img), cmp.Compare(a.img.NewestBy, b.img.NewestBy)
	if order == 0 && a.img.NewestBy != image.NewestByVersion {
		order = times
	}
	if order != 0 { // most differ in that
		return order
	}
	return cmp.Or(
		b.version.Compare(a.version), times,
		cmp.Compare(a.img.ID, b.img.ID),
		cmp.Compare(a.img.Provider, b.img.Provider),
		cmp.Compare(a.img.Region, b.img.Region),
		cmp.Compare(a.img.Architecture, b.img.Architecture),
		cmp.Compare(a.img.Digest, b.img.Digest),
		cmp.Compare(a.img.Source, b.img.Source),
	)
}

func sameTime(a, b *image.Image) bool { return compareTimes(a, b) == 0 }

// compareTimes puts the newer first and an unknown time last.
func compareTimes(a, b *image.Image) int {
	switch {
	case a.CreatedAt == nil && b.CreatedAt == nil:
		return 0
	case a.CreatedAt == nil:
		return 1
	case b.CreatedAt == nil:
		return -1
	}
	return b.CreatedAt.Compare(*a.CreatedAt)
}

// Compare tells whether an image is newer (positive) or older than another, by what
// their sources rank by; zero when neither time nor version says so, or when they are
// ranked in two ways.
func Compare(a, b *image.Image) int {
	times, x, y := compareTimes(b, a), versions.Parse(a.Version), versions.Parse(b.Version)
	switch {
	case a.NewestBy != b.NewestBy:
		return 0
	case a.NewestBy != image.NewestByVersion:
		return cmp.Or(times, x.Order(y))
	case x.Unordered(y):
		return 0
	}
	return cmp.Or(x.Compare(y), times)
}

// Compare is Compare for a pack that is a template: where versions come first, those of
// the agents come before all others.
func (t Template) Compare(a, b *image.Image) int {
	if a.NewestBy == image.NewestByVersion && b.NewestBy == image.NewestByVersion {
		one, err := t.Leads(a)
		other, otherErr := t.Leads(b)
		x, y := versions.Parse(one.Agent), versions.Parse(other.Agent)
		if err == nil && otherErr == nil && x.Compare(y) != 0 {
			return x.Order(y)
		}
	}
	return Compare(a, b)
}

// decidedBy names what put an image before another of one kind of order.
func decidedBy(a, b *image.Image) string {
	times, versions := compareTimes(a, b) != 0, compareVersions(a.Version, b.Version) != 0
	switch {
	case versions && (a.NewestBy == image.NewestByVersion || !times):
		return "version"
	case times:
		return "createdAt"
	}
	return "id"
}

// compareVersions puts versions in a total order, also where nothing gives one.
func compareVersions(a, b string) int { return versions.Parse(a).Compare(versions.Parse(b)) }

// sortedVersions are the keys of a map in order, spellings of one version by their text.
func sortedVersions[V any](of map[string]V) []string {
	return slices.SortedFunc(maps.Keys(of), func(a, b string) int { return cmp.Or(compareVersions(a, b), cmp.Compare(a, b)) })
}
