package registry_test

import (
	"cmp"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/registry"
)

const lab, other = "lab.example:5000", "other.example"

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

// plainCase is a registry that is asked over plain http, and what becomes of it.
type plainCase struct {
	plain          map[string]registry.Plain
	handler, other http.Handler
	sent           string
	reason, next   string
}

func (tc plainCase) check(t *testing.T, host, login string) {
	c, _ := client(t)
	switch login {
	case "a login":
		c, _ = client(t, host)
	case "an identity token":
		c.Keychain.Files = []string{identityToken(t, host)}
	}
	c.Settings.PlainHTTP = tc.plain
	asked := map[string]string{"docker.io": "index.docker.io"}
	n := network(t, c, map[string]http.Handler{cmp.Or(asked[host], host): tc.handler, other: tc.other})
	m, err := open(t, c, host).Manifest(t.Context(), "v1")
	switch {
	case tc.reason != "":
		fails(t, err, tc.reason, tc.next)
	case err != nil || !m.Serves("amd64"):
		t.Errorf("%+v, %v", m, err)
	}
	sent := strings.Join(n.secrets, "; ")
	if tc.sent == "" && sent != "" || !strings.Contains(sent, tc.sent) {
		t.Errorf("sent %q", sent)
	}
	if tc.sent != "Basic " && strings.Contains(sent, "Basic ") {
		t.Errorf("a login was sent: %q", sent)
	}
}

func plainly(degree registry.Plain, hosts ...string) map[string]registry.Plain {
	all := map[string]registry.Plain{}
	for _, host := range hosts {
		all[host] = degree
	}
	return all
}

func TestPlainHTTP(t *testing.T) {
	answer := func(status int, words string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); _, _ = io.WriteString(w, words) })
	}
	token := answer(200, `{"token": "short-lived"}`)
	basic := wants("Basic ", challenge("Basic"), oneTag(t))
	bearer := wants("Bearer short-lived", challenge(`Bearer realm="http://`+other+`/token"`), oneTag(t))
	const trust = "registries: {lab.example:5000: {plainHTTP: true}}"
	for name, tc := range map[string]plainCase{
		"never":                    {nil, basic, nil, "", "Get https://lab.example:5000/v2/: Bad Gateway", ""},
		"without a login":          {plainly(registry.PlainAnonymous, lab), oneTag(t), nil, "", "", ""},
		"a login is wanted":        {plainly(registry.PlainAnonymous, lab), basic, nil, "", "wants credentials, and is read without any", trust},
		"it refuses":               {plainly(registry.PlainAnonymous, lab), answer(403, "no"), nil, "", "denied access, and is read without credentials", trust},
		"it is in trouble":         {plainly(registry.PlainAnonymous, lab), answer(501, "no"), nil, "", "lab.example:5000 is in trouble", "try again later"},
		"a token for anybody":      {plainly(registry.PlainAnonymous, lab), bearer, token, "Bearer short-lived", "", ""},
		"no token for anybody":     {plainly(registry.PlainAnonymous, lab), bearer, answer(401, ""), "", "the token server of lab.example:5000 wants credentials, and it is asked without any", trust},
		"trusted":                  {plainly(registry.PlainTrusted, lab), basic, nil, "Basic ", "", ""},
		"another's is not":         {plainly(registry.PlainTrusted, lab), bearer, token, "", "refused to send credentials to other.example over plain http", "registries: {other.example: {plainHTTP: true}}"},
		"another's is as well":     {plainly(registry.PlainTrusted, lab, other), bearer, token, "Basic ", "", ""},
		"a storage that is named":  {plainly(registry.PlainAnonymous, lab, other), redirecting("http://" + other), oneTag(t), "", "", ""},
		"a storage that is not":    {plainly(registry.PlainAnonymous, lab), redirecting("http://" + other), oneTag(t), "", "refused plain http to other.example", "or name other.example in plainHTTP of the source"},
		"a storage on the machine": {plainly(registry.PlainAnonymous, lab), redirecting("http://127.0.0.1:1"), nil, "", "redirect from \"lab.example\" to private/link-local host \"127.0.0.1\" denied", ""},
	} {
		t.Run(name, func(t *testing.T) { tc.check(t, lab, "a login") })
	}
	t.Run("a private address", func(t *testing.T) {
		plainCase{nil, basic, nil, "", "refused plain http to 10.0.0.5:5000, and https failed", "or name 10.0.0.5:5000 in plainHTTP of the source"}.check(t, "10.0.0.5:5000", "a login")
	})
	t.Run("no login for another", func(t *testing.T) {
		plainCase{plainly(registry.PlainTrusted, lab), bearer, token, "Bearer short-lived", "", ""}.check(t, lab, "")
	})
	t.Run("no identity token for another", func(t *testing.T) {
		plainCase{plainly(registry.PlainTrusted, lab), bearer, token, "", "refused to send credentials to other.example over plain http", ""}.check(t, lab, "an identity token")
	})
}

// Docker Hub has two names, and is asked by one of them. What is said of either holds, and
// of no other host.
func TestPlainHTTPOfDockerHub(t *testing.T) {
	basic := wants("Basic ", challenge("Basic"), oneTag(t))
	for host, isHub := range map[string]bool{"docker.io": true, "index.docker.io": true, "registry-1.docker.io": false} {
		for _, said := range []string{"docker.io", "index.docker.io"} {
			t.Run(host+", said of "+said, func(t *testing.T) {
				trusted := plainly(registry.PlainTrusted, said)
				if !isHub {
					plainCase{trusted, basic, nil, "", "Get https://" + host + "/v2/: Bad Gateway", ""}.check(t, host, "a login")
					return
				}
				named := registry.Settings{PlainHTTP: plainly(registry.PlainNever)}
				named.AllowPlain(said)
				plainCase{named.PlainHTTP, oneTag(t), nil, "", "", ""}.check(t, host, "a login")
				plainCase{named.PlainHTTP, basic, nil, "", host + " wants credentials, and is read without any", "registries: {" + host + ": {plainHTTP: true}}"}.check(t, host, "a login")
				plainCase{trusted, basic, nil, "Basic ", "", ""}.check(t, host, "a login")
				refused := registry.Settings{PlainHTTP: plainly(registry.PlainNever, said)}
				refused.AllowPlain(host)
				plainCase{refused.PlainHTTP, basic, nil, "", "Bad Gateway", ""}.check(t, host, "a login")
			})
		}
	}
}

// A registry on this machine is sent its login, whatever is allowed for it.
func TestLoginOnThisMachine(t *testing.T) {
	s := serve(t, wants("Basic ", challenge("Basic"), oneTag(t)))
	c, _ := client(t, s.host)
	c.Settings.PlainHTTP = plainly(registry.PlainAnonymous, s.host)
	if got, _, err := tags(t, open(t, c, s.host)); err != nil || len(got) != 1 {
		t.Errorf("%q, %v", got, err)
	}
}

// A redirect over plain http goes where the user lets it, also without a login.
func TestNoRedirectToPlainHTTP(t *testing.T) {
	secure := httptest.NewTLSServer(redirecting("http://" + other))
	t.Cleanup(secure.Close)
	host := secure.Listener.Addr().String()
	c, _ := client(t)
	c.Settings.CAFiles = map[string]string{host: authority(t, secure)}
	_, _, err := tags(t, open(t, c, host))
	fails(t, err, "refused plain http to "+other, "name "+other+" in plainHTTP of the source")
}

// Who sits between this machine and a registry that has https could answer for it without.
func TestNoPlainHTTPWhereTLSFailed(t *testing.T) {
	secure := httptest.NewUnstartedServer(oneTag(t))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // the client hangs up on it
	secure.StartTLS()
	t.Cleanup(secure.Close)
	var plain atomic.Int64
	between := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect {
			tunnel(w, secure.Listener.Addr().String())
			return
		}
		plain.Add(1)
		oneTag(t).ServeHTTP(w, r)
	}))
	c, _ := client(t, lab)
	c.Settings.PlainHTTP = plainly(registry.PlainTrusted, lab)
	c.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: between.host})
	_, _, err := tags(t, open(t, c, lab))
	if fails(t, err, "the certificate of lab.example:5000 is for another host", ""); plain.Load() > 0 {
		t.Errorf("%d requests over plain http, sent %q", plain.Load(), between.secrets)
	}
}

// tunnel leads a client to an address.
func tunnel(w http.ResponseWriter, address string) {
	near, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = near.Close() }()
	far, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer func() { _ = far.Close() }()
	fmt.Fprint(near, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { _, _ = io.Copy(far, near); _ = far.Close() }()
	_, _ = io.Copy(near, far)
}

// Requests over plain http do not wait for each other.
func TestPlainHTTPSideBySide(t *testing.T) {
	s := oneTag(t)
	arrived := make(chan struct{}, 2)
	all := make(chan struct{})
	s.Hook = func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/tags/list") {
			if arrived <- struct{}{}; len(arrived) == 2 {
				close(all)
			}
			<-all
		}
		return false
	}
	c, _ := client(t)
	repo := open(t, c, s.Host)
	first := make(chan error)
	go func() { _, _, err := repo.Tags(t.Context(), func(int) {}); first <- err }()
	_, _, err := tags(t, repo)
	if other := <-first; err != nil || other != nil {
		t.Error(err, other)
	}
}
