package lockcmd_test

import (
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/lockcmd"
	"github.com/kubectl-byoos/kubectl-byoos/test/clitest"
)

func TestFlags(t *testing.T) {
	command := clitest.Command[lockcmd.Options]{New: lockcmd.NewCommand}
	command.Makes(t, map[string]func(*lockcmd.Options){
		"":                              func(o *lockcmd.Options) { o.Run.Host.Timeout = 5 * time.Minute },
		"-f s.yaml --force":             func(o *lockcmd.Options) { o.Run.Spec.File, o.Force = "s.yaml", true },
		"--lock-file l --allow-partial": func(o *lockcmd.Options) { o.Lock.File, o.Run.Host.AllowPartial = "l", true },
	})
	command.Refuses(t, map[string]string{"x": `takes no arguments, and got "x"`, "--locked": "unknown flag", "-o json": "unknown shorthand flag"})
}
