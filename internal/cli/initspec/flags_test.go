package initspec_test

import (
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/initspec"
	"github.com/kubectl-byoos/kubectl-byoos/test/clitest"
)

func TestFlags(t *testing.T) {
	command := clitest.Command[initspec.Options]{New: initspec.NewCommand}
	command.Makes(t, map[string]func(*initspec.Options){
		"-f - --force":   func(o *initspec.Options) { o.Spec.File, o.Force = "-", true },
		"--plugin-dir a": func(o *initspec.Options) { o.Host.PluginDirs = []string{"a"} },
	})
	command.Refuses(t, map[string]string{"x": `takes no arguments, and got "x"`, "--timeout 1s": "unknown flag"})
}
