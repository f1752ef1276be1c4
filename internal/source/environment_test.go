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
			if diff := cmp.Diff([]string{"PATH=/bin", "HOME=/nonexistent"}, environment(environ, nil)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
