package arm

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/signin"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

type transport func(*http.Request) (*http.Response, error)

func (t transport) Do(r *http.Request) (*http.Response, error) { return t(r) }

// Microsoft.Compute writes the port of https into the links between pages:
// https://management.azure.com:443/subscriptions/...
func TestGuard(t *testing.T) {
	for host, links := range map[string]map[string]bool{
		"arm.local": {
			"https://arm.local/x": true, "https://arm.local:443/x": true, "https://ARM.Local/x": true,
			"http://arm.local/x": false, "http://arm.local:443/x": false, "https://arm.local:8443/x": false,
			"https://evil.example/x": false, "https://arm.local.evil.example/": false, "https://arm.local:443.evil.example/": false,
		},
		"arm.local:443":  {"https://arm.local/x": true, "https://arm.local:443/x": true, "https://arm.local:4430/x": false},
		"arm.local:8443": {"https://arm.local:8443/x": true, "https://arm.local/x": false, "https://arm.local:443/x": false},
	} {
		for link, fine := range links {
			sent := false
			g := guard{host: host, next: transport(func(*http.Request) (*http.Response, error) {
				sent = true
				return &http.Response{Body: http.NoBody}, nil
			})}
			r := &http.Request{URL: parsed(t, link)}
			resp, err := g.Do(r.WithContext(t.Context()))
			if (err == nil) != fine || sent != fine {
				t.Errorf("%s for %s: %v, sent %v", link, host, err, sent)
			}
			if resp != nil {
				_ = resp.Body.Close()
			}
		}
	}
}

// parsed reads a URL as far as it is one: what cannot be read has no host.
func parsed(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		return &url.URL{Scheme: "https"}
	}
	return u
}

func TestShouldRetry(t *testing.T) {
	for status, want := range map[int]bool{200: false, 400: false, 403: false, 404: false, 408: true, 429: true, 500: true, 502: true, 503: true, 504: true, 501: false} {
		if got := shouldRetry(&http.Response{StatusCode: status}, nil); got != want {
			t.Errorf("%d: %v", status, got)
		}
	}
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{context.DeadlineExceeded, false},
		{&net.DNSError{IsNotFound: true}, false},
		{&net.DNSError{IsTemporary: true}, true},
		{io.ErrUnexpectedEOF, true},
	} {
		if got := shouldRetry(nil, tt.err); got != tt.want {
			t.Errorf("%v: %v", tt.err, got)
		}
	}
}

func TestReadAction(t *testing.T) {
	const base = "/subscriptions/S/resourceGroups/RG/providers/"
	for path, want := range map[string]string{
		base + "Microsoft.Compute/galleries":                                                     "Microsoft.Compute/galleries/read",
		base + "Microsoft.Compute/galleries/G/images/D/versions":                                 "Microsoft.Compute/galleries/images/versions/read",
		base + "Microsoft.Compute/galleries/G/images/D/versions/1.0.0":                           "Microsoft.Compute/galleries/images/versions/read",
		base + "Microsoft.VirtualMachineImages/imageTemplates/T/runOutputs":                      "Microsoft.VirtualMachineImages/imageTemplates/runOutputs/read",
		"/subscriptions/S/providers/Microsoft.Compute/locations/L/communityGalleries/P/images/D": "Microsoft.Compute/locations/communityGalleries/images/read",
		"/x": "",
	} {
		if got := readAction(path); got != want {
			t.Errorf("%s: %q", path, got)
		}
	}
	for path, want := range map[string]string{
		base + "Microsoft.Compute/galleries":                     "/subscriptions/S/resourceGroups/RG",
		"/subscriptions/S/resourcegroups/RG":                     "/subscriptions/S/resourcegroups/RG",
		"/subscriptions/S/providers/Microsoft.Compute/galleries": "/subscriptions/S",
		"/subscriptions/S":                                       "/subscriptions/S",
		"/subscriptions":                                         "/",
	} {
		if got := scopeOf(path); got != want {
			t.Errorf("%s: scope %q", path, got)
		}
	}
}

// A sign-in that fails while something is read has nothing to do with that.
func TestSignInHasNoKey(t *testing.T) {
	for want, failed := range map[string]*signin.Failure{
		"": {Way: "az", Why: "it hangs"}, "tenant": {Way: "az", Why: "it is not for the tenant", Tenant: true},
	} {
		d := Problem{Subject: "gallery prod", ConfigPath: "gallery", Err: &signin.Error{Failed: []*signin.Failure{failed}}}.Diagnostic()
		if d.ConfigPath != want || d.Scope != "" {
			t.Errorf("%q: it is told of %q %q", want, d.ConfigPath, d.Scope)
		}
	}
}

func refusalOf(t *testing.T, status int, path, body string) error {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://arm.local"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return runtime.NewResponseError(&http.Response{
		StatusCode: status, Status: http.StatusText(status), Request: r, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(body)),
	})
}

func TestDiagnostic(t *testing.T) {
	const path = "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/images"
	secrets := &sdk.Secrets{}
	secrets.Add("canary-secret")
	for name, tt := range map[string]struct {
		err  error
		want []string
	}{
		"denied": {
			refusalOf(t, 403, path, `{"error":{"code":"AuthorizationFailed","message":"no canary-secret for you\nnow"}}`),
			[]string{"lacks the permission Microsoft.Compute/images/read", `role "Reader"`, "AuthorizationFailed: no [redacted] for you now"},
		},
		"subscription": {refusalOf(t, 404, path, `{"error":{"code":"SubscriptionNotFound","message":"m"}}`), []string{"unknown to your account"}},
		"token":        {refusalOf(t, 401, path, `{"error":{"code":"ExpiredAuthenticationToken","message":"m"}}`), []string{"does not accept the token", "key tenant"}},
		"tenant":       {refusalOf(t, 401, path, `{"error":{"code":"InvalidAuthenticationTokenTenant","message":"m"}}`), []string{"of another tenant than your sign-in", "key tenant"}},
		"linked":       {refusalOf(t, 403, path, `{"error":{"code":"LinkedAuthorizationFailed","message":"m"}}`), []string{"access denied: LinkedAuthorizationFailed"}},
		"page":         {refusalOf(t, 403, path, `<html><code>AuthorizationFailed</code></html>`), []string{"HTTP status 403, and not in Azure's words", "a proxy in between"}},
		"redirect":     {refusalOf(t, 302, path, ""), []string{"HTTP status 302, and not in Azure's words"}},
		"version":      {refusalOf(t, 400, path, `{"error":{"code":"InvalidApiVersionParameter","message":"m"}}`), []string{"does not know what the plugin asks for", "cloud and endpoint"}},
		"no body":      {refusalOf(t, 503, path, ""), []string{"HTTP status 503 after several tries"}},
		"html":         {refusalOf(t, 502, path, "<html>eyJhbGciOiJIUzI1NiJ9.eyJzdWIi</html>"), []string{"HTTP status 502"}},
		"network":      {errors.New("dial tcp: eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.x refused"), []string{"dial tcp: [redacted] refused", "check the network"}},
		"hang":         {context.DeadlineExceeded, []string{"does not answer", "within 3s", "timeout"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := Problem{Subject: "it", Err: tt.err, Timeout: 3 * time.Second, Secrets: secrets}.Diagnostic()
			text := d.Error() + " next: " + d.NextStep
			for _, w := range tt.want {
				if !strings.Contains(text, w) {
					t.Errorf("missing %q in %s", w, text)
				}
			}
			for _, bad := range []string{"canary-secret", "eyJ", "\n"} {
				if strings.Contains(text, bad) {
					t.Errorf("%q in %s", bad, text)
				}
			}
		})
	}
}
