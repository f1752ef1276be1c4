//go:build !unix

// Package processgroup ends a program together with what it has started.
package processgroup

import "os/exec"

// EndAll leaves what cmd has started to the system.
func EndAll(*exec.Cmd) {}
