//go:build unix

package signin

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// A program that hangs is named, and nothing of it stays when its time is over or the
// command was ended: what it started holds a pipe, which ends with the last of them.
func TestNothingOfAProgramStays(t *testing.T) {
	for name, limits := range map[string][]time.Duration{
		// On a busy machine it may take long until the child runs.
		"out of time": {2 * time.Second, 20 * time.Second, 100 * time.Second},
		"ended":       {5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			fifo := filepath.Join(t.TempDir(), "fifo")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			getenv := settings(t, map[string]string{
				envWays: cli, "PATH": programs(t, map[string]string{"az": "sleep 3600 >" + fifo + " & wait"}),
			})
			for _, limit := range limits {
				if nothingStays(t, Options{Cloud: private(t), Getenv: getenv, Limit: limit}, fifo, name == "ended") {
					return
				}
			}
			t.Error("the program was ended before its child ran")
		})
	}
}

// nothingStays is false when the program was ended before its child opened the pipe.
func nothingStays(t *testing.T, o Options, fifo string, interrupted bool) bool {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	defer end()
	c, err := (&Store{}).Get(o.Cloud, "", func() (azcore.TokenCredential, error) { return New(o) })
	if err != nil {
		t.Fatal(err)
	}
	done, opened := make(chan error, 1), make(chan *os.File, 1)
	go func() {
		_, err := c.SignIn(ctx, o.Cloud)
		done <- err
	}()
	go func() {
		reader, err := os.Open(fifo) // waits for the child
		if err != nil {
			t.Error(err)
		}
		opened <- reader
	}()
	var reader *os.File
	select {
	case reader = <-opened:
	case <-done:
		both, err := os.OpenFile(fifo, os.O_RDWR, 0) // so that the reader need not wait
		if err != nil {
			t.Fatal(err)
		}
		_ = (<-opened).Close()
		_ = both.Close()
		return false
	}
	defer func() { _ = reader.Close() }()
	if interrupted {
		end()
	}
	err = <-done
	if interrupted && !errors.Is(err, context.Canceled) || !interrupted && !strings.Contains(text(err), "az: it did not end within "+o.Limit.String()) {
		t.Errorf("got %v", err)
	}
	if err := reader.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(reader); err != nil {
		t.Errorf("its child goes on: %v", err)
	}
	return true
}

// A PowerShell that hangs is one, and no network that gives no answer.
func TestPowerShellHangs(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	// azidentity ends the shell that runs it, and not the program: this one ends when its
	// pipe does.
	defer func() {
		if both, err := os.OpenFile(fifo, os.O_RDWR, 0); err == nil {
			_ = both.Close()
		}
	}()
	getenv := settings(t, map[string]string{envWays: powerShell, "PATH": programs(t, map[string]string{"pwsh": "exec cat " + fifo})})
	said := text(signInWith(t, Options{Getenv: getenv, Limit: 100 * time.Millisecond}, ""))
	if !strings.Contains(said, "Azure PowerShell: it did not end within 100ms") || strings.Contains(said, "network") {
		t.Errorf("said %s", said)
	}
}
