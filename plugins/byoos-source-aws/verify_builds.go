package main

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/builder"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// builds adds what Image Builder says now of the builds that AMIs came out of, where it is
// the source: by the build that a ref names, else by all builds of the source. A build that
// was deleted says nothing of an AMI that another one has as well: then those of the source
// answer, as for a ref that names none.
// What could not be asked is reported, and leaves open what EC2 calls good.
func (v *verification) builds(ctx context.Context, results []sdk.Result) error {
	if v.req.Config.ImageBuilder == nil {
		return nil
	}
	named, err := v.named(ctx, results)
	if err != nil {
		return err
	}
	listed, err := v.listed(ctx, results, named)
	if err != nil {
		return err
	}
	for i := range results {
		arn, isNamed := buildOf(results[i].Ref)
		if !isNamed {
			v.heed(&results[i], listed)
			continue
		}
		v.heedNamed(&results[i], arn.Text, named[arn.Text], listed)
	}
	return nil
}

// heedNamed is heed for a ref that names a build.
func (v *verification) heedNamed(r *sdk.Result, arn string, named, listed word) {
	said := named
	if _, has := listed.of(r); named.lost(r) && (has || listed.unasked != "") {
		said = listed
	}
	v.heed(r, said)
	if r.Presence == sdk.Found && said.unasked == "" {
		r.Reason = named.replaced(r, said, arn)
	}
}

// word is what Image Builder says of AMIs, or why it could not be asked.
type word struct {
	candidates []builder.Candidate
	unasked    string
}

// of is what is said of an AMI, or of its build as a whole.
func (w word) of(r *sdk.Result) (builder.Candidate, bool) {
	region := r.Ref.Region
	if r.Image != nil {
		region = r.Image.Region
	}
	i := slices.IndexFunc(w.candidates, func(c builder.Candidate) bool {
		return c.ID == r.Ref.ID && (c.NoRegion || c.Region == region)
	})
	if i < 0 {
		i = slices.IndexFunc(w.candidates, func(c builder.Candidate) bool { return c.ID == "" })
	}
	if i < 0 {
		return builder.Candidate{}, false
	}
	return w.candidates[i], true
}

// lost tells whether an AMI is there, and the build that its ref names is not.
func (w word) lost(r *sdk.Result) bool {
	said, has := w.of(r)
	return r.Presence == sdk.Found && w.unasked == "" && (!has || said.State == sdk.Gone)
}

// replaced is what became of the build that a ref names, where that says nothing against
// its AMI.
func (w word) replaced(r *sdk.Result, by word, arn string) string {
	if len(w.candidates) == 0 {
		return "Image Builder does not have its build any more: " + arn
	}
	if other, has := by.of(r); w.lost(r) && has && other.ARN != arn && other.State != sdk.Gone {
		return "Image Builder has deleted its build " + arn + "; the AMI is of " + other.ARN + " as well"
	}
	return ""
}

// named is what Image Builder says of the builds that refs name, by their ARNs.
func (v *verification) named(ctx context.Context, results []sdk.Result) (map[string]word, error) {
	byRegion := map[string]map[string]bool{}
	for _, r := range results {
		arn, named := buildOf(r.Ref)
		if !named || r.Presence != sdk.Found && r.Presence != sdk.NotFound {
			continue
		}
		if byRegion[arn.Region] == nil {
			byRegion[arn.Region] = map[string]bool{}
		}
		byRegion[arn.Region][arn.Text] = true
	}
	words := map[string]word{}
	for _, region := range ids(byRegion) {
		reader := builder.Reader{Client: v.session.ImageBuilder(region), Region: region, Do: v.session.Do}
		builds, err := reader.Builds(ctx, ids(byRegion[region]))
		why, err := v.told(ctx, err, region)
		if err != nil {
			return nil, err
		}
		for arn := range byRegion[region] {
			candidates, asked := builds[arn]
			if words[arn] = (word{candidates: candidates}); !asked {
				words[arn] = word{unasked: why}
			}
		}
	}
	return words, nil
}

// listed is what Image Builder says of the AMIs of all builds of the source, where a ref
// names none, or one that is lost. Of a source that is not there any more no build has the
// AMI of a lost one.
func (v *verification) listed(ctx context.Context, results []sdk.Result, named map[string]word) (word, error) {
	lost, unnamed := false, false
	for i := range results {
		arn, isNamed := buildOf(results[i].Ref)
		lost = lost || isNamed && named[arn.Text].lost(&results[i])
		unnamed = unnamed || !isNamed && results[i].Presence == sdk.Found
	}
	if !lost && !unnamed {
		return word{}, nil
	}
	home, err := home(v.req.Config, v.session)
	if err != nil {
		why, err := v.told(ctx, err, "")
		return word{unasked: why}, err
	}
	reader := builder.Reader{Client: v.session.ImageBuilder(home), Region: home, Do: v.session.Do}
	found, err := reader.Read(ctx, *v.req.Config.ImageBuilder)
	if !unnamed && errors.Is(err, builder.ErrMissing) {
		return word{}, nil
	}
	why, err := v.told(ctx, err, home)
	return word{found.Candidates, why}, err
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

// heed puts what Image Builder says of an AMI into a result, as discovery does: the record
// of a build that was deleted says nothing against an AMI that EC2 has.
func (v *verification) heed(r *sdk.Result, said word) {
	if said.unasked != "" {
		leaveOpen(r, said.unasked)
		return
	}
	candidate, has := said.of(r)
	if !has {
		return
	}
	state, _ := candidate.Against(v.req.Now)
	switch {
	case r.Presence == sdk.Found:
		img := merge(candidate, *r.Image, v.req.Config.TagKeys, v.req.Now)
		img.Reference = cmp.Or(r.Ref.Reference, img.Reference)
		r.Image = &img
	case r.Presence == sdk.NotFound && (state == sdk.StateUnknown || state == sdk.Pending) && v.req.Now.Sub(candidate.CreatedAt) < settling:
		r.Presence, r.Evidence = sdk.Unknown, sdk.EvidenceUnknown
		r.Reason = "EC2 does not show it yet, or no more; the build began less than a day ago"
	}
}
