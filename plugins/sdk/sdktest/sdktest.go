// Package sdktest runs a source in process, for an author's tests. The
// configuration takes the same way as in the host: through JSON, the schema's
// defaults and the refusal of unknown keys; the answer takes it through the
// protocol's messages.
package sdktest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/kubectl-byoos/kubectl-byoos/internal/protocol"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// Option changes a request.
type Option func(*request)

type request struct {
	baseDir  string
	now      time.Time
	hints    sdk.Hints
	settings map[string]any
	log      io.Writer
	progress func(done, total int64, message string)
}

// BaseDir sets the directory that relative paths start from; "." by default.
func BaseDir(dir string) Option { return func(r *request) { r.baseDir = dir } }

// Now sets the host's clock; the time of the call by default.
func Now(t time.Time) Option { return func(r *request) { r.now = t } }

// Hints sets what the host will select.
func Hints(h sdk.Hints) Option { return func(r *request) { r.hints = h } }

// UserSettings sets the user's own settings for the plugin.
func UserSettings(m map[string]any) Option { return func(r *request) { r.settings = m } }

// Log sets where log lines go; they are dropped by default.
func Log(w io.Writer) Option { return func(r *request) { r.log = w } }

// Progress sets what is told of progress.
func Progress(f func(done, total int64, message string)) Option {
	return func(r *request) { r.progress = f }
}

func newRequest(options []Option) *request {
	r := &request{baseDir: ".", now: time.Now(), log: io.Discard, progress: func(int64, int64, string) {}}
	for _, o := range options {
		o(r)
	}
	return r
}

// Discover returns what a source of newSource finds with config, which is anything that JSON can
// hold: a map, or the configuration type itself. An error that it returned is
// among the diagnostics, as in the host; err is for a cancelled ctx, a panic, or
// a config that is no JSON object.
func Discover[C any](
	ctx context.Context, newSource func() sdk.Source[C], config any, options ...Option,
) (images []sdk.Image, diagnostics []sdk.Diagnostic, err error) {
	r := newRequest(options)
	out := &stream[sourcev1.DiscoverResponse]{ctx: ctx, received: func(m *sourcev1.DiscoverResponse) {
		for _, i := range m.GetImages() {
			images = append(images, imageFrom(i))
		}
		diagnostics = append(diagnostics, diagnosticsFrom(m.GetDiagnostics())...)
		r.tell(m.GetProgress())
	}}
	return images, diagnostics, discover(newSource, config, r, out)
}

func discover[C any](newSource func() sdk.Source[C], config any, r *request, out *stream[sourcev1.DiscoverResponse]) error {
	values, settings, err := structs(config, r.settings)
	if err != nil {
		return err
	}
	return plain(out.ctx, sdk.Service(newSource, r.log).Discover(&sourcev1.DiscoverRequest{
		Source: "test", Config: values, BaseDir: r.baseDir, Now: timestamppb.New(r.now), UserSettings: settings,
		Hints: &sourcev1.Hints{
			Providers: r.hints.Providers, Regions: r.hints.Regions, Architectures: r.hints.Architectures,
			KubernetesVersions: r.hints.KubernetesVersions, K8SDistributions: r.hints.K8sDistributions, CustomTags: r.hints.CustomTags,
			NewestOnly: r.hints.NewestOnly,
		},
	}, out))
}

// Verify returns what a source of newSource, an sdk.Verifier, says of refs. Results hold the Ref they answer.
func Verify[C any](
	ctx context.Context, newSource func() sdk.Source[C], config any, refs []sdk.Ref, options ...Option,
) (results []sdk.Result, diagnostics []sdk.Diagnostic, err error) {
	r := newRequest(options)
	values, settings, err := structs(config, r.settings)
	if err != nil {
		return nil, nil, err
	}
	asked := refsTo(refs)
	questions := protocol.NewQuestions(asked)
	out := &stream[sourcev1.VerifyResponse]{ctx: ctx, received: func(m *sourcev1.VerifyResponse) {
		for _, v := range m.GetResults() {
			i, err := questions.Answer(v)
			if err != nil {
				diagnostics = append(diagnostics, sdk.Diagnostic{Summary: "the plugin sent an answer that cannot be used", Detail: err.Error()})
				continue
			}
			results = append(results, resultFrom(v, refs[i]))
		}
		diagnostics = append(diagnostics, diagnosticsFrom(m.GetDiagnostics())...)
		r.tell(m.GetProgress())
	}}
	err = sdk.Service(newSource, r.log).Verify(&sourcev1.VerifyRequest{
		Source: "test", Config: values, BaseDir: r.baseDir, Now: timestamppb.New(r.now), UserSettings: settings, Refs: asked,
	}, out)
	return results, diagnostics, plain(ctx, err)
}

func (r *request) tell(p *sourcev1.Progress) {
	if p != nil {
		r.progress(p.GetDone(), p.GetTotal(), p.GetMessage())
	}
}

// plain turns the status of a cancelled call back into the context's error.
func plain(ctx context.Context, err error) error {
	switch status.Code(err) {
	case codes.Canceled, codes.DeadlineExceeded:
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return err
}

func structs(config any, settings map[string]any) (*structpb.Struct, *structpb.Struct, error) {
	values, err := structOf(config)
	if err != nil {
		return nil, nil, fmt.Errorf("config: %w", err)
	}
	user, err := structOf(settings)
	if err != nil {
		return nil, nil, fmt.Errorf("user settings: %w", err)
	}
	return values, user, nil
}

func structOf(v any) (*structpb.Struct, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(b, []byte("null")) {
		return &structpb.Struct{}, nil
	}
	var exact map[string]any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&exact); err != nil {
		return nil, err
	}
	if err := protocol.CheckNumbers(exact); err != nil {
		return nil, err
	}
	var s structpb.Struct
	return &s, s.UnmarshalJSON(b)
}

// stream stands in for a connection. Messages are encoded and decoded, so that
// what a connection would refuse fails here as well.
type stream[M any] struct {
	ctx      context.Context
	turn     func() // nil, or called before each message
	received func(*M)
}

func (s *stream[M]) Send(m *M) error {
	if s.turn != nil {
		s.turn()
	}
	sent, ok := any(m).(proto.Message)
	if !ok {
		return fmt.Errorf("%T is no message", m)
	}
	b, err := proto.Marshal(sent)
	if err != nil {
		return err
	}
	if len(b) > sdk.MaxMessageSize {
		return fmt.Errorf("a message of %d bytes is larger than %d", len(b), sdk.MaxMessageSize)
	}
	got := new(M)
	if err := proto.Unmarshal(b, any(got).(proto.Message)); err != nil {
		return err
	}
	s.received(got)
	return nil
}

func (s *stream[M]) Context() context.Context     { return s.ctx }
func (s *stream[M]) SetHeader(metadata.MD) error  { return nil }
func (s *stream[M]) SendHeader(metadata.MD) error { return nil }
func (s *stream[M]) SetTrailer(metadata.MD)       {}
func (s *stream[M]) SendMsg(any) error            { return nil }
func (s *stream[M]) RecvMsg(any) error            { return io.EOF }
