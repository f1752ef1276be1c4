//go:build unix

package source

import (
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// nonBlocking keeps the open of a pipe from waiting for its other end.
const nonBlocking = syscall.O_NONBLOCK

func executable(info fs.FileInfo) bool { return info.Mode().Perm()&0o111 != 0 }

// notWritableByOthers refuses what group or others may write to, and what
// belongs to a user other than this one and root. In a directory with the sticky
// bit, such as /tmp, others can add files but not replace ours. The mode of a
// link says nothing.
func notWritableByOthers(path string, info fs.FileInfo) error {
	sticky := info.IsDir() && info.Mode()&os.ModeSticky != 0
	link := info.Mode()&os.ModeSymlink != 0
	if info.Mode().Perm()&0o022 != 0 && !sticky && !link {
		return writableError{paths: []string{path}}
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if ok && stat.Uid != 0 && int(stat.Uid) != os.Geteuid() {
		return writableError{paths: []string{path}, owner: "uid " + strconv.Itoa(int(stat.Uid))}
	}
	return nil
}

// inode tells files apart that have the same path, size and time.
func inode(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Ino
	}
	return 0
}
