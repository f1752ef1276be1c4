package session

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
)

// lastKey is the context key of the last attempt's error.
type lastKey struct{}

// Do runs one call with its retries within the session's time limit. When time
// runs out, the error also holds what the last attempt failed with: a service
// that throttles or breaks off is something else than one that does not answer.
func (s *Session) Do(ctx context.Context, call func(context.Context) error) error {
	return s.within(ctx, s.Timeout, call)
}

func (s *Session) within(ctx context.Context, limit time.Duration, call func(context.Context) error) error {
	var last atomic.Pointer[error]
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, lastKey{}, &last), limit)
	defer cancel()
	err := call(ctx)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) && last.Load() != nil {
		return &trouble.OutOfTime{Err: err, Last: *last.Load()}
	}
	return err
}

// remembering notes what an attempt failed with before it is tried again.
type remembering struct{ aws.RetryerV2 }

// GetRetryToken is called between two attempts.
func (r remembering) GetRetryToken(ctx context.Context, attemptErr error) (func(error) error, error) {
	if last, ok := ctx.Value(lastKey{}).(*atomic.Pointer[error]); ok {
		last.Store(&attemptErr)
	}
	return r.RetryerV2.GetRetryToken(ctx, attemptErr)
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
	standard := func(so *retry.StandardOptions) {
		so.MaxAttempts = maxAttempts
		if attempts > 0 {
			so.MaxAttempts = attempts
		}
		so.Retryables = append(so.Retryables, retry.RetryableErrorCode{Codes: codes}, retry.IsErrorRetryableFunc(brokenOff))
		so.Throttles = append(so.Throttles, retry.ThrottleErrorCode{Codes: codes}) // waits longer for it
	}
	if mode == aws.RetryModeStandard {
		return remembering{retry.NewStandard(standard)}
	}
	return remembering{retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
		o.Throttles = append(o.Throttles, retry.ThrottleErrorCode{Codes: codes})
		o.StandardOptions = append(o.StandardOptions, standard)
	})}
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
