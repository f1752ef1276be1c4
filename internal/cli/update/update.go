// Package update is the command that moves a lock to the newest picks.
package update

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
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

// Change is one entry that changes; it is one item of `-o json`.
type Change struct {
	Pack string `json:"pack"`
	// Reason is newer, older, gone (the old image is no more), new, removed,
	// specChanged, damaged (the old entry did not fit its digest), or changed: what is
	// known of the same image is another.
	Reason string       `json:"reason"`
	Old    *image.Image `json:"old,omitempty"`
	New    *image.Image `json:"new,omitempty"`

	entry *lock.Entry
}

func (o *Options) run(ctx context.Context) error {
	show, err := o.shower(ctx)
	if err != nil {
		return err
	}
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
	pick, left, err := o.pick(ctx, session)
	if err != nil {
		return err
	}
	var s steps
	apply := func(file *lock.File) error {
		if !o.DryRun {
			pick.before = images(file.Earlier(before))
		}
		if err := o.askForOld(ctx, session, pick, file); err != nil {
			return err
		}
		s = pick.compare(file, len(o.Packs) == 0)
		return put(file, s.changes)
	}
	if o.DryRun {
		err = lock.Peek(ctx, path, name, apply)
	} else {
		err = lock.Change(ctx, path, name, apply)
	}
	session.Close()
	if err != nil {
		return err
	}
	if err := show(s.changes); err != nil {
		return err
	}
	for _, note := range s.kept {
		fmt.Fprintf(o.Invocation.ErrOut, "note: %s\n", text.HarmlessLine(note))
	}
	left = failure.Join(append(s.stale, left)...)
	o.summarise(name, s.changes, left != nil || len(s.kept) > 0)
	if left != nil {
		return left
	}
	if o.ExitCode && len(s.changes) > 0 {
		return failure.ErrDifference
	}
	return nil
}

// images are those of a lock's entries; nil when there is no lock.
func images(file *lock.File) map[string]image.Image {
	if file == nil {
		return nil
	}
	images := map[string]image.Image{}
	for _, name := range file.Names() {
		if entry, ok := file.Entry(name); ok {
			images[name] = entry.Image
		}
	}
	return images
}

// pick picks anew. Packs whose sources failed are left out where --allow-partial
// goes on without them, and left says why.
func (o *Options) pick(ctx context.Context, session *options.Session) (p *picked, left error, err error) {
	packs, err := session.Packs(o.Packs)
	if err != nil {
		return nil, nil, err
	}
	// What sources of other packs say against an image counts for these, too.
	all, err := session.Packs(nil)
	if err != nil {
		return nil, nil, err
	}
	picks, results, err := session.Picks(ctx, all)
	if err != nil {
		return nil, nil, err
	}
	names := map[string]bool{}
	for _, pack := range packs {
		names[pack.Name] = pack.NeedsImage()
	}
	picks = slices.DeleteFunc(picks, func(pick pipeline.Pick) bool { _, named := names[pick.Pack.Name]; return !named })
	options.PrintNotes(o.Invocation.ErrOut, picks)
	if o.Run.Host.AllowPartial {
		picks, left = pipeline.Heard(picks)
	}
	entries, err := session.Entries(picks, results)
	if err != nil {
		return nil, nil, failure.Join(err, left)
	}
	p = &picked{entries: entries, picks: map[string]pipeline.Pick{}, names: names, gone: map[string]bool{}, open: map[string]string{}}
	for _, pick := range picks {
		p.picks[pick.Pack.Name] = pick
	}
	return p, left, nil
}

func put(file *lock.File, changes []Change) error {
	for _, change := range changes {
		if change.entry == nil {
			file.Remove(change.Pack)
			continue
		}
		if err := file.Put(*change.entry); err != nil {
			return err
		}
	}
	return nil
}

// summarise says what was done; kept tells that nobody knows whether there is more.
func (o *Options) summarise(name string, changes []Change, kept bool) {
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

// shower returns what prints changes in the format asked for.
func (o *Options) shower(ctx context.Context) (func([]Change) error, error) {
	if o.Print.Output == formatMarkdown {
		return func(changes []Change) error { return printMarkdown(changes, o.Invocation.Out) }, nil
	}
	printer, err := o.Print.Printer(ctx)
	if err != nil {
		return nil, err
	}
	return func(changes []Change) error {
		if len(changes) == 0 && printer.ForPeople() {
			return nil
		}
		return printer.Print(list(changes), o.Invocation.Out, o.Invocation.ErrOut)
	}, nil
}
