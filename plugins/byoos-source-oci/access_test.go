package main

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	memory "github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

// canary is the password that must show up nowhere. Its hash is bcrypt's.
const (
	user     = "robot"
	canary   = "canary-s3cret-password"
	htpasswd = user + ":$2a$04$iAIKzrLfCpy67f8wcL6MpOJYVOrn.v.PAxmCO.yrbJWh08niFGt5i\n"
)

// noCanary fails the test when the password, in any form it is sent in, can be read.
func noCanary(t *testing.T, r *recorder) {
	t.Helper()
	said := r.text() + fmt.Sprintf("%+v", r.images)
	for _, form := range []string{canary, basic(canary), url.QueryEscape(canary)} {
		if strings.Contains(said, form) {
			t.Errorf("the password can be read in:\n%s", said)
		}
	}
}

func basic(password string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
}

// dockerConfig makes a home with the user's login to a host.
func dockerConfig(t *testing.T, host, password string) string {
	t.Helper()
	home := t.TempDir()
	writeFile(t, filepath.Join(home, ".docker", "config.json"),
		fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, host, basic(password)))
	return home
}

func writeFile(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// certificate writes a self-signed certificate for 127.0.0.1 and its key.
func certificate(t *testing.T, until time.Time) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test registry"},
		NotBefore: until.Add(-48 * time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	rawKey, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeFile(t, certFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	writeFile(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: rawKey})))
	return certFile, keyFile
}

func trusting(host, caFile string) map[string]any {
	return map[string]any{"registries": map[string]any{host: map[string]any{"caFile": caFile}}}
}

// pushTLS pushes an image to a registry with TLS and basic authentication.
func pushTLS(t *testing.T, reference, caFile string) {
	t.Helper()
	raw, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(raw)
	_, err = registry.Push(reference, registry.Image{Layers: registry.Ubuntu("22.04")},
		remote.WithTransport(&http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}),
		remote.WithAuth(&authn.Basic{Username: user, Password: canary}))
	if err != nil {
		t.Fatal(err)
	}
}

func TestTLSAndBasicAuth(t *testing.T) {
	certFile, keyFile := certificate(t, time.Now().Add(24*time.Hour))
	host := registry.Start(t, registry.Options{CertFile: certFile, KeyFile: keyFile, HTPasswd: htpasswd})
	pushTLS(t, host+"/edge/ubuntu:k3s-1.30.1-v4.7.0", certFile)
	spec := config{Repository: host + "/edge/ubuntu", Inspect: true}
	trusted := trusting(host, certFile)

	t.Run("docker config", func(t *testing.T) {
		home := dockerConfig(t, host, canary)
		out := clean(t, discover(t, call{config: spec, settings: trusted, home: home}))
		if img := out.find(t, "k3s-1.30.1-v4.7.0", "amd64"); img.OSVersion != "22.04" {
			t.Errorf("%+v", img)
		}
		noCanary(t, out)
	})
	t.Run("DOCKER_CONFIG", func(t *testing.T) {
		dir := filepath.Join(dockerConfig(t, host, canary), ".docker")
		clean(t, discover(t, call{config: spec, settings: trusted, env: map[string]string{"DOCKER_CONFIG": dir}}))
	})
	t.Run("containers auth file by namespace", func(t *testing.T) {
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, "containers", "auth.json"), fmt.Sprintf(
			`{"auths": {%q: {"auth": %q}, %q: {"auth": %q}}}`, host, basic("wrong"), host+"/edge", basic(canary)))
		clean(t, discover(t, call{config: spec, settings: trusted, env: map[string]string{"XDG_RUNTIME_DIR": dir}}))
	})
	t.Run("REGISTRY_AUTH_FILE wins", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "auth.json")
		writeFile(t, file, fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, "https://"+host+"/v2/", basic(canary)))
		clean(t, discover(t, call{
			config: spec, settings: trusted, home: dockerConfig(t, host, "wrong"),
			env: map[string]string{"REGISTRY_AUTH_FILE": file},
		}))
	})
	t.Run("certs.d", func(t *testing.T) {
		home := dockerConfig(t, host, canary)
		pem, err := os.ReadFile(certFile)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(home, "certs.d", host, "ca.crt"), string(pem))
		clean(t, discover(t, call{config: spec, home: home}))
	})
	t.Run("wrong password", func(t *testing.T) {
		home := dockerConfig(t, host, canary+"-wrong")
		out := discover(t, call{config: spec, settings: trusted, home: home})
		says(t, out, "refused the credentials from "+home+"/.docker/config.json", "docker login "+host)
		noCanary(t, out)
		res := verify(t, call{config: spec, settings: trusted, home: home}, sdk.Ref{ID: spec.Repository + ":k3s-1.30.1-v4.7.0"})
		// An expired login says nothing of the image.
		if res.results[0].Presence != sdk.Unknown {
			t.Errorf("%+v", res.results[0])
		}
		says(t, res, "refused the credentials", "docker login "+host)
		noCanary(t, res)
	})
	t.Run("no credentials", func(t *testing.T) {
		says(t, discover(t, call{config: spec, settings: trusted}), "wants credentials, and none are stored", "docker login "+host)
	})
	t.Run("credentials of another registry", func(t *testing.T) {
		says(t, discover(t, call{config: spec, settings: trusted, home: dockerConfig(t, "127.0.0.1", canary)}), "none are stored")
	})
	t.Run("unknown authority", func(t *testing.T) {
		out := discover(t, call{config: spec, home: dockerConfig(t, host, canary)})
		says(t, out, "signed by an authority this machine does not trust", "caFile")
		noCanary(t, out)
	})
	t.Run("broken docker config", func(t *testing.T) {
		home := t.TempDir()
		writeFile(t, filepath.Join(home, ".docker", "config.json"), `{"auths": {"`+host+`": {"auth": "`+canary+`"}}`)
		out := discover(t, call{config: spec, settings: trusted, home: home})
		says(t, out, home+"/.docker/config.json", "repair that file")
		noCanary(t, out)
	})
}

func TestCredentialHelper(t *testing.T) {
	certFile, keyFile := certificate(t, time.Now().Add(24*time.Hour))
	host := registry.Start(t, registry.Options{CertFile: certFile, KeyFile: keyFile, HTPasswd: htpasswd})
	pushTLS(t, host+"/edge/ubuntu:k3s-1.30.1-v4.7.0", certFile)
	bin := t.TempDir()
	helper := func(name, script string) {
		writeFile(t, filepath.Join(bin, "docker-credential-"+name), "#!/bin/sh\n"+script)
		if err := os.Chmod(filepath.Join(bin, "docker-credential-"+name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	good := `read server; [ "$1 $server" = "get ` + host + `" ] || exit 9
echo '{"ServerURL":"x","Username":"` + user + `","Secret":"` + canary + `"}'`
	helper("good", good)
	helper("agent", `sleep 30 &
`+good)
	helper("none", `echo "credentials not found in native keychain"; exit 1`)
	helper("bad", `echo "oops `+canary+`"; exit 3`)
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	c := func(t *testing.T, dockerJSON string) *recorder {
		home := t.TempDir()
		writeFile(t, filepath.Join(home, ".docker", "config.json"), dockerJSON)
		return discover(t, call{config: config{Repository: host + "/edge/ubuntu"}, settings: trusting(host, certFile), home: home})
	}
	clean(t, c(t, `{"credHelpers": {"`+host+`": "good"}}`))
	clean(t, c(t, `{"credsStore": "agent"}`)) // which goes on, and holds the pipe
	clean(t, c(t, `{"credsStore": "good", "auths": {"`+host+`": {}}}`))
	says(t, c(t, `{"credsStore": "none"}`), "none are stored")
	says(t, c(t, `{"credHelpers": {"other.example": "good"}}`), "none are stored")
	bad := c(t, `{"credHelpers": {"`+host+`": "bad"}}`)
	says(t, bad, "docker-credential-bad (from ", "exit status 3")
	noCanary(t, bad)
	says(t, c(t, `{"credsStore": "absent"}`), "docker-credential-absent", "not found on PATH")
	says(t, c(t, `{"credsStore": "../evil"}`), "a helper is a name, not a path")
}

func TestExpiredCertificate(t *testing.T) {
	certFile, keyFile := certificate(t, time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC))
	host := registry.Start(t, registry.Options{CertFile: certFile, KeyFile: keyFile})
	out := discover(t, call{
		config:   config{Repository: host + "/edge/ubuntu", PlainHTTP: []string{host}},
		settings: trusting(host, certFile), home: dockerConfig(t, host, canary),
	})
	says(t, out, "is not valid now (it is from 2025-12-31 to 2026-01-02)", "renew the registry's certificate")
	noCanary(t, out)
}

// seen are the requests that reached a server, with what was secret in them.
type seen struct {
	mu      sync.Mutex
	secrets []string
	paths   []string
}

func (s *seen) note(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paths = append(s.paths, r.URL.Path)
	if a := r.Header.Get("Authorization"); a != "" {
		s.secrets = append(s.secrets, a)
	}
}

// serve starts a server on loopback that notes what reaches it.
func serve(t testing.TB, handler http.Handler) (host string, s *seen) {
	t.Helper()
	s = &seen{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.note(r)
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), s
}

func inMemory() http.Handler {
	return memory.New(memory.Logger(log.New(io.Discard, "", 0)))
}

// asksBasic protects a registry by basic authentication.
func asksBasic(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, ok := r.BasicAuth(); !ok || password != canary {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func TestNoCredentialFollowsARedirect(t *testing.T) {
	store := inMemory()
	elsewhere, reached := serve(t, store)
	// "localhost" is another host than 127.0.0.1.
	elsewhere = strings.Replace(elsewhere, "127.0.0.1", "localhost", 1)
	host, asked := serve(t, asksBasic(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/blobs/sha256:") || strings.Contains(r.URL.Path, "/manifests/") {
			http.Redirect(w, r, "http://"+elsewhere+r.URL.Path+"?X-Signature=abc", http.StatusTemporaryRedirect)
			return
		}
		store.ServeHTTP(w, r)
	})))
	push(t, elsewhere+"/edge/ubuntu:k3s-1.30.1-v4.7.0", registry.Image{Layers: registry.Ubuntu("22.04")})
	reached.paths = nil
	out := clean(t, discover(t, call{
		config: config{Repository: host + "/edge/ubuntu", Inspect: true}, home: dockerConfig(t, host, canary),
	}))
	if img := out.images[0]; img.OSVersion != "22.04" || img.Digest == "" {
		t.Errorf("%+v", img)
	}
	if len(asked.secrets) == 0 || len(reached.paths) == 0 {
		t.Fatal("the test does not do what it is for")
	}
	if len(reached.secrets) > 0 {
		t.Errorf("a credential reached another host: %q", reached.secrets)
	}
}

// identityToken makes a home with an identity token for a host, as a login by a
// credential helper leaves it. It travels in the body of a request.
func identityToken(t *testing.T, host string) string {
	t.Helper()
	home := t.TempDir()
	writeFile(t, filepath.Join(home, ".docker", "config.json"), fmt.Sprintf(`{"auths": {%q: {"identitytoken": %q}}}`, host, canary))
	return home
}

// A 307 repeats the body, and with it the identity token.
func TestNoCredentialInABodyFollowsARedirect(t *testing.T) {
	var reached []string
	note := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		reached = append(reached, string(body))
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": "cannot read " + string(body)})
	}
	elsewhere, _ := serve(t, http.HandlerFunc(note))
	elsewhere = strings.Replace(elsewhere, "127.0.0.1", "localhost", 1)
	for name, tc := range map[string]struct{ target, want string }{
		"another host": {"http://" + elsewhere, "redirects to " + elsewhere},
		"its own":      {"", "answered 400"},
	} {
		reached = nil
		var host string
		host, asked := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/token":
				http.Redirect(w, r, tc.target+"/again", http.StatusTemporaryRedirect)
			case "/again":
				note(w, r)
			default:
				w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+host+`/token",service="test"`)
				w.WriteHeader(http.StatusUnauthorized)
			}
		}))
		out := discover(t, call{config: config{Repository: host + "/edge/ubuntu"}, home: identityToken(t, host)})
		says(t, out, tc.want)
		noCanary(t, out)
		if len(asked.paths) < 2 {
			t.Errorf("%s: the token server was not asked: %q", name, asked.paths)
		}
		if tc.target != "" && len(reached) > 0 {
			t.Errorf("%s was sent %q", name, reached)
		}
		if tc.target == "" && len(reached) == 0 {
			t.Errorf("%s: a redirect to the token server itself was not followed", name)
		}
	}
}

func TestRedirectToPlainHTTPIsRefused(t *testing.T) {
	evil, reached := serve(t, inMemory())
	server := httptest.NewTLSServer(asksBasic(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			return
		}
		// A name that is no loopback address by its looks.
		http.Redirect(w, r, "http://lab.example:"+strings.Split(evil, ":")[1]+r.URL.Path, http.StatusTemporaryRedirect)
	})))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "https://")
	ca := filepath.Join(t.TempDir(), "ca.pem")
	writeFile(t, ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	out := discover(t, call{
		config: config{Repository: host + "/edge/ubuntu"}, settings: trusting(host, ca), home: dockerConfig(t, host, canary),
	})
	says(t, out, "refused plain http to lab.example")
	if len(reached.paths) > 0 {
		t.Errorf("reached: %q", reached.paths)
	}
}

func TestUnusualChallenges(t *testing.T) {
	for challenge, want := range map[string]string{
		`Negotiate`:                       "asks for authentication by Negotiate; basic and bearer are supported",
		`Digest realm="x", nonce="y"`:     "asks for authentication by Digest",
		``:                                "answered 401 without saying how to authenticate",
		`Bearer service="x"`:              "realm",
		`Bearer realm="ftp://x/token"`:    "realm",
		`Bearer realm="http://10.0.0.1/"`: "10.0.0.1",
		`,,,;="`:                          "answered 401 without saying how to authenticate",
	} {
		host, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if challenge != "" {
				w.Header().Set("WWW-Authenticate", challenge)
			}
			w.WriteHeader(http.StatusUnauthorized)
		}))
		out := discover(t, call{config: config{Repository: host + "/edge/ubuntu"}, home: dockerConfig(t, host, canary)})
		says(t, out, want)
		noCanary(t, out)
	}
}

func TestTokenServer(t *testing.T) {
	var token http.HandlerFunc
	auth, asked := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { token(w, r) }))
	auth = strings.Replace(auth, "127.0.0.1", "localhost", 1)
	store := inMemory()
	host, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer short-lived" {
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+auth+`/token",service="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		store.ServeHTTP(w, r)
	}))
	token = func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"token": "short-lived"})
	}
	push(t, host+"/edge/ubuntu:k3s-1.30.1-v4.7.0", registry.Image{})
	asked.secrets = nil
	c := call{config: config{Repository: host + "/edge/ubuntu"}, home: dockerConfig(t, host, canary)}
	clean(t, discover(t, c))
	if len(asked.secrets) == 0 || asked.secrets[0] != "Basic "+basic(canary) {
		t.Errorf("the token server was sent %q", asked.secrets)
	}
	token = func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"refresh_token": canary})
	}
	out := discover(t, c)
	says(t, out, "sent no token")
	noCanary(t, out)
	token = func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, "no")
	}
	says(t, discover(t, c), "refused the credentials")
}

// TestPlainHTTP names a host that is no loopback address, by way of a proxy.
func TestPlainHTTP(t *testing.T) {
	const host = "lab.example:5000"
	store := inMemory()
	proxied, reached := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect {
			w.WriteHeader(http.StatusBadGateway) // nothing serves https there
			return
		}
		store.ServeHTTP(w, r)
	}))
	push(t, proxied+"/edge/ubuntu:k3s-1.30.1-v4.7.0", registry.Image{})
	reached.paths = nil
	proxy, err := url.Parse("http://" + proxied)
	if err != nil {
		t.Fatal(err)
	}
	viaProxy := func(c call) (*recorder, *seen) {
		reached.mu.Lock()
		reached.secrets, reached.paths = nil, nil
		reached.mu.Unlock()
		out := &recorder{}
		d, err := c.source(t).discovery(sdk.DiscoverRequest[config]{Config: c.config, UserSettings: c.settings, Now: now()}, out)
		if err != nil {
			t.Fatal(err)
		}
		d.client.Proxy = http.ProxyURL(proxy)
		if err := d.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		return out, reached
	}
	home := dockerConfig(t, host, canary)
	spec := config{Repository: host + "/edge/ubuntu"}

	out, at := viaProxy(call{config: spec, home: home})
	if len(out.diagnostics) != 1 || len(at.secrets) > 0 || len(out.images) > 0 {
		t.Errorf("without a word: %s %v", out.text(), at.secrets)
	}
	spec.PlainHTTP = []string{host}
	out, at = viaProxy(call{config: spec, home: home})
	if clean(t, out); len(out.images) != 1 || len(at.secrets) > 0 {
		t.Errorf("the spec's word: %v %v", names(out), at.secrets)
	}
	mine := map[string]any{"registries": map[string]any{host: map[string]any{"plainHTTP": true}}}
	out, _ = viaProxy(call{config: spec, home: home, settings: mine})
	if clean(t, out); len(out.images) != 1 {
		t.Errorf("the user's word: %v", names(out))
	}
	mine = map[string]any{"registries": map[string]any{host: map[string]any{"plainHTTP": false}}}
	out, at = viaProxy(call{config: spec, home: home, settings: mine})
	if len(out.diagnostics) != 1 || len(at.secrets) > 0 || len(out.images) > 0 {
		t.Errorf("the user's no: %s %v", out.text(), at.secrets)
	}
}

// The working directory may be a cloned repository: no credentials, and no names
// of credential helpers, are read from there.
func TestNoCredentialsOfTheWorkingDirectory(t *testing.T) {
	host, asked := serve(t, asksBasic(inMemory()))
	t.Chdir(t.TempDir())
	stored := fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, host, basic(canary))
	writeFile(t, "config.json", stored)
	writeFile(t, filepath.Join("containers", "auth.json"), stored)
	spec := config{Repository: host + "/edge/ubuntu"}
	for variable, want := range map[string]string{
		"DOCKER_CONFIG":      `DOCKER_CONFIG: "." is not an absolute path`,
		"REGISTRY_AUTH_FILE": `REGISTRY_AUTH_FILE: "." is not an absolute path`,
		"XDG_CONFIG_HOME":    "none are stored",
		"XDG_RUNTIME_DIR":    "none are stored",
	} {
		says(t, discover(t, call{config: spec, env: map[string]string{variable: "."}}), want)
	}
	if len(asked.secrets) > 0 {
		t.Errorf("a credential of the working directory was sent: %q", asked.secrets)
	}
}

func TestLayerBomb(t *testing.T) {
	host := registry.Start(t, registry.Options{})
	repo := host + "/edge/bomb"
	// Zeros, in a file before the one looked for.
	pushRaw(t, repo, "k3s-1.30.1-v4.7.0", packBomb(t, 512<<20))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	out := discover(t, call{config: config{Repository: repo, Inspect: true}})
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 16<<20 {
		t.Errorf("%d MiB were allocated for a layer that is not kept", allocated>>20)
	}
	if img := clean(t, out).images[0]; img.State != sdk.Unusable || !strings.Contains(img.StateReason, "unpacks to more than 200 times its size") {
		t.Errorf("%v %q", img.State, img.StateReason)
	}
}

func TestInspectLimit(t *testing.T) {
	host := registry.Start(t, registry.Options{})
	repo := host + "/edge/large"
	noise := make([]byte, 2<<20)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	push(t, repo+":k3s-1.30.1-v4.7.0", registry.Image{Layers: []registry.Files{{"a": string(noise)}}})
	out := discover(t, call{config: config{Repository: repo, Inspect: true, InspectLimit: 1}})
	says(t, out, "limit on unpacked bytes is reached", "raise inspectLimit", "inspectLimit")
	if out.diagnostics[0].Severity != sdk.Warning || out.images[0].State != sdk.Available {
		t.Errorf("a limit of ours makes it unusable: %+v", out.images[0])
	}
	clean(t, discover(t, call{config: config{Repository: repo, Inspect: true, InspectLimit: 3}}))
}

func packBomb(t *testing.T, size int64) []byte {
	t.Helper()
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if err := registry.TarZeros(w, "a", size); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func TestNotARegistry(t *testing.T) {
	host, _ := serve(t, http.NotFoundHandler())
	says(t, discover(t, call{config: config{Repository: host + "/edge/ubuntu"}}), host+" is not a registry", "check the host and the port")
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	host = strings.TrimPrefix(gone.URL, "http://")
	says(t, discover(t, call{config: config{Repository: host + "/edge/ubuntu"}}), host+" refused the connection")
}

// TestEndlessAnswers makes a registry that never stops talking.
func TestEndlessAnswers(t *testing.T) {
	endless := func(w http.ResponseWriter, r *http.Request, head, chunk string) {
		_, _ = io.WriteString(w, head)
		block := strings.Repeat(chunk, 1000)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, block); err != nil {
				return
			}
		}
	}
	for name, tc := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"a list without end": {func(w http.ResponseWriter, r *http.Request) {
			endless(w, r, `{"tags":["a"`, `,"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"`)
		}, "answer is larger than"},
		"pages in a circle": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", `</v2/edge/ubuntu/tags/list?n=1&last=a>; rel="next"`)
			_, _ = io.WriteString(w, `{"tags":["a"]}`)
		}, "go in a circle"},
		"pages of another host": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", `<http://evil.example/v2/x/tags/list>; rel="next"`)
			_, _ = io.WriteString(w, `{"tags":["a"]}`)
		}, "pagination URL host does not match"},
		"half a list":    {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"tags":["a"`) }, "ended an answer early"},
		"not a registry": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `<html>login</html>`) }, "answered with a web page"},
		"a page of errors": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, strings.Repeat("\x1b[31mevil\n", 2000))
		}, "418"},
	} {
		t.Run(name, func(t *testing.T) {
			host, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v2/" {
					return
				}
				tc.handler(w, r)
			}))
			out := discover(t, call{config: config{Repository: host + "/edge/ubuntu"}})
			says(t, out, tc.want)
			if strings.Contains(out.text(), "\x1b") || len(out.text()) > 2000 {
				t.Errorf("%d bytes: %q", len(out.text()), out.text())
			}
			if len(out.images) > 0 {
				t.Errorf("half an answer: %v", names(out))
			}
		})
	}
}
