package options

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
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

// PrintNotes tells what a person should know of the picks though it is no
// failure, such as images created at the same time as the pick.
func PrintNotes(w io.Writer, picks []pipeline.Pick) {
	for _, pick := range picks {
		for _, note := range pick.Notes() {
			fmt.Fprintf(w, "note: pack %s: %s\n", pick.Pack.Name, text.HarmlessLine(note))
		}
	}
}

// PrintDiagnostic tells what a source has to say.
func PrintDiagnostic(w io.Writer, d source.Diagnostic) {
	fmt.Fprintf(w, "%s: source %s: %s\n", d.Severity, d.Source, text.HarmlessLine(d.Text()))
	if d.NextStep != "" {
		fmt.Fprintf(w, "next: %s\n", indented(d.NextStep))
	}
}

// indented keeps the further lines of a text under its first.
func indented(words string) string { return strings.ReplaceAll(text.Harmless(words), "\n", "\n      ") }
