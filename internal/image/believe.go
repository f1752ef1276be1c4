package image

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// merger makes one image of statements.
type merger struct {
	one Image
	// levels are the statements by what they are worth, those of one worth together.
	levels         [][]*Image
	contradictions []string
}

// combine makes one image of all statements of it.
func combine(same, bystanders []*Image) (*Image, Merge) {
	same = latestBuild(ordered(same))
	bystanders = those(bystanders, func(other *Image) bool { // else they are of another part of the id
		return !slices.ContainsFunc(same, func(img *Image) bool { return !Same(img, other) })
	})
	lead := same[max(0, slices.IndexFunc(same, func(i *Image) bool { return i.Withheld == "" }))]
	m := &merger{one: *lead, levels: levels(same)}
	m.one.Provenance = maps.Clone(lead.Provenance)
	for _, name := range [...]string{"name", "architecture", "kubernetesVersion", "version", "digest", "ownerId"} {
		*m.one.Fact(name) = m.fact(name, func(i *Image) string { return *i.Fact(name) })
	}
	m.system()
	all := slices.Concat(same, bystanders)
	m.times(levels(ordered(all)))
	m.one.Tags = m.keyed("tags", func(i *Image) map[string]string { return i.Tags })
	m.one.Attributes = m.keyed("attributes", func(i *Image) map[string]string { return i.Attributes })
	m.handle(same)
	m.whose()
	m.state(same, bystanders)
	m.one.ExcludedFromLatest = slices.ContainsFunc(all, func(i *Image) bool { return i.ExcludedFromLatest })
	for _, img := range same {
		m.one.Public = m.one.Public || img.Public
		m.one.SpansRegions = m.one.SpansRegions || img.SpansRegions
		m.one.FullID = cmp.Or(m.one.FullID, img.FullID)
		m.one.Region = cmp.Or(m.one.Region, img.Region)
		if img.NewestBy == NewestByVersion { // which its source was told to put first
			m.one.NewestBy = NewestByVersion
		}
	}
	m.spelling(lead)
	m.one.Evidence, m.one.ObservedAt = same[0].Evidence, same[0].ObservedAt
	withheld := withheldBy(same)
	if lead.Withheld != "" { // none offers it
		m.one.Withheld = strings.Join(withheld, "; ")
		if len(sourcesOf(same)) == 1 {
			m.one.Withheld = lead.Withheld
		}
	}
	return &m.one, Merge{
		ID: m.one.ID, Region: m.one.Region, Architecture: m.one.Architecture,
		Sources: sourcesOf(same), Contradictions: m.contradictions, Withheld: withheld,
	}
}

// latestBuild leaves out, of ordered statements, records of earlier builds than one that
// is offered: what was built again under its old id has none of the facts of before.
func latestBuild(same []*Image) []*Image {
	recorded := func(img *Image) bool {
		return !img.asked() && img.Reference.IsBuild() && img.ObservedAt != nil
	}
	latest := slices.IndexFunc(same, func(img *Image) bool { return recorded(img) && img.Withheld == "" })
	if latest < 0 {
		return same
	}
	build := same[latest]
	return slices.DeleteFunc(same, func(img *Image) bool {
		return recorded(img) && *img.Reference != *build.Reference && img.ObservedAt.Before(*build.ObservedAt)
	})
}

// spelling prefers a whole id to a short form of it, when one worth as much has it: the
// names of sources do not decide what is rendered.
func (m *merger) spelling(lead *Image) {
	for _, img := range slices.Concat(m.levels...) {
		if img.FullID == "" && worth(lead, img) == 0 && (img.Withheld == "") == (lead.Withheld == "") {
			m.one.ID = img.ID
			return
		}
	}
}

func withheldBy(same []*Image) []string {
	var words []string
	for _, img := range same {
		if word := fmt.Sprintf("source %s withholds it: %s", img.Source, img.Withheld); img.Withheld != "" && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return words
}

func sourcesOf(images []*Image) []string {
	var names []string
	for _, img := range images {
		names = append(names, img.Source)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// fact returns the value of the statements that are worth most. When these do not
// agree among each other nobody knows, and it is empty.
func (m *merger) fact(name string, of func(*Image) string) string {
	says := m.says(name, of)
	if len(says) == 0 {
		return ""
	}
	best := says[0]
	known := true
	for _, other := range says[1:] {
		switch {
		case other.level != best.level:
		case refines(name, other.value, best.value):
			best = other
		case !refines(name, best.value, other.value):
			known = false
		}
	}
	if name != "name" { // a build and its image have different ones as a rule
		m.contradict(name, says, best, known)
	}
	if !known {
		delete(m.one.Provenance, name)
		return ""
	}
	m.cameFrom(name, best.img)
	return best.value
}

// saying is a value, and who says so first.
type saying struct {
	value string
	img   *Image
	level int
}

// says returns each value once, with who says it: those that are worth most first. Of
// spellings of one name it is the first by the alphabet.
func (m *merger) says(name string, of func(*Image) string) []saying {
	same := func(a, b string) bool { return a == b }
	if m.foldsCase(name) {
		same = strings.EqualFold
	}
	var all []saying
	for level, images := range m.levels {
		for _, img := range images {
			value := of(img)
			if value == "" {
				continue
			}
			said := slices.IndexFunc(all, func(s saying) bool { return same(s.value, value) })
			switch {
			case said < 0:
				all = append(all, saying{value, img, level})
			case all[said].level == level && value < all[said].value:
				all[said] = saying{value, img, level}
			case all[said].level == level && img.Source == m.one.Source: // the image's own source needs no naming
				all[said].img = img
			}
		}
	}
	return all
}

// foldsCase tells whether a fact is a name of the provider's, in which letter case says
// nothing. That of a tag's value does.
func (m *merger) foldsCase(name string) bool {
	return FoldsCase(m.one.Provider) && (name == "name" || name == "ownerId" || strings.HasPrefix(name, "attributes."))
}

// refines tells whether a value is another one or, of versions, says more of it: 8.8 of
// 8, and 1.30.4+rke2r1 of 1.30.4.
func refines(name, value, of string) bool {
	switch name {
	case "version", "os.version", "kubernetesVersion":
		return value == of || strings.HasPrefix(value, of+".") || strings.HasPrefix(value, of+"+")
	}
	return value == of
}

func (m *merger) contradict(name string, says []saying, best saying, known bool) {
	if !slices.ContainsFunc(says, func(s saying) bool { return !refines(name, s.value, best.value) && !refines(name, best.value, s.value) }) {
		return
	}
	var words []string
	for _, s := range says {
		words = append(words, fmt.Sprintf("source %s says %s", s.img.Source, strconv.Quote(strings.TrimPrefix(s.value, empty))))
	}
	verdict := "none is believed, so it is not known"
	switch {
	case known && best.img.asked():
		verdict = best.img.Source + " is believed, as its service was asked"
	case known:
		verdict = best.img.Source + " is believed, as its record is newer"
	}
	m.contradictions = append(m.contradictions, name+": "+strings.Join(words, ", ")+"; "+verdict)
}

// cameFrom notes which statement a fact is from.
func (m *merger) cameFrom(name string, img *Image) {
	from, known := img.Provenance[name]
	if img.Source == m.one.Source && !known {
		delete(m.one.Provenance, name)
		return
	}
	if img.Source != m.one.Source {
		from.Source = img.Source
	}
	if m.one.Provenance == nil {
		m.one.Provenance = map[string]Provenance{}
	}
	m.one.Provenance[name] = from
}

// system keeps a version beside the name that it was told with.
func (m *merger) system() {
	named := func(i *Image) string { return i.OS.Name }
	name := m.fact("os.name", named)
	undecided := name == "" && len(m.says("os.name", named)) > 0
	version := m.fact("os.version", func(i *Image) string {
		if undecided || !strings.EqualFold(i.OS.Name, name) {
			return ""
		}
		return i.OS.Version
	})
	m.one.OS = OS{Name: name, Version: version}
}

// times takes the earliest time of the statements that are worth most and have one.
// Of what ends its life all are heard, those of bystanders too; of what an AMI was made
// with, the records as well: EC2 has the time of a copy, and no id names another AMI
// later.
func (m *merger) times(all [][]*Image) {
	making := m.levels
	if strings.EqualFold(m.one.Provider, "aws") {
		making = [][]*Image{slices.Concat(m.levels...)}
	}
	m.earliest("createdAt", making, func(i *Image) **time.Time { return &i.CreatedAt })
	m.earliest("deprecatedAt", all, func(i *Image) **time.Time { return &i.DeprecatedAt })
	m.earliest("endOfLifeAt", all, func(i *Image) **time.Time { return &i.EndOfLifeAt })
}

func (m *merger) earliest(name string, levels [][]*Image, of func(*Image) **time.Time) {
	for _, images := range levels {
		if known := those(images, func(i *Image) bool { return *of(i) != nil }); known != nil {
			best := slices.MinFunc(known, func(a, b *Image) int { return (*of(a)).Compare(**of(b)) })
			*of(&m.one) = *of(best)
			m.cameFrom(name, best)
			return
		}
	}
}

// empty stands for a value that is known to be empty.
const empty = "\x00"

// keyed merges maps key by key.
func (m *merger) keyed(name string, of func(*Image) map[string]string) map[string]string {
	keys := map[string]bool{}
	for _, img := range slices.Concat(m.levels...) {
		for key := range of(img) {
			keys[key] = true
		}
	}
	var merged map[string]string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		value := m.fact(name+"."+key, func(i *Image) string {
			value, has := of(i)[key]
			if has && value == "" {
				return empty
			}
			return value
		})
		if value == "" {
			continue
		}
		if merged == nil {
			merged = make(map[string]string, len(keys))
		}
		merged[key] = strings.TrimPrefix(value, empty)
	}
	return merged
}

// handle takes the reference of a build before others: it tells which images came
// out of one.
func (m *merger) handle(same []*Image) {
	with := those(same, func(i *Image) bool { return i.Reference != nil })
	if with == nil {
		return
	}
	best := slices.MinFunc(with, func(a, b *Image) int {
		return cmp.Or(whichIs(a, b, func(i *Image) bool { return i.Reference.IsBuild() }), worth(a, b),
			cmp.Compare(a.Reference.Kind, b.Reference.Kind), cmp.Compare(a.Reference.Value, b.Reference.Value))
	})
	m.one.Reference = best.Reference
	m.cameFrom("reference", best)
}

// whose asks those that are worth most whose the image is. It is "self" when it
// belongs to the account of one of them that offers it; a record that says so does not
// know better than a service that names another account.
func (m *merger) whose() {
	account := func(i *Image) string {
		if i.Owner == Self {
			return ""
		}
		return i.Owner
	}
	for _, level := range m.levels {
		own := slices.IndexFunc(level, func(i *Image) bool { return i.Owner == Self && i.Withheld == "" })
		if own >= 0 {
			m.one.Owner = Self
			m.cameFrom("owner", level[own])
			return
		}
		if slices.ContainsFunc(level, func(i *Image) bool { return account(i) != "" }) {
			break
		}
	}
	m.one.Owner = m.fact("owner", account)
}

// state believes services that were asked before records. Among the asked, "gone" is
// believed whenever it was said; else those of the highest worth, and of these what
// speaks most against the image. So it is among records. A service that was asked and
// says why it cannot tell leaves the state unknown, unless a record refuses.
func (m *merger) state(same, bystanders []*Image) {
	refusing := those(bystanders, func(i *Image) bool { return i.State.Refuses() })
	asked := ordered(those(slices.Concat(same, refusing), (*Image).asked))
	if gone := those(asked, func(i *Image) bool { return i.State == Gone }); gone != nil {
		asked = gone
	}
	best := decisive(asked)
	if best == nil {
		best = decisive(those(same, func(i *Image) bool { return !i.asked() }))
	}
	unsure := same[max(0, slices.IndexFunc(same, func(i *Image) bool { return i.StateReason != "" }))]
	if best == nil || !best.asked() && unsure.asked() && unsure.StateReason != "" && !best.State.Refuses() {
		best = unsure // a record does not know better than the service
	}
	for _, img := range same {
		if img.Source == m.one.Source && img.State == best.State && img.StateReason == best.StateReason && worth(img, best) == 0 {
			best = img // the image's own source needs no naming
		}
	}
	m.one.State, m.one.StateReason = best.State, best.StateReason
	m.cameFrom("state", best)
	if best.Source != m.one.Source && best.State.Refuses() && best.StateReason == "" && best.Source != "" {
		m.one.StateReason = "says source " + best.Source
	}
}

// decisive returns whose state counts of ordered statements: of those of the highest
// worth that know one, what speaks most against the image; nil when none knows.
func decisive(same []*Image) *Image {
	var best *Image
	for _, img := range same {
		if img.State != StateUnset && (best == nil || worth(best, img) == 0 && against(img.State) > against(best.State)) {
			best = img
		}
	}
	return best
}

// against orders states by how much they speak against an image.
func against(s State) int {
	return slices.Index([]State{StateUnset, Available, Pending, Disabled, Failed, Unusable, Gone}, s)
}
