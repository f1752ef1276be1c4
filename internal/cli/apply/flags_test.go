package apply_test

import (
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/apply"
	"github.com/kubectl-byoos/kubectl-byoos/test/clitest"
)

func TestFlags(t *testing.T) {
	command := clitest.Command[apply.Options]{New: apply.NewCommand}
	command.Makes(t, map[string]func(*apply.Options){
		"": func(o *apply.Options) {
			o.DryRun, o.Palette.Timeout, o.Palette.Parallel = "none", 10*time.Minute, 4
		},
		"a b -f s.yaml":                    func(o *apply.Options) { o.Packs, o.Run.Spec.File = []string{"a", "b"}, "s.yaml" },
		"--publish --yes":                  func(o *apply.Options) { o.Goal.Publish, o.Yes = true, true },
		"--publish --dry-run=client":       func(o *apply.Options) { o.Goal.Publish, o.DryRun = true, "client" },
		"--new-version 1.3.0":              func(o *apply.Options) { o.Goal.NewVersion = "1.3.0" },
		"--publish --yes --include-draft":  func(o *apply.Options) { o.Goal.Publish, o.Yes, o.Goal.IncludeDraft = true, true, true },
		"--publish --yes --os-layer-alone": func(o *apply.Options) { o.Goal.Publish, o.Yes, o.Goal.OSLayerAlone = true, true, true },
		"--plan p.json -o json":            func(o *apply.Options) { o.Plan, o.Print.Output = "p.json", "json" },
		"--project p --parallel 2":         func(o *apply.Options) { o.Palette.Project, o.Palette.Parallel = "p", 2 },
		"--locked":                         func(o *apply.Options) { o.Lock.Locked = true },
	})
	command.Refuses(t, map[string]string{
		"--dry-run=maybe":               `unknown --dry-run "maybe"`,
		"--publish":                     "there is no terminal to ask on",
		"--publish --new-version 1.3.0": "publishes the new version already",
		"--new-version 1.3":             "is not a version",
		"--include-draft":               "--include-draft goes with",
		"--os-layer-alone":              "--os-layer-alone goes with",
		"--published":                   "unknown flag",
	})
	command.Terminal = true
	command.Makes(t, map[string]func(*apply.Options){"--publish": func(o *apply.Options) { o.Goal.Publish = true }})
	command.Refuses(t, map[string]string{
		"--publish -f -":                 "there is no terminal to ask on",
		"--publish --palette-key-file -": "there is no terminal to ask on",
	})
}
