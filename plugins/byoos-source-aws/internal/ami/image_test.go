package ami

import (
	"slices"
	"strings"
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
		{"kinds", types.Image{
			VirtualizationType: types.VirtualizationTypeParavirtual, RootDeviceType: types.DeviceTypeInstanceStore, UsageOperation: aws.String("RunInstances:0010"),
			ProductCodes: []types.ProductCode{{ProductCodeId: aws.String("b")}, {}, {ProductCodeId: aws.String("a"), ProductCodeType: types.ProductCodeValuesMarketplace}},
		}, map[string]string{"virtualizationType": "paravirtual", "rootDeviceType": "instance-store", "usageOperation": "RunInstances:0010", "productCodes": "a,b"}},
		{"no", types.Image{EnaSupport: aws.Bool(false), DeregistrationProtection: aws.String("disabled")},
			map[string]string{"enaSupport": "false", "deregistrationProtection": "disabled"}},
		{"one of two volumes is encrypted", types.Image{BlockDeviceMappings: []types.BlockDeviceMapping{volume(aws.Bool(true)), volume(aws.Bool(false))}},
			map[string]string{"encrypted": "false"}},
		{"not known of one volume", types.Image{BlockDeviceMappings: []types.BlockDeviceMapping{volume(aws.Bool(true)), volume(nil)}}, map[string]string{}},
		{"not known of one volume, and one is not", types.Image{BlockDeviceMappings: []types.BlockDeviceMapping{volume(nil), volume(aws.Bool(false))}},
			map[string]string{"encrypted": "false"}},
		{"not known of the first volume", types.Image{BlockDeviceMappings: []types.BlockDeviceMapping{volume(nil), volume(aws.Bool(true))}}, map[string]string{}},
		{"behind an instance store", types.Image{BlockDeviceMappings: []types.BlockDeviceMapping{instanceStore, volume(aws.Bool(true))}}, map[string]string{"encrypted": "true"}},
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

// TestWhatNoPackCanUse: Windows, macOS and what boots on former instance types only,
// however EC2 tells it. The API spells the platform in lower case, the SDK's constant
// does not.
func TestWhatNoPackCanUse(t *testing.T) {
	linux := types.Image{PlatformDetails: aws.String("Linux/UNIX"), UsageOperation: aws.String("RunInstances"), VirtualizationType: types.VirtualizationTypeHvm}
	with := func(change func(*types.Image)) types.Image {
		a := linux
		change(&a)
		return a
	}
	details := func(details, operation string) types.Image {
		return with(func(a *types.Image) { a.PlatformDetails, a.UsageOperation = aws.String(details), aws.String(operation) })
	}
	tests := map[string]struct {
		image types.Image
		want  string
	}{
		"nothing is said":      {types.Image{}, ""},
		"Linux":                {linux, ""},
		"RHEL":                 {details("Red Hat Enterprise Linux with HA", "RunInstances:1010"), ""},
		"SQL Server":           {details("SQL Server Standard", "RunInstances:0004"), ""},
		"i386":                 {with(func(a *types.Image) { a.Architecture = types.ArchitectureValuesI386 }), ""},
		"instance store":       {with(func(a *types.Image) { a.RootDeviceType = types.DeviceTypeInstanceStore }), ""},
		"platform":             {types.Image{Platform: "windows"}, "Windows"},
		"platform in capitals": {types.Image{Platform: types.PlatformValuesWindows}, "Windows"},
		"with SQL Server":      {details("Windows with SQL Server Standard", ""), "Windows"},
		"BYOL":                 {details("Windows BYOL", ""), "Windows"},
		"operation":            {details("", "RunInstances:0002"), "Windows"},
		"operation of BYOL":    {details("", "RunInstances:0800"), "Windows"},
		"operation of SQL":     {details("", "RunInstances:0102"), "Windows"},
		"macOS":                {with(func(a *types.Image) { a.Architecture = types.ArchitectureValuesArm64Mac }), "macOS"},
		"paravirtual":          {with(func(a *types.Image) { a.VirtualizationType = types.VirtualizationTypeParavirtual }), "paravirtual"},
	}
	for name, test := range tests {
		for _, state := range []types.ImageState{types.ImageStateAvailable, ""} {
			a := test.image
			a.State = state
			img := Converter{}.Image(&a)
			if (img.State == sdk.Unusable) != (test.want != "") || test.want != "" && img.StateReason != "it is a "+test.want+" image" {
				t.Errorf("%s, state %q: %v, %q", name, state, img.State, img.StateReason)
			}
		}
	}
}

// TestBilledSystem: AWS's own table, and nothing beyond it.
func TestBilledSystem(t *testing.T) {
	for _, test := range []struct{ details, operation, want string }{
		{"Linux/UNIX", "RunInstances", ""},
		{"Red Hat BYOL Linux", "RunInstances:00g0", "rhel"},
		{"Red Hat Enterprise Linux", "RunInstances:0010", "rhel"},
		{"Red Hat Enterprise Linux with HA", "RunInstances:1010", "rhel"},
		{"Red Hat Enterprise Linux with SQL Server Standard and HA", "RunInstances:1014", "rhel"},
		{"Red Hat Enterprise Linux with SQL Server Enterprise and HA", "RunInstances:1110", "rhel"},
		{"Red Hat Enterprise Linux with SQL Server Standard", "RunInstances:0014", "rhel"},
		{"Red Hat Enterprise Linux with SQL Server Web", "RunInstances:0210", "rhel"},
		{"Red Hat Enterprise Linux with SQL Server Enterprise", "RunInstances:0110", "rhel"},
		{"SQL Server Enterprise", "RunInstances:0100", ""},
		{"SUSE Linux", "RunInstances:000g", ""}, // which of its systems is not said
		{"Ubuntu Pro", "RunInstances:0g00", "ubuntu"},
		{"Windows", "RunInstances:0002", "windows"},
		{"Windows BYOL", "RunInstances:0800", "windows"},
		{"Windows with SQL Server Enterprise", "RunInstances:0102", "windows"},
		{"Windows with SQL Server Standard", "RunInstances:0006", "windows"},
		{"Windows with SQL Server Web", "RunInstances:0202", "windows"},
		{"Red Hat of tomorrow", "RunInstances:9999", ""},
	} {
		for _, a := range []types.Image{
			{PlatformDetails: &test.details, UsageOperation: &test.operation}, {PlatformDetails: &test.details}, {UsageOperation: &test.operation},
		} {
			if img := (Converter{}).Image(&a); img.OSName != test.want || img.OSVersion != "" {
				t.Errorf("%q, %q: %q %q", aws.ToString(a.PlatformDetails), aws.ToString(a.UsageOperation), img.OSName, img.OSVersion)
			}
		}
	}
}

// TestTimeOfACopy: EC2 has that of the copy alone, and says so by the AMI's source.
func TestTimeOfACopy(t *testing.T) {
	at := aws.String("2026-06-01T00:00:00.000Z")
	for _, test := range []struct {
		image types.Image
		want  bool
	}{
		{types.Image{CreationDate: at}, false},
		{types.Image{CreationDate: at, SourceImageId: aws.String("ami-1")}, true},
		{types.Image{CreationDate: at, SourceImageId: aws.String("ami-1"), SourceInstanceId: aws.String("i-1")}, false},
	} {
		img := Converter{}.Image(&test.image)
		if copied := img.Provenance["createdAt"].Key == "CreationDate of a copy"; copied != test.want || img.CreatedAt.IsZero() {
			t.Errorf("%+v: %+v", test.image, img)
		}
	}
}

// TestUnknownState: nothing is said against the AMI, and it is not offered.
func TestUnknownState(t *testing.T) {
	img := Converter{}.Image(&types.Image{State: "quarantined"})
	if img.State != sdk.StateUnknown || !strings.Contains(img.Withheld, "quarantined") || img.StateReason != img.Withheld {
		t.Errorf("%v, %q, %q", img.State, img.StateReason, img.Withheld)
	}
	if img := (Converter{}).Image(&types.Image{}); img.State != sdk.StateUnknown || img.Withheld != "" || img.StateReason == "" {
		t.Errorf("%+v", img)
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
		told               bool
	}{
		{"Kubernetes Image Builder's", "", "", kib, "ubuntu", "24.04", false},
		{"an own name for the same", "ubuntu", "", kib, "ubuntu", "24.04", false},
		{"an own name for another", "rhel", "", kib, "rhel", "", true},
		{"a version alone", "rhel", "", kib[1:], "rhel", "24.04", false},
		{"of what is billed", "", "Red Hat Enterprise Linux", nil, "rhel", "", false},
		{"a version alone, of what is billed", "", "Red Hat Enterprise Linux", kib[1:], "rhel", "", true},
		{"a version alone, of nothing", "", "Linux/UNIX", kib[1:], "", "24.04", false},
		{"two versions in a text", "RHEL 8 or 9", "", nil, "", "", true},
	}
	for _, test := range tests {
		a := types.Image{PlatformDetails: aws.String(test.details), Tags: test.tags}
		if test.tag != "" {
			a.Tags = append(slices.Clone(a.Tags), types.Tag{Key: aws.String("os"), Value: aws.String(test.tag)})
		}
		img := Converter{TagKeys: settings.TagKeys{OSName: "os"}}.Image(&a)
		if img.OSName != test.want || img.OSVersion != test.wantVersion || (img.Contradictions != nil) != test.told {
			t.Errorf("%s: %q %q, told %q", test.name, img.OSName, img.OSVersion, img.Contradictions)
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
