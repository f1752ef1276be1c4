// Package lint is the command that checks pack values that exist.
package lint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lint"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
	"github.com/kubectl-byoos/kubectl-byoos/internal/wholefile"
)

// Options of the command.
type Options struct {
	Invocation *invocation.Invocation
	Print      options.Print
	Pack       string
	Cloud      string
	Fix        bool
	Files      []string
}

// NewCommand returns the command; run is nil, or what a test runs in its place.
func NewCommand(inv *invocation.Invocation, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Invocation: inv}
	cmd := options.Command[Options]{
		Use:   "lint FILE...",
		Short: "Check pack values, and fix what can be fixed",
		Long: `Check files of pack values (YAML), cluster profiles (JSON) or Markdown pages with
YAML blocks: typographic quotes, misspelt macros, unknown or missing keys, ids of
the wrong form for the cloud. A file named - is stdin.

Exit code 1 when there is an error; a warning does not change it.`,
		Examples: []string{
			"lint values.yaml",
			"lint --fix profiles/*.yaml",
			"lint --cloud aws values.yaml -o json",
		},
		Args:    &o.Files,
		Accepts: cobra.MinimumNArgs(1),
		Groups:  []options.Group{&o.Print},
		Check:   o.validate,
		Run:     o.run,
	}.New(inv, o, run)
	cmd.Flags().StringVar(&o.Pack, "pack", "", "the pack that the values are for: "+strings.Join(spec.PackNames(), "|")+" (default: by their keys)")
	cmd.Flags().StringVar(&o.Cloud, "cloud", "", "the cloud that the values are for: "+strings.Join(clouds(), "|")+" (default: what the file says)")
	options.CompleteFlag(cmd, "pack", spec.PackNames()...)
	options.CompleteFlag(cmd, "cloud", clouds()...)
	cmd.Flags().BoolVar(&o.Fix, "fix", false, "fix what can be fixed, in place")
	return cmd
}

// clouds are the cloud types of Palette that the BYOOS packs are for.
func clouds() []string {
	return []string{"aks", "aws", "azure", "edge-native", "eks", "gcp", "gke", "maas", "nutanix", "openstack", "vsphere"}
}

// stdin is the name of the standard input.
const stdin = "-"

func (o *Options) validate() error {
	if o.Pack != "" && !slices.Contains(spec.PackNames(), o.Pack) {
		return failure.Usage("use "+strings.Join(spec.PackNames(), " or "), "unknown pack %q", o.Pack)
	}
	if o.Cloud != "" && !slices.Contains(clouds(), o.Cloud) {
		return failure.Usage("use one of "+strings.Join(clouds(), ", "), "unknown cloud %q", o.Cloud)
	}
	return nil
}

func (o *Options) run(ctx context.Context) error {
	if o.Fix && slices.Contains(o.Files, stdin) && !o.Print.ForPeople() {
		return failure.Usage("write the input to a file", "--fix of stdin prints the fixed text, so there is no place for -o %s", o.Print.Output)
	}
	files := make([]checked, len(o.Files))
	for i, name := range o.Files {
		var err error
		if files[i], err = interrupt.Run(ctx, func() (checked, error) { return o.file(name) }); err != nil {
			return err
		}
	}
	if o.Fix {
		if err := o.write(ctx, files); err != nil {
			return err
		}
	}
	var findings []lint.Finding
	for _, file := range files {
		findings = append(findings, file.Findings...)
	}
	if err := o.print(findings); err != nil {
		return err
	}
	if slices.ContainsFunc(findings, func(f lint.Finding) bool { return f.Severity == lint.Error }) {
		return failure.ErrDifference
	}
	return nil
}

func (o *Options) print(findings []lint.Finding) error {
	if !o.Print.ForPeople() {
		return o.Print.List(list(findings))
	}
	out := o.Invocation.Out
	if o.Fix && slices.Contains(o.Files, stdin) {
		// stdout has the fixed text.
		out = o.Invocation.ErrOut
	}
	fixable := 0
	for _, f := range findings {
		fmt.Fprintf(out, "%s:%d:%d: %s: %s (%s)\n", text.HarmlessLine(f.File), f.Line, f.Column, f.Severity, text.Harmless(f.Message), f.Rule)
		if f.Fixable {
			fixable++
		}
	}
	switch {
	case len(findings) == 0:
		fmt.Fprintln(o.Invocation.ErrOut, "no findings")
	case fixable > 0:
		fmt.Fprintf(o.Invocation.ErrOut, "next: --fix fixes %d of %d\n", fixable, len(findings))
	}
	return nil
}

func list(findings []lint.Finding) output.List {
	return output.NewList("FindingList", nil, findings, func(f lint.Finding) (string, []string) {
		return fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column), nil
	})
}

// checked is a file that was linted.
type checked struct {
	name string
	data []byte
	lint.Result
}

// file lints one file and, with --fix, works out what it becomes.
func (o *Options) file(name string) (checked, error) {
	data, err := o.read(name)
	if err != nil {
		return checked{}, err
	}
	run := lint.Lint
	if o.Fix {
		run = lint.Fix
	}
	result, err := run(lint.Input{
		Name: name, Data: data, Pack: spec.PackKind(o.Pack), Cloud: o.Cloud, Refuse: []string{spec.Kind, lock.Kind},
	})
	var other *lint.OtherKindError
	switch {
	case errors.As(err, &other) && other.Kind == spec.Kind:
		return checked{}, failure.Usage("check it with `doctor -f "+name+"`; lint is for pack values", "%s is a spec", name)
	case errors.As(err, &other):
		return checked{}, failure.Usage("check it with `verify`; lint is for pack values", "%s is a lock", name)
	case err != nil:
		return checked{}, &failure.Error{Code: failure.ExitUsage, Err: err, Next: "give a values file, a profile or a Markdown page"}
	}
	return checked{name, data, result}, nil
}

func (o *Options) read(name string) ([]byte, error) {
	if name == stdin {
		return io.ReadAll(o.Invocation.In)
	}
	data, err := os.ReadFile(o.Invocation.Path(name))
	if err != nil {
		return nil, &failure.Error{Code: failure.ExitUsage, Summary: "cannot read " + name, Err: errors.Unwrap(err), Next: "check the path"}
	}
	return data, nil
}

// write puts fixed data back, when all files are fixed; that of stdin goes to
// stdout, fixed or not.
func (o *Options) write(ctx context.Context, files []checked) error {
	var outputs []wholefile.File
	for _, c := range files {
		if c.name != stdin {
			outputs = append(outputs, wholefile.File{Path: o.Invocation.Path(c.name), Name: c.name, Read: c.data, Data: c.Text})
		}
	}
	if _, err := (wholefile.Guard{}).Write(ctx, outputs...); err != nil {
		return err
	}
	for _, c := range files {
		if c.name == stdin {
			if _, err := o.Invocation.Out.Write(c.Text); err != nil {
				return err
			}
		}
		if c.Fixed > 0 {
			fmt.Fprintf(o.Invocation.ErrOut, "%s: fixed %d finding(s)\n", text.HarmlessLine(c.name), c.Fixed)
		}
	}
	return nil
}
