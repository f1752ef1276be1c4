// Package fakeazure is an Azure for tests: Resource Manager's reading of
// galleries, images and image templates behind an HTTPS server on loopback, with
// an identity service that gives tokens. What goes over the wire is marshalled by
// the fakes of Azure's own SDK (armcompute/fake, armvirtualmachineimagebuilder/fake);
// this package gives them an estate, paging that keeps no state, the permission
// that each path needs, and faults.
package fakeazure

import (
	"cmp"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// Options of a Server.
type Options struct {
	Estate *Estate
	// PageSize is how many items a page of a list has; 100 when zero.
	PageSize int
	// Secret that a client must show to get a token; any when empty.
	Secret string
	// Token that the identity service gives.
	Token string
	// Denied are actions that the account lacks.
	Denied []string
	Faults []Fault
}

// Fault makes some requests fail.
type Fault struct {
	// Match is a part of the path, without regard to case. Empty matches all.
	Match string `json:"match"`
	// Page restricts it to one page of a list, counted from 1.
	Page int `json:"page,omitempty"`
	// Every restricts it to the first try of every n-th matching request. A try
	// again is the same request, so what comes at the same time changes nothing.
	Every int `json:"every,omitempty"`
	// Times restricts it to the first n requests that it would hit; 0 is no bound.
	Times int `json:"times,omitempty"`

	Status int    `json:"status,omitempty"`
	Code   string `json:"code,omitempty"`
	// Message is what the error says; by default that it is the fake's.
	Message string `json:"message,omitempty"`
	// Body stands in place of Azure's error, as what is in between answers.
	Body *string `json:"body,omitempty"`
	// RetryAfter is the header's value, in seconds.
	RetryAfter string `json:"retryAfter,omitempty"`
	// Hang answers only when the client has gone.
	Hang bool `json:"hang,omitempty"`
	// Hangs is called before; nil will do.
	Hangs func() `json:"-"`
	// NextLink gives the answer a link to the next page at this address.
	NextLink string `json:"nextLink,omitempty"`

	seen map[string]bool // URLs, for Every
	hit  int
}

// Server is the fake. It is safe for concurrent use.
type Server struct {
	options Options
	http    *httptest.Server

	mu      sync.Mutex
	actions map[string]int
	paths   []string
	tokens  int
	busy    int
	most    int
	// notBefore is when a throttled URL may be asked for again.
	notBefore map[string]time.Time
	impatient int
	// varied has the subscriptions whose answers are changed; changed those that were.
	varied  map[string]*Varied
	changed map[string]bool
}

// Start serves on a free port of 127.0.0.1 until Close.
func Start(o Options) *Server {
	if o.PageSize == 0 {
		o.PageSize = 100
	}
	if o.Token == "" {
		o.Token = "fake-azure-token"
	}
	if o.Estate == nil {
		o.Estate = &Estate{}
	}
	s := &Server{options: o, actions: map[string]int{}, notBefore: map[string]time.Time{}}
	s.http = httptest.NewUnstartedServer(s)
	// A client that ends in the middle of a handshake is nothing to tell.
	s.http.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.http.StartTLS()
	return s
}

// Close stops the server.
func (s *Server) Close() { s.http.CloseClientConnections(); s.http.Close() }

// URL is the base URL of both Resource Manager and the identity service.
func (s *Server) URL() string { return s.http.URL }

// Client trusts the server's certificate.
func (s *Server) Client() *http.Client { return s.http.Client() }

// WriteCA writes the server's certificate to a file, for SSL_CERT_FILE.
func (s *Server) WriteCA(file string) error {
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.http.Certificate().Raw}), 0o600)
}

// Environment returns the variables that make a client use this server, which
// trusts caFile.
func (s *Server) Environment(caFile string) map[string]string {
	secret := s.options.Secret
	if secret == "" {
		secret = "any"
	}
	return map[string]string{
		"AZURE_SUBSCRIPTION_ID":           s.options.Estate.subscription(),
		"AZURE_RESOURCE_MANAGER_ENDPOINT": s.URL(),
		"AZURE_AUTHORITY_HOST":            s.URL(),
		"AZURE_TENANT_ID":                 "11111111-1111-1111-1111-111111111111",
		"AZURE_CLIENT_ID":                 "22222222-2222-2222-2222-222222222222",
		"AZURE_CLIENT_SECRET":             secret,
		"AZURE_TOKEN_CREDENTIALS":         "EnvironmentCredential",
		"SSL_CERT_FILE":                   caFile,
	}
}

// Stats are counts since the start.
type Stats struct {
	Requests int            `json:"requests"`
	Tokens   int            `json:"tokens"`
	MostBusy int            `json:"mostBusy"`
	Actions  map[string]int `json:"actions"`
	// Impatient counts requests that came again before their Retry-After.
	Impatient int `json:"impatient"`
}

// Stats returns what was asked so far.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{
		Requests: len(s.paths), Tokens: s.tokens, MostBusy: s.most, Actions: maps.Clone(s.actions), Impatient: s.impatient,
	}
}

// Paths returns the paths of the requests so far, in order.
func (s *Server) Paths() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.paths)
}

// ServeHTTP answers as Azure does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/_fake/stats":
		writeJSON(w, http.StatusOK, s.Stats())
	case strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration"):
		s.discovery(w, r)
	case strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token"):
		s.token(w, r)
	case s.vary(w, r):
	default:
		s.resourceManager(w, r, s.options.PageSize)
	}
}

func (s *Server) discovery(w http.ResponseWriter, r *http.Request) {
	tenant := strings.Split(strings.Trim(r.URL.Path, "/"), "/")[0]
	base := "https://" + r.Host + "/" + tenant
	writeJSON(w, http.StatusOK, map[string]string{
		"issuer": base + "/v2.0", "authorization_endpoint": base + "/oauth2/v2.0/authorize",
		"token_endpoint": base + "/oauth2/v2.0/token",
	})
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.tokens++
	s.mu.Unlock()
	if err := r.ParseForm(); err != nil || (s.options.Secret != "" && r.PostForm.Get("client_secret") != s.options.Secret) {
		writeJSON(w, http.StatusUnauthorized, map[string]string{
			"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided.",
		})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"access_token": s.options.Token, "token_type": "Bearer", "expires_in": 3600})
}

func (s *Server) resourceManager(w http.ResponseWriter, r *http.Request, pageSize int) {
	target := route(r.URL.Path)
	s.enter(r, target)
	defer s.leave()
	page, err := pageOf(r)
	switch {
	case err != nil:
		writeError(w, http.StatusBadRequest, "InvalidSkipToken", err.Error())
		return
	case r.Header.Get("Authorization") != "Bearer "+s.options.Token:
		writeError(w, http.StatusUnauthorized, "InvalidAuthenticationToken", "The access token is invalid.")
		return
	case r.Method != http.MethodGet || target.api == "":
		writeError(w, http.StatusNotFound, "InvalidResourceType", "The resource type could not be found.")
		return
	case r.URL.Query().Get("api-version") == "":
		writeError(w, http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter is required.")
		return
	case slices.Contains(s.options.Denied, target.action):
		writeError(w, http.StatusForbidden, "AuthorizationFailed", fmt.Sprintf(
			"The client does not have authorization to perform action '%s' over scope '%s'.", target.action, r.URL.Path))
		return
	}
	nextLink := ""
	if f := s.fault(r, page); f != nil {
		if f.Hang {
			if f.Hangs != nil {
				f.Hangs()
			}
			<-r.Context().Done()
			return
		}
		if f.Status != 0 {
			if f.RetryAfter != "" {
				w.Header().Set("Retry-After", f.RetryAfter)
				s.throttle(r, f.RetryAfter)
			}
			if f.Body != nil {
				w.WriteHeader(f.Status)
				_, _ = io.WriteString(w, *f.Body)
				return
			}
			writeError(w, f.Status, f.Code, cmp.Or(f.Message, "This is a fault of the fake."))
			return
		}
		nextLink = f.NextLink
	}
	s.dispatch(w, r, target, page, pageSize, nextLink)
}

func (s *Server) enter(r *http.Request, t target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paths = append(s.paths, r.Method+" "+r.URL.Path)
	action := t.action
	if r.Method != http.MethodGet || action == "" {
		action = r.Method + " " + r.URL.Path
	}
	s.actions[action]++
	s.busy++
	s.most = max(s.most, s.busy)
	if time.Now().Before(s.notBefore[r.URL.String()]) {
		s.impatient++
	}
}

// throttle notes when a URL may be asked for again.
func (s *Server) throttle(r *http.Request, seconds string) {
	wait, err := time.ParseDuration(seconds + "s")
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notBefore[r.URL.String()] = time.Now().Add(wait)
}

func (s *Server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
}

// fault returns the first fault that hits this request.
func (s *Server) fault(r *http.Request, page int) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.options.Faults {
		f := &s.options.Faults[i]
		if !strings.Contains(strings.ToLower(r.URL.Path), strings.ToLower(f.Match)) || (f.Page != 0 && f.Page != page) {
			continue
		}
		if !f.due(r.URL.String()) || (f.Times != 0 && f.hit >= f.Times) {
			continue
		}
		f.hit++
		return f
	}
	return nil
}

// due reports whether Every lets the fault hit a request for this URL now.
func (f *Fault) due(url string) bool {
	if f.Every == 0 {
		return true
	}
	if f.seen[url] {
		return false
	}
	if f.seen == nil {
		f.seen = map[string]bool{}
	}
	f.seen[url] = true
	return len(f.seen)%f.Every == 0
}

func pageOf(r *http.Request) (int, error) {
	raw := r.URL.Query().Get("$skiptoken")
	if raw == "" {
		return 1, nil
	}
	page, err := strconv.Atoi(raw)
	if err != nil || page < 1 {
		return 0, errors.New("the skip token is not one of this service")
	}
	return page, nil
}

// dispatch lets the SDK's fakes answer.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request, t target, page, pageSize int, nextLink string) {
	// The SDK's fakes panic when a client goes in the middle of an answer: they close
	// the channel that the answer is sent to.
	in := r.Clone(context.WithValue(context.WithoutCancel(r.Context()), runtime.CtxAPINameKey{}, t.api))
	in.URL.Scheme, in.URL.Host = "https", r.Host
	in.RequestURI = ""
	// The fakes' patterns are strict about case; Azure is not.
	in.URL.Path, in.URL.RawPath = t.path, ""
	q := in.URL.Query()
	q.Set("$skiptoken", strconv.Itoa(page+1))
	next := *in.URL
	next.RawQuery = q.Encode()
	if nextLink == "" {
		nextLink = next.String()
	}
	a := &answers{Server: s, segments: t.segments, page: page, pageSize: pageSize, next: nextLink, forced: nextLink != next.String()}
	resp, err := a.do(in, t)
	var refused *azcore.ResponseError
	switch {
	case errors.As(err, &refused):
		writeError(w, refused.StatusCode, refused.ErrorCode, "The resource '"+r.URL.Path+"' was not found.")
		return
	case err != nil:
		writeError(w, http.StatusInternalServerError, "FakeFailed", err.Error())
		return
	}
	defer resp.Body.Close()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body)
}

func writeError(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]any{"error": map[string]string{"code": code, "message": message}})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
