package source

import (
	"io/fs"
	"os"
	"syscall"
)

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
