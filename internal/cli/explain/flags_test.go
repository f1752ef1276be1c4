package explain_test

import (
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/explain"
	"github.com/kubectl-byoos/kubectl-byoos/test/clitest"
)

func TestFlags(t *testing.T) {
	command := clitest.Command[explain.Options]{New: explain.NewCommand}
	command.Makes(t, map[string]func(*explain.Options){
		"":                             func(o *explain.Options) { o.Run.Explain, o.Run.Host.Timeout = true, 5*time.Minute },
		"a b -f s.yaml":                func(o *explain.Options) { o.Packs, o.Run.Spec.File = []string{"a", "b"}, "s.yaml" },
		"--ignore-lock -o json":        func(o *explain.Options) { o.Lock.Ignore, o.Print.Output = true, "json" },
		"--locked --stale-ok":          func(o *explain.Options) { o.Lock.Locked, o.Lock.StaleOK = true, true },
		"--lock-file l":                func(o *explain.Options) { o.Lock.File = "l" },
		"--allow-partial --timeout 1s": func(o *explain.Options) { o.Run.Host.AllowPartial, o.Run.Host.Timeout = true, time.Second },
	})
	command.Refuses(t, map[string]string{"--format json": "unknown flag", "--timeout soon": "invalid argument"})
}
