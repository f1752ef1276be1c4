// Package schema is the command that prints the JSON Schemas of our files.
package schema

import (
	"github.com/spf13/cobra"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/userconfig"
)

// NewCommand returns the command.
func NewCommand(inv *invocation.Invocation) *cobra.Command {
	schemas := map[string]func() []byte{"spec": spec.Schema, "lock": lock.Schema, "config": userconfig.Schema}
	return &cobra.Command{
		Use:   "schema [spec|lock|config]",
		Short: "Print the JSON Schema of byoos.yaml, of the lock, or of your configuration",
		Long: `Print the JSON Schema of byoos.yaml (the default), of byoos.lock, or of your own
configuration file, for editors and checks. The configuration of a source has a
schema of its own, which its plugin brings: see plugin describe.`,
		Example: options.Examples(inv.DisplayName(),
			"schema > byoos.schema.json",
			"schema lock"),
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: []string{"spec", "lock", "config"},
		RunE: func(_ *cobra.Command, args []string) error {
			name := "spec"
			if len(args) == 1 {
				name = args[0]
			}
			schema, ok := schemas[name]
			if !ok {
				return failure.Usage("use spec, lock or config", "there is no schema of %q", name)
			}
			_, err := inv.Out.Write(schema())
			return err
		},
	}
}
