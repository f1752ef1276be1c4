package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/logging"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// TestWhatARoleIsAskedWith: the session's name, the external id and the time, by the spec
// and by a profile whose chain begins with a program.
func TestWhatARoleIsAskedWith(t *testing.T) {
	program := "[profile d]\ncredential_process = " + printing(`{"Version":1,"AccessKeyId":"AKIAX","SecretAccessKey":"s"}`) + "\n"
	for _, test := range []struct {
		profile string // keys of the profile that assumes the role; empty: the spec does
		config  settings.Config
		want    string
	}{
		{"", settings.Config{RoleARN: roleA}, "kubectl-byoos  900"},
		{"", settings.Config{RoleARN: roleA, SessionName: "ci", ExternalID: "external-id"}, "ci external-id 900"},
		{"role_session_name = ci\nexternal_id = external-id\nduration_seconds = 3600\n", settings.Config{}, "ci external-id 3600"},
		{"role_session_name = ci\nduration_seconds = 960\n", settings.Config{}, "ci  960"},
		{"role_session_name = ci\nduration_seconds = 60\n", settings.Config{}, "ci  900"},
		{"role_session_name = ci\n", settings.Config{}, "ci  900"},
	} {
		sts := serve(t, nil)
		configured(t, program+"[profile r]\nrole_arn = "+roleA+"\nsource_profile = d\n"+test.profile)
		environ(t, "AWS_PROFILE=r", "AWS_ENDPOINT_URL="+sts.URL)
		if test.profile == "" {
			keyPair(t)
			t.Setenv("AWS_PROFILE", "")
		}
		test.config.AMI = &settings.AMI{}
		secrets := &sdk.Secrets{}
		s, err := (&Shared{}).Open(t.Context(), test.config, nil, secrets, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Authenticate(t.Context()); err != nil {
			t.Fatal(err)
		}
		form := sts.forms[0]
		if got := form.Get("RoleSessionName") + " " + form.Get("ExternalId") + " " + form.Get("DurationSeconds"); got != test.want {
			t.Errorf("%s%+v: %q, want %q", test.profile, test.config, got, test.want)
		}
		if got := secrets.Clean("external-id " + canarySecret + " " + canaryToken); strings.Contains(test.want, "external-id") && strings.Contains(got, "external-id") || strings.Contains(got, "canary") {
			t.Errorf("shown: %s", got)
		}
	}
}

// TestSecretsOfTheEnvironment are known before anything is asked.
func TestSecretsOfTheEnvironment(t *testing.T) {
	for _, name := range []string{"AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"} {
		configured(t, "")
		keyPair(t)
		t.Setenv(name, "secret-of-the-variable")
		s, err := testOpen(t.Context(), settings.Config{AMI: &settings.AMI{}, RoleARN: roleA, ExternalID: "external-id"}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Clean("secret-of-the-variable external-id"); strings.Contains(got, "secret-of") || strings.Contains(got, "external") {
			t.Errorf("%s: %s", name, got)
		}
		t.Setenv(name, "")
	}
}

const ssoProfile = "[profile p]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = Reader\n[sso-session s]\nsso_region = us-east-1\nsso_start_url = https://x.awsapps.com/start\n"

// loginOf makes a login that is over and can be renewed.
func loginOf(t *testing.T, portal http.HandlerFunc) (home string) {
	t.Helper()
	server := httptest.NewServer(portal)
	t.Cleanup(server.Close)
	configured(t, ssoProfile)
	home = t.TempDir()
	cache := filepath.Join(home, ".aws", "sso", "cache")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		t.Fatal(err)
	}
	const login = `{"accessToken":"canaryAccessToken","expiresAt":"2001-01-01T00:00:00Z","clientId":"c","clientSecret":"canaryClient","refreshToken":"canaryRefresh","registrationExpiresAt":"2100-01-01T00:00:00Z"}`
	if err := os.WriteFile(filepath.Join(cache, "a0f1490a20d0211c997b44bc357e1972deab8ae3.json"), []byte(login), 0o600); err != nil {
		t.Fatal(err)
	}
	environ(t, "HOME="+home, "USERPROFILE="+home, "AWS_PROFILE=p", "AWS_ENDPOINT_URL_SSO="+server.URL, "AWS_ENDPOINT_URL_SSO_OIDC="+server.URL, "AWS_MAX_ATTEMPTS=1")
	return home
}

// TestARenewedLogin: what is sent and answered for it is never shown.
func TestARenewedLogin(t *testing.T) {
	loginOf(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/token" {
			fmt.Fprint(w, `{"accessToken":"newAccessToken","expiresIn":3600,"refreshToken":"newRefreshToken","idToken":"newIdToken","tokenType":"Bearer"}`)
			return
		}
		fmt.Fprintf(w, `{"roleCredentials":{"accessKeyId":"AKIAROLE","secretAccessKey":%q,"sessionToken":%q,"expiration":4102444800000}}`, canarySecret, canaryToken)
	})
	s, err := testOpen(t.Context(), settings.Config{AMI: &settings.AMI{}}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Authenticate(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := s.Clean("canaryClient canaryRefresh newAccessToken newRefreshToken newIdToken " + canarySecret + " " + canaryToken)
	if strings.Contains(got, "canary") || strings.Contains(got, "new") {
		t.Errorf("shown: %s", got)
	}
}

// TestAPageInPlaceOfALogin is told as that, whichever service is asked.
func TestAPageInPlaceOfALogin(t *testing.T) {
	for _, path := range []string{"/token", "/federation/credentials"} {
		loginOf(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == path {
				fmt.Fprint(w, "<html>log in</html>")
				return
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"accessToken":"newAccessToken","expiresIn":3600}`)
		})
		if d := told(t, settings.Config{}); !strings.Contains(d.Summary, "somebody else answers in its place") || d.Detail != "the answer is a web page" {
			t.Errorf("%s: %s", path, text(d))
		}
	}
}

// TestContainerCredentials: a good answer goes on whole, and its secrets are known.
func TestContainerCredentials(t *testing.T) {
	const good = `{"AccessKeyId":"AKIAROLE0","SecretAccessKey":"secret-b","Token":"secret-c"}`
	broken := errors.New("broken")
	for _, test := range []struct {
		status     int
		body       io.Reader
		want, next string
	}{
		{200, strings.NewReader(good), "", ""}, {401, strings.NewReader(good), "h:1 answers 401 Unauthorized", "check AWS_CONTAINER_AUTHORIZATION_TOKEN or"}, {403, strings.NewReader(good), "h:1 answers 403 Forbidden", "check AWS_CONTAINER_AUTHORIZATION_TOKEN or"},
		{404, strings.NewReader(good), "h:1 answers 404 Not Found", "check AWS_CONTAINER_CREDENTIALS_FULL_URI"}, {200, strings.NewReader(`{"SecretAccessKey":"secret-b","Token":"secret-c"}`), "h:1 answers without AccessKeyId or SecretAccessKey", "check AWS_CONTAINER_CREDENTIALS"},
		{200, strings.NewReader(`{"AccessKeyId":"AKIAROLE0","Token":"secret-c"}`), "h:1 answers without AccessKeyId or SecretAccessKey", "check AWS_CONTAINER_CREDENTIALS"}, {200, readerOf(broken), "broken", ""},
	} {
		s, closed := &Session{secrets: &sdk.Secrets{}}, false
		c := container{doer(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: test.status, Body: closing{test.body, &closed}}, nil
		}), s}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://h:1/x?token=secret", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "secret-a")
		response, err := c.Do(r) //nolint:bodyclose // closing tells
		var wrong *containerError
		switch {
		case test.want == "":
			if body, readErr := io.ReadAll(response.Body); err != nil || readErr != nil || string(body) != good {
				t.Errorf("%v, %v: %s", err, readErr, body)
			}
			if got := s.Clean("AKIAROLE0 secret-a secret-b secret-c"); strings.Contains(got, "secret-") || strings.Contains(got, "AKIA") {
				t.Errorf("shown: %s", got)
			}
		case err == nil || err.Error() != test.want || errors.As(err, &wrong) && !strings.HasPrefix(wrong.diagnostic().NextStep, test.next):
			t.Errorf("%d: %v", test.status, err)
		}
		if !closed {
			t.Errorf("%d: left open", test.status)
		}
	}
	for status, want := range map[int]bool{200: false, 404: false, 429: true, 499: false, 500: true, 503: true} {
		if got := (&containerError{status: status}).RetryableError(); got != want {
			t.Errorf("%d is asked again: %v", status, got)
		}
	}
}

// TestAccountIsAskedOnce, also where it fails, but not where the one who asked has ended.
func TestAccountIsAskedOnce(t *testing.T) {
	for _, code := range []string{"", "AccessDenied"} {
		sts := serve(t, map[string]string{"GetCallerIdentity": code})
		configured(t, "")
		keyPair(t)
		environ(t, "AWS_ENDPOINT_URL="+sts.URL, "AWS_MAX_ATTEMPTS=1")
		s, err := testOpen(t.Context(), settings.Config{AMI: &settings.AMI{}}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		ended, end := context.WithCancel(t.Context())
		end()
		if _, err := s.Account(ended); err == nil {
			t.Error("asked when all was over")
		}
		for range 3 {
			account, err := s.Account(t.Context())
			if (err == nil) != (code == "") || code == "" && account != "111122223333" || code != "" && account != "" {
				t.Errorf("%q: %s, %v", code, account, err)
			}
		}
		if !slices.Equal(sts.asked, []string{"GetCallerIdentity"}) {
			t.Errorf("%q: asked for %q", code, sts.asked)
		}
	}
}

// TestClientsOfARegion share what AWS counts together, and nothing else.
func TestClientsOfARegion(t *testing.T) {
	configured(t, "")
	keyPair(t)
	shared := &Shared{}
	open := func(of *Shared, c settings.Config) *Session {
		s, err := of.Open(t.Context(), c, nil, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	a, b, role := open(shared, settingsOfAMI()), open(shared, settingsOfAMI()), open(shared, settings.Config{AMI: &settings.AMI{}, RoleARN: roleA})
	if got := a.EC2("eu-west-1").Options().Region + a.ImageBuilder("eu-west-2").Options().Region + a.SSM("eu-west-3").Options().Region; got != "eu-west-1eu-west-2eu-west-3" {
		t.Errorf("regions %s", got)
	}
	all := []aws.RetryerV2{}
	of := func(r aws.Retryer) aws.RetryerV2 {
		one, ok := r.(remembering)
		if !ok {
			t.Fatalf("%T", r)
		}
		return one.RetryerV2
	}
	for _, s := range []*Session{a, role} {
		for _, region := range []string{"eu-west-1", "eu-west-2"} {
			all = append(all, of(s.EC2(region).Options().Retryer), of(s.ImageBuilder(region).Options().Retryer), of(s.SSM(region).Options().Retryer))
		}
	}
	for i, r := range all {
		if slices.Index(all, r) != i {
			t.Errorf("the retryer %d is the same as %d", i, slices.Index(all, r))
		}
	}
	if of(b.EC2("eu-west-1").Options().Retryer) != all[0] {
		t.Error("two sources of one process do not slow down together")
	}
	if alone := open(nil, settingsOfAMI()); of(alone.EC2("eu-west-1").Options().Retryer) == of(alone.EC2("eu-west-1").Options().Retryer) {
		t.Error("a session that shares nothing has one for all")
	}
}

// TestSmallThings of a session: its log, its transport, and what it does not open with.
func TestSmallThings(t *testing.T) {
	var out bytes.Buffer
	s := &Session{}
	s.logger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))).Logf(logging.Warn, "a %s", "b")
	s.logger(nil).Logf(logging.Warn, "a")
	if !strings.Contains(out.String(), `level=DEBUG msg="aws sdk: a b"`) {
		t.Error(out.String())
	}
	if got := httpClient(10 * time.Second).GetTransport(); got.ResponseHeaderTimeout != 5*time.Second || got.MaxIdleConnsPerHost != 16 {
		t.Errorf("%s, %d", got.ResponseHeaderTimeout, got.MaxIdleConnsPerHost)
	}
	configured(t, "")
	for path, c := range map[string]settings.Config{"callTimeout": {CallTimeout: "x"}} {
		var d *sdk.Diagnostic
		if _, err := testOpen(t.Context(), c, nil, nil); !errors.As(err, &d) || d.ConfigPath != path {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := testOpen(t.Context(), settings.Config{}, map[string]any{"x": 1}, nil); err == nil || !strings.Contains(err.Error(), "plugins.aws.x") {
		t.Errorf("a setting that is none: %v", err)
	}
}

// TestNamesOfMissingProfiles: the one that is asked for, or one that it names.
func TestNamesOfMissingProfiles(t *testing.T) {
	configured(t, "[profile a]\nrole_arn = "+roleA+"\nsource_profile = nobody\n")
	for profile, want := range map[string]string{"nobody": "check AWS_PROFILE, AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE", "a": `correct source_profile of the profile "a" or of those that it names`} {
		t.Setenv("AWS_PROFILE", profile)
		if d := told(t, settings.Config{}); d.Summary != `the AWS profile "nobody" does not exist` || d.NextStep != want {
			t.Errorf("%s: %s", profile, text(d))
		}
	}
	t.Setenv("AWS_PROFILE", "")
	t.Setenv("AWS_MAX_ATTEMPTS", "many")
	t.Setenv("AWS_RETRY_MODE", "standard")
	if d := told(t, settings.Config{}); d.NextStep != "check these files and the AWS_ variables" || !strings.Contains(d.Summary, `cannot load the AWS profile "default"`) {
		t.Error(text(d))
	}
}

// TestRolesOfOtherPartitions: where the AWS configuration names no region, its role tells
// the partition, but for a role of the spec, and not where that is of the same.
func TestRolesOfOtherPartitions(t *testing.T) {
	const china = "arn:aws-cn:iam::111122223333:role/r"
	for _, test := range []struct{ profile, variable, spec, region, want string }{
		{china, "", "", "", "cn-north-1"}, {"", china, "", "", "cn-north-1"}, {roleA, china, "", "", "us-east-1"}, {china, "", roleA, "", "us-east-1"}, {"", "", "", "", "us-east-1"},
		{china, "", "", "cn-northwest-1", "cn-northwest-1"}, {roleA, "", "", "eu-west-1", "eu-west-1"},
	} {
		configured(t, "[default]\n")
		if test.profile != "" {
			configured(t, "[default]\nrole_arn = "+test.profile+"\ncredential_source = Ec2InstanceMetadata\n")
		}
		environ(t, "AWS_REGION=", "AWS_ROLE_ARN="+test.variable)
		c := settings.Config{AMI: &settings.AMI{}, RoleARN: test.spec}
		if test.region != "" {
			c.Regions = settings.Regions{test.region}
		}
		s, err := testOpen(t.Context(), c, nil, nil)
		if err != nil || s.AnyRegion != test.want || s.Region != "" {
			t.Errorf("%+v: %s, %v", test, s.AnyRegion, err)
		}
	}
	t.Setenv("AWS_REGION", "eu-west-3")
	if s, err := testOpen(t.Context(), settings.Config{AMI: &settings.AMI{}, Regions: settings.Regions{"eu-west-1"}}, nil, nil); err != nil || s.AnyRegion != "eu-west-3" {
		t.Errorf("%v", err)
	}
}

// TestTokenFiles that cannot be read are told by their variable.
func TestTokenFiles(t *testing.T) {
	configured(t, "")
	nowhere := filepath.Join(t.TempDir(), "token")
	environ(t, "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/", "AWS_MAX_ATTEMPTS=1", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="+nowhere)
	if d := told(t, settings.Config{}); d.Summary != "the token for the server of container credentials cannot be read" || !strings.Contains(d.Detail, nowhere) || d.NextStep != "correct AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" {
		t.Error(text(d))
	}
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", nowhere)
	var d *sdk.Diagnostic
	if err := (&Session{}).noToken(errors.New("x")); !errors.As(err, &d) || !strings.Contains(d.Detail, nowhere) {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(nowhere, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("x")
	var other *trouble.CredentialsError
	if err := (&Session{}).noToken(cause); !errors.As(err, &other) || other.From != "they were to come from the web identity token in "+nowhere || !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
}
