//go:build unix && !linux

package source

import (
	"os/exec"
	"syscall"
)

// setAttributes puts the child into a process group of its own, so that Ctrl-C
// reaches the host alone, which then ends its plugins.
func setAttributes(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
