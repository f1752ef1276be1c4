package selection

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

// doubt is what makes "newest" ambiguous.
type doubt struct {
	// of returns the images of which none is the newest, the first among them, and
	// why; fewer than two when there is no doubt.
	of func(fit []*entry) (some []*entry, why string)
	// settles says that no newer image ends the doubt. One that serves all architectures
	// may end that of systems.
	settles bool
	// byTemplate says that the images may be of one template, and are no choice then.
	byTemplate bool
}

// doubts are in the order that they are told.
func (t *trial) doubts() []doubt {
	return []doubt{
		{of: orders, settles: true}, {of: variants, settles: true}, {of: outputs}, {of: copies}, {of: parts}, {of: systems, byTemplate: true},
		{of: definitions}, {of: t.tied}, {of: t.worded},
	}
}

// orders finds images whose sources rank them in different ways.
func orders(fit []*entry) (some []*entry, why string) {
	last := len(fit) - 1
	if fit[0].NewestBy == fit[last].NewestBy {
		return nil, ""
	}
	// Images are ranked in two runs, so the first of each stands for its kind.
	other := slices.IndexFunc(fit, func(e *entry) bool { return e.NewestBy != fit[0].NewestBy })
	return []*entry{fit[0], fit[other]},
		"their sources do not agree whether the version or the creation time makes one newer: set newestBy to one of them at all sources of the pack"
}

// variants finds images of several Kubernetes distributions or custom tags, which
// are never newer or older than each other, and returns the best of each. Tags
// that tell neither are a variant of their own; without a version either, which
// puts them last, they are none.
func variants(fit []*entry) (some []*entry, why string) {
	seen := map[image.Variant]bool{}
	var distributions, customTags []string
	for i, e := range fit {
		nothing := (i > 0 && e.unversioned || !e.tag) && e.variant == (image.Variant{})
		if nothing || seen[e.variant] {
			continue
		}
		seen[e.variant] = true
		some = append(some, e)
		distributions, customTags = append(distributions, e.variant.K8sDistribution), append(customTags, e.variant.CustomTag)
	}
	var differ []string
	if severalValues(distributions) {
		differ = append(differ, "Kubernetes distributions")
	}
	if severalValues(customTags) {
		differ = append(differ, "custom tags")
	}
	return some, "they are of several " + strings.Join(differ, " and ") + ", none of which is newer than another"
}

func severalValues(values []string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return v != values[0] })
}

// systems finds images of several operating systems or architectures, which are never
// newer or older than each other, and returns the best of each. What is not known of one
// is no other.
func systems(fit []*entry) (some []*entry, why string) {
	osNames, architectures := map[string]bool{}, map[string]bool{}
	of := make([]system, len(fit))
	for i, e := range fit {
		if i > 0 && sameEdition(fit[0], e) && !otherPart(fit[0], e) {
			continue // the first is the one to use
		}
		of[i] = system{e.osName, strings.ToLower(e.Architecture)}
		osNames[of[i].osName], architectures[of[i].architecture] = true, true
	}
	delete(osNames, "")
	delete(architectures, "")
	var differ []string
	if len(osNames) > 1 {
		differ = append(differ, "operating systems")
	}
	if len(architectures) > 1 {
		differ = append(differ, "architectures")
	}
	seen := map[system]bool{}
	for i, e := range fit {
		if len(osNames) < 2 {
			of[i].osName = ""
		}
		if len(architectures) < 2 {
			of[i].architecture = ""
		}
		untold := len(osNames) > 1 && of[i].osName == "" || len(architectures) > 1 && of[i].architecture == ""
		if i > 0 && untold || seen[of[i]] {
			continue
		}
		seen[of[i]] = true
		some = append(some, e)
	}
	return some, "they are of several " + strings.Join(differ, " and ") + ", none of which is newer than another"
}

// system is what is known of an image's operating system and architecture.
type system struct{ osName, architecture string }

// outputs finds the images that came out of the same build as the first: another
// name, region or architecture of it. Time only says which was finished last.
func outputs(fit []*entry) (some []*entry, why string) {
	if fit[0].build == 0 {
		return nil, ""
	}
	return withFirst(fit, func(other *entry) bool { return other.build == fit[0].build }),
		"they are outputs of one build, so none is newer"
}

// copies finds the first image's copies in other regions.
func copies(fit []*entry) (some []*entry, why string) {
	return withFirst(fit, func(other *entry) bool { return isCopy(fit[0], other) }),
		"they have one name in several regions, so they are copies and none is newer"
}

// parts finds what else stands behind the first image's tag or id: other architectures,
// or what another source found there.
func parts(fit []*entry) (some []*entry, why string) {
	some = []*entry{fit[0]}
	for _, e := range fit[1:] {
		if otherPart(fit[0], e) || otherPlatform(fit, e) {
			some = append(some, e)
		}
	}
	if !slices.ContainsFunc(some, func(e *entry) bool { return e.Architecture != fit[0].Architecture }) {
		return some, "their sources found different digests behind one reference"
	}
	return some, "one tag or reference stands for several architectures, and the pack is not the same for all of them"
}

// withFirst returns the first image and those of other editions that is holds for.
func withFirst(fit []*entry, is func(*entry) bool) []*entry {
	some := fit[:1:1]
	for _, other := range fit[1:] {
		if is(other) && !sameEdition(fit[0], other) {
			some = append(some, other)
		}
	}
	return some
}

// otherPlatform tells whether an image is that of one platform of the first one's tag,
// which the first's reference does not serve.
func otherPlatform(fit []*entry, e *entry) bool {
	top := fit[0]
	if e.Architecture == "" || !sameEdition(top, e) {
		return false
	}
	return !slices.ContainsFunc(fit, func(other *entry) bool {
		return sameIdentity(top, other) && (other.Architecture == "" || strings.EqualFold(other.Architecture, e.Architecture))
	})
}

// isCopy tells whether two images may be one that was copied to another region: the
// same name there, whatever build made it, as the time of a run that made another
// region says nothing of this one. An id that is good in several regions is not copied.
func isCopy(a, b *entry) bool {
	if a.name == 0 || a.name != b.name || a.region == "" || b.region == "" || a.region == b.region {
		return false
	}
	return !a.SpansRegions && !b.SpansRegions
}

// asNew returns the first image and those of other editions that neither time nor
// version puts behind it.
func (t *trial) asNew(fit []*entry) []*entry {
	top, end := fit[0], 1
	for end < len(fit) && t.asNewAs(top, fit[end]) {
		end++
	}
	return withFirst(fit[:end], func(e *entry) bool { return !t.sameContent(top, e) })
}

// asNewAs tells whether neither time nor version sets an entry apart from another.
func (t *trial) asNewAs(a, b *entry) bool {
	return sameTime(a.Image, b.Image) && a.version.Compare(b.version) == 0
}

// byVersion are the images that the first is before by its version alone, or not at all.
func byVersion(fit []*entry) []*entry {
	top, rest := fit[0], fit[1:]
	end := slices.IndexFunc(rest, func(e *entry) bool { return !sameTime(top.Image, e.Image) })
	if top.NewestBy == image.NewestByVersion || end < 0 {
		return rest
	}
	return rest[:end]
}

// definitions finds the images that the first is before by its version alone, and whose
// versions are numbers of other image definitions; one for each.
func definitions(fit []*entry) (some []*entry, why string) {
	top := fit[0]
	some = fit[:1:1]
	seen := map[int32]bool{top.series: true}
	for _, e := range byVersion(fit) {
		if top.series != 0 && e.series != 0 && !seen[e.series] {
			seen[e.series] = true
			some = append(some, e)
		}
	}
	return some, "they are versions of several image definitions, which do not compare"
}

// tied finds the images that only their ids set apart from the first, and tells what the
// ids would choose.
func (t *trial) tied(fit []*entry) (some []*entry, why string) {
	top := fit[0]
	some = t.asNew(fit)
	if top.CreatedAt == nil {
		return some, "neither a creation time nor a version says which is newest" + t.apartFor(some)
	}
	contents := []struct {
		name string
		same func(*entry) bool
	}{
		{"operating system", func(e *entry) bool { return e.OS == top.OS }},
		{"architecture", func(e *entry) bool { return e.Architecture == top.Architecture }},
		{"Kubernetes version", func(e *entry) bool { return e.KubernetesVersion == top.KubernetesVersion }},
	}
	var what []string
	for _, content := range contents {
		if slices.ContainsFunc(some, func(e *entry) bool { return !content.same(e) }) {
			what = append(what, content.name)
		}
	}
	why = fmt.Sprintf("they were created at the same time (%s), so only their ids would choose", top.CreatedAt.UTC().Format(time.RFC3339))
	if what != nil {
		why += " the " + strings.Join(what, " and the ")
	}
	return some, why + t.apartFor(some)
}

// worded finds the images that the first comes before though nothing puts them in order,
// as their versions differ in a word, and returns one for each word.
func (t *trial) worded(fit []*entry) (some []*entry, why string) {
	top := fit[0]
	some = fit[:1:1]
	for _, e := range byVersion(fit) {
		if t.unordered(top, e) && !sameEdition(top, e) && !t.sameContent(top, e) && t.unordered(some[len(some)-1], e) {
			some = append(some, e)
		}
	}
	if len(some) < 2 {
		return nil, ""
	}
	return some, fmt.Sprintf("their versions differ in what makes none newer (%s, %s)", top.Version, some[1].Version) + t.apartFor(some)
}

// unordered tells whether nothing in the versions of two images says which is newer: of
// templates the agent's come first.
func (t *trial) unordered(a, b *entry) bool {
	x, y := t.ways[a].agent, t.ways[b].agent
	if a.NewestBy == image.NewestByVersion && x.Compare(y) != 0 {
		return x.Unordered(y)
	}
	return a.version.Unordered(b.version)
}
