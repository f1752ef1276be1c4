package session

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
)

// attemptsKey is the context key of what is known of a call's attempts.
type attemptsKey struct{}

// attempts is what is known of those of one call.
type attempts struct {
	*clock
	mu   sync.Mutex
	last error
	// hopeless counts those that failed with what is not likely to pass.
	hopeless int
}

// Do runs one call with its retries within the session's time limit. When time
// runs out, the error also holds what the last attempt failed with: a service
// that throttles or breaks off is something else than one that does not answer.
func (s *Session) Do(ctx context.Context, call func(context.Context) error) error {
	return s.within(ctx, s.Timeout, call)
}

func (s *Session) within(ctx context.Context, limit time.Duration, call func(context.Context) error) error {
	clock := newClock(ctx, limit)
	defer clock.close()
	known := &attempts{clock: clock}
	err := call(context.WithValue(clock, attemptsKey{}, known))
	if last := known.lastError(); err != nil && errors.Is(clock.Err(), context.DeadlineExceeded) && last != nil {
		return &trouble.OutOfTime{Err: err, Last: last}
	}
	return err
}

func (a *attempts) lastError() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last
}

// failed notes an attempt's error, and returns one when there is no use in another.
func (a *attempts) failed(err error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = err
	if errors.Is(err, errEmpty) || errors.Is(err, syscall.ECONNREFUSED) {
		a.hopeless++
	}
	if a.hopeless >= maxHopeless {
		return errHopeless
	}
	if wait := retryAfter(err, time.Now()); wait > a.left() {
		return &trouble.WaitError{Wait: wait, Err: err}
	}
	return nil
}

// maxHopeless is how often nobody may answer, or with nothing, until that is told.
const maxHopeless = 3

var errHopeless = fmt.Errorf("the same %d times", maxHopeless)

// retryAfter is how long an answer asks to wait. The SDK goes by a header of AWS's own;
// this one proxies and gateways send: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
func retryAfter(err error, now time.Time) time.Duration {
	var answer *smithyhttp.ResponseError
	if !errors.As(err, &answer) || answer.Response == nil {
		return 0
	}
	text := answer.Response.Header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return at.Sub(now).Round(time.Second)
	}
	return 0
}

// remembering notes what an attempt failed with before it is tried again, and stops the
// call's clock while it is not its turn: a service that permits few calls makes a run
// slow, and not one of its calls fail.
type remembering struct {
	aws.RetryerV2
	throttles retry.IsErrorThrottles
}

// GetAttemptToken waits until a call may be made.
func (r remembering) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if known, ok := ctx.Value(attemptsKey{}).(*attempts); ok {
		known.stop()
		defer known.start()
	}
	return r.RetryerV2.GetAttemptToken(ctx)
}

// GetRetryToken is called between two attempts.
func (r remembering) GetRetryToken(ctx context.Context, attemptErr error) (func(error) error, error) {
	known, ok := ctx.Value(attemptsKey{}).(*attempts)
	if ok {
		if err := known.failed(attemptErr); err != nil {
			return nil, err
		}
	}
	token, err := r.RetryerV2.GetRetryToken(ctx, attemptErr)
	if ok && err == nil && r.throttles.IsErrorThrottle(attemptErr).Bool() {
		known.stop() // until the next attempt
	}
	return token, err
}

// RetryDelay is not less than what the answer asks for.
func (r remembering) RetryDelay(attempt int, err error) (time.Duration, error) {
	delay, problem := r.RetryerV2.RetryDelay(attempt, err)
	return max(delay, retryAfter(err, time.Now())), problem
}

// maxAttempts of one call, unless the user's configuration says otherwise. The
// call's deadline usually ends it earlier.
const maxAttempts = 10

// retryer repeats calls as the user's configuration says (AWS_RETRY_MODE,
// AWS_MAX_ATTEMPTS and their keys in a profile), else it slows down when a service
// throttles. The SDK does not know Image Builder's throttling error, and does not
// try again when an answer breaks off.
func retryer(mode aws.RetryMode, attempts int) aws.Retryer {
	codes := map[string]struct{}{"CallRateLimitExceededException": {}}
	throttles := append([]retry.IsErrorThrottle{retry.ThrottleErrorCode{Codes: codes}}, retry.DefaultThrottles...)
	standard := func(so *retry.StandardOptions) {
		so.MaxAttempts = maxAttempts
		if attempts > 0 {
			so.MaxAttempts = attempts
		}
		so.RateLimiter = ratelimit.None // one quota for many sources would fail some of them
		so.Retryables = append(so.Retryables, retry.RetryableErrorCode{Codes: codes}, retry.IsErrorRetryableFunc(brokenOff))
		so.Throttles = throttles // waits longer for it
	}
	if mode == aws.RetryModeStandard {
		return remembering{retry.NewStandard(standard), throttles}
	}
	return remembering{retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
		o.Throttles = throttles
		o.StandardOptions = append(o.StandardOptions, standard)
	}), throttles}
}

// brokenOff finds an answer that ended too early, with the connection or, cut by
// a proxy, as if it were whole.
func brokenOff(err error) aws.Ternary {
	var syntax *xml.SyntaxError
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &syntax) && syntax.Msg == "unexpected EOF" {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}
