package main

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// parallel bounds the parts (subscriptions, galleries, definitions) of one level
// that are read at once; azureapi bounds the requests of all of them.
const parallel = 8

// Discover sends the images of the place that the configuration names.
func (s source) Discover(ctx context.Context, req sdk.DiscoverRequest[config], out *sdk.Stream) error {
	if p := req.Hints.Providers; len(p) > 0 && !slices.Contains(p, "azure") {
		return nil
	}
	ses, err := s.open(ctx, req.Config, call{settings: req.UserSettings, secrets: req.Secrets, report: out.Report})
	if err != nil {
		return err
	}
	d := &discovery{session: ses, out: out, now: req.Now, hints: req.Hints, ranges: req.KubernetesVersions}
	if err := d.read(ctx); err != nil {
		return err
	}
	return d.places.tell(out.Report)
}

// read sends what there is in each of the places.
func (d *discovery) read(ctx context.Context) error {
	switch d.mode {
	case modeTemplate:
		return d.template(ctx)
	case modeGallery:
		return each(ctx, d.subscriptions, d.galleries)
	case modeCommunity:
		return d.foreignGallery(ctx, resourceid.CommunityVersion, d.CommunityGallery)
	case modeShared:
		return d.foreignGallery(ctx, resourceid.SharedVersion, d.SharedGallery)
	default:
		return each(ctx, d.subscriptions, d.managed)
	}
}

// discovery is one Discover.
type discovery struct {
	*session
	out    *sdk.Stream
	now    time.Time
	hints  sdk.Hints
	ranges []string // of Kubernetes versions, as some packs select them
	places places
	done   atomic.Int64
	total  atomic.Int64
}

// begin adds n parts to what is to do, for the progress.
func (d *discovery) begin(n int) { d.total.Add(int64(n)) }

func (d *discovery) finished(what string) error {
	return d.out.Progress(d.done.Add(1), d.total.Load(), "read "+what)
}

// each runs work for every item, a few at a time, and stops at the first error.
func each[T any](ctx context.Context, items []T, work func(context.Context, T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, item := range items {
		group.Go(func() error { return work(ctx, item) })
	}
	return group.Wait()
}
