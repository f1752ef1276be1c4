package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/kubectl-byoos/kubectl-byoos/internal/source/run"

	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/protocol"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// Discover asks several sources at once. The results are in the order of the
// requests; a source that fails does not hold up the others. progress may be
// nil; it is never called twice at the same time.
func (h *Host) Discover(ctx context.Context, reqs []Request, progress func(Event)) []Result {
	ctx, cancel := h.within(ctx)
	defer cancel()
	results := make([]Result, len(reqs))
	tell := oneAtATime(progress)
	limit := make(chan struct{}, maxCalls)
	var wg sync.WaitGroup
	for i, req := range reqs {
		wg.Go(func() {
			results[i].Source, results[i].Plugin = req.Source, req.Plugin
			select {
			case limit <- struct{}{}:
				defer func() { <-limit }()
			case <-ctx.Done():
				results[i].Err = interrupted(ctx)
				return
			}
			h.discover(ctx, req, tell, &results[i])
		})
	}
	wg.Wait()
	return results
}

func oneAtATime(progress func(Event)) func(Event) {
	if progress == nil {
		return func(Event) {}
	}
	var mu sync.Mutex
	return func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		progress(e)
	}
}

func (h *Host) discover(ctx context.Context, req Request, tell func(Event), result *Result) {
	if result.Err = checkFolder(req.Source, req.BaseDir); result.Err != nil {
		return
	}
	message, err := h.discoverRequest(req)
	if err != nil {
		result.Err = invalidConfig(req.Source, err)
		return
	}
	answer := h.newAnswer(req.Source, req.Plugin, tell)
	result.Err = h.call(ctx, req.Plugin, answer, func(ctx context.Context, service sourcev1.ImageSourceClient) error {
		stream, err := service.Discover(ctx, message)
		for err == nil {
			var r *sourcev1.DiscoverResponse
			if r, err = stream.Recv(); err == nil {
				result.Images = answer.images(result.Images, r.GetImages())
				err = answer.meanwhile(r.GetProgress(), r.GetDiagnostics())
			}
		}
		return err
	})
	result.Diagnostics = answer.diagnostics
}

// ask makes one call of a plugin and reads its answer; the error is io.EOF when it
// is whole.
type ask func(context.Context, sourcev1.ImageSourceClient) error

// call is an ask, and the answer that it fills.
type call struct {
	*answer
	ask ask
}

// Ask implements run.Call.
func (c call) Ask(ctx context.Context, service sourcev1.ImageSourceClient, words *run.Tail) error {
	c.words = words
	return c.ask(ctx, service)
}

// Touched implements run.Call.
func (c call) Touched() bool { return c.touched }

// Room implements run.Call.
func (c call) Room() *atomic.Int64 { return &c.room }

// call has a plugin asked.
func (h *Host) call(ctx context.Context, p *Plugin, a *answer, ask ask) error {
	err := h.runner.Ask(ctx, h.program(p), call{a, ask})
	var failed *run.CallError
	switch {
	case err == nil:
		return a.failure()
	case ctx.Err() != nil:
		return interrupted(ctx)
	case errors.As(err, &failed):
		return h.callFailure(p, a, failed)
	}
	return err
}

// Try starts a plugin without a call of its own: the error is that of a run.
func (h *Host) Try(ctx context.Context, p *Plugin) error {
	ctx, cancel := h.within(ctx)
	defer cancel()
	err := h.runner.Try(ctx, h.program(p))
	if ctx.Err() != nil {
		return interrupted(ctx)
	}
	return err
}

// program is a plugin as it is run, with the environment that it declared.
func (h *Host) program(p *Plugin) run.Program {
	return h.programWith(p, slices.Concat(h.listed(p.Type), p.Description.GetEnvironment()), p.Description.GetSecretEnvironment())
}

func (h *Host) programWith(p *Plugin, declared, own []string) run.Program {
	return run.Program{
		Type: p.Type, Path: p.Path,
		Environment: func() (variables, hidden []string) {
			environ := h.options.Environ()
			return environment(environ, declared), secrets(environ, declared, own)
		},
		Check: func(ctx context.Context) error { return h.checkDigest(ctx, p) },
	}
}

func (h *Host) discoverRequest(req Request) (*sourcev1.DiscoverRequest, error) {
	config, settings, err := h.values(req.Plugin, req.Config)
	if err != nil {
		return nil, err
	}
	var can []sourcev1.Capability
	if req.Reads {
		can = append(can, sourcev1.Capability_CAPABILITY_READ)
	}
	return &sourcev1.DiscoverRequest{
		Source: req.Source, Config: config, BaseDir: req.BaseDir, UserSettings: settings,
		Now: timestamppb.New(h.options.Now()),
		Hints: &sourcev1.Hints{
			Providers: req.Hints.Providers, Regions: req.Hints.Regions, Architectures: req.Hints.Architectures,
			KubernetesVersions: req.Hints.KubernetesVersions, K8SDistributions: req.Hints.K8sDistributions, CustomTags: req.Hints.CustomTags,
			NewestOnly: req.Hints.NewestOnly,
		},
		Regions: req.Regions, KubernetesVersions: req.KubernetesVersions, Ids: req.IDs, HostCapabilities: can,
	}, nil
}

// Verify asks a source what became of images that were picked earlier. Each
// reference has an answer, in the order of the request; one that the plugin left
// out is Unknown.
func (h *Host) Verify(ctx context.Context, req VerifyRequest) ([]Verified, []Diagnostic, error) {
	ctx, done := h.within(ctx)
	defer done()
	verified := make([]Verified, len(req.Refs))
	for i, ref := range req.Refs {
		verified[i] = Verified{Ref: ref, Presence: Unknown, Reason: "the source gave no answer"}
	}
	if p := req.Plugin; !p.Can(sourcev1.Capability_CAPABILITY_VERIFY) {
		return nil, nil, broken(p, "cannot verify images", "update the plugin, or verify with a source that can", nil)
	}
	if err := checkFolder(req.Source, req.BaseDir); err != nil {
		return nil, nil, err
	}
	message, err := h.verifyRequest(req)
	if err != nil {
		return nil, nil, invalidConfig(req.Source, err)
	}
	answer := h.newAnswer(req.Source, req.Plugin, func(Event) {})
	answer.questions = protocol.NewQuestions(message.GetRefs())
	err = h.call(ctx, req.Plugin, answer, func(ctx context.Context, service sourcev1.ImageSourceClient) error {
		stream, err := service.Verify(ctx, message)
		for err == nil {
			var r *sourcev1.VerifyResponse
			if r, err = stream.Recv(); err == nil {
				answer.verified(verified, r.GetResults())
				err = answer.meanwhile(r.GetProgress(), r.GetDiagnostics())
			}
		}
		return err
	})
	return verified, answer.diagnostics, err
}

func (h *Host) verifyRequest(req VerifyRequest) (*sourcev1.VerifyRequest, error) {
	config, settings, err := h.values(req.Plugin, req.Config)
	if err != nil {
		return nil, err
	}
	return &sourcev1.VerifyRequest{
		Source: req.Source, Config: config, BaseDir: req.BaseDir, UserSettings: settings,
		Now: timestamppb.New(h.options.Now()), Refs: refsTo(req.Refs), Regions: req.Regions,
	}, nil
}

// Can reports whether the plugin has an optional ability.
func (p *Plugin) Can(c sourcev1.Capability) bool {
	return slices.Contains(p.Description.GetCapabilities(), c)
}

// checkFolder refuses what the protocol cannot carry.
func checkFolder(source, dir string) error {
	if utf8.ValidString(dir) {
		return nil
	}
	return failure.Usage("rename the folder, or work in another one",
		"source %s: the path of the spec's folder is not UTF-8, so no plugin can be told of it: %q", source, dir)
}

func invalidConfig(source string, err error) error {
	return &failure.Error{
		Code:    failure.ExitUsage,
		Summary: fmt.Sprintf("source %s: its configuration cannot be sent to the plugin", source), Err: err,
	}
}

// values returns a configuration, and the user's own settings for its plugin.
func (h *Host) values(p *Plugin, config map[string]any) (given, own *structpb.Struct, err error) {
	if given, err = structOf(config); err != nil {
		return nil, nil, err
	}
	if own, err = structOf(h.options.UserSettings[p.Type]); err != nil {
		return nil, nil, fmt.Errorf("plugins.%s of your own configuration file: %w", p.Type, err)
	}
	return given, own, nil
}

// structOf converts JSON-like values. It refuses whole numbers that a Struct, which
// has floating-point ones, would change.
func structOf(m map[string]any) (*structpb.Struct, error) {
	if err := protocol.CheckNumbers(m); err != nil {
		return nil, err
	}
	plain, err := plainMap(m)
	if err != nil {
		return nil, err
	}
	return structpb.NewStruct(plain)
}
