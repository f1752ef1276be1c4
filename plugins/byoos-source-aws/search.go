package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/ami"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// search sends the AMIs of one region that the ami mode describes, page by page.
func (d *discovery) search(ctx context.Context, region string) error {
	s := *d.config.AMI
	reader := d.reader(region)
	convert := d.converter(region)
	known := ami.Known{Owners: map[string]bool{}, Public: map[string]bool{}}
	for _, o := range s.Owners {
		known.Owners[o] = true
	}
	searches := ami.Searches(s.Owners)
	bySelf := slices.Equal(searches[0], []string{settings.Self})
	if !bySelf {
		convert.Account = d.account(ctx) // the owners may have its number
	}
	for _, owners := range searches {
		input := ami.Query(s)
		input.Owners = owners
		onlySelf := len(owners) == 1 && owners[0] == settings.Self
		err := reader.List(ctx, input, func(page []types.Image) error {
			images := make([]sdk.Image, 0, len(page))
			for i := range page {
				if onlySelf {
					convert.Account = aws.ToString(page[i].OwnerId)
				} else if bySelf && convert.Account != "" && convert.Account == aws.ToString(page[i].OwnerId) {
					continue // of the search for self
				}
				img := convert.Image(&page[i])
				if onlySelf {
					img.Owner = settings.Self
				}
				known.Note(img)
				images = append(images, img)
			}
			d.log.Debug("page read", "region", region, "amis", len(images))
			return d.out.Images(images...)
		})
		if err != nil {
			return err
		}
	}
	return d.strangers(ctx, reader, convert, known)
}

// strangers lists what a search without an owner would have found. It informs
// only: what goes wrong is a notice.
func (d *discovery) strangers(ctx context.Context, reader ami.Reader, convert ami.Converter, known ami.Known) error {
	s := *d.config.AMI
	if !ami.LooksForStrangers(s) {
		return nil
	}
	convert.Undated = nil      // they are withheld whatever their times
	if convert.Account == "" { // the search for self found nothing, or was not asked for
		convert.Account = d.account(ctx)
	}
	if convert.Account != "" {
		known.Owners[convert.Account] = true
	}
	found, complete, err := reader.Strangers(ctx, s, convert, known)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		d.log.Debug("could not look for public AMIs of other accounts", "region", convert.Region, "error", err)
		return d.out.Report(sdk.Diagnostic{
			Severity: sdk.Notice, Scope: convert.Region, ConfigPath: "ami.showStrangers",
			Summary: "could not look for public AMIs of other accounts with a matching name; the answer is complete without them",
		})
	}
	if !complete {
		err := d.out.Report(sdk.Diagnostic{
			Severity: sdk.Notice, Scope: convert.Region, ConfigPath: "ami.showStrangers",
			Summary:  fmt.Sprintf("very many public AMIs match %q; not all of them were looked at", s.NamePattern),
			NextStep: "make namePattern more specific, or set showStrangers: false",
		})
		if err != nil {
			return err
		}
	}
	for i := range found {
		if convert.Account == "" {
			found[i].Withheld += "; whether that account is your own could not be asked (sts:GetCallerIdentity)"
		}
	}
	return d.out.Images(found...)
}

// noteWhose tells that image.owner says "self" of no AMI, where the owners have the
// numbers of accounts and STS does not say which is that of the credentials.
func (d *discovery) noteWhose(ctx context.Context) error {
	owners := d.config.AMI.Owners
	number := func(owner string) bool { return strings.Trim(owner, "0123456789") == "" }
	if slices.Contains(owners, settings.Self) || !slices.ContainsFunc(owners, number) {
		return nil
	}
	_, err := d.session.Account(ctx)
	if err == nil {
		return ctx.Err()
	}
	told := sdk.Diagnostic{
		Severity: sdk.Warning, ConfigPath: "ami.owners", NextStep: "let STS be reached, or add self to owners",
		Summary: `whether one of the owners is your own account is not known, so image.owner is "self" for no AMI`,
	}
	var cause *sdk.Diagnostic
	if errors.As(problem(ctx, d.session, err, ""), &cause) {
		told.Detail = cause.Summary
	}
	return d.out.Report(told)
}

// account is that of the credentials, or empty when STS could not be asked: then
// nothing is called the user's own.
func (d *discovery) account(ctx context.Context) string {
	account, err := d.session.Account(ctx)
	if err != nil {
		d.log.Debug("STS does not say whose the credentials are", "error", err)
	}
	return account
}
