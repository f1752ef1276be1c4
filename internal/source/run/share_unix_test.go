//go:build unix

package run_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kubectl-byoos/kubectl-byoos/internal/source/run"
)

// lost is what gRPC says of a connection that has ended.
var lost = status.Error(codes.Unavailable, "the connection was closed")

// internal is what the SDK says of a panic.
var internal = status.Error(codes.Internal, "panic")

// answered is the outcome of a call whose answer is whole.
func answered(context.Context, int, int) error { return io.EOF }

// together asks for all calls at once, and returns what each came to.
func together(r *run.Runner, calls ...*call) []error {
	errs := make([]error, len(calls))
	var wg sync.WaitGroup
	for i, c := range calls {
		wg.Go(func() { errs[i] = r.Ask(context.Background(), program(""), c) })
	}
	wg.Wait()
	return errs
}

// meeting returns a function that returns when n have called it.
func meeting(n int) func() {
	var wg sync.WaitGroup
	wg.Add(n)
	return func() { wg.Done(); wg.Wait() }
}

// kill ends a process and waits until that is seen.
func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	eventually(t, "it is gone", func() bool { return !runs(pid) })
}

func distinct(pids ...int) bool {
	slices.Sort(pids)
	return len(slices.Compact(slices.Clone(pids))) == len(pids)
}

// TestCallsShareAProcess that goes on until Close, and is not started for each.
func TestCallsShareAProcess(t *testing.T) {
	r := newRunner(t, limits())
	all := meeting(3)
	calls := make([]*call, 3)
	for i := range calls {
		calls[i] = &call{then: func(context.Context, int, int) error { all(); return io.EOF }}
	}
	for _, err := range together(r, calls...) {
		if err != nil {
			t.Error(err)
		}
	}
	last := &call{}
	if err := r.Ask(t.Context(), program(""), last); err != nil || distinct(calls[0].pids[0], calls[1].pids[0]) || distinct(calls[0].pids[0], last.pids[0]) {
		t.Errorf("%v: it was asked in %v, %v and %v", err, calls[0].pids, calls[1].pids, last.pids)
	}
	if !runs(last.pids[0]) {
		t.Error("it ended before Close")
	}
	r.Close()
	if runs(last.pids[0]) {
		t.Error("it goes on after Close")
	}
	if err := r.Ask(t.Context(), program(""), last); err == nil || len(last.pids) > 1 {
		t.Errorf("a closed runner: %v", err)
	}
}

// TestAProcessThatEndsFailsOneCall: it is not known for which of them it ended, so each of
// them is asked once more in a process of its own, of which there are not too many.
func TestAProcessThatEndsFailsOneCall(t *testing.T) {
	r := newRunner(t, limits())
	const n, most = 6, 4
	all, apart := meeting(n), meeting(most)
	var once sync.Once
	var alone atomic.Int64
	calls, next := make([]*call, n), &call{}
	for i := range calls {
		calls[i] = &call{then: func(_ context.Context, asked, pid int) error {
			if asked == 1 {
				all()
				once.Do(func() {
					kill(t, pid)
					for err := lost; err != nil; { // it may not be known at once
						err = r.Ask(context.Background(), program(""), next)
					}
				})
				return lost
			}
			if now := alone.Add(1); now <= most {
				apart()
			}
			if i == 0 {
				kill(t, pid)
				return lost
			}
			return io.EOF
		}}
	}
	errs := together(r, calls...)
	var failed *run.CallError
	if !errors.As(errs[0], &failed) || failed.Ending != "signal: killed" || failed.Late || !errors.Is(failed, lost) || failed.Error() != lost.Error() {
		t.Errorf("the one that it ends for: %v %+v", errs[0], failed)
	}
	pids := []int{calls[0].pids[0], next.pids[len(next.pids)-1]}
	for i, c := range calls {
		if i > 0 && errs[i] != nil || len(c.pids) != 2 {
			t.Errorf("call %d: %v, asked in %v", i, errs[i], c.pids)
			continue
		}
		pids = append(pids, c.pids[1])
		if runs(c.pids[1]) {
			t.Error("a process for one call has outlived it")
		}
	}
	if !distinct(pids...) {
		t.Errorf("processes %v", pids)
	}
}

// TestAPanicIsOfOneCall: it is known whose it was, so the others share the next process.
// Where that ends for another of them, the last gets its own.
func TestAPanicIsOfOneCall(t *testing.T) {
	r := newRunner(t, limits())
	first, second := meeting(3), meeting(2)
	ended := [2]chan struct{}{make(chan struct{}), make(chan struct{})}
	calls := []*call{
		{then: func(context.Context, int, int) error { first(); return internal }},
		{then: func(_ context.Context, n, pid int) error {
			if n == 1 {
				first()
				<-ended[0]
				if !runs(pid) {
					t.Error("a panic has ended the process for the other calls as well")
				}
				return lost
			}
			second()
			return internal
		}},
		{then: func(_ context.Context, n, _ int) error {
			switch n {
			case 1:
				first()
				<-ended[0]
				return status.Error(codes.Canceled, "the process was told to end")
			case 2:
				second()
				<-ended[1]
				return lost
			}
			return io.EOF
		}},
	}
	errs := make([]error, 3)
	var wg sync.WaitGroup
	for i, c := range calls {
		wg.Go(func() {
			errs[i] = r.Ask(context.Background(), program(""), c)
			if i < 2 {
				close(ended[i])
			}
		})
	}
	wg.Wait()
	if !errors.Is(errs[0], internal) || !errors.Is(errs[1], internal) || errs[2] != nil {
		t.Errorf("got %v", errs)
	}
	p := calls[2].pids
	if len(p) != 3 || !distinct(p...) || !slices.Equal(calls[0].pids, p[:1]) || !slices.Equal(calls[1].pids, p[:2]) {
		t.Fatalf("asked in %v, %v and %v", calls[0].pids, calls[1].pids, p)
	}
	for _, pid := range p {
		if runs(pid) {
			t.Error("a process goes on that takes no more calls, and has none")
		}
	}
	next := &call{}
	if err := r.Ask(t.Context(), program(""), next); err != nil || slices.Contains(p, next.pids[0]) {
		t.Errorf("%v: the next call was asked in %v", err, next.pids)
	}
}

// TestWhatIsNotAskedAgain: a call fails that was alone in its process, or of which a part was
// answered, or whose process goes on.
func TestWhatIsNotAskedAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		err     error
		alone   bool
		touched bool
		kill    bool
		ending  string
	}{
		"alone":         {err: lost, alone: true, kill: true, ending: "signal: killed"},
		"touched":       {err: lost, touched: true, kill: true, ending: "signal: killed"},
		"refused":       {err: status.Error(codes.PermissionDenied, "no access"), kill: true},
		"not of gRPC":   {err: errors.New("too much"), kill: true},
		"out of memory": {err: status.Error(codes.ResourceExhausted, "quota"), touched: true, kill: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRunner(t, limits())
			beside, over := meeting(2), make(chan struct{})
			other := &call{then: func(context.Context, int, int) error { beside(); <-over; return io.EOF }}
			c := &call{touched: tt.touched, then: func(_ context.Context, _, pid int) error {
				if !tt.alone {
					beside()
				}
				if tt.kill {
					kill(t, pid)
				}
				return tt.err
			}}
			var wg sync.WaitGroup
			if tt.alone { // one that was there before is not at the same time
				if err := r.Ask(t.Context(), program(""), &call{then: answered}); err != nil {
					t.Error(err)
				}
			} else {
				wg.Go(func() { _ = r.Ask(context.Background(), program(""), other) })
			}
			err := r.Ask(t.Context(), program(""), c)
			close(over)
			wg.Wait()
			var failed *run.CallError
			if !errors.As(err, &failed) || !errors.Is(err, tt.err) || failed.Ending != tt.ending || failed.Words != c.words || len(c.pids) != 1 {
				t.Errorf("%v %+v, asked in %v", err, failed, c.pids)
			}
			next := &call{}
			if err := r.Ask(t.Context(), program(""), next); err != nil || next.pids[0] == c.pids[0] {
				t.Errorf("%v: after its end it is asked in %v", err, next.pids)
			}
		})
	}
}

// TestACallThatWaitsForItsOwnProcessEndsWithItsContext.
func TestACallThatWaitsForItsOwnProcessEndsWithItsContext(t *testing.T) {
	r := newRunner(t, limits())
	const most = 4
	all, full, over := meeting(most+1), meeting(most+1), make(chan struct{})
	var once sync.Once
	leave := func(pid int) error {
		all()
		once.Do(func() { kill(t, pid) })
		return lost
	}
	calls := make([]*call, most)
	for i := range calls {
		calls[i] = &call{then: func(_ context.Context, n, pid int) error {
			if n == 1 {
				return leave(pid)
			}
			full()
			<-over
			return io.EOF
		}}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	late := &call{then: func(_ context.Context, _, pid int) error {
		err := leave(pid)
		full() // the others have theirs
		cancel()
		return err
	}}
	done := make(chan error, 1)
	go func() { done <- r.Ask(ctx, program(""), late) }()
	var wg sync.WaitGroup
	wg.Go(func() { together(r, calls...) })
	if err := <-done; !errors.Is(err, context.Canceled) || len(late.pids) != 1 {
		t.Errorf("%v, asked in %v", err, late.pids)
	}
	close(over)
	wg.Wait()
}
