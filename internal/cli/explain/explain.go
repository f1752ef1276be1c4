// Package explain is the command that tells why an image was picked.
package explain

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
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

// Item explains one pack; it is one item of `-o json`.
type Item struct {
	Name string `json:"name"`
	Pack string `json:"pack"`
	// Lock is the lock that the pick is from; there are no candidates then.
	Lock       string       `json:"lock,omitempty"`
	Candidates int          `json:"candidates"`
	Picked     *image.Image `json:"picked,omitempty"`
	// DecidedBy is what put the pick before the next: createdAt, version, peVersion or id.
	DecidedBy string `json:"decidedBy,omitempty"`
	// Ranked are the images that fit, best first.
	Ranked []*image.Image `json:"ranked"`
	// Tied are the images that share the newest creation time.
	Tied    []*image.Image   `json:"tied,omitempty"`
	Dropped []selection.Drop `json:"dropped"`
	// Merged are the images among them that were found more than once.
	Merged []image.Merge `json:"merged,omitempty"`
	// Fields are the parameters of the pack and where each value came from.
	Fields []Field  `json:"fields,omitempty"`
	Notes  []string `json:"notes,omitempty"`
	// Error says why there is no pick, or no values.
	Error string `json:"error,omitempty"`
}

// Field is one parameter of the pack and where its value came from.
type Field struct {
	Path  string `json:"path"`
	Value string `json:"value"`
	image.Provenance
}

func (o *Options) run(ctx context.Context) error {
	picked, err := o.Run.Pick(ctx, o.Invocation, &o.Lock, o.Packs)
	if err != nil {
		return err
	}
	items, failed := explainAll(picked)
	if ctx.Err() != nil {
		return interrupt.Error(ctx)
	}
	if o.Print.ForPeople() {
		err = printText(items, o.Invocation.Out)
	} else {
		err = o.Print.List(list(items))
	}
	if err != nil {
		return err
	}
	return failure.Join(failed...)
}

// explainAll explains every pack, with the failures of those without values.
func explainAll(picked *options.Picked) ([]Item, []error) {
	items := make([]Item, len(picked.Picks))
	var failed []error
	for i, pick := range picked.Picks {
		item, err := explain(pick)
		if err != nil {
			item.Error = err.Error()
			failed = append(failed, err)
		}
		item.Lock = picked.Lock
		items[i] = item
	}
	return items, failed
}

func explain(pick pipeline.Pick) (Item, error) {
	outcome := pick.Outcome
	item := Item{
		Name: pick.Pack.Name, Pack: string(pick.Pack.Pack),
		Candidates: len(outcome.Ranked) + len(outcome.Dropped),
		Picked:     pick.Image, DecidedBy: outcome.DecidedBy,
		Ranked: outcome.Ranked, Tied: outcome.Tie, Dropped: outcome.Dropped, Notes: pick.Notes(), Merged: outcome.Merged,
	}
	// Empty lists, not null, for the programs that read the JSON.
	if item.Ranked == nil {
		item.Ranked = []*image.Image{}
	}
	if item.Dropped == nil {
		item.Dropped = []selection.Drop{}
	}
	if pick.Err != nil {
		return item, pick.Err
	}
	values, err := pick.Values()
	if err != nil {
		return item, err
	}
	for _, field := range values.Fields {
		item.Fields = append(item.Fields, Field{Path: strings.Join(field.Path, "."), Value: field.Value, Provenance: field.Provenance})
	}
	return item, nil
}

func list(items []Item) output.List {
	l := output.List{Kind: "PickList"}
	for _, item := range items {
		l.Items = append(l.Items, item)
		if item.Picked != nil {
			l.Names = append(l.Names, item.Picked.ID)
		}
	}
	return l
}
