package main

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

// What is said of a repository says what it is of, which key to change, and what to do.
func TestWordsOfARepository(t *testing.T) {
	odd := func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/tags/list") {
			return false
		}
		_, _ = w.Write([]byte(`{"tags":["k3s-1.30.1-v4.7.0","a b"]}`))
		return true
	}
	for name, tc := range map[string]struct {
		config config
		hook   func(http.ResponseWriter, *http.Request) bool
		want   sdk.Diagnostic
	}{
		"no tag counts": {config{Tags: []string{"x*"}}, nil, sdk.Diagnostic{
			Summary: "REPO has no tag that counts", Detail: "it has 1 tags, and the filter leaves none", NextStep: "check tags in the source's config", ConfigPath: "tags", Scope: "REPO",
		}},
		"odd entries": {config{}, odd, sdk.Diagnostic{
			Summary:  "1 of 2 entries in the registry's list of tags cannot be tags, and are left out",
			NextStep: "check that HOST is a registry", Scope: "REPO",
		}},
		"no times": {config{NewestBy: sdk.NewestByCreated}, nil, sdk.Diagnostic{
			Summary: "1 of 1 images have no creation time that means something, and come last", Detail: "reproducible builds set a fixed one, and a time in the future is none",
			NextStep: "omit newestBy: created, or build with a real creation time", ConfigPath: "newestBy",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := registry.NewStore(t)
			s.Image(t, repoName, "k3s-1.30.1-v4.7.0", registry.Manifest{Created: "2027-01-01T00:00:00Z"})
			s.Hook = tc.hook
			tc.config.Repository = s.Host + "/" + repoName
			tc.want.Severity = sdk.Warning
			named := strings.NewReplacer("REPO", tc.config.Repository, "HOST", s.Host)
			for _, text := range []*string{&tc.want.Summary, &tc.want.NextStep, &tc.want.Scope} {
				*text = named.Replace(*text)
			}
			if diff := cmp.Diff([]sdk.Diagnostic{tc.want}, discover(t, call{config: tc.config}).diagnostics); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A registry whose certificates cannot be read is named.
func TestWordsOfACAFile(t *testing.T) {
	const repository = "registry.example/" + repoName
	out := discover(t, call{
		config: config{Repository: repository}, settings: map[string]any{"registries": map[string]any{"registry.example": map[string]any{"caFile": "/none.pem"}}},
	})
	if says(t, out, "read the CA file of registry.example"); out.diagnostics[0].Summary != "cannot read "+repository {
		t.Errorf("%+v", out.diagnostics)
	}
}

// What is verified by the name of this machine's mirror is answered by that name, and why; a
// registry that cannot be opened leaves it unknown.
func TestVerifyAtAMirror(t *testing.T) {
	const tag = "k3s-1.30.1-v4.7.0"
	s := registry.NewStore(t)
	s.Image(t, repoName, tag, registry.Manifest{})
	c := call{config: config{Repository: "registry.example/" + repoName}, settings: map[string]any{
		"rewrite": []any{map[string]any{"from": "registry.example", "to": s.Host}},
	}}
	actual := s.Host + "/" + repoName
	for id, want := range map[string][3]string{
		actual + ":" + tag:              {actual + ":" + tag, s.Host, actual + " is this machine's mirror of registry.example/edge/ubuntu, which other machines read elsewhere"},
		c.config.Repository + ":" + tag: {c.config.Repository + ":" + tag, "registry.example", ""},
	} {
		got := clean(t, verify(t, c, sdk.Ref{ID: id})).results[0]
		if got.Image == nil || [3]string{got.Image.ID, got.Image.Attributes["registry"], got.Reason} != want || got.Image.Attributes["repository"] != repoName {
			t.Errorf("%s: %+v, %+v", id, got, got.Image)
		}
	}
	c.settings["registries"] = map[string]any{s.Host: map[string]any{"caFile": "/none.pem"}}
	out := verify(t, c, sdk.Ref{ID: c.config.Repository + ":" + tag})
	if says(t, out, "read the CA file of "+s.Host); out.results[0].Presence != sdk.Unknown {
		t.Errorf("%+v", out.results[0])
	}
}

// That a limit was reached is told, unless the host asks for the tags that matter.
func TestLimitWhereTheHostReads(t *testing.T) {
	s := registry.NewStore(t)
	tagAll(t, s, []string{"k3s-1.30.1-v4.7.0", "k3s-1.30.2-v4.7.0"})
	for _, hostReads := range []bool{true, false} {
		out := &recorder{}
		d, err := call{}.source(t).discovery(sdk.DiscoverRequest[config]{
			Config: config{Repository: s.Host + "/" + repoName, ResolveLimit: 1}, HostReads: hostReads, Secrets: &sdk.Secrets{},
		}, out)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.run(t.Context()); err != nil || (len(out.diagnostics) == 0) != hostReads {
			t.Errorf("%t: %v, %s", hostReads, err, out.text())
		}
	}
}

// The host learns what the plugin finds and how it is asked.
func TestDescription(t *testing.T) {
	info := source{}.Describe()
	if info.Name != "oci" || !slices.Equal(info.Providers, []string{"oci"}) || !info.UsesHints || !info.ReadsIDs || info.Summary == "" || info.Homepage == "" || !slices.Contains(info.Environment, "DOCKER_CONFIG") {
		t.Errorf("%+v", info)
	}
}

// A tag that says nothing has no facts, and nothing that they are from.
func TestTagThatSaysNothing(t *testing.T) {
	s := registry.NewStore(t)
	s.Image(t, repoName, "latest", registry.Manifest{Config: []byte(`{}`)})
	img := clean(t, discover(t, call{config: config{Repository: s.Host + "/" + repoName}})).images[0]
	if from := slices.Sorted(maps.Keys(img.Provenance)); !slices.Equal(from, []string{"digest", "id"}) || img.Architecture+img.KubernetesVersion+img.Version+img.OSName != "" {
		t.Errorf("%+v", img)
	}
}

// Tags of a platform that no pack selects are not read.
func TestTagsOfOtherPlatforms(t *testing.T) {
	s := registry.NewStore(t)
	tagAll(t, s, []string{"k3s-1.30.1-v4.7.0_linux_s390x", "k3s-1.30.1-v4.7.0_linux_amd64"})
	out := clean(t, discover(t, call{config: config{Repository: s.Host + "/" + repoName}, hints: sdk.Hints{Architectures: []string{"amd64"}}}))
	if got := read(out); !slices.Equal(got, []string{"k3s-1.30.1-v4.7.0_linux_amd64"}) {
		t.Errorf("read %q", got)
	}
}

// What is verified is judged by the same clock and configuration as what is found.
func TestVerifyByTheClockAndTheConfiguration(t *testing.T) {
	s := registry.NewStore(t)
	gone := s.Image(t, repoName, "", registry.Manifest{Labels: map[string]string{"a": "b"}})
	s.Image(t, repoName, "k3s-1.30.1-v4.7.0", registry.Manifest{Created: "2027-01-01T00:00:00Z"})
	s.Index(t, repoName, "k3s-1.30.2-v4.7.0", nil, gone.For("linux/amd64"))
	s.Remove(repoName, gone.Digest)
	repository := s.Host + "/" + repoName
	c := call{config: config{Repository: repository}}
	results := clean(t, verify(t, c, sdk.Ref{ID: repository + ":k3s-1.30.1-v4.7.0"}, sdk.Ref{ID: repository + ":k3s-1.30.2-v4.7.0"}, sdk.Ref{ID: repository + ":k3s-1.30.1-v4.7.0/x"})).results
	if results[0].Presence != sdk.Found || !results[0].Image.CreatedAt.IsZero() {
		t.Errorf("a time to come: %+v", results[0].Image)
	}
	if results[1].Presence != sdk.NotFound || results[1].Reason != "the tag no longer has an image" {
		t.Errorf("nothing is left: %+v", results[1])
	}
	if results[2].Presence != sdk.Unknown || results[2].Reason != repository+":k3s-1.30.1-v4.7.0/x is in none of the source's repositories" {
		t.Errorf("no tag: %+v", results[2])
	}
	says(t, verify(t, call{}, sdk.Ref{ID: repository}), "no repository is named")
}
