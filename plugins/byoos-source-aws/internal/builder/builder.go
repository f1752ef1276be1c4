// Package builder reads the images of EC2 Image Builder. It knows which AMIs a
// build was distributed to, in which regions and accounts; whether an AMI is
// still there, only EC2 knows.
package builder

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/Masterminds/semver/v3"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/imagebuilder"
	"github.com/aws/aws-sdk-go-v2/service/imagebuilder/types"
	"golang.org/x/sync/errgroup"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
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
		builds, err = r.imageBuilds(ctx, s, versions, &found)
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
