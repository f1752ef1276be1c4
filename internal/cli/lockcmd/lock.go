// Package lockcmd is the command lock, which writes down the picks.
package lockcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
)

// Options of the command.
type Options struct {
	Invocation *invocation.Invocation
	Run        options.Run
	Lock       options.Lock
	Force      bool
}

// NewCommand returns the command; run is nil, or what a test runs in its place.
func NewCommand(inv *invocation.Invocation, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Invocation: inv}
	cmd := options.Command[Options]{
		Use:   "lock",
		Short: "Write down the image of every pack",
		Long: `Pick an image for every pack and write the picks into byoos.lock, to be committed.
render and explain use it from then on, without asking any source. A pack that could
not be rendered is not locked. A lock that exists is kept: update changes its entries
and shows what changes.`,
		Examples: []string{
			"lock",
			"lock -f production.yaml",
			"lock --force                 # write it anew",
		},
		Groups: []options.Group{&o.Run, options.Flags(o.Lock.AddFileFlag)},
		Run:    o.run,
	}.New(inv, o, run)
	cmd.Flags().BoolVar(&o.Force, "force", false, "write a lock that exists anew, whatever it holds")
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
	// Write checks it again: this spares the sources.
	if err := lock.CheckWrite(path, name, o.Force); err != nil {
		return o.explain(name, err)
	}
	packs, err := session.Packs(nil)
	if err != nil {
		return err
	}
	picks, results, err := session.Picks(ctx, packs)
	if err != nil {
		return err
	}
	session.Close()
	options.PrintNotes(o.Invocation.ErrOut, picks)
	if err := o.keepsOthers(path, name, picks); err != nil {
		return err
	}
	entries, left, err := session.Entries(picks, results)
	if err != nil {
		return err
	}
	if err := lock.Write(ctx, path, name, entries, o.Force); err != nil {
		return o.explain(name, err)
	}
	fmt.Fprintf(o.Invocation.ErrOut, "wrote %s: %d image(s)\n", name, len(entries))
	return left
}

// keepsOthers refuses to replace a lock when a source failed: entries that nobody
// could look at would be lost, and others moved back.
func (o *Options) keepsOthers(path, name string, picks []pipeline.Pick) error {
	failed := slices.ContainsFunc(picks, func(p pipeline.Pick) bool { return len(p.FailedSources) > 0 })
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) || !failed {
		return nil
	}
	return &failure.Error{
		Code: failure.ExitSource, Summary: name + " is kept: a source failed, and what it has cannot be locked anew",
		Next: "run `" + o.Invocation.DisplayName() + " update --allow-partial`, which keeps the entries of its packs",
	}
}

// explain says what to do about a lock that exists.
func (o *Options) explain(name string, err error) error {
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	return failure.Usage("change it with `"+o.Invocation.DisplayName()+" update`, or write it anew with --force", "%s exists", name)
}
