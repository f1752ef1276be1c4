package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/ami"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/session"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// verifySink takes results; *sdk.Results is one.
type verifySink interface {
	Results(...sdk.Result) error
	Report(sdk.Diagnostic) error
}

// Verify says what became of AMIs that were picked earlier, with one call for
// 200 of them in a region and, for those that do not show, one or two more.
func (s source) Verify(ctx context.Context, req sdk.VerifyRequest[settings.Config], out *sdk.Results) error {
	return verify(ctx, s.Shared, req, out)
}

func verify(ctx context.Context, shared *session.Shared, req sdk.VerifyRequest[settings.Config], out verifySink) error {
	if err := req.Config.Validate(); err != nil {
		return err
	}
	s, err := shared.Open(ctx, req.Config, req.UserSettings, req.Secrets, req.Log)
	if err != nil {
		return err
	}
	if err := s.Authenticate(ctx); err != nil {
		return problem(ctx, s, err, "")
	}
	v := &verification{req: req, session: s, out: out, log: logger(req.Log)}
	return v.run(ctx)
}

// verification is one call of Verify.
type verification struct {
	req     sdk.VerifyRequest[settings.Config]
	session *session.Session
	out     verifySink
	log     *slog.Logger
}

// run asks each region for the refs that may be in it, and then answers each ref
// once: one without a region may be in any of those that are configured or selected.
func (v *verification) run(ctx context.Context) error {
	places, err := v.places(ctx)
	if err != nil {
		return err
	}
	byRegion := map[string][]int{}
	answers := make([][]sdk.Result, len(v.req.Refs))
	for i, ref := range v.req.Refs {
		regions := places
		if ref.Region != "" {
			regions = []string{strings.ToLower(ref.Region)}
		}
		if r, ok := unasked(ref, regions); ok {
			answers[i] = []sdk.Result{r}
			continue
		}
		for _, region := range regions {
			byRegion[region] = append(byRegion[region], i)
		}
	}
	if err := v.eachRegion(ctx, byRegion, answers); err != nil {
		return err
	}
	results := v.verdicts(answers, places)
	if err := v.builds(ctx, results); err != nil {
		return err
	}
	return v.out.Results(results...)
}

// eachRegion asks regions for the refs at their indexes, and adds what they answer.
func (v *verification) eachRegion(ctx context.Context, byRegion map[string][]int, answers [][]sdk.Result) error {
	var mu sync.Mutex
	failed := failures{session: v.session}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelRegions)
	for _, region := range ids(byRegion) {
		group.Go(func() error {
			indexes := byRegion[region]
			results, err := v.region(ctx, region, indexes, &failed)
			mu.Lock()
			defer mu.Unlock()
			for j, r := range results {
				answers[indexes[j]] = append(answers[indexes[j]], r)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return failed.tell(v.out)
}

// places are the regions of the configuration and of the packs, else that of the
// AWS configuration. They matter for refs without a region alone.
func (v *verification) places(ctx context.Context) ([]string, error) {
	if !slices.ContainsFunc(v.req.Refs, func(ref sdk.Ref) bool { return ref.Region == "" }) {
		return nil, nil
	}
	places := slices.Clone([]string(v.req.Config.Regions))
	if slices.Contains(places, settings.AllEnabled) {
		all, err := enabledRegions(ctx, v.session, v.out)
		if err != nil {
			return nil, err
		}
		places = all
	}
	places = append(places, regionsOfAWS(v.req.Regions)...)
	if b := v.req.Config.ImageBuilder; b != nil && b.Home() != "" {
		places = append(places, b.Home())
	}
	if len(places) == 0 && v.session.Region != "" {
		places = []string{v.session.Region}
	}
	slices.Sort(places)
	return slices.Compact(places), nil
}

// verdicts makes one answer of what regions say of a ref: one that has it decides,
// else one that could not be asked leaves it open.
func (v *verification) verdicts(answers [][]sdk.Result, places []string) []sdk.Result {
	rank := map[sdk.Presence]int{sdk.Found: 0, sdk.Unknown: 1, sdk.NotVisible: 2, sdk.NotFound: 3}
	results := make([]sdk.Result, len(answers))
	for i, some := range answers {
		results[i] = slices.MinFunc(some, func(a, b sdk.Result) int { return rank[a.Presence] - rank[b.Presence] })
		if r := &results[i]; r.Presence == sdk.NotFound && r.Ref.Region == "" {
			r.Reason = "not in " + strings.Join(places, ", ") + ", the only regions that were asked: name others in regions"
			if len(places) == 1 {
				r.Reason = "not in " + places[0] + ", the only region that was asked: name others in regions"
			}
			r.Evidence = sdk.EvidenceUnknown // the region that has it may be another one
		}
	}
	return results
}

// unasked is the answer for a ref that cannot be asked for.
func unasked(ref sdk.Ref, regions []string) (sdk.Result, bool) {
	var reason string
	switch {
	case ref.Region != "" && !settings.IsRegion(regions[0]):
		reason = fmt.Sprintf("%q is not a region of AWS", ref.Region)
	case !amiForm.MatchString(ref.ID):
		reason = fmt.Sprintf("%q is not an AMI id", ref.ID)
	case len(regions) == 0:
		reason = "the region is not known: name it in regions, in a pack's select or in AWS_REGION"
	}
	return sdk.Result{Ref: ref, Presence: sdk.Unknown, Reason: reason}, reason != ""
}

// region returns one result for each of the refs, in their order. What fails is
// noted; an error ends the call.
func (v *verification) region(ctx context.Context, region string, indexes []int, failed *failures) ([]sdk.Result, error) {
	refs := make([]sdk.Ref, len(indexes))
	for i, index := range indexes {
		refs[i] = v.req.Refs[index]
	}
	results, err := v.check(ctx, region, refs)
	if err == nil {
		return results, nil
	}
	d, err := failed.add(ctx, err, region)
	if err != nil {
		return nil, err
	}
	for i := range results {
		if results[i].Presence == sdk.Unknown {
			results[i].Reason = d.Summary
		}
	}
	return results, nil
}

// check asks for the ids of one region. When it fails, what is not settled is
// unknown.
func (v *verification) check(ctx context.Context, region string, refs []sdk.Ref) ([]sdk.Result, error) {
	reader := ami.Reader{Client: v.session.EC2(region), Do: v.session.Do}
	wanted := make([]string, len(refs))
	for i, ref := range refs {
		wanted[i] = ref.ID
	}
	found := map[string]sdk.Image{}
	note := func(page []types.Image) error {
		for i := range page {
			img := ami.Converter{Region: region, TagKeys: v.req.Config.TagKeys}.Image(&page[i])
			found[img.ID] = img
		}
		return nil
	}
	absent := map[string]absence{}
	err := reader.ByID(ctx, wanted, note)
	if err == nil {
		missing := slices.DeleteFunc(slices.Clone(wanted), func(id string) bool { _, ok := found[id]; return ok })
		slices.Sort(missing)
		absent, err = v.whyMissing(ctx, region, slices.Compact(missing), note)
	}
	results := make([]sdk.Result, len(refs))
	for i, ref := range refs {
		results[i] = result(ref, found, absent)
		if _, shown := found[ref.ID]; !shown {
			results[i] = v.seenBy(ctx, results[i])
		}
	}
	v.log.Debug("verified", "region", region, "found", len(found), "missing", len(absent))
	return results, err
}

// result says gone in every form that EC2 has for it; what else is wrong with an
// AMI (deprecated, disabled, another architecture) is in the image.
func result(ref sdk.Ref, found map[string]sdk.Image, absent map[string]absence) sdk.Result {
	img, ok := found[ref.ID]
	switch {
	case ok && img.State == sdk.Gone:
		return sdk.Result{Ref: ref, Presence: sdk.NotFound, Reason: img.StateReason, Evidence: sdk.Asked}
	case ok:
		return sdk.Result{Ref: ref, Presence: sdk.Found, Image: &img, Evidence: sdk.Asked}
	}
	a, ok := absent[ref.ID]
	if !ok {
		return sdk.Result{Ref: ref, Presence: sdk.Unknown}
	}
	return sdk.Result{Ref: ref, Presence: a.presence, Reason: a.reason, Evidence: sdk.Asked}
}

// seenBy takes back that an AMI does not show, where its own account was not asked: to
// any other, one that is not shared is as one that does not exist.
func (v *verification) seenBy(ctx context.Context, r sdk.Result) sdk.Result {
	if r.Ref.OwnerID == "" || r.Presence != sdk.NotFound && r.Presence != sdk.NotVisible {
		return r
	}
	account, err := v.session.Account(ctx)
	if err != nil || account == "" || account == r.Ref.OwnerID {
		return r
	}
	return sdk.Result{
		Ref: r.Ref, Presence: sdk.Unknown,
		Reason: fmt.Sprintf("EC2 does not show it to account %s, and it was picked with credentials of account %s, its own: ask with these", account, r.Ref.OwnerID),
	}
}

// absence is why an AMI does not show.
type absence struct {
	presence sdk.Presence
	reason   string
}

var idInText = regexp.MustCompile(`ami-[0-9a-f]{8,17}`)

// whyMissing asks for ids by name: EC2 then fails, and tells those that do not
// exist (InvalidAMIID.NotFound, InvalidAMIID.Unavailable) from those that this
// account may not see (AuthFailure). An error names the ids it is about, so each
// round settles some.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
func (v *verification) whyMissing(ctx context.Context, region string, missing []string, note func([]types.Image) error) (map[string]absence, error) {
	out := map[string]absence{}
	client := v.session.EC2(region)
	for len(missing) > 0 {
		var answer *ec2.DescribeImagesOutput
		err := v.session.Do(ctx, func(ctx context.Context) (err error) {
			answer, err = client.DescribeImages(ctx, &ec2.DescribeImagesInput{
				ImageIds: missing, IncludeDeprecated: aws.Bool(true), IncludeDisabled: aws.Bool(true),
			})
			return err
		})
		if err == nil { // what shows now, after all: EC2 is consistent in the end
			if err := note(answer.Images); err != nil {
				return out, err
			}
		}
		settled, a, err := settle(region, missing, err)
		if err != nil {
			return out, err
		}
		for _, id := range settled {
			out[id] = a
		}
		missing = slices.DeleteFunc(missing, func(id string) bool { return slices.Contains(settled, id) })
	}
	return out, nil
}

// settle returns the ids that an answer is about and what it says of them.
func settle(region string, asked []string, err error) ([]string, absence, error) {
	if err == nil {
		// Those that are neither there nor an error.
		return asked, absence{sdk.NotVisible, "EC2 does not show it to this account: not shared with it, disabled by its owner, hidden by the Allowed AMIs setting, or just deregistered"}, nil
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return nil, absence{}, err
	}
	named := slices.DeleteFunc(idInText.FindAllString(api.ErrorMessage(), -1), func(id string) bool { return !slices.Contains(asked, id) })
	if len(named) == 0 {
		if len(asked) > 1 || api.ErrorCode() == "AuthFailure" {
			return nil, absence{}, err
		}
		named = asked
	}
	switch api.ErrorCode() {
	case "InvalidAMIID.NotFound", "InvalidAMIID.Unavailable":
		return named, absence{sdk.NotFound, "not in " + region + ": EC2 says that it does not exist there"}, nil
	case "AuthFailure":
		return named, absence{sdk.NotVisible, "it exists, but is not shared with this account"}, nil
	}
	return nil, absence{}, err
}
