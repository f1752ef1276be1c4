package palette

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	// A profile with every value of every layer is some hundred kilobytes.
	maxBody = 64 << 20
	// A server may ask for a pause, but not hold the user for an hour.
	maxRetryAfter = time.Minute
)

// doer sends requests: credentials, retries, and answers other than success turned
// into errors.
type doer struct {
	http     *retryablehttp.Client
	secret   Secret
	scrubber scrubber
	agent    string
	// pause is the first one before a reading is repeated.
	pause  time.Duration
	origin string
}

// response is an answer, read to its end.
type response struct {
	status      int
	path        string
	contentType string
	body        []byte
}

// sending is what is known of one request while it is sent, and sent again.
type sending struct {
	reads bool
	// arrived tells that the last attempt may have been carried out.
	arrived bool
}

type sendingKey struct{}

// underWay is that of a request; one of its own where there is none.
func underWay(ctx context.Context) *sending {
	if s, ok := ctx.Value(sendingKey{}).(*sending); ok {
		return s
	}
	return &sending{}
}

// do sends one request. Only one that reads is sent again after it may have arrived;
// any request is when it surely was not carried out (429, or no connection).
func (d *doer) do(req *http.Request, reads bool) (*response, error) {
	state := &sending{reads: reads}
	req = req.WithContext(context.WithValue(req.Context(), sendingKey{}, state))
	d.secret.authorize(req.Header)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", d.agent)
	again, err := retryablehttp.FromRequest(req)
	if err != nil {
		return nil, err
	}
	resp, err := d.http.Do(again)
	switch {
	case err != nil && !state.arrived:
		return nil, &notSentError{d.clean(req.Context(), err)}
	case err != nil:
		return nil, d.clean(req.Context(), err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, d.clean(req.Context(), err)
	}
	answer := &response{
		status: resp.StatusCode, path: d.scrubber.line(req.URL.EscapedPath()),
		contentType: resp.Header.Get("Content-Type"), body: body,
	}
	if resp.StatusCode < http.StatusMultipleChoices {
		return answer, nil
	}
	return nil, d.apiError(req.Method, answer, resp.Header.Get("Location"))
}

// cleanError says in other words what an error says.
type cleanError struct {
	text string
	err  error
	// over tells that the time of the whole run is.
	over bool
}

func (e *cleanError) Error() string { return e.text }
func (e *cleanError) Unwrap() error { return e.err }

// clean drops the URL that net/http puts before the cause.
func (d *doer) clean(ctx context.Context, err error) error {
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	text := d.scrubber.line(err.Error())
	over := errors.Is(ctx.Err(), context.DeadlineExceeded)
	if over {
		text = "the time for Palette is over: " + text
	}
	return &cleanError{text: text, err: err, over: over}
}

func (d *doer) apiError(method string, answer *response, location string) error {
	e := &APIError{Method: method, Path: answer.path, Status: answer.status, origin: d.origin}
	if answer.status < http.StatusBadRequest && location != "" {
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

// newDoer returns the sender; pool holds the authorities to trust, nil for those
// of the system.
func newDoer(config Config, pool *x509.CertPool) *doer {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
	client := retryablehttp.NewClient()
	client.Logger = nil
	client.HTTPClient = &http.Client{
		Transport: wholeBody{next: transport, limit: config.RequestTimeout},
		// net/http would take the ApiKey header along to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	client.RetryMax = config.Retries
	client.RetryWaitMin, client.RetryWaitMax = config.RetryWait, 30*config.RetryWait
	client.CheckRetry = checkRetry
	client.Backoff = backoff
	client.ErrorHandler = retryablehttp.PassthroughErrorHandler
	return &doer{http: client, secret: config.Secret, scrubber: config.Secret.scrubber(), agent: config.UserAgent, pause: config.RetryWait, origin: config.Origin}
}

// backoff is the pause before another attempt: what the server asks for, else one
// that doubles.
func backoff(low, high time.Duration, attempt int, resp *http.Response) time.Duration {
	if resp != nil {
		if wait, ok := retryAfter(resp.Header.Get("Retry-After"), time.Now()); ok {
			return wait
		}
	}
	wait := low
	for range attempt {
		wait = min(2*wait, high)
	}
	return min(wait, maxRetryAfter)
}

// retryAfter reads the header of that name, which is a number of seconds or a date.
func retryAfter(text string, now time.Time) (time.Duration, bool) {
	text = strings.TrimSpace(text)
	if date, err := http.ParseTime(text); err == nil {
		return min(max(date.Sub(now), 0), maxRetryAfter), true
	}
	seconds, err := strconv.ParseUint(text, 10, 64)
	if errors.Is(err, strconv.ErrRange) || err == nil && seconds > uint64(maxRetryAfter/time.Second) {
		return maxRetryAfter, true
	}
	return time.Duration(seconds) * time.Second, err == nil
}

func checkRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	state := underWay(ctx)
	reads := state.reads
	if err == nil && resp.StatusCode == http.StatusTooManyRequests {
		state.arrived = false
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		return isTransient(err) && (reads || isNotSent(err)), nil
	}
	switch status := resp.StatusCode; status {
	case http.StatusTooManyRequests:
		return true, nil
	case http.StatusNotImplemented:
		return false, nil
	case http.StatusRequestTimeout:
		return reads, nil
	default:
		return reads && status >= http.StatusInternalServerError, nil
	}
}

// notSentError is a failure before anything of the request was sent.
type notSentError struct{ err error }

func (e *notSentError) Error() string { return e.err.Error() }
func (e *notSentError) Unwrap() error { return e.err }

func isNotSent(err error) bool {
	var unsent *notSentError
	return errors.As(err, &unsent)
}

func isTransient(err error) bool {
	var certificate *tls.CertificateVerificationError
	var dns *net.DNSError
	switch {
	case errors.As(err, &certificate), errors.Is(err, errTooLarge):
		return false
	case errors.As(err, &dns):
		return !dns.IsNotFound
	}
	return true
}

var errTooLarge = fmt.Errorf("the answer has more than %d MiB", maxBody>>20)

// wholeBody reads each answer to its end, so that one cut short is a failed
// request like any other, and a huge one is refused. A request that takes longer than
// limit is a failed one too; http.Client.Timeout would drop what it failed of.
type wholeBody struct {
	next  http.RoundTripper
	limit time.Duration
}

func (t wholeBody) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), t.limit)
	defer cancel()
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	resp, err := t.answer(req.WithContext(httptrace.WithClientTrace(ctx, trace)))
	underWay(req.Context()).arrived = connected.Load()
	if err == nil {
		return resp, nil
	}
	late := ctx.Err() != nil && req.Context().Err() == nil
	switch {
	case connected.Load() && late:
		return nil, fmt.Errorf("no answer within %s", t.limit)
	case connected.Load():
		return nil, err
	case late:
		err = fmt.Errorf("no connection within %s", t.limit)
	}
	return nil, &notSentError{err}
}

func (t wholeBody) answer(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
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
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}
