package registry

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// guarded is a guard of registry, and answers of hosts: what is sent to them is what it returns.
func guarded(registry string, answer func(req *http.Request, resp *http.Response)) func(t *testing.T, address, authorization string) (*http.Request, error) {
	g := &guard{
		registry: registry, plain: func(string) Plain { return PlainNever }, begun: make(chan struct{}), secrets: &sdk.Secrets{},
		realms: map[string]bool{}, tokens: map[string]bool{}, tlsFailure: map[string]error{},
	}
	return func(t *testing.T, address, authorization string) (sent *http.Request, err error) {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", authorization)
		g.base = roundTripper(func(req *http.Request) (*http.Response, error) {
			sent = req
			resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: req}
			answer(req, resp)
			return resp, nil
		})
		resp, err := g.RoundTrip(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		if req.Header.Get("Authorization") != authorization {
			t.Error("the request of the layer above is changed")
		}
		return sent, err
	}
}

// What a form brings to a token server, whichever grant it asks for, is a secret.
func TestFormsHoldSecrets(t *testing.T) {
	form := url.Values{"refresh_token": {"refresh-4711"}, "password": {"hunter2hunter2"}}
	req, err := http.NewRequest(http.MethodPost, "https://tokens.example/", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	g := &guard{secrets: &sdk.Secrets{}}
	g.noteSent(req)
	if said := g.secrets.Clean("refresh-4711 and hunter2hunter2"); strings.Contains(said, "4711") || strings.Contains(said, "hunter2") {
		t.Errorf("said %q", said)
	}
}

// The layers above may send a credential anywhere, and on any answer that looks like a
// challenge; only what the registry itself answers to who knows no token names a server.
func TestGuardWhateverIsAbove(t *testing.T) {
	for name, tc := range map[string]struct {
		challenged string
		status     int
		want       bool
	}{
		"the registry":              {"https://r.example/v2/", 401, true},
		"the registry, not at once": {"https://r.example/v2/os/tags/list", 401, true},
		"no challenge":              {"https://r.example/v2/", 200, false},
		"another host":              {"https://other.example/v2/", 401, false},
		"a token server":            {"https://r.example/token", 401, false},
	} {
		t.Run(name, func(t *testing.T) {
			ask := guarded("r.example", func(req *http.Request, resp *http.Response) {
				realm := "https://r.example/token"
				if req.URL.String() == tc.challenged {
					resp.StatusCode, realm = tc.status, "https://named.example/token"
				} else if req.URL.Path == "/first" {
					resp.StatusCode = http.StatusUnauthorized
				}
				resp.Header.Set("WWW-Authenticate", `Bearer realm="`+realm+`"`)
			})
			for _, address := range []string{"https://r.example/first", tc.challenged} {
				if _, err := ask(t, address, "Basic word"); err != nil {
					t.Fatal(err)
				}
			}
			sent, err := ask(t, "https://named.example/x", "Basic word")
			if err != nil || (sent.Header.Get("Authorization") != "") != tc.want {
				t.Errorf("%v, %v", sent, err)
			}
		})
	}
	ask := guarded("r.example", func(*http.Request, *http.Response) {})
	if _, err := ask(t, "http://127.0.0.1:1/x", ""); !errors.As(err, new(*PlainHTTPError)) {
		t.Errorf("a registry elsewhere leads to this machine: %v", err)
	}
}

// Plain http waits for https, which the library asks for at the same time, but not for ever.
func TestPlainHTTPWaitsForHTTPS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ask := guarded("127.0.0.1:5000", func(*http.Request, *http.Response) {})
		for _, tc := range []struct {
			address string
			waits   time.Duration
		}{
			{"http://127.0.0.1:5001/token", 0}, {"http://127.0.0.1:5000/v2/", 5 * time.Second}, {"https://127.0.0.1:5001/token", 0},
			{"http://127.0.0.1:5000/v2/", 5 * time.Second}, {"https://127.0.0.1:5000/v2/", 0}, {"http://127.0.0.1:5000/v2/", 0},
		} {
			began := time.Now()
			if _, err := ask(t, tc.address, ""); err != nil || time.Since(began) != tc.waits {
				t.Errorf("%s after %s, %v", tc.address, time.Since(began), err)
			}
		}
	})
}
