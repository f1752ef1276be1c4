package main_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

// caused is an environment in which requests do not arrive, and what is said.
type caused struct {
	env  []map[string]string
	want []string
}

func (tt caused) check(t *testing.T, asked *atomic.Int64) {
	t.Helper()
	asked.Store(0)
	w := startProcess(t, fakeazure.Options{}, nil)
	for _, env := range tt.env {
		maps.Copy(w.env, env)
	}
	r := w.discover(t.Context(), config{"gallery": "prod", "resourceGroup": "images"})
	if r.Err == nil || failure.Code(r.Err) != failure.ExitSource {
		t.Errorf("got %v", r.Err)
	}
	text := said(r)
	if r.Err != nil {
		text += r.Err.Error()
	}
	wants(t, text, tt.want...)
	if strings.Contains(text, "canary") {
		t.Errorf("it repeats a secret: %s", text)
	}
	if n := asked.Load(); n > 1 {
		t.Errorf("%d tries of what stays as it is", n)
	}
}

// What keeps requests from arriving is told by its own name, at once, and for the
// sign-in as for Azure itself.
func TestCauses(t *testing.T) {
	var asked atomic.Int64
	refuse := func(status int) string {
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "<html>canary")
		}))
		t.Cleanup(proxy.Close)
		return proxy.URL
	}
	programs := t.TempDir()
	const az = "#!/bin/sh\n" + `echo '{"accessToken":"t","expires_on":4102444800}'`
	if err := os.WriteFile(filepath.Join(programs, "az"), []byte(az), 0o700); err != nil {
		t.Fatal(err)
	}
	elsewhere := map[string]string{"AZURE_RESOURCE_MANAGER_ENDPOINT": "https://arm.invalid", "AZURE_AUTHORITY_HOST": "https://login.invalid"}
	signedIn := map[string]string{"AZURE_TOKEN_CREDENTIALS": "AzureCLICredential", "PATH": programs + ":/usr/bin:/bin"}
	const summary = "no token from Azure: the sign-in failed: the AZURE_ variables of a service principal: "
	for name, tt := range map[string]caused{
		"proxy wants a password, of the sign-in": {
			[]map[string]string{elsewhere, {"HTTPS_PROXY": refuse(407)}}, []string{summary + "the proxy 127.0.0.1:", "asks for a user and a password (HTTP status 407)"},
		},
		"proxy wants a password, of Azure": {
			[]map[string]string{elsewhere, signedIn, {"HTTPS_PROXY": refuse(407)}}, []string{"gallery prod: reading it failed: the proxy 127.0.0.1:", "asks for a user and a password"},
		},
		"proxy refuses": {
			[]map[string]string{elsewhere, signedIn, {"HTTPS_PROXY": refuse(403)}}, []string{"does not let requests to arm.invalid through (HTTP status 403)"},
		},
		"certificate, of the sign-in": {
			[]map[string]string{{"SSL_CERT_FILE": "", "REQUESTS_CA_BUNDLE": "/etc/ca.pem"}},
			[]string{summary + "the certificate of 127.0.0.1:", "is signed by nobody that this machine trusts", "set SSL_CERT_FILE to the same file"},
		},
		"certificate, of Azure": {
			[]map[string]string{signedIn, {"SSL_CERT_FILE": "/nonexistent.pem"}},
			[]string{"gallery prod: reading it failed: the certificate of 127.0.0.1:", "SSL_CERT_FILE names a file that cannot be read"},
		},
		"no server, of the sign-in": {
			[]map[string]string{{"AZURE_AUTHORITY_HOST": "https://127.0.0.1:1"}}, []string{summary, "cannot be reached: connection refused"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tt.check(t, &asked)
		})
	}
}

// Of several subscriptions that cannot be read each cause has its own next step, and those
// of one cause are one.
func TestCausesEachWithTheirNextStep(t *testing.T) {
	w := start(t, fakeazure.Options{Faults: []fakeazure.Fault{
		{Match: "/subscriptions/S1/", Status: 404, Code: "SubscriptionNotFound"},
		{Match: "/subscriptions/S2/", Status: 404, Code: "SubscriptionNotFound"},
		{Match: "/subscriptions/S3/", Status: 401, Code: "InvalidAuthenticationTokenTenant"},
		{Match: "/subscriptions/S4/", Status: 403, Code: "AuthorizationFailed"},
	}}, nil)
	dir := t.TempDir()
	writeSpec(t, dir, `
apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources:
  - {name: gallery, type: azure, config: {gallery: prod, subscriptions: [S1, S2, S3, S4]}}
packs:
  - {name: p, pack: generic-byoi, select: {region: westus2}}
`)
	_, stderr, code := legalExit(t, w, dir, "render")
	if code != failure.ExitSource {
		t.Errorf("exit %d", code)
	}
	for _, want := range []string{
		"source gallery (azure): 4 errors",
		"of another tenant than your sign-in: InvalidAuthenticationTokenTenant: This is a fault of the fake.; next: set the configuration key tenant",
		"AuthorizationFailed: This is a fault of the fake.; next: assign the role",
	} {
		if strings.Count(stderr, want) != 1 {
			t.Errorf("%q is not there once:\n%s", want, stderr)
		}
	}
	if strings.Count(stderr, "the subscription is unknown to your account") != 1 || strings.Count(stderr, "1 more failed alike: the galleries of subscription S2") != 1 ||
		strings.Count(stderr, "next: check the id, the tenant") != 1 {
		t.Errorf("one cause is not told once:\n%s", stderr)
	}
}
