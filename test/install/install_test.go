// Package install runs `make install`.
package install

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/test/binaries"
)

// compiler stands for Go: it makes an empty program for each package.
const compiler = `#!/bin/sh
[ "$1" = build ] || exit 0
to=$3
shift 3
for p in "$@"; do : >"$to/$(basename "$p")"; done
`

// TestFolders: programs go where they are told, below DESTDIR and into names with spaces.
func TestFolders(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("make is not installed")
	}
	root, err := binaries.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "a folder")
	tools := filepath.Join(dir, "tools")
	if err := os.MkdirAll(tools, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(tools, "go"), []byte(compiler), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ destDir, binDir, want string }{
		"a space": {"", filepath.Join(dir, "my bin"), filepath.Join(dir, "my bin")},
		"DESTDIR": {filepath.Join(dir, "a package"), "/usr/local/bin", filepath.Join(dir, "a package", "usr", "local", "bin")},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "make", "install", "BIN="+filepath.Join(dir, "built here"), "BINDIR="+test.binDir, "DESTDIR="+test.destDir)
			cmd.Dir = root
			cmd.Env = append(os.Environ(), "PATH="+tools+string(os.PathListSeparator)+os.Getenv("PATH"))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			for _, program := range []string{"kubectl-byoos", "plugins/byoos-source-aws", "plugins/byoos-source-azure", "plugins/byoos-source-oci", "plugins/byoos-source-packer"} {
				if info, err := os.Stat(filepath.Join(test.want, program)); err != nil || info.Mode().Perm() != 0o755 {
					t.Errorf("%s: %v, %v", program, info, err)
				}
			}
		})
	}
}
