// Package ownership tells whether another user could have written a file that
// decides what is executed, or where credentials go.
package ownership

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Private refuses a file that another user could have put there or changed, by an
// Error. The directory counts as well, since anyone who writes to it can replace the
// file; and so does each symbolic link on the way, with the directory that it is in.
// info is that of the file.
func Private(path string, info fs.FileInfo) error {
	target, links, err := resolved(path)
	if err != nil {
		return err
	}
	if err := private(target, info); err != nil {
		return err
	}
	for _, link := range links {
		if err := private(link.path, link.info); err != nil {
			return err
		}
	}
	return nil
}

// link is a symbolic link.
type link struct {
	path string
	info fs.FileInfo
}

func private(path string, info fs.FileInfo) error {
	dir := filepath.Dir(path)
	dirInfo, err := os.Stat(dir)
	if err != nil {
		return err
	}
	return both(NotWritableByOthers(path, info), NotWritableByOthers(dir, dirInfo))
}

// both returns one error for two, so that one command corrects them; what belongs
// to another user comes first, as no command does.
func both(file, dir error) error {
	var a, b Error
	switch {
	case !errors.As(file, &a) || a.Owner != "":
		return cmp.Or(file, dir)
	case errors.As(dir, &b) && b.Owner != "":
		return dir
	}
	a.Paths = append(a.Paths, b.Paths...)
	return a
}

// Error are files that others may change.
type Error struct {
	Paths []string
	// Owner is set when the file belongs to somebody else.
	Owner string
}

func (e Error) Error() string {
	if e.Owner != "" {
		return fmt.Sprintf("%s belongs to another user (%s)", e.Paths[0], e.Owner)
	}
	return fmt.Sprintf("other users may write to %s", strings.Join(e.Paths, " and "))
}

// Next is the command that corrects it; empty for what belongs to somebody else.
func (e Error) Next() string {
	if e.Owner != "" {
		return ""
	}
	return "run: chmod go-w " + strings.Join(e.Paths, " ")
}

// ErrIrregular is the error of OpenRegular for what is no regular file.
var ErrIrregular = errors.New("it is not a regular file")

// OpenRegular opens a regular file for reading. Nothing else is opened: a pipe
// would hold up the caller, a device may never end, and to open one may do
// something. What was changed between the two looks does not block either.
func OpenRegular(path string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, ErrIrregular
	}
	f, err := os.OpenFile(path, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = ErrIrregular
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return f, info, nil
}
