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

// Print chooses the output format of a list.
type Print struct {
	Output    string
	NoHeaders bool
	// Own are formats that the command's list has beside those of all.
	Own []string
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

// Printer returns the printer that the flags ask for; its template may come through
// a pipe, until ctx ends.
func (p *Print) Printer(ctx context.Context) (*output.Printer, error) {
	return interrupt.Run(ctx, func() (*output.Printer, error) { return output.New(p.Output, p.NoHeaders, p.Own...) })
}

// Chosen is Printer for commands with a form of their own for people: nil when no
// format was asked for.
func (p *Print) Chosen(ctx context.Context) (*output.Printer, error) {
	if p.Output == "" {
		return nil, nil
	}
	return p.Printer(ctx)
}
