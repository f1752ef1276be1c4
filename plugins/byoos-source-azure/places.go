package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// Of what no place has.
const (
	notThere  = " is not there"
	checkName = "check the name, the resource group and the subscription"
)

// places keeps which of several subscriptions, galleries or locations lack what the
// configuration names, until all have been asked: another one may well have it.
type places struct {
	mu     sync.Mutex
	found  bool
	absent []sdk.Diagnostic
}

// has notes a place that has what is named, or may have it as it could not be asked.
func (p *places) has() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found = true
}

// lacks notes a place that has not; next is what to do where none has.
func (p *places) lacks(key, place, summary, next string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.absent = append(p.absent, sdk.Diagnostic{ConfigPath: key, Scope: place, Summary: summary, NextStep: next})
}

// tell reports the places that lack it: an error where none has it.
func (p *places) tell(report func(sdk.Diagnostic) error) error {
	slices.SortFunc(p.absent, func(a, b sdk.Diagnostic) int {
		return cmp.Or(strings.Compare(a.Summary, b.Summary), strings.Compare(a.NextStep, b.NextStep), strings.Compare(a.Scope, b.Scope))
	})
	for i := 0; i < len(p.absent); {
		d := p.absent[i]
		scopes := []string{d.Scope}
		for i++; i < len(p.absent) && p.absent[i].Summary == d.Summary && p.absent[i].NextStep == d.NextStep; i++ {
			scopes = append(scopes, p.absent[i].Scope)
		}
		d.Scope, d.Severity = abbreviated(scopes), sdk.Error
		if p.found {
			d.Severity, d.NextStep = sdk.Warning, ""
		}
		if err := report(d); err != nil {
			return err
		}
	}
	return nil
}

// failures collects the errors of many parts of one place, by their names, and tells those
// of one cause once.
type failures struct {
	mu  sync.Mutex
	all map[string]error
}

func (f *failures) add(name string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all == nil {
		f.all = map[string]error{}
	}
	f.all[name] = err
}

// tell reports each cause, with the parts it hit.
func (f *failures) tell(ctx context.Context, s *session, subject, key string) error {
	alike := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(f.all)) {
		kind := arm.Kind(f.all[name])
		alike[kind] = append(alike[kind], name)
	}
	for _, kind := range slices.Sorted(maps.Keys(alike)) {
		names := alike[kind]
		failed := s.diagnose(ctx, f.all[names[0]], subject+names[0], key)
		var d *sdk.Diagnostic
		if errors.As(failed, &d) && len(names) > 1 {
			d.Detail = strings.TrimPrefix(d.Detail+fmt.Sprintf("; %d more failed alike: %s", len(names)-1,
				abbreviated(names[1:])), "; ")
		}
		if err := s.pass(failed); err != nil {
			return err
		}
	}
	return nil
}

// abbreviated lists names, but not too many.
func abbreviated(names []string) string {
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}
