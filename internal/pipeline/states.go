package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// statesAsked bounds the images that are asked for, one after the other, until one of a
// pack is known to be usable: each may take a request.
const statesAsked = 25

// askForStates asks the sources of picks in what state these are, where a list did not
// tell: a source asks for the newest of its images, and a pack's rule may choose others.
// It tells whether anything was learnt.
func (h *hearing) askForStates(ctx context.Context, picks []Pick) (learnt bool, err error) {
	at := h.unstated(picks)
	if len(at) == 0 || h.rounds == statesAsked {
		return false, nil
	}
	h.rounds++
	subjects := make([]Subject, len(at))
	for i, index := range at {
		subjects[i] = Subject{Source: h.images[index].Source, Image: h.images[index]}
		h.stated[subjects[i].Image.Identity()] = true
	}
	answers := make([][]answer, len(subjects))
	all := h.askAll(ctx, subjects, answers, func(i int, name string, plugin *source.Plugin) bool {
		return subjects[i].Source == name && plugin != nil && knows(plugin, subjects[i].Image.Provider)
	})
	if ctx.Err() != nil {
		return false, interrupt.Error(ctx)
	}
	if err := h.failed(all); err != nil {
		return false, err
	}
	var open []Subject // which others may know, as in verification
	for i, index := range at {
		for _, said := range answers[i] {
			learnt = h.learn(index, said) || learnt
		}
		if unsure(&h.images[index]) && !settled(answers[i]) {
			open = append(open, subjects[i])
		}
	}
	refused := h.askForRefused(ctx, open)
	h.images = append(h.images, refused...)
	return learnt || len(refused) > 0, nil
}

// unstated returns where in the images the picks are whose state is not known, and was
// not asked for here.
func (h *hearing) unstated(picks []Pick) []int {
	open := map[image.Identity]bool{}
	for _, pick := range picks {
		if pick.Image != nil && unsure(pick.Image) && !h.stated[pick.Image.Identity()] {
			open[pick.Image.Identity()] = true
		}
	}
	if len(open) == 0 {
		return nil
	}
	var at []int
	for i := range h.images[:h.listed] { // the others are answers
		// One that is good in several regions is asked for in all of them: that is one question.
		if img := &h.images[i]; img.Evidence == image.Asked && unsure(img) && !h.silent[img.Source] && open[img.Identity()] {
			at = append(at, i)
		}
	}
	return at
}

// failed takes sources that could not be asked as it does those whose list could not be
// read: they fail the command, or are told and not asked again.
func (h *hearing) failed(all []asked) error {
	var failed []error
	for _, a := range all {
		if a.err != nil {
			h.silent[a.source] = true
			failed = append(failed, a.err)
		}
	}
	return h.goOn(failed)
}

// learn takes over what the source of an image says of its state, and tells whether that
// is new. One whose state it cannot tell gives way to others, until doubt; one that it
// could not be asked for does not.
func (h *hearing) learn(index int, said answer) bool {
	img := &h.images[index]
	switch {
	case said.err != nil:
		return false
	case said.presence == source.NotFound && said.evidence == image.Asked:
		img.State, img.StateReason = image.Gone, said.reason
		return true
	case said.presence == source.Found && said.evidence == image.Asked:
		if img.State = said.image.State; img.State != image.StateUnset || said.image.StateReason != "" {
			img.StateReason = said.image.StateReason
		}
		img.ExcludedFromLatest = img.ExcludedFromLatest || said.image.ExcludedFromLatest
		img.DeprecatedAt = cmp.Or(said.image.DeprecatedAt, img.DeprecatedAt)
		img.EndOfLifeAt = cmp.Or(said.image.EndOfLifeAt, img.EndOfLifeAt)
	default:
		img.StateReason = cmp.Or(said.reason, img.StateReason)
	}
	if unsure(img) && img.Withheld == "" {
		img.Withheld = img.StateReason
		h.doubtful = append(h.doubtful, index)
	}
	return true
}

// doubt picks again for packs that have nothing which is known to be usable: not known is
// not unusable, where a source was asked. What none was asked for is no pick.
func (h *hearing) doubt(picks []Pick) {
	var at []int
	var packs []spec.Pack
	var rules []*selection.Rule
	for i, pick := range picks {
		if pick.Err != nil || pick.Image != nil && unsure(pick.Image) {
			at, packs, rules = append(at, i), append(packs, pick.Pack), append(rules, h.rules[i])
		}
	}
	if len(h.doubtful) > 0 && len(at) > 0 {
		images := slices.Clone(h.images)
		for _, index := range h.doubtful {
			images[index].Withheld = ""
		}
		for i, again := range h.choose(packs, rules, images, h.canAsk) {
			picks[at[i]] = again
		}
	}
	for _, index := range at {
		if pick := &picks[index]; h.rounds == statesAsked && len(h.unstated(picks[index:index+1])) > 0 {
			pick.Image, pick.Err = nil, &failure.Error{
				Code:    failure.ExitNoImage,
				Summary: fmt.Sprintf("pack %s: %d images that come first were asked for, and none is ready", pick.Pack.Name, statesAsked),
				Next:    "select one that is, or try again later",
			}
		}
	}
}
