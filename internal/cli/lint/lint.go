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

// Item is one item of `-o json`.
type Item struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Severity string `json:"severity"`
	Rule     string `json:"rule"`
	Message  string `json:"message"`
	Fixable  bool   `json:"fixable"`
}

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
	var items []Item
	for _, file := range files {
		items = append(items, itemsOf(file.name, file.findings)...)
	}
	if err := o.print(items); err != nil {
		return err
	}
	for _, item := range items {
		if item.Severity == string(lint.Error) {
			return failure.ErrDifference
		}
	}
	return nil
}

func (o *Options) print(items []Item) error {
	if !o.Print.ForPeople() {
		return o.Print.List(list(items))
	}
	out := o.Invocation.Out
	if o.Fix && slices.Contains(o.Files, stdin) {
		// stdout has the fixed text.
		out = o.Invocation.ErrOut
	}
	fixable := 0
	for _, item := range items {
		fmt.Fprintf(out, "%s:%d:%d: %s: %s (%s)\n", text.HarmlessLine(item.File), item.Line, item.Column, item.Severity, text.Harmless(item.Message), item.Rule)
		if item.Fixable {
			fixable++
		}
	}
	switch {
	case len(items) == 0:
		fmt.Fprintln(o.Invocation.ErrOut, "no findings")
	case fixable > 0:
		fmt.Fprintf(o.Invocation.ErrOut, "next: --fix fixes %d of %d\n", fixable, len(items))
	}
	return nil
}

func list(items []Item) output.List {
	return output.NewList("FindingList", nil, items, func(i Item) (string, []string) {
		return fmt.Sprintf("%s:%d:%d", i.File, i.Line, i.Column), nil
	})
}

// checked is a file that was linted.
type checked struct {
	name        string
	data, fixed []byte
	// findings are those that are left; repaired counts the others.
	findings []lint.Finding
	repaired int
}

// file lints one file and, with --fix, works out what it becomes.
func (o *Options) file(name string) (checked, error) {
	data, err := o.read(name)
	if err != nil {
		return checked{}, err
	}
	c := checked{name: name, data: data, fixed: data}
	if c.findings, err = o.lint(name, data); err != nil || !o.Fix {
		return c, err
	}
	found := len(c.findings)
	if c.fixed, c.findings, err = o.fixAll(name, data, c.findings); err != nil {
		return checked{}, fmt.Errorf("cannot fix %s: %w", name, err)
	}
	c.repaired = found - len(c.findings)
	return c, nil
}

// fixAll fixes until nothing is left that can be, and returns what is left.
func (o *Options) fixAll(name string, data []byte, findings []lint.Finding) ([]byte, []lint.Finding, error) {
	for range lint.MaxRounds {
		fixed, err := lint.Fix(data, findings)
		if err != nil {
			return nil, nil, err
		}
		if string(fixed) == string(data) {
			break
		}
		data = fixed
		if findings, err = o.lint(name, data); err != nil {
			return nil, nil, err
		}
	}
	return data, findings, nil
}

func (o *Options) lint(name string, data []byte) ([]lint.Finding, error) {
	findings, err := lint.Lint(lint.Input{
		Name: name, Data: data, Pack: spec.PackKind(o.Pack), Cloud: o.Cloud, Refuse: []string{spec.Kind, lock.Kind},
	})
	var other *lint.OtherKindError
	switch {
	case errors.As(err, &other) && other.Kind == spec.Kind:
		return nil, failure.Usage("check it with `doctor -f "+name+"`; lint is for pack values", "%s is a spec", name)
	case errors.As(err, &other):
		return nil, failure.Usage("check it with `verify`; lint is for pack values", "%s is a lock", name)
	}
	if err != nil {
		return nil, &failure.Error{Code: failure.ExitUsage, Err: err, Next: "give a values file, a profile or a Markdown page"}
	}
	return findings, nil
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
			outputs = append(outputs, wholefile.File{Path: o.Invocation.Path(c.name), Name: c.name, Read: c.data, Data: c.fixed})
		}
	}
	if _, err := (wholefile.Guard{}).Write(ctx, outputs...); err != nil {
		return err
	}
	for _, c := range files {
		if c.name == stdin {
			if _, err := o.Invocation.Out.Write(c.fixed); err != nil {
				return err
			}
		}
		if c.repaired > 0 {
			fmt.Fprintf(o.Invocation.ErrOut, "%s: fixed %d finding(s)\n", text.HarmlessLine(c.name), c.repaired)
		}
	}
	return nil
}

func itemsOf(name string, findings []lint.Finding) []Item {
	all := make([]Item, len(findings))
	for i, f := range findings {
		all[i] = Item{
			File: name, Line: f.Line, Column: f.Column, Severity: string(f.Severity), Rule: string(f.Rule),
			Message: f.Message, Fixable: f.Fix != nil,
		}
	}
	return all
}
