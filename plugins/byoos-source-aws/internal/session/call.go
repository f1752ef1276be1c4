package session

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// lastKey is the context key of the last attempt's error.
type lastKey struct{}

// Do runs one call with its retries within the session's time limit. When time
// runs out, the error also holds what the last attempt failed with: a service
// that throttles is something else than one that does not answer.
func (s *Session) Do(ctx context.Context, call func(context.Context) error) error {
	var last atomic.Pointer[error]
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, lastKey{}, &last), s.Timeout)
	defer cancel()
	err := call(ctx)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) && last.Load() != nil {
		return errors.Join(err, *last.Load())
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

// retryer slows down when a service throttles. The SDK does not know Image
// Builder's throttling error, and does not try again when an answer breaks off.
func retryer() aws.Retryer {
	codes := map[string]struct{}{"CallRateLimitExceededException": {}}
	return remembering{retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
		o.Throttles = append(o.Throttles, retry.ThrottleErrorCode{Codes: codes})
		o.StandardOptions = append(o.StandardOptions, func(so *retry.StandardOptions) {
			so.MaxAttempts = maxAttempts
			so.Retryables = append(so.Retryables, retry.RetryableErrorCode{Codes: codes}, retry.IsErrorRetryableFunc(brokenOff))
		})
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
