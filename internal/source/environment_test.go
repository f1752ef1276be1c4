package source

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A program without HOME looks for its configuration below the working
// directory, which a cloned repository owns: an AWS configuration there may name
// a program to run.
func TestEnvironmentAlwaysHasAnAbsoluteHome(t *testing.T) {
	for name, environ := range map[string][]string{
		"unset":    {"PATH=/bin"},
		"empty":    {"PATH=/bin", "HOME="},
		"relative": {"PATH=/bin", "HOME=."},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff([]string{"PATH=/bin", "HOME=/nonexistent"}, environment("linux", environ, nil)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A plugin that runs a program by its name must not run one of a cloned repository,
// where Windows looks first.
func TestNoProgramOfTheWorkingDirectoryOnWindows(t *testing.T) {
	environ := []string{`PATH=C:\bin`, "NoDefaultCurrentDirectoryInExePath="}
	want := []string{"NoDefaultCurrentDirectoryInExePath=1", `PATH=C:\bin`}
	if diff := cmp.Diff(want, environment("windows", environ, []string{"AWS_*"})); diff != "" {
		t.Error(diff)
	}
}

// TestEnvironmentIsDocumented: authors read in docs/plugins.md what a plugin gets.
func TestEnvironmentIsDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "plugins.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(baseEnvironment("windows"), "NoDefaultCurrentDirectoryInExePath=1", noHome, "KUBECTL_PATH", "PLUGIN_*", "BYOOS_PLUGIN", "BYOOS_HOST_PID") {
		lower := strings.ToLower(name)
		if !strings.Contains(string(page), "`"+name+"`") && lower != name {
			t.Errorf("docs/plugins.md does not name %s", name)
		}
	}
}
