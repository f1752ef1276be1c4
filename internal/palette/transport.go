package palette

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// A profile with every value of every layer is some hundred kilobytes.
	maxBody = 64 << 20
	// A server may ask for a pause, but not hold the user for an hour.
	maxRetryAfter = time.Minute
)

var errTooLarge = fmt.Errorf("the answer has more than %d MiB", maxBody>>20)

// doer sends requests: credentials, retries, and answers other than success turned
// into errors.
type doer struct {
	Config
	// transport does not follow redirections: the key would go along to another host.
	transport http.RoundTripper
	scrubber  scrubber
}

// newDoer returns the sender; pool holds the authorities to trust, nil for those
// of the system.
func newDoer(config Config, pool *x509.CertPool) *doer {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
	return &doer{Config: config, transport: transport, scrubber: config.Secret.scrubber()}
}

// response is an answer, read to its end.
type response struct {
	status int
	path   string
	header http.Header
	body   []byte
	// scrubber is for what is put into other words.
	scrubber scrubber
}

// do sends one request. Only one that reads is sent again after it may have arrived;
// any request is when it surely was not carried out (429, or no connection).
func (d *doer) do(req *http.Request, reads bool) (*response, error) {
	ctx := req.Context()
	d.Secret.authorize(req.Header)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", d.UserAgent)
	for attempt := 0; ; attempt++ {
		answer, arrived, err := d.once(req)
		if err == nil && answer.status == http.StatusTooManyRequests {
			arrived = false
		}
		if attempt < d.Retries && mayRepeat(answer, err, reads || !arrived) && pause(ctx, backoff(d.RetryWait, attempt, answer)) == nil {
			continue
		}
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		switch {
		case err != nil:
			return nil, d.clean(ctx, err, !arrived)
		case answer.status < http.StatusMultipleChoices:
			return answer, nil
		}
		return nil, d.apiError(req.Method, answer)
	}
}

// once sends a request one time, and tells whether it may have arrived. An answer is
// read to its end, so that one cut short is a failed request like any other; one that
// takes longer than the limit is a failed one too.
func (d *doer) once(req *http.Request) (answer *response, arrived bool, err error) {
	ctx, cancel := context.WithTimeout(req.Context(), d.RequestTimeout)
	defer cancel()
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	again := req.Clone(httptrace.WithClientTrace(ctx, trace))
	again.Body, _ = req.GetBody() // bytes, which can be read again
	answer, err = d.answer(again)
	late := err != nil && ctx.Err() != nil
	switch {
	case late && connected.Load():
		err = fmt.Errorf("no answer within %s", d.RequestTimeout)
	case late:
		err = fmt.Errorf("no connection within %s", d.RequestTimeout)
	}
	return answer, connected.Load(), err
}

func (d *doer) answer(req *http.Request) (*response, error) {
	resp, err := d.transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the answer broke off: %w", err)
	case len(body) > maxBody:
		return nil, errTooLarge
	}
	return &response{status: resp.StatusCode, path: d.scrubber.line(req.URL.EscapedPath()), header: resp.Header, body: body, scrubber: d.scrubber}, nil
}

// mayRepeat tells whether another attempt may go better; harmless is one that changes
// nothing, also where the one before arrived.
func mayRepeat(answer *response, err error, harmless bool) bool {
	var certificate *tls.CertificateVerificationError
	var dns *net.DNSError
	switch {
	case !harmless, errors.As(err, &certificate), errors.Is(err, errTooLarge):
		return false
	case errors.As(err, &dns):
		return !dns.IsNotFound
	case err != nil:
		return true
	}
	switch answer.status {
	case http.StatusTooManyRequests, http.StatusRequestTimeout:
		return true
	case http.StatusNotImplemented:
		return false
	}
	return answer.status >= http.StatusInternalServerError
}

// backoff is the pause before another attempt: what the server asks for, else one
// that doubles.
func backoff(first time.Duration, attempt int, answer *response) time.Duration {
	if answer != nil {
		if wait, ok := retryAfter(answer.header.Get("Retry-After"), time.Now()); ok {
			return wait
		}
	}
	return min(first<<min(attempt, 5), 30*first, maxRetryAfter)
}

// retryAfter reads the header of that name, which is a number of seconds or a date.
func retryAfter(text string, now time.Time) (time.Duration, bool) {
	text = strings.TrimSpace(text)
	if date, err := http.ParseTime(text); err == nil {
		return min(max(date.Sub(now), 0), maxRetryAfter), true
	}
	seconds, err := strconv.ParseUint(text, 10, 64) // the most that there is, where it is out of range
	wait := time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second
	return wait, err == nil || errors.Is(err, strconv.ErrRange)
}

func pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// cleanError says in other words what an error says.
type cleanError struct {
	text string
	err  error
	// next is the step that the user can take; empty where only the connection is in doubt.
	next string
	// notSent tells that nothing of the request was sent.
	notSent bool
}

func (e *cleanError) Error() string { return e.text }
func (e *cleanError) Unwrap() error { return e.err }

func (d *doer) clean(ctx context.Context, err error, notSent bool) error {
	e := &cleanError{text: d.scrubber.line(err.Error()), err: err, notSent: notSent}
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		e.text = "the time for Palette is over: " + e.text
		e.next = "give more time with --palette-timeout, and run the command again"
	case errors.As(err, &certificate):
		e.next = "check the host; --palette-ca-file names the certificates of a private authority"
	}
	return e
}

func (d *doer) apiError(method string, answer *response) error {
	e := &APIError{Method: method, Path: answer.path, Status: answer.status, origin: d.Origin}
	if location := answer.header.Get("Location"); answer.status < http.StatusBadRequest && location != "" {
		e.Message = d.scrubber.line("redirected to " + location + "; give that host if it is yours")
		return e
	}
	said := readSaid(answer)
	e.page = answer.isPage()
	e.Code, e.Message, e.Ref = d.scrubber.line(said.code), d.scrubber.line(said.message), d.scrubber.line(said.ref)
	if e.Code == strconv.Itoa(e.Status) {
		e.Code = ""
	}
	return e
}
