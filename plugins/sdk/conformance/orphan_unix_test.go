//go:build unix

package conformance_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/conformance"
)

// TestCheckEndsASilentPlugin, of which nothing runs any more when the check was given up.
func TestCheckEndsASilentPlugin(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "open")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	// The host gives a certificate, and what looks for orphans none.
	binary := script(t, `[ "$1" = describe ] && exec echo '{"name":"x","version":"1.0.0","protocolVersions":[1],"configSchema":"{}"}'
[ -z "$BYOOS_PLUGIN" -o -n "$PLUGIN_CLIENT_CERT" ] && exit 1
until [ -s "$PLUGIN_UNIX_SOCKET_DIR/../pid" ]; do sleep 0.1; done # the check knows it
exec 9>'`+fifo+`'
exec sleep 600`)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		conformance.Check(ctx, binary, conformance.Case{})
	}()
	held, err := os.OpenFile(fifo, os.O_RDONLY, 0) // once the plugin has it open
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Close() }()
	cancel()
	<-ended
	if err := held.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := held.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the plugin still runs: %v", err)
	}
}
