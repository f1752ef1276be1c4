package source

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

var errIrregular = errors.New("it is not a regular file")

// openRegular opens a regular file for reading. Nothing else is opened: a pipe
// would hold up the caller, a device may never end, and to open one may do
// something. What was changed between the two looks does not block either.
func openRegular(path string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, errIrregular
	}
	f, err := os.OpenFile(path, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = errIrregular
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// entriesOf lists a folder, and opens nothing else.
func entriesOf(dir string) ([]fs.DirEntry, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, cause(err)
	}
	if !info.IsDir() {
		return nil, syscall.ENOTDIR
	}
	entries, err := os.ReadDir(dir)
	return entries, cause(err)
}
