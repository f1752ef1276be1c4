package source

import (
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
