package arm

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
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

// A call that is over while it waits for its turn is over at once, and asks nothing.
func TestEndOfAWaitForATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		api := asking(t, func(r *http.Request) (*http.Response, error) {
			asked.Add(1)
			return slow(20*time.Second, `{"value":[]}`)(r)
		})
		ask := func(ctx context.Context) error { return List(ctx, api, things(), func(thing) error { return nil }) }
		var others sync.WaitGroup
		for range maxInFlight {
			others.Go(func() {
				if err := ask(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		from := time.Now()
		if err := ask(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(from) != time.Second || asked.Load() != maxInFlight {
			t.Errorf("%v after %s, %d asked", err, time.Since(from), asked.Load())
		}
		others.Wait()
	})
}

// What an answer that is fine asks to wait for is of no interest; and of a request nothing
// is left when it is answered.
func TestWaitInAGoodAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var of context.Context
		names, err := list(ctx, t, func(r *http.Request) (*http.Response, error) {
			of = r.Context()
			return answer(r, 200, http.Header{"Retry-After": {"30"}}, `{"value":[{"name":"a"}]}`), nil
		})
		if err != nil || len(names) != 1 || of.Err() == nil {
			t.Errorf("%v, %v, the request is %v", names, err, of.Err())
		}
	})
}
