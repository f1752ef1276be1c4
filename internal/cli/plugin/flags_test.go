package plugin_test

import (
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/plugin"
	"github.com/kubectl-byoos/kubectl-byoos/test/clitest"
)

func TestFlags(t *testing.T) {
	command := clitest.Command[plugin.Options]{New: plugin.NewCommand, Least: "list"}
	command.Makes(t, map[string]func(*plugin.Options){
		"list -o wide --no-headers":  func(o *plugin.Options) { o.Print.Output, o.Print.NoHeaders = "wide", true },
		"list --plugin-dir a -v":     func(o *plugin.Options) { o.Host.PluginDirs, o.Host.Verbosity = []string{"a"}, 1 },
		"describe aws":               func(o *plugin.Options) { o.Args = []string{"aws"} },
		"describe aws --schema":      func(o *plugin.Options) { o.Args, o.Schema = []string{"aws"}, true },
		"install ./x --plugin-dir a": func(o *plugin.Options) { o.Args, o.Host.PluginDirs = []string{"./x"}, []string{"a"} },
		"remove aws":                 func(o *plugin.Options) { o.Args = []string{"aws"} },
		"uninstall aws":              func(o *plugin.Options) { o.Args = []string{"aws"} },
	})
	command.Refuses(t, map[string]string{
		"list x":             `takes no arguments, and got "x"`,
		"describe":           "accepts 1 arg(s), received 0",
		"install a b":        "accepts 1 arg(s), received 2",
		"remove":             "accepts 1 arg(s), received 0",
		"describe x -o y":    "unknown shorthand flag",
		"install x --schema": "unknown flag",
	})
}
