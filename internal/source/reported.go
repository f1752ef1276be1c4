package source

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

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
