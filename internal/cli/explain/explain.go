// Package explain is the command that tells why an image was picked.
package explain

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
)

// Options of the command.
type Options struct {
	Invocation *invocation.Invocation
	Run        options.Run
	Lock       options.Lock
	Print      options.Print
	Packs      []string
}

// NewCommand returns the command; run is nil, or what a test runs in its place.
func NewCommand(inv *invocation.Invocation, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Invocation: inv, Run: options.Run{Explain: true}}
	cmd := options.Command[Options]{
		Use:   "explain [PACK...]",
		Short: "Tell why each pack gets its image",
		Long: `For each pack: how many candidates there are, the image that is picked and where
each of its fields came from, the order of those that fit, and for each of the
others the rule that dropped it.

The exit code is that of render, so a pack without an image gives 3, or 4 when a source of it failed (--allow-partial).`,
		Examples: []string{
			"explain",
			"explain aws-east",
			"explain --ignore-lock -o json",
		},
		Args:   &o.Packs,
		Groups: []options.Group{&o.Run, &o.Lock, &o.Print},
		Run:    o.run,
	}.New(inv, o, run)
	cmd.ValidArgsFunction = o.Run.Spec.CompletePacks(inv)
	return cmd
}

func (o *Options) run(ctx context.Context) error {
	picked, err := o.Run.Pick(ctx, o.Invocation, &o.Lock, o.Packs)
	if err != nil {
		return err
	}
	explained, failed := pipeline.Explain(picked.Picks, picked.Lock)
	if ctx.Err() != nil {
		return interrupt.Error(ctx)
	}
	if o.Print.ForPeople() {
		err = printText(explained, o.Invocation.Out)
	} else {
		err = o.Print.List(list(explained))
	}
	if err != nil {
		return err
	}
	return failed
}

func list(explained []pipeline.Explanation) output.List {
	l := output.List{Kind: "PickList"}
	for _, e := range explained {
		l.Items = append(l.Items, e)
		if e.Picked != nil {
			l.Names = append(l.Names, e.Picked.ID)
		}
	}
	return l
}
