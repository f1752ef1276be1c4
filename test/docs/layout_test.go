package docs

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/test/binaries"
)

// TestLayoutIsWhole: the table of CONTRIBUTING.md has every top-level folder and every
// package of the host.
func TestLayoutIsWhole(t *testing.T) {
	root, err := binaries.Root()
	if err != nil {
		t.Fatal(err)
	}
	text := readPage(t, filepath.Join(root, "CONTRIBUTING.md"))
	told := map[string]bool{}
	for _, name := range tracked(t, root) {
		folder, rest, nested := strings.Cut(name, "/")
		if !nested || strings.HasPrefix(folder, ".") {
			continue
		}
		if folder == "internal" {
			inner, _, _ := strings.Cut(rest, "/")
			folder += "/" + inner
		}
		if !told[folder] && !strings.Contains(text, "`"+folder+"`") {
			told[folder] = true
			t.Errorf("CONTRIBUTING.md does not say what %s holds", folder)
		}
	}
}
