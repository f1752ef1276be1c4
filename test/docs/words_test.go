package docs

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/test/binaries"
)

// TestWords: some words are not field English, or say less than another. The changelog
// may quote what was said before.
func TestWords(t *testing.T) {
	root, err := binaries.Root()
	if err != nil {
		t.Fatal(err)
	}
	unwanted := regexp.MustCompile(`(?i)\b(mend(s|ed|ing)?|whoever|(leav(e|es|ing)|left) away)\b`)
	hand := regexp.MustCompile(`\.(go|md|proto|sh|txtar)$`)
	for _, name := range tracked(t, root) {
		if name == "CHANGELOG.md" || name == "test/docs/words_test.go" || !hand.MatchString(name) {
			continue
		}
		for i, line := range strings.Split(readPage(t, filepath.Join(root, name)), "\n") {
			if word := unwanted.FindString(line); word != "" {
				t.Errorf("%s:%d: write another word for %q", name, i+1, word)
			}
		}
	}
}

// tracked are the files that git knows of, by their paths with slashes.
func tracked(t *testing.T, root string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", "ls-files")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	return strings.Fields(string(out))
}
