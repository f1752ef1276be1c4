//go:build !unix

package session

import "os/exec"

// endAll leaves what cmd has started to the system.
func endAll(*exec.Cmd) {}
