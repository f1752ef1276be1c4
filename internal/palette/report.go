package palette

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/aymanbagabas/go-udiff"
	"golang.org/x/sync/errgroup"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// Difference is what a diff shows of one target.
type Difference struct {
	Name           string `json:"name"`
	Pack           string `json:"pack"`
	Scope          string `json:"scope"`
	Project        string `json:"project,omitempty"`
	Profile        string `json:"profile"`
	ProfileVersion string `json:"profileVersion,omitempty"`
	ProfileUID     string `json:"profileUid,omitempty"`
	LastModified   string `json:"lastModified,omitempty"`
	Different      bool   `json:"different"`
	// Actions is what an apply would do.
	Actions []Action `json:"actions"`
	// Diff is a unified diff, empty when there is no difference.
	Diff     string    `json:"diff"`
	Clusters []Cluster `json:"clusters"`
	// Templates are the cluster templates that use the profile.
	Templates []Cluster   `json:"templates,omitempty"`
	Notes     []string    `json:"notes,omitempty"`
	Expect    Expectation `json:"expect"`
}

// Side chooses what the wanted values are compared with.
type Side string

// Sides of a diff: what the next edit starts from, or what clusters get.
const (
	SideDraft     Side = "draft"
	SidePublished Side = "published"
)

// Difference compares the layer with the values that it should have. It is pure.
func (p *Plan) Difference(side Side) Difference {
	d := Difference{
		Name: p.Target.Name, Pack: p.Target.Pack, Scope: p.Target.Scope.Kind(), Project: p.Target.Scope.Project(), Profile: p.Target.Profile,
		ProfileVersion: p.version(), Actions: orEmpty(p.Actions()), Clusters: []Cluster{},
		Notes: p.Notes, Expect: p.Expectation(),
	}
	if profile := p.Profile(); profile != nil {
		d.ProfileUID, d.Clusters, d.Templates = profile.UID, orEmpty(profile.Clusters), profile.Templates
		if !profile.LastModified.IsZero() {
			d.LastModified = when(profile)
		}
	}
	have, want := p.Current, p.Layer.Values
	if side == SidePublished {
		have, want = p.Published, p.PublishedWanted
	}
	from := string(side) + "/" + p.Target.Profile + "/" + cmp.Or(p.Layer.Name, p.Target.Pack)
	if have == "" {
		from = "/dev/null"
	}
	d.Diff = udiff.Unified(from, "rendered/"+p.Target.Name, have, want)
	d.Different = !sameValues(have, want)
	if !d.Different {
		d.Diff = ""
	}
	return d
}

// UsedBy names the clusters and cluster templates that use the profile, as far as
// Palette tells.
func (d Difference) UsedBy() string {
	return cmp.Or(prefixed("used by ", usersOf(d.Clusters, d.Templates)), "Palette names no cluster that uses it")
}

// prefixed puts a prefix before a text that is not empty.
func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// Step is one request that writes.
type Step struct {
	Action Action `json:"action"`
	Text   string `json:"text"`
	// Done is false for a step of a dry run, or one whose outcome is not known.
	Done bool `json:"done"`
}

// Report is what an apply did to one target.
type Report struct {
	Name           string    `json:"name"`
	Pack           string    `json:"pack"`
	Scope          string    `json:"scope"`
	Project        string    `json:"project,omitempty"`
	Profile        string    `json:"profile"`
	ProfileVersion string    `json:"profileVersion,omitempty"`
	ProfileUID     string    `json:"profileUid,omitempty"`
	DryRun         DryRun    `json:"dryRun,omitempty"`
	Validated      bool      `json:"validated"`
	Steps          []Step    `json:"steps"`
	Clusters       []Cluster `json:"clusters"`
	Templates      []Cluster `json:"templates,omitempty"`
	Warnings       []string  `json:"warnings,omitempty"`
	// State is unchanged, planned, draft, restored, published or failed.
	State string `json:"state"`
	Error string `json:"error,omitempty"`
}

// States of a report.
const (
	StateUnchanged = "unchanged"
	StatePlanned   = "planned"
	StateDraft     = "draft"
	// StateRestored is that of a draft that was changed to what is published already.
	StateRestored  = "restored"
	StatePublished = "published"
	StateFailed    = "failed"
)

func newReport(p *Plan, options Options) *Report {
	r := &Report{
		Name: p.Target.Name, Pack: p.Target.Pack, Scope: p.Target.Scope.Kind(), Project: p.Target.Scope.Project(), Profile: p.Target.Profile,
		Steps: []Step{}, Clusters: []Cluster{}, Warnings: slices.Clone(p.Notes),
	}
	if options.DryRun != DryRunNone {
		r.DryRun = options.DryRun
	}
	return r
}

func (r *Report) add(action Action, text string, done bool) {
	r.Steps = append(r.Steps, Step{Action: action, Text: text, Done: done})
}

func (r *Report) warn(text string) {
	if !slices.Contains(r.Warnings, text) {
		r.Warnings = append(r.Warnings, text)
	}
}

func (r *Report) finish(p *Plan, err error) {
	r.ProfileVersion = p.version()
	profile := p.Profile()
	if profile != nil {
		r.ProfileUID, r.Clusters, r.Templates = profile.UID, orEmpty(profile.Clusters), profile.Templates
	}
	switch {
	case err != nil:
		r.State, r.Error = StateFailed, err.Error()
	case len(r.Steps) == 0:
		r.State = StateUnchanged
	case r.DryRun != "":
		r.State = StatePlanned
	case profile != nil && profile.hasDraft():
		r.State = StateDraft
	case !slices.ContainsFunc(r.Steps, publishes):
		r.State = StateRestored
	default:
		r.State = StatePublished
	}
}

// publishes tells of a step whether clusters may get what it leads to: Palette
// may make a clone published at once.
func publishes(step Step) bool { return step.Action == ActionPublish || step.Action == ActionClone }

// Outcome is what became of one request: a plan, a report after an apply, and
// the error that stopped either.
type Outcome struct {
	Request Request
	Plan    *Plan
	Report  *Report
	Err     error
}

// PlanAll plans every request, at most limit of a scope at a time, in the order
// given. A failure does not stop the others.
func (c *Client) PlanAll(ctx context.Context, requests []Request, goal Goal, limit int) []Outcome {
	outcomes := make([]Outcome, len(requests))
	for i, r := range requests {
		outcomes[i].Request = r
	}
	each(outcomes, limit, func(o *Outcome) { o.Plan, o.Err = c.Plan(ctx, o.Request, goal) })
	return outcomes
}

// ApplyAll applies what PlanAll planned, as PlanAll does. options may return an
// error, which stops that request alone.
func (c *Client) ApplyAll(ctx context.Context, planned []Outcome, limit int, options func(Target) (Options, error)) []Outcome {
	outcomes := slices.Clone(planned)
	each(outcomes, limit, func(o *Outcome) {
		if o.Err != nil {
			return
		}
		var chosen Options
		if chosen, o.Err = options(o.Request.Target); o.Err != nil {
			return
		}
		o.Report, o.Err = c.Apply(ctx, o.Plan, chosen)
	})
	for i, o := range outcomes {
		if o.Report == nil && o.Err != nil {
			outcomes[i].Report = failedReport(o.Request.Target, o.Err)
		}
	}
	return outcomes
}

func each(outcomes []Outcome, limit int, do func(*Outcome)) {
	var scopes sync.WaitGroup
	for _, indexes := range byScope(outcomes) {
		scopes.Go(func() {
			var group errgroup.Group
			group.SetLimit(max(limit, 1))
			for _, i := range indexes {
				group.Go(func() error { do(&outcomes[i]); return nil })
			}
			_ = group.Wait()
		})
	}
	scopes.Wait()
}

func byScope(outcomes []Outcome) map[Scope][]int {
	groups := map[Scope][]int{}
	for i, o := range outcomes {
		scope := o.Request.Target.Scope
		groups[scope] = append(groups[scope], i)
	}
	return groups
}

func failedReport(t Target, err error) *Report {
	return &Report{
		Name: t.Name, Pack: t.Pack, Scope: t.Scope.Kind(), Project: t.Scope.Project(), Profile: t.Profile, ProfileVersion: t.Version,
		Steps: []Step{}, Clusters: []Cluster{}, State: StateFailed, Error: err.Error(),
	}
}

// Errors joins the errors of all outcomes, each with the name of its pack.
func Errors(outcomes []Outcome) error {
	var errs []error
	for _, o := range outcomes {
		if o.Err == nil {
			continue
		}
		var known *failure.Error
		if !errors.As(o.Err, &known) {
			known = &failure.Error{Code: failure.ExitPalette, Err: o.Err}
		}
		named := *known
		named.Summary = "pack " + o.Request.Target.Name + ": " + known.Summary
		errs = append(errs, &named)
	}
	return failure.Join(errs...)
}
