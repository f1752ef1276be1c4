package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/freshness"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
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

// Verifier is the part of the plugin host that verification calls.
type Verifier interface {
	Plugins
	Verify(ctx context.Context, req source.VerifyRequest) ([]source.Verified, []source.Diagnostic, error)
}

// answer is what one source says of one subject.
type answer struct {
	source   string
	presence source.Presence
	evidence image.Evidence
	image    *image.Image
	reason   string
	// failed is set when the source could not be asked at all.
	failed bool
}

// asked is what one source says of the subjects that it was asked for.
type asked struct {
	indexes     []int
	answers     []answer
	diagnostics []source.Diagnostic
	err         error
}

// Verify asks the sources what became of images: the one that an image was picked
// from, or for an id those of its provider, and, unless that asked its service and found it, all others that have images of
// its provider: a record that names an image does not know whether it is still there, but where. Sources are asked at the same time, and
// heard in the order of the spec. A failure is returned beside the verifications
// when a subject depends on it; else it is reported.
func (p *Pipeline) Verify(ctx context.Context, verifier Verifier, subjects []Subject) ([]Verification, error) {
	packs, err := p.packsByName()
	if err != nil {
		return nil, err
	}
	answers := make([][]answer, len(subjects))
	all := p.askAll(ctx, verifier, subjects, answers, func(i int, name string, plugin *source.Plugin) bool {
		s := subjects[i]
		return s.Source == name || s.Source == "" && plugin != nil && provides(plugin, s.Image.Provider)
	})
	subjects = slices.Clone(subjects)
	placed := map[int]bool{} // by a record, so that a service can be asked there
	for i := range subjects {
		if at := &subjects[i].Image.Region; *at == "" && !settled(answers[i]) {
			*at = regionOf(answers[i])
			placed[i] = *at != ""
		}
	}
	all = append(all, p.askAll(ctx, verifier, subjects, answers, func(i int, name string, plugin *source.Plugin) bool {
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
	var failed []error
	for _, a := range all {
		p.report(a.diagnostics)
		needed := slices.ContainsFunc(a.indexes, func(index int) bool {
			s := subjects[index]
			return s.needs(a.answers[0].source, packs) && (s.Source != "" || !settled(answers[index]))
		})
		switch {
		case a.err != nil && needed:
			failed = append(failed, a.err)
		case a.err != nil:
			p.Report(source.Diagnostic{Source: a.answers[0].source, Severity: source.SeverityWarning, Summary: a.err.Error()})
		}
	}
	if err := p.hearBystanders(ctx, verifier, subjects, answers, packs); err != nil {
		return nil, err
	}
	verifications := make([]Verification, len(subjects))
	for i, subject := range subjects {
		verifications[i] = p.judge(subject, answers[i], packs)
	}
	p.judgeTemplates(verifications)
	return verifications, failure.Join(failed...)
}

// hearBystanders asks what speaks against images that their own sources found: a selection
// hears that of all sources that packs pick from. They are asked for what they may list, and
// by what they know themselves; one that fails is told, as the image was found.
func (p *Pipeline) hearBystanders(ctx context.Context, verifier Verifier, subjects []Subject, answers [][]answer, packs map[string]spec.Pack) error {
	subjects = slices.Clone(subjects)
	for i := range subjects {
		subjects[i].Image.Reference = nil // a build of another source, which this one need not see
	}
	for _, a := range p.askAll(ctx, verifier, subjects, answers, func(i int, name string, plugin *source.Plugin) bool {
		s := subjects[i]
		own := ofSource(s.Source, answers[i])
		return own != nil && own.settles() && ofSource(name, answers[i]) == nil &&
			plugin != nil && knows(plugin, s.Image.Provider) && mayList(name, &s.Image, packs)
	}) {
		p.report(a.diagnostics)
		if a.err != nil {
			p.Report(source.Diagnostic{Source: a.answers[0].source, Severity: source.SeverityWarning, Summary: a.err.Error()})
		}
	}
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

// askAll asks every source for the subjects that it is wanted for, all at the same
// time, and adds to the answers of each subject in the order of the spec's sources.
func (p *Pipeline) askAll(
	ctx context.Context, verifier Verifier, subjects []Subject, answers [][]answer, wanted func(i int, name string, plugin *source.Plugin) bool,
) []asked {
	all := make([]asked, len(p.Document.Set.Sources))
	var wg sync.WaitGroup
	for i, s := range p.Document.Set.Sources {
		wg.Go(func() { all[i] = p.ask(ctx, verifier, s, subjects, wanted) })
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
	return a.presence == source.Unknown && !a.failed || a.presence == source.NotFound && a.evidence == ""
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

func knows(plugin *source.Plugin, provider string) bool {
	return slices.Contains(plugin.Description.GetCapabilities(), sourcev1.Capability_CAPABILITY_VERIFY) && provides(plugin, provider)
}

func provides(plugin *source.Plugin, provider string) bool {
	return slices.ContainsFunc(plugin.Description.GetProviders(), func(p string) bool { return strings.EqualFold(p, provider) })
}

// ask returns one answer for each index; all unknown when the source fails.
func (p *Pipeline) ask(
	ctx context.Context, verifier Verifier, s spec.Source, subjects []Subject, wanted func(i int, name string, plugin *source.Plugin) bool,
) asked {
	plugin, err := verifier.Find(ctx, s.Type)
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
		verified, diagnostics, err = p.callVerify(ctx, verifier, s, plugin, subjects, indexes)
	}
	answers := make([]answer, len(indexes))
	for i := range answers {
		answers[i] = answer{source: s.Name, presence: source.Unknown, reason: "source " + s.Name + " could not be asked", failed: err != nil}
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
	return asked{indexes: indexes, answers: answers, diagnostics: diagnostics, err: err}
}

func (p *Pipeline) callVerify(ctx context.Context, verifier Verifier, s spec.Source, plugin *source.Plugin, subjects []Subject, indexes []int) ([]source.Verified, []source.Diagnostic, error) {
	config, err := p.Document.CheckConfig(s.Name, plugin.ConfigSchema())
	if err != nil {
		return nil, nil, err
	}
	packs, err := p.Packs(nil)
	if err != nil {
		return nil, nil, err
	}
	request := source.VerifyRequest{
		Source: s.Name, Plugin: plugin, Config: config, BaseDir: p.Document.Set.Dir, Regions: selectedRegions(usersOf(s.Name, packs)),
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
	return verifier.Verify(ctx, request)
}

// selectedRegions are all that packs name; one that takes any region adds none.
func selectedRegions(packs []spec.Pack) []string {
	named := slices.DeleteFunc(slices.Clone(packs), func(pack spec.Pack) bool { return pack.Select.Region == "" })
	return union(named, func(s spec.Select) string { return s.Region })
}

// selectedRanges are all ranges of Kubernetes versions that packs name; one that takes
// any adds none.
func selectedRanges(packs []spec.Pack) []string {
	named := slices.DeleteFunc(slices.Clone(packs), func(pack spec.Pack) bool { return pack.Select.KubernetesVersion == "" })
	return union(named, func(s spec.Select) string { return s.KubernetesVersion })
}

// judge makes one verdict of what all sources say. A service that was asked and has
// the image decides; then one that was asked and does not have it; then the records,
// of which that of the image's own source comes first.
func (p *Pipeline) judge(subject Subject, answers []answer, packs map[string]spec.Pack) Verification {
	v := Verification{Subject: subject, Status: StatusUnknown, Notes: slices.Clone(subject.Notes)}
	own := ofSource(subject.Source, answers)
	if subject.Source != "" && own == nil {
		v.Reasons = []string{fmt.Sprintf("the spec has no source named %q", subject.Source)}
	}
	found := slices.DeleteFunc(slices.Clone(answers), func(a answer) bool { return a.presence != source.Found })
	askedAnd := func(presence source.Presence) func(answer) bool {
		return func(a answer) bool { return a.evidence == image.Asked && a.presence == presence }
	}
	switch {
	case slices.ContainsFunc(found, askedAnd(source.Found)):
		p.judgeFound(&v, found, packs)
		return v
	case slices.ContainsFunc(answers, askedAnd(source.NotFound)):
		v.Gone = true
		v.absent(slices.DeleteFunc(slices.Clone(answers), func(a answer) bool { return !askedAnd(source.NotFound)(a) }))
		return v
	case len(found) > 0 && (own == nil || own.presence == source.Found):
		p.judgeFound(&v, found, packs)
		for _, a := range answers {
			switch {
			case a.refused() && v.Status == StatusOK:
				v.Status, v.Reasons = StatusUnknown, []string{"it is on record, and source " + a.source + " could not ask: " + a.reason}
			case a.failed && v.Status == StatusOK && subject.needs(a.source, packs):
				v.Status, v.Reasons = StatusUnknown, []string{"it is on record, and " + a.reason}
			case a.presence == source.NotVisible, a.open():
				v.add(a.reason)
			}
		}
		return v
	case subject.Source != "" && own == nil:
		// That a record does not list it says nothing: it need never have had it.
		for _, a := range answers {
			v.add(a.reason)
		}
		return v
	}
	v.absent(slices.DeleteFunc(slices.Clone(answers), func(a answer) bool {
		// A source that cannot tell does not count beside the one it was picked from.
		return own != nil && a.source != own.source && a.presence == source.Unknown && !a.refused() && (!a.failed || !subject.needs(a.source, packs))
	}))
	return v
}

func ofSource(name string, answers []answer) *answer {
	if i := slices.IndexFunc(answers, func(a answer) bool { return a.source == name }); i >= 0 {
		return &answers[i]
	}
	return nil
}

// judgeFound compares what was picked with what the sources have now. As selection
// does, it takes facts from the sources of the pack alone, as long as one has it; of others
// it hears what speaks against it.
func (p *Pipeline) judgeFound(v *Verification, found []answer, packs map[string]spec.Pack) {
	var statements []image.Image
	for _, a := range found {
		statements = append(statements, *a.image)
	}
	found, sources := v.believed(found, packs[v.Pack])
	images, _ := image.Gather(statements, sources)
	strangers := len(images) == 0
	if strangers {
		images, _ = image.Gather(statements, nil)
	}
	now := nowOf(&v.Image, images)
	v.now = now
	want := expect(&v.Image, now, found)
	if strangers {
		want.OS, want.KubernetesVersion = image.OS{}, "" // whether these are still so is for its own sources to say
	}
	v.Gone = now.State == image.Gone && now.Evidence == image.Asked
	v.Usable = len(freshness.Judge(image.Image{}, *now, p.Now)) == 0
	v.Status, v.Reasons = StatusOK, freshness.Judge(want, *now, p.Now)
	v.Notes = append(v.Notes, freshness.Upcoming(*now, p.Now)...)
	switch own := ofSource(v.Source, found); {
	case now.Withheld != "":
		v.Notes = append(v.Notes, "it would not be offered now: "+now.Withheld)
	case own != nil && own.image.Withheld != "":
		v.Notes = append(v.Notes, "source "+own.source+" would not offer it now: "+own.image.Withheld)
	}
	if v.Image.Region == "" {
		v.Image.Region = now.Region
	}
	doubt := inDoubt(&v.Image, found)
	if unsure(now) {
		doubt = now.StateReason
	}
	switch {
	case len(v.Reasons) > 0:
		v.Status = StatusStale
	case doubt != "":
		v.Status, v.Reasons = StatusUnknown, []string{"whether it is available is not known: " + doubt}
	}
	for _, a := range found {
		v.add(a.reason)
	}
}

// believed are the answers that facts are taken from, and their sources: that of its own
// source alone, where that asked and does not leave it open; else those of its pack.
func (v *Verification) believed(found []answer, pack spec.Pack) ([]answer, []string) {
	own := ofSource(v.Source, found)
	if own == nil || !own.settles() || !picksFrom(pack, v.Source) {
		return found, pack.Sources
	}
	if own.image.Withheld == "" && !unsure(own.image) {
		return []answer{*own}, []string{v.Source}
	}
	return slices.DeleteFunc(slices.Clone(found), func(a answer) bool { return !picksFrom(pack, a.source) }), pack.Sources
}

// inDoubt returns why services that have an image that was picked cannot tell its state;
// empty when one can, or none has it. No record knows better, also when the pack picks
// from the record alone.
func inDoubt(picked *image.Image, answers []answer) string {
	var services []image.Image
	for _, a := range answers {
		if a.evidence == image.Asked && a.presence == source.Found {
			services = append(services, *a.image)
		}
	}
	if len(services) == 0 {
		return ""
	}
	images, _ := image.Gather(services, nil)
	if now := nowOf(picked, images); unsure(now) {
		return now.StateReason
	}
	return ""
}

// unsure tells whether a source has states, and could not tell that of an image.
func unsure(img *image.Image) bool { return img.State == image.StateUnset && img.StateReason != "" }

// expect returns what is compared of an image that was picked: not the facts that a source
// told which is not heard: the others may know less or other than it.
func expect(picked, now *image.Image, heard []answer) image.Image {
	want := *picked
	unheard := func(fact string) bool {
		by := picked.Provenance[fact].Source
		if by == "" && now.Evidence != image.Asked { // records do not know better than its own source
			by = picked.Source
		}
		return by != "" && ofSource(by, heard) == nil
	}
	if unheard("os.name") || unheard("os.version") {
		want.OS = image.OS{}
	}
	for _, fact := range [...]string{"kubernetesVersion", "architecture", "digest"} {
		if unheard(fact) {
			*want.Fact(fact) = ""
		}
	}
	return want
}

// nowOf returns what an image that was picked is now: of several that it can be, the
// one of which no more and no less is known.
func nowOf(picked *image.Image, images []*image.Image) *image.Image {
	now, found := images[0], false
	for _, img := range images {
		if image.RegionKey(img.Region) != image.RegionKey(picked.Region) || !image.Same(img, picked) {
			continue
		}
		if exact := img.Part() == picked.Part(); exact || !found {
			now, found = img, true
		}
	}
	return now
}

// absent says why nobody has the image; one that could not be asked leaves it open.
func (v *Verification) absent(answers []answer) {
	if len(answers) == 0 {
		return
	}
	v.Status, v.Usable = StatusStale, true
	for _, a := range answers {
		if a.presence == source.Unknown {
			v.Status = StatusUnknown
		}
		// A record that lacks it knows nothing against it: its id may have been built again.
		v.Usable = v.Usable && (a.presence == source.Found || a.presence == source.NotFound && a.evidence != image.Asked)
		if a.reason != "" && !slices.Contains(v.Reasons, a.reason) {
			v.Reasons = append(v.Reasons, a.reason)
		}
	}
	if len(v.Reasons) == 0 {
		v.Reasons = []string{"gone"}
	}
}

// add takes in what a source says beside the image that it found.
func (v *Verification) add(said string) {
	switch {
	case said == "", slices.Contains(v.Notes, said), slices.Contains(v.Reasons, said):
	case v.Status == StatusOK:
		v.Notes = append(v.Notes, said)
	default:
		v.Reasons = append(v.Reasons, said)
	}
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
		// What is no longer good is not offered again, whoever still lists it.
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
