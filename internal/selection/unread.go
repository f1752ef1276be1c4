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
	at, known := t.pool.wholes[e.edition]
	whole := &t.pool.entries[at]
	return known && !sameIdentity(whole, e) && whole.more != nil && !t.couldFit(at)
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
	switch fact {
	case "architecture":
		return img.Architecture != ""
	case "os.name":
		return img.OS.Name != ""
	case "os.version":
		return img.OS.Name != "" && img.OS.Version != "" && !osname.Partial(img.OS.Name, img.OS.Version)
	}
	return img.KubernetesVersion != ""
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
	// before would come before what fits, and variants are the first of each kind
	// that would leave no pick. To the led the template of the first that fits leads, and
	// to beside where the pack names no versions; before that is read, it is not known
	// whether the images of several architectures are of one template.
	before, led, beside, after, variants []*entry
}

// unread sorts what was not read by what it could change.
func (t *trial) unread() unreads {
	open := t.open()
	if len(t.fit) == 0 {
		return unreads{before: open}
	}
	var u unreads
	top := t.fit[0]
	seen, toLead, awaited := map[kind]bool{kindOf(top, top): true}, t.toLead(top), t.awaited(top)
	for _, e := range open {
		switch {
		case !t.ranksAfter(e, top), awaited[e.ID]:
			u.before = append(u.before, e)
		case toLead[e.ID]:
			u.led = append(u.led, e)
		default:
			u.after = append(u.after, e)
			if t.leads(top, e) {
				u.beside = append(u.beside, e)
			}
			if of := kindOf(e, top); e.Version != "" && !seen[of] {
				seen[of] = true
				u.variants = append(u.variants, e)
			}
		}
	}
	return u
}

// awaited are the ids that templates lead to which come no later than the first, and which
// would fit if what they lead to did.
func (t *trial) awaited(top *entry) map[string]bool {
	ids := map[string]bool{}
	for _, e := range t.waiting {
		if t.ranksAfter(e, top) {
			continue
		}
		for _, id := range t.mustLead(e) {
			ids[id] = true
		}
	}
	return ids
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
		w, known := t.ways[e]
		if !known {
			w = t.way(e)
		}
		if w.agent.Compare(lead.agent) != 0 {
			return w.agent.Order(lead.agent) < 0
		}
	}
	return e.version.Order(*top.version) < 0
}

// toLead are the ids that the template of the first must lead to, and those that set it apart
// from rivals.
func (t *trial) toLead(top *entry) map[string]bool {
	if t.rule.template == nil || t.ways[top].ID == nil {
		return nil
	}
	of, versions := []*entry{top}, t.rule.template.Versions
	if rivals := t.rivals(); len(rivals) > 0 {
		of, versions = append(of, rivals...), t.leadTo().versions
	}
	ids := map[string]bool{}
	for _, e := range of {
		for _, version := range versions {
			ids[t.ways[e].ID(version)] = true
		}
	}
	return ids
}

// maxUnread bounds how many images an outcome names to be read: the best come first.
const maxUnread = 64

// tellUnread puts into an outcome what was not read and could change it. Where a source
// does not read it, that is told, or is reason enough to refuse.
func (r *Rule) tellUnread(o *Outcome, t *trial) {
	if !t.pool.hasUnread || o.settled {
		return
	}
	u := t.unread()
	some := append(u.before[:len(u.before):len(u.before)], u.led...)
	switch {
	case o.Verdict == NoImage:
	case r.pick == spec.PickExactlyOne:
		some = append(some, u.after...)
	default: // a variant may be none once it is read, or leave no pick
		some = append(some, u.variants...)
		if o.byTemplate {
			some = append(some, u.beside...)
		}
	}
	o.unread = t.withPlatforms(toAsk(some, t.inDoubt(o)))
	if o.Verdict == Picked {
		r.noteUnread(o, t, u)
	}
}

// inDoubt are the images between which an outcome cannot choose and which were not read, and
// those that the templates of these must lead to: one may be none.
func (t *trial) inDoubt(o *Outcome) []*entry {
	var some []*entry
	ids := map[string]bool{}
	for _, e := range t.fit {
		if !slices.Contains(o.Alternatives, e.Image) {
			continue
		}
		if e.more != nil {
			some = append(some, e)
		}
		for _, id := range t.mustLead(e) {
			ids[id] = true
		}
	}
	for _, e := range t.open() {
		if ids[e.ID] {
			some = append(some, e)
		}
	}
	return some
}

// toAsk leaves the best that a source can be asked for, each once.
func toAsk(some, more []*entry) []*entry {
	var best []*entry
	for _, e := range append(some[:len(some):len(some)], more...) {
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
func (r *Rule) noteUnread(o *Outcome, t *trial, u unreads) {
	if others := append(t.fit[:1:1], others(t.fit[0], u)...); r.pick == spec.PickExactlyOne && len(others) > 1 {
		o.Pick, o.DecidedBy, o.Tie = nil, "", nil
		o.refuse(others, unreadOthers)
		return
	}
	before := slices.DeleteFunc(slices.Clone(u.before), func(e *entry) bool { return sameEdition(e, t.fit[0]) })
	if len(before) > 0 {
		o.note("%d tags that the source did not read would come before the pick if they fit, the first is %s: "+
			readTags+" to know, or narrow tags", len(before), before[0].ID)
	}
	if len(u.variants) > 0 {
		of, sel := "Kubernetes distribution or custom tag", "k8sDistribution or customTag"
		if u.variants[0].variant == t.fit[0].variant {
			of, sel = "operating system or architecture", "os.name or architecture"
		}
		o.note("%d tags of another %s, which the source did not read, would leave no pick if they fit, "+
			"the first is %s: select a %s", len(u.variants), of, u.variants[0].ID, sel)
	}
}

func others(top *entry, u unreads) []*entry {
	var all []*entry
	for _, e := range append(u.before[:len(u.before):len(u.before)], u.after...) {
		if !sameEdition(e, top) {
			all = append(all, e)
		}
	}
	return all
}

// unreadOthers is why a pick is not known to be the only one.
const unreadOthers = "pick is exactlyOne, and the source did not read all of them"
