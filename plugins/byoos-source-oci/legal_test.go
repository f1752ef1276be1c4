package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kubectl-byoos/kubectl-byoos/test/legal"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

const (
	legalNewest = "k3s-1.30.10-v4.7.0-demo"
	legalChart  = "1.0.0"
)

// legalTags are the tags of fillLegal that hold an image.
func legalTags() []string {
	return []string{"k3s-1.29.0-v4.7.0-demo", "k3s-1.30.9-v4.8.0-demo", legalNewest, "latest"}
}

// fillLegal makes a repository with an index, single images and a chart.
func fillLegal(t *testing.T, s *registry.Store) {
	t.Helper()
	image := func(architecture string, day int) registry.Descriptor {
		return s.Image(t, repoName, "", registry.Manifest{
			Architecture: architecture, Created: fmt.Sprintf("2026-08-%02dT09:00:00Z", day),
			Labels:      map[string]string{"byoos.dev/os-name": "ubuntu", "byoos.dev/os-version": "22.04"},
			Annotations: map[string]string{"org.opencontainers.image.version": "1"},
			Layers:      [][]byte{packed(t, "22.04")},
		}).For("linux/" + architecture)
	}
	for i, tag := range legalTags()[1:] {
		s.Index(t, repoName, tag, map[string]string{"team": "edge"}, image("amd64", 9-i), image("arm64", 9-i))
	}
	s.Tag(repoName, legalTags()[0], image("amd64", 1))
	s.Put(repoName, legalChart, []byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"`+
		s.Blob([]byte("{}"), "").Digest+`","size":2},"layers":[]}`), registry.MediaTypeManifest)
}

// checkLegal runs the main path and checks what must hold however a registry
// answers: no wrong pick, no image that is there turned unusable, nothing lost.
// The architecture of an image that is not named anywhere is not known; that is
// no fault.
func checkLegal(t *testing.T, s *registry.Store) {
	t.Helper()
	p := newProgram(t, s.Host)
	p.spec(selecting("kubernetesVersion: ~1.30"))
	out, talk := p.run(0, "render")
	if !strings.Contains(out, "HOST/edge/ubuntu:"+legalNewest+`"`) || talk != "" {
		t.Errorf("picked:\n%s%s", out, talk)
	}
	out, _ = p.run(0, "images", "--all", "-o", "json")
	var list struct {
		Items []struct{ Name, State, StateReason string }
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, img := range list.Items {
		seen[img.Name] = true
		if want := map[bool]string{true: "unusable", false: "available"}[img.Name == legalChart]; img.State != want {
			t.Errorf("%s is %s: %s", img.Name, img.State, img.StateReason)
		}
	}
	want := append(slices.Clone(legalTags()), legalChart)
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(seen))); diff != "" {
		t.Errorf("tags: %s", diff)
	}
	p.run(0, "lock")
	if out, _ = p.run(0, "verify", "-o", "json"); !strings.Contains(out, `"ok"`) {
		t.Errorf("verified:\n%s", out)
	}
}

// TestLegalAnswers varies what the OCI distribution specification leaves open.
func TestLegalAnswers(t *testing.T) {
	is := func(kind string) func(string) string { return func(string) string { return kind } }
	for name, answers := range map[string]registry.Answers{
		"as most registries":          {},
		"tags in reverse":             {Tags: func(tags []string) { slices.Reverse(tags) }},
		"n is ignored":                {PageSize: 2},
		"pages of one":                {PageSize: 1},
		"absolute links":              {PageSize: 2, AbsoluteLinks: true},
		"empty pages":                 {PageSize: 2, EmptyPages: true},
		"no Docker-Content-Digest":    {NoDigest: true},
		"no Content-Type":             {ContentType: is("")},
		"the Content-Type of JSON":    {ContentType: is("application/json")},
		"JSON with a charset":         {ContentType: is("application/json; charset=utf-8")},
		"Content-Type of text":        {ContentType: is("text/plain; charset=utf-8")},
		"Content-Type of bytes":       {ContentType: is("application/octet-stream")},
		"Content-Type with parameter": {ContentType: func(kind string) string { return kind + "; charset=utf-8" }},
		"Content-Type in upper case":  {ContentType: strings.ToUpper},
		"header names in lower case":  {PageSize: 2, LowerCase: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := registry.NewStore(t)
			s.Answers = answers
			fillLegal(t, s)
			checkLegal(t, s)
		})
	}
}

// TestLegalDocuments varies what the OCI image specification leaves open in
// indexes, manifests and configurations, one place at a time. Content is addressed
// by its digest, so documents are varied before they are stored.
func TestLegalDocuments(t *testing.T) {
	documents := map[string][][]byte{}
	s := registry.NewStore(t)
	s.Edit = func(kind string, document []byte) []byte {
		documents[kind] = append(documents[kind], document)
		return document
	}
	fillLegal(t, s)
	for kind, options := range legalOptions(s) {
		variations, err := legal.Variations(options, documents[kind]...)
		if err != nil {
			t.Fatal(err)
		}
		for _, variation := range variations {
			t.Run(kind+"/"+variation.Name, func(t *testing.T) {
				t.Parallel()
				s, changed := registry.NewStore(t), 0
				s.Edit = func(k string, document []byte) []byte {
					if k != kind {
						return document
					}
					varied, err := variation.Apply(document)
					if err != nil {
						t.Fatal(err)
					}
					if string(varied) != string(document) {
						changed++
					}
					return varied
				}
				fillLegal(t, s)
				if changed == 0 {
					t.Fatal("no document was varied")
				}
				checkLegal(t, s)
			})
		}
	}
}

// legalOptions are what the image specification promises, by the library's models
// of it. Of a configuration nothing is taken for promised.
func legalOptions(s *registry.Store) map[string]legal.Options {
	index, manifest := legal.ShapeOf[v1.IndexManifest](nil).Options(), legal.ShapeOf[v1.Manifest](nil).Options()
	// The model's lists have a nil, and the specification requires them.
	required := index.Required
	index.Required = func(path string) bool { return path == "manifests" || required(path) }
	index.Enum, manifest.Enum = nil, func(path string) bool { return path == "layers[].mediaType" }
	entry := func(mediaType, more string) string {
		return fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":2%s}`, mediaType, s.Blob([]byte("{}"), "").Digest, more)
	}
	// The order of an index says which entry is preferred (image-index.md).
	index.Ordered = func(string) bool { return true }
	manifest.Ordered = index.Ordered
	index.Foreign = map[string][]string{"manifests": {
		entry("application/vnd.example.later.v1+json", ""),
		entry(registry.MediaTypeManifest, `,"platform":{"architecture":"unknown","os":"unknown"},"annotations":{"vnd.docker.reference.type":"attestation-manifest"}`),
		entry(registry.MediaTypeManifest, `,"artifactType":"application/vnd.example.later","platform":{"architecture":"amd64","os":"windows"}`),
	}}
	config := legal.Options{
		Map:     func(path string) bool { return path == "config.Labels" },
		Ordered: func(string) bool { return true },
		Null:    true,
	}
	return map[string]legal.Options{registry.KindIndex: index, registry.KindManifest: manifest, registry.KindConfig: config}
}
