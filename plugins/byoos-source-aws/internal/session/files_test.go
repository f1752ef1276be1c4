package session

import (
	"context"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
)

// TestProfileOfTheUserChangesNothing: a spec that names the user's own profile gets the
// same credentials as one that names none, and another profile of the user's is not its own.
func TestProfileOfTheUserChangesNothing(t *testing.T) {
	for _, profile := range []string{"", "a"} {
		configured(t, "[profile a]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = x\n")
		keyPair(t)
		environ(t, "AWS_PROFILE=a", "AWS_DEFAULT_PROFILE=b")
		s, err := testOpen(context.Background(), settings.Config{AMI: &settings.AMI{}, Profile: profile}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := s.config.Credentials.Retrieve(context.Background()); err != nil || c.AccessKeyID != canaryKeyID {
			t.Errorf("%q: %s, %v", profile, c.AccessKeyID, err)
		}
	}
	if d := told(t, settings.Config{Profile: "b"}); !strings.Contains(d.Summary, "which you have not permitted") {
		t.Error(text(d))
	}
}

func TestHalfAKeyPair(t *testing.T) {
	tests := []struct {
		config, variable, want string
	}{
		{"", "AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not"},
		{"", "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY is set, and AWS_ACCESS_KEY_ID is not"},
		{"[default]\naws_access_key_id = " + canaryKeyID + "\n", "", "half a key pair"},
		{"[default]\naws_secret_access_key = " + canarySecret + "\n", "", "half a key pair"},
	}
	for _, test := range tests {
		configured(t, test.config)
		if test.variable != "" {
			t.Setenv(test.variable, canarySecret)
		}
		if d := told(t, settings.Config{}); !strings.Contains(text(d), test.want) || strings.Contains(text(d), canarySecret) || strings.Contains(text(d), canaryKeyID) {
			t.Errorf("%s%s: %s", test.config, test.variable, text(d))
		}
	}
}

// TestFilesAreNotRepeated: what is wrong with a file of the configuration is told
// without what it holds.
func TestFilesAreNotRepeated(t *testing.T) {
	tests := []struct{ config, want string }{
		{"[default]\nretry_mode = " + canarySecret, "retry_mode"},
		{"[default]\nmax_attempts = " + canarySecret, "max_attempts"},
		{"[default]\ndefaults_mode = " + canarySecret, "defaults_mode"},
		{"[default]\nca_bundle = /nowhere/ca.pem", "/nowhere/ca.pem"},
		{"[default]\nrole_arn = " + roleA + "\ncredential_source = " + canarySecret, "credential_source"},
		{"[default]\nrole_arn = " + roleA + "\nsource_profile = nobody", `"nobody" does not exist`},
		{"[default]\nsso_start_url = https://" + canaryToken + "@x\nsso_region = us-east-1\n", "sso_account_id"},
		{canarySecret + "\n[default\naws_secret_access_key = " + canarySecret + "\n", ""},
	}
	for _, test := range tests {
		configured(t, test.config)
		d := told(t, settings.Config{})
		if d.Summary == "" || !strings.Contains(text(d), test.want) || strings.Contains(text(d), canarySecret) || strings.Contains(text(d), canaryToken) {
			t.Errorf("%s: %s", test.config, text(d))
		}
	}
}

// TestPartitionsChooseTheirSTS: where no region is set, a role says which partition.
func TestPartitionsChooseTheirSTS(t *testing.T) {
	for partition, region := range map[string]string{
		"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1", "aws-iso": "us-iso-east-1", "aws-iso-b": "us-isob-east-1",
		"aws-iso-e": "eu-isoe-west-1", "aws-iso-f": "us-isof-south-1", "aws-eusc": "eusc-de-east-1",
	} {
		role := "arn:" + partition + ":iam::111122223333:role/r"
		for name, c := range map[string]settings.Config{"spec": {RoleARN: role}, "profile": {}} {
			configured(t, "[profile r]\nrole_arn = "+role+"\ncredential_source = Ec2InstanceMetadata\n")
			t.Setenv("AWS_REGION", "")
			if name == "profile" {
				t.Setenv("AWS_PROFILE", "r")
			}
			c.AMI = &settings.AMI{}
			s, err := testOpen(context.Background(), c, nil, nil)
			if err != nil || s.AnyRegion != region || s.config.Region != region || settings.Partition(region) != partition {
				t.Errorf("%s of the %s: %s, %v", partition, name, s.AnyRegion, err)
			}
		}
	}
}
