//go:build unix

package run_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source/run"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

const (
	// pluginVariable is one that the plugin gets.
	pluginVariable = "TEST_VARIABLE"
	// patience bounds what is waited for: a busy machine may take long for anything.
	patience = time.Minute
	secret   = "hunter2hunter2"
)

// TestMain makes this program a plugin where it is started without a flag, as no test is.
func TestMain(m *testing.M) {
	if len(os.Args) == 1 || os.Args[1] == "describe" {
		sdk.Main(func() sdk.Source[config] { return plugin{} })
	}
	os.Exit(m.Run())
}

type config struct {
	Mode string `json:"mode,omitempty"`
}

type plugin struct{}

func (plugin) Describe() sdk.Info { return sdk.Info{Name: "x", Version: "1.0.0"} }

// Discover answers with its process id, and what the mode says.
func (plugin) Discover(_ context.Context, req sdk.DiscoverRequest[config], out *sdk.Stream) error {
	send := func(id, text string) error {
		return out.Images(sdk.Image{ID: id, Provider: "aws", Tags: map[string]string{"text": text}})
	}
	switch req.Config.Mode {
	case "exit":
		fmt.Fprintln(os.Stderr, "no more for "+secret)
		os.Exit(3)
	case "hang":
		if err := out.Progress(1, 0, "hanging"); err != nil {
			return err
		}
		select {} // heeds no context
	case "environment":
		for _, kv := range os.Environ() {
			name, value, _ := strings.Cut(kv, "=")
			if err := send(name, value); err != nil {
				return err
			}
		}
		return nil
	case "large":
		return send("large", strings.Repeat("x", 1<<20))
	}
	return send(strconv.Itoa(os.Getpid()), "")
}

// call asks the plugin in a mode. then, when there is one, gets its process id and makes
// the outcome, where n counts from 1 how often it was asked.
type call struct {
	mode    string
	then    func(ctx context.Context, n, pid int) error
	touched bool
	onEvent func()

	room  atomic.Int64
	tags  map[string]string // the texts that came, by id
	pids  []int
	words *run.Tail
}

func (c *call) Touched() bool       { return c.touched }
func (c *call) Room() *atomic.Int64 { return &c.room }

func (c *call) Ask(ctx context.Context, service sourcev1.ImageSourceClient, words *run.Tail) error {
	c.words, c.tags = words, map[string]string{}
	settings, err := structpb.NewStruct(map[string]any{"mode": c.mode})
	if err != nil {
		return err
	}
	stream, err := service.Discover(ctx, &sourcev1.DiscoverRequest{Source: "s", Config: settings})
	for err == nil {
		var r *sourcev1.DiscoverResponse
		if r, err = stream.Recv(); err == nil && r.GetProgress() != nil && c.onEvent != nil {
			c.onEvent()
		}
		for _, i := range r.GetImages() {
			c.tags[i.GetId()] = i.GetTags()["text"]
			if pid, err := strconv.Atoi(i.GetId()); err == nil {
				c.pids = append(c.pids, pid)
			}
		}
	}
	if c.then != nil && errors.Is(err, io.EOF) {
		return c.then(ctx, len(c.pids), c.pids[len(c.pids)-1])
	}
	return err
}

// limits are those of a runner that is not to run into them.
func limits() run.Limits { return run.Limits{Start: patience, Describe: patience, Call: patience} }

// newRunner returns a runner whose sockets are in a directory of the test's own, and
// checks at the end that none and no connection is left.
func newRunner(t *testing.T, l run.Limits) *run.Runner {
	t.Helper()
	tmp, err := os.MkdirTemp("/tmp", "br") // there is little room for the path of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", tmp)
	before := connections()
	r := run.New(slog.New(slog.DiscardHandler), l)
	t.Cleanup(func() {
		r.Close()
		r.Close()
		if left := listing(tmp); len(left) > 0 {
			t.Errorf("left in %s: %q", tmp, left)
		}
		_ = os.RemoveAll(tmp)
		eventually(t, "no connection to a plugin is left", func() bool { return connections() <= before })
	})
	return r
}

// connections counts what gRPC has open, a few goroutines each.
func connections() int {
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return strings.Count(string(stacks), "created by google.golang.org/grpc/internal/grpcsync.NewCallbackSerializer")
}

func listing(dir string) []string {
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	return names
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.After(patience); !ok(); {
		select {
		case <-deadline:
			t.Errorf("not within %s: %s", patience, what)
			return
		case <-ticker.C:
		}
	}
}

// program is this test program as a plugin, or the one of a path.
func program(path string) run.Program {
	if path == "" {
		path, _ = os.Executable()
	}
	return run.Program{
		Type: "x", Path: path, Check: func(context.Context) error { return nil },
		Environment: func() (variables, secrets []string) {
			return []string{pluginVariable + "=1", "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir()}, []string{secret}
		},
	}
}

// script is a program in a shell.
func script(t *testing.T, lines ...string) run.Program {
	t.Helper()
	return file(t, "#!/bin/sh\n"+strings.Join(lines, "\n")+"\n", 0o755)
}

// file is a program with a content.
func file(t *testing.T, content string, mode os.FileMode) run.Program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plugin")
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return program(path)
}

// said is an error as a user reads it.
func said(err error) string {
	text := fmt.Sprint(err)
	var e *failure.Error
	if errors.As(err, &e) {
		text += "\n" + strings.Join(append(e.Details, "next: "+e.Next), "\n")
	}
	return text
}

// runs reports whether there is a process with an id.
func runs(pid int) bool { return syscall.Kill(pid, 0) == nil }
