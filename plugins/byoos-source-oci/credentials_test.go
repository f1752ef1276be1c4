package main

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

// dockerConfig makes a home with the user's login to a host.
func dockerConfig(t *testing.T, host, password string) string {
	t.Helper()
	home := t.TempDir()
	writeFile(t, filepath.Join(home, ".docker", "config.json"),
		fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, host, basic(password)))
	return home
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
