package session

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/imagebuilder/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
)

// TestImageBuilderThrottlesAsOthersDo: what the SDK takes for a throttle is repeated
// after a longer time, and costs less of what bounds the repetitions. 60 are allowed of
// a throttle and 35 of another failure.
func TestImageBuilderThrottlesAsOthersDo(t *testing.T) {
	for _, mode := range []aws.RetryMode{aws.RetryModeAdaptive, aws.RetryModeStandard} {
		r, ok := retryer(mode, 0).(aws.RetryerV2)
		if !ok {
			t.Fatalf("%s: not a retryer of version 2", mode)
		}
		for i := range 60 {
			if _, err := r.GetRetryToken(context.Background(), &types.CallRateLimitExceededException{}); err != nil {
				t.Fatalf("%s: repetition %d: %v", mode, i+1, err)
			}
		}
	}
}

// TestWhatIsRepeated beyond what the SDK repeats: Image Builder's throttle, and an answer
// that broke off.
func TestWhatIsRepeated(t *testing.T) {
	cut := &xml.SyntaxError{Msg: "unexpected EOF"}
	for _, mode := range []aws.RetryMode{aws.RetryModeAdaptive, aws.RetryModeStandard, ""} {
		r := retryer(mode, 0)
		for err, want := range map[error]bool{
			&types.CallRateLimitExceededException{}: true, io.ErrUnexpectedEOF: true, cut: true, fmt.Errorf("decode: %w", cut): true, errEmpty: true,
			&xml.SyntaxError{Msg: "invalid name"}: false, errors.New("x"): false, &smithy.GenericAPIError{Code: "RequestLimitExceeded"}: true, trouble.ForeignAnswerError{Status: 500}: true,
		} {
			if got := r.IsErrorRetryable(err); got != want {
				t.Errorf("%s, %v: %v", mode, err, got)
			}
		}
		if got := r.MaxAttempts(); got != 10 {
			t.Errorf("%s: %d attempts", mode, got)
		}
		if got := retryer(mode, 1).MaxAttempts(); got != 1 {
			t.Errorf("%s: %d attempts, want 1", mode, got)
		}
	}
}

func asksToWait(text string) error {
	return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{Header: http.Header{"Retry-After": {text}}}}, Err: errors.New("slow")}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "0": 0, "-7": 0, "1.5": 0, "soon": 0, "99999999999": 0, "Mon, 01 Jun 2026 12:01:00 GMT": time.Minute,
		"Mon, 01 Jun 2026 12:00:00 GMT": 0, "Mon, 01 Jun 2026 11:00:00 GMT": 0,
	} {
		if got := retryAfter(asksToWait(text), now); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	if got := retryAfter(asksToWait("Mon, 01 Jun 2026 12:01:00 GMT"), now.Add(200*time.Millisecond)); got != time.Minute {
		t.Errorf("%s is not a whole second", got)
	}
	if got := retryAfter(&smithyhttp.ResponseError{Err: errors.New("x")}, now) + retryAfter(errors.New("x"), now); got != 0 {
		t.Errorf("without an answer: %s", got)
	}
	r := retryer(aws.RetryModeStandard, 0)
	if delay, err := r.RetryDelay(1, asksToWait("300")); err != nil || delay != 5*time.Minute {
		t.Errorf("%v, a delay of %s", err, delay)
	}
	if delay, err := r.RetryDelay(1, errors.New("x")); err != nil || delay > 20*time.Second {
		t.Errorf("%v, a delay of %s", err, delay)
	}
}

// TestNoUseInAnother: what is not likely to pass is tried three times, and a wait for
// longer than there is time not at all.
func TestNoUseInAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct {
			err         error
			tries       int // 0: no end
			toldToAWait bool
		}{
			{syscall.ECONNREFUSED, 3, false}, {fmt.Errorf("x: %w", errEmpty), 3, false}, {errors.New("slow"), 0, false}, {asksToWait("60"), 0, false}, {asksToWait("61"), 1, true},
		} {
			clock := newClock(t.Context(), time.Minute)
			known := &attempts{clock: clock}
			r, ok := retryer("", 0).(remembering)
			if !ok {
				t.Fatal("another retryer")
			}
			for try := 1; try <= 4; try++ {
				_, err := r.GetRetryToken(context.WithValue(clock, attemptsKey{}, known), test.err)
				if (err != nil) != (test.tries > 0 && try >= test.tries) {
					t.Errorf("%v, attempt %d: %v", test.err, try, err)
				}
				var wait *trouble.WaitError
				if told := errors.As(err, &wait); told != test.toldToAWait || told && (wait.Wait != 61*time.Second || !errors.Is(wait.Err, test.err)) {
					t.Errorf("%v: %+v", test.err, err)
				}
			}
			if !errors.Is(known.lastError(), test.err) {
				t.Errorf("%v: the last is %v", test.err, known.lastError())
			}
			clock.close()
		}
	})
}

// TestThrottledTimeDoesNotCount, from the failure to the next attempt; other time does.
func TestThrottledTimeDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct {
			err   error
			stops bool
		}{{&smithy.GenericAPIError{Code: "RequestLimitExceeded"}, true}, {&types.CallRateLimitExceededException{}, true}, {io.ErrUnexpectedEOF, false}} {
			clock := newClock(t.Context(), time.Minute)
			ctx := context.WithValue(clock, attemptsKey{}, &attempts{clock: clock})
			r, ok := retryer("", 0).(remembering)
			if !ok {
				t.Fatal("another retryer")
			}
			if _, err := r.GetRetryToken(ctx, test.err); err != nil {
				t.Fatal(err)
			}
			<-time.After(10 * time.Second)
			if stopped := clock.left() == time.Minute; stopped != test.stops {
				t.Errorf("%v: %s left", test.err, clock.left())
			}
			before := clock.left()
			if _, err := r.GetAttemptToken(ctx); err != nil {
				t.Fatal(err)
			}
			if clock.left() > before {
				t.Errorf("%v: %s left after a turn", test.err, clock.left())
			}
			<-time.After(10 * time.Second)
			if before-clock.left() < 10*time.Second {
				t.Errorf("%v: the clock stands in an attempt", test.err)
			}
			clock.close()
		}
		if _, err := (retryer("", 0).(remembering)).GetRetryToken(t.Context(), errors.New("x")); err != nil {
			t.Errorf("a call that is not known: %v", err)
		}
	})
}

// turn is a retryer whose turn comes after a minute.
type turn struct{ aws.RetryerV2 }

func (turn) GetAttemptToken(context.Context) (func(error) error, error) {
	<-time.After(time.Minute)
	return func(error) error { return nil }, nil
}

func TestWaitingForATurnDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock(t.Context(), time.Second)
		defer clock.close()
		_, err := remembering{turn{}, nil}.GetAttemptToken(context.WithValue(clock, attemptsKey{}, &attempts{clock: clock}))
		if _, goes := clock.Deadline(); err != nil || clock.left() != time.Second || !goes {
			t.Errorf("%v, %s left, it goes: %v", err, clock.left(), goes)
		}
		if _, err := (remembering{turn{}, nil}).GetAttemptToken(t.Context()); err != nil {
			t.Errorf("a call that is not known: %v", err)
		}
	})
}
