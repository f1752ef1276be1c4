package options

import (
	"errors"
	"fmt"
	"io"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// PrintError tells what failed, why, and what to do next; label is "error", or
// "warning" for a failure that is passed over.
func PrintError(w io.Writer, label string, err error) {
	var several *failure.Several
	if errors.As(err, &several) {
		for _, one := range several.Errs {
			PrintError(w, label, one)
		}
		return
	}
	fmt.Fprintf(w, "%s: %s\n", label, text.Harmless(err.Error()))
	var f *failure.Error
	if !errors.As(err, &f) {
		return
	}
	for _, line := range f.Details {
		fmt.Fprintf(w, "  %s\n", text.Harmless(line))
	}
	if f.Next != "" {
		fmt.Fprintf(w, "next: %s\n", indented(f.Next))
	}
}
