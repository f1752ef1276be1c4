package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

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

// unreadable is a tag whose content cannot be read, and why.
type unreadable struct {
	put  func(t *testing.T, s *registry.Store, tag string)
	want string
}

// check has it cost the tag alone.
func (u unreadable) check(t *testing.T) {
	s := registry.NewStore(t)
	s.Image(t, repoName, "k3s-1.30.9-v4.7.0", registry.Manifest{Layers: [][]byte{packed(t, "22.04")}})
	s.Image(t, repoName, "k3s-1.31.1-v4.7.0", registry.Manifest{Layers: [][]byte{packed(t, "22.04")}})
	u.put(t, s, "k3s-1.30.10-v4.7.0")
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
		if strings.Contains(u.want, "than") { // a bound of ours
			state = sdk.StateUnknown
		}
		if img.State != state || !strings.Contains(img.StateReason, u.want) {
			t.Errorf("state %v %q, want %q", img.State, img.StateReason, u.want)
		}
	}
	if len(out.images) != 3 {
		t.Errorf("images: %v", names(out))
	}
}

// One tag that cannot be read is one image that cannot be used; the others stand.
func TestUnreadableTag(t *testing.T) {
	for name, u := range map[string]unreadable{
		"an index of 70": {func(t *testing.T, s *registry.Store, tag string) {
			var entries []registry.Descriptor
			for i := range 70 {
				entries = append(entries, s.Image(t, repoName, "", registry.Manifest{Created: fmt.Sprint(i)}).For("linux/amd64"))
			}
			s.Index(t, repoName, tag, nil, entries...)
		}, "its index has 70 entries, more than 64"},
		"a manifest that is no JSON": {func(_ *testing.T, s *registry.Store, tag string) {
			s.Put(repoName, tag, []byte("<xml/>"), registry.MediaTypeManifest)
		}, "its manifest is no JSON object"},
		"a manifest that is too large": {func(_ *testing.T, s *registry.Store, tag string) {
			s.Put(repoName, tag, []byte(`{"x":"`+strings.Repeat("a", 5<<20)+`"}`), registry.MediaTypeManifest)
		}, "its manifest is larger than 4 MiB"},
		"an index and a manifest in one": {func(_ *testing.T, s *registry.Store, tag string) {
			s.Put(repoName, tag, []byte(`{"schemaVersion":2,"manifests":[],"config":{},"layers":[]}`), "application/json")
		}, "members of an index and of an image"},
	} {
		t.Run(name, u.check)
	}
}

func TestUnreadableConfiguration(t *testing.T) {
	for name, u := range map[string]unreadable{
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
	} {
		t.Run(name, u.check)
	}
}

func TestUnreadableLayer(t *testing.T) {
	for name, u := range map[string]unreadable{
		"an encrypted layer": {func(t *testing.T, s *registry.Store, tag string) {
			s.Image(t, repoName, tag, registry.Manifest{Layers: [][]byte{[]byte("noise")}, LayerType: registry.MediaTypeLayer + "+encrypted"})
		}, "is encrypted"},
		"a damaged layer": {func(t *testing.T, s *registry.Store, tag string) {
			s.Image(t, repoName, tag, registry.Manifest{Layers: [][]byte{[]byte(strings.Repeat("not a tar archive ", 100))}})
		}, "layer sha256:"},
		"a layer that is gone": {func(t *testing.T, s *registry.Store, tag string) {
			layer := packed(t, "20.04")
			s.Image(t, repoName, tag, registry.Manifest{Layers: [][]byte{layer}})
			s.RemoveBlob(s.Blob(layer, registry.MediaTypeLayer).Digest)
		}, "it is gone"},
	} {
		t.Run(name, u.check)
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
