//go:build unix && !linux

package source

import (
	"os"
	"os/exec"
	"syscall"
)

// setAttributes puts the child into a process group of its own, so that Ctrl-C
// reaches the host alone, which then ends its plugins.
func setAttributes(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// endGroup does nothing: of a process that was waited for, the id may be another's.
func endGroup(*os.Process) {}
