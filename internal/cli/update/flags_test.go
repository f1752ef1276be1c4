package update_test

import (
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/update"
	"github.com/kubectl-byoos/kubectl-byoos/test/clitest"
)

func TestFlags(t *testing.T) {
	command := clitest.Command[update.Options]{New: update.NewCommand}
	command.Makes(t, map[string]func(*update.Options){
		"":                         func(o *update.Options) { o.Run.Host.Timeout = 5 * time.Minute },
		"--pack a --pack b,c d":    func(o *update.Options) { o.Packs = []string{"a", "b", "c", "d"} },
		"-f s.yaml --lock-file l":  func(o *update.Options) { o.Run.Spec.File, o.Lock.File = "s.yaml", "l" },
		"--dry-run --exit-code":    func(o *update.Options) { o.DryRun, o.ExitCode = true, true },
		"-o markdown --no-headers": func(o *update.Options) { o.Print.Output, o.Print.NoHeaders = "markdown", true },
		"--allow-partial":          func(o *update.Options) { o.Run.Host.AllowPartial = true },
	})
	command.Refuses(t, map[string]string{"--source aws": "unknown flag", "--locked": "unknown flag"})
}
