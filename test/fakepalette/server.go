// Package fakepalette is a Palette for tests: it keeps state, checks every
// request and every answer against Palette's API description, and fails on
// demand.
package fakepalette

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"time"
)

// Fault is what goes wrong with one request.
type Fault string

// Faults. A cut connection is closed before the request is carried out, or after.
const (
	CutBefore   Fault = "cut-before"
	CutAfter    Fault = "cut-after"
	CutBody     Fault = "cut-body"
	TooMany     Fault = "429"
	ServerError Fault = "500"
	// ErrorAfter carries the request out and answers 500 nevertheless.
	ErrorAfter Fault = "500-after"
	Expired    Fault = "401"
	Conflict   Fault = "409"
	NotJSON    Fault = "not-json"
)

// Call is one request that was answered.
type Call struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Query  string `json:"query,omitempty"`
	Body   string `json:"body,omitempty"`
	Status int    `json:"status"`
	// Done tells that the request was carried out, whatever answer was sent.
	Done bool `json:"done"`
}

// Writes tells whether the request may change something: validation and search
// are sent by POST and do not.
func (c Call) Writes() bool {
	return c.Method != http.MethodGet && !bytes.Contains([]byte(c.Path), []byte("/validate/"))
}

// Server is a fake Palette. Its fields are set before the first request.
type Server struct {
	// Key and Token are accepted.
	Key, Token string
	// PageSize is the most that a page of a list has; zero is the asked limit.
	PageSize int
	// DraftAlways answers a draft also when it is no other than what is published.
	DraftAlways bool
	// ClonesPublished makes a clone published at once.
	ClonesPublished bool
	// ClonesWithoutDraft makes a clone of what is published, without the draft.
	ClonesWithoutDraft bool
	// Trims drops the newlines at both ends of values, as Palette's pages and the
	// Terraform provider do.
	Trims bool
	// FreshManifests gives the manifests of a new draft uids of their own.
	FreshManifests bool
	// EmptyPages puts an empty page before each page of a list.
	EmptyPages bool

	*description
	checked sync.Map // by answerKey

	mu         sync.Mutex
	settled    *sync.Cond // when underWay falls to 0
	underWay   int
	before     func(int, Call, *State)
	pause      func(int, Call)
	state      State
	faults     map[int]Fault
	calls      []Call
	violations []string
	count      int
	serial     int
}

// New returns a server with that state.
func New(state State) (*Server, error) { return newServer(state, today) }

// NewLater returns a server of a later version of Palette: what it gives with a
// value that is not in the description, it takes as well.
func NewLater(state State) (*Server, error) { return newServer(state, tomorrow) }

func newServer(state State, as func() (*description, error)) (*Server, error) {
	described, err := as()
	if err != nil {
		return nil, err
	}
	s := &Server{description: described, state: state, faults: map[int]Fault{}}
	s.settled = sync.NewCond(&s.mu)
	return s, nil
}

// Fail makes the n-th request from now on fail; the first is 1.
func (s *Server) Fail(n int, fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[s.count+n] = fault
}

// FailAlways makes all of the next n requests fail.
func (s *Server) FailAlways(n int, fault Fault) {
	for i := 1; i <= n; i++ {
		s.Fail(i, fault)
	}
}

// Before has f called with the number of each request, from 1, before it is
// carried out; f may change the state. No request calls it after Before(nil).
func (s *Server) Before(f func(n int, call Call, state *State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = f
}

// Pause is like Before, and f may send requests itself.
func (s *Server) Pause(f func(n int, call Call)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pause = f
}

// Settle waits for the requests that are being answered, also for a client that
// has left. A request on its way may come later.
func (s *Server) Settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.underWay > 0 {
		s.settled.Wait()
	}
}

func (s *Server) enter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.underWay++
}

func (s *Server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.underWay--; s.underWay == 0 {
		s.settled.Broadcast()
	}
}

// Reset starts again with another state.
func (s *Server) Reset(state State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.calls, s.count, s.serial = state, nil, 0, 0
	s.before, s.pause = nil, nil
	clear(s.faults)
}

// Heal takes all faults back.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.faults)
}

// Calls returns what was asked so far.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// Forget empties Calls.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = nil
}

// Count is the number of requests so far, those that failed too.
func (s *Server) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Violations are the requests and answers that are not as described.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.violations...)
}

// State returns a copy of the state.
func (s *Server) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.clone()
}

// Change changes the state as another user of Palette would.
func (s *Server) Change(change func(*State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.state)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.enter()
	defer s.leave()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.count++
	n := s.count
	fault := s.faults[n]
	delete(s.faults, n)
	pause := s.pause
	s.mu.Unlock()

	switch fault {
	case CutBefore:
		panic(http.ErrAbortHandler)
	case TooMany:
		w.Header().Set("Retry-After", "0")
	}
	call := Call{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Body: string(body)}
	if pause != nil {
		pause(n, call)
	}
	answer, done := s.answer(n, fault, call, r, body)
	call.Status, call.Done = answer.Code, done
	s.mu.Lock()
	s.calls = append(s.calls, call)
	s.mu.Unlock()
	deliver(w, answer, fault)
}

func deliver(w http.ResponseWriter, answer *httptest.ResponseRecorder, fault Fault) {
	for key, values := range answer.Header() {
		w.Header()[key] = values
	}
	body := answer.Body.Bytes()
	switch fault {
	case CutAfter:
		panic(http.ErrAbortHandler)
	case CutBody:
		w.Header().Set("Content-Length", strconv.Itoa(len(body)+10))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler)
	case NotJSON:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "<html>a proxy's own page</html>")
		return
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(body)
}

func (s *Server) answer(n int, fault Fault, call Call, r *http.Request, body []byte) (rec *httptest.ResponseRecorder, done bool) {
	rec = httptest.NewRecorder()
	switch fault {
	case TooMany:
		s.fail(rec, http.StatusTooManyRequests, "TooManyRequests", "too many requests")
		return rec, done
	case ServerError:
		s.fail(rec, http.StatusInternalServerError, "InternalError", "something broke")
		return rec, done
	case Expired:
		s.fail(rec, http.StatusUnauthorized, "ApiKeyExpired", "the api key "+r.Header.Get("ApiKey")+" has expired")
		return rec, done
	case Conflict:
		s.fail(rec, http.StatusConflict, "ResourceConflict", "the resource was changed by another request")
		return rec, done
	}
	if !s.authorized(r) {
		s.fail(rec, http.StatusUnauthorized, "InvalidApiKey", "the api key is not valid")
		return rec, done
	}
	input, err := s.validRequest(r, body)
	if err != nil {
		s.violation("request %s %s: %s", r.Method, r.URL, err)
		s.fail(rec, http.StatusBadRequest, "InvalidRequest", "the request is not as described")
		return rec, done
	}
	s.mu.Lock()
	if s.before != nil {
		s.before(n, call, &s.state)
	}
	s.handle(rec, input, body)
	done = rec.Code < 300
	s.mu.Unlock()
	if fault == ErrorAfter {
		rec = httptest.NewRecorder()
		s.fail(rec, http.StatusInternalServerError, "InternalError", "something broke")
	}
	s.checkAnswer(input, rec)
	return rec, done
}

func (s *Server) authorized(r *http.Request) bool {
	same := func(have, want string) bool {
		return want != "" && subtle.ConstantTimeCompare([]byte(have), []byte(want)) == 1
	}
	return same(r.Header.Get("ApiKey"), s.Key) || same(r.Header.Get("Authorization"), s.Token)
}

func (s *Server) fail(w http.ResponseWriter, status int, code, message string) {
	write(w, status, map[string]any{"code": code, "message": message, "ref": "ref-0001", "details": map[string]any{}})
}

func write(w http.ResponseWriter, status int, body any) {
	if body == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// now is a clock that each write moves by a second, so that runs are the same.
func (s *Server) now() time.Time {
	s.serial++
	return time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC).Add(time.Duration(s.serial) * time.Second)
}

func (s *Server) uid() string {
	s.serial++
	return fmt.Sprintf("uid-%06d", s.serial)
}
