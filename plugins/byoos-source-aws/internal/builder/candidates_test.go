package builder_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/imagebuilder/types"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/builder"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// pipelineOf reads builds in the order of a pipeline.
func pipelineOf(t *testing.T, version string, builds ...types.ImageSummary) builder.Found {
	t.Helper()
	s := &service{builds: map[string][]types.ImageSummary{account + "image-pipeline/p": builds}}
	found, err := s.reader().Read(t.Context(), settings.ImageBuilder{Pipeline: account + "image-pipeline/p", Version: version})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestAllOfABuild: what a list and what the build itself say is the same.
func TestAllOfABuild(t *testing.T) {
	at := time.Date(2028, 6, 1, 0, 0, 0, 0, time.UTC)
	b := build("1.0.0", 1, "2026-06-01T00:00:00Z", "", "eu-west-1")
	b.OutputResources.Amis[0].Image = aws.String("")
	b.OutputResources.Amis[1].Name = aws.String("golden in eu-west-1")
	b.OsVersion, b.Tags, b.DeprecationTime, b.Platform, b.BuildType = aws.String("Ubuntu 24"), map[string]string{"team": "a"}, &at, types.PlatformLinux, types.BuildTypeImport
	want := builder.Candidate{
		ID: "ami-1.0.0-eu-west-1", Region: "eu-west-1", Account: "111122223333", Name: "golden in eu-west-1", State: sdk.Available, System: "Linux", Built: true,
		Version: "1.0.0/1", ARN: account + "image/golden/1.0.0/1", OSVersion: "Ubuntu 24", CreatedAt: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), DeprecatedAt: at,
		Tags: map[string]string{"team": "a"},
	}
	if diff := cmp.Diff([]builder.Candidate{want}, pipelineOf(t, "", b).Candidates); diff != "" {
		t.Error(diff)
	}
	s := &service{images: map[string]*types.Image{*b.Arn: {
		Arn: b.Arn, Version: b.Version, OsVersion: b.OsVersion, Tags: b.Tags, DeprecationTime: b.DeprecationTime, Platform: b.Platform, BuildType: b.BuildType,
		State: b.State, DateCreated: b.DateCreated, OutputResources: b.OutputResources, Type: types.ImageTypeAmi,
	}}}
	found, err := s.reader().Read(t.Context(), settings.ImageBuilder{Image: *b.Arn})
	if diff := cmp.Diff([]builder.Candidate{want}, found.Candidates); diff != "" || err != nil {
		t.Error(err, diff)
	}
	s.images[*b.Arn].Arn = nil
	if found, err := s.reader().Read(t.Context(), settings.ImageBuilder{Image: *b.Arn}); err != nil || found.Candidates[0].Version != "1.0.0/1" {
		t.Errorf("without an ARN: %v, %+v", err, found)
	}
	s.images[*b.Arn].Type, s.images[*b.Arn].Name = types.ImageTypeDocker, b.Name
	if found, err := s.reader().Read(t.Context(), settings.ImageBuilder{Image: *b.Arn}); err != nil || found.Containers != 1 || found.Candidates != nil {
		t.Errorf("a container: %v, %+v", err, found)
	}
	s.images[*b.Arn].Type, s.images[*b.Arn].OutputResources = types.ImageTypeAmi, nil
	if found, err := s.reader().Read(t.Context(), settings.ImageBuilder{Image: *b.Arn}); err != nil || !slices.Equal(found.Unnamed, []string{"golden 1.0.0/1"}) {
		t.Errorf("a build without its AMIs: %v, %+v", err, found)
	}
	s.images[*b.Arn] = nil
	if _, err := s.reader().Read(t.Context(), settings.ImageBuilder{Image: *b.Arn}); !errors.Is(err, builder.ErrMissing) {
		t.Errorf("an answer without the build: %v", err)
	}
}

// TestABuildThatSaysLittle: what is not said is not known.
func TestABuildThatSaysLittle(t *testing.T) {
	b := types.ImageSummary{Arn: aws.String(account + "image/golden/1.0.0/7"), OutputResources: &types.OutputResources{Amis: []types.Ami{{Image: aws.String("ami-1")}}}}
	noARN := types.ImageSummary{Version: aws.String("1.1.0/2"), DateCreated: aws.String("yesterday"), OutputResources: &types.OutputResources{Amis: []types.Ami{{Image: aws.String("ami-2")}}}}
	found := pipelineOf(t, "1.x", b, noARN, types.ImageSummary{Name: aws.String("golden"), Version: aws.String("1.2.0")})
	want := builder.Found{
		Fitting: 3, Unnamed: []string{"golden 1.2.0"}, Candidates: []builder.Candidate{
			{ID: "ami-1", Region: "us-east-1", NoRegion: true, Version: "1.0.0/7", ARN: account + "image/golden/1.0.0/7", State: sdk.StateUnknown},
			{ID: "ami-2", Region: "us-east-1", NoRegion: true, Version: "1.1.0/2", State: sdk.StateUnknown},
		},
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
}

// TestRangeOfVersions: by their numbers, and only what has three of them.
func TestRangeOfVersions(t *testing.T) {
	var builds []types.ImageSummary
	for _, version := range []string{"2.0.0", "1.9.0", "1.10.0", "2026.01.02", "1.2", "1.2.3.4", "3000.x.0", "2.0.0", "1.2.-3"} {
		builds = append(builds, build(version, 1, "2026-06-01T00:00:00Z", "us-east-1"))
	}
	found := pipelineOf(t, ">=1.10 <2 || >2000", builds...)
	got := versionsOf(found.Candidates)
	if !slices.Equal(got, []string{"1.10.0/1", "2026.01.02/1"}) || !slices.Equal(found.OutOfRange, []string{"1.2", "1.2.-3", "1.2.3.4", "1.9.0", "2.0.0", "3000.x.0"}) {
		t.Errorf("fitting %q, out of range %q", got, found.OutOfRange)
	}
}

// TestEachAMIOnce, and each of its own build, in the order of the list.
func TestEachAMIOnce(t *testing.T) {
	newer, older := build("1.1.0", 1, "2026-06-02T00:00:00Z", "us-east-1", "eu-west-1"), build("1.0.0", 1, "2026-06-01T00:00:00Z", "us-east-1")
	if got, want := shown(pipelineOf(t, "", newer, older).Candidates), []string{
		"ami-1.1.0-us-east-1 us-east-1 1.1.0/1 2026-06-02 true", "ami-1.1.0-eu-west-1 eu-west-1 1.1.0/1 2026-06-02 true", "ami-1.0.0-us-east-1 us-east-1 1.0.0/1 2026-06-01 true",
	}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	same, again := build("1.0.0", 2, "2026-06-01T00:00:00Z", "us-east-1"), build("1.0.0", 3, "2026-06-01T00:00:00Z", "us-east-1")
	for _, order := range [][]types.ImageSummary{{same, again}, {again, same}} {
		if got := pipelineOf(t, "", order...).Candidates; len(got) != 1 || got[0].Version != "1.0.0/2" {
			t.Errorf("got %+v", got)
		}
	}
}

// TestAnAMIOfADeletedBuild is of the first of the others, and as old as the deleted one, in
// whatever order they are listed.
func TestAnAMIOfADeletedBuild(t *testing.T) {
	deleted, first, second := build("1.0.0", 1, "2026-06-01T00:00:00Z", "us-east-1"), build("1.0.0", 2, "2026-06-02T00:00:00Z", "us-east-1"), build("1.0.0", 3, "2026-06-03T00:00:00Z", "us-east-1")
	deleted.State = &types.ImageState{Status: types.ImageStatusDeleted}
	for _, order := range [][]types.ImageSummary{{deleted, first, second}, {deleted, second, first}, {first, deleted, second}, {first, second, deleted}, {second, deleted, first}, {second, first, deleted}} {
		if got, want := shown(pipelineOf(t, "", order...).Candidates), []string{"ami-1.0.0-us-east-1 us-east-1 1.0.0/2 2026-06-01 true"}; !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
	}
}

// TestWhatBeganABuild: an import and a schedule build anew, and the rest may not.
func TestWhatBeganABuild(t *testing.T) {
	for kind, want := range map[types.BuildType]bool{types.BuildTypeScheduled: true, types.BuildTypeImport: true, types.BuildTypeImportIso: true, types.BuildTypeUserInitiated: false, "": false, "NEW": false} {
		b := build("1.0.0", 1, "2026-06-01T00:00:00Z", "us-east-1")
		b.BuildType = kind
		if got := pipelineOf(t, "", b).Candidates[0].Built; got != want {
			t.Errorf("%s: %v", kind, got)
		}
	}
}

// TestEachStateOfABuild, also of one that is deprecated and more.
func TestEachStateOfABuild(t *testing.T) {
	now := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	for status, want := range map[types.ImageStatus]sdk.State{
		"PENDING": sdk.Pending, "CREATING": sdk.Pending, "BUILDING": sdk.Pending, "TESTING": sdk.Pending, "DISTRIBUTING": sdk.Pending, "INTEGRATING": sdk.Pending,
		"FAILED": sdk.Failed, "CANCELLED": sdk.Failed, "DISABLED": sdk.Disabled, "DELETED": sdk.Gone, "DEPRECATED": sdk.Unusable, "AVAILABLE": sdk.StateUnknown,
	} {
		for _, deprecated := range []time.Time{{}, now, now.Add(time.Second), now.Add(-time.Second)} {
			b := build("1.0.0", 1, "2026-06-01T00:00:00Z", "us-east-1")
			b.State, b.DeprecationTime = &types.ImageState{Status: status}, &deprecated
			byTime := status == "DEPRECATED" && !deprecated.IsZero() && !deprecated.After(now)
			c := pipelineOf(t, "", b).Candidates[0]
			state, reason := c.Against(now)
			if byTime && (state != sdk.StateUnknown || reason != "") || !byTime && (state != want || (reason == "") != (status == "AVAILABLE")) {
				t.Errorf("%s, deprecated at %s: %v, %q", status, deprecated, state, reason)
			}
			if c.Deprecated != (status == "DEPRECATED") {
				t.Errorf("%s: deprecated %v", status, c.Deprecated)
			}
		}
	}
}

func versionsOf(of []builder.Candidate) (versions []string) {
	for _, c := range of {
		versions = append(versions, c.Version)
	}
	return versions
}
