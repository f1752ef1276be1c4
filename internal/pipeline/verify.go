package pipeline

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/freshness"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
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
}

// Verification is the answer for one subject.
type Verification struct {
	Subject
	Status Status
	// Reasons why it is stale or unknown.
	Reasons []string
	// Notes are what will end its life later.
	Notes []string
	// Nearest is what would be picked for the pack now.
	Nearest *image.Image
}

// Verifier is the part of the plugin host that verification calls.
type Verifier interface {
	Plugins
	Verify(ctx context.Context, req source.VerifyRequest) ([]source.Verified, []source.Diagnostic, error)
}

// answer is what one source says of one subject.
type answer struct {
	presence source.Presence
	image    *image.Image
	reason   string
}

// asked is what one source says of the subjects that it was asked for.
type asked struct {
	indexes     []int
	answers     []answer
	diagnostics []source.Diagnostic
	err         error
}

// Verify asks the sources what became of images. Sources are asked at the same
// time, and heard in the order of the spec. One that fails makes its subjects
// unknown, and the failure is returned beside the verifications.
func (p *Pipeline) Verify(ctx context.Context, verifier Verifier, subjects []Subject) ([]Verification, error) {
	all := p.askAll(ctx, verifier, subjects)
	if ctx.Err() != nil {
		return nil, interrupt.Error(ctx)
	}
	answers := make([][]answer, len(subjects))
	var failed []error
	for _, a := range all {
		p.report(a.diagnostics)
		if a.err != nil {
			failed = append(failed, a.err)
		}
		for i, index := range a.indexes {
			answers[index] = append(answers[index], a.answers[i])
		}
	}
	verifications := make([]Verification, len(subjects))
	for i, subject := range subjects {
		verifications[i] = p.judge(subject, answers[i])
	}
	return verifications, failure.Join(failed...)
}

// askAll asks every source at the same time; the answers are in the order of the
// spec's sources.
func (p *Pipeline) askAll(ctx context.Context, verifier Verifier, subjects []Subject) []asked {
	all := make([]asked, len(p.Document.Set.Sources))
	var wg sync.WaitGroup
	for i, s := range p.Document.Set.Sources {
		indexes := askedOf(s.Name, subjects)
		if len(indexes) == 0 {
			continue
		}
		wg.Go(func() { all[i] = p.ask(ctx, verifier, s, subjects, indexes) })
	}
	wg.Wait()
	return all
}

// askedOf returns the indexes of the subjects that a source is asked for.
func askedOf(name string, subjects []Subject) []int {
	var indexes []int
	for i, subject := range subjects {
		if subject.Source == "" || subject.Source == name {
			indexes = append(indexes, i)
		}
	}
	return indexes
}

// ask returns one answer for each index; all unknown when the source fails.
func (p *Pipeline) ask(ctx context.Context, verifier Verifier, s spec.Source, subjects []Subject, indexes []int) asked {
	verified, diagnostics, err := p.callVerify(ctx, verifier, s, subjects, indexes)
	answers := make([]answer, len(indexes))
	for i := range answers {
		answers[i] = answer{presence: source.Unknown, reason: "source " + s.Name + " could not be asked"}
	}
	for i, v := range verified {
		if v.Presence == source.Unknown && v.Reason == "" {
			continue
		}
		answers[i] = answer{presence: v.Presence, image: v.Image, reason: v.Reason}
		if v.Presence == source.Found && v.Image == nil {
			answers[i] = answer{presence: source.Unknown, reason: "source " + s.Name + " found it, and does not say in what state"}
		}
	}
	return asked{indexes: indexes, answers: answers, diagnostics: diagnostics, err: err}
}

func (p *Pipeline) callVerify(ctx context.Context, verifier Verifier, s spec.Source, subjects []Subject, indexes []int) ([]source.Verified, []source.Diagnostic, error) {
	plugin, err := verifier.Find(ctx, s.Type)
	if err != nil {
		return nil, nil, err
	}
	config, err := p.Document.CheckConfig(s.Name, plugin.ConfigSchema())
	if err != nil {
		return nil, nil, err
	}
	packs, err := p.Packs(nil)
	if err != nil {
		return nil, nil, err
	}
	request := source.VerifyRequest{
		Source: s.Name, Type: s.Type, Config: config, BaseDir: p.Document.Set.Dir, Regions: selectedRegions(usersOf(s.Name, packs)),
	}
	for _, index := range indexes {
		img := subjects[index].Image
		request.Refs = append(request.Refs, image.Ref{
			ID: img.ID, Provider: img.Provider, Region: img.Region, Architecture: img.Architecture,
			Digest: img.Digest, Reference: img.Reference,
		})
	}
	return verifier.Verify(ctx, request)
}

// selectedRegions are all that packs name; one that takes any region adds none.
func selectedRegions(packs []spec.Pack) []string {
	named := slices.DeleteFunc(slices.Clone(packs), func(pack spec.Pack) bool { return pack.Select.Region == "" })
	return union(named, func(s spec.Select) string { return s.Region })
}

// judge makes one verdict of what all sources say: one that has the image
// decides; else one that could not be asked leaves it open.
func (p *Pipeline) judge(subject Subject, answers []answer) Verification {
	v := Verification{Subject: subject, Status: StatusUnknown}
	if len(answers) == 0 {
		v.Reasons = []string{fmt.Sprintf("the spec has no source named %q", subject.Source)}
		return v
	}
	for _, a := range answers {
		if a.presence == source.Found && a.image != nil {
			v.Reasons = freshness.Judge(freshness.Expect(subject.Image), *a.image, p.Now)
			v.Notes = freshness.Upcoming(*a.image, p.Now)
			if v.Image.Region == "" {
				v.Image.Region = a.image.Region
			}
			v.Status = StatusOK
			switch {
			case len(v.Reasons) > 0:
				v.Status = StatusStale
			case a.image.State == image.StateUnset && a.image.StateReason != "": // its source has states, and none of it
				v.Status, v.Reasons = StatusUnknown, []string{"whether it is available is not known: " + a.image.StateReason}
			}
			v.add(a.reason)
			return v
		}
	}
	v.Status = StatusStale
	for _, a := range answers {
		if a.presence == source.Unknown {
			v.Status = StatusUnknown
		}
		if a.reason != "" && !slices.Contains(v.Reasons, a.reason) {
			v.Reasons = append(v.Reasons, a.reason)
		}
	}
	if len(v.Reasons) == 0 {
		v.Reasons = []string{"gone"}
	}
	return v
}

// add takes in what a source says beside the image that it found.
func (v *Verification) add(said string) {
	switch {
	case said == "":
	case v.Status == StatusOK:
		v.Notes = append(v.Notes, said)
	default:
		v.Reasons = append(v.Reasons, said)
	}
}

// Nearest fills in, for stale images of packs, what would be picked now. It is
// help, so its own failures are passed over.
func (p *Pipeline) Nearest(ctx context.Context, verifications []Verification) error {
	var names []string
	for _, v := range verifications {
		if v.Status == StatusStale && v.Pack != "" {
			names = append(names, v.Pack)
		}
	}
	if len(names) == 0 {
		return nil
	}
	packs, err := p.Packs(names)
	if err != nil {
		return err
	}
	picks, _, err := p.Picks(ctx, packs)
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

// Unknown tells whether an image could not be verified, and Stale whether one is
// no longer good.
func Unknown(verifications []Verification) bool { return has(verifications, StatusUnknown) }

// Stale is described at Unknown.
func Stale(verifications []Verification) bool { return has(verifications, StatusStale) }

func has(verifications []Verification, status Status) bool {
	return slices.ContainsFunc(verifications, func(v Verification) bool { return v.Status == status })
}
