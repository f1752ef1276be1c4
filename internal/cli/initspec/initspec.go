// Package initspec is the command init, which writes a first spec.
package initspec

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/wholefile"
)

// Options of the command.
type Options struct {
	Invocation *invocation.Invocation
	Spec       options.Spec
	Host       options.Host
	Force      bool
}

// NewCommand returns the command; run is nil, or what a test runs in its place.
func NewCommand(inv *invocation.Invocation, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Invocation: inv}
	cmd := options.Command[Options]{
		Use:   "init",
		Short: "Write a first byoos.yaml",
		Long: `Write a first spec, from flags or, at a terminal, from a few questions. The spec is
checked before it is written, and an existing file is kept unless --force.`,
		Examples: []string{
			"init",
			"init --source packer --set manifest=packer-manifest.json --region us-east-1",
			"init -f - --source packer --set manifest=packer-manifest.json",
		},
		Groups: []options.Group{&o.Spec, options.Flags(o.Host.AddFindFlags)},
		Run:    o.run,
	}.New(inv, o, run)
	cmd.Flags().Lookup("filename").Usage = "the file to write; - for stdout (default " + options.DefaultSpecFile + ")"
	cmd.Flags().BoolVar(&o.Force, "force", false, "overwrite an existing file")
	return cmd
}

func (o *Options) run(ctx context.Context) error {
	file := o.Spec.File
	if file == "" {
		file = options.DefaultSpecFile
	}
	guard := wholefile.Guard{Force: o.Force}
	target := wholefile.File{Path: o.Invocation.Path(file), Name: file}
	if file != "-" {
		// Before anybody is asked a question.
		if err := guard.Check(target); err != nil {
			return err
		}
	}
	host, err := o.Host.New(o.Invocation)
	if err != nil {
		return err
	}
	defer host.Close()
	document, err := o.document(ctx, host)
	if err != nil {
		return err
	}
	data, err := document.Set.Marshal()
	if err != nil {
		return err
	}
	if file == "-" {
		_, err = o.Invocation.Out.Write(data)
		return err
	}
	target.Data = data
	if _, err := guard.Write(ctx, target); err != nil {
		return err
	}
	fmt.Fprintf(o.Invocation.ErrOut, "wrote %s\nnext: %s images -f %s\n", file, o.Invocation.DisplayName(), file)
	return nil
}

// document returns a spec whose configuration its plugin accepts.
func (o *Options) document(ctx context.Context, host *source.Host) (*spec.Document, error) {
	made := &o.Spec
	if made.Source == "" {
		if !o.Invocation.StdinTerminal {
			return nil, failure.Usage("add --source TYPE and --set KEY=VALUE, or run it at a terminal", "there is nobody to ask and no --source")
		}
		if err := o.ask(ctx, host); err != nil {
			return nil, err
		}
	}
	plugin, err := host.Find(ctx, made.Source)
	if err != nil {
		return nil, err
	}
	document, err := made.Made(o.Invocation.Dir)
	if err != nil {
		return nil, err
	}
	for i, s := range document.Set.Sources {
		config, err := document.CheckConfig(s.Name, plugin.ConfigSchema())
		if err != nil {
			return nil, err
		}
		document.Set.Sources[i].Config = config
	}
	return document, nil
}

// likely returns the type that the working directory speaks for: packer beside a
// manifest.
func (o *Options) likely(types []string) string {
	const packer = "packer"
	if _, err := os.Stat(o.Invocation.Path("packer-manifest.json")); err == nil && slices.Contains(types, packer) {
		return packer
	}
	return ""
}

// ask fills in what flags would say by a few questions.
func (o *Options) ask(ctx context.Context, host *source.Host) error {
	made := &o.Spec
	types, err := options.Types(ctx, host)
	if err != nil {
		return err
	}
	if len(types) == 0 {
		_, err := host.Find(ctx, "packer")
		return err
	}
	q := newQuestions(ctx, o.Invocation.In, o.Invocation.ErrOut)
	if made.Source, err = q.choose("Where do the images come from?", types, o.likely(types)); err != nil {
		return err
	}
	plugin, err := host.Find(ctx, made.Source)
	if err != nil {
		return err
	}
	for _, key := range keysToAsk(plugin.ConfigSchema()) {
		value, err := q.text(key.question(), key.Default)
		if err != nil {
			return err
		}
		made.Set = append(made.Set, key.Name+"="+value)
	}
	if len(made.Set) == 0 {
		if made.Set, err = q.settings(made.Source); err != nil {
			return err
		}
	}
	kinds := spec.PackNames()
	kind, err := q.choose("Which pack?", kinds, kinds[0])
	if err != nil {
		return err
	}
	made.Pack.Pack = spec.PackKind(kind)
	region, err := q.line("Region (empty for any)")
	if err != nil {
		return err
	}
	if region != "" {
		made.Pack.Matrix.Region = strings.Split(strings.ReplaceAll(region, " ", ""), ",")
	}
	if made.Pack.Values.OSName, err = q.line("osName of the pack (empty: as discovered)"); err != nil {
		return err
	}
	made.Pack.Values.OSVersion, err = q.line("osVersion of the pack (empty: as discovered)")
	return err
}
