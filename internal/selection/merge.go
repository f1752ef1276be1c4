package selection

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

type identity struct{ provider, region, id string }

// part tells the images of one id apart: an OCI reference can stand for several
// architectures, and a tag for what it was before.
type part struct{ architecture, digest string }

// foldedID is an id as its provider compares it: Azure ignores case.
func foldedID(img *image.Image) string {
	if sameProvider(img.Provider, "azure") {
		return strings.ToLower(img.ID)
	}
	return img.ID
}

// merge makes one image of those that several sources (or overlapping manifests)
// found: same provider, region and id.
func merge(images []image.Image) ([]*image.Image, []Merge) {
	first := make(map[identity]int32, len(images)) // index into unique
	unique := make([]*image.Image, 0, len(images))
	again := map[int32][]*image.Image{} // what was found more than once
	for i := range images {
		img := &images[i]
		key := identity{strings.ToLower(img.Provider), normalRegion(img.Provider, img.Region), foldedID(img)}
		at, found := first[key]
		if !found {
			first[key] = int32(len(unique))
			unique = append(unique, img)
			continue
		}
		if again[at] == nil {
			again[at] = []*image.Image{unique[at]}
		}
		again[at] = append(again[at], img)
	}
	var merged []Merge
	for _, at := range slices.Sorted(maps.Keys(again)) {
		for i, same := range split(again[at]) {
			one := combine(same)
			if i == 0 {
				unique[at] = one
			} else {
				unique = append(unique, one)
			}
			if len(same) > 1 {
				merged = append(merged, Merge{one.ID, one.Region, sourcesOf(same)})
			}
		}
	}
	slices.SortFunc(merged, func(a, b Merge) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Region, b.Region), slices.Compare(a.Sources, b.Sources))
	})
	return unique, merged
}

// split separates the images of one id that are known to differ.
func split(group []*image.Image) [][]*image.Image {
	if len(group) == 1 {
		return [][]*image.Image{group}
	}
	architectures, digests := map[string]bool{}, map[string]bool{}
	for _, img := range group {
		if img.Architecture != "" {
			architectures[img.Architecture] = true
		}
		if img.Digest != "" {
			digests[img.Digest] = true
		}
	}
	if len(architectures) <= 1 && len(digests) <= 1 {
		return [][]*image.Image{group}
	}
	parts := map[part][]*image.Image{}
	for _, img := range group {
		key := part{img.Architecture, img.Digest}
		parts[key] = append(parts[key], img)
	}
	keys := slices.SortedFunc(maps.Keys(parts), func(a, b part) int {
		return cmp.Or(cmp.Compare(a.architecture, b.architecture), cmp.Compare(a.digest, b.digest))
	})
	split := make([][]*image.Image, len(keys))
	for i, key := range keys {
		split[i] = parts[key]
	}
	return split
}

func sourcesOf(images []*image.Image) []string {
	var names []string
	for _, img := range images {
		names = append(names, img.Source)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// combine keeps the facts of the source whose name sorts first, fills its gaps
// from the others, and believes whoever says that the image is not to be used.
func combine(same []*image.Image) *image.Image {
	if len(same) == 1 {
		return same[0]
	}
	same = sorted(same)
	one := *same[0]
	one.Tags, one.Attributes = maps.Clone(one.Tags), maps.Clone(one.Attributes)
	one.Provenance = maps.Clone(one.Provenance)
	for _, other := range same[1:] {
		fillGaps(&one, other)
		warn(&one, other)
	}
	return &one
}

// sorted orders by source and then by content, so that the order images came in
// does not matter.
func sorted(images []*image.Image) []*image.Image {
	type entry struct {
		img  *image.Image
		text string
	}
	entries := make([]entry, len(images))
	for i, img := range images {
		text, err := json.Marshal(img)
		if err != nil { // an Image has nothing that does not marshal, but for a year past 9999
			text = []byte(img.ID + img.Name)
		}
		entries[i] = entry{img, string(text)}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.img.Source, b.img.Source), cmp.Compare(a.text, b.text))
	})
	result := make([]*image.Image, len(images))
	for i, e := range entries {
		result[i] = e.img
	}
	return result
}

func fillGaps(one, other *image.Image) {
	fill := func(name string, to *string, from string) {
		if *to == "" && from != "" {
			*to = from
			takeProvenance(one, other, name)
		}
	}
	fill("name", &one.Name, other.Name)
	fill("architecture", &one.Architecture, other.Architecture)
	fill("os.name", &one.OS.Name, other.OS.Name)
	fill("os.version", &one.OS.Version, other.OS.Version)
	fill("kubernetesVersion", &one.KubernetesVersion, other.KubernetesVersion)
	fill("version", &one.Version, other.Version)
	fill("owner", &one.Owner, other.Owner)
	fill("ownerId", &one.OwnerID, other.OwnerID)
	fill("digest", &one.Digest, other.Digest)
	if one.CreatedAt == nil && other.CreatedAt != nil {
		one.CreatedAt = other.CreatedAt
		takeProvenance(one, other, "createdAt")
	}
	if one.Reference == nil {
		one.Reference = other.Reference
	}
	one.Public = one.Public || other.Public
	one.Tags = fillMap(one.Tags, other.Tags)
	one.Attributes = fillMap(one.Attributes, other.Attributes)
}

func takeProvenance(one, other *image.Image, name string) {
	from, ok := other.Provenance[name]
	if !ok {
		return
	}
	if one.Provenance == nil {
		one.Provenance = map[string]image.Provenance{}
	}
	one.Provenance[name] = from
}

func fillMap(to, from map[string]string) map[string]string {
	for key, value := range from {
		if _, ok := to[key]; ok {
			continue
		}
		if to == nil {
			to = map[string]string{}
		}
		to[key] = value
	}
	return to
}

// warn takes over what speaks against an image.
func warn(one, other *image.Image) {
	usable := one.State == image.Available || one.State == image.StateUnset
	if usable && other.State != image.StateUnset {
		if other.State != image.Available && other.StateReason == "" && other.Source != "" {
			one.StateReason = "says source " + other.Source
		} else {
			one.StateReason = other.StateReason
		}
		one.State = other.State
	}
	one.DeprecatedAt = earlier(one.DeprecatedAt, other.DeprecatedAt)
	one.EndOfLifeAt = earlier(one.EndOfLifeAt, other.EndOfLifeAt)
	one.ExcludedFromLatest = one.ExcludedFromLatest || other.ExcludedFromLatest
	if other.NewestBy != one.NewestBy {
		one.NewestBy = image.NewestByCreated
	}
}

func earlier(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.Before(*a) {
		return b
	}
	return a
}
