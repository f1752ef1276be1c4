package source

import (
	"cmp"
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
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/osfacts"
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

// placeless is an AMI that cannot be looked up.
func (d *discovery) placeless(c builder.Candidate) sdk.Image {
	return d.merged(c, d.unseen(c, "Image Builder does not say in which region it is"))
}

// shown is how many names a message lists.
const shown = 3

// crossCheck keeps the candidates of one region as EC2 sees them.
func (d *discovery) crossCheck(ctx context.Context, region string, candidates []builder.Candidate) error {
	byID := map[string]sdk.Image{}
	wanted := make([]string, len(candidates))
	for i, c := range candidates {
		wanted[i] = c.ID
	}
	convert := d.converter(region)
	err := d.reader(region).ByID(ctx, wanted, func(page []types.Image) error {
		for i := range page {
			img := convert.Image(&page[i])
			byID[img.ID] = img
			d.ages.show(img)
		}
		return nil
	})
	for _, c := range candidates {
		img, seen := byID[c.ID]
		if !seen {
			img = d.unseen(c, d.unconfirmed(c, err != nil))
		}
		d.ages.keep(c, d.merged(c, img))
	}
	return err
}

// unseen is an AMI that EC2 does not show. Image Builder's word on it is a record, as
// it does not notice what becomes of an AMI. Without a reason to withhold it the
// account that was asked is the AMI's own, and the AMI is no more.
func (d *discovery) unseen(c builder.Candidate, withheld string) sdk.Image {
	img := sdk.Image{
		ID: c.ID, Provider: ami.Provider, Name: c.Name, Region: c.Region, CreatedAt: c.CreatedAt, OwnerID: c.Account, Owner: c.Account,
		Tags: c.Tags, Provenance: map[string]sdk.Provenance{},
	}
	if c.NoRegion {
		img.Region = ""
	}
	if withheld == "" {
		img.State, img.StateReason, img.Evidence = sdk.Gone, "EC2 does not have it in its own account: it was deregistered", sdk.Asked
		return img
	}
	img.Withheld, img.Evidence, img.ObservedAt = withheld, sdk.Recorded, c.CreatedAt
	if c.State == sdk.Available {
		img.State = sdk.Available
	}
	return img
}

// merged is an AMI with what Image Builder says of it.
func (d *discovery) merged(c builder.Candidate, img sdk.Image) sdk.Image {
	if d.self != "" && img.OwnerID == d.self {
		img.Owner = settings.Self
	}
	return merge(c, img, d.config.TagKeys, d.req.Now)
}

// merge adds what Image Builder says of an AMI. It was asked for the state of the
// build, so what it says against it holds whatever EC2 shows. A build that was deleted
// leaves its AMIs as they are, and is only not offered:
// https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_DeleteImage.html
func merge(c builder.Candidate, img sdk.Image, keys settings.TagKeys, now time.Time) sdk.Image {
	state, reason := c.Against(now)
	refused := img.State != sdk.Available && img.State != sdk.StateUnknown
	switch {
	case refused || reason == "":
	case state == sdk.Gone:
		img.Withheld = cmp.Or(img.Withheld, reason)
	case state == sdk.StateUnknown:
		img.State, img.StateReason, img.Withheld = state, reason, cmp.Or(img.Withheld, reason)
	default:
		img.State, img.StateReason = state, reason
		img.Withheld, img.Evidence, img.ObservedAt = "", sdk.Asked, time.Time{}
	}
	if !c.DeprecatedAt.IsZero() && (img.DeprecatedAt.IsZero() || c.DeprecatedAt.Before(img.DeprecatedAt)) {
		img.DeprecatedAt = c.DeprecatedAt
		img.Provenance["deprecatedAt"] = sdk.Provenance{From: "api", Key: "imagebuilder"}
	}
	if !c.CreatedAt.IsZero() { // EC2 has the time of the copy
		img.CreatedAt = c.CreatedAt
		img.Provenance["createdAt"] = sdk.Provenance{From: "api", Key: "imagebuilder"}
	}
	if c.Version != "" && keys.Version == "" { // else the tag's alone: the two have no order
		img.Version = c.Version
		img.Provenance["version"] = sdk.Provenance{From: "api", Key: "imagebuilder"}
	}
	if c.ARN != "" {
		img.Reference = &sdk.Reference{Kind: "arn", Value: c.ARN}
	}
	img.Provenance["id"] = sdk.Provenance{From: "api", Key: "imagebuilder"}
	addSystem(&img, c.OSVersion, keys)
	return img
}

// addSystem adds what Image Builder says of the operating system to what the tags leave
// open. What an AMI is billed by says less.
func addSystem(img *sdk.Image, text string, keys settings.TagKeys) {
	if _, _, ok := osfacts.FromText(text); !ok {
		return
	}
	img.Contradictions = nil
	ami.Converter{TagKeys: keys}.System(img, text).Describe(img)
}

// whose returns the account of the credentials. What is found by its name among
// one's own is the account's; an ARN may be of any account.
func (d *discovery) whose(ctx context.Context, found builder.Found) string {
	b := d.config.ImageBuilder
	byName := b.Pipeline != "" && !strings.HasPrefix(b.Pipeline, "arn:") ||
		b.Image != "" && !strings.HasPrefix(b.Image, "arn:") && (b.Owner == "" || b.Owner == settings.Self)
	if byName && len(found.Candidates) > 0 {
		if account := accountOf(found.Candidates[0].ARN); account != "" {
			return account
		}
	}
	return d.account(ctx)
}

// unconfirmed says why an AMI that EC2 does not show may be there all the same, or
// nothing when the account that was asked is known to be its own.
func (d *discovery) unconfirmed(c builder.Candidate, unchecked bool) string {
	switch {
	case c.State == sdk.Pending, c.State == sdk.Failed:
		return "EC2 does not show it; " + c.Reason // it is not there yet, or never was
	case unchecked:
		return "could not be checked: EC2 did not answer in " + c.Region
	case c.NoRegion:
		return "Image Builder does not say in which region it is, and EC2 does not show it in " + c.Region
	case c.Account == "":
		return "could not be checked: EC2 does not show it, and Image Builder does not say in which account it is"
	case d.self == "":
		return "could not be checked: EC2 does not show it, and whether account " + c.Account + " is your own could not be asked (sts:GetCallerIdentity)"
	case c.Account != d.self:
		return fmt.Sprintf("could not be checked: it is in account %s, which does not share it with account %s; read it with credentials of %s (roleArn)",
			c.Account, d.self, c.Account)
	case c.CreatedAt.IsZero():
		return "EC2 does not show it, and Image Builder does not say when its build began, which may be today"
	case d.req.Now.Sub(c.CreatedAt) < settling:
		return "EC2 does not show it yet, or no more; the build began less than a day ago"
	}
	return ""
}

func accountOf(arn string) string {
	a, _ := settings.ParseARN(arn)
	return a.Account
}
