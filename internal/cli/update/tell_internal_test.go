package update

import (
	"bytes"
	"errors"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
)

func TestTell(t *testing.T) {
	changed := []pipeline.Change{{Pack: "a", Reason: "newer"}}
	failed := errors.New("a source failed")
	for name, test := range map[string]struct {
		options Options
		steps   pipeline.Steps
		left    error
		want    error
		says    string
	}{
		"nothing":                      {says: "byoos.lock is up to date\n"},
		"nothing, with --exit-code":    {options: Options{ExitCode: true}, says: "byoos.lock is up to date\n"},
		"a change":                     {steps: pipeline.Steps{Changes: changed}, says: "wrote byoos.lock: 1 change(s)\n"},
		"a change, with --exit-code":   {options: Options{ExitCode: true}, steps: pipeline.Steps{Changes: changed}, want: failure.ErrDifference, says: "wrote byoos.lock: 1 change(s)\n"},
		"a change, with --dry-run":     {options: Options{DryRun: true}, steps: pipeline.Steps{Changes: changed}, says: "1 change(s); nothing is written (--dry-run)\n"},
		"kept":                         {steps: pipeline.Steps{Kept: []string{"pack a\nkeeps x"}}, says: "note: pack a keeps x\nbyoos.lock stays as it is\n"},
		"a pack left out":              {options: Options{ExitCode: true}, steps: pipeline.Steps{Changes: changed}, left: failed, want: failed, says: "wrote byoos.lock: 1 change(s)\n"},
		"nothing, and a pack left out": {left: failed, want: failed, says: "byoos.lock stays as it is\n"},
		"stale":                        {steps: pipeline.Steps{Stale: failed}, want: failed, says: "byoos.lock stays as it is\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var told bytes.Buffer
			o := test.options
			o.Invocation = &invocation.Invocation{IOStreams: genericiooptions.IOStreams{ErrOut: &told}}
			if err := o.tell("byoos.lock", &test.steps, test.left); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if told.String() != test.says {
				t.Errorf("says %q, want %q", told.String(), test.says)
			}
		})
	}
}
