package wholefile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/wholefile"
)

func TestWriteKeepsPermissionsAndLeavesNothingBeside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "values.yaml")
	if err := wholefile.Write(path, []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := wholefile.Write(path, []byte("b"), 0o644); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil || string(data) != "b" {
		t.Errorf("got %q, %v", data, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v; want that of the existing file", info.Mode(), err)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 {
		t.Errorf("got %v, %v; want only the file", files, err)
	}
}

func TestWriteFailureKeepsTheOldFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "missing")
	if err := wholefile.Write(filepath.Join(dir, "values.yaml"), nil, 0o644); err == nil {
		t.Error("a missing directory gave no error")
	}
}

func TestSymbolicLinks(t *testing.T) {
	for name, test := range map[string]struct {
		write     func(string, []byte, os.FileMode) error
		target    string
		linkStays bool
	}{
		"Write":        {wholefile.Write, "a", false},
		"WriteThrough": {wholefile.WriteThrough, "b", true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
			if err := os.WriteFile(target, []byte("a"), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(target, link); err != nil {
				t.Skip("no symbolic links here:", err)
			}
			if err := test.write(link, []byte("b"), 0o644); err != nil {
				t.Fatal(err)
			}
			if data, err := os.ReadFile(target); err != nil || string(data) != test.target {
				t.Errorf("the target holds %q, %v", data, err)
			}
			if data, err := os.ReadFile(link); err != nil || string(data) != "b" {
				t.Errorf("the link gives %q, %v", data, err)
			}
			if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink != 0 != test.linkStays {
				t.Errorf("the link is now %v, %v", info.Mode(), err)
			}
		})
	}
}
