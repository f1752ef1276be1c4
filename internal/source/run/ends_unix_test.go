//go:build unix

package run_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kubectl-byoos/kubectl-byoos/internal/source/run"
)

// TestLateCalls: whose time was up, is told from what a service took too long for.
func TestLateCalls(t *testing.T) {
	slow := status.Error(codes.DeadlineExceeded, "took too long")
	for name, tt := range map[string]struct {
		limit time.Duration
		then  func(ctx context.Context, n, pid int) error
		late  bool
	}{
		"before it":           {exitGrace, func(context.Context, int, int) error { return slow }, false},
		"its own":             {patience, func(context.Context, int, int) error { return slow }, false},
		"the plugin's clock":  {exitGrace / 6, func(context.Context, int, int) error { return slow }, true},
		"over":                {exitGrace / 5, func(ctx context.Context, _, _ int) error { <-ctx.Done(); return slow }, true},
		"over, with an error": {exitGrace / 5, func(ctx context.Context, _, _ int) error { <-ctx.Done(); return status.Error(codes.NotFound, "") }, false},
	} {
		l := limits()
		l.Call = tt.limit
		r := newRunner(t, l)
		if err := r.Try(t.Context(), program("")); err != nil {
			t.Fatal(err)
		}
		var failed *run.CallError
		// The answer must have come before the limit, which it may not on a busy machine.
		for range 100 {
			c := &call{then: tt.then}
			if err := r.Ask(t.Context(), program(""), c); !errors.As(err, &failed) {
				t.Fatalf("%s: %v", name, err)
			}
			if len(c.pids) > 0 {
				break
			}
		}
		if failed.Late != tt.late || failed.Ending != "" {
			t.Errorf("%s: %+v", name, failed)
		}
	}
}

// exitGrace is that of the package.
const exitGrace = 500 * time.Millisecond

// TestAnInterruptedCall is that, whatever its plugin says.
func TestAnInterruptedCall(t *testing.T) {
	r := newRunner(t, limits())
	ctx, cancel := context.WithCancel(t.Context())
	c := &call{mode: "hang", onEvent: cancel}
	if err := r.Ask(ctx, program(""), c); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	c = &call{then: func(_ context.Context, _, pid int) error { cancel(); kill(t, pid); return lost }}
	if err := r.Ask(ctx, program(""), c); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestAConnectionThatBreaks has a process go on without it: what it is for is not asked again.
func TestAConnectionThatBreaks(t *testing.T) {
	r := newRunner(t, limits())
	both := meeting(2)
	calls := []*call{
		{then: func(context.Context, int, int) error { both(); return io.EOF }},
		{then: func(context.Context, int, int) error { both(); return lost }},
	}
	var failed *run.CallError
	if errs := together(r, calls...); errs[0] != nil || !errors.As(errs[1], &failed) || failed.Ending != "" || len(calls[1].pids) != 1 {
		t.Errorf("%v %+v, asked in %v", errs, failed, calls[1].pids)
	}
}

// TestCloseEndsAllProcesses: one that takes no more calls after a panic and has one to answer,
// those for a single call, and the one for the next.
func TestCloseEndsAllProcesses(t *testing.T) {
	r := newRunner(t, limits())
	var pids []int
	hold, over := make(chan int), make(chan struct{})
	holds := func(pid int) error { hold <- pid; <-over; return lost }
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(over)
	ask := func(c *call) { wg.Go(func() { _ = r.Ask(context.Background(), program(""), c) }) }
	both := meeting(2)
	ask(&call{then: func(_ context.Context, _, pid int) error { both(); return holds(pid) }})
	if err := r.Ask(t.Context(), program(""), &call{then: func(context.Context, int, int) error { both(); return internal }}); err == nil {
		t.Error("a panic is no error")
	}
	pids = append(pids, <-hold)
	two, killed := meeting(2), make(chan struct{})
	for i := range 2 {
		ask(&call{then: func(_ context.Context, n, pid int) error {
			if n > 1 {
				return holds(pid)
			}
			two()
			if i == 0 {
				kill(t, pid)
				close(killed)
			}
			<-killed
			return lost
		}})
	}
	next := &call{}
	pids = append(pids, <-hold, <-hold)
	if err := r.Ask(t.Context(), program(""), next); err != nil {
		t.Error(err)
	}
	if pids = append(pids, next.pids...); !distinct(pids...) {
		t.Errorf("processes %v", pids)
	}
	r.Close()
	for _, pid := range pids {
		if runs(pid) {
			t.Errorf("one of %v goes on", pids)
		}
	}
}

// TestCloseEndsAPluginThatDoesNotHeedIt.
func TestCloseEndsAPluginThatDoesNotHeedIt(t *testing.T) {
	r := newRunner(t, limits())
	asked := make(chan struct{})
	done := make(chan error, 1)
	c := &call{mode: "hang", onEvent: sync.OnceFunc(func() { close(asked) })}
	go func() { done <- r.Ask(context.Background(), program(""), c) }()
	<-asked
	r.Close()
	var failed *run.CallError
	if err := <-done; !errors.As(err, &failed) || failed.Ending != "signal: killed" {
		t.Errorf("got %v %+v", err, failed)
	}
}
