package palette

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// call is one request, and what Palette's API description says of its answer.
type call struct {
	method string
	// path is one of the description, such as /v1/clusterprofiles/{uid}; params are
	// what goes into its braces, in their order.
	path   string
	params []string
	query  url.Values
	// body is sent as JSON; nil for none.
	body any
	// status is the one of a success.
	status int
	// reads tells that nothing is changed by it, so that it may be sent again.
	reads bool
}

func read(path string, params ...string) call {
	return call{method: http.MethodGet, path: path, params: params, status: http.StatusOK, reads: true}
}

// edit is a call that writes.
func edit(method, path string, body any, params ...string) call {
	return call{method: method, path: path, params: params, body: body}
}

// nothing is the answer of an update: it has no content.
type nothing struct{}

// send is the way of every call. An answer is looked at here, once for all: it is
// returned when it is what the description says, and is an error otherwise.
func send[T any](ctx context.Context, c *Client, do call) (*T, error) {
	req, err := c.request(ctx, do)
	if err != nil {
		return nil, err
	}
	resp, err := c.doer.do(req, do.reads)
	if err != nil {
		return nil, err
	}
	body, err := decode[T](do.status, resp, c.doer.scrubber)
	var known *failure.Error
	if err != nil && !errors.As(err, &known) {
		// What became of the request is not known.
		return nil, &cleanError{next: notPalette, text: fmt.Sprintf("the answer to %s %s is not what Palette's API description says: %s; is the host a Palette?",
			do.method, resp.path, c.doer.scrubber.line(err.Error()))}
	}
	return body, err
}

// update is a call whose answer has no content.
func update(ctx context.Context, c *Client, do call) error {
	do.status = http.StatusNoContent
	_, err := send[nothing](ctx, c, do)
	return err
}

func (c *Client) request(ctx context.Context, do call) (*http.Request, error) {
	path, err := do.escapedPath()
	if err != nil {
		return nil, err
	}
	var body []byte
	if do.body != nil {
		// Structs of texts and lists always marshal.
		body, _ = json.Marshal(do.body)
	}
	req, err := http.NewRequestWithContext(ctx, do.method, c.base.String()+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.URL.RawQuery = do.query.Encode()
	if do.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.projectUID != "" {
		req.Header.Set("ProjectUid", c.projectUID)
	}
	return req, nil
}

// escapedPath puts the parameters into the path. An empty one, or a dot, would make it
// the path of another call.
func (do call) escapedPath() (string, error) {
	path := do.path
	for _, param := range do.params {
		before, rest, _ := strings.Cut(path, "{")
		name, after, _ := strings.Cut(rest, "}")
		if param == "" || param == "." || param == ".." {
			return "", &cleanError{text: fmt.Sprintf("%q is no %s to ask Palette for", param, name), notSent: true}
		}
		path = before + url.PathEscape(param) + after
	}
	return path, nil
}
