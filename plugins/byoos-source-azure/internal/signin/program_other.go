//go:build !unix

package signin

import "os/exec"

// endAll leaves what cmd has started to the system.
func endAll(*exec.Cmd) {}
