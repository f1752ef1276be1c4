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

// In a cloned repository a symbolic link may name a file elsewhere.
func TestWriteReplacesASymbolicLink(t *testing.T) {
	dir := t.TempDir()
	target, named := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	put(t, target, "a")
	link(t, os.Symlink, "target", named)
	if err := wholefile.Write(named, []byte("b"), 0o644); err != nil {
		t.Fatal(err)
	}
	if content(t, target) != "a" || content(t, named) != "b" {
		t.Errorf("the target holds %q, the link gives %q", content(t, target), content(t, named))
	}
	if info, err := os.Lstat(named); err != nil || !info.Mode().IsRegular() {
		t.Errorf("the link is now %v, %v", info.Mode(), err)
	}
}
