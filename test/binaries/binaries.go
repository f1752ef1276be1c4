// Package binaries builds the program and its plugins for tests that run them,
// and finds the programs of others that tests drive.
package binaries

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Root returns the top folder of the repository, above the folder that a test runs in.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no folder above the test has a go.mod")
		}
		dir = parent
	}
}

// Build builds kubectl-byoos into dir and every plugin into dir/plugins, the
// layout that an install has.
func Build(dir string) error {
	root, err := Root()
	if err != nil {
		return err
	}
	if err := goBuild(root, dir, "./cmd/kubectl-byoos"); err != nil {
		return err
	}
	plugins, err := filepath.Glob(filepath.Join(root, "plugins", "byoos-source-*"))
	if err != nil {
		return err
	}
	packages := make([]string, len(plugins))
	for i, plugin := range plugins {
		packages[i] = "./plugins/" + filepath.Base(plugin)
	}
	return goBuild(root, filepath.Join(dir, "plugins"), packages...)
}

func goBuild(root, out string, packages ...string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	args := append([]string{"build", "-o", out + string(filepath.Separator)}, packages...)
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %v: %w\n%s", packages, err, output)
	}
	return nil
}

// Need returns the path of a program of others that a test drives: the first on
// PATH, whatever its version, since that is what users have. Without it
// the test is skipped, but fails where BYOOS_TEST_TOOLS=require says that it
// should be there, as in CI.
func Need(t testing.TB, program string) string {
	t.Helper()
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	if os.Getenv("BYOOS_TEST_TOOLS") == "require" {
		t.Fatalf("%s is not installed, and BYOOS_TEST_TOOLS=require", program)
	}
	t.Skipf("%s is not installed; .ci/run installs it", program)
	return ""
}
