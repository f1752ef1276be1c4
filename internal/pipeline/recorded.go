package pipeline

import (
	"context"
	"slices"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// withoutGone picks again without images that are only on record and that a service
// says are no more. Only sources that answered in this run are asked, so that a pack of
// a manifest alone reaches no service.
func (p *Pipeline) withoutGone(ctx context.Context, packs []spec.Pack, images []image.Image, results []source.Result, picks []Pick) ([]Pick, error) {
	verifier, ok := p.Plugins.(Verifier)
	if !ok {
		return picks, nil
	}
	answered := map[string]bool{}
	for _, result := range results {
		answered[result.Source] = result.Err == nil && result.Plugin != nil
	}
	unasked := map[image.Place][]string{}
	if gone := p.askForGone(ctx, verifier, recorded(picks), answered, unasked); len(gone) > 0 {
		// Where one is gone others may be: all are asked for before it is picked again.
		var rest []Subject
		for i := range images {
			if images[i].Evidence != image.Asked && images[i].ID != "" {
				rest = append(rest, Subject{Source: images[i].Source, Image: images[i]})
			}
		}
		gone = append(gone, p.askForGone(ctx, verifier, rest, answered, unasked)...)
		var err error
		if picks, err = p.Select(packs, append(slices.Clone(images), gone...)); err != nil {
			return nil, err
		}
	}
	for i := range picks {
		if img := picks[i].Image; img != nil && img.Evidence != image.Asked {
			picks[i].unasked = unasked[img.Place()]
		}
	}
	return picks, nil
}

// recorded are the picks that no service was asked for, each once.
func recorded(picks []Pick) []Subject {
	seen := map[image.Place]bool{}
	var subjects []Subject
	for _, pick := range picks {
		img := pick.Image
		if img == nil || img.Evidence == image.Asked {
			continue
		}
		if !seen[img.Place()] {
			seen[img.Place()] = true
			subjects = append(subjects, Subject{Source: img.Source, Image: *img})
		}
	}
	return subjects
}

// askForGone returns a statement for each subject that a service which was asked does
// not have, and none has. What cannot be asked is not known to be gone: why it could not
// goes into unasked.
func (p *Pipeline) askForGone(
	ctx context.Context, verifier Verifier, subjects []Subject, answered map[string]bool, unasked map[image.Place][]string,
) []image.Image {
	if len(subjects) == 0 {
		return nil
	}
	answers := make([][]answer, len(subjects))
	all := p.askAll(ctx, verifier, subjects, answers, func(i int, name string, plugin *source.Plugin) bool {
		return answered[name] && name != subjects[i].Source && plugin != nil && knows(plugin, subjects[i].Image.Provider)
	})
	var gone []image.Image
	for i, subject := range subjects {
		absent := slices.IndexFunc(answers[i], func(a answer) bool { return a.presence == source.NotFound && a.evidence == image.Asked })
		if absent < 0 || settled(answers[i]) {
			continue
		}
		gone = append(gone, goneNow(&subject.Image, answers[i][absent].source, answers[i][absent].reason))
	}
	for _, a := range all {
		for n, index := range a.indexes {
			at := subjects[index].Image.Place()
			if a.answers[n].failed && !settled(answers[index]) && !slices.Contains(unasked[at], a.err.Error()) {
				unasked[at] = append(unasked[at], a.err.Error())
			}
		}
	}
	return gone
}

// goneNow is what a service that was asked says when an image is no more.
func goneNow(img *image.Image, by, reason string) image.Image {
	return image.Image{
		ID: img.ID, FullID: img.FullID, Provider: img.Provider, Region: img.Region, Architecture: img.Architecture, Digest: img.Digest,
		SpansRegions: img.SpansRegions, NewestBy: img.NewestBy, State: image.Gone, StateReason: reason, Evidence: image.Asked, Source: by,
	}
}
