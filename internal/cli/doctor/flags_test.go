package doctor_test

import (
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/doctor"
	"github.com/kubectl-byoos/kubectl-byoos/test/clitest"
)

func TestFlags(t *testing.T) {
	command := clitest.Command[doctor.Options]{New: doctor.NewCommand}
	command.Makes(t, map[string]func(*doctor.Options){
		"-f s.yaml -o json": func(o *doctor.Options) { o.Spec.File, o.Print.Output = "s.yaml", "json" },
		"--plugin-dir a,b":  func(o *doctor.Options) { o.Host.PluginDirs = []string{"a", "b"} },
		"-vv --no-headers":  func(o *doctor.Options) { o.Host.Verbosity, o.Print.NoHeaders = 2, true },
	})
	command.Refuses(t, map[string]string{"x": `takes no arguments, and got "x"`, "--source aws": "unknown flag", "--timeout 1s": "unknown flag"})
}
