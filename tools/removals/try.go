package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// test runs the tests of a folder and returns what they printed.
func test(ctx context.Context, folder string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-vet=off", "-failfast"}, args...)...)
	cmd.Dir = folder
	return cmd.CombinedOutput()
}

// A verdict says what the tests made of a removal.
type verdict struct {
	compiles, noticed bool
	err               error
}

// try runs the tests of the package without the removal.
func try(ctx context.Context, r removal, limit time.Duration) verdict {
	folder, err := os.MkdirTemp("", "removals-")
	if err != nil {
		return verdict{err: err}
	}
	defer func() { _ = os.RemoveAll(folder) }()
	overlay, err := overlaid(r, folder)
	if err != nil {
		return verdict{err: err}
	}
	out, err := test(ctx, r.folder, "-overlay", overlay, "-timeout", limit.String())
	if ctx.Err() != nil {
		return verdict{err: ctx.Err()}
	}
	return verdict{compiles: !bytes.Contains(out, []byte("[build failed]")), noticed: err != nil}
}

// overlaid writes the file without the removal into a folder, and returns the path of
// the overlay there that puts it in the place of the file.
func overlaid(r removal, folder string) (string, error) {
	src, err := os.ReadFile(r.file)
	if err != nil {
		return "", err
	}
	path, err := filepath.Abs(r.file)
	if err != nil {
		return "", err
	}
	without := filepath.Join(folder, filepath.Base(r.file))
	if err := os.WriteFile(without, r.apply(src), 0o600); err != nil {
		return "", err
	}
	overlay := filepath.Join(folder, "overlay.json")
	text := fmt.Sprintf(`{"Replace": {%q: %q}}`, path, without)
	return overlay, os.WriteFile(overlay, []byte(text), 0o600)
}
