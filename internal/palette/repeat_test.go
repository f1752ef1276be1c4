package palette

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// tripper is a network that a function stands for.
type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answered(status int, body io.Reader) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(body)}
}

// What is sent again: a read that may go better, and a write that surely did not arrive.
func TestWhatIsSentAgain(t *testing.T) {
	for name, c := range map[string]struct {
		err             error
		status          int
		connected       bool
		reads, writes   int
		notSentAfterAll bool
	}{
		"refused connection": {&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, 0, false, 3, 3, true},
		"no such host":       {&net.DNSError{IsNotFound: true}, 0, false, 1, 1, true},
		"no answer of DNS":   {&net.DNSError{IsTimeout: true}, 0, false, 3, 3, true},
		"not trusted":        {&tls.CertificateVerificationError{Err: errors.New("unknown authority")}, 0, false, 1, 1, true},
		"cut":                {io.EOF, 0, true, 3, 1, false},
		"400":                {nil, 400, true, 1, 1, true}, "404": {nil, 404, true, 1, 1, true}, "408": {nil, 408, true, 3, 1, false}, "409": {nil, 409, true, 1, 1, true},
		"429": {nil, 429, true, 3, 3, true}, "499": {nil, 499, true, 1, 1, false}, "500": {nil, 500, true, 3, 1, false}, "501": {nil, 501, true, 1, 1, false},
		"502": {nil, 502, true, 3, 1, false}, "503": {nil, 503, true, 3, 1, false}, "302": {nil, 302, true, 1, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				client := tenantAt(t, "palette.example.com", func(c *Config) { c.Retries, c.RetryWait = 2, time.Minute })
				client.Over(tripper(func(r *http.Request) (*http.Response, error) {
					n++
					if c.connected {
						httptrace.ContextClientTrace(r.Context()).GotConn(httptrace.GotConnInfo{})
					}
					return answered(c.status, strings.NewReader("{}")), c.err
				}))
				if _, err := client.profile(t.Context(), "x"); err == nil || n != c.reads {
					t.Errorf("a read was sent %d times, want %d; %v", n, c.reads, err)
				}
				n = 0
				if err := client.publish(t.Context(), "x"); err == nil || n != c.writes || outcomeUnknown(err) == c.notSentAfterAll {
					t.Errorf("a write was sent %d times, want %d; %v", n, c.writes, err)
				}
			})
		})
	}
}

// The pauses double, an interruption ends one, and a request that was put off is not
// done.
func TestPausesBetweenAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		start := time.Now()
		client := tenantAt(t, "palette.example.com", func(c *Config) { c.Retries, c.RetryWait = 3, 2*time.Second })
		client.Over(tripper(func(*http.Request) (*http.Response, error) {
			at = append(at, time.Since(start))
			return answered(503, strings.NewReader("{}")), nil
		}))
		if _, err := client.profile(t.Context(), "x"); err == nil || len(at) != 4 || at[1] != 2*time.Second || at[2] != 6*time.Second || at[3] != 14*time.Second {
			t.Errorf("sent at %s; %v", at, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		_, err := client.profile(ctx, "x")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	})
}

// Waiting for a server takes a bounded time, whatever the first pause is.
func TestLongestPause(t *testing.T) {
	for attempt, want := range map[int]time.Duration{0: 10 * time.Second, 1: 20 * time.Second, 2: 40 * time.Second, 3: time.Minute, 63: time.Minute} {
		if got := backoff(10*time.Second, attempt, &response{header: http.Header{}}); got != want {
			t.Errorf("attempt %d: got %s, want %s", attempt, got, want)
		}
	}
	for header, want := range map[string]time.Duration{"60": time.Minute, "61": time.Minute, "59": 59 * time.Second} {
		if got := backoff(time.Second, 0, &response{header: http.Header{"Retry-After": {header}}}); got != want {
			t.Errorf("%s: got %s, want %s", header, got, want)
		}
	}
}

// A key that begins as a token does is none, without its three parts.
func TestHeaderOfASecret(t *testing.T) {
	for text, header := range map[string]string{
		"eyJhbGciOiJub25lIn0.e30.": "Authorization", "eyJhbGciOiJub25lIn0": "Apikey", "eyJh.e30": "Apikey", "eyJh.e30.a.b": "Apikey", "a.b.c": "Apikey",
	} {
		got := http.Header{}
		Secret{text: text}.authorize(got)
		if len(got) != 1 || got.Get(header) != text {
			t.Errorf("%s: got %v", text, got)
		}
	}
}

// What a client needs is checked before it asks anything.
func TestConfigOfAClient(t *testing.T) {
	for name, config := range map[string]Config{
		"no host": {Secret: Secret{text: testKey}}, "no key": {Host: "palette.example.com"},
		"no certificate": {Host: "palette.example.com", Secret: Secret{text: testKey}, CA: []byte("x")},
	} {
		if client, err := NewClient(config); err == nil {
			t.Errorf("%s: got %v", name, client)
		}
	}
	client, err := NewClient(Config{Host: "palette.example.com:8443", Secret: Secret{text: testKey}})
	if err != nil || client.doer.RequestTimeout != 30*time.Second || client.doer.RetryWait != 500*time.Millisecond || client.Host() != "palette.example.com:8443" {
		t.Errorf("got %+v, %v", client, err)
	}
	var sent *http.Request
	client = tenantAt(t, "palette.example.com", func(c *Config) { c.UserAgent = "byoos/1" })
	client.Over(tripper(func(r *http.Request) (*http.Response, error) {
		sent = r
		return answered(http.StatusNoContent, strings.NewReader("")), nil
	}))
	if err := client.publish(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"User-Agent": "byoos/1", "Accept": "application/json", "Apikey": testKey, "Content-Type": "", "Projectuid": ""} {
		if got := sent.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
