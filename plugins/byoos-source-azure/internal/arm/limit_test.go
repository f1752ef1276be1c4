package arm

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// slow answers every request after a while, and one that a client gives up not at all.
func slow(after time.Duration, body string) transport {
	return func(r *http.Request) (*http.Response, error) {
		select {
		case <-time.After(after):
			return answer(r, 200, nil, body), nil
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

// The timeout is how long Azure may take for an answer. How long a request waits for
// its turn is no fault of Azure's.
func TestTimeoutIsAzures(t *testing.T) {
	for name, tt := range map[string]struct {
		takes time.Duration
		fine  bool
	}{"slow": {20 * time.Second, true}, "too slow": {31 * time.Second, false}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := asking(t, slow(tt.takes, `{"value":[]}`))
				var done sync.WaitGroup
				for range 5 * maxInFlight {
					done.Go(func() {
						err := List(t.Context(), api, things(), func(thing) error { return nil })
						if (err == nil) != tt.fine || err != nil && !errors.Is(err, context.DeadlineExceeded) {
							t.Errorf("got %v", err)
						}
					})
				}
				done.Wait()
			})
		})
	}
}
