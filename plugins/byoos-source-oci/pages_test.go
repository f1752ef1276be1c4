package main

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

const firstPage = `{"tags":["k3s-1.30.0-v4.7.0","k3s-1.30.1-v4.7.0"]}`

// linked gives a store of three tags a first page with a link of its own; HOST in
// it is the host that was asked.
func linked(t *testing.T, links ...string) http.Handler {
	s := registry.NewStore(t)
	for i := range 3 {
		s.Image(t, repoName, fmt.Sprintf("k3s-1.30.%d-v4.7.0", i), registry.Manifest{})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/tags/list") || r.URL.Query().Get("page") == "2" {
			s.ServeHTTP(w, r)
			return
		}
		if r.URL.Query().Get("page") != "" {
			http.NotFound(w, r)
			return
		}
		for _, link := range links {
			w.Header().Add("Link", strings.ReplaceAll(link, "HOST", r.Host))
		}
		fmt.Fprint(w, firstPage)
	})
}

// legalLinks are ways to name the next page of a list (RFC 8288).
func legalLinks() map[string][]string {
	const path = "/v2/" + repoName + "/tags/list?n=2&page=2"
	return map[string][]string{
		"a path":                      {"<" + path + `>; rel="next"`},
		"a query":                     {`<?n=2&page=2>; rel="next"`},
		"a relative path":             {`<list?n=2&page=2>;rel=next`},
		"http":                        {"<http://HOST" + path + `>; rel="next"`},
		"https, behind a proxy":       {"<https://HOST" + path + `>; rel="next"`},
		"without a relation":          {"<" + path + ">"},
		"several relations":           {"<" + path + `>; title="a, b"; rel="last NEXT"`},
		"after the previous page":     {`<?page=0>; rel="prev"; title="\", <?page=3>", <` + path + `>; rel="next"`},
		"after another header's link": {`<?page=0>; rel="first"`, "<" + path + `>; rel="next"`},
	}
}

func TestLinksToTheNextPage(t *testing.T) {
	certFile, keyFile := certificate(t, time.Now().Add(24*time.Hour))
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	for name, links := range legalLinks() {
		t.Run(name, func(t *testing.T) {
			for scheme, start := range map[string]func(*httptest.Server){
				"http":  (*httptest.Server).Start,
				"https": func(s *httptest.Server) { s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}; s.StartTLS() },
			} {
				server := httptest.NewUnstartedServer(linked(t, links...))
				start(server)
				t.Cleanup(server.Close)
				host := strings.TrimPrefix(server.URL, scheme+"://")
				out := clean(t, discover(t, call{config: config{Repository: host + "/" + repoName}, settings: trusting(host, certFile)}))
				if len(out.images) != 3 {
					t.Errorf("%s: %v", scheme, names(out))
				}
			}
		})
	}
}

func TestLinksThatAreNone(t *testing.T) {
	for name, tc := range map[string]struct {
		links  []string
		images int
		says   string
	}{
		"the last page names the one before": {[]string{`<?page=0>; rel="prev", <?page=2>; rel="first"`}, 2, ""},
		"another host":                       {[]string{`<http://other.example/v2/x/tags/list>; rel="next"`}, 0, "host does not match"},
		"another port":                       {[]string{`<http://127.0.0.1:1/v2/x/tags/list>; rel="next"`}, 0, "host does not match"},
		"no brackets":                        {[]string{`/v2/x/tags/list; rel="next"`}, 0, "failed to parse link header"},
		"half a bracket":                     {[]string{`</v2/x/tags/list; rel="next"`}, 0, "failed to parse link header"},
	} {
		t.Run(name, func(t *testing.T) {
			host, _ := serve(t, linked(t, tc.links...))
			out := discover(t, call{config: config{Repository: host + "/" + repoName}})
			if tc.says != "" {
				says(t, out, tc.says)
			}
			if len(out.images) != tc.images {
				t.Errorf("%v\n%s", names(out), out.text())
			}
		})
	}
}
