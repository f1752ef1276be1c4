package selection

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/osname"
)

// notes tells what a user should know of a pick.
func (o *Outcome) notes(t *trial) {
	o.noteLeads(t)
	o.noteTie(t.fit)
	o.noteUnknown(t.fit)
	o.noteFuture(t)
	o.noteRegions(t)
	o.noteProviders(t)
	o.noteMachines(t)
	o.notePartial(t)
	o.noteUntold(t)
	o.noteUnsure(t)
	o.noteContradictions(t)
}

func (o *Outcome) note(format string, args ...any) {
	o.Notes = append(o.Notes, fmt.Sprintf(format, args...))
}

// noteTie tells which images share what comes first in their order, and what
// decided then.
func (o *Outcome) noteTie(fit []*entry) {
	shared, same := shared(fit[0].Image)
	if shared == "" {
		return
	}
	count := 1
	for count < len(fit) && same(fit[count].Image) {
		count++
	}
	if !slices.ContainsFunc(fit[1:count], func(e *entry) bool { return !sameEdition(fit[0], e) }) {
		return
	}
	o.Tie = images(fit[:count])
	o.note("%d images %s; %s decided for %s", count, shared, o.DecidedBy, fit[0].ID)
}

// shared says what the first image has that comes first in its order, and which
// others have it too; nothing when that is not known.
func shared(top *image.Image) (what string, same func(*image.Image) bool) {
	switch {
	case top.NewestBy == image.NewestByVersion && top.Version != "":
		return "have version " + top.Version, func(i *image.Image) bool { return compareVersions(top.Version, i.Version) == 0 }
	case top.CreatedAt != nil: // what comes first, or all that is known
		return "were created at " + top.CreatedAt.UTC().Format(time.RFC3339), func(i *image.Image) bool { return sameTime(top, i) }
	}
	return "", nil
}

// noteUnknown tells how many images come last because what ranks them is not
// known of them. When it is known of none, DecidedBy says what took its place.
func (o *Outcome) noteUnknown(fit []*entry) {
	what, unknown := "a creation time", func(e *entry) bool { return e.untimed }
	if fit[0].NewestBy == image.NewestByVersion {
		what, unknown = "a version", func(e *entry) bool { return e.unversioned }
	}
	count := 0
	for _, e := range fit {
		if unknown(e) {
			count++
		}
	}
	if count > 0 && count < len(fit) {
		o.note("images without %s come last: %d of %d", what, count, len(fit))
	}
}

// clockSkew is how far the clock of a builder may be ahead of the host's.
const clockSkew = 5 * time.Minute

// noteFuture tells of a pick that a wrong clock may have made the newest.
func (o *Outcome) noteFuture(t *trial) {
	if at := o.Pick.CreatedAt; at != nil && at.After(t.now.Add(clockSkew)) {
		o.note("%s says that it was created in the future (%s): a clock or its date is wrong, and nothing newer is picked until then",
			o.Pick.ID, at.UTC().Format(time.RFC3339))
	}
}

// noteRegions tells a pack that names no region where else images are, and where the
// pick cannot be used.
func (o *Outcome) noteRegions(t *trial) {
	top := t.fit[0]
	if t.rule.sel.Region != "" || !regional(top.Image) {
		return
	}
	if top.SpansRegions {
		o.noteNotReady(t)
		return
	}
	others := t.others(func(e *entry) string {
		if sameIdentity(top, e) || e.region == top.region || !regional(e.Image) || !sameProvider(e.Provider, top.Provider) {
			return ""
		}
		return e.region
	})
	if len(others) > 0 {
		o.note("the image is in %s, others that fit are in %s, and the pack names no region: set select.region to be sure",
			top.Region, strings.Join(others, ", "))
	}
}

// others are, in order, what is so of others that fit, where that is known.
func (t *trial) others(what func(*entry) string) []string {
	all := map[string]bool{}
	for _, e := range t.fit[1:] {
		if name := what(e); name != "" {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// noteProviders tells a pack that names no provider which others fit: the newest of them may
// be of another one tomorrow.
func (o *Outcome) noteProviders(t *trial) {
	top := t.fit[0]
	others := t.others(func(e *entry) string {
		if sameProvider(e.Provider, top.Provider) {
			return ""
		}
		return e.Provider
	})
	if len(others) > 0 {
		o.note("the image has the provider %s, others that fit have %s, and the pack names none: set select.provider to be sure",
			top.Provider, strings.Join(limited(others), ", "))
	}
}

// noteMachines tells a pack that others which fit boot on another kind of machine, when
// its expression does not look at that. Earlier versions of one image definition are no
// others.
func (o *Outcome) noteMachines(t *trial) {
	top := t.fit[0]
	for _, name := range []string{"hyperVGeneration", "diskControllerTypes", "securityType", "purchasePlan"} {
		kind := func(e *entry) string {
			value := e.Attributes[name]
			if value == "" && e.Evidence == image.Asked && (name == "securityType" || name == "purchasePlan") {
				return "none"
			}
			return value // nothing where it is not known
		}
		values := t.pool.values(name, func(i *image.Image) string { return i.Attributes[name] })
		if len(values) == 0 || kind(top) == "" || strings.Contains(t.rule.sel.Where, name) {
			continue
		}
		others := t.others(func(e *entry) string {
			if kind(e) == kind(top) || !sameProvider(e.Provider, top.Provider) || e.series != 0 && e.series == top.series {
				return ""
			}
			return kind(e)
		})
		if len(others) > 0 {
			o.note("the image has the %s %s, others that fit have %s, and the pack names none: select by image.attributes.%s in where to be sure",
				name, kind(top), strings.Join(limited(others), ", "), name)
		}
	}
}

// noteUntold tells of a version of the pick's image definition that would come before
// it, if what its source does not tell of it were as the pick has it.
func (o *Outcome) noteUntold(t *trial) {
	top := t.fit[0]
	for i := range t.pool.entries {
		e := &t.pool.entries[i]
		if e == top || top.series == 0 {
			return
		}
		if e.series != top.series {
			continue
		}
		if img, untold := told(*e.Image, top.Image); t.fitsAs(&img) {
			o.note("%s would come before the pick, but its %s is not known: %s", e.ID, strings.Join(untold, ", "), declare)
			return
		}
	}
}

// told fills in of an image what is not known of it and of another one is.
func told(img image.Image, like *image.Image) (filled image.Image, untold []string) {
	ofOther := img.OS.Name != "" && img.OS.Name != like.OS.Name // a version is of its system
	for _, fact := range []struct{ name, words string }{
		{"architecture", "architecture"}, {"kubernetesVersion", "Kubernetes version"}, {"os.version", "OS version"}, {"os.name", "OS name"},
	} {
		is, as := img.Fact(fact.name), *like.Fact(fact.name)
		if *is == "" && as != "" && (!ofOther || fact.name != "os.version") {
			*is, untold = as, append(untold, fact.words)
		}
	}
	return img, untold
}

// fitsAs tells whether an image of no pool would fit, and lead where it has to.
func (t *trial) fitsAs(img *image.Image) bool {
	supposed := newEntry(img, nil)
	return t.rule.fits(&supposed, t.now) && t.mayLead(&supposed)
}

// notePartial tells a pack that selects a release that of the pick a part of it is known.
func (o *Outcome) notePartial(t *trial) {
	os, wanted := o.Pick.OS, t.rule.sel.OS.Version
	if osname.Partial(os.Name, os.Version) && wanted != "" && !strings.EqualFold(wanted, os.Version) {
		o.note("of the image's OS version no more is known than %s, and the pack selects %s: another release may be in it", os.Version, wanted)
	}
}

// noteNotReady tells in which regions of one id the image is not usable.
func (o *Outcome) noteNotReady(t *trial) {
	var where []string
	for i := range t.pool.entries {
		if e := &t.pool.entries[i]; sameIdentity(t.fit[0], e) && e.State.Refuses() {
			where = append(where, e.Region+" ("+string(e.State)+")")
		}
	}
	if where != nil {
		slices.Sort(where)
		o.note("the image is not usable in every region, and the pack names none: %s", strings.Join(where, ", "))
	}
}

func regional(img *image.Image) bool { return img.Region != "" && img.Region != image.GlobalRegion }

// noteContradictions tells what the sources do not agree on: of the pick, and of the
// first image that would come before it if what they leave unknown were as the pick's.
func (o *Outcome) noteContradictions(t *trial) {
	pick := t.fit[0]
	for _, i := range t.pool.contradicted {
		e := &t.pool.entries[i]
		if e == pick {
			for _, contradiction := range e.contradictions {
				o.note("the sources contradict each other in %s", contradiction)
			}
		}
		if rank([]*image.Image{pick.Image, e.Image})[0] == pick.Image {
			return // what follows is in the same order
		}
		if t.drops(i) && t.wouldFit(e) {
			o.note("%s would come before the pick, but its sources contradict each other in %s", e.ID, strings.Join(e.contradictions, "; in "))
			return
		}
	}
}

// noteUnsure tells of an image that would come before the pick, if it were known what it
// is, whether it can be used (nobody was asked, or could tell), or when it was made.
func (o *Outcome) noteUnsure(t *trial) {
	passed := false
	for i := range t.pool.entries {
		e := &t.pool.entries[i]
		passed = passed || e == t.fit[0]
		why := cmp.Or(e.Withheld, e.StateReason)
		if !t.drops(i) || !t.unsure(e, passed) {
			continue
		}
		offered := *e.Image
		offered.Withheld = ""
		if t.wouldFit(&entry{Image: &offered}) {
			o.note("%s may come before the pick, and is left out: %s", e.ID, why)
			return
		}
	}
}

// unsure tells whether it is not known if an entry comes before the pick, which it stands
// after where passed.
func (t *trial) unsure(e *entry, passed bool) bool {
	mute := e.State == image.StateUnset && e.StateReason != ""
	if e.Withheld == "" {
		return mute && e.tag && !t.ranksAfter(e, t.fit[0])
	}
	untimed := e.CreatedAt == nil && !t.ranksAfter(e, t.fit[0]) && t.pool.wholeOf(e) < 0 // else what there is to tell, is told of that
	return untimed || !passed && (mute || e.Evidence != image.Asked)
}

// wouldFit tells whether an image would fit if what is not known of it were as the
// pick has it.
func (t *trial) wouldFit(e *entry) bool {
	pick := t.fit[0].Image
	img, _ := told(*e.Image, pick)
	img.OS.Version = cmp.Or(img.OS.Version, pick.OS.Version) // of what system that is may be what is not known
	img.Tags = maps.Clone(pick.Tags)
	if img.Tags == nil {
		img.Tags = map[string]string{}
	}
	maps.Copy(img.Tags, e.Tags)
	return t.fitsAs(&img)
}
