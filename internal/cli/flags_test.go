package cli_test

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
)

// An empty value comes from a variable that a script did not set, and would mean
// what no flag means: every image, every pack, the tenant.
func TestNoFlagTakesAnEmptyValue(t *testing.T) {
	streams, _, _, _ := genericiooptions.NewTestIOStreams()
	empty := map[string][]string{
		"string":         {""},
		"strings":        {"", "a,", ",a", "a,,b"},
		"stringArray":    {""},
		"stringToString": {""},
	}
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			for _, value := range empty[f.Value.Type()] {
				if err := f.Value.Set(value); err == nil {
					t.Errorf("%s --%s takes %q", cmd.CommandPath(), f.Name, value)
				}
			}
		})
		for _, sub := range cmd.Commands() {
			check(sub)
		}
	}
	check(cli.NewRoot(&invocation.Invocation{IOStreams: streams}))
}
