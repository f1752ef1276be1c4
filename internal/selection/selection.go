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
	// Tie are the images that share the newest creation time, Pick first.
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
	top := &o.Ranked[0]
	if r.pick == spec.PickExactlyOne && len(o.Ranked) > 1 {
		o.refuse(o.Ranked, "pick is exactlyOne")
		return
	}
	if some := alternatives(o.Ranked); len(some) > 0 {
		o.refuse(append([]image.Image{*top}, some...), "they are outputs of one build, so none is newer")
		return
	}
	if some := untimed(o.Ranked); len(some) > 0 {
		o.refuse(append([]image.Image{*top}, some...), "neither a creation time nor a version says which is newest")
		return
	}
	if some, what := tied(o.Ranked); len(some) > 0 {
		o.refuse(append([]image.Image{*top}, some...), fmt.Sprintf("they were created at the same time (%s), so only their ids would choose the %s",
			top.CreatedAt.UTC().Format(time.RFC3339), strings.Join(what, " and the ")))
		return
	}
	o.Verdict, o.Pick = Picked, top
	if len(o.Ranked) > 1 {
		o.DecidedBy = decidedBy(top, &o.Ranked[1])
	}
	o.noteTie()
	o.noteUntimed()
}

func (o *Outcome) refuse(some []image.Image, why string) {
	o.Verdict, o.Alternatives, o.Why = Ambiguous, slices.Clone(some), why
}

func (o *Outcome) noteTie() {
	top := o.Ranked[0]
	if top.CreatedAt == nil {
		return
	}
	same := 1
	for same < len(o.Ranked) && sameTime(&top, &o.Ranked[same]) {
		same++
	}
	if same == 1 {
		return
	}
	o.Tie = slices.Clone(o.Ranked[:same])
	o.Notes = append(o.Notes, fmt.Sprintf("%d images were created at %s; %s decided for %s",
		same, top.CreatedAt.UTC().Format(time.RFC3339), o.DecidedBy, top.ID))
}

func (o *Outcome) noteUntimed() {
	count := 0
	for i := range o.Ranked {
		if o.Ranked[i].CreatedAt == nil {
			count++
		}
	}
	if count == 0 || len(o.Ranked) == 1 {
		return
	}
	// Sources whose images have versions only, such as tags of a registry, are
	// ordered as they mean to be; DecidedBy tells it.
	if count == len(o.Ranked) {
		return
	}
	o.Notes = append(o.Notes, fmt.Sprintf("images without a creation time come last: %d of %d", count, len(o.Ranked)))
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

// alternatives returns the images that came out of the same build as the first:
// another name, region or architecture of it, or two builds that nothing but
// their ids tell apart. Time only says which was finished last.
func alternatives(ranked []image.Image) []image.Image {
	top := &ranked[0]
	var some []image.Image
	for i := 1; i < len(ranked); i++ {
		if other := &ranked[i]; !sameID(top, other) && (sameBuild(top, other) || isCopy(top, other)) {
			some = append(some, *other)
		}
	}
	return some
}

func sameID(a, b *image.Image) bool {
	return foldedID(a) == foldedID(b)
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

// untimed returns the images that only their ids set apart from the first, when
// no creation time is known.
func untimed(ranked []image.Image) []image.Image {
	top := &ranked[0]
	if top.CreatedAt != nil {
		return nil
	}
	var some []image.Image
	for i := 1; i < len(ranked); i++ {
		other := &ranked[i]
		if compareVersions(top.Version, other.Version) != 0 {
			break
		}
		if !sameID(top, other) {
			some = append(some, *other)
		}
	}
	return some
}

// tied returns the images that only their ids set apart from the first, and what
// the ids would choose: nothing is returned when all of them hold the same, as
// then any of them will do.
func tied(ranked []image.Image) (some []image.Image, what []string) {
	top := &ranked[0]
	if top.CreatedAt == nil {
		return nil, nil
	}
	for i := 1; i < len(ranked) && sameTime(top, &ranked[i]) && compareVersions(top.Version, ranked[i].Version) == 0; i++ {
		if !sameID(top, &ranked[i]) {
			some = append(some, ranked[i])
		}
	}
	contents := []struct {
		name string
		same func(*image.Image) bool
	}{
		{"operating system", func(i *image.Image) bool { return i.OS == top.OS }},
		{"architecture", func(i *image.Image) bool { return i.Architecture == top.Architecture }},
		{"Kubernetes version", func(i *image.Image) bool { return i.KubernetesVersion == top.KubernetesVersion }},
	}
	for _, content := range contents {
		if slices.ContainsFunc(some, func(img image.Image) bool { return !content.same(&img) }) {
			what = append(what, content.name)
		}
	}
	if what == nil {
		return nil, nil
	}
	return some, what
}
