package legal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
)

// Recorder keeps the good answers of a fake, by operation.
type Recorder struct {
	Next http.Handler
	// Operation names what a request asks for; "" is not kept. It may read the body.
	Operation func(*http.Request) string

	mu      sync.Mutex
	answers map[string][][]byte
}

// Answers returns the answers so far by the names of their operations.
func (r *Recorder) Answers() map[string][][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.answers)
}

func (r *Recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	name, err := peek(request, r.Operation)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer := answerOf(r.Next, request)
	if name != "" && good(answer) {
		r.mu.Lock()
		if r.answers == nil {
			r.answers = map[string][][]byte{}
		}
		r.answers[name] = append(r.answers[name], slices.Clone(answer.Body.Bytes()))
		r.mu.Unlock()
	}
	send(w, answer, answer.Body.Bytes())
}

// Varied applies a variation to the good answers of a fake.
type Varied struct {
	Next http.Handler
	// Match tells which requests are answered so; nil means all. It may read the body.
	Match     func(*http.Request) bool
	Variation Variation

	changed atomic.Int64
}

// Changed is how many answers the variation changed. A test where it is 0 has
// tried nothing.
func (v *Varied) Changed() int { return int(v.changed.Load()) }

func (v *Varied) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	matches := true
	var err error
	if v.Match != nil {
		matches, err = peek(request, v.Match)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer := answerOf(v.Next, request)
	body := answer.Body.Bytes()
	if matches && good(answer) {
		if body, err = v.vary(body); err != nil {
			http.Error(w, fmt.Sprintf("vary the answer of %s: %v", request.URL.Path, err), http.StatusInternalServerError)
			return
		}
	}
	send(w, answer, body)
}

func (v *Varied) vary(body []byte) ([]byte, error) {
	doc, err := parse(body)
	if err != nil {
		return nil, err
	}
	same, err := doc.bytes()
	if err != nil {
		return nil, err
	}
	changed, err := v.Variation.Apply(body)
	if err == nil && !bytes.Equal(same, changed) {
		v.changed.Add(1)
	}
	return changed, err
}

// peek asks a question of a request, and leaves the request's body unread.
func peek[T any](request *http.Request, question func(*http.Request) T) (T, error) {
	body, err := io.ReadAll(request.Body)
	if err = errors.Join(err, request.Body.Close()); err != nil {
		return *new(T), err
	}
	asked := request.Clone(request.Context())
	asked.Body = io.NopCloser(bytes.NewReader(body))
	answer := question(asked)
	request.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

func answerOf(next http.Handler, request *http.Request) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	next.ServeHTTP(recorder, request)
	return recorder
}

func good(answer *httptest.ResponseRecorder) bool {
	return answer.Code >= 200 && answer.Code < 300 && len(bytes.TrimSpace(answer.Body.Bytes())) > 0
}

func send(w http.ResponseWriter, answer *httptest.ResponseRecorder, body []byte) {
	maps.Copy(w.Header(), answer.Header())
	if len(body) > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(body)
}
