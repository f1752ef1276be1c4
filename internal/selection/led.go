package selection

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

// leads tells whether the template of an entry leads to another one, for a version that the
// pack names or, where it names none, for its own.
func (t *trial) leads(from, to *entry) bool {
	w := t.ways[from]
	if w.ID == nil {
		return false
	}
	if wanted := t.rule.template.Versions; len(wanted) > 0 {
		return slices.ContainsFunc(wanted, func(version string) bool { return w.ID(version) == to.ID })
	}
	version := t.wayOf(to).Kubernetes
	return version != "" && w.ID(version) == to.ID
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
}

// targets are worked out once.
func (t *trial) leadTo() *targets {
	if t.targets != nil {
		return t.targets
	}
	t.targets = &targets{versions: t.rule.template.Versions, of: map[string][]*entry{}, open: map[string]bool{}}
	all := map[string]bool{}
	see := func(e *entry) {
		if version := t.wayOf(e).Kubernetes; version != "" {
			all[version] = true
		}
	}
	for _, e := range t.fit {
		t.targets.of[e.ID] = append(t.targets.of[e.ID], e)
		see(e)
	}
	for _, e := range t.open() {
		t.targets.open[e.ID] = true
		see(e)
	}
	if len(t.targets.versions) == 0 {
		t.targets.versions = slices.SortedFunc(maps.Keys(all), compareVersions)
	}
	return t.targets
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

// apart are the versions of Kubernetes for which the templates of two images do not lead to
// one digest, as far as that is known; settled tells whether reading could not change it.
func (t *trial) apart(a, b *entry) (versions []string, settled bool) {
	x, y, to := t.ways[a], t.ways[b], t.leadTo()
	for _, version := range to.versions {
		one, other := x.ID(version), y.ID(version)
		if one == other {
			continue
		}
		has, known := to.contents(one)
		others, othersKnown := to.contents(other)
		if same := maps.Equal(has, others); same && known && othersKnown {
			continue
		} else if !same && known && othersKnown {
			settled = true
		}
		versions = append(versions, version)
	}
	return versions, settled
}

func (t *trial) bothLead(a, b *entry) bool { return t.ways[a].ID != nil && t.ways[b].ID != nil }

// sameContent tells whether two names are of one image, as those of a mirror are: of templates,
// whether all that they lead to is.
func (t *trial) sameContent(a, b *entry) bool {
	if t.bothLead(a, b) {
		versions, _ := t.apart(a, b)
		return len(versions) == 0
	}
	return a.Digest != "" && a.Digest == b.Digest && strings.EqualFold(a.Architecture, b.Architecture)
}

// apartFor says for which versions the templates of the first two do not lead to one image.
func (t *trial) apartFor(some []*entry) string {
	if len(some) < 2 || !t.bothLead(some[0], some[1]) {
		return ""
	}
	versions, _ := t.apart(some[0], some[1])
	return fmt.Sprintf("; their templates do not lead to one digest for Kubernetes %s", strings.Join(limited(versions), ", "))
}

// rivals are the images that the first comes before only where their templates do not lead to
// the same images, and of which that is not known before these are read.
func (t *trial) rivals() []*entry {
	if t.rule.template == nil {
		return nil
	}
	var some []*entry
	top := t.fit[0]
	for _, e := range t.fit[1:] {
		if !t.bothLead(top, e) || sameEdition(top, e) || !t.asNewAs(top, e) && !t.unordered(top, e) {
			continue
		}
		if _, settled := t.apart(top, e); !settled {
			some = append(some, e)
		}
	}
	return some
}
