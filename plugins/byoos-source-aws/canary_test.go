package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/session"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/sdktest"
	"github.com/kubectl-byoos/kubectl-byoos/test/canary"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

// TestCanaries: nothing secret of what the user's programs, files and token servers
// gave, and nothing that gives access in the words of AWS, is shown.
func TestCanaries(t *testing.T) {
	w := &world{home: t.TempDir()}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.answer(rw, r) }))
	t.Cleanup(server.Close)
	w.url = server.URL
	canary.Run(t, 2000, slices.Concat(w.programs(), w.files(), w.tokens(), w.services())...)
}

// programs are secrets of the environment and of programs.
func (w *world) programs() []canary.Place {
	return []canary.Place{
		{Name: "secret key of the environment in an error", Try: func(t *testing.T, a *canary.Answer) string {
			secret := a.Key()
			w.reset(t, map[string]string{"AWS_SECRET_ACCESS_KEY": secret})
			w.refuse(a, a.Words(a.Form(secret)))
			return w.ask(t, a)
		}},
		{Name: "session token of the environment in an error", Try: func(t *testing.T, a *canary.Answer) string {
			secret := a.Key()
			w.reset(t, map[string]string{"AWS_SESSION_TOKEN": secret})
			w.refuse(a, a.Words("x-amz-security-token:"+a.Form(secret)))
			return w.ask(t, a)
		}},
		{Name: "what credential_process prints", Try: func(t *testing.T, a *canary.Answer) string {
			w.reset(t, nil)
			w.program(t, canary.Pick(a, "", "{", `{"Version": 1, "AccessKeyId": "AKIAX", "SecretAccessKey": `, `{"Version": 2}`)+a.Words(a.Form(a.Key())), "", a.IntN(2))
			return w.ask(t, a)
		}},
		{Name: "one line too many of credential_process", Try: func(t *testing.T, a *canary.Answer) string {
			w.reset(t, nil)
			answer := fmt.Sprintf(`{"Version": 1, "AccessKeyId": "AKIAX", "SecretAccessKey": %q, "SessionToken": %q}`, a.Key(), a.Key())
			w.program(t, canary.Pick(a, "welcome\n"+answer, answer+"\n"+answer, answer+"\nbye", strings.ReplaceAll(answer, `"`, `'`)), "", 0)
			return w.ask(t, a)
		}},
		{Name: "what credential_process says of a failure", Try: func(t *testing.T, a *canary.Answer) string {
			w.reset(t, nil)
			w.program(t, "", a.Words(a.Form(a.Key())), 1)
			return w.ask(t, a)
		}},
		{Name: "key of credential_process in an error", Try: func(t *testing.T, a *canary.Answer) string {
			w.reset(t, nil)
			secret := a.Key()
			w.program(t, fmt.Sprintf(`{"Version": 1, "AccessKeyId": "AKIAX", "SecretAccessKey": %q, "SessionToken": %q}`, "another/"+secret, secret), "", 0)
			w.refuse(a, a.Words(a.Form(secret)))
			return w.ask(t, a)
		}},
	}
}

// files are those of files and of servers on this machine.
func (w *world) files() []canary.Place {
	return []canary.Place{
		{Name: "container's credential server", Try: func(t *testing.T, a *canary.Answer) string {
			token := a.Key()
			w.reset(t, map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": w.url + "/creds?token=" + a.Userinfo(), "AWS_CONTAINER_AUTHORIZATION_TOKEN": token})
			w.refuse(a, a.Words(a.Form(token), a.Form(a.Key())))
			return w.ask(t, a)
		}},
		{Name: "answer of a container's credential server that is none", Try: func(t *testing.T, a *canary.Answer) string {
			w.reset(t, map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": w.url + "/creds"})
			text := canary.Pick(a, "", "{", `{"AccessKeyId": "AKIAX", "SecretAccessKey": `, `{"Expiration": "`) + a.Words(a.Key())
			w.answer = func(rw http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(rw, text) }
			return w.ask(t, a)
		}},
		{Name: "shared credentials with a broken line", Try: func(t *testing.T, a *canary.Answer) string {
			w.reset(t, nil)
			secret := a.Key()
			w.file(t, "credentials", fmt.Sprintf(canary.Pick(a, "[default\naws_access_key_id = AKIAX\naws_secret_access_key = %s\n", "[default]\naws_access_key_id = AKIAX\naws_secret_access_key %s\n",
				"[default]\n%s\n", "%s\n[default]\n", "[default]\naws_access_key_id = %s\n", "[%s]\n[default]\nx=y\n", "[default]\naws_session_token = x\n  %s\n"), secret))
			return w.ask(t, a)
		}},
		{Name: "configuration with a broken line", Try: func(t *testing.T, a *canary.Answer) string {
			w.reset(t, nil)
			w.file(t, "config", fmt.Sprintf(canary.Pick(a, "[default]\naws_secret_access_key = %s\n", "[default\naws_session_token = %s\n",
				"[default]\naws_access_key_id=AKIAX\naws_secret_access_key=x\naws_session_token\n %s\n"), a.Userinfo()))
			return w.ask(t, a)
		}},
		{Name: "login of SSO", Try: func(t *testing.T, a *canary.Answer) string {
			w.reset(t, map[string]string{"HOME": w.home, "AWS_ENDPOINT_URL_SSO": w.url, "AWS_ENDPOINT_URL_SSO_OIDC": w.url})
			w.file(t, "config", "[default]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = reader\n[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.example\n")
			secret := a.Key()
			text := fmt.Sprintf(canary.Pick(a, `{"accessToken": "%s", "expiresAt": "2999-01-01T00:00:00Z"}`, `{"accessToken": "%s", "expiresAt": "2001-01-01T00:00:00Z", "refreshToken": "x", "clientId": "y", "clientSecret": "z"}`,
				`{"accessToken": "%s", "expiresAt": `, `{"accessToken": ["%s"]}`, `%s`, `{"accessToken": "x", "expiresAt": "%s"}`), secret)
			w.file(t, filepath.Join(".aws", "sso", "cache", cacheName), text)
			w.refuse(a, a.Words(a.Form(secret)))
			return w.ask(t, a)
		}},
	}
}

// tokens are those of logins, roles and addresses.
func (w *world) tokens() []canary.Place {
	return []canary.Place{
		{Name: "web identity token in an error", Try: func(t *testing.T, a *canary.Answer) string {
			secret := a.Token()
			w.reset(t, map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": w.file(t, "token", secret), "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/x"})
			w.refuse(a, a.Words(a.Form(secret)))
			return w.ask(t, a)
		}},
		{Name: "external id and keys of a role in an error", Try: func(t *testing.T, a *canary.Answer) string {
			secret := a.Key()
			w.reset(t, map[string]string{"AWS_SECRET_ACCESS_KEY": secret})
			w.refuse(a, a.Words(a.Form(secret)))
			return w.askWith(t, map[string]any{"ami": map[string]any{"owners": "self"}, "roleArn": "arn:aws:iam::111122223333:role/x", "regions": "us-east-1"})
		}},
		{Name: "signed address in an error", Try: func(t *testing.T, a *canary.Answer) string {
			w.reset(t, keys())
			w.refuse(a, a.Words(a.Signed()))
			return w.ask(t, a)
		}},
		{Name: "user and password of an endpoint", Try: func(t *testing.T, a *canary.Answer) string {
			w.reset(t, keys())
			address := strings.Replace(w.url, "http://", "http://me:"+a.Userinfo()+"@", 1)
			for _, service := range services {
				t.Setenv("AWS_ENDPOINT_URL_"+service, canary.Pick(a, address, address+"/%zz", strings.Replace(address, "http:", "ht tp:", 1)))
			}
			w.refuse(a, a.Words(address))
			return w.ask(t, a)
		}},
		{Name: "user and password of a proxy", Try: func(t *testing.T, a *canary.Answer) string {
			w.reset(t, keys())
			for _, service := range services { // a loopback address is asked without a proxy
				t.Setenv("AWS_ENDPOINT_URL_"+service, "http://aws.invalid")
			}
			t.Setenv("HTTP_PROXY", canary.Pick(a, "http://", "", "ftp://", "http:// ")+"me:"+a.Userinfo()+"@"+strings.TrimPrefix(w.url, "http://")+canary.Pick(a, "", "/%zz"))
			w.refuse(a, a.Words("Proxy-Authorization: Basic eA=="))
			return w.ask(t, a)
		}},
	}
}

// services are those that services may repeat.
func (w *world) services() []canary.Place {
	return []canary.Place{
		{Name: "names, tags and reasons of AMIs", Try: func(t *testing.T, a *canary.Answer) string {
			w.reset(t, keys())
			w.serve(t, fakeaws.World{AMIs: []fakeaws.AMI{{
				Region: "us-east-1", ID: "ami-00000000000000001", Name: "golden " + a.Signed(), Description: a.Words(a.Signed()), CreationDate: "2026-01-01T00:00:00.000Z",
				State: canary.Pick(a, "available", "failed", "invalid"), StateReason: a.Words(a.Signed()), Tags: map[string]string{"source": a.Signed(), "OS": a.Words(a.Signed())},
			}}})
			return w.ask(t, a)
		}},
		{Name: "reasons of Image Builder", Try: func(t *testing.T, a *canary.Answer) string {
			w.reset(t, keys())
			w.serve(t, fakeaws.World{
				Pipelines: []fakeaws.Pipeline{{Region: "us-east-1", Name: "golden"}},
				Builds: []fakeaws.Build{{
					Region: "us-east-1", Pipeline: "golden", Name: "golden", Version: "1.0.0", Build: 1, DateCreated: "2026-01-01T00:00:00Z", OSVersion: a.Words(a.Signed()),
					Status: canary.Pick(a, "AVAILABLE", "FAILED", "CANCELLED", "DEPRECATED", "DISABLED", "x"), StatusReason: a.Words(a.Signed()), Tags: map[string]string{"log": a.Signed()},
					Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: "ami-00000000000000001", Name: a.Signed(), Status: canary.Pick(a, "", "AVAILABLE", "FAILED"), Reason: a.Words(a.Signed())}},
				}},
			})
			return w.askWith(t, map[string]any{"imageBuilder": map[string]any{"pipeline": "golden"}, "regions": "us-east-1"})
		}},
		{Name: "value of a parameter", Try: func(t *testing.T, a *canary.Answer) string {
			w.reset(t, keys())
			w.serve(t, fakeaws.World{Parameters: []fakeaws.Parameter{{Region: "us-east-1", Name: "/aws/service/x", Value: canary.Pick(a, a.Signed(), a.Words(a.Signed()))}}})
			return w.askWith(t, map[string]any{"ssmParameter": "/aws/service/x", "regions": "us-east-1"})
		}},
	}
}

var services = []string{"EC2", "IMAGEBUILDER", "SSM", "STS"}

// cacheName is the file of the login of the session corp: the SHA-1 of its name.
const cacheName = "ee0bfd2552fbd840c02cc48b6e823320543c450f.json"

func keys() map[string]string {
	return map[string]string{"AWS_SECRET_ACCESS_KEY": "of-the-test/0123456789"}
}

// world is what AWS answers, and the user's environment and files.
type world struct {
	home, url string
	answer    http.HandlerFunc
}

// reset empties the environment, but for the address of the fake.
func (w *world) reset(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, name := range session.Environment() {
		t.Setenv(name, "")
	}
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"} {
		t.Setenv(name, "")
	}
	for _, service := range services {
		t.Setenv("AWS_ENDPOINT_URL_"+service, w.url)
	}
	if variables["AWS_SECRET_ACCESS_KEY"] != "" || variables["AWS_SESSION_TOKEN"] != "" {
		t.Setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHETEST")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "of-the-test/0123456789")
	}
	for name, text := range map[string]string{
		"AWS_CONFIG_FILE": w.file(t, "config", ""), "AWS_SHARED_CREDENTIALS_FILE": w.file(t, "credentials", ""),
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1",
	} {
		t.Setenv(name, text)
	}
	for name, text := range variables {
		t.Setenv(name, text)
	}
	w.answer = http.NotFound
}

func (w *world) file(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(w.home, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return file
}

// program makes a credential_process that says this.
func (w *world) program(t *testing.T, stdout, stderr string, code int) {
	t.Helper()
	out, words := w.file(t, "stdout", stdout), w.file(t, "stderr", stderr)
	w.file(t, "config", "[default]\ncredential_process = "+w.file(t, "program", fmt.Sprintf("#!/bin/sh\ncat '%s'; cat '%s' >&2; exit %d\n", out, words, code))+"\n")
}

func (w *world) serve(t *testing.T, has fakeaws.World) {
	t.Helper()
	fake, err := fakeaws.New(has, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	w.answer = fake.ServeHTTP
}

// refuse answers all with an error, as services write it and what stands before them.
func (w *world) refuse(a *canary.Answer, text string) {
	status := canary.Pick(a, 200, 400, 401, 403, 404, 409)
	code := canary.Pick(a, "UnauthorizedOperation", "AuthFailure", "InvalidParameterValue", "SignatureDoesNotMatch", "AccessDenied", "ResourceNotFoundException", "ExpiredToken", "Odd", text)
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(text))
	object, _ := json.Marshal(map[string]any{"__type": code, "code": code, "message": text, "Message": text})
	inXML := strings.NewReplacer("CODE", strings.Split(code, " ")[0], "TEXT", escaped.String())
	kind := a.IntN(6)
	w.answer = func(rw http.ResponseWriter, r *http.Request) {
		body, isJSON := text, r.Header.Get("X-Amz-Target") != "" || strings.Contains(r.Header.Get("Content-Type"), "json") || r.Method == http.MethodGet
		switch {
		case kind == 0:
			body = "<html><body>" + escaped.String() + "</body></html>"
		case kind == 1:
		case isJSON:
			rw.Header().Set("X-Amzn-Errortype", strings.Split(code, "\n")[0])
			body = string(object)
		case strings.Contains(r.Header.Get("Authorization"), "/sts/") || r.Header.Get("Authorization") == "":
			body = inXML.Replace("<ErrorResponse><Error><Type>Sender</Type><Code>CODE</Code><Message>TEXT</Message></Error></ErrorResponse>")
		default:
			body = inXML.Replace("<Response><Errors><Error><Code>CODE</Code><Message>TEXT</Message></Error></Errors><RequestID>1</RequestID></Response>")
		}
		rw.WriteHeader(status)
		_, _ = fmt.Fprint(rw, body)
	}
}

func (w *world) ask(t *testing.T, a *canary.Answer) string {
	t.Helper()
	return w.askWith(t, canary.Pick(a,
		map[string]any{"ami": map[string]any{"owners": "self"}, "regions": "us-east-1"},
		map[string]any{"imageBuilder": map[string]any{"pipeline": "golden"}, "regions": "us-east-1"},
		map[string]any{"ssmParameter": "/aws/service/x", "regions": "us-east-1"}))
}

// askWith returns all that the host gets.
func (w *world) askWith(t *testing.T, config map[string]any) string {
	t.Helper()
	var said strings.Builder
	newSource := func() sdk.Source[settings.Config] { return source{Shared: &session.Shared{}} }
	options := []sdktest.Option{sdktest.Log(&said), sdktest.Progress(func(_, _ int64, message string) { said.WriteString(message) })}
	images, found, err := sdktest.Discover(t.Context(), newSource, config, options...)
	if err != nil {
		t.Fatal(err)
	}
	results, unsure, err := sdktest.Verify(t.Context(), newSource, config, []sdk.Ref{{ID: "ami-00000000000000001", Provider: "aws", Region: "us-east-1"}}, options...)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := json.Marshal([]any{images, found, results, unsure})
	if err != nil {
		t.Fatal(err)
	}
	return string(shown) + said.String()
}
