package sdk

import (
	"os"
	"strconv"

	"golang.org/x/sys/windows"
)

// parentWatch returns a function that returns when the process hostPID is gone;
// when hostPID is empty, the process that started this one.
func parentWatch(hostPID string) (wait func()) {
	pid, err := strconv.ParseUint(hostPID, 10, 32)
	if err != nil {
		pid = uint64(os.Getppid())
	}
	handle, err := windows.OpenProcess(windows.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		// The process is gone already: nobody else can hide it from its child.
		return func() {}
	}
	return func() {
		defer func() { _ = windows.CloseHandle(handle) }()
		_, _ = windows.WaitForSingleObject(handle, windows.INFINITE)
	}
}

// endOwnGroup does nothing: there are no process groups.
func endOwnGroup() {}
