//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package run

import (
	"errors"
	"io/fs"
	"os"
)

const shared, exclusive = 0, 0

// lock fails: what cannot be locked is not removed either.
func lock(*os.File, int) error { return errors.ErrUnsupported }

func isOwn(fs.FileInfo) bool { return false }
