package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// Update is what was picked anew for packs, to be compared with their lock.
type Update struct {
	// Packs are those that are updated, and All tells that the spec has no others: then
	// a lock's entries of others go.
	Packs []spec.Pack
	All   bool
	// Picks are those of the packs, and Entries what of them can be locked.
	Picks   []Pick
	Entries []lock.Entry
	// Before is what the lock held when the sources were asked; nil when it still does, or
	// nobody looked.
	Before *lock.File
}

// Change is one entry of a lock that changes.
type Change struct {
	Pack string `json:"pack"`
	// Reason is newer, older, gone (the old image is no more), new, removed,
	// specChanged, damaged (the old entry did not fit its digest), or changed: what is
	// known of the same image is another.
	Reason string       `json:"reason"`
	Old    *image.Image `json:"old,omitempty"`
	New    *image.Image `json:"new,omitempty"`

	entry *lock.Entry // nil for one that is removed
}

// specChanged is the reason of an entry that nothing is rendered from.
const specChanged = "specChanged"

// Steps is what becomes of a lock's entries.
type Steps struct {
	Changes []Change
	// Kept tells which packs keep their image: a source failed, another process wrote it, or
	// nothing speaks against it.
	Kept []string
	// Stale is the failure of those of them whose entry is one of another spec.
	Stale error
}

// Update picks anew for the packs named, or for all.
func (p *Pipeline) Update(ctx context.Context, names []string) (*Update, []source.Result, error) {
	packs, err := p.Packs(names)
	if err != nil {
		return nil, nil, err
	}
	// What sources of other packs say against an image counts for these, too.
	all, err := p.Packs(nil)
	if err != nil {
		return nil, nil, err
	}
	picks, results, err := p.Picks(ctx, all)
	if err != nil {
		return nil, nil, err
	}
	if len(names) > 0 {
		picks = slices.DeleteFunc(picks, func(pick Pick) bool {
			return !slices.ContainsFunc(packs, func(pack spec.Pack) bool { return pack.Name == pick.Pack.Name })
		})
	}
	return &Update{Packs: packs, All: len(names) == 0, Picks: picks}, results, nil
}

// Compare tells what an update makes of a lock. It asks what became of locked images that
// give way to one that is not newer: there must be a reason for that.
func (p *Pipeline) Compare(ctx context.Context, u *Update, file *lock.File) (*Steps, error) {
	picks := map[string]Pick{}
	for _, pick := range u.Picks {
		picks[pick.Pack.Name] = pick
	}
	var subjects []Subject
	for _, entry := range u.Entries {
		old, ok := file.Entry(entry.Name)
		if ok && !image.Same(&old.Image, &entry.Image) && order(picks[entry.Name].Pack, &entry.Image, &old.Image) <= 0 {
			subjects = append(subjects, Subject{Pack: entry.Name, Source: old.Image.Source, Image: old.Image})
		}
	}
	said := map[string]Verification{}
	if len(subjects) > 0 {
		// What cannot be asked is not known to be gone, and no more than a word depends on it.
		verified, _ := p.Verify(ctx, subjects)
		for _, v := range verified {
			said[v.Pack] = v
		}
	}
	if ctx.Err() != nil {
		return nil, interrupt.Error(ctx)
	}
	return u.steps(file, picks, said), nil
}

// Put makes the changes.
func (s *Steps) Put(file *lock.File) error {
	for _, change := range s.Changes {
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

func (u *Update) steps(file *lock.File, picks map[string]Pick, said map[string]Verification) *Steps {
	var s Steps
	var stale []error
	for _, entry := range u.Entries {
		change := Change{Pack: entry.Name, New: &entry.Image, entry: &entry}
		old, had := file.Entry(entry.Name)
		if !had {
			change.Reason = "new"
			if file.Damaged(entry.Name) {
				change.Reason = "damaged"
			}
			s.Changes = append(s.Changes, change)
			continue
		}
		pick, v := picks[entry.Name], said[entry.Name]
		change.Old, change.Reason = &old.Image, reason(pick.Pack, &old, &entry, v.Gone)
		kept := ""
		if change.Reason != "" {
			kept = u.keeps(&change, pick, v)
		}
		switch {
		case kept != "" && change.Reason == specChanged:
			stale = append(stale, &failure.Error{
				Code: failure.ExitSource, Summary: kept + "; but the spec changed, and nothing is rendered from its entry",
				Next: "fix what failed, which is told above, and run update again",
			})
		case kept != "":
			s.Kept = append(s.Kept, kept)
		case change.Reason != "":
			s.Changes = append(s.Changes, change)
		}
	}
	s.Changes = append(s.Changes, u.removed(file)...)
	s.Stale = failure.Join(stale...)
	return &s
}

// reason says why an entry takes the place of another; empty when that stays as it is.
func reason(of spec.Pack, old, now *lock.Entry, gone bool) string {
	switch order := order(of, &now.Image, &old.Image); {
	case old.SpecDigest != now.SpecDigest:
		return specChanged
	case sameImage(of, &old.Image, &now.Image):
		return ""
	case image.Same(&old.Image, &now.Image):
		return "changed"
	case order > 0:
		return "newer"
	case gone:
		return "gone"
	case order < 0:
		return "older"
	}
	return "changed"
}

// keeps says why a pack keeps its locked image; empty when it gives way.
func (u *Update) keeps(c *Change, pick Pick, said Verification) string {
	keeps := fmt.Sprintf("pack %s keeps %s", c.Pack, c.Old.ID)
	switch {
	case newer(pick.Pack, c.New, c.Old):
		return ""
	case c.Reason != specChanged && u.moved(c):
		return keeps + ", which another process wrote meanwhile: nothing newer was found"
	case len(pick.FailedSources) > 0 && !sameImage(pick.Pack, c.Old, c.New):
		keeps += fmt.Sprintf(": its source %s failed, and the others have nothing newer", strings.Join(pick.FailedSources, ", "))
		if said.Gone {
			keeps += "; but a service that was asked says that it is no more"
		}
		return keeps
	case c.Reason == "older":
		if why := leftOpen(said, pick); why != "" {
			return keeps + ": " + why + "; what fits is older"
		}
	}
	return ""
}

// moved tells whether an entry is another than when the sources were asked.
func (u *Update) moved(c *Change) bool {
	if u.Before == nil {
		return false
	}
	was, had := u.Before.Entry(c.Pack)
	return !had || !image.Same(&was.Image, c.Old) || !sameFacts(&was.Image, c.Old)
}

// leftOpen says why a locked image was dropped, when its source only withholds it now, or
// its service cannot tell its state; empty when anything else dropped it. That may be over
// in a minute, as a build or a change of a gallery version is.
func leftOpen(v Verification, pick Pick) string {
	if v.Status == "" || v.Status == StatusStale { // "": nobody could be asked
		return ""
	}
	dropped := pick.Drops()
	i := slices.IndexFunc(dropped, func(d selection.Drop) bool { return image.Same(d.Image, &v.Image) && sameRegion(&v.Image, d.Image) })
	if i < 0 {
		return ""
	}
	drop := dropped[i]
	for _, r := range append([]selection.Reason{{Rule: drop.Rule}}, drop.More...) {
		if r.Rule != "withheld" && (r.Rule != "state" || v.Status != StatusUnknown) {
			return ""
		}
	}
	return drop.Reason
}

// removed drops the entries of packs that need no image any more, and of others that are
// not updated, when these are all.
func (u *Update) removed(file *lock.File) []Change {
	needs := map[string]bool{}
	for _, pack := range u.Packs {
		needs[pack.Name] = pack.NeedsImage()
	}
	var changes []Change
	for _, name := range file.Names() {
		if needed, known := needs[name]; needed || !known && !u.All {
			continue
		}
		change := Change{Pack: name, Reason: "removed"}
		if old, ok := file.Entry(name); ok {
			change.Old = &old.Image
		}
		changes = append(changes, change)
	}
	return changes
}
