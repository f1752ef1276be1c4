package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// A proxy is the environment's, but for services of the machine itself; connections are kept
// for as many requests as go to one host at once.
func TestClients(t *testing.T) {
	for _, tt := range []struct {
		client *http.Client
		proxy  bool
	}{{Client(), true}, {Direct(), false}, {&http.Client{Transport: Local()}, false}} {
		transport, is := tt.client.Transport.(*http.Transport)
		if !is || (transport.Proxy != nil) != tt.proxy || transport.MaxIdleConnsPerHost != MaxPerHost {
			t.Errorf("%+v", tt.client.Transport)
		}
	}
}

// through opens a proxy that answers CONNECT with a status, and lets a request through to
// the server where that is 200.
func through(t *testing.T, status int, server string) *url.URL {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		w.WriteHeader(status)
		if status != http.StatusOK {
			return
		}
		client, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		behind, err := new(net.Dialer).DialContext(r.Context(), "tcp", server)
		if err != nil {
			t.Error(err)
			return
		}
		go func() { _, _ = io.Copy(behind, client); _ = behind.Close() }()
		_, _ = io.Copy(client, behind)
		_ = client.Close()
	}))
	t.Cleanup(proxy.Close)
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// What a proxy refuses is its word, with its status; what it lets through is the server's.
func TestProxy(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	t.Cleanup(server.Close)
	trusted := x509.NewCertPool()
	trusted.AddCert(server.Certificate())
	for _, status := range []int{http.StatusOK, http.StatusForbidden, http.StatusProxyAuthRequired, http.StatusBadGateway} {
		at := through(t, status, server.Listener.Addr().String())
		transport := Local()
		transport.Proxy, transport.DisableKeepAlives = http.ProxyURL(at), true
		transport.TLSClientConfig = &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := transport.RoundTrip(request)
		var refused ProxyError
		switch {
		case status == http.StatusOK && (err != nil || response.StatusCode != http.StatusTeapot):
			t.Errorf("let through: %v, %v", response, err)
		case status != http.StatusOK && (!errors.As(err, &refused) || refused != ProxyError{Host: at.Host, Status: status}):
			t.Errorf("%d: %v", status, err)
		}
		if response != nil {
			_ = response.Body.Close()
		}
	}
}

// answers are a transporter of one answer.
type answers func(*http.Request) (*http.Response, error)

func (a answers) Do(r *http.Request) (*http.Response, error) { return a(r) }

// A witness keeps what may pass and what did not arrive, until an answer that stands; the end
// of the time says nothing of the service, and what another try gives again ends the tries.
func TestWitness(t *testing.T) {
	none := errors.New("broken off")
	nobody := of(&net.DNSError{Name: "h", IsNotFound: true})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	w := &Witness{}
	if w.Last() != nil {
		t.Errorf("before all it has %v", w.Last())
	}
	for _, tt := range []struct {
		ctx    context.Context
		status int
		err    error
		last   error
		final  bool
	}{
		{t.Context(), 404, nil, StatusError{"h", 404}, false},
		{t.Context(), 200, nil, nil, false},
		{t.Context(), 410, nil, StatusError{"h", 410}, false},
		{t.Context(), 400, nil, nil, false},
		{t.Context(), 429, nil, StatusError{"h", 429}, false},
		{t.Context(), 499, nil, nil, false},
		{t.Context(), 500, nil, StatusError{"h", 500}, false},
		{over, 0, none, StatusError{"h", 500}, false},
		{t.Context(), 0, none, none, false},
		{over, 0, nobody, none, false},
		{over, 200, nil, nil, false},
		{t.Context(), 0, nobody, nobody, true},
		{t.Context(), 503, nil, StatusError{"h", 503}, false},
	} {
		w.Next = answers(func(r *http.Request) (*http.Response, error) {
			if tt.err != nil {
				return nil, tt.err
			}
			return &http.Response{StatusCode: tt.status, Request: r, Body: http.NoBody}, nil
		})
		r, err := http.NewRequestWithContext(tt.ctx, http.MethodGet, "https://h/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := w.Do(r)
		if (response != nil) != (tt.err == nil) || !errors.Is(err, tt.err) || !errors.Is(w.Last(), tt.last) {
			t.Errorf("%+v: %v, %v, and it keeps %v", tt, response, err, w.Last())
		}
		if final := errors.As(err, new(interface{ NonRetriable() })); final != tt.final {
			t.Errorf("%+v: the last try: %t", tt, final)
		}
		if response != nil {
			_ = response.Body.Close()
		}
	}
	w.Set(nil)
	if w.Last() != nil {
		t.Errorf("emptied it has %v", w.Last())
	}
}
