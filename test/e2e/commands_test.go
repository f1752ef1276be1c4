package e2e

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptTimeout bounds one program of a script.
const scriptTimeout = 2 * time.Minute

// exitCode runs a program and checks its exit code: exitcode 3 kubectl-byoos ...
// Its streams are then those that stdout and stderr compare.
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exitcode CODE PROGRAM [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%s: %v", args[1], err)
	}
	if got != want {
		ts.Fatalf("%s: exit code %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// condition knows [has:PROGRAM], true where the program is there (without it the
// test fails where BYOOS_TEST_TOOLS=require asks for it), [exists:FILE] and
// [root].
func condition(cond string) (bool, error) {
	kind, argument, _ := strings.Cut(cond, ":")
	switch kind {
	case "root":
		return os.Geteuid() == 0, nil
	case "exists":
		_, err := os.Stat(argument)
		return err == nil, nil
	case "has":
		_, err := exec.LookPath(argument)
		if err != nil && os.Getenv("BYOOS_TEST_TOOLS") == "require" {
			return false, errors.New(argument + " is not installed, and BYOOS_TEST_TOOLS=require")
		}
		return err == nil, nil
	}
	return false, errors.New("unknown condition " + cond)
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), scriptTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", "env", name).Output()
	if err != nil {
		t.Fatalf("go env %s: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}
