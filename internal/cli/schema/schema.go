// Package schema is the command that prints the JSON Schemas of our files.
package schema

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/userconfig"
)

// Options of the command.
type Options struct {
	Invocation *invocation.Invocation
	// Names has at most one.
	Names []string
}

// NewCommand returns the command; run is nil, or what a test runs in its place.
func NewCommand(inv *invocation.Invocation, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Invocation: inv}
	cmd := options.Command[Options]{
		Use:   "schema [spec|lock|config]",
		Short: "Print the JSON Schema of byoos.yaml, of the lock, or of your configuration",
		Long: `Print the JSON Schema of byoos.yaml (the default), of byoos.lock, or of your own
configuration file, for editors and checks. The configuration of a source has a
schema of its own, which its plugin brings: see plugin describe.`,
		Examples: []string{"schema > byoos.schema.json", "schema lock"},
		Args:     &o.Names,
		Accepts:  cobra.MaximumNArgs(1),
		Run:      o.run,
	}.New(inv, o, run)
	cmd.ValidArgs = []string{"spec", "lock", "config"}
	return cmd
}

func (o *Options) run(context.Context) error {
	schemas := map[string]func() []byte{"spec": spec.Schema, "lock": lock.Schema, "config": userconfig.Schema}
	name := append(o.Names, "spec")[0]
	schema, ok := schemas[name]
	if !ok {
		return failure.Usage("use spec, lock or config", "there is no schema of %q", name)
	}
	_, err := o.Invocation.Out.Write(schema())
	return err
}
