package palette

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// Outcome is what became of one request: a plan, a report after an apply, and
// the error that stopped either.
type Outcome struct {
	Request Request
	Plan    *Plan
	Report  *Report
	Err     error
	goal    Goal
}

// PlanAll plans every request, at most limit of a scope at a time, in the order
// given. A failure does not stop the others.
func (c *Client) PlanAll(ctx context.Context, requests []Request, goal Goal, limit int) []Outcome {
	outcomes := make([]Outcome, len(requests))
	for i, r := range requests {
		outcomes[i].Request, outcomes[i].goal = r, goal
	}
	each(outcomes, limit, func(scope Scope) func(*Outcome) {
		in, err := c.In(ctx, scope)
		return func(o *Outcome) {
			if o.Err = err; err == nil {
				o.Plan, o.Err = in.plan(ctx, o.Request, goal)
			}
		}
	})
	return outcomes
}

// ApplyAll applies what PlanAll planned, as PlanAll does. options may return an
// error, which stops that request alone.
func (c *Client) ApplyAll(ctx context.Context, planned []Outcome, limit int, options func(Target) (Options, error)) []Outcome {
	outcomes := slices.Clone(planned)
	apply := func(o *Outcome) {
		if o.Err != nil {
			return
		}
		var chosen Options
		if chosen, o.Err = options(o.Request.Target); o.Err == nil {
			o.Report, o.Err = c.Apply(ctx, o.Plan, chosen)
		}
	}
	each(outcomes, limit, func(Scope) func(*Outcome) { return apply })
	for i, o := range outcomes {
		if o.Report == nil {
			outcomes[i].Report = failedReport(o.Request.Target, o.goal, o.Err)
		}
	}
	return outcomes
}

// each does something with each outcome, at most limit of a scope at a time; in returns
// what is done in a scope.
func each(outcomes []Outcome, limit int, in func(Scope) func(*Outcome)) {
	byScope := map[Scope][]*Outcome{}
	for i := range outcomes {
		scope := outcomes[i].Request.Target.Scope
		byScope[scope] = append(byScope[scope], &outcomes[i])
	}
	var scopes sync.WaitGroup
	for scope, all := range byScope {
		scopes.Go(func() {
			do := in(scope)
			var group errgroup.Group
			group.SetLimit(max(limit, 1))
			for _, o := range all {
				group.Go(func() error { do(o); return nil })
			}
			_ = group.Wait()
		})
	}
	scopes.Wait()
}

func failedReport(t Target, goal Goal, err error) *Report {
	return &Report{
		Subject: t.subject(cmp.Or(goal.NewVersion, t.Version)), Users: Users{Clusters: []Cluster{}},
		Steps: []Step{}, State: StateFailed, Error: err.Error(),
	}
}

// Errors joins the errors of all outcomes, each with the name of its pack. An
// interruption comes first, as it is what ended the run; the others stay.
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
		named.Summary = "pack " + o.Request.Target.Name + prefixed(": ", known.Summary)
		errs = append(errs, &named)
	}
	goesOn := func(err error) bool { return failure.Code(err) != failure.ExitInterrupted }
	interrupted := slices.DeleteFunc(slices.Clone(errs), goesOn)
	others := slices.DeleteFunc(errs, func(err error) bool { return !goesOn(err) })
	return failure.Join(append(interrupted, others...)...)
}
