package fakepalette

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"sync"
	"testing/iotest"
)

// Network carries requests to a handler as connections do, without any: a run takes
// little time so, and its waits none where the clock is synctest's.
type Network struct {
	Handler http.Handler

	underWay sync.WaitGroup
}

// RoundTrip answers a request. One that its client gives up is carried out nevertheless.
func (n *Network) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if trace := httptrace.ContextClientTrace(ctx); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	received := r.Clone(ctx)
	received.URL = &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	answered := make(chan *http.Response, 1)
	n.underWay.Go(func() { answered <- n.serve(received) }) //nolint:bodyclose // the client closes it
	select {
	case answer := <-answered:
		if ctx.Err() == nil && answer != nil {
			return answer, nil
		}
	case <-ctx.Done():
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return nil, io.EOF
}

// Wait returns once all that was sent is carried out.
func (n *Network) Wait() { n.underWay.Wait() }

// serve returns nil where the handler cut the connection before it said anything, and
// an answer whose body breaks off where it did so later.
func (n *Network) serve(r *http.Request) *http.Response {
	rec := httptest.NewRecorder()
	if cut(n.Handler, rec, r) && rec.Body.Len() == 0 {
		return nil
	}
	told := int64(rec.Body.Len())
	answer := rec.Result()
	if answer.ContentLength > told {
		answer.Body = io.NopCloser(io.MultiReader(answer.Body, iotest.ErrReader(io.ErrUnexpectedEOF)))
	}
	return answer
}

func cut(handler http.Handler, w http.ResponseWriter, r *http.Request) (cut bool) {
	defer func() {
		reason := recover()
		if cut = reason != nil; cut && reason != any(http.ErrAbortHandler) {
			panic(reason)
		}
	}()
	handler.ServeHTTP(w, r)
	return false
}
