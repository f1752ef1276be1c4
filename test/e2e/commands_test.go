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
	if got, want := run(ts, args[1:]), number(ts, args[0]); got != want {
		ts.Fatalf("%s: exit code %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// patiently runs a program that is to reach a time limit, the word LIMIT in its
// arguments: patiently CODE TEXT PROGRAM [ARG...]. The limit grows until the program
// writes TEXT and ends with the code, for which a busy machine may need more time.
func patiently(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: patiently CODE TEXT PROGRAM [ARG...]")
	}
	for _, limit := range []string{"1s", "5s", "25s", "1m40s"} {
		command := strings.Split(strings.ReplaceAll(strings.Join(args[2:], "\x00"), "LIMIT", limit), "\x00")
		code := run(ts, command)
		if code == number(ts, args[0]) && strings.Contains(ts.ReadFile("stdout")+ts.ReadFile("stderr"), strings.ReplaceAll(args[1], "LIMIT", limit)) {
			return
		}
	}
	ts.Fatalf("%s: not exit code %s and %q", strings.Join(args[2:], " "), args[0], args[1])
}

// run returns a program's exit code.
func run(ts *testscript.TestScript, command []string) int {
	err := ts.Exec(command[0], command[1:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		ts.Fatalf("%s: %v", command[0], err)
	}
	return 0
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
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
