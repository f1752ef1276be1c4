package source

import (
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/kubectl-byoos/kubectl-byoos/internal/ownership"
	"github.com/kubectl-byoos/kubectl-byoos/internal/wholefile"
)

// cache keeps what plugins said of themselves, so that a run does not ask each
// time. A cache that cannot be read, or that others could have written, is not
// used: a description decides which variables a plugin gets.
type cache struct {
	file string // empty: no cache

	mu      sync.Mutex
	loaded  bool
	entries map[string]cacheEntry // by path
}

// cacheEntry holds for the file with this size, times and inode. Description is what
// the plugin printed, with what only a later program reads.
type cacheEntry struct {
	Size        int64           `json:"size"`
	Modified    int64           `json:"modified"` // nanoseconds since 1970
	Changed     int64           `json:"changed"`  // the same, of content, name or mode
	Inode       uint64          `json:"inode"`
	Description json.RawMessage `json:"description"`
}

// cacheFormat is part of the file's name: an older program does not read a newer
// form.
const cacheFile = "plugins-v1.json"

func newCache(dir string) *cache {
	if dir == "" {
		return &cache{}
	}
	return &cache{file: filepath.Join(dir, "byoos", cacheFile)}
}

func entryOf(info fs.FileInfo) cacheEntry {
	return cacheEntry{Size: info.Size(), Modified: info.ModTime().UnixNano(), Changed: changed(info), Inode: inode(info)}
}

// same reports whether two entries are of the same file, unchanged.
func same(a, b cacheEntry) bool {
	return a.Size == b.Size && a.Modified == b.Modified && a.Changed == b.Changed && a.Inode == b.Inode
}

// get returns the description of a file as JSON, nil when it is not known.
func (c *cache) get(path string, info fs.FileInfo) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.load()
	entry, ok := c.entries[path]
	if !ok {
		return nil
	}
	if !same(entry, entryOf(info)) {
		return nil
	}
	return entry.Description
}

// put records the description of a file. A cache that cannot be written is as
// good as none.
func (c *cache) put(path string, info fs.FileInfo, description []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.file == "" {
		return
	}
	// Another process may have added to it meanwhile.
	c.loaded = false
	c.load()
	entry := entryOf(info)
	entry.Description = description
	c.entries[path] = entry
	for other := range c.entries {
		if _, err := os.Stat(other); isGone(err) {
			delete(c.entries, other)
		}
	}
	b, err := json.Marshal(c.entries)
	if err != nil || os.MkdirAll(filepath.Dir(c.file), 0o700) != nil {
		return
	}
	c.takeBack()
	_ = wholefile.Write(c.file, b, 0o600)
}

// takeBack takes the right to write from others, so that what is written next is used.
func (c *cache) takeBack() {
	dir := filepath.Dir(c.file)
	if info, err := os.Stat(dir); err == nil && ownership.NotWritableByOthers(dir, info) != nil {
		_ = os.Chmod(dir, 0o700) //nolint:gosec // a directory
	}
	info, err := os.Lstat(c.file)
	if err == nil && (!info.Mode().IsRegular() || ownership.NotWritableByOthers(c.file, info) != nil) {
		_ = os.Remove(c.file)
	}
}

func (c *cache) load() {
	if c.loaded {
		return
	}
	c.loaded = true
	c.entries = map[string]cacheEntry{}
	f, info, err := ownership.OpenRegular(c.file)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	if info.Size() > 16<<20 || ownership.Private(c.file, info) != nil {
		return
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return
	}
	entries := map[string]cacheEntry{}
	if json.Unmarshal(b, &entries) == nil && entries != nil {
		c.entries = entries
	}
}
