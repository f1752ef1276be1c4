package session

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
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
	if r.Body != nil && r.Body != http.NoBody {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		r.Body, _ = r.GetBody()
	}
	response, err := c.HTTPClient.Do(r)
	if err != nil || response.StatusCode/100 != 2 || response.Body == nil {
		return response, err
	}
	body := bufio.NewReader(response.Body)
	begin, err := body.Peek(sniffed)
	whole := errors.Is(err, io.EOF)
	if err == nil || whole {
		err = usable(response.StatusCode, r.Header.Get("Content-Type"), begin, whole)
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
		return fmt.Errorf("the answer is empty: %w", io.ErrUnexpectedEOF)
	}
	return nil
}
