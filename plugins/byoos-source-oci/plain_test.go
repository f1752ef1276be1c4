package main

import (
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

// network has hosts that are no loopback addresses, by way of a proxy.
type network struct {
	url *url.URL
	// plain answers for hosts over plain http; tls are the addresses behind hosts that
	// have TLS, or something else, at their port.
	plain map[string]http.Handler
	tls   map[string]string

	mu sync.Mutex
	// secrets are what came with credentials, as host and header.
	secrets []string
}

func newNetwork(t *testing.T) *network {
	n := &network{plain: map[string]http.Handler{}, tls: map[string]string{}}
	server := httptest.NewServer(n)
	t.Cleanup(server.Close)
	n.url, _ = url.Parse(server.URL)
	return n
}

func (n *network) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect {
		n.connect(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	if a := r.Header.Get("Authorization"); a != "" || len(body) > 0 {
		n.mu.Lock()
		n.secrets = append(n.secrets, r.Host+" "+a+string(body))
		n.mu.Unlock()
	}
	if n.plain[r.Host] == nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	n.plain[r.Host].ServeHTTP(w, r)
}

func (n *network) connect(w http.ResponseWriter, r *http.Request) {
	target, err := net.Dial("tcp", n.tls[r.Host])
	if n.tls[r.Host] == "" || err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusOK)
	from, read, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = target.Close()
		return
	}
	go func() { _, _ = io.Copy(target, read); _ = target.Close() }() // the server may have read its first byte
	go func() { _, _ = io.Copy(from, target); _ = from.Close() }()
}

// discover is discover over the network.
func (n *network) discover(t *testing.T, c call) *recorder {
	t.Helper()
	n.secrets = nil
	out := &recorder{}
	d, err := c.source(t).discovery(sdk.DiscoverRequest[config]{Config: c.config, UserSettings: c.settings, Now: now(), Secrets: &sdk.Secrets{}}, out)
	if err != nil {
		t.Fatal(err)
	}
	d.client.Proxy = http.ProxyURL(n.url)
	if err := d.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return out
}

// tokenServer gives tokens; those that the registry takes are short-lived.
func tokenServer(w http.ResponseWriter, _ *http.Request) {
	_ = json.NewEncoder(w).Encode(map[string]string{"token": "short-lived"})
}

// asksToken protects a registry by a token.
func asksToken(realm string, next http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer short-lived" {
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+realm+`",service="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	}
}

func plainFor(hosts ...string) map[string]any {
	registries := map[string]any{}
	for _, host := range hosts {
		registries[host] = map[string]any{"plainHTTP": true}
	}
	return map[string]any{"registries": registries}
}

// Over plain http a token that was given to anybody is no credential; one that a
// login gave goes where the user's own configuration says.
func TestTokensOverPlainHTTP(t *testing.T) {
	const host, auth = "lab.example:5000", "auth.example:5001"
	n := newNetwork(t)
	store := registry.NewStore(t)
	store.Image(t, repoName, "k3s-1.30.1-v4.7.0", registry.Manifest{})
	n.plain[auth] = http.HandlerFunc(tokenServer)
	spec := config{Repository: host + "/" + repoName, PlainHTTP: []string{host}}
	for name, tc := range map[string]struct {
		realm    string
		login    string
		settings map[string]any
		says     string
		secrets  []string
	}{
		"its own token server":             {realm: "http://" + host + "/token"},
		"another token server":             {realm: "http://" + auth + "/token"},
		"with a login that is not used":    {realm: "http://" + auth + "/token", login: host},
		"trusted without a login":          {realm: "http://" + auth + "/token", settings: plainFor(host), secrets: []string{host + " Bearer short-lived"}},
		"a login for its own token server": {realm: "http://" + host + "/token", login: host, settings: plainFor(host), secrets: []string{host + " Basic " + basic(canary), host + " Bearer short-lived"}},
		"a login for another token server": {realm: "http://" + auth + "/token", login: host, settings: plainFor(host), says: "registries: {" + auth + ": {plainHTTP: true}}"},
		"that is trusted, too":             {realm: "http://" + auth + "/token", login: host, settings: plainFor(host, auth), secrets: []string{auth + " Basic " + basic(canary), host + " Bearer short-lived"}},
	} {
		t.Run(name, func(t *testing.T) {
			handler := asksToken(tc.realm, store)
			n.plain[host] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/token" {
					tokenServer(w, r)
					return
				}
				handler(w, r)
			})
			c := call{config: spec, settings: tc.settings}
			if tc.login != "" {
				c.home = dockerConfig(t, tc.login, canary)
			}
			out := n.discover(t, c)
			if tc.says != "" {
				says(t, out, tc.says, "refused to send credentials to "+auth)
			} else if clean(t, out); len(out.images) != 1 {
				t.Errorf("%v", names(out))
			}
			slices.Sort(n.secrets)
			got := slices.DeleteFunc(slices.Compact(n.secrets), func(s string) bool { return tc.settings == nil && strings.HasSuffix(s, " Bearer short-lived") })
			if !slices.Equal(got, tc.secrets) {
				t.Errorf("sent %q, want %q", got, tc.secrets)
			}
		})
	}
}

// A registry over plain http may send to a storage that is read so, too.
func TestStorageOverPlainHTTP(t *testing.T) {
	const host, storage = "lab.example:5000", "minio.example:9000"
	n := newNetwork(t)
	store := registry.NewStore(t)
	store.Image(t, repoName, "k3s-1.30.1-v4.7.0", registry.Manifest{})
	n.plain[storage] = store
	n.plain[host] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/blobs/") {
			http.Redirect(w, r, "http://"+storage+r.URL.Path, http.StatusTemporaryRedirect)
			return
		}
		store.ServeHTTP(w, r)
	})
	spec := config{Repository: host + "/" + repoName, PlainHTTP: []string{host}}
	out := n.discover(t, call{config: spec})
	says(t, out, "refused plain http to "+storage, "name "+storage+" in plainHTTP of the source")
	if strings.Contains(out.text(), "https failed") {
		t.Errorf("nobody tried https:\n%s", out.text())
	}
	spec.PlainHTTP = append(spec.PlainHTTP, storage)
	if clean(t, n.discover(t, call{config: spec})); len(n.secrets) > 0 {
		t.Errorf("sent %q", n.secrets)
	}
}

// What is said of plain http is what helps.
// plainRegistry is one that speaks plain http somewhere, and what is said of it.
type plainRegistry struct {
	host  string // lab.example:5000 where empty
	tls   string
	plain http.Handler
	named bool
	says  []string
	never []string
}

func (p plainRegistry) check(t *testing.T) {
	host := "lab.example:5000"
	if p.host != "" {
		host = p.host
	}
	n := newNetwork(t)
	n.tls[host], n.plain[host] = p.tls, p.plain
	if p.plain == nil {
		delete(n.plain, host)
	}
	c := call{config: config{Repository: host + "/" + repoName}, home: dockerConfig(t, host, canary)}
	if p.named {
		c.config.PlainHTTP = []string{host}
	}
	out := n.discover(t, c)
	for i, part := range p.says {
		p.says[i] = strings.ReplaceAll(part, "HOST", host)
	}
	says(t, out, p.says...)
	for _, part := range p.never {
		if strings.Contains(out.text(), part) {
			t.Errorf("it says %q:\n%s", part, out.text())
		}
	}
	noCanary(t, out)
	if len(n.secrets) > 0 {
		t.Errorf("sent %q", n.secrets)
	}
}

func TestDiagnosesOfPlainHTTP(t *testing.T) {
	secure := httptest.NewTLSServer(asksBasic(inMemory()))
	t.Cleanup(secure.Close)
	plain := httptest.NewServer(inMemory())
	t.Cleanup(plain.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	writeFile(t, ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})))
	at := func(server *httptest.Server) string { return server.Listener.Addr().String() }
	forbidden := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	refusing := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	const trust = "registries: {HOST: {plainHTTP: true}}"
	for name, p := range map[string]plainRegistry{
		"http where https is due":                        {tls: at(plain), says: []string{"HOST speaks plain http", "name it in plainHTTP"}},
		"http at a private address":                      {host: "10.1.2.3:5000", tls: at(plain), says: []string{"HOST speaks plain http", "name it in plainHTTP"}},
		"another's certificate at a private address":     {host: "10.1.2.3:5000", tls: at(secure), says: []string{"the certificate of HOST", "for another host"}, never: []string{"plainHTTP"}},
		"another's certificate at one that is named":     {tls: at(secure), plain: inMemory(), named: true, says: []string{"the certificate of HOST", "for another host"}},
		"a login that is not used, as it is plain http":  {plain: asksBasic(inMemory()), named: true, says: []string{"HOST wants credentials, and is read without", trust}, never: []string{"docker login", "none are stored"}},
		"a token server's":                               {plain: refusing, named: true, says: []string{"token server of HOST wants credentials, and it is asked without", trust}, never: []string{"docker login", "none are stored"}},
		"a refusal without a login, as it is plain http": {plain: forbidden, named: true, says: []string{"HOST denied access, and is read without credentials", trust}, never: []string{"docker login"}},
	} {
		t.Run(name, p.check)
	}
}

// Docker Hub's helper stands in a file under the address that docker logs in to.
func TestCredentialHelperOfDockerHub(t *testing.T) {
	for _, key := range []string{"https://index.docker.io/v1/", "index.docker.io", "docker.io"} {
		home := dockerFile(t, t.TempDir(), `{"credHelpers": {"`+key+`": "absent"}}`)
		out := newNetwork(t).discover(t, call{config: config{Repository: "docker.io/edge/ubuntu"}, home: home})
		says(t, out, "docker-credential-absent")
	}
}
