package update

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pack"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// picked is what update knows before it looks at the lock.
type picked struct {
	entries []lock.Entry
	picks   map[string]pipeline.Pick
	// names are the packs of the spec, and whether they need an image.
	names map[string]bool
	// before is what the lock held when the sources were asked; nil when it still does, or
	// nobody looked.
	before map[string]image.Image
	// gone are the packs whose locked image is no more, by a service that was asked.
	gone map[string]bool
	// open says of packs why their locked image was not picked, where nothing speaks
	// against it.
	open map[string]string
}

// askForOld asks what became of locked images that give way to one that is not newer:
// there must be a reason for that.
func (o *Options) askForOld(ctx context.Context, session *options.Session, p *picked, file *lock.File) error {
	var subjects []pipeline.Subject
	for _, entry := range p.entries {
		old, ok := file.Entry(entry.Name)
		if ok && !image.Same(&old.Image, &entry.Image) && pipeline.Compare(p.picks[entry.Name].Pack, &entry.Image, &old.Image) <= 0 {
			subjects = append(subjects, pipeline.Subject{Pack: entry.Name, Source: old.Image.Source, Image: old.Image})
		}
	}
	if len(subjects) == 0 {
		return nil
	}
	// What cannot be asked is not known to be gone, and no more than a word depends on it.
	verified, _ := session.Verify(ctx, session.Host, subjects)
	if ctx.Err() != nil {
		return interrupt.Error(ctx)
	}
	for _, v := range verified {
		p.gone[v.Pack] = v.Gone
		p.open[v.Pack] = leftOpen(v, p.picks[v.Pack].Drops())
	}
	return nil
}

// leftOpen says why a locked image was dropped, when its source only withholds it now, or
// its service cannot tell its state; empty when anything else dropped it. That may be over
// in a minute, as a build or a change of a gallery version is.
func leftOpen(v pipeline.Verification, dropped []selection.Drop) string {
	i := slices.IndexFunc(dropped, func(d selection.Drop) bool { return image.Same(d.Image, &v.Image) && sameRegion(&v.Image, d.Image) })
	if i < 0 {
		return ""
	}
	drop := dropped[i]
	for _, reason := range append([]selection.Reason{{Rule: drop.Rule}}, drop.More...) {
		if reason.Rule != "withheld" && (reason.Rule != "state" || v.Status != pipeline.StatusUnknown) {
			return ""
		}
	}
	if v.Status == pipeline.StatusStale {
		return ""
	}
	return drop.Reason
}

// steps is what becomes of a lock's entries.
type steps struct {
	changes []Change
	// kept tells which packs keep their image: a source failed, another process wrote it, or
	// nothing speaks against it.
	kept []string
	// stale are those of them whose entry is one of another spec.
	stale []error
}

// compare compares the picks with a lock; removeOthers drops the entries of packs
// that the spec does not have.
func (p *picked) compare(file *lock.File, removeOthers bool) steps {
	var s steps
	for _, entry := range p.entries {
		old, ok := file.Entry(entry.Name)
		pick := p.picks[entry.Name]
		reason := p.reason(pick.Pack, old, ok, entry)
		if file.Damaged(entry.Name) {
			reason = "damaged"
		}
		if reason == "" {
			continue
		}
		if ok && reason != "specChanged" && p.moved(old) && !newer(pick.Pack, &entry.Image, &old.Image) {
			s.kept = append(s.kept, fmt.Sprintf("pack %s keeps %s, which another process wrote meanwhile: nothing newer was found", entry.Name, old.Image.ID))
			continue
		}
		same := ok && sameImage(pick.Pack, &old.Image, &entry.Image)
		if ok && !same && len(pick.FailedSources) > 0 && !newer(pick.Pack, &entry.Image, &old.Image) {
			text := fmt.Sprintf("pack %s keeps %s: its source %s failed, and the others have nothing newer",
				entry.Name, old.Image.ID, strings.Join(pick.FailedSources, ", "))
			if p.gone[entry.Name] {
				text += "; but a service that was asked says that it is no more"
			}
			s.keep(reason, text)
			continue
		}
		if why := p.open[entry.Name]; reason == "older" && why != "" {
			s.kept = append(s.kept, fmt.Sprintf("pack %s keeps %s: %s; what fits is older", entry.Name, old.Image.ID, why))
			continue
		}
		change := Change{Pack: entry.Name, Reason: reason, New: &entry.Image, entry: &entry}
		if ok {
			change.Old = &old.Image
		}
		s.changes = append(s.changes, change)
	}
	s.changes = append(s.changes, p.removed(file, removeOthers)...)
	return s
}

// moved tells whether an entry is another than when the sources were asked.
func (p *picked) moved(old lock.Entry) bool {
	was, had := p.before[old.Name]
	return p.before != nil && (!had || !image.Same(&was, &old.Image) || !sameFacts(&was, &old.Image))
}

// newer tells whether an image is newer than the one that was locked, and not that one
// as less is known of it: each who tells of an image has a time of its own.
func newer(of spec.Pack, now, old *image.Image) bool {
	again := build(now) != image.Reference{} && build(old) != image.Reference{} && build(now) != build(old)
	return pipeline.Compare(of, now, old) > 0 && (again || !image.Same(now, old))
}

func (s *steps) keep(reason, text string) {
	if reason != "specChanged" {
		s.kept = append(s.kept, text)
		return
	}
	s.stale = append(s.stale, &failure.Error{
		Code: failure.ExitSource, Summary: text + "; but the spec changed, and nothing is rendered from its entry",
		Next: "mend what failed, which is told above, and run update again",
	})
}

// removed drops the entries of named packs that need no image any more, and of others
// that are not named.
func (p *picked) removed(file *lock.File, others bool) []Change {
	var changes []Change
	for _, name := range file.Names() {
		if needed, named := p.names[name]; needed || !named && !others {
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

// reason says why an entry changes; empty when it stays as it is.
func (p *picked) reason(of spec.Pack, old lock.Entry, exists bool, entry lock.Entry) string {
	switch order := pipeline.Compare(of, &entry.Image, &old.Image); {
	case !exists:
		return "new"
	case old.SpecDigest != entry.SpecDigest:
		return "specChanged"
	case sameImage(of, &old.Image, &entry.Image):
		return ""
	case image.Same(&old.Image, &entry.Image):
		return "changed"
	case order > 0:
		return "newer"
	case p.gone[entry.Name]:
		return "gone"
	case order < 0:
		return "older"
	}
	return "changed"
}

// sameImage tells whether an image is the one that was locked, in all that a review
// should see.
func sameImage(of spec.Pack, a, b *image.Image) bool {
	return image.Same(a, b) && sameFacts(a, b) && rendersSame(of, a, b)
}

// sameFacts tells whether verify, which compares them, takes one image for the other.
// What a source says beside that (tags, provenance) may differ: an entry is not
// rewritten for it, so that a review sees only what matters.
func sameFacts(a, b *image.Image) bool {
	return sameRegion(a, b) && a.Part() == b.Part() &&
		a.OS == b.OS && a.KubernetesVersion == b.KubernetesVersion && sameBuild(a, b)
}

// sameRegion takes what was locked as good in several regions for what is good in one of
// them: where it is not ready comes and goes.
func sameRegion(old, now *image.Image) bool {
	return image.RegionKey(old.Region) == image.RegionKey(now.Region) || old.Region == "" && old.SpansRegions
}

// sameBuild compares builds, where both images have handles of one kind or one has none:
// those of two kinds (an ARM id, an image template) say nothing of each other.
func sameBuild(a, b *image.Image) bool {
	if a.Reference != nil && b.Reference != nil && a.Reference.Kind != b.Reference.Kind {
		return true
	}
	return build(a) == build(b)
}

// build is the run that an image came out of: a name that is built again has another.
func build(img *image.Image) image.Reference {
	if !img.Reference.IsBuild() {
		return image.Reference{}
	}
	return *img.Reference
}

// rendersSame tells whether a pack makes the same of both images. Letter case that
// the provider ignores does not count.
func rendersSame(of spec.Pack, a, b *image.Image) bool {
	one, err := pack.Build(pack.Input{Pack: of, Image: a})
	if err != nil {
		return false
	}
	other, err := pack.Build(pack.Input{Pack: of, Image: b})
	if err != nil {
		return false
	}
	if image.FoldsCase(a.Provider) {
		return bytes.EqualFold(one.Render(), other.Render())
	}
	return bytes.Equal(one.Render(), other.Render())
}
