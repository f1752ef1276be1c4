// Package pipeline owns the order of the work: sources, images, selection, pack
// values. A command is this pipeline, stopped at one place and printed.
package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/osname"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pack"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// Plugins is the part of the plugin host that the pipeline calls.
type Plugins interface {
	Find(ctx context.Context, typ string) (*source.Plugin, error)
	Discover(ctx context.Context, reqs []source.Request, progress func(source.Event)) []source.Result
	Verify(ctx context.Context, req source.VerifyRequest) ([]source.Verified, []source.Diagnostic, error)
}

// Pipeline runs a spec.
type Pipeline struct {
	Document *spec.Document
	Plugins  Plugins
	Now      time.Time
	// Explain gathers why each image was dropped, which a pick does not need.
	Explain bool
	// AllowPartial goes on when a source fails; Failed then takes the failure.
	AllowPartial bool
	// AskUnused asks for what is only on record of sources that no pack picks from, too, as
	// Verify does: what a lock is given must be what verification then calls good.
	AskUnused bool
	// Progress and Report take what sources say meanwhile; an empty event ends progress.
	Progress func(source.Event)
	Report   func(source.Diagnostic)
	Failed   func(error)
}

// Pick is what was selected for one pack.
type Pick struct {
	Pack spec.Pack
	// Outcome is empty for a pack that needs no image (agent mode).
	Outcome selection.Outcome
	// Image is the pick; nil when there is none, see Err.
	Image *image.Image
	// Err says why there is no pick.
	Err error
	// FailedSources are those of the pack that did not answer, or not in full.
	FailedSources []string
	// unasked says why it is not known whether an image that is only on record is still
	// there, and unknown why the services that have it cannot tell its state.
	unasked []string
	unknown string
	// drops is what Drops returns; nil for a pack that needs no image.
	drops func() []selection.Drop
}

// Drops returns why each image that is not the pick was dropped. It costs more than the
// pick did, and takes memory for each image.
func (p Pick) Drops() []selection.Drop {
	if p.drops == nil {
		return nil
	}
	return p.drops()
}

// Packs returns the expanded packs of the spec, or only those named. A name
// stands for the pack itself or, before matrix expansion, for all of its packs.
func (p *Pipeline) Packs(names []string) ([]spec.Pack, error) {
	all, err := p.Document.Set.Expand()
	if err != nil || len(names) == 0 {
		return all, err
	}
	byName := map[string][]int{}
	for i, pack := range all {
		byName[pack.Name] = append(byName[pack.Name], i)
		if pack.Base != pack.Name {
			byName[pack.Base] = append(byName[pack.Base], i)
		}
	}
	taken := map[int]bool{}
	var chosen []spec.Pack
	for _, name := range names {
		indexes := byName[name]
		if len(indexes) == 0 {
			return nil, failure.Usage("the spec has "+packNames(all), "the spec has no pack named %q", name)
		}
		for _, i := range indexes {
			if !taken[i] {
				taken[i] = true
				chosen = append(chosen, all[i])
			}
		}
	}
	return chosen, nil
}

func packNames(packs []spec.Pack) string {
	names := make([]string, len(packs))
	for i, p := range packs {
		names[i] = p.Name
	}
	return Names(names)
}

// Names lists names of packs for a message, not more than a person reads.
func Names(names []string) string {
	const most = 20
	return text.List(names, most)
}

// Discover asks the sources that the packs use (all of them for no packs) and
// returns their images in the order of the spec's sources.
func (p *Pipeline) Discover(ctx context.Context, packs []spec.Pack) ([]image.Image, []source.Result, error) {
	requests, unfound, err := p.requests(ctx, packs)
	if err != nil {
		return nil, nil, err
	}
	return p.request(ctx, requests, unfound)
}

// request asks sources; unfound are the answers of those that have no plugin.
func (p *Pipeline) request(ctx context.Context, requests []source.Request, unfound []source.Result) ([]image.Image, []source.Result, error) {
	results := append(unfound, p.Plugins.Discover(ctx, requests, p.Progress)...)
	if p.Progress != nil {
		p.Progress(source.Event{})
	}
	if ctx.Err() != nil {
		return nil, nil, interrupt.Error(ctx)
	}
	var images []image.Image
	for _, result := range results {
		p.report(result.Diagnostics)
		images = append(images, result.Images...)
	}
	if err := p.goOn(failures(results)); err != nil {
		return nil, nil, err
	}
	return images, results, nil
}

// goOn returns what failed, unless a run goes on without that: then it is told.
func (p *Pipeline) goOn(failed []error) error {
	err := failure.Join(failed...)
	if err == nil || !p.AllowPartial {
		return err
	}
	p.Failed(err)
	return nil
}

// report hands on what a source says beside its failure.
func (p *Pipeline) report(diagnostics []source.Diagnostic) {
	for _, diagnostic := range diagnostics {
		if diagnostic.Severity != source.SeverityError {
			p.Report(diagnostic)
		}
	}
}

// Picks asks the sources and picks an image for each pack.
func (p *Pipeline) Picks(ctx context.Context, packs []spec.Pack) ([]Pick, []source.Result, error) {
	picks, results, err := p.pick(ctx, packs, nil)
	if err != nil {
		return nil, nil, err
	}
	tellFailed(picks, results)
	return picks, results, nil
}

// pick asks the sources, hears what else is known against images, and picks.
func (p *Pipeline) pick(ctx context.Context, packs []spec.Pack, against []image.Image) ([]Pick, []source.Result, error) {
	requests, unfound, err := p.requests(ctx, packs)
	if err != nil {
		return nil, nil, err
	}
	for i := range requests {
		requests[i].Hints.NewestOnly = !p.Explain && against == nil && newestOnly(usersOf(requests[i].Source, packs))
		requests[i].Reads = true
	}
	images, results, err := p.request(ctx, requests, unfound)
	if err != nil {
		return nil, nil, err
	}
	h := p.hear(packs, append(images, against...), requests, results)
	picks, err := interrupt.Run(ctx, func() ([]Pick, error) { return h.settled(ctx) })
	return picks, results, err
}

// Notes are what a person should know of the pick though it is no failure: those
// of the selection, where the spec's values contradict the image, and what may
// keep the image from running.
func (p Pick) Notes() []string {
	notes := slices.Clone(p.Outcome.Notes)
	if values, err := p.Values(); err == nil {
		for _, reference := range values.Moving() {
			notes = append(notes, "the tag of "+reference+" moves, so clusters get what it leads to when they pull: name a version, or set packs[].edge.reference: digest")
		}
	}
	if p.Image == nil {
		return notes
	}
	if len(p.FailedSources) > 0 {
		notes = append(notes, p.failedSources()+", so an image that ranks above this one may be there")
	}
	if len(p.unasked) > 0 {
		notes = append(notes, "the image is only on record, and whether it is still there could not be asked: "+strings.Join(p.unasked, "; "))
	}
	contradict := func(key, own, found string) {
		if own != "" && found != "" && !strings.EqualFold(own, found) {
			notes = append(notes, fmt.Sprintf("%s is %q by the spec, and the image says %q", key, own, found))
		}
	}
	contradict("osName", p.Pack.Values.OSName, p.Image.OS.Name)
	if os := p.Image.OS; !osname.Partial(os.Name, os.Version) || !osname.Within(p.Pack.Values.OSVersion, os.Version) {
		contradict("osVersion", p.Pack.Values.OSVersion, os.Version)
	}
	return append(notes, p.cautions()...)
}

// Values builds the pack values of a pick that has an image or needs none.
func (p Pick) Values() (*pack.Values, error) {
	return pack.Build(pack.Input{Pack: p.Pack, Image: p.Image})
}

// Rendered is a pack with its values.
type Rendered struct {
	Pick   Pick
	Values *pack.Values
}

// Values builds the pack values of every pick. All failures are reported at
// once; nothing is returned beside them.
func Values(picks []Pick) ([]Rendered, error) {
	rendered := make([]Rendered, 0, len(picks))
	var failed []error
	for _, pick := range picks {
		if pick.Err != nil {
			failed = append(failed, pick.Err)
			continue
		}
		values, err := pick.Values()
		if err != nil {
			failed = append(failed, err)
			continue
		}
		rendered = append(rendered, Rendered{Pick: pick, Values: values})
	}
	if err := failure.Join(failed...); err != nil {
		return nil, err
	}
	return rendered, nil
}
