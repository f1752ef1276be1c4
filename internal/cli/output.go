package cli

import (
	"errors"
	"io"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// watched remembers the first write that failed, as no command looks at each line
// that it prints.
type watched struct {
	io.Writer
	err error
}

func (w *watched) Write(data []byte) (int, error) {
	n, err := w.Writer.Write(data)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

// Fd is that of the writer below, which tells a terminal from a pipe.
func (w *watched) Fd() uintptr {
	if file, ok := w.Writer.(interface{ Fd() uintptr }); ok {
		return file.Fd()
	}
	return ^uintptr(0)
}

// lost is what came of a command, of which not all could be printed.
func (w *watched) lost(err error) error {
	if w.err == nil || err != nil && !errors.Is(err, failure.ErrDifference) {
		return err
	}
	return &failure.Error{
		Code: failure.ExitFailure, Summary: "the output is not complete", Err: w.err, Next: "write it to a place that takes it",
	}
}
