package session

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// configured sets the AWS configuration of a test to text, and nothing else.
func configured(t *testing.T, text string) (file string) {
	t.Helper()
	dir := t.TempDir()
	file = filepath.Join(dir, "config")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range Environment() {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "credentials"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_REGION", "us-east-1")
	return file
}

// problem opens a session, asks for credentials and returns what is wrong.
func problem(t *testing.T) *sdk.Diagnostic {
	t.Helper()
	s, err := testOpen(context.Background(), settings.Config{AMI: &settings.AMI{}}, nil, nil)
	if err == nil {
		err = s.Authenticate(context.Background())
	}
	var d *sdk.Diagnostic
	if !errors.As(err, &d) {
		t.Fatalf("got %v", err)
	}
	return d
}

func text(d *sdk.Diagnostic) string { return d.Summary + "\n" + d.Detail + "\n" + d.NextStep }

func TestNoCredentials(t *testing.T) {
	file := configured(t, "[default]\nregion = us-east-1\n")
	d := problem(t)
	for _, want := range []string{"no AWS credentials", `"default"`, file, "credentials, which does not exist", "AWS_EC2_METADATA_DISABLED is set", "AWS_PROFILE"} {
		if !strings.Contains(text(d), want) {
			t.Errorf("no %q in %s", want, text(d))
		}
	}
}

func TestProfileThatDoesNotExistNamesTheFiles(t *testing.T) {
	file := configured(t, "[default]\n")
	t.Setenv("AWS_PROFILE", "nobody")
	d := problem(t)
	for _, want := range []string{`the AWS profile "nobody" does not exist`, "looked in " + file, "credentials, which does not exist"} {
		if !strings.Contains(text(d), want) {
			t.Errorf("no %q in %s", want, text(d))
		}
	}
}

func TestMFAIsNotAskedFor(t *testing.T) {
	configured(t, `[profile base]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = canary/secret+access/key
[profile admin]
role_arn = arn:aws:iam::111122223333:role/admin
source_profile = base
mfa_serial = arn:aws:iam::111122223333:mfa/me
`)
	t.Setenv("AWS_PROFILE", "admin")
	d := problem(t)
	for _, want := range []string{`"admin"`, "MFA token", "not asked for", "aws configure export-credentials --profile admin"} {
		if !strings.Contains(text(d), want) {
			t.Errorf("no %q in %s", want, text(d))
		}
	}
}

// silent is a network without a metadata service. It notes how long each request
// would have waited.
type silent struct {
	mu    sync.Mutex
	waits []time.Duration
}

func (s *silent) Do(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	deadline, ok := r.Context().Deadline()
	if !ok {
		deadline = time.Now().Add(time.Hour)
	}
	s.waits = append(s.waits, time.Until(deadline))
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
}

// TestSilentMetadataIsAskedOnce: for its token and without one, each within the
// limit, and never again.
func TestSilentMetadataIsAskedOnce(t *testing.T) {
	configured(t, "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "")
	network := &silent{}
	client := newMetadata(aws.Config{HTTPClient: network, Retryer: func() aws.Retryer { return retry.NewStandard() }})
	_, err := ec2rolecreds.New(func(o *ec2rolecreds.Options) { o.Client = client }).Retrieve(context.Background())
	var role *noRole
	if !errors.As(err, &role) || role.reason() != "no instance metadata service answers" {
		t.Errorf("got %v", err)
	}
	if len(network.waits) > 2 {
		t.Errorf("%d requests, want one for the token and one without", len(network.waits))
	}
	for _, wait := range network.waits {
		if wait > metadataPatience {
			t.Errorf("a request may take %s, want at most %s", wait, metadataPatience)
		}
	}
}

// Values that a credential program must not get into a message.
const (
	canaryKeyID  = "AKIACANARYCANARY0000"
	canarySecret = "canary/secret+access/key/of/40/characters"
	canaryToken  = "canarySessionToken1234"
)

func TestCredentialProcessSpeaks(t *testing.T) {
	answer := fmt.Sprintf(`{"Version":1,"AccessKeyId":%q,"SecretAccessKey":%q,"SessionToken":%q`, canaryKeyID, canarySecret, canaryToken)
	tests := []struct {
		name, script string
		want         []string
	}{
		{"exit status and stderr", `echo "your session has ended; run corp-login" >&2; exit 3`, []string{"exit status 3; it wrote a line to stderr, which is not shown", "(program)"}},
		{"not there", `exec corp-credential-helper-that-is-nowhere`, []string{"exit status 127"}},
		{"broken JSON", "printf '%s' '" + answer + "'", []string{"not what AWS expects"}},
		{"old version", "printf '%s' '" + strings.Replace(answer, `"Version":1`, `"Version":0`, 1) + "}'", []string{"not what AWS expects"}},
		{"nothing", ":", []string{"it printed nothing"}},
		{"secrets on both", "printf '%s' '" + answer + "'; printf 'got\\n%s\\nretry\\n%s' '" + answer + "' x >&2; exit 1", []string{"exit status 1; it wrote 4 lines to stderr, which are not shown"}},
		{"secrets on stderr alone", "echo 'key " + canaryKeyID + " SecretAccessKey=" + canarySecret + " token: " + canaryToken + " https://me:" + canaryToken + "@idp.example/?t=" + canaryToken +
			" Authorization: Bearer " + canaryToken + " no such role' >&2; exit 1", []string{"which is not shown"}},
	}
	for _, test := range tests {
		for _, profile := range []string{"direct", "role"} {
			t.Run(test.name+"/"+profile, func(t *testing.T) {
				script := filepath.Join(t.TempDir(), "program")
				if err := os.WriteFile(script, []byte("#!/bin/sh\n"+test.script+"\n"), 0o700); err != nil {
					t.Fatal(err)
				}
				configured(t, "[profile direct]\ncredential_process = "+script+"\n"+
					"[profile role]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = direct\n")
				t.Setenv("AWS_PROFILE", profile)
				d := problem(t)
				for _, want := range append(test.want, `credential_process of the AWS profile "direct"`) {
					if !strings.Contains(text(d), want) {
						t.Errorf("no %q in %s", want, text(d))
					}
				}
				for _, secret := range []string{canaryKeyID, canarySecret, canaryToken} {
					if strings.Contains(text(d), secret) {
						t.Errorf("%s is shown in %s", secret, text(d))
					}
				}
			})
		}
	}
}

func TestCredentialProcessWorks(t *testing.T) {
	configured(t, "[default]\ncredential_process = printf '%s' '{\"Version\":1,\"AccessKeyId\":\"AKIAX\",\"SecretAccessKey\":\"s\"}'\n")
	s, err := testOpen(context.Background(), settings.Config{AMI: &settings.AMI{}}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := s.config.Credentials.Retrieve(context.Background()); err != nil || c.AccessKeyID != "AKIAX" {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestRetriesAreTheUsers: variables and the keys of a profile set how calls are repeated.
func TestRetriesAreTheUsers(t *testing.T) {
	tests := []struct {
		name, profile, mode, attempts string
		want                          int
		standard                      bool
	}{
		{"nothing said", "", "", "", maxAttempts, false},
		{"variables", "", "standard", "2", 2, true},
		{"profile", "retry_mode = standard\nmax_attempts = 4\n", "", "", 4, true},
		{"variables before the profile", "retry_mode = standard\nmax_attempts = 4\n", "adaptive", "3", 3, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			configured(t, "[default]\n"+test.profile)
			t.Setenv("AWS_RETRY_MODE", test.mode)
			t.Setenv("AWS_MAX_ATTEMPTS", test.attempts)
			s, err := testOpen(context.Background(), settings.Config{AMI: &settings.AMI{}}, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			r, ok := s.EC2("us-east-1").Options().Retryer.(remembering)
			if !ok {
				t.Fatalf("%T", s.EC2("us-east-1").Options().Retryer)
			}
			if _, standard := r.RetryerV2.(*retry.Standard); standard != test.standard || r.MaxAttempts() != test.want {
				t.Errorf("standard %v with %d attempts, want %v with %d", standard, r.MaxAttempts(), test.standard, test.want)
			}
		})
	}
	t.Run("a mode of other SDKs", func(t *testing.T) {
		configured(t, "")
		t.Setenv("AWS_RETRY_MODE", "legacy")
		if d := problem(t); !strings.Contains(text(d), `AWS_RETRY_MODE is "legacy"`) || !strings.Contains(text(d), "standard or adaptive") {
			t.Error(text(d))
		}
	})
}
