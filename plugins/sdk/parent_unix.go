//go:build unix

package sdk

import (
	"errors"
	"os"
	"strconv"
	"syscall"
	"time"
)

// parentPoll is how often a plugin looks whether its parent is still there.
const parentPoll = 250 * time.Millisecond

// waitForParent returns when the process that started this one is gone. hostPID
// is the host's process id, which also covers a host that died before this
// process could ask for its parent; empty means unknown.
func waitForParent(hostPID string) {
	parent := os.Getppid()
	host, err := strconv.Atoi(hostPID)
	if err != nil || host <= 1 {
		host = parent
	}
	ticker := time.NewTicker(parentPoll)
	defer ticker.Stop()
	for ; os.Getppid() == parent && alive(host); <-ticker.C {
	}
}

// alive also holds for a process of another user.
func alive(pid int) bool {
	return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
