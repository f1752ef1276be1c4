package pipeline

import (
	"context"
	"slices"

	"github.com/kubectl-byoos/kubectl-byoos/internal/freshness"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// hearing is one choice of images for packs: what sources list, what they are asked
// beside that, and what is picked of it.
type hearing struct {
	*Pipeline
	packs   []spec.Pack
	rules   []*selection.Rule // of the packs
	results []source.Result
	images  []image.Image
	listed  int // of images; the others are answers

	able   map[string]source.Request // of sources that can be asked for what they listed by name alone
	asked  map[readID]bool
	counts []int // how many images each pack had read

	heard   map[record]bool
	all     bool // whatever is on record was asked for
	unasked map[image.Place][]string
	unknown map[image.Place]string // in which state, as services say that have it

	rounds   int
	stated   map[image.Identity]bool // whose state was asked for
	silent   map[string]bool         // sources that could not be asked
	doubtful []int                   // of images, whose state no source can tell
}

// hear begins with what sources listed when they were requested to.
func (p *Pipeline) hear(packs []spec.Pack, images []image.Image, requests []source.Request, results []source.Result) *hearing {
	h := &hearing{
		Pipeline: p, packs: packs, results: results, images: images, listed: len(images),
		able: map[string]source.Request{}, asked: map[readID]bool{}, counts: make([]int, len(packs)),
		heard: map[record]bool{}, unasked: map[image.Place][]string{}, unknown: map[image.Place]string{}, stated: map[image.Identity]bool{}, silent: map[string]bool{},
	}
	for _, request := range requests {
		if slices.ContainsFunc(results, func(r source.Result) bool { return r.Source == request.Source && r.Plugin != nil && r.Plugin.Reads() }) {
			h.able[request.Source] = request
		}
	}
	return h
}

// settled picks without images that are only on record and that a service does not
// have, or speaks against, nor those that cannot be used where their own source had not
// asked. Unless AskUnused is set, only sources that answered in this run are asked, so
// that a pack of a manifest alone reaches no service.
func (h *hearing) settled(ctx context.Context) (picks []Pick, err error) {
	if h.rules, err = rulesOf(h.packs); err != nil {
		return nil, err
	}
	for learnt := true; learnt; {
		picks = h.choose(h.packs, h.rules, h.images, h.canAsk)
		if learnt, err = h.learnMore(ctx, picks); err != nil {
			return nil, err
		}
	}
	h.doubt(picks)
	h.stopAtUnread(picks)
	for i := range picks {
		if img := picks[i].Image; img != nil && img.Evidence != image.Asked {
			picks[i].unasked, picks[i].unknown = h.unasked[img.Place()], h.unknown[img.Place()]
		}
	}
	return picks, nil
}

// learnMore asks for what could change picks, and tells whether anything was learnt.
func (h *hearing) learnMore(ctx context.Context, picks []Pick) (learnt bool, err error) {
	if learnt, err = h.readMore(ctx, picks); learnt || err != nil {
		return learnt, err
	}
	if h.refused(ctx, picks) {
		return true, nil
	}
	return h.askForStates(ctx, picks)
}

// refused adds to the images what services say against picks that are only on record, and
// tells whether there is any.
func (h *hearing) refused(ctx context.Context, picks []Pick) bool {
	if h.all {
		return false
	}
	refused := h.askForRefused(ctx, h.recorded(picks))
	if len(refused) == 0 {
		return false
	}
	// Where one is refused others may be: all are asked for before it is picked again.
	var rest []Subject
	for i := range h.images {
		if img := &h.images[i]; img.ID != "" && h.unheard(img) {
			rest = append(rest, Subject{Source: img.Source, Image: *img})
		}
	}
	h.all = true
	h.images = append(h.images, append(refused, h.askForRefused(ctx, rest)...)...)
	return true
}

// record is what a service may contradict of an image.
type record struct {
	image.Place
	image.Part
	image.OS
	kubernetesVersion string
}

// recorded are the picks that no service was asked for, and what none could be picked
// of, each once.
func (h *hearing) recorded(picks []Pick) []Subject {
	var subjects []Subject
	for _, pick := range picks {
		images := pick.Outcome.Alternatives
		if pick.Image != nil {
			images = []*image.Image{pick.Image}
		}
		for _, img := range images {
			if h.unheard(img) {
				subjects = append(subjects, Subject{Source: img.Source, Image: *img})
			}
		}
	}
	return subjects
}

// unheard tells, once, whether no service was asked for an image.
func (h *hearing) unheard(img *image.Image) bool {
	is := record{img.Place(), img.Part(), img.OS, img.KubernetesVersion}
	if img.Evidence == image.Asked || h.heard[is] {
		return false
	}
	h.heard[is] = true
	return true
}

// askForRefused returns what services that are asked say against subjects. What cannot
// be asked is not known to be gone: why it could not goes into h.unasked.
func (h *hearing) askForRefused(ctx context.Context, subjects []Subject) []image.Image {
	if len(subjects) == 0 {
		return nil
	}
	mayAsk := map[string]bool{}
	for _, s := range h.Document.Set.Sources {
		mayAsk[s.Name] = h.AskUnused
	}
	for _, result := range h.results {
		mayAsk[result.Source] = result.Err == nil && result.Plugin != nil
	}
	answers := make([][]answer, len(subjects))
	h.askAll(ctx, subjects, answers, func(i int, name string, plugin *source.Plugin) bool {
		return mayAsk[name] && name != subjects[i].Source && plugin != nil && knows(plugin, subjects[i].Image.Provider)
	})
	var refused []image.Image
	for i := range subjects {
		img := &subjects[i].Image
		refused = append(refused, h.against(img, answers[i])...)
		if why := inDoubt(img, answers[i]); why != "" {
			h.unknown[img.Place()] = why
		}
		if !settled(answers[i]) {
			h.leaveOpen(&subjects[i], answers[i])
		}
	}
	return refused
}

// leaveOpen notes why it is not known whether a subject is still there.
func (h *hearing) leaveOpen(subject *Subject, answers []answer) {
	at := subject.Image.Place()
	open := func(why string) {
		if !slices.Contains(h.unasked[at], why) {
			h.unasked[at] = append(h.unasked[at], why)
		}
	}
	for _, result := range h.results {
		if result.Err != nil && result.Source != subject.Source && (result.Plugin == nil || knows(result.Plugin, subject.Image.Provider)) {
			open("source " + result.Source + " failed")
		}
	}
	for _, said := range answers {
		switch {
		case said.err != nil:
			open(said.err.Error())
		case said.open():
			open(said.reason)
		}
	}
}

// against is what answers of services say against an image and what is on record of it:
// what is wrong with it, what it is instead, that its state is not known, or, when none
// has it, that it is no more.
func (p *Pipeline) against(img *image.Image, answers []answer) []image.Image {
	var statements []image.Image
	for _, a := range answers {
		switch {
		case a.evidence != image.Asked:
		case a.presence == source.Found && (unsure(a.image) || len(freshness.Judge(*img, *a.image, p.Now)) > 0):
			said := goneNow(img, a.source, a.image.StateReason)
			said.State, said.ExcludedFromLatest = a.image.State, a.image.ExcludedFromLatest
			said.DeprecatedAt, said.EndOfLifeAt = a.image.DeprecatedAt, a.image.EndOfLifeAt
			said.Withheld = "it does not list it"
			correct(&said, img, a.image)
			statements = append(statements, said)
		case a.presence == source.NotFound && !settled(answers):
			statements = append(statements, goneNow(img, a.source, a.reason))
		}
	}
	return statements
}

// correct takes over what a service says of the facts on record. What is not on record is
// not told, or what a pack is given would depend on what was asked for others.
func correct(said, recorded, asked *image.Image) {
	for _, name := range [...]string{"os.name", "os.version", "kubernetesVersion", "architecture"} {
		part := name == "architecture" && image.HasParts(said.Provider) // it tells which part of the id is meant
		if *recorded.Fact(name) != "" && !part {
			*said.Fact(name) = *asked.Fact(name)
		}
	}
}

// goneNow is what a service that was asked says when an image is no more.
func goneNow(img *image.Image, by, reason string) image.Image {
	return image.Image{
		ID: img.ID, FullID: img.FullID, Provider: img.Provider, Region: img.Region, Architecture: img.Architecture, Digest: img.Digest,
		SpansRegions: img.SpansRegions, NewestBy: img.NewestBy, State: image.Gone, StateReason: reason, Evidence: image.Asked, Source: by,
	}
}
