// Package selection decides which image a pack gets: it drops what does not fit,
// puts the rest in a total order and refuses to guess. It is pure: the same
// images, rule and time give the same outcome, whatever order images come in.
// docs/selection.md is the rule in words.
package selection

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection/where"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// Compiler compiles the selections of one run of the program; equal `where`
// expressions are compiled once. The zero value is ready.
type Compiler struct{ where where.Compiler }

// Rule is a compiled selection. It is safe for concurrent use.
type Rule struct {
	checks []check
	where  *where.Program
	pick   spec.Pick
	sel    spec.Select
}

// Compile compiles one selection; a program that has several uses a Compiler.
func Compile(sel spec.Select) (*Rule, error) { return new(Compiler).Compile(sel) }

// Compile checks a selection and prepares it. The error is a *failure.Error with
// ExitUsage.
func (c *Compiler) Compile(sel spec.Select) (*Rule, error) {
	checks, err := checksOf(sel)
	if err != nil {
		return nil, err
	}
	rule := &Rule{checks: checks, pick: sel.Pick, sel: sel}
	switch sel.Pick {
	case "":
		rule.pick = spec.PickNewest
	case spec.PickNewest, spec.PickExactlyOne:
	default:
		return nil, failure.Usage("write newest or exactlyOne", "pick is %q", sel.Pick)
	}
	if sel.Where == "" {
		return rule, nil
	}
	rule.where, err = c.where.Compile(sel.Where)
	var invalid *where.Error
	if errors.As(err, &invalid) {
		return nil, failure.Usage(invalid.Suggestion, "where: column %d of the expression: %s", invalid.Column, invalid.Message)
	}
	if err != nil {
		return nil, fmt.Errorf("where: %w", err)
	}
	return rule, nil
}

// Reason is why an image was dropped: the rule's name (state, deprecated,
// endOfLife, excludedFromLatest, provider, region, architecture, os.name,
// os.version, kubernetesVersion, name, tags, where) and a sentence.
type Reason struct {
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
}

// Drop is an image that was dropped, with the first rule that dropped it.
type Drop struct {
	Image  image.Image `json:"image"`
	Rule   string      `json:"rule"`
	Reason string      `json:"reason"`
	// More are the further rules that it fails. `where` is only evaluated for
	// images that pass all others.
	More []Reason `json:"more,omitempty"`
}

// Verdict is how a selection ended.
type Verdict string

// Verdicts of a selection.
const (
	Picked    Verdict = "picked"
	NoImage   Verdict = "noImage"
	Ambiguous Verdict = "ambiguous"
)

// Outcome is a selection with everything that is needed to explain it. Its JSON
// names are API: additive only.
type Outcome struct {
	Verdict Verdict `json:"verdict"`
	// Pick is the image, when the verdict is Picked.
	Pick *image.Image `json:"pick,omitempty"`
	// Ranked are the images that fit, best first; Dropped all others, in the
	// same order.
	Ranked  []image.Image `json:"ranked,omitempty"`
	Dropped []Drop        `json:"dropped,omitempty"`
	// DecidedBy is what put Pick before the next: createdAt, version or id;
	// empty when it is the only one.
	DecidedBy string `json:"decidedBy,omitempty"`
	// Tie are the images that share the newest creation time, or the highest version
	// where versions come first; Pick is the first of them.
	Tie []image.Image `json:"tie,omitempty"`
	// Alternatives are the images of an ambiguous verdict, and Why it is one.
	Alternatives []image.Image `json:"alternatives,omitempty"`
	Why          string        `json:"why,omitempty"`
	// Merged tells which images were found by more than one source.
	Merged []Merge `json:"merged,omitempty"`
	// Notes are what a user should know even when there is a pick.
	Notes []string `json:"notes,omitempty"`

	sel spec.Select
}

// Merge is an image that was found more than once, and by which sources.
type Merge struct {
	ID      string   `json:"id"`
	Region  string   `json:"region,omitempty"`
	Sources []string `json:"sources"`
}

// Apply selects among images at a time, with the reason for each that is
// dropped. It does not change them.
func (r *Rule) Apply(images []image.Image, now time.Time) Outcome {
	return r.Explain(Prepare(images), now)
}

// fails returns why an image is dropped, in the order of the rules; nil when it
// fits.
func (r *Rule) fails(img *image.Image, now time.Time) []Reason {
	var reasons []Reason
	for _, c := range r.checks {
		if reason := c.fails(img, now); reason != "" {
			reasons = append(reasons, Reason{c.rule, reason})
		}
	}
	if reasons == nil && r.where != nil {
		if reason := r.failsWhere(img, now); reason != "" {
			return []Reason{{"where", reason}}
		}
	}
	return reasons
}

func (r *Rule) failsWhere(img *image.Image, now time.Time) string {
	holds, err := r.where.Holds(img, now)
	switch {
	case err != nil:
		return "the expression has no answer: " + err.Error()
	case !holds:
		return "the expression is false"
	}
	return ""
}

// decide fills in the verdict from what is ranked.
func (r *Rule) decide(o *Outcome) {
	if len(o.Ranked) == 0 {
		o.Verdict = NoImage
		return
	}
	if r.pick == spec.PickExactlyOne && editions(o.Ranked) > 1 {
		o.refuse(o.Ranked, "pick is exactlyOne")
		return
	}
	for _, doubt := range doubts() {
		if some, why := doubt(o.Ranked); len(some) > 1 {
			o.refuse(some, why)
			return
		}
	}
	top := &o.Ranked[0]
	o.Verdict, o.Pick = Picked, top
	if len(o.Ranked) > 1 {
		o.DecidedBy = decidedBy(top, &o.Ranked[1])
	}
	o.noteTie()
	o.noteUnknown()
}

// doubt returns the images of which none is the newest, the first among them, and
// why; fewer than two when there is no doubt.
type doubt func(ranked []image.Image) (some []image.Image, why string)

// doubts are what makes "newest" ambiguous, in the order that they are told.
func doubts() []doubt { return []doubt{orders, variants, outputs, copies, untimed, tied} }

func (o *Outcome) refuse(some []image.Image, why string) {
	o.Verdict, o.Alternatives, o.Why = Ambiguous, slices.Clone(some), why
}

// noteTie tells which images share what comes first in their order, and what
// decided then.
func (o *Outcome) noteTie() {
	top := &o.Ranked[0]
	shared, same := o.shared()
	if shared == "" {
		return
	}
	count := 1
	for count < len(o.Ranked) && same(&o.Ranked[count]) {
		count++
	}
	if !slices.ContainsFunc(o.Ranked[1:count], func(i image.Image) bool { return !sameEdition(top, &i) }) {
		return
	}
	o.Tie = slices.Clone(o.Ranked[:count])
	o.Notes = append(o.Notes, fmt.Sprintf("%d images %s; %s decided for %s", count, shared, o.DecidedBy, top.ID))
}

// shared says what the first image has that comes first in its order, and which
// others have it too; nothing when that is not known.
func (o *Outcome) shared() (what string, same func(*image.Image) bool) {
	top := &o.Ranked[0]
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
func (o *Outcome) noteUnknown() {
	what, unknown := "a creation time", func(i *image.Image) bool { return i.CreatedAt == nil }
	if o.Ranked[0].NewestBy == image.NewestByVersion {
		what, unknown = "a version", func(i *image.Image) bool { return i.Version == "" }
	}
	count := 0
	for i := range o.Ranked {
		if unknown(&o.Ranked[i]) {
			count++
		}
	}
	if count > 0 && count < len(o.Ranked) {
		o.Notes = append(o.Notes, fmt.Sprintf("images without %s come last: %d of %d", what, count, len(o.Ranked)))
	}
}

func sameTime(a, b *image.Image) bool {
	if a.CreatedAt == nil || b.CreatedAt == nil {
		return a.CreatedAt == b.CreatedAt
	}
	return a.CreatedAt.Equal(*b.CreatedAt)
}

// buildReferences are the kinds of reference that outputs of one build share: a
// Packer run, or the ARN of an EC2 Image Builder build version. References of
// other kinds (the URL of a repository) say nothing of that.
func isBuildReference(ref *image.Reference) bool {
	return ref != nil && ref.Value != "" && (ref.Kind == "packer-run-uuid" || ref.Kind == "arn")
}

// orders finds images whose sources rank them in different ways.
func orders(ranked []image.Image) (some []image.Image, why string) {
	last := len(ranked) - 1
	if ranked[0].NewestBy == ranked[last].NewestBy {
		return nil, ""
	}
	// Images are ranked in two runs, so the first of each stands for its kind.
	other := slices.IndexFunc(ranked, func(img image.Image) bool { return img.NewestBy != ranked[0].NewestBy })
	return []image.Image{ranked[0], ranked[other]},
		"their sources do not agree whether the version or the creation time makes one newer: set newestBy to one of them at all sources of the pack"
}

// variants finds images of several Kubernetes distributions or custom tags, which
// are never newer or older than each other, and returns the best of each. Tags
// that tell neither are a variant of their own; without a version either, which
// puts them last, they are none.
func variants(ranked []image.Image) (some []image.Image, why string) {
	seen := map[image.Variant]bool{}
	var distributions, customTags []string
	for i := range ranked {
		variant := ranked[i].Variant()
		nothing := variant == (image.Variant{}) && (i > 0 && ranked[i].Version == "" || !isTag(&ranked[i]))
		if nothing || seen[variant] {
			continue
		}
		seen[variant] = true
		some = append(some, ranked[i])
		distributions, customTags = append(distributions, variant.K8sDistribution), append(customTags, variant.CustomTag)
	}
	var differ []string
	if severalValues(distributions) {
		differ = append(differ, "Kubernetes distributions")
	}
	if severalValues(customTags) {
		differ = append(differ, "custom tags")
	}
	return some, "they are of several " + strings.Join(differ, " and ") + ", none of which is newer than another"
}

func severalValues(values []string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return v != values[0] })
}

// outputs finds the images that came out of the same build as the first: another
// name, region or architecture of it. Time only says which was finished last.
func outputs(ranked []image.Image) (some []image.Image, why string) {
	return withFirst(ranked, func(other *image.Image) bool { return sameBuild(&ranked[0], other) }),
		"they are outputs of one build, so none is newer"
}

// copies finds the first image's copies in other regions.
func copies(ranked []image.Image) (some []image.Image, why string) {
	return withFirst(ranked, func(other *image.Image) bool { return isCopy(&ranked[0], other) }),
		"they have one name in several regions, so they are copies and none is newer"
}

// withFirst returns the first image and those of other editions that is holds for.
func withFirst(ranked []image.Image, is func(*image.Image) bool) []image.Image {
	some := []image.Image{ranked[0]}
	for i := 1; i < len(ranked); i++ {
		if other := &ranked[i]; !sameEdition(&ranked[0], other) && is(other) {
			some = append(some, *other)
		}
	}
	return some
}

func sameID(a, b *image.Image) bool {
	return foldedID(a) == foldedID(b)
}

// sameEdition tells whether two images are one by id, or a tag and what Earthly
// pushes beside it for one platform: the tag is then the one to use.
func sameEdition(a, b *image.Image) bool {
	return sameID(a, b) || editionID(a) == editionID(b)
}

// editionID is the id of a tag without its platform.
func editionID(img *image.Image) string {
	raw := img.Attributes[image.AttributeCustomTag]
	return strings.TrimSuffix(img.ID, strings.TrimPrefix(raw, img.Variant().CustomTag))
}

// editions counts the images that are not the same but for their platform.
func editions(ranked []image.Image) int {
	seen := map[string]bool{}
	for i := range ranked {
		id := foldedID(&ranked[i])
		if isTag(&ranked[i]) {
			// One tag can serve several architectures; each is a choice of its own.
			id = editionID(&ranked[i]) + " " + ranked[i].Architecture + " " + ranked[i].Digest
		}
		seen[id] = true
	}
	return len(seen)
}

func sameBuild(a, b *image.Image) bool {
	return isBuildReference(a.Reference) && isBuildReference(b.Reference) && *a.Reference == *b.Reference
}

// isCopy tells whether two images are one that was copied to another region: the
// same name there, and no build references that say otherwise.
func isCopy(a, b *image.Image) bool {
	if isBuildReference(a.Reference) && isBuildReference(b.Reference) {
		return false
	}
	return a.Name != "" && a.Name == b.Name && sameProvider(a.Provider, b.Provider) &&
		a.Region != "" && b.Region != "" && !sameRegion(a.Provider, a.Region, b.Region)
}

// asNew returns the first image and those of other editions that neither time nor
// version puts behind it.
func asNew(ranked []image.Image) []image.Image {
	top, end := &ranked[0], 1
	for end < len(ranked) && sameTime(top, &ranked[end]) && compareVersions(top.Version, ranked[end].Version) == 0 {
		end++
	}
	return withFirst(ranked[:end], func(*image.Image) bool { return true })
}

// untimed finds the images that only their ids set apart from the first, when no
// creation time is known.
func untimed(ranked []image.Image) (some []image.Image, why string) {
	if ranked[0].CreatedAt != nil {
		return nil, ""
	}
	return asNew(ranked), "neither a creation time nor a version says which is newest"
}

// tied finds the images that only their ids set apart from the first, and tells
// what the ids would choose: there is no doubt when all of them hold the same, as
// then any of them will do.
func tied(ranked []image.Image) (some []image.Image, why string) {
	top := &ranked[0]
	if top.CreatedAt == nil {
		return nil, ""
	}
	some = asNew(ranked)
	contents := []struct {
		name string
		same func(*image.Image) bool
	}{
		{"operating system", func(i *image.Image) bool { return i.OS == top.OS }},
		{"architecture", func(i *image.Image) bool { return i.Architecture == top.Architecture }},
		{"Kubernetes version", func(i *image.Image) bool { return i.KubernetesVersion == top.KubernetesVersion }},
	}
	var what []string
	for _, content := range contents {
		if slices.ContainsFunc(some, func(img image.Image) bool { return !content.same(&img) }) {
			what = append(what, content.name)
		}
	}
	if what == nil {
		return nil, ""
	}
	return some, fmt.Sprintf("they were created at the same time (%s), so only their ids would choose the %s",
		top.CreatedAt.UTC().Format(time.RFC3339), strings.Join(what, " and the "))
}
