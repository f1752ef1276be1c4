package run

import (
	"errors"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/kubectl-byoos/kubectl-byoos/internal/subprocess"
)

// setAttributes puts the child into a process group of its own, and lets the kernel send
// SIGTERM when the host is gone, for a plugin that does not watch by itself.
func setAttributes(cmd *exec.Cmd) {
	subprocess.Group(cmd)
	cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
}

// endGroup waits for the end of a process, and ends what it started and left. The
// process is still to be waited for, so its id is its own meanwhile.
func endGroup(p *os.Process) {
	for {
		err := unix.Waitid(unix.P_PID, p.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err == nil {
			_ = subprocess.Kill(p)
		}
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}
