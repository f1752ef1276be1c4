package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

// listed are the tags of a repository of which two make a long list or not, and what is
// sent of them: names, each with its version.
type listed struct {
	tags  []string
	hints sdk.Hints
	want  string
	says  string
}

func (tc listed) check(t *testing.T) {
	t.Helper()
	s := registry.NewStore(t)
	tagAll(t, s, tc.tags)
	out := discover(t, call{config: config{Repository: s.Host + "/" + repoName}, hints: tc.hints, maxListed: 3})
	if tc.says == "" {
		clean(t, out)
	} else if says(t, out, tc.says, "see them all with the images command"); out.diagnostics[0].Severity != sdk.Notice || out.diagnostics[0].Scope != s.Host+"/"+repoName {
		t.Errorf("%+v", out.diagnostics)
	}
	var got []string
	for _, img := range out.images {
		if text := img.Name + " " + img.Version; !slices.Contains(got, text) {
			got = append(got, text)
		}
	}
	slices.Sort(got)
	if said := strings.Join(got, ", "); said != tc.want {
		t.Errorf("got %s, want %s", said, tc.want)
	}
}

// Of a long list the tags that no pack can select are left out, unless that is all of them.
// Tags outside the grammar have no version beside others, also when those are left out.
func TestLongLists(t *testing.T) {
	of130 := sdk.Hints{KubernetesVersions: []string{"~1.30"}}
	for name, tc := range map[string]listed{
		"short": {
			[]string{"k3s-1.29.1-v4.7.0", "k3s-1.30.1-v4.7.0", "k3s-1.30.2-v4.7.0"}, of130,
			"k3s-1.29.1-v4.7.0 1.29.1-4.7.0, k3s-1.30.1-v4.7.0 1.30.1-4.7.0, k3s-1.30.2-v4.7.0 1.30.2-4.7.0", "",
		},
		"long": {
			[]string{"k3s-1.29.1-v4.7.0", "k3s-1.29.2-v4.7.0", "k3s-1.30.1-v4.7.0", "k3s-1.30.2-v4.7.0"}, of130,
			"k3s-1.30.1-v4.7.0 1.30.1-4.7.0, k3s-1.30.2-v4.7.0 1.30.2-4.7.0", "2 of 4 tags are not listed, as no pack can select them",
		},
		"none fits": {
			[]string{"k3s-1.29.1-v4.7.0", "k3s-1.29.2-v4.7.0", "k3s-1.28.1-v4.7.0", "k3s-1.28.2-v4.7.0"}, of130,
			"k3s-1.28.1-v4.7.0 1.28.1-4.7.0, k3s-1.28.2-v4.7.0 1.28.2-4.7.0, k3s-1.29.1-v4.7.0 1.29.1-4.7.0, k3s-1.29.2-v4.7.0 1.29.2-4.7.0", "",
		},
		"outside the grammar beside what is left out": {
			[]string{"k3s-1.29.1-v4.7.0", "v1.0.0", "v2.0.0", "v3.0.0"}, of130, "v1.0.0 , v2.0.0 , v3.0.0 ", "1 of 4 tags are not listed, as no pack can select them",
		},
		"outside the grammar alone":      {[]string{"v0.9.0", "v1.0.0", "v2.0.0", "v3.0.0"}, of130, "v0.9.0 0.9.0, v1.0.0 1.0.0, v2.0.0 2.0.0, v3.0.0 3.0.0", ""},
		"few outside the grammar":        {[]string{"v1.0.0", "v2.0.0"}, of130, "v1.0.0 1.0.0, v2.0.0 2.0.0", ""},
		"few outside the grammar beside": {[]string{"k3s-1.30.1-v4.7.0", "v2.0.0"}, of130, "k3s-1.30.1-v4.7.0 1.30.1-4.7.0, v2.0.0 ", ""},
		"a hint that is no range lifts all": {
			[]string{"k3s-1.29.1-v4.7.0", "k3s-1.29.2-v4.7.0", "k3s-1.30.1-v4.7.0", "k3s-1.31.1-v4.7.0"}, sdk.Hints{KubernetesVersions: []string{"~1.29", "no range", "~1.30"}},
			"k3s-1.29.1-v4.7.0 1.29.1-4.7.0, k3s-1.29.2-v4.7.0 1.29.2-4.7.0, k3s-1.30.1-v4.7.0 1.30.1-4.7.0, k3s-1.31.1-v4.7.0 1.31.1-4.7.0", "",
		},
	} {
		t.Run(name, tc.check)
	}
}

// Of a long list the tags that newer ones take the place of are left out.
func TestLongListsOfOneLine(t *testing.T) {
	newest := sdk.Hints{Architectures: []string{"amd64"}, NewestOnly: true}
	for name, tc := range map[string]listed{
		"short": {
			[]string{"k3s-1.30.1-v4.5.0", "k3s-1.30.1-v4.6.0", "k3s-1.30.1-v4.7.0"}, newest,
			"k3s-1.30.1-v4.5.0 1.30.1-4.5.0, k3s-1.30.1-v4.6.0 1.30.1-4.6.0, k3s-1.30.1-v4.7.0 1.30.1-4.7.0", "",
		},
		"long": {
			[]string{"k3s-1.30.1-v4.4.0", "k3s-1.30.1-v4.5.0", "k3s-1.30.1-v4.6.0", "k3s-1.30.1-v4.7.0"}, newest,
			"k3s-1.30.1-v4.7.0 1.30.1-4.7.0", "3 of 4 tags that packs can select are not listed, as each has a newer one to pick",
		},
		"behind a pre-release": {
			[]string{"k3s-1.30.1-v4.4.0", "k3s-1.30.1-v4.5.0", "k3s-1.30.1-v4.6.0", "k3s-1.30.1-v4.7.0-rc.1"}, newest,
			"k3s-1.30.1-v4.4.0 1.30.1-4.4.0, k3s-1.30.1-v4.5.0 1.30.1-4.5.0, k3s-1.30.1-v4.6.0 1.30.1-4.6.0, k3s-1.30.1-v4.7.0-rc.1 1.30.1-4.7.0-rc.1", "",
		},
	} {
		t.Run(name, tc.check)
	}
}

// A custom tag is that of the image for one platform with and without the platform.
func TestCustomTagsOfPlatforms(t *testing.T) {
	const tag = "k3s-1.30.1-v4.7.0-prod_linux_amd64"
	for custom, want := range map[string]bool{"prod": true, "prod_linux_amd64": true, "lab": false, "": false} {
		s := registry.NewStore(t)
		tagAll(t, s, []string{tag})
		out := clean(t, discover(t, call{config: config{Repository: s.Host + "/" + repoName}, hints: sdk.Hints{CustomTags: []string{custom}}}))
		if got := read(out); (len(got) > 0) != want {
			t.Errorf("%q: read %q", custom, got)
		}
	}
}

// Of tags of one rank those are read that say another thing, and no tag of a platform that
// the one for all has; an older one is not read for its platforms.
func TestWhichTagsOfALineAreRead(t *testing.T) {
	for name, tc := range map[string]struct{ tags, want []string }{
		"a platform that it has": {
			[]string{"k3s-1.30.1-v4.7.0", "k3s-1.30.1-v4.7.0_linux_amd64", "k3s-1.30.1-v4.7.0_linux_s390x"},
			[]string{"k3s-1.30.1-v4.7.0", "k3s-1.30.1-v4.7.0_linux_s390x"},
		},
		"another spelling": {
			[]string{"k3s-1.30.1-v4.7.0", "k3s-v1.30.1-v4.7.0", "k3s-v1.30.1-v4.7.0_linux_amd64"},
			[]string{"k3s-1.30.1-v4.7.0", "k3s-v1.30.1-v4.7.0"},
		},
		"older ones": {
			[]string{"k3s-1.30.1-v4.7.0", "k3s-1.30.1-v4.6.0", "k3s-1.30.1-v4.6.0_linux_amd64"},
			[]string{"k3s-1.30.1-v4.7.0"},
		},
		"variants before minors": {
			[]string{
				"k3s-1.30.10-v4.7.0", "k3s-1.30.9-v4.7.0", "k3s-1.30.8-v4.7.0", "rke2-1.31.0-v4.7.0", "rke2-1.30.0-v4.7.0", "rke2-1.29.0-v4.7.0",
			},
			[]string{"k3s-1.30.10-v4.7.0", "k3s-1.30.9-v4.7.0", "rke2-1.29.0-v4.7.0", "rke2-1.30.0-v4.7.0", "rke2-1.31.0-v4.7.0"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := registry.NewStore(t)
			tagAll(t, s, tc.tags)
			out := discover(t, call{config: config{Repository: s.Host + "/" + repoName, ResolveLimit: 5}})
			got := read(out)
			if slices.Sort(got); !slices.Equal(got, tc.want) {
				t.Errorf("read %q", got)
			}
			for _, path := range s.Requests() {
				if _, of, ok := strings.Cut(path, "/manifests/"); ok && !strings.HasPrefix(of, "sha256:") && !slices.Contains(tc.want, of) {
					t.Errorf("%s was asked for", of)
				}
			}
		})
	}
}

// A tag of one platform is offered where the filter leaves out the tag for all.
func TestAskedForBesideAFilteredTag(t *testing.T) {
	const tag = "k3s-1.30.1-v4.7.0"
	s := registry.NewStore(t)
	tagAll(t, s, []string{tag, tag + "_linux_amd64"})
	repository := s.Host + "/" + repoName
	s.Requests()
	out := clean(t, discover(t, call{config: config{Repository: repository, Tags: []string{"*_linux_*"}}, ids: []string{repository + ":" + tag + "_linux_amd64"}}))
	if len(out.images) != 2 || out.images[0].Withheld != "" || out.images[0].Architecture == "arm64" {
		t.Errorf("%+v", out.images)
	}
	if asked := fmt.Sprint(s.Requests()); strings.Contains(asked, "/manifests/"+tag+" ") {
		t.Errorf("asked for %s", asked)
	}
}
