package session

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"golang.org/x/net/http/httpproxy"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
)

// httpClient gives up on a connection that says nothing while there is time for
// another attempt.
func httpClient(timeout time.Duration) *awshttp.BuildableClient {
	proxy := proxyOf(httpproxy.FromEnvironment())
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.ResponseHeaderTimeout = timeout / 2
		t.MaxIdleConnsPerHost = 16
		t.Proxy = func(r *http.Request) (*url.URL, error) { return proxy(r.URL) }
		t.OnProxyConnectResponse = connected
	})
}

// proxyOf names the variables in place of their value, which may hold a password. It
// refuses what the package would leave out without a word, and go on without a proxy,
// and what the transport would take for another kind of proxy.
func proxyOf(set *httpproxy.Config) func(*url.URL) (*url.URL, error) {
	choose := set.ProxyFunc()
	return func(to *url.URL) (*url.URL, error) {
		name, value := "HTTPS_PROXY", set.HTTPSProxy
		if to.Scheme == "http" {
			name, value = "HTTP_PROXY", set.HTTPProxy
		}
		kinds := []string{"http", "https", "socks5", "socks5h"}
		proxy, err := choose(to)
		if err != nil || !isURL(value) || proxy != nil && !slices.Contains(kinds, proxy.Scheme) {
			return nil, &trouble.BarrierError{Kind: trouble.Proxy, What: "the variable " + name + " does not hold the URL of a proxy"}
		}
		return proxy, nil
	}
}

// isURL takes a host without a scheme as well, as programs do in these variables.
func isURL(value string) bool {
	_, whole := url.Parse(value)
	_, host := url.Parse("http://" + value)
	return whole == nil || host == nil
}

// connected refuses what a proxy answers that does not open the way.
func connected(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	what := fmt.Sprintf("the proxy %s answers %d %s", proxy.Host, answer.StatusCode, http.StatusText(answer.StatusCode))
	if answer.StatusCode >= http.StatusInternalServerError {
		return errors.New(what) // it may be able to later
	}
	return &trouble.BarrierError{Kind: trouble.Proxy, What: what}
}

// barrier returns err as what asking again does not change, if it is that.
func barrier(r *http.Request, err error) error {
	var op *net.OpError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return &trouble.BarrierError{Kind: trouble.Proxy, What: "cannot connect to the proxy: " + op.Err.Error(), Err: err}
	case errors.As(err, &certificate):
		return &trouble.BarrierError{Kind: trouble.Certificate, What: r.URL.Host + ": " + certificate.Err.Error(), Err: err}
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return &trouble.BarrierError{Kind: trouble.Endpoint, What: r.URL.Host + " does not speak TLS, and is asked by https", Err: err}
	}
	return err
}

// steady gives each request a body of its own. The SDK closes its own body as
// soon as an answer begins (smithy-go, transport/http/client.go). When the
// service is quicker than the goroutine that has just written that body, the
// goroutine fails on it and closes the connection under the answer.
type steady struct {
	aws.HTTPClient
	proxy func(*url.URL) (*url.URL, error)
}

func (s *Session) steady(c aws.HTTPClient) steady {
	return steady{c, httpproxy.FromEnvironment().ProxyFunc()}
}

// Do sends a request whose body is small, as all of this plugin's are.
func (c steady) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		r.Body, _ = r.GetBody()
	}
	response, err := c.HTTPClient.Do(r)
	if err != nil {
		return nil, barrier(r, err)
	}
	if response.Body == nil {
		return response, nil
	}
	body := bufio.NewReader(response.Body)
	begin, err := body.Peek(sniffed)
	whole := errors.Is(err, io.EOF)
	switch {
	case response.StatusCode/100 != 2:
		err = c.refusal(r, response, begin)
	case err == nil || whole:
		err = c.through(r, usable(response.StatusCode, r.Header.Get("Content-Type"), begin, whole))
	}
	if err != nil {
		_ = response.Body.Close()
		return nil, err
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{body, response.Body}
	return response, nil
}

// refusal finds what is not said by a service of AWS: each of its errors has an XML
// element or a JSON object, or its kind in a header, and a redirection is none of them.
// What throttles may be anybody.
func (c steady) refusal(r *http.Request, response *http.Response, begin []byte) error {
	begin = bytes.TrimSpace(begin)
	page := strings.HasPrefix(http.DetectContentType(begin), "text/html")
	ours := response.Header.Get("X-Amzn-Errortype") != "" || len(begin) > 0 && (begin[0] == '<' || begin[0] == '{')
	switch status := response.StatusCode; {
	case status == http.StatusProxyAuthRequired:
		return &trouble.BarrierError{Kind: trouble.Proxy, What: "the proxy " + c.via(r) + " answers 407 Proxy Authentication Required"}
	case status == http.StatusTooManyRequests, !page && status >= http.StatusInternalServerError:
		return nil
	case page || !ours || status < http.StatusBadRequest:
		return c.through(r, trouble.ForeignAnswerError{Page: page, Status: status})
	}
	return nil
}

// through says which proxy a foreign answer came through.
func (c steady) through(r *http.Request, err error) error {
	var foreign trouble.ForeignAnswerError
	if !errors.As(err, &foreign) {
		return err
	}
	foreign.Proxy = c.via(r)
	return foreign
}

// via is the proxy of a request, without its password.
func (c steady) via(r *http.Request) string {
	if c.proxy == nil {
		return ""
	}
	if proxy, err := c.proxy(r.URL); err == nil && proxy != nil {
		return proxy.Host
	}
	return ""
}

// sniffed is how much of an answer is looked at, as much as http.DetectContentType does.
const sniffed = 512

// queryType is what is sent to the services that answer in XML, EC2 and STS.
const queryType = "application/x-www-form-urlencoded"

var (
	// prologForm is what may stand before the first element of an XML document.
	prologForm = regexp.MustCompile(`^(?:\s|<\?[^>]*\?>|<!--(?s:.*?)-->|<![A-Za-z][^>]*>)*`)
	rootForm   = regexp.MustCompile(`^<([A-Za-z][\w.:-]*)[\s/>]`)
)

// usable refuses what captive portals and some proxies answer in place of AWS: the SDK
// takes what has no element in it, and the elements of a page, for an empty list. All
// actions of this plugin answer with 200 and an XML element whose name ends in
// Response, or a JSON object. An answer of which nothing of that has come yet when it
// ends has broken off.
func usable(status int, sent string, begin []byte, whole bool) error {
	begin = bytes.TrimSpace(begin)
	switch {
	case strings.HasPrefix(http.DetectContentType(begin), "text/html"):
		return trouble.ForeignAnswerError{Page: true}
	case status != http.StatusOK:
		return trouble.ForeignAnswerError{}
	case sent == queryType && bytes.HasPrefix(begin, []byte("<")):
		begin = begin[len(prologForm.Find(begin)):]
		if root := rootForm.FindSubmatch(begin); root != nil && !bytes.HasSuffix(root[1], []byte("Response")) {
			return trouble.ForeignAnswerError{Page: bytes.EqualFold(root[1], []byte("html"))}
		}
	case len(begin) > 0 && (sent == queryType || begin[0] != '{'):
		return trouble.ForeignAnswerError{}
	}
	if len(begin) == 0 && whole {
		return errEmpty
	}
	return nil
}

// errEmpty is an answer without anything in it.
var errEmpty = fmt.Errorf("the answer is empty: %w", io.ErrUnexpectedEOF)
