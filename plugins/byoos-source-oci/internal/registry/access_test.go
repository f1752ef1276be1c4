package registry_test

import (
	"encoding/pem"
	"errors"
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
	status := func(code int, words string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { refused(w, code, words) })
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
		"a login without the right":     {wants("Basic ", basic, status(403, "policy 7")), true, "denied access to the user from ", "or ask the registry's owner for read access"},
		"no right":                      {status(403, "policy 7"), false, "denied access without credentials", "docker login HOST"},
		"no known scheme":               {challenge("Negotiate", "NTLM abc"), true, "asks for authentication by Negotiate, NTLM; basic and bearer are supported", "takes basic or bearer"},
		"no scheme":                     {challenge(), true, "answered 401 without saying how to authenticate", "a proxy's login page"},
		"no registry":                   {http.NotFoundHandler(), false, "is not a registry: it has no /v2/", "check the host and the port"},
		"no such repository":            {fake.NewStore(t), false, "has no such repository or tag: ", "check the spelling"},
		"denied as not there":           {list404(), false, "denied access without credentials: policy 7", "docker login HOST"},
		"denied at length":              {status(403, strings.Repeat("x", 100<<10)), false, "denied access without credentials", "docker login HOST"},
		"trouble":                       {status(501, "policy 7"), false, "HOST is in trouble: ", "try again later"},
		"a page for its front door":     {pageAt("/v2/", 200), false, "", ""},
		"a page for a list":             {pageAt("/v2/edge/os/tags/list", 404), false, "HOST answered with a web page where a registry's answer is due", "a proxy's login page"},
		"a token server without a host": {challenge(`Bearer realm="/token"`), false, "names a token server that cannot be used", "by host name, with https"},
		"a token server of no address":  {challenge(`Bearer realm="http://%zz/token"`), true, "names a token server that cannot be used", "by host name, with https"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tc.handler)
			c, _ := client(t)
			if tc.login {
				c, _ = client(t, s.host)
			}
			_, _, err := tags(t, open(t, c, s.host))
			if tc.reason == "" {
				if err != nil || tc.login != (len(s.secrets) > 0) {
					t.Errorf("%v, sent %q", err, s.secrets)
				}
				return
			}
			fails(t, err, strings.ReplaceAll(tc.reason, "HOST", s.host), strings.ReplaceAll(tc.next, "HOST", s.host))
		})
	}
}

// list404 has no tags, and says so as what it is not.
func list404() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			refused(w, 404, "policy 7")
		}
	})
}

// pageAt answers with a web page at a path, and with a list of no tags elsewhere.
func pageAt(path string, status int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			w.Header().Set("Content-Type", "text/html; charset")
			w.WriteHeader(status)
		}
		_, _ = io.WriteString(w, `{"tags": []}`)
	})
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
		"none without right":    {answer(403, ""), false, "the token server of HOST wants credentials, and none are stored", "docker login HOST"},
		"trouble for anybody":   {answer(400, ""), false, "the token server of HOST answered 400", "check the credentials"},
		"a token of no use":     {answer(200, `{"token": "another"}`), true, "HOST refused the credentials from ", "log in again: docker login HOST"},
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
				if secret != "Bearer short-lived" && name != "a token of no use" {
					t.Errorf("the registry was sent %q", secret)
				}
			}
		})
	}
}

// An identity token is in the body of a request, which is sent once more to a busy server.
func TestBusyTokenServer(t *testing.T) {
	busy := true
	tokens := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if busy {
			busy = false
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, `{"token": "short-lived"}`)
	}))
	s := serve(t, wants("Bearer short-lived", challenge(`Bearer realm="http://`+tokens.named()+`/token"`), oneTag(t)))
	c, _ := client(t)
	c.Keychain.Files = []string{identityToken(t, s.host)}
	got, _, err := tags(t, open(t, c, s.host))
	if err != nil || len(got) != 1 || len(tokens.secrets) != 2 || !strings.Contains(tokens.secrets[1], password) {
		t.Errorf("%q, %v, sent %q", got, err, tokens.secrets)
	}
	if said := c.Secrets.Clean("it is " + password); strings.Contains(said, password) {
		t.Errorf("what was sent is no secret: %q", said)
	}
}

func identityToken(t *testing.T, host string) string {
	t.Helper()
	return write(t, fmt.Sprintf(`{"auths": {%q: {"identitytoken": %q}}}`, host, password))
}

// What was sent is taken out of a registry's words, in whatever spelling they repeat it.
func TestWordsWithoutWhatWasSent(t *testing.T) {
	escaped := ""
	for _, r := range password {
		escaped += fmt.Sprintf(`\u%04x`, r)
	}
	for name, body := range map[string]string{
		"JSON":            `{"errors":[{"code":"DENIED","message":"policy 7: ` + password + `"}]}`,
		"escaped JSON":    `{"errors":[{"code":"DENIED","message":"policy 7: ` + escaped + `"}]}`,
		"nested JSON":     `{"errors":[{"code":"DENIED","message":"policy 7","detail":{"` + password + `":["` + escaped + `"]}}]}`,
		"text":            "policy 7: " + password,
		"JSON of its own": `["policy 7", {"a": 1, "` + escaped + `": "` + escaped + `"}]`,
		"half":            half("policy 7", ""),
		"half a text":     half(`["policy 7`, `"]`),
		"half a key":      half(`{"policy 7`, `": 1}`),
		"half a value":    half(`{"a":"policy 7`, `"}`),
	} {
		for _, status := range []int{300, 400, 403, 404} {
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
				if status == 403 && !strings.Contains(body, "errors") {
					want = "denied access"
				}
				fails(t, err, want, "")
				if strings.Contains(err.Error(), escaped) || strings.Contains(err.Error(), password[:8]) {
					t.Error(err)
				}
			})
		}
	}
}

func TestHeaderWithoutWhatWasSent(t *testing.T) {
	s := serve(t, wants("Basic ", challenge("Basic"), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { page(w, password, `["a"]`) })))
	c, _ := client(t, s.host)
	_, _, err := tags(t, open(t, c, s.host))
	fails(t, err, "failed to parse link header", "")
}

// half is an answer that is cut within the password, with nothing long to be shown before it.
func half(before, behind string) string {
	return before + strings.Repeat(" ", 32<<10-16-len(before)) + password + behind
}

func TestTextIsOneHarmlessLine(t *testing.T) {
	long := &url.Error{Op: "Get", URL: "https://me:pw@r.example/v2/?X-Signature=abc", Err: fmt.Errorf("a\n\tb\x1b[31m https://s.example/?sig=1 %s", strings.Repeat("x", 500))}
	got := registry.Text(long)
	if !strings.HasPrefix(got, "Get https://r.example/v2/: a b [31m https://s.example/?...") || len(got) != 403 {
		t.Errorf("%d: %q", len(got), got)
	}
	for err, want := range map[error]string{
		fmt.Errorf("outer  part\u2028of: %w", long.Err): "outer part of: a b [31m ",
		fmt.Errorf("outer: %w", long):                   "outer: Get ",
		errors.New(strings.Repeat("x", 400)):            strings.Repeat("x", 400),
	} {
		if got := registry.Text(err); !strings.HasPrefix(got, want) || len(want) == 400 && got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func authority(t *testing.T, s *httptest.Server) string {
	return write(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})))
}

func TestCertificates(t *testing.T) {
	store := oneTag(t)
	store.Image(t, path, "v2", fake.Manifest{})
	store.Answers.PageSize = 1
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("asked by %s", r.Proto)
		}
		store.ServeHTTP(w, r)
	}))
	s.EnableHTTP2 = true
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
	if got, _, err := tags(t, open(t, c, host)); err != nil || len(got) != 2 {
		t.Errorf("%q, %v", got, err)
	}
	c, _ = client(t)
	file := authority(t, s)
	c.Settings.CAFiles = map[string]string{host: file}
	open(t, c, host)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if got, _, err := tags(t, open(t, c, host)); err != nil || len(got) != 2 {
		t.Errorf("what is known of a registry is read again: %q, %v", got, err)
	}
	for file, want := range map[string]string{write(t, "text"): "has no PEM certificate", "/nonexistent": "no such file"} {
		c, _ = client(t)
		c.Settings.CAFiles = map[string]string{host: file}
		if _, err := c.Repository(host + "/os"); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "read the CA file of "+host) {
			t.Error(err)
		}
	}
}

func TestCertificatesOfDockerHub(t *testing.T) {
	for host, isHub := range map[string]bool{"docker.io": true, "index.docker.io": true, "registry-1.docker.io": false} {
		for _, said := range []string{"docker.io", "index.docker.io"} {
			dir := filepath.Dir(write(t, ""))
			if err := errors.Join(os.Mkdir(filepath.Join(dir, said), 0o700), os.Symlink(write(t, "text"), filepath.Join(dir, said, "ca.crt"))); err != nil {
				t.Fatal(err)
			}
			for _, settings := range []*registry.Client{
				{Settings: registry.Settings{CAFiles: map[string]string{said: write(t, "text")}}}, {CertificateDirs: []string{dir}},
			} {
				if _, err := settings.Repository(host + "/os"); (err != nil) != isHub {
					t.Errorf("%s, said of %s: %v", host, said, err)
				}
			}
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
		_, layer := open(t, c, host).Layer(t.Context(), "sha256:"+strings.Repeat("0a", 32))
		if !registry.IsTransfer(err) || !registry.IsTransfer(layer) {
			t.Error(err, layer)
		}
	}
}
