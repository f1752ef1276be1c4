package source

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/protocol"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source/run"
)

// answer collects what a source says beside its images, without the secrets that
// its plugin got.
type answer struct {
	source, typ string
	tell        func(Event)
	words       *run.Tail // knows the secrets that the plugin got
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

func (h *Host) newAnswer(source string, p *Plugin, tell func(Event)) *answer {
	a := &answer{source: source, typ: p.Type, tell: tell}
	a.room.Store(h.maxAnswer)
	return a
}

// itemSize is what an image, a result or a diagnostic takes beside its text, in bytes.
const itemSize = 256

// errTooMuch is an answer that has no end.
var errTooMuch = errors.New("too long an answer")

// images appends those that can be used; it reports the others once.
func (a *answer) images(to []image.Image, from []*sourcev1.Image) []image.Image {
	a.took(len(from))
	to = slices.Grow(to, len(from))
	for _, m := range from {
		protocol.CleanImage(m, a.words)
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
		a.problem = a.words.Text(err.Error())
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
		Summary: a.words.Text("whether " + m.GetId() + " can be used is not known"), Detail: reason, NextStep: "update kubectl-byoos",
	})
}

func (a *answer) verified(verified []Verified, results []*sourcev1.VerifyResult) {
	a.took(len(results))
	for _, r := range results {
		protocol.CleanResult(r, a.words)
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
			v.Presence, v.Reason, v.Evidence = Unknown, "the answer of the source cannot be used: "+a.words.Text(err.Error()), ""
		case v.Presence == Found && r.GetImage() != nil:
			v.Image = &image.Image{}
			a.image(v.Image, r.GetImage())
		}
	}
}

// meanwhile takes what comes beside images and results. The error ends the call.
func (a *answer) meanwhile(p *sourcev1.Progress, diagnostics []*sourcev1.Diagnostic) error {
	if p != nil {
		a.said = a.words.Text(p.GetMessage())
		a.tell(Event{Source: a.source, Plugin: a.typ, Message: a.said, Done: max(p.GetDone(), 0), Total: max(p.GetTotal(), 0)})
	}
	clean := a.words.Text
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
