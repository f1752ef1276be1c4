//go:build unix

package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/test/children"
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
			withScript(t, children.Script(fifo))
			for _, limit := range limits {
				began, err := children.EndWith(t, fifo, name == "ended", func(ctx context.Context) error {
					s, err := testOpen(ctx, settings.Config{AMI: &settings.AMI{}, CallTimeout: limit}, nil, nil)
					if err != nil {
						t.Error(err)
						return nil
					}
					return s.Authenticate(ctx)
				})
				if began && err == nil {
					t.Error("a program that does not end gave credentials")
				}
				if began {
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
