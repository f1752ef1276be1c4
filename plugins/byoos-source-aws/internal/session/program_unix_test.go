//go:build unix

package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
)

// TestNothingOfAProgramStays when its time is over or the command was ended: what
// it started holds a pipe, which ends with the last of them.
func TestNothingOfAProgramStays(t *testing.T) {
	for name, limits := range map[string][]string{
		// On a busy machine it may take long until the child runs.
		"out of time": {"4s", "20s", "1m40s"},
		"ended":       {"5m"},
	} {
		t.Run(name, func(t *testing.T) {
			fifo := filepath.Join(t.TempDir(), "fifo")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			withScript(t, "sleep 3600 >"+fifo+" & wait")
			for _, limit := range limits {
				if nothingStays(t, settings.Config{AMI: &settings.AMI{}, CallTimeout: limit}, fifo, name == "ended") {
					return
				}
			}
			t.Error("the program was ended before its child ran")
		})
	}
}

// TestProgramLeavesAnAgent: what a program starts and leaves behind may hold its pipes.
func TestProgramLeavesAnAgent(t *testing.T) {
	const agent = "sleep 3600 %s & echo $! >%s\nprintf '%%s' '{\"Version\":1,\"AccessKeyId\":\"AKIAX\",\"SecretAccessKey\":\"s\"}'"
	for name, redirected := range map[string]string{"stderr": ">/dev/null", "both": "", "none": ">/dev/null 2>&1"} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "pid")
			t.Cleanup(func() {
				text, err := os.ReadFile(file)
				pid, convErr := strconv.Atoi(strings.TrimSpace(string(text)))
				if err := errors.Join(err, convErr); err != nil {
					t.Fatal(err)
				}
				if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
					t.Error(err) // it is left alone
				}
			})
			withScript(t, fmt.Sprintf(agent, redirected, file))
			s, err := testOpen(context.Background(), settings.Config{AMI: &settings.AMI{}, CallTimeout: "5m"}, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Authenticate(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

// nothingStays is false when the program was ended before its child opened the pipe.
func nothingStays(t *testing.T, c settings.Config, fifo string, interrupted bool) bool {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	defer end()
	s, err := testOpen(ctx, c, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	done, opened := make(chan error, 1), make(chan *os.File, 1)
	go func() { done <- s.Authenticate(ctx) }()
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
	if err := <-done; err == nil {
		t.Fatal("a program that does not end gave credentials")
	}
	if err := reader.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(reader); err != nil {
		t.Errorf("its child goes on: %v", err)
	}
	return true
}
