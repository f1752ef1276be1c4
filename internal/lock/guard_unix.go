//go:build !windows

package lock

import (
	"os"

	"github.com/gofrs/flock"
)

// tryGuard takes the guard, or returns errBusy. One that a killed process left is
// free.
func tryGuard(guard string) (release func(), err error) {
	turn := flock.New(guard)
	taken, err := turn.TryLock()
	if err != nil {
		return nil, err
	}
	if !taken || !stillThere(turn, guard) {
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

// stillThere tells whether the file that is locked is the one on disk.
func stillThere(turn *flock.Flock, guard string) bool {
	held, err := turn.Stat()
	if err != nil {
		return false
	}
	onDisk, err := os.Stat(guard)
	return err == nil && os.SameFile(held, onDisk)
}
