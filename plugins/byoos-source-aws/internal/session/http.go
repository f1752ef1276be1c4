package session

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
)

// httpClient gives up on a connection that says nothing while there is time for
// another attempt.
func httpClient(timeout time.Duration) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.ResponseHeaderTimeout = timeout / 2
		t.MaxIdleConnsPerHost = 16
	})
}

// steady gives each request a body of its own. The SDK closes its own body as
// soon as an answer begins (smithy-go, transport/http/client.go). When the
// service is quicker than the goroutine that has just written that body, the
// goroutine fails on it and closes the connection under the answer.
type steady struct{ aws.HTTPClient }

// Do sends a request whose body is small, as all of this plugin's are.
func (c steady) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return usable(c.HTTPClient.Do(r))
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, _ = r.GetBody()
	return usable(c.HTTPClient.Do(r))
}

// usable makes an answer without a body one that broke off, and refuses a web page,
// as captive portals and some proxies answer. All actions of this plugin answer with
// XML or JSON; the SDK takes nothing, and a page, for an empty list.
func usable(response *http.Response, err error) (*http.Response, error) {
	if err != nil || response.StatusCode != http.StatusOK || response.Body == nil {
		return response, err
	}
	body := bufio.NewReader(response.Body)
	begin, err := body.Peek(sniffed)
	switch {
	case len(begin) == 0 && errors.Is(err, io.EOF):
		_ = response.Body.Close()
		return nil, fmt.Errorf("the answer is empty: %w", io.ErrUnexpectedEOF)
	case strings.HasPrefix(http.DetectContentType(begin), "text/html"):
		_ = response.Body.Close()
		return nil, trouble.WebPageError{}
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{body, response.Body}
	return response, nil
}

// sniffed is how much of an answer http.DetectContentType looks at.
const sniffed = 512
