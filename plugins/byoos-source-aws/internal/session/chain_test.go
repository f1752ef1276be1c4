package session

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// service answers as STS and the services of a login do, and notes what it is asked for.
type service struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
	forms []url.Values
	// denied is what is refused, as it is noted, by code.
	denied map[string]string
	// says is the text of refusals.
	says string
}

func serve(t *testing.T, denied map[string]string) *service {
	t.Helper()
	s := &service{denied: denied, says: "no"}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP notes an action of STS with its role, and another's path.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	action := r.PostFormValue("Action")
	what := strings.TrimSpace(action + " " + r.PostFormValue("RoleArn"))
	if action == "" {
		what = r.URL.Path
	}
	s.mu.Lock()
	s.asked, s.forms = append(s.asked, what), append(s.forms, r.PostForm)
	s.mu.Unlock()
	switch code := s.denied[what]; {
	case code != "" && action == "":
		w.Header().Set("X-Amzn-Errortype", code)
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"message":%q}`, s.says)
	case code != "":
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", code, s.says)
	case action == "GetCallerIdentity":
		fmt.Fprint(w, "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>")
	default:
		fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult><Credentials><AccessKeyId>AKIAROLE</AccessKeyId><SecretAccessKey>%[2]s</SecretAccessKey><SessionToken>%[3]s</SessionToken>"+
			"<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></%[1]sResult></%[1]sResponse>", action, canarySecret, canaryToken)
	}
}

const (
	roleA = "arn:aws:iam::111122223333:role/a"
	roleB = "arn:aws:iam::444455556666:role/b"
	// profiles are those of a chain: b by a by keys.
	profiles = "[profile keys]\naws_access_key_id = " + canaryKeyID + "\naws_secret_access_key = " + canarySecret + "\n" +
		"[profile a]\nrole_arn = " + roleA + "\nsource_profile = keys\n" +
		"[profile b]\nrole_arn = " + roleB + "\nsource_profile = a\n"
)

// environ sets variables of a test, as NAME=VALUE.
func environ(t *testing.T, variables ...string) {
	t.Helper()
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
}

func keyPair(t *testing.T) {
	t.Helper()
	environ(t, "AWS_ACCESS_KEY_ID="+canaryKeyID, "AWS_SECRET_ACCESS_KEY="+canarySecret)
}

// told authenticates, and returns what is said of a failure.
func told(t *testing.T, c settings.Config) *sdk.Diagnostic {
	t.Helper()
	c.AMI = &settings.AMI{}
	s, err := testOpen(context.Background(), c, nil, nil)
	if err == nil {
		if err = s.Authenticate(context.Background()); err == nil {
			_, err = s.Account(context.Background())
		}
	}
	if err == nil {
		return &sdk.Diagnostic{}
	}
	return trouble.Diagnose(err, trouble.Case{})
}

// TestEndpointReachesEveryChain: AWS_ENDPOINT_URL is also that of STS in the chains
// that the SDK makes, and before a variable of its own.
func TestEndpointReachesEveryChain(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("a.canarypayload.canarysignature"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name      string
		variables []string
		config    settings.Config
		want      []string
	}{
		{"a role of a profile", []string{"AWS_PROFILE=b", "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY="}, settings.Config{}, []string{"AssumeRole " + roleA, "AssumeRole " + roleB}},
		{"a role of the spec", nil, settings.Config{RoleARN: roleA}, []string{"AssumeRole " + roleA}},
		{"web identity", []string{"AWS_WEB_IDENTITY_TOKEN_FILE=" + token, "AWS_ROLE_ARN=" + roleA, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY="}, settings.Config{}, []string{"AssumeRoleWithWebIdentity " + roleA}},
		{"a role by a program", []string{"AWS_PROFILE=c", "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY="}, settings.Config{}, []string{"AssumeRole " + roleA}},
	}
	for _, test := range tests {
		for _, variable := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"} {
			t.Run(test.name+"/"+variable, func(t *testing.T) {
				sts := serve(t, nil)
				configured(t, profiles+"[profile c]\nrole_arn = "+roleA+"\nsource_profile = d\n[profile d]\ncredential_process = "+printing(`{"Version":1,"AccessKeyId":"AKIAX","SecretAccessKey":"s"}`)+"\n")
				keyPair(t)
				if variable == "AWS_ENDPOINT_URL_STS" {
					t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
				}
				environ(t, append(test.variables, variable+"="+sts.URL)...)
				if d := told(t, test.config); d.Summary != "" {
					t.Fatal(text(d))
				}
				if want := append(test.want, "GetCallerIdentity"); !slices.Equal(sts.asked, want) {
					t.Errorf("asked for %q, want %q", sts.asked, want)
				}
			})
		}
	}
}

func printing(text string) string { return "printf '%s' '" + text + "'" }

// TestChainNamesTheRole that was denied, whichever it is.
func TestChainNamesTheRole(t *testing.T) {
	const spec = "arn:aws:iam::777788889999:role/spec"
	for _, role := range []string{roleA, roleB, spec} {
		sts := serve(t, map[string]string{"AssumeRole " + role: "AccessDenied"})
		configured(t, profiles)
		environ(t, "AWS_PROFILE=b", "AWS_ENDPOINT_URL="+sts.URL)
		d := told(t, settings.Config{RoleARN: spec})
		if d.Summary != "not permitted to assume the role "+role || !strings.Contains(d.NextStep, role) {
			t.Errorf("%s: %s", role, text(d))
		}
	}
}

func TestWebIdentity(t *testing.T) {
	const payload = "canarypayloadofthetoken"
	tests := []struct{ name, code, summary, next string }{
		{"denied", "AccessDenied", "not permitted to assume the role " + roleA + " with the web identity token", "sts:AssumeRoleWithWebIdentity"},
		{"expired", "ExpiredTokenException", "AWS does not take the web identity token for the role " + roleA, "get a new token into "},
		{"of a stranger", "InvalidIdentityToken", "AWS does not take the web identity token", "OIDC provider"},
		{"no file", "", "the file of the web identity token cannot be read", "AWS_WEB_IDENTITY_TOKEN_FILE"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sts := serve(t, map[string]string{"AssumeRoleWithWebIdentity " + roleA: test.code})
			sts.says = "the token header." + payload[:12] + "... is bad"
			configured(t, "")
			token := filepath.Join(t.TempDir(), "token")
			if test.name != "no file" {
				if err := os.WriteFile(token, []byte("header."+payload+".signature"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			environ(t, "AWS_WEB_IDENTITY_TOKEN_FILE="+token, "AWS_ROLE_ARN="+roleA, "AWS_ENDPOINT_URL="+sts.URL, "AWS_MAX_ATTEMPTS=1")
			d := told(t, settings.Config{})
			if !strings.Contains(d.Summary, test.summary) || !strings.Contains(d.NextStep, test.next) || strings.Contains(text(d), payload[:12]) {
				t.Error(text(d))
			}
		})
	}
}

// TestAnswerWithoutCredentials: a proxy that answers {} to what a login asks is told,
// and the login is kept.
func TestAnswerWithoutCredentials(t *testing.T) {
	const profile = "[profile p]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = Reader\n[sso-session s]\nsso_region = us-east-1\nsso_start_url = https://x.awsapps.com/start\n"
	portal := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{}"))
	}))
	t.Cleanup(portal.Close)
	for name, login := range map[string]string{
		"valid":   `{"accessToken":"canaryAccessToken","expiresAt":"2100-01-01T00:00:00Z"}`,
		"renewed": `{"accessToken":"canaryAccessToken","expiresAt":"2001-01-01T00:00:00Z","clientId":"c","clientSecret":"canaryClient","refreshToken":"canaryRefresh"}`,
	} {
		t.Run(name, func(t *testing.T) {
			configured(t, profile)
			home := t.TempDir()
			file := filepath.Join(home, ".aws", "sso", "cache", "a0f1490a20d0211c997b44bc357e1972deab8ae3.json")
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(login), 0o600); err != nil {
				t.Fatal(err)
			}
			environ(t, "HOME="+home, "USERPROFILE="+home, "AWS_PROFILE=p", "AWS_ENDPOINT_URL_SSO="+portal.URL, "AWS_ENDPOINT_URL_SSO_OIDC="+portal.URL, "AWS_MAX_ATTEMPTS=1")
			d := told(t, settings.Config{})
			if !strings.Contains(text(d), "no credentials") && !strings.Contains(text(d), "aws sso login") || strings.Contains(text(d), "canary") {
				t.Error(text(d))
			}
			if got, err := os.ReadFile(file); err != nil || string(got) != login {
				t.Errorf("the login is now %s (%v)", got, err)
			}
		})
	}
}

// TestLogin: what is wrong with a login is told by what IAM Identity Center says, and
// by its file, and a service that has SSO in a text is not taken for one.
func TestLogin(t *testing.T) {
	const (
		profile = "[profile p]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = Reader\n[sso-session s]\nsso_region = us-east-1\nsso_start_url = https://x.awsapps.com/start\n"
		cached  = `{"accessToken":"canaryAccessToken","expiresAt":"2100-01-01T00:00:00Z"}`
		ended   = `the login of the profile "p" has ended, or was never done`
		path    = "/federation/credentials"
	)
	tests := []struct{ name, file, code, summary, next string }{
		{"no assignment", cached, "ForbiddenException", `the login of the AWS profile "p" has no access to the role Reader of account 111122223333`, "IAM Identity Center"},
		{"no role", cached, "ResourceNotFoundException", "has no access to the role Reader of account 111122223333", "sso_role_name"},
		{"not taken", cached, "UnauthorizedException", ended, "aws sso login --profile p"},
		{"no file", "", "", ended, "aws sso login --profile p"},
		{"a broken file", `{"accessToken":"canaryAccessToken`, "", ended, "aws sso login --profile p"},
		{"a file without its time", `{"accessToken":"canaryAccessToken","expiresAt":"canaryTime"}`, "", ended, "aws sso login --profile p"},
		{"out of date", strings.Replace(cached, "2100", "2001", 1), "", ended, "aws sso login --profile p"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sso := serve(t, map[string]string{path: test.code})
			sso.says = "canaryAccessTok... No access"
			configured(t, profile)
			home := t.TempDir()
			cache := filepath.Join(home, ".aws", "sso", "cache")
			if err := os.MkdirAll(cache, 0o700); err != nil {
				t.Fatal(err)
			}
			if test.file != "" { // by the SHA-1 of the session's name
				if err := os.WriteFile(filepath.Join(cache, "a0f1490a20d0211c997b44bc357e1972deab8ae3.json"), []byte(test.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			environ(t, "HOME="+home, "USERPROFILE="+home, "AWS_PROFILE=p", "AWS_ENDPOINT_URL_SSO="+sso.URL, "AWS_MAX_ATTEMPTS=1")
			d := told(t, settings.Config{})
			if !strings.Contains(d.Summary, test.summary) || !strings.Contains(d.NextStep, test.next) || strings.Contains(text(d), "canary") {
				t.Error(text(d))
			}
		})
	}
	t.Run("a text", func(t *testing.T) {
		sts := serve(t, map[string]string{"GetCallerIdentity": "InternalFailure"})
		sts.says = "user AWSReservedSSO_Admin: SSO"
		configured(t, "")
		keyPair(t)
		environ(t, "AWS_ENDPOINT_URL="+sts.URL, "AWS_MAX_ATTEMPTS=1")
		if d := told(t, settings.Config{}); d.Summary != "sts:GetCallerIdentity failed" {
			t.Error(text(d))
		}
	})
}

// TestContainerServer: nothing of what it answers is told.
func TestContainerServer(t *testing.T) {
	const canary = "canaryOfTheServer"
	tests := []struct {
		status     int
		body, want string
	}{
		{403, `{"code":"` + canary + `","message":"` + canary + `"}`, "answers 403 Forbidden"},
		{404, canary, "answers 404 Not Found"},
		{400, "<html>" + canary, "answers 400 Bad Request"},
		{500, canary, "answers 500 Internal Server Error"},
		{200, canary, "what is not JSON"},
		{200, `{"AccessKeyId":"` + canary + `","SecretAccessKey":"` + canary, "what is not JSON"},
		{200, `{"AccessKeyId":"` + canary + `","SecretAccessKey":"` + canary + `","Expiration":"` + canary + `"}`, "what is not JSON"},
		{200, `{"AccessKeyId":"` + canary + `"}`, "without AccessKeyId or SecretAccessKey"},
		{200, "", "answers nothing"},
	}
	for _, test := range tests {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(test.status)
			fmt.Fprint(w, test.body)
		}))
		configured(t, "")
		environ(t, "AWS_CONTAINER_CREDENTIALS_FULL_URI="+server.URL+"/?token="+canary, "AWS_CONTAINER_AUTHORIZATION_TOKEN="+canary, "AWS_MAX_ATTEMPTS=1")
		d := told(t, settings.Config{})
		if d.Summary != "the server of container credentials gives none" || !strings.Contains(d.Detail, test.want) || strings.Contains(text(d), "canary") {
			t.Errorf("%d %s: %s", test.status, test.body, text(d))
		}
		server.Close()
	}
}

// TestTokenForTheServer: what the SDK does not send is told by its place, and not as if the
// server were silent.
func TestTokenForTheServer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("canaryToken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for variable, value := range map[string]string{
		"AWS_CONTAINER_AUTHORIZATION_TOKEN": "canaryToken\r\nX-Header: 1", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file,
	} {
		configured(t, "")
		environ(t, "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/", "AWS_MAX_ATTEMPTS=1", variable+"="+value)
		d := told(t, settings.Config{})
		if d.Summary != "the token for the server of container credentials has a line break" || !strings.Contains(d.NextStep, variable+" ") || strings.Contains(text(d), "canary") {
			t.Errorf("%s: %s", variable, text(d))
		}
	}
}

// TestMetadataThatHasNoCredentials: what the instance metadata service answers is told by its
// place and kind, and nothing of it is repeated.
func TestMetadataThatHasNoCredentials(t *testing.T) {
	const whole = `{"Code":"Success","AccessKeyId":"AKIAcanary","SecretAccessKey":"canary","Token":"canary","Expiration":"2100-01-01T00:00:00Z"}`
	tests := []struct{ name, list, document, detail, next string }{
		{"no JSON", "reader", "<html>canary</html>", "what is not JSON", "NO_PROXY"},
		{"half of it", "reader", whole[:60], "what is not JSON", "NO_PROXY"},
		{"a time that is none", "reader", strings.Replace(whole, "2100-01-01T00:00:00Z", "canary", 1), "what is not JSON", "NO_PROXY"},
		{"nothing", "reader", "", "answers nothing", "NO_PROXY"},
		{"no keys", "reader", `{"Code":"Success","Token":"canary"}`, "without AccessKeyId, SecretAccessKey or Token", "role"},
		{"no token", "reader", strings.Replace(whole, `"Token":"canary",`, "", 1), "without AccessKeyId, SecretAccessKey or Token", "role"},
		{"an empty object", "reader", "{}", "without AccessKeyId, SecretAccessKey or Token", "role"},
		{"a refusal", "reader", `{"Code":"AssumeRoleUnauthorizedAccess","Message":"canary"}`, "AssumeRoleUnauthorizedAccess", "ec2.amazonaws.com"},
		{"another refusal", "reader", `{"Code":"canary","Message":"canary"}`, "an error in place of credentials", "role"},
		{"a page for the name", "<html>canary</html>", whole, "what is not the name of a role", "NO_PROXY"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method == http.MethodPut:
					w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
					fmt.Fprint(w, "token")
				case strings.HasSuffix(r.URL.Path, "/security-credentials/"):
					fmt.Fprint(w, test.list)
				default:
					fmt.Fprint(w, test.document)
				}
			}))
			t.Cleanup(server.Close)
			configured(t, "")
			environ(t, "AWS_EC2_METADATA_DISABLED=", "AWS_EC2_METADATA_SERVICE_ENDPOINT="+server.URL, "AWS_MAX_ATTEMPTS=1")
			d := told(t, settings.Config{})
			if d.Summary != "the instance metadata service gives no credentials" || !strings.Contains(d.Detail, test.detail) ||
				!strings.Contains(d.Detail, strings.TrimPrefix(server.URL, "http://")) || !strings.Contains(d.NextStep, test.next) || strings.Contains(text(d), "canary") {
				t.Error(text(d))
			}
		})
	}
}
