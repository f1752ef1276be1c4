package palette_test

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

func TestParseHost(t *testing.T) {
	for host, want := range map[string]string{
		"api.spectrocloud.com":            "https://api.spectrocloud.com",
		"https://palette.example.com/":    "https://palette.example.com",
		" palette.example.com:8443 ":      "https://palette.example.com:8443",
		"http://127.0.0.1:80":             "http://127.0.0.1:80",
		"http://localhost":                "http://localhost",
		"http://[::1]:8080":               "http://[::1]:8080",
		"http://palette.example.com":      "",
		"ftp://palette.example.com":       "",
		"https://user:pw@palette.example": "",
		"palette.example.com/v1":          "",
		"palette.example.com#x":           "",
		"http://10.0.0.1":                 "",
		"palette.example.com?x=y":         "",
		"":                                "",
		"https://":                        "",
		"http://127.0.0.1.example.com":    "",
	} {
		u, err := palette.ParseHost(host)
		switch {
		case want == "" && failure.Code(err) != failure.ExitUsage:
			t.Errorf("%q: got %v, %v; want a usage error", host, u, err)
		case want == "" && strings.Contains(err.Error(), "pw"):
			t.Errorf("%q: the error shows the password: %v", host, err)
		case want != "" && (err != nil || u.String() != want):
			t.Errorf("%q: got %v, %v; want %s", host, u, err, want)
		}
	}
}

func FuzzParseHost(f *testing.F) {
	for _, host := range []string{"api.spectrocloud.com", "http://localhost", "https://a:b@c", "http://127.0.0.1.nip.io", "http://[::1]", "//x", "https://x/../y", "HTTP://example.com"} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		u, err := palette.ParseHost(host)
		if err != nil {
			return
		}
		local := u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()
		if u.Scheme != "https" && (u.Scheme != "http" || !local) || u.Path != "" || u.User != nil || u.Hostname() == "" {
			t.Errorf("%q became %q", host, u)
		}
	})
}

func TestSecretShowsItselfNowhere(t *testing.T) {
	secret, err := palette.NewSecret("  " + canary + "\n")
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", secret, "config", palette.Config{Secret: secret})
	data, err := json.Marshal(map[string]any{"s": secret, "c": palette.Config{Secret: secret}})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		fmt.Sprint(secret), fmt.Sprintf("%v %+v %#v %s %q %x %d", secret, secret, secret, secret, secret, secret, secret),
		fmt.Sprintf("%v %+v %#v", palette.Config{Secret: secret}, &palette.Config{Secret: secret}, palette.Config{Secret: secret}),
		log.String(), string(data),
	} {
		noCanary(t, text)
		if strings.Contains(text, fmt.Sprintf("%x", canary)) {
			t.Errorf("the key is in %q in hexadecimal", text)
		}
	}
	for _, bad := range []string{"", " \n", "two\nlines-" + canary, "a key-" + canary, "ké" + canary} {
		_, err := palette.NewSecret(bad)
		if failure.Code(err) != failure.ExitUsage {
			t.Errorf("%q: got %v, want a usage error", bad, err)
		}
		noCanary(t, fmt.Sprint(err))
	}
}

func TestExpiredKey(t *testing.T) {
	w := newWorld(t)
	// The fake repeats the key in its answer, as a careless proxy may.
	w.FailAlways(10, fakepalette.Expired)
	_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
	e := wantFailure(t, err, "palette answered 401 to GET /v1/dashboard/projects/metadata: the api key [redacted] has expired (ApiKeyExpired), ref ref-0001")
	if !strings.Contains(e.Next, "SPECTROCLOUD_APIKEY") {
		t.Errorf("got next step %q", e.Next)
	}
	noCanary(t, err.Error()+e.Next)
	if got := w.Count(); got != 1 {
		t.Errorf("an expired key was tried %d times", got)
	}
}

func TestToken(t *testing.T) {
	w := newWorld(t)
	w.Key, w.Token = "", "eyJhbGciOiJub25lIn0.e30."
	client := listening(t, w.Server, w.Token)
	if _, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{}); err != nil {
		t.Error(err)
	}
}

func TestRetries(t *testing.T) {
	w := newWorld(t)
	w.client = listening(t, w.Server, canary)
	w.Fail(1, fakepalette.TooMany)
	w.Fail(2, fakepalette.CutBody)
	w.Fail(3, fakepalette.ServerError)
	plan := w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{})
	if got := w.Count(); got != 8 {
		t.Errorf("got %d requests, want 5 and the 3 that failed", got)
	}
	// A write is sent again when it was surely not carried out, only then.
	for fault, want := range map[fakepalette.Fault]int{fakepalette.TooMany: 2, fakepalette.ServerError: 1, fakepalette.CutAfter: 1} {
		w.Reset(baseState(t))
		puts := 0
		w.Pause(func(_ int, call fakepalette.Call) {
			if call.Method == http.MethodPut {
				puts++
			}
		})
		w.Fail(6, fault) // after validation, list, get, manifests and variables
		_, _ = w.client.Apply(t.Context(), plan, palette.Options{})
		if puts != want {
			t.Errorf("%s: the write was sent %d times, want %d", fault, puts, want)
		}
	}
}

// Retries are further attempts, as the Terraform provider's retry_attempts are.
func TestRetriesAreFurtherAttempts(t *testing.T) {
	for retries := range 3 {
		n := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			n++
			w.WriteHeader(http.StatusServiceUnavailable)
		}))
		client := clientAt(t, server.URL, canary, func(c *palette.Config) { c.Retries = retries })
		_, err := client.In(t.Context(), palette.ProjectScope("Default"))
		server.Close()
		if wantFailure(t, err, "palette answered 503"); n != retries+1 {
			t.Errorf("%d retries: %d requests", retries, n)
		}
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var times []time.Time
		client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			times = append(times, time.Now())
			w.Header().Set("Content-Type", "application/json")
			if len(times) == 1 {
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			fmt.Fprint(w, `{"items":[]}`)
		}), canary)
		_, err := client.In(t.Context(), palette.ProjectScope("Default"))
		wantFailure(t, err, `has 0 projects named "Default"`)
		if len(times) != 2 || times[1].Sub(times[0]) != 7*time.Second {
			t.Errorf("got requests at %v; want 7 seconds between two", times)
		}
	})
}

// The key must not follow a redirection to another host.
func TestRedirectIsNotFollowed(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the redirection was followed, with key %t", r.Header.Get("ApiKey") != "")
	}))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL+"/v1?k="+canary, http.StatusFound))
	defer server.Close()
	_, err := clientAt(t, server.URL, canary).In(t.Context(), palette.ProjectScope("Default"))
	e := wantFailure(t, err, "redirected to "+other.URL)
	noCanary(t, e.Error())
}

func TestTLSIsVerified(t *testing.T) {
	server, err := fakepalette.New(baseState(t))
	if err != nil {
		t.Fatal(err)
	}
	server.Key = canary
	listener := httptest.NewTLSServer(server)
	defer listener.Close()
	listener.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	secret, err := palette.NewSecret(canary)
	if err != nil {
		t.Fatal(err)
	}
	config := palette.Config{Host: listener.URL, Secret: secret, Retries: 3, RetryWait: time.Millisecond}
	client, err := palette.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.In(t.Context(), palette.ProjectScope("Default"))
	if e := wantFailure(t, err, "certificate"); !strings.Contains(e.Next, "--palette-ca-file") {
		t.Errorf("got next step %q", e.Next)
	}
	if server.Count() != 0 {
		t.Error("a request was sent to a server that is not trusted")
	}
	config.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: listener.Certificate().Raw})
	if client, err = palette.NewClient(config); err != nil {
		t.Fatal(err)
	}
	if _, err = client.In(t.Context(), palette.ProjectScope("Default")); err != nil {
		t.Error(err)
	}
	config.CA = []byte("no certificate")
	if _, err = palette.NewClient(config); failure.Code(err) != failure.ExitUsage {
		t.Errorf("got %v, want a usage error", err)
	}
}

func TestDeadlineAndInterruption(t *testing.T) {
	w := newWorld(t)
	w.client = listening(t, w.Server, canary)
	ctx, cancel := context.WithCancel(t.Context())
	w.Pause(func(int, fakepalette.Call) { cancel() })
	_, err := w.client.Plan(ctx, request(t, "rhel-prod", newAMI), palette.Goal{})
	if !errors.Is(err, context.Canceled) || failure.Code(err) != failure.ExitInterrupted {
		t.Errorf("got %v, code %d", err, failure.Code(err))
	}
	w.Pause(nil)
	ctx, cancel = context.WithTimeout(t.Context(), 0)
	defer cancel()
	_, err = w.client.Plan(ctx, request(t, "rhel-prod", newAMI), palette.Goal{})
	if e := wantFailure(t, err, "the time for Palette is over: context deadline exceeded"); !strings.Contains(e.Next, "--palette-timeout") {
		t.Errorf("got next step %q", e.Next)
	}
}

func TestUnreachableHost(t *testing.T) {
	_, err := clientAt(t, "http://127.0.0.1:1", canary).In(t.Context(), palette.ProjectScope("Default"))
	e := wantFailure(t, err, "connection refused")
	if e.Next == "" {
		t.Error("there is no next step")
	}
}
