package run

import (
	"cmp"
	"context"
	"crypto/tls"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"github.com/kubectl-byoos/kubectl-byoos/internal/handshake"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

const (
	// exitGrace is how long a plugin may take to end after it was asked to.
	exitGrace = 500 * time.Millisecond
	// window is how much of an answer may be under way, in bytes, connWindow how much
	// of all, and readBuffer how much is read at once.
	window     = 4 << 20
	connWindow = 2 * window
	readBuffer = 128 << 10
)

// start starts a plugin and connects to it.
func (r *Runner) start(ctx context.Context, p Program) (*instance, error) {
	began := time.Now()
	certificate, err := handshake.New(time.Now())
	if err != nil {
		return nil, p.Broken("cannot be started", "", err)
	}
	r.swept.Do(func() { removeLeftovers(SocketParent()) })
	variables, secrets := p.Environment()
	life, cut := context.WithCancel(context.Background())
	launch := &launch{
		ctx: ctx, life: life, cut: cut, runner: r, program: p, tail: NewTail(r.log.With("plugin", p.Type), secrets),
		environment: append(variables, handshake.EnvHostPID+"="+strconv.Itoa(os.Getpid()), handshake.EnvClientCert+"="+handshake.PEM(certificate)),
	}
	started := &instance{client: r.client(life, launch, certificate), cut: cut, retired: make(chan struct{})}
	connected := make(chan error, 1)
	go func() { connected <- started.connect() }()

	timedOut, err := await(ctx, connected, r.limits.Start, cut)
	process := launch.process
	if err == nil && ctx.Err() == nil && !timedOut {
		started.process, started.claimed = process, launch.claimed
		go func() { <-process.exited; started.retire() }()
		r.log.Debug("plugin started", "plugin", p.Type, "pid", process.ID(), "took", time.Since(began).Round(time.Millisecond))
		return started, nil
	}
	cut()
	started.client.Kill() // it leaves the socket directory when a start fails
	_ = os.RemoveAll(launch.socketDir)
	_ = launch.claimed.Close() // nil will do
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case launch.refused != nil:
		return nil, launch.refused
	}
	return nil, r.startFailure(p, process, timedOut, err)
}

// client returns go-plugin's side of a launch; its connection ends with life.
func (r *Runner) client(life context.Context, l *launch, certificate tls.Certificate) *plugin.Client {
	return plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  handshake.Config(),
		VersionedPlugins: map[int]plugin.PluginSet{handshake.ProtocolVersion: {handshake.ServiceName: &clientPlugin{}}},
		RunnerFunc:       l.run,
		StartTimeout:     time.Hour, // await has the limit
		SyncStdout:       l.tail,
		SyncStderr:       l.tail,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
		TLSConfig:        handshake.ClientConfig(certificate),
		SkipHostEnv:      true,
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: socketBase()},
		// go-plugin's own calls have no limit, and something that the plugin started
		// may hold the socket when the plugin is gone.
		GRPCDialOptions: append(closesWith(life),
			grpc.WithDefaultCallOptions(
				grpc.MaxCallRecvMsgSize(handshake.MaxMessageSize), grpc.MaxCallSendMsgSize(handshake.MaxMessageSize)),
			grpc.WithStatsHandler(scales{}),
			// A plugin need not wait for the host between batches.
			grpc.WithInitialWindowSize(window), grpc.WithInitialConnWindowSize(connWindow),
			grpc.WithReadBufferSize(readBuffer),
		),
	})
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
	ctx     context.Context // of the call that starts it
	life    context.Context // of the process
	cut     func()          // ends it
	runner  *Runner
	program Program
	tail    *Tail
	// environment is that of the process but what go-plugin adds.
	environment []string

	// What follows is set by run.
	process   *process
	socketDir string
	claimed   *os.File
	refused   error
}

// run is called by go-plugin with the variables that the handshake needs.
func (l *launch) run(_ hclog.Logger, cmd *exec.Cmd, socketDir string) (runner.Runner, error) {
	l.socketDir = socketDir
	l.claimed, _ = claim(socketDir) // without, it stays when this process is killed
	if l.refused = l.program.Check(l.ctx); l.refused != nil {
		return nil, l.refused
	}
	l.process = l.runner.newProcess(l.life, l.cut, l.program.Path, append(l.environment, cmd.Env...), l.tail)
	return l.process, nil
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
type clientPlugin struct {
	plugin.NetRPCUnsupportedPlugin
	plugin.GRPCPlugin // nil: the host has no server side
}

func (*clientPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return sourcev1.NewImageSourceClient(conn), nil
}
