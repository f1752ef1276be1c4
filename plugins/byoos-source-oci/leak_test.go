package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// sent is what reached a host, whole.
type sent struct{ requests []string }

func (s *sent) note(r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.requests = append(s.requests, fmt.Sprintf("%s %s %v %s", r.Method, r.URL, r.Header, body))
}

// holds tells whether a credential can be read in what reached the host.
func (s *sent) holds(secret string) bool {
	all := strings.Join(s.requests, "\n")
	for _, form := range []string{secret, basic(secret), url.QueryEscape(secret), url.QueryEscape(basic(secret)), base64.StdEncoding.EncodeToString([]byte(secret))} {
		if strings.Contains(all, form) {
			return true
		}
	}
	return false
}

// A redirect can ask for a credential in each part of a request: whatever it is and
// wherever it stands, no other host gets it.
func TestNoCredentialTravelsByARedirect(t *testing.T) {
	logins := map[string]func(*testing.T, string) string{
		"a password":        func(t *testing.T, host string) string { return dockerConfig(t, host, canary) },
		"an identity token": identityToken,
	}
	for login, home := range logins {
		for _, status := range []int{301, 302, 303, 307, 308} {
			for _, place := range []string{"", "?again=SECRET", "/SECRET", "?a=BASIC", "#SECRET"} {
				t.Run(fmt.Sprint(login, " ", status, " ", place), func(t *testing.T) {
					other := &sent{}
					elsewhere, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						other.note(r)
						w.WriteHeader(http.StatusBadRequest)
						fmt.Fprint(w, other.requests)
					}))
					elsewhere = strings.Replace(elsewhere, "127.0.0.1", "localhost", 1)
					target := "http://" + elsewhere + "/elsewhere" + strings.NewReplacer("SECRET", url.PathEscape(canary), "BASIC", url.QueryEscape(basic(canary))).Replace(place)
					var host string
					host, _ = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if r.URL.Path == "/token" {
							http.Redirect(w, r, target, status)
							return
						}
						w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+host+`/token?key=`+canary+`",service="test"`)
						w.WriteHeader(http.StatusUnauthorized)
					}))
					out := discover(t, call{config: config{Repository: host + "/edge/ubuntu"}, home: home(t, host)})
					says(t, out, "redirects to "+elsewhere)
					noCanary(t, out)
					if other.holds(canary) {
						t.Errorf("another host was sent %q", other.requests)
					}
				})
			}
		}
	}
}

// The same of what a registry redirects, to a storage that needs no credential.
func TestNoCredentialTravelsByAStorage(t *testing.T) {
	for _, place := range []string{"?again=SECRET", "/SECRET", "?a=BASIC"} {
		other := &sent{}
		elsewhere, _ := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { other.note(r) }))
		elsewhere = strings.Replace(elsewhere, "127.0.0.1", "localhost", 1)
		host, _ := serve(t, asksBasic(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v2/" {
				return
			}
			place := strings.NewReplacer("SECRET", url.PathEscape(canary), "BASIC", url.QueryEscape(basic(canary))).Replace(place)
			http.Redirect(w, r, "http://"+elsewhere+"/x"+place, http.StatusTemporaryRedirect)
		})))
		out := discover(t, call{config: config{Repository: host + "/edge/ubuntu"}, home: dockerConfig(t, host, canary)})
		says(t, out, "redirects to "+elsewhere)
		noCanary(t, out)
		if other.holds(canary) {
			t.Errorf("another host was sent %q", other.requests)
		}
	}
}

// The address of what was asked for before may give access, too.
func TestNoHostIsToldWhatWasAskedBefore(t *testing.T) {
	other := &sent{}
	last, _ := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { other.note(r) }))
	last = strings.Replace(last, "127.0.0.1", "localhost", 1)
	host, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v2/":
		case "/signed":
			http.Redirect(w, r, "http://"+last+"/x", http.StatusTemporaryRedirect)
		default:
			http.Redirect(w, r, "/signed?X-Amz-Signature="+canary, http.StatusTemporaryRedirect)
		}
	}))
	discover(t, call{config: config{Repository: host + "/edge/ubuntu"}})
	if len(other.requests) == 0 {
		t.Fatal("the test does not do what it is for")
	}
	if other.holds(canary) {
		t.Errorf("another host was sent %q", other.requests)
	}
}

// What is shown of an answer's header is cut, but only after secrets are taken out.
func TestNoHeaderShowsHalfASecret(t *testing.T) {
	for at := 300; at < 400; at += 7 {
		words := strings.Repeat("x", at) + " "
		for name, answer := range map[string]func(w http.ResponseWriter){
			"Link": func(w http.ResponseWriter) { w.Header().Set("Link", words+canary); fmt.Fprint(w, `{"tags":["a"]}`) },
			"Location": func(w http.ResponseWriter) {
				w.Header().Set("Location", ":"+words+canary)
				w.WriteHeader(http.StatusTemporaryRedirect)
			},
			"Content-Type": func(w http.ResponseWriter) { w.Header().Set("Content-Type", words+canary); fmt.Fprint(w, `{`) },
		} {
			host, _ := serve(t, asksBasic(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v2/" {
					answer(w)
				}
			})))
			out := discover(t, call{config: config{Repository: host + "/edge/ubuntu"}, home: dockerConfig(t, host, canary)})
			if strings.Contains(out.text(), canary[:8]) {
				t.Errorf("%s: %s", name, out.text())
			}
		}
	}
}

// A token server's word on the whole is none about an image, whatever its status.
func TestTokenServersWords(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 409, 412, 429, 451, 500, 501} {
		var host string
		asked := 0
		host, _ = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			switch {
			case r.URL.Path == "/token":
				if asked++; asked > 1 {
					w.WriteHeader(status)
					fmt.Fprintf(w, `{"errors":[{"code":"X","message":"you sent %s %s"}]}`, r.Header, body)
					return
				}
				fmt.Fprint(w, `{"token":"short-lived"}`)
			case strings.HasSuffix(r.URL.Path, "/tags/list") && r.Header.Get("Authorization") != "":
				fmt.Fprint(w, `{"tags":["k3s-1.30.1-v4.7.0"]}`)
			default:
				w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+host+`/token",service="test"`)
				w.WriteHeader(http.StatusUnauthorized)
			}
		}))
		out := discover(t, call{config: config{Repository: host + "/edge/ubuntu"}, home: identityToken(t, host)})
		noCanary(t, out)
		if len(out.diagnostics) != 1 || len(out.images) > 0 || strings.Contains(out.text(), "you sent") {
			t.Errorf("%d: %v\n%s", status, names(out), out.text())
		}
	}
}
