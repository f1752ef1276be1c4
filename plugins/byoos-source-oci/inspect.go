package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/layer"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/registry"
)

// inspector looks into images. Layers that images share are read once.
type inspector struct {
	limit int64 // unpacked bytes per image

	mu    sync.Mutex
	scans map[string]*layer.Scan // by layer digest
	os    map[string]layer.OS    // by platform manifest digest
	seen  map[string]bool
}

func newInspector(limitMiB int) *inspector {
	return &inspector{
		limit: int64(limitMiB) << 20,
		scans: map[string]*layer.Scan{}, os: map[string]layer.OS{}, seen: map[string]bool{},
	}
}

// found returns what read has found for a platform's manifest.
func (i *inspector) found(digest string) (layer.OS, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	os, ok := i.os[digest]
	return os, ok
}

// read looks into one image, from its topmost layer down, until the files that
// it looks for are settled. Images are read one after the other: what limits it
// is the network.
func (i *inspector) read(ctx context.Context, repo *registry.Repository, p registry.Platform) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.seen[p.Digest] {
		return nil
	}
	budget := &layer.Budget{Left: i.limit}
	search := layer.NewSearch(layer.OSFiles())
	for n := len(p.Layers) - 1; n >= 0; n-- {
		if err := i.add(ctx, repo, search, p.Layers[n], budget); err != nil {
			return err
		}
		if os, ok := layer.OSOf(search); ok {
			i.os[p.Digest] = os
			break
		}
		if search.Done() {
			break
		}
	}
	i.seen[p.Digest] = true
	return nil
}

func (i *inspector) add(
	ctx context.Context, repo *registry.Repository, search *layer.Search, l registry.Layer, budget *layer.Budget,
) error {
	if scan := i.scans[l.Digest]; scan != nil && search.Add(scan) {
		return nil
	}
	wanted := layer.OSFiles()
	scan, err := scanLayer(ctx, repo, l, budget, wanted)
	if err != nil {
		return err
	}
	if !search.Add(scan) {
		wanted.Decides = nil
		if scan, err = scanLayer(ctx, repo, l, budget, wanted); err != nil {
			return err
		}
		search.Add(scan)
	}
	i.scans[l.Digest] = scan
	return nil
}

func scanLayer(
	ctx context.Context, repo *registry.Repository, l registry.Layer, budget *layer.Budget, w layer.Wanted,
) (*layer.Scan, error) {
	packed, err := repo.Layer(ctx, l.Digest)
	if err != nil {
		return nil, err
	}
	defer func() { _ = packed.Close() }()
	unpacked, err := layer.Open(packed, budget)
	if err != nil {
		return nil, fmt.Errorf("layer %s: %w", l.Digest, err)
	}
	defer func() { _ = unpacked.Close() }()
	scan, err := layer.Read(unpacked, w)
	switch {
	case err == nil:
		return scan, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, layer.ErrBomb), errors.Is(err, layer.ErrLimit):
		return nil, &layerLimitError{digest: l.Digest, err: err}
	}
	return nil, fmt.Errorf("layer %s: %w", l.Digest, err)
}

// layerLimitError is a layer that is not read to its end for safety.
type layerLimitError struct {
	digest string
	err    error
}

// Error names the layer.
func (e *layerLimitError) Error() string { return fmt.Sprintf("layer %s: %v", e.digest, e.err) }

// Unwrap returns layer.ErrBomb or layer.ErrLimit.
func (e *layerLimitError) Unwrap() error { return e.err }

func (e *layerLimitError) next() string {
	if errors.Is(e.err, layer.ErrBomb) {
		return "leave this tag out with tags, or find out who pushed it"
	}
	return "raise inspectLimit, leave the tag out with tags, or set values.osName and values.osVersion in the pack"
}
