package builder_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/imagebuilder"
	"github.com/aws/aws-sdk-go-v2/service/imagebuilder/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/builder"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

const account = "arn:aws:imagebuilder:us-east-1:111122223333:"

// service answers as Image Builder does, in pages of one. Errors are by page token.
type service struct {
	pipelines []types.ImagePipeline
	versions  map[types.Ownership][]types.ImageVersion
	builds    map[string][]types.ImageSummary // by the ARN of a pipeline or version
	images    map[string]*types.Image
	broken    map[string]error
	asked     []string
	inputs    []any
	mu        sync.Mutex
}

func (s *service) note(in any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inputs = append(s.inputs, in)
}

func pageOf[T any](s *service, what string, all []T, token *string) ([]T, *string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := 0
	_, _ = fmt.Sscan(aws.ToString(token), &at)
	s.asked = append(s.asked, fmt.Sprintf("%s %d", what, at))
	if err, ok := s.broken[fmt.Sprintf("%s %d", what, at)]; ok {
		delete(s.broken, fmt.Sprintf("%s %d", what, at))
		return nil, nil, err
	}
	if at+1 < len(all) {
		return all[at : at+1], aws.String(fmt.Sprint(at + 1)), nil
	}
	return all[min(at, len(all)):], nil, nil
}

func notFound() error {
	return &smithy.GenericAPIError{Code: "ResourceNotFoundException", Message: "not found"}
}

func (s *service) ListImagePipelines(_ context.Context, in *imagebuilder.ListImagePipelinesInput, _ ...func(*imagebuilder.Options)) (*imagebuilder.ListImagePipelinesOutput, error) {
	s.note(in)
	list, next, err := pageOf(s, "pipelines", s.pipelines, in.NextToken)
	return &imagebuilder.ListImagePipelinesOutput{ImagePipelineList: list, NextToken: next}, err
}

func (s *service) ListImagePipelineImages(_ context.Context, in *imagebuilder.ListImagePipelineImagesInput, _ ...func(*imagebuilder.Options)) (*imagebuilder.ListImagePipelineImagesOutput, error) {
	s.note(in)
	builds, ok := s.builds[aws.ToString(in.ImagePipelineArn)]
	if !ok {
		return nil, notFound()
	}
	list, next, err := pageOf(s, "builds", builds, in.NextToken)
	return &imagebuilder.ListImagePipelineImagesOutput{ImageSummaryList: list, NextToken: next}, err
}

func (s *service) ListImages(_ context.Context, in *imagebuilder.ListImagesInput, _ ...func(*imagebuilder.Options)) (*imagebuilder.ListImagesOutput, error) {
	s.note(in)
	list, next, err := pageOf(s, "versions of "+string(in.Owner), s.versions[in.Owner], in.NextToken)
	return &imagebuilder.ListImagesOutput{ImageVersionList: list, NextToken: next}, err
}

func (s *service) ListImageBuildVersions(_ context.Context, in *imagebuilder.ListImageBuildVersionsInput, _ ...func(*imagebuilder.Options)) (*imagebuilder.ListImageBuildVersionsOutput, error) {
	s.note(in)
	builds, ok := s.builds[aws.ToString(in.ImageVersionArn)]
	if !ok {
		return nil, notFound()
	}
	list, next, err := pageOf(s, "builds of "+aws.ToString(in.ImageVersionArn), builds, in.NextToken)
	return &imagebuilder.ListImageBuildVersionsOutput{ImageSummaryList: list, NextToken: next}, err
}

func (s *service) GetImage(_ context.Context, in *imagebuilder.GetImageInput, _ ...func(*imagebuilder.Options)) (*imagebuilder.GetImageOutput, error) {
	s.note(in)
	if err, ok := s.broken["image"]; ok {
		return nil, err
	}
	image, ok := s.images[aws.ToString(in.ImageBuildVersionArn)]
	if !ok {
		return nil, notFound()
	}
	return &imagebuilder.GetImageOutput{Image: image}, nil
}

func (s *service) reader() builder.Reader {
	return builder.Reader{Client: s, Region: "us-east-1", Do: func(ctx context.Context, call func(context.Context) error) error { return call(ctx) }}
}

// build is one of the image golden, with an AMI in each of the regions.
func build(version string, number int, created string, regions ...string) types.ImageSummary {
	b := types.ImageSummary{
		Arn: aws.String(fmt.Sprintf("%simage/golden/%s/%d", account, version, number)), Name: aws.String("golden"),
		Version: aws.String(fmt.Sprintf("%s/%d", version, number)), DateCreated: aws.String(created),
		State: &types.ImageState{Status: types.ImageStatusAvailable}, OutputResources: &types.OutputResources{},
	}
	for _, region := range regions {
		b.OutputResources.Amis = append(b.OutputResources.Amis, types.Ami{
			Image: aws.String("ami-" + version + "-" + region), Region: aws.String(region), AccountId: aws.String("111122223333"),
		})
	}
	return b
}

func shown(all []builder.Candidate) []string {
	var lines []string
	for _, c := range all {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s %s %v %s", c.ID, c.Region, c.Version, c.CreatedAt.Format(time.DateOnly), c.State == sdk.Available, c.Reason)))
	}
	return lines
}

func TestPipeline(t *testing.T) {
	s := &service{
		pipelines: []types.ImagePipeline{{Name: aws.String("other"), Arn: aws.String(account + "image-pipeline/other")}, {Arn: aws.String(account + "image-pipeline/my-golden")}},
		builds: map[string][]types.ImageSummary{account + "image-pipeline/my-golden": {
			build("1.0.0", 1, "2026-06-01T00:00:00Z", "us-east-1", "eu-west-1"), build("2.0.0", 1, "2026-06-02T00:00:00Z", "us-east-1"), build("x", 1, ""),
		}},
		broken: map[string]error{"builds 1": &smithy.GenericAPIError{Code: "InvalidPaginationTokenException"}},
	}
	found, err := s.reader().Read(t.Context(), settings.ImageBuilder{Pipeline: "My Golden", Version: "1.x"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"ami-1.0.0-us-east-1 us-east-1 1.0.0/1 2026-06-01 true", "ami-1.0.0-eu-west-1 eu-west-1 1.0.0/1 2026-06-01 true"}
	if diff := cmp.Diff(want, shown(found.Candidates)); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(found.OutOfRange, []string{"2.0.0", "x"}) || found.Fitting != 1 {
		t.Errorf("%d fit, out of range are %q", found.Fitting, found.OutOfRange)
	}
	if again := slices.Index(s.asked, "builds 1"); again < 0 || s.asked[again+1] != "builds 0" {
		t.Errorf("a token that expired does not begin the list again: %q", s.asked)
	}
}

func TestMissing(t *testing.T) {
	s := &service{pipelines: []types.ImagePipeline{{Name: aws.String("golden"), Arn: aws.String(account + "image-pipeline/golden")}}}
	for name, of := range map[string]settings.ImageBuilder{
		"pipeline by name": {Pipeline: "Golden"}, "pipeline by ARN": {Pipeline: account + "image-pipeline/gone"}, "image by name": {Image: "gone"},
		"version": {Image: account + "image/golden/1.0.0"}, "build": {Image: account + "image/golden/1.0.0/1"},
	} {
		_, err := s.reader().Read(t.Context(), of)
		var told *sdk.Diagnostic
		if !errors.Is(err, builder.ErrMissing) || !errors.As(err, &told) || told.Scope != "us-east-1" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestImage(t *testing.T) {
	one, two, three := build("1.0.0", 1, "2026-06-01T00:00:00Z", "us-east-1"), build("1.1.0", 1, "2026-06-02T00:00:00Z", "us-east-1"), build("1.1.0", 2, "2026-06-03T00:00:00Z", "us-east-1")
	version := func(v string) types.ImageVersion {
		return types.ImageVersion{Name: aws.String("golden"), Version: aws.String(v), Arn: aws.String(account + "image/golden/" + v)}
	}
	s := &service{
		versions: map[types.Ownership][]types.ImageVersion{types.OwnershipSelf: {
			version("1.0.0"), version("1.1.0"), version("1.2.0"), version("2.0.0"),
			{Name: aws.String("golden"), Version: aws.String("1.3.0")}, {Name: aws.String("golden-2"), Version: aws.String("1.3.0")},
		}},
		builds: map[string][]types.ImageSummary{account + "image/golden/1.0.0": {one}, account + "image/golden/1.1.0": {two, three}},
		images: map[string]*types.Image{account + "image/golden/1.0.0/1": {Arn: one.Arn, Name: one.Name, Version: one.Version, State: one.State, OutputResources: one.OutputResources}},
	}
	tests := []struct {
		name    string
		of      settings.ImageBuilder
		want    []string
		deleted int
		noARN   int
	}{
		{"by name and range", settings.ImageBuilder{Image: "golden", Version: "<2"}, []string{"1.0.0/1", "1.1.0/1"}, 1, 1},
		{"by the builds of a wildcard", settings.ImageBuilder{Image: account + "image/golden/1.x.x/2"}, []string{"1.1.0/2"}, 1, 1},
		{"by a version", settings.ImageBuilder{Image: account + "image/golden/1.0.0"}, []string{"1.0.0/1"}, 0, 0},
		{"by a build", settings.ImageBuilder{Image: account + "image/golden/1.0.0/1"}, []string{"1.0.0/1"}, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := s.reader().Read(t.Context(), tt.of)
			if err != nil {
				t.Fatal(err)
			}
			got := versionsOf(found.Candidates)
			if !slices.Equal(got, tt.want) || len(found.Deleted) != tt.deleted || found.NoARN != tt.noARN {
				t.Errorf("got %q, %d deleted, %d without an ARN; want %q, %d, %d", got, len(found.Deleted), found.NoARN, tt.want, tt.deleted, tt.noARN)
			}
		})
	}
}

// TestAgainst: what Image Builder says of a build or of one AMI, in each of its states.
func TestAgainst(t *testing.T) {
	now := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		build, ami types.ImageStatus
		deprecated string
		platform   types.Platform
		want       sdk.State
		reason     string
	}{
		{build: "AVAILABLE", want: sdk.StateUnknown},
		{build: "", want: sdk.StateUnknown},
		{build: "BUILDING", want: sdk.Pending, reason: "the build: Image Builder says it is BUILDING: because"},
		{build: "AVAILABLE", ami: "FAILED", want: sdk.Failed, reason: "Image Builder says it is FAILED: because"},
		{build: "CANCELLED", ami: "AVAILABLE", want: sdk.Failed, reason: "the build: Image Builder says it is CANCELLED: because"},
		{build: "DISABLED", want: sdk.Disabled, reason: "the build: Image Builder says it is DISABLED: because"},
		{build: "DELETED", want: sdk.Gone, reason: "the build: Image Builder says it is DELETED: because"},
		{build: "DEPRECATED", want: sdk.Unusable, reason: "the build: Image Builder says it is DEPRECATED: because"},
		{build: "DEPRECATED", deprecated: "2026-06-30T00:00:00Z", want: sdk.StateUnknown},
		{build: "DEPRECATED", deprecated: "2026-07-02T00:00:00Z", want: sdk.Unusable, reason: "the build: Image Builder says it is DEPRECATED: because"},
		{build: "PAUSED", want: sdk.StateUnknown, reason: `the build: Image Builder says it is in state "PAUSED", which this plugin does not know`},
		{build: "AVAILABLE", platform: "Windows", want: sdk.Unusable, reason: "Image Builder says it is a Windows image"},
		{build: "AVAILABLE", platform: "macOS", want: sdk.Unusable, reason: "Image Builder says it is a macOS image"},
		{build: "AVAILABLE", platform: "Linux", want: sdk.StateUnknown},
	}
	for _, tt := range tests {
		b := build("1.0.0", 1, "2026-06-01T00:00:00Z", "us-east-1")
		b.State, b.Platform = &types.ImageState{Status: tt.build, Reason: aws.String("because")}, tt.platform
		if tt.deprecated != "" {
			at, err := time.Parse(time.RFC3339, tt.deprecated)
			if err != nil {
				t.Fatal(err)
			}
			b.DeprecationTime = &at
		}
		if tt.ami != "" {
			b.OutputResources.Amis[0].State = &types.ImageState{Status: tt.ami, Reason: aws.String("because")}
		}
		s := &service{builds: map[string][]types.ImageSummary{account + "image-pipeline/p": {b}}}
		found, err := s.reader().Read(t.Context(), settings.ImageBuilder{Pipeline: account + "image-pipeline/p"})
		if err != nil || len(found.Candidates) != 1 {
			t.Fatalf("%+v: %v, %+v", tt, err, found)
		}
		if state, reason := found.Candidates[0].Against(now); state != tt.want || reason != tt.reason {
			t.Errorf("%s, %s: got %v, %q; want %v, %q", tt.build, tt.ami, state, reason, tt.want, tt.reason)
		}
	}
}

// TestWhatABuildLacks: a build that names fewer AMIs than it has distributions is told by
// its state, and one of a container is counted.
func TestWhatABuildLacks(t *testing.T) {
	unnamed, unfinished, failed, container := build("1.0.0", 1, ""), build("1.0.0", 2, ""), build("1.0.0", 3, ""), build("1.0.0", 4, "")
	unfinished.State.Status, failed.State.Status, container.Type = types.ImageStatusTesting, types.ImageStatusFailed, types.ImageTypeDocker
	half := build("1.0.0", 5, "", "us-east-1")
	half.OutputResources.Amis = append(half.OutputResources.Amis, types.Ami{Region: aws.String("eu-west-1")})
	nowhere := build("1.0.0", 6, "", "")
	s := &service{builds: map[string][]types.ImageSummary{account + "image-pipeline/p": {unnamed, unfinished, failed, container, half, nowhere}}}
	found, err := s.reader().Read(t.Context(), settings.ImageBuilder{Pipeline: account + "image-pipeline/p"})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%q %q %d", found.Unnamed, found.Unfinished, found.Containers)
	if want := `["golden 1.0.0/1" "golden 1.0.0/5"] ["golden 1.0.0/2 (TESTING)"] 1`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if last := found.Candidates[len(found.Candidates)-1]; !last.NoRegion || last.Region != "us-east-1" {
		t.Errorf("an AMI without a region is in %q (%v)", last.Region, last.NoRegion)
	}
}

// TestAMIOfSeveralBuilds: it is of the one that was made first and not deleted, and as old
// as the oldest.
func TestAMIOfSeveralBuilds(t *testing.T) {
	first, again := build("1.0.0", 1, "2026-06-01T00:00:00Z", "us-east-1"), build("1.0.0", 2, "2026-06-05T00:00:00Z", "us-east-1")
	for _, tt := range []struct {
		deleted bool
		want    string
	}{{false, "1.0.0/1"}, {true, "1.0.0/2"}} {
		if first.State.Status = types.ImageStatusAvailable; tt.deleted {
			first.State.Status = types.ImageStatusDeleted
		}
		for _, order := range [][]types.ImageSummary{{first, again}, {again, first}} {
			s := &service{builds: map[string][]types.ImageSummary{account + "image-pipeline/p": order}}
			found, err := s.reader().Read(t.Context(), settings.ImageBuilder{Pipeline: account + "image-pipeline/p"})
			if err != nil || len(found.Candidates) != 1 {
				t.Fatalf("%v, %+v", err, found.Candidates)
			}
			if c := found.Candidates[0]; c.Version != tt.want || c.CreatedAt.Day() != 1 {
				t.Errorf("deleted %v: it is of %s, of %s; want %s of day 1", tt.deleted, c.Version, c.CreatedAt, tt.want)
			}
		}
	}
}

func TestBuildsByTheirARNs(t *testing.T) {
	one := build("1.0.0", 1, "2026-06-01T00:00:00Z", "us-east-1")
	s := &service{images: map[string]*types.Image{aws.ToString(one.Arn): {
		Arn: one.Arn, Version: one.Version, State: &types.ImageState{Status: types.ImageStatusDisabled}, OutputResources: one.OutputResources,
		BuildType: types.BuildTypeScheduled, DateCreated: one.DateCreated,
	}}}
	found, err := s.reader().Builds(t.Context(), []string{aws.ToString(one.Arn), account + "image/golden/9.0.0/1"})
	if err != nil {
		t.Fatal(err)
	}
	got := found[aws.ToString(one.Arn)]
	if len(got) != 2 || got[0].ID != "ami-1.0.0-us-east-1" || got[1].ID != "" || got[1].State != sdk.Disabled || !got[1].Built {
		t.Errorf("got %+v", got)
	}
	if gone, asked := found[account+"image/golden/9.0.0/1"]; !asked || gone != nil {
		t.Errorf("a build that is gone has %+v, asked for: %v", gone, asked)
	}
}
