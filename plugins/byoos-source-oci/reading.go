package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/registry"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/tag"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/osfacts"
)

// reading is what is read of one repository's tags. It is safe for concurrent use
// while it is being filled.
type reading struct {
	repo *registry.Repository

	// whole are the tags for all platforms that are listed.
	whole map[string]bool

	mu sync.Mutex
	// answers are those about the tags that were read.
	answers map[string]answer
	// superseded are the tags that newer ones of their line leave nothing to be picked
	// for.
	superseded map[string]bool
}

// answer is what a registry says of a tag: a manifest, none for one that is listed but
// gone, or that it does not hand it out, with its words.
type answer struct {
	manifest *registry.Manifest
	refused  error
}

func newReading(repo *registry.Repository, tags []tag.Tag) *reading {
	r := &reading{repo: repo, whole: map[string]bool{}, answers: map[string]answer{}, superseded: map[string]bool{}}
	for _, t := range tags {
		r.whole[t.Edition] = r.whole[t.Edition] || t.Edition == t.Name
	}
	return r
}

// serves tells whether there is a tag to take in place of one for a single
// platform: one that was not read is taken to have all, so that the two are never
// two choices.
func (r *reading) serves(t tag.Tag, architecture string) bool {
	if t.Edition == t.Name || !r.whole[t.Edition] {
		return false
	}
	whole, known := r.answers[t.Edition]
	return !known || whole.manifest.Serves(architecture)
}

// resolve reads the tags that may fit, as the configuration says.
func (d *discovery) resolve(ctx context.Context, repo *registry.Repository, tags []tag.Tag) (*reading, error) {
	r := newReading(repo, tags)
	if d.Resolve == resolveNone {
		return r, nil
	}
	mayFit := d.wanted.narrow(tags)
	read := func() error { return d.readNewest(ctx, r, byLine(mayFit)) }
	if d.Resolve == resolveAll {
		read = func() error { return r.read(ctx, mayFit) }
	}
	if err := read(); err != nil {
		return nil, err
	}
	if err := r.read(ctx, r.wholes(tags)); err != nil {
		return nil, err
	}
	return r, d.noteRefused(r)
}

// wholes are the tags for all platforms that were not read, beside one of a platform that
// was: whether that is offered depends on them.
func (r *reading) wholes(tags []tag.Tag) []tag.Tag {
	beside := map[string]bool{}
	for _, t := range tags {
		if r.answers[t.Name].manifest != nil && t.Edition != t.Name {
			beside[t.Edition] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(tags), func(t tag.Tag) bool {
		_, known := r.answers[t.Name]
		return known || !beside[t.Name]
	})
}

// noteRefused tells which tags the registry keeps to itself. A registry that hands out
// none of a list is one that refuses the user.
func (d *discovery) noteRefused(r *reading) error {
	var refused []string
	for name, a := range r.answers {
		if a.refused != nil {
			refused = append(refused, name)
		}
	}
	if len(refused) == 0 {
		return nil
	}
	first := r.answers[slices.Min(refused)].refused
	if d.ids == nil && len(refused) == len(r.answers) {
		return first
	}
	note := diagnose(first, "repository", r.repo.Name)
	note.Severity = sdk.Warning
	if len(refused) > 1 {
		note.Summary = fmt.Sprintf("%s, and %d more tags", note.Summary, len(refused)-1)
	}
	return d.out.Report(*note)
}

// read reads tags, several at a time.
func (r *reading) read(ctx context.Context, tags []tag.Tag) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelTags)
	for _, t := range tags {
		group.Go(func() error {
			m, err := r.repo.Manifest(ctx, t.Name)
			a := answer{manifest: m}
			switch {
			case registry.IsRefusal(err):
				a.refused = err
			case err != nil && !registry.IsNotFound(err):
				return err
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.answers[t.Name] = a
			return nil
		})
	}
	return group.Wait()
}

// line is a line of tags, the newest first, of which some were read.
type line struct {
	tags []tag.Tag
	// missing are the architectures that the host may ask for and no tag that was
	// read has.
	missing []string
}

// readNewest reads the newest tag of each line, and goes on to older ones where it
// is gone, cannot be used, or lacks an architecture that the host may ask for. It
// does so in rounds, so that which tags are read within the limit depends on what
// they hold, never on which answer comes first.
func (d *discovery) readNewest(ctx context.Context, r *reading, keys [][]tag.Tag) error {
	open := make([]*line, len(keys))
	for i, tags := range keys {
		open[i] = &line{tags: tags, missing: d.wanted.architectures}
	}
	for left := d.ResolveLimit; len(open) > 0; {
		if left == 0 {
			return d.noteLimit(r.repo, len(open), len(keys))
		}
		round := open[:min(len(open), left)]
		left -= len(round)
		tags := make([]tag.Tag, len(round))
		for i, l := range round {
			tags[i] = l.tags[0]
		}
		if err := r.read(ctx, tags); err != nil {
			return err
		}
		for _, l := range round {
			older := l.take(r.answers[l.tags[0].Name].manifest)
			// With inspect what was read can still turn out to be unusable.
			if d.wanted.newestOnly && !d.Inspect {
				r.supersede(older)
			}
		}
		open = slices.DeleteFunc(open, func(l *line) bool { return len(l.tags) == 0 })
	}
	return nil
}

// take takes in what the first of the line's tags holds. Of a line that has what
// is wanted only the tags are left that are as new by their versions, but for those of a
// platform that the first serves: what orders them is in the images. It returns the others.
func (l *line) take(m *registry.Manifest) (older []tag.Tag) {
	first := l.tags[0]
	l.tags = l.tags[1:]
	if m == nil || !slices.ContainsFunc(m.Platforms, registry.Platform.Usable) {
		return nil
	}
	l.missing = slices.DeleteFunc(slices.Clone(l.missing), m.Serves)
	if len(l.missing) > 0 {
		return nil
	}
	asNew, older := besides(first, l.tags)
	l.tags = slices.DeleteFunc(asNew, func(t tag.Tag) bool {
		return t.Edition == first.Edition && m.Serves(osfacts.Architecture(t.Facts[tag.Architecture]))
	})
	if first.OfPreRelease() {
		return nil // packs that do not name it get the release before it
	}
	return older
}

// besides separates the tags that are no older than the first: those of its rank, and the
// newest of each other word that nothing puts in order, of which there may be one for
// each platform.
func besides(first tag.Tag, rest []tag.Tag) (asNew, older []tag.Tag) {
	last := first
	for _, t := range rest {
		if tag.Older(t, first) || tag.Older(t, last) {
			older = append(older, t)
			continue
		}
		asNew = append(asNew, t)
		if !tag.SameRank(t, first) {
			last = t // those of one word stand together
		}
	}
	return asNew, older
}

// supersede marks tags. Those that do not name a version of Kubernetes are not
// marked: a label may tell one that a newer tag has not.
func (r *reading) supersede(tags []tag.Tag) {
	for _, t := range tags {
		if t.Kubernetes != "" {
			r.superseded[t.Name] = true
		}
	}
}

func (d *discovery) noteLimit(repo *registry.Repository, open, lines int) error {
	if d.hostReads {
		return nil
	}
	return d.out.Report(sdk.Diagnostic{
		Severity: sdk.Notice,
		Summary: fmt.Sprintf("after %d tags %d of %d kinds of tags are not read far enough to know their digest and architecture",
			d.ResolveLimit, open, lines),
		Detail:     "a kind is one variant (distribution, custom tag, OS) with one Kubernetes version; the newest of each variant are read first, then the newest of each minor version",
		NextStep:   "select a kubernetesVersion, k8sDistribution or customTag, narrow tags, or raise resolveLimit",
		ConfigPath: "resolveLimit", Scope: repo.Name,
	})
}

// newestLines is how many lines of a variant come before those of its minors.
const newestLines = 2

// minorOf is a minor version of Kubernetes in one variant.
type minorOf struct {
	tag.Variant
	minor string
}

// byLine groups tags that are sorted. The newest lines of each variant come first:
// no variant is newer than another, so none is left out for having older versions.
// Then come the newest of each minor version of Kubernetes, since packs of one spec
// may ask for several, then the second of each, and so on.
func byLine(tags []tag.Tag) [][]tag.Tag {
	type group struct {
		tags  []tag.Tag
		depth int
	}
	var groups []*group
	lines := map[tag.Line]*group{}
	ofVariant, ofMinor := map[tag.Variant]int{}, map[minorOf]int{}
	for _, t := range tags {
		key := t.Line()
		if lines[key] == nil {
			variant, minor := t.Variant(), minorOf{t.Variant(), minorVersion(t.Kubernetes)}
			lines[key] = &group{depth: ofVariant[variant]}
			if ofVariant[variant] >= newestLines {
				lines[key].depth = newestLines + ofMinor[minor]
			}
			groups = append(groups, lines[key])
			ofVariant[variant]++
			ofMinor[minor]++
		}
		lines[key].tags = append(lines[key].tags, t)
	}
	slices.SortStableFunc(groups, func(a, b *group) int { return cmp.Compare(a.depth, b.depth) })
	sorted := make([][]tag.Tag, len(groups))
	for i, g := range groups {
		sorted[i] = g.tags
	}
	return sorted
}

// minorVersion returns 1.30 of 1.30.4.
func minorVersion(version string) string {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	return major + "." + minor
}
