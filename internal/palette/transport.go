package palette

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	// A profile with every value of every layer is some hundred kilobytes.
	maxBody = 64 << 20
	// A server may ask for a pause, but not hold the user for an hour.
	maxRetryAfter = time.Minute
)

// doer sends the generated client's requests: credentials, retries, and answers
// other than success turned into errors.
type doer struct {
	http   *retryablehttp.Client
	secret Secret
	agent  string
	// pause is the first one before a reading is repeated.
	pause  time.Duration
	origin string
}

type retryKey struct{}

// Do sends one request. Only GET is sent again after it may have arrived; any
// request is when it surely was not carried out (429, or no connection).
func (d *doer) Do(req *http.Request) (*http.Response, error) {
	ctx := context.WithValue(req.Context(), retryKey{}, req.Method == http.MethodGet)
	req = req.WithContext(ctx)
	d.secret.authorize(req.Header)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", d.agent)
	again, err := retryablehttp.FromRequest(req)
	if err != nil {
		return nil, err
	}
	resp, err := d.http.Do(again)
	if err != nil {
		return nil, d.clean(err)
	}
	if resp.StatusCode < 300 {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	return nil, d.apiError(req, resp)
}

// clean drops the URL that net/http puts before the cause.
func (d *doer) clean(err error) error {
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	if d.secret.scrub(err.Error()) != err.Error() {
		return errors.New(d.secret.scrub(err.Error()))
	}
	return err
}

func (d *doer) apiError(req *http.Request, resp *http.Response) error {
	answer := &APIError{Method: req.Method, Path: req.URL.Path, Status: resp.StatusCode, origin: d.origin}
	if location := resp.Header.Get("Location"); resp.StatusCode < 400 && location != "" {
		answer.Message = d.secret.scrub("redirected to " + location + "; give that host if it is yours")
		return answer
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer
	}
	var fields struct{ Code, Message, Ref string }
	if json.Unmarshal(body, &fields) == nil {
		answer.Code, answer.Ref = d.secret.scrub(fields.Code), d.secret.scrub(fields.Ref)
		// Cut after it, or a part of the secret would stay.
		answer.Message = oneLine(d.secret.scrub(fields.Message))
	}
	return answer
}

// oneLine keeps a server from writing to the terminal what it likes.
func oneLine(text string) string {
	text = strings.Join(strings.FieldsFunc(text, unicode.IsControl), " ")
	if len(text) > 500 {
		text = strings.ToValidUTF8(text[:500], "") + "..."
	}
	return text
}

// newDoer returns the sender; pool holds the authorities to trust, nil for those
// of the system.
func newDoer(config Config, pool *x509.CertPool) *doer {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
	client := retryablehttp.NewClient()
	client.Logger = nil
	client.HTTPClient = &http.Client{
		Transport: wholeBody{transport},
		Timeout:   config.RequestTimeout,
		// net/http would take the ApiKey header along to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	client.RetryMax = config.Retries
	client.RetryWaitMin, client.RetryWaitMax = config.RetryWait, 30*config.RetryWait
	client.CheckRetry = checkRetry
	client.Backoff = backoff
	client.ErrorHandler = retryablehttp.PassthroughErrorHandler
	return &doer{http: client, secret: config.Secret, agent: config.UserAgent, pause: config.RetryWait, origin: config.Origin}
}

func backoff(low, high time.Duration, attempt int, resp *http.Response) time.Duration {
	return min(retryablehttp.DefaultBackoff(low, high, attempt, resp), maxRetryAfter)
}

func checkRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	harmless, _ := ctx.Value(retryKey{}).(bool)
	if err != nil {
		return isTransient(err) && (harmless || isDial(err)), nil
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		return true, nil
	}
	return harmless && resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented, nil
}

// isDial tells whether no connection came about, so nothing was sent.
func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
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
// request like any other, and a huge one is refused.
type wholeBody struct{ next http.RoundTripper }

func (t wholeBody) RoundTrip(req *http.Request) (*http.Response, error) {
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
