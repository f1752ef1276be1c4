// Package plugin holds the commands on the source plugins of this machine.
package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// NewCommand returns the parent of the plugin commands.
func NewCommand(inv *invocation.Invocation) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "plugin",
		Aliases: []string{"plugins"},
		Short:   "List, describe, install and remove source plugins",
		Long: `A source plugin is a program byoos-source-<type> that finds images in one kind of
place. It is looked for in --plugin-dir, among those that you installed, then
beside this program; never in the working directory or on PATH.`,
	}
	cmd.AddCommand(newList(inv), newDescribe(inv), newInstall(inv), newRemove(inv))
	return cmd
}

// Item is one item of `plugin list -o json`.
type Item struct {
	Type string `json:"type"`
	Path string `json:"path"`
	// Origin is flag, user or bundled.
	Origin     string   `json:"origin"`
	Status     string   `json:"status"`
	Reason     string   `json:"reason,omitempty"`
	Version    string   `json:"version,omitempty"`
	Summary    string   `json:"summary,omitempty"`
	Providers  []string `json:"providers,omitempty"`
	Digest     string   `json:"digest,omitempty"`
	ShadowedBy string   `json:"shadowedBy,omitempty"`
}

// Statuses of a plugin.
const (
	statusReady    = "ready"
	statusBroken   = "broken"
	statusShadowed = "shadowed"
)

func newList(inv *invocation.Invocation) *cobra.Command {
	var host options.Host
	var format options.Print
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the source plugins of this machine",
		Example: options.Examples(inv.DisplayName(),
			"plugin list",
			"plugin list -o wide"),
		Args: options.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			printer, err := format.Printer(cmd.Context())
			if err != nil {
				return err
			}
			plugins, err := listPlugins(cmd.Context(), inv, host)
			if err != nil {
				return err
			}
			return printer.Print(list(plugins), inv.Out, inv.ErrOut)
		},
	}
	host.AddFindFlags(cmd.Flags())
	format.AddFlags(cmd.Flags())
	return cmd
}

func listPlugins(ctx context.Context, inv *invocation.Invocation, flags options.Host) ([]source.Plugin, error) {
	host, err := flags.New(inv)
	if err != nil {
		return nil, err
	}
	defer host.Close()
	return host.List(ctx)
}

func list(plugins []source.Plugin) output.List {
	l := output.List{
		Kind: "PluginList",
		Table: output.Table{
			Columns: []output.Column{
				{Name: "TYPE"}, {Name: "VERSION"}, {Name: "PROVIDERS", Wide: true}, {Name: "ORIGIN"}, {Name: "STATUS"},
				{Name: "DIGEST", Wide: true}, {Name: "PATH"}, {Name: "REASON"},
			},
			Empty: "no source plugins found",
		},
	}
	for _, p := range plugins {
		item := newItem(p)
		l.Items = append(l.Items, item)
		l.Names = append(l.Names, item.Type)
		l.Table.Rows = append(l.Table.Rows, []string{
			item.Type, item.Version, strings.Join(item.Providers, ","), item.Origin, item.Status,
			item.Digest, item.Path, item.Reason,
		})
	}
	return l
}

func newItem(p source.Plugin) Item {
	item := Item{
		Type: p.Type, Path: p.Path, Origin: string(p.Origin), Status: statusReady,
		Digest: p.Digest, ShadowedBy: p.ShadowedBy,
	}
	if d := p.Description; d != nil {
		item.Version, item.Summary, item.Providers = d.GetVersion(), d.GetSummary(), d.GetProviders()
	}
	switch {
	case p.Broken != nil:
		item.Status, item.Reason = statusBroken, p.Broken.Error()
	case p.ShadowedBy != "":
		item.Status, item.Reason = statusShadowed, "hidden by "+p.ShadowedBy
	}
	return item
}

func newDescribe(inv *invocation.Invocation) *cobra.Command {
	var host options.Host
	var schema bool
	cmd := &cobra.Command{
		Use:   "describe TYPE",
		Short: "Show what a plugin can do, its configuration and the environment it gets",
		Example: options.Examples(inv.DisplayName(),
			"plugin describe packer",
			"plugin describe packer --schema > packer.schema.json"),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			h, err := host.New(inv)
			if err != nil {
				return err
			}
			defer h.Close()
			p, err := h.Find(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if schema {
				return printSchema(p, inv.Out)
			}
			return describe(p, inv.Out)
		},
		ValidArgsFunction: host.CompleteTypes(inv),
	}
	host.AddFindFlags(cmd.Flags())
	cmd.Flags().BoolVar(&schema, "schema", false, "print the JSON Schema of its configuration")
	return cmd
}

func describe(p *source.Plugin, out io.Writer) error {
	d := p.Description
	for _, line := range [][2]string{
		{"Type", p.Type},
		{"Version", d.GetVersion()},
		{"Summary", d.GetSummary()},
		{"Path", fmt.Sprintf("%s (%s)", p.Path, p.Origin)},
		{"Digest", orNone(p.FileDigest())},
		{"Providers", strings.Join(d.GetProviders(), ", ")},
		{"Protocol", strings.Trim(fmt.Sprint(d.GetProtocolVersions()), "[]")},
		{"Environment", orNone(strings.Join(d.GetEnvironment(), " "))},
		{"Homepage", orNone(d.GetHomepage())},
	} {
		fmt.Fprintf(out, "%-13s %s\n", line[0]+":", text.HarmlessLine(line[1]))
	}
	fmt.Fprintln(out, "Configuration:")
	if d.GetConfigSchema() == "" {
		fmt.Fprintln(out, "  any; the plugin has no schema")
		return nil
	}
	return printKeys(p, out)
}

func printSchema(p *source.Plugin, out io.Writer) error {
	var text bytes.Buffer
	if err := json.Indent(&text, []byte(p.ConfigSchema()), "", "  "); err != nil {
		return fmt.Errorf("plugin %s: its configuration schema is not JSON: %w", p.Type, err)
	}
	_, err := fmt.Fprintln(out, text.String())
	return err
}

func orNone(s string) string {
	if s == "" {
		return "<none>"
	}
	return s
}
