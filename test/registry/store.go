package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Media types of the OCI image specification.
const (
	MediaTypeIndex    = "application/vnd.oci.image.index.v1+json"
	MediaTypeManifest = "application/vnd.oci.image.manifest.v1+json"
	MediaTypeConfig   = "application/vnd.oci.image.config.v1+json"
	MediaTypeLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// Kinds of document that Store.Edit is given.
const (
	KindIndex    = "index"
	KindManifest = "manifest"
	KindConfig   = "config"
)

// Store is a registry in memory that takes any content, and gives every answer
// that the OCI distribution specification lets a registry give (spec.md, "Pull",
// "Listing Tags"). What it holds is put in by methods, not pushed.
type Store struct {
	// Host is its address.
	Host string
	// Edit changes a document before it is stored; nil changes nothing. Digests in
	// what is built of it are those of the changed document.
	Edit func(kind string, document []byte) []byte
	// Hook answers a request in place of the store when it returns true.
	Hook func(http.ResponseWriter, *http.Request) bool
	// Answers are how it answers.
	Answers Answers
	// Disconnect ends the connections that clients left open.
	Disconnect func()

	mu           sync.Mutex
	repositories map[string]*repository
	blobs        map[string][]byte
	requests     []string
}

// Answers are what the specification leaves open. The zero value answers as most
// registries do.
type Answers struct {
	// Tags puts a list of tags in another order.
	Tags func([]string)
	// PageSize is how many tags a page has at most, whatever is asked for; 0 obeys.
	PageSize int
	// EmptyPages puts an empty page with a next link before each other page.
	EmptyPages bool
	// AbsoluteLinks names the host in links to the next page.
	AbsoluteLinks bool
	// NoDigest leaves the header Docker-Content-Digest away.
	NoDigest bool
	// ContentType changes the type of a manifest's answer; "" leaves it away.
	ContentType func(string) string
	// LowerCase writes the names of headers in lower case.
	LowerCase bool
}

type repository struct {
	tags      map[string]string // digests
	manifests map[string]stored
}

type stored struct {
	raw       []byte
	mediaType string
}

// Descriptor points at content.
type Descriptor struct {
	MediaType string    `json:"mediaType"`
	Digest    string    `json:"digest"`
	Size      int       `json:"size"`
	Platform  *Platform `json:"platform,omitempty"`
}

// Platform of an entry of an index.
type Platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
	Variant      string `json:"variant,omitempty"`
}

// For names the platform of an entry: linux/arm64, linux/arm/v7.
func (d Descriptor) For(platform string) Descriptor {
	parts := append(strings.Split(platform, "/"), "")
	d.Platform = &Platform{OS: parts[0], Architecture: parts[1], Variant: parts[2]}
	return d
}

// Manifest describes an image of a Store.
type Manifest struct {
	Architecture, OS string // amd64 and linux when empty
	Created          string
	Labels           map[string]string
	Annotations      map[string]string
	// Config is the whole configuration in place of one with the fields above.
	Config []byte
	// Layers are packed; LayerType is their type, MediaTypeLayer when empty.
	Layers    [][]byte
	LayerType string
}

// NewStore serves an empty store until the test ends.
func NewStore(t testing.TB) *Store {
	t.Helper()
	s := &Store{repositories: map[string]*repository{}, blobs: map[string][]byte{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.Host, s.Disconnect = strings.TrimPrefix(server.URL, "http://"), server.CloseClientConnections
	return s
}

// Image puts an image under a tag; under none when tag is empty.
func (s *Store) Image(t testing.TB, repo, tag string, m Manifest) Descriptor {
	t.Helper()
	config := m.Config
	if config == nil {
		config = s.edited(t, KindConfig, imageConfig{
			Created: m.Created, Architecture: or(m.Architecture, "amd64"), OS: or(m.OS, "linux"),
			Config: &labels{m.Labels}, RootFS: rootFS{"layers", []string{}},
		})
	}
	document := manifest{
		SchemaVersion: 2, MediaType: MediaTypeManifest, Config: s.Blob(config, MediaTypeConfig),
		Layers: []Descriptor{}, Annotations: m.Annotations,
	}
	for _, l := range m.Layers {
		document.Layers = append(document.Layers, s.Blob(l, or(m.LayerType, MediaTypeLayer)))
	}
	return s.Put(repo, tag, s.edited(t, KindManifest, document), MediaTypeManifest)
}

// Index puts an index under a tag; under none when tag is empty.
func (s *Store) Index(t testing.TB, repo, tag string, annotations map[string]string, entries ...Descriptor) Descriptor {
	t.Helper()
	return s.Put(repo, tag, s.edited(t, KindIndex, index{2, MediaTypeIndex, entries, annotations}), MediaTypeIndex)
}

// Put puts any manifest under a tag; under none when tag is empty.
func (s *Store) Put(repo, tag string, raw []byte, mediaType string) Descriptor {
	d := descriptor(raw, mediaType)
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.repositories[repo]
	if r == nil {
		r = &repository{map[string]string{}, map[string]stored{}}
		s.repositories[repo] = r
	}
	r.manifests[d.Digest] = stored{raw, mediaType}
	if tag != "" {
		r.tags[tag] = d.Digest
	}
	return d
}

// Tag gives what has a digest one more tag.
func (s *Store) Tag(repo, tag string, d Descriptor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.repositories[repo].tags[tag] = d.Digest
}

// Remove takes a tag or a manifest away.
func (s *Store) Remove(repo, reference string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.repositories[repo].tags, reference)
	delete(s.repositories[repo].manifests, reference)
}

// Blob puts a blob.
func (s *Store) Blob(raw []byte, mediaType string) Descriptor {
	d := descriptor(raw, mediaType)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blobs[d.Digest] = raw
	return d
}

// RemoveBlob takes a blob away.
func (s *Store) RemoveBlob(digest string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.blobs, digest)
}

// Requests returns the paths that were asked for so far, and forgets them.
func (s *Store) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := s.requests
	s.requests = nil
	return requests
}

func descriptor(raw []byte, mediaType string) Descriptor {
	sum := sha256.Sum256(raw)
	return Descriptor{MediaType: mediaType, Digest: "sha256:" + hex.EncodeToString(sum[:]), Size: len(raw)}
}

type manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Config        Descriptor        `json:"config"`
	Layers        []Descriptor      `json:"layers"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

type index struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Manifests     []Descriptor      `json:"manifests"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

type imageConfig struct {
	Created      string  `json:"created,omitempty"`
	Architecture string  `json:"architecture"`
	OS           string  `json:"os"`
	Config       *labels `json:"config"`
	RootFS       rootFS  `json:"rootfs"`
}

type labels struct {
	Labels map[string]string `json:"Labels,omitempty"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

func or(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

func (s *Store) edited(t testing.TB, kind string, document any) []byte {
	t.Helper()
	raw, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	if s.Edit == nil {
		return raw
	}
	return s.Edit(kind, raw)
}

// ServeHTTP answers the part of the specification that reading needs.
func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.URL.Path)
	s.mu.Unlock()
	if s.Hook != nil && s.Hook(w, r) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/v2/")
	if repo, digest, ok := strings.Cut(path, "/blobs/"); ok && repo != "" {
		s.blob(w, digest)
		return
	}
	if repo, reference, ok := strings.Cut(path, "/manifests/"); ok {
		s.manifest(w, repo, reference)
		return
	}
	if repo, ok := strings.CutSuffix(path, "/tags/list"); ok {
		s.tags(w, repo, r.URL)
		return
	}
	if path != "" {
		http.NotFound(w, r)
	}
}

func (s *Store) set(w http.ResponseWriter, name, value string) {
	if s.Answers.LowerCase {
		w.Header()[strings.ToLower(name)] = []string{value}
		return
	}
	w.Header().Set(name, value)
}

func (s *Store) refuse(w http.ResponseWriter, code string) {
	s.set(w, "Content-Type", "application/json")
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprintf(w, `{"errors":[{"code":%q,"message":"not here"}]}`, code)
}

func (s *Store) blob(w http.ResponseWriter, digest string) {
	raw, ok := s.blobs[digest]
	if !ok {
		s.refuse(w, "BLOB_UNKNOWN")
		return
	}
	s.set(w, "Content-Type", "application/octet-stream")
	_, _ = w.Write(raw)
}

func (s *Store) manifest(w http.ResponseWriter, repo, reference string) {
	r := s.repositories[repo]
	if r == nil {
		s.refuse(w, "NAME_UNKNOWN")
		return
	}
	digest := or(r.tags[reference], reference)
	m, ok := r.manifests[digest]
	if !ok {
		s.refuse(w, "MANIFEST_UNKNOWN")
		return
	}
	kind := m.mediaType
	if s.Answers.ContentType != nil {
		kind = s.Answers.ContentType(kind)
	}
	w.Header()["Content-Type"] = nil // no guess of the server's
	if kind != "" {
		s.set(w, "Content-Type", kind)
	}
	if !s.Answers.NoDigest {
		s.set(w, "Docker-Content-Digest", digest)
	}
	_, _ = w.Write(m.raw)
}

func (s *Store) tags(w http.ResponseWriter, repo string, at *url.URL) {
	r := s.repositories[repo]
	if r == nil {
		s.refuse(w, "NAME_UNKNOWN")
		return
	}
	tags := slices.Sorted(maps.Keys(r.tags))
	if s.Answers.Tags != nil {
		s.Answers.Tags(tags)
	}
	size, _ := strconv.Atoi(at.Query().Get("n"))
	if s.Answers.PageSize > 0 || size < 1 {
		size = s.Answers.PageSize
	}
	if size == 0 {
		size = max(len(tags), 1)
	}
	from, _ := strconv.Atoi(at.Query().Get("page"))
	to := min(from+size, len(tags))
	empty := s.Answers.EmptyPages && at.Query().Get("full") == ""
	switch {
	case empty:
		s.link(w, at, from, "&full=1")
		to = from
	case to < len(tags):
		s.link(w, at, to, "")
	}
	s.set(w, "Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"name": repo, "tags": tags[from:to]})
}

func (s *Store) link(w http.ResponseWriter, at *url.URL, from int, more string) {
	next := fmt.Sprintf("%s?n=%s&page=%d%s", at.Path, at.Query().Get("n"), from, more)
	if s.Answers.AbsoluteLinks {
		next = "http://" + s.Host + next
	}
	s.set(w, "Link", "<"+next+`>; rel="next"`)
}
