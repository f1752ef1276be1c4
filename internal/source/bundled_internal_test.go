package source

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestBundledTypes: every plugin of this repository is known by its type, has its row in the
// README and its page.
func TestBundledTypes(t *testing.T) {
	root := filepath.Join("..", "..")
	folders, err := filepath.Glob(filepath.Join(root, "plugins", "byoos-source-*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("there are no plugins: %v", err)
	}
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		name := strings.TrimPrefix(filepath.Base(folder), "byoos-source-")
		if !slices.Contains(bundledTypes(), name) {
			t.Errorf("bundledTypes lacks %s", name)
		}
		page := "docs/sources/" + name + ".md"
		if _, err := os.Stat(filepath.Join(root, page)); err != nil {
			t.Errorf("%s has no page: %v", name, err)
		}
		if !strings.Contains(string(readme), page) {
			t.Errorf("README.md has no link to %s", page)
		}
	}
	if len(folders) != len(bundledTypes()) {
		t.Errorf("there are %d plugins, and %d types", len(folders), len(bundledTypes()))
	}
}
