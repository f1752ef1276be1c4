package lock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/wholefile"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// retryDelay is how often a busy lock is tried again.
const retryDelay = 20 * time.Millisecond

// Load reads the lock at path; name is used in messages. The error of a file that
// is not there is fs.ErrNotExist.
func Load(path, name string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(name, data)
}

// Change reads the lock at path (a new one when there is none), lets change work
// on it, and writes it whole or not at all. Processes that change one lock take
// turns until ctx is done, so that none loses the entries of another; a reader
// sees the old file or the new one.
func Change(ctx context.Context, path, name string, change func(*File) error) error {
	release, err := takeTurn(ctx, path, name)
	if err != nil {
		return err
	}
	defer release()
	file, err := Load(path, name)
	if errors.Is(err, fs.ErrNotExist) {
		file, err = New(), nil
	}
	if err != nil {
		return err
	}
	if err := change(file); err != nil {
		return err
	}
	return write(path, name, file)
}

func write(path, name string, file *File) error {
	data, err := file.Marshal()
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(path); err == nil && string(old) == string(data) {
		return nil
	}
	if err := wholefile.Write(path, data, 0o644); err != nil {
		return fmt.Errorf("cannot write %s: %w", name, err)
	}
	return nil
}

// takeTurn holds a guard file beside the lock, since the lock itself is replaced
// by rename. The guard is removed at the end; a process that waited on a removed
// one tries again.
func takeTurn(ctx context.Context, path, name string) (release func(), err error) {
	guard := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".guard")
	for {
		turn := flock.New(guard)
		if _, err := turn.TryLockContext(ctx, retryDelay); err != nil {
			return nil, busy(ctx, name, err)
		}
		if stillThere(turn, guard) {
			return func() {
				// Removed while held, so nobody can hold a guard that others do not see.
				_ = os.Remove(guard)
				_ = turn.Close()
			}, nil
		}
		_ = turn.Close()
	}
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

func busy(ctx context.Context, name string, err error) error {
	if ctx.Err() == nil {
		return fmt.Errorf("cannot lock %s: %w", name, err)
	}
	return &failure.Error{
		Code: failure.ExitFailure, Summary: "another process is changing " + name, Err: ctx.Err(),
		Next: "try again when it is done",
	}
}

// Peek is Change without writing: change works on a copy.
func Peek(path, name string, change func(*File) error) error {
	file, err := Load(path, name)
	if errors.Is(err, fs.ErrNotExist) {
		file, err = New(), nil
	}
	if err != nil {
		return err
	}
	return change(file)
}
