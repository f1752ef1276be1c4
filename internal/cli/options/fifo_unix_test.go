//go:build unix

package options

import (
	"syscall"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// Nobody writes to the pipe, and nobody waits for it.
func TestLoginThatIsAPipe(t *testing.T) {
	home, path := loginFile(t)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	if login := cliLogin(testInvocation(home, "HOME="+home)); failure.Code(login.err) != failure.ExitUsage {
		t.Errorf("got %+v", login)
	}
}
