package fakepalette

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette/api/contract"
)

// description is what requests and answers are checked by.
type description struct {
	router      routers.Router
	answers     map[string]*openapi3.Schema
	errorSchema *openapi3.Schema
}

// All servers of a process have the same two: reading one takes longer than most tests.
var (
	today    = sync.OnceValues(func() (*description, error) { return describe(func(*openapi3.Schema) {}) })
	tomorrow = sync.OnceValues(func() (*description, error) { return describe(open) })
)

func describe(adjust func(*openapi3.Schema)) (*description, error) {
	doc, err := contract.Document()
	if err != nil {
		return nil, err
	}
	for _, schema := range doc.Components.Schemas {
		adjust(schema.Value)
	}
	d := &description{answers: map[string]*openapi3.Schema{}}
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			d.answers[operation.OperationID] = success(operation)
		}
	}
	// Unknown fields are an error: the description allows them by not saying no.
	for _, schema := range doc.Components.Schemas {
		strict(schema.Value)
	}
	if d.router, err = legacy.NewRouter(doc); err != nil {
		return nil, err
	}
	d.errorSchema, err = contract.Error()
	return d, err
}

func open(schema *openapi3.Schema) {
	schema.Enum = nil
	for _, property := range schema.Properties {
		if property.Ref == "" {
			open(property.Value)
		}
	}
}

func success(operation *openapi3.Operation) *openapi3.Schema {
	for _, status := range []int{http.StatusOK, http.StatusCreated} {
		if response := operation.Responses.Status(status); response != nil && response.Value.Content["application/json"] != nil {
			return response.Value.Content["application/json"].Schema.Value
		}
	}
	return nil
}

func strict(schema *openapi3.Schema) {
	if schema == nil || len(schema.Properties) == 0 {
		return
	}
	if schema.AdditionalProperties.Has == nil && schema.AdditionalProperties.Schema == nil {
		schema.AdditionalProperties = openapi3.AdditionalProperties{Has: openapi3.Ptr(false)}
	}
	for _, property := range schema.Properties {
		if property.Ref == "" {
			strict(property.Value)
		}
	}
}

// Operation returns the name that the description gives to a request.
func (s *Server) Operation(r *http.Request) string {
	route, _, err := s.router.FindRoute(r)
	if err != nil {
		return ""
	}
	return route.Operation.OperationID
}

// Answer returns the description of what an operation answers when it succeeds.
func (s *Server) Answer(operation string) *openapi3.Schema { return s.answers[operation] }

func (s *Server) validRequest(r *http.Request, body []byte) (*openapi3filter.RequestValidationInput, error) {
	route, params, err := s.router.FindRoute(r)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	input := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			MultiError: true, SkipSettingDefaults: true, RejectWhenRequestBodyNotSpecified: true,
			IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		},
	}
	if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
		return nil, err
	}
	// What the library lets pass: parameters that the description does not know.
	for name := range r.URL.Query() {
		if !hasQuery(route, name) {
			return nil, fmt.Errorf("query parameter %q is not described", name)
		}
	}
	return input, nil
}

func hasQuery(route *routers.Route, name string) bool {
	for _, list := range []openapi3.Parameters{route.Operation.Parameters, route.PathItem.Parameters} {
		if list.GetByInAndName(openapi3.ParameterInQuery, name) != nil {
			return true
		}
	}
	return false
}

// checkAnswer validates the fake itself: a success by its operation, a failure
// by the schema of errors. Most answers are given many times, and are looked at once.
func (s *Server) checkAnswer(input *openapi3filter.RequestValidationInput, rec *httptest.ResponseRecorder) {
	key := answerKey{input.Route.Operation.OperationID, rec.Code, rec.Header().Get("Content-Type"), sha256.Sum256(rec.Body.Bytes())}
	if _, good := s.checked.Load(key); good {
		return
	}
	var err error
	if rec.Code >= http.StatusBadRequest {
		var body any
		if err = json.Unmarshal(rec.Body.Bytes(), &body); err == nil {
			err = s.errorSchema.VisitJSON(body)
		}
	} else {
		answer := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: input, Status: rec.Code, Header: rec.Header(), Options: input.Options,
		}
		answer.SetBodyBytes(rec.Body.Bytes())
		err = openapi3filter.ValidateResponse(context.Background(), answer)
	}
	if err != nil {
		s.violation("answer %d to %s %s: %s", rec.Code, input.Request.Method, input.Request.URL, err)
		return
	}
	s.checked.Store(key, true)
}

// answerKey is all that checkAnswer looks at.
type answerKey struct {
	operation string
	status    int
	media     string
	body      [sha256.Size]byte
}

// Violate adds to Violations what a caller found.
func (s *Server) Violate(text string) { s.violation("%s", text) }

func (s *Server) violation(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.violations = append(s.violations, fmt.Sprintf(format, args...))
}
