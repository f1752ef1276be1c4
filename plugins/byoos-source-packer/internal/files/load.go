package files

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/manifest"
)

// poll is how often a file that Packer is writing is looked at.
const poll = 100 * time.Millisecond

// Errors of a file that may be good a moment later.
var (
	// ErrLocked: Packer's lock file lies beside the manifest.
	ErrLocked = errors.New("packer's lock file lies beside it")
	// ErrChanged: the file changed while it was read.
	ErrChanged = errors.New("it changed while it was read")
)

// Read reads a manifest.
type Read func(ctx context.Context, r io.ReaderAt, size int64) (*manifest.Manifest, error)

// Loader reads manifests.
type Loader struct {
	// Wait is how long a file that Packer is writing is waited for.
	Wait time.Duration
	// Sleep pauses, or returns ctx.Err().
	Sleep func(ctx context.Context, d time.Duration) error
	// Waiting is called before each pause.
	Waiting func()
	// State, unless it is nil, becomes that of the file that was read.
	State *State
	// Only, unless it is zero, is the state in which the file is read; in another one it is
	// ErrChanged, and nothing was read.
	Only State
}

// State tells a file from what it was and will be.
type State struct{ info fs.FileInfo }

func (s State) is(info fs.FileInfo) bool {
	return os.SameFile(s.info, info) && s.info.Size() == info.Size() && s.info.ModTime().Equal(info.ModTime())
}

// Load reads the manifest in file. Packer writes it in place, under the lock
// file <file>.lock: while that is there, the file is cut short or it changes,
// Load waits and reads again. It never returns a part of a manifest.
func (l Loader) Load(ctx context.Context, file string, read Read) (*manifest.Manifest, error) {
	var last attempt
	for waited := time.Duration(0); ; waited += poll {
		last.try(ctx, file, l.Only, read)
		if !last.unfinished() || waited >= l.Wait {
			if l.State != nil {
				*l.State = last.state
			}
			return last.m, last.err
		}
		l.Waiting()
		if err := l.Sleep(ctx, poll); err != nil {
			return nil, err
		}
	}
}

// attempt is the outcome of reading a file in one state.
type attempt struct {
	m     *manifest.Manifest
	err   error
	state State
}

func (a *attempt) unfinished() bool {
	if errors.Is(a.err, ErrLocked) || errors.Is(a.err, ErrChanged) {
		return true
	}
	var broken *manifest.Error
	return errors.As(a.err, &broken) && broken.Kind == manifest.Truncated
}

// try reads file, unless it is in the state in which it was read before.
func (a *attempt) try(ctx context.Context, file string, only State, read Read) {
	before, err := os.Stat(file)
	switch {
	case locked(file):
		err = ErrLocked
	case only.info != nil && !only.is(before):
		err = ErrChanged
	case a.state.is(before):
		return
	}
	*a = attempt{err: err}
	if err != nil {
		return
	}
	a.state = State{before}
	a.m, a.err = readFile(ctx, file, before, read)
	// What was read while it changed, or went, says nothing, not even that it is broken.
	if after, _ := os.Stat(file); !a.state.is(after) {
		*a = attempt{err: ErrChanged}
	}
	if locked(file) {
		*a = attempt{err: ErrLocked}
	}
}

func locked(file string) bool {
	_, err := os.Lstat(file + ".lock")
	return err == nil
}

func readFile(ctx context.Context, file string, info fs.FileInfo, read Read) (*manifest.Manifest, error) {
	if !info.Mode().IsRegular() { // opening a named pipe would wait for a writer
		return nil, errors.New("it is not a regular file")
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return read(ctx, f, info.Size())
}
