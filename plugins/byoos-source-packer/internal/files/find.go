// Package files finds manifests and reads each when Packer is not writing it.
package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/bmatcuk/doublestar/v4"
)

// Errors of a place without a manifest.
var (
	// ErrNone: nothing matches the pattern.
	ErrNone = errors.New("no manifest there")
	// ErrEmptyDirectory: none of the files in it is named as manifests are.
	ErrEmptyDirectory = errors.New("the directory has no packer-manifest.json or manifest.json")
)

// manifestNames are the files that are manifests by their name: Packer's default,
// and the one that Kubernetes Image Builder uses for most clouds.
func manifestNames() []string { return []string{"packer-manifest.json", "manifest.json"} }

// Find returns the files that pattern names, folder by folder: a file, a directory that
// directly holds packer-manifest.json or manifest.json, or a pattern in which **
// stands for any number of directories. A relative pattern starts from base.
func Find(base, pattern string) ([]string, error) {
	full := under(base, pattern)
	info, err := os.Stat(full)
	switch {
	case err != nil && isPattern(pattern):
		return matches(base, pattern, err)
	case err != nil:
		return nil, err
	case info.IsDir():
		return inDirectory(full)
	}
	return []string{full}, nil
}

func under(base, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(base, path)
}

// isPattern tells whether s may match more than itself.
func isPattern(s string) bool { return strings.ContainsAny(s, "*?[{") }

func inDirectory(dir string) ([]string, error) {
	var found []string
	for _, name := range manifestNames() {
		file := filepath.Join(dir, name)
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			found = append(found, file)
		}
	}
	if found == nil {
		return nil, ErrEmptyDirectory
	}
	return found, nil
}

// matches keeps base out of the pattern, as base may hold its characters. asPath says why
// the pattern is no path.
func matches(base, pattern string, asPath error) ([]string, error) {
	dir, rest := doublestar.SplitPattern(filepath.ToSlash(pattern))
	dir = under(base, dir)
	names, err := doublestar.Glob(os.DirFS(dir), rest, doublestar.WithFilesOnly(), doublestar.WithFailOnIOErrors())
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	if len(names) == 0 {
		none := fmt.Errorf("%w: nothing matches the pattern", ErrNone)
		// On Windows no path has the characters of patterns, which says nothing.
		if errors.Is(asPath, syscall.ENOTDIR) || errors.Is(asPath, syscall.ENAMETOOLONG) {
			none = fmt.Errorf("%w (as a path: %w)", none, errors.Unwrap(asPath))
		}
		return nil, none
	}
	for i, name := range names {
		names[i] = filepath.Join(dir, name)
	}
	return names, nil
}
