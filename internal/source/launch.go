package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"github.com/kubectl-byoos/kubectl-byoos/internal/handshake"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

const (
	coreProtocol = plugin.CoreProtocolVersion
	// exitGrace is how long a plugin may take to end after it was asked to.
	exitGrace = 500 * time.Millisecond
	// crashGrace is how long the end of a process may come after the end of its
	// connection.
	crashGrace = time.Second
	// window is how much of an answer may be under way, in bytes, and readBuffer
	// how much is read at once.
	window     = 4 << 20
	readBuffer = 128 << 10
)

// protocolVersions are the handshake numbers that this host speaks.
func protocolVersions() []uint32 { return []uint32{sdk.ProtocolVersion} }

func supported(version int) bool { return version == sdk.ProtocolVersion }

// slot holds the one process of a plugin's file, which all sources of its type
// share.
type slot struct {
	mu       sync.Mutex
	instance *instance
	failed   error // why it could not be started; it is not tried again
}

// instance is a running plugin.
type instance struct {
	plugin  *Plugin
	client  *plugin.Client
	service sourcev1.ImageSourceClient
	process *process
	claimed *os.File // the socket directory; nil where it could not be locked
}

// running returns the plugin's process, starting it when there is none or when
// it ended.
func (h *Host) instance(ctx context.Context, p *Plugin) (*instance, error) {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil, broken(p, "cannot be started", "", errClosed)
	}
	s := h.running[p.Path]
	if s == nil {
		s = &slot{}
		h.running[p.Path] = s
	}
	h.mu.Unlock()

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return nil, s.failed
	}
	if s.instance != nil && !s.instance.process.ended(0) {
		return s.instance, nil
	}
	if s.instance != nil {
		s.instance.close()
		s.instance = nil
	}
	started, err := h.start(ctx, p)
	if err != nil {
		if ctx.Err() == nil {
			s.failed = err
		}
		return nil, err
	}
	s.instance = started
	return started, nil
}

// start starts a plugin and connects to it.
func (h *Host) start(ctx context.Context, p *Plugin) (*instance, error) {
	began := time.Now()
	tail := newTail(h.log.With("plugin", p.Type), p.secrets(h.options.Environ()))
	certificate, err := handshake.New(time.Now())
	if err != nil {
		return nil, broken(p, "cannot be started", "", err)
	}
	h.swept.Do(func() { removeLeftovers(socketParent()) })
	launch := &launch{ctx: ctx, host: h, plugin: p, tail: tail, certificate: handshake.PEM(certificate)}
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  sdk.Handshake(),
		VersionedPlugins: map[int]plugin.PluginSet{sdk.ProtocolVersion: {sdk.ServiceName: &clientPlugin{}}},
		RunnerFunc:       launch.runner,
		StartTimeout:     h.options.StartTimeout + time.Second, // the timer below comes first
		SyncStdout:       tail,
		SyncStderr:       tail,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
		TLSConfig:        handshake.ClientConfig(certificate),
		SkipHostEnv:      true,
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: socketBase()},
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithDefaultCallOptions(
				grpc.MaxCallRecvMsgSize(sdk.MaxMessageSize), grpc.MaxCallSendMsgSize(sdk.MaxMessageSize)),
			// A plugin need not wait for the host between batches.
			grpc.WithInitialWindowSize(window), grpc.WithInitialConnWindowSize(2 * window),
			grpc.WithReadBufferSize(readBuffer),
		},
	})
	started := &instance{plugin: p, client: client}
	connected := make(chan error, 1)
	go func() { connected <- started.connect() }()

	// go-plugin's start takes no context, so the process is ended instead; the
	// connection fails then.
	timer := time.NewTimer(h.options.StartTimeout)
	defer timer.Stop()
	timedOut := false
	select {
	case err = <-connected:
	case <-timer.C:
		timedOut = true
		launch.abort()
		err = <-connected
	case <-ctx.Done():
		launch.abort()
		err = <-connected
	}
	process := launch.process()
	if err == nil && ctx.Err() == nil && !timedOut {
		started.process, started.claimed = process, launch.claimed
		h.log.Debug("plugin started", "plugin", p.Type, "pid", process.ID(), "took", time.Since(began).Round(time.Millisecond))
		return started, nil
	}
	if process != nil {
		process.kill()
	}
	client.Kill()
	launch.cleanUp()
	switch {
	case ctx.Err() != nil:
		return nil, interrupted(ctx)
	case launch.refused != nil:
		return nil, launch.refused
	}
	return nil, h.startFailure(p, process, timedOut, err)
}

// connect starts the process and proves that it answers: go-plugin's own start
// returns before the connection stands.
func (i *instance) connect() error {
	client, err := i.client.Client()
	if err != nil {
		return err
	}
	if err := client.Ping(); err != nil {
		return err
	}
	raw, err := client.Dispense(sdk.ServiceName)
	if err != nil {
		return err
	}
	i.service = raw.(sourcev1.ImageSourceClient)
	return nil
}

// close asks the process to end, and ends it when it does not.
func (i *instance) close() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		// It waits 2 seconds for the process, and without limit for an answer.
		i.client.Kill()
	}()
	timer := time.NewTimer(exitGrace)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		i.process.kill()
		<-done
	}
	i.process.kill()
	i.process.ended(crashGrace)
	_ = i.claimed.Close() // nil will do
}

// launch is one attempt to start a plugin.
type launch struct {
	ctx    context.Context // of the call that starts it
	host   *Host
	plugin *Plugin
	tail   *tail

	mu        sync.Mutex
	proc      *process
	aborted   bool
	socketDir string
	claimed   *os.File
	refused   error

	certificate string // the host's, as PEM
}

// runner is called by go-plugin with the variables that the handshake needs.
func (l *launch) runner(_ hclog.Logger, cmd *exec.Cmd, socketDir string) (runner.Runner, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.socketDir = socketDir
	if claimed, err := claim(socketDir); err != nil {
		l.host.log.Debug("if this process is killed, it leaves its socket directory", "dir", socketDir, "error", err)
	} else {
		l.claimed = claimed
	}
	if l.aborted {
		return nil, context.Canceled
	}
	if l.refused = l.host.checkDigest(l.ctx, l.plugin); l.refused != nil {
		return nil, l.refused
	}
	env := environment(l.host.options.Environ(), l.plugin.Description.GetEnvironment())
	env = append(env, sdk.EnvHostPID+"="+strconv.Itoa(os.Getpid()), handshake.EnvClientCert+"="+l.certificate)
	l.proc = newProcess(l.plugin.Path, append(env, cmd.Env...), l.host.spawn, l.tail)
	return l.proc, nil
}

// abort ends the process, now or as soon as it is there.
func (l *launch) abort() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.aborted = true
	if l.proc != nil {
		l.proc.kill()
	}
}

func (l *launch) process() *process {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.proc
}

// cleanUp removes the socket directory, which go-plugin leaves behind when a
// start fails.
func (l *launch) cleanUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.socketDir != "" {
		_ = os.RemoveAll(l.socketDir)
	}
	_ = l.claimed.Close() // nil will do
}

// socketBase returns the directory below which sockets are made; empty means the
// usual temporary one. The path of a Unix socket has room for about 100 bytes.
func socketBase() string {
	const room = 104 - len("/plugin-dir1234567890/plugin1234567890")
	if runtime.GOOS != "windows" && len(os.TempDir()) >= room {
		return "/tmp"
	}
	return ""
}

// socketParent is the directory that socketBase stands for.
func socketParent() string { return cmp.Or(socketBase(), os.TempDir()) }

// clientPlugin makes the client side of the service for go-plugin.
type clientPlugin struct{ plugin.NetRPCUnsupportedPlugin }

func (*clientPlugin) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("the host has no server side")
}

func (*clientPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return sourcev1.NewImageSourceClient(conn), nil
}

// Close ends all plugins. It may be called more than once; a closed Host starts
// nothing.
func (h *Host) Close() {
	h.mu.Lock()
	h.closed = true
	h.end()
	slots := h.running
	h.running = map[string]*slot{}
	h.mu.Unlock()
	var wg sync.WaitGroup
	for _, s := range slots {
		wg.Go(func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.instance != nil {
				s.instance.close()
				s.instance = nil
			}
			s.failed = fmt.Errorf("start: %w", errClosed)
		})
	}
	wg.Wait()
	h.spawn.close()
}
