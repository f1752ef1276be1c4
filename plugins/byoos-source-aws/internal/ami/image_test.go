package ami

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
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
