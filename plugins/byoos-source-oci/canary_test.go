package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/sdktest"
	canaries "github.com/kubectl-byoos/kubectl-byoos/test/canary"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

var answers = flag.Int("answers", 2000, "how many answers hide a secret")

// TestCanaries: no secret of the user's, and none in what a registry says, is shown.
func TestCanaries(t *testing.T) {
	home := t.TempDir()
	password := func(t testing.TB, host string, secret string) string {
		return dockerFile(t, home, fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, host, basic(secret)))
	}
	canaries.Run(t, *answers,
		canaries.Place{Name: "password in a registry's error", Try: func(t *testing.T, a *canaries.Answer) string {
			secret := a.Password()
			host := refusing(t, a, `Basic realm="edge"`, a.Words(a.Form(secret)))
			return asked(t, a, host, password(t, host, secret))
		}},
		canaries.Place{Name: "authorization header in a registry's error", Try: func(t *testing.T, a *canaries.Answer) string {
			secret := a.Password()
			host := refusing(t, a, `Basic realm="edge"`, a.Words("Authorization: Basic "+basic(secret)))
			return asked(t, a, host, password(t, host, secret))
		}},
		canaries.Place{Name: "bearer token in a registry's error", Try: func(t *testing.T, a *canaries.Answer) string {
			secret := a.Token()
			host := refusing(t, a, "", a.Words(a.Form(secret)))
			return asked(t, a, host, dockerFile(t, home, fmt.Sprintf(`{"auths": {%q: {"registrytoken": %q}}}`, host, secret)))
		}},
		canaries.Place{Name: "signed address in a registry's error", Try: func(t *testing.T, a *canaries.Answer) string {
			return asked(t, a, refusing(t, a, "", a.Words(a.Signed())), "")
		}},
		canaries.Place{Name: "token server's error", Try: func(t *testing.T, a *canaries.Answer) string {
			secret := a.Key()
			host := tokens(t, http.StatusBadRequest, body(a, a.Words(a.Form(secret))))
			return asked(t, a, host, password(t, host, secret))
		}},
		canaries.Place{Name: "token server's answer that is none", Try: func(t *testing.T, a *canaries.Answer) string {
			host := tokens(t, http.StatusOK, canaries.Pick(a, "", "{", `{"tokn": `)+a.Words(a.Key()))
			return asked(t, a, host, "")
		}},
		canaries.Place{Name: "identity token in a token server's error", Try: func(t *testing.T, a *canaries.Answer) string {
			secret := a.Key()
			host := tokens(t, http.StatusUnauthorized, body(a, a.Words(a.Form(secret))))
			return asked(t, a, host, dockerFile(t, home, fmt.Sprintf(`{"auths": {%q: {"identitytoken": %q}}}`, host, secret)))
		}},
		canaries.Place{Name: "token server's address", Try: func(t *testing.T, a *canaries.Answer) string {
			// Nothing listens on port 1.
			realm := strings.NewReplacer("https:", "http:", "store.blob.core.windows.net", "127.0.0.1:1", "logs.s3.us-east-1.amazonaws.com", "127.0.0.1:1",
				"storage.googleapis.com", "127.0.0.1:1", "git.example.com", "127.0.0.1:1", "proxy.example.com", "127.0.0.1:1").Replace(a.Signed())
			return asked(t, a, refusing(t, a, fmt.Sprintf(`Bearer realm="%s",service="x"`, realm), ""), "")
		}},
	)
}

// TestCanariesOfStoredLogins has half as many answers: most start a process.
func TestCanariesOfStoredLogins(t *testing.T) {
	home := t.TempDir()
	t.Setenv("PATH", home+":"+os.Getenv("PATH")) // for the helper
	canaries.Run(t, *answers/2,
		canaries.Place{Name: "stored logins that cannot be read", Try: func(t *testing.T, a *canaries.Answer) string {
			host := refusing(t, a, "", "")
			text := canaries.Pick(a,
				`{"auths": {%q: {"auth": "%s"`, `{"auths": {%q: {"auth": %s}}}`, `{"auths": {%q: {"password": ["%s"]}}}`,
				`{"auths": {%q: "%s"}}`, `{"auths": {%q: {"auth": "%s"}}}`, `auths %q %s`)
			return asked(t, a, host, dockerFile(t, home, fmt.Sprintf(text, host, a.Key())))
		}},
		canaries.Place{Name: "credential helper's output", Try: func(t *testing.T, a *canaries.Answer) string {
			return asked(t, a, refusing(t, a, "", ""), helped(t, home, canaries.Pick(a, "", "{", `{"Secret":`)+a.Words(a.Form(a.Key())), "", a.IntN(2)))
		}},
		canaries.Place{Name: "credential helper's errors", Try: func(t *testing.T, a *canaries.Answer) string {
			return asked(t, a, refusing(t, a, "", ""), helped(t, home, "", a.Words(a.Form(a.Key())), 1))
		}},
		canaries.Place{Name: "secret of a helper in a registry's error", Try: func(t *testing.T, a *canaries.Answer) string {
			secret := a.Key()
			host := refusing(t, a, `Basic realm="edge"`, a.Words(a.Form(secret)))
			return asked(t, a, host, helped(t, home, fmt.Sprintf(`{"Username": "edge", "Secret": %q}`, secret), "", 0))
		}},
	)
}

// TestCanariesOnOtherWays has half as many answers: many fill a store.
func TestCanariesOnOtherWays(t *testing.T) {
	home := t.TempDir()
	canaries.Run(t, *answers/2,
		canaries.Place{Name: "another host that a token server sends to", Try: func(t *testing.T, a *canaries.Answer) string {
			secret := a.Key()
			host, told := sending(t, a, secret)
			login := canaries.Pick(a, fmt.Sprintf(`{"auths": {%q: {"identitytoken": %q}}}`, host, secret), fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, host, basic(secret)))
			return asked(t, a, host, dockerFile(t, home, login)) + told()
		}},
		canaries.Place{Name: "storage that a registry sends to", Try: func(t *testing.T, a *canaries.Answer) string {
			return asked(t, a, redirecting(t, a), "")
		}},
		canaries.Place{Name: "label or annotation of an image", Try: func(t *testing.T, a *canaries.Answer) string {
			store := registry.NewStore(t)
			store.Image(t, "edge/os", "k3s-1.30.4-v4.7.0", registry.Manifest{
				Labels:      map[string]string{"org.opencontainers.image.source": a.Signed(), "byoos.dev/os-name": a.Signed()},
				Annotations: map[string]string{"org.opencontainers.image.description": a.Words(a.Signed())},
			})
			return asked(t, a, store.Host, "")
		}},
		canaries.Place{Name: "password in the name of a repository", Try: func(t *testing.T, a *canaries.Answer) string {
			return answered(t, "", config{Repository: canaries.Pick(a, "https://", "") + "edge:" + a.Userinfo() + "@registry.example.com/edge/os"})
		}},
	)
}

// asked discovers and verifies as the host does, and returns all that it gets.
func asked(t *testing.T, a *canaries.Answer, host, home string) string {
	t.Helper()
	return answered(t, home, config{Repository: host + "/edge/os", Resolve: canaries.Pick(a, "newest", "all")})
}

func answered(t *testing.T, home string, c config) string {
	t.Helper()
	var said strings.Builder
	newSource := func() sdk.Source[config] { return call{home: home}.source(t) }
	options := []sdktest.Option{sdktest.Log(&said), sdktest.Now(now()), sdktest.Progress(func(_, _ int64, message string) { said.WriteString(message) })}
	images, found, err := sdktest.Discover(t.Context(), newSource, c, options...)
	if err != nil {
		t.Fatal(err)
	}
	ref := sdk.Ref{ID: c.Repository + ":k3s-1.30.4-v4.7.0", Provider: provider}
	results, unsure, err := sdktest.Verify(t.Context(), newSource, c, []sdk.Ref{ref}, options...)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := json.Marshal([]any{images, found, results, unsure})
	if err != nil {
		t.Fatal(err)
	}
	return string(shown) + said.String()
}

// body is an error in a form that registries and what stands before them have.
func body(a *canaries.Answer, text string) string {
	object := func(v any) string { raw, _ := json.Marshal(v); return string(raw) }
	switch a.IntN(5) {
	case 0:
		return object(map[string]any{"errors": []any{map[string]any{"code": "DENIED", "message": text, "detail": text}}})
	case 1:
		return object(map[string]any{"errors": []any{map[string]any{"code": text, "detail": map[string]any{text: text}}}})
	case 2:
		return object(map[string]any{"error": "invalid_grant", "error_description": text, "details": text})
	case 3:
		return "<html><body>" + text + "</body></html>"
	}
	return text
}

// refusing answers all with an error, at times but for the list of tags.
func refusing(t testing.TB, a *canaries.Answer, challenge, text string) string {
	status := canaries.Pick(a, 400, 401, 403, 404, 412, 451, 200, 301)
	said, listed := body(a, text), a.IntN(2) == 0
	return served(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case challenge != "" && r.Header.Get("Authorization") == "":
			w.Header().Set("WWW-Authenticate", challenge)
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/v2/":
		case listed && strings.HasSuffix(r.URL.Path, "/tags/list"):
			_, _ = fmt.Fprint(w, `{"tags": ["k3s-1.30.4-v4.7.0"]}`)
		default:
			w.Header().Set("Docker-Content-Digest", said)
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, said)
		}
	})
}

// tokens is a registry with a token server that answers with text.
func tokens(t testing.TB, status int, text string) string {
	return served(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, text)
			return
		}
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token",service="edge"`, r.Host))
		w.WriteHeader(http.StatusUnauthorized)
	})
}

// redirecting sends to a storage that refuses, by an address that gives access.
func redirecting(t testing.TB, a *canaries.Answer) string {
	signed, err := url.Parse(a.Signed())
	if err != nil || signed.RawQuery == "" {
		signed = &url.URL{RawQuery: "X-Amz-Signature=" + url.QueryEscape(a.Key())}
	}
	status, text := canaries.Pick(a, 400, 403, 404), a.Words(signed.RawQuery)
	return served(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/v2/":
		case strings.HasPrefix(r.URL.Path, "/storage"):
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, "<Error><Message>%s</Message></Error>", text)
		default:
			w.Header().Set("Location", "/storage?"+signed.RawQuery)
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
	})
}

// sending is a registry whose token server sends elsewhere, with the secret in the address.
// What the other host gets is what told returns.
func sending(t testing.TB, a *canaries.Answer, secret string) (host string, told func() string) {
	var mu sync.Mutex
	var got strings.Builder
	elsewhere := served(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_ = r.Write(&got)
		w.WriteHeader(http.StatusBadRequest)
	})
	target := "http://" + strings.Replace(elsewhere, "127.0.0.1", "localhost", 1) + "/x" + canaries.Pick(a, "", "?q="+url.QueryEscape(a.Form(secret)), "/"+url.PathEscape(a.Form(secret)))
	status := canaries.Pick(a, 301, 302, 303, 307, 308)
	host = served(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			w.Header().Set("Location", target)
			w.WriteHeader(status)
			return
		}
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token",service="edge"`, r.Host))
		w.WriteHeader(http.StatusUnauthorized)
	})
	return host, func() string { mu.Lock(); defer mu.Unlock(); return got.String() }
}

func served(t testing.TB, handler http.HandlerFunc) string {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// dockerFile writes the logins of a home, and returns it. Tests with many write it over.
func dockerFile(t testing.TB, home, text string) string {
	t.Helper()
	file := filepath.Join(home, ".docker", "config.json")
	if err := cmp.Or(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
	return home
}

// helped makes a home one whose logins a credential helper keeps, which says this.
func helped(t *testing.T, home, stdout, stderr string, code int) string {
	t.Helper()
	dockerFile(t, home, `{"credsStore": "canary"}`)
	for name, text := range map[string]string{
		"stdout": stdout, "stderr": stderr,
		"docker-credential-canary": fmt.Sprintf("#!/bin/sh\ncat '%[1]s/stdout'; cat '%[1]s/stderr' >&2; exit %[2]d\n", home, code),
	} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return home
}
