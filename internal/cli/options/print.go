// Package options holds groups of flags that commands share. Each group adds
// its flags and turns them into what the packages without flags take.
package options

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
)

// Print prints the list of a command in the format that its flags choose.
type Print struct {
	Output    string
	NoHeaders bool
	// Own are formats that the command's list has beside those of all.
	Own []string

	printer *output.Printer
	streams *invocation.Invocation
}

// AddFlags adds -o and --no-headers.
func (p *Print) AddFlags(flags *pflag.FlagSet) {
	flags.StringVarP(&p.Output, "output", "o", "", "output format: "+strings.Join(p.formats(), "|"))
	flags.BoolVar(&p.NoHeaders, "no-headers", false, "print tables without the header line")
}

// Complete offers the formats.
func (p *Print) Complete(cmd *cobra.Command, _ *invocation.Invocation) {
	CompleteFlag(cmd, "output", p.formats()...)
}

func (p *Print) formats() []string { return slices.Concat(p.Own, output.Formats()) }

// Open makes the printer, whose template may come through a pipe, until ctx ends.
func (p *Print) Open(ctx context.Context, inv *invocation.Invocation) (err error) {
	p.streams = inv
	p.printer, err = interrupt.Run(ctx, func() (*output.Printer, error) { return output.New(p.Output, p.NoHeaders, p.Own...) })
	return err
}

// Chosen tells whether a format was asked for: some commands have a form of their own
// for people.
func (p *Print) Chosen() bool { return p.Output != "" }

// ForPeople tells whether the format is a table.
func (p *Print) ForPeople() bool { return p.printer.ForPeople() }

// List prints a list.
func (p *Print) List(list output.List) error {
	return p.printer.Print(list, p.streams.Out, p.streams.ErrOut)
}
