// Package render is the command that prints pack values.
package render

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pack"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/terraform"
	"github.com/kubectl-byoos/kubectl-byoos/internal/wholefile"
)

// Options of the command.
type Options struct {
	Invocation *invocation.Invocation
	Run        options.Run
	Lock       options.Lock
	Format     string
	OutDir     string
	// Force replaces files of --out-dir that are no earlier outputs.
	Force bool
	// ValuesFile is an existing values file, of which only our fields change.
	ValuesFile string
	InPlace    bool
	ConfigMap  output.ConfigMap
	// TerraformShape says how much --format terraform writes.
	TerraformShape string
	// Palette says which project the profiles are in; nothing is asked of it.
	Palette options.Palette
	Packs   []string
}

// NewCommand returns the command; run is nil, or what a test runs in its place.
func NewCommand(inv *invocation.Invocation, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Invocation: inv}
	var cmd *cobra.Command
	cmd = options.Command[Options]{
		Use:   "render [PACK...]",
		Short: "Print the pack values of each pack",
		Long: `Pick an image for each pack of the spec, or only for the packs named, and print
the pack values. Nothing is printed unless every pack has its image.

With --out-dir all files are checked before the first is written: one that is there
is replaced when an earlier run wrote it and nobody changed it since, as the comment
at its top tells, or with --force. The spec and the lock never are.

With --values only the fields that this program owns change in an existing file;
comments, order, quoting and everything else stay byte for byte.`,
		Examples: []string{
			"render",
			"render aws-east -f production.yaml",
			"render --out-dir rendered/",
			"render aws-east --values profile/os.yaml --in-place",
			"render --format configmap --configmap-name byoos-values",
			"render --format terraform --out-dir infra/",
			"render --format terraform --terraform-shape profile",
			"render --source packer --set manifest=packer-manifest.json --region us-east-1 --os-name rhel --os-version 8",
		},
		Args:   &o.Packs,
		Groups: []options.Group{&o.Run, &o.Lock, options.Flags(o.Palette.AddScopeFlags)},
		Check:  func() error { return o.validate(cmd.Flags().Changed) },
		Run:    o.run,
	}.New(inv, o, run)
	flags := cmd.Flags()
	flags.StringVar(&o.Format, "format", FormatValues, "what to print: "+strings.Join(formatNames(), "|"))
	flags.StringVar(&o.OutDir, "out-dir", "", "write one file for each pack into this directory, or one for Terraform, in place of stdout")
	flags.BoolVar(&o.Force, "force", false, "replace files in --out-dir that are no earlier outputs, or were changed since")
	flags.StringVar(&o.ValuesFile, "values", "", "change an existing values file in place of making a new one; for one pack")
	flags.BoolVar(&o.InPlace, "in-place", false, "write the file of --values, in place of stdout")
	flags.StringVar(&o.ConfigMap.Name, "configmap-name", "byoos-values", "name of the ConfigMap of --format configmap")
	flags.StringVarP(&o.ConfigMap.Namespace, "namespace", "n", "", "namespace of the ConfigMap of --format configmap")
	flags.StringVar(&o.TerraformShape, "terraform-shape", string(terraform.ShapeData), "how much --format terraform writes: "+strings.Join(terraform.Shapes(), "|"))
	options.CompleteFlag(cmd, "format", formatNames()...)
	options.CompleteFlag(cmd, "terraform-shape", terraform.Shapes()...)
	cmd.ValidArgsFunction = o.Run.Spec.CompletePacks(inv)
	return cmd
}

// validate checks the flags; changed tells which were given.
func (o *Options) validate(changed func(string) bool) error {
	format, known := formats()[o.Format]
	for _, of := range formatsOfFlags() {
		if changed(of.flag) && !slices.Contains(of.formats, o.Format) {
			return failure.Usage("add --format "+of.formats[0], "--%s goes with --format %s only", of.flag, strings.Join(of.formats, " or "))
		}
	}
	switch {
	case (changed("project") || changed("tenant")) && o.TerraformShape != string(terraform.ShapeProfile):
		return failure.Usage("add --format terraform --terraform-shape "+string(terraform.ShapeProfile), "--project and --tenant go with profiles only")
	case !known:
		return failure.Usage("use one of "+strings.Join(formatNames(), ", "), "unknown format %q", o.Format)
	case !slices.Contains(terraform.Shapes(), o.TerraformShape):
		return failure.Usage("use one of "+strings.Join(terraform.Shapes(), ", "), "unknown --terraform-shape %q", o.TerraformShape)
	case o.Force && o.OutDir == "":
		return failure.Usage("add --out-dir DIRECTORY, or drop it", "--force goes with --out-dir only")
	case o.InPlace && o.ValuesFile == "":
		return failure.Usage("name the file with --values", "--in-place needs --values")
	case o.ValuesFile != "" && o.Format != FormatValues:
		return failure.Usage("", "--values goes with --format values only")
	case o.ValuesFile != "" && o.OutDir != "":
		return failure.Usage("", "--values and --out-dir exclude each other")
	case o.OutDir != "" && format.file == "":
		return failure.Usage("redirect stdout to a file", "--out-dir goes with --format values, terraform or terraform-json only")
	case o.Format == FormatConfigMap:
		return o.ConfigMap.Check()
	}
	return nil
}

func (o *Options) run(ctx context.Context) error {
	rendered, err := o.Run.Render(ctx, o.Invocation, &o.Lock, o.Packs)
	if err != nil {
		return err
	}
	if o.Format != FormatValues && rendered.Left != nil {
		// What is left out would be deleted by the one who takes the rest for all.
		return rendered.Left
	}
	return failure.Join(o.put(ctx, rendered), rendered.Left)
}

// put writes or prints what was rendered.
func (o *Options) put(ctx context.Context, rendered *options.Rendered) error {
	if o.ValuesFile != "" {
		return o.edit(ctx, rendered.Packs)
	}
	format := formats()[o.Format]
	if o.OutDir != "" && format.file == eachPack {
		files := make([]wholefile.File, len(rendered.Packs))
		for i, r := range rendered.Packs {
			files[i] = o.output(r.Pick.Pack.Name+".yaml", r.Values.Render())
		}
		return o.writeOutputs(ctx, files...)
	}
	text, err := format.text(o, rendered)
	if err != nil {
		return err
	}
	if o.OutDir != "" {
		return o.writeOutputs(ctx, o.output(format.file, text))
	}
	_, err = o.Invocation.Out.Write(text)
	return err
}

// output is a file of --out-dir.
func (o *Options) output(name string, data []byte) wholefile.File {
	name = filepath.Join(o.OutDir, name)
	return wholefile.File{Path: o.Invocation.Path(name), Name: name, Data: wholefile.Marked(name, data)}
}

func (o *Options) writeOutputs(ctx context.Context, files ...wholefile.File) error {
	written, err := o.guard().Write(ctx, files...)
	for _, name := range written {
		fmt.Fprintf(o.Invocation.ErrOut, "wrote %s\n", name)
	}
	if err == nil && len(written) < len(files) {
		fmt.Fprintf(o.Invocation.ErrOut, "%d of %d file(s) are up to date\n", len(files)-len(written), len(files))
	}
	return err
}

func (o *Options) guard() wholefile.Guard {
	return wholefile.Guard{Inputs: o.Run.Inputs(o.Invocation, &o.Lock), Force: o.Force}
}

func (o *Options) edit(ctx context.Context, rendered []pipeline.Rendered) error {
	if len(rendered) != 1 {
		return failure.Usage("name one: render PACK --values FILE", "--values takes one pack, and the spec has %d", len(rendered))
	}
	path := o.Invocation.Path(o.ValuesFile)
	existing, err := options.ReadInput(ctx, o.Invocation, o.ValuesFile, "the values", "--values")
	if err != nil {
		return err
	}
	var changes []pack.Change
	edited, err := interrupt.Run(ctx, func() (edited []byte, err error) {
		edited, changes, err = rendered[0].Values.Edit(existing, o.ValuesFile)
		return edited, err
	})
	if err != nil {
		return err
	}
	if !o.InPlace {
		_, err = o.Invocation.Out.Write(edited)
		return err
	}
	if len(changes) == 0 {
		fmt.Fprintf(o.Invocation.ErrOut, "%s is up to date\n", o.ValuesFile)
		return nil
	}
	file := wholefile.File{Path: path, Name: o.ValuesFile, Read: existing, Data: edited}
	if _, err := o.guard().Write(ctx, file); err != nil {
		return err
	}
	for _, change := range changes {
		fmt.Fprintf(o.Invocation.ErrOut, "%s: %s\n", o.ValuesFile, changeText(change))
	}
	return nil
}

func changeText(c pack.Change) string {
	path := strings.Join(c.Path, ".")
	if c.Added {
		return fmt.Sprintf("%s: %q (new)", path, c.New)
	}
	return fmt.Sprintf("%s: %q, was %q", path, c.New, c.Old)
}
