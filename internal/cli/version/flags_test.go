package version_test

import (
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/version"
	"github.com/kubectl-byoos/kubectl-byoos/test/clitest"
)

func TestFlags(t *testing.T) {
	command := clitest.Command[version.Options]{New: version.NewCommand}
	command.Makes(t, map[string]func(*version.Options){
		"-o json --no-headers": func(o *version.Options) { o.Print.Output, o.Print.NoHeaders = "json", true },
	})
	command.Refuses(t, map[string]string{"x": `takes no arguments, and got "x"`, "--short": "unknown flag"})
}
