package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/session"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// failures are what regions failed with. What keeps many from being asked, as a proxy
// does, is told once.
type failures struct {
	session *session.Session
	mu      sync.Mutex
	byCause map[cause][]failure
}

// cause is what is said of a failure, but for its region and details.
type cause struct {
	code string
	said sdk.Diagnostic
}

type failure struct {
	region string
	err    error
}

// add notes what a region failed with, and returns what is to be said of it alone. It
// returns an error only when the whole call is over.
func (f *failures) add(ctx context.Context, err error, region string) (*sdk.Diagnostic, error) {
	p := problem(ctx, f.session, err, region)
	var d *sdk.Diagnostic
	if !errors.As(p, &d) {
		return nil, p
	}
	said := *diagnose(f.session, err, "")
	said.Detail = ""
	of := cause{trouble.Code(err), said}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byCause == nil {
		f.byCause = map[cause][]failure{}
	}
	f.byCause[of] = append(f.byCause[of], failure{region, err})
	return d, nil
}

// tell reports each cause, those of the first regions first.
func (f *failures) tell(to reporter) error {
	var told []sdk.Diagnostic
	for _, some := range f.byCause {
		slices.SortFunc(some, func(a, b failure) int { return strings.Compare(a.region, b.region) })
		told = append(told, f.together(some))
	}
	slices.SortFunc(told, func(a, b sdk.Diagnostic) int { return strings.Compare(a.Scope+a.Summary, b.Scope+b.Summary) })
	for _, d := range told {
		if err := to.Report(d); err != nil {
			return err
		}
	}
	return nil
}

// together is what is said of failures of one cause. Where their details differ, those of
// the first are an example.
func (f *failures) together(some []failure) sdk.Diagnostic {
	if len(some) == 1 {
		return *diagnose(f.session, some[0].err, some[0].region)
	}
	regions := make([]string, len(some))
	details := make([]string, len(some))
	for i, one := range some {
		regions[i] = one.region
		details[i] = strings.ReplaceAll(diagnose(f.session, one.err, "").Detail, one.region, "")
	}
	d := *diagnose(f.session, some[0].err, "")
	d.Scope = strings.Join(regions, ", ")
	if len(slices.Compact(details)) > 1 {
		d.Detail = regions[0] + ": " + d.Detail
	}
	return d
}
