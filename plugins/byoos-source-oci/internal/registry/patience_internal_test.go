package registry

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Who no longer wants to wait is told what the registry answered, unless it was asked to be
// waited for. What is sent once more is sent whole.
func TestPatienceAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		retryAfter  string
		interrupted bool
		status      int
		sent        string
	}{
		"again":                     {"", false, http.StatusOK, "form form "},
		"interrupted":               {"", true, http.StatusTooManyRequests, "form "},
		"interrupted while waiting": {"1", true, 0, "form "},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			p := &patience{clock: Clock{Now: time.Now, Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}}
			sent := ""
			p.base = roundTripper(func(req *http.Request) (*http.Response, error) {
				body, err := io.ReadAll(req.Body)
				resp := &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: req}
				if sent += string(body); sent == "form " {
					resp.StatusCode, resp.Header = http.StatusTooManyRequests, http.Header{"Retry-After": {tc.retryAfter}}
				}
				if tc.interrupted {
					cancel()
				}
				return resp, err
			})
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://r.example", strings.NewReader("form "))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := p.RoundTrip(req)
			status := 0
			if err == nil {
				status = resp.StatusCode
				_ = resp.Body.Close()
			}
			if status != tc.status || sent != tc.sent {
				t.Errorf("status %d, %v, sent %q", status, err, sent)
			}
			if body, _ := io.ReadAll(req.Body); len(body) > 0 {
				t.Errorf("%q is left in the request of the layer above", body)
			}
		})
	}
}

// A list has an end, though each of its pages brings a tag.
func TestPagesHaveAnEnd(t *testing.T) {
	p := pages{seen: map[string]bool{}}
	for i := range maxPages + 1 {
		name := strconv.Itoa(i)
		if err := p.add(&remote.Tags{Tags: []string{name}, Next: name}); (err != nil) != (i == maxPages) {
			t.Fatalf("page %d: %v", i, err)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// A registry that serves some of the requests that come together, and turns the
// others away, is waited for as long as it serves any.
func TestPatienceWhileOthersAreServed(t *testing.T) {
	for name, tc := range map[string]struct {
		status, refusals int
		progress         bool
		want, sent       int
	}{
		"limited, and others are served":        {http.StatusTooManyRequests, 20, true, http.StatusOK, 21},
		"unavailable, and others are served":    {http.StatusServiceUnavailable, 20, true, http.StatusOK, 21},
		"limited, and nobody is served":         {http.StatusTooManyRequests, 20, false, http.StatusTooManyRequests, attempts},
		"an error of its own, others are fine":  {http.StatusInternalServerError, 20, true, http.StatusInternalServerError, attempts},
		"limited for a while, nobody is served": {http.StatusTooManyRequests, attempts - 1, false, http.StatusOK, attempts},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			p := &patience{clock: Clock{
				Now:  func() time.Time { return now },
				Wait: func(_ context.Context, d time.Duration) error { now = now.Add(d); return nil },
			}}
			ask := func(path string) (status int) {
				req, err := http.NewRequest(http.MethodGet, "https://r.example"+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				resp, err := p.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close()
				return resp.StatusCode
			}
			sent := 0
			p.base = roundTripper(func(req *http.Request) (*http.Response, error) {
				resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Retry-After": {"1"}}, Body: http.NoBody, Request: req}
				if req.URL.Path == "/other" {
					return resp, nil
				}
				if sent++; sent <= tc.refusals {
					if tc.progress {
						ask("/other")
					}
					resp.StatusCode = tc.status
				}
				return resp, nil
			})
			if status := ask("/one"); status != tc.want || sent != tc.sent {
				t.Errorf("status %d after %d requests, want %d after %d", status, sent, tc.want, tc.sent)
			}
		})
	}
}
