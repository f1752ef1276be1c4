// Package update is the command that moves a lock to the newest picks.
package update

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// Options of the command.
type Options struct {
	Invocation *invocation.Invocation
	Run        options.Run
	Lock       options.Lock
	Print      options.Print
	Packs      []string
	DryRun     bool
	ExitCode   bool
}

// formatMarkdown is the one output format that other commands lack.
const formatMarkdown = "markdown"

// NewCommand returns the command; run is nil, or what a test runs in its place.
func NewCommand(inv *invocation.Invocation, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Invocation: inv, Print: options.Print{Own: []string{formatMarkdown}}}
	cmd := options.Command[Options]{
		Use:   "update [PACK...]",
		Short: "Move the lock to the newest picks, showing what changes",
		Long: `Pick anew for every pack, or only for those named, show the old and the new image
side by side with the reason, and rewrite only those entries of the lock. Entries
of packs that the spec no longer has are removed. All sources of the spec are asked,
whichever packs are named; those that no pack picks from, for images that are only
on record.

With --allow-partial, a pack of which a source failed keeps its image unless the
other sources have a newer one; when the spec changed, that is exit code 4.`,
		Examples: []string{
			"update --dry-run",
			"update --pack aws-east",
			"update --dry-run --exit-code -o markdown",
		},
		Args:   &o.Packs,
		Groups: []options.Group{&o.Run.Host, options.Flags(o.Lock.AddFileFlag), &o.Print},
		Run:    o.run,
	}.New(inv, o, run)
	flags := cmd.Flags()
	flags.StringVarP(&o.Run.Spec.File, "filename", "f", "", "the spec; - for stdin (default "+options.DefaultSpecFile+")")
	flags.StringSliceVar(&o.Packs, "pack", nil, "update only this pack; may be repeated")
	flags.BoolVar(&o.DryRun, "dry-run", false, "show what would change, and write nothing")
	flags.BoolVar(&o.ExitCode, "exit-code", false, "exit with 1 when something changes")
	cmd.ValidArgsFunction = o.Run.Spec.CompletePacks(inv)
	_ = cmd.RegisterFlagCompletionFunc("pack", cmd.ValidArgsFunction)
	return cmd
}

func (o *Options) run(ctx context.Context) error {
	session, err := o.Run.Open(ctx, o.Invocation)
	if err != nil {
		return err
	}
	defer session.Close()
	session.AskUnused = true
	path, name, err := o.Lock.Place(o.Invocation, session.Document)
	if err != nil {
		return err
	}
	// Asking the sources may take a while. A dry run writes nothing, and its lock may be a
	// pipe, which is read once.
	var before []byte
	if !o.DryRun {
		before, _ = interrupt.ReadFile(ctx, path) // what cannot be read is told when it is to be changed
	}
	update, results, err := session.Update(ctx, o.Packs)
	if err != nil {
		return err
	}
	options.PrintNotes(o.Invocation.ErrOut, update.Picks)
	entries, left, err := session.Entries(update.Picks, results)
	if err != nil {
		return err
	}
	update.Entries = entries
	var steps *pipeline.Steps
	change := lock.Change
	if o.DryRun {
		change = lock.Peek
	}
	err = change(ctx, path, name, func(file *lock.File) (err error) {
		if !o.DryRun {
			update.Before = file.Earlier(before)
		}
		if steps, err = session.Compare(ctx, update, file); err != nil {
			return err
		}
		return steps.Put(file)
	})
	session.Close()
	if err != nil {
		return err
	}
	if len(steps.Changes) > 0 || !o.Print.ForPeople() {
		if err := o.Print.List(list(steps.Changes)); err != nil {
			return err
		}
	}
	return o.tell(name, steps, left)
}

// tell says what became of the lock; left is the failure of packs that were left out.
func (o *Options) tell(name string, steps *pipeline.Steps, left error) error {
	for _, note := range steps.Kept {
		fmt.Fprintf(o.Invocation.ErrOut, "note: %s\n", text.HarmlessLine(note))
	}
	left = failure.Join(steps.Stale, left)
	o.summarise(name, steps.Changes, left != nil || len(steps.Kept) > 0)
	if left != nil {
		return left
	}
	if o.ExitCode && len(steps.Changes) > 0 {
		return failure.ErrDifference
	}
	return nil
}

// summarise says what was done; kept tells that nobody knows whether there is more.
func (o *Options) summarise(name string, changes []pipeline.Change, kept bool) {
	switch {
	case len(changes) == 0 && kept:
		fmt.Fprintf(o.Invocation.ErrOut, "%s stays as it is\n", name)
	case len(changes) == 0:
		fmt.Fprintf(o.Invocation.ErrOut, "%s is up to date\n", name)
	case o.DryRun:
		fmt.Fprintf(o.Invocation.ErrOut, "%d change(s); nothing is written (--dry-run)\n", len(changes))
	default:
		fmt.Fprintf(o.Invocation.ErrOut, "wrote %s: %d change(s)\n", name, len(changes))
	}
}
