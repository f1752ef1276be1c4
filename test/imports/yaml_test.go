package imports

import (
	"slices"
	"strings"
	"testing"
)

// TestOneYAMLLibrary: the host reads YAML by one library, which comes in by yamldoc. What
// else uses it works on its nodes, or reads a small file of fixed form into a type.
func TestOneYAMLLibrary(t *testing.T) {
	const library = "go.yaml.in/yaml/v3"
	users := []string{
		"yamldoc", "yamledit", "lint", "lock", // nodes
		"source", "cli/options", // a receipt, the login of Palette's own program
	}
	found := map[string]bool{}
	packages := deps(t, "./cmd/kubectl-byoos")
	for path, p := range packages {
		if strings.HasPrefix(path, "github.com/goccy/go-yaml") {
			t.Errorf("the host links %s", path)
		}
		name, ours := strings.CutPrefix(path, module+"/internal/")
		if !ours || !slices.Contains(p.Imports, library) {
			continue
		}
		found[name] = true
		if !slices.Contains(users, name) {
			t.Errorf("internal/%s imports %s: read by internal/yamldoc", name, library)
		}
	}
	for _, name := range users {
		if !found[name] {
			t.Errorf("internal/%s does not import %s any more: take it off the list", name, library)
		}
	}
}
