package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/test/binaries"
)

// TestLinks: a relative link leads to a file, and its fragment to a heading.
func TestLinks(t *testing.T) {
	root, err := binaries.Root()
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	seen := 0
	for _, page := range pages(t, root) {
		data, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range link.FindAllStringSubmatch(string(data), -1) {
			target, fragment, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			seen++
			file := filepath.Join(root, page)
			if target != "" {
				file = filepath.Join(filepath.Dir(file), filepath.FromSlash(target))
			}
			if problem := broken(file, fragment); problem != "" {
				t.Errorf("%s: the link %s: %s", page, match[1], problem)
			}
		}
	}
	if seen < 20 {
		t.Fatalf("only %d links were found", seen)
	}
}

func broken(file, fragment string) string {
	if _, err := os.Stat(file); err != nil {
		return "there is no such file"
	}
	if fragment == "" {
		return ""
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	for line := range strings.Lines(string(data)) {
		if heading, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") && anchor(heading) == fragment {
			return ""
		}
	}
	return "the page has no such heading"
}

// anchor is how GitHub names a heading.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		}
		return -1
	}, strings.ToLower(strings.TrimSpace(heading)))
}
