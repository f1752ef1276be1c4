package run

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"syscall"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/handshake"
	"github.com/kubectl-byoos/kubectl-byoos/internal/ownership"
)

// Broken is the failure of a plugin that cannot be used: "plugin X (path) <what>".
func (p Program) Broken(what, next string, err error) *failure.Error {
	return &failure.Error{
		Code: failure.ExitSource, Summary: fmt.Sprintf("plugin %s (%s) %s", p.Type, p.Path, what), Next: next, Err: err,
	}
}

// Gone is the failure of a plugin that was removed after it was looked up.
func (p Program) Gone() *failure.Error {
	return p.Broken("is gone: it was removed meanwhile", "put it back, or install it with `kubectl byoos plugin install FILE`", nil)
}

const tellAuthor = "reinstall the plugin, or tell its author"

// notStarted tells why the operating system refused to run a plugin.
func (p Program) notStarted(err error) *failure.Error {
	const wrongFile = "install the plugin for " + runtime.GOOS + "/" + runtime.GOARCH
	interpreter := shebang(p.Path)
	gone := errors.Is(err, fs.ErrNotExist)
	switch {
	case errors.Is(err, syscall.ENOEXEC) && interpreter == "":
		return p.Broken("is not a program that this machine can run: it is built for another one, damaged, or a script without #!", wrongFile, nil)
	case gone && interpreter != "":
		return p.Broken(fmt.Sprintf("is a script for %s, which is not there", interpreter), "install "+interpreter, nil)
	case gone && !isThere(p.Path):
		return p.Gone()
	case gone:
		return p.Broken("needs a dynamic loader that is not there", wrongFile, nil)
	case errors.Is(err, fs.ErrPermission):
		return p.Broken("may not be executed", "run: chmod +x "+p.Path+"; or see whether its file system is mounted noexec", cause(err))
	}
	return p.Broken("cannot be started", tellAuthor, cause(err))
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// noTempDir tells why there is not even a process: its socket has no place.
func (p Program) noTempDir(err error) *failure.Error {
	variable := "TMPDIR"
	if runtime.GOOS == "windows" {
		variable = "TMP"
	}
	next := "set " + variable + " to a directory that you may write to"
	if socketBase() != "" {
		next += fmt.Sprintf(", with a path of less than %d bytes and no | in it", socketRoom)
	}
	return p.Broken("cannot be started: the temporary directory "+SocketParent()+" cannot be used", next, cause(err))
}

// cause drops the operation and path from an error, which the failure names already.
func cause(err error) error { return cmp.Or(errors.Unwrap(err), err) }

// startFailure tells why a plugin did not come up, from what was seen of it.
func (r *Runner) startFailure(p Program, process *process, timedOut bool, err error) error {
	if process == nil {
		return p.noTempDir(err)
	}
	if process.startErr != nil && !timedOut {
		return p.notStarted(process.startErr)
	}
	line, lineErr := process.hello.first()
	var version versionError
	fail := func(next, what string, args ...any) *failure.Error {
		e := p.Broken(fmt.Sprintf(what, args...), next, nil)
		e.Details = process.tail.Last()
		return e
	}
	switch {
	case errors.As(lineErr, &version):
		return fail("install a version of the plugin that fits this kubectl-byoos, or update kubectl-byoos",
			"speaks %s, and this kubectl-byoos speaks %d", version, handshake.ProtocolVersion)
	case errors.Is(lineErr, errNotGRPC):
		return fail(tellAuthor, "does not speak gRPC")
	case errors.Is(lineErr, errNoTLS):
		return fail(tellAuthor, "does not encrypt its connection")
	case lineErr != nil:
		e := fail("a plugin must print nothing on stdout before it serves; "+tellAuthor, "printed something else than the handshake on stdout")
		e.Details = append([]string{"it printed: " + process.tail.Clean(line)}, e.Details...)
		return e
	case timedOut && line == "":
		return fail("run it with -v to see what it waits for; "+tellAuthor, "did not start within %s", r.limits.Start)
	case timedOut:
		return fail(tellAuthor, "started but did not answer within %s", r.limits.Start)
	case line == "":
		return fail(tellAuthor, "ended before it was ready (%s)", process.ending())
	}
	return fail(tellAuthor, "started but does not answer as a plugin does")
}

// shebang returns the interpreter of a script, empty for anything else.
func shebang(path string) string {
	f, _, err := ownership.OpenRegular(path)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	b, _ := bufio.NewReaderSize(f, 256).Peek(256)
	line, _, _ := bytes.Cut(b, []byte("\n"))
	rest, ok := strings.CutPrefix(string(line), "#!")
	words := strings.Fields(rest)
	if !ok || len(words) == 0 {
		return ""
	}
	return words[0]
}
