package registry

import (
	"context"
	"errors"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// Plain says how far plain http is allowed for a registry.
type Plain int

// Degrees of plain http.
const (
	// PlainNever: https only, but for a registry on a loopback address.
	PlainNever Plain = iota
	// PlainAnonymous: no credential goes there. It is what a spec can ask for.
	PlainAnonymous
	// PlainTrusted: the user's own configuration says so.
	PlainTrusted
)

// guard is the transport under everything that is sent for one registry. It
// keeps credentials where they belong, whatever the layers above it do:
//
//   - credentials go to the registry and to the token server that the registry
//     itself named, not to a host that one of them redirects to: in no header, in no
//     body and in no address;
//   - plain http is used where Plain allows it, and a host that failed TLS is
//     not tried again without;
//   - answers are bounded, and errors among them hold no secret.
type guard struct {
	registry string
	// scheme is what the library expects of addresses of the registry.
	scheme string
	// plain says how far plain http is allowed for a host.
	plain func(host string) Plain
	base  http.RoundTripper

	// trying is held by requests over https. One over plain http waits for them: the
	// library asks both ways at a time, and a host that failed TLS is not asked without,
	// whichever answer comes first.
	trying sync.RWMutex
	// begun is closed when the registry was first asked over https. On a busy machine the
	// other way can come first, though the library sends it later.
	begun     chan struct{}
	beginOnce sync.Once

	mu     sync.Mutex
	realms map[string]bool // hosts of token servers
	// tokens are the token servers' host and path. What they answer is no challenge
	// of the registry, which can be the same host.
	tokens     map[string]bool
	challenges []string
	tlsFailure map[string]error

	secrets *sdk.Secrets
	// sent are those that a server can have in what it answers.
	sent sdk.Secrets
}

// PlainHTTPError is a request that would have gone out without encryption.
type PlainHTTPError struct {
	Host string
	// Registry says that it is the registry's own host, of which https was tried.
	Registry bool
	// Credential says that only the credential is at stake.
	Credential bool
}

// Error names the host.
func (e *PlainHTTPError) Error() string {
	if e.Credential {
		return "refused to send credentials to " + e.Host + " over plain http"
	}
	return "refused plain http to " + e.Host
}

// RoundTrip sends req when the rules allow it.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := g.checkRedirect(req); err != nil {
		return nil, err
	}
	req = g.withoutStray(req)
	if req.URL.Scheme == "http" {
		if err := g.checkPlain(req); err != nil {
			return nil, err
		}
	}
	g.noteSent(req)
	resp, err := g.send(req)
	if err != nil {
		return nil, err
	}
	g.noteChallenge(req.URL, resp)
	if err := checkPage(req, resp); err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	g.scrub(resp)
	g.setNextPage(req, resp)
	resp.Body = &body{ReadCloser: resp.Body, limit: limitOf(firstRequest(req).URL.Path)}
	return resp, nil
}

func (g *guard) send(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "https" {
		return g.base.RoundTrip(req)
	}
	g.trying.RLock()
	defer g.trying.RUnlock()
	if req.URL.Host == g.registry {
		g.beginOnce.Do(func() { close(g.begun) })
	}
	resp, err := g.base.RoundTrip(req)
	if err != nil && isTLSFailure(err) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.tlsFailure[req.URL.Host] = err
	}
	return resp, err
}

// checkPage refuses a web page where a registry's answer is due: a proxy's login,
// or its own 404, which say nothing of what was asked for.
func checkPage(req *http.Request, resp *http.Response) error {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	says := resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusNotFound
	if kind == "text/html" && says && req.URL.Path != "/v2/" {
		return &PageError{Host: req.URL.Host}
	}
	return nil
}

// PageError is a web page in place of a registry's answer.
type PageError struct{ Host string }

// Error names the host.
func (e *PageError) Error() string { return e.Host + " answered with a web page" }

// firstRequest goes back to what was asked for before any redirect.
func firstRequest(req *http.Request) *http.Request {
	for req.Response != nil {
		req = req.Response.Request
	}
	return req
}

// checkRedirect refuses a request to a host that has no right to a credential when it
// was one with a credential that only a token server has a use for, or when the
// address that it was redirected to holds one.
func (g *guard) checkRedirect(req *http.Request) error {
	if g.mayAuthenticate(req.URL.Host) {
		return nil
	}
	first := firstRequest(req)
	isToken := g.isToken(first.URL)
	// A POST holds an identity token in its body, which a 307 or 308 repeats. What was not
	// sent does not count: the addresses of storages are signed, by a key of the user maybe.
	if req.Method == http.MethodPost || isToken && (first.Method == http.MethodPost || first.Header.Get("Authorization") != "") || g.sent.Holds(req.URL.String()) {
		return &RedirectError{From: first.URL.Host, To: req.URL.Host, token: isToken}
	}
	return nil
}

// RedirectError is a request that was redirected to a host that may not have the
// credential in it.
type RedirectError struct {
	From, To string
	// token says that a token server was asked.
	token bool
}

// Error names both hosts.
func (e *RedirectError) Error() string {
	return e.From + " redirects to " + e.To + ", which is not sent the credentials"
}

// withoutStray leaves out of a request what the host that it goes to has no right to:
// a credential, and the address that sent it there, which may give access itself.
func (g *guard) withoutStray(req *http.Request) *http.Request {
	req = req.Clone(req.Context())
	req.Header.Del("Referer")
	if !g.mayAuthenticate(req.URL.Host) {
		req.Header.Del("Authorization")
	}
	return req
}

func (g *guard) mayAuthenticate(host string) bool {
	if host == g.registry {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.realms[host]
}

func (g *guard) checkPlain(req *http.Request) error {
	host := req.URL.Host
	loopback := isLoopback(host) && isLoopback(g.registry)
	// The token server that a registry names over plain http is as good as its word.
	named := g.plain(host) != PlainNever || g.plain(g.registry) != PlainNever && g.mayAuthenticate(host)
	if !loopback && !named {
		return &PlainHTTPError{Host: host, Registry: host == g.registry}
	}
	if host == g.registry {
		g.waitForHTTPS(req.Context())
	}
	g.trying.Lock()
	g.trying.Unlock() //nolint:staticcheck // it waits, and keeps nobody waiting
	g.mu.Lock()
	failure := g.tlsFailure[host]
	g.mu.Unlock()
	if failure != nil {
		return failure
	}
	// A POST is the token request that carries an identity token in its body.
	secret := req.Header.Get("Authorization") != "" || req.Method == http.MethodPost
	if secret && !loopback && !g.isAnonymous() && g.plain(host) != PlainTrusted {
		return &PlainHTTPError{Host: host, Credential: true}
	}
	return nil
}

// waitForHTTPS waits until the registry is asked over https, but not for long: nothing
// promises that it is.
func (g *guard) waitForHTTPS(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	select {
	case <-g.begun:
	case <-ctx.Done():
	}
}

// isAnonymous tells whether the registry is read without a login of the user's: all
// that is sent then is a token that anybody is given.
func (g *guard) isAnonymous() bool {
	return g.plain(g.registry) == PlainAnonymous && !isLoopback(g.registry)
}

func (g *guard) noteChallenge(u *url.URL, resp *http.Response) {
	if resp.StatusCode != http.StatusUnauthorized || u.Host != g.registry || g.isToken(u) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.challenges = nil
	for _, header := range resp.Header.Values("WWW-Authenticate") {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(header), " ")
		if schemeName.MatchString(scheme) {
			g.challenges = append(g.challenges, scheme)
		}
		if realm := realmOf(rest); realm != nil && strings.EqualFold(scheme, "bearer") {
			g.realms[realm.Host] = true
			g.tokens[realm.Host+realm.Path] = true
		}
	}
}

// isToken tells whether an address is that of a token server.
func (g *guard) isToken(u *url.URL) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.tokens[u.Host+u.Path]
}

var schemeName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,30}$`)

var realmParameter = regexp.MustCompile(`(?i)\brealm="?([^",]+)`)

// realmOf returns the token server that a challenge names.
func realmOf(parameters string) *url.URL {
	m := realmParameter.FindStringSubmatch(parameters)
	if m == nil {
		return nil
	}
	realm, _ := url.Parse(m[1])
	return realm
}

// unusable returns the schemes a registry last asked for when none is known.
func (g *guard) unusable() (schemes []string, unusable bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, scheme := range g.challenges {
		if strings.EqualFold(scheme, "basic") || strings.EqualFold(scheme, "bearer") {
			return nil, false
		}
	}
	return g.challenges, true
}

func isLoopback(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	if name == "localhost" {
		return true
	}
	addr, _ := netip.ParseAddr(strings.Trim(name, "[]"))
	return addr.IsLoopback()
}

// errLinkLocal keeps a redirect from reaching a cloud's metadata service.
var errLinkLocal = errors.New("refused to connect to a link-local address")

func dialer() *net.Dialer {
	return &net.Dialer{
		Timeout:   30 * time.Second,
		KeepAlive: 30 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error {
			if ap, _ := netip.ParseAddrPort(address); ap.Addr().Unmap().IsLinkLocalUnicast() {
				return errLinkLocal
			}
			return nil
		},
	}
}
