package source

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/ownership"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

const tellAuthor = "reinstall the plugin, or tell its author"

// interrupted is the failure of a call that the user or the caller ended.
func interrupted(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &failure.Error{Code: failure.ExitSource, Summary: "the time was up", Err: context.Cause(ctx)}
	}
	return interrupt.Error(ctx)
}

// notStarted tells why the operating system refused to run a plugin.
func notStarted(p *Plugin, err error) *failure.Error {
	const wrongFile = "install the plugin for " + runtime.GOOS + "/" + runtime.GOARCH
	interpreter := shebang(p.Path)
	switch {
	case errors.Is(err, syscall.ENOEXEC) && interpreter == "":
		return broken(p, "is not a program that this machine can run: it is built for another one, damaged, or a script without #!", wrongFile, nil)
	case isGone(err) && interpreter != "":
		return broken(p, fmt.Sprintf("is a script for %s, which is not there", interpreter), "install "+interpreter, nil)
	case isGone(err):
		return broken(p, "needs a dynamic loader that is not there", wrongFile, nil)
	case errors.Is(err, fs.ErrPermission):
		return broken(p, "may not be executed", "run: chmod +x "+p.Path+"; or see whether its file system is mounted noexec", cause(err))
	}
	return broken(p, "cannot be started", tellAuthor, unwrapped(err))
}

// noTempDir tells why there is not even a process: its socket has no place.
func noTempDir(p *Plugin, err error) *failure.Error {
	var pathErr *fs.PathError
	if !errors.As(err, &pathErr) {
		return broken(p, "cannot be started", "", err)
	}
	variable := "TMPDIR"
	if runtime.GOOS == "windows" {
		variable = "TMP"
	}
	next := "set " + variable + " to a directory that you may write to"
	if socketBase() != "" {
		next += fmt.Sprintf(", with a path of less than %d bytes and no | in it", socketRoom)
	}
	return broken(p, "cannot be started: the temporary directory "+SocketParent()+" cannot be used", next, cause(err))
}

func unwrapped(err error) error {
	var execErr *exec.Error
	if errors.As(err, &execErr) {
		return execErr.Err
	}
	return cause(err)
}

// startFailure tells why a plugin did not come up, from what was seen of it.
func (h *Host) startFailure(p *Plugin, process *process, timedOut bool, err error) error {
	if process == nil {
		return noTempDir(p, err)
	}
	if process.startErr != nil {
		return notStarted(p, process.startErr)
	}
	line, lineErr := process.hello.first()
	var version versionError
	fail := func(next, what string, args ...any) *failure.Error {
		e := broken(p, fmt.Sprintf(what, args...), next, nil)
		e.Details = process.tail.last()
		return e
	}
	switch {
	case errors.As(lineErr, &version):
		return fail("install a version of the plugin that fits this kubectl-byoos, or update kubectl-byoos",
			"speaks %s, and this kubectl-byoos speaks %s", version, versionList(protocolVersions()))
	case errors.Is(lineErr, errNotGRPC):
		return fail(tellAuthor, "does not speak gRPC")
	case errors.Is(lineErr, errNoTLS):
		return fail(tellAuthor, "does not encrypt its connection")
	case lineErr != nil:
		e := fail("a plugin must print nothing on stdout before it serves; "+tellAuthor, "printed something else than the handshake on stdout")
		e.Details = append([]string{"it printed: " + process.tail.clean(line)}, e.Details...)
		return e
	case timedOut && line == "":
		return fail("run it with -v to see what it waits for; "+tellAuthor, "did not start within %s", h.options.StartTimeout)
	case timedOut:
		return fail(tellAuthor, "started but did not answer within %s", h.options.StartTimeout)
	case line == "":
		return fail(tellAuthor, "ended before it was ready (%s)", process.ending())
	}
	return fail(tellAuthor, "started but does not answer as a plugin does")
}

// callFailure tells why a call failed, call being its context. It is not for one
// that was interrupted.
func (h *Host) callFailure(call context.Context, a *answer, i *instance, err error) error {
	p := i.plugin
	st := status.Convert(err)
	fail := func(next, what string, args ...any) *failure.Error {
		summary := fmt.Sprintf("source %s: plugin %s (%s) ", a.source, p.Type, p.Path) + fmt.Sprintf(what, args...)
		last := slices.DeleteFunc(i.process.tail.last(), func(line string) bool { return strings.Contains(summary, line) })
		return &failure.Error{Code: failure.ExitSource, Summary: summary, Details: last, Next: next}
	}
	if errors.Is(err, errTooMuch) {
		return fail("ask for less; "+tellAuthor, "sent more than %d MiB of images and messages, and no end", h.maxAnswer>>20)
	}
	if st.Code() == codes.DeadlineExceeded && isOver(call) {
		const next = "give it more time with --timeout, or ask for less"
		if said := i.process.tail.clean(a.said); said != "" {
			return fail(next, "did not answer within %s; it said last: %s", h.options.CallTimeout, said)
		}
		return fail(next, "did not answer within %s", h.options.CallTimeout)
	}
	if broke(err) && i.process.ended(crashGrace) {
		return fail(seeLog, "ended in the middle of its answer (%s)", i.process.ending())
	}
	message := i.process.tail.clean(st.Message())
	text, panicked := strings.CutPrefix(message, "plugin "+p.Type+": ")
	switch {
	case message == "":
		return fail(seeLog, "broke off its answer with the status %s and without a word", st.Code())
	case st.Code() == codes.Internal && panicked:
		return fail(seeLog, "failed: %s", text)
	case st.Code() == codes.Unimplemented:
		return fail("update the plugin", "does not know this call: %s", message)
	case st.Code() == codes.ResourceExhausted && isTooLarge(message):
		return fail("tell its author", "sent more than %d MiB at once: %s", sdk.MaxMessageSize>>20, message)
	case st.Code() == codes.Unavailable, st.Code() == codes.Internal, st.Code() == codes.Unknown, st.Code() == codes.Canceled:
		return fail(tellAuthor, "broke off its answer: %s", message)
	}
	return fail(seeLog, "failed (%s): %s", st.Code(), message)
}

// isTooLarge tells gRPC's own words on a message, of either side, from a quota.
func isTooLarge(message string) bool {
	return strings.HasPrefix(message, "grpc: ") || strings.HasPrefix(message, "trying to send message larger than max")
}

const seeLog = "run again with -v for its log; then tell its author"

// isOver reports whether the time of a call is up. The plugin has its own clock
// for it, which may be ahead a little.
func isOver(call context.Context) bool {
	deadline, ok := call.Deadline()
	return call.Err() != nil || ok && time.Until(deadline) < exitGrace/5
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
	if !ok || strings.TrimSpace(rest) == "" {
		return ""
	}
	return strings.Fields(rest)[0]
}
