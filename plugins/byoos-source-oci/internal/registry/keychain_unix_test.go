//go:build unix

package registry

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
)

// TestHelperEndsWithItsChildren has a credential helper wait for a program of its own,
// when its time is over.
func TestHelperEndsWithItsChildren(t *testing.T) {
	dir := t.TempDir()
	started := filepath.Join(dir, "started")
	script := "#!/bin/sh\nsleep 300 & echo $! > " + started + ".part && mv " + started + ".part " + started + "\nwait\n"
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-slow"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	file := filepath.Join(dir, "config.json")
	if err := os.WriteFile(file, []byte(`{"credsStore": "slow"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	repo, err := name.NewRepository("registry.example/os")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := Keychain{Files: []string{file}}.Lookup(ctx, repo)
		ended <- err
	}()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	var child []byte
	for len(child) == 0 {
		select {
		case err := <-ended:
			t.Fatal(err)
		case <-ticker.C:
			child, _ = os.ReadFile(started)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(child)))
	if err != nil {
		t.Fatal(err)
	}
	limit := time.After(20 * time.Second)
	for !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		select {
		case <-limit:
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("its child runs on")
		case <-ticker.C:
		}
	}
}
