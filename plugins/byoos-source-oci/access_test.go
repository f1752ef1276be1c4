package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
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

// secured is a registry with TLS and a login, and what is read of it by a user who trusts it.
func secured(t *testing.T) (host, certFile string, spec config, trusted map[string]any) {
	t.Helper()
	certFile, keyFile := certificate(t, time.Now().Add(24*time.Hour))
	host = registry.Start(t, registry.Options{CertFile: certFile, KeyFile: keyFile, HTPasswd: htpasswd})
	pushTLS(t, host+"/edge/ubuntu:k3s-1.30.1-v4.7.0", certFile)
	return host, certFile, config{Repository: host + "/edge/ubuntu", Inspect: true}, trusting(host, certFile)
}

func TestTLSAndBasicAuth(t *testing.T) {
	host, certFile, spec, trusted := secured(t)
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
}

func TestLoginsThatAreRefused(t *testing.T) {
	host, _, spec, trusted := secured(t)
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
