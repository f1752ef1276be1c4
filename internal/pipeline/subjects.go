package pipeline

import (
	"context"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pack"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// SubjectsOfLock are the entries of a lock, with a note for those that the spec has
// moved away from, and the packs of the spec that it has none of.
func (p *Pipeline) SubjectsOfLock(file *lock.File) (subjects []Subject, missing []string, err error) {
	packs, err := p.Packs(nil)
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
		some := []Subject{{Pack: name, Source: entry.Image.Source, Image: entry.Image}}
		pack, known := byName[name]
		if !known {
			some[0].Notes = []string{"the spec has no such pack any more"}
			subjects = append(subjects, some...)
			continue
		}
		digest, err := lock.Fingerprint(pack, p.Document.Set.Sources)
		switch {
		case err != nil:
			return nil, nil, err
		case digest != entry.SpecDigest:
			some[0].Notes = []string{"the spec changed since the lock was written, and update may pick another"}
		default:
			if some, err = p.LockedSubjects(pack, entry.Image); err != nil {
				return nil, nil, err
			}
		}
		subjects = append(subjects, some...)
	}
	return subjects, missing, nil
}

// SubjectsOfIDs are ids as they are pasted. What cannot be an id was mistyped, and is not
// stale; nor is the name of a pack the id of an image that nobody has.
func (p *Pipeline) SubjectsOfIDs(ids []string) ([]Subject, error) {
	packs, err := p.packsByName()
	if err != nil {
		return nil, err
	}
	subjects := make([]Subject, len(ids))
	for i, id := range ids {
		id = strings.TrimSpace(id)
		if _, isPack := packs[id]; isPack {
			return nil, failure.Usage("name no pack to verify all that the lock has, or give the image's id", "verify wants ids of images, and %q is a pack", ids[i])
		}
		provider := pack.ProviderOf(id)
		if err := pack.CheckID(provider, id); err != nil {
			return nil, failure.Usage("give the id as the pack has it, and leave it out to verify the lock", "%s", err)
		}
		subjects[i].Image = image.Image{ID: id, Provider: provider}
	}
	return subjects, nil
}

// SubjectsOfValues are the images of a values file.
func SubjectsOfValues(data []byte, name string) ([]Subject, error) {
	images, err := pack.ImagesOf(data, name)
	if err != nil {
		return nil, err
	}
	subjects := make([]Subject, len(images))
	for i, img := range images {
		subjects[i].Image = *img
	}
	return subjects, nil
}

// VerifyIn is Verify, but for images that no region is known of: one must be good in one
// of these regions, and is asked for in each of them. Where it is not good is left out when
// it is in another, with a note: an AMI is in one region only.
func (p *Pipeline) VerifyIn(ctx context.Context, regions []string, subjects []Subject) ([]Verification, error) {
	var placed []Subject
	counts := make([]int, len(subjects))
	for i, subject := range subjects {
		in := inRegions(subject, regions)
		placed, counts[i] = append(placed, in...), len(in)
	}
	verified, err := p.Verify(ctx, placed)
	if verified == nil {
		return nil, err
	}
	var all []Verification
	for _, count := range counts {
		all = append(all, whereGood(verified[:count])...)
		verified = verified[count:]
	}
	return all, err
}

// inRegions puts a subject where it is to be asked for.
func inRegions(subject Subject, regions []string) []Subject {
	// An id that has parts, as that of a registry, has no region.
	if subject.Image.Region != "" || len(regions) == 0 || len(regions) > 1 && image.HasParts(subject.Image.Provider) {
		return []Subject{subject}
	}
	in := make([]Subject, len(regions))
	for i, region := range regions {
		in[i] = subject
		in[i].Image.Region = region
	}
	return in
}

// whereGood are those of the regions of an image where it is good, with what the others
// say; all when it is good in none.
func whereGood(regions []Verification) []Verification {
	var good []Verification
	var notes []string
	for _, v := range regions {
		if v.Status == StatusOK {
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

// Verdict keeps apart what is stale and what could not be asked: as long as something is
// unknown the answer is not complete.
func Verdict(verified []Verification) error {
	has := func(status Status) bool {
		return slices.ContainsFunc(verified, func(v Verification) bool { return v.Status == status })
	}
	switch {
	case has(StatusUnknown):
		return &failure.Error{
			Code: failure.ExitSource, Summary: "not every image could be verified",
			Next: "see the reasons above; the source's plugin may lack verification, or the spec the source",
		}
	case has(StatusStale):
		return failure.ErrDifference
	}
	return nil
}
