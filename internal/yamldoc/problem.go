package yamldoc

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// Problem is one thing that is wrong in a document. As an error it says where,
// without a next step.
type Problem struct {
	// Line and Column count from 1, in characters; 0 when unknown.
	Line, Column int
	// Path is where it is in the document: packs[0].select.region.
	Path string
	// Message says what is wrong, lower case.
	Message string
	// Suggestion says what to write or do instead; may be empty.
	Suggestion string
}

// Error returns the place and the message.
func (p *Problem) Error() string {
	switch {
	case p.Line == 0:
		return p.Message
	case p.Column == 0:
		return fmt.Sprintf("line %d: %s", p.Line, p.Message)
	}
	return fmt.Sprintf("line %d, column %d: %s", p.Line, p.Column, p.Message)
}

// String returns "line:column: path: message: suggestion".
func (p Problem) String() string { return fmt.Sprintf("%d:%d: %s", p.Line, p.Column, p.Text()) }

// Text is String without line and column. It has words of the document, which may come
// from anybody, so nothing in it steers a terminal.
func (p Problem) Text() string {
	parts := slices.DeleteFunc([]string{p.Path, p.Message, p.Suggestion}, func(part string) bool { return part == "" })
	return text.HarmlessWord(strings.Join(parts, ": "))
}

// Lines returns each problem as a line that begins with the file's name.
func Lines(name string, problems []Problem) []string {
	lines := make([]string, len(problems))
	for i, p := range problems {
		lines[i] = name + ":" + p.String()
	}
	return lines
}

// Sort puts problems in the order of the document and drops repetitions.
func Sort(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.Compact(problems)
}
