package failure_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

func TestTextOfAnError(t *testing.T) {
	for want, err := range map[string]error{
		"cannot read a: EOF": &failure.Error{Summary: "cannot read a", Err: io.EOF},
		"cannot read a":      &failure.Error{Summary: "cannot read a", Details: []string{"b"}, Next: "c"},
		"EOF":                &failure.Error{Err: io.EOF},
		"5 packs":            failure.Usage("name one", "%d packs", 5),
		"EOF\n5 packs":       failure.Join(io.EOF, nil, failure.Usage("name one", "%d packs", 5)),
	} {
		if got := err.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestUsageHasANextStep(t *testing.T) {
	if err := failure.Usage("name one", "x"); err.Next != "name one" || err.Code != failure.ExitUsage {
		t.Errorf("got %+v", err)
	}
}

func TestCodeIsThatOfTheFirstThatHasOne(t *testing.T) {
	source := &failure.Error{Code: failure.ExitSource, Err: io.EOF}
	for name, tt := range map[string]struct {
		err  error
		want int
	}{
		"none":       {nil, failure.ExitOK},
		"any":        {io.EOF, failure.ExitFailure},
		"difference": {failure.ErrDifference, failure.ExitFailure},
		"its own":    {source, failure.ExitSource},
		"wrapped":    {fmt.Errorf("a: %w", source), failure.ExitSource},
		"several":    {failure.Join(source, failure.Usage("", "b")), failure.ExitSource},
		"unsaid":     {failure.Join(io.EOF, failure.Usage("", "b")), failure.ExitUsage},
	} {
		if got := failure.Code(tt.err); got != tt.want {
			t.Errorf("%s: code %d, want %d", name, got, tt.want)
		}
	}
	if !errors.Is(source, io.EOF) {
		t.Error("what it wraps is not found")
	}
}

func TestJoin(t *testing.T) {
	if err := failure.Join(nil, nil); err != nil {
		t.Errorf("of none: %v", err)
	}
	if err := failure.Join(nil, io.EOF); !errors.Is(err, io.EOF) || err.Error() != "EOF" {
		t.Errorf("of one: %v", err)
	}
	errs := []error{io.EOF, nil, io.ErrShortWrite}
	var several *failure.Several
	if err := failure.Join(errs...); !errors.As(err, &several) || len(several.Errs) != 2 || !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("of two: %v", err)
	}
	if errs[1] != nil {
		t.Error("the caller's errors were changed")
	}
}
