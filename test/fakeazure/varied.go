package fakeazure

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
)

// Varied is one legal change of the answers that one subscription gets. Such a
// subscription is another name of the estate's own, so that one run of a program
// with many sources tries many changes.
type Varied struct {
	// Call is the SDK's name of the call whose answers are changed, as Call gives it.
	Call string
	// Path restricts Apply to answers for paths that end so.
	Path string
	// Apply changes an answer; nil leaves it.
	Apply func([]byte) ([]byte, error)
	// PageSize is how many items a page has, where it is not that of the server.
	PageSize int
	// EmptyPages puts an empty page before each page of a list.
	EmptyPages bool
}

// Call returns the SDK's name of the call that asks for a path, such as
// GalleryImageVersionsClient.Get, or "".
func Call(path string) string { return route(path).api }

// Vary makes subscriptions, by name in lower case, whose answers are varied; those
// that were there before are no more.
func (s *Server) Vary(subscriptions map[string]*Varied) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.varied, s.changed = subscriptions, map[string]bool{}
}

// Unused returns the subscriptions of Vary whose change met no answer.
func (s *Server) Unused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name := range s.varied {
		if !s.changed[name] {
			names = append(names, name)
		}
	}
	return names
}

// vary answers a request to a varied subscription, when it is one.
func (s *Server) vary(w http.ResponseWriter, r *http.Request) bool {
	part := strings.SplitN(r.URL.Path, "/", 4)
	if len(part) != 4 || !strings.EqualFold(part[1], "subscriptions") {
		return false
	}
	name := strings.ToLower(part[2])
	s.mu.Lock()
	v, known := s.varied[name]
	s.mu.Unlock()
	if !known {
		return false
	}
	own := "/subscriptions/" + s.options.Estate.subscription() + "/"
	in := r.Clone(r.Context())
	in.URL.Path = own + part[3]
	call := Call(in.URL.Path)
	if v.EmptyPages && call == v.Call && !r.URL.Query().Has(realPage) {
		s.note(name)
		writeEmptyPage(w, r)
		return true
	}
	size := s.options.PageSize
	if v.PageSize > 0 && call == v.Call {
		s.note(name)
		size = v.PageSize
	}
	q := in.URL.Query()
	q.Del(realPage)
	in.URL.RawQuery = q.Encode()
	recorder := httptest.NewRecorder()
	s.resourceManager(recorder, in, size)
	body := bytes.ReplaceAll(recorder.Body.Bytes(), []byte(own), []byte("/subscriptions/"+part[2]+"/"))
	if v.Apply != nil && call == v.Call && strings.HasSuffix(in.URL.Path, v.Path) && recorder.Code == http.StatusOK {
		changed, err := v.Apply(body)
		if err != nil {
			writeError(w, http.StatusInternalServerError, "FakeFailed", err.Error())
			return true
		}
		if !equalJSON(body, changed) {
			s.note(name)
		}
		body = changed
	}
	for key, values := range recorder.Header() {
		w.Header()[key] = values
	}
	w.WriteHeader(recorder.Code)
	_, _ = w.Write(body)
	return true
}

// realPage marks the link from an empty page to the one that it stands before.
const realPage = "afterEmpty"

// writeEmptyPage answers with no item, and with a link to the page that was asked for.
func writeEmptyPage(w http.ResponseWriter, r *http.Request) {
	next := *r.URL
	next.Scheme, next.Host = "https", r.Host
	q := next.Query()
	q.Set(realPage, "true")
	next.RawQuery = q.Encode()
	writeJSON(w, http.StatusOK, map[string]any{"value": []any{}, "nextLink": next.String()})
}

func (s *Server) note(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed[name] = true
}

func equalJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
