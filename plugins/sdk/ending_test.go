package sdk

import (
	"sync"
	"testing"
)

// A call that is cancelled when the host is gone ends what it started before the
// process exits.
func TestEndingWaitsForCalls(t *testing.T) {
	var running sync.RWMutex
	cancelled := make(chan struct{})
	var order []string
	running.RLock()
	go func() {
		<-cancelled
		order = append(order, "program ended")
		running.RUnlock()
	}()
	newEnding("", func() { close(cancelled) }, &running, func(int) { order = append(order, "exit") }).now(0)
	if len(order) != 2 || order[1] != "exit" {
		t.Errorf("%q", order)
	}
}

// One that does not heed its context does not keep the process.
func TestEndingDoesNotWaitForEver(t *testing.T) {
	var running sync.RWMutex
	running.RLock()
	code := -1
	newEnding("", func() {}, &running, func(c int) { code = c }).now(3)
	if code != 3 {
		t.Errorf("code %d", code)
	}
}
