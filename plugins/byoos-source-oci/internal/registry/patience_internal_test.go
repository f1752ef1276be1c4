package registry

import (
	"context"
	"net/http"
	"testing"
	"time"
)

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
