//go:build unix

package ownership

import (
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// nonBlocking keeps the open of a pipe from waiting for its other end.
const nonBlocking = syscall.O_NONBLOCK

// NotWritableByOthers refuses what group or others may write to, and what
// belongs to a user other than this one and root. In a directory with the sticky
// bit, such as /tmp, others can add files but not replace ours. The mode of a
// link says nothing.
func NotWritableByOthers(path string, info fs.FileInfo) error {
	sticky := info.IsDir() && info.Mode()&os.ModeSticky != 0
	link := info.Mode()&os.ModeSymlink != 0
	if info.Mode().Perm()&0o022 != 0 && !sticky && !link {
		return Error{Paths: []string{path}}
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if ok && stat.Uid != 0 && int(stat.Uid) != os.Geteuid() {
		return Error{Paths: []string{path}, Owner: "uid " + strconv.Itoa(int(stat.Uid))}
	}
	return nil
}
