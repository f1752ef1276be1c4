package main

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/ami"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/session"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// parallelRegions is how many regions are read at a time.
const parallelRegions = 8

// sink takes what is found; an *sdk.Stream is one.
type sink interface {
	Images(...sdk.Image) error
	Progress(done, total int64, message string) error
	Report(sdk.Diagnostic) error
}

// ranked says of every image what makes it newer than another.
type ranked struct {
	sink
	newestBy sdk.NewestBy
}

// Images sends images.
func (r ranked) Images(images ...sdk.Image) error {
	for i := range images {
		images[i].NewestBy = r.newestBy
	}
	return r.sink.Images(images...)
}

// Discover sends the AMIs that the configuration describes.
func (s source) Discover(ctx context.Context, req sdk.DiscoverRequest[settings.Config], out *sdk.Stream) error {
	return discover(ctx, s.Shared, req, out)
}

func discover(ctx context.Context, shared *session.Shared, req sdk.DiscoverRequest[settings.Config], out sink) error {
	isOurs := func(provider string) bool { return strings.EqualFold(provider, ami.Provider) }
	if len(req.Hints.Providers) > 0 && !slices.ContainsFunc(req.Hints.Providers, isOurs) {
		return nil
	}
	if err := req.Config.Validate(); err != nil {
		return err
	}
	if err := req.Config.Permitted(req.UserSettings); err != nil {
		return err
	}
	s, err := shared.Open(ctx, req.Config, req.UserSettings, req.Secrets, req.Log)
	if err != nil {
		return err
	}
	d := &discovery{req: req, config: req.Config, session: s, out: ranked{out, req.Config.NewestBy}, log: logger(req.Log)}
	err = d.run(ctx)
	if err == nil {
		err = d.undated.tell(d.out)
	}
	if err != nil {
		return d.problem(ctx, err, "")
	}
	return nil
}

func logger(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}

// discovery is one call of Discover.
type discovery struct {
	req     sdk.DiscoverRequest[settings.Config]
	config  settings.Config
	session *session.Session
	out     sink
	log     *slog.Logger
	// self is the account of the credentials, where Image Builder needs it.
	self string
	ages ages

	undated         undated
	parameterPlaces parameterPlaces
}

// converter turns what EC2 shows in a region into images that are sent.
func (d *discovery) converter(region string) ami.Converter {
	return ami.Converter{Region: region, TagKeys: d.config.TagKeys, Undated: d.undated.in(region)}
}

func (d *discovery) run(ctx context.Context) error {
	if err := d.session.Authenticate(ctx); err != nil {
		return err
	}
	if d.config.ImageBuilder != nil {
		return d.imageBuilder(ctx)
	}
	regions, err := d.regions(ctx)
	if err != nil {
		return err
	}
	if d.config.AMI != nil {
		if d.config.AMI.AnyOwner() {
			if err := d.warnAnyOwner(); err != nil {
				return err
			}
		}
		if err := d.noteWhose(ctx); err != nil {
			return err
		}
		return d.eachRegion(ctx, regions, d.search)
	}
	return d.parametersOf(ctx, regions)
}

func (d *discovery) warnAnyOwner() error {
	return d.out.Report(sdk.Diagnostic{
		Severity: sdk.Warning, ConfigPath: "ami.owners",
		Summary:  "AMIs of every account are searched: anybody can publish one with a matching name, and the newest is picked",
		NextStep: "write the account id that you trust into ami.owners",
	})
}

// reporter takes what is to be told.
type reporter interface{ Report(sdk.Diagnostic) error }

// eachRegion calls read for every region. What fails is reported in the end, and the
// others go on.
func (d *discovery) eachRegion(ctx context.Context, regions []string, read func(context.Context, string) error) error {
	failed := failures{session: d.session}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelRegions)
	var done atomic.Int64
	for _, region := range regions {
		group.Go(func() error {
			start := time.Now()
			if err := read(ctx, region); err != nil {
				if _, err := failed.add(ctx, err, region); err != nil {
					return err
				}
			}
			d.log.Debug("region read", "region", region, "duration", time.Since(start).Round(time.Millisecond).String())
			return d.out.Progress(done.Add(1), int64(len(regions)), "read "+region)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return failed.tell(d.out)
}

// problem returns err as a diagnostic, or ctx's error when the host has ended
// the call.
func (d *discovery) problem(ctx context.Context, err error, region string) error {
	return problem(ctx, d.session, err, region)
}

func problem(ctx context.Context, s *session.Session, err error, region string) error {
	if ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return diagnose(s, err, region)
}

func diagnose(s *session.Session, err error, region string) *sdk.Diagnostic {
	return trouble.Diagnose(err, trouble.Case{Region: region, Timeout: s.Timeout, Clean: s.Clean})
}

func (d *discovery) reader(region string) ami.Reader {
	return ami.Reader{Client: d.session.EC2(region), Do: d.session.Do, Nameless: func(count int) error {
		return d.out.Report(sdk.Diagnostic{
			Severity: sdk.Warning, Scope: region,
			Summary: "EC2 describes " + text.Count(count, "AMI without its id, which is", "AMIs without their ids, which are") + " left out",
		})
	}}
}

// ids returns the sorted keys of m.
func ids[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
