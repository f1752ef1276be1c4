package pipeline

import (
	"context"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// Status is what verification found.
type Status string

// Statuses of a verified image.
const (
	StatusOK    Status = "ok"
	StatusStale Status = "stale"
	// StatusUnknown: a source could not be asked, or does not know the state.
	StatusUnknown Status = "unknown"
)

// Subject is an image to verify.
type Subject struct {
	// Pack is the name of the pack that uses it; empty for a bare id.
	Pack string
	// Source is the name of the source that has it; empty to ask all.
	Source string
	Image  image.Image
	// Notes are what is known of it beforehand.
	Notes []string

	// against is what speaks against it beforehand.
	against string
	// rule is what the pack selects by, of an image that it was not picked as.
	rule *selection.Rule
}

// Verification is the answer for one subject.
type Verification struct {
	Subject
	Status Status
	// Gone is set when a service that was asked says that the image is no more.
	Gone bool
	// Usable is set when nothing speaks against the image itself: what is stale then is
	// another than was picked.
	Usable bool
	// Reasons why it is stale or unknown.
	Reasons []string
	// Notes are what will end its life later, with those of the subject.
	Notes []string
	// Nearest is what would be picked for the pack now.
	Nearest *image.Image

	// now is what was found; nil for nothing.
	now *image.Image
}

// Verify asks the sources what became of images: the one that an image was picked
// from, or for an id those of its provider, and, unless that asked its service and found it, all others that have images of
// its provider: a record that names an image does not know whether it is still there, but where. Sources are asked at the same time, and
// heard in the order of the spec. A failure is returned beside the verifications
// when a subject depends on it; else it is reported.
func (p *Pipeline) Verify(ctx context.Context, subjects []Subject) ([]Verification, error) {
	packs, err := p.packsByName()
	if err != nil {
		return nil, err
	}
	answers := make([][]answer, len(subjects))
	all := p.askAll(ctx, subjects, answers, func(i int, name string, plugin *source.Plugin) bool {
		s := subjects[i]
		return s.Source == name || s.Source == "" && plugin != nil && plugin.Provides(s.Image.Provider)
	})
	subjects = slices.Clone(subjects)
	placed := map[int]bool{} // by a record, so that a service can be asked there
	for i := range subjects {
		if at := &subjects[i].Image.Region; *at == "" && !settled(answers[i]) {
			*at = regionOf(answers[i])
			placed[i] = *at != ""
		}
	}
	all = append(all, p.askAll(ctx, subjects, answers, func(i int, name string, plugin *source.Plugin) bool {
		s, said := subjects[i], ofSource(name, answers[i])
		switch {
		case settled(answers[i]):
			return false
		case said != nil:
			return placed[i] && said.open()
		case plugin == nil: // which may be of its provider
			return true
		case s.Source == "": // of whose provider no source is, if it is known
			return len(answers[i]) == 0
		default:
			return knows(plugin, s.Image.Provider)
		}
	})...)
	if ctx.Err() != nil {
		return nil, interrupt.Error(ctx)
	}
	failed := p.tellFailures(all, func(name string, index int) bool {
		s := subjects[index]
		return s.needs(name, packs) && (s.Source != "" || !settled(answers[index]))
	})
	if err := p.hearBystanders(ctx, subjects, answers, packs); err != nil {
		return nil, err
	}
	verifications := make([]Verification, len(subjects))
	for i, subject := range subjects {
		verifications[i] = p.judge(subject, answers[i], packs)
	}
	p.judgeTemplates(verifications)
	return verifications, failed
}

// tellFailures reports what sources say beside their answers, and returns what failed of
// that a subject needs; other failures are warnings.
func (p *Pipeline) tellFailures(all []asked, needs func(name string, subject int) bool) error {
	var failed []error
	for _, a := range all {
		p.report(a.diagnostics)
		switch {
		case a.err == nil:
		case slices.ContainsFunc(a.indexes, func(index int) bool { return needs(a.source, index) }):
			failed = append(failed, a.err)
		default:
			p.Report(source.Diagnostic{Source: a.source, Severity: source.SeverityWarning, Summary: a.err.Error()})
		}
	}
	return failure.Join(failed...)
}

// hearBystanders asks what speaks against images that their own sources found: a selection
// hears that of all sources that packs pick from. They are asked for what they may list, and
// by what they know themselves; one that fails is told, as the image was found.
func (p *Pipeline) hearBystanders(ctx context.Context, subjects []Subject, answers [][]answer, packs map[string]spec.Pack) error {
	subjects = slices.Clone(subjects)
	for i := range subjects {
		subjects[i].Image.Reference = nil // a build of another source, which this one need not see
	}
	_ = p.tellFailures(p.askAll(ctx, subjects, answers, func(i int, name string, plugin *source.Plugin) bool {
		s := subjects[i]
		own := ofSource(s.Source, answers[i])
		return own != nil && own.settles() && ofSource(name, answers[i]) == nil &&
			plugin != nil && knows(plugin, s.Image.Provider) && mayList(name, &s.Image, packs)
	}), func(string, int) bool { return false })
	if ctx.Err() != nil {
		return interrupt.Error(ctx)
	}
	return nil
}

// mayList tells whether packs make a source look where an image is.
func mayList(name string, img *image.Image, packs map[string]spec.Pack) bool {
	for _, pack := range packs {
		elsewhere := pack.Select.Region != "" && img.Region != "" && img.Region != image.GlobalRegion &&
			image.RegionKey(pack.Select.Region) != image.RegionKey(img.Region)
		other := pack.Select.Provider != "" && !strings.EqualFold(pack.Select.Provider, img.Provider)
		if picksFrom(pack, name) && !elsewhere && !other {
			return true
		}
	}
	return false
}

func (p *Pipeline) packsByName() (map[string]spec.Pack, error) {
	packs, err := p.Packs(nil)
	byName := make(map[string]spec.Pack, len(packs))
	for _, pack := range packs {
		byName[pack.Name] = pack
	}
	return byName, err
}

// needs tells whether the answer of a source is part of a subject's verdict: it was
// picked from it, or could have been.
func (s Subject) needs(name string, packs map[string]spec.Pack) bool {
	if s.Source == "" || s.Source == name {
		return true
	}
	pack, known := packs[s.Pack]
	return known && picksFrom(pack, name)
}

// regionOf is where an image is by the first that found it; empty when none says so.
func regionOf(answers []answer) string {
	for _, a := range answers {
		if a.presence == source.Found && a.image.Region != "" {
			return a.image.Region
		}
	}
	return ""
}

// Nearest fills in, for stale images of packs, what would be picked now in their
// place. It is help, so its own failures are passed over.
func (p *Pipeline) Nearest(ctx context.Context, verifications []Verification) error {
	packs, err := p.packsByName()
	if err != nil {
		return err
	}
	stale := false
	var bad []image.Image
	for _, v := range verifications {
		if _, known := packs[v.Pack]; v.Status != StatusStale || !known {
			continue
		}
		stale = true
		if v.Usable { // and may be picked again, as what it is now
			continue
		}
		// What is no longer good is not offered again, even where a source still lists it.
		bad = append(bad, goneNow(&v.Image, v.Source, ""))
	}
	if !stale {
		return nil
	}
	all, err := p.Packs(nil)
	if err != nil {
		return err
	}
	// As update does, other packs are picked for, too: what their sources say, and what is
	// asked for them, may speak against an image.
	picks, _, err := p.pick(ctx, all, bad)
	if err != nil {
		return err
	}
	nearest := map[string]*image.Image{}
	for _, pick := range picks {
		nearest[pick.Pack.Name] = pick.Image
	}
	for i := range verifications {
		if verifications[i].Status == StatusStale {
			verifications[i].Nearest = nearest[verifications[i].Pack]
		}
	}
	return nil
}
