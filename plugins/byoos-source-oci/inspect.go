package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/layer"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/once"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/registry"
)

// inspector looks into images, several at a time. Layers that images share are
// read once.
type inspector struct {
	limit int64 // unpacked bytes per image
	// images are what was found in them, nil for nothing, by the digest of the
	// platform's manifest.
	images once.Map[*layer.OS]
	layers sync.Map // *layerScan by digest
}

// layerScan is a layer that is read by the first image that needs it, while the
// others wait.
type layerScan struct {
	mu   sync.Mutex
	scan *layer.Scan
	// size is what it took of the budget: images that find it here pay the same, so
	// that an image's answer does not depend on which is read first.
	size int64
}

// read looks into one image, from its topmost layer down, until the files that
// it looks for are settled. It is safe for concurrent use; an image that several
// tags share is read once.
func (i *inspector) read(ctx context.Context, repo *registry.Repository, p registry.Platform) error {
	_, err := i.images.Get(p.Digest, func() (*layer.OS, error) { return i.search(ctx, repo, p) })
	return err
}

func (i *inspector) search(ctx context.Context, repo *registry.Repository, p registry.Platform) (*layer.OS, error) {
	budget := &layer.Budget{Left: i.limit}
	search := layer.NewSearch(layer.OSFiles())
	for _, l := range slices.Backward(p.Layers) {
		scan, err := i.layer(ctx, repo, l, budget)
		if err != nil {
			return nil, err
		}
		search.Add(scan)
		if os, found := layer.OSOf(search); found {
			return &os, nil
		}
		if search.Done() {
			break
		}
	}
	return nil, nil
}

func (i *inspector) layer(
	ctx context.Context, repo *registry.Repository, l registry.Layer, budget *layer.Budget,
) (*layer.Scan, error) {
	stored, _ := i.layers.LoadOrStore(l.Digest, &layerScan{})
	known := stored.(*layerScan)
	known.mu.Lock()
	defer known.mu.Unlock()
	if known.scan != nil {
		if budget.Left -= known.size; budget.Left < 0 {
			return nil, &layerError{l, layer.ErrLimit}
		}
		return known.scan, nil
	}
	before := budget.Left
	scan, err := scanLayer(ctx, repo, l, budget)
	if err != nil {
		return nil, err
	}
	known.scan, known.size = scan, before-budget.Left
	return scan, nil
}

func scanLayer(ctx context.Context, repo *registry.Repository, l registry.Layer, budget *layer.Budget) (*layer.Scan, error) {
	const doing = "read a layer of "
	packed, err := repo.Layer(ctx, l.Digest)
	switch {
	case registry.IsNotFound(err):
		return nil, &layerError{l, errGone}
	case err != nil:
		return nil, repo.Failed(doing+repo.Name, err)
	}
	defer func() { _ = packed.Close() }()
	scan, err := unpack(packed, budget)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && registry.IsTransfer(err):
		return nil, repo.Failed(doing+repo.Name, err)
	case err != nil:
		return nil, &layerError{l, err}
	}
	return scan, nil
}

func unpack(packed io.Reader, budget *layer.Budget) (*layer.Scan, error) {
	unpacked, err := layer.Open(packed, budget)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unpacked.Close() }()
	return layer.Read(unpacked, layer.OSFiles())
}

// errGone is a layer that the registry no longer has.
var errGone = errors.New("it is gone")

// layerError is a layer that arrived and cannot be read.
type layerError struct {
	layer registry.Layer
	err   error
}

// Error names the layer.
func (e *layerError) Error() string {
	return fmt.Sprintf("layer %s: %s", e.layer.Digest, registry.Text(e.err))
}

// Unwrap returns the cause, such as layer.ErrBomb or layer.ErrLimit.
func (e *layerError) Unwrap() error { return e.err }

// unusable tells whether nobody can unpack the layer: one of a type that is read
// here is damaged. A limit of ours, or a type that is not read, says nothing of it.
func (e *layerError) unusable() bool {
	return !errors.Is(e.err, layer.ErrLimit) && (errors.Is(e.err, layer.ErrBomb) || errors.Is(e.err, errGone) || e.layer.Readable())
}

func (e *layerError) next() string {
	return "raise inspectLimit, leave the tag out with tags, or set values.osName and values.osVersion in the pack"
}
