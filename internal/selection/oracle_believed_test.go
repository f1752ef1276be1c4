package selection_test

import (
	"slices"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

// imagesOf returns, for each image in each region, what is said of it. A statement
// is of an image that it does not contradict in id, region, architecture or digest
// (the latter two where an id has several).
func imagesOf(statements []image.Image, sources []string) [][]image.Image {
	may := func(a, b string) bool { return a == "" || strings.EqualFold(a, b) }
	// covers tells whether what a says is of what b is.
	covers := func(a, b image.Image) bool {
		return a.Provider == b.Provider && strings.EqualFold(a.ID, b.ID) && may(a.Region, b.Region) &&
			(a.Provider != "oci" || may(a.Architecture, b.Architecture) && may(a.Digest, b.Digest))
	}
	var all [][]image.Image
	seen := map[string]bool{}
	for _, img := range statements {
		if !ours(img, sources) {
			continue
		}
		exact, name := true, img.Provider+img.ID+img.Region
		if img.Provider == "oci" {
			name += img.Architecture + img.Digest
		}
		var said []image.Image
		for _, other := range statements {
			if !ours(other, sources) {
				continue
			}
			if covers(img, other) && !covers(other, img) {
				exact = false // the other says more exactly what it is
			}
			if covers(other, img) {
				said = append(said, other)
			}
		}
		if name = strings.ToLower(name); exact && !seen[name] {
			seen[name] = true
			all = append(all, said)
		}
	}
	return all
}

// worthOf is a number for what a statement is worth.
func worthOf(img image.Image) int64 {
	worth := int64(0)
	if img.ObservedAt != nil {
		worth = img.ObservedAt.Unix()
	}
	if img.Evidence == image.Asked {
		if img.ObservedAt == nil {
			worth = 1 << 40
		}
		worth += 1 << 42
	}
	return worth
}

// believed makes one image of what is said of it, and tells whether one of its
// sources offers it.
func believed(said, statements []image.Image, sources []string) (image.Image, bool) {
	value := func(get func(image.Image) string) string {
		worth, found := int64(-1), ""
		for _, img := range said {
			switch w := worthOf(img); {
			case get(img) == "" || w < worth:
			case w > worth:
				worth, found = w, get(img)
			case found != get(img):
				found = "?"
			}
		}
		return strings.TrimSuffix(found, "?")
	}
	earliest := func(get func(image.Image) *time.Time) *time.Time {
		worth, found := int64(-1), (*time.Time)(nil)
		for _, img := range said {
			at, w := get(img), worthOf(img)
			if at != nil && (w > worth || w == worth && at.Before(*found)) {
				worth, found = w, at
			}
		}
		return found
	}
	merged, offered := listedFor(said)
	merged.Name = value(func(i image.Image) string { return i.Name })
	merged.Version = value(func(i image.Image) string { return i.Version })
	merged.Architecture = value(func(i image.Image) string { return i.Architecture })
	merged.Digest = value(func(i image.Image) string { return i.Digest })
	merged.OS.Name = value(func(i image.Image) string { return i.OS.Name })
	merged.CreatedAt = earliest(func(i image.Image) *time.Time { return i.CreatedAt })
	for _, img := range said { // an AMI's copy has a time of its own, and its build the earlier one
		if img.Provider == "aws" && img.CreatedAt != nil && img.CreatedAt.Before(*merged.CreatedAt) {
			merged.CreatedAt = img.CreatedAt
		}
	}
	own := said
	said = slices.Concat(own, bystanders(own, statements, sources))
	merged.DeprecatedAt = earliest(func(i image.Image) *time.Time { return i.DeprecatedAt })
	said = own
	merged.State = stateOf(said, statements, sources)
	return merged, offered
}

// listedFor is the statement that an image is listed for, and tells whether one offers it.
func listedFor(said []image.Image) (merged image.Image, offered bool) {
	merged = said[0]
	// Which spelling and source an image has is not the rules' affair, but for its id.
	lead := -1
	for i, img := range said {
		if img.Withheld == "" {
			offered = true
		}
		if img.Withheld == "" && (lead < 0 || leads(img, said[lead])) {
			lead = i
		}
	}
	if lead >= 0 {
		merged = said[lead]
	}
	for _, img := range said {
		if merged.Region == "" {
			merged.Region = img.Region
		}
	}
	return merged, offered
}

// leads tells whether an image is listed for one statement rather than another.
func leads(a, b image.Image) bool {
	if worthOf(a) != worthOf(b) {
		return worthOf(a) > worthOf(b)
	}
	return a.Source < b.Source || a.Source == b.Source && a.ID < b.ID
}

func stateOf(said, statements []image.Image, sources []string) image.State {
	heard := slices.Clone(said)
	for _, other := range bystanders(said, statements, sources) {
		if other.State == image.Pending || other.State == image.Gone {
			heard = append(heard, other)
		}
	}
	rank := func(s image.State) int {
		return strings.Index("available pending gone", string(s))
	}
	for _, evidence := range []bool{true, false} {
		worth, found := int64(-1), image.StateUnset
		for _, img := range heard {
			if (img.Evidence == image.Asked) != evidence || img.State == image.StateUnset {
				continue
			}
			if img.State == image.Gone && evidence {
				return image.Gone
			}
			w := worthOf(img)
			if w > worth || w == worth && rank(img.State) > rank(found) {
				worth, found = w, img.State
			}
		}
		if found != image.StateUnset {
			return found
		}
	}
	return image.StateUnset
}

// bystanders are what services that other sources asked say of an image.
func bystanders(said, statements []image.Image, sources []string) []image.Image {
	var all []image.Image
	for _, other := range statements {
		if !ours(other, sources) && other.Evidence == image.Asked && other.Provider == said[0].Provider &&
			strings.EqualFold(other.ID, said[0].ID) && ofPart(other, said) {
			all = append(all, other)
		}
	}
	usable := func(img image.Image) bool { return img.State != image.Pending && img.State != image.Gone }
	good := slices.ContainsFunc(all, usable)
	return slices.DeleteFunc(all, func(other image.Image) bool {
		return !inOneOf(other.Region, said) && (!ofSeveralRegions(said) || good && !usable(other))
	})
}

// ofSeveralRegions tells whether an id that is good in several regions is said to be
// in none.
func ofSeveralRegions(said []image.Image) bool {
	return said[0].SpansRegions && !slices.ContainsFunc(said, func(img image.Image) bool { return img.Region != "" })
}

// ofPart tells whether nothing speaks against a statement being of what others are.
func ofPart(other image.Image, said []image.Image) bool {
	agree := func(a, b string) bool { return a == "" || b == "" || a == b }
	for _, img := range said {
		if img.Provider == "oci" && (!agree(img.Architecture, other.Architecture) || !agree(img.Digest, other.Digest)) {
			return false
		}
	}
	return true
}

func inOneOf(region string, said []image.Image) bool {
	place := ""
	for _, img := range said {
		if img.Region != "" {
			place = img.Region
		}
	}
	return region == "" || strings.EqualFold(place, region) || place == "" && !said[0].SpansRegions
}
