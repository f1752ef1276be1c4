package pipeline

import (
	"fmt"
	"slices"

	"github.com/kubectl-byoos/kubectl-byoos/internal/freshness"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// judge makes one verdict of what all sources say. A service that was asked and has
// the image decides; then one that was asked and does not have it; then the records,
// of which that of the image's own source comes first.
func (p *Pipeline) judge(subject Subject, answers []answer, packs map[string]spec.Pack) Verification {
	v := Verification{Subject: subject, Status: StatusUnknown, Notes: slices.Clone(subject.Notes)}
	own := ofSource(subject.Source, answers)
	if subject.Source != "" && own == nil {
		v.Reasons = []string{fmt.Sprintf("the spec has no source named %q", subject.Source)}
	}
	found := those(answers, func(a answer) bool { return a.presence == source.Found })
	askedAnd := func(presence source.Presence) func(answer) bool {
		return func(a answer) bool { return a.evidence == image.Asked && a.presence == presence }
	}
	switch {
	case slices.ContainsFunc(found, askedAnd(source.Found)):
		p.judgeFound(&v, found, packs)
		return v
	case slices.ContainsFunc(answers, askedAnd(source.NotFound)):
		v.Gone = true
		v.absent(those(answers, askedAnd(source.NotFound)))
		return v
	case len(found) > 0 && (own == nil || own.presence == source.Found):
		p.judgeFound(&v, found, packs)
		for _, a := range answers {
			switch {
			case a.refused() && v.Status == StatusOK:
				v.Status, v.Reasons = StatusUnknown, []string{"it is on record, and source " + a.source + " could not ask: " + a.reason}
			case a.err != nil && v.Status == StatusOK && subject.needs(a.source, packs):
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
	v.absent(those(answers, func(a answer) bool {
		// A source that cannot tell does not count beside the one it was picked from.
		mute := a.presence == source.Unknown && !a.refused() && (a.err == nil || !subject.needs(a.source, packs))
		return own == nil || a.source == own.source || !mute
	}))
	return v
}

// those are the answers of which something is so.
func those(answers []answer, are func(answer) bool) []answer {
	return slices.DeleteFunc(slices.Clone(answers), func(a answer) bool { return !are(a) })
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
	return those(found, func(a answer) bool { return picksFrom(pack, a.source) }), pack.Sources
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
