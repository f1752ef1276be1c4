// Package wholefile writes files whole or not at all: a reader, or a crash, sees
// the old content or the new one.
package wholefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write replaces the file at path by data, synced to disk and renamed into
// place. An existing file keeps its permissions; a new one gets perm, less the
// umask. A symbolic link is replaced itself: in a cloned repository it may name
// a file elsewhere.
func Write(path string, data []byte, perm os.FileMode) error {
	if err := write(path, data, perm); err != nil {
		return explain(path, err)
	}
	return nil
}

// WriteThrough is Write for a file that the user named to be changed: a symbolic
// link stays, and the file it names is replaced.
func WriteThrough(path string, data []byte, perm os.FileMode) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	return Write(path, data, perm)
}

// explain names the file that was asked for in place of the temporary one beside
// it, and the directory when that is what refuses.
func explain(path string, err error) error {
	var failed *fs.PathError
	if !errors.As(err, &failed) {
		return err
	}
	if errors.Is(failed.Err, fs.ErrPermission) {
		return fmt.Errorf("the directory %s is not writable: %w", filepath.Dir(path), failed.Err)
	}
	return &fs.PathError{Op: "write", Path: path, Err: failed.Err}
}
