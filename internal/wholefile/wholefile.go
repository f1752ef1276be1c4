// Package wholefile writes files whole or not at all: a reader, or a crash, sees
// the old content or the new one.
package wholefile

import (
	"os"
	"path/filepath"
)

// Write replaces the file at path by data, synced to disk and renamed into
// place. An existing file keeps its permissions; a new one gets perm, less the
// umask. A symbolic link stays, and the file it names is replaced.
func Write(path string, data []byte, perm os.FileMode) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	return write(path, data, perm)
}
