package selection

import (
	"slices"
	"strings"
)

// landing are the architectures of the images that a template can lead to, by their id; ""
// is one that is not known, and may be any.
type landing map[string][]string

func (l landing) add(e *entry, architecture string) {
	has := l[e.ID]
	l[e.ID] = append(has[:len(has):len(has)], strings.ToLower(architecture))
}

// laterArchitecture is the architecture of an entry where that cannot change when it is read.
func laterArchitecture(e *entry) string {
	if e.tellsLater("architecture") {
		return ""
	}
	return e.Architecture
}

// serves tells whether there is an image of an architecture for every version.
func (l landing) serves(w way, wanted []string, architecture string) bool {
	return !slices.ContainsFunc(wanted, func(version string) bool {
		has := l[w.ID(version)]
		return !slices.Contains(has, architecture) && !slices.Contains(has, "")
	})
}

// unshared says why no machine of an architecture can use what a template leads to for every
// version; of an architecture that is not known, why none can.
func (l landing) unshared(w way, wanted []string, architecture string) string {
	var some, told []string
	for _, version := range wanted {
		has := slices.Compact(slices.Sorted(slices.Values(l[w.ID(version)])))
		some = append(some, has...)
		if !slices.Contains(has, "") {
			told = append(told, strings.Join(has, " and ")+" for Kubernetes "+version)
		}
	}
	if architecture != "" {
		some = []string{strings.ToLower(architecture)}
	}
	if slices.ContainsFunc(some, func(one string) bool { return l.serves(w, wanted, one) }) {
		return ""
	}
	return "its template leads to images that no machine can use for every version: " + strings.Join(limited(told), ", ")
}
