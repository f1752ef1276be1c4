package sdktest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// Together asks with each of configs alone, and then with all at once, as the host
// does with the sources of a spec. It returns an error that names the configuration
// whose answer changes: what belongs to one call is kept where others see it. The
// calls take turns at what they send; run the test with -race too, which sees more.
func Together[C any](ctx context.Context, newSource func() sdk.Source[C], configs []any, options ...Option) error {
	alone, together := make([][]string, len(configs)), make([][]string, len(configs))
	errs := make([]error, len(configs))
	r := newRequest(options)
	for i, config := range configs {
		alone[i], errs[i] = answerTo(ctx, newSource, config, r, nil)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	turns := newTurns(len(configs))
	var wg sync.WaitGroup
	for i, config := range configs {
		wg.Go(func() {
			defer turns.leave()
			together[i], errs[i] = answerTo(ctx, newSource, config, r, turns.wait)
		})
	}
	wg.Wait()
	for i := range configs {
		if errs[i] == nil {
			errs[i] = difference(alone[i], together[i])
		}
		if errs[i] != nil {
			errs[i] = fmt.Errorf("configuration %d, asked together with others: %w", i, errs[i])
		}
	}
	return errors.Join(errs...)
}

// answerTo returns images and diagnostics as sorted text. When a service was asked
// is another time at each call, and left out.
func answerTo[C any](ctx context.Context, newSource func() sdk.Source[C], config any, r *request, turn func()) ([]string, error) {
	var all []any
	out := &stream[sourcev1.DiscoverResponse]{ctx: ctx, turn: turn, received: func(m *sourcev1.DiscoverResponse) {
		for _, i := range m.GetImages() {
			i.ObservedAt = nil
			all = append(all, i)
		}
		for _, d := range m.GetDiagnostics() {
			all = append(all, d)
		}
	}}
	if err := discover(newSource, config, r, out); err != nil {
		return nil, err
	}
	lines := make([]string, len(all))
	for i, one := range all {
		line, err := json.Marshal(one)
		if err != nil {
			return nil, err
		}
		lines[i] = string(line)
	}
	slices.Sort(lines)
	return lines, nil
}

// difference names the first line that only one of two sorted answers has.
func difference(alone, together []string) error {
	for i := 0; i < len(alone) || i < len(together); i++ {
		switch {
		case i >= len(together) || i < len(alone) && alone[i] < together[i]:
			return fmt.Errorf("it does not answer %s, as it does alone", alone[i])
		case i >= len(alone) || alone[i] != together[i]:
			return fmt.Errorf("it answers %s, which it does not alone", together[i])
		}
	}
	return nil
}

// turns has calls wait for each other, so that each has begun its next step before
// any goes on.
type turns struct {
	mu               sync.Mutex
	next             *sync.Cond
	running, waiting int
	round            int
}

func newTurns(calls int) *turns {
	t := &turns{running: calls}
	t.next = sync.NewCond(&t.mu)
	return t
}

// wait returns when all running calls wait.
func (t *turns) wait() {
	t.mu.Lock()
	defer t.mu.Unlock()
	round := t.round
	t.waiting++
	t.advance()
	for t.round == round {
		t.next.Wait()
	}
}

func (t *turns) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
	t.advance()
}

func (t *turns) advance() {
	if t.waiting >= t.running {
		t.waiting = 0
		t.round++
		t.next.Broadcast()
	}
}
