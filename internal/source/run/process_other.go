//go:build !linux

package run

import (
	"os"
	"os/exec"

	"github.com/kubectl-byoos/kubectl-byoos/internal/subprocess"
)

func setAttributes(cmd *exec.Cmd) { subprocess.Group(cmd) }

// endGroup does nothing: of a process that was waited for, the id may be another's.
func endGroup(*os.Process) {}
