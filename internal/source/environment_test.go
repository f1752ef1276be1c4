package source

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/subprocess"
)

// TestEnvironmentIsDocumented: authors read in docs/plugins.md what a plugin gets.
func TestEnvironmentIsDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "plugins.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(subprocess.Base("windows"), "NoDefaultCurrentDirectoryInExePath=1", "/nonexistent", "KUBECTL_PATH", "PLUGIN_*", "BYOOS_PLUGIN", "BYOOS_HOST_PID") {
		lower := strings.ToLower(name)
		if !strings.Contains(string(page), "`"+name+"`") && lower != name {
			t.Errorf("docs/plugins.md does not name %s", name)
		}
	}
}
