package selection

import (
	"maps"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

// leads tells whether the template of an entry leads to another one, for that one's own
// version.
func (t *trial) leads(from, to *entry) bool {
	return t.ways[from].ID != nil && t.id(from, t.wayOf(to).Kubernetes) == to.ID
}

// versions of Kubernetes that a template must lead to an image for; none where any will do.
func (t *trial) versions() []string {
	if t.rule.template == nil {
		return nil
	}
	return t.rule.template.Versions
}

// id is what the template of an entry leads to for a version; empty for nothing.
func (t *trial) id(e *entry, version string) string {
	if w := t.ways[e]; w.ID != nil {
		return w.ID(version)
	}
	return ""
}

// mustLead are the ids that the templates of entries lead to for versions.
func (t *trial) mustLead(from []*entry, versions []string) map[string]bool {
	ids := map[string]bool{}
	for _, e := range from {
		for _, version := range versions {
			ids[t.id(e, version)] = true
		}
	}
	return ids
}

// wayOf is the way of an entry that fits, or that may.
func (t *trial) wayOf(e *entry) way {
	if w, known := t.ways[e]; known {
		return w
	}
	return t.way(e)
}

// targets are what templates lead to: the images that fit, or may, by their id, and the
// versions of Kubernetes that there are.
type targets struct {
	versions []string
	of       map[string][]*entry
	open     map[string]bool
	// apart is what was found of two templates.
	apart map[[2]string]difference
}

// difference are the versions of Kubernetes for which two templates do not lead to one
// digest, as far as that is known; settled says that no reading could end it.
type difference struct {
	versions []string
	settled  bool
}

func (t *trial) findTargets() *targets {
	found := &targets{versions: t.rule.template.Versions, of: map[string][]*entry{}, open: map[string]bool{}, apart: map[[2]string]difference{}}
	all := map[string]bool{}
	see := func(e *entry) {
		if version := t.wayOf(e).Kubernetes; version != "" {
			all[version] = true
		}
	}
	for _, e := range t.fit {
		found.of[e.ID] = append(found.of[e.ID], e)
		see(e)
	}
	for _, e := range t.open() {
		found.open[e.ID] = true
		see(e)
	}
	if len(found.versions) == 0 {
		found.versions = sortedVersions(all)
	}
	return found
}

// contents are the digests behind an id; not all are known where one is empty.
func (t *targets) contents(id string) (contents map[image.Part]bool, known bool) {
	contents, known = map[image.Part]bool{}, !t.open[id]
	for _, e := range t.of[id] {
		contents[e.Part()] = true
		known = known && e.Digest != ""
	}
	return contents, known
}

// apart compares what the templates of two images lead to, once for all of their images.
func (t *trial) apart(a, b *entry) difference {
	x, y, to := t.ways[a], t.ways[b], t.leadTo()
	key := [2]string{x.ID(""), y.ID("")}
	if found, known := to.apart[key]; known {
		return found
	}
	var found difference
	for _, version := range to.versions {
		one, other := x.ID(version), y.ID(version)
		if one == other {
			continue
		}
		has, known := to.contents(one)
		others, othersKnown := to.contents(other)
		known = known && othersKnown
		if same := maps.Equal(has, others); !same || !known {
			found.versions = append(found.versions, version)
			found.settled = found.settled || known
		}
	}
	to.apart[key] = found
	return found
}

// ofTemplates tells whether what fits is of templates; else nothing of it is.
func (t *trial) ofTemplates() bool { return t.ways[t.fit[0]].ID != nil }

// sameContent tells whether two names are of one image, as those of a mirror are: of templates,
// whether all that they lead to is.
func (t *trial) sameContent(a, b *entry) bool {
	if t.ofTemplates() {
		return len(t.apart(a, b).versions) == 0
	}
	return a.Digest != "" && a.Digest == b.Digest // of an index it is that of all platforms
}

// apartFor says for which versions the templates of the first two do not lead to one image.
func (t *trial) apartFor(some []*entry) string {
	if len(some) < 2 || !t.ofTemplates() {
		return ""
	}
	return "; their templates do not lead to one digest for Kubernetes " + strings.Join(limited(t.apart(some[0], some[1]).versions), ", ")
}

// rivals are the images that nothing sets apart from the first unless their templates lead to
// other images, where that is not known before these are read. One that is told apart leaves
// no pick, whatever becomes of the others.
func (t *trial) rivals() []*entry {
	if !t.ofTemplates() {
		return nil
	}
	var some []*entry
	top := t.fit[0]
	for _, e := range byVersion(t.fit) {
		if sameEdition(top, e) || !t.asNewAs(top, e) && !t.unordered(top, e) {
			continue // of one tag the template is one, too
		}
		if t.apart(top, e).settled {
			return nil
		}
		some = append(some, e)
	}
	return some
}
