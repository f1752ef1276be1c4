//go:build unix

package source

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// helperConfig tells a helper host what to ask.
type helperConfig struct {
	Dir, Type, Mode string
}

// helperHost is a host in a process of its own. It prints a line when its plugin
// was asked, and ends on SIGINT and SIGTERM as the command does.
func helperHost(text string) int {
	var c helperConfig
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	h := New(Options{PluginDirs: []string{c.Dir}, StartTimeout: 2 * patience, DescribeTimeout: patience})
	defer h.Close()
	if strings.HasSuffix(c.Type, "-start") {
		go announce(c.Dir)
	}
	p, err := h.Find(ctx, c.Type)
	if err != nil {
		return failure.Code(err)
	}
	result := h.Discover(ctx, []Request{{Source: "s", Plugin: p, Config: map[string]any{"mode": c.Mode}, BaseDir: "/"}},
		func(Event) { fmt.Fprintln(os.Stdout, "asked") })[0]
	return failure.Code(result.Err)
}

// announce waits for a plugin that never answers to run.
func announce(dir string) {
	for ticker := time.NewTicker(5 * time.Millisecond); ; <-ticker.C {
		for _, id := range processes(dir) {
			b, _ := os.ReadFile("/proc/" + id + "/environ")
			if strings.Contains(string(b), "PLUGIN_UNIX_SOCKET_DIR") {
				fmt.Fprintln(os.Stdout, "asked")
				return
			}
		}
	}
}

// TestHostEnds ends a host in every way while a plugin is starting or working,
// and checks that nothing is left of it.
func TestHostEnds(t *testing.T) {
	signals := map[string]func(pid int) error{
		"SIGKILL": func(pid int) error { return syscall.Kill(pid, syscall.SIGKILL) },
		"SIGTERM": func(pid int) error { return syscall.Kill(pid, syscall.SIGTERM) },
		// Ctrl-C in a terminal reaches the whole foreground group.
		"Ctrl-C": func(pid int) error { return syscall.Kill(-pid, syscall.SIGINT) },
	}
	for name, end := range signals {
		for _, c := range []helperConfig{
			{Type: "stub", Mode: "wait"},
			{Type: "stub", Mode: "hang"},
			{Type: "stub", Mode: "family"},
			{Type: "hang-start"},
		} {
			t.Run(name+"/"+c.Type+"/"+c.Mode, func(t *testing.T) {
				if name == "SIGKILL" && c.Type == "hang-start" && !hasDeathSignal {
					t.Skip("only Linux ends a child that does not watch its parent")
				}
				c.Dir = pluginDir(t, c.Type)
				tmp := shortTempDir(t)
				host := startHelper(t, c, tmp)
				if len(processes(c.Dir)) == 0 {
					t.Fatal("no plugin runs")
				}
				began := time.Now()
				if err := end(host.Process.Pid); err != nil {
					t.Fatal(err)
				}
				err := host.Wait()
				if took := time.Since(began); took > patience {
					t.Errorf("the host took %s to end", took)
				}
				var exit *exec.ExitError
				if name != "SIGKILL" && (!errors.As(err, &exit) || exit.ExitCode() != failure.ExitInterrupted) {
					t.Errorf("the host ended with %v, want exit status %d", err, failure.ExitInterrupted)
				}
				eventually(t, "the plugin is gone", func() bool { return len(processes(c.Dir)) == 0 })
				eventually(t, "what it started is gone", func() bool { return len(processesWith("environ", "TMPDIR="+tmp)) == 0 })
				if c.Type == "hang-start" && name == "SIGKILL" {
					// Nobody is left who knows of the directory; the next host removes it.
					return
				}
				eventually(t, "no socket directory is left", func() bool { return len(listing(tmp)) == 0 })
			})
		}
	}
}

// startHelper returns when the helper's plugin was asked.
func startHelper(t *testing.T, c helperConfig, tmp string) *exec.Cmd {
	t.Helper()
	config, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	host := exec.Command(self)
	host.Env = append(os.Environ(), helperVariable+"="+string(config), "TMPDIR="+tmp)
	host.Stderr = os.Stderr
	host.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdout, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = host.Process.Kill() })
	if !bufio.NewScanner(stdout).Scan() {
		t.Fatal("the host's plugin was not asked")
	}
	return host
}

// TestPluginTerminated sends the plugin itself SIGTERM.
func TestPluginTerminated(t *testing.T) {
	dir := pluginDir(t, "stub")
	h := newHost(t, Options{PluginDirs: []string{dir}})
	var results []Result
	asked := make(chan struct{}, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		results = h.Discover(context.Background(), []Request{{Source: "s", Plugin: of(t, h, "stub"), Config: map[string]any{"mode": "wait"}}},
			func(Event) { asked <- struct{}{} })
	}()
	select {
	case <-asked:
	case <-done:
		t.Fatal(results[0].Err)
	}
	for _, id := range processes(dir) {
		pid, _ := strconv.Atoi(id)
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	<-done
	if results[0].Err == nil || !strings.Contains(results[0].Err.Error(), "ended in the middle of its answer") {
		t.Errorf("error %v", results[0].Err)
	}
}

// TestCancelEndsCallsAtOnce measures the end of a plugin by its start, which a busy
// machine slows down as well, and takes the best of several.
func TestCancelEndsCallsAtOnce(t *testing.T) {
	for _, mode := range []string{"wait", "hang"} {
		t.Run(mode, func(t *testing.T) {
			dir, least := pluginDir(t, "stub"), patience
			for range 5 {
				h := newHost(t, Options{PluginDirs: []string{dir}})
				ctx, cancel := context.WithCancel(context.Background())
				began := time.Now()
				asked := began
				results := h.Discover(ctx, []Request{{Source: "s", Plugin: of(t, h, "stub"), Config: map[string]any{"mode": mode}}},
					func(Event) { asked = time.Now(); cancel() })
				h.Close()
				if code := failure.Code(results[0].Err); code != failure.ExitInterrupted {
					t.Fatalf("code %d (%v), want %d", code, results[0].Err, failure.ExitInterrupted)
				}
				if least = min(least, time.Since(asked)-asked.Sub(began)); least < time.Second {
					return
				}
			}
			t.Errorf("from the cancel to the end of the plugin it took %s more than its start", least)
		})
	}
}

// TestCancelEndsPrograms: a program that a call has started, as for credentials, is a
// group of its own, so the plugin ends it before it ends itself.
func TestCancelEndsPrograms(t *testing.T) {
	for range 10 {
		h := newHost(t, Options{PluginDirs: []string{pluginDir(t, "stub")}})
		ctx, cancel := context.WithCancel(context.Background())
		r := h.Discover(ctx, []Request{{Source: "s", Plugin: of(t, h, "stub"), Config: map[string]any{"mode": "program"}}}, func(Event) { cancel() })[0]
		h.Close()
		if failure.Code(r.Err) != failure.ExitInterrupted {
			t.Fatal(r.Err)
		}
		if left := processesWith("environ", os.Getenv("TMPDIR")+"/"); len(left) > 0 {
			t.Fatalf("it left %q", left)
		}
	}
}

// TestCancelDuringStart has a start that never ends.
func TestCancelDuringStart(t *testing.T) {
	dir := pluginDir(t, "hang-start")
	h := newHost(t, Options{PluginDirs: []string{dir}, StartTimeout: 2 * patience})
	if _, err := h.Find(context.Background(), "hang-start"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		eventually(t, "the plugin starts", func() bool { return len(processes(dir)) > 0 })
		cancel()
	}()
	began := time.Now()
	r := one(ctx, h, "hang-start", nil)
	if failure.Code(r.Err) != failure.ExitInterrupted || time.Since(began) > patience {
		t.Errorf("%v after %s", r.Err, time.Since(began))
	}
}

// TestCloseEndsAStart has another goroutine close the host while a plugin hangs
// at its start.
func TestCloseEndsAStart(t *testing.T) {
	dir := pluginDir(t, "hang-start")
	h := newHost(t, Options{PluginDirs: []string{dir}, StartTimeout: 2 * patience})
	of(t, h, "hang-start")
	result := make(chan Result)
	go func() { result <- one(context.Background(), h, "hang-start", nil) }()
	eventually(t, "the plugin starts", func() bool { return len(processes(dir)) > 0 })
	began := time.Now()
	h.Close()
	if r := <-result; r.Err == nil || time.Since(began) > patience {
		t.Errorf("%v after %s", r.Err, time.Since(began))
	}
}

func TestClosedHostStartsNothing(t *testing.T) {
	h := newHost(t, Options{PluginDirs: []string{pluginDir(t, "stub")}})
	h.Close()
	if r := one(context.Background(), h, "stub", nil); r.Err == nil {
		t.Error("a closed host answered")
	}
}

// TestMuteProcessApart has a plugin whose socket is held by a process of another
// session, which does not end with the plugin.
func TestMuteProcessApart(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no setsid here")
	}
	apart, dir := pluginDir(t, "mute"), pluginDir(t)
	writeTestFile(t, filepath.Join(dir, "byoos-source-x"), `#!/bin/sh
[ "$1" = describe ] && exec echo '{"name":"x","version":"1.0.0","protocolVersions":[1]}'
setsid `+filepath.Join(apart, "byoos-source-mute")+` &
wait
`, 0o755)
	var err error
	withinLimits(func(limit time.Duration) bool {
		h := newHost(t, Options{PluginDirs: []string{dir}, StartTimeout: limit})
		t.Cleanup(func() {
			for _, id := range processes(apart) {
				pid, _ := strconv.Atoi(id)
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		})
		err = one(context.Background(), h, "x", nil).Err
		return err != nil && strings.Contains(err.Error(), "started but did not answer within "+limit.String())
	})
	if err == nil || !strings.Contains(err.Error(), "started but did not answer within") {
		t.Errorf("got %v", err)
	}
	if len(processes(apart)) == 0 {
		t.Error("the process apart has ended by itself")
	}
}

// TestCloseDuringCalls: what Close ends was interrupted, whether it ran, waited or
// had not begun.
func TestCloseDuringCalls(t *testing.T) {
	h := newHost(t, Options{PluginDirs: []string{pluginDir(t, "stub")}})
	reqs := make([]Request, 2*maxCalls)
	for i := range reqs {
		reqs[i] = Request{Source: fmt.Sprint("s", i), Plugin: of(t, h, "stub"), Config: map[string]any{"mode": "wait"}}
	}
	var once sync.Once
	for i, r := range h.Discover(context.Background(), reqs, func(Event) { once.Do(func() { go h.Close() }) }) {
		if failure.Code(r.Err) != failure.ExitInterrupted {
			t.Errorf("source %d: %v", i, r.Err)
		}
	}
}

// TestCrashWhileItsPipesAreHeld: how a plugin ended is told also where a process of
// another session, which does not end with it, holds its pipes.
func TestCrashWhileItsPipesAreHeld(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no setsid here")
	}
	dir := pluginDir(t)
	writeTestFile(t, filepath.Join(dir, "byoos-source-x"), `#!/bin/sh
[ "$1" = describe ] && exec echo '{"name":"x","version":"1.0.0","protocolVersions":[1]}'
setsid sleep 3600 &
exec `+filepath.Join(pluginDir(t, "stub"), "byoos-source-stub")+`
`, 0o755)
	h := newHost(t, Options{PluginDirs: []string{dir}})
	t.Cleanup(func() {
		for _, id := range processesWith("environ", os.Getenv("TMPDIR")+"/") {
			pid, _ := strconv.Atoi(id)
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	err := one(context.Background(), h, "x", map[string]any{"mode": "crash"}).Err
	if err == nil || !strings.Contains(message(err), "ended in the middle of its answer (exit status 3)") {
		t.Errorf("got %s", message(err))
	}
}
