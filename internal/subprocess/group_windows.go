package subprocess

import (
	"os"
	"os/exec"
	"syscall"
)

// Group keeps Ctrl-C for this program, which then ends the one that is about to be
// started, and opens no console window.
func Group(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP, HideWindow: true}
}

// Kill ends a program, and leaves what it has started to the system.
func Kill(p *os.Process) error { return p.Kill() }
