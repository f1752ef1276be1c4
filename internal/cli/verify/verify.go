// Package verify is the command that tells when a pick went stale.
package verify

import (
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
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pack"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
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
	printer, err := o.Print.Printer(ctx)
	if err != nil {
		return err
	}
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
	subjects, of := placed(subjects, o.Run.Spec.Pack.Matrix.Region)
	verified, failed := session.Verify(ctx, session.Host, subjects)
	verified = joined(verified, of)
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
	if err := printer.Print(list(verified), o.Invocation.Out, o.Invocation.ErrOut); err != nil {
		return err
	}
	return verdict(verified, failed)
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

// verdict keeps apart what is stale and what could not be asked: as long as
// something is unknown the answer is not complete.
func verdict(verified []pipeline.Verification, failed error) error {
	switch {
	case failed != nil:
		return failed
	case pipeline.Unknown(verified):
		return &failure.Error{
			Code: failure.ExitSource, Summary: "not every image could be verified",
			Next: "see the reasons above; the source's plugin may lack verification, or the spec the source",
		}
	case pipeline.Stale(verified):
		return failure.ErrDifference
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
		images, err := pack.ImagesOf(data, o.ValuesFile)
		if err != nil {
			return nil, err
		}
		subjects := make([]pipeline.Subject, len(images))
		for i, img := range images {
			subjects[i].Image = *img
		}
		return subjects, nil
	case len(o.IDs) > 0:
		if err := noPacks(session.Document.Set, o.IDs); err != nil {
			return nil, err
		}
		return subjectsFor(o.IDs)
	}
	return o.locked(ctx, session)
}

// placed puts images that no region is known of where --region says: one that is elsewhere
// is not good there. It is asked for in each of several regions; of tells which subjects
// are one image.
func placed(subjects []pipeline.Subject, regions []string) (in []pipeline.Subject, of []int) {
	for i, subject := range subjects {
		// An id that has parts, as that of a registry, has no region.
		if subject.Image.Region != "" || len(regions) == 0 || len(regions) > 1 && image.HasParts(subject.Image.Provider) {
			in, of = append(in, subject), append(of, i)
			continue
		}
		for _, region := range regions {
			subject.Image.Region = region
			in, of = append(in, subject), append(of, i)
		}
	}
	return in, of
}

// joined leaves out where an image is not good when it is in another of its regions, with a
// note: an AMI is in one region only.
func joined(verified []pipeline.Verification, of []int) []pipeline.Verification {
	var all []pipeline.Verification
	for from := 0; from < len(verified); {
		to := from + 1
		for to < len(verified) && of[to] == of[from] {
			to++
		}
		all = append(all, best(verified[from:to])...)
		from = to
	}
	return all
}

func best(regions []pipeline.Verification) []pipeline.Verification {
	var good []pipeline.Verification
	var notes []string
	for _, v := range regions {
		if v.Status == pipeline.StatusOK {
			good = append(good, v)
			continue
		}
		notes = append(notes, v.Reasons...)
	}
	if good == nil {
		return regions
	}
	good[0].Notes = slices.Concat(good[0].Notes, notes)
	return good
}

// noPacks refuses the name of a pack in place of an id: it would be an image that
// nobody has.
func noPacks(set spec.ImageSet, ids []string) error {
	packs, err := set.Expand()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if slices.ContainsFunc(packs, func(p spec.Pack) bool { return p.Name == strings.TrimSpace(id) }) {
			return failure.Usage("name no pack to verify all that the lock has, or give the image's id", "verify wants ids of images, and %q is a pack", id)
		}
	}
	return nil
}

// subjectsFor are ids as they are pasted. What cannot be an id was mistyped, and is not
// stale.
func subjectsFor(ids []string) ([]pipeline.Subject, error) {
	subjects := make([]pipeline.Subject, len(ids))
	for i, id := range ids {
		id = strings.TrimSpace(id)
		provider := pack.ProviderOf(id)
		if err := pack.CheckID(provider, id); err != nil {
			return nil, failure.Usage("give the id as the pack has it, and leave it out to verify the lock", "%s", err)
		}
		subjects[i].Image = image.Image{ID: id, Provider: provider}
	}
	return subjects, nil
}

func (o *Options) locked(ctx context.Context, session *options.Session) ([]pipeline.Subject, error) {
	o.Lock.Locked = true
	file, name, err := o.Lock.Load(ctx, o.Invocation, session.Document)
	if err != nil {
		return nil, err
	}
	subjects, missing, err := subjectsOf(file, session)
	if len(missing) > 0 {
		fmt.Fprintf(o.Invocation.ErrOut, "note: %s lacks packs of the spec, which `%s update` adds: %s\n",
			name, o.Invocation.DisplayName(), text.HarmlessLine(pipeline.Names(missing)))
	}
	return subjects, err
}

// subjectsOf are the entries of a lock, with a note for those that the spec has
// moved away from, and the packs of the spec that it has none of.
func subjectsOf(file *lock.File, session *options.Session) (subjects []pipeline.Subject, missing []string, err error) {
	packs, err := session.Packs(nil)
	if err != nil {
		return nil, nil, err
	}
	byName := map[string]spec.Pack{}
	for _, pack := range packs {
		byName[pack.Name] = pack
		if _, has := file.Entry(pack.Name); pack.NeedsImage() && !has {
			missing = append(missing, pack.Name)
		}
	}
	for _, name := range file.Names() {
		entry, _ := file.Entry(name)
		subject := pipeline.Subject{Pack: name, Source: entry.Image.Source, Image: entry.Image}
		pack, known := byName[name]
		if !known {
			subject.Notes = []string{"the spec has no such pack any more"}
			subjects = append(subjects, subject)
			continue
		}
		digest, err := lock.Fingerprint(pack, session.Document.Set.Sources)
		if err != nil {
			return nil, nil, err
		}
		if digest != entry.SpecDigest {
			subject.Notes = []string{"the spec changed since the lock was written, and update may pick another"}
			subjects = append(subjects, subject)
			continue
		}
		some, err := session.LockedSubjects(pack, entry.Image)
		if err != nil {
			return nil, nil, err
		}
		subjects = append(subjects, some...)
	}
	return subjects, missing, nil
}

func list(verified []pipeline.Verification) output.List {
	l := output.List{
		Kind: "VerificationList",
		Table: output.Table{
			Columns: []output.Column{
				{Name: "PACK"}, {Name: "STATUS"}, {Name: "ID"}, {Name: "REGION"}, {Name: "SOURCE", Wide: true},
				{Name: "REASON"}, {Name: "NEAREST"},
			},
			Empty: "nothing to verify",
		},
	}
	for _, v := range verified {
		item := Item{
			Pack: v.Pack, ID: v.Image.ID, Region: v.Image.Region, Source: v.Source,
			Status: string(v.Status), Reasons: v.Reasons, Notes: v.Notes, Nearest: v.Nearest,
		}
		l.Items = append(l.Items, item)
		l.Names = append(l.Names, item.ID)
		nearest := ""
		if v.Nearest != nil {
			nearest = v.Nearest.ID
		}
		l.Table.Rows = append(l.Table.Rows, []string{
			item.Pack, item.Status, item.ID, item.Region, item.Source,
			strings.Join(append(v.Reasons, v.Notes...), "; "), nearest,
		})
	}
	return l
}
