package subprocess

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
			if diff := cmp.Diff([]string{"PATH=/bin", "HOME=/nonexistent"}, Environment("linux", environ, nil)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEnvironmentIsTheBaseAndWhatIsNamed(t *testing.T) {
	environ := []string{"HOME=/home/me", "LC_TIME=C", "A_KEY=1", "A_OTHER=2", "B_KEY=3", "TOKEN=4", "odd", "=C:=x"}
	want := []string{"HOME=/home/me", "LC_TIME=C", "A_KEY=1", "A_OTHER=2", "TOKEN=4"}
	if diff := cmp.Diff(want, Environment("linux", environ, []string{"A_*", "TOKEN", "*"})); diff != "" {
		t.Error(diff)
	}
}

// A program that runs another by its name must not run one of a cloned repository,
// where Windows looks first.
func TestNoProgramOfTheWorkingDirectoryOnWindows(t *testing.T) {
	environ := []string{`PATH=C:\bin`, "NoDefaultCurrentDirectoryInExePath="}
	want := []string{"NoDefaultCurrentDirectoryInExePath=1", `PATH=C:\bin`}
	if diff := cmp.Diff(want, Environment("windows", environ, []string{"AWS_*"})); diff != "" {
		t.Error(diff)
	}
}
