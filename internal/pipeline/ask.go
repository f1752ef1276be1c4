package pipeline

import (
	"context"
	"slices"
	"sync"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// answer is what one source says of one subject.
type answer struct {
	source   string
	presence source.Presence
	evidence image.Evidence
	image    *image.Image
	reason   string
	// err is set when the source could not be asked at all.
	err error
}

// asked is what one source says of the subjects that it was asked for.
type asked struct {
	source      string
	indexes     []int
	answers     []answer
	diagnostics []source.Diagnostic
	err         error
}

// askAll asks every source for the subjects that it is wanted for, all at the same
// time, and adds to the answers of each subject in the order of the spec's sources.
func (p *Pipeline) askAll(
	ctx context.Context, subjects []Subject, answers [][]answer, wanted func(i int, name string, plugin *source.Plugin) bool,
) []asked {
	all := make([]asked, len(p.Document.Set.Sources))
	// A matrix makes thousands of packs of a few lines: once for all sources.
	packs := sync.OnceValues(func() ([]spec.Pack, error) { return p.Packs(nil) })
	var wg sync.WaitGroup
	for i, s := range p.Document.Set.Sources {
		wg.Go(func() { all[i] = p.ask(ctx, s, packs, subjects, wanted) })
	}
	wg.Wait()
	for _, a := range all {
		for i, index := range a.indexes {
			answers[index] = append(answers[index], a.answers[i])
		}
	}
	return slices.DeleteFunc(all, func(a asked) bool { return len(a.indexes) == 0 })
}

// settled tells whether a service that was asked has the image: then others have
// nothing to add.
func settled(answers []answer) bool {
	return slices.ContainsFunc(answers, answer.settles)
}

func (a answer) settles() bool { return a.presence == source.Found && a.evidence == image.Asked }

// refused tells whether a service was asked for an image and did not answer.
func (a answer) refused() bool { return a.presence == source.Unknown && a.evidence == image.Asked }

// open tells whether a source that was asked leaves open whether there is an image: it may
// be where the source did not look.
func (a answer) open() bool {
	return a.presence == source.Unknown && a.err == nil || a.presence == source.NotFound && a.evidence == ""
}

func knows(plugin *source.Plugin, provider string) bool {
	return plugin.Verifies() && plugin.Provides(provider)
}

// ask returns one answer for each index; all unknown when the source fails.
func (p *Pipeline) ask(
	ctx context.Context, s spec.Source, packs func() ([]spec.Pack, error), subjects []Subject,
	wanted func(i int, name string, plugin *source.Plugin) bool,
) asked {
	plugin, err := p.Plugins.Find(ctx, s.Type)
	var indexes []int
	for i := range subjects {
		if wanted(i, s.Name, plugin) {
			indexes = append(indexes, i)
		}
	}
	if len(indexes) == 0 {
		return asked{}
	}
	var verified []source.Verified
	var diagnostics []source.Diagnostic
	if err == nil {
		verified, diagnostics, err = p.callVerify(ctx, s, packs, plugin, subjects, indexes)
	}
	answers := make([]answer, len(indexes))
	for i := range answers {
		answers[i] = answer{source: s.Name, presence: source.Unknown, reason: "source " + s.Name + " could not be asked", err: err}
	}
	for i, v := range verified {
		if v.Presence == source.Unknown && (v.Reason == "" || err != nil) {
			continue
		}
		answers[i] = answer{source: s.Name, presence: v.Presence, evidence: v.Evidence, image: v.Image, reason: v.Reason}
		switch {
		case v.Presence == source.Found && v.Image == nil:
			answers[i].presence, answers[i].reason = source.Unknown, "source "+s.Name+" found it, and does not say in what state"
		case v.Presence == source.Found && v.Image.Evidence != "":
			answers[i].evidence = v.Image.Evidence
		case v.Presence == source.Found:
			said := *v.Image
			said.Evidence, answers[i].image = v.Evidence, &said
		}
	}
	return asked{source: s.Name, indexes: indexes, answers: answers, diagnostics: diagnostics, err: err}
}

func (p *Pipeline) callVerify(
	ctx context.Context, s spec.Source, packs func() ([]spec.Pack, error), plugin *source.Plugin, subjects []Subject, indexes []int,
) ([]source.Verified, []source.Diagnostic, error) {
	config, err := p.Document.CheckConfig(s.Name, plugin.ConfigSchema())
	if err != nil {
		return nil, nil, err
	}
	all, err := packs()
	if err != nil {
		return nil, nil, err
	}
	request := source.VerifyRequest{
		Source: s.Name, Plugin: plugin, Config: config, BaseDir: p.Document.Set.Dir, Regions: named(usersOf(s.Name, all), selectedRegion),
	}
	for _, index := range indexes {
		img := subjects[index].Image
		ref := image.Ref{
			ID: img.ID, FullID: img.FullID, Provider: img.Provider, Region: img.Region, Architecture: img.Architecture,
			Digest: img.Digest, Reference: img.Reference,
		}
		if img.Owner == image.Self {
			ref.OwnerID = img.OwnerID
		}
		request.Refs = append(request.Refs, ref)
	}
	return p.Plugins.Verify(ctx, request)
}
