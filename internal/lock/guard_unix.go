//go:build !windows

package lock

import (
	"os"

	"github.com/gofrs/flock"

	"github.com/kubectl-byoos/kubectl-byoos/internal/wholefile"
)

// tryGuard takes the guard, or returns errBusy. One that a killed process left is
// free.
func tryGuard(guard string) (release func(), err error) {
	turn := flock.New(guard)
	taken, err := turn.TryLock()
	if err != nil {
		return nil, err
	}
	if !taken || !wholefile.OnDisk(turn) {
		// One that was removed while we waited guards nothing.
		_ = turn.Close()
		return nil, errBusy
	}
	return func() {
		// Removed while held, so nobody can hold a guard that others do not see.
		_ = os.Remove(guard)
		_ = turn.Close()
	}, nil
}
