package sdk

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/kubectl-byoos/kubectl-byoos/internal/handshake"
)

// Main runs a plugin and does not return. Nothing may be printed on stdout before
// it.
//
// The host asks several sources of a spec at once, of one process. newSource is
// called for each call of Discover or Verify, from several goroutines, and returns
// a new value: its fields belong to that call. What newSource refers to beside it,
// such as a cache, is shared, and the author guards it.
//
// With the argument "describe" it prints the plugin's Description as JSON, with
// "--version" its name and version. Otherwise it serves the host, until the host
// is done with it or gone.
func Main[C any](newSource func() Source[C]) {
	svc := newService(newSource, os.Stderr)
	if code, done := command(svc, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); done {
		os.Exit(code)
	}
	serve(svc, os.Stderr)
}

// command handles the calls that need no host. done is false when the host
// called and the plugin is to be served.
func command[C any](
	svc *service[C], args []string, getenv func(string) string, stdout, stderr io.Writer,
) (code int, done bool) {
	switch {
	case len(args) > 0 && args[0] == "describe":
		return describe(svc, stdout, stderr), true
	case len(args) > 0 && (args[0] == "--version" || args[0] == "version"):
		d := svc.describe()
		fmt.Fprintf(stdout, "%s%s %s\n", FilePrefix, d.GetName(), d.GetVersion())
		return 0, true
	}
	if h := Handshake(); getenv(h.MagicCookieKey) == h.MagicCookieValue {
		return 0, false
	}
	name := svc.describe().GetName()
	fmt.Fprintf(stderr, "This is the image source plugin %q of kubectl byoos. It is started by kubectl byoos, not by hand.\n"+
		"See what is installed with: kubectl byoos plugin list\n"+
		"See what this plugin does with: %s%s describe\n", name, FilePrefix, name)
	return 1, true
}

func describe[C any](svc *service[C], stdout, stderr io.Writer) int {
	d, err := svc.description()
	if err != nil {
		fmt.Fprintf(stderr, "describe: %v\n", err)
		return 1
	}
	text, err := protojson.Marshal(d)
	if err == nil {
		// protojson varies its white space on purpose; this output is compared.
		var indented bytes.Buffer
		err = json.Indent(&indented, text, "", "  ")
		if err == nil {
			_, err = fmt.Fprintf(stdout, "%s\n", indented.Bytes())
		}
	}
	if err != nil {
		fmt.Fprintf(stderr, "describe: %v\n", err)
		return 1
	}
	return 0
}

// serve answers the host until it stops the server, is gone, or sends SIGTERM, and
// ends the process.
func serve[C any](svc *service[C], stderr *os.File) {
	end := newEnding(os.Getenv(plugin.EnvUnixSocketDir), svc.cancel, &svc.running, os.Exit)
	svc.ended = end.graceful
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-signals
		end.withGroup(0)
	}()
	orphaned := parentWatch(os.Getenv(EnvHostPID))
	go func() {
		orphaned()
		end.withGroup(0)
	}()

	tlsProvider, err := secure(os.Getenv(handshake.EnvClientCert))
	if err != nil {
		svc.log.Error(err.Error())
		os.Exit(1)
	}
	restore := sync.OnceFunc(func() {
		// go-plugin sends what is written to os.Stdout and os.Stderr to the host
		// in the background, so a crash loses the last lines. The real stderr
		// does not. go-plugin swaps the files before it accepts a call, and this
		// runs within the first call.
		os.Stdout, os.Stderr = stderr, stderr
	})
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  Handshake(),
		VersionedPlugins: map[int]plugin.PluginSet{ProtocolVersion: {ServiceName: &grpcPlugin{server: svc}}},
		Logger:           hclog.NewNullLogger(),
		TLSProvider:      tlsProvider,
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			opts = append(opts,
				grpc.MaxRecvMsgSize(MaxMessageSize), grpc.MaxSendMsgSize(MaxMessageSize), grpc.WriteBufferSize(writeBuffer),
				grpc.StreamInterceptor(func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
					restore()
					return next(srv, stream)
				}))
			end.server = grpc.NewServer(opts...)
			return end.server
		},
	})
	// A call that the host has cancelled may still have a program to end.
	end.now(0)
}

// secure returns the plugin's side of AutoMTLS. go-plugin would make a key on
// P-521, which costs several times the rest of a start; but it puts only its own
// certificate into the handshake line, so the one made here is added to the line
// on its way. Without a certificate of the host, go-plugin is left alone.
func secure(clientPEM string) (func() (*tls.Config, error), error) {
	if clientPEM == "" {
		return nil, nil
	}
	certificate, err := handshake.New(time.Now())
	if err != nil {
		return nil, err
	}
	config, err := handshake.ServerConfig(certificate, clientPEM)
	if err != nil {
		return nil, err
	}
	line, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	stdout := os.Stdout
	os.Stdout = in // go-plugin prints the line and sets os.Stdout anew
	go completeHandshake(line, stdout, handshake.Field(certificate))
	return func() (*tls.Config, error) { return config, nil }, nil
}

// completeHandshake copies the first line, with the certificate as its sixth
// field, and then whatever follows.
func completeHandshake(from io.Reader, to io.Writer, certificate string) {
	reader := bufio.NewReader(from)
	line, err := reader.ReadString('\n')
	if err != nil {
		return
	}
	fields := strings.Split(strings.TrimSuffix(line, "\n"), "|")
	if len(fields) >= 6 {
		fields[5] = certificate
	}
	_, _ = fmt.Fprintln(to, strings.Join(fields, "|"))
	_, _ = io.Copy(to, reader)
}

// ending makes the process go away without leaving its socket behind.
type ending struct {
	socketDir string
	cancel    func()
	calls     sync.Locker // is free when no call runs
	exit      func(code int)
	server    *grpc.Server
	once      sync.Once
}

func newEnding(socketDir string, cancel func(), calls sync.Locker, exit func(code int)) *ending {
	return &ending{socketDir: socketDir, cancel: cancel, calls: calls, exit: exit}
}

// lastWords is how long a cancelled call has to end what it started, such as a
// credential program, which would go on without the plugin.
const lastWords = 2 * time.Second

// now cancels running calls, waits for them a little, removes the socket and exits.
func (e *ending) now(code int) { e.before(func() { e.exit(code) }) }

// withGroup is now for an end that the host may not see, which would end what calls
// have left running.
func (e *ending) withGroup(code int) {
	e.before(func() {
		endOwnGroup()
		e.exit(code)
	})
}

func (e *ending) before(exit func()) {
	e.once.Do(func() {
		e.cancel()
		ended := make(chan struct{})
		go func() {
			e.calls.Lock()
			close(ended)
		}()
		select {
		case <-ended:
		case <-time.After(lastWords):
		}
		removeSockets(e.socketDir)
		exit()
	})
}

// graceful stops the server when the running calls are answered; Main returns
// from serving then.
func (e *ending) graceful() {
	go e.server.GracefulStop()
}

// removeSockets removes the sockets in dir and dir itself when nothing else is
// in it. The host does so too; this is for when the host cannot.
func removeSockets(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if e.Type()&os.ModeSocket != 0 && strings.HasPrefix(e.Name(), "plugin") {
			_ = os.Remove(filepath.Join(dir, e.Name())) //nolint:gosec // only sockets, in the directory that the host made
		}
	}
	_ = os.Remove(dir) //nolint:gosec // fails unless it is empty
}
