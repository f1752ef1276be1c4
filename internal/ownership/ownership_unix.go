//go:build unix

package ownership

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
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
	stat := info.Sys().(*syscall.Stat_t)
	if stat.Uid != 0 && int(stat.Uid) != os.Geteuid() {
		return Error{Paths: []string{path}, Owner: "uid " + strconv.Itoa(int(stat.Uid))}
	}
	return nil
}

// maxLinks is how many links Linux follows.
const maxLinks = 40

// resolved returns the file that a path leads to, and the symbolic links on the way.
func resolved(path string) (target string, links []link, err error) {
	if !filepath.IsAbs(path) {
		dir, err := os.Getwd()
		if err != nil {
			return "", nil, err
		}
		path = dir + "/" + path // not cleaned: the parent of a link's target is another than the link's
	}
	target = "/"
	ahead := strings.Split(path, "/")
	for len(ahead) > 0 {
		next := filepath.Join(target, ahead[0]) // target has no links, so .. is its parent
		ahead = ahead[1:]
		info, err := os.Lstat(next)
		if err != nil {
			return "", nil, err
		}
		if info.Mode()&os.ModeSymlink == 0 {
			target = next
			continue
		}
		if links = append(links, link{next, info}); len(links) > maxLinks {
			return "", nil, &fs.PathError{Op: "stat", Path: path, Err: syscall.ELOOP}
		}
		to, err := os.Readlink(next)
		if err != nil {
			return "", nil, err
		}
		if filepath.IsAbs(to) {
			target = "/"
		}
		ahead = slices.Concat(strings.Split(to, "/"), ahead)
	}
	return target, links, nil
}
