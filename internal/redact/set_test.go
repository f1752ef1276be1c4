package redact

import (
	"fmt"
	"sync"
	"testing"
)

// A Set learns while others ask it.
func TestSet(t *testing.T) {
	var s Set
	if got := s.Text("CANARY-0 and Bearer CANARY="); got != "CANARY-0 and Bearer [redacted]" {
		t.Errorf("without secrets: %q", got)
	}
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			secret := fmt.Sprintf("CANARY-%d", i)
			s.Add("", secret, "short")
			if got := s.Text("a short " + secret); got != "a short [redacted]" {
				t.Errorf("it is %q", got)
			}
		})
	}
	group.Wait()
	if !s.Holds("password=CANARY-0") || s.Holds("password=CANARY") {
		t.Error("it takes a form for a secret")
	}
	if got := s.Text("CANARY-0 CANARY-19"); got != "[redacted] [redacted]" {
		t.Errorf("at the end: %q", got)
	}
}
