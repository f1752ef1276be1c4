package interrupt_test

import (
	"context"
	"errors"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
)

func TestRun(t *testing.T) {
	if got, err := interrupt.Run(t.Context(), func() (int, error) { return 1, nil }); got != 1 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
	broken := errors.New("broken")
	if _, err := interrupt.Run(t.Context(), func() (int, error) { return 0, broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// Work that never ends holds nobody up, and what comes in the moment of the signal
// is not used.
func TestRunEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	forever := make(chan int)
	for name, work := range map[string]func() (int, error){
		"without an end": func() (int, error) { cancel(); return <-forever, nil },
		"at its end":     func() (int, error) { cancel(); return 1, nil },
	} {
		if got, err := interrupt.Run(ctx, work); failure.Code(err) != failure.ExitInterrupted || got != 0 {
			t.Errorf("%s: got %d, %v", name, got, err)
		}
	}
}
