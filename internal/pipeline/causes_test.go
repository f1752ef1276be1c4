package pipeline_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// TestOneCauseOfManySources: what sources fail for in the same words is told once, with all
// their names, in the order of the spec; a word or code that differs is told by itself.
func TestOneCauseOfManySources(t *testing.T) {
	var text strings.Builder
	text.WriteString("apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\nsources:\n")
	fake := &plugins{results: map[string]source.Result{}}
	said := func(name, words, next string, code int, details ...string) error {
		return &failure.Error{Code: code, Summary: "source " + name + " (aws): " + words, Next: next, Details: details}
	}
	for i := range 12 {
		name := fmt.Sprintf("s%d", i)
		fmt.Fprintf(&text, "  - {name: %s, type: fake}\n", name)
		err := said(name, "the login has ended", "aws sso login", failure.ExitSource)
		switch i {
		case 1:
			err = said(name, "access denied", "aws sso login", failure.ExitSource)
		case 2:
			err = said(name, "the login has ended", "az login", failure.ExitSource)
		case 3:
			err = said(name, "the login has ended", "aws sso login", failure.ExitUsage)
		case 4:
			err = said(name, "the login has ended", "aws sso login", failure.ExitSource, "a detail")
		case 5:
			err = errors.New("of no shape")
		case 6:
			err = nil
		}
		fake.results[name] = source.Result{Err: err}
	}
	text.WriteString("packs: [{name: p, pack: generic-byoi}]\n")
	document, err := spec.Parse("byoos.yaml", []byte(text.String()), "/specs")
	if err != nil {
		t.Fatal(err)
	}
	p := &pipeline.Pipeline{
		Document: document, Plugins: fake, Now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Report: func(source.Diagnostic) {}, Failed: func(error) {},
	}
	_, _, err = p.Discover(t.Context(), nil)
	want := []string{
		"sources s0, s7, s8, s9, s10, s11 (aws): the login has ended", "source s1 (aws): access denied", "source s2 (aws): the login has ended",
		"source s3 (aws): the login has ended", "source s4 (aws): the login has ended", "of no shape",
	}
	if got := strings.Split(fmt.Sprint(err), "\n"); !slices.Equal(got, want) || failure.Code(err) != failure.ExitSource {
		t.Errorf("exit code %d, %q", failure.Code(err), got)
	}
}
