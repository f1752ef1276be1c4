package lock

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// retryDelay is how often a busy lock is tried again.
const retryDelay = 20 * time.Millisecond

// errBusy is that of a guard which another process holds.
var errBusy = errors.New("another process holds it")

// takeTurn holds a guard file beside the lock, since the lock itself is replaced
// by rename. release removes it.
func takeTurn(ctx context.Context, path, name string) (release func(), err error) {
	guard := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".guard")
	for {
		release, err := tryGuard(guard)
		switch {
		case err == nil:
			return release, nil
		case !errors.Is(err, errBusy):
			return nil, &failure.Error{
				Code: failure.ExitFailure, Summary: "cannot change " + name, Err: fmt.Errorf("no guard can be made beside it: %w", err),
				Next: "make the folder writable, or name a lock elsewhere with --lock-file",
			}
		}
		select {
		case <-ctx.Done():
			return nil, &failure.Error{
				Code: failure.ExitFailure, Summary: "another process is changing " + name, Err: ctx.Err(),
				Next: "try again when it is done",
			}
		case <-time.After(retryDelay):
		}
	}
}
