package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"

	"github.com/kubectl-byoos/kubectl-byoos/internal/handshake"
	"github.com/kubectl-byoos/kubectl-byoos/internal/subprocess"
)

// pipeGrace is how long output is still read after a process ended: something it started
// may keep the pipe open. What comes later is lost, be it a description, so that it is
// longer than a busy machine takes to read what is there.
const pipeGrace = 2 * time.Second

// process is a plugin's process. It implements go-plugin's runner.Runner, and
// keeps what is needed to say why a start failed: the first line on stdout, the
// last ones on stderr, and how it ended.
type process struct {
	cmd   *exec.Cmd
	spawn *spawner
	tail  *Tail
	hello *hello
	kill  func() // ends its life

	exited   chan struct{} // closed when it was waited for
	startErr error
}

var _ runner.Runner = (*process)(nil)

// newProcess returns a process that ends with life, which kill ends.
func (r *Runner) newProcess(life context.Context, kill func(), path string, env []string, tail *Tail) *process {
	cmd := command(life, path)
	cmd.Env = env
	p := &process{cmd: cmd, spawn: r.spawn, tail: tail, hello: newHello(tail), kill: kill, exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.hello, tail
	return p
}

// command returns a program that ends with life, and what it has started with it.
func command(life context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(life, path, args...)
	setAttributes(cmd)
	cmd.Cancel = func() error { return subprocess.Kill(cmd.Process) }
	cmd.WaitDelay = pipeGrace
	return cmd
}

// Start starts the process.
func (p *process) Start(context.Context) error {
	if !p.spawn.run(func() { p.startErr = p.cmd.Start() }) {
		p.startErr = errClosed
	}
	if p.startErr != nil {
		p.hello.close()
		close(p.exited)
		return p.startErr
	}
	go func() {
		endGroup(p.cmd.Process)
		_ = p.cmd.Wait()
		p.hello.close()
		close(p.exited)
	}()
	return nil
}

// ended reports whether the process ended, waiting up to d for it.
func (p *process) ended(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.exited:
		return true
	case <-timer.C:
	}
	select {
	case <-p.exited: // at 0 both may be ready
		return true
	default:
		return false
	}
}

// ending says how the process ended: "exit status 3", "signal: killed".
func (p *process) ending() string { return p.cmd.ProcessState.String() }

// Wait returns when the process has ended.
func (p *process) Wait(context.Context) error {
	<-p.exited
	return nil
}

// Kill ends the process.
func (p *process) Kill(context.Context) error {
	p.kill()
	return nil
}

// Stdout holds the handshake line only.
func (p *process) Stdout() io.ReadCloser { return p.hello.out }

// Stderr is empty: this package reads stderr itself, since go-plugin's reader
// panics on a log line whose fields have other types than it expects.
func (p *process) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

// Name returns the path.
func (p *process) Name() string { return p.cmd.Path }

// ID returns the process id, which is empty for one that was not started.
func (p *process) ID() string {
	if p.cmd.Process == nil {
		return ""
	}
	return strconv.Itoa(p.cmd.Process.Pid)
}

// Diagnose returns nothing: failures are told by this package.
func (p *process) Diagnose(context.Context) string { return "" }

// PluginToHost returns the address as it is.
func (p *process) PluginToHost(network, addr string) (string, string, error) {
	return network, addr, nil
}

// HostToPlugin returns the address as it is.
func (p *process) HostToPlugin(network, addr string) (string, string, error) {
	return network, addr, nil
}

// maxHello bounds the handshake line; its certificate takes about 1 KiB.
const maxHello = 16 << 10

// hello reads a plugin's stdout: it hands the first line to go-plugin if it is a
// handshake, and everything after it to the log.
type hello struct {
	out  *io.PipeReader
	in   *io.PipeWriter
	rest *Tail

	mu   sync.Mutex
	part []byte
	line string // the first line, when it was whole
	err  error  // why it is no handshake
	done bool
	long bool // what comes is of the first line still
}

func newHello(rest *Tail) *hello {
	h := &hello{rest: rest}
	h.out, h.in = io.Pipe()
	return h
}

// Write never fails.
func (h *hello) Write(b []byte) (int, error) {
	h.mu.Lock()
	if h.done {
		rest := h.behindFirst(b)
		h.mu.Unlock()
		_, _ = h.rest.Write(rest)
		return len(b), nil
	}
	h.part = append(h.part, b...)
	first, after, whole := bytes.Cut(h.part, []byte("\n"))
	if !whole && len(first) < maxHello {
		h.mu.Unlock()
		return len(b), nil
	}
	h.done, h.long = true, !whole
	h.part, h.line = nil, strings.TrimSpace(string(first))
	h.err = checkHandshake(h.line)
	line, err := h.line, h.err
	h.mu.Unlock()
	if err == nil {
		_, _ = io.WriteString(h.in, line+"\n")
	} else {
		_ = h.in.Close()
	}
	_, _ = h.rest.Write(after)
	return len(b), nil
}

// behindFirst returns what is no part of the first line.
func (h *hello) behindFirst(b []byte) []byte {
	if !h.long {
		return b
	}
	_, behind, whole := bytes.Cut(b, []byte("\n"))
	h.long = !whole
	return behind
}

// close ends the output; what there is of a line is kept.
func (h *hello) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.done && len(h.part) > 0 {
		h.line, h.err = string(h.part), errNotHandshake
	}
	h.done = true
	_ = h.in.Close()
}

// first returns the first line and why it is no handshake. Both are empty when
// nothing was printed.
func (h *hello) first() (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.line, h.err
}

var (
	errClosed       = errors.New("the plugin host is closed")
	errNotHandshake = errors.New("not a handshake")
	errNotGRPC      = errors.New("not gRPC")
	errNoTLS        = errors.New("no certificate")
)

// versionError is a handshake with a protocol number that this host does not speak.
type versionError struct{ version string }

func (e versionError) Error() string { return "protocol version " + e.version }

// checkHandshake looks at go-plugin's first line:
// core protocol|protocol|network|address|grpc|certificate.
func checkHandshake(line string) error {
	parts := strings.Split(line, "|")
	if len(parts) < 4 {
		return errNotHandshake
	}
	core, err := strconv.Atoi(parts[0])
	if err != nil {
		return errNotHandshake
	}
	if core != plugin.CoreProtocolVersion {
		return versionError{fmt.Sprintf("of go-plugin %d", core)}
	}
	if version, err := strconv.Atoi(parts[1]); err != nil {
		return errNotHandshake
	} else if version != handshake.ProtocolVersion {
		return versionError{parts[1]}
	}
	if parts[2] != "unix" && parts[2] != "tcp" {
		return errNotHandshake
	}
	if len(parts) < 5 || parts[4] != "grpc" {
		return errNotGRPC
	}
	if len(parts) < 6 || len(parts[5]) <= 50 {
		return errNoTLS
	}
	return nil
}
