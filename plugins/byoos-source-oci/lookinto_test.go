package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

// archived is a layer with these files.
func archived(t *testing.T, files registry.Files) []byte {
	t.Helper()
	archive, err := registry.Tar(files)
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

// Every image whose system is not known is looked into: whatever stands before it.
func TestEveryImageIsLookedInto(t *testing.T) {
	s := registry.NewStore(t)
	gone := s.Image(t, repoName, "k3s-1.30.2-v4.7.0", registry.Manifest{Created: "2026-01-01T00:00:00Z"})
	s.Index(t, repoName, "k3s-1.30.1-v4.7.0", nil,
		s.Image(t, repoName, "", registry.Manifest{OS: "windows"}).For("windows/386"),
		s.Image(t, repoName, "", registry.Manifest{
			Architecture: "s390x", Labels: map[string]string{"byoos.dev/os-name": "rhel", "byoos.dev/os-version": "9"}, Layers: [][]byte{packed(t, "24.04")},
		}).For("linux/s390x"),
		s.Image(t, repoName, "", registry.Manifest{Layers: [][]byte{packed(t, "22.04")}}).For("linux/amd64"))
	s.Hook = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/manifests/k3s-1.30.2-v4.7.0") && !strings.HasSuffix(r.URL.Path, gone.Digest) {
			return false
		}
		w.WriteHeader(http.StatusNotFound)
		return true
	}
	out := clean(t, discover(t, call{config: config{Repository: s.Host + "/" + repoName, Inspect: true}}))
	if img := out.find(t, "k3s-1.30.1-v4.7.0", "amd64"); img.OSVersion != "22.04" {
		t.Errorf("%+v", img)
	}
	if img := out.find(t, "k3s-1.30.1-v4.7.0", "s390x"); img.OSName != "rhel" || img.OSVersion != "9" {
		t.Errorf("%+v", img)
	}
	for _, path := range s.Requests() {
		if strings.HasSuffix(path, s.Blob(packed(t, "24.04"), "").Digest) {
			t.Errorf("an image whose system is known is looked into: %s", path)
		}
	}
	if len(out.images) != 4 || out.images[0].State != sdk.Gone {
		t.Errorf("%v", names(out))
	}
}

// Where upper layers removed all that is looked for, nothing below is read.
func TestRemovedFilesAreNotLookedForBelow(t *testing.T) {
	s := registry.NewStore(t)
	below := packed(t, "22.04")
	s.Image(t, repoName, "k3s-1.30.1-v4.7.0", registry.Manifest{Layers: [][]byte{below, archived(t, registry.Files{".wh..wh..opq": ""})}})
	s.Requests()
	out := clean(t, discover(t, call{config: config{Repository: s.Host + "/" + repoName, Inspect: true}}))
	if img := out.find(t, "k3s-1.30.1-v4.7.0", "amd64"); img.OSName != "" || img.State != sdk.Available {
		t.Errorf("%+v", img)
	}
	for _, path := range s.Requests() {
		if strings.HasSuffix(path, s.Blob(below, registry.MediaTypeLayer).Digest) {
			t.Errorf("%s was asked for", path)
		}
	}
}

// What an image may unpack to is all of the limit, also for one that finds its layer read.
func TestLayerOfTheWholeLimit(t *testing.T) {
	for size, fits := range map[int]bool{1<<20 - 1536: true, 1<<20 - 1024: false} {
		s := registry.NewStore(t)
		layer := archived(t, registry.Files{"opt/large": strings.Repeat("a", size)})
		for _, tag := range []string{"k3s-1.30.1-v4.7.0", "k3s-1.30.2-v4.7.0", "k3s-1.30.3-v4.7.0"} {
			s.Image(t, repoName, tag, registry.Manifest{Labels: map[string]string{"of": tag}, Layers: [][]byte{layer}})
		}
		out := discover(t, call{config: config{Repository: s.Host + "/" + repoName, Inspect: true, InspectLimit: 1}})
		if (len(out.diagnostics) == 0) != fits {
			t.Errorf("%d: %s", size, out.text())
		}
	}
}

// A layer that did not arrive whole says nothing of the image; one that is gone makes it
// unusable, of whatever type it is.
func TestLayersThatDoNotArrive(t *testing.T) {
	for name, layerType := range map[string]string{"readable": "", "not readable": "application/vnd.example.layer"} {
		t.Run(name, func(t *testing.T) {
			s := registry.NewStore(t)
			layer := packed(t, "22.04")
			s.Image(t, repoName, "k3s-1.30.1-v4.7.0", registry.Manifest{Layers: [][]byte{layer}, LayerType: layerType})
			digest := s.Blob(layer, "").Digest
			s.Hook = func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.URL.Path, digest) {
					return false
				}
				w.Header().Set("Content-Length", "100000")
				_, _ = w.Write(layer[:len(layer)/2])
				return true
			}
			c := call{config: config{Repository: s.Host + "/" + repoName, Inspect: true}}
			out := discover(t, c)
			if says(t, out, "ended an answer early"); out.diagnostics[0].Severity != sdk.Error || len(out.images) > 0 {
				t.Errorf("%+v, %v", out.diagnostics, names(out))
			}
			s.Hook = nil
			s.RemoveBlob(digest)
			out = clean(t, discover(t, c))
			if img := out.images[0]; img.State != sdk.Unusable || img.StateReason != "layer "+digest+": it is gone" {
				t.Errorf("%v %q", img.State, img.StateReason)
			}
		})
	}
}
