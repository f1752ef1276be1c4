//go:build unix

package signin

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/test/children"
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
				envWays: cli, "PATH": programs(t, map[string]string{"az": children.Script(fifo)}),
			})
			for _, limit := range limits {
				began, err := children.EndWith(t, fifo, name == "ended", func(ctx context.Context) error {
					return signInFor(ctx, Options{Cloud: private(t), Getenv: getenv, Limit: limit})
				})
				if !began {
					continue
				}
				if isLate := strings.Contains(text(err), "az: it did not end within "+limit.String()); name != "ended" && !isLate || name == "ended" && !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
				return
			}
			t.Error("the program was ended before its child ran")
		})
	}
}

// What azd said before it hung is not why.
func TestDeveloperCLIHangs(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	getenv := settings(t, map[string]string{envWays: developer, "PATH": programs(t, map[string]string{"azd": "echo AADSTS50076 >&2; exec cat " + fifo})})
	const want = "azd: it did not end within 200ms next: find out why it hangs: run `azd auth token`"
	if said := text(signInWith(t, Options{Getenv: getenv, Limit: 200 * time.Millisecond}, "")); said != want {
		t.Errorf("said %s", said)
	}
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
