package selection

import (
	"slices"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// couldFit tells whether an entry of which its source listed the name alone may fit once
// it is read: nothing that its name tells speaks against it.
func (t *trial) couldFit(i int) bool {
	e := &t.pool.entries[i]
	if !e.unread {
		return false
	}
	for c, failing := range t.failing {
		if failing.has(i) && !tellsLater(t.rule.checks[c].rule, e.Image) {
			return false
		}
	}
	return t.rule.where == nil || t.rule.where.MayHold(e.Image, unknown(e.Image), t.now)
}

// tellsLater tells whether what a rule looks at may come when a tag is read.
func tellsLater(rule string, img *image.Image) bool {
	switch rule {
	case "architecture":
		return img.Architecture == ""
	case "os.name":
		return img.OS.Name == ""
	case "os.version":
		return img.OS.Version == ""
	case "kubernetesVersion":
		return img.KubernetesVersion == ""
	}
	return rule == "tags"
}

// unknown are the fields of a tag that come when it is read, as expressions name them.
func unknown(img *image.Image) [][]string {
	fields := [][]string{
		{"createdAt"}, {"state"}, {"stateReason"}, {"tags"}, {"digest"},
		{"attributes", "platform"}, {"attributes", "platformDigest"}, {"attributes", "mediaType"},
	}
	for _, fact := range []struct {
		value string
		path  []string
	}{
		{img.Architecture, []string{"architecture"}}, {img.KubernetesVersion, []string{"kubernetesVersion"}},
		{img.OS.Name, []string{"os", "name"}}, {img.OS.Version, []string{"os", "version"}},
	} {
		if fact.value == "" {
			fields = append(fields, fact.path)
		}
	}
	return fields
}

// open returns the entries that were not read and may be picked, or be what the template
// of a pick leads to, best first. It is worked out once.
func (t *trial) open() []*entry {
	if !t.pool.hasUnread || t.opened {
		return t.mayBe
	}
	t.opened = true
	for i := range t.pool.entries {
		if t.couldFit(i) {
			t.mayBe = append(t.mayBe, &t.pool.entries[i])
		}
	}
	if t.rule.template != nil && len(t.mayBe) > 0 {
		t.mayBe = t.openWays(t.mayBe)
	}
	return t.mayBe
}

// unreads are the entries that were not read and could change an outcome.
type unreads struct {
	// before would come before what fits, and variants are the first of each variant
	// that would leave no pick.
	before, after, variants []*entry
}

// unread sorts what was not read by what it could change.
func (t *trial) unread() unreads {
	open := t.open()
	if len(t.fit) == 0 {
		return unreads{before: open}
	}
	var u unreads
	top := t.fit[0]
	seen := map[image.Variant]bool{top.variant: true}
	for _, e := range open {
		switch {
		case e != top && sameEdition(e, top):
		case !t.ranksAfter(e, top):
			u.before = append(u.before, e)
		default:
			u.after = append(u.after, e)
			if e.Version != "" && !seen[e.variant] {
				seen[e.variant] = true
				u.variants = append(u.variants, e)
			}
		}
	}
	return u
}

// ranksAfter tells whether a tag that was not read comes after an image, whatever it
// holds: its versions say so. A creation time comes only when it is read.
func (t *trial) ranksAfter(e, top *entry) bool {
	if e == top || e.NewestBy != image.NewestByVersion || top.NewestBy != image.NewestByVersion {
		return false
	}
	if agent, other := t.ways[e].agent, t.ways[top].agent; agent.Compare(other) != 0 {
		return agent.Order(other) < 0
	}
	return e.version.Order(*top.version) < 0
}

// maxUnread bounds how many images of a source an outcome names to be read: the best come
// first.
const maxUnread = 64

// tellUnread puts into an outcome what was not read and could change it. Where a source
// does not read it, that is told, or is reason enough to refuse.
func (r *Rule) tellUnread(o *Outcome, t *trial) {
	if !t.pool.hasUnread || o.settled {
		return
	}
	u := t.unread()
	some := u.before
	switch {
	case o.Verdict == NoImage:
	case r.pick == spec.PickExactlyOne:
		some = append(some, u.after...)
	default: // a variant may be none once it is read, or leave no pick
		some = append(some, u.variants...)
	}
	o.unread = t.withPlatforms(bounded(some))
	if o.Verdict == Picked {
		r.noteUnread(o, t, u)
	}
}

// bounded leaves the best of each source: one that reads none must not hold up another.
func bounded(some []*entry) []*entry {
	counts := map[string]int{}
	var best []*entry
	for _, e := range some {
		if counts[e.Source]++; counts[e.Source] <= maxUnread {
			best = append(best, e)
		}
	}
	return best
}

// Unread is an image of which its source listed the name alone.
type Unread struct {
	*image.Image
	// Beside are tags of its single platforms, which were not read either: its source
	// offers them when it turns out to lack their architecture.
	Beside []*image.Image
}

func (t *trial) withPlatforms(some []*entry) []Unread {
	at := map[int32]int{}
	unread := make([]Unread, len(some))
	for i, e := range some {
		unread[i].Image = e.Image
		if _, known := at[e.edition]; !known && e.edition != 0 {
			at[e.edition] = i
		}
	}
	for i := range t.pool.entries {
		e := &t.pool.entries[i]
		if first, known := at[e.edition]; known && e.unread && e != some[first] {
			unread[first].Beside = append(unread[first].Beside, e.Image)
		}
	}
	return unread
}

// noteUnread tells of tags that were not read and could change the pick. Where there may
// be no second image they are reason enough to refuse.
func (r *Rule) noteUnread(o *Outcome, t *trial, u unreads) {
	if others := append(t.fit[:1:1], others(t.fit[0], u)...); r.pick == spec.PickExactlyOne && len(others) > 1 {
		o.Pick, o.DecidedBy, o.Tie = nil, "", nil
		o.refuse(others, unreadOthers)
		return
	}
	before := slices.DeleteFunc(slices.Clone(u.before), func(e *entry) bool { return e == t.fit[0] })
	if len(before) > 0 {
		o.note("%d tags that the source did not read would come before the pick if they fit, the first is %s: "+
			readTags+" to know, or narrow tags", len(before), before[0].ID)
	}
	if len(u.variants) > 0 {
		o.note("%d tags of another Kubernetes distribution or custom tag, which the source did not read, would leave no pick if they fit, "+
			"the first is %s: select a k8sDistribution or customTag", len(u.variants), u.variants[0].ID)
	}
}

func others(top *entry, u unreads) []*entry {
	var all []*entry
	for _, e := range append(u.before[:len(u.before):len(u.before)], u.after...) {
		if e != top {
			all = append(all, e)
		}
	}
	return all
}

// unreadOthers is why a pick is not known to be the only one.
const unreadOthers = "pick is exactlyOne, and the source did not read all of them"
