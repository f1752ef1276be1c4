package main

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

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
	says(t, discover(t, call{config: config{Repository: "127.0.0.1:1/edge/ubuntu"}}), "127.0.0.1:1 refused the connection")
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
