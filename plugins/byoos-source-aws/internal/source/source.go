// Package source is the aws source: it fans out over regions, and puts together
// what EC2, Image Builder and SSM say.
package source

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
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

// Source implements sdk.Source and sdk.Verifier.
type Source struct {
	// Shared is what the sources of a process have in common.
	Shared *session.Shared
}

// Describe says what the plugin is.
func (Source) Describe() sdk.Info {
	return sdk.Info{
		Name:        "aws",
		Summary:     "AMIs of EC2 Image Builder, of a search by owner, and of SSM public parameters",
		Providers:   []string{ami.Provider},
		Environment: session.Environment(),
		Homepage:    "https://github.com/kubectl-byoos/kubectl-byoos/blob/main/docs/sources/aws.md",
		UsesHints:   true,
	}
}

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
func (s Source) Discover(ctx context.Context, req sdk.DiscoverRequest[settings.Config], out *sdk.Stream) error {
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

// regions returns where to look. Regions that no pack selects are left out.
func (d *discovery) regions(ctx context.Context) ([]string, error) {
	configured := slices.Clone([]string(d.config.Regions))
	hints := d.hints()
	if slices.Contains(configured, settings.AllEnabled) {
		all, err := d.enabledRegions(ctx)
		if err != nil {
			return nil, err
		}
		configured = all
	}
	hinted := len(d.req.Hints.Regions) > 0
	switch {
	case len(configured) > 0 && hinted:
		kept := slices.DeleteFunc(slices.Clone(configured), func(r string) bool { return !slices.Contains(hints, r) })
		d.log.Debug("regions that no pack selects are left out", "configured", len(configured), "read", len(kept))
		if len(kept) == 0 {
			err := d.noteNoPlace(d.selected(), "and this source has "+strings.Join(configured, ", "), "add the region to regions, or correct it in the pack's select")
			if err != nil {
				return nil, err
			}
		}
		configured = kept
	case len(configured) == 0 && hinted:
		if len(hints) == 0 {
			return nil, d.noteNoPlace(d.selected(), "which is not of AWS", "correct the region in the pack's select")
		}
		configured = hints
	case len(configured) == 0:
		var err error
		if configured, err = d.selectedAndOwn(); err != nil {
			return nil, err
		}
		if len(configured) == 0 {
			return nil, &sdk.Diagnostic{
				Severity: sdk.Error, ConfigPath: "regions", Summary: "no region to look in",
				NextStep: "set regions in the source's config (--set regions=us-east-1) or AWS_REGION, or a region in a pack's select",
			}
		}
	}
	slices.Sort(configured)
	return slices.Compact(configured), nil
}

// selectedAndOwn are the regions that some packs select and that of the AWS
// configuration, whose credentials are good in its own partition only.
func (d *discovery) selectedAndOwn() ([]string, error) {
	own := d.session.Region
	if own == "" {
		return regionsOfAWS(d.req.Regions), nil
	}
	regions := []string{own}
	var left []string
	for _, r := range regionsOfAWS(d.req.Regions) {
		if settings.Partition(r) == settings.Partition(own) {
			regions = append(regions, r)
		} else {
			left = append(left, r)
		}
	}
	if len(left) == 0 {
		return regions, nil
	}
	return regions, d.out.Report(sdk.Diagnostic{
		Severity: sdk.Notice, ConfigPath: "regions",
		Summary:  fmt.Sprintf("not read: %s, which packs select, as the AWS configuration is of %s, in another partition", strings.Join(left, ", "), own),
		NextStep: "make a source for each partition, and name it in sources of its packs",
	})
}

// onlySelected tells whether a region is read because some packs select it, or all are
// read: not because the configuration names it, nor as one's own for packs that select none.
func (d *discovery) onlySelected(region string) bool {
	if len(d.config.Regions) > 0 {
		return !slices.Contains(d.config.Regions, region)
	}
	return len(d.req.Hints.Regions) > 0 || region != d.session.Region
}

func (d *discovery) hints() []string { return regionsOfAWS(d.req.Hints.Regions) }

// regionsOfAWS returns the regions of AWS among those that packs select, in AWS's
// spelling. Packs of other clouds may share the source, and theirs must not be
// looked up with EC2.
func regionsOfAWS(selected []string) []string {
	var regions []string
	for _, name := range selected {
		if region := strings.ToLower(name); settings.IsRegion(region) {
			regions = append(regions, region)
		}
	}
	return regions
}

// selected is which regions packs select, for a message.
func (d *discovery) selected() string {
	return "packs select " + strings.Join(d.req.Hints.Regions, ", ")
}

// noteNoPlace tells why a source has no images: none of its regions is asked for.
func (d *discovery) noteNoPlace(asked, why, next string) error {
	return d.out.Report(sdk.Diagnostic{
		Severity: sdk.Notice, ConfigPath: "regions",
		Summary:  fmt.Sprintf("nothing is read: %s, %s", asked, why),
		NextStep: next,
	})
}

func (d *discovery) enabledRegions(ctx context.Context) ([]string, error) {
	return enabledRegions(ctx, d.session, d.out)
}

// reporter takes what is to be told.
type reporter interface{ Report(sdk.Diagnostic) error }

func enabledRegions(ctx context.Context, s *session.Session, tell reporter) ([]string, error) {
	region := s.AnyRegion
	var out *ec2.DescribeRegionsOutput
	err := s.Do(ctx, func(ctx context.Context) (err error) {
		out, err = s.EC2(region).DescribeRegions(ctx, &ec2.DescribeRegionsInput{AllRegions: aws.Bool(false)})
		return err
	})
	if err != nil {
		return nil, problem(ctx, s, err, region)
	}
	var names []string
	for _, r := range out.Regions {
		if name := aws.ToString(r.RegionName); settings.IsRegion(name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, &sdk.Diagnostic{
			Severity: sdk.Error, ConfigPath: "regions", Summary: "EC2 names no region that is enabled for the account",
			NextStep: "write the names of the regions in place of " + settings.AllEnabled,
		}
	}
	if unnamed := len(out.Regions) - len(names); unnamed > 0 {
		return names, tell.Report(sdk.Diagnostic{
			Severity: sdk.Warning, ConfigPath: "regions",
			Summary:  "EC2 does not give the names of " + text.Count(unnamed, "region, which is", "regions, which are") + " not looked in",
			NextStep: "write the names of the regions in place of " + settings.AllEnabled,
		})
	}
	return names, nil
}

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
