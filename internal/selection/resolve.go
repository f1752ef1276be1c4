package selection

import (
	"cmp"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// How many near misses, and how many images to choose between, an error lists.
const (
	shown           = 5
	maxAlternatives = 50
)

// Resolve returns the pick, or a *failure.Error with ExitNoImage that says what
// was nearest or between what it could not choose.
func (o Outcome) Resolve(pack string) (*image.Image, error) {
	switch o.Verdict {
	case Picked:
		return o.Pick, nil
	case Ambiguous:
		return nil, o.ambiguous(pack)
	}
	return nil, o.noImage(pack)
}

func (o Outcome) ambiguous(pack string) error {
	e := &failure.Error{
		Code:    failure.ExitNoImage,
		Summary: fmt.Sprintf("pack %s: %d images fit, and %s", pack, len(o.Alternatives), o.Why),
		Next:    o.tellApart(),
	}
	if o.Why == shortID {
		e.Summary = fmt.Sprintf("pack %s: %s is short for %d images", pack, text.HarmlessWord(o.Alternatives[0].ID), len(o.Alternatives))
	}
	tags := o.differingTags()
	for i := range o.Alternatives {
		if i == maxAlternatives {
			e.Details = append(e.Details, fmt.Sprintf("and %d more", len(o.Alternatives)-i))
			break
		}
		img := o.Alternatives[i]
		e.Details = append(e.Details, Describe(wholly(img, o.Why))+tagsText(img, tags))
	}
	return e
}

// wholly returns an image by its whole id where the short one is why it was not picked.
func wholly(img *image.Image, why string) *image.Image {
	if why != shortID {
		return img
	}
	with := *img
	with.ID = cmp.Or(img.FullID, img.ID)
	return &with
}

// tellApart names the fields in which the alternatives differ.
func (o Outcome) tellApart() string {
	if o.Why == unreadOthers {
		return readTags + " to know what they hold, or narrow its tags"
	}
	if o.Why == shortID {
		return "set idForm: full at the source, or make one source for each subscription and name one of them in the pack's sources"
	}
	var differ []string
	for _, fact := range selectable() {
		if o.differIn(fact.of) {
			differ = append(differ, fact.rule)
		}
	}
	for _, key := range o.differingTags() {
		differ = append(differ, "tags."+text.HarmlessWord(key))
	}
	parts := o.differingParts()
	switch {
	case parts != nil:
		return "they differ in what the template is made of: set " + strings.Join(parts, ", ") + " to one of theirs"
	case len(differ) == 0:
		return fmt.Sprintf("only their ids differ: give the builds different names or tags, or select one with where: 'image.id == %q'", o.Alternatives[0].ID)
	case slices.Contains(differ, "region") || slices.Contains(differ, "architecture"):
		return "they differ in " + strings.Join(limited(differ), ", ") + ": select by that, or give the pack a matrix to have one pack for each"
	}
	return "they differ in " + strings.Join(limited(differ), ", ") + ": select by that" + o.withoutCustomTag(differ)
}

// differingParts are the values that choose between templates which differ in nothing else.
// One of their images is not to be selected, as each stands for others.
func (o Outcome) differingParts() []string {
	if !o.ofTemplates {
		return nil
	}
	for _, fact := range selectable() {
		if fact.rule != "name" && o.differIn(fact.of) {
			return nil
		}
	}
	var differ []string
	for _, part := range []struct{ key, attribute string }{{"registry", "registry"}, {"repo", "repository"}, {"peVersion", image.AttributePEVersion}} {
		if o.differIn(func(i *image.Image) string { return i.Attributes[part.attribute] }) {
			differ = append(differ, "packs[].values."+part.key)
		}
	}
	return differ
}

// withoutCustomTag says how to select what no value of a key names.
func (o Outcome) withoutCustomTag(differ []string) string {
	without := slices.ContainsFunc(o.Alternatives, func(i *image.Image) bool { return i.Variant().CustomTag == "" })
	if !without || !slices.Contains(differ, "customTag") {
		return ""
	}
	return "; where: '!has(image.attributes.customTag)' selects those without a custom tag"
}

func (o Outcome) differIn(get func(*image.Image) string) bool {
	first := get(o.Alternatives[0])
	return slices.ContainsFunc(o.Alternatives, func(img *image.Image) bool { return get(img) != first })
}

// differingTags returns the keys of the tags in which the alternatives differ.
func (o Outcome) differingTags() []string {
	keys := map[string]bool{}
	for _, img := range o.Alternatives {
		for key := range img.Tags {
			if _, seen := keys[key]; !seen {
				keys[key] = o.differIn(func(i *image.Image) string { return i.Tags[key] })
			}
		}
	}
	maps.DeleteFunc(keys, func(_ string, differ bool) bool { return !differ })
	return slices.Sorted(maps.Keys(keys))
}

// tagsText shows some tags of an image.
func tagsText(img *image.Image, keys []string) string {
	var pairs []string
	for _, key := range keys[:min(shown, len(keys))] {
		pairs = append(pairs, fmt.Sprintf("%s=%q", text.HarmlessWord(key), img.Tags[key]))
	}
	if pairs == nil {
		return ""
	}
	return " tags " + strings.Join(pairs, " ")
}

func (o Outcome) noImage(pack string) error {
	e := &failure.Error{Code: failure.ExitNoImage}
	if o.missed.count == 0 {
		e.Summary = fmt.Sprintf("pack %s: its sources have no images", pack)
		e.Next = "look at what the sources return with the images command"
		return e
	}
	e.Summary = fmt.Sprintf("pack %s: none of %d images fits", pack, o.missed.count)
	if o.missed.count == 1 {
		e.Summary = fmt.Sprintf("pack %s: the only image does not fit", pack)
	}
	for _, drop := range o.missed.near {
		e.Details = append(e.Details, Describe(drop.Image)+": "+reasonsOf(drop))
	}
	if rest := o.missed.count - len(e.Details); rest > 0 {
		e.Details = append(e.Details, fmt.Sprintf("and %d more: %s", rest, o.missed.byRule))
	}
	e.Next = o.missed.next
	return e
}

// missed is what a message tells of images of which none fits.
type missed struct {
	count int
	near  []Drop
	// byRule counts the drops of each rule, next is what to do.
	byRule, next string
}

func (t *trial) missed() missed {
	m := missed{count: len(t.pool.entries), byRule: t.byRule()}
	mayFit := map[*entry]bool{}
	for _, e := range t.open() {
		mayFit[e] = true
	}
	for _, i := range t.nearest(mayFit) {
		m.near = append(m.near, t.drop(i))
	}
	m.next = t.nextStep(len(mayFit))
	return m
}

// nearest returns the images that fail the fewest rules; nothing is nearer than what was
// not read and may fit.
func (t *trial) nearest(mayFit map[*entry]bool) []int {
	type miss struct{ index, fails int }
	var near []miss
	for i := range t.pool.entries {
		this := miss{i, t.fails(i)}
		if mayFit[&t.pool.entries[i]] {
			this.fails = 0
		}
		at := slices.IndexFunc(near, func(m miss) bool { return m.fails > this.fails })
		if at < 0 {
			at = len(near)
		}
		near = slices.Insert(near, at, this)
		near = near[:min(shown, len(near))]
	}
	indexes := make([]int, len(near))
	for i, m := range near {
		indexes[i] = m.index
	}
	return indexes
}

func reasonsOf(drop Drop) string {
	reasons := []string{drop.Reason}
	for _, more := range drop.More {
		reasons = append(reasons, more.Reason)
	}
	return strings.Join(reasons, "; ")
}

// byRule counts the drops of each rule, most first.
func (t *trial) byRule() string {
	counts := map[string]int{}
	seen := newMask(len(t.pool.entries))
	left := len(t.pool.entries)
	for c, failing := range t.failing {
		count := 0
		for word := range failing {
			count += bits.OnesCount64(failing[word] &^ seen[word])
			seen[word] |= failing[word]
		}
		if count > 0 {
			counts[t.rule.checks[c].rule] = count
		}
		left -= count
	}
	for _, way := range t.ways {
		if way.leadsNowhere() {
			counts[way.lost.Rule]++
			left--
		}
	}
	if left > 0 {
		counts["where"] = left
	}
	rules := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for i, rule := range rules {
		rules[i] = fmt.Sprintf("%s drops %d", rule, counts[rule])
	}
	return "in all, " + strings.Join(rules, ", ")
}

func limited(values []string) []string {
	const most = 8
	if len(values) <= most {
		return values
	}
	return append(values[:most:most], fmt.Sprintf("%d more", len(values)-most))
}

// Describe returns one line for an image: what is known of it, in a fixed order.
func Describe(img *image.Image) string {
	parts := []string{img.ID, img.Provider, img.Region, img.Architecture, img.OS.String()}
	if img.Name != "" {
		parts = append(parts, strconv.Quote(img.Name))
	}
	if img.Version != "" {
		parts = append(parts, "version "+img.Version)
	}
	if img.CreatedAt != nil {
		parts = append(parts, "created "+img.CreatedAt.UTC().Format(time.RFC3339))
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	if img.Source != "" {
		parts = append(parts, "(source "+img.Source+")")
	}
	return text.HarmlessWord(strings.Join(parts, " "))
}
