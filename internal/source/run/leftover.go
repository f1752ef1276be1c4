package run

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	// socketDirPrefix begins the names of go-plugin's socket directories.
	socketDirPrefix = "plugin-dir"
	// claimedMode tells those of this program from those of others that use
	// go-plugin, which have no sticky bit. It does nothing else: only the owner may
	// write to the directory anyway.
	claimedMode = fs.ModeDir | fs.ModeSticky | 0o700
	// maxTempNames bounds what it costs to look for leftovers.
	maxTempNames = 4096
)

// claim marks a socket directory as one of a live host. It is so until the file
// is closed, which the end of the process does in any case.
func claim(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	// In this order, so that what has the mark has the lock too while its host
	// lives.
	if err := lock(f, shared); err != nil {
		_ = f.Close()
		return nil, err
	}
	if err := f.Chmod(claimedMode); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// removeLeftovers removes from tmp the socket directories of hosts that were
// killed before they could. It takes nothing else: neither the directory of a
// live host, which has a lock on it, nor anything but sockets. What fails is left
// for the next time.
func removeLeftovers(tmp string) {
	d, err := os.Open(tmp)
	if err != nil {
		return
	}
	defer func() { _ = d.Close() }()
	names, _ := d.Readdirnames(maxTempNames)
	for _, name := range names {
		if strings.HasPrefix(name, socketDirPrefix) {
			removeLeftover(filepath.Join(tmp, name))
		}
	}
}

func removeLeftover(path string) {
	// Names alone are looked at in a shared directory, so be sure what it is before
	// it is opened.
	if info, err := os.Lstat(path); err != nil || !claimedHere(info) {
		return
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return
	}
	defer func() { _ = root.Close() }()
	dir, err := root.Open(".")
	if err != nil {
		return
	}
	defer func() { _ = dir.Close() }()
	if info, err := dir.Stat(); err != nil || !claimedHere(info) || lock(dir, exclusive) != nil {
		return
	}
	entries, err := dir.ReadDir(-1)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.Type() == fs.ModeSocket && strings.HasPrefix(e.Name(), "plugin") {
			_ = root.Remove(e.Name())
		}
	}
	_ = os.Remove(path) // fails unless it is empty
}

func claimedHere(info fs.FileInfo) bool { return info.Mode() == claimedMode && isOwn(info) }
