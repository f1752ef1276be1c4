package builder_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/imagebuilder/types"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/builder"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// TestWhatIsNotThere is told with all that a user needs, and nothing else is read for it.
func TestWhatIsNotThere(t *testing.T) {
	s := estate()
	s.builds[""] = s.builds[account+"image-pipeline/p"]
	s.builds[account+"image/golden/9.0.0"] = nil
	s.pipelines = append(s.pipelines, types.ImagePipeline{Name: aws.String("no-arn")}, types.ImagePipeline{Name: aws.String("P2"), Arn: aws.String(account + "image-pipeline/p")})
	s.versions[types.OwnershipSelf] = append(s.versions[types.OwnershipSelf], types.ImageVersion{Name: aws.String("Golden"), Arn: aws.String(account + "image/golden/1.0.0")})
	for _, test := range []struct {
		of         settings.ImageBuilder
		kind, name string
	}{
		{settings.ImageBuilder{Pipeline: "no-arn"}, "pipeline", "no-arn"}, {settings.ImageBuilder{Pipeline: "p2"}, "pipeline", "p2"},
		{settings.ImageBuilder{Pipeline: account + "image-pipeline/gone"}, "pipeline", account + "image-pipeline/gone"},
		{settings.ImageBuilder{Image: "GOLDEN"}, "image", "GOLDEN"}, {settings.ImageBuilder{Image: account + "image/golden/9.0.0"}, "image", account + "image/golden/9.0.0"},
		{settings.ImageBuilder{Image: account + "image/golden/8.0.0/x"}, "image", account + "image/golden/8.0.0/x"},
		{settings.ImageBuilder{Image: account + "image/golden/8.x.x"}, "image", account + "image/golden/8.x.x"},
	} {
		want := &sdk.Diagnostic{
			Severity: sdk.Error, ConfigPath: "imageBuilder." + test.kind, Scope: "us-east-1", Summary: fmt.Sprintf("there is no Image Builder %s %q in us-east-1", test.kind, test.name),
			Detail:   "names are case-sensitive; what was made less than two minutes ago may not show yet",
			NextStep: "check the name or ARN, imageBuilder.region and the account of the credentials",
		}
		_, err := s.reader().Read(t.Context(), test.of)
		var told *sdk.Diagnostic
		if !errors.Is(err, builder.ErrMissing) || !errors.As(err, &told) || cmp.Diff(want, told) != "" {
			t.Errorf("%+v: %v\n%s", test.of, err, cmp.Diff(want, told))
		}
	}
}

// TestWhichVersionsFit the name or the ARN, in whatever list they stand.
func TestWhichVersionsFit(t *testing.T) {
	version := func(name, account, version string) types.ImageVersion {
		return types.ImageVersion{Arn: aws.String("arn:aws:imagebuilder:us-east-1:" + account + ":image/" + name + "/" + version)}
	}
	unnamed := func(name, version *string) types.ImageVersion {
		return types.ImageVersion{Name: name, Version: version}
	}
	list := map[types.Ownership][]types.ImageVersion{
		types.OwnershipSelf: {
			version("golden", "111122223333", "1.0.0"), version("golden", "111122223333", "1.1.0"), version("golden", "111122223333", "2.0.0"), version("golden", "111122223333", "1.2"),
			version("silver", "111122223333", "1.0.0"), version("my-golden", "111122223333", "1.0.0"),
			unnamed(aws.String("golden"), aws.String("1.9.0")), unnamed(nil, nil), unnamed(aws.String("Golden"), nil), unnamed(nil, aws.String("3.0.0")), unnamed(aws.String("lead"), nil),
		},
		types.OwnershipShared: {version("golden", "444455556666", "1.0.0"), version("golden", "777788889999", "1.1.0"), version("golden", "444455556666", "4.0.0")},
		types.OwnershipAmazon: {version("golden", "aws", "1.0.0"), version("golden", "aws", "4.0.0")},
	}
	builds := map[string][]types.ImageSummary{}
	for _, versions := range list {
		for _, v := range versions {
			if arn, ok := settings.ParseARN(aws.ToString(v.Arn)); ok {
				b := build(arn.Version, 3, "2026-06-01T00:00:00Z", "us-east-1")
				b.Name, b.Arn, b.OutputResources.Amis[0].Image = &arn.Account, aws.String(arn.Text+"/3"), aws.String(arn.Account+"/"+arn.Name+"/"+arn.Version)
				builds[arn.Text] = []types.ImageSummary{b}
			}
		}
	}
	const shared, ours = "arn:aws:imagebuilder:us-east-1:444455556666:image/golden", account + "image/golden"
	for _, test := range []struct {
		of   settings.ImageBuilder
		want string
	}{
		{settings.ImageBuilder{Image: "golden", Version: "1.x"}, "1.0.0 1.1.0 | out 1.2 2.0.0 | no ARN 3"},
		{settings.ImageBuilder{Image: "golden", Version: ">=9"}, " | out 1.0.0 1.1.0 1.2 2.0.0 | no ARN 2"},
		{settings.ImageBuilder{Image: "My Golden"}, "1.0.0 | out  | no ARN 2"},
		{settings.ImageBuilder{Image: "golden", Owner: "amazon", Version: "<2"}, "1.0.0 | out 4.0.0 | no ARN 0"},
		{settings.ImageBuilder{Image: "golden", Owner: "amazon", Version: ">=9"}, " | out 1.0.0 4.0.0 | no ARN 0"},
		{settings.ImageBuilder{Image: ours}, "1.0.0 1.1.0 1.2 2.0.0 | out  | no ARN 4"},
		{settings.ImageBuilder{Image: ours + "/1.x.x"}, "1.0.0 1.1.0 1.2 | out  | no ARN 4"},
		{settings.ImageBuilder{Image: ours + "/x.x.0"}, "1.0.0 1.1.0 2.0.0 | out  | no ARN 4"},
		{settings.ImageBuilder{Image: ours + "/x.x.x/x"}, "1.0.0 1.1.0 1.2 2.0.0 | out  | no ARN 4"},
		{settings.ImageBuilder{Image: ours + "/x.x.x/3"}, "1.0.0 1.1.0 1.2 2.0.0 | out  | no ARN 4"},
		{settings.ImageBuilder{Image: ours + "/x.x.x/1"}, " | out  | no ARN 4"},
		{settings.ImageBuilder{Image: ours + "/1.0.0/x"}, "1.0.0 | out  | no ARN 0"},
		{settings.ImageBuilder{Image: ours, Version: ">=9"}, " | out 1.0.0 1.1.0 1.2 2.0.0 | no ARN 2"},
		{settings.ImageBuilder{Image: shared}, "1.0.0 4.0.0 | out  | no ARN 4"},
		{settings.ImageBuilder{Image: shared, Version: "<2"}, "1.0.0 | out 4.0.0 | no ARN 3"},
		{settings.ImageBuilder{Image: "arn:aws:imagebuilder:us-east-1:aws:image/golden"}, "1.0.0 4.0.0 | out  | no ARN 0"},
	} {
		s := &service{versions: list, builds: builds}
		found, err := s.reader().Read(t.Context(), test.of)
		var ids []string
		for _, c := range found.Candidates {
			ids = append(ids, strings.TrimSuffix(c.Version, "/3"))
		}
		got := fmt.Sprintf("%s | out %s | no ARN %d", strings.Join(ids, " "), strings.Join(found.OutOfRange, " "), found.NoARN)
		if err != nil || got != test.want {
			t.Errorf("%+v: %v, got %q, want %q", test.of, err, got, test.want)
		}
	}
}

// TestOnlyWhatHasNoARN is no missing image: it may be there.
func TestOnlyWhatHasNoARN(t *testing.T) {
	s := &service{versions: map[types.Ownership][]types.ImageVersion{types.OwnershipSelf: {{Name: aws.String("golden")}}}}
	if found, err := s.reader().Read(t.Context(), settings.ImageBuilder{Image: "golden"}); err != nil || found.NoARN != 1 {
		t.Errorf("%v, %+v", err, found)
	}
}

// TestSharedByTwoAccounts is told with all that a user needs.
func TestSharedByTwoAccounts(t *testing.T) {
	s := &service{versions: map[types.Ownership][]types.ImageVersion{types.OwnershipShared: {
		{Arn: aws.String("arn:aws:imagebuilder:us-east-1:999999999999:image/golden/1.0.0")}, {Arn: aws.String("arn:aws:imagebuilder:us-east-1:888888888888:image/golden/1.0.0")},
	}}}
	_, err := s.reader().Read(t.Context(), settings.ImageBuilder{Image: "golden", Owner: "shared"})
	want := &sdk.Diagnostic{
		Severity: sdk.Error, ConfigPath: "imageBuilder.image", Scope: "us-east-1", Summary: `2 accounts share an image of the name "golden": 888888888888, 999999999999`,
		NextStep: "write the ARN of the one that you trust, or make a source of each",
	}
	var told *sdk.Diagnostic
	if !errors.As(err, &told) || cmp.Diff(want, told) != "" {
		t.Errorf("%v\n%s", err, cmp.Diff(want, told))
	}
}
