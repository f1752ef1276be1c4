package images_test

import (
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/images"
	"github.com/kubectl-byoos/kubectl-byoos/test/clitest"
)

func TestFlags(t *testing.T) {
	command := clitest.Command[images.Options]{New: images.NewCommand}
	command.Makes(t, map[string]func(*images.Options){
		"":                func(o *images.Options) { o.Run.Host.Timeout = 5 * time.Minute },
		"-A -f s.yaml":    func(o *images.Options) { o.All, o.Run.Spec.File = true, "s.yaml" },
		"--all -o wide":   func(o *images.Options) { o.All, o.Print.Output = true, "wide" },
		"--allow-partial": func(o *images.Options) { o.Run.Host.AllowPartial = true },
	})
	command.Refuses(t, map[string]string{
		"x":                              `takes no arguments, and got "x"`,
		"--source packer --os-name rhel": "--os-name sets a value of a pack, and selects no image",
		"--source packer --os-version 8": "--os-version sets a value of a pack, and selects no image",
		"--lock-file l":                  "unknown flag",
	})
}
