package fakeaws

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
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

// listing is a result that is paged through.
type listing struct {
	key    string // the action and its parameters
	items  []any
	offset int
	page   int
	paused bool // an empty page was given at this offset
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

// request is what a handler of one action needs.
type request struct {
	service, action, region, account string
	params                           params
	body                             []byte // of a JSON service
	page                             int
	fault                            string
	authorization                    string // what a signature error repeats
}

// apiError is an error of any of the services.
type apiError struct {
	status  int
	code    string
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

func fail(status int, code, format string, args ...any) *apiError {
	return &apiError{status, code, fmt.Sprintf(format, args...)}
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

// parse finds out what is asked and by whom. The request is nil when that
// cannot be told.
func (s *Server) parse(r *http.Request) (*request, *apiError) {
	key, region, service, ok := scope(r.Header.Get("Authorization"))
	if !ok {
		return nil, fail(http.StatusForbidden, "MissingAuthenticationToken", "request is missing a credential scope")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil, fail(http.StatusBadRequest, "IncompleteBody", "%v", err)
	}
	req := &request{service: service, region: region, body: body, page: 1,
		authorization: "x-amz-security-token:" + r.Header.Get("X-Amz-Security-Token") + " " + r.Header.Get("Authorization")}
	switch service {
	case "ec2", "sts":
		req.params = parseParams(string(body))
		req.action = req.params.get("Action")
	case "imagebuilder":
		req.action = strings.TrimPrefix(r.URL.Path, "/")
		if r.Method == http.MethodGet {
			req.params = parseParams(r.URL.RawQuery)
		}
	case "ssm":
		req.action = strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSSM.")
	default:
		return nil, fail(http.StatusNotFound, "UnknownService", "no service %q here", service)
	}
	account, known := s.account(key)
	req.account = account
	req.page = s.pageOf(req)
	if !known {
		return req, unknownKey(service)
	}
	return req, nil
}

// scope reads Credential=AKID/20260102/us-east-1/ec2/aws4_request.
func scope(authorization string) (key, region, service string, ok bool) {
	_, rest, found := strings.Cut(authorization, "Credential=")
	if !found {
		return "", "", "", false
	}
	credential, _, _ := strings.Cut(rest, ",")
	parts := strings.Split(strings.TrimSpace(credential), "/")
	if len(parts) != 5 {
		return "", "", "", false
	}
	return parts[0], parts[2], parts[3], true
}

func (s *Server) account(key string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if account, ok := s.sessions[key]; ok {
		return account, true
	}
	if account, ok := s.world.Keys[key]; ok {
		return account, true
	}
	return s.world.Account, len(s.world.Keys) == 0
}

// check refuses what AWS refuses before it looks at the action.
func (s *Server) check(r *http.Request, req *request) *apiError {
	signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return fail(http.StatusForbidden, "MissingAuthenticationToken", "X-Amz-Date is missing")
	}
	if skew := s.clock().Sub(signed); skew.Abs() > 5*time.Minute {
		return skewed(req.service, signed, s.clock())
	}
	if !s.regionEnabled(req) {
		return unknownKey(req.service)
	}
	action := req.service + ":" + req.action
	if len(s.world.Allow) > 0 && !slices.Contains(s.world.Allow, action) && req.service != "sts" {
		return denied(req)
	}
	return nil
}

func (s *Server) regionEnabled(req *request) bool {
	if len(s.world.Regions) == 0 || req.service == "sts" {
		return true
	}
	return slices.ContainsFunc(s.world.Regions, func(r Region) bool {
		return r.Name == req.region && r.OptIn != "not-opted-in"
	})
}

func skewed(service string, signed, now time.Time) *apiError {
	const layout = "20060102T150405Z"
	switch service {
	case "ec2":
		return unknownKey(service)
	case "sts":
		return fail(http.StatusForbidden, "SignatureDoesNotMatch", "Signature expired: %s is now earlier than %s",
			signed.UTC().Format(layout), now.UTC().Format(layout))
	}
	return fail(http.StatusForbidden, "InvalidSignatureException", "Signature expired: %s is now earlier than %s",
		signed.UTC().Format(layout), now.UTC().Format(layout))
}

func unknownKey(service string) *apiError {
	switch service {
	case "ec2":
		return fail(http.StatusUnauthorized, "AuthFailure", "AWS was not able to validate the provided access credentials")
	case "sts":
		return fail(http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid.")
	}
	return fail(http.StatusForbidden, "UnrecognizedClientException", "The security token included in the request is invalid.")
}

func denied(req *request) *apiError {
	action := req.service + ":" + req.action
	text := fmt.Sprintf("User: arn:aws:iam::%s:user/test is not authorized to perform: %s because no identity-based policy allows the %s action",
		req.account, action, action)
	if req.service == "ec2" {
		return fail(http.StatusForbidden, "UnauthorizedOperation", "You are not authorized to perform this operation. %s", text)
	}
	return fail(http.StatusForbidden, "AccessDeniedException", "%s", text)
}

// fault says which fault this call gets, if any.
func (s *Server) fault(req *request) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.world.Faults {
		if !f.matches(req) {
			continue
		}
		if f.Every > 1 && !s.due(i, req) {
			continue
		}
		if f.Times > 0 && s.faulted[i] >= f.Times {
			continue
		}
		s.faulted[i]++
		return f.Kind
	}
	return ""
}

// due reports whether this is the first try of the n-th call that fault i matches.
func (s *Server) due(i int, req *request) bool {
	call := strings.Join([]string{req.service, req.action, req.region, string(req.body)}, "\x00")
	if s.met[i][call] {
		return false
	}
	if s.met[i] == nil {
		s.met[i] = map[string]bool{}
	}
	s.met[i][call] = true
	return len(s.met[i])%s.world.Faults[i].Every == 0
}

func (f Fault) matches(req *request) bool {
	return (f.Service == "" || f.Service == req.service) &&
		(f.Action == "" || f.Action == req.action) &&
		(f.Region == "" || f.Region == req.region) &&
		(f.Account == "" || f.Account == req.account) &&
		req.page >= f.FromPage
}

// injected turns a fault into the error that the service in question sends.
func injected(req *request) *apiError {
	switch req.fault {
	case "throttle":
		switch req.service {
		case "ec2":
			return fail(http.StatusServiceUnavailable, "RequestLimitExceeded", "Request limit exceeded.")
		case "imagebuilder":
			return fail(http.StatusTooManyRequests, "CallRateLimitExceededException", "You have exceeded the permitted request rate for the specific operation.")
		}
		return fail(http.StatusBadRequest, "ThrottlingException", "Rate exceeded")
	case "serverError":
		if req.service == "imagebuilder" {
			return fail(http.StatusInternalServerError, "ServiceException", "This exception is thrown when the service encounters an unrecoverable exception.")
		}
		return fail(http.StatusInternalServerError, "InternalError", "An internal error has occurred.")
	case "expireToken":
		return badToken(req.service)
	case "deny":
		return denied(req)
	case "leakSignature":
		// AWS repeats the signed request, session token included.
		return fail(http.StatusForbidden, "SignatureDoesNotMatch",
			"The request signature we calculated does not match the signature you provided. The Canonical String for this request should have been 'POST / host:ec2 %s'", req.authorization)
	case "expiredCredentials":
		if req.service == "ec2" {
			return fail(http.StatusBadRequest, "RequestExpired", "Request has expired.")
		}
		return fail(http.StatusForbidden, "ExpiredTokenException", "The security token included in the request is expired")
	}
	return nil
}

func badToken(service string) *apiError {
	switch service {
	case "ec2":
		return fail(http.StatusBadRequest, "InvalidNextToken", "The token is not valid or has expired.")
	case "imagebuilder":
		return fail(http.StatusBadRequest, "InvalidPaginationTokenException", "You have provided an invalid pagination token in your request.")
	}
	return fail(http.StatusBadRequest, "InvalidNextToken", "The specified token isn't valid.")
}

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

// page returns one page of a listing and the token of the next. items is only
// called for the first page, so that a listing is stable while it is read.
func (s *Server) pageThrough(key, token string, size int, service string, items func() []any) (page []any, next string, err *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &listing{key: key}
	if token == "" {
		l.items = items()
	} else {
		var ok bool
		if l, ok = s.listings[token]; !ok || l.key != key {
			return nil, "", badToken(service)
		}
	}
	if s.world.EmptyPages && !l.paused {
		next = s.token()
		s.listings[next] = &listing{key: key, items: l.items, offset: l.offset, page: l.page + 1, paused: true}
		return nil, next, nil
	}
	if most := s.world.PageSize; most > 0 && (size == 0 || size > most) {
		size = most
	}
	end := len(l.items)
	if size > 0 {
		end = min(end, l.offset+size)
	}
	page = l.items[l.offset:end]
	if end < len(l.items) {
		next = s.token()
		s.listings[next] = &listing{key: key, items: l.items, offset: end, page: l.page + 1}
	}
	return page, next, nil
}

// pageOf says which page of a listing a request asks for, from 1.
func (s *Server) pageOf(req *request) int {
	token := req.params.get("NextToken")
	if token == "" && len(req.body) > 0 && req.body[0] == '{' {
		var body struct {
			NextToken string `json:"nextToken"`
		}
		_ = json.Unmarshal(req.body, &body)
		token = body.NextToken
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if l, ok := s.listings[token]; ok {
		return l.page + 1
	}
	return 1
}

// token returns a fresh opaque token. The caller holds the lock.
func (s *Server) token() string {
	s.serial++
	return "AAMA-EFRSURBSGh" + s.scramble(fmt.Sprint("token", s.serial))
}

// scramble returns text that depends on the seed: it orders results in a way
// that clients cannot rely on.
func (s *Server) scramble(text string) string { return scramble(text, s.world.Seed) }

func scramble(text string, seed uint64) string {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], seed)
	sum := sha256.Sum256(append(b[:], text...))
	return hex.EncodeToString(sum[:])
}
