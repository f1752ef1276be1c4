package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/subprocess"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// TestWrongAnswerOfTheMetadata: neither the name of a role nor the credentials of one.
func TestWrongAnswerOfTheMetadata(t *testing.T) {
	const list, role, whole = "/security-credentials/", "/security-credentials/r", `{"Code":"Success","AccessKeyId":"a","SecretAccessKey":"b","Token":"c"}`
	for _, test := range []struct{ path, text, want, next string }{
		{list, "", "", ""}, {list, "reader", "", ""}, {list, " reader \nother", "", ""}, {list, "a b", "what is not the name of a role", "NO_PROXY"}, {list, "\nreader", "what is not the name of a role", "NO_PROXY"},
		{list, strings.Repeat("a", 64), "", ""}, {list, strings.Repeat("a", 65), "what is not the name of a role", "NO_PROXY"},
		{role, whole, "", ""}, {role, strings.Replace(whole, "Success", "success", 1), "", ""}, {role, strings.Replace(whole, `"Code":"Success",`, "", 1), "", ""},
		{role, " ", "nothing in place of credentials", "NO_PROXY"}, {role, "x", "what is not JSON with AccessKeyId, SecretAccessKey, Token and Expiration", "NO_PROXY"},
		{role, strings.Replace(whole, "Success", "AssumeRoleUnauthorizedAccess", 1), "that EC2 may not assume the role of the instance (AssumeRoleUnauthorizedAccess)", "ec2.amazonaws.com"},
		{role, strings.Replace(whole, "Success", "Failed", 1), "an error in place of credentials", "ec2.amazonaws.com"},
		{role, strings.Replace(whole, `"a"`, `""`, 1), "JSON without AccessKeyId, SecretAccessKey or Token", "ec2.amazonaws.com"},
		{role, strings.Replace(whole, `"b"`, `""`, 1), "JSON without AccessKeyId, SecretAccessKey or Token", "ec2.amazonaws.com"},
		{role, strings.Replace(whole, `"c"`, `""`, 1), "JSON without AccessKeyId, SecretAccessKey or Token", "ec2.amazonaws.com"},
	} {
		got := wrongAnswer(test.path, []byte(test.text))
		if got == nil {
			got = &metadataError{}
		}
		if got.what != test.want || !strings.Contains(got.next, test.next) || (got.next == "") != (test.next == "") {
			t.Errorf("%s %q: %+v", test.path, test.text, got)
		}
	}
}

func TestWhyThereIsNoRole(t *testing.T) {
	answer := func(status int) error {
		return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: errors.New("x")}
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "")
	for want, err := range map[string]error{
		"the instance has none": answer(404), "the instance metadata service answers 500": answer(500), "no instance metadata service answers": errors.New("x"),
	} {
		if role := (&noRole{err}); role.Error() != want || !errors.Is(role, err) {
			t.Errorf("%v: %s", err, role.Error())
		}
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "TRUE")
	if got := (&noRole{answer(404)}).reason(); got != "AWS_EC2_METADATA_DISABLED is set" {
		t.Error(got)
	}
	if unanswered(&smithyhttp.RequestSendError{Err: errors.New("x")}) != aws.FalseTernary || unanswered(errors.New("x")) != aws.UnknownTernary {
		t.Error("what got no answer is asked again")
	}
}

// provider fails with an error, and says where it looked.
type provider struct {
	err  error
	from []aws.CredentialSource
}

func (p provider) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: canaryKeyID, SecretAccessKey: canarySecret, SessionToken: canaryToken}, p.err
}
func (p provider) ProviderSources() []aws.CredentialSource { return p.from }

// TestWhatIsToldOfALackOfCredentials by its cause, and by where they were to come from.
func TestWhatIsToldOfALackOfCredentials(t *testing.T) {
	file := configured(t, "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "")
	place := `the profile "p" (` + file + "; " + filepath.Join(filepath.Dir(file), "credentials") + ", which does not exist)"
	s := &Session{name: "p", secrets: &sdk.Secrets{}}
	failure := errors.New("canary")
	op := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("refused")}
	for _, test := range []struct {
		err  error
		from aws.CredentialSource
		want sdk.Diagnostic
	}{
		{&sdk.Diagnostic{Summary: "own"}, 0, sdk.Diagnostic{Summary: "own"}},
		{&noRole{failure}, 0, sdk.Diagnostic{Severity: sdk.Error, Summary: "no AWS credentials", Detail: "there are none in the AWS_ variables and in " + place + ", and no instance role: no instance metadata service answers", NextStep: login}},
		{&credentials.StaticCredentialsEmptyError{}, 0, sdk.Diagnostic{Severity: sdk.Error, Summary: "no AWS credentials",
			Detail: place + " takes them from the AWS_ variables (credential_source = Environment), and there are none", NextStep: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"}},
		{&containerError{host: "h", status: 200, what: "nothing"}, 0, sdk.Diagnostic{Severity: sdk.Error, Summary: "the server of container credentials gives none", Detail: "h answers nothing",
			NextStep: "check AWS_CONTAINER_CREDENTIALS_FULL_URI or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, and that the task or pod has a role"}},
		{&metadataError{"h", "nothing", "next"}, 0, sdk.Diagnostic{Severity: sdk.Error, Summary: "the instance metadata service gives no credentials", Detail: "h answers nothing", NextStep: "next"}},
		{failure, aws.CredentialSourceSSO, sdk.Diagnostic{Severity: sdk.Error, Summary: `no AWS credentials: the login of the profile "p" has ended, or was never done`, Detail: "the file of the login is not there, or out of date", NextStep: "aws sso login --profile p"}},
		{failure, aws.CredentialSourceSSOLegacy, sdk.Diagnostic{Severity: sdk.Error, Summary: `no AWS credentials: the login of the profile "p" has ended, or was never done`, Detail: "the file of the login is not there, or out of date", NextStep: "aws sso login --profile p"}},
		{failure, aws.CredentialSourceLogin, sdk.Diagnostic{Severity: sdk.Error, Summary: `no AWS credentials: the login of the profile "p" has ended, or was never done`, Detail: "the file of the login is not there, or out of date", NextStep: "aws sso login --profile p"}},
		{failure, aws.CredentialSourceHTTP, sdk.Diagnostic{Severity: sdk.Error, Summary: "the server of container credentials does not answer", NextStep: "check AWS_CONTAINER_CREDENTIALS_FULL_URI or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"}},
		{fmt.Errorf("x: %w", op), aws.CredentialSourceHTTP, sdk.Diagnostic{Severity: sdk.Error, Summary: "the server of container credentials does not answer", Detail: "dial tcp: refused", NextStep: "check AWS_CONTAINER_CREDENTIALS_FULL_URI or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"}},
	} {
		_, err := s.watch(provider{test.err, []aws.CredentialSource{aws.CredentialSourceProfile, test.from}}).Retrieve(t.Context())
		var told *sdk.Diagnostic
		if !errors.As(err, &told) || cmp.Diff(test.want, *told) != "" {
			t.Errorf("%T by %d: %v\n%s", test.err, test.from, err, cmp.Diff(&test.want, told))
		}
	}
	_, err := s.watch(provider{failure, nil}).Retrieve(t.Context())
	var other *trouble.CredentialsError
	if !errors.As(err, &other) || other.From != "they were to come from "+place || !errors.Is(err, failure) {
		t.Errorf("another cause: %v", err)
	}
	if got := s.Clean(canaryKeyID + " " + canarySecret + " " + canaryToken); strings.Contains(got, "canary") || strings.Contains(got, "AKIA") {
		t.Errorf("what is handed out is shown: %s", got)
	}
}

// TestRefusedLogins: by the action and the code, and what is neither goes on.
func TestRefusedLogins(t *testing.T) {
	configured(t, "")
	s := &Session{name: "p", profile: &config.SharedConfig{Profile: "top", Source: &config.SharedConfig{Profile: "base", LoginSession: "x"}}}
	for _, test := range []struct{ service, action, code, summary, next string }{
		{"SSO", "GetRoleCredentials", "ForbiddenException", `the login of the AWS profile "base" has no access to the role R`, "have the account and the permission set"},
		{"SSO", "GetRoleCredentials", "ResourceNotFoundException", `the login of the AWS profile "base" has no access to the role R`, "have the account and the permission set"},
		{"SSO", "GetRoleCredentials", "UnauthorizedException", `no AWS credentials: the login of the profile "base" has ended, or was never done`, "aws login --profile base"},
		{"SSO", "GetRoleCredentials", "InvalidGrantException", "", ""}, {"SSO OIDC", "CreateToken", "ForbiddenException", "", ""}, {"SSO OIDC", "CreateToken", "UnauthorizedException", "", ""},
		{"SSO OIDC", "CreateToken", "AccessDeniedException", "no AWS credentials", "aws login"}, {"SSO OIDC", "CreateToken", "ExpiredTokenException", "no AWS credentials", "aws login"},
		{"SSO OIDC", "CreateToken", "InvalidClientException", "no AWS credentials", "aws login"}, {"SSO OIDC", "CreateToken", "InvalidGrantException", "no AWS credentials", "aws login"},
		{"SSO OIDC", "CreateToken", "InvalidRequestException", "no AWS credentials", "aws login"}, {"SSO OIDC", "CreateToken", "UnauthorizedClientException", "no AWS credentials", "aws login"},
		{"STS", "AssumeRoleWithWebIdentity", "ExpiredTokenException", "AWS does not take the web identity token for the role R", "get a new token into t;"}, {"STS", "AssumeRoleWithWebIdentity", "InvalidIdentityToken", "AWS does not take the web", "get a new"},
		{"STS", "AssumeRoleWithWebIdentity", "IDPRejectedClaim", "AWS does not take the web", "get a new"}, {"STS", "AssumeRoleWithWebIdentity", "AccessDenied", "", ""}, {"STS", "AssumeRole", "ExpiredTokenException", "", ""},
	} {
		t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "t")
		err := s.watch(provider{err: &smithy.OperationError{ServiceID: test.service, OperationName: test.action, Err: &trouble.RoleError{Role: "R", Err: &smithy.GenericAPIError{Code: test.code}}}}).explain(
			&smithy.OperationError{ServiceID: test.service, OperationName: test.action, Err: &trouble.RoleError{Role: "R", Err: &smithy.GenericAPIError{Code: test.code}}})
		var told *sdk.Diagnostic
		if errors.As(err, &told) != (test.summary != "") || told != nil && (!strings.HasPrefix(told.Summary, test.summary) || !strings.HasPrefix(told.NextStep, test.next) || told.Detail != test.code || told.Severity != sdk.Error) {
			t.Errorf("%+v: %v", test, err)
		}
	}
	s.profile.Source.WebIdentityTokenFile = "of the profile"
	if got := s.tokenFile(); got != "of the profile" {
		t.Errorf("the token is in %s", got)
	}
}

// TestWhatTheSDKDoesNotTake of the configuration is told by what it is.
func TestWhatTheSDKDoesNotTake(t *testing.T) {
	t.Setenv("AWS_SET", "canary")
	t.Setenv("AWS_UNSET", "")
	for text, want := range map[string]string{
		"partial credentials found for profile x": "half a key pair", "only one credential type may be specified": "more than one of source_profile", "credential_source values must be": "is not one of EcsContainer",
		"EcsContainer was specified": "credential_source is EcsContainer", "is configured to use SSO but is missing": "it lacks one of sso_account_id", "failed to find SSO session section": "no section for its sso_session",
		"role ARN is not set": "AWS_ROLE_ARN or role_arn is missing", "custom CA bundle": "no certificates in PEM", "local HTTP cred provider": "is not the URL of a server on this machine",
		"invalid endpoint host": "is not the URL of a server on this machine", "failed to resolve host": "is not known", "invalid URL": "is not a URL",
		"failed to load max_attempts from shared config: canary": "the value of max_attempts is not one", "cannot parse AWS_SET: canary": "the value of AWS_SET is not one", "cannot parse AWS_UNSET": "the AWS SDK does not take what they say",
		"canary": "the AWS SDK does not take what they say",
	} {
		if got := unusable(errors.New(text)); !strings.Contains(got, want) || strings.Contains(got, "canary") {
			t.Errorf("%s: %s", text, got)
		}
	}
	if got := unusable(fmt.Errorf("x: %w", &fs.PathError{Op: "open", Path: "ca.pem", Err: fs.ErrNotExist})); got != "open ca.pem: file does not exist" {
		t.Error(got)
	}
	if got := unusable(config.SharedConfigLoadError{Filename: "f", Err: errors.New("canary")}); got != "a line is not as AWS has them in f" {
		t.Error(got)
	}
}

// TestProblemsOfAProgram: nothing of what it wrote, nor of its command line.
func TestProblemsOfAProgram(t *testing.T) {
	configured(t, "")
	p := program{profile: "p", command: "/opt/login --key canary", limit: time.Second}
	failed := exec.Command("sh", "-c", "exit 3").Run()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		ctx   context.Context
		err   error
		lines int
		want  string
	}{
		{t.Context(), nil, 0, "what it printed is not what AWS expects: JSON with Version 1, AccessKeyId and SecretAccessKey"}, {t.Context(), subprocess.ErrTooMuch, 0, "it printed more than 65536 bytes"},
		{over, failed, 0, "it did not end within 1s"}, {t.Context(), failed, 1, "exit status 3; it wrote a line to stderr, which is not shown"}, {t.Context(), errNothing, 2, "it printed nothing; it wrote 2 lines to stderr, which are not shown"},
		{t.Context(), errors.New("no sh"), 0, "it cannot be started: no sh"},
	} {
		d := p.problem(test.ctx, test.err, subprocess.Said{Lines: test.lines})
		if d.Detail != test.want || d.Severity != sdk.Error || d.Summary != `the credential_process of the AWS profile "p" (login) gives no credentials` || !strings.Contains(d.NextStep, files()) {
			t.Errorf("%v: %+v", test.err, d)
		}
	}
	for command, want := range map[string]string{
		"login": " (login)", "  /opt/login -x": " (login)", `"/opt/my login" -x`: "", `"/opt/login" -x`: " (login)", `  "login"`: " (login)", "A=b login": "", "$LOGIN": "", "": "",
	} {
		if got := (program{command: command}).name(); got != want {
			t.Errorf("%q: %q, want %q", command, got, want)
		}
	}
}

// TestCredentialsOfAProgram: all that AWS has in its answer.
func TestCredentialsOfAProgram(t *testing.T) {
	got, ok := credentialsIn([]byte(`{"Version":1,"AccessKeyId":"a","SecretAccessKey":"b","SessionToken":"c","AccountId":"d","Expiration":"2026-06-01T00:00:00Z"}`))
	want := aws.Credentials{Source: "ProcessProvider", AccessKeyID: "a", SecretAccessKey: "b", SessionToken: "c", AccountID: "d", CanExpire: true, Expires: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}
	if !ok || cmp.Diff(want, got) != "" {
		t.Errorf("%v\n%s", ok, cmp.Diff(want, got))
	}
	if got, ok := credentialsIn([]byte(`{"Version":1,"AccessKeyId":"a","SecretAccessKey":"b"}`)); !ok || got.CanExpire {
		t.Errorf("%v %+v", ok, got)
	}
	if got, ok := credentialsIn([]byte(`{"Version":1,"AccessKeyId":"a","SecretAccessKey":"b\"c"}`)); runtime.GOOS != "windows" && (!ok || got.SecretAccessKey != `b"c`) {
		t.Errorf("a quote: %v %+v", ok, got)
	}
	for _, text := range []string{"", "{", `{"Version":2,"AccessKeyId":"a","SecretAccessKey":"b"}`, `{"Version":1,"SecretAccessKey":"b"}`, `{"Version":1,"AccessKeyId":"a"}`} {
		if _, ok := credentialsIn([]byte(text)); ok {
			t.Errorf("%s are credentials", text)
		}
	}
}

// TestWhatAProgramMayHave: the names that are listed, and no value of several lines.
func TestWhatAProgramMayHave(t *testing.T) {
	environ := []string{"PATH=/bin", "AWS_CONFIG_FILE=c", "AWS_SHARED_CREDENTIALS_FILE=s", "AWS_REGION=r", "AWS_DEFAULT_REGION=d", "AWS_CA_BUNDLE=b", "AWS_SECRET_ACCESS_KEY=k", "A=a", "B=b\nC=c", "CORP_X=x"}
	got := programEnvironment(environ, []string{"A", "B", "CORP_*"})
	for _, want := range []string{"PATH=/bin", "AWS_CONFIG_FILE=c", "AWS_SHARED_CREDENTIALS_FILE=s", "AWS_REGION=r", "AWS_DEFAULT_REGION=d", "AWS_CA_BUNDLE=b", "A=a"} {
		if !strings.Contains("\n"+got+"\n", "\n"+want+"\n") {
			t.Errorf("no %s in %q", want, got)
		}
	}
	for _, no := range []string{"AWS_SECRET", "B=b", "CORP_X"} {
		if strings.Contains(got, no) {
			t.Errorf("%s in %q", no, got)
		}
	}
}

// TestWhereToCall what is not regional in meaning.
func TestWhereToCall(t *testing.T) {
	const arn = "arn:aws-cn:imagebuilder:cn-north-1:1:image/x"
	for want, c := range map[string]settings.Config{
		"us-east-1": {}, "eu-west-1": {Regions: settings.Regions{"eu-west-1"}, RoleARN: "arn:aws-cn:iam::1:role/r"}, "us-gov-west-1": {Regions: settings.Regions{"all-enabled"}, RoleARN: "arn:aws-us-gov:iam::1:role/r"},
		"cn-north-1": {ImageBuilder: &settings.ImageBuilder{Image: arn}}, "cn-northwest-1": {ImageBuilder: &settings.ImageBuilder{Image: arn}, Regions: settings.Regions{"cn-northwest-1"}},
		"eusc-de-east-1": {ImageBuilder: &settings.ImageBuilder{Image: "x"}, RoleARN: "arn:aws-eusc:iam::1:role/r"},
	} {
		if got := fallbackRegion(c); got != want {
			t.Errorf("%+v: %s, want %s", c, got, want)
		}
	}
	if partitionOf("") != "" || partitionOf("x") != "" {
		t.Error("a partition of nothing")
	}
	for text, want := range map[string]string{"p": "p", "": "env"} {
		t.Setenv("AWS_PROFILE", "env")
		if got := profileName(text); got != want {
			t.Errorf("profile %s", got)
		}
	}
	t.Setenv("AWS_PROFILE", "")
	t.Setenv("AWS_DEFAULT_PROFILE", "second")
	if got := profileName(""); got != "second" {
		t.Errorf("profile %s", got)
	}
	t.Setenv("AWS_DEFAULT_PROFILE", "")
	if got := profileName(""); got != "default" || os.Getenv("AWS_PROFILE") != "" {
		t.Errorf("profile %s", got)
	}
}
