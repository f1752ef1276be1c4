package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/protocol"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
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
			results[i].Source = req.Source
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
	answer := h.newAnswer(req.Source, req.Type, tell)
	p, err := h.Find(ctx, req.Type)
	if err != nil {
		result.Err = err
		return
	}
	result.Plugin = p
	if result.Err = checkFolder(req.Source, req.BaseDir); result.Err != nil {
		return
	}
	message, err := h.discoverRequest(req)
	if err != nil {
		result.Err = invalidConfig(req.Source, err)
		return
	}
	result.Err = h.call(ctx, p, answer, func(ctx context.Context, service sourcev1.ImageSourceClient) error {
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

// maxAlone bounds how many processes of one plugin run for a single call each.
const maxAlone = 4

// call has a plugin's process asked. When the process ends before it has answered
// anything, and had other sources to answer at the time, it is asked once more:
// one source must not fail the others. Where it is not known which of them it was,
// or another ends the next process too, each gets a process of its own.
func (h *Host) call(ctx context.Context, p *Plugin, a *answer, ask ask) error {
	s, err := h.slotOf(p)
	if err != nil {
		return endedOr(ctx, err)
	}
	for range 2 {
		i, err := h.take(ctx, s, p, false)
		if err != nil {
			return endedOr(ctx, err)
		}
		if err := h.once(ctx, i, a, ask); !errors.Is(err, errUntouched) {
			return err
		}
		if _, known := i.shared(); !known {
			break
		}
	}
	select {
	case s.again <- struct{}{}:
		defer func() { <-s.again }()
	case <-ctx.Done():
	}
	i, err := h.take(ctx, s, p, true)
	if err != nil {
		return endedOr(ctx, err)
	}
	return h.once(ctx, i, a, ask)
}

// errUntouched is a call of which the plugin has said nothing.
var errUntouched = errors.New("the process ended because of another source")

// once asks a process, and releases it.
func (h *Host) once(ctx context.Context, i *instance, a *answer, ask ask) error {
	defer i.release()
	call, cancel := context.WithTimeout(ctx, h.options.CallTimeout)
	defer cancel()
	a.tail = i.process.tail
	err := ask(context.WithValue(call, roomKey{}, &a.room), i.service)
	switch {
	case errors.Is(err, io.EOF):
		return a.failure()
	case ctx.Err() != nil:
		return interrupted(ctx)
	}
	if status.Code(err) == codes.Internal {
		i.panicked()
	}
	if several, _ := i.shared(); several && !a.touched && broke(err) && i.gone(crashGrace) {
		i.retire()
		return errUntouched
	}
	return h.callFailure(call, a, i, err)
}

// broke tells whether a connection ended. A plugin that was told to end by
// somebody else cancels its calls first.
func broke(err error) bool {
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.Canceled
}

// Try starts a plugin without a call of its own: the error is that of a run.
func (h *Host) Try(ctx context.Context, p *Plugin) error {
	ctx, cancel := h.within(ctx)
	defer cancel()
	s, err := h.slotOf(p)
	if err != nil {
		return endedOr(ctx, err)
	}
	i, err := h.take(ctx, s, p, false)
	if err != nil {
		return endedOr(ctx, err)
	}
	i.release()
	return nil
}

// endedOr returns err, or that the user or Close ended the call.
func endedOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return interrupted(ctx)
	}
	return err
}

func (h *Host) discoverRequest(req Request) (*sourcev1.DiscoverRequest, error) {
	config, err := structOf(req.Config)
	if err != nil {
		return nil, err
	}
	settings, err := h.userSettings(req.Type)
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
	answer := h.newAnswer(req.Source, req.Type, func(Event) {})
	p, err := h.Find(ctx, req.Type)
	if err != nil {
		return nil, nil, err
	}
	if !p.Can(sourcev1.Capability_CAPABILITY_VERIFY) {
		return nil, nil, broken(p, "cannot verify images", "update the plugin, or verify with a source that can", nil)
	}
	if err := checkFolder(req.Source, req.BaseDir); err != nil {
		return nil, nil, err
	}
	message, err := h.verifyRequest(req)
	if err != nil {
		return nil, nil, invalidConfig(req.Source, err)
	}
	answer.questions = protocol.NewQuestions(message.GetRefs())
	err = h.call(ctx, p, answer, func(ctx context.Context, service sourcev1.ImageSourceClient) error {
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
	config, err := structOf(req.Config)
	if err != nil {
		return nil, err
	}
	settings, err := h.userSettings(req.Type)
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
	for _, has := range p.Description.GetCapabilities() {
		if has == c {
			return true
		}
	}
	return false
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

func (h *Host) userSettings(typ string) (*structpb.Struct, error) {
	settings, err := structOf(h.options.UserSettings[typ])
	if err != nil {
		return nil, fmt.Errorf("plugins.%s of your own configuration file: %w", typ, err)
	}
	return settings, nil
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

// answer collects what a source says beside its images, without the secrets that
// its plugin got.
type answer struct {
	source, typ string
	tell        func(Event)
	tail        *tail // knows the secrets that the plugin got
	diagnostics []Diagnostic
	said        string // the last message of its progress
	touched     bool   // a part of the answer came
	odd         bool   // a state that is not known was reported
	refused     int    // images or answers that cannot be used
	problem     string // of the first of them
	refusal     int    // its index in diagnostics
	questions   *protocol.Questions
	room        atomic.Int64 // for how many bytes more
}

func (h *Host) newAnswer(source, typ string, tell func(Event)) *answer {
	a := &answer{source: source, typ: typ, tell: tell}
	a.room.Store(h.maxAnswer)
	return a
}

// errTooMuch is an answer that has no end.
var errTooMuch = errors.New("too long an answer")

// images appends those that can be used; it reports the others once.
func (a *answer) images(to []image.Image, from []*sourcev1.Image) []image.Image {
	a.took(len(from))
	if cap(to)-len(to) < len(from) {
		grown := make([]image.Image, len(to), max(2*cap(to), len(to)+len(from)))
		copy(grown, to)
		to = grown
	}
	for _, m := range from {
		protocol.CleanImage(m, a.tail)
		if err := protocol.CheckImage(m); err != nil {
			a.refuse("the plugin sent an image that cannot be used", err)
			continue
		}
		to = append(to, image.Image{})
		a.image(&to[len(to)-1], m)
	}
	return to
}

// image converts one that can be used.
func (a *answer) image(to *image.Image, m *sourcev1.Image) {
	imageFrom(to, m, a.source)
	a.noteState(m)
}

// refuse reports what cannot be used: the first of it, and how many more there are.
func (a *answer) refuse(summary string, err error) {
	if a.refused++; a.refused == 1 {
		a.refusal = len(a.diagnostics)
		a.problem = a.tail.Text(err.Error())
		a.diagnostics = append(a.diagnostics, Diagnostic{
			Severity: SeverityError, Source: a.source, Plugin: a.typ,
			Summary: summary, Detail: a.problem, NextStep: "tell the plugin's author",
		})
		return
	}
	a.diagnostics[a.refusal].Detail = fmt.Sprintf("%s; and %d more", a.problem, a.refused-1)
}

// noteState tells once of a state that a later protocol has.
func (a *answer) noteState(m *sourcev1.Image) {
	reason := protocol.UnknownState(m.GetState(), "")
	if reason == "" || a.odd {
		return
	}
	a.odd = true
	a.diagnostics = append(a.diagnostics, Diagnostic{
		Severity: SeverityWarning, Source: a.source, Plugin: a.typ,
		Summary: a.tail.Text("whether " + m.GetId() + " can be used is not known"), Detail: reason, NextStep: "update kubectl-byoos",
	})
}

func (a *answer) verified(verified []Verified, results []*sourcev1.VerifyResult) {
	a.took(len(results))
	for _, r := range results {
		protocol.CleanResult(r, a.tail)
		i, err := a.questions.Answer(r)
		if err != nil {
			a.refuse("the plugin sent an answer that cannot be used", err)
		}
		if i < 0 {
			continue
		}
		v := &verified[i]
		v.Presence, v.Reason, v.Image = presenceFrom(r.GetPresence()), r.GetReason(), nil
		v.Evidence = evidenceFrom(r.GetEvidence())
		if reason := protocol.UnknownPresence(r.GetPresence(), v.Reason); reason != "" {
			v.Reason = reason
		}
		switch {
		case err != nil:
			v.Presence, v.Reason, v.Evidence = Unknown, "the answer of the source cannot be used: "+a.tail.Text(err.Error()), ""
		case v.Presence == Found && r.GetImage() != nil:
			v.Image = &image.Image{}
			a.image(v.Image, r.GetImage())
		}
	}
}

// meanwhile takes what comes beside images and results. The error ends the call.
func (a *answer) meanwhile(p *sourcev1.Progress, diagnostics []*sourcev1.Diagnostic) error {
	if p != nil {
		a.said = a.tail.Text(p.GetMessage())
		a.tell(Event{Source: a.source, Plugin: a.typ, Message: a.said, Done: max(p.GetDone(), 0), Total: max(p.GetTotal(), 0)})
	}
	clean := a.tail.Text
	for _, d := range diagnostics {
		a.diagnostics = append(a.diagnostics, Diagnostic{
			Severity: severityFrom(d.GetSeverity()), Source: a.source, Plugin: a.typ,
			Summary: clean(d.GetSummary()), Detail: clean(d.GetDetail()), NextStep: clean(d.GetNextStep()),
			ConfigPath: clean(d.GetConfigPath()), Scope: clean(d.GetScope()),
		})
	}
	if a.took(len(diagnostics)); a.room.Load() < 0 {
		return errTooMuch
	}
	return nil
}

// took counts what came; progress is no part of the answer.
func (a *answer) took(n int) {
	a.touched = a.touched || n > 0
	a.room.Add(-int64(n) * itemSize)
}

// failure makes the errors that a source reported one failure; nil when it
// reported none. Where they have several next steps, each has its own.
func (a *answer) failure() error {
	causes := reportedCauses(a.diagnostics)
	if len(causes) == 0 {
		return nil
	}
	first := causes[0]
	e := &failure.Error{
		Code:    failure.ExitSource,
		Summary: fmt.Sprintf("source %s (%s): %s", a.source, a.typ, first.text()),
		Next:    first.next,
	}
	if len(causes) == 1 {
		return e
	}
	count, differ := 0, false
	for _, c := range causes {
		count += len(c.scopes)
		differ = differ || c.next != first.next
	}
	e.Summary = fmt.Sprintf("source %s (%s): %d errors", a.source, a.typ, count)
	for _, c := range causes {
		text := c.text()
		if differ && c.next != "" {
			text += "; next: " + c.next
		}
		e.Details = append(e.Details, text)
	}
	if differ {
		e.Next = ""
	}
	return e
}

// reported is an error that a source reported, of one or more parts of it.
type reported struct {
	Diagnostic
	next   string
	scopes []string
}

// text tells the first of them, and of what the others are.
func (c reported) text() string {
	more := c.scopes[1:]
	if len(more) == 0 {
		return c.Text()
	}
	return fmt.Sprintf("%s; %d more failed alike: %s", c.Text(), len(more), text.Some(more, 5))
}

// reportedCauses groups the errors that say the same of several parts. They are in order,
// as a plugin that reads several at once reports them in any.
func reportedCauses(diagnostics []Diagnostic) []reported {
	var causes []reported
	at := map[Diagnostic]int{}
	errs := slices.DeleteFunc(slices.Clone(diagnostics), func(d Diagnostic) bool { return d.Severity != SeverityError })
	slices.SortStableFunc(errs, func(a, b Diagnostic) int { return strings.Compare(a.Text(), b.Text()) })
	for _, d := range errs {
		same := d
		same.Scope = ""
		i, known := at[same]
		if !known || d.Scope == "" {
			i = len(causes)
			at[same] = i
			causes = append(causes, reported{Diagnostic: d, next: d.NextStep})
		}
		causes[i].scopes = append(causes[i].scopes, d.Scope)
	}
	return causes
}
