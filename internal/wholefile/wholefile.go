// Package wholefile writes files whole or not at all: a reader, or a crash, sees
// the old content or the new one. Guard holds the one rule for files that are
// already there: nothing of the user's is replaced unseen.
package wholefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write replaces the file at path by data, synced to disk and renamed into
// place, whatever was there. An existing file keeps its permissions; a new one
// gets perm, less the umask. A symbolic link is replaced itself: in a cloned
// repository it may name a file elsewhere.
func Write(path string, data []byte, perm os.FileMode) error {
	if err := write(path, data, perm); err != nil {
		return explain(path, err)
	}
	return nil
}

func write(path string, data []byte, perm os.FileMode) error {
	s, err := newStage(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer s.close()
	commit, err := s.add(path, data, perm)
	if err != nil {
		return err
	}
	return commit()
}

// explain names the file that was asked for in place of the temporary one beside
// it, and the directory when that is what refuses.
func explain(path string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("the directory %s is not writable: %w", filepath.Dir(path), cause(err))
	}
	return &fs.PathError{Op: "write", Path: path, Err: cause(err)}
}

// cause drops operation and paths from an error of the file system.
func cause(err error) error {
	var pathErr *fs.PathError
	var linkErr *os.LinkError
	switch {
	case errors.As(err, &pathErr):
		return pathErr.Err
	case errors.As(err, &linkErr):
		return linkErr.Err
	}
	return err
}
