// Package interrupt ends work that cannot be told to end: a read of a pipe that
// is silent, or a long computation.
package interrupt

import (
	"context"
	"os"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// Error is the failure of a command whose context has ended.
func Error(ctx context.Context) error {
	return &failure.Error{Code: failure.ExitInterrupted, Summary: "interrupted", Err: context.Cause(ctx)}
}

// Run returns what work returns, or Error as soon as ctx ends. The work is left
// alone then, and goes on until it or the process ends: it must write nothing
// that others see.
func Run[T any](ctx context.Context, work func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := work()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		if ctx.Err() == nil {
			return r.value, r.err
		}
	case <-ctx.Done():
	}
	var none T
	return none, Error(ctx)
}

// ReadFile is os.ReadFile for a file that may be a pipe.
func ReadFile(ctx context.Context, path string) ([]byte, error) {
	return Run(ctx, func() ([]byte, error) { return os.ReadFile(path) })
}
