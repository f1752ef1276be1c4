//go:build unix

package session

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
)

// TestNothingOfAProgramStays when its time is over or the command was ended: what
// it started holds a pipe, which ends with the last of them.
func TestNothingOfAProgramStays(t *testing.T) {
	for name, c := range map[string]settings.Config{
		"out of time": {AMI: &settings.AMI{}, CallTimeout: "4s"},
		"ended":       {AMI: &settings.AMI{}},
	} {
		t.Run(name, func(t *testing.T) {
			fifo := filepath.Join(t.TempDir(), "fifo")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			withScript(t, "sleep 60 >"+fifo+" & wait")
			ctx, end := context.WithCancel(context.Background())
			defer end()
			s, err := Open(ctx, c, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- s.Authenticate(ctx) }()
			reader, err := os.Open(fifo) // waits for the child
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = reader.Close() }()
			if name == "ended" {
				end()
			}
			if err := <-done; err == nil {
				t.Fatal("a program that does not end gave credentials")
			}
			if err := reader.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(reader); err != nil {
				t.Errorf("its child goes on: %v", err)
			}
		})
	}
}
