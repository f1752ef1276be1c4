package signin

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/endpoint"
)

// canary stands for what may be a credential, in the words of a program or a server.
const canary = "canary"

// settings puts the process and Getenv into an environment of these variables alone.
func settings(t *testing.T, env map[string]string) func(string) string {
	t.Helper()
	for _, name := range []string{
		"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_USERNAME", "AZURE_PASSWORD",
		"AZURE_FEDERATED_TOKEN_FILE", "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IMDS_ENDPOINT", "MSI_ENDPOINT", "MSI_SECRET",
		"AZURE_ADDITIONALLY_ALLOWED_TENANTS", "AZURE_AUTHORITY_HOST", "AZURE_TOKEN_CREDENTIALS", "IDENTITY_SERVER_THUMBPRINT",
		"AZURE_KUBERNETES_TOKEN_PROXY", "AZURE_KUBERNETES_SNI_NAME", "AZURE_KUBERNETES_CA_FILE", "AZURE_KUBERNETES_CA_DATA",
	} {
		t.Setenv(name, "")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", "/usr/bin:/bin")
	for name, value := range env {
		t.Setenv(name, value) // azidentity reads it for itself
	}
	return os.Getenv
}

type answers func(*http.Request) (*http.Response, error)

func (a answers) Do(r *http.Request) (*http.Response, error) { return a(r) }

// says answers every request alike, but for what msal asks before.
func says(status int, body string) answers {
	return func(r *http.Request) (*http.Response, error) {
		status, body := status, body
		if strings.HasSuffix(r.URL.Path, "openid-configuration") {
			base := "https://" + r.URL.Host + "/tenant"
			status, body = http.StatusOK, `{"issuer":"`+base+`/v2.0","authorization_endpoint":"`+base+`/a","token_endpoint":"`+base+`/token"}`
		}
		return &http.Response{
			StatusCode: status, Status: fmt.Sprint(status, " ", canary), Request: r, Header: http.Header{"Content-Type": {"application/json"}},
			Body: io.NopCloser(bytes.NewBufferString(body)),
		}, nil
	}
}

// private is a cloud whose identity service is asked for tokens only.
func private(t *testing.T) endpoint.Cloud {
	t.Helper()
	c, err := endpoint.Resolve(func(string) string { return "" }, map[string]any{
		endpoint.KeyAuthority: "https://login.local", endpoint.KeyARM: "https://arm.local",
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// signInWith returns the error of a sign-in, which may be nil.
func signInWith(t *testing.T, o Options, tenant string) error {
	t.Helper()
	o.Cloud = private(t)
	c, err := (&Store{}).Get(o.Cloud, tenant, func() (azcore.TokenCredential, error) { return New(o) })
	if err != nil {
		return err
	}
	_, err = c.SignIn(t.Context(), o.Cloud)
	return err
}

// signInFor is one without a tenant.
func signInFor(ctx context.Context, o Options) error {
	c, err := (&Store{}).Get(o.Cloud, "", func() (azcore.TokenCredential, error) { return New(o) })
	if err != nil {
		return err
	}
	_, err = c.SignIn(ctx, o.Cloud)
	return err
}

func text(err error) string {
	var failed *Error
	if !errors.As(err, &failed) {
		return fmt.Sprint(err)
	}
	said := failed.Error()
	for _, f := range failed.Failed {
		said += " next: " + f.Next
	}
	return said
}

// programs puts scripts of these names on the PATH alone.
func programs(t *testing.T, scripts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, script := range scripts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir + ":/usr/bin:/bin"
}

// Where the webhook of AKS names a token proxy, the assertion goes to that and to nobody
// else: Microsoft Entra knows no such assertion.
func TestTokenProxy(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("assertion"), 0o600); err != nil {
		t.Fatal(err)
	}
	status := http.StatusOK
	proxy := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/proxy/own/oauth2/v2.0/token" && r.PostFormValue("client_assertion") == "assertion" {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"access_token":"t","expires_in":3600,"token_type":"Bearer","error_description":"AADSTS700213: canary"}`)
			return
		}
		_, _ = io.WriteString(w, `{"issuer":"https://login.local/own/v2.0","authorization_endpoint":"https://login.local/a","token_endpoint":"https://login.local/own/oauth2/v2.0/token"}`)
	}))
	defer proxy.Close()
	env := map[string]string{
		envWays: workload, "AZURE_TENANT_ID": "own", "AZURE_CLIENT_ID": "c", "AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_KUBERNETES_TOKEN_PROXY": proxy.URL + "/proxy",
		"AZURE_KUBERNETES_CA_DATA": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: proxy.Certificate().Raw})),
	}
	direct := answers(func(r *http.Request) (*http.Response, error) {
		t.Errorf("%s was asked", r.URL)
		return nil, io.ErrUnexpectedEOF
	})
	try := func() string { return text(signInWith(t, Options{Getenv: settings(t, env), Transport: direct}, "")) }
	if said := try(); said != "<nil>" {
		t.Errorf("said %s", said)
	}
	status = http.StatusBadRequest
	if said := try(); !strings.Contains(said, "workload identity: "+strings.TrimPrefix(proxy.URL, "https://")+" answered HTTP status 400: AADSTS700213") {
		t.Errorf("said %s", said)
	}
	status = http.StatusNoContent
	if said := try(); !strings.Contains(said, "workload identity: ") || !strings.Contains(said, "next: check the token proxy that AZURE_KUBERNETES_TOKEN_PROXY names") {
		t.Errorf("said %s", said)
	}
	env["AZURE_KUBERNETES_TOKEN_PROXY"] = "http://canary:canary@proxy.local"
	if said := try(); !strings.Contains(said, "workload identity: its variables are not usable next: check AZURE_TENANT_ID and AZURE_CLIENT_ID and, where there are such, the variables that begin with AZURE_KUBERNETES_") || strings.Contains(said, canary) {
		t.Errorf("said %s", said)
	}
}

// answering is a way to sign in, and what a server says to it.
type answering struct {
	env     map[string]string
	way     string
	answers answers
	want    []string
}

func (tt answering) check(t *testing.T) {
	t.Helper()
	getenv := settings(t, tt.env)
	t.Setenv(envWays, tt.way)
	t.Setenv("PATH", programs(t, map[string]string{"az": "exit 9"}))
	o := Options{Getenv: getenv}
	if tt.answers != nil {
		o.Transport = tt.answers
	}
	said := text(signInWith(t, o, ""))
	for _, want := range tt.want {
		if !strings.Contains(said, want) {
			t.Errorf("missing %q in: %s", want, said)
		}
	}
	if strings.Contains(said, canary) {
		t.Errorf("it repeats the server: %s", said)
	}
}

// Nor is what a token server says: its status and Microsoft's number are told.
func TestServersWords(t *testing.T) {
	principal := map[string]string{"AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "client", "AZURE_CLIENT_SECRET": canary}
	federated := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(federated, []byte(canary), 0o600); err != nil {
		t.Fatal(err)
	}
	noFile := filepath.Join(t.TempDir(), "none")
	workloadOf := func(file string) map[string]string {
		return map[string]string{"AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "client", "AZURE_FEDERATED_TOKEN_FILE": file}
	}
	entraSays := says(400, `{"error":"canary","error_description":"AADSTS7000222: canary ... canary"}`)
	for name, tt := range map[string]answering{
		"secret":           {principal, environment, entraSays, []string{"login.local answered HTTP status 400: AADSTS7000222 (the client secret has expired)", "set AZURE_CLIENT_SECRET"}},
		"unknown number":   {principal, environment, says(401, `{"error_description":"AADSTS999999: canary"}`), []string{"HTTP status 401: AADSTS999999"}},
		"no JSON":          {principal, environment, says(400, "<canary>"), []string{"login.local answered HTTP status 400"}},
		"no token":         {principal, environment, says(200, `{"canary":"canary"}`), []string{"it gives no token"}},
		"page":             {principal, environment, says(200, `<canary>`), []string{"it gives no token"}},
		"redirect":         {principal, environment, says(307, canary), []string{"login.local answered HTTP status 307"}},
		"half a principal": {map[string]string{"AZURE_CLIENT_SECRET": canary, "AZURE_CLIENT_ID": "c"}, environment, nil, []string{"AZURE_TENANT_ID is not set"}},
		"no certificate": {
			map[string]string{"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_CERTIFICATE_PATH": federated}, environment, nil,
			[]string{"the file that AZURE_CLIENT_CERTIFICATE_PATH names is no certificate"},
		},
		"workload":        {workloadOf(federated), workload, says(400, `{"error_description":"AADSTS700213: canary"}`), []string{"workload identity: login.local answered HTTP status 400: AADSTS700213 (no federated credential has this subject)"}},
		"no token file":   {workloadOf(noFile), workload, nil, []string{"the file that AZURE_FEDERATED_TOKEN_FILE names cannot be read"}},
		"half a workload": {map[string]string{"AZURE_FEDERATED_TOKEN_FILE": federated}, workload, nil, []string{"AZURE_TENANT_ID and AZURE_CLIENT_ID is not set"}},
	} {
		t.Run(name, tt.check)
	}
}

// So it is for what the machine itself says of its identity.
func TestMetadataServicesWords(t *testing.T) {
	onward := []string{"az: it ended with exit status 9"} // as azidentity goes on
	for name, tt := range map[string]answering{
		"metadata refuses": {nil, "prod", says(403, canary), []string{"managed identity: 169.254.169.254 answered HTTP status 403", "AZURE_TOKEN_CREDENTIALS=dev"}},
		"no identity":      {nil, managed, says(400, canary), []string{"this machine has no managed identity"}},
		"another identity": {map[string]string{"AZURE_CLIENT_ID": "c"}, managed, says(400, canary), []string{"managed identity: 169.254.169.254 answered HTTP status 400"}},
		"no metadata":      {nil, "", answers(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }), onward},
		"a page for it":    {nil, "", says(200, "<html>canary</html>"), onward},
		"App Service": {
			map[string]string{"IDENTITY_ENDPOINT": "http://127.0.0.1/msi", "IDENTITY_HEADER": canary}, managed, says(401, canary),
			[]string{"managed identity: 127.0.0.1 answered HTTP status 401"},
		},
	} {
		t.Run(name, tt.check)
	}
}

// An identity that is set up and cannot sign in is the end, as in azidentity: what another
// one sees is no answer.
func TestNoOtherIdentity(t *testing.T) {
	principal := map[string]string{"AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "client"}
	for name, tt := range map[string]struct{ variable, value string }{
		"secret that is refused":       {"AZURE_CLIENT_SECRET", "s"},
		"token file that is not there": {"AZURE_FEDERATED_TOKEN_FILE", filepath.Join(t.TempDir(), "none")},
	} {
		t.Run(name, func(t *testing.T) {
			settings(t, principal)
			t.Setenv(tt.variable, tt.value)
			t.Setenv("PATH", programs(t, map[string]string{"az": `echo '{"accessToken":"t","expires_on":4102444800}'`}))
			err := signInWith(t, Options{Getenv: os.Getenv, Transport: answers(func(r *http.Request) (*http.Response, error) {
				if r.URL.Host == "169.254.169.254" {
					t.Errorf("%s was asked", r.URL)
					return nil, io.ErrUnexpectedEOF
				}
				return says(400, "{}")(r)
			})}, "")
			if err == nil || strings.Contains(err.Error(), "managed identity") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A service of the machine that says to try again, until nobody waits any more, is the
// cause, and not the end of the time.
func TestManagedIdentitySaysTryAgain(t *testing.T) {
	settings(t, map[string]string{envWays: managed})
	for status, answer := range map[string]answers{
		"answers HTTP status 404": says(404, canary), "answers HTTP status 410": says(410, canary), "answers HTTP status 500": says(500, canary),
		"cannot be reached": func(r *http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "Get", URL: r.URL.String(), Err: errors.New("connection refused")}
		},
	} {
		t.Run(status, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if said := text(signInWith(t, Options{Getenv: os.Getenv, Transport: answer}, "")); !strings.Contains(said, "169.254.169.254 "+status) {
					t.Errorf("said %s", said)
				}
			})
		})
	}
}

// Two requests of one command may need a managed identity at once. azidentity keeps its
// token for the process, so it is one for what no other test asks.
func TestManagedIdentityAtOnce(t *testing.T) {
	getenv := settings(t, map[string]string{envWays: managed})
	at := private(t)
	c, err := (&Store{}).Get(at, "", func() (azcore.TokenCredential, error) {
		return New(Options{Cloud: at, Getenv: getenv, Transport: says(200, `{"access_token":"t","expires_in":"86400","resource":"r","token_type":"Bearer"}`)})
	})
	if err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	for _, claims := range []string{"", `{"a":1}`, `{"b":1}`} {
		done.Go(func() {
			if _, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Claims: claims, Scopes: []string{"https://atonce.local/.default"}}); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
}

// AZURE_TOKEN_CREDENTIALS is read as azidentity reads it.
func TestSelection(t *testing.T) {
	for wanted, want := range map[string]string{
		"":                   "EnvironmentCredential WorkloadIdentityCredential ManagedIdentityCredential AzureCLICredential AzureDeveloperCLICredential AzurePowerShellCredential",
		"prod":               "EnvironmentCredential WorkloadIdentityCredential ManagedIdentityCredential",
		"dev":                "AzureCLICredential AzureDeveloperCLICredential AzurePowerShellCredential",
		"azureclicredential": "AzureCLICredential", "WorkloadIdentityCredential": "WorkloadIdentityCredential",
	} {
		got, err := selection(wanted)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %v, %v", wanted, got, err)
		}
	}
	for _, wrong := range []string{"DEV", "az", "VisualStudioCredential"} {
		if _, err := selection(wrong); err == nil || !strings.Contains(text(err), "AZURE_TOKEN_CREDENTIALS: it is \""+wrong+"\"") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

// A spec may ask for a tenant; the user grants it, by the rules of azidentity.
func TestTenants(t *testing.T) {
	for _, tt := range []struct {
		w             way
		listed, asked string
		want          bool
	}{
		{way{tenant: "own"}, "", "", true},
		{way{tenant: "own"}, "", "own", true},
		{way{tenant: "own"}, "", "other", false},
		{way{tenant: "own"}, "x;other", "other", true},
		{way{tenant: "own"}, "x", "other", false},
		{way{tenant: "own"}, "*", "other", true},
		{way{tenant: "organizations"}, "", "other", true},
		{way{any: true}, "", "other", true},
		{way{any: true}, "x", "other", false},
		{way{home: true}, "x", "other", true},
	} {
		o := Options{Getenv: func(string) string { return tt.listed }}
		if got := o.allows(&tt.w, tt.asked); got != tt.want {
			t.Errorf("%+v asked for %q with %q: %v", tt.w, tt.asked, tt.listed, got)
		}
	}
	getenv := settings(t, map[string]string{
		"AZURE_TENANT_ID": "own", "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "s", "PATH": programs(t, map[string]string{"az": "echo called >&2; exit 1"}),
	})
	if err := signInWith(t, Options{Getenv: getenv, Transport: says(200, `{"access_token":"t","expires_in":3600,"token_type":"Bearer"}`)}, "OWN"); err != nil {
		t.Errorf("the own tenant in other letters: %v", err)
	}
	said := text(signInWith(t, Options{Getenv: getenv, Transport: answers(func(r *http.Request) (*http.Response, error) {
		t.Errorf("%s was asked", r.URL)
		return nil, io.ErrUnexpectedEOF
	})}, "evil"))
	if !strings.Contains(said, "not for the tenant evil") || strings.Contains(said, "az:") {
		t.Errorf("said %s", said)
	}
}
