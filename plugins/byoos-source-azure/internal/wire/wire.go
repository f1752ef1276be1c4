// Package wire sends requests that carry credentials, and says why one did not
// arrive.
package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"syscall"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// MaxPerHost are the connections to one host that are kept.
const MaxPerHost = 8

// Client returns a client that follows no redirect, as what it sends is for one host
// only.
func Client() *http.Client {
	transport := Local()
	transport.Proxy = http.ProxyFromEnvironment
	return unredirected(transport)
}

// Direct is Client without a proxy, as services of the machine itself need it.
func Direct() *http.Client { return unredirected(Local()) }

func unredirected(transport *http.Transport) *http.Client {
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

// Local returns a transport without a proxy.
func Local() *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.MaxIdleConnsPerHost = MaxPerHost
	transport.OnProxyConnectResponse = func(_ context.Context, proxy *url.URL, _ *http.Request, r *http.Response) error {
		if r.StatusCode == http.StatusOK {
			return nil
		}
		return ProxyError{Host: proxy.Host, Status: r.StatusCode}
	}
	return transport
}

// ProxyError is a proxy that does not let a request through.
type ProxyError struct {
	Host   string
	Status int
}

func (e ProxyError) Error() string {
	return "the proxy " + e.Host + " refuses: " + http.StatusText(e.Status)
}

// StatusError is an answer that may be another one when it is asked for again.
type StatusError struct {
	Host   string
	Status int
}

func (e StatusError) Error() string {
	return fmt.Sprintf("%s answers HTTP status %d", e.Host, e.Status)
}

// Permanent says whether err is one that another try gives again.
func Permanent(err error) bool {
	var proxy ProxyError
	var certificate *tls.CertificateVerificationError
	var plain tls.RecordHeaderError
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &proxy):
		return proxy.Status < http.StatusInternalServerError
	case errors.As(err, &dns):
		return dns.IsNotFound
	case errors.As(err, &op) && op.Op == "proxyconnect" && errors.Is(err, syscall.ECONNREFUSED):
		return true // a service may be restarting, a proxy that is named wrongly is not
	}
	return errors.As(err, &certificate) || errors.As(err, &plain)
}

// permanent makes azcore give up at once.
type permanent struct{ error }

func (permanent) NonRetriable() {}

func (p permanent) Unwrap() error { return p.error }

// Witness sends requests, and keeps what the last one failed with: what lies above it
// puts a text in its place, or the end of the time.
type Witness struct {
	Next policy.Transporter

	last atomic.Pointer[error]
}

// Do sends a request.
func (w *Witness) Do(r *http.Request) (*http.Response, error) {
	response, err := w.Next.Do(r)
	switch {
	case err == nil && passes(response.StatusCode):
		w.Set(StatusError{Host: r.URL.Host, Status: response.StatusCode})
	case err == nil:
		w.Set(nil)
	case r.Context().Err() == nil:
		w.Set(err)
		if Permanent(err) {
			return nil, permanent{err}
		}
	}
	return response, err
}

// passes says whether a status may be another one later. The metadata service has such of
// its own (learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#error-handling).
func passes(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusNotFound, http.StatusGone:
		return true
	}
	return status >= http.StatusInternalServerError
}

// Last returns what the last request failed with; one that ran out of time does not
// count.
func (w *Witness) Last() error {
	if last := w.last.Load(); last != nil {
		return *last
	}
	return nil
}

// Set replaces what Last returns.
func (w *Witness) Set(err error) { w.last.Store(&err) }
