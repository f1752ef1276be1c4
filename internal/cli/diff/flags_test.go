package diff_test

import (
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/diff"
	"github.com/kubectl-byoos/kubectl-byoos/test/clitest"
)

func TestFlags(t *testing.T) {
	command := clitest.Command[diff.Options]{New: diff.NewCommand}
	command.Makes(t, map[string]func(*diff.Options){
		"":                            func(o *diff.Options) { o.Palette.Timeout, o.Palette.Parallel = 10*time.Minute, 4 },
		"a -f s.yaml":                 func(o *diff.Options) { o.Packs, o.Run.Spec.File = []string{"a"}, "s.yaml" },
		"--published":                 func(o *diff.Options) { o.Published = true },
		"--published --include-draft": func(o *diff.Options) { o.Published, o.Goal.IncludeDraft = true, true },
		"--new-version 1.3.0 -o json": func(o *diff.Options) { o.Goal.NewVersion, o.Print.Output = "1.3.0", "json" },
		"--ignore-lock --tenant":      func(o *diff.Options) { o.Lock.Ignore, o.Palette.Tenant = true, true },
	})
	command.Refuses(t, map[string]string{
		"--include-draft":   "--include-draft goes with",
		"--new-version 1.3": "is not a version",
		"--publish":         "unknown flag",
	})
}
