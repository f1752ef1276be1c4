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
	path  string
	cmd   *exec.Cmd
	spawn *spawner
	tail  *Tail
	hello *hello

	exited chan struct{} // closed when it was waited for

	mu       sync.Mutex
	startErr error
	started  bool
	waited   bool
	aborted  bool // do not start it
}

var _ runner.Runner = (*process)(nil)

func newProcess(path string, env []string, spawn *spawner, tail *Tail) *process {
	cmd := exec.Command(path) //nolint:noctx // it outlives the call that starts it; see Runner.Close
	cmd.Env = env
	p := &process{path: path, cmd: cmd, spawn: spawn, tail: tail, hello: newHello(tail), exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.hello, tail
	cmd.WaitDelay = pipeGrace
	setAttributes(cmd)
	return p
}

// Start starts the process.
func (p *process) Start(ctx context.Context) error {
	// The lock is held meanwhile, so that kill ends a process that is just being
	// started, or keeps it from starting.
	p.mu.Lock()
	defer p.mu.Unlock()
	p.startErr = ctx.Err()
	if p.aborted {
		p.startErr = context.Canceled
	}
	if p.startErr == nil && !p.spawn.run(func() { p.startErr = p.cmd.Start() }) {
		p.startErr = errClosed
	}
	if p.startErr != nil {
		p.hello.close()
		close(p.exited)
		return p.startErr
	}
	p.started = true
	go func() {
		// A process that has ended stays a zombie until it is waited for, and
		// its id with it. See kill.
		endGroup(p.cmd.Process)
		_ = p.cmd.Wait()
		p.mu.Lock()
		p.waited = true
		p.mu.Unlock()
		p.hello.close()
		close(p.exited)
	}()
	return nil
}

// kill ends the process at once.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.aborted = true
	if p.started && !p.waited {
		_ = subprocess.Kill(p.cmd.Process)
	}
}

// ended reports whether the process ended, waiting up to d for it.
func (p *process) ended(d time.Duration) bool {
	select {
	case <-p.exited:
		return true
	default:
	}
	if d <= 0 {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.exited:
		return true
	case <-timer.C:
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
func (p *process) Name() string { return p.path }

// ID returns the process id.
func (p *process) ID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.started {
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
		h.mu.Unlock()
		return h.rest.Write(b)
	}
	h.part = append(h.part, b...)
	i := bytes.IndexByte(h.part, '\n')
	if i < 0 && len(h.part) < maxHello {
		h.mu.Unlock()
		return len(b), nil
	}
	h.done = true
	var after []byte
	if i >= 0 {
		h.line, after = strings.TrimSpace(string(h.part[:i])), h.part[i+1:]
	} else {
		h.line = string(h.part)
	}
	h.part = nil
	h.err = checkHandshake(h.line)
	line, err := h.line, h.err
	h.mu.Unlock()
	if err == nil {
		_, _ = io.WriteString(h.in, line+"\n")
	} else {
		_ = h.in.Close()
	}
	if len(after) > 0 {
		_, _ = h.rest.Write(after)
	}
	return len(b), nil
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
	if len(parts) < 6 || len(parts[5]) < 50 {
		return errNoTLS
	}
	return nil
}
