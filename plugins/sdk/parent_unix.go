//go:build unix

package sdk

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// parentPoll is how often a plugin looks whether its parent is still there.
const parentPoll = 250 * time.Millisecond

// parentWatch looks who the parent is and returns a function that returns when it
// is gone. hostPID is the host's process id, which also covers a host that died
// before this process could ask for its parent, and a wrapper between the two;
// empty means unknown.
func parentWatch(hostPID string) (wait func()) {
	parent := os.Getppid()
	host, _ := strconv.Atoi(hostPID)
	if host < 1 {
		host = parent
	}
	return func() {
		ticker := time.NewTicker(parentPoll)
		defer ticker.Stop()
		for !orphaned(os.Getppid(), parent, host) {
			<-ticker.C
		}
	}
}

// orphaned tells it of a process whose parent was parent, and is now.
func orphaned(now, parent, host int) bool {
	switch {
	case now != parent, now == 1 && host != 1:
		return true
	case now == host:
		return false
	}
	return !alive(host)
}

// alive also holds for a process of another user, but not for one that was
// killed and whose own parent did not take note yet.
func alive(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	// Only Linux has this file. The state follows the name in parentheses, which
	// may hold anything.
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	state := strings.TrimLeft(string(b[bytes.LastIndexByte(b, ')')+1:]), " ")
	return !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}

// endOwnGroup ends this process and what it has started in the group that the host gave
// it. A plugin that was started by hand may be in one with others.
func endOwnGroup() {
	if os.Getenv(EnvHostPID) != "" && syscall.Getpgrp() == os.Getpid() {
		_ = syscall.Kill(0, syscall.SIGKILL)
	}
}
