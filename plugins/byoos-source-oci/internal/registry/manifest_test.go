package registry_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/registry"
	fake "github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

func manifest(t *testing.T, s *fake.Store, tag string) (*registry.Manifest, error) {
	t.Helper()
	c, _ := client(t)
	return open(t, c, s.Host).Manifest(t.Context(), tag)
}

func TestManifestOfOneImage(t *testing.T) {
	s := fake.NewStore(t)
	d := s.Image(t, path, "v1", fake.Manifest{
		Architecture: "arm64", Created: "2026-01-02T03:04:05Z", Labels: map[string]string{"team": "edge"},
		Annotations: map[string]string{"note": "a"}, Layers: [][]byte{[]byte("below"), []byte("above")},
	})
	m, err := manifest(t, s, "v1")
	if err != nil || len(m.Platforms) != 1 || m.Digest != d.Digest || m.MediaType != fake.MediaTypeManifest || m.Annotations["note"] != "a" {
		t.Fatalf("%+v, %v", m, err)
	}
	p := m.Platforms[0]
	if p.String() != "linux/arm64" || p.Digest != d.Digest || p.Labels["team"] != "edge" || p.Created.Year() != 2026 || len(p.Layers) != 2 || !p.Layers[0].Readable() {
		t.Errorf("%+v", p)
	}
	if !p.Usable() || !m.Serves("arm64") || m.Serves("amd64") || (*registry.Manifest)(nil).Serves("arm64") {
		t.Error("it serves another architecture than its own")
	}
	c, _ := client(t)
	repo := open(t, c, s.Host)
	if same, err := repo.ManifestByDigest(t.Context(), d.Digest); err != nil || same.Digest != d.Digest {
		t.Errorf("%+v, %v", same, err)
	}
	if _, err := repo.ManifestByDigest(t.Context(), "v1"); err == nil || err.Error() != `"v1" is not a digest` {
		t.Errorf("a tag is taken for a digest: %v", err)
	}
	layer, err := repo.Layer(t.Context(), p.Layers[1].Digest)
	if err != nil {
		t.Fatal(err)
	}
	if content, err := io.ReadAll(layer); string(content) != "above" || err != nil {
		t.Errorf("%q, %v", content, err)
	}
}

// An index says which platforms its images are for, in indexes below it, too. What is no
// image is passed over, and an image that several tags share is read once.
func TestIndexes(t *testing.T) {
	s := fake.NewStore(t)
	amd := s.Image(t, path, "", fake.Manifest{})
	arm := s.Image(t, path, "", fake.Manifest{Architecture: "arm"})
	gone := s.Image(t, path, "", fake.Manifest{Architecture: "s390x"})
	chart := s.Put(path, "", []byte(`{"schemaVersion":2,"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json"},"layers":[]}`), fake.MediaTypeManifest)
	other := s.Put(path, "", []byte(`{}`), "application/vnd.example")
	s.Remove(path, gone.Digest)
	s.Remove(path, other.Digest)
	inner := s.Index(t, path, "", nil, arm.For("linux/arm/v7"), gone.For("linux/s390x"))
	s.Index(t, path, "v1", map[string]string{"note": "a"}, amd.For("linux/amd64"), amd.For("unknown/unknown"), inner, chart.For("linux/amd64"), other)
	s.Index(t, path, "v2", nil, amd.For("windows/amd64"))
	c, _ := client(t)
	repo := open(t, c, s.Host)
	m, err := repo.Manifest(t.Context(), "v1")
	if err != nil || m.MediaType != fake.MediaTypeIndex || m.Annotations["note"] != "a" {
		t.Fatalf("%+v, %v", m, err)
	}
	var got []string
	for _, p := range m.Platforms {
		got = append(got, fmt.Sprint(p, " missing ", p.Missing, " usable ", p.Usable()))
	}
	if want := []string{
		"linux/amd64 missing false usable true", "linux/arm/v7 missing false usable true", "linux/s390x missing true usable false",
	}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	s.Requests()
	m, err = repo.Manifest(t.Context(), "v2")
	if err != nil || m.Platforms[0].Usable() || m.Serves("amd64") || m.Platforms[0].String() != "windows/amd64" {
		t.Errorf("%+v, %v", m, err)
	}
	if requests := s.Requests(); slices.ContainsFunc(requests, func(p string) bool { return strings.Contains(p, "/blobs/") || strings.HasSuffix(p, amd.Digest) }) {
		t.Errorf("what is known is read again: %q", requests)
	}
}

// content is one tag whose content is odd, and what is said of it.
type content struct {
	put               func(t *testing.T, s *fake.Store)
	unusable, unknown string
}

func (c content) check(t *testing.T) {
	s := fake.NewStore(t)
	c.put(t, s)
	m, err := manifest(t, s, "v1")
	if err != nil {
		t.Fatal(err)
	}
	says := func(got, want string) bool {
		return want == "" && got == "" || want != "" && strings.Contains(got, want)
	}
	if !says(m.Unusable, c.unusable) || !says(m.Unknown, c.unknown) || len(m.Platforms) > 0 || m.Serves("amd64") {
		t.Errorf("%+v", m)
	}
}

func puts(raw, mediaType string) func(*testing.T, *fake.Store) {
	return func(_ *testing.T, s *fake.Store) { s.Put(path, "v1", []byte(raw), mediaType) }
}

func withConfig(config string) func(*testing.T, *fake.Store) {
	return func(t *testing.T, s *fake.Store) { s.Image(t, path, "v1", fake.Manifest{Config: []byte(config)}) }
}

func TestContentThatNobodyCanUse(t *testing.T) {
	for name, tc := range map[string]content{
		"a chart":                {puts(`{"schemaVersion":2,"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json"},"layers":[]}`, fake.MediaTypeManifest), "which is not that of an image", ""},
		"an artifact":            {puts(`{"mediaType":"application/vnd.example"}`, "application/json"), `media type "application/vnd.example" is not an image`, ""},
		"a manifest of 4 MiB":    {puts(`{"x":"`+strings.Repeat("a", 4<<20-8)+`"}`, fake.MediaTypeManifest), "which is not that of an image", ""},
		"no JSON":                {puts(`<xml/>`, fake.MediaTypeManifest), "its manifest is no JSON object", ""},
		"a list":                 {puts(`[]`, fake.MediaTypeManifest), "its manifest is no JSON object", ""},
		"a manifest of texts":    {puts(`{"layers":"none"}`, fake.MediaTypeManifest), "its manifest cannot be read", ""},
		"an index of texts":      {puts(`{"manifests":"none"}`, fake.MediaTypeIndex), "its index cannot be read", ""},
		"an empty index":         {puts(`{"manifests":[]}`, "application/json"), "its index holds no image", ""},
		"an index and an image":  {puts(`{"manifests":[],"layers":[]}`, "text/plain"), "members of an index and of an image", ""},
		"nothing":                {puts(`{}`, "application/json"), `media type "application/json" is not an image`, ""},
		"a configuration's text": {withConfig("text"), "its image configuration is no JSON object", ""},
		"a configuration that is gone": {func(t *testing.T, s *fake.Store) {
			withConfig(`{"x":1}`)(t, s)
			s.RemoveBlob(s.Blob([]byte(`{"x":1}`), "").Digest)
		}, "is gone", ""},
		"a configuration of another digest": {func(t *testing.T, s *fake.Store) {
			withConfig(`{"x":1}`)(t, s)
			answerBlobs(s, func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"y":1}`) })
		}, "error verifying sha256 checksum", ""},
		"a manifest that a policy keeps": {func(_ *testing.T, s *fake.Store) {
			s.Hook = func(w http.ResponseWriter, r *http.Request) bool {
				return strings.Contains(r.URL.Path, "/manifests/") && refused(w, http.StatusPreconditionFailed, "vulnerable")
			}
		}, "the registry lets nobody pull it (status 412)", ""},
		"a configuration that the law keeps": {func(t *testing.T, s *fake.Store) {
			withConfig(`{"x":1}`)(t, s)
			answerBlobs(s, func(w http.ResponseWriter) { refused(w, http.StatusUnavailableForLegalReasons, "by law") })
		}, "the registry lets nobody pull it (status 451)", ""},
	} {
		t.Run(name, tc.check)
	}
}

func TestContentThatIsMoreThanIsRead(t *testing.T) {
	large := strings.Repeat("a", 5<<20)
	for name, tc := range map[string]content{
		"a manifest":      {puts(`{"x":"`+large+`"}`, fake.MediaTypeManifest), "", "its manifest is larger than 4 MiB"},
		"a configuration": {withConfig(`{"x":"` + large + `"}`), "", "its image configuration has more than 4194304 bytes"},
		"a configuration that its manifest calls small": {func(_ *testing.T, s *fake.Store) {
			d := s.Blob([]byte(`{"x":"`+large+`"}`), fake.MediaTypeConfig)
			puts(fmt.Sprintf(`{"config":{"mediaType":%q,"digest":%q,"size":2},"layers":[]}`, d.MediaType, d.Digest), fake.MediaTypeManifest)(nil, s)
		}, "", "its image configuration has more than 4194304 bytes"},
		"a configuration that its manifest calls large": {func(_ *testing.T, s *fake.Store) {
			d := s.Blob([]byte(`{"os":"linux"}`), fake.MediaTypeConfig)
			puts(fmt.Sprintf(`{"config":{"mediaType":%q,"digest":%q,"size":4194305},"layers":[]}`, d.MediaType, d.Digest), fake.MediaTypeManifest)(nil, s)
		}, "", "its image configuration has more than 4194304 bytes"},
		"an index of 65": {func(t *testing.T, s *fake.Store) {
			d := s.Image(t, path, "", fake.Manifest{})
			s.Index(t, path, "v1", nil, slices.Repeat([]fake.Descriptor{d}, 65)...)
		}, "", "its index has 65 entries, more than 64"},
		"an index in five": {func(t *testing.T, s *fake.Store) {
			d := s.Image(t, path, "", fake.Manifest{})
			for range 5 {
				d = s.Index(t, path, "", nil, d)
			}
			s.Tag(path, "v1", d)
		}, "", "nested deeper than 4"},
	} {
		t.Run(name, tc.check)
	}
}

// What is at a bound is read, and what leaves out what it may leave out.
func TestContentThatIsReadStill(t *testing.T) {
	for name, tc := range map[string]struct {
		put       func(t *testing.T, s *fake.Store)
		platforms int
	}{
		"a configuration of 4 MiB": {withConfig(`{"x":"` + strings.Repeat("a", 4<<20-8) + `"}`), 1},
		"an index of 64": {func(t *testing.T, s *fake.Store) {
			s.Index(t, path, "v1", nil, slices.Repeat([]fake.Descriptor{s.Image(t, path, "", fake.Manifest{})}, 64)...)
		}, 64},
		"an index in four": {func(t *testing.T, s *fake.Store) {
			d := s.Image(t, path, "", fake.Manifest{})
			for range 4 {
				d = s.Index(t, path, "", nil, d)
			}
			s.Tag(path, "v1", d)
		}, 1},
		"an image without types": {func(t *testing.T, s *fake.Store) {
			d := s.Blob([]byte(`{"os":"Linux"}`), fake.MediaTypeConfig)
			puts(fmt.Sprintf(`{"config":{"mediaType":%q,"digest":%q,"size":%d}}`, d.MediaType, d.Digest, d.Size), "application/json")(t, s)
		}, 1},
		"an image of docker": {func(t *testing.T, s *fake.Store) {
			d := s.Blob([]byte(`{}`), "application/vnd.docker.container.image.v1+json")
			puts(fmt.Sprintf(`{"config":{"mediaType":%q,"digest":%q,"size":2},"layers":[]}`, d.MediaType, d.Digest), "application/vnd.docker.distribution.manifest.v2+json")(t, s)
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := fake.NewStore(t)
			tc.put(t, s)
			m, err := manifest(t, s, "v1")
			if err != nil || len(m.Platforms) != tc.platforms || !m.Platforms[0].Usable() {
				t.Errorf("%+v, %v", m, err)
			}
		})
	}
}

func TestReadableLayers(t *testing.T) {
	const oci, docker = "application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs."
	for mediaType, want := range map[string]bool{
		oci + "v1.tar": true, oci + "v1.tar+gzip": true, oci + "v1.tar+zstd": true,
		oci + "nondistributable.v1.tar": true, oci + "nondistributable.v1.tar+gzip": true,
		docker + "diff.tar": true, docker + "diff.tar.gzip": true, docker + "foreign.diff.tar.gzip": true,
		oci + "v1.tar+encrypted": false, "": false,
	} {
		if (registry.Layer{MediaType: mediaType}).Readable() != want {
			t.Errorf("%s: want %v", mediaType, want)
		}
	}
}

// A layer may be larger than any other answer.
func TestLargeLayer(t *testing.T) {
	s := fake.NewStore(t)
	answerBlobs(s, func(w http.ResponseWriter) {
		for block := range slices.Chunk(make([]byte, 64<<20+1), 1<<20) {
			_, _ = w.Write(block)
		}
	})
	c, _ := client(t)
	content, err := open(t, c, s.Host).Layer(t.Context(), "sha256:"+strings.Repeat("0a", 32))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = content.Close() }()
	if _, err := io.CopyN(io.Discard, content, 64<<20+1); err != nil {
		t.Error(err)
	}
}

func answerBlobs(s *fake.Store, answer func(http.ResponseWriter)) {
	s.Hook = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/blobs/") {
			return false
		}
		answer(w)
		return true
	}
}

func refused(w http.ResponseWriter, status int, message string) bool {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errors":[{"code":"DENIED","message":%q}]}`, message)
	return true
}

// One entry of an index that cannot be read costs itself, not those beside it.
func TestDamagedEntries(t *testing.T) {
	s := fake.NewStore(t)
	good := s.Image(t, path, "", fake.Manifest{})
	text := s.Image(t, path, "", fake.Manifest{Config: []byte("text")})
	large := s.Image(t, path, "", fake.Manifest{Config: []byte(`{"x":"` + strings.Repeat("a", 5<<20) + `"}`)})
	locked := s.Image(t, path, "", fake.Manifest{Layers: [][]byte{nil}, LayerType: fake.MediaTypeLayer + "+encrypted"})
	index := s.Put(path, "", []byte(`{"manifests":1}`), fake.MediaTypeIndex)
	gone := s.Index(t, path, "", nil, good)
	s.Remove(path, gone.Digest)
	s.Index(t, path, "v1", nil, text, large, locked, index, gone, good)
	m, err := manifest(t, s, "v1")
	if err != nil || len(m.Platforms) != 6 {
		t.Fatalf("%+v, %v", m, err)
	}
	p := m.Platforms
	if !strings.Contains(p[0].Unusable, "no JSON object") || !strings.Contains(p[1].Unknown, "more than 4194304") ||
		!strings.Contains(p[2].Unusable, "is encrypted") || p[2].Layers[0].Readable() ||
		!strings.Contains(p[3].Unusable, "its index cannot be read") || p[3].Digest != index.Digest || !p[4].Missing {
		t.Errorf("%+v", p)
	}
	for i := range p {
		if p[i].Usable() != (i == 5) {
			t.Errorf("%d: %+v", i, p[i])
		}
	}
}

// What did not arrive whole is no property of the image.
func TestNothingIsKnownOfWhatIsCutOff(t *testing.T) {
	s := fake.NewStore(t)
	withConfig(`{"x":1}`)(t, s)
	answerBlobs(s, func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"x"`)
	})
	if m, err := manifest(t, s, "v1"); m != nil || !registry.IsTransfer(err) {
		t.Errorf("%+v, %v", m, err)
	}
}

// What a registry does not say is no property of the image.
func TestNothingIsKnownOfWhatCannotBeAsked(t *testing.T) {
	for name, status := range map[string]int{"trouble": 501, "refusal": 403, "no login": 401} {
		t.Run(name, func(t *testing.T) {
			s := fake.NewStore(t)
			inner := s.Index(t, path, "", nil, s.Image(t, path, "", fake.Manifest{}))
			s.Index(t, path, "v1", nil, inner)
			s.Hook = func(w http.ResponseWriter, r *http.Request) bool {
				return strings.HasSuffix(r.URL.Path, inner.Digest) && refused(w, status, "no")
			}
			m, err := manifest(t, s, "v1")
			if m != nil || err == nil || registry.IsNotFound(err) || !registry.IsTransfer(err) || registry.IsRefusal(err) != (status == 403) {
				t.Errorf("%+v, %v", m, err)
			}
		})
	}
}

func TestAbsenceAndRefusal(t *testing.T) {
	for name, tc := range map[string]struct {
		status            int
		body              string
		notFound, refusal bool
	}{
		"not there":           {404, `{"errors":[{"code":"MANIFEST_UNKNOWN"}]}`, true, false},
		"said without words":  {404, ``, true, false},
		"denied as not there": {404, `{"errors":[{"code":"DENIED"}]}`, false, true},
		"no login, as such":   {404, `{"errors":[{"code":"UNAUTHORIZED"}]}`, false, true},
		"denied":              {403, ``, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := fake.NewStore(t)
			s.Hook = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == "/v2/" {
					return false
				}
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, tc.body)
				return true
			}
			c, _ := client(t)
			repo := open(t, c, s.Host)
			_, err := repo.Manifest(t.Context(), "v1")
			if registry.IsNotFound(err) != tc.notFound || registry.IsRefusal(err) != tc.refusal {
				t.Error(err)
			}
			if _, _, err := tags(t, repo); registry.IsNotFound(err) || registry.IsRefusal(err) {
				t.Errorf("a list is no content: %v", err)
			}
		})
	}
	if registry.IsNotFound(nil) || registry.IsRefusal(nil) || registry.IsTransfer(nil) {
		t.Error("no error is one")
	}
}
