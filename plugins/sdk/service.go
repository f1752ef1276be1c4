package sdk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/kubectl-byoos/kubectl-byoos/internal/protocol"
	"github.com/kubectl-byoos/kubectl-byoos/internal/redact"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// modulePath is the module that holds this package.
const modulePath = "github.com/kubectl-byoos/kubectl-byoos"

// Service returns the gRPC service that Main serves, for tests that run a source
// in process. Log lines go to log.
func Service[C any](newSource func() Source[C], log io.Writer) sourcev1.ImageSourceServer {
	return newService(newSource, log)
}

// service puts Sources behind the protocol, a new one for each call.
type service[C any] struct {
	sourcev1.UnimplementedImageSourceServer
	newSource func() Source[C]
	first     Source[C] // is asked what the plugin is, and answers no call
	info      Info
	stderr    io.Writer
	log       *slog.Logger
	secrets   *Secrets

	// running is held for reading by each call.
	running sync.RWMutex
	// done is closed when the process is to end; running calls are cancelled.
	done   context.Context
	cancel context.CancelFunc
	// ended is called after a panic was answered.
	ended func()
}

func newService[C any](newSource func() Source[C], stderr io.Writer) *service[C] {
	first := newSource()
	svc := &service[C]{newSource: newSource, first: first, info: first.Describe(), stderr: stderr, secrets: &Secrets{}, ended: func() {}}
	svc.done, svc.cancel = context.WithCancel(context.Background()) //nolint:gosec // called at the end of the process
	svc.log = slog.New(newLogHandler(stderr, FilePrefix+svc.info.Name, svc.secrets))
	return svc
}

// fresh returns a source for one call. Two calls must not share one: the host asks
// several sources at once, and what one keeps in it would end up in the answer of
// another.
func (s *service[C]) fresh() (Source[C], error) {
	source := s.newSource()
	if source == nil {
		return nil, fmt.Errorf("plugin %s: the function given to sdk.Main returned no source", s.info.Name)
	}
	// All pointers to a type without fields may be equal, and nothing is kept there.
	if t := reflect.TypeOf(source); t.Kind() == reflect.Pointer && t.Elem().Size() > 0 && s.first == source {
		return nil, fmt.Errorf("plugin %s: the function given to sdk.Main returned the same source twice; "+
			"it must return a new one at each call, since several sources are asked at once", s.info.Name)
	}
	return source, nil
}

// describe returns the Description without the schema.
func (s *service[C]) describe() *sourcev1.Description {
	info := s.info
	build, _ := debug.ReadBuildInfo()
	d := &sourcev1.Description{
		Name:              info.Name,
		Version:           strings.TrimPrefix(info.Version, "v"),
		ProtocolVersions:  []uint32{ProtocolVersion},
		Providers:         info.Providers,
		Environment:       slices.Clone(info.Environment),
		SecretEnvironment: info.SecretEnvironment,
		Summary:           info.Summary,
		Homepage:          info.Homepage,
		SdkVersion:        moduleVersion(build, modulePath, release),
	}
	for _, name := range info.SecretEnvironment {
		if !slices.Contains(d.Environment, name) {
			d.Environment = append(d.Environment, name)
		}
	}
	if d.Version == "" {
		d.Version = moduleVersion(build, "", release)
	}
	if _, ok := s.first.(Verifier[C]); ok {
		d.Capabilities = append(d.Capabilities, sourcev1.Capability_CAPABILITY_VERIFY)
	}
	if info.ReadsIDs {
		d.Capabilities = append(d.Capabilities, sourcev1.Capability_CAPABILITY_READ)
	}
	if info.UsesHints {
		d.Capabilities = append(d.Capabilities, sourcev1.Capability_CAPABILITY_HINTS)
	}
	return d
}

// description returns the whole Description.
func (s *service[C]) description() (*sourcev1.Description, error) {
	if _, err := s.fresh(); err != nil {
		return nil, err
	}
	d := s.describe()
	schema, err := schemaText[C]()
	if err != nil {
		return nil, err
	}
	d.ConfigSchema = schema
	return d, nil
}

// release is the version of a plugin's main module, which the build of a release
// sets, since a build of a checkout knows none of its own:
//
//	go build -ldflags '-X github.com/kubectl-byoos/kubectl-byoos/plugins/sdk.release=v1.2.3'
var release string

// moduleVersion returns the version of module path in build, or of the main
// module for an empty path. A build outside a release is 0.0.0-devel.
func moduleVersion(build *debug.BuildInfo, path, release string) string {
	const devel = "0.0.0-devel"
	if build == nil {
		return devel
	}
	version := cmp.Or(release, build.Main.Version)
	if path != "" && build.Main.Path != path {
		i := slices.IndexFunc(build.Deps, func(m *debug.Module) bool { return m.Path == path })
		if i < 0 {
			return devel
		}
		version = build.Deps[i].Version
	}
	version = strings.TrimPrefix(version, "v")
	if version == "" || version == "(devel)" {
		return devel
	}
	return version
}

// Discover implements the protocol.
func (s *service[C]) Discover(
	req *sourcev1.DiscoverRequest, stream grpc.ServerStreamingServer[sourcev1.DiscoverResponse],
) error {
	ctx, stop := s.callContext(stream.Context())
	defer stop()
	out := newSender(ctx, s.secrets, func(b batch) error {
		return stream.Send(&sourcev1.DiscoverResponse{Images: b.images, Progress: b.progress, Diagnostics: b.diagnostics})
	})
	return s.answer(ctx, "Discover", out, func(source Source[C]) error {
		config, now, err := settingsOf[C](req)
		if err != nil {
			return err
		}
		return source.Discover(ctx, DiscoverRequest[C]{
			Source:             req.GetSource(),
			Config:             config,
			BaseDir:            req.GetBaseDir(),
			Now:                now,
			Hints:              hintsFrom(req.GetHints()),
			Regions:            req.GetRegions(),
			KubernetesVersions: req.GetKubernetesVersions(), IDs: req.GetIds(),
			HostReads:    slices.Contains(req.GetHostCapabilities(), sourcev1.Capability_CAPABILITY_READ),
			UserSettings: req.GetUserSettings().AsMap(),
			Log:          s.log.With("source", req.GetSource()),
			Secrets:      s.secrets,
		}, &Stream{out})
	})
}

// Verify implements the protocol.
func (s *service[C]) Verify(
	req *sourcev1.VerifyRequest, stream grpc.ServerStreamingServer[sourcev1.VerifyResponse],
) error {
	if _, ok := s.first.(Verifier[C]); !ok {
		return status.Errorf(codes.Unimplemented, "plugin %s cannot verify images", s.info.Name)
	}
	ctx, stop := s.callContext(stream.Context())
	defer stop()
	out := newSender(ctx, s.secrets, func(b batch) error {
		return stream.Send(&sourcev1.VerifyResponse{Results: b.results, Progress: b.progress, Diagnostics: b.diagnostics})
	})
	return s.answer(ctx, "Verify", out, func(source Source[C]) error {
		config, now, err := settingsOf[C](req)
		if err != nil {
			return err
		}
		return source.(Verifier[C]).Verify(ctx, VerifyRequest[C]{
			Source:       req.GetSource(),
			Config:       config,
			BaseDir:      req.GetBaseDir(),
			Now:          now,
			Refs:         refsFrom(req.GetRefs()),
			Regions:      req.GetRegions(),
			UserSettings: req.GetUserSettings().AsMap(),
			Log:          s.log.With("source", req.GetSource()),
			Secrets:      s.secrets,
		}, &Results{out})
	})
}

// settingsOf returns what both requests have and may be wrong in.
func settingsOf[C any](req interface {
	GetConfig() *structpb.Struct
	GetNow() *timestamppb.Timestamp
}) (config C, now time.Time, err error) {
	if err := protocol.CheckTime(req.GetNow()); err != nil {
		return config, now, fmt.Errorf("the time of the request %w", err)
	}
	config, err = decodeConfig[C](req.GetConfig())
	return config, timeFrom(req.GetNow()), err
}

// callContext ends with the call or with the process.
func (s *service[C]) callContext(call context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(call)
	unlink := context.AfterFunc(s.done, cancel)
	return ctx, func() { unlink(); cancel() }
}

// answer calls a method of a new source, sends what is left and turns what it
// returned into diagnostics, or into a status when the call was cancelled.
func (s *service[C]) answer(ctx context.Context, method string, out *sender, call func(Source[C]) error) error {
	s.running.RLock()
	defer s.running.RUnlock()
	s.secrets.Add(s.environment()...)
	var found []Diagnostic
	err := s.guarded(method, func() error {
		source, err := s.fresh()
		if err != nil {
			return status.Error(codes.Internal, err.Error())
		}
		found = diagnosticsOf(call(source))
		return nil
	})
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return status.FromContextError(ctx.Err()).Err()
	}
	if sent := out.failure(); sent != nil {
		return sent
	}
	for _, d := range slices.Concat(out.contradictions(), found, out.refusal()) {
		if err := out.report(d); err != nil {
			return err
		}
	}
	return out.close()
}

// guarded runs all of the author's code that a call needs, in a goroutine of its
// own, so that one that ends it with runtime.Goexit, as a helper made for tests does,
// ends no goroutine of gRPC, whose client would wait for ever. The error is a status.
func (s *service[C]) guarded(method string, run func() error) (err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		returned := false
		defer func() {
			if r := recover(); !returned {
				err = s.died(method, r)
			}
		}()
		err = run()
		returned = true
	}()
	<-done
	return err
}

// environment returns the secrets in the variables that the process got. Their names are
// compared without letter case on any system: too much is hidden rather than too little.
func (s *service[C]) environment() []string {
	return redact.Environment(os.Environ(), func(name string) bool {
		return redact.NamesSecret(name) || slices.ContainsFunc(s.info.SecretEnvironment, func(secret string) bool {
			prefix, wildcard := strings.CutSuffix(strings.ToLower(secret), "*")
			return strings.EqualFold(name, secret) || wildcard && prefix != "" && strings.HasPrefix(strings.ToLower(name), prefix)
		})
	})
}

// died is the error of a method that did not return, and names plugin and method.
// The stack of a panic goes to the log only. The process ends after one: its state
// is not to be trusted.
func (s *service[C]) died(method string, panicked any) error {
	if panicked == nil {
		return status.Errorf(codes.Internal, "plugin %s: %s ended its goroutine and did not return", s.info.Name, method)
	}
	// The text of a panic that was made of another one may hold a stack too.
	message, rest, _ := strings.Cut(s.secrets.Clean(strings.TrimSpace(fmt.Sprint(panicked))), "\n")
	s.log.Error(fmt.Sprintf("panic in %s: %s", method, said(message)), "stack", rest+string(debug.Stack()))
	s.ended()
	return status.Errorf(codes.Internal, "plugin %s: panic in %s: %s", s.info.Name, method, said(message))
}

// grpcPlugin registers the service with go-plugin.
type grpcPlugin struct {
	plugin.NetRPCUnsupportedPlugin
	server sourcev1.ImageSourceServer
}

func (p *grpcPlugin) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	sourcev1.RegisterImageSourceServer(s, p.server)
	return nil
}

func (p *grpcPlugin) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("a plugin has no client side")
}
