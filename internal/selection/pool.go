package selection

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// Pool is images made ready for many selections: merged, in order, and found by
// region, so that thousands of packs over thousands of images do not cost their
// product. It is safe for concurrent use.
type Pool struct {
	ranked []*image.Image
	merged []Merge
	// byRegion has indexes into ranked, by a key that is the same for all
	// spellings of a region.
	byRegion map[string][]int
	// hasUnread tells whether there are tags that no source read.
	hasUnread bool
}

// Prepare makes a Pool of images, which it does not change.
func Prepare(images []image.Image) *Pool {
	unique, merged := merge(images)
	pool := &Pool{ranked: rank(unique), merged: merged, byRegion: map[string][]int{}}
	for i, img := range pool.ranked {
		// The key is coarser than normalRegion: it never tells apart what that takes
		// for the same.
		key := image.RegionKey(img.Region)
		pool.byRegion[key] = append(pool.byRegion[key], i)
		pool.hasUnread = pool.hasUnread || isUnread(img)
	}
	return pool
}

// candidates returns the images that can be in a region, in order.
func (p *Pool) candidates(region string) []*image.Image {
	if region == "" {
		return p.ranked
	}
	indexes := slices.Concat(p.byRegion[image.RegionKey(region)], p.byRegion[image.GlobalRegion])
	slices.Sort(indexes)
	some := make([]*image.Image, 0, len(indexes))
	for _, i := range slices.Compact(indexes) {
		some = append(some, p.ranked[i])
	}
	return some
}

// Decide selects among a pool's images at a time. When there is a pick the
// outcome lacks Dropped, which is most of the work; else it is that of Explain.
func (r *Rule) Decide(pool *Pool, now time.Time) Outcome {
	outcome := Outcome{Merged: pool.merged, sel: r.sel}
	candidates := pool.candidates(r.sel.Region)
	for _, img := range candidates {
		if r.fails(img, now) == nil {
			outcome.Ranked = append(outcome.Ranked, *img)
		}
	}
	r.decide(&outcome)
	if pool.hasUnread {
		r.noteUnread(&outcome, candidates, now)
	}
	if outcome.Verdict != Picked {
		return r.Explain(pool, now)
	}
	return outcome
}

// Explain selects among a pool's images at a time, with the reason for each that
// is dropped.
func (r *Rule) Explain(pool *Pool, now time.Time) Outcome {
	outcome := Outcome{Merged: pool.merged, sel: r.sel}
	reasons := make([][]Reason, len(pool.ranked))
	fit := 0
	for i, img := range pool.ranked {
		if reasons[i] = r.fails(img, now); reasons[i] == nil {
			fit++
		}
	}
	outcome.Ranked = make([]image.Image, 0, fit)
	outcome.Dropped = make([]Drop, 0, len(pool.ranked)-fit)
	for i, img := range pool.ranked {
		if why := reasons[i]; why != nil {
			outcome.Dropped = append(outcome.Dropped, Drop{*img, why[0].Rule, why[0].Reason, why[1:]})
			continue
		}
		outcome.Ranked = append(outcome.Ranked, *img)
	}
	r.decide(&outcome)
	if pool.hasUnread {
		r.noteUnread(&outcome, pool.ranked, now)
	}
	return outcome
}

// noteUnread tells of tags that were not read and could change the pick if they had
// what it has: they come before it, or are of another variant. Where there may be no
// second image they are reason enough to refuse.
func (r *Rule) noteUnread(o *Outcome, ranked []*image.Image, now time.Time) {
	if o.Verdict != Picked {
		return
	}
	before, after, variants := r.unread(o.Pick, ranked, now)
	if all := slices.Concat([]*image.Image{o.Pick}, before, after); r.pick == spec.PickExactlyOne && len(all) > 1 {
		o.Pick, o.DecidedBy = nil, ""
		o.refuse(values(all), unreadOthers)
		return
	}
	if len(before) > 0 {
		o.Notes = append(o.Notes, fmt.Sprintf("%d tags that the source did not read would come before the pick if they fit, the first is %s: "+
			"set resolve: all to know, or narrow tags", len(before), before[0].ID))
	}
	if len(variants) > 0 {
		o.Notes = append(o.Notes, fmt.Sprintf("%d tags of another Kubernetes distribution or custom tag, which the source did not read, would leave no pick if they fit, "+
			"the first is %s: select a k8sDistribution or customTag", len(variants), variants[0].ID))
	}
}

// unreadOthers is why a pick is not known to be the only one.
const unreadOthers = "pick is exactlyOne, and the source did not read all of them"

// unread returns the tags that were not read and would fit if they had what the
// pick has: those that come before it, those after it, and which of the latter are
// of another variant.
func (r *Rule) unread(pick *image.Image, ranked []*image.Image, now time.Time) (before, after, variants []*image.Image) {
	passed := false
	for _, img := range ranked {
		passed = passed || img.ID == pick.ID
		if !isUnread(img) || sameEdition(img, pick) || r.fails(img, now) == nil || r.fails(supposed(img, pick), now) != nil {
			continue
		}
		if !passed {
			before = append(before, img)
			continue
		}
		after = append(after, img)
		if img.Version != "" && img.Variant() != pick.Variant() {
			variants = append(variants, img)
		}
	}
	return before, after, variants
}

func values(images []*image.Image) []image.Image {
	all := make([]image.Image, len(images))
	for i, img := range images {
		all[i] = *img
	}
	return all
}

// supposed returns an unread tag as if it held what a read one does.
func supposed(unread, read *image.Image) *image.Image {
	img := *unread
	img.Digest, img.CreatedAt, img.Tags = read.Digest, read.CreatedAt, read.Tags
	img.Architecture = cmp.Or(img.Architecture, read.Architecture)
	img.KubernetesVersion = cmp.Or(img.KubernetesVersion, read.KubernetesVersion)
	if img.OS == (image.OS{}) {
		img.OS = read.OS
	}
	return &img
}
