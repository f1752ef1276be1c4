package files

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/manifest"
)

// TestOnlyInOneState: who reads a file twice sees it in one state, or is told.
func TestOnlyInOneState(t *testing.T) {
	file := filepath.Join(t.TempDir(), "m.json")
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	reads := 0
	read := func(context.Context, io.ReaderAt, int64) (*manifest.Manifest, error) {
		reads++
		return &manifest.Manifest{}, nil
	}
	put("{}")
	var state State
	if _, err := (Loader{State: &state}).Load(t.Context(), file, read); err != nil {
		t.Fatal(err)
	}
	again := Loader{Only: state}
	if _, err := again.Load(t.Context(), file, read); err != nil || reads != 2 {
		t.Fatalf("%d reads, %v", reads, err)
	}
	put("{ }")
	if _, err := again.Load(t.Context(), file, read); !errors.Is(err, ErrChanged) || reads != 2 {
		t.Errorf("%d reads, %v", reads, err)
	}
}
