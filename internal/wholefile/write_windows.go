package wholefile

import (
	"errors"
	"os"
	"path/filepath"
)

// write does what renameio, which leaves Windows out, does elsewhere: os.Rename
// replaces an existing file there too (MoveFileEx).
func write(path string, data []byte, perm os.FileMode) (err error) {
	if info, err := os.Stat(path); err == nil {
		perm = info.Mode().Perm()
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	_, err = file.Write(data)
	err = errors.Join(err, file.Chmod(perm), file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
