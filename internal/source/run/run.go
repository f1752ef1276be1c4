// Package run runs the processes of plugins: it starts one, connects to it, asks it for
// several calls at once, and ends it on every way out. Which plugin may run, what it is
// asked and what its answer means is its caller's.
package run

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// Program is a plugin that may run.
type Program struct {
	Type, Path string
	// Environment returns the variables that it gets, and the secrets in them, which are
	// taken out of all that it says.
	Environment func() (variables, secrets []string)
	// Check is called at the last moment before each execution.
	Check func(context.Context) error
}

// Call is one call of a plugin.
type Call interface {
	// Ask makes it, and reads the answer. The error is io.EOF when that is whole. words
	// knows the secrets that the plugin got.
	Ask(ctx context.Context, service sourcev1.ImageSourceClient, words *Tail) error
	// Touched tells whether a part of the answer came.
	Touched() bool
	// Room is for how many bytes more.
	Room() *atomic.Int64
}

// Limits are how long a plugin may take.
type Limits struct{ Start, Describe, Call time.Duration }

// Runner runs plugins. It is safe for concurrent use.
type Runner struct {
	log    *slog.Logger
	limits Limits
	spawn  *spawner
	swept  sync.Once // of what killed hosts left

	mu      sync.Mutex
	running map[string]*slot // by path
}

// New returns a Runner. The caller closes it.
func New(log *slog.Logger, limits Limits) *Runner {
	return &Runner{log: log, limits: limits, spawn: newSpawner(), running: map[string]*slot{}}
}

const (
	// maxAlone bounds how many processes of one plugin run for a single call each.
	maxAlone = 4
	// crashGrace is how long the end of a process, and of its output, may come after the
	// end of its connection.
	crashGrace = pipeGrace + time.Second
)

// Ask has a plugin's process asked. When the process ends before it has answered
// anything, and had other calls to answer at the time, it is asked once more:
// one call must not fail the others. Where it is not known which of them it was,
// or another ends the next process too, each gets a process of its own.
//
// The error is a *failure.Error, a *CallError, what Program.Check returned, or ctx's.
func (r *Runner) Ask(ctx context.Context, p Program, c Call) error {
	s := r.slotOf(p)
	for range 2 {
		i, err := r.take(ctx, s, p, false)
		if err != nil {
			return err
		}
		if err := r.once(ctx, i, c); !errors.Is(err, errUntouched) {
			return err
		}
		if _, known := i.shared(); !known {
			break
		}
	}
	select {
	case s.again <- struct{}{}:
		defer func() { <-s.again }()
	case <-ctx.Done():
		return ctx.Err()
	}
	i, err := r.take(ctx, s, p, true)
	if err != nil {
		return err
	}
	return r.once(ctx, i, c)
}

// errUntouched is a call of which the plugin has said nothing.
var errUntouched = errors.New("the process ended because of another source")

// CallError is a call that a plugin did not answer to the end.
type CallError struct {
	// Err is what the call returned: a gRPC status, or an error of Call.Ask.
	Err error
	// Late says that the time of the call was up.
	Late bool
	// Ending is how the process ended, when it did.
	Ending string
	// Words has what the process wrote.
	Words *Tail
}

// Error is that of the call.
func (e *CallError) Error() string { return e.Err.Error() }

// Unwrap returns what the call returned.
func (e *CallError) Unwrap() error { return e.Err }

// once asks a process, and releases it.
func (r *Runner) once(ctx context.Context, i *instance, c Call) error {
	defer i.release()
	call, cancel := context.WithTimeout(ctx, r.limits.Call)
	defer cancel()
	err := c.Ask(context.WithValue(call, roomKey{}, c.Room()), i.service, i.process.tail)
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	if status.Code(err) == codes.Internal {
		i.panicked()
	}
	failed := &CallError{Err: err, Words: i.process.tail, Late: status.Code(err) == codes.DeadlineExceeded && isOver(call)}
	if !broke(err) || !i.gone(crashGrace) {
		return failed
	}
	if several, _ := i.shared(); several && !c.Touched() {
		return errUntouched
	}
	if i.process.ended(crashGrace) {
		failed.Ending = i.process.ending()
	}
	return failed
}

// broke tells whether a connection ended. A plugin that was told to end by
// somebody else cancels its calls first.
func broke(err error) bool {
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.Canceled
}

// isOver reports whether the time of a call is up. The plugin has its own clock
// for it, which may be ahead a little.
func isOver(call context.Context) bool {
	deadline, _ := call.Deadline()
	return time.Until(deadline) < exitGrace/5
}

// Try starts a plugin without a call.
func (r *Runner) Try(ctx context.Context, p Program) error {
	i, err := r.take(ctx, r.slotOf(p), p, false)
	if err != nil {
		return err
	}
	i.release()
	return nil
}

// Close ends all plugins. It may be called more than once; a closed Runner starts
// nothing.
func (r *Runner) Close() {
	r.spawn.close() // first, so that nothing is started any more
	r.mu.Lock()
	defer r.mu.Unlock()
	var wg sync.WaitGroup
	for _, s := range r.running {
		wg.Go(s.close)
	}
	wg.Wait()
	r.spawn.end() // last, as it sends signals to what runs
}
