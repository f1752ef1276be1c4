package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"syscall"
	"testing"
)

const isProgram = "BYOOS_TEST_IS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(isProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// TestSignalsWaitForNewProcesses: what has the memory of the program, until it is
// another one, runs no handler of its signals, which Ctrl-C sends to it too.
func TestSignalsWaitForNewProcesses(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "byoos-source-x"), []byte("#!/bin/sh\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread() // which is the one that traces
	defer runtime.UnlockOSThread()
	cmd := exec.Command(os.Args[0], "plugin", "list", "--plugin-dir", dir)
	cmd.Env = []string{isProgram + "=1", "HOME=" + dir, "TMPDIR=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		t.Skip("a process cannot be traced here: ", err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	masks, err := masksOfNewProcesses(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if len(masks) < 2 {
		t.Errorf("%d processes, want that of the plugin and the one that Go makes to find out how", len(masks))
	}
	for _, blocked := range masks {
		if blocked&(1<<(syscall.SIGINT-1)) == 0 {
			t.Errorf("a process is made with the signals %#x blocked, which is not SIGINT", blocked)
		}
	}
}

// masksOfNewProcesses runs a traced program to its end, and returns the signals that are
// blocked where it makes a process.
func masksOfNewProcesses(pid int) ([]uint64, error) {
	var masks []uint64
	known := map[int]bool{}
	for {
		var status syscall.WaitStatus
		stopped, err := syscall.Wait4(-1, &status, syscall.WALL, nil)
		if err != nil {
			return nil, fmt.Errorf("wait: %w", err)
		}
		if !status.Stopped() {
			if stopped == pid {
				return masks, nil
			}
			continue
		}
		deliver := 0
		switch first := !known[stopped]; {
		case first && stopped == pid:
			const killWithTracer = 0x100000
			err = syscall.PtraceSetOptions(pid, syscall.PTRACE_O_TRACECLONE|syscall.PTRACE_O_TRACEVFORK|killWithTracer)
		case first:
			blocked, isProcess, err := signalsOf(stopped)
			if err != nil {
				return nil, err
			}
			if isProcess {
				masks = append(masks, blocked)
				_ = syscall.PtraceDetach(stopped)
				continue
			}
		case status.StopSignal() != syscall.SIGTRAP:
			deliver = int(status.StopSignal())
		}
		known[stopped] = true
		if err != nil {
			return nil, fmt.Errorf("trace: %w", err)
		}
		_ = syscall.PtraceCont(stopped, deliver) // it may be gone by now
	}
}

// signalsOf returns which signals a thread has blocked, and whether it is a process.
func signalsOf(thread int) (blocked uint64, isProcess bool, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", thread))
	if err != nil {
		return 0, false, err
	}
	found := regexp.MustCompile(`(?s)\nTgid:\s*(\d+)\n.*\nSigBlk:\s*([0-9a-f]+)\n`).FindSubmatch(b)
	if found == nil {
		return 0, false, fmt.Errorf("no signals in %q", b)
	}
	blocked, err = strconv.ParseUint(string(found[2]), 16, 64)
	return blocked, string(found[1]) == strconv.Itoa(thread), err
}
