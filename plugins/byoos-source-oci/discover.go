package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/registry"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/tag"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

const (
	// parallelRepositories and parallelTags keep well below what registries throttle.
	parallelRepositories = 4
	parallelTags         = 8
	// lineDepth is how many editions of a line are read in search of an architecture.
	lineDepth = 5
)

// sink is where a discovery sends what it finds: an *sdk.Stream.
type sink interface {
	Images(...sdk.Image) error
	Progress(done, total int64, message string) error
	Report(sdk.Diagnostic) error
}

// discovery is one call of Discover.
type discovery struct {
	*plan
	client        *registry.Client
	out           sink
	now           time.Time
	architectures []string
	inspector     *inspector

	mu   sync.Mutex
	held []sdk.Image // until it is known whether creation times mean something
}

// run reads all repositories. One that fails is reported and the others go on.
func (d *discovery) run(ctx context.Context) error {
	var group errgroup.Group
	group.SetLimit(parallelRepositories)
	for _, name := range d.repositories {
		group.Go(func() error {
			err := d.repository(ctx, name)
			if err == nil || ctx.Err() != nil {
				return ctx.Err()
			}
			return d.out.Report(*diagnose(err, "repository", name.actual))
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return d.release()
}

func (d *discovery) repository(ctx context.Context, name repositoryName) error {
	repo, err := d.client.Repository(name.actual)
	if err != nil {
		return err
	}
	tags, err := d.list(ctx, repo)
	if err != nil {
		return err
	}
	resolved, err := d.resolve(ctx, repo, tags)
	if err != nil {
		return err
	}
	if err := d.inspect(ctx, repo, name, tags, resolved); err != nil {
		return err
	}
	return d.send(repo, name, tags, resolved)
}

// list returns the tags that count, the newest first.
func (d *discovery) list(ctx context.Context, repo *registry.Repository) ([]tag.Tag, error) {
	names, err := repo.Tags(ctx, func(n int) {
		_ = d.out.Progress(int64(n), 0, "listing the tags of "+repo.Name)
	})
	if err != nil {
		return nil, err
	}
	var tags []tag.Tag
	for _, name := range names {
		if d.filter.Match(name) {
			tags = append(tags, d.grammar.Read(name))
		}
	}
	slices.SortFunc(tags, tag.Newer)
	if len(tags) == 0 {
		return nil, d.out.Report(sdk.Diagnostic{
			Severity: sdk.Warning,
			Summary:  fmt.Sprintf("%s has no tag that counts", repo.Name),
			Detail:   fmt.Sprintf("it has %d tags, and the filter leaves none", len(names)),
			NextStep: "check tags in the source's config", ConfigPath: "tags", Scope: repo.Name,
		})
	}
	return tags, nil
}

// resolution is what was read of a tag; its manifest is nil when the tag is gone.
type resolution struct{ manifest *registry.Manifest }

// resolved tells by tag what was read. It is safe for concurrent use.
type resolved struct {
	mu    sync.Mutex
	byTag map[string]resolution
	// budget is how many tags may still be read beyond the newest of each line.
	budget atomic.Int64
}

func (d *discovery) resolve(ctx context.Context, repo *registry.Repository, tags []tag.Tag) (*resolved, error) {
	r := &resolved{byTag: map[string]resolution{}}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelTags)
	switch d.Resolve {
	case resolveAll:
		for _, t := range tags {
			group.Go(func() error { _, err := r.read(ctx, repo, t); return err })
		}
	case resolveNewest:
		lines := byLine(tags)
		if err := d.noteLimit(repo, len(lines)); err != nil {
			return nil, err
		}
		lines = lines[:min(len(lines), d.ResolveLimit)]
		r.budget.Store(int64(d.ResolveLimit - len(lines)))
		for _, line := range lines {
			group.Go(func() error { return d.readLine(ctx, repo, r, line) })
		}
	}
	return r, group.Wait()
}

func (d *discovery) noteLimit(repo *registry.Repository, lines int) error {
	if lines <= d.ResolveLimit {
		return nil
	}
	return d.out.Report(sdk.Diagnostic{
		Severity: sdk.Notice,
		Summary: fmt.Sprintf("%s: digest and architecture are known for the newest %d of %d kinds of tags only",
			repo.Name, d.ResolveLimit, lines),
		Detail:     "a kind is one distribution, Kubernetes version and custom tag; the newest versions are read first",
		NextStep:   "narrow tags, or raise resolveLimit",
		ConfigPath: "resolveLimit", Scope: repo.Name,
	})
}

// byLine groups tags that are sorted; lines come in the order of their newest.
func byLine(tags []tag.Tag) [][]tag.Tag {
	var lines [][]tag.Tag
	index := map[string]int{}
	for _, t := range tags {
		key := t.Line()
		i, ok := index[key]
		if !ok {
			i = len(lines)
			index[key] = i
			lines = append(lines, nil)
		}
		lines[i] = append(lines[i], t)
	}
	return lines
}

// readLine reads the newest tag of a line. It goes on to older ones while the tag
// is gone, or holds no image for an architecture that the host will ask for.
func (d *discovery) readLine(ctx context.Context, repo *registry.Repository, r *resolved, line []tag.Tag) error {
	missing := slices.Clone(d.architectures)
	for i, t := range line[:min(len(line), lineDepth)] {
		if i > 0 && r.budget.Add(-1) < 0 {
			return nil
		}
		m, err := r.read(ctx, repo, t)
		if err != nil {
			return err
		}
		if m == nil {
			continue
		}
		missing = slices.DeleteFunc(missing, func(arch string) bool {
			return slices.ContainsFunc(m.Platforms, func(p registry.Platform) bool {
				return p.Architecture == arch && !p.Missing
			})
		})
		if len(missing) == 0 {
			return nil
		}
	}
	return nil
}

// read returns nil for a tag that is listed but gone.
func (r *resolved) read(ctx context.Context, repo *registry.Repository, t tag.Tag) (*registry.Manifest, error) {
	m, err := repo.Manifest(ctx, t.Name)
	if err != nil && !registry.IsNotFound(err) {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byTag[t.Name] = resolution{m}
	return m, nil
}

// sendSize is how many tags become images at a time, so that a repository of a
// million tags does not become a million images in memory.
const sendSize = 1000

func (d *discovery) send(repo *registry.Repository, name repositoryName, tags []tag.Tag, r *resolved) error {
	for some := range slices.Chunk(tags, sendSize) {
		images := make([]sdk.Image, 0, len(some))
		for _, t := range some {
			images = append(images, d.images(repo, name, t, r)...)
		}
		if err := d.sendSome(images); err != nil {
			return err
		}
	}
	return nil
}

func (d *discovery) sendSome(images []sdk.Image) error {
	if d.NewestBy != byCreated {
		return d.out.Images(images...)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held = append(d.held, images...)
	return nil
}

func (d *discovery) images(repo *registry.Repository, name repositoryName, t tag.Tag, r *resolved) []sdk.Image {
	b := builder{plan: d.plan, repo: repo, original: name.original}
	read, ok := r.byTag[t.Name]
	switch {
	case !ok:
		return []sdk.Image{b.unresolved(t)}
	case read.manifest == nil:
		img := b.unresolved(t)
		img.State, img.StateReason = sdk.Gone, "the tag is listed, but the registry has no manifest for it"
		return []sdk.Image{img}
	}
	images := b.resolved(t, read.manifest)
	for i := range read.manifest.Platforms {
		if os, ok := d.inspector.found(read.manifest.Platforms[i].Digest); ok {
			b.addOS(&images[i], os)
		}
	}
	return images
}

// release sends what was held for its creation time. Times are kept when every
// image has one that means something, so that one without is never sorted behind
// an older one with.
func (d *discovery) release() error {
	if len(d.held) == 0 {
		return nil
	}
	without := 0
	for _, img := range d.held {
		if img.State == sdk.Available && !d.meansSomething(img.CreatedAt) {
			without++
		}
	}
	if without > 0 {
		for i := range d.held {
			d.held[i].CreatedAt = time.Time{}
		}
		if err := d.out.Report(sdk.Diagnostic{
			Severity: sdk.Warning,
			Summary:  fmt.Sprintf("%d of %d images have no creation time that means something", without, len(d.held)),
			Detail:   "reproducible builds set a fixed one; the versions in the tags decide what is newest instead",
			NextStep: "leave newestBy: created away, or build with a real creation time", ConfigPath: "newestBy",
		}); err != nil {
			return err
		}
	}
	return d.out.Images(d.held...)
}

// firstImage is before the first image that can exist (Docker came out in March
// 2013); earlier times are the fixed ones of reproducible builds.
var firstImage = time.Date(2013, 1, 1, 0, 0, 0, 0, time.UTC)

func (d *discovery) meansSomething(created time.Time) bool {
	return created.After(firstImage) && (d.now.IsZero() || created.Before(d.now.Add(24*time.Hour)))
}

// inspect reads OS facts from the layers of images that have none elsewhere.
func (d *discovery) inspect(
	ctx context.Context, repo *registry.Repository, name repositoryName, tags []tag.Tag, r *resolved,
) error {
	if !d.Inspect {
		return nil
	}
	b := builder{plan: d.plan, repo: repo, original: name.original}
	for _, t := range tags {
		m := r.byTag[t.Name].manifest
		if m == nil || len(m.Platforms) == 0 {
			continue
		}
		for i, img := range b.resolved(t, m) {
			if img.OSName != "" && img.OSVersion != "" || img.State != sdk.Available {
				continue
			}
			_ = d.out.Progress(0, 0, "reading layers of "+img.ID)
			if err := d.inspector.read(ctx, repo, m.Platforms[i]); err != nil {
				return fmt.Errorf("inspect %s: %w", img.ID, d.inspectFailure(err, img.ID))
			}
		}
	}
	return nil
}

func (d *discovery) inspectFailure(err error, id string) error {
	var limit *layerLimitError
	if !errors.As(err, &limit) {
		return err
	}
	return &sdk.Diagnostic{
		Summary: "cannot read the OS inside " + id, Detail: limit.Error(), ConfigPath: "inspectLimit", Scope: id,
		NextStep: limit.next(),
	}
}
