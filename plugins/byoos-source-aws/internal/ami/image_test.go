package ami

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

func volume(encrypted *bool) types.BlockDeviceMapping {
	return types.BlockDeviceMapping{DeviceName: aws.String("/dev/sda1"), Ebs: &types.EbsBlockDevice{Encrypted: encrypted}}
}

func TestAttributes(t *testing.T) {
	instanceStore := types.BlockDeviceMapping{DeviceName: aws.String("/dev/sdb"), VirtualName: aws.String("ephemeral0")}
	tests := []struct {
		name  string
		image types.Image
		want  map[string]string
	}{
		{"nothing is said", types.Image{}, map[string]string{}},
		{"all", types.Image{
			BlockDeviceMappings: []types.BlockDeviceMapping{volume(aws.Bool(true)), instanceStore}, BootMode: types.BootModeValuesUefi,
			DeregistrationProtection: aws.String("enabled-with-cooldown"), EnaSupport: aws.Bool(true), ImdsSupport: types.ImdsSupportValuesV20,
			LastLaunchedTime: aws.String("2026-06-01T00:00:00Z"), TpmSupport: types.TpmSupportValuesV20,
		}, map[string]string{
			"encrypted": "true", "bootMode": "uefi", "deregistrationProtection": "enabled-with-cooldown", "enaSupport": "true", "imdsSupport": "v2.0",
			"lastLaunchedTime": "2026-06-01T00:00:00Z", "tpmSupport": "v2.0",
		}},
		{"no", types.Image{EnaSupport: aws.Bool(false), DeregistrationProtection: aws.String("disabled")},
			map[string]string{"enaSupport": "false", "deregistrationProtection": "disabled"}},
		{"one of two volumes is encrypted", types.Image{BlockDeviceMappings: []types.BlockDeviceMapping{volume(aws.Bool(true)), volume(aws.Bool(false))}},
			map[string]string{"encrypted": "false"}},
		{"not known of one volume", types.Image{BlockDeviceMappings: []types.BlockDeviceMapping{volume(aws.Bool(true)), volume(nil)}}, map[string]string{}},
		{"not known of one volume, and one is not", types.Image{BlockDeviceMappings: []types.BlockDeviceMapping{volume(nil), volume(aws.Bool(false))}},
			map[string]string{"encrypted": "false"}},
		{"no volume", types.Image{BlockDeviceMappings: []types.BlockDeviceMapping{instanceStore}}, map[string]string{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, attributes(&test.image)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestAnotherSystemIsUnusable: no pack can use Windows, however EC2 tells it. The
// API spells the platform in lower case, the SDK's constant does not.
func TestAnotherSystemIsUnusable(t *testing.T) {
	tests := []struct {
		platform, details string
		want              sdk.State
	}{
		{"", "", sdk.Available},
		{"", "Linux/UNIX", sdk.Available},
		{"", "Red Hat Enterprise Linux with HA", sdk.Available},
		{"windows", "", sdk.Unusable},
		{"Windows", "Windows", sdk.Unusable},
		{"", "Windows with SQL Server Standard", sdk.Unusable},
		{"", "Windows BYOL", sdk.Unusable},
	}
	for _, test := range tests {
		a := types.Image{State: types.ImageStateAvailable, Platform: types.PlatformValues(test.platform), PlatformDetails: aws.String(test.details)}
		img := Converter{}.Image(&a)
		if img.State != test.want || (img.State == sdk.Unusable) != (img.StateReason == "it is a Windows image") {
			t.Errorf("%q, %q: %v, %q", test.platform, test.details, img.State, img.StateReason)
		}
		a.State = ""
		if img := (Converter{}).Image(&a); (img.State == sdk.Unusable) != (test.want == sdk.Unusable) {
			t.Errorf("%q, %q, without a state: %v, %q", test.platform, test.details, img.State, img.StateReason)
		}
	}
}

// TestFactsOfOneSystem: a version belongs to the name beside it.
func TestFactsOfOneSystem(t *testing.T) {
	kib := []types.Tag{
		{Key: aws.String("distribution"), Value: aws.String("Ubuntu")},
		{Key: aws.String("distribution_version"), Value: aws.String("24.04")},
	}
	tests := []struct {
		name, tag, details string
		tags               []types.Tag
		want, wantVersion  string
	}{
		{"Kubernetes Image Builder's", "", "", kib, "ubuntu", "24.04"},
		{"an own name for the same", "ubuntu", "", kib, "ubuntu", "24.04"},
		{"an own name for another", "rhel", "", kib, "rhel", ""},
		{"a version alone", "rhel", "", kib[1:], "rhel", "24.04"},
		{"of what is billed", "", "Red Hat Enterprise Linux", nil, "rhel", ""},
	}
	for _, test := range tests {
		a := types.Image{PlatformDetails: aws.String(test.details), Tags: test.tags}
		if test.tag != "" {
			a.Tags = append(slices.Clone(a.Tags), types.Tag{Key: aws.String("os"), Value: aws.String(test.tag)})
		}
		img := Converter{TagKeys: settings.TagKeys{OSName: "os"}}.Image(&a)
		if img.OSName != test.want || img.OSVersion != test.wantVersion {
			t.Errorf("%s: %q %q", test.name, img.OSName, img.OSVersion)
		}
	}
}

// TestTimeThatCannotBeRead: the source does not offer what it cannot order, and says
// nothing of the AMI by that.
func TestTimeThatCannotBeRead(t *testing.T) {
	available := types.Image{ImageId: aws.String("ami-1"), State: types.ImageStateAvailable}
	created, deprecated := available, available
	created.CreationDate, deprecated.DeprecationTime = aws.String("yesterday"), aws.String("never")
	for want, a := range map[string]types.Image{
		"": available, `its creation date "yesterday" is not a time`: created, `its deprecation time "never" is not a time`: deprecated,
	} {
		if img := (Converter{}).Image(&a); img.Withheld != want || img.State != sdk.Available || img.StateReason != "" {
			t.Errorf("withheld %q, want %q; %v, %q", img.Withheld, want, img.State, img.StateReason)
		}
	}
}
