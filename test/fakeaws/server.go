package fakeaws

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Call is one request that the fake answered.
type Call struct {
	Service string `json:"service"`
	Action  string `json:"action"`
	Region  string `json:"region"`
	Account string `json:"account"`
	// Page is 1 for the first page of a listing.
	Page int `json:"page"`
	// Fault is the kind that was injected, or empty.
	Fault string `json:"fault,omitempty"`
}

// Server answers for all services and regions on one address: SDKs send the
// service and the region within the Authorization header.
type Server struct {
	now func() time.Time

	mu       sync.Mutex
	world    World
	offset   time.Duration
	amis     map[string][]*ami // by region
	calls    []Call
	met      []map[string]bool // matching calls so far, by fault
	faulted  []int             // injections so far, by fault
	listings map[string]*listing
	sessions map[string]string // access key id of an assumed role -> account
	serial   int
	seen     map[string]int // calls by region, for eventual consistency

	done chan struct{}
	once sync.Once
}

// New returns a handler that serves w. now is the clock that signatures are
// checked against.
func New(w World, now func() time.Time) (*Server, error) {
	if err := w.complete(); err != nil {
		return nil, err
	}
	s := &Server{
		now: now, world: w,
		amis: map[string][]*ami{},
		met:  make([]map[string]bool, len(w.Faults)), faulted: make([]int, len(w.Faults)),
		listings: map[string]*listing{}, sessions: map[string]string{}, seen: map[string]int{},
		done: make(chan struct{}),
	}
	if w.ClockOffset != "" {
		offset, err := time.ParseDuration(w.ClockOffset)
		if err != nil {
			return nil, fmt.Errorf("clockOffset: %w", err)
		}
		s.offset = offset
	}
	for i := range w.AMIs {
		a := newAMI(&w.AMIs[i], w.Seed)
		s.amis[a.Region] = append(s.amis[a.Region], a)
	}
	for _, list := range s.amis {
		slices.SortFunc(list, func(a, b *ami) int { return strings.Compare(a.order, b.order) })
	}
	return s, nil
}

// Close ends the calls that hang.
func (s *Server) Close() { s.once.Do(func() { close(s.done) }) }

// Calls returns the calls so far.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// ServeHTTP answers a call of an SDK, or of a test that asks what was called.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/_fake/calls" {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.Calls())
		return
	}
	w.Header().Set("Date", s.clock().UTC().Format(http.TimeFormat))
	req, err := s.parse(r)
	if req == nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	req.fault = s.fault(req)
	s.record(req)
	switch req.fault {
	case "hang":
		select {
		case <-r.Context().Done():
		case <-s.done:
		}
		return
	case "closeConnection":
		panic(http.ErrAbortHandler)
	}
	if err == nil {
		err = s.check(r, req)
	}
	if err == nil {
		err = injected(req)
	}
	var body []byte
	if err == nil {
		body, err = s.answer(req)
	}
	s.write(w, req, body, err)
}

func (s *Server) write(w http.ResponseWriter, req *request, body []byte, err *apiError) {
	w.Header().Set("Content-Type", contentType(req.service))
	status := http.StatusOK
	if err != nil {
		status = err.status
		body = errorBody(w.Header(), req.service, err)
	}
	switch req.fault {
	case "cut":
		body = body[:len(body)/2]
	case "empty":
		body = nil
	case "prolog":
		body = []byte("\n")
		if contentType(req.service) == contentType("ec2") {
			body = []byte(xml.Header)
		}
	case "text":
		w.Header().Set("Content-Type", "text/plain")
		body = []byte("Access to this site is blocked.\n")
	case "noContent":
		status, body = http.StatusNoContent, nil
	case "xmlPage":
		w.Header().Set("Content-Type", "application/xhtml+xml")
		body = []byte(xml.Header + "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\"><body>" +
			strings.Repeat("<p>Welcome to the guest network</p>\n", 100) + "</body></html>\n") // longer than what clients look at first
	case "webPage":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		body = []byte("<!DOCTYPE html>\n<html><body>Welcome to the guest network</body></html>\n")
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	if req.fault == "truncate" {
		_, _ = w.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body)
}

func contentType(service string) string {
	switch service {
	case "imagebuilder":
		return "application/json"
	case "ssm":
		return "application/x-amz-json-1.1"
	}
	return "text/xml;charset=UTF-8"
}

func (s *Server) clock() time.Time { return s.now().Add(s.offset) }

func (s *Server) record(req *request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, Call{
		Service: req.service, Action: req.action, Region: req.region,
		Account: req.account, Page: req.page, Fault: req.fault,
	})
}

func (s *Server) answer(req *request) ([]byte, *apiError) {
	for _, r := range s.world.Recorded {
		if r.Service == req.service && r.Action == req.action && r.Region == req.region {
			return r.Answer, nil
		}
	}
	switch req.service + ":" + req.action {
	case "ec2:DescribeImages":
		return s.describeImages(req)
	case "ec2:DescribeRegions":
		return s.describeRegions(req)
	case "imagebuilder:ListImagePipelines":
		return s.listImagePipelines(req)
	case "imagebuilder:ListImagePipelineImages":
		return s.listImagePipelineImages(req)
	case "imagebuilder:ListImages":
		return s.listImages(req)
	case "imagebuilder:ListImageBuildVersions":
		return s.listImageBuildVersions(req)
	case "imagebuilder:GetImage":
		return s.getImage(req)
	case "ssm:GetParameters":
		return s.getParameters(req)
	case "ssm:GetParameter":
		return s.getParameter(req)
	case "sts:GetCallerIdentity":
		return s.getCallerIdentity(req)
	case "sts:AssumeRole":
		return s.assumeRole(req)
	}
	return nil, fail(http.StatusBadRequest, "InvalidAction", "The action %s is not valid for this web service.", req.action)
}
