package run

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A call that ends at the very moment when its plugin has connected must not wait
// for a second connection, which never comes.
func TestAnEndAtTheMomentOfConnectingIsTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // a wait without an end is a deadlock here
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 100 { // both are ready, and either may be seen first
			connected := make(chan error, 1)
			connected <- nil
			if _, err := await(ctx, connected, time.Minute, func() {}); !errors.Is(err, context.Canceled) {
				t.Fatalf("error %v, want %v", err, context.Canceled)
			}
		}
	})
}

func TestAStartThatTakesTooLongIsEnded(t *testing.T) {
	connected := make(chan error, 1)
	failed := errors.New("the connection was cut")
	timedOut, err := await(t.Context(), connected, time.Millisecond, func() { connected <- failed })
	if !timedOut || !errors.Is(err, failed) {
		t.Errorf("timed out %t, error %v; want true, %v", timedOut, err, failed)
	}
}
