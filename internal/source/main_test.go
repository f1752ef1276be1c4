package source

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

var update = flag.Bool("update", false, "write golden files")

// helperVariable makes this test program a host that is to be killed.
const helperVariable = "BYOOS_TEST_HOST"

// stubFile builds the stub plugin when it is wanted first, and returns where it lies.
var stubFile func() string

// testdata is absolute: a test may change its directory.
var testdata string

func TestMain(m *testing.M) {
	flag.Parse()
	if config := os.Getenv(helperVariable); config != "" {
		os.Exit(helperHost(config))
	}
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "stub")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if testdata, err = filepath.Abs("testdata"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	stubFile = sync.OnceValue(func() string { return buildStub(dir) })
	return m.Run()
}

// buildStub stops the tests where it cannot build, as none of those that ask for it
// could go on.
func buildStub(dir string) string {
	file := filepath.Join(dir, "byoos-source-stub")
	build := exec.Command("go", "build", "-o", file, "github.com/kubectl-byoos/kubectl-byoos/test/stubs/byoos-source-stub")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v\n%s", err, out))
	}
	if err := os.Chmod(file, 0o755); err != nil { // whatever the umask
		panic(err)
	}
	return file
}

// pluginDir returns a directory with the stub under each of the type names.
func pluginDir(t testing.TB, types ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "p")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{filepath.Dir(dir), dir} { // whatever the umask
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, typ := range types {
		addStub(t, dir, typ)
	}
	return dir
}

func addStub(t testing.TB, dir, typ string) string {
	t.Helper()
	path := filepath.Join(dir, "byoos-source-"+typ)
	if err := os.Link(stubFile(), path); err != nil {
		b, err := os.ReadFile(stubFile())
		if err != nil {
			t.Fatal(err)
		}
		writeTestFile(t, path, string(b), 0o755)
	}
	return path
}

func writeTestFile(t testing.TB, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// patience bounds what is waited for, so that a test which hangs says where. A busy
// machine may take long for anything.
const patience = 2 * time.Minute

// withinLimits runs a test of a time limit with longer ones as long as it is not ok:
// a plugin on a busy machine may not come as far as it must before the limit ends it.
func withinLimits(ok func(limit time.Duration) bool) {
	for limit := 150 * time.Millisecond; limit < patience; limit *= 5 {
		if ok(limit) {
			return
		}
	}
}

// connections counts what gRPC has open, a few goroutines each.
func connections() int {
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return strings.Count(string(stacks), "created by google.golang.org/grpc/internal/grpcsync.NewCallbackSerializer")
}

// newHost returns a host whose sockets are in a directory of the test's own, and
// checks at the end that no process, socket and connection is left. Limits that the test does
// not name are long.
func newHost(t testing.TB, o Options) *Host {
	t.Helper()
	tmp := shortTempDir(t)
	t.Setenv("TMPDIR", tmp)
	if o.Environ == nil {
		o.Environ = func() []string { return []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + tmp} }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = patience
	}
	if o.DescribeTimeout == 0 {
		o.DescribeTimeout = patience
	}
	before := connections()
	h := New(o)
	t.Cleanup(func() {
		h.Close()
		h.Close()
		checkNothingLeft(t, tmp, o.PluginDirs)
		eventually(t, "no connection to a plugin is left", func() bool { return connections() <= before })
	})
	return h
}

// shortTempDir leaves room for the path of a socket, which t.TempDir may not.
func shortTempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "bs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func checkNothingLeft(t testing.TB, tmp string, dirs []string) {
	t.Helper()
	eventually(t, "no socket directory is left in "+tmp, func() bool { return len(listing(tmp)) == 0 })
	for _, dir := range dirs {
		eventually(t, "no process of "+dir+" is left", func() bool { return len(processes(dir)) == 0 })
	}
	if runtime.GOOS == "linux" {
		eventually(t, "nothing that a plugin started is left", func() bool { return len(processesWith("environ", tmp+"/")) == 0 })
	}
}

func listing(dir string) []string {
	entries, _ := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// processes returns the ids of running processes whose program is in dir.
func processes(dir string) []string { return processesWith("cmdline", dir+"/") }

// processesWith returns the ids of processes with a text in a file of /proc.
func processesWith(file, text string) []string {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var ids []string
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join("/proc", e.Name(), file))
		if err == nil && strings.Contains(string(b), text) {
			ids = append(ids, e.Name())
		}
	}
	return ids
}

// eventually polls until ok holds.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Errorf("not within %s: %s", patience, what)
			return
		case <-ticker.C:
		}
	}
}

// one asks a single source.
func one(ctx context.Context, h *Host, typ string, config map[string]any) Result {
	p, err := h.Find(ctx, typ)
	if err != nil {
		return Result{Source: "golden", Err: err}
	}
	return h.Discover(ctx, []Request{{Source: "golden", Plugin: p, Config: config, BaseDir: "/"}}, nil)[0]
}

// of returns the plugin of a type.
func of(t testing.TB, h *Host, typ string) *Plugin {
	t.Helper()
	p, err := h.Find(t.Context(), typ)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// text is an error as a user reads it, with directories replaced.
func message(err error, replace ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "error: %v\n", err)
	var e *failure.Error
	if errors.As(err, &e) {
		for _, d := range e.Details {
			fmt.Fprintf(&b, "  %s\n", d)
		}
		if e.Next != "" {
			fmt.Fprintf(&b, "next: %s\n", e.Next)
		}
	}
	fmt.Fprintf(&b, "exit code %d\n", failure.Code(err))
	return strings.NewReplacer(replace...).Replace(b.String())
}

// golden compares with testdata/<name>.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join(testdata, name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		writeTestFile(t, path, got, 0o644)
		return
	}
	if diff := cmp.Diff(wanted(t, name), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}

// wanted returns testdata/<name>.
func wanted(t *testing.T, name string) string {
	t.Helper()
	want, err := os.ReadFile(filepath.Join(testdata, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(want)
}
