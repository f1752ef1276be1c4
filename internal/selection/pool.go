package selection

import (
	"maps"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection/where"
	"github.com/kubectl-byoos/kubectl-byoos/internal/versions"
)

// Pool is images made ready for many selections: merged, in order, and with what
// rules have found out about them, so that thousands of packs over thousands of
// images do not cost their product. It is for one time, and safe for concurrent use.
type Pool struct {
	// entries are in the order of selection, best first.
	entries []entry
	merged  []image.Merge
	// contradicted are where entries are with facts on which their sources do not agree.
	contradicted []int
	// hasUnread tells whether there are tags of which a source did not tell all.
	hasUnread bool
	// wholes are where the tags for all platforms are, by their edition.
	wholes map[int32]int
	// repositories are those of the tags.
	repositories image.Repositories

	mu sync.Mutex
	// masks are which entries fail a check; packs have most checks in common.
	masks map[maskKey]mask
	// holds are what an expression gave for an entry.
	holds map[*where.Program][]answer
	// found are the values of a field, for messages.
	found map[string][]string
}

// maskKey names a check by its rule and what is wanted.
type maskKey struct{ rule, wanted, beside string }

// entry is an image with what rules compare, worked out once. What a look at all
// that fit compares stands at its beginning, as numbers.
type entry struct {
	*image.Image
	// same is equal for the entries of one identity, edition for those that are one tag
	// but for a platform at its end, build for outputs of one build and name for images
	// of one name and provider; series for those of one image definition. Zero is equal
	// to nothing.
	same, edition, build, name, series int32
	tag, untimed, unversioned          bool
	// unread says that nothing but the name is known. more are what sources that can tell
	// more say by the name alone, also of an image that another source read; where none
	// can, they are what all say of one that is unread.
	unread, askable bool
	more            []*image.Image
	// listed are what all sources say by the name alone.
	listed  []*image.Image
	variant image.Variant
	// region and osName are the same for all spellings. preRelease is the word that makes
	// the agent in a tag a pre-release.
	region, osName, preRelease string
	kubernetes                 *semver.Version
	// contradictions are the facts on which its sources do not agree.
	contradictions []string
	// version is Version as it is compared; only images of a pool have it.
	version versions.Version
}

// numbers gives equal texts equal numbers, from 1.
type numbers map[string]int32

func (n numbers) of(words ...string) int32 {
	text := strings.Join(words, "\x00")
	number, known := n[text]
	if !known {
		number = int32(len(n)) + 1
		n[text] = number
	}
	return number
}

// Prepare makes a Pool of what all sources say, which it does not change.
func Prepare(images []image.Image) *Pool {
	return PrepareFrom(images, nil, func(*image.Image) bool { return true })
}

// PrepareFrom makes a Pool of the images of some sources. Of the others it takes only
// what a service that was asked says against an image. No names stand for all sources.
// canAsk tells whether the source of what was listed by name alone can be asked for the rest.
func PrepareFrom(images []image.Image, sources []string, canAsk func(listed *image.Image) bool) *Pool {
	unique, merged := image.Gather(images, sources)
	listed := listedAs(images, sources)
	pool := &Pool{
		entries: make([]entry, len(unique)), merged: merged,
		masks: map[maskKey]mask{}, holds: map[*where.Program][]answer{}, found: map[string][]string{}, wholes: map[int32]int{},
		repositories: image.Repositories{},
	}
	known := map[string]*semver.Version{}
	same, edition, build, name, series := numbers{}, numbers{}, numbers{}, numbers{}, numbers{}
	for i, key := range sorted(unique) {
		img := key.img
		e := newEntry(img, known)
		e.version = key.version
		if id := img.Identity(); id.ID != "" {
			of := img.Edition(id.ID)
			e.same, e.edition = same.of(id.Provider, id.ID), edition.of(id.Provider, of)
			if of == id.ID {
				pool.wholes[e.edition] = i
			}
		}
		if img.Reference.IsBuild() {
			e.build = build.of(img.Reference.Kind, img.Reference.Value)
		}
		if img.Name != "" {
			e.name = name.of(strings.ToLower(img.Provider), img.Name)
		}
		if of := img.Series(); of != "" {
			e.series = series.of(of)
		}
		e.hears(listed[img.Identity()], canAsk)
		pool.entries[i] = e
		pool.hasUnread = pool.hasUnread || e.more != nil
		if e.tag {
			pool.repositories.Add(img.ID)
		}
	}
	pool.findContradicted()
	return pool
}

// wholeOf is where the tag for all platforms is beside an entry for one; -1 for none.
func (p *Pool) wholeOf(e *entry) int {
	at, known := p.wholes[e.edition]
	if !known || sameIdentity(&p.entries[at], e) {
		return -1
	}
	return at
}

// listedAs are what sources say of images by their names alone.
func listedAs(images []image.Image, sources []string) map[image.Identity][]*image.Image {
	listed := map[image.Identity][]*image.Image{}
	for i := range images {
		if img := &images[i]; isUnread(img) && (len(sources) == 0 || slices.Contains(sources, img.Source)) {
			listed[img.Identity()] = append(listed[img.Identity()], img)
		}
	}
	return listed
}

// hears takes in what is said of an entry by its name alone.
func (e *entry) hears(listed []*image.Image, canAsk func(*image.Image) bool) {
	for _, img := range listed {
		if canAsk(img) {
			e.more = append(e.more, img)
		}
	}
	e.listed, e.askable = listed, e.more != nil
	if e.unread && !e.askable {
		e.more = listed
	}
}

func (p *Pool) findContradicted() {
	type key struct{ id, region, architecture string }
	what := map[key][]string{}
	for i := range p.merged {
		if m := &p.merged[i]; m.Contradictions != nil {
			what[key{m.ID, m.Region, m.Architecture}] = m.Contradictions
		}
	}
	for i := range p.entries {
		e := &p.entries[i]
		if told := what[key{e.ID, e.Region, e.Architecture}]; told != nil {
			e.contradictions = told
			p.contradicted = append(p.contradicted, i)
		}
	}
}

// newEntry works out what rules compare; equal Kubernetes versions are read once.
func newEntry(img *image.Image, parsed map[string]*semver.Version) entry {
	e := entry{
		Image: img, variant: img.Variant(), region: normalRegion(img.Provider, img.Region), osName: foldName(img.OS.Name),
		tag: isTag(img), unread: isUnread(img), untimed: img.CreatedAt == nil, unversioned: img.Version == "",
	}
	if e.tag {
		e.preRelease = versions.Parse(img.Attributes[image.AttributePEVersion]).PreRelease()
	}
	version, known := parsed[img.KubernetesVersion]
	if !known {
		version, _ = semver.NewVersion(img.KubernetesVersion) // nil when it is none
		if parsed != nil {
			parsed[img.KubernetesVersion] = version
		}
	}
	e.kubernetes = version
	return e
}

// mask is a set of entries, by their index.
type mask []uint64

func newMask(n int) mask { return make(mask, (n+63)/64) }

func (m mask) add(i int)      { m[i/64] |= 1 << (i % 64) }
func (m mask) has(i int) bool { return m[i/64]&(1<<(i%64)) != 0 }

// missing counts which of n entries are not in the set.
func (m mask) missing(n int) int {
	for _, word := range m {
		n -= bits.OnesCount64(word)
	}
	return n
}

// failing returns the entries that fail a check.
func (p *Pool) failing(c *check, now time.Time) mask {
	key := maskKey{c.rule, c.wanted, c.beside}
	p.mu.Lock()
	defer p.mu.Unlock()
	if m, known := p.masks[key]; known {
		return m
	}
	m := newMask(len(p.entries))
	for i := range p.entries {
		if !c.fits(&p.entries[i], now) {
			m.add(i)
		}
	}
	p.masks[key] = m
	return m
}

// answer is what an expression gave; the zero value is that it was not asked.
type answer uint8

const (
	itHolds answer = iota + 1
	itFails
)

// holdsFor tells whether an expression holds for an entry. It is asked once.
func (p *Pool) holdsFor(program *where.Program, i int, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	answers := p.holds[program]
	if answers == nil {
		answers = make([]answer, len(p.entries))
		p.holds[program] = answers
	}
	if answers[i] == 0 {
		answers[i] = itFails
		if holds, _ := program.Holds(p.entries[i].Image, now); holds {
			answers[i] = itHolds
		}
	}
	return answers[i] == itHolds
}

// values are all that a fact is, in order.
func (p *Pool) values(key string, get func(*image.Image) string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if values, known := p.found[key]; known {
		return values
	}
	values := map[string]bool{}
	for i := range p.entries {
		if value := get(p.entries[i].Image); value != "" {
			values[value] = true
		}
	}
	p.found[key] = slices.Sorted(maps.Keys(values))
	return p.found[key]
}

// Order returns all images in the order of selection, best first. It returns a
// new slice; what two sources found twice stays twice.
func Order(images []image.Image) []image.Image {
	pointers := make([]*image.Image, len(images))
	for i := range images {
		pointers[i] = &images[i]
	}
	ordered := make([]image.Image, len(images))
	for i, img := range rank(pointers) {
		ordered[i] = *img
	}
	return ordered
}
