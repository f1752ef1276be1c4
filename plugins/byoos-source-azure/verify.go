package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/compute"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// question is one thing to ask Azure, for all the references it answers.
type question struct {
	id resourceid.ID
	// elsewhere are the ids of the same relative form in the other subscriptions.
	elsewhere []resourceid.ID
	// guessed is set when the gallery may be in another resource group.
	guessed bool
	refs    []sdk.Ref
	// regions are asked one after the other, where the answer depends on them.
	regions []string
}

// Verify says what became of images. A version is asked for once, however many
// regions it was picked in.
func (s source) Verify(ctx context.Context, req sdk.VerifyRequest[config], out *sdk.Results) error {
	ses, err := s.open(ctx, req.Config, call{settings: req.UserSettings, secrets: req.Secrets, report: out.Report, answers: s.answers, now: req.Now})
	if err != nil {
		return err
	}
	questions, odd := ses.questions(req.Refs, req.Regions)
	if err := out.Results(odd...); err != nil {
		return err
	}
	return each(ctx, questions, func(ctx context.Context, q question) error {
		results, err := ses.ask(ctx, q)
		if err != nil {
			return err
		}
		return out.Results(results...)
	})
}

// questions groups references by what must be asked; odd answers those that name
// nothing of Azure's, or no region where one must be asked. selected are the regions
// of the packs.
func (s *session) questions(refs []sdk.Ref, selected []string) (questions []question, odd []sdk.Result) {
	at := map[string]int{}
	for _, ref := range refs {
		q, err := s.identify(ref)
		if err != nil {
			odd = append(odd, sdk.Result{Ref: ref, Presence: sdk.Unknown, Reason: err.Error()})
			continue
		}
		q.regions = s.regionsOf(q.id, ref, selected)
		if q.id.Regional() && len(q.regions) == 0 {
			odd = append(odd, sdk.Result{Ref: ref, Presence: sdk.Unknown, Reason: "no region to look for it in: name it in locations or in a pack's select"})
			continue
		}
		key := fmt.Sprint(q.id.Key(), "@", strings.Join(q.regions, ","), len(q.elsewhere), q.guessed)
		i, known := at[key]
		if !known {
			i = len(questions)
			at[key] = i
			questions = append(questions, q)
		}
		questions[i].refs = append(questions[i].refs, ref)
	}
	return questions, odd
}

// regionsOf are those to ask for an id whose answer depends on that: the reference's,
// else all that the configuration and the packs name.
func (s *session) regionsOf(id resourceid.ID, ref sdk.Ref, selected []string) []string {
	switch {
	case !id.Regional():
		return nil
	case ref.Region != "":
		return locations([]string{ref.Region}, nil)
	}
	return locations(slices.Concat(s.Locations, selected), nil)
}

// Of a relative id that nothing completes.
var (
	errNoGroup   = errors.New("a relative id does not say where its gallery is: set resourceGroup to that of the gallery, or give the whole id")
	errElsewhere = errors.New("no gallery of this source has this relative id: give the whole id")
)

// identify reads the id of a reference; one in relative form has its full id
// beside it, or else the configuration completes it, in each of its subscriptions.
func (s *session) identify(ref sdk.Ref) (question, error) {
	id, err := resourceid.Parse(ref.ID)
	if err == nil {
		return question{id: id}, nil
	}
	for _, whole := range wholeIDs(ref) {
		if full, fullErr := resourceid.Parse(whole); fullErr == nil && strings.EqualFold(full.Relative(), strings.Trim(ref.ID, "/")) {
			return question{id: full}, nil
		}
	}
	var all []resourceid.ID
	for _, subscription := range s.subscriptions {
		one, relativeErr := resourceid.ParseRelative(ref.ID, subscription, cmp.Or(s.ResourceGroup, "unknown"))
		if relativeErr != nil {
			return question{}, err
		}
		all = append(all, one)
	}
	switch {
	case !s.reads(all[0]):
		return question{}, errElsewhere
	case s.ResourceGroup == "":
		return question{}, errNoGroup
	}
	return question{id: all[0], elsewhere: all[1:], guessed: s.mode == modeTemplate}, nil
}

// wholeIDs are what a reference may have beside an id in relative form.
func wholeIDs(ref sdk.Ref) []string {
	if r := ref.Reference; r != nil && r.Kind == compute.ReferenceKind {
		return []string{ref.FullID, r.Value}
	}
	return []string{ref.FullID}
}

// ask returns the results of all references of one question.
func (s *session) ask(ctx context.Context, q question) ([]sdk.Result, error) {
	images, err := s.current(ctx, q)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	results := make([]sdk.Result, 0, len(q.refs))
	if err == nil {
		for _, ref := range q.refs {
			results = append(results, s.compare(ref, images))
		}
		return results, nil
	}
	presence, reason, failed := s.absent(ctx, q, err)
	for _, ref := range q.refs {
		results = append(results, sdk.Result{Ref: ref, Presence: presence, Reason: reason, Evidence: evidence(q, ref, presence, err)})
	}
	return results, failed
}

// evidence tells that Azure was asked, unless the region or the group that has the image
// may be another one. To refuse is an answer, too: it is no leave to believe a record.
func evidence(q question, ref sdk.Ref, p sdk.Presence, err error) sdk.Evidence {
	elsewhere := q.id.Regional() && ref.Region == "" || p == sdk.Unknown && (arm.NotFound(err) || errors.Is(err, errSeveral))
	if elsewhere {
		return sdk.EvidenceUnknown
	}
	return sdk.Asked
}

// reads says whether the image is where the configuration looks; if not, another
// source may be the one that has it.
func (s *session) reads(id resourceid.ID) bool {
	switch id.Kind {
	case resourceid.CommunityVersion:
		return strings.EqualFold(id.Gallery, s.CommunityGallery)
	case resourceid.SharedVersion:
		return strings.EqualFold(id.Gallery, s.SharedGallery)
	}
	if s.mode == modeTemplate { // whose outputs may be anywhere
		return s.opt.Own[strings.ToLower(id.Subscription)]
	}
	kind := map[mode]resourceid.Kind{modeGallery: resourceid.GalleryVersion, modeManaged: resourceid.ManagedImage}
	return s.opt.Own[strings.ToLower(id.Subscription)] && id.Kind == kind[s.mode] &&
		(s.ResourceGroup == "" || strings.EqualFold(s.ResourceGroup, id.ResourceGroup)) &&
		matches(s.Gallery, id.Gallery) && matches(s.Definition, id.Definition)
}

// absent says what an error of Azure means for an image. What could not be asked
// is reported, too, unless it may be another source's.
func (s *session) absent(ctx context.Context, q question, err error) (sdk.Presence, string, error) {
	failed := s.diagnose(ctx, err, "image "+q.id.String(), "")
	var d *sdk.Diagnostic
	switch {
	case !errors.As(failed, &d):
		return sdk.Unknown, "", failed
	case errors.Is(err, errSeveral):
		return sdk.Unknown, err.Error(), nil
	case arm.NotFound(err) && q.id.Kind == resourceid.SharedVersion:
		return sdk.NotVisible, "it does not exist in " + strings.Join(q.regions, ", ") + ", or is not shared with subscription " + strings.Join(s.subscriptions, ", "), nil
	case arm.NotFound(err) && q.id.Regional():
		return sdk.NotFound, "it does not exist in " + strings.Join(q.regions, ", "), nil
	case arm.NotFound(err) && q.guessed:
		return sdk.Unknown, "it is not in resource group " + q.id.ResourceGroup + ", and a relative id does not say in which one: give the whole id", nil
	case arm.NotFound(err):
		return sdk.NotFound, "it does not exist any more", nil
	case !s.reads(q.id):
		return sdk.Unknown, d.Error(), nil
	}
	return sdk.Unknown, d.Error(), s.report(*d)
}

// errSeveral is an id that does not say which of several images it is.
var errSeveral = errors.New("it is in several of the source's subscriptions: give the whole id")

// current returns the images of a question as they are now. One place that could not
// be asked leaves it open.
func (s *session) current(ctx context.Context, q question) ([]sdk.Image, error) {
	if q.id.Regional() {
		return s.regional(ctx, q)
	}
	images, err := s.resource(ctx, q.id)
	for _, id := range q.elsewhere {
		more, otherErr := s.resource(ctx, id)
		switch {
		case err == nil && otherErr == nil:
			return nil, errSeveral
		case otherErr == nil && arm.NotFound(err):
			images, err = more, nil
		case !arm.NotFound(otherErr) && (err == nil || arm.NotFound(err)):
			images, err = nil, otherErr
		}
	}
	return images, err
}

// regional asks for a version of somebody else's gallery, in each region and as each
// of the subscriptions: the first that has it answers.
func (s *session) regional(ctx context.Context, q question) ([]sdk.Image, error) {
	var open, absent error
	for _, region := range q.regions {
		for _, subscription := range s.subscriptions {
			images, err := s.version(ctx, q.id, subscription, region)
			switch {
			case err == nil:
				return images, nil
			case arm.NotFound(err):
				absent = err
			default:
				open = cmp.Or(open, err)
			}
		}
	}
	return nil, cmp.Or(open, absent)
}

// resource reads the image of a subscription that id names, with its replication status.
func (s *session) resource(ctx context.Context, id resourceid.ID) ([]sdk.Image, error) {
	if id.Kind != resourceid.ManagedImage {
		return s.version(ctx, id, "", "")
	}
	m, err := compute.Image(ctx, s.api, id)
	if err != nil {
		return nil, err
	}
	return m.Images(id, s.opt), nil
}

// version reads a version of a gallery; subscription and location are where somebody else's
// is asked for.
func (s *session) version(ctx context.Context, id resourceid.ID, subscription, location string) ([]sdk.Image, error) {
	g := compute.Of(id, subscription, location)
	v, err := g.Version(ctx, s.api, id.Definition, id.Version)
	if err != nil {
		return nil, err
	}
	definition, err := g.Definition(ctx, s.api, id.Definition)
	if err != nil {
		return nil, err
	}
	return g.Asked(id, definition, v, s.opt), nil
}

// found answers with an image as it is now.
func found(ref sdk.Ref, image sdk.Image) sdk.Result {
	return sdk.Result{Ref: ref, Presence: sdk.Found, Evidence: sdk.Asked, Image: &image}
}

// compare finds the image of a reference among those of its version.
func (s *session) compare(ref sdk.Ref, images []sdk.Image) sdk.Result {
	if ref.Region == "" { // good in one region is good
		good := slices.IndexFunc(images, func(image sdk.Image) bool { return image.State == sdk.Available })
		return found(ref, images[max(0, good)])
	}
	var regions []string
	var somewhere *sdk.Image
	for i := range images {
		if images[i].Region == resourceid.Region(ref.Region) {
			return found(ref, images[i])
		}
		if images[i].Region == "" {
			somewhere = &images[i]
		}
		regions = append(regions, images[i].Region)
	}
	if somewhere != nil { // which may well be the region that is asked for
		image := *somewhere
		image.Region = resourceid.Region(ref.Region)
		if image.State == sdk.Available {
			image.State, image.StateReason = sdk.StateUnknown, "it exists, and Azure does not say in which region"
		}
		return found(ref, image)
	}
	slices.Sort(regions)
	return sdk.Result{
		Ref: ref, Presence: sdk.NotFound, Evidence: sdk.Asked,
		Reason: fmt.Sprintf("it exists, but is not replicated to %s; it is in %s", ref.Region, strings.Join(regions, ", ")),
	}
}
