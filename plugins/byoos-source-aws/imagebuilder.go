package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/ami"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/builder"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/session"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// settling is how long after its build began EC2 may not show an AMI yet: a build takes
// up to hours, and then EC2 some minutes to show its AMI everywhere.
// https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
const settling = 24 * time.Hour

// imageBuilder sends the AMIs of a pipeline or image. Image Builder does not
// notice when an AMI is deregistered, so each is looked up with EC2.
func (d *discovery) imageBuilder(ctx context.Context) error {
	home, err := home(d.config, d.session)
	if err != nil {
		return err
	}
	reader := builder.Reader{Client: d.session.ImageBuilder(home), Region: home, Do: d.session.Do}
	found, err := reader.Read(ctx, *d.config.ImageBuilder)
	if err != nil {
		return d.problem(ctx, err, home)
	}
	d.log.Debug("Image Builder read", "region", home, "amis", len(found.Candidates), "containers", found.Containers)
	if err := d.noteBuilds(found); err != nil {
		return err
	}
	wanted, err := d.wantedRegions(ctx)
	if err != nil {
		return err
	}
	d.self = d.whose(ctx, found)
	d.ages.know(found.Candidates, d.self)
	byRegion := map[string][]builder.Candidate{}
	left := map[string]bool{}
	for _, c := range found.Candidates {
		switch {
		case c.NoRegion && !wanted(c.Region):
			if err := d.out.Images(d.placeless(c)); err != nil {
				return err
			}
		case wanted(c.Region):
			byRegion[c.Region] = append(byRegion[c.Region], c)
		default:
			left[c.Region] = true
		}
	}
	if len(byRegion) == 0 && len(left) > 0 {
		asked := d.selected()
		if c := d.config.Regions; len(c) > 0 && !slices.ContainsFunc(ids(left), func(r string) bool { return slices.Contains(c, r) }) {
			asked = "regions has " + strings.Join(c, ", ")
		}
		return d.noteNoPlace(asked, "and Image Builder has AMIs in "+strings.Join(ids(left), ", "), "distribute to the region, or correct it in regions or the pack's select")
	}
	err = d.eachRegion(ctx, ids(byRegion), func(ctx context.Context, region string) error {
		err := d.crossCheck(ctx, region, byRegion[region])
		if err != nil && d.notEnabled(ctx, region, err) {
			return d.out.Report(sdk.Diagnostic{
				Severity: sdk.Warning, Scope: region, ConfigPath: "imageBuilder",
				Summary:  "not read: Image Builder has AMIs in " + region + ", which is not enabled for the account",
				NextStep: "enable the region, or name those to read in regions",
			})
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := d.trace(ctx, func(region string) bool { return len(byRegion[region]) > 0 }); err != nil {
		return err
	}
	return d.ages.send(d.out, d.config.NewestBy)
}

// trace looks up what AMIs are copies of and was not read: in other regions, or of builds
// that Image Builder does not list any more. A build that was distributed again is as old as
// the first one, wherever that is.
func (d *discovery) trace(ctx context.Context, read func(region string) bool) error {
	for {
		byRegion := d.ages.unasked(read)
		if len(byRegion) == 0 {
			return nil
		}
		for _, region := range ids(byRegion) {
			convert := ami.Converter{Region: region, Account: d.self}
			err := d.reader(region).ByID(ctx, byRegion[region], func(page []types.Image) error {
				for i := range page {
					d.ages.trace(convert.Image(&page[i]))
				}
				return nil
			})
			if err == nil {
				continue
			}
			problem := d.problem(ctx, err, region)
			var said *sdk.Diagnostic
			if !errors.As(problem, &said) {
				return problem
			}
			said.Severity, said.ConfigPath = sdk.Warning, "imageBuilder"
			said.Summary = "whether builds were distributed again could not be checked: " + said.Summary
			if err := d.out.Report(*said); err != nil {
				return err
			}
		}
	}
}

// home is the region that the pipeline or image lives in.
func home(c settings.Config, s *session.Session) (string, error) {
	switch home := c.ImageBuilder.Home(); {
	case home != "":
		return home, nil
	case s.Region != "":
		return s.Region, nil
	case len(c.Regions) > 0 && c.Regions[0] != settings.AllEnabled:
		return c.Regions[0], nil
	}
	return "", &sdk.Diagnostic{
		Severity: sdk.Error, ConfigPath: "imageBuilder.region", Summary: "no region to look for the Image Builder resource in",
		NextStep: "set imageBuilder.region or AWS_REGION, or name it by its ARN",
	}
}

// notEnabled tells whether a call failed because its region is not enabled for the
// account, and nobody asked for it: a build was once distributed there. EC2 then takes
// the credentials for wrong ones, as their tokens are not good there.
// https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
func (d *discovery) notEnabled(ctx context.Context, region string, err error) bool {
	if len(d.config.Regions) > 0 || len(d.req.Hints.Regions) > 0 || !trouble.Rejected(err) {
		return false
	}
	var out *ec2.DescribeRegionsOutput
	err = d.session.Do(ctx, func(ctx context.Context) (err error) {
		out, err = d.session.EC2(d.session.AnyRegion).DescribeRegions(ctx, &ec2.DescribeRegionsInput{AllRegions: aws.Bool(true), RegionNames: []string{region}})
		return err
	})
	return err == nil && slices.ContainsFunc(out.Regions, func(r types.Region) bool {
		return aws.ToString(r.RegionName) == region && aws.ToString(r.OptInStatus) == "not-opted-in"
	})
}

// wantedRegions tells which of the regions that an image was distributed to are
// asked for: all of them, unless the configuration or the packs say otherwise.
func (d *discovery) wantedRegions(ctx context.Context) (func(string) bool, error) {
	configured := []string(d.config.Regions)
	if slices.Contains(configured, settings.AllEnabled) {
		all, err := d.enabledRegions(ctx)
		if err != nil {
			return nil, err
		}
		configured = all
	}
	hints, hinted := d.hints(), len(d.req.Hints.Regions) > 0
	return func(region string) bool {
		return (len(configured) == 0 || slices.Contains(configured, region)) &&
			(!hinted || slices.Contains(hints, region))
	}, nil
}

func (d *discovery) noteBuilds(found builder.Found) error {
	var notes []sdk.Diagnostic
	add := func(severity sdk.Severity, key, next, summary string) {
		notes = append(notes, sdk.Diagnostic{Severity: severity, ConfigPath: "imageBuilder" + key, Summary: summary, NextStep: next})
	}
	if n := len(found.Unfinished); n > 0 {
		add(sdk.Notice, "", "", text.Count(n, "build has", "builds have")+" no AMI yet: "+text.Some(found.Unfinished, shown))
	}
	if n := len(found.Unnamed); n > 0 {
		add(sdk.Warning, "", "", "Image Builder does not name all AMIs of "+text.Count(n, "build", "builds")+": "+text.Some(found.Unnamed, shown))
	}
	if n := found.NoARN; n > 0 {
		add(sdk.Warning, ".image", "", "Image Builder does not give the ARN of "+text.Count(n, "version, whose builds are", "versions, whose builds are")+" left out")
	}
	if n := len(found.Deleted); n > 0 {
		add(sdk.Warning, ".image", "", "Image Builder lists "+text.Count(n, "version, and no build of it", "versions, and no build of them")+": "+text.Some(found.Deleted, shown))
	}
	if found.Fitting+len(found.Deleted)+found.NoARN == 0 && len(found.OutOfRange) > 0 {
		add(sdk.Warning, ".version", "correct the range, or build a version within it",
			fmt.Sprintf("no version is within %q, there is %s", d.config.ImageBuilder.Version, text.Some(found.OutOfRange, shown)))
	}
	if recipes := recipesOf(found.Candidates); len(recipes) > 1 && d.config.NewestBy == sdk.NewestByVersion && d.config.TagKeys.Version == "" {
		add(sdk.Warning, "", "name one by image, or drop newestBy to go by the time of the builds",
			fmt.Sprintf("newestBy is version, and the builds are of %d recipes, whose versions do not compare: %s", len(recipes), text.Some(recipes, shown)))
	}
	if n := found.Containers; n > 0 && len(found.Candidates) == 0 {
		add(sdk.Warning, "", "name a pipeline that makes AMIs",
			text.Count(n, "build makes a container image", "builds make container images")+", which no pack of this source can use")
	}
	for _, n := range notes {
		if err := d.out.Report(n); err != nil {
			return err
		}
	}
	return nil
}

// recipesOf are the names that the builds' ARNs have from their recipes. Each recipe
// numbers its own versions.
func recipesOf(candidates []builder.Candidate) []string {
	names := map[string]bool{}
	for _, c := range candidates {
		if arn, ok := settings.ParseARN(c.ARN); ok {
			names[arn.Name] = true
		}
	}
	return ids(names)
}

// shown is how many names a message lists.
const shown = 3
