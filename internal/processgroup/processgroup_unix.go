//go:build unix

// Package processgroup ends a program together with what it has started.
package processgroup

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// EndAll makes the end of a call the end of all that cmd has started.
func EndAll(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); !errors.Is(err, syscall.ESRCH) {
			return err
		}
		return os.ErrProcessDone
	}
}
