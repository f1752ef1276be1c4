package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/protocol"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// inProcess is a host that asks the plugin's own code, without a process, through the
// protocol's messages.
type inProcess struct {
	service  sourcev1.ImageSourceServer
	settings map[string]any
	// at is the host's clock; the zero value is that of the machine.
	at time.Time
}

func (p inProcess) now() *timestamppb.Timestamp {
	if p.at.IsZero() {
		return timestamppb.Now()
	}
	return timestamppb.New(p.at)
}

func (p inProcess) Find(context.Context, string) (*source.Plugin, error) {
	return &source.Plugin{Type: "azure", Description: &sourcev1.Description{
		Name: "azure", Providers: []string{"azure"}, ConfigSchema: "{}",
		Capabilities: []sourcev1.Capability{sourcev1.Capability_CAPABILITY_VERIFY, sourcev1.Capability_CAPABILITY_HINTS},
	}}, nil
}

func (p inProcess) Discover(ctx context.Context, requests []source.Request, progress func(source.Event)) []source.Result {
	results := make([]source.Result, len(requests))
	limit := make(chan struct{}, 32)
	var all sync.WaitGroup
	for i, request := range requests {
		all.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			results[i] = p.discover(ctx, request, progress)
		})
	}
	all.Wait()
	return results
}

func (p inProcess) discover(ctx context.Context, r source.Request, progress func(source.Event)) source.Result {
	result := source.Result{Source: r.Source, Plugin: r.Plugin}
	err := p.service.Discover(&sourcev1.DiscoverRequest{
		Source: r.Source, Config: structOf(r.Config), UserSettings: structOf(p.settings), BaseDir: r.BaseDir, Now: p.now(),
		Hints: &sourcev1.Hints{
			Providers: r.Hints.Providers, Regions: r.Hints.Regions, Architectures: r.Hints.Architectures,
			KubernetesVersions: r.Hints.KubernetesVersions, NewestOnly: r.Hints.NewestOnly,
		},
		Regions: r.Regions, KubernetesVersions: r.KubernetesVersions, Ids: r.IDs,
	}, stream[sourcev1.DiscoverResponse]{ctx: ctx, take: func(m *sourcev1.DiscoverResponse) {
		for _, one := range m.GetImages() {
			result.Images = append(result.Images, imageOf(one, r.Source))
		}
		for _, d := range m.GetDiagnostics() {
			result.Diagnostics = append(result.Diagnostics, diagnosticOf(d, r.Source))
		}
		if told := m.GetProgress(); told != nil && progress != nil {
			progress(source.Event{Message: told.GetMessage(), Done: told.GetDone(), Total: told.GetTotal()})
		}
	}})
	result.Err = failureOf(ctx, err, result.Diagnostics)
	return result
}

func (p inProcess) Verify(ctx context.Context, r source.VerifyRequest) ([]source.Verified, []source.Diagnostic, error) {
	request := &sourcev1.VerifyRequest{
		Source: r.Source, Config: structOf(r.Config), UserSettings: structOf(p.settings), BaseDir: r.BaseDir, Now: p.now(), Regions: r.Regions,
	}
	verified := make([]source.Verified, len(r.Refs))
	for i, ref := range r.Refs {
		request.Refs = append(request.Refs, refOf(i, ref))
		verified[i] = source.Verified{Ref: ref, Presence: source.Unknown, Reason: "the source gave no answer"}
	}
	questions := protocol.NewQuestions(request.GetRefs())
	var diagnostics []source.Diagnostic
	err := p.service.Verify(request, stream[sourcev1.VerifyResponse]{ctx: ctx, take: func(m *sourcev1.VerifyResponse) {
		for _, one := range m.GetResults() {
			i, err := questions.Answer(one)
			if err != nil {
				panic(err)
			}
			verified[i].Presence = presenceOf(one.GetPresence())
			verified[i].Reason, verified[i].Evidence = one.GetReason(), image.Evidence(named(one.GetEvidence(), "EVIDENCE_"))
			if one.GetImage() != nil {
				is := imageOf(one.GetImage(), r.Source)
				verified[i].Image = &is
			}
		}
		for _, d := range m.GetDiagnostics() {
			diagnostics = append(diagnostics, diagnosticOf(d, r.Source))
		}
	}})
	return verified, diagnostics, failureOf(ctx, err, diagnostics)
}

func presenceOf(p sourcev1.Presence) source.Presence {
	switch p {
	case sourcev1.Presence_PRESENCE_FOUND:
		return source.Found
	case sourcev1.Presence_PRESENCE_NOT_FOUND:
		return source.NotFound
	case sourcev1.Presence_PRESENCE_NOT_VISIBLE:
		return source.NotVisible
	}
	return source.Unknown
}

func structOf(values map[string]any) *structpb.Struct {
	text, err := json.Marshal(values)
	if err != nil {
		panic(err)
	}
	var of structpb.Struct
	if values != nil && of.UnmarshalJSON(text) != nil {
		panic("no JSON object: " + string(text))
	}
	return &of
}

func refOf(i int, ref image.Ref) *sourcev1.ImageRef {
	of := &sourcev1.ImageRef{
		Index: uint32(i), Id: ref.ID, Provider: ref.Provider, Region: ref.Region, Architecture: ref.Architecture, Digest: ref.Digest,
		FullId: ref.FullID, OwnerId: ref.OwnerID,
	}
	if ref.Reference != nil {
		of.Reference = &sourcev1.Reference{Kind: ref.Reference.Kind, Value: ref.Reference.Value}
	}
	return of
}

// imageOf reads an image by the names that both models share; the names of enums differ.
func imageOf(m *sourcev1.Image, name string) image.Image {
	if err := protocol.CheckImage(m); err != nil {
		panic(err)
	}
	text, err := protojson.Marshal(m)
	if err != nil {
		panic(err)
	}
	var of image.Image
	if err := json.Unmarshal(text, &of); err != nil {
		panic(err)
	}
	of.Source, of.State = name, image.State(named(m.GetState(), "STATE_"))
	of.Evidence, of.NewestBy = image.Evidence(named(m.GetEvidence(), "EVIDENCE_")), image.NewestByCreated
	if m.GetNewestBy() == sourcev1.NewestBy_NEWEST_BY_VERSION {
		of.NewestBy = image.NewestByVersion
	}
	return of
}

// named returns the name of a value without its prefix; "" for the value that says nothing.
func named(value fmt.Stringer, prefix string) string {
	name := strings.ToLower(strings.TrimPrefix(value.String(), prefix))
	return strings.TrimSuffix(name, "unspecified")
}

func diagnosticOf(d *sourcev1.Diagnostic, name string) source.Diagnostic {
	severity := map[sourcev1.Severity]source.Severity{
		sourcev1.Severity_SEVERITY_ERROR: source.SeverityError, sourcev1.Severity_SEVERITY_WARNING: source.SeverityWarning,
		sourcev1.Severity_SEVERITY_INFO: source.SeverityInfo,
	}[d.GetSeverity()]
	return source.Diagnostic{
		Severity: severity, Source: name, Plugin: "azure", Summary: d.GetSummary(), Detail: d.GetDetail(),
		NextStep: d.GetNextStep(), ConfigPath: d.GetConfigPath(), Scope: d.GetScope(),
	}
}

// failureOf is the failure of a call that told of errors.
func failureOf(ctx context.Context, err error, diagnostics []source.Diagnostic) error {
	if ctx.Err() != nil {
		return interrupt.Error(ctx)
	}
	if err != nil {
		panic(err)
	}
	var failed *failure.Error
	for _, d := range diagnostics {
		switch {
		case d.Severity != source.SeverityError:
		case failed == nil:
			failed = &failure.Error{Code: failure.ExitSource, Summary: "source " + d.Source + ": " + d.Text(), Next: d.NextStep}
		default:
			failed.Details = append(failed.Details, d.Source+": "+d.Text())
		}
	}
	if failed == nil {
		return nil
	}
	return failed
}

// stream stands in for a connection.
type stream[M any] struct {
	grpc.ServerStream
	ctx  context.Context
	take func(*M)
}

func (s stream[M]) Context() context.Context { return s.ctx }

func (s stream[M]) Send(m *M) error {
	if s.ctx.Err() != nil {
		return io.EOF
	}
	s.take(m)
	return nil
}
