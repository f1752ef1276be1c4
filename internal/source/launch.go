package source

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
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

// start starts a plugin and connects to it.
func (h *Host) start(ctx context.Context, p *Plugin) (*instance, error) {
	began := time.Now()
	tail := newTail(h.log.With("plugin", p.Type), p.secrets(h.options.Environ(), h.listed(p.Type)...))
	certificate, err := handshake.New(time.Now())
	if err != nil {
		return nil, broken(p, "cannot be started", "", err)
	}
	h.swept.Do(func() { removeLeftovers(SocketParent()) })
	launch := &launch{ctx: ctx, host: h, plugin: p, tail: tail, certificate: handshake.PEM(certificate)}
	life, cut := context.WithCancel(context.Background())
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
		// go-plugin's own calls have no limit, and something that the plugin started
		// may hold the socket when the plugin is gone.
		GRPCDialOptions: append(closesWith(life),
			grpc.WithDefaultCallOptions(
				grpc.MaxCallRecvMsgSize(sdk.MaxMessageSize), grpc.MaxCallSendMsgSize(sdk.MaxMessageSize)),
			grpc.WithStatsHandler(scales{}),
			// A plugin need not wait for the host between batches.
			grpc.WithInitialWindowSize(window), grpc.WithInitialConnWindowSize(2*window),
			grpc.WithReadBufferSize(readBuffer),
		),
	})
	started := &instance{plugin: p, client: client, cut: cut, retired: make(chan struct{})}
	connected := make(chan error, 1)
	go func() { connected <- started.connect() }()

	timedOut, err := await(ctx, connected, h.options.StartTimeout, func() {
		launch.abort()
		cut()
	})
	process := launch.process()
	if err == nil && ctx.Err() == nil && !timedOut {
		started.process, started.claimed = process, launch.claimed
		h.log.Debug("plugin started", "plugin", p.Type, "pid", process.ID(), "took", time.Since(began).Round(time.Millisecond))
		return started, nil
	}
	if process != nil {
		process.kill()
	}
	cut()
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

// await returns what a start came to. go-plugin's start takes no context, so when ctx
// ends or the time is over the process is ended by abort, and the connection fails then.
func await(ctx context.Context, connected <-chan error, limit time.Duration, abort func()) (timedOut bool, err error) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-connected: // the only value: a ctx that ended meanwhile must not wait for another
		return false, cmp.Or(err, ctx.Err())
	case <-timer.C:
		timedOut = true
	case <-ctx.Done():
	}
	abort()
	return timedOut, cmp.Or(<-connected, ctx.Err())
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
	env := environment(l.host.options.Environ(), append(l.host.listed(l.plugin.Type), l.plugin.Description.GetEnvironment()...))
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

// socketRoom is how long the path of the temporary directory may be: that of a
// Unix socket has room for about 100 bytes.
const socketRoom = 104 - len("/plugin-dir1234567890/plugin1234567890")

// socketBase returns the directory below which sockets are made; empty means the
// usual temporary one. In the handshake the path stands between bars on a line.
func socketBase() string {
	tmp := os.TempDir()
	if runtime.GOOS != "windows" && (len(tmp) >= socketRoom || strings.ContainsAny(tmp, "|\n\r")) {
		return "/tmp"
	}
	return ""
}

// SocketParent returns the temporary directory in which sockets are made.
func SocketParent() string { return cmp.Or(socketBase(), os.TempDir()) }

// clientPlugin makes the client side of the service for go-plugin.
type clientPlugin struct{ plugin.NetRPCUnsupportedPlugin }

func (*clientPlugin) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("the host has no server side")
}

func (*clientPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return sourcev1.NewImageSourceClient(conn), nil
}
