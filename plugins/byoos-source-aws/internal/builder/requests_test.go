package builder_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/imagebuilder"
	"github.com/aws/aws-sdk-go-v2/service/imagebuilder/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/builder"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

func golden(version string) types.ImageVersion {
	return types.ImageVersion{Name: aws.String("golden"), Version: aws.String(version), Arn: aws.String(account + "image/golden/" + version)}
}

// estate has the pipeline p and the image golden, of two versions and two builds each.
func estate() *service {
	of := func(version string) []types.ImageSummary {
		return []types.ImageSummary{build(version, 1, "2026-06-01T00:00:00Z", "us-east-1"), build(version, 2, "2026-06-02T00:00:00Z", "eu-west-1")}
	}
	return &service{
		pipelines: []types.ImagePipeline{{Name: aws.String("other"), Arn: aws.String(account + "image-pipeline/other")}, {Name: aws.String("p"), Arn: aws.String(account + "image-pipeline/p")}},
		versions:  map[types.Ownership][]types.ImageVersion{types.OwnershipSelf: {golden("1.1.0"), golden("1.0.0")}},
		builds: map[string][]types.ImageSummary{
			account + "image-pipeline/p": of("1.0.0"), account + "image/golden/1.0.0": of("1.0.0"), account + "image/golden/1.1.0": of("1.1.0"),
		},
		broken: map[string]error{},
	}
}

// TestWhatIsAskedFor, page by page.
func TestWhatIsAskedFor(t *testing.T) {
	filter := func(name string) []types.Filter {
		return []types.Filter{{Name: aws.String("name"), Values: []string{name}}}
	}
	size, second, pipeline := aws.Int32(25), aws.String("1"), aws.String(account+"image-pipeline/p")
	images := imagebuilder.ListImagesInput{MaxResults: size, IncludeDeprecated: aws.Bool(true), Owner: types.OwnershipShared}
	for _, test := range []struct {
		of   settings.ImageBuilder
		want []any
	}{
		{settings.ImageBuilder{Pipeline: "p"}, []any{
			&imagebuilder.ListImagePipelinesInput{Filters: filter("p"), MaxResults: size}, &imagebuilder.ListImagePipelinesInput{Filters: filter("p"), MaxResults: size, NextToken: second},
			&imagebuilder.ListImagePipelineImagesInput{ImagePipelineArn: pipeline, MaxResults: size}, &imagebuilder.ListImagePipelineImagesInput{ImagePipelineArn: pipeline, MaxResults: size, NextToken: second},
		}},
		{settings.ImageBuilder{Image: account + "image/golden/1.0.0"}, []any{
			&imagebuilder.ListImageBuildVersionsInput{ImageVersionArn: aws.String(account + "image/golden/1.0.0"), MaxResults: size},
			&imagebuilder.ListImageBuildVersionsInput{ImageVersionArn: aws.String(account + "image/golden/1.0.0"), MaxResults: size, NextToken: second},
		}},
		{settings.ImageBuilder{Image: "golden", Owner: "shared"}, []any{with(images, func(in *imagebuilder.ListImagesInput) { in.Filters = filter("golden") })}},
		{settings.ImageBuilder{Image: account + "image/gone"}, []any{with(images, func(in *imagebuilder.ListImagesInput) { in.Owner = types.OwnershipSelf }), with(images, func(*imagebuilder.ListImagesInput) {})}},
		{settings.ImageBuilder{Image: "arn:aws:imagebuilder:us-east-1:aws:image/gone"}, []any{with(images, func(in *imagebuilder.ListImagesInput) { in.Owner = types.OwnershipAmazon })}},
		{settings.ImageBuilder{Image: "gone", Owner: "amazon"}, []any{with(images, func(in *imagebuilder.ListImagesInput) { in.Owner, in.Filters = types.OwnershipAmazon, filter("gone") })}},
	} {
		s := estate()
		s.versions = map[types.Ownership][]types.ImageVersion{}
		_, err := s.reader().Read(t.Context(), test.of)
		if gone := strings.Contains(test.of.Image, "gone") || test.of.Owner != ""; (err != nil) != gone {
			t.Errorf("%+v: %v", test.of, err)
		}
		ignored := cmpopts.IgnoreUnexported(imagebuilder.ListImagePipelinesInput{}, imagebuilder.ListImagePipelineImagesInput{}, imagebuilder.ListImagesInput{}, imagebuilder.ListImageBuildVersionsInput{}, types.Filter{})
		if diff := cmp.Diff(test.want, s.inputs, ignored); diff != "" {
			t.Errorf("%+v: %s", test.of, diff)
		}
	}
}

func with(in imagebuilder.ListImagesInput, change func(*imagebuilder.ListImagesInput)) *imagebuilder.ListImagesInput {
	change(&in)
	return &in
}

// TestFailures: what a call fails with is the answer, and nothing is asked after it.
func TestFailures(t *testing.T) {
	pipeline, image, one, version := settings.ImageBuilder{Pipeline: "p"}, settings.ImageBuilder{Image: "golden"}, settings.ImageBuilder{Image: account + "image/golden/1.0.0/1"}, settings.ImageBuilder{Image: account + "image/golden/1.0.0"}
	for call, of := range map[string]settings.ImageBuilder{
		"pipelines 1": pipeline, "builds 1": pipeline, "versions of Self 1": image, "builds of " + account + "image/golden/1.0.0 1": image,
		"builds of " + account + "image/golden/1.0.0 0": version, "image": one,
	} {
		s := estate()
		broken := errors.New("broken")
		s.broken[call] = broken
		found, err := s.reader().Read(t.Context(), of)
		if !errors.Is(err, broken) || !cmp.Equal(found, builder.Found{}) {
			t.Errorf("%s: %v, %+v", call, err, found)
		}
		if last := len(s.asked) - 1; call != "image" && of.Image != "golden" && s.asked[last] != call {
			t.Errorf("%s failed, and %s was asked for", call, s.asked[last])
		}
	}
	for _, of := range []settings.ImageBuilder{{Pipeline: "p", Version: "new"}, {Image: "golden", Version: "new"}} {
		s := estate()
		var told *sdk.Diagnostic
		if _, err := s.reader().Read(t.Context(), of); !errors.As(err, &told) || told.ConfigPath != "imageBuilder.version" || len(s.inputs) > 0 {
			t.Errorf("a range that is none: %v, asked for %v", err, s.inputs)
		}
	}
	s := estate()
	s.broken["image"] = errors.New("broken")
	if _, err := s.reader().Builds(t.Context(), []string{account + "image/golden/1.0.0/1"}); err == nil {
		t.Error("a build that could not be asked for is there")
	}
}

// TestPageTokenThatExpires: a list is begun four times in all.
func TestPageTokenThatExpires(t *testing.T) {
	expired := &smithy.GenericAPIError{Code: "InvalidPaginationTokenException"}
	for _, test := range []struct {
		failures int
		err      error
		calls    int
	}{{3, expired, 8}, {4, expired, 8}, {1, errors.New("broken"), 2}} {
		s := estate()
		calls, left := 0, test.failures
		r := s.reader()
		r.Do = func(ctx context.Context, call func(context.Context) error) error {
			if calls++; calls%2 == 0 && left > 0 {
				left--
				return test.err
			}
			return call(ctx)
		}
		found, err := r.Read(t.Context(), settings.ImageBuilder{Pipeline: account + "image-pipeline/p"})
		if whole := test.failures == 3; calls != test.calls || (err == nil) != whole || whole && len(found.Candidates) != 2 {
			t.Errorf("%d times %v: %v after %d calls, %+v", test.failures, test.err, err, calls, found.Candidates)
		}
	}
}

// circle gives the same page token for ever.
type circle struct{ *service }

func (c circle) ListImagePipelineImages(_ context.Context, in *imagebuilder.ListImagePipelineImagesInput, _ ...func(*imagebuilder.Options)) (*imagebuilder.ListImagePipelineImagesOutput, error) {
	if c.note(in); len(c.inputs) > 9 {
		return nil, errors.New("asked for ever")
	}
	return &imagebuilder.ListImagePipelineImagesOutput{NextToken: aws.String("again")}, nil
}

func TestAListWithoutAnEnd(t *testing.T) {
	r := estate().reader()
	r.Client = circle{&service{}}
	_, err := r.Read(t.Context(), settings.ImageBuilder{Pipeline: account + "image-pipeline/p"})
	if err == nil || !strings.Contains(err.Error(), "a second time") {
		t.Errorf("got %v", err)
	}
}

// TestFourAtATime, as Image Builder's limits of rate are low.
func TestFourAtATime(t *testing.T) {
	var arns []string
	s := estate()
	for i := range 12 {
		s.versions[types.OwnershipSelf] = append(s.versions[types.OwnershipSelf], golden(fmt.Sprintf("2.0.%d", i)))
		arns = append(arns, fmt.Sprintf("%simage/golden/2.0.%d/1", account, i))
	}
	for _, test := range []struct {
		before int // calls for pages, one after the other
		read   func(context.Context, builder.Reader) error
	}{
		{14, func(ctx context.Context, r builder.Reader) error {
			_, err := r.Read(ctx, settings.ImageBuilder{Image: "golden"})
			return err
		}},
		{0, func(ctx context.Context, r builder.Reader) error { _, err := r.Builds(ctx, arns); return err }},
	} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			calls, now, most := 0, 0, 0
			count := func(by int) (all int) {
				mu.Lock()
				defer mu.Unlock()
				calls, now = calls+max(by, 0), now+by
				most = max(most, now)
				return calls
			}
			r := s.reader()
			free := make(chan struct{})
			r.Do = func(ctx context.Context, call func(context.Context) error) error {
				defer count(-1)
				if count(1) > test.before {
					<-free
				}
				return call(ctx)
			}
			done := make(chan error, 1)
			go func() { done <- test.read(t.Context(), r) }()
			synctest.Wait()
			close(free)
			if err := <-done; err != nil || most != 4 {
				t.Errorf("after %d calls: %v, %d at a time", test.before, err, most)
			}
		})
	}
}

// TestBuildsInOneOrder, in whatever order they are answered.
func TestBuildsInOneOrder(t *testing.T) {
	s := estate()
	var deleted []string
	for _, version := range []string{"1.4.0", "1.2.0", "1.6.0", "1.3.0", "1.7.0", "1.5.0", "1.8.0"} {
		s.versions[types.OwnershipSelf] = append(s.versions[types.OwnershipSelf], golden(version))
		deleted = append(deleted, account+"image/golden/"+version)
	}
	slices.Sort(deleted)
	s.builds[deleted[3]] = nil // known, and without a build
	found, err := s.reader().Read(t.Context(), settings.ImageBuilder{Image: "golden"})
	if err != nil {
		t.Fatal(err)
	}
	versions := versionsOf(found.Candidates)
	if !slices.Equal(versions, []string{"1.0.0/1", "1.0.0/2", "1.1.0/1", "1.1.0/2"}) || !slices.Equal(found.Deleted, deleted) {
		t.Errorf("builds %q, deleted %q", versions, found.Deleted)
	}
}
