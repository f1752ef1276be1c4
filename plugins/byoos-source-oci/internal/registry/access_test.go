package registry_test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/registry"
	fake "github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

// server is a host that remembers with which credentials it was asked.
type server struct {
	host    string
	mu      sync.Mutex
	secrets []string
}

func serve(t *testing.T, h http.Handler) *server {
	t.Helper()
	s := &server{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if said := r.Header.Get("Authorization") + string(body); said != "" {
			s.mu.Lock()
			s.secrets = append(s.secrets, said)
			s.mu.Unlock()
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	s.host = srv.Listener.Addr().String()
	return s
}

// named is the host by its name, as token servers have to be: a host of its own.
func (s *server) named() string { return strings.Replace(s.host, "127.0.0.1", "localhost", 1) }

// challenge answers 401 with challenges.
func challenge(challenges ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["WWW-Authenticate"] = challenges
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// wants hands on what has a header of authorization that begins so, and challenges others.
func wants(scheme string, challenged, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Authorization"), scheme) {
			next.ServeHTTP(w, r)
			return
		}
		challenged.ServeHTTP(w, r)
	})
}

func oneTag(t *testing.T) *fake.Store {
	t.Helper()
	s := fake.NewStore(t)
	s.Image(t, path, "v1", fake.Manifest{})
	return s
}

func TestChallenges(t *testing.T) {
	status := func(code int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { refused(w, code, "policy 7") })
	}
	basic := challenge(`Basic realm="edge"`)
	for name, tc := range map[string]struct {
		handler      http.Handler
		login        bool
		reason, next string
	}{
		"a login":                       {wants("Basic ", basic, oneTag(t)), true, "", ""},
		"no login":                      {wants("Basic ", basic, oneTag(t)), false, "wants credentials, and none are stored for it", "docker login HOST"},
		"a wrong login":                 {basic, true, "refused the credentials from ", "log in again: docker login HOST"},
		"a login without the right":     {wants("Basic ", basic, status(403)), true, "denied access to the user from ", "or ask the registry's owner for read access"},
		"no right":                      {status(403), false, "denied access without credentials", "docker login HOST"},
		"no known scheme":               {challenge("Negotiate", "NTLM abc"), true, "asks for authentication by Negotiate, NTLM; basic and bearer are supported", "takes basic or bearer"},
		"no scheme":                     {challenge(), true, "answered 401 without saying how to authenticate", "a proxy's login page"},
		"no registry":                   {http.NotFoundHandler(), false, "is not a registry: it has no /v2/", "check the host and the port"},
		"a token server without a host": {challenge(`Bearer realm="/token"`), false, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tc.handler)
			c, _ := client(t)
			if tc.login {
				c, _ = client(t, s.host)
			}
			_, _, err := tags(t, open(t, c, s.host))
			if name == "a login" {
				if err != nil || len(s.secrets) == 0 {
					t.Errorf("%v, sent %q", err, s.secrets)
				}
				return
			}
			fails(t, err, tc.reason, strings.ReplaceAll(tc.next, "HOST", s.host))
		})
	}
}

// A token server gets the login of the registry that names it, and the registry the token.
func TestTokenServer(t *testing.T) {
	answer := func(status int, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
	}
	for name, tc := range map[string]struct {
		tokens       http.Handler
		login        bool
		reason, next string
	}{
		"a token":               {answer(200, `{"token": "short-lived"}`), true, "", ""},
		"a token for anybody":   {answer(200, `{"access_token": "short-lived"}`), false, "", ""},
		"no token":              {answer(200, `{"tokn": "`+password+`"}`), true, "sent no token", "log in again"},
		"none for anybody":      {answer(401, ""), false, "the token server of HOST wants credentials, and none are stored", "docker login HOST"},
		"a wrong login":         {answer(401, password), true, "the token server of HOST refused the credentials from ", "log in again"},
		"a login without right": {answer(403, password), true, "the token server of HOST denied access to the user from ", "ask the registry's owner"},
		"trouble":               {answer(502, password), true, "the token server of HOST is in trouble (status 502)", "try again later"},
		"too many":              {answer(429, ""), true, "limits requests", "try again later"},
		"another answer":        {answer(400, password), true, "the token server of HOST answered 400", "check the credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			tokens := serve(t, tc.tokens)
			s := serve(t, wants("Bearer short-lived", challenge(`Bearer realm="http://`+tokens.named()+`/token",service="test"`), oneTag(t)))
			c, _ := client(t)
			if tc.login {
				c, _ = client(t, s.host)
			}
			_, _, err := tags(t, open(t, c, s.host))
			if tc.reason != "" {
				fails(t, err, strings.ReplaceAll(tc.reason, "HOST", s.host), strings.ReplaceAll(tc.next, "HOST", s.host))
			} else if err != nil {
				t.Error(err)
			}
			if sent := strings.Contains(strings.Join(tokens.secrets, " "), "Basic "); sent != tc.login {
				t.Errorf("the token server was sent %q", tokens.secrets)
			}
			for _, secret := range s.secrets {
				if secret != "Bearer short-lived" {
					t.Errorf("the registry was sent %q", secret)
				}
			}
		})
	}
}

// An identity token is in the body of a request, which a redirect repeats.
func TestNoIdentityTokenFollowsARedirect(t *testing.T) {
	elsewhere := serve(t, http.NotFoundHandler())
	tokens := serve(t, http.RedirectHandler("http://"+elsewhere.named()+"/token", http.StatusTemporaryRedirect))
	s := serve(t, challenge(`Bearer realm="http://`+tokens.named()+`/token"`))
	c, _ := client(t)
	c.Keychain.Files = []string{write(t, fmt.Sprintf(`{"auths": {%q: {"identitytoken": %q}}}`, s.host, password))}
	_, _, err := tags(t, open(t, c, s.host))
	fails(t, err, "the token server "+tokens.named()+" redirects to "+elsewhere.named()+", which is not sent the credentials", "must name that token server itself")
	if len(elsewhere.secrets) > 0 || !strings.Contains(strings.Join(tokens.secrets, " "), password) {
		t.Errorf("%q, and elsewhere %q", tokens.secrets, elsewhere.secrets)
	}
}

func TestNoLoginFollowsARedirect(t *testing.T) {
	store := oneTag(t)
	for name, tc := range map[string]struct {
		to     func(host string) string
		reason string
	}{
		"to a storage":                {func(host string) string { return "http://" + host }, ""},
		"with a secret in an address": {func(host string) string { return "http://" + host + "/" + password }, "redirects to HOST, which is not sent the credentials"},
		"to one that refuses":         {func(host string) string { return "http://" + host + "/refuse" }, "redirects to HOST, which answered 403"},
	} {
		t.Run(name, func(t *testing.T) {
			elsewhere := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/refuse") {
					refused(w, 403, "no")
					return
				}
				if r.Header.Get("Referer") != "" {
					t.Errorf("it learns where it was sent from: %s", r.Header.Get("Referer"))
				}
				store.ServeHTTP(w, r)
			}))
			to := elsewhere.named()
			s := serve(t, wants("Basic ", challenge(`Basic realm="edge"`), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v2/" {
					return
				}
				http.Redirect(w, r, tc.to(to)+r.URL.Path, http.StatusTemporaryRedirect)
			})))
			c, _ := client(t, s.host)
			m, err := open(t, c, s.host).Manifest(t.Context(), "v1")
			if tc.reason != "" {
				fails(t, err, strings.ReplaceAll(tc.reason, "HOST", to), "")
			} else if err != nil || !m.Serves("amd64") {
				t.Errorf("%+v, %v", m, err)
			}
			if len(elsewhere.secrets) > 0 || len(s.secrets) == 0 {
				t.Errorf("%q, and elsewhere %q", s.secrets, elsewhere.secrets)
			}
		})
	}
}

// What was sent is taken out of a registry's words, in whatever spelling they repeat it.
func TestWordsWithoutWhatWasSent(t *testing.T) {
	escaped := ""
	for _, r := range password {
		escaped += fmt.Sprintf(`\u%04x`, r)
	}
	for name, body := range map[string]string{
		"JSON":         `{"errors":[{"code":"DENIED","message":"policy 7: ` + password + `"}]}`,
		"escaped JSON": `{"errors":[{"code":"DENIED","message":"policy 7: ` + escaped + `"}]}`,
		"nested JSON":  `{"errors":[{"code":"DENIED","message":"policy 7","detail":{"` + password + `":["` + escaped + `"]}}]}`,
		"text":         "policy 7: " + password,
	} {
		for _, status := range []int{400, 403, 404} {
			t.Run(fmt.Sprint(name, " ", status), func(t *testing.T) {
				s := serve(t, wants("Basic ", challenge("Basic"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path != "/v2/" {
						w.WriteHeader(status)
						_, _ = io.WriteString(w, body)
					}
				})))
				c, _ := client(t, s.host)
				_, _, err := tags(t, open(t, c, s.host))
				want := "policy 7"
				if name == "text" && status == 403 {
					want = "denied access"
				}
				fails(t, err, want, "")
				if strings.Contains(err.Error(), escaped) {
					t.Error(err)
				}
			})
		}
	}
}

func TestTextIsOneHarmlessLine(t *testing.T) {
	long := &url.Error{Op: "Get", URL: "https://me:pw@r.example/v2/?X-Signature=abc", Err: fmt.Errorf("a\n\tb\x1b[31m https://s.example/?sig=1 %s", strings.Repeat("x", 500))}
	got := registry.Text(long)
	if !strings.HasPrefix(got, "Get https://r.example/v2/: a b [31m https://s.example/?...") || len(got) != 403 {
		t.Errorf("%d: %q", len(got), got)
	}
}

// network has hosts that are no loopback addresses, by way of a proxy.
func network(t *testing.T, c *registry.Client, hosts map[string]http.Handler) *server {
	t.Helper()
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := hosts[r.Host]; h != nil && r.Method != http.MethodConnect {
			h.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusBadGateway)
	}))
	c.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: s.host})
	return s
}

func TestPlainHTTP(t *testing.T) {
	const lab, other = "lab.example:5000", "tokens.example"
	token := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"token": "short-lived"})
	})
	basic := wants("Basic ", challenge("Basic"), oneTag(t))
	bearer := wants("Bearer short-lived", challenge(`Bearer realm="http://`+other+`/token"`), oneTag(t))
	for name, tc := range map[string]struct {
		plain        map[string]registry.Plain
		handler      http.Handler
		sent         string
		reason, next string
	}{
		"never":                {nil, basic, "", "", ""},
		"without a login":      {map[string]registry.Plain{lab: registry.PlainAnonymous}, oneTag(t), "", "", ""},
		"a login is wanted":    {map[string]registry.Plain{lab: registry.PlainAnonymous}, basic, "", "wants credentials, and is read without any", "registries: {lab.example:5000: {plainHTTP: true}}"},
		"it refuses":           {map[string]registry.Plain{lab: registry.PlainAnonymous}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { refused(w, 403, "no") }), "", "denied access, and is read without credentials", "plainHTTP: true"},
		"a token for anybody":  {map[string]registry.Plain{lab: registry.PlainAnonymous}, bearer, "Bearer short-lived", "", ""},
		"trusted":              {map[string]registry.Plain{lab: registry.PlainTrusted}, basic, "Basic ", "", ""},
		"another's is not":     {map[string]registry.Plain{lab: registry.PlainTrusted}, bearer, "", "refused to send credentials to tokens.example over plain http", "registries: {tokens.example: {plainHTTP: true}}"},
		"another's is as well": {map[string]registry.Plain{lab: registry.PlainTrusted, other: registry.PlainTrusted}, bearer, "Basic ", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := client(t, lab)
			c.Settings.PlainHTTP = tc.plain
			n := network(t, c, map[string]http.Handler{lab: tc.handler, other: token})
			got, _, err := tags(t, open(t, c, lab))
			switch {
			case tc.reason != "" || tc.plain == nil:
				fails(t, err, tc.reason, tc.next)
			case err != nil || len(got) != 1:
				t.Errorf("%q, %v", got, err)
			}
			sent := strings.Join(n.secrets, "; ")
			if tc.sent == "" && sent != "" || !strings.Contains(sent, tc.sent) {
				t.Errorf("sent %q", sent)
			}
			if tc.sent != "Basic " && strings.Contains(sent, "Basic ") {
				t.Errorf("a login was sent: %q", sent)
			}
		})
	}
}

// A redirect over plain http goes where the user lets it, also without a login.
func TestNoRedirectToPlainHTTP(t *testing.T) {
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			http.Redirect(w, r, "http://storage.example"+r.URL.Path, http.StatusFound)
		}
	}))
	t.Cleanup(secure.Close)
	host := secure.Listener.Addr().String()
	c, _ := client(t)
	c.Settings.CAFiles = map[string]string{host: authority(t, secure)}
	_, _, err := tags(t, open(t, c, host))
	fails(t, err, "refused plain http to storage.example", "name storage.example in plainHTTP of the source")
}

func authority(t *testing.T, s *httptest.Server) string {
	return write(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})))
}

func TestCertificates(t *testing.T) {
	s := httptest.NewUnstartedServer(oneTag(t))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // the client hangs up on it
	s.StartTLS()
	t.Cleanup(s.Close)
	host := s.Listener.Addr().String()
	c, _ := client(t)
	_, _, err := tags(t, open(t, c, host))
	fails(t, err, "is signed by an authority this machine does not trust", "caFile: /path/to/ca.pem")

	c, _ = client(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, host), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(authority(t, s), filepath.Join(dir, host, "ca.crt")); err != nil {
		t.Fatal(err)
	}
	c.CertificateDirs = []string{dir}
	if got, _, err := tags(t, open(t, c, host)); err != nil || len(got) != 1 {
		t.Errorf("%q, %v", got, err)
	}
	for file, want := range map[string]string{write(t, "text"): "has no PEM certificate", "/nonexistent": "no such file"} {
		c, _ = client(t)
		c.Settings.CAFiles = map[string]string{host: file}
		if _, err := c.Repository(host + "/os"); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "read the CA file of "+host) {
			t.Error(err)
		}
	}
}

func TestHostsThatDoNotAnswer(t *testing.T) {
	for host, want := range map[string]string{
		"127.0.0.1:1":           "refused the connection",
		"registry.invalid:5000": "no address for registry.invalid:5000",
		"169.254.169.254":       "refused to connect to a link-local address",
	} {
		c, _ := client(t)
		c.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
		_, _, err := tags(t, open(t, c, host))
		fails(t, err, want, "")
		if !registry.IsTransfer(err) {
			t.Error(err)
		}
	}
}
