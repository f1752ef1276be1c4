package pipeline

import (
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
)

// failures are those of sources, in their order. What several say in the same words, as when
// one login has ended, is said once, with their names, where the first would say it.
func failures(results []source.Result) []error {
	var failed []error
	var causes []*cause
	for _, result := range results {
		e, words, named := wordsOf(result)
		same := slices.IndexFunc(causes, func(c *cause) bool { return named && c.is(e, words) })
		switch {
		case result.Err == nil:
		case !named:
			failed = append(failed, result.Err)
		case same < 0:
			causes = append(causes, &cause{words, e, []string{result.Source}, len(failed)})
			failed = append(failed, result.Err)
		default:
			causes[same].sources = append(causes[same].sources, result.Source)
			failed[causes[same].place] = causes[same].together()
		}
	}
	return failed
}

// cause is what sources fail for.
type cause struct {
	words   string // after the names of the sources
	first   *failure.Error
	sources []string
	place   int
}

// wordsOf returns what a failure says beside the name of its source.
func wordsOf(result source.Result) (e *failure.Error, words string, named bool) {
	e, isFailure := result.Err.(*failure.Error) //nolint:errorlint // what wraps one says more
	if !isFailure {
		return nil, "", false
	}
	words, named = strings.CutPrefix(e.Summary, "source "+result.Source)
	return e, words, named && (strings.HasPrefix(words, " (") || strings.HasPrefix(words, ": "))
}

func (c *cause) is(e *failure.Error, words string) bool {
	texts := func(e *failure.Error) string {
		if e.Err == nil {
			return e.Next
		}
		return e.Next + "\n" + e.Err.Error()
	}
	return c.words == words && c.first.Code == e.Code && slices.Equal(c.first.Details, e.Details) && texts(c.first) == texts(e)
}

func (c *cause) together() error {
	e := *c.first
	e.Summary = "sources " + strings.Join(c.sources, ", ") + c.words
	return &e
}
