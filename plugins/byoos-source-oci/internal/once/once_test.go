package once_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/once"
)

// All who ask at the same time get what the first got, also its error.
func TestMapGetsEachOnce(t *testing.T) {
	var m once.Map[string]
	failure := errors.New("broken")
	if v := m.Known("key"); v != "" {
		t.Errorf("%q is known before anybody asked", v)
	}
	calls := 0
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			v, err := m.Get("key", func() (string, error) { calls++; return "value", failure })
			if v != "value" || !errors.Is(err, failure) {
				t.Errorf("%q, %v", v, err)
			}
		})
	}
	group.Wait()
	if calls != 1 || m.Known("key") != "value" {
		t.Errorf("%d calls, and %q is known", calls, m.Known("key"))
	}
	if v, err := m.Get("other", func() (string, error) { return "another", nil }); v != "another" || err != nil {
		t.Errorf("%q, %v", v, err)
	}
}
