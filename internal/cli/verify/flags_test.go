package verify_test

import (
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/verify"
	"github.com/kubectl-byoos/kubectl-byoos/test/clitest"
)

func TestFlags(t *testing.T) {
	command := clitest.Command[verify.Options]{New: verify.NewCommand}
	command.Makes(t, map[string]func(*verify.Options){
		"":                        func(o *verify.Options) { o.Run.Host.Timeout = 5 * time.Minute },
		"ami-1 ami-2 -o json":     func(o *verify.Options) { o.IDs, o.Print.Output = []string{"ami-1", "ami-2"}, "json" },
		"--lock":                  func(o *verify.Options) { o.FromLock = true },
		"--values v.yaml":         func(o *verify.Options) { o.ValuesFile = "v.yaml" },
		"-f s.yaml --lock-file l": func(o *verify.Options) { o.Run.Spec.File, o.Lock.File = "s.yaml", "l" },
	})
	command.Refuses(t, map[string]string{
		"--lock --values v":   "--lock and --values exclude each other",
		"--values v ami-1":    "--values and ids exclude each other",
		"--lock --values v a": "--lock and --values and ids exclude each other",
		"--locked":            "unknown flag",
	})
}
