package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

// Images are looked into side by side: the first layers are held back until as
// many were asked for as are read at a time.
func TestInspectIsParallel(t *testing.T) {
	const images = 2 * parallelImages
	s := registry.NewStore(t)
	layers := map[string]bool{}
	shared := packed(t, "22.04")
	for i := range images {
		own, err := registry.Tar(registry.Files{"opt/own": fmt.Sprint(i)})
		if err != nil {
			t.Fatal(err)
		}
		layers[s.Blob(own, registry.MediaTypeLayer).Digest] = true
		s.Image(t, repoName, fmt.Sprintf("k3s-1.30.%d-v4.7.0", i), registry.Manifest{Layers: [][]byte{shared, own}})
	}
	sharedDigest := s.Blob(shared, registry.MediaTypeLayer).Digest
	var mu sync.Mutex
	waiting, together := 0, make(chan struct{})
	s.Hook = func(_ http.ResponseWriter, r *http.Request) bool {
		if _, digest, ok := strings.Cut(r.URL.Path, "/blobs/"); !ok || !layers[digest] {
			return false
		}
		mu.Lock()
		if waiting++; waiting == parallelImages {
			close(together)
		}
		mu.Unlock()
		select {
		case <-together:
		case <-time.After(2 * time.Minute):
			t.Error("layers are read one after the other")
		}
		return false
	}
	s.Requests()
	out := clean(t, discover(t, call{config: config{Repository: s.Host + "/" + repoName, Inspect: true}}))
	for _, img := range out.images {
		if img.State != sdk.Available || img.OSVersion != "22.04" {
			t.Errorf("%+v", img)
		}
	}
	read := 0
	for _, path := range s.Requests() {
		if strings.HasSuffix(path, sharedDigest) {
			read++
		}
	}
	if len(out.images) != images || read != 1 {
		t.Errorf("%d images, and the layer that they share was read %d times", len(out.images), read)
	}
}

// What an image's layers may unpack to does not depend on which image is first.
func TestInspectLimitIsOfTheImage(t *testing.T) {
	s := registry.NewStore(t)
	below, above := strings.Repeat("noise ", 100<<10), strings.Repeat("other ", 100<<10)
	var layers [][]byte
	for name, content := range map[string]string{"below": below, "above": above} {
		archive, err := registry.Tar(registry.Files{"opt/" + name: content})
		if err != nil {
			t.Fatal(err)
		}
		layers = append(layers, archive)
	}
	s.Image(t, repoName, "k3s-1.30.1-v4.7.0", registry.Manifest{Layers: layers[:1]})
	s.Image(t, repoName, "k3s-1.30.2-v4.7.0", registry.Manifest{Layers: layers[1:]})
	s.Image(t, repoName, "k3s-1.30.3-v4.7.0", registry.Manifest{Layers: layers})
	for range 3 {
		out := discover(t, call{config: config{Repository: s.Host + "/" + repoName, Inspect: true, InspectLimit: 1}})
		says(t, out, "cannot read the OS inside "+s.Host+"/"+repoName+":k3s-1.30.3-v4.7.0", "limit on unpacked bytes")
	}
}

// A layer is read to its end: a later entry may replace the file, and one that is cut
// short can be unpacked by nobody.
func TestLayerIsReadToItsEnd(t *testing.T) {
	noise := make([]byte, 1<<20)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(noise)
	archive, err := registry.Tar(registry.Files{
		"etc/kairos-release": "KAIROS_FLAVOR=ubuntu\nKAIROS_FLAVOR_RELEASE=22.04\n", "usr/noise": string(noise),
	})
	if err != nil {
		t.Fatal(err)
	}
	s := registry.NewStore(t)
	s.Image(t, repoName, "k3s-1.30.1-v4.7.0", registry.Manifest{Layers: [][]byte{archive[:len(archive)/2]}})
	s.Image(t, repoName, "k3s-1.30.2-v4.7.0", registry.Manifest{Layers: [][]byte{archive}})
	out := clean(t, discover(t, call{config: config{Repository: s.Host + "/" + repoName, Inspect: true}}))
	if img := out.find(t, "k3s-1.30.1-v4.7.0", "amd64"); img.State != sdk.Unusable || img.OSVersion != "" {
		t.Errorf("%+v", img)
	}
	if img := out.find(t, "k3s-1.30.2-v4.7.0", "amd64"); img.State != sdk.Available || img.OSVersion != "22.04" {
		t.Errorf("%+v", img)
	}
}
