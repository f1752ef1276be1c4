// Package verify is the command that tells when a pick went stale.
package verify

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// Options of the command.
type Options struct {
	Invocation *invocation.Invocation
	Run        options.Run
	Lock       options.Lock
	Print      options.Print
	ValuesFile string
	// FromLock asks for the lock, which is the default, by name.
	FromLock bool
	IDs      []string
}

// NewCommand returns the command; run is nil, or what a test runs in its place.
func NewCommand(inv *invocation.Invocation, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Invocation: inv}
	cmd := options.Command[Options]{
		Use:   "verify [ID...]",
		Short: "Tell whether picked images are still good",
		Long: `Ask the sources what became of the images of the lock, of a values file, or of ids:
whether each exists and is available, is not deprecated or past its end of life, and
is still in the region and of the architecture that was picked. A stale image of the
lock is shown with what would be picked now. With --region, an image that no region is
known of must be good there, or in one of several regions.

Exit code 1 when an image is stale, 4 when one could not be asked for.`,
		Examples: []string{
			"verify",
			"verify --values profile/os.yaml",
			"verify ami-0123456789abcdef0 -o json",
		},
		Args:   &o.IDs,
		Groups: []options.Group{&o.Run, options.Flags(o.Lock.AddFileFlag), &o.Print},
		Check:  o.validate,
		Run:    o.run,
	}.New(inv, o, run)
	cmd.Flags().BoolVar(&o.FromLock, "lock", false, "verify the images of the lock (the default)")
	cmd.Flags().StringVar(&o.ValuesFile, "values", "", "verify the images of this values file, in place of the lock")
	return cmd
}

// Item is one item of `-o json`.
type Item struct {
	Pack    string       `json:"pack,omitempty"`
	ID      string       `json:"id"`
	Region  string       `json:"region,omitempty"`
	Source  string       `json:"source,omitempty"`
	Status  string       `json:"status"`
	Reasons []string     `json:"reasons,omitempty"`
	Notes   []string     `json:"notes,omitempty"`
	Nearest *image.Image `json:"nearest,omitempty"`
}

func (o *Options) run(ctx context.Context) error {
	session, err := o.Run.Open(ctx, o.Invocation)
	if err != nil {
		return err
	}
	defer session.Close()
	session.AskUnused = true
	subjects, err := o.subjects(ctx, session)
	if err != nil {
		return err
	}
	verified, failed := session.VerifyIn(ctx, o.Run.Spec.Pack.Matrix.Region, subjects)
	if verified == nil && failed != nil {
		return failed
	}
	if failed == nil {
		switch err := session.Nearest(ctx, verified); {
		case ctx.Err() != nil:
			return interrupt.Error(ctx)
		case err != nil:
			fmt.Fprintf(o.Invocation.ErrOut, "note: no replacement can be shown: %s\n", err)
		}
	}
	session.Close()
	if err := o.Print.List(list(verified)); err != nil {
		return err
	}
	return cmp.Or(failed, pipeline.Verdict(verified))
}

// validate refuses more than one thing to verify.
func (o *Options) validate() error {
	var what []string
	if o.FromLock {
		what = append(what, "--lock")
	}
	if o.ValuesFile != "" {
		what = append(what, "--values")
	}
	if len(o.IDs) > 0 {
		what = append(what, "ids")
	}
	if len(what) > 1 {
		return failure.Usage("drop all but one of them", "%s exclude each other", strings.Join(what, " and "))
	}
	return nil
}

// subjects are what the flags ask to verify.
func (o *Options) subjects(ctx context.Context, session *options.Session) ([]pipeline.Subject, error) {
	switch {
	case o.ValuesFile != "":
		data, err := options.ReadInput(ctx, o.Invocation, o.ValuesFile, "the values", "--values")
		if err != nil {
			return nil, err
		}
		return pipeline.SubjectsOfValues(data, o.ValuesFile)
	case len(o.IDs) > 0:
		return session.SubjectsOfIDs(o.IDs)
	}
	return o.locked(ctx, session)
}

func (o *Options) locked(ctx context.Context, session *options.Session) ([]pipeline.Subject, error) {
	o.Lock.Locked = true
	file, name, err := o.Lock.Load(ctx, o.Invocation, session.Document)
	if err != nil {
		return nil, err
	}
	subjects, missing, err := session.SubjectsOfLock(file)
	if len(missing) > 0 {
		fmt.Fprintf(o.Invocation.ErrOut, "note: %s lacks packs of the spec, which `%s update` adds: %s\n",
			name, o.Invocation.DisplayName(), text.HarmlessLine(pipeline.Names(missing)))
	}
	return subjects, err
}

func list(verified []pipeline.Verification) output.List {
	items := make([]Item, len(verified))
	for i, v := range verified {
		items[i] = Item{
			Pack: v.Pack, ID: v.Image.ID, Region: v.Image.Region, Source: v.Source,
			Status: string(v.Status), Reasons: v.Reasons, Notes: v.Notes, Nearest: v.Nearest,
		}
	}
	l := output.NewList("VerificationList", []output.Column{
		{Name: "PACK"}, {Name: "STATUS"}, {Name: "ID"}, {Name: "REGION"}, {Name: "SOURCE", Wide: true}, {Name: "REASON"}, {Name: "NEAREST"},
	}, items, func(i Item) (string, []string) {
		nearest := ""
		if i.Nearest != nil {
			nearest = i.Nearest.ID
		}
		return i.ID, []string{i.Pack, i.Status, i.ID, i.Region, i.Source, strings.Join(slices.Concat(i.Reasons, i.Notes), "; "), nearest}
	})
	l.Table.Empty = "nothing to verify"
	return l
}
