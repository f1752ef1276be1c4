package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/ami"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/builder"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/osfacts"
)

// placeless is an AMI that cannot be looked up.
func (d *discovery) placeless(c builder.Candidate) sdk.Image {
	return d.merged(c, d.unseen(c, "Image Builder does not say in which region it is"))
}

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
