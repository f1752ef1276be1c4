package source

import (
	"os/exec"
	"syscall"
)

// setAttributes puts the child into a process group of its own, so that Ctrl-C
// reaches the host alone, which then ends its plugins; and lets the kernel send
// SIGTERM when the host is gone, for a plugin that does not watch by itself.
func setAttributes(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
