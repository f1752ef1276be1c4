package source

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/builder"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// builds adds what Image Builder says now of the builds that AMIs came out of, where it is
// the source: by the build that a ref names, else by all builds of the source.
// What could not be asked is reported, and leaves open what EC2 calls good.
func (v *verification) builds(ctx context.Context, results []sdk.Result) error {
	if v.req.Config.ImageBuilder == nil {
		return nil
	}
	byARN := map[string]map[string]bool{} // by region
	unnamed := false
	for _, r := range results {
		switch arn, named := buildOf(r.Ref); {
		case r.Presence != sdk.Found && r.Presence != sdk.NotFound:
		case !named:
			unnamed = unnamed || r.Presence == sdk.Found
		case byARN[arn.Region] == nil:
			byARN[arn.Region] = map[string]bool{arn.Text: true}
		default:
			byARN[arn.Region][arn.Text] = true
		}
	}
	found := map[string][]builder.Candidate{}
	unasked := map[string]string{} // by region, why
	for _, region := range ids(byARN) {
		reader := builder.Reader{Client: v.session.ImageBuilder(region), Region: region, Do: v.session.Do}
		builds, err := reader.Builds(ctx, ids(byARN[region]))
		if unasked[region], err = v.told(ctx, err, region); err != nil {
			return err
		}
		maps.Copy(found, builds)
	}
	var listed []builder.Candidate
	unlisted := ""
	if unnamed {
		var err error
		listed, err = v.listed(ctx)
		if unlisted, err = v.told(ctx, err, ""); err != nil {
			return err
		}
	}
	for i := range results {
		candidates, asked, why := listed, unlisted == "", unlisted
		if arn, named := buildOf(results[i].Ref); named {
			candidates, asked = found[arn.Text]
			why = unasked[arn.Region]
			if asked && len(candidates) == 0 && results[i].Presence == sdk.Found {
				results[i].Reason = "Image Builder does not have its build any more: " + arn.Text
			}
		}
		if !asked {
			leaveOpen(&results[i], why)
			continue
		}
		v.heed(&results[i], candidates)
	}
	return nil
}

// leaveOpen makes an AMI that EC2 calls good one of which that is not known.
func leaveOpen(r *sdk.Result, why string) {
	if r.Presence == sdk.Found && r.Image.State == sdk.Available {
		r.Image.State, r.Image.StateReason = sdk.StateUnknown, why
	}
}

// buildOf is the build of Image Builder that a ref names.
func buildOf(ref sdk.Ref) (settings.ARN, bool) {
	if ref.Reference == nil {
		return settings.ARN{}, false
	}
	arn, ok := settings.ParseARN(ref.Reference.Value)
	return arn, ok && arn.Kind == "image" && arn.Build != ""
}

// listed are the AMIs of all builds of the source.
func (v *verification) listed(ctx context.Context) ([]builder.Candidate, error) {
	home, err := home(v.req.Config, v.session)
	if err != nil {
		return nil, err
	}
	reader := builder.Reader{Client: v.session.ImageBuilder(home), Region: home, Do: v.session.Do}
	found, err := reader.Read(ctx, *v.req.Config.ImageBuilder)
	if err != nil {
		return nil, problem(ctx, v.session, err, home)
	}
	return found.Candidates, nil
}

// told reports what failed, and returns its summary. It returns an error only when the
// whole call is over.
func (v *verification) told(ctx context.Context, err error, region string) (string, error) {
	if err == nil {
		return "", nil
	}
	p := problem(ctx, v.session, err, region)
	var d *sdk.Diagnostic
	if !errors.As(p, &d) {
		return "", p
	}
	return d.Summary, v.out.Report(*d)
}

// heed puts what Image Builder says of an AMI, or of its build as a whole, into a result.
// A build that was deleted is not offered any more, so what was picked of it is not good.
func (v *verification) heed(r *sdk.Result, candidates []builder.Candidate) {
	region := r.Ref.Region
	if r.Image != nil {
		region = r.Image.Region
	}
	i := slices.IndexFunc(candidates, func(c builder.Candidate) bool {
		return c.ID == r.Ref.ID && (c.NoRegion || c.Region == region)
	})
	if i < 0 {
		i = slices.IndexFunc(candidates, func(c builder.Candidate) bool { return c.ID == "" })
	}
	if i < 0 {
		return
	}
	state, against := candidates[i].Against(v.req.Now)
	switch {
	case r.Presence == sdk.Found:
		img := merge(candidates[i], *r.Image, v.req.Config.TagKeys, v.req.Now)
		if state == sdk.Gone && (img.State == sdk.Available || img.State == sdk.StateUnknown) {
			img.State, img.StateReason, img.Withheld = sdk.Unusable, against, ""
		}
		img.Reference = cmp.Or(r.Ref.Reference, img.Reference)
		r.Image = &img
	case r.Presence == sdk.NotFound && (state == sdk.StateUnknown || state == sdk.Pending) && v.req.Now.Sub(candidates[i].CreatedAt) < settling:
		r.Presence, r.Evidence = sdk.Unknown, sdk.EvidenceUnknown
		r.Reason = "EC2 does not show it yet, or no more; the build began less than a day ago"
	}
}
