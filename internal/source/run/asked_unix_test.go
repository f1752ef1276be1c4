//go:build unix

package run_test

import (
	"os"
	"path/filepath"
	"testing"
)

// TestCloseAsksFirst: a plugin that is asked to end may tidy up. A signal would end one
// that knows nothing of signals in the middle of that.
func TestCloseAsksFirst(t *testing.T) {
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		signalled := filepath.Join(t.TempDir(), "signalled")
		r := newRunner(t, limits())
		if err := r.Try(t.Context(), script(t, `trap 'touch "`+signalled+`"' TERM`, `"`+executable+`" &`, "wait", "wait")); err != nil {
			t.Fatal(err)
		}
		r.Close()
		if _, err := os.Stat(signalled); err == nil {
			t.Error("the plugin got SIGTERM")
		}
	}
}
