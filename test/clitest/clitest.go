// Package clitest checks what a command makes of its arguments.
package clitest

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
)

// Command has the constructor of a command whose options are O.
type Command[O any] struct {
	New func(*invocation.Invocation, func(context.Context, *O) error) *cobra.Command
	// Least are the arguments that it does not go without.
	Least string
	// Terminal tells that a person is there to ask.
	Terminal bool
}

// Makes checks the options that the command makes of lines of arguments, which are
// separated by blanks: those of Least alone, with what each function sets.
func (c Command[O]) Makes(t *testing.T, lines map[string]func(*O)) {
	t.Helper()
	for _, line := range slices.Sorted(maps.Keys(lines)) {
		got, err := c.parse(t, line)
		if err != nil {
			t.Errorf("%q: %v", line, err)
			continue
		}
		want, err := c.parse(t, c.Least)
		if err != nil {
			t.Fatalf("%q: %v", c.Least, err)
		}
		lines[line](want)
		if diff := cmp.Diff(want, got, everything(), cmpopts.EquateEmpty(), sameInvocation()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
	}
}

// Refuses checks that the command refuses lines of arguments, with words of the error.
func (c Command[O]) Refuses(t *testing.T, lines map[string]string) {
	t.Helper()
	for line, want := range lines {
		if _, err := c.parse(t, line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", line, err, want)
		}
	}
}

// parse returns the options that the command would run with.
func (c Command[O]) parse(t *testing.T, line string) (got *O, err error) {
	streams, _, _, _ := genericiooptions.NewTestIOStreams()
	cmd := c.New(&invocation.Invocation{
		IOStreams: streams, Dir: t.TempDir(), Now: time.Now, StdinTerminal: c.Terminal, StderrTerminal: c.Terminal,
	}, func(_ context.Context, o *O) error {
		got = o
		return nil
	})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(strings.Fields(line))
	return got, cmd.ExecuteContext(t.Context())
}

func everything() cmp.Option { return cmp.Exporter(func(reflect.Type) bool { return true }) }

func sameInvocation() cmp.Option {
	return cmp.Comparer(func(a, b *invocation.Invocation) bool { return (a == nil) == (b == nil) })
}
