// Package update is the command that moves a lock to the newest picks.
package update

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
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

// NewCommand returns the command.
func NewCommand(inv *invocation.Invocation) *cobra.Command {
	o := &Options{Invocation: inv}
	cmd := &cobra.Command{
		Use:   "update [PACK...]",
		Short: "Move the lock to the newest picks, showing what changes",
		Long: `Pick anew for every pack, or only for those named, show the old and the new image
side by side with the reason, and rewrite only those entries of the lock. Entries
of packs that the spec no longer has are removed.`,
		Example: options.Examples(inv.DisplayName(),
			"update --dry-run",
			"update --pack aws-east",
			"update --dry-run --exit-code -o markdown"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Packs = append(o.Packs, args...)
			return o.run(cmd.Context())
		},
	}
	o.Run.Host.AddFlags(cmd.Flags())
	o.Lock.AddFileFlag(cmd.Flags())
	flags := cmd.Flags()
	flags.StringVarP(&o.Run.Spec.File, "filename", "f", "", "the spec; - for stdin (default "+options.DefaultSpecFile+")")
	flags.StringVarP(&o.Print.Output, "output", "o", "", "output format: "+formatMarkdown+"|"+strings.Join(output.Formats(), "|"))
	flags.BoolVar(&o.Print.NoHeaders, "no-headers", false, "print tables without the header line")
	flags.StringSliceVar(&o.Packs, "pack", nil, "update only this pack; may be repeated")
	flags.BoolVar(&o.DryRun, "dry-run", false, "show what would change, and write nothing")
	flags.BoolVar(&o.ExitCode, "exit-code", false, "exit with 1 when something changes")
	options.CompleteOutput(cmd, formatMarkdown)
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
	path, name, err := o.Lock.Place(o.Invocation, session.Document)
	if err != nil {
		return err
	}
	pick, err := o.pick(ctx, session)
	if err != nil {
		return err
	}
	session.Close()
	var changes []Change
	apply := func(file *lock.File) error {
		changes = pick.changes(file, len(o.Packs) == 0)
		return put(file, changes)
	}
	if o.DryRun {
		err = lock.Peek(path, name, apply)
	} else {
		err = lock.Change(ctx, path, name, apply)
	}
	if err != nil {
		return err
	}
	if err := show(changes); err != nil {
		return err
	}
	o.summarise(name, changes)
	if o.ExitCode && len(changes) > 0 {
		return failure.ErrDifference
	}
	return nil
}

// picked is what update knows before it looks at the lock.
type picked struct {
	entries []lock.Entry
	// known are the images that the sources have, to tell a gone one.
	known map[string]bool
	names map[string]bool
}

func (o *Options) pick(ctx context.Context, session *options.Session) (*picked, error) {
	packs, err := session.Packs(o.Packs)
	if err != nil {
		return nil, err
	}
	picks, results, err := session.Picks(ctx, packs)
	if err != nil {
		return nil, err
	}
	options.PrintNotes(o.Invocation.ErrOut, picks)
	entries, err := session.Entries(picks, results)
	if err != nil {
		return nil, err
	}
	p := &picked{entries: entries, known: map[string]bool{}, names: map[string]bool{}}
	for _, result := range results {
		for _, img := range result.Images {
			p.known[knownKey(img)] = true
		}
	}
	for _, entry := range entries {
		p.names[entry.Name] = true
	}
	return p, nil
}

func knownKey(img image.Image) string { return img.Source + "\x00" + img.Region + "\x00" + img.ID }

// changes compares the picks with a lock; removeOthers drops the entries of packs
// that were not picked for.
func (p *picked) changes(file *lock.File, removeOthers bool) []Change {
	var changes []Change
	for _, entry := range p.entries {
		old, ok := file.Entry(entry.Name)
		reason := p.reason(old, ok, entry)
		if file.Damaged(entry.Name) {
			reason = "damaged"
		}
		if reason == "" {
			continue
		}
		change := Change{Pack: entry.Name, Reason: reason, New: &entry.Image, entry: &entry}
		if ok {
			change.Old = &old.Image
		}
		changes = append(changes, change)
	}
	if removeOthers {
		for _, name := range file.Names() {
			if !p.names[name] {
				change := Change{Pack: name, Reason: "removed"}
				if old, ok := file.Entry(name); ok {
					change.Old = &old.Image
				}
				changes = append(changes, change)
			}
		}
	}
	return changes
}

// reason says why an entry changes; empty when it stays as it is.
func (p *picked) reason(old lock.Entry, exists bool, entry lock.Entry) string {
	switch {
	case !exists:
		return "new"
	case old.SpecDigest != entry.SpecDigest:
		return "specChanged"
	case lock.SameImage(old.Image, entry.Image):
		return ""
	case sameID(old.Image, entry.Image):
		return "changed"
	case createdBefore(old.Image, entry.Image):
		return "newer"
	case !p.known[knownKey(old.Image)]:
		return "gone"
	case createdBefore(entry.Image, old.Image):
		return "older"
	}
	return "changed"
}

func sameID(a, b image.Image) bool { return a.ID == b.ID && a.Region == b.Region }

func createdBefore(a, b image.Image) bool {
	return a.CreatedAt != nil && b.CreatedAt != nil && a.CreatedAt.Before(*b.CreatedAt)
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

func (o *Options) summarise(name string, changes []Change) {
	switch {
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
