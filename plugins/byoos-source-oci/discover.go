package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/registry"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/tag"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

const (
	// parallelRepositories and parallelTags keep well below what registries throttle.
	parallelRepositories = 4
	parallelTags         = 8
	// parallelImages is how many images are looked into at a time; each streams a layer.
	parallelImages = 4
)

// sink is where a discovery sends what it finds: an *sdk.Stream.
type sink interface {
	Images(...sdk.Image) error
	Progress(done, total int64, message string) error
	Report(sdk.Diagnostic) error
}

// discovery is one call of Discover.
type discovery struct {
	access
	out    sink
	wanted *wanted
	// ids are of the tags that the host wants read; none stand for all that are listed.
	ids []string
	// hostReads says that the host will ask for the tags that matter.
	hostReads bool
	// maxListed is how many tags are listed although no pack can select them.
	maxListed int
	inspector *inspector

	mu             sync.Mutex
	timed, untimed int // images that were read, with and without a creation time
}

// run reads all repositories. One that fails is reported and the others go on.
func (d *discovery) run(ctx context.Context) error {
	var group errgroup.Group
	group.SetLimit(parallelRepositories)
	for _, name := range d.repositories {
		group.Go(func() error {
			err := d.read(ctx, name)
			if err == nil || ctx.Err() != nil {
				return ctx.Err()
			}
			return d.out.Report(*diagnose(err, "repository", name.actual))
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return d.noteUntimed()
}

func (d *discovery) read(ctx context.Context, name repositoryName) error {
	b, err := d.open(name)
	if err != nil {
		return err
	}
	b.inspector = d.inspector
	if d.ids != nil {
		return d.asked(ctx, b, d.tagsOf(name))
	}
	tags, err := d.list(ctx, b.repo)
	if err != nil {
		return err
	}
	read, err := d.resolve(ctx, b.repo, tags)
	if err != nil {
		return err
	}
	if err := d.inspect(ctx, b, tags, read); err != nil {
		return err
	}
	return d.send(b, tags, read)
}

// tagsOf returns the tags of a repository that are asked for by their ids.
func (d *discovery) tagsOf(name repositoryName) []tag.Tag {
	var tags []tag.Tag
	for _, id := range d.ids {
		if of, tagName, ok := d.split(id); ok && of == name && tagName != "" && d.filter.Match(tagName) {
			tags = append(tags, d.grammar.Read(tagName))
		}
	}
	return tags
}

// asked reads tags that the host asks for, and sends nothing else. Beside the tag of one
// platform it looks whether the tag that serves them all has it.
func (d *discovery) asked(ctx context.Context, b builder, tags []tag.Tag) error {
	if d.Resolve == resolveNone {
		return nil
	}
	all := slices.Clone(tags)
	for _, t := range tags {
		if t.Edition != t.Name && d.filter.Match(t.Edition) {
			all = append(all, d.grammar.Read(t.Edition))
		}
	}
	read := newReading(b.repo, all)
	if err := read.read(ctx, all); err != nil {
		return err
	}
	if err := d.noteRefused(read); err != nil {
		return err
	}
	if err := d.inspect(ctx, b, tags, read); err != nil {
		return err
	}
	for _, t := range tags {
		if err := d.out.Images(b.images(t, read)...); err != nil {
			return err
		}
	}
	return nil
}

// list returns the tags that count, the newest first.
func (d *discovery) list(ctx context.Context, repo *registry.Repository) ([]tag.Tag, error) {
	names, odd, err := repo.Tags(ctx, func(n int) {
		_ = d.out.Progress(int64(n), 0, "listing the tags of "+repo.Name)
	})
	if err != nil {
		return nil, err
	}
	if err := d.noteList(repo, len(names), odd); err != nil || len(names) == 0 {
		return nil, err
	}
	counted := slices.DeleteFunc(names, func(name string) bool { return !d.filter.Match(name) })
	if len(counted) == 0 {
		return nil, d.out.Report(sdk.Diagnostic{
			Severity: sdk.Warning,
			Summary:  fmt.Sprintf("%s has no tag that counts", repo.Name),
			Detail:   fmt.Sprintf("it has %d tags, and the filter leaves none", len(names)),
			NextStep: "check tags in the source's config", ConfigPath: "tags", Scope: repo.Name,
		})
	}
	tags, err := d.parse(repo, counted)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(tags, tag.Newer)
	return slices.CompactFunc(tags, func(a, b tag.Tag) bool { return a.Name == b.Name }), nil
}

// noteList tells of a list without tags, and of entries that cannot be tags.
func (d *discovery) noteList(repo *registry.Repository, tags, odd int) error {
	note := sdk.Diagnostic{Severity: sdk.Warning, Scope: repo.Name}
	switch {
	case odd > 0:
		note.Summary = fmt.Sprintf("%d of %d entries in the registry's list of tags cannot be tags, and are left out", odd, tags+odd)
		note.NextStep = "check that " + repo.Registry + " is a registry"
	case tags == 0:
		note.Summary, note.NextStep = repo.Name+" has no tags", "push an image, or check the name in repository"
	default:
		return nil
	}
	return d.out.Report(note)
}

// maxListed is how many tags are listed although no pack can select them: enough
// to explain what a repository has, and few enough to cost nothing.
const maxListed = 1000

// parse returns what tags say, in no order. It leaves out of a long list the tags
// that no pack can select, and says so. When that is all of them they are listed,
// for the error to tell what there is.
func (d *discovery) parse(repo *registry.Repository, names []string) ([]tag.Tag, error) {
	if len(names) <= d.maxListed {
		return d.parsed(names), nil
	}
	left := d.wanted.skim(d.grammar, names)
	tags := d.parsed(left)
	if len(left) < len(names) {
		tag.UnrankOutside(tags)
	}
	some := d.wanted.narrow(tags)
	if len(some) == 0 {
		return d.parsed(names), nil
	}
	if len(some) == len(names) {
		return some, nil
	}
	return some, d.out.Report(sdk.Diagnostic{
		Severity: sdk.Notice,
		Summary:  fmt.Sprintf("%d of %d tags are not listed, as no pack can select them", len(names)-len(some), len(names)),
		Detail:   "their names say another Kubernetes version, distribution, custom tag or architecture",
		NextStep: "see them all with the images command", Scope: repo.Name,
	})
}

// parsed reads what tags say. Those outside the grammar come last when others follow it.
func (d *discovery) parsed(names []string) []tag.Tag {
	tags := make([]tag.Tag, len(names))
	for i, name := range names {
		tags[i] = d.grammar.Read(name)
	}
	if slices.ContainsFunc(tags, func(t tag.Tag) bool { return t.Facts != nil }) {
		tag.UnrankOutside(tags)
	}
	return tags
}

// sendSize is how many tags become images at a time, so that a repository of a
// million tags does not become a million images in memory.
const sendSize = 1000

func (d *discovery) send(b builder, tags []tag.Tag, read *reading) error {
	tags, err := d.leaveOut(b.repo, tags, read)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(tags, sendSize) {
		images := make([]sdk.Image, 0, len(some))
		for _, t := range some {
			images = append(images, b.images(t, read)...)
		}
		d.count(images)
		if err := d.out.Images(images...); err != nil {
			return err
		}
	}
	return nil
}

// leaveOut leaves out of a long list the tags that newer ones take the place of,
// and says so.
func (d *discovery) leaveOut(repo *registry.Repository, tags []tag.Tag, read *reading) ([]tag.Tag, error) {
	if len(tags) <= d.maxListed || len(read.superseded) == 0 {
		return tags, nil
	}
	rest := slices.DeleteFunc(slices.Clone(tags), func(t tag.Tag) bool { return read.superseded[t.Name] })
	return rest, d.out.Report(sdk.Diagnostic{
		Severity: sdk.Notice,
		Summary:  fmt.Sprintf("%d of %d tags that packs can select are not listed, as each has a newer one to pick", len(tags)-len(rest), len(tags)),
		Detail:   "it has the same distribution, Kubernetes version and custom tag, and every selected architecture",
		NextStep: "see them all with the images command", Scope: repo.Name,
	})
}

func (d *discovery) count(images []sdk.Image) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, img := range images {
		switch {
		case img.State != sdk.Available:
		case img.CreatedAt.IsZero():
			d.untimed++
		default:
			d.timed++
		}
	}
}

// noteUntimed tells of images that come last for want of a creation time.
func (d *discovery) noteUntimed() error {
	if d.NewestBy != sdk.NewestByCreated || d.untimed == 0 {
		return nil
	}
	return d.out.Report(sdk.Diagnostic{
		Severity: sdk.Warning,
		Summary:  fmt.Sprintf("%d of %d images have no creation time that means something, and come last", d.untimed, d.untimed+d.timed),
		Detail:   "reproducible builds set a fixed one, and a time in the future is none",
		NextStep: "omit newestBy: created, or build with a real creation time", ConfigPath: "newestBy",
	})
}

// inspect reads OS facts from the layers of images that have none elsewhere.
func (d *discovery) inspect(ctx context.Context, b builder, tags []tag.Tag, read *reading) error {
	if !d.Inspect {
		return nil
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelImages)
	for _, t := range tags {
		m := read.answers[t.Name].manifest
		if m == nil {
			continue
		}
		for i := range m.Platforms {
			p := &m.Platforms[i]
			if img := b.platform(t, m, *p); img.State != sdk.Available || img.OSName != "" && img.OSVersion != "" {
				continue
			}
			group.Go(func() error { return d.lookInto(ctx, b.repo, t, p) })
		}
	}
	return group.Wait()
}

// lookInto looks for the OS of one image. What cannot be unpacked by anybody makes
// it unusable; what this plugin does not read leaves its OS unknown.
func (d *discovery) lookInto(ctx context.Context, repo *registry.Repository, t tag.Tag, p *registry.Platform) error {
	id := repo.Name + ":" + t.Name
	_ = d.out.Progress(0, 0, "reading layers of "+id)
	err := d.inspector.read(ctx, repo, *p)
	var failed *layerError
	switch {
	case !errors.As(err, &failed):
		return err
	case failed.unusable():
		p.Unusable = failed.Error()
		return nil
	}
	return d.out.Report(sdk.Diagnostic{
		Severity: sdk.Warning,
		Summary:  "cannot read the OS inside " + id, Detail: failed.Error(), ConfigPath: "inspectLimit", Scope: id,
		NextStep: failed.next(),
	})
}
