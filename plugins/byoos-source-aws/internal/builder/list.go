package builder

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/Masterminds/semver/v3"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/imagebuilder"
	"github.com/aws/aws-sdk-go-v2/service/imagebuilder/types"
	"golang.org/x/sync/errgroup"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// pages reads a listing to its end, from the start again when a page token has
// expired.
func pages[T any](ctx context.Context, r Reader, next func(context.Context, *string) ([]T, *string, error)) ([]T, error) {
	for restarts := 0; ; restarts++ {
		items, err := readPages(ctx, r, next)
		if restarts == maxRestarts || !trouble.ExpiredPage(err) {
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
func (r Reader) imageBuilds(ctx context.Context, s settings.ImageBuilder, versions *semver.Constraints, found *Found) ([]types.ImageSummary, error) {
	arn, _ := settings.ParseARN(s.Image) // of a name, all is empty
	oneBuild := arn.Build != "" && arn.Build != "x"
	oneVersion := arn.Version != "" && !wildcard(arn.Version)
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
	versionARNs, err := r.versionARNs(ctx, s, arn, versions, found)
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
func (r Reader) versionARNs(ctx context.Context, s settings.ImageBuilder, arn settings.ARN, versions *semver.Constraints, found *Found) ([]string, error) {
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
