package arm

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

type fixedToken struct{}

func (fixedToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "t", ExpiresOn: time.Now().Add(24 * time.Hour)}, nil
}

// slow answers every request after a while, and one that a client gives up not at all.
func slow(after time.Duration) transport {
	return func(r *http.Request) (*http.Response, error) {
		select {
		case <-time.After(after):
			return &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"value":[]}`))}, nil
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
				api := asking(t, slow(tt.takes))
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
