// Package failure holds the one error shape that users read: what failed, why,
// and what to do next, with the exit code it leads to.
package failure

import (
	"errors"
	"fmt"
	"slices"
)

// Exit codes of kubectl-byoos. They are API: docs/exit-codes.md.
const (
	ExitOK          = 0
	ExitFailure     = 1 // a failure, or a difference found by diff, verify, drift
	ExitUsage       = 2 // wrong usage or an invalid spec
	ExitNoImage     = 3 // no image, or more than one where one was asked for
	ExitSource      = 4 // a source failed
	ExitPalette     = 5 // Palette refused or is out of reach
	ExitInterrupted = 130
)

// ErrDifference is returned by a command that was asked for a comparison, found
// a difference and has printed it: exit code 1, and no error text.
var ErrDifference = errors.New("a difference was found")

// Error is a failure that knows its exit code and the user's next step.
type Error struct {
	Code int
	// Summary says what failed and why, lower case, one line, naming the file
	// or the plugin.
	Summary string
	// Details are further lines, printed indented: candidates, stderr lines.
	Details []string
	// Next is what to do now.
	Next string
	Err  error
}

// Error returns the summary and the wrapped error's text.
func (e *Error) Error() string {
	switch {
	case e.Err == nil:
		return e.Summary
	case e.Summary == "":
		return e.Err.Error()
	}
	return fmt.Sprintf("%s: %s", e.Summary, e.Err)
}

// Unwrap returns the wrapped error.
func (e *Error) Unwrap() error { return e.Err }

// Usage returns an ExitUsage error.
func Usage(next, format string, args ...any) *Error {
	return &Error{Code: ExitUsage, Summary: fmt.Sprintf(format, args...), Next: next}
}

// Code returns the exit code that err leads to: 0 for nil, 1 for an error that
// does not say.
func Code(err error) int {
	if err == nil {
		return ExitOK
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ExitFailure
}

// Join returns nil for no errors, the error itself for one, and for several an
// error that has the code of the first and shows them all. A nil among them is none.
func Join(errs ...error) error {
	errs = slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil })
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	}
	return &Several{Errs: errs}
}

// Several is more than one failure; each is reported with its own next step.
type Several struct{ Errs []error }

// Error returns the texts of all failures, one a line.
func (s *Several) Error() string { return errors.Join(s.Errs...).Error() }

// Unwrap returns all failures, so that errors.As finds the first that fits.
func (s *Several) Unwrap() []error { return s.Errs }
