package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

func TestVerify(t *testing.T) {
	host := registry.Start(t, registry.Options{})
	repo := host + "/edge/ubuntu"
	c := call{config: config{Repository: repo}}
	const stays, moved, deleted, lost = "k3s-1.30.1-v4.7.0", "k3s-1.30.2-v4.7.0", "k3s-1.30.3-v4.7.0", "k3s-1.30.4-v4.7.0"
	push(t, repo+":"+stays, registry.Image{Architectures: both()})
	push(t, repo+":"+moved, registry.Image{})
	gone := push(t, repo+":"+deleted, registry.Image{Labels: map[string]string{"build": "3"}})
	push(t, repo+":"+lost, registry.Image{Architectures: both(), Labels: map[string]string{"build": "4"}})

	var refs []sdk.Ref
	before := clean(t, discover(t, c))
	for _, want := range [][2]string{{stays, "arm64"}, {moved, "amd64"}, {deleted, "amd64"}, {lost, "arm64"}, {lost, "amd64"}} {
		img := before.find(t, want[0], want[1])
		refs = append(refs, sdk.Ref{ID: img.ID, Provider: "oci", Architecture: img.Architecture, Digest: img.Digest})
	}
	for i, res := range clean(t, verify(t, c, refs...)).results {
		if res.Presence != sdk.Found || res.Image.Digest != refs[i].Digest || res.Ref.ID != refs[i].ID {
			t.Errorf("%s before: %+v", refs[i].ID, res)
		}
	}

	push(t, repo+":"+moved, registry.Image{Labels: map[string]string{"build": "5"}})
	remove(t, repo, gone)
	remove(t, repo, before.find(t, lost, "arm64").Attributes["platformDigest"])

	results := clean(t, verify(t, c, refs...)).results
	for i, want := range []struct {
		presence sdk.Presence
		reason   string
	}{
		{sdk.Found, ""},
		{sdk.Found, ""},
		{sdk.NotFound, "has no tag " + deleted},
		{sdk.NotFound, "no longer has an image for arm64, only for linux/amd64"},
		{sdk.Found, ""},
	} {
		if results[i].Presence != want.presence || !strings.Contains(results[i].Reason, want.reason) {
			t.Errorf("%s: %+v, want %v %q", refs[i].ID, results[i], want.presence, want.reason)
		}
	}
	if results[1].Image.Digest == refs[1].Digest {
		t.Error("a moved tag has its old digest")
	}
	if img := find(discover(t, c).images, lost, "arm64"); img == nil || img.State != sdk.Gone {
		t.Errorf("a platform without a manifest: %+v", img)
	}

	pinned := sdk.Ref{ID: refs[0].ID + "@" + refs[0].Digest, Digest: refs[0].Digest, Architecture: "arm64"}
	if res := verify(t, c, pinned).results[0]; res.Presence != sdk.Found {
		t.Errorf("pinned: %+v", res)
	}
	if res := verify(t, c, sdk.Ref{ID: repo + ":" + stays, Architecture: "s390x"}).results[0]; res.Presence != sdk.NotFound {
		t.Errorf("s390x: %+v", res)
	}
	foreign := verify(t, c, sdk.Ref{ID: "registry.example.com/edge/ubuntu:x"}).results[0]
	if foreign.Presence != sdk.Unknown || !strings.Contains(foreign.Reason, "none of the source's repositories") {
		t.Errorf("a reference to another host: %+v", foreign)
	}
}

func find(images []sdk.Image, tagName, architecture string) *sdk.Image {
	for i := range images {
		if images[i].Name == tagName && images[i].Architecture == architecture {
			return &images[i]
		}
	}
	return nil
}

func remove(t *testing.T, repo, digest string) {
	t.Helper()
	ref, err := name.NewDigest(repo + "@" + digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Delete(ref); err != nil {
		t.Fatal(err)
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
}

// One tag in two repositories is two images.
func TestVerifyOneTagOfTwoRepositories(t *testing.T) {
	const tag = "k3s-1.30.10-v4.7.0"
	s := registry.NewStore(t)
	c := call{config: config{Repositories: []string{s.Host + "/edge/a", s.Host + "/edge/b", s.Host + "/edge/c"}}}
	a := s.Image(t, "edge/a", tag, registry.Manifest{Created: "2026-01-01T00:00:00Z"})
	b := s.Image(t, "edge/b", tag, registry.Manifest{Created: "2026-02-01T00:00:00Z"})
	var refs []sdk.Ref
	for _, repository := range c.config.Repositories {
		refs = append(refs, sdk.Ref{ID: repository + ":" + tag, Architecture: "amd64"})
	}
	results := clean(t, verify(t, c, refs...)).results
	for i, want := range []string{a.Digest, b.Digest} {
		if got := results[i]; got.Presence != sdk.Found || got.Image.ID != refs[i].ID || got.Image.Digest != want {
			t.Errorf("%s: %+v, want %s", refs[i].ID, got, want)
		}
	}
	if results[2].Presence != sdk.NotFound {
		t.Errorf("%s: %+v", refs[2].ID, results[2])
	}
}

// The tag of a pinned image leads elsewhere.
func TestVerifyDigestPinOfAMovedTag(t *testing.T) {
	const tag = "k3s-1.30.10-v4.7.0"
	s := registry.NewStore(t)
	c := call{config: config{Repository: s.Host + "/" + repoName}}
	old := s.Image(t, repoName, tag, registry.Manifest{Created: "2026-01-01T00:00:00Z"})
	s.Remove(repoName, old.Digest)
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
