package source

import (
	"os"
	"os/exec"
	"syscall"
)

// setAttributes keeps Ctrl-C for the host, which then ends its plugins, and
// opens no console window.
func setAttributes(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP, HideWindow: true}
}

func killGroup(p *os.Process) { _ = p.Kill() }

func endGroup(*os.Process) {}

func signalOf(*os.ProcessState) (string, bool) { return "", false }
