//go:build unix

package run_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/handshake"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source/run"
)

const (
	somethingElse = "printed something else than the handshake on stdout"
	noPlugin      = "started but does not answer as a plugin does"
	tellAuthor    = "\nnext: reinstall the plugin, or tell its author"
)

// check compares a failure with "plugin x (path) <want>", where PATH stands for the path.
func check(t *testing.T, name string, err error, p run.Program, want string) {
	t.Helper()
	want = "plugin x (PATH) " + want
	got := strings.ReplaceAll(said(err), p.Path, "PATH")
	if failure.Code(err) != failure.ExitSource || got != want {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// certificate is the field of a handshake.
func certificate(t *testing.T) string {
	t.Helper()
	c, err := handshake.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return handshake.Field(c)
}

// TestHandshakes has what a program may print first.
func TestHandshakes(t *testing.T) {
	const otherVersion = "\nnext: install a version of the plugin that fits this kubectl-byoos, or update kubectl-byoos"
	r, long := newRunner(t, limits()), certificate(t)
	for line, want := range map[string]string{
		"hello":                            somethingElse,
		"1|1|unix":                         somethingElse,
		"x|1|unix|/s|grpc|C":               somethingElse,
		"1|x|unix|/s|grpc|C":               somethingElse,
		"1|1|udp|/s|grpc|C":                somethingElse,
		"2|1|unix|/s|grpc|" + long:         "speaks protocol version of go-plugin 2, and this kubectl-byoos speaks 1" + otherVersion,
		"1|2|unix|/s":                      "speaks protocol version 2, and this kubectl-byoos speaks 1" + otherVersion,
		"  1|3|unix|/s|grpc  ":             "speaks protocol version 3, and this kubectl-byoos speaks 1" + otherVersion,
		"1|1|unix|/s":                      "does not speak gRPC" + tellAuthor,
		"1|1|tcp|/s|netrpc|" + long:        "does not speak gRPC" + tellAuthor,
		"1|1|unix|/s|grpc":                 "does not encrypt its connection" + tellAuthor,
		"1|1|unix|/s|grpc|" + long[:50]:    "does not encrypt its connection" + tellAuthor,
		"1|1|unix|/s|grpc|" + long[:51]:    noPlugin + tellAuthor,
		"1|1|tcp|nowhere|grpc|" + long:     noPlugin + tellAuthor,
		"1|1|unix|/none/s|grpc|" + long:    noPlugin + tellAuthor,
		"1|1|tcp|127.0.0.1:1|grpc|" + long: noPlugin + tellAuthor,
	} {
		if want == somethingElse {
			want += "\nit printed: " + line + "\nnext: a plugin must print nothing on stdout before it serves; reinstall the plugin, or tell its author"
		}
		p := script(t, "cat <<'END'", line, "END", "exec sleep 3600")
		check(t, line, r.Try(t.Context(), p), p, want)
	}
}

// TestOutputBeforeTheHandshake is told with what came after it.
func TestOutputBeforeTheHandshake(t *testing.T) {
	const next = "\nnext: a plugin must print nothing on stdout before it serves; reinstall the plugin, or tell its author"
	r := newRunner(t, limits())
	for name, tt := range map[string]struct{ script, want string }{
		"more follows":   {`printf 'one %s\ntwo\n' ` + secret + `; exec sleep 3600`, "one [redacted]\ntwo"},
		"an empty line":  {`echo; exec sleep 3600`, ""},
		"no end of line": {`printf one; echo two >&2`, "one\ntwo"},
		"no line":        {`head -c 20000 /dev/zero | tr '\0' x; exec sleep 3600`, strings.Repeat("x", 400) + " ..."},
	} {
		p := script(t, tt.script)
		check(t, name, r.Try(t.Context(), p), p, somethingElse+"\nit printed: "+tt.want+next)
	}
}

// TestProgramsThatEndBeforeTheyServe tell their last words.
func TestProgramsThatEndBeforeTheyServe(t *testing.T) {
	r := newRunner(t, limits())
	p := script(t, "for i in 1 2 3; do echo line $i >&2; done", "exit 3")
	checks := 0
	p.Check = func(context.Context) error { checks++; return nil }
	for range 2 { // and are not tried again
		check(t, "crash", r.Try(t.Context(), p), p, "ended before it was ready (exit status 3)\nline 1\nline 2\nline 3"+tellAuthor)
	}
	if checks != 1 {
		t.Errorf("it was started %d times", checks)
	}
}

// TestProgramsThatDoNotServeInTime, whether they hang, or a socket that does not answer is theirs.
func TestProgramsThatDoNotServeInTime(t *testing.T) {
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mute.Close() }()
	for name, tt := range map[string]struct{ script, want string }{
		"hang": {"exec sleep 3600", "did not start within LIMIT\nnext: run it with -v to see what it waits for; reinstall the plugin, or tell its author"},
		"mute": {"echo '1|1|tcp|" + mute.Addr().String() + "|grpc|" + certificate(t) + "'; exec sleep 3600", "started but did not answer within LIMIT" + tellAuthor},
	} {
		p := script(t, tt.script)
		for limit := time.Duration(1); ; limit = 4 * max(limit, 12*time.Millisecond) { // on a busy machine the shell may not come so far
			l := limits()
			l.Start = limit
			err := newRunner(t, l).Try(t.Context(), p)
			if want := strings.Replace(tt.want, "LIMIT", limit.String(), 1); limit > patience/4 || strings.HasSuffix(said(err), want) {
				check(t, name, err, p, want)
				break
			}
		}
	}
}

// TestProgramsThatCannotBeStarted has what the operating system refuses.
func TestProgramsThatCannotBeStarted(t *testing.T) {
	const damaged = "is not a program that this machine can run: it is built for another one, damaged, or a script without #!\nnext: "
	wrongFile := "install the plugin for " + runtime.GOOS + "/" + runtime.GOARCH
	text := file(t, "text\n", 0o755)
	tests := map[string]struct {
		program run.Program
		want    string
	}{
		"text":           {text, damaged + wrongFile},
		"empty":          {file(t, "", 0o755), damaged + wrongFile},
		"no interpreter": {file(t, "#! \n", 0o755), damaged + wrongFile},
		"gone":           {program(filepath.Join(t.TempDir(), "none")), "is gone: it was removed meanwhile\nnext: put it back, or install it with `kubectl byoos plugin install FILE`"},
		"below a file":   {program(text.Path + "/x"), "cannot be started: not a directory" + tellAuthor},
		"may not":        {file(t, "#!/bin/sh\n", 0o644), "may not be executed: permission denied\nnext: run: chmod +x PATH; or see whether its file system is mounted noexec"},
		"script of none": {file(t, "#! /opt/none/python9 -u\n", 0o755), "is a script for /opt/none/python9, which is not there\nnext: install /opt/none/python9"},
		"of one line":    {file(t, "#!/opt/none/python9", 0o755), "is a script for /opt/none/python9, which is not there\nnext: install /opt/none/python9"},
	}
	if runtime.GOOS == "linux" {
		tests["script of text"] = struct {
			program run.Program
			want    string
		}{file(t, "#!"+text.Path+"\n", 0o755), "cannot be started: exec format error" + tellAuthor}
	}
	for name, tt := range tests {
		r := newRunner(t, limits())
		check(t, name, r.Try(t.Context(), tt.program), tt.program, tt.want)
		_, _, err := r.Describe(t.Context(), tt.program)
		check(t, name, err, tt.program, tt.want)
	}
}

// TestProgramWithoutItsLoader is one for another C library.
func TestProgramWithoutItsLoader(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(shell)
	if err != nil {
		t.Fatal(err)
	}
	without := bytes.Replace(b, []byte("/ld-linux"), []byte("/no-linux"), 1)
	if bytes.Equal(b, without) {
		t.Skip("the shell has no loader here")
	}
	p := file(t, string(without), 0o755)
	check(t, "loader", newRunner(t, limits()).Try(t.Context(), p), p,
		"needs a dynamic loader that is not there\nnext: install the plugin for "+runtime.GOOS+"/"+runtime.GOARCH)
}

// TestTemporaryDirectoryThatIsNone.
func TestTemporaryDirectoryThatIsNone(t *testing.T) {
	r := newRunner(t, limits())
	t.Setenv("TMPDIR", "/none/at/all")
	p := program("")
	check(t, "none", r.Try(t.Context(), p), p, "cannot be started: the temporary directory /none/at/all cannot be used: no such file or directory\n"+
		"next: set TMPDIR to a directory that you may write to")
}

// TestSocketsFitTheirPlace: the path of a socket has little room, and stands between bars.
func TestSocketsFitTheirPlace(t *testing.T) {
	for tmp, want := range map[string]string{
		"/" + strings.Repeat("x", 64): "/" + strings.Repeat("x", 64), "/" + strings.Repeat("x", 65): "/tmp",
		"/a b": "/a b", "/a|b": "/tmp", "/a\nb": "/tmp", "/a\rb": "/tmp",
	} {
		t.Setenv("TMPDIR", tmp)
		if got := run.SocketParent(); got != want {
			t.Errorf("%q: sockets are in %q", tmp, got)
		}
	}
}

// TestAStartThatWasEndedIsTriedAgain: it says nothing of the plugin.
func TestAStartThatWasEndedIsTriedAgain(t *testing.T) {
	r := newRunner(t, limits())
	for i := range 3 {
		p := program("")
		ctx, cancel := context.WithCancel(t.Context())
		p.Check = func(context.Context) error { cancel(); return nil }
		if i == 0 {
			cancel()
		}
		if i == 2 {
			p.Check = func(got context.Context) error { cancel(); return got.Err() }
		}
		if err := r.Try(ctx, p); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	if err := r.Try(t.Context(), program("")); err != nil {
		t.Error(err)
	}
}

// TestWhatAPluginGets: the variables that its caller chose, and those of the handshake.
func TestWhatAPluginGets(t *testing.T) {
	t.Setenv("OF_THE_HOST", "never")
	r := newRunner(t, limits())
	c := &call{mode: "environment"}
	if err := r.Ask(t.Context(), program(""), c); err != nil {
		t.Fatal(err)
	}
	if c.tags[pluginVariable] != "1" || c.tags["BYOOS_HOST_PID"] != fmt.Sprint(os.Getpid()) || !strings.HasPrefix(c.tags["PLUGIN_CLIENT_CERT"], "-----BEGIN") ||
		!strings.HasPrefix(c.tags["PLUGIN_UNIX_SOCKET_DIR"], os.TempDir()+"/") {
		t.Errorf("it got %q", c.tags)
	}
	if _, has := c.tags["OF_THE_HOST"]; has {
		t.Error("it got a variable of the host")
	}
}

// TestLastWordsOfAPlugin are told without the secrets that it got.
func TestLastWordsOfAPlugin(t *testing.T) {
	r := newRunner(t, limits())
	var failed *run.CallError
	err := r.Ask(t.Context(), program(""), &call{mode: "exit"})
	if !errors.As(err, &failed) || failed.Ending != "exit status 3" || strings.Join(failed.Words.Last(), "|") != "no more for [redacted]" {
		t.Errorf("%v %+v", err, failed)
	}
	if err := r.Ask(t.Context(), program(""), &call{}); err != nil {
		t.Errorf("it is not started again: %v", err)
	}
}

// TestWhatComesTakesFromItsRoom.
func TestWhatComesTakesFromItsRoom(t *testing.T) {
	r, c := newRunner(t, limits()), &call{mode: "large"}
	if err := r.Ask(t.Context(), program(""), c); err != nil {
		t.Fatal(err)
	}
	if took := -c.Room().Load(); took < 1<<20 || took > 1<<20+1<<10 {
		t.Errorf("a text of 1 MiB took %d bytes", took)
	}
}
