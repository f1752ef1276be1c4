package options

import (
	"bytes"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
)

// drawn tells of each write.
type drawn struct {
	bytes.Buffer
	writes chan struct{}
}

func (d *drawn) Write(p []byte) (int, error) {
	defer func() { d.writes <- struct{}{} }()
	return d.Buffer.Write(p)
}

// What is told after the sources have answered has a line of its own.
func TestProgressEndsWithItsSources(t *testing.T) {
	errOut := &drawn{writes: make(chan struct{}, 9)}
	inv := &invocation.Invocation{IOStreams: genericiooptions.IOStreams{ErrOut: errOut}, StderrTerminal: true, Now: time.Now}
	show, stop := ShowProgress(t.Context(), inv)
	show(source.Event{Source: "golden", Message: "reading"})
	<-errOut.writes
	show(source.Event{})
	if len(errOut.writes) == 0 {
		t.Error("the line is still there")
	}
	stop()
	if want := "\rgolden: reading\x1b[K\r\x1b[K"; errOut.String() != want {
		t.Errorf("got %q, want %q", errOut.String(), want)
	}
}
