package plugin

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
)

func newInstall(inv *invocation.Invocation, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Invocation: inv}
	return options.Command[Options]{
		Use:   "install FILE",
		Short: "Trust a plugin: copy it into your data directory with a receipt",
		Long: `Copy a program byoos-source-<type> into your data directory and write a receipt
with its digest. The digest is checked at every start; a plugin that changed is
not run.

A plugin runs as you and can read your files. Install what you would run yourself.`,
		Examples: []string{"plugin install ./byoos-source-example"},
		Args:     &o.Args,
		Accepts:  cobra.ExactArgs(1),
		Groups:   []options.Group{options.Flags(o.Host.AddFindFlags)},
		Run: o.hosted(func(ctx context.Context, host *source.Host) error {
			p, err := host.Install(ctx, inv.Path(o.Args[0]))
			if err != nil {
				return err
			}
			fmt.Fprintf(inv.ErrOut, "installed %s %s as %s\n", p.Type, p.Description.GetVersion(), p.Path)
			return nil
		}),
	}.New(inv, o, run)
}

func newRemove(inv *invocation.Invocation, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Invocation: inv}
	return options.Command[Options]{
		Use:      "remove TYPE",
		Aliases:  []string{"uninstall"},
		Short:    "Remove a plugin that you installed",
		Examples: []string{"plugin remove example"},
		Args:     &o.Args,
		Accepts:  cobra.ExactArgs(1),
		Groups:   []options.Group{options.Flags(o.Host.AddFindFlags)},
		Run: o.hosted(func(ctx context.Context, host *source.Host) error {
			if err := host.Remove(ctx, o.Args[0]); err != nil {
				return err
			}
			fmt.Fprintf(inv.ErrOut, "removed %s\n", o.Args[0])
			return nil
		}),
	}.New(inv, o, run)
}
