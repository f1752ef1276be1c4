// Package builder reads the images of EC2 Image Builder. It knows which AMIs a
// build was distributed to, in which regions and accounts; whether an AMI is
// still there, only EC2 knows.
package builder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/imagebuilder"
	"github.com/aws/aws-sdk-go-v2/service/imagebuilder/types"
	"golang.org/x/sync/errgroup"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

const (
	// pageSize is the most that Image Builder's list actions return at once.
	pageSize = 25
	// maxRestarts of a listing whose page token has expired.
	maxRestarts = 3
	// parallelLists of build versions; Image Builder's rate limits are low.
	parallelLists = 4
)

// Candidate is one AMI of one build.
type Candidate struct {
	ID, Region, Account, Name string
	// NoRegion says that Image Builder named none: Region is that of the build.
	NoRegion bool
	// State and Reason as Image Builder sees it; StateUnknown when it does not say, and
	// with a Reason when it says what is not known here.
	State  sdk.State
	Reason string
	// Deprecated says that State is Unusable for that reason alone.
	Deprecated bool
	// System is that of the build, such as Linux; empty when Image Builder does not say.
	System string
	// Built says that the build is no distribution of an older one.
	Built bool
	// Version is the build's, such as 1.0.0/3; ARN names the build.
	Version, ARN string
	// OSVersion is free text, such as "Ubuntu 24".
	OSVersion               string
	CreatedAt, DeprecatedAt time.Time
	Tags                    map[string]string
}

// Against is what Image Builder says against using the AMI, with the reason; without
// one it says nothing. A deprecation that has come is told by its time.
func (c Candidate) Against(now time.Time) (sdk.State, string) {
	byTime := c.Deprecated && !c.DeprecatedAt.IsZero() && !c.DeprecatedAt.After(now)
	switch {
	case c.Reason != "" && !byTime:
		return c.State, c.Reason
	case strings.EqualFold(c.System, string(types.PlatformWindows)), strings.EqualFold(c.System, string(types.PlatformMacos)):
		return sdk.Unusable, "Image Builder says it is a " + c.System + " image"
	}
	return sdk.StateUnknown, ""
}

// Client is the part of the Image Builder API that is used.
type Client interface {
	imagebuilder.ListImagePipelinesAPIClient
	imagebuilder.ListImagePipelineImagesAPIClient
	imagebuilder.ListImagesAPIClient
	imagebuilder.ListImageBuildVersionsAPIClient
	GetImage(context.Context, *imagebuilder.GetImageInput, ...func(*imagebuilder.Options)) (*imagebuilder.GetImageOutput, error)
}

// Reader reads Image Builder in one region.
type Reader struct {
	Client Client
	Region string
	// Do runs one call within its time limit.
	Do func(context.Context, func(context.Context) error) error
}

// Found is what Image Builder knows.
type Found struct {
	Candidates []Candidate
	// Unfinished are builds that have no AMI yet, such as "golden 1.0.0/4 (BUILDING)".
	Unfinished []string
	// Unnamed are builds that are done, and whose AMIs Image Builder does not name.
	Unnamed []string
	// Containers is how many builds were left out because they made container
	// images.
	Containers int
	// NoARN is how many versions were left out because Image Builder lists them
	// without their ARN, by which their builds would be asked for.
	NoARN int
	// Deleted are the ARNs of versions that were listed, and of which no build is there.
	Deleted []string
	// Fitting is how many builds are within the range of versions; OutOfRange are
	// versions that are not.
	Fitting    int
	OutOfRange []string
}

// Read returns the AMIs of the pipeline or image that s names.
func (r Reader) Read(ctx context.Context, s settings.ImageBuilder) (Found, error) {
	versions, err := s.Versions()
	if err != nil {
		return Found{}, err
	}
	var found Found
	var builds []types.ImageSummary
	if s.Pipeline != "" {
		builds, err = r.pipelineBuilds(ctx, s.Pipeline)
	} else {
		builds, err = r.imageBuilds(ctx, s, &found)
	}
	if err != nil {
		return Found{}, err
	}
	r.collect(builds, versions, &found)
	found.Candidates = distinct(found.Candidates)
	slices.Sort(found.OutOfRange)
	found.OutOfRange = slices.Compact(found.OutOfRange)
	return found, nil
}

func (r Reader) collect(builds []types.ImageSummary, versions *semver.Constraints, found *Found) {
	for i := range builds {
		b := &builds[i]
		semantic, _, _ := strings.Cut(versionOf(b), "/")
		if !within(semantic, versions) {
			found.OutOfRange = append(found.OutOfRange, semantic)
			continue
		}
		found.Fitting++
		if b.Type == types.ImageTypeDocker {
			found.Containers++
			continue
		}
		amis := r.candidates(b)
		found.Candidates = append(found.Candidates, amis...)
		found.noteMissing(b, len(amis))
	}
}

// distinct leaves each AMI once. One that several builds list, as when it was distributed
// again, is of the build that was made first and that was not deleted.
func distinct(all []Candidate) []Candidate {
	places := map[[2]string]int{}
	var out []Candidate
	for _, c := range all {
		place := [2]string{c.Region, c.ID}
		i, again := places[place]
		if !again {
			places[place] = len(out)
			out = append(out, c)
			continue
		}
		made := out[i].CreatedAt
		if c.CreatedAt.Before(made) {
			made = c.CreatedAt
		}
		if cmp.Or(cmp.Compare(deleted(c), deleted(out[i])), c.CreatedAt.Compare(out[i].CreatedAt)) < 0 {
			out[i] = c
		}
		out[i].CreatedAt = made
	}
	return out
}

func deleted(c Candidate) int {
	if c.State == sdk.Gone {
		return 1
	}
	return 0
}

// noteMissing tells of a build for which Image Builder names fewer AMIs than it
// has distributions. A build that failed has none to name.
func (f *Found) noteMissing(b *types.ImageSummary, amis int) {
	outputs := 1
	if b.OutputResources != nil {
		outputs = max(1, len(b.OutputResources.Amis))
	}
	if amis >= outputs {
		return
	}
	state, _ := stateOf(b.State)
	name := fmt.Sprintf("%s %s", aws.ToString(b.Name), versionOf(b))
	switch state {
	case sdk.Pending:
		if amis == 0 {
			f.Unfinished = append(f.Unfinished, fmt.Sprintf("%s (%s)", name, b.State.Status))
		}
	case sdk.Available, sdk.StateUnknown:
		f.Unnamed = append(f.Unnamed, name)
	}
}

// within compares numerically and accepts what Image Builder does, such as
// 2026.01.02.
func within(version string, versions *semver.Constraints) bool {
	if versions == nil {
		return true
	}
	parts := strings.Split(version, ".")
	if len(parts) != 3 {
		return false
	}
	var numbers [3]uint64
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 64)
		if err != nil {
			return false
		}
		numbers[i] = n
	}
	return versions.Check(semver.New(numbers[0], numbers[1], numbers[2], "", ""))
}

func (r Reader) candidates(b *types.ImageSummary) []Candidate {
	if b.OutputResources == nil {
		return nil
	}
	var out []Candidate
	for i := range b.OutputResources.Amis {
		a := &b.OutputResources.Amis[i]
		if aws.ToString(a.Image) == "" {
			continue // a distribution that has not made an AMI yet
		}
		c := candidate(b, a.State)
		c.ID, c.Region, c.Account, c.Name = aws.ToString(a.Image), aws.ToString(a.Region), aws.ToString(a.AccountId), aws.ToString(a.Name)
		if c.Region == "" {
			c.Region, c.NoRegion = r.Region, true
		}
		out = append(out, c)
	}
	return out
}

// candidate has what is said of a build as a whole, and the state of one AMI of it. Its
// time is that of the build, which Image Builder notes when it begins; an AMI's own is
// when it was made in its region, also of an old build that is distributed again.
func candidate(b *types.ImageSummary, own *types.ImageState) Candidate {
	c := Candidate{
		Version: versionOf(b), ARN: aws.ToString(b.Arn), OSVersion: aws.ToString(b.OsVersion),
		Tags: b.Tags, DeprecatedAt: aws.ToTime(b.DeprecationTime), System: string(b.Platform), Built: built(b.BuildType),
	}
	if t, err := time.Parse(time.RFC3339, aws.ToString(b.DateCreated)); err == nil {
		c.CreatedAt = t
	}
	c.judge(b.State, own)
	return c
}

// built tells whether what began a build began it anew: the schedule of a pipeline, or an
// import. A build of tomorrow's kind, or one that somebody began, may be a distribution.
// https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_ImageSummary.html
func built(by types.BuildType) bool {
	return by == types.BuildTypeScheduled || by == types.BuildTypeImport || by == types.BuildTypeImportIso
}

// versionOf is such as 1.0.0/3; the ARN has it too.
func versionOf(b *types.ImageSummary) string {
	if v := aws.ToString(b.Version); v != "" {
		return v
	}
	arn, _ := settings.ParseARN(aws.ToString(b.Arn))
	return strings.TrimSuffix(arn.Version+"/"+arn.Build, "/")
}

// judge sets the state by what is said of the build and of this AMI; what speaks
// against it wins. The service leaves the AMI's own state out, which then is the
// build's.
func (c *Candidate) judge(build, own *types.ImageState) {
	decisive, prefix := own, ""
	if _, against := stateOf(build); own == nil || against != "" {
		decisive, prefix = build, "the build: "
	}
	c.State, c.Reason = stateOf(decisive)
	if c.Reason != "" {
		c.Reason = prefix + c.Reason
	}
	c.Deprecated = decisive != nil && decisive.Status == types.ImageStatusDeprecated
}

// stateOf translates Image Builder's states. A deprecated image can still be
// launched; it is dropped by its deprecation time, or here when it has none. What
// is not said is not known.
func stateOf(s *types.ImageState) (sdk.State, string) {
	if s == nil || s.Status == "" {
		return sdk.StateUnknown, ""
	}
	reason := "Image Builder says it is " + string(s.Status)
	if text := aws.ToString(s.Reason); text != "" {
		reason += ": " + text
	}
	switch s.Status {
	case types.ImageStatusAvailable:
		return sdk.Available, ""
	case types.ImageStatusPending, types.ImageStatusCreating, types.ImageStatusBuilding, types.ImageStatusTesting,
		types.ImageStatusDistributing, types.ImageStatusIntegrating:
		return sdk.Pending, reason
	case types.ImageStatusFailed, types.ImageStatusCancelled:
		return sdk.Failed, reason
	case types.ImageStatusDisabled:
		return sdk.Disabled, reason
	case types.ImageStatusDeleted:
		return sdk.Gone, reason
	case types.ImageStatusDeprecated:
		return sdk.Unusable, reason
	}
	return sdk.StateUnknown, fmt.Sprintf("Image Builder says it is in state %q, which this plugin does not know", s.Status)
}

// pages reads a listing to its end, from the start again when a page token has
// expired.
func pages[T any](ctx context.Context, r Reader, next func(context.Context, *string) ([]T, *string, error)) ([]T, error) {
	for restarts := 0; ; restarts++ {
		items, err := readPages(ctx, r, next)
		if err == nil || restarts == maxRestarts || !trouble.ExpiredPage(err) {
			return items, err
		}
	}
}

func readPages[T any](ctx context.Context, r Reader, next func(context.Context, *string) ([]T, *string, error)) ([]T, error) {
	var all []T
	var token *string
	tokens := map[string]struct{}{}
	for {
		var items []T
		var following *string
		err := r.Do(ctx, func(ctx context.Context) (err error) {
			items, following, err = next(ctx, token)
			return err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
		name := aws.ToString(following)
		if name == "" {
			return all, nil
		}
		if _, repeated := tokens[name]; repeated {
			return nil, trouble.ErrRepeatedPage
		}
		tokens[name] = struct{}{}
		token = following
	}
}

func filter(name string, values ...string) []types.Filter {
	return []types.Filter{{Name: aws.String(name), Values: values}}
}

func (r Reader) pipelineBuilds(ctx context.Context, pipeline string) ([]types.ImageSummary, error) {
	arn := pipeline
	if !strings.HasPrefix(pipeline, "arn:") {
		var err error
		if arn, err = r.pipelineARN(ctx, pipeline); err != nil {
			return nil, err
		}
	}
	builds, err := pages(ctx, r, func(ctx context.Context, token *string) ([]types.ImageSummary, *string, error) {
		out, err := r.Client.ListImagePipelineImages(ctx, &imagebuilder.ListImagePipelineImagesInput{
			ImagePipelineArn: aws.String(arn), MaxResults: aws.Int32(pageSize), NextToken: token,
		})
		if err != nil {
			return nil, nil, err
		}
		return out.ImageSummaryList, out.NextToken, nil
	})
	if notThere(err) {
		return nil, r.missing("imageBuilder.pipeline", "pipeline", pipeline)
	}
	return builds, err
}

// notThere says that Image Builder does not know the ARN that it was asked for.
func notThere(err error) bool { return trouble.Code(err) == "ResourceNotFoundException" }

func (r Reader) pipelineARN(ctx context.Context, name string) (string, error) {
	found, err := pages(ctx, r, func(ctx context.Context, token *string) ([]types.ImagePipeline, *string, error) {
		out, err := r.Client.ListImagePipelines(ctx, &imagebuilder.ListImagePipelinesInput{
			Filters: filter("name", name), MaxResults: aws.Int32(pageSize), NextToken: token,
		})
		if err != nil {
			return nil, nil, err
		}
		return out.ImagePipelineList, out.NextToken, nil
	})
	if err != nil {
		return "", err
	}
	for _, p := range found {
		if arn, ok := settings.ParseARN(aws.ToString(p.Arn)); ok && isNamed(p.Name, arn, name) {
			return arn.Text, nil
		}
	}
	return "", r.missing("imageBuilder.pipeline", "pipeline", name)
}

// isNamed tells whether what Image Builder lists has a name. Where it leaves the name
// out, the ARN has it.
func isNamed(listed *string, arn settings.ARN, name string) bool {
	if listed != nil {
		return *listed == name
	}
	return arn.Name == arnName(name)
}

// arnName is how Image Builder spells a name in an ARN.
func arnName(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "-") }

// ErrMissing is in the error for a pipeline or image that is not there.
var ErrMissing = errors.New("not there")

func (r Reader) missing(path, kind, name string) error {
	return fmt.Errorf("%w: %w", ErrMissing, &sdk.Diagnostic{
		Severity: sdk.Error, ConfigPath: path, Scope: r.Region,
		Summary:  fmt.Sprintf("there is no Image Builder %s %q in %s", kind, name, r.Region),
		Detail:   "names are case-sensitive; what was made less than two minutes ago may not show yet",
		NextStep: "check the name or ARN, imageBuilder.region and the account of the credentials",
	})
}

// imageBuilds returns the builds of an image that is named by a name, or by an
// ARN with or without version and build.
func (r Reader) imageBuilds(ctx context.Context, s settings.ImageBuilder, found *Found) ([]types.ImageSummary, error) {
	arn, isARN := settings.ParseARN(s.Image)
	oneBuild := isARN && arn.Build != "" && arn.Build != "x"
	oneVersion := isARN && arn.Version != "" && !wildcard(arn.Version)
	switch {
	case oneBuild && oneVersion:
		return r.oneBuild(ctx, s.Image)
	case oneVersion:
		builds, err := r.buildVersions(ctx, strings.TrimSuffix(s.Image, "/x"))
		if notThere(err) || err == nil && len(builds) == 0 {
			return nil, r.missing("imageBuilder.image", "image", s.Image)
		}
		return builds, err
	}
	versionARNs, err := r.versionARNs(ctx, s, arn, found)
	if err != nil {
		return nil, err
	}
	if len(versionARNs) == 0 && found.NoARN == 0 && len(found.OutOfRange) == 0 {
		return nil, r.missing("imageBuilder.image", "image", s.Image)
	}
	builds, err := r.allBuilds(ctx, versionARNs, found)
	if oneBuild { // of every version that fits: x.x.x/1
		builds = slices.DeleteFunc(builds, func(b types.ImageSummary) bool {
			_, number, _ := strings.Cut(versionOf(&b), "/")
			return number != arn.Build
		})
	}
	return builds, err
}

func wildcard(version string) bool { return strings.Contains(version, "x") }

// versionARNs returns the semantic versions that fit s. An ARN may be of an account that
// shares its image, which is in another list than one's own: owner, which has a default,
// is of a name.
func (r Reader) versionARNs(ctx context.Context, s settings.ImageBuilder, arn settings.ARN, found *Found) ([]string, error) {
	versions, err := s.Versions()
	if err != nil {
		return nil, err
	}
	owners := []types.Ownership{owner(s.Owner)}
	switch {
	case arn.Account == "aws":
		owners = []types.Ownership{types.OwnershipAmazon}
	case arn.Text != "":
		owners = []types.Ownership{types.OwnershipSelf, types.OwnershipShared}
	}
	for _, o := range owners {
		list, err := r.listed(ctx, s, arn, o)
		if err != nil {
			return nil, err
		}
		out := found.fitting(list, s.Image, arn, versions)
		if accounts := accountsOf(out); len(accounts) > 1 {
			return nil, &sdk.Diagnostic{
				Severity: sdk.Error, ConfigPath: "imageBuilder.image", Scope: r.Region,
				Summary:  fmt.Sprintf("%d accounts share an image of the name %q: %s", len(accounts), s.Image, strings.Join(accounts, ", ")),
				NextStep: "write the ARN of the one that you trust, or make a source of each",
			}
		}
		if len(out) > 0 || len(found.OutOfRange) > 0 {
			return out, nil
		}
	}
	return nil, nil
}

// listed returns the versions of images of an owner, deprecated ones as well: what
// became of a build is told of it.
func (r Reader) listed(ctx context.Context, s settings.ImageBuilder, arn settings.ARN, owner types.Ownership) ([]types.ImageVersion, error) {
	input := imagebuilder.ListImagesInput{MaxResults: aws.Int32(pageSize), Owner: owner, IncludeDeprecated: aws.Bool(true)}
	if arn.Text == "" {
		input.Filters = filter("name", s.Image)
	}
	return pages(ctx, r, func(ctx context.Context, token *string) ([]types.ImageVersion, *string, error) {
		in := input
		in.NextToken = token
		out, err := r.Client.ListImages(ctx, &in)
		if err != nil {
			return nil, nil, err
		}
		return out.ImageVersionList, out.NextToken, nil
	})
}

// fitting returns the ARNs of the listed versions that are of the image with a name or
// an ARN, and notes those that may be and have no ARN, and those out of the range.
func (f *Found) fitting(list []types.ImageVersion, name string, arn settings.ARN, versions *semver.Constraints) (out []string) {
	isARN := arn.Text != ""
	if !isARN {
		arn.Name = arnName(name)
	}
	for _, v := range list {
		listed, ok := settings.ParseARN(aws.ToString(v.Arn))
		switch {
		case !ok:
			if (v.Name == nil || arnName(*v.Name) == arn.Name) && (v.Version == nil || within(*v.Version, versions)) {
				f.NoARN++
			}
		case isARN && (listed.Name != arn.Name || listed.Account != arn.Account || !fits(listed.Version, arn.Version)):
		case !isARN && !isNamed(v.Name, listed, name):
		case !within(listed.Version, versions):
			f.OutOfRange = append(f.OutOfRange, listed.Version)
		default:
			out = append(out, listed.Text)
		}
	}
	return out
}

func accountsOf(arns []string) []string {
	accounts := make([]string, len(arns))
	for i, text := range arns {
		arn, _ := settings.ParseARN(text)
		accounts[i] = arn.Account
	}
	slices.Sort(accounts)
	return slices.Compact(accounts)
}

func owner(text string) types.Ownership {
	switch text {
	case "shared":
		return types.OwnershipShared
	case "amazon":
		return types.OwnershipAmazon
	}
	return types.OwnershipSelf
}

// fits compares with a version that may hold wildcards: 1.x.x.
func fits(version, pattern string) bool {
	if pattern == "" {
		return true
	}
	have, want := strings.Split(version, "."), strings.Split(pattern, ".")
	for i, w := range want {
		if w != "x" && (i >= len(have) || have[i] != w) {
			return false
		}
	}
	return true
}

// allBuilds returns the builds of versions. One that was deleted after it was listed
// costs itself.
func (r Reader) allBuilds(ctx context.Context, versionARNs []string, found *Found) ([]types.ImageSummary, error) {
	var mu sync.Mutex
	var all []types.ImageSummary
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelLists)
	for _, arn := range versionARNs {
		group.Go(func() error {
			builds, err := r.buildVersions(ctx, arn)
			mu.Lock()
			defer mu.Unlock()
			if notThere(err) || err == nil && len(builds) == 0 {
				found.Deleted = append(found.Deleted, arn)
				return nil
			}
			all = append(all, builds...)
			return err
		})
	}
	err := group.Wait()
	slices.SortFunc(all, func(a, b types.ImageSummary) int { return strings.Compare(aws.ToString(a.Arn), aws.ToString(b.Arn)) })
	slices.Sort(found.Deleted)
	return all, err
}

func (r Reader) buildVersions(ctx context.Context, versionARN string) ([]types.ImageSummary, error) {
	return pages(ctx, r, func(ctx context.Context, token *string) ([]types.ImageSummary, *string, error) {
		out, err := r.Client.ListImageBuildVersions(ctx, &imagebuilder.ListImageBuildVersionsInput{
			ImageVersionArn: aws.String(versionARN), MaxResults: aws.Int32(pageSize), NextToken: token,
		})
		if err != nil {
			return nil, nil, err
		}
		return out.ImageSummaryList, out.NextToken, nil
	})
}

func (r Reader) oneBuild(ctx context.Context, arn string) ([]types.ImageSummary, error) {
	build, err := r.build(ctx, arn)
	if err == nil && build == nil {
		return nil, r.missing("imageBuilder.image", "image", arn)
	}
	if err != nil {
		return nil, err
	}
	return []types.ImageSummary{*build}, nil
}

// build returns nil for a build that is not there.
func (r Reader) build(ctx context.Context, arn string) (*types.ImageSummary, error) {
	var out *imagebuilder.GetImageOutput
	err := r.Do(ctx, func(ctx context.Context) (err error) {
		out, err = r.Client.GetImage(ctx, &imagebuilder.GetImageInput{ImageBuildVersionArn: aws.String(arn)})
		return err
	})
	if notThere(err) || err == nil && out.Image == nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	i := out.Image
	return &types.ImageSummary{
		Arn: i.Arn, Name: i.Name, Version: i.Version, Type: i.Type, BuildType: i.BuildType, Platform: i.Platform, State: i.State, OsVersion: i.OsVersion,
		OutputResources: i.OutputResources, DateCreated: i.DateCreated, DeprecationTime: i.DeprecationTime, Tags: i.Tags,
	}, nil
}

// Builds returns the AMIs of builds by their ARNs, each with one without an id, which
// has what is said of the build as a whole. One that is not there any more has none, and
// one that was not asked for, after an error, is not in the answer.
func (r Reader) Builds(ctx context.Context, arns []string) (map[string][]Candidate, error) {
	var mu sync.Mutex
	found := map[string][]Candidate{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelLists)
	for _, arn := range arns {
		group.Go(func() error {
			build, err := r.build(ctx, arn)
			if err != nil {
				return err
			}
			var amis []Candidate
			if build != nil {
				amis = append(r.candidates(build), candidate(build, nil))
			}
			mu.Lock()
			defer mu.Unlock()
			found[arn] = amis
			return nil
		})
	}
	return found, group.Wait()
}
