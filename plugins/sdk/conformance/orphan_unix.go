//go:build unix

package conformance

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// orphan starts the plugin below a shell and kills the shell: the plugin must
// end by itself, and its socket with it.
func (c *checker) orphan() {
	sockets, pidFile := filepath.Join(c.work, "s"), filepath.Join(c.work, "pid")
	if err := os.Mkdir(sockets, 0o700); err != nil {
		c.fail("orphan: %w", err)
		return
	}
	shell := exec.CommandContext(c.ctx, "/bin/sh", "-c", `BYOOS_HOST_PID=$$ "$0" & echo $! > "$1"; wait`, c.binary, pidFile)
	h := sdk.Handshake()
	shell.Env = append(os.Environ(), h.MagicCookieKey+"="+h.MagicCookieValue, "PLUGIN_UNIX_SOCKET_DIR="+sockets,
		"PLUGIN_PROTOCOL_VERSIONS="+strconv.Itoa(sdk.ProtocolVersion))
	stdout, err := shell.StdoutPipe()
	if err == nil {
		err = shell.Start()
	}
	if err != nil {
		c.fail("orphan: %w", err)
		return
	}
	// A plugin that prints nothing holds the pipe for as long as it lives, and what it
	// has started for longer.
	ctx, end := context.WithTimeout(c.ctx, callLimit)
	defer end()
	defer context.AfterFunc(ctx, func() { killPlugin(pidFile); _ = shell.Process.Kill(); _ = stdout.Close() })()
	reader := bufio.NewReader(stdout)
	line, err := reader.ReadString('\n')
	_ = shell.Process.Kill()
	if err != nil || strings.Count(line, "|") < 4 {
		c.fail("handshake: it printed %q", line)
	}
	// The pipe ends when nobody holds it any more.
	gone := make(chan struct{})
	go func() { _, _ = io.Copy(io.Discard, reader); close(gone) }()
	select {
	case <-gone:
	case <-time.After(endLimit):
		c.fail("%s after its parent was killed it still runs", endLimit)
		end()
		<-gone
	}
	_ = shell.Wait()
	if entries, err := os.ReadDir(sockets); err == nil && len(entries) > 0 {
		c.fail("after its parent was killed it left its socket %s", entries[0].Name())
	}
}

func killPlugin(pidFile string) {
	b, err := os.ReadFile(pidFile)
	if err != nil {
		return
	}
	if pid, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil && pid > 1 {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}
