package lock

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/wholefile"
)

// Load reads the lock at path, which may be a pipe, until ctx ends; name is used in
// messages. The error of a file that is not there is fs.ErrNotExist; a link that leads
// nowhere is a usage error.
func Load(ctx context.Context, path, name string) (*File, error) {
	data, err := interrupt.ReadFile(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, linkErr := targetOf(path, name); linkErr != nil {
			return nil, linkErr
		}
	}
	if err != nil {
		return nil, err
	}
	return Parse(name, data)
}

// Change reads the lock at path (a new one when there is none), lets change work
// on it, and writes it whole or not at all, or not when nothing was put or removed.
// Entries that are damaged are an error unless change puts others in their place.
// Processes that change one lock take turns until ctx is done, so that none loses
// the entries of another; what a program that takes no turns changed meanwhile is
// an error. change may be called a second time where no turn can be taken.
func Change(ctx context.Context, path, name string, change func(*File) error) error {
	target, err := targetOf(path, name)
	if err != nil {
		return err
	}
	release, err := takeTurn(ctx, target, name)
	if err != nil {
		// A folder that is read-only will do where there is nothing to write.
		if data, _, peekErr := peek(ctx, target, name, change); peekErr == nil && data == nil {
			return nil
		}
		return err
	}
	defer release()
	data, before, err := peek(ctx, target, name, change)
	if data == nil {
		return err
	}
	return save(ctx, wholefile.Guard{}, wholefile.File{Path: target, Name: name, Data: data, Read: before})
}

// Peek is Change without writing.
func Peek(ctx context.Context, path, name string, change func(*File) error) error {
	_, _, err := peek(ctx, path, name, change)
	return err
}

// peek returns what a change makes of a lock, nil when it stays as it is, and what
// the lock was before, empty when there was none.
func peek(ctx context.Context, path, name string, change func(*File) error) (data, before []byte, err error) {
	file := New()
	file.name = name
	before, err = interrupt.ReadFile(ctx, path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		before = []byte{}
	case err != nil:
		return nil, nil, fmt.Errorf("cannot read %s: %w", name, err)
	default:
		if file, err = read(name, before); err != nil {
			return nil, nil, err
		}
	}
	if err := change(file); err != nil {
		return nil, nil, err
	}
	data, err = file.Marshal()
	if err != nil || !file.changed {
		return nil, nil, err
	}
	return data, before, nil
}

// Write makes the lock at path of entries. One that is there is fs.ErrExist, or is
// replaced, whatever it holds, as long as it looks like a lock.
func Write(ctx context.Context, path, name string, entries []Entry, replace bool) error {
	file := New()
	file.name = name
	for _, entry := range entries {
		if err := file.Put(entry); err != nil {
			return err
		}
	}
	data, err := file.Marshal()
	if err != nil {
		return err
	}
	target, err := targetOf(path, name)
	if err != nil {
		return err
	}
	release, err := takeTurn(ctx, target, name)
	if err != nil {
		return err
	}
	defer release()
	if err := CheckWrite(path, name, replace); err != nil {
		return err
	}
	return save(ctx, wholefile.Guard{Force: replace}, wholefile.File{Path: target, Name: name, Data: data})
}

// looksLikeLock finds the kind in a lock that may be damaged.
var looksLikeLock = regexp.MustCompile(`(?m)(^|[{,])\s*["']?kind["']?:\s*["']?Lock\b`)

// CheckWrite tells whether Write would write: an error that is fs.ErrExist for a
// file that is there and not to be replaced, and a usage error for one that is no
// lock.
func CheckWrite(path, name string, replace bool) error {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if !replace {
		return fmt.Errorf("%s: %w", name, fs.ErrExist)
	}
	target, err := targetOf(path, name)
	if err != nil {
		return err
	}
	var data []byte
	info, err := os.Stat(target)
	regular := err == nil && info.Mode().IsRegular()
	if regular {
		data, err = os.ReadFile(target)
	}
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", name, err)
	}
	if !regular || len(bytes.TrimSpace(data)) > 0 && !looksLikeLock.Match(data) {
		return failure.Usage("name another file with --lock-file, or remove this one", "%s is no lock, and is kept", name)
	}
	return nil
}

// targetOf follows a link, so that the lock is changed where it lies. Only a lock
// is ever replaced there.
func targetOf(path, name string) (string, error) {
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return path, nil //nolint:nilerr // what cannot be looked at is told by who reads it
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		// Not wrapped, for it is not that there is no lock.
		return "", failure.Usage("remove the link, or make the file that it names", "%s is a link that leads nowhere: %s", name, err)
	}
	return target, nil
}

// save is where what appeared or changed since it was read is found.
func save(ctx context.Context, guard wholefile.Guard, file wholefile.File) error {
	_, err := guard.Write(ctx, file)
	var refused *failure.Error
	if errors.As(err, &refused) && refused.Code == failure.ExitUsage {
		refused.Next = "look at it, and run the command again"
	}
	return err
}
