package palette_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// replacement is another answer to one request.
type replacement struct {
	// at is the request, from 1; times is how many requests of that kind from there.
	at, times int
	// carried tells whether a write is carried out nevertheless.
	carried bool
	status  int
	kind    string
	cut     string
	delay   time.Duration
	earlier bool
	other   bool
}

func (r replacement) String() string {
	return fmt.Sprintf("request %d (%d times): status %d, body %s, cut %q, delay %s, carried %v, earlier %v, other %v", r.at, r.times, r.status, r.kind, r.cut, r.delay, r.carried, r.earlier, r.other)
}

// randomReplacement is an answer that a service, a proxy or a replica may give.
func randomReplacement(r *rand.Rand) replacement {
	one := replacement{at: 1 + r.IntN(26), times: 1 + r.IntN(2)*r.IntN(12)}
	switch r.IntN(6) {
	case 0:
		one.cut = pick(r, "before", "after", "body")
	case 1:
		one.delay, one.carried = 150*time.Millisecond, r.IntN(2) == 0
	case 2:
		one.earlier = true
	case 3:
		one.other = true
	default:
		one.status = pick(r, 200, 200, 201, 204, 301, 400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504)
		one.kind = pick(r, "own", "empty", "{}", "null", "[]", `{"items": []}`, `{"uid": ""}`, "html", "text", "error", "half")
		// What was refused was not carried out.
		one.carried = (one.status < 300 || one.status >= 500) && r.IntN(2) == 0
	}
	return one
}

func pick[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

// replacing answers otherwise in front of a fake.
type replacing struct {
	fake *fakepalette.Server
	// next is the fake, or another that replaces answers.
	next http.Handler
	replacement
	mu    sync.Mutex
	count int
	left  int
	kind  string
	// first are the first answers to each GET, and all profiles that were read.
	first    map[string][]byte
	profiles map[string][]byte
	replaced int
}

func (h *replacing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client did not wait
	}
	operation := h.fake.Operation(r)
	if !h.chosen(operation) {
		rec := h.pass(r, body)
		write(w, rec.Code, rec.Header(), rec.Body.Bytes())
		return
	}
	h.answer(w, r, body)
}

// chosen tells whether this answer is replaced: the nth, and later ones of its kind.
func (h *replacing) chosen(operation string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count++
	if h.count == h.at {
		h.left, h.kind = h.times, operation
	}
	if h.left == 0 || operation != h.kind {
		return false
	}
	h.left--
	h.replaced++
	return true
}

func (h *replacing) pass(r *http.Request, body []byte) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	if h.abort(rec, again) {
		panic(http.ErrAbortHandler)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.Method == http.MethodGet && rec.Code == http.StatusOK {
		if _, ok := h.first[r.URL.String()]; !ok {
			h.first[r.URL.String()] = rec.Body.Bytes()
		}
		if h.fake.Operation(r) == "v1ClusterProfilesGet" {
			h.profiles[r.URL.Path] = rec.Body.Bytes()
		}
	}
	return rec
}

// abort passes a request on, and tells whether it was cut.
func (h *replacing) abort(w http.ResponseWriter, r *http.Request) (cut bool) {
	defer func() { cut = recover() != nil }()
	h.next.ServeHTTP(w, r)
	return false
}

func (h *replacing) answer(w http.ResponseWriter, r *http.Request, body []byte) {
	switch {
	case h.cut == "before":
		panic(http.ErrAbortHandler)
	case h.earlier:
		h.before(w, r, body)
		return
	case h.other:
		h.elsewhere(w, r, body)
		return
	case h.status >= 300 && !h.carried, h.status < 300 && h.status > 0 && !h.carried && r.Method != http.MethodGet:
		h.write(w, httptest.NewRecorder())
		return
	case h.delay > 0 && !h.carried:
		h.wait(r)
		return
	}
	rec := h.pass(r, body)
	switch {
	case h.delay > 0:
		h.wait(r)
	case h.cut == "after":
		panic(http.ErrAbortHandler)
	case h.cut == "body":
		w.Header().Set("Content-Length", fmt.Sprint(rec.Body.Len()+10))
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
		panic(http.ErrAbortHandler)
	default:
		h.write(w, rec)
	}
}

// wait answers too late.
func (h *replacing) wait(r *http.Request) {
	timer := time.NewTimer(h.delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
	panic(http.ErrAbortHandler)
}

// before answers as at first, like a replica that lags.
func (h *replacing) before(w http.ResponseWriter, r *http.Request, body []byte) {
	h.mu.Lock()
	first, ok := h.first[r.URL.String()]
	h.mu.Unlock()
	if !ok || r.Method != http.MethodGet {
		rec := h.pass(r, body)
		write(w, rec.Code, rec.Header(), rec.Body.Bytes())
		return
	}
	write(w, http.StatusOK, http.Header{"Content-Type": {"application/json"}}, first)
}

// elsewhere answers with another profile.
func (h *replacing) elsewhere(w http.ResponseWriter, r *http.Request, body []byte) {
	h.mu.Lock()
	for path, other := range h.profiles {
		if h.fake.Operation(r) == "v1ClusterProfilesGet" && path != r.URL.Path {
			h.mu.Unlock()
			write(w, http.StatusOK, http.Header{"Content-Type": {"application/json"}}, other)
			return
		}
	}
	h.mu.Unlock()
	rec := h.pass(r, body)
	write(w, rec.Code, rec.Header(), rec.Body.Bytes())
}

func (h *replacing) write(w http.ResponseWriter, rec *httptest.ResponseRecorder) {
	header := http.Header{"Content-Type": {"application/json"}}
	var body string
	switch kind := h.replacement.kind; kind {
	case "own":
		body = rec.Body.String()
	case "half":
		body = rec.Body.String()[:rec.Body.Len()/2]
	case "html":
		header.Set("Content-Type", "text/html")
		body = "<html><title>Sign in</title></html>"
	case "text":
		header.Set("Content-Type", "text/plain")
		body = "try later"
	case "error":
		body = `{"code": "Broken", "message": "it broke, key ` + canary + `", "ref": "1"}`
	case "empty":
	default:
		body = kind
	}
	if h.status == http.StatusNoContent {
		body = ""
	}
	if h.status == http.StatusMovedPermanently {
		header.Set("Location", "https://elsewhere.example.com/")
	}
	write(w, h.status, header, []byte(body))
}

func write(w http.ResponseWriter, status int, header http.Header, body []byte) {
	for name, values := range header {
		w.Header()[name] = values
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
