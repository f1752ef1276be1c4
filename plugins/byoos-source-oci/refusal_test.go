package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
	"github.com/kubectl-byoos/kubectl-byoos/test/waits"
)

// A refusal says nothing of the image: it is a failure of the source.
func TestRefusalIsNoUnusableImage(t *testing.T) {
	for _, part := range []string{"/manifests/k3s-1.30.10", "/blobs/"} {
		for _, answer := range []struct {
			name   string
			answer func(w http.ResponseWriter)
		}{
			{"403", func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) }},
			{"429", func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests) }},
			{"500", func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) }},
			{"a web page", func(w http.ResponseWriter) {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				fmt.Fprint(w, "<html>log in</html>")
			}},
			{"a cut answer", func(w http.ResponseWriter) {
				w.Header().Set("Content-Length", "1000")
				fmt.Fprint(w, `{"schemaVersion":2,`)
			}},
		} {
			t.Run(part+answer.name, func(t *testing.T) {
				s := registry.NewStore(t)
				s.Image(t, repoName, "k3s-1.30.10-v4.7.0", registry.Manifest{})
				s.Hook = func(w http.ResponseWriter, r *http.Request) bool {
					if !strings.Contains(r.URL.Path, part) {
						return false
					}
					answer.answer(w)
					return true
				}
				out := discover(t, call{config: config{Repository: s.Host + "/" + repoName}})
				if len(out.diagnostics) != 1 || out.diagnostics[0].Severity != sdk.Error || len(out.images) > 0 {
					t.Errorf("images %v, diagnostics %+v", names(out), out.diagnostics)
				}
			})
		}
	}
}

// A registry on its token server's own host: what the token server refuses is a
// login, not a way to authenticate.
func TestTokenServerOnTheRegistrysHost(t *testing.T) {
	var status int
	var host string
	host, _ = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(map[string]string{"message": r.Header.Get("Authorization")})
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+host+`/token",service="test"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	spec := config{Repository: host + "/" + repoName}
	home := dockerConfig(t, host, canary)
	for _, tc := range []struct {
		status     int
		home, want string
	}{
		{http.StatusUnauthorized, home, "token server of " + host + " refused the credentials from " + home},
		{http.StatusUnauthorized, "", "wants credentials, and none are stored"},
		{http.StatusForbidden, home, "denied access to the user from " + home},
		{http.StatusBadRequest, home, "answered 400"},
	} {
		status = tc.status
		out := discover(t, call{config: spec, home: tc.home})
		says(t, out, tc.want)
		if tc.status != http.StatusForbidden {
			says(t, out, "docker login "+host)
		}
		noCanary(t, out)
	}
}

// What the storage behind a registry answers says nothing of the login to the registry.
func TestRefusalOfTheStorage(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		storage, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		s := registry.NewStore(t)
		s.Image(t, repoName, "k3s-1.30.10-v4.7.0", registry.Manifest{})
		s.Hook = func(w http.ResponseWriter, r *http.Request) bool {
			if strings.Contains(r.URL.Path, "/blobs/") {
				http.Redirect(w, r, "http://"+storage+r.URL.Path, http.StatusTemporaryRedirect)
				return true
			}
			return false
		}
		out := discover(t, call{config: config{Repository: s.Host + "/" + repoName}, home: dockerConfig(t, s.Host, canary)})
		said := out.text()
		for _, img := range out.images {
			said += img.StateReason
		}
		if want := fmt.Sprintf("%s redirects to %s, which answered %d", s.Host, storage, status); !strings.Contains(said, want) {
			t.Errorf("%q is missing in: %s", want, said)
		}
		if strings.Contains(said, "docker login") || strings.Contains(said, "log in again") {
			t.Errorf("%d: a login would not help: %s", status, said)
		}
		noCanary(t, out)
	}
}

func TestRetryAfter(t *testing.T) {
	for _, tc := range []struct {
		name, header string
		refusals     int
		waits        []time.Duration
		says         string
	}{
		{"seconds", "7", 1, []time.Duration{7 * time.Second}, ""},
		{"a date", now().Add(9 * time.Second).Format(http.TimeFormat), 1, []time.Duration{9 * time.Second}, ""},
		{"a date that has passed", now().Add(-time.Hour).Format(http.TimeFormat), 1, nil, ""},
		{"nothing", "", 2, []time.Duration{500 * time.Millisecond, time.Second}, ""},
		{"nonsense", "soon", 1, []time.Duration{500 * time.Millisecond}, ""},
		{"too long", "3600", 1, nil, "said to wait 1h0m0s"},
		{"longer than any number", "99999999999999999999", 1, nil, "said to wait"},
		{"less than none", "-5", 1, []time.Duration{500 * time.Millisecond}, ""},
		{"at once, again and again", "0", 100, []time.Duration{500 * time.Millisecond, time.Second}, "limits requests"},
		{"again and again", "1", 100, []time.Duration{time.Second, time.Second, time.Second}, "limits requests"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := registry.NewStore(t)
			s.Image(t, repoName, "k3s-1.30.10-v4.7.0", registry.Manifest{})
			left := tc.refusals
			s.Hook = func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.URL.Path, "/tags/list") || left == 0 {
					return false
				}
				left--
				if tc.header != "" {
					w.Header().Set("Retry-After", tc.header)
				}
				w.WriteHeader(http.StatusTooManyRequests)
				return true
			}
			c := call{config: config{Repository: s.Host + "/" + repoName}, clock: &waits.Clock{}}
			out := discover(t, c)
			if tc.says != "" {
				says(t, out, tc.says)
			} else if clean(t, out); len(out.images) != 1 {
				t.Errorf("images: %v", names(out))
			}
			if fmt.Sprint(c.clock.All()) != fmt.Sprint(tc.waits) {
				t.Errorf("waited %v, want %v", c.clock.All(), tc.waits)
			}
		})
	}
}

// Only the registry's own answer about a manifest says that it is not there.
func TestNotFoundOfOthers(t *testing.T) {
	const tag = "k3s-1.30.10-v4.7.0"
	page := func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "<html>404</html>")
	}
	for name, tc := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request, host string) bool
		says   string
	}{
		"the token server's": {func(w http.ResponseWriter, r *http.Request, host string) bool {
			if r.URL.Path == "/token" {
				http.NotFound(w, r)
				return true
			}
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+host+`/token",service="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}, "token server of HOST answered 404"},
		"what is no registry's": {func(w http.ResponseWriter, r *http.Request, _ string) bool {
			http.NotFound(w, r)
			return true
		}, "HOST is not a registry"},
		"a proxy's page": {func(w http.ResponseWriter, r *http.Request, _ string) bool {
			if strings.Contains(r.URL.Path, "/manifests/") {
				page(w)
				return true
			}
			return false
		}, "HOST answered with a web page"},
	} {
		t.Run(name, func(t *testing.T) {
			s := registry.NewStore(t)
			s.Image(t, repoName, tag, registry.Manifest{})
			s.Hook = func(w http.ResponseWriter, r *http.Request) bool { return tc.answer(w, r, s.Host) }
			c := call{config: config{Repository: s.Host + "/" + repoName}}
			want := strings.ReplaceAll(tc.says, "HOST", s.Host)
			out := discover(t, c)
			if says(t, out, want); len(out.images) > 0 {
				t.Errorf("%+v", out.images)
			}
			out = verify(t, c, sdk.Ref{ID: c.config.Repository + ":" + tag})
			if says(t, out, want); out.results[0].Presence != sdk.Unknown {
				t.Errorf("%+v", out.results[0])
			}
		})
	}
}
