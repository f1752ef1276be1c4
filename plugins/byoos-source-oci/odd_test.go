package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

// answering answers for paths with a suffix.
func answering(s *registry.Store, suffix string, answer func(w http.ResponseWriter)) {
	s.Hook = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, suffix) {
			return false
		}
		answer(w)
		return true
	}
}

func refuses(status int, code string) func(w http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"errors":[{"code":%q,"message":"quarantined by policy"}]}`, code)
	}
}

// A refusal of one tag costs that tag, as long as the registry answers for others.
func TestRefusalOfOneTag(t *testing.T) {
	const newest = "k3s-1.30.10-v4.8.0"
	for name, refusal := range map[string]func(w http.ResponseWriter){
		"403":             refuses(http.StatusForbidden, "DENIED"),
		"404 that denies": refuses(http.StatusNotFound, "DENIED"),
		"404, no access":  refuses(http.StatusNotFound, "UNAUTHORIZED"),
	} {
		t.Run(name, func(t *testing.T) {
			s := registry.NewStore(t)
			for _, tag := range []string{newest, "k3s-1.30.10-v4.7.0", "k3s-1.31.1-v4.7.0"} {
				s.Image(t, repoName, tag, registry.Manifest{})
			}
			answering(s, "/manifests/"+newest, refusal)
			c := call{config: config{Repository: s.Host + "/" + repoName}}
			out := discover(t, c)
			says(t, out, newest, "quarantined by policy")
			if out.diagnostics[0].Severity != sdk.Warning {
				t.Errorf("severity %v", out.diagnostics[0].Severity)
			}
			img := out.find(t, newest, "")
			if img.State != sdk.StateUnknown || !strings.Contains(img.Withheld, "quarantined by policy") {
				t.Errorf("%+v", img)
			}
			for _, tag := range []string{"k3s-1.30.10-v4.7.0", "k3s-1.31.1-v4.7.0"} {
				if img := out.find(t, tag, "amd64"); img.State != sdk.Available {
					t.Errorf("%+v", img)
				}
			}
			// So it is where the host asks for it alone.
			alone := c
			alone.ids = []string{c.config.Repository + ":" + newest}
			one := discover(t, alone)
			if says(t, one, newest, "quarantined by policy"); len(one.images) != 1 || one.images[0].Withheld == "" || one.diagnostics[0].Severity != sdk.Warning {
				t.Errorf("%+v", one.images)
			}
			// Nothing is known of it, neither that it is there nor that it is not.
			got := verify(t, c, sdk.Ref{ID: c.config.Repository + ":" + newest})
			if says(t, got, "quarantined by policy"); got.results[0].Presence != sdk.Unknown {
				t.Errorf("%+v", got.results[0])
			}
			// When it refuses all, the source has failed.
			answering(s, "/manifests/", refusal)
			out = discover(t, c)
			if len(out.diagnostics) != 1 || out.diagnostics[0].Severity != sdk.Error || len(out.images) > 0 {
				t.Errorf("images %v, diagnostics %+v", names(out), out.diagnostics)
			}
		})
	}
}

// Bounds of ours say nothing of an image: its state is not known, and why is told.
func TestBoundsOfOurs(t *testing.T) {
	const tag = "k3s-1.30.10-v4.7.0"
	large := strings.Repeat("a", 5<<20)
	for name, tc := range map[string]struct {
		put  func(t *testing.T, s *registry.Store)
		want string
	}{
		"an index of 70": {func(t *testing.T, s *registry.Store) {
			var entries []registry.Descriptor
			for i := range 70 {
				entries = append(entries, s.Image(t, repoName, "", registry.Manifest{Created: fmt.Sprint(i)}).For("linux/amd64"))
			}
			s.Index(t, repoName, tag, nil, entries...)
		}, "70 entries, more than 64"},
		"a large manifest": {func(_ *testing.T, s *registry.Store) {
			s.Put(repoName, tag, []byte(`{"x":"`+large+`"}`), registry.MediaTypeManifest)
		}, "larger than 4 MiB"},
		"a large configuration": {func(t *testing.T, s *registry.Store) {
			s.Image(t, repoName, tag, registry.Manifest{Config: []byte(`{"x":"` + large + `"}`)})
		}, "more than 4194304"},
		"a deep index": {func(t *testing.T, s *registry.Store) {
			d := s.Image(t, repoName, "", registry.Manifest{}).For("linux/amd64")
			for range 9 {
				d = s.Index(t, repoName, "", nil, d)
			}
			s.Tag(repoName, tag, d)
		}, "nested deeper than 4"},
	} {
		t.Run(name, func(t *testing.T) {
			s := registry.NewStore(t)
			tc.put(t, s)
			s.Image(t, repoName, "k3s-1.30.10-v4.6.0", registry.Manifest{})
			c := call{config: config{Repository: s.Host + "/" + repoName}}
			out := clean(t, discover(t, c))
			img := out.images[slices.IndexFunc(out.images, func(i sdk.Image) bool { return i.Name == tag })]
			if img.State != sdk.StateUnknown || !strings.Contains(img.StateReason, tc.want) {
				t.Errorf("%v %q", img.State, img.StateReason)
			}
			if img := out.find(t, "k3s-1.30.10-v4.6.0", "amd64"); img.State != sdk.Available {
				t.Errorf("the one before was not read: %+v", img)
			}
			got := clean(t, verify(t, c, sdk.Ref{ID: c.config.Repository + ":" + tag})).results[0]
			if got.Presence != sdk.Found || got.Image.State != sdk.StateUnknown {
				t.Errorf("%+v", got)
			}
		})
	}
}

// The manifest's own media type is what it is, whatever the answer says.
func TestMediaTypeOfTheAnswer(t *testing.T) {
	const tag = "k3s-1.30.10-v4.7.0"
	for _, answer := range []string{
		"", "application/json", "application/json; charset=utf-8", "text/plain", "application/octet-stream", "Application/JSON",
		registry.MediaTypeManifest + "; charset=utf-8", registry.MediaTypeManifest + ";charset=\"utf-8\"", registry.MediaTypeIndex, "nonsense", "binary/octet-stream",
	} {
		for _, own := range []bool{true, false} {
			if !own && (answer == registry.MediaTypeIndex || answer == "nonsense" || answer == "binary/octet-stream") {
				continue // nothing else says what it is
			}
			s := registry.NewStore(t)
			if !own {
				s.Edit = func(kind string, raw []byte) []byte {
					var document map[string]any
					_ = json.Unmarshal(raw, &document)
					if kind != registry.KindConfig {
						delete(document, "mediaType")
					}
					raw, _ = json.Marshal(document)
					return raw
				}
			}
			s.Answers.ContentType = func(string) string { return answer }
			s.Image(t, repoName, tag, registry.Manifest{})
			out := clean(t, discover(t, call{config: config{Repository: s.Host + "/" + repoName}}))
			if img := out.images[0]; img.State != sdk.Available || img.Architecture != "amd64" {
				t.Errorf("%q, own %v: %+v", answer, own, img)
			}
		}
	}
	// One that names no type of its own is told by its members.
	s := registry.NewStore(t)
	s.Edit = func(_ string, raw []byte) []byte {
		return []byte(strings.Replace(string(raw), `"mediaType":"`+registry.MediaTypeManifest+`"`, `"mediaType":"application/json"`, 1))
	}
	s.Image(t, repoName, tag, registry.Manifest{})
	if img := clean(t, discover(t, call{config: config{Repository: s.Host + "/" + repoName}})).images[0]; img.State != sdk.Available {
		t.Errorf("%+v", img)
	}
}

// A list that never ends is an error, however little it brings.
func TestEndlessPages(t *testing.T) {
	for name, tags := range map[string]string{"empty": `[]`, "null": `null`, "the same": `["k3s-1.30.1-v4.7.0"]`} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int64
			host, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v2/" {
					return
				}
				if asked.Add(1) > 5000 {
					w.WriteHeader(http.StatusTeapot)
					return
				}
				w.Header().Set("Link", fmt.Sprintf(`</v2/edge/ubuntu/tags/list?n=1&last=%d>; rel="next"`, asked.Load()))
				fmt.Fprintf(w, `{"tags":%s}`, tags)
			}))
			out := discover(t, call{config: config{Repository: host + "/edge/ubuntu"}})
			says(t, out, "pages bring no tag")
		})
	}
	// Some registries filter after they cut into pages: a few may be empty.
	s := registry.NewStore(t)
	s.Answers.EmptyPages, s.Answers.PageSize = true, 1
	s.Image(t, repoName, "k3s-1.30.1-v4.7.0", registry.Manifest{})
	s.Image(t, repoName, "k3s-1.30.2-v4.7.0", registry.Manifest{})
	if out := clean(t, discover(t, call{config: config{Repository: s.Host + "/" + repoName}})); len(out.images) != 2 {
		t.Errorf("%v", names(out))
	}
}

// A repository without tags is not one whose tags a filter leaves out.
func TestEmptyRepository(t *testing.T) {
	for _, list := range []string{`{"tags":[]}`, `{"tags":null}`, `{}`, `{"name":"edge/ubuntu"}`} {
		s := registry.NewStore(t)
		answering(s, "/tags/list", func(w http.ResponseWriter) { fmt.Fprint(w, list) })
		out := discover(t, call{config: config{Repository: s.Host + "/" + repoName}})
		says(t, out, s.Host+"/"+repoName+" has no tags", "push an image")
		if strings.Contains(out.text(), "filter") {
			t.Errorf("there is no filter:\n%s", out.text())
		}
	}
}

// What cannot be a tag (distribution-spec, "Pulling manifests") is asked for by nobody.
func TestImpossibleTags(t *testing.T) {
	const good = "k3s-1.30.1-v4.7.0"
	s := registry.NewStore(t)
	s.Image(t, repoName, good, registry.Manifest{})
	odd := []string{
		"", ".", "..", "../../../v2/_catalog", "a b", "a/b", good + "@sha256:" + strings.Repeat("0", 64), "@sha256:x", good + "?x=1", good + "#x",
		strings.Repeat("a", 129), "-a", "ä", "a\x00", "a\nb", "{{x}}", good + ":x", "\x1b[31m",
	}
	raw, err := json.Marshal(map[string]any{"tags": append(odd, good)})
	if err != nil {
		t.Fatal(err)
	}
	answering(s, "/tags/list", func(w http.ResponseWriter) { _, _ = w.Write(raw) })
	s.Requests()
	for _, resolve := range []string{"newest", "all", "none"} {
		out := discover(t, call{config: config{Repository: s.Host + "/" + repoName, Resolve: resolve}})
		says(t, out, fmt.Sprintf("%d of %d", len(odd), len(odd)+1), "cannot be tags")
		if len(out.images) != 1 || out.images[0].Name != good {
			t.Errorf("%v", names(out))
		}
	}
	for _, path := range s.Requests() {
		if strings.Contains(path, "/manifests/") && !strings.HasSuffix(path, good) {
			t.Errorf("asked for %q", path)
		}
	}
}

// An id with a digest names a manifest: it is there as long as that is, whatever
// became of its tag.
func TestVerifyOfAPinWithoutItsTag(t *testing.T) {
	const tag = "k3s-1.30.10-v4.7.0"
	s := registry.NewStore(t)
	d := s.Image(t, repoName, tag, registry.Manifest{})
	s.Remove(repoName, tag)
	c := call{config: config{Repository: s.Host + "/" + repoName}}
	id := c.config.Repository + ":" + tag + "@" + d.Digest
	got := clean(t, verify(t, c, sdk.Ref{ID: id, Architecture: "amd64"})).results[0]
	if got.Presence != sdk.Found || got.Image.Digest != d.Digest || got.Image.ID != id || !strings.Contains(got.Reason, "has no tag "+tag) {
		t.Errorf("%+v", got)
	}
}

// Refs are asked for side by side, answered in order, and one cause is told once.
func TestVerifyOfManyRefs(t *testing.T) {
	s := registry.NewStore(t)
	var refs []sdk.Ref
	for i := range 40 {
		tag := fmt.Sprintf("k3s-1.30.%d-v4.7.0", i)
		s.Image(t, repoName, tag, registry.Manifest{})
		refs = append(refs, sdk.Ref{ID: s.Host + "/" + repoName + ":" + tag})
	}
	var now, most atomic.Int64
	gate := make(chan struct{})
	s.Hook = func(_ http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/manifests/") {
			return false
		}
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer now.Add(-1)
		select {
		case gate <- struct{}{}: // two that meet let each other go on
		case <-gate:
		}
		return false
	}
	c := call{config: config{Repository: s.Host + "/" + repoName}}
	out := clean(t, verify(t, c, refs...))
	for i, got := range out.results {
		if got.Ref.ID != refs[i].ID || got.Presence != sdk.Found {
			t.Errorf("%d: %+v", i, got)
		}
	}
	if n := most.Load(); len(out.results) != len(refs) || n > parallelTags {
		t.Errorf("%d results, %d at a time", len(out.results), n)
	}
	answering(s, "/manifests/", func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) })
	out = verify(t, c, refs...)
	if says(t, out, "denied access"); len(out.results) != len(refs) || out.results[7].Presence != sdk.Unknown {
		t.Errorf("%d results", len(out.results))
	}
}
