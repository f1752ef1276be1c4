// Package selection decides which image a pack gets: it drops what does not fit,
// puts the rest in a total order and refuses to guess. It is pure: the same
// images, rule and time give the same outcome, whatever order images come in.
// docs/selection.md is the rule in words.
package selection

import (
	"errors"
	"fmt"
	"slices"
	"sync"
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
	sel    spec.Select
	render Render
	// template is nil where a pack stands for one image.
	template *Template
}

// Render returns what a pack makes of an image; images of one id that render the
// same are no choice. An error is no rendering.
type Render func(*image.Image) (string, error)

// Rendering returns a rule that takes images of one id for the same when they render
// the same. Without it every part of an id is a choice of its own.
func (r *Rule) Rendering(render Render) *Rule {
	with := *r
	with.render = render
	return &with
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
	rule := &Rule{checks: checks, sel: sel}
	switch sel.Pick {
	case "", spec.PickNewest, spec.PickExactlyOne:
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

// Reason is why an image was dropped: the rule's name, as docs/selection.md lists them,
// and a sentence.
type Reason struct {
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
}

// Drop is an image that was dropped, with the first rule that dropped it.
type Drop struct {
	Image  *image.Image `json:"image"`
	Rule   string       `json:"rule"`
	Reason string       `json:"reason"`
	// More are the further rules that it fails. `where` is only evaluated for
	// images that pass all others.
	More []Reason `json:"more,omitempty"`
}

// OnlyByState tells whether an image was dropped for what it is (withheld, not
// available, deprecated, past its end of life, excluded) and not for what was asked
// for.
func (d Drop) OnlyByState() bool {
	for _, reason := range append([]Reason{{Rule: d.Rule}}, d.More...) {
		if !ofState(reason.Rule) {
			return false
		}
	}
	return true
}

// Verdict is how a selection ended.
type Verdict string

// Verdicts of a selection.
const (
	Picked    Verdict = "picked"
	NoImage   Verdict = "noImage"
	Ambiguous Verdict = "ambiguous"
)

// Outcome is a selection with what is needed to explain it. Its JSON names are API:
// additive only.
type Outcome struct {
	Verdict Verdict `json:"verdict"`
	// Pick is the image, when the verdict is Picked.
	Pick *image.Image `json:"pick,omitempty"`
	// Ranked are the images that fit, best first; Dropped all others, in the same
	// order. Only Explain has them.
	Ranked  []*image.Image `json:"ranked,omitempty"`
	Dropped []Drop         `json:"dropped,omitempty"`
	// DecidedBy is what put Pick before the next: createdAt, version, peVersion or id;
	// empty when it is the only one.
	DecidedBy string `json:"decidedBy,omitempty"`
	// Tie are the images that share the newest creation time, or the highest version
	// where versions come first; Pick is the first of them.
	Tie []*image.Image `json:"tie,omitempty"`
	// Alternatives are the images of an ambiguous verdict, and Why it is one.
	Alternatives []*image.Image `json:"alternatives,omitempty"`
	Why          string         `json:"why,omitempty"`
	// Merged tells which images were found more than once.
	Merged []image.Merge `json:"merged,omitempty"`
	// Notes are what a user should know even when there is a pick.
	Notes []string `json:"notes,omitempty"`

	// unread are the images that a source did not read, and that could change the outcome.
	unread []Unread
	// settled says that no other image could change the verdict.
	settled bool
	// byTemplate says that what the first's template leads to could change the verdict.
	byTemplate bool
	// ofTemplates says that the alternatives stand for others, too.
	ofTemplates bool
	missed      missed
}

// Unread returns the images of which sources that can tell more listed the name alone, and
// that could change the outcome if they were read: best first.
func (o Outcome) Unread() []Unread { return o.unread }

// Decide selects among a pool's images at a time. The outcome is that of Explain
// without Ranked and Dropped.
func (r *Rule) Decide(pool *Pool, now time.Time) Outcome {
	return r.decide(r.try(pool, now))
}

// Explain selects among a pool's images at a time, with the reason for each that
// is dropped.
func (r *Rule) Explain(pool *Pool, now time.Time) Outcome {
	t := r.try(pool, now)
	outcome := r.decide(t)
	outcome.Ranked = images(t.fit)
	t.open() // finds what leads astray, which is said first
	for i := range pool.entries {
		if t.drops(i) {
			outcome.Dropped = append(outcome.Dropped, t.drop(i))
		}
	}
	return outcome
}

// trial is a rule's look at a pool.
type trial struct {
	rule *Rule
	pool *Pool
	now  time.Time
	// failing are the entries that each check drops, dropped those that any does.
	failing []mask
	dropped mask
	fit     []*entry
	// ways are what a template makes of images, by entry; nil without one.
	ways map[*entry]way
	// waiting are what would fit if what their templates lead to, and was not read, did.
	waiting []*entry
	// astrays are what was not read, may fit, and has a template that leads elsewhere.
	astrays map[*entry]way
	// accepted are the ids that fit but for what the template leads to.
	accepted landing
	// open are the entries that were not read and may be picked, or be what the template of
	// a pick leads to, best first; leadTo is what templates lead to. Each is worked out once.
	open   func() []*entry
	leadTo func() *targets
}

func (r *Rule) try(pool *Pool, now time.Time) *trial {
	t := &trial{rule: r, pool: pool, now: now, dropped: newMask(len(pool.entries))}
	t.open, t.leadTo = sync.OnceValue(t.findOpen), sync.OnceValue(t.findTargets)
	for i := range r.checks {
		fails := pool.failing(&r.checks[i], now)
		t.failing = append(t.failing, fails)
		for word := range fails {
			t.dropped[word] |= fails[word]
		}
	}
	for i := range pool.entries {
		if !t.dropped.has(i) && (r.where == nil || pool.holdsFor(r.where, i, now)) {
			t.fit = append(t.fit, &pool.entries[i])
		}
	}
	t.follow()
	return t
}

// drops tells whether an entry is dropped, by `where` or another rule.
func (t *trial) drops(i int) bool {
	return t.dropped.has(i) || t.rule.where != nil && !t.pool.holdsFor(t.rule.where, i, t.now) || t.ways[&t.pool.entries[i]].leadsNowhere()
}

// fails counts the rules that an entry fails.
func (t *trial) fails(i int) int {
	count := 0
	for _, failing := range t.failing {
		if failing.has(i) {
			count++
		}
	}
	return max(count, 1) // else it is where, or a template
}

// drop says why an entry is dropped.
func (t *trial) drop(i int) Drop {
	img := t.pool.entries[i].Image
	var reasons []Reason
	for c, failing := range t.failing {
		if failing.has(i) {
			reasons = append(reasons, t.rule.checks[c].reason(img, t.now))
		}
	}
	if e := &t.pool.entries[i]; e.unread { // what its name tells says more than what it does not
		slices.SortStableFunc(reasons, func(a, b Reason) int { return later(a.Rule, e) - later(b.Rule, e) })
	}
	if way, ok := t.astrays[&t.pool.entries[i]]; ok { // whatever it holds
		reasons = slices.Insert(reasons, 0, way.lost)
	}
	switch way := t.ways[&t.pool.entries[i]]; {
	case reasons != nil:
	case way.leadsNowhere():
		reasons = []Reason{way.lost}
	default:
		reasons = []Reason{{"where", t.rule.whyWhere(img, t.now)}}
	}
	return Drop{img, reasons[0].Rule, reasons[0].Reason, reasons[1:]}
}

func later(rule string, e *entry) int {
	if e.tellsLater(rule) {
		return 1
	}
	return 0
}

func (r *Rule) whyWhere(img *image.Image, now time.Time) string {
	if _, err := r.where.Holds(img, now); err != nil {
		return "the expression has no answer: " + err.Error()
	}
	return "the expression is false"
}

// fits tells whether an entry of no pool passes all rules.
func (r *Rule) fits(e *entry, now time.Time) bool {
	for i := range r.checks {
		if !r.checks[i].fits(e, now) {
			return false
		}
	}
	if r.where == nil {
		return true
	}
	holds, _ := r.where.Holds(e.Image, now)
	return holds
}

func images(entries []*entry) []*image.Image {
	all := make([]*image.Image, len(entries))
	for i, e := range entries {
		all[i] = e.Image
	}
	return all
}
