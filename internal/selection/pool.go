package selection

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
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
}

// Prepare makes a Pool of images, which it does not change.
func Prepare(images []image.Image) *Pool {
	unique, merged := merge(images)
	pool := &Pool{ranked: rank(unique), merged: merged, byRegion: map[string][]int{}}
	for i, img := range pool.ranked {
		key := regionKey(img.Region)
		pool.byRegion[key] = append(pool.byRegion[key], i)
	}
	return pool
}

// regionKey is coarser than normalRegion: it never tells apart what that takes
// for the same.
func regionKey(region string) string {
	return strings.ToLower(strings.ReplaceAll(region, " ", ""))
}

// candidates returns the images that can be in a region, in order.
func (p *Pool) candidates(region string) []*image.Image {
	if region == "" {
		return p.ranked
	}
	indexes := slices.Concat(p.byRegion[regionKey(region)], p.byRegion[image.GlobalRegion])
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
	if outcome.Verdict != Picked {
		return r.Explain(pool, now)
	}
	r.noteUnread(&outcome, candidates, now)
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
	r.noteUnread(&outcome, pool.ranked, now)
	return outcome
}

// noteUnread tells of tags that were not read, come before the pick, and would fit
// if they had what the pick has.
func (r *Rule) noteUnread(o *Outcome, ranked []*image.Image, now time.Time) {
	if o.Verdict != Picked || isUnread(o.Pick) {
		return
	}
	first, count := "", 0
	for _, img := range ranked {
		if img.ID == o.Pick.ID {
			break
		}
		if isUnread(img) && r.fails(supposed(img, o.Pick), now) == nil {
			first, count = cmp.Or(first, img.ID), count+1
		}
	}
	if count > 0 {
		o.Notes = append(o.Notes, fmt.Sprintf("%d tags that the source did not read would come before the pick if they fit, the first is %s: "+
			"set resolve: all to know, or narrow tags", count, first))
	}
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
