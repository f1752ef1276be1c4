package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/test/binaries"
)

// TestDecisions: each decision has its file's number in its title, and the same
// three sections.
func TestDecisions(t *testing.T) {
	root, err := binaries.Root()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, "docs", "decisions", "*.md"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no decisions: %v", err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		title := regexp.MustCompile("^# " + name[:4] + ": [A-Z`a-z-][^\n]*[^.\n]\n\n## Context\n")
		text := readPage(t, file)
		if !title.MatchString(text) {
			t.Errorf("%s does not begin with \"# %s: TITLE\" and \"## Context\"", name, name[:4])
		}
		decision, consequences := strings.Index(text, "\n## Decision\n"), strings.Index(text, "\n## Consequences\n")
		if decision < 0 || consequences < decision {
			t.Errorf("%s lacks \"## Decision\", and \"## Consequences\" after it", name)
		}
	}
}

func readPage(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
