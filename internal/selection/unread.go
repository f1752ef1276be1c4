package selection

import (
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/osname"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// couldFit tells whether an entry of which a source listed the name alone may fit once it
// is read: nothing that its name tells for good speaks against it.
func (t *trial) couldFit(i int) bool {
	e := &t.pool.entries[i]
	if e.more == nil {
		return false
	}
	withheld := false
	for c, failing := range t.failing {
		rule := t.rule.checks[c].rule
		if failing.has(i) && rule != withheldRule && !e.tellsLater(rule) {
			return false
		}
		withheld = withheld || failing.has(i) && rule == withheldRule
	}
	if t.rule.where != nil && !t.rule.where.MayHold(e.Image, e.unknown(), t.now) {
		return false
	}
	return !withheld || t.standsAlone(e)
}

// standsAlone tells whether an entry is the tag of one platform beside one for all, which
// was not read and will not be for itself: only then is it known which of them is offered.
func (t *trial) standsAlone(e *entry) bool {
	at := t.pool.wholeOf(e)
	return at >= 0 && t.pool.entries[at].more != nil && !t.couldFit(at)
}

// tellsLater tells whether what a rule looks at may come, or change, when a tag is read.
func (e *entry) tellsLater(rule string) bool {
	switch rule {
	case "architecture": // one that is not the name's withholds it, and others may offer it
		return slices.ContainsFunc(e.listed, func(img *image.Image) bool { return !named(img, rule) })
	case "os.name", "os.version", "kubernetesVersion":
		return slices.ContainsFunc(e.more, func(img *image.Image) bool {
			return !named(img, rule) || !image.Same(img, e.Image) // of another part it is not heard yet
		})
	}
	return rule == "tags"
}

// named tells whether what is said of a tag by its name tells a fact for good. What else
// is read takes the place of a version without its system, or of a part of one.
func named(img *image.Image, fact string) bool {
	if fact == "os.version" {
		return img.OS.Name != "" && img.OS.Version != "" && !osname.Partial(img.OS.Name, img.OS.Version)
	}
	return *img.Fact(fact) != ""
}

// unknown are the fields of a tag that come, or may change, when it is read, as expressions
// name them.
func (e *entry) unknown() [][]string {
	fields := [][]string{
		{"createdAt"}, {"state"}, {"stateReason"}, {"tags"}, {"digest"},
		{"attributes", "platform"}, {"attributes", "platformDigest"}, {"attributes", "mediaType"},
	}
	for _, rule := range []string{"architecture", "os.name", "os.version", "kubernetesVersion"} {
		if e.tellsLater(rule) {
			fields = append(fields, strings.Split(rule, "."))
		}
	}
	return fields
}

func (t *trial) findOpen() (open []*entry) {
	if !t.pool.hasUnread {
		return nil
	}
	for i := range t.pool.entries {
		if t.couldFit(i) {
			open = append(open, &t.pool.entries[i])
		}
	}
	if t.rule.template != nil {
		return t.openWays(open)
	}
	return open
}

// needs are the images that must be read before a verdict is final, best first, by what
// each may do to it.
type needs struct {
	// before would come before what fits, or what they must lead to may.
	before []*entry
	// led are what the first's template must lead to, and what sets it apart from rivals.
	led []*entry
	// after would come after it, and be a second one. Of these, variants are the first of
	// each kind, which would leave no pick, and beside are those that the first's template
	// leads to where the pack names no versions: before they are read, it is not known
	// whether the images of several architectures are of one template.
	after, variants, beside []*entry
	// between are what an outcome cannot choose between, and what must be led to from these:
	// one may be none.
	between []*entry
}

// needs sorts what was not read by what it could change.
func (t *trial) needs(o *Outcome) needs {
	open := t.open()
	if len(t.fit) == 0 {
		return needs{before: open}
	}
	var n needs
	top := t.fit[0]
	seen := map[kind]bool{kindOf(top, top): true}
	awaited := t.mustLead(slices.DeleteFunc(slices.Clone(t.waiting), func(e *entry) bool { return t.ranksAfter(e, top) }), t.versions())
	led, between := t.ledFrom(top), t.between(o)
	ids := t.mustLead(between, t.versions())
	for _, e := range open {
		if ids[e.ID] || slices.Contains(between, e) {
			n.between = append(n.between, e)
		}
		switch {
		case !t.ranksAfter(e, top), awaited[e.ID]:
			n.before = append(n.before, e)
			continue
		case led[e.ID]:
			n.led = append(n.led, e)
			continue
		}
		n.after = append(n.after, e)
		if t.leads(top, e) {
			n.beside = append(n.beside, e)
		}
		if of := kindOf(e, top); e.Version != "" && !seen[of] {
			seen[of] = true
			n.variants = append(n.variants, e)
		}
	}
	return n
}

// between are the entries that an outcome cannot choose between.
func (t *trial) between(o *Outcome) []*entry {
	return slices.DeleteFunc(slices.Clone(t.fit), func(e *entry) bool { return !slices.Contains(o.Alternatives, e.Image) })
}

// kind is what makes a tag neither newer nor older than others, as far as its name tells.
type kind struct {
	image.Variant
	system
}

// kindOf is the kind of an entry beside another: what is not known of one is no other.
func kindOf(e, top *entry) kind {
	of := kind{e.variant, system{e.osName, strings.ToLower(e.Architecture)}}
	if of.osName == "" || top.osName == "" {
		of.osName = top.osName
	}
	if of.architecture == "" || top.Architecture == "" {
		of.architecture = strings.ToLower(top.Architecture)
	}
	return of
}

// ranksAfter tells whether a tag that was not read comes after an image, whatever it
// holds: its versions say so. A creation time comes only when it is read.
func (t *trial) ranksAfter(e, top *entry) bool {
	if e == top || e.NewestBy != image.NewestByVersion || top.NewestBy != image.NewestByVersion {
		return false
	}
	if lead := t.ways[top]; lead.ID != nil {
		if agent := t.wayOf(e).agent; agent.Compare(lead.agent) != 0 {
			return agent.Order(lead.agent) < 0
		}
	}
	return e.version.Order(top.version) < 0
}

// ledFrom are the ids that the template of the first must lead to, and those that set it
// apart from rivals.
func (t *trial) ledFrom(top *entry) map[string]bool {
	if rivals := t.rivals(); len(rivals) > 0 {
		return t.mustLead(append(rivals, top), t.leadTo().versions)
	}
	return t.mustLead([]*entry{top}, t.versions())
}

// maxUnread bounds how many images an outcome names to be read: the best come first.
const maxUnread = 64

// tellUnread puts into an outcome what was not read and could change it. Where a source
// does not read it, that is told, or is reason enough to refuse.
func (r *Rule) tellUnread(o *Outcome, t *trial) {
	if !t.pool.hasUnread || o.settled {
		return
	}
	n := t.needs(o)
	some := slices.Concat(n.before, n.led)
	if r.sel.Pick == spec.PickExactlyOne {
		some = append(some, n.after...)
	} else { // a variant may be none once it is read, or leave no pick
		some = append(some, n.variants...)
		if o.byTemplate {
			some = append(some, n.beside...)
		}
	}
	o.unread = t.withPlatforms(toAsk(append(some, n.between...)))
	if o.Verdict == Picked {
		r.noteUnread(o, t, n)
	}
}

// toAsk leaves the best that a source can be asked for, each once.
func toAsk(some []*entry) []*entry {
	var best []*entry
	for _, e := range some {
		if len(best) < maxUnread && e.askable && !slices.Contains(best, e) {
			best = append(best, e)
		}
	}
	return best
}

// Unread is an image of which a source that can tell more listed the name alone.
type Unread struct {
	*image.Image
	// Listed are what such sources said of it. What one tells may change what others do.
	Listed []*image.Image
	// Beside are tags of its single platforms, which were not read either: its source
	// offers them when it turns out to lack their architecture.
	Beside []*image.Image
}

func (t *trial) withPlatforms(some []*entry) []Unread {
	at := map[int32]int{}
	unread := make([]Unread, len(some))
	for i, e := range some {
		unread[i] = Unread{Image: e.Image, Listed: e.more}
		if _, known := at[e.edition]; !known && e.edition != 0 {
			at[e.edition] = i
		}
	}
	for i := range t.pool.entries {
		e := &t.pool.entries[i]
		if first, known := at[e.edition]; known && e.askable && !sameIdentity(e, some[first]) {
			unread[first].Beside = append(unread[first].Beside, e.more...)
		}
	}
	return unread
}

// noteUnread tells of tags that were not read and could change the pick. Where there may
// be no second image they are reason enough to refuse.
func (r *Rule) noteUnread(o *Outcome, t *trial, n needs) {
	top := t.fit[0]
	others := func(some ...*entry) []*entry {
		return slices.DeleteFunc(some, func(e *entry) bool { return sameEdition(e, top) })
	}
	if more := others(slices.Concat(n.before, n.after)...); r.sel.Pick == spec.PickExactlyOne && len(more) > 0 {
		o.Pick, o.DecidedBy, o.Tie = nil, "", nil
		o.refuse(append(t.fit[:1:1], more...), unreadOthers)
		return
	}
	if before := others(slices.Clone(n.before)...); len(before) > 0 {
		o.note("%d tags that the source did not read would come before the pick if they fit, the first is %s: "+
			readTags+" to know, or narrow tags", len(before), before[0].ID)
	}
	if len(n.variants) > 0 {
		of, sel := "Kubernetes distribution or custom tag", "k8sDistribution or customTag"
		if n.variants[0].variant == top.variant {
			of, sel = "operating system or architecture", "os.name or architecture"
		}
		o.note("%d tags of another %s, which the source did not read, would leave no pick if they fit, "+
			"the first is %s: select a %s", len(n.variants), of, n.variants[0].ID, sel)
	}
}

// unreadOthers is why a pick is not known to be the only one.
const unreadOthers = "pick is exactlyOne, and the source did not read all of them"
