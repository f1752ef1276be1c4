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
)

const repoName = "edge/ubuntu"

// packed is a layer with an os-release.
func packed(t testing.TB, release string) []byte {
	t.Helper()
	archive, err := registry.Tar(registry.Files{"etc/os-release": "ID=ubuntu\nVERSION_ID=" + release + "\n"})
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

// One tag that cannot be read is one image that cannot be used; the others stand.
func TestUnreadableTag(t *testing.T) {
	for name, tc := range map[string]struct {
		put  func(t *testing.T, s *registry.Store, tag string)
		want string
	}{
		"an index of 70": {func(t *testing.T, s *registry.Store, tag string) {
			var entries []registry.Descriptor
			for i := range 70 {
				entries = append(entries, s.Image(t, repoName, "", registry.Manifest{Created: fmt.Sprint(i)}).For("linux/amd64"))
			}
			s.Index(t, repoName, tag, nil, entries...)
		}, "its index has 70 entries, more than 64"},
		"a configuration that is no JSON": {func(t *testing.T, s *registry.Store, tag string) {
			s.Image(t, repoName, tag, registry.Manifest{Config: []byte("not JSON")})
		}, "its image configuration is no JSON object"},
		"a configuration that is a list": {func(t *testing.T, s *registry.Store, tag string) {
			s.Image(t, repoName, tag, registry.Manifest{Config: []byte("[]")})
		}, "its image configuration is no JSON object"},
		"a configuration that is gone": {func(t *testing.T, s *registry.Store, tag string) {
			config := []byte(`{"architecture":"amd64","os":"linux","x":1}`)
			s.Image(t, repoName, tag, registry.Manifest{Config: config})
			s.RemoveBlob(s.Blob(config, registry.MediaTypeConfig).Digest)
		}, "its image configuration sha256:"},
		"a configuration that is larger than its manifest says": {func(_ *testing.T, s *registry.Store, tag string) {
			config := s.Blob([]byte(`{"x":"`+strings.Repeat("a", 5<<20)+`"}`), registry.MediaTypeConfig)
			s.Put(repoName, tag, fmt.Appendf(nil, `{"schemaVersion":2,"config":{"mediaType":%q,"digest":%q,"size":2},"layers":[]}`,
				registry.MediaTypeConfig, config.Digest), registry.MediaTypeManifest)
		}, "its image configuration has more than 4194304 bytes"},
		"an encrypted layer": {func(t *testing.T, s *registry.Store, tag string) {
			s.Image(t, repoName, tag, registry.Manifest{Layers: [][]byte{[]byte("noise")}, LayerType: registry.MediaTypeLayer + "+encrypted"})
		}, "is encrypted"},
		"a manifest that is no JSON": {func(_ *testing.T, s *registry.Store, tag string) {
			s.Put(repoName, tag, []byte("<xml/>"), registry.MediaTypeManifest)
		}, "its manifest is no JSON object"},
		"a manifest that is too large": {func(_ *testing.T, s *registry.Store, tag string) {
			s.Put(repoName, tag, []byte(`{"x":"`+strings.Repeat("a", 5<<20)+`"}`), registry.MediaTypeManifest)
		}, "its manifest is larger than 4 MiB"},
		"an index and a manifest in one": {func(_ *testing.T, s *registry.Store, tag string) {
			s.Put(repoName, tag, []byte(`{"schemaVersion":2,"manifests":[],"config":{},"layers":[]}`), "application/json")
		}, "members of an index and of an image"},
		"a damaged layer": {func(t *testing.T, s *registry.Store, tag string) {
			s.Image(t, repoName, tag, registry.Manifest{Layers: [][]byte{[]byte(strings.Repeat("not a tar archive ", 100))}})
		}, "layer sha256:"},
		"a layer that is gone": {func(t *testing.T, s *registry.Store, tag string) {
			layer := packed(t, "20.04")
			s.Image(t, repoName, tag, registry.Manifest{Layers: [][]byte{layer}})
			s.RemoveBlob(s.Blob(layer, registry.MediaTypeLayer).Digest)
		}, "it is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			s := registry.NewStore(t)
			s.Image(t, repoName, "k3s-1.30.9-v4.7.0", registry.Manifest{Layers: [][]byte{packed(t, "22.04")}})
			s.Image(t, repoName, "k3s-1.31.1-v4.7.0", registry.Manifest{Layers: [][]byte{packed(t, "22.04")}})
			tc.put(t, s, "k3s-1.30.10-v4.7.0")
			c := call{config: config{Repository: s.Host + "/" + repoName, Inspect: true}}
			out := clean(t, discover(t, c))
			for _, img := range out.images {
				if img.Name != "k3s-1.30.10-v4.7.0" {
					if img.State != sdk.Available || img.OSVersion != "22.04" {
						t.Errorf("its neighbour suffers: %+v", img)
					}
					continue
				}
				state := sdk.Unusable
				if strings.Contains(tc.want, "than") { // a bound of ours
					state = sdk.StateUnknown
				}
				if img.State != state || !strings.Contains(img.StateReason, tc.want) {
					t.Errorf("state %v %q, want %q", img.State, img.StateReason, tc.want)
				}
			}
			if len(out.images) != 3 {
				t.Errorf("images: %v", names(out))
			}
		})
	}
}

// A line with an image that cannot be used is read on.
func TestUnusableNewestIsReadPast(t *testing.T) {
	s := registry.NewStore(t)
	s.Image(t, repoName, "k3s-1.30.10-v4.7.1", registry.Manifest{Config: []byte("not JSON")})
	s.Image(t, repoName, "k3s-1.30.10-v4.7.0", registry.Manifest{})
	s.Image(t, repoName, "k3s-1.30.10-v4.6.0", registry.Manifest{})
	out := clean(t, discover(t, call{config: config{Repository: s.Host + "/" + repoName}}))
	if img := out.find(t, "k3s-1.30.10-v4.7.0", "amd64"); img.State != sdk.Available {
		t.Errorf("%+v", img)
	}
	if find(out.images, "k3s-1.30.10-v4.6.0", "amd64") != nil {
		t.Error("it was read further than needed")
	}
}

// What a registry's own policy keeps from being pulled (Harbor: 412) costs that
// image, as a tag, as a platform of an index, and in verify.
func TestWithheldImage(t *testing.T) {
	const tag = "k3s-1.30.10-v4.7.0"
	for _, status := range []int{http.StatusPreconditionFailed, http.StatusUnavailableForLegalReasons} {
		s := registry.NewStore(t)
		s.Image(t, repoName, "k3s-1.30.9-v4.7.0", registry.Manifest{})
		arm := s.Image(t, repoName, "", registry.Manifest{Architecture: "arm64"})
		index := s.Index(t, repoName, tag, nil, s.Image(t, repoName, "", registry.Manifest{Created: "2026-01-01T00:00:00Z"}).For("linux/amd64"), arm.For("linux/arm64"))
		kept := "/manifests/" + tag
		s.Hook = func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, kept) {
				return false
			}
			w.WriteHeader(status)
			fmt.Fprint(w, `{"errors":[{"code":"PROJECTPOLICYVIOLATION","message":"current image with 3 vulnerabilities cannot be pulled"}]}`)
			return true
		}
		c := call{config: config{Repository: s.Host + "/" + repoName}}
		withheld := func(img sdk.Image) bool {
			return img.State == sdk.Unusable && strings.Contains(img.StateReason, "lets nobody pull it (status "+fmt.Sprint(status)) &&
				strings.Contains(img.StateReason, "3 vulnerabilities cannot be pulled")
		}
		out := clean(t, discover(t, c))
		if img := out.find(t, tag, ""); !withheld(img) {
			t.Errorf("%+v", img)
		}
		if img := out.find(t, "k3s-1.30.9-v4.7.0", "amd64"); img.State != sdk.Available {
			t.Errorf("its neighbour suffers: %+v", img)
		}
		got := clean(t, verify(t, c, sdk.Ref{ID: c.config.Repository + ":" + tag, Digest: index.Digest})).results[0]
		if got.Presence != sdk.Found || !withheld(*got.Image) {
			t.Errorf("%+v", got)
		}
		kept = "/manifests/" + arm.Digest
		out = clean(t, discover(t, c))
		if img := out.find(t, tag, "arm64"); !withheld(img) {
			t.Errorf("%+v", img)
		}
		if img := out.find(t, tag, "amd64"); img.State != sdk.Available {
			t.Errorf("the platform beside it suffers: %+v", img)
		}
	}
}

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

func TestNestedIndex(t *testing.T) {
	const tag = "k3s-1.30.10-v4.7.0"
	s := registry.NewStore(t)
	nested := func(depth int) registry.Descriptor {
		d := s.Image(t, repoName, "", registry.Manifest{Architecture: "arm64", Created: fmt.Sprint(depth)}).For("linux/arm64")
		for range depth {
			d = s.Index(t, repoName, "", nil, d)
		}
		return d
	}
	s.Index(t, repoName, tag, nil, s.Image(t, repoName, "", registry.Manifest{}).For("linux/amd64"), nested(2))
	c := call{config: config{Repository: s.Host + "/" + repoName}}
	out := clean(t, discover(t, c))
	if out.find(t, tag, "amd64").State != sdk.Available || out.find(t, tag, "arm64").State != sdk.Available {
		t.Errorf("%+v", out.images)
	}

	s.Index(t, repoName, tag, nil, nested(9))
	if img := clean(t, discover(t, c)).images[0]; img.State != sdk.StateUnknown || !strings.Contains(img.StateReason, "nested deeper than 4") {
		t.Errorf("%v %q", img.State, img.StateReason)
	}

	// An index cannot hold itself, but a registry can lie about what it sends.
	self := s.Index(t, repoName, tag, nil, nested(1))
	child := nested(1)
	s.Hook = func(_ http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, child.Digest) {
			return false
		}
		r.URL.Path = strings.Replace(r.URL.Path, child.Digest, self.Digest, 1)
		return false
	}
	if img := clean(t, discover(t, c)).images[0]; img.State != sdk.Unusable || !strings.Contains(img.StateReason, "does not match") {
		t.Errorf("%v %q", img.State, img.StateReason)
	}
}

// Platforms of one index cost each other nothing.
func TestPlatformsOfOneIndex(t *testing.T) {
	const tag = "k3s-1.30.10-v4.7.0"
	for name, tc := range map[string]struct {
		entries func(t *testing.T, s *registry.Store) []registry.Descriptor
		want    map[string]sdk.State // by architecture
	}{
		"one cannot be read": {func(t *testing.T, s *registry.Store) []registry.Descriptor {
			return []registry.Descriptor{
				s.Image(t, repoName, "", registry.Manifest{Config: []byte("no")}).For("linux/arm64"),
				s.Image(t, repoName, "", registry.Manifest{}).For("linux/amd64"),
			}
		}, map[string]sdk.State{"amd64": sdk.Available, "arm64": sdk.Unusable}},
		"two of one architecture, one cannot be used": {func(t *testing.T, s *registry.Store) []registry.Descriptor {
			return []registry.Descriptor{
				s.Image(t, repoName, "", registry.Manifest{OS: "windows"}).For("windows/amd64"),
				s.Image(t, repoName, "", registry.Manifest{}).For("linux/amd64"),
			}
		}, map[string]sdk.State{"amd64": sdk.Available}},
		"Windows": {func(t *testing.T, s *registry.Store) []registry.Descriptor {
			return []registry.Descriptor{s.Image(t, repoName, "", registry.Manifest{OS: "windows"}).For("windows/amd64")}
		}, map[string]sdk.State{"amd64": sdk.Unusable}},
		"an attestation": {func(t *testing.T, s *registry.Store) []registry.Descriptor {
			return []registry.Descriptor{
				s.Image(t, repoName, "", registry.Manifest{}).For("linux/amd64"),
				s.Image(t, repoName, "", registry.Manifest{OS: "unknown", Architecture: "unknown"}).For("unknown/unknown"),
			}
		}, map[string]sdk.State{"amd64": sdk.Available}},
	} {
		t.Run(name, func(t *testing.T) {
			s := registry.NewStore(t)
			s.Index(t, repoName, tag, nil, tc.entries(t, s)...)
			out := clean(t, discover(t, call{config: config{Repository: s.Host + "/" + repoName}}))
			if len(out.images) != len(tc.want) {
				t.Errorf("images: %v", names(out))
			}
			for architecture, state := range tc.want {
				if img := out.find(t, tag, architecture); img.State != state {
					t.Errorf("%s: %v %q", architecture, img.State, img.StateReason)
				}
			}
		})
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
			c := call{config: config{Repository: s.Host + "/" + repoName}, waits: &waits{}}
			out := discover(t, c)
			if tc.says != "" {
				says(t, out, tc.says)
			} else if clean(t, out); len(out.images) != 1 {
				t.Errorf("images: %v", names(out))
			}
			if fmt.Sprint(c.waits.all) != fmt.Sprint(tc.waits) {
				t.Errorf("waited %v, want %v", c.waits.all, tc.waits)
			}
		})
	}
}

// A pin goes on working when its tag moved, as long as its manifest is there.
func TestVerifyDigestPin(t *testing.T) {
	const tag = "k3s-1.30.10-v4.7.0"
	s := registry.NewStore(t)
	c := call{config: config{Repository: s.Host + "/" + repoName}}
	old := s.Image(t, repoName, tag, registry.Manifest{Created: "2026-01-01T00:00:00Z"})
	check := func(presence sdk.Presence, want string) {
		t.Helper()
		for _, ref := range []sdk.Ref{
			{ID: c.config.Repository + ":" + tag, Digest: old.Digest, Architecture: "amd64"},
			{ID: c.config.Repository + ":" + tag + "@" + old.Digest, Architecture: "amd64"},
		} {
			got := clean(t, verify(t, c, ref)).results[0]
			if got.Presence != presence || !strings.Contains(got.Reason, want) || want == "" && got.Reason != "" {
				t.Errorf("%s: %v %q, want %v %q", ref.ID, got.Presence, got.Reason, presence, want)
			}
		}
	}
	check(sdk.Found, "")
	untagged := sdk.Ref{ID: c.config.Repository + "@" + old.Digest, Architecture: "amd64"}
	if got := clean(t, verify(t, c, untagged)).results[0]; got.Presence != sdk.Found || got.Image.ID != untagged.ID || got.Image.Digest != old.Digest {
		t.Errorf("%+v", got)
	}
	s.Image(t, repoName, tag, registry.Manifest{Created: "2026-02-01T00:00:00Z"})
	check(sdk.Found, "the manifest that was picked, "+old.Digest+", still exists")
	s.Remove(repoName, tag)
	untaggedPin := sdk.Ref{ID: c.config.Repository + ":" + tag + "@" + old.Digest, Architecture: "amd64"}
	if got := clean(t, verify(t, c, untaggedPin)).results[0]; got.Presence != sdk.Found || !strings.Contains(got.Reason, "has no tag") {
		t.Errorf("%+v", got)
	}
	unpinned := sdk.Ref{ID: c.config.Repository + ":" + tag, Digest: old.Digest, Architecture: "amd64"}
	if got := clean(t, verify(t, c, unpinned)).results[0]; got.Presence != sdk.NotFound || !strings.Contains(got.Reason, "still exists") {
		t.Errorf("%+v", got)
	}
	s.Remove(repoName, old.Digest)
	check(sdk.NotFound, "is gone: it can no longer be pulled")
	// The tag leads elsewhere: who picked it with a digest is told by the host, and
	// who names the digest asks for that manifest.
	s.Image(t, repoName, tag, registry.Manifest{Created: "2026-02-01T00:00:00Z"})
	for _, pin := range []struct {
		ref      sdk.Ref
		presence sdk.Presence
	}{
		{sdk.Ref{ID: c.config.Repository + ":" + tag, Digest: old.Digest}, sdk.Found},
		{sdk.Ref{ID: c.config.Repository + ":" + tag + "@" + old.Digest}, sdk.NotFound},
		{sdk.Ref{ID: c.config.Repository + "@" + old.Digest}, sdk.NotFound},
	} {
		got := clean(t, verify(t, c, pin.ref)).results[0]
		if got.Presence != pin.presence || !strings.Contains(got.Reason, "is gone: it can no longer be pulled") {
			t.Errorf("%s: %v %q", pin.ref.ID, got.Presence, got.Reason)
		}
	}
	// What the tag leads to now is no answer to who names the digest.
	s.Put(repoName, tag, []byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.cncf.helm.config.v1+json"},"layers":[]}`), registry.MediaTypeManifest)
	old = s.Image(t, repoName, "", registry.Manifest{Created: "2026-03-01T00:00:00Z"})
	id := c.config.Repository + ":" + tag + "@" + old.Digest
	if got := clean(t, verify(t, c, sdk.Ref{ID: id, Architecture: "amd64"})).results[0]; got.Presence != sdk.Found || got.Image.State != sdk.Available || got.Image.Digest != old.Digest || got.Image.ID != id {
		t.Errorf("%+v %+v", got, got.Image)
	}
	chart := s.Put(repoName, "", []byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.artifact.manifest.v1+json"}`), "application/vnd.oci.artifact.manifest.v1+json")
	s.Image(t, repoName, tag, registry.Manifest{Created: "2026-02-01T00:00:00Z"})
	if got := clean(t, verify(t, c, sdk.Ref{ID: c.config.Repository + ":" + tag + "@" + chart.Digest})).results[0]; got.Presence != sdk.Found || got.Image.State != sdk.Unusable || strings.Contains(got.Reason, "can be pulled") {
		t.Errorf("%+v %+v", got, got.Image)
	}
	// Nothing is said of what could not be asked.
	s.Hook = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, old.Digest) {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		return true
	}
	out := verify(t, c, sdk.Ref{ID: c.config.Repository + ":" + tag, Digest: old.Digest})
	says(t, out, "denied access")
	if out.results[0].Presence != sdk.Unknown {
		t.Errorf("%+v", out.results[0])
	}
}

// An index inside an index that cannot be read costs its own platforms only.
func TestDamagedNestedIndex(t *testing.T) {
	s := registry.NewStore(t)
	const tag = "k3s-1.30.10-v4.7.0"
	good := s.Image(t, repoName, "", registry.Manifest{}).For("linux/amd64")
	damaged := s.Put(repoName, "", []byte(`{"schemaVersion":2,"manifests":7}`), registry.MediaTypeIndex).For("linux/arm64")
	s.Index(t, repoName, tag, nil, damaged, good)
	out := clean(t, discover(t, call{config: config{Repository: s.Host + "/" + repoName}}))
	if img := out.find(t, tag, "amd64"); img.State != sdk.Available {
		t.Errorf("its neighbour suffers: %+v", img)
	}
	if img := out.find(t, tag, "arm64"); img.State != sdk.Unusable || !strings.Contains(img.StateReason, "its index cannot be read") {
		t.Errorf("%+v", img)
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
