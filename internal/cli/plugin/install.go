package plugin

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
)

func newInstall(inv *invocation.Invocation) *cobra.Command {
	var host options.Host
	cmd := &cobra.Command{
		Use:   "install FILE",
		Short: "Trust a plugin: copy it into your data directory with a receipt",
		Long: `Copy a program byoos-source-<type> into your data directory and write a receipt
with its digest. The digest is checked at every start; a plugin that changed is
not run.

A plugin runs as you and can read your files. Install what you would run yourself.`,
		Example: options.Examples(inv.DisplayName(), "plugin install ./byoos-source-example"),
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			h, err := host.New(inv)
			if err != nil {
				return err
			}
			defer h.Close()
			p, err := h.Install(cmd.Context(), inv.Path(args[0]))
			if err != nil {
				return err
			}
			fmt.Fprintf(inv.ErrOut, "installed %s %s as %s\n", p.Type, p.Description.GetVersion(), p.Path)
			return nil
		},
	}
	host.AddFindFlags(cmd.Flags())
	return cmd
}

func newRemove(inv *invocation.Invocation) *cobra.Command {
	var host options.Host
	cmd := &cobra.Command{
		Use:     "remove TYPE",
		Aliases: []string{"uninstall"},
		Short:   "Remove a plugin that you installed",
		Example: options.Examples(inv.DisplayName(), "plugin remove example"),
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			h, err := host.New(inv)
			if err != nil {
				return err
			}
			defer h.Close()
			if err := h.Remove(cmd.Context(), args[0]); err != nil {
				return err
			}
			fmt.Fprintf(inv.ErrOut, "removed %s\n", args[0])
			return nil
		},
	}
	host.AddFindFlags(cmd.Flags())
	return cmd
}
