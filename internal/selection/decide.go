package selection

import (
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// decide gives the verdict on what fits.
func (r *Rule) decide(t *trial) Outcome {
	o := r.verdict(t)
	r.tellUnread(&o, t)
	return o
}

func (r *Rule) verdict(t *trial) Outcome {
	o := Outcome{Merged: t.pool.merged}
	if len(t.fit) == 0 {
		o.Verdict, o.missed = NoImage, t.missed()
		return o
	}
	if r.sel.Pick == spec.PickExactlyOne && r.choices(t.fit) > 1 {
		o.refuse(t.fit, "pick is exactlyOne")
		o.settled = r.choices(t.wereRead()) > 1
		return o
	}
	for _, doubt := range t.doubts() {
		if some, why := r.choice(doubt, t.fit); len(some) > 1 {
			o.refuse(some, why)
			o.ofTemplates, o.byTemplate = t.ofTemplates(), doubt.byTemplate
			if doubt.settles {
				read, _ := r.choice(doubt, t.wereRead()) // a tag that was not read may be none
				o.settled = len(read) > 1
			}
			return o
		}
	}
	if some := t.shortened(); len(some) > 1 {
		o.refuse(some, shortID)
		return o
	}
	o.Verdict, o.Pick = Picked, whole(t.fit)
	top := t.fit[0]
	if next := slices.IndexFunc(t.fit, func(e *entry) bool { return !sameEdition(top, e) }); next > 0 {
		o.DecidedBy = t.decidedBy(top, t.fit[next])
	}
	o.notes(t)
	return o
}

// choice returns the images that a doubt is about, and why; fewer than two are none.
func (r *Rule) choice(doubt doubt, fit []*entry) (some []*entry, why string) {
	if len(fit) < 2 { // of those that were read
		return nil, ""
	}
	some, why = doubt.of(fit)
	return r.different(some), why
}

// wereRead leaves out the tags of which a source listed the name alone, and those whose
// template must lead to one of these: without that they are no pick.
func (t *trial) wereRead() []*entry {
	return slices.DeleteFunc(slices.Clone(t.fit), func(e *entry) bool {
		return e.more != nil || slices.ContainsFunc(t.versions(), func(version string) bool { return t.leadTo().open[t.id(e, version)] })
	})
}

// decidedBy names what put an entry before another.
func (t *trial) decidedBy(a, b *entry) string {
	if a.NewestBy == image.NewestByVersion && t.ways[a].agent.Compare(t.ways[b].agent) != 0 {
		return "peVersion"
	}
	return decidedBy(a.Image, b.Image)
}

// shortID is why an image is not picked whose id alone does not say which it is.
const shortID = "the short id that the pack gets stands for each of them"

// shortened returns the first image, and which others the short id that a pack gets of it
// stands for, whatever the pack selects: which is meant is decided where the id is used.
func (t *trial) shortened() []*entry {
	top := t.fit[0]
	if top.FullID == "" || strings.EqualFold(top.ID, top.FullID) {
		return nil
	}
	some := []*entry{top}
	end := "/" + strings.Trim(image.CanonicalID(top.Provider, top.ID), "/")
	for i := range t.pool.entries {
		e := &t.pool.entries[i]
		known := slices.ContainsFunc(some, func(other *entry) bool { return sameIdentity(other, e) })
		if !known && e.State != image.Gone && sameProvider(e.Provider, top.Provider) && strings.HasSuffix(e.Identity().ID, end) {
			some = append(some, e)
		}
	}
	return some
}

// whole returns the first image. Where it stands for several parts of one id, or is one
// in several regions, what these do not share is no fact of it.
func whole(fit []*entry) *image.Image {
	pick := *fit[0].Image
	for _, e := range fit[1:] {
		if pick.SpansRegions && sameIdentity(fit[0], e) && e.region != fit[0].region {
			pick.Region = "" // the alphabet would choose it
		}
		if !otherPart(fit[0], e) {
			continue
		}
		if e.Architecture != pick.Architecture {
			pick.Architecture = ""
		}
		if e.Digest != pick.Digest {
			pick.Digest = ""
		}
	}
	return &pick
}

// different leaves out of images that are no choice those that render as the first does.
func (r *Rule) different(some []*entry) []*entry {
	if r.render == nil || len(some) < 2 {
		return some
	}
	rest := []*entry{some[0]}
	first, _ := r.render(some[0].Image)
	for _, e := range some[1:] {
		if r.template != nil || sameEdition(some[0], e) {
			if other, err := r.render(e.Image); err == nil && other == first {
				continue
			}
		}
		rest = append(rest, e)
	}
	return rest
}

// choices counts the images that are not the same but for their platform, or what a
// template stands for, up to two.
func (r *Rule) choices(fit []*entry) int {
	if len(fit) < 2 {
		return len(fit)
	}
	if r.template != nil {
		return len(r.different(fit))
	}
	for _, e := range fit[1:] {
		if !sameEdition(fit[0], e) {
			return 2
		}
	}
	// One tag can serve several architectures; each is a choice of its own.
	some, _ := parts(fit)
	return len(r.different(some))
}

func (o *Outcome) refuse(some []*entry, why string) {
	o.Verdict, o.Alternatives, o.Why = Ambiguous, images(some), why
}

// otherPart tells whether two images are parts of one id. Of an id without parts they
// are one image in two regions.
func otherPart(a, b *entry) bool {
	return sameIdentity(a, b) && image.HasParts(a.Provider) && a.Part() != b.Part()
}

func sameIdentity(a, b *entry) bool { return a.same == b.same && a.same != 0 }

// sameEdition tells whether two images are one by id, or a tag and what Earthly
// pushes beside it for one platform: the tag is then the one to use.
func sameEdition(a, b *entry) bool {
	return a.edition == b.edition && a.edition != 0
}
