//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package run

import (
	"io/fs"
	"os"
	"syscall"
)

const (
	shared    = syscall.LOCK_SH
	exclusive = syscall.LOCK_EX
)

// lock does not wait. The lock ends with the file, and so with the process; a
// child does not inherit it.
func lock(f *os.File, how int) error { return syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB) }

func isOwn(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
