package main

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// beforeChildren has Go find out, once, how it may start processes. Go makes one for
// this that has the memory and the signal handlers of the program. Ctrl-C is sent to both;
// where the program has had it and waits for a second one, the handler ended the new
// process midway, and the program went on with the state of that handler, and crashed. So
// signals wait meanwhile, as Go has them wait when it starts other processes.
func beforeChildren() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all, before unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^all.Val[i]
	}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &before); err != nil {
		return
	}
	defer func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil) }()
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Release()
	}
}
