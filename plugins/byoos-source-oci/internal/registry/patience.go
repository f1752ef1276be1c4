package registry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// attempts is how often a request is sent to a registry that is busy. Refusals
	// for want of room, while the registry serves other requests, do not count.
	attempts = 4
	// firstDelay is what is waited before the second attempt; it doubles up to
	// lastDelay.
	firstDelay = 500 * time.Millisecond
	lastDelay  = 4 * time.Second
	// maxDelay is the longest that a registry can ask to be waited for. When it
	// asks for more, the user is told instead.
	maxDelay = time.Minute
)

// Clock is the time and the waiting of a Client.
type Clock struct {
	Now func() time.Time
	// Wait returns early with an error when ctx is done.
	Wait func(ctx context.Context, d time.Duration) error
}

// SystemClock returns the clock of this machine.
func SystemClock() Clock {
	return Clock{Now: time.Now, Wait: func(ctx context.Context, d time.Duration) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}
}

// patience sends requests again that a busy registry turned away. When the
// registry says how long to wait (Retry-After, RFC 9110 section 10.2.3), no
// request is sent before that time.
type patience struct {
	base  http.RoundTripper
	clock Clock

	mu sync.Mutex
	// resume is when requests may go on; asked is the longest wait that a registry
	// asked for, and that was refused to it.
	resume time.Time
	asked  time.Duration
	served atomic.Int64 // requests that were answered
}

// RoundTrip sends req, up to attempts times without progress.
func (p *patience) RoundTrip(req *http.Request) (*http.Response, error) {
	delay, served := firstDelay, p.served.Load()
	for attempt, first := 1, true; ; attempt, first = attempt+1, false {
		if err := p.pause(req.Context()); err != nil {
			return nil, err
		}
		resp, err := p.base.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		if !isBusy(resp.StatusCode) {
			p.served.Add(1)
			return resp, nil
		}
		if now := p.served.Load(); now != served && isLimited(resp.StatusCode) {
			attempt, served = 1, now
		}
		if attempt == attempts {
			return resp, nil
		}
		wait, asked := p.retryAfter(resp)
		switch {
		case wait > maxDelay:
			p.refuse(wait)
			return resp, nil
		case asked && (wait > 0 || first): // at once, but not again and again
			p.postpone(wait)
		default:
			if err := p.clock.Wait(req.Context(), delay); err != nil {
				return resp, nil //nolint:nilerr // the registry's answer says more than the end of our patience
			}
			delay = min(2*delay, lastDelay)
		}
		_, _ = io.CopyN(io.Discard, resp.Body, maxDiscard)
		_ = resp.Body.Close()
		req = rewound(req)
	}
}

// maxDiscard is how much of an answer is read so that its connection can be used
// again, in bytes.
const maxDiscard = 64 << 10

// isBusy tells the statuses of a registry that may answer later.
func isBusy(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// isLimited tells the statuses of a registry that has no room for one more request:
// which of those that come at the same time it turns away is chance.
func isLimited(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
}

// rewound returns a request to send once more. Its body is a form in memory, if any.
func rewound(req *http.Request) *http.Request {
	if req.GetBody != nil {
		req = req.Clone(req.Context())
		req.Body, _ = req.GetBody()
	}
	return req
}

// retryAfter returns how long an answer asks to wait: seconds, or a date.
func (p *patience) retryAfter(resp *http.Response) (time.Duration, bool) {
	value := resp.Header.Get("Retry-After")
	// More than fits is the largest number, and long enough.
	seconds, err := strconv.ParseInt(value, 10, 32)
	if (err == nil || errors.Is(err, strconv.ErrRange)) && seconds >= 0 {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(p.clock.Now())), true
	}
	return 0, false
}

func (p *patience) postpone(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := p.clock.Now().Add(d); at.After(p.resume) {
		p.resume = at
	}
}

func (p *patience) refuse(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = max(p.asked, d)
}

// refused returns the wait that was asked for and is too long; zero for none.
func (p *patience) refused() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// pause waits until requests may go on.
func (p *patience) pause(ctx context.Context) error {
	p.mu.Lock()
	left := p.resume.Sub(p.clock.Now())
	p.mu.Unlock()
	if left <= 0 {
		return nil
	}
	return p.clock.Wait(ctx, left)
}
