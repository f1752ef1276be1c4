package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/sdktest"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

// An image is told whole, to the host as well; its tag's word on Kubernetes is the first.
func TestImageWhole(t *testing.T) {
	const tag = "k3s-v1.30.1-v4.7.0-demo"
	s := registry.NewStore(t)
	labels := map[string]string{"byoos.dev/kubernetes-version": "1.29.0", "byoos.dev/os-name": "Ubuntu", "byoos.dev/os-version": "2404"}
	d := s.Image(t, repoName, tag, registry.Manifest{
		Architecture: "arm64", Created: "2026-01-02T03:04:05Z", Labels: labels, Annotations: map[string]string{"note": "a"},
	})
	id := s.Host + "/" + repoName + ":" + tag
	api := func(key string) sdk.Provenance { return sdk.Provenance{From: "api", Key: key} }
	want := sdk.Image{
		ID: id, Provider: "oci", Name: tag, Region: sdk.Global, Version: "1.30.1-4.7.0", NewestBy: sdk.NewestByVersion, Evidence: sdk.Asked,
		Architecture: "arm64", KubernetesVersion: "1.30.1", OSName: "ubuntu", OSVersion: "24.04", Digest: d.Digest, State: sdk.Available, CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Reference: &sdk.Reference{Kind: "oci", Value: id},
		Attributes: map[string]string{
			"registry": s.Host, "repository": repoName, "tag": tag, "k8sDistribution": "k3s", "peVersion": "v4.7.0", "customTag": "demo",
			"platform": "linux/arm64", "platformDigest": d.Digest, "mediaType": registry.MediaTypeManifest,
		},
		Tags: map[string]string{"byoos.dev/kubernetes-version": "1.29.0", "byoos.dev/os-name": "Ubuntu", "byoos.dev/os-version": "2404", "note": "a"},
		Provenance: map[string]sdk.Provenance{
			"id": api("tags/list"), "digest": api("manifest"), "createdAt": api("config.created"), "architecture": api("platform"),
			"version":                    {From: "image-tag", Raw: tag},
			"kubernetesVersion":          {From: "image-tag", Key: "kubernetesVersion", Raw: "v1.30.1"},
			"os.name":                    {From: "label", Key: "byoos.dev/os-name", Raw: "Ubuntu"},
			"os.version":                 {From: "label", Key: "byoos.dev/os-version", Raw: "2404"},
			"attributes.k8sDistribution": {From: "image-tag", Key: "k8sDistribution"}, "attributes.peVersion": {From: "image-tag", Key: "peVersion"},
			"attributes.customTag": {From: "image-tag", Key: "customTag"},
		},
	}
	c := call{config: config{Repository: s.Host + "/" + repoName}}
	got := clean(t, discover(t, c)).images
	if diff := cmp.Diff([]sdk.Image{want}, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	newSource := func() sdk.Source[config] { return c.source(t) }
	sent, said, err := sdktest.Discover(t.Context(), newSource, c.config)
	if diff := cmp.Diff(got, sent, cmpopts.EquateEmpty()); diff != "" || len(said) > 0 || err != nil {
		t.Errorf("%+v, %v, -want +got:\n%s", said, err, diff)
	}
	results, said, err := sdktest.Verify(t.Context(), newSource, c.config, []sdk.Ref{{ID: id, Architecture: "arm64"}})
	if len(results) != 1 || results[0].Presence != sdk.Found || len(said) > 0 || err != nil {
		t.Errorf("%+v, %+v, %v", results, said, err)
	}
}

// Labels travel as long as they are no longer, and no more, than real ones.
func TestBoundsOfLabels(t *testing.T) {
	labels := map[string]string{"fits": strings.Repeat("a", 4092), "0long": strings.Repeat("a", 4092)}
	for i := range 127 {
		labels[fmt.Sprintf("a%03d", i)] = "b"
	}
	for _, more := range []bool{false, true} {
		s := registry.NewStore(t)
		if more {
			labels["z"] = "one too many"
		}
		s.Image(t, repoName, "k3s-1.30.1-v4.7.0", registry.Manifest{Labels: labels})
		got := clean(t, discover(t, call{config: config{Repository: s.Host + "/" + repoName}})).images[0].Tags
		if len(got) != 128 || got["fits"] == "" || got["0long"] != "" || got["a126"] == "" || got["z"] != "" {
			t.Errorf("%d labels, z is %q", len(got), got["z"])
		}
	}
}

// Of two images for one architecture the first that can be used counts.
func TestImagesOfOneArchitecture(t *testing.T) {
	for name, want := range map[string]sdk.State{"gone good": sdk.Available, "good gone": sdk.Available, "gone windows": sdk.Gone, "windows gone": sdk.Unusable} {
		s := registry.NewStore(t)
		entries := map[string]registry.Descriptor{
			"good":    s.Image(t, repoName, "", registry.Manifest{}).For("linux/amd64"),
			"windows": s.Image(t, repoName, "", registry.Manifest{OS: "windows"}).For("windows/amd64"),
			"gone":    s.Image(t, repoName, "", registry.Manifest{Created: "2026-01-01T00:00:00Z"}).For("linux/amd64"),
		}
		s.Remove(repoName, entries["gone"].Digest)
		first, second, _ := strings.Cut(name, " ")
		s.Index(t, repoName, "k3s-1.30.1-v4.7.0", nil, entries[first], entries[second])
		out := clean(t, discover(t, call{config: config{Repository: s.Host + "/" + repoName}}))
		if len(out.images) != 1 || out.images[0].State != want {
			t.Errorf("%s: %+v", name, out.images)
		}
	}
}

// Several tags that a registry keeps to itself are told as one.
func TestRefusalOfSomeTags(t *testing.T) {
	for refused, want := range map[int]string{1: "", 2: ", and 1 more tags"} {
		s := registry.NewStore(t)
		tagAll(t, s, []string{"k3s-1.30.1-v4.7.0", "k3s-1.30.2-v4.7.0", "k3s-1.30.3-v4.7.0"})
		s.Hook = func(w http.ResponseWriter, r *http.Request) bool {
			for i := range refused {
				if strings.HasSuffix(r.URL.Path, fmt.Sprintf("/manifests/k3s-1.30.%d-v4.7.0", i+1)) {
					w.WriteHeader(http.StatusForbidden)
					return true
				}
			}
			return false
		}
		out := discover(t, call{config: config{Repository: s.Host + "/" + repoName}})
		summary := "cannot read " + s.Host + "/" + repoName + ":k3s-1.30.1-v4.7.0" + want
		if says(t, out, "denied access"); out.diagnostics[0].Summary != summary || out.diagnostics[0].Severity != sdk.Warning {
			t.Errorf("%+v, want %s", out.diagnostics, summary)
		}
	}
}

// Reasons of a verification stand one after the other, and alone where there is one.
func TestReasonsOfAVerification(t *testing.T) {
	const tag = "k3s-1.30.1-v4.7.0"
	s := registry.NewStore(t)
	d := s.Image(t, repoName, tag, registry.Manifest{})
	index := s.Index(t, repoName, "k3s-1.30.2-v4.7.0", nil, s.Image(t, repoName, "", registry.Manifest{Architecture: "s390x"}).For("linux/s390x"), d.For("linux/amd64"))
	s.Remove(repoName, s.Image(t, repoName, "", registry.Manifest{Architecture: "s390x"}).Digest)
	s.Remove(repoName, tag)
	repository := s.Host + "/" + repoName
	noTag, still := repository+" has no tag "+tag, "the manifest that was picked, "+d.Digest+", still exists and can be pulled by its digest"
	for _, tt := range []struct {
		ref      sdk.Ref
		presence sdk.Presence
		reason   string
	}{
		{sdk.Ref{ID: repository + ":" + tag}, sdk.NotFound, noTag},
		{sdk.Ref{ID: repository + ":" + tag, Digest: d.Digest}, sdk.NotFound, noTag + "; " + still},
		{sdk.Ref{ID: repository + ":" + tag + "@" + d.Digest}, sdk.Found, noTag},
		{sdk.Ref{ID: repository + ":k3s-1.30.2-v4.7.0", Digest: d.Digest}, sdk.Found, still},
		{sdk.Ref{ID: repository + ":k3s-1.30.2-v4.7.0", Digest: index.Digest, Architecture: "amd64"}, sdk.Found, ""},
		{sdk.Ref{ID: repository + ":k3s-1.30.2-v4.7.0", Architecture: "x86_64"}, sdk.Found, ""},
		{sdk.Ref{ID: repository + ":k3s-1.30.2-v4.7.0", Architecture: "s390x"}, sdk.NotFound, "the tag no longer has an image for s390x, only for linux/amd64"},
	} {
		if got := clean(t, verify(t, call{config: config{Repository: repository}}, tt.ref)).results[0]; got.Presence != tt.presence || got.Reason != tt.reason {
			t.Errorf("%s %s: %v %q", tt.ref.ID, tt.ref.Digest, got.Presence, got.Reason)
		}
	}
}
