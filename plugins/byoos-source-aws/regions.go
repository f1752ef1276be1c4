package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/session"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

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
