// Package plugin holds the commands on the source plugins of this machine.
package plugin

import (
	"bytes"
	"cmp"
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

// Options of the commands.
type Options struct {
	Invocation *invocation.Invocation
	Host       options.Host
	// Print is that of list.
	Print options.Print
	// Schema is asked of describe.
	Schema bool
	// Args is a type, or the file to install.
	Args []string
}

// NewCommand returns the parent of the plugin commands; run is nil, or what a test runs
// in the place of each of them.
func NewCommand(inv *invocation.Invocation, run func(context.Context, *Options) error) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "plugin",
		Aliases: []string{"plugins"},
		Short:   "List, describe, install and remove source plugins",
		Long: `A source plugin is a program byoos-source-<type> that finds images in one kind of
place. It is looked for in --plugin-dir, among those that you installed, then
beside this program; never in the working directory or on PATH.`,
	}
	for _, sub := range []func(*invocation.Invocation, func(context.Context, *Options) error) *cobra.Command{newList, newDescribe, newInstall, newRemove} {
		cmd.AddCommand(sub(inv, run))
	}
	return cmd
}

// hosted runs what a command does with the plugins of this machine.
func (o *Options) hosted(do func(context.Context, *source.Host) error) func(context.Context) error {
	return func(ctx context.Context) error {
		host, err := o.Host.New(o.Invocation)
		if err != nil {
			return err
		}
		defer host.Close()
		return do(ctx, host)
	}
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

func newList(inv *invocation.Invocation, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Invocation: inv}
	return options.Command[Options]{
		Use:      "list",
		Short:    "List the source plugins of this machine",
		Examples: []string{"plugin list", "plugin list -o wide"},
		Groups:   []options.Group{options.Flags(o.Host.AddFindFlags), &o.Print},
		Run:      o.hosted(o.list),
	}.New(inv, o, run)
}

func (o *Options) list(ctx context.Context, host *source.Host) error {
	plugins, err := host.List(ctx)
	if err != nil {
		return err
	}
	return o.Print.List(list(plugins))
}

func list(plugins []source.Plugin) output.List {
	items := make([]Item, len(plugins))
	for i, p := range plugins {
		items[i] = newItem(p)
	}
	l := output.NewList("PluginList", []output.Column{
		{Name: "TYPE"}, {Name: "VERSION"}, {Name: "PROVIDERS", Wide: true}, {Name: "ORIGIN"}, {Name: "STATUS"},
		{Name: "DIGEST", Wide: true}, {Name: "PATH"}, {Name: "REASON"},
	}, items, func(i Item) (string, []string) {
		return i.Type, []string{i.Type, i.Version, strings.Join(i.Providers, ","), i.Origin, i.Status, i.Digest, i.Path, i.Reason}
	})
	l.Table.Empty = "no source plugins found"
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

func newDescribe(inv *invocation.Invocation, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Invocation: inv}
	cmd := options.Command[Options]{
		Use:      "describe TYPE",
		Short:    "Show what a plugin can do, its configuration and the environment it gets",
		Examples: []string{"plugin describe packer", "plugin describe packer --schema > packer.schema.json"},
		Args:     &o.Args,
		Accepts:  cobra.ExactArgs(1),
		Groups:   []options.Group{options.Flags(o.Host.AddFindFlags)},
		Run:      o.hosted(o.describe),
	}.New(inv, o, run)
	cmd.Flags().BoolVar(&o.Schema, "schema", false, "print the JSON Schema of its configuration")
	cmd.ValidArgsFunction = o.Host.CompleteTypes(inv)
	return cmd
}

func (o *Options) describe(ctx context.Context, host *source.Host) error {
	p, err := host.Find(ctx, o.Args[0])
	if err != nil {
		return err
	}
	if o.Schema {
		return printSchema(p, o.Invocation.Out)
	}
	return describe(p, o.Invocation.Out)
}

func describe(p *source.Plugin, out io.Writer) error {
	d := p.Description
	for _, line := range [][2]string{
		{"Type", p.Type},
		{"Version", d.GetVersion()},
		{"Summary", d.GetSummary()},
		{"Path", fmt.Sprintf("%s (%s)", p.Path, p.Origin)},
		{"Digest", cmp.Or(p.FileDigest(), "<none>")},
		{"Providers", strings.Join(d.GetProviders(), ", ")},
		{"Protocol", strings.Trim(fmt.Sprint(d.GetProtocolVersions()), "[]")},
		{"Environment", cmp.Or(strings.Join(d.GetEnvironment(), " "), "<none>")},
		{"Homepage", cmp.Or(d.GetHomepage(), "<none>")},
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
