package image

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Merge is an image that was found more than once, and what was made of that.
type Merge struct {
	ID           string   `json:"id"`
	Region       string   `json:"region,omitempty"`
	Architecture string   `json:"architecture,omitempty"`
	Sources      []string `json:"sources"`
	// Contradictions are the facts on which the sources do not agree, with which of
	// them is believed.
	Contradictions []string `json:"contradictions,omitempty"`
	// Withheld says which of the sources do not offer it, and why.
	Withheld []string `json:"withheld,omitempty"`
}

// group is what is said of one place.
type group struct {
	first      *Image
	more       []*Image
	bystanders []*Image
}

func (g *group) all() []*Image { return append([]*Image{g.first}, g.more...) }

// Gather makes one image of all that is said of it in a region, by the rules of
// docs/selection.md ("One image once"). Statements of sources other than those
// named (none: all count) add no image and no fact; only what a service that was
// asked says against an image (its state, when it is deprecated or at its end of life,
// that it is excluded) is believed of them too. It does not change its
// input, and the order of that does not matter but for the order of the result.
func Gather(statements []Image, sources []string) ([]*Image, []Merge) {
	groups := grouped(statements, sources)
	images := make([]*Image, 0, len(groups))
	var merges []Merge
	for i := range groups {
		g := &groups[i]
		if g.first == nil {
			continue
		}
		if g.more == nil && g.bystanders == nil {
			images = append(images, g.first)
			continue
		}
		for _, part := range parts(g.all()) {
			one, merge := combine(part, g.bystanders)
			images = append(images, one)
			if len(part) > 1 {
				merges = append(merges, merge)
			}
		}
	}
	dateCopies(images)
	slices.SortFunc(merges, func(a, b Merge) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Architecture, b.Architecture),
			slices.Compare(a.Sources, b.Sources), slices.Compare(a.Contradictions, b.Contradictions))
	})
	return images, merges
}

// dateCopies makes a copy of another build's AMI, which Image Builder lists as a build of
// the day of the copy, as old as that build. What the copy was made of only its own
// account sees, and of what build that is only the account of the pipeline.
// https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_DistributeImage.html
func dateCopies(images []*Image) {
	var copies []int
	for i, img := range images {
		if img.Attributes["sourceImageId"] != "" && img.Attributes["sourceInstanceId"] == "" && img.ofImageBuilder() && img.CreatedAt != nil {
			copies = append(copies, i)
		}
	}
	if copies == nil {
		return
	}
	builds := map[string]int{}
	for i, img := range images {
		if img.ofImageBuilder() {
			builds[img.ID] = i
		}
	}
	slices.SortStableFunc(copies, func(a, b int) int { return images[a].CreatedAt.Compare(*images[b].CreatedAt) }) // a copy may be of one
	for _, i := range copies {
		at, listed := builds[images[i].Attributes["sourceImageId"]]
		if !listed {
			continue
		}
		of := images[at]
		if *of.Reference == *images[i].Reference || of.CreatedAt == nil || !of.CreatedAt.Before(*images[i].CreatedAt) {
			continue
		}
		dated := *images[i]
		dated.CreatedAt = of.CreatedAt
		dated.Provenance = maps.Clone(dated.Provenance)
		if dated.Provenance == nil {
			dated.Provenance = map[string]Provenance{}
		}
		dated.Provenance["createdAt"] = Provenance{Source: of.Source, From: "api", Key: "imagebuilder", Raw: of.Reference.Value}
		images[i] = &dated
	}
}

// ofImageBuilder tells whether an AMI came out of a build of Image Builder.
func (i *Image) ofImageBuilder() bool {
	return i.Reference != nil && i.Reference.Kind == "arn" && strings.EqualFold(i.Provider, "aws")
}

// grouped puts together what is said of one place. What is said of an image without
// a region is said of it in every region.
func grouped(statements []Image, sources []string) []group {
	index := make(map[Place]int, len(statements))
	groups := make([]group, 0, len(statements))
	var nowhere []int
	for i := range statements {
		img := &statements[i]
		if !counts(img, sources) {
			continue
		}
		at := img.Place()
		if at.ID != "" { // artifacts without an id are not one
			if known, found := index[at]; found {
				groups[known].more = append(groups[known].more, img)
				continue
			}
			index[at] = len(groups)
			if at.Region == "" {
				nowhere = append(nowhere, len(groups))
			}
		}
		groups = append(groups, group{first: img})
	}
	spread(groups, nowhere)
	if len(sources) > 0 {
		addBystanders(groups, statements, sources)
	}
	return groups
}

func counts(img *Image, sources []string) bool {
	return len(sources) == 0 || slices.Contains(sources, img.Source)
}

// spread adds the groups that have no region to those of the same image that do.
func spread(groups []group, nowhere []int) {
	if nowhere == nil {
		return
	}
	regional := map[Identity][]int{}
	for _, i := range nowhere {
		regional[groups[i].first.Identity()] = nil
	}
	for i := range groups {
		id := groups[i].first.Identity()
		if _, wanted := regional[id]; wanted && id.ID != "" && RegionKey(groups[i].first.Region) != "" {
			regional[id] = append(regional[id], i)
		}
	}
	for _, i := range nowhere {
		places := regional[groups[i].first.Identity()]
		for _, other := range places {
			groups[other].more = append(groups[other].more, groups[i].all()...)
		}
		if places != nil {
			groups[i].first = nil
		}
	}
}

// addBystanders lets the services that other sources asked speak against an id.
func addBystanders(groups []group, statements []Image, sources []string) {
	against := map[Identity][]*Image{}
	for i := range statements {
		if img := &statements[i]; !counts(img, sources) && img.Evidence == Asked && img.speaksAgainst() && img.ID != "" {
			against[img.Identity()] = append(against[img.Identity()], img)
		}
	}
	if len(against) == 0 {
		return
	}
	for i := range groups {
		g := &groups[i]
		if g.first == nil {
			continue
		}
		said := against[g.first.Identity()]
		wide := len(said) > 0 && g.wide()
		good := wide && slices.ContainsFunc(statements, func(img Image) bool {
			return img.usable() && img.Evidence == Asked && !counts(&img, sources) && img.Identity() == g.first.Identity()
		})
		for _, img := range said {
			if covers(img, g.first) || g.first.Region == "" && (!wide || !good || img.usable()) {
				g.bystanders = append(g.bystanders, img)
			}
		}
	}
}

// wide tells whether statements without a region are on an id that is good in several:
// what is said against it in some of these is not said of the image, unless it is not
// good in any.
func (g *group) wide() bool {
	return g.first.Region == "" && slices.ContainsFunc(g.all(), func(img *Image) bool { return img.SpansRegions })
}

// usable tells whether nothing is said against using an image where the statement is
// about.
func (i *Image) usable() bool { return !i.State.Refuses() && !i.ExcludedFromLatest }

// speaksAgainst tells whether a statement holds what keeps an image from being used,
// now or later.
func (i *Image) speaksAgainst() bool {
	return i.State.Refuses() || i.DeprecatedAt != nil || i.EndOfLifeAt != nil || i.ExcludedFromLatest
}

// covers tells whether what is said of an image in one place holds in that of
// another statement on it.
func covers(said, of *Image) bool {
	return said.Region == "" || RegionKey(said.Region) == RegionKey(of.Region)
}

// parts separates the images of one id. What is known of less goes with each that
// it can be.
func parts(group []*Image) [][]*Image {
	if len(group) == 1 || !HasParts(group[0].Provider) {
		return [][]*Image{group}
	}
	byPart := map[Part][]*Image{}
	for _, img := range group {
		byPart[img.Part()] = append(byPart[img.Part()], img)
	}
	joinRead(byPart)
	less := map[Part]bool{} // of which another part says more
	for part := range byPart {
		for _, known := range [...]Part{{Architecture: part.Architecture}, {Digest: part.Digest}, {}} {
			less[known] = less[known] || known != part
		}
	}
	whole := map[Part][]*Image{}
	for part := range byPart {
		if !less[part] {
			whole[part] = nil
		}
	}
	for part, images := range byPart {
		for other := range whole {
			if part.within(other) {
				whole[other] = append(whole[other], images...)
			}
		}
	}
	keys := slices.SortedFunc(maps.Keys(whole), func(a, b Part) int {
		return cmp.Or(cmp.Compare(a.Architecture, b.Architecture), cmp.Compare(a.Digest, b.Digest))
	})
	split := make([][]*Image, len(keys))
	for i, key := range keys {
		split[i] = whole[key]
	}
	return split
}

// joinRead puts what is said of a tag by its name alone with what was read of it, as far as
// the architectures agree; what was read tells which there are.
func joinRead(byPart map[Part][]*Image) {
	var read []Part
	for part := range byPart {
		if part.Digest != "" {
			read = append(read, part)
		}
	}
	for part, named := range byPart {
		if len(read) == 0 || part.Digest != "" {
			continue
		}
		delete(byPart, part)
		for _, other := range read {
			if agree(part.Architecture, other.Architecture) {
				byPart[other] = append(byPart[other], named...)
			}
		}
	}
}

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
	bystanders = slices.DeleteFunc(slices.Clone(bystanders), func(other *Image) bool {
		return slices.ContainsFunc(same, func(img *Image) bool { return !Same(img, other) }) // another part of the id
	})
	lead := same[max(0, slices.IndexFunc(same, func(i *Image) bool { return i.Withheld == "" }))]
	m := &merger{one: *lead, levels: levels(same)}
	m.one.Provenance = maps.Clone(lead.Provenance)
	m.texts()
	m.system()
	all := slices.Concat(same, bystanders)
	m.times(levels(ordered(all)))
	m.one.Tags = m.texted("tags", func(i *Image) map[string]string { return i.Tags })
	m.one.Attributes = m.texted("attributes", func(i *Image) map[string]string { return i.Attributes })
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
		return img.Evidence != Asked && img.Reference.IsBuild() && img.ObservedAt != nil
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
		if lead.FullID != "" && img.FullID == "" && worth(lead, img) == 0 && (img.Withheld == "") == (lead.Withheld == "") {
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

// worth compares what two statements are worth, the higher first: asked before
// recorded, then newer before older. A service that was asked and does not say when
// was asked now; nothing is older than a record of no date.
func worth(a, b *Image) int {
	if x, y := a.Evidence == Asked, b.Evidence == Asked; x != y {
		if x {
			return -1
		}
		return 1
	}
	unsaid := -1
	if a.Evidence == Asked {
		unsaid = 1
	}
	switch {
	case a.ObservedAt == nil && b.ObservedAt == nil:
		return 0
	case a.ObservedAt == nil:
		return -unsaid
	case b.ObservedAt == nil:
		return unsaid
	}
	return b.ObservedAt.Compare(*a.ObservedAt)
}

// ordered sorts by worth, then by source and content, so that the order statements
// came in does not matter.
func ordered(images []*Image) []*Image {
	texts := map[*Image]string{} // of the few that nothing else sets apart
	text := func(img *Image) string {
		if _, known := texts[img]; !known {
			data, err := json.Marshal(img)
			if err != nil { // an Image has nothing that does not marshal, but for a year past 9999
				data = []byte(img.ID + img.Name)
			}
			texts[img] = string(data)
		}
		return texts[img]
	}
	sorted := slices.Clone(images)
	slices.SortFunc(sorted, func(a, b *Image) int {
		if order := cmp.Or(worth(a, b), cmp.Compare(a.Source, b.Source)); order != 0 || a == b {
			return order
		}
		return cmp.Compare(text(a), text(b))
	})
	return sorted
}

// levels cuts ordered statements where their worth changes.
func levels(same []*Image) [][]*Image {
	var cut [][]*Image
	for i, img := range same {
		if i == 0 || worth(same[i-1], img) != 0 {
			cut = append(cut, nil)
		}
		cut[len(cut)-1] = append(cut[len(cut)-1], img)
	}
	return cut
}

// texts are the facts that are one text each.
func (m *merger) texts() {
	for _, fact := range []struct {
		name string
		of   func(*Image) *string
		// told is set where a contradiction is worth a word: a build and its image
		// have different names as a rule.
		told bool
	}{
		{"name", func(i *Image) *string { return &i.Name }, false},
		{"architecture", func(i *Image) *string { return &i.Architecture }, true},
		{"kubernetesVersion", func(i *Image) *string { return &i.KubernetesVersion }, true},
		{"version", func(i *Image) *string { return &i.Version }, true},
		{"digest", func(i *Image) *string { return &i.Digest }, true},
		{"ownerId", func(i *Image) *string { return &i.OwnerID }, true},
	} {
		*fact.of(&m.one) = m.fact(fact.name, fact.told, func(i *Image) string { return *fact.of(i) })
	}
}

// fact returns the value of the statements that are worth most. When these do not
// agree among each other nobody knows, and it is empty.
func (m *merger) fact(name string, told bool, of func(*Image) string) string {
	says := m.says(name, of)
	if len(says) == 0 {
		return ""
	}
	best := says[0]
	known := true
	for _, other := range says[1:] {
		if other.level != best.level {
			break
		}
		switch {
		case refines(name, other.value, best.value):
			best = other
		case !refines(name, best.value, other.value):
			known = false
		}
	}
	if told {
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
	rest, ok := strings.CutPrefix(value, of)
	switch name {
	case "version", "os.version", "kubernetesVersion":
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '+')
	}
	return ok && rest == ""
}

func (m *merger) contradict(name string, says []saying, best saying, known bool) {
	against := slices.ContainsFunc(says, func(s saying) bool { return !refines(name, s.value, best.value) && !refines(name, best.value, s.value) })
	if !against {
		return
	}
	var words []string
	for _, s := range says {
		words = append(words, fmt.Sprintf("source %s says %s", s.img.Source, strconv.Quote(strings.TrimPrefix(s.value, empty))))
	}
	verdict := "none is believed, so it is not known"
	switch {
	case known && best.img.Evidence == Asked:
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
	name := m.fact("os.name", true, func(i *Image) string { return i.OS.Name })
	undecided := name == "" && len(m.says("os.name", func(i *Image) string { return i.OS.Name })) > 0
	version := m.fact("os.version", true, func(i *Image) string {
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
	for _, fact := range []struct {
		name   string
		of     func(*Image) **time.Time
		levels [][]*Image
	}{
		{"createdAt", func(i *Image) **time.Time { return &i.CreatedAt }, making},
		{"deprecatedAt", func(i *Image) **time.Time { return &i.DeprecatedAt }, all},
		{"endOfLifeAt", func(i *Image) **time.Time { return &i.EndOfLifeAt }, all},
	} {
		*fact.of(&m.one) = m.earliest(fact.levels, fact.name, func(i *Image) *time.Time { return *fact.of(i) })
	}
}

func (m *merger) earliest(levels [][]*Image, name string, of func(*Image) *time.Time) *time.Time {
	for _, images := range levels {
		var best *Image
		for _, img := range images {
			if at := of(img); at != nil && (best == nil || at.Before(*of(best))) {
				best = img
			}
		}
		if best != nil {
			m.cameFrom(name, best)
			return of(best)
		}
	}
	return nil
}

// texted merges maps key by key.
func (m *merger) texted(name string, of func(*Image) map[string]string) map[string]string {
	keys := map[string]bool{}
	for _, images := range m.levels {
		for _, img := range images {
			for key := range of(img) {
				keys[key] = true
			}
		}
	}
	var merged map[string]string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		value, known := m.tag(name+"."+key, func(i *Image) (string, bool) { v, ok := of(i)[key]; return v, ok })
		if !known {
			continue
		}
		if merged == nil {
			merged = make(map[string]string, len(keys))
		}
		merged[key] = value
	}
	return merged
}

// empty stands for a value that is known to be empty.
const empty = "\x00"

// tag is fact for a value that may be known and empty.
func (m *merger) tag(name string, of func(*Image) (string, bool)) (string, bool) {
	value := m.fact(name, true, func(i *Image) string {
		v, ok := of(i)
		if !ok {
			return ""
		}
		return cmp.Or(v, empty)
	})
	if value == empty {
		return "", true
	}
	return value, value != ""
}

// handle takes the reference of a build before others: it tells which images came
// out of one.
func (m *merger) handle(same []*Image) {
	var with []*Image
	for _, img := range same {
		if img.Reference != nil {
			with = append(with, img)
		}
	}
	if len(with) == 0 {
		return
	}
	best := slices.MinFunc(with, func(a, b *Image) int {
		if x, y := a.Reference.IsBuild(), b.Reference.IsBuild(); x != y {
			if x {
				return -1
			}
			return 1
		}
		return cmp.Or(worth(a, b), cmp.Compare(a.Reference.Kind, b.Reference.Kind), cmp.Compare(a.Reference.Value, b.Reference.Value))
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
	m.one.Owner = m.fact("owner", true, account)
}

// state believes services that were asked before records. Among the asked, "gone" is
// believed whenever it was said; else those of the highest worth, and of these what
// speaks most against the image. So it is among records. A service that was asked and
// says why it cannot tell leaves the state unknown, unless a record refuses.
func (m *merger) state(same, bystanders []*Image) {
	refusing := slices.DeleteFunc(slices.Clone(bystanders), func(i *Image) bool { return !i.State.Refuses() })
	asked := ordered(slices.DeleteFunc(slices.Concat(same, refusing), func(i *Image) bool { return i.Evidence != Asked }))
	if gone := slices.IndexFunc(asked, func(i *Image) bool { return i.State == Gone }); gone >= 0 {
		asked = asked[gone : gone+1]
	}
	best := decisive(asked)
	if best == nil {
		best = decisive(slices.DeleteFunc(slices.Clone(same), func(i *Image) bool { return i.Evidence == Asked }))
	}
	unsure := same[max(0, slices.IndexFunc(same, func(i *Image) bool { return i.State == StateUnset && i.StateReason != "" }))]
	if best == nil || best.Evidence != Asked && unsure.Evidence == Asked && unsure.StateReason != "" && !best.State.Refuses() {
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
		if img.State == StateUnset {
			continue
		}
		if best != nil && worth(best, img) != 0 {
			break
		}
		if best == nil || against(img.State) > against(best.State) {
			best = img
		}
	}
	return best
}

// against orders states by how much they speak against an image.
func against(s State) int {
	return slices.Index([]State{StateUnset, Available, Pending, Disabled, Failed, Unusable, Gone}, s)
}
