package lint_test

import (
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/lint"
	"github.com/kubectl-byoos/kubectl-byoos/test/clitest"
)

func TestFlags(t *testing.T) {
	command := clitest.Command[lint.Options]{New: lint.NewCommand, Least: "a"}
	command.Makes(t, map[string]func(*lint.Options){
		"a":                     func(o *lint.Options) { o.Files = []string{"a"} },
		"a b --fix":             func(o *lint.Options) { o.Files, o.Fix = []string{"a", "b"}, true },
		"a --pack generic-byoi": func(o *lint.Options) { o.Pack = "generic-byoi" },
		"a --cloud eks -o json": func(o *lint.Options) { o.Cloud, o.Print.Output = "eks", "json" },
		"a --pack edge-native-byoi --cloud edge-native": func(o *lint.Options) { o.Pack, o.Cloud = "edge-native-byoi", "edge-native" },
	})
	command.Refuses(t, map[string]string{
		"":               "requires at least 1 arg",
		"a --pack byoi":  `unknown pack "byoi"`,
		"a --cloud moon": `unknown cloud "moon"`,
		"a -f s.yaml":    "unknown shorthand flag",
	})
}
