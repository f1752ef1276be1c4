package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// echo is a registry that sends back what it was sent in an answer of a status.
func echo(t *testing.T, status int, body func(header, password string) string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := r.Header.Get("Authorization")
		_, password, _ := r.BasicAuth()
		if header == "" {
			w.Header().Set("WWW-Authenticate", `Basic realm="edge"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch {
		case strings.HasSuffix(r.URL.Path, "/tags/list") && strings.Contains(r.URL.Path, "/listed/"):
			_, _ = fmt.Fprint(w, `{"tags": ["k3s-1.30.4-v4.7.0"]}`)
		case r.URL.Path == "/v2/":
		default:
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, body(header, password))
		}
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// Registries, and the proxies before them, may repeat what they were sent in the
// words of an error, as a debug page does.
func TestNoAnswerShowsWhatWasSent(t *testing.T) {
	const password = `canary/"s3cret<&>\ü`
	bodies := map[string]func(header, password string) string{
		"JSON": func(header, password string) string {
			raw, _ := json.Marshal(map[string]any{"errors": []any{map[string]any{
				"code": "DENIED", "message": "policy 7: " + header + " is " + password, "detail": []string{password},
			}}})
			return strings.ReplaceAll(string(raw), "/", `\/`)
		},
		"text": func(header, password string) string {
			return "policy 7: Authorization: " + header + "\n" + password + "\n" + url.QueryEscape(password)
		},
	}
	for name, body := range bodies {
		for _, status := range []int{400, 403, 404, 412, 501} {
			t.Run(fmt.Sprint(name, " ", status), func(t *testing.T) {
				t.Parallel()
				host := echo(t, status, body)
				home := dockerConfig(t, host, password)
				said := ""
				for _, path := range []string{"/edge/ubuntu", "/listed/ubuntu"} {
					out := discover(t, call{config: config{Repository: host + path}, home: home})
					said += out.text() + fmt.Sprintf("%+v", out.images)
				}
				for _, form := range []string{password, basic(password), url.QueryEscape(password)} {
					if strings.Contains(said, form) {
						t.Errorf("the password can be read in:\n%s", said)
					}
				}
				if name == "JSON" && !strings.Contains(said, "policy 7") {
					t.Errorf("the registry's words are missing in:\n%s", said)
				}
			})
		}
	}
}
