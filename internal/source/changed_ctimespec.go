//go:build darwin || freebsd || netbsd

package source

import (
	"io/fs"
	"syscall"
)

// changed is when content, name or mode of a file changed, in nanoseconds since
// 1970; nobody can set it back, as they can the time of the content.
func changed(info fs.FileInfo) int64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Ctimespec.Nano()
	}
	return 0
}
