package options

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// Run is what every command that discovers images needs: a spec and plugins.
type Run struct {
	Spec Spec
	Host Host
	// Explain gathers why each image was dropped.
	Explain bool
}

// AddFlags adds the flags of both.
func (r *Run) AddFlags(flags *pflag.FlagSet) {
	r.Spec.AddFlags(flags)
	r.Host.AddFlags(flags)
}

// Session is a pipeline that is ready to run; the caller closes it.
type Session struct {
	*pipeline.Pipeline
	Host         *source.Host
	stopProgress func()
}

// Close ends all plugins; it may be called more than once.
func (s *Session) Close() {
	s.stopProgress()
	s.Host.Close()
}

// Open loads the spec and prepares the plugin host.
func (r *Run) Open(ctx context.Context, inv *invocation.Invocation) (*Session, error) {
	document, err := r.Spec.Load(ctx, inv)
	if err != nil {
		return nil, err
	}
	return r.open(ctx, inv, document)
}

func (r *Run) open(ctx context.Context, inv *invocation.Invocation, document *spec.Document) (*Session, error) {
	if err := addMirrors(inv, document); err != nil {
		return nil, err
	}
	host, err := r.Host.New(inv)
	if err != nil {
		return nil, err
	}
	show, stop := ShowProgress(ctx, inv)
	return &Session{
		Pipeline: &pipeline.Pipeline{
			Document:     document,
			Plugins:      host,
			Now:          inv.Now(),
			Explain:      r.Explain,
			AllowPartial: r.Host.AllowPartial,
			Progress:     show,
			Report:       func(d source.Diagnostic) { PrintDiagnostic(inv.ErrOut, d) },
			Failed:       func(err error) { PrintError(inv.ErrOut, "warning", err) },
		},
		Host:         host,
		stopProgress: stop,
	}, nil
}
