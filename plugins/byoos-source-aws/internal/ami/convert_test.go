package ami

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

func tagged(pairs ...string) []types.Tag {
	var out []types.Tag
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, types.Tag{Key: &pairs[i], Value: &pairs[i+1]})
	}
	return out
}

func whole() types.Image {
	return types.Image{
		ImageId: aws.String("ami-1"), Name: aws.String("golden"), Architecture: types.ArchitectureValuesX8664, OwnerId: aws.String("111122223333"),
		ImageOwnerAlias: aws.String("amazon"), Public: aws.Bool(true), State: types.ImageStateAvailable, PlatformDetails: aws.String("Linux/UNIX"),
		CreationDate: aws.String("2026-06-01T00:00:00.000Z"), DeprecationTime: aws.String("2028-06-01T00:00:00.000Z"), ImageAllowed: aws.Bool(true),
		Tags: tagged("os", "Ubuntu", "osv", "24.04", "k8s", " v1.30.1 ", "kubernetes_version", "v1.29.0", "build", "7"),
	}
}

// TestAllOfAnAMI: each fact, and where it is from.
func TestAllOfAnAMI(t *testing.T) {
	a := whole()
	c := Converter{Region: "us-east-1", Account: "999999999999", TagKeys: settings.TagKeys{OSName: "os", OSVersion: "osv", KubernetesVersion: "k8s", Version: "build"}}
	want := sdk.Image{
		ID: "ami-1", Provider: "aws", Name: "golden", Region: "us-east-1", Architecture: "amd64", OwnerID: "111122223333", Owner: "amazon", Public: true,
		OSName: "ubuntu", OSVersion: "24.04", KubernetesVersion: "1.30.1", Version: "7", State: sdk.Available, Evidence: sdk.Asked,
		CreatedAt: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), DeprecatedAt: time.Date(2028, 6, 1, 0, 0, 0, 0, time.UTC),
		Tags:       map[string]string{"os": "Ubuntu", "osv": "24.04", "k8s": " v1.30.1 ", "kubernetes_version": "v1.29.0", "build": "7"},
		Attributes: map[string]string{"platformDetails": "Linux/UNIX"},
		Provenance: map[string]sdk.Provenance{
			"id": {From: "api", Key: "ec2:DescribeImages"}, "architecture": {From: "api", Key: "architecture", Raw: "x86_64"},
			"os.name": {From: "tag", Key: "os", Raw: "Ubuntu"}, "os.version": {From: "tag", Key: "osv"},
			"kubernetesVersion": {From: "tag", Key: "k8s", Raw: "v1.30.1"}, "version": {From: "tag", Key: "build"},
		},
	}
	if diff := cmp.Diff(want, c.Image(&a)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestNothingIsSaidOfAnAMI but what it is called: nothing is made up.
func TestNothingIsSaidOfAnAMI(t *testing.T) {
	a := types.Image{ImageId: aws.String("ami-1"), SourceImageId: aws.String("ami-0"), Tags: tagged("kubernetes_version", " ", "", "v1.30.1")}
	want := sdk.Image{
		ID: "ami-1", Provider: "aws", Evidence: sdk.Asked, StateReason: "EC2 does not say in what state it is",
		Tags: map[string]string{"kubernetes_version": " ", "": "v1.30.1"}, Attributes: map[string]string{"sourceImageId": "ami-0"},
		Provenance: map[string]sdk.Provenance{"id": {From: "api", Key: "ec2:DescribeImages"}},
	}
	if diff := cmp.Diff(want, Converter{}.Image(&a)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	kib := types.Image{Tags: tagged("kubernetes_version", "1.30.1")}
	if got := (Converter{}).Image(&kib); got.KubernetesVersion != "1.30.1" || got.Provenance["kubernetesVersion"] != (sdk.Provenance{From: "tag", Key: "kubernetes_version"}) {
		t.Errorf("of Kubernetes Image Builder: %+v", got)
	}
	if got := (Converter{}).Image(&types.Image{}); got.Tags != nil {
		t.Errorf("tags of an AMI without tags: %v", got.Tags)
	}
}

// TestWhoseAnAMIIs: the user's own only by the number of the account.
func TestWhoseAnAMIIs(t *testing.T) {
	for _, test := range []struct{ account, owner, alias, want string }{
		{"1", "1", "amazon", "self"}, {"1", "2", "amazon", "amazon"}, {"1", "2", "", "2"}, {"", "2", "", "2"}, {"", "", "", ""}, {"", "", "amazon", "amazon"}, {"1", "", "", ""},
	} {
		a := types.Image{OwnerId: aws.String(test.owner), ImageOwnerAlias: aws.String(test.alias)}
		if img := (Converter{Account: test.account}).Image(&a); img.Owner != test.want || img.OwnerID != test.owner {
			t.Errorf("%+v: %q, %q", test, img.Owner, img.OwnerID)
		}
	}
}

func TestEachState(t *testing.T) {
	for _, test := range []struct {
		state types.ImageState
		want  sdk.State
	}{
		{types.ImageStateAvailable, sdk.Available}, {types.ImageStatePending, sdk.Pending}, {types.ImageStateTransient, sdk.Pending}, {types.ImageStateDisabled, sdk.Disabled},
		{types.ImageStateDeregistered, sdk.Gone}, {types.ImageStateFailed, sdk.Failed}, {types.ImageStateError, sdk.Failed}, {types.ImageStateInvalid, sdk.Failed},
	} {
		for why, said := range map[string]*types.StateReason{"": nil, ": because": {Message: aws.String("because")}} {
			want := "EC2 says it is " + string(test.state) + why
			if test.want == sdk.Available {
				want = ""
			}
			// A system that no pack can use is said of what is there alone.
			for _, platform := range []types.PlatformValues{"", "windows"} {
				if platform != "" && test.want == sdk.Available {
					continue
				}
				img := Converter{}.Image(&types.Image{State: test.state, StateReason: said, Platform: platform})
				if img.State != test.want || img.StateReason != want || img.Withheld != "" {
					t.Errorf("%s%s %s: %v, %q, withheld %q", test.state, why, platform, img.State, img.StateReason, img.Withheld)
				}
			}
		}
	}
	if img := (Converter{}).Image(&types.Image{State: "failed", StateReason: &types.StateReason{Code: aws.String("x")}}); img.StateReason != "EC2 says it is failed" {
		t.Errorf("a reason without a message: %q", img.StateReason)
	}
}

// TestWithheld: the first reason stays, and only of a time that cannot be read the one
// who asks is told.
func TestWithheld(t *testing.T) {
	const disallowed, undated = "the account's Allowed AMIs setting does not allow it", `its creation date "?" is not a time`
	odd := types.Image{ImageId: aws.String("ami-1"), CreationDate: aws.String("?"), DeprecationTime: aws.String("?")}
	no := odd
	no.ImageAllowed = aws.Bool(false)
	strange := odd
	strange.State = "strange"
	for _, test := range []struct {
		image      types.Image
		want, told string
	}{
		{types.Image{ImageAllowed: aws.Bool(false)}, disallowed, ""},
		{types.Image{ImageAllowed: aws.Bool(true)}, "", ""},
		{types.Image{}, "", ""},
		{odd, undated, "ami-1 " + undated},
		{no, disallowed, ""},
		{strange, `EC2 says it is in state "strange", which this plugin does not know`, ""},
	} {
		var told []string
		c := Converter{Undated: func(id, why string) { told = append(told, id+" "+why) }}
		if img := c.Image(&test.image); img.Withheld != test.want || strings.Join(told, ",") != test.told {
			t.Errorf("%+v: %q, told %q", test, img.Withheld, told)
		}
	}
}

// TestProvenanceOfWhatIsBilled: the details, or else the operation.
func TestProvenanceOfWhatIsBilled(t *testing.T) {
	for _, test := range []struct {
		image types.Image
		want  sdk.Provenance
	}{
		{types.Image{PlatformDetails: aws.String("Ubuntu Pro"), UsageOperation: aws.String("RunInstances:0g00")}, sdk.Provenance{From: "api", Key: "platformDetails", Raw: "Ubuntu Pro"}},
		{types.Image{UsageOperation: aws.String("RunInstances:0g00")}, sdk.Provenance{From: "api", Key: "usageOperation", Raw: "RunInstances:0g00"}},
	} {
		if got := (Converter{}).Image(&test.image).Provenance["os.name"]; got != test.want {
			t.Errorf("got %+v, want %+v", got, test.want)
		}
	}
	a := types.Image{CreationDate: aws.String("2026-06-01T00:00:00Z"), SourceImageId: aws.String("ami-0")}
	if got := (Converter{}).Image(&a).Provenance["createdAt"]; got.From != "api" {
		t.Errorf("the time of a copy is from %+v", got)
	}
}

// TestSystemOfABuild: Image Builder's text counts where the tags say nothing else.
func TestSystemOfABuild(t *testing.T) {
	c := Converter{TagKeys: settings.TagKeys{OSName: "os"}}
	got := c.System(&sdk.Image{}, "Ubuntu 24.04")
	if got.Name != "ubuntu" || got.Version != "24.04" {
		t.Errorf("got %+v", got)
	}
	img := sdk.Image{Provenance: map[string]sdk.Provenance{}}
	got.Describe(&img)
	if img.Provenance["os.name"] != (sdk.Provenance{From: "api", Key: "osVersion", Raw: "Ubuntu 24.04"}) {
		t.Errorf("got %+v", img.Provenance)
	}
	if got := c.System(&sdk.Image{Tags: map[string]string{"os": "rhel"}}, "Ubuntu 24.04"); got.Name != "rhel" || got.Version != "" {
		t.Errorf("got %+v", got)
	}
}
