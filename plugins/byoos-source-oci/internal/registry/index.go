package registry

import (
	"bytes"
	"context"
	"errors"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// walk goes through an index and those inside it.
type walk struct {
	repository *Repository
	entries    int
	platforms  []Platform
}

func parseIndex(d *remote.Descriptor) (*v1.IndexManifest, error) {
	index, err := v1.ParseIndexManifest(bytes.NewReader(d.Manifest))
	if err != nil {
		return nil, bad("its index cannot be read: %w", err)
	}
	return index, nil
}

// index adds what an index leads to. One that is too large is an error for the
// whole: nobody knows what is in the rest.
func (w *walk) index(ctx context.Context, index *v1.IndexManifest, depth int) error {
	if w.entries += len(index.Manifests); w.entries > maxEntries {
		return beyond("its index has %d entries, more than %d", w.entries, maxEntries)
	}
	if depth > maxDepth {
		return beyond("its indexes are nested deeper than %d", maxDepth)
	}
	for _, entry := range index.Manifests {
		if !isPlatformImage(entry) {
			continue
		}
		if err := w.entry(ctx, entry, depth); err != nil {
			return err
		}
	}
	return nil
}

// entry adds what an entry of an index leads to. One whose content cannot be read
// costs itself, not the platforms beside it.
func (w *walk) entry(ctx context.Context, entry v1.Descriptor, depth int) error {
	r, digest := w.repository, entry.Digest.String()
	if entry.MediaType.IsIndex() {
		return w.nested(ctx, entry, depth)
	}
	p, err := r.images.Get(digest, func() (Platform, error) { return r.child(ctx, digest) })
	if err != nil {
		return w.damaged(entry, err)
	}
	if p.noImage == "" {
		w.add(p, entry)
	}
	return nil
}

// nested goes through an index inside an index.
func (w *walk) nested(ctx context.Context, entry v1.Descriptor, depth int) error {
	child, err := w.repository.host.puller.Get(ctx, w.repository.repo.Digest(entry.Digest.String()))
	if err != nil {
		return w.damaged(entry, asContent(err))
	}
	index, err := parseIndex(child)
	if err != nil {
		return w.damaged(entry, err)
	}
	return w.index(ctx, index, depth+1)
}

// child reads a manifest that an index names.
func (r *Repository) child(ctx context.Context, digest string) (Platform, error) {
	d, err := r.host.puller.Get(ctx, r.repo.Digest(digest))
	if err != nil {
		return Platform{}, asContent(err)
	}
	return r.platform(ctx, d)
}

// damaged adds an entry whose content is gone or cannot be read.
func (w *walk) damaged(entry v1.Descriptor, err error) error {
	p := Platform{Digest: entry.Digest.String(), Missing: IsNotFound(err)}
	content, ok := errors.AsType[*contentError](err)
	switch {
	case p.Missing:
	case ok:
		p.Unusable, p.Unknown = w.repository.verdict(content)
	default:
		return err
	}
	w.add(p, entry)
	return nil
}

// add lets the index say which platform an image is for: that is what a client
// picks by.
func (w *walk) add(p Platform, entry v1.Descriptor) {
	if named := entry.Platform; named != nil {
		if named.OS != "" {
			p.OS = named.OS
		}
		if named.Architecture != "" {
			p.Architecture = named.Architecture
		}
		p.Variant = named.Variant
	}
	w.platforms = append(w.platforms, p)
}

// isPlatformImage leaves out the attestations that BuildKit adds to an index as
// unknown/unknown, and entries of other types, which a reader passes over.
func isPlatformImage(entry v1.Descriptor) bool {
	if !entry.MediaType.IsImage() && !entry.MediaType.IsIndex() {
		return false
	}
	return entry.Platform == nil || entry.Platform.OS != "unknown"
}
