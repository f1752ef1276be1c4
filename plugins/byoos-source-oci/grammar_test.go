package main

import (
	"cmp"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

func TestKairosGrammar(t *testing.T) {
	s := registry.NewStore(t)
	const k0s, k3s = "24.04-standard-amd64-generic-v3.7.2-k0s-v1.34.3-k0s.0", "v0.5.1-standard-arm64-rpi4-v4.2.0-k3s-v1.36.3-k3s1"
	s.Image(t, repoName, k0s, registry.Manifest{})
	s.Image(t, repoName, k3s, registry.Manifest{Architecture: "arm64"})
	c := call{config: config{Repository: s.Host + "/" + repoName, Grammar: "kairos"}, hints: sdk.Hints{KubernetesVersions: []string{"~1.34"}}}
	out := clean(t, discover(t, c))
	img := out.find(t, k0s, "amd64")
	if img.KubernetesVersion != "1.34.3+k0s.0" || img.Attributes["k8sDistribution"] != "k0s" || img.OSVersion != "24.04" ||
		img.Attributes["customTag"] != "generic" || img.Digest == "" {
		t.Errorf("%+v", img)
	}
	if img := out.find(t, k3s, "arm64"); img.KubernetesVersion != "1.36.3+k3s1" || img.Attributes["customTag"] != "rpi4" || img.Digest != "" {
		t.Errorf("%+v", img)
	}
}

// What does not follow the grammar comes last, whatever number it begins with.
func TestTagsOutsideTheGrammarComeLast(t *testing.T) {
	for grammar, tags := range map[string][]string{
		"":       {"k3s-1.30.10-v4.7.0", "20240115-nightly", "22.04", "1.31.0-rke2-old", "v99"},
		"kairos": {"24.04-standard-amd64-generic-v3.7.2-k3s-v1.34.3-k3s1", "24.04-standard-amd64-generic-v3.7.1-rc-k3s-v1.34.2-k3s1", "99"},
	} {
		s := registry.NewStore(t)
		tagAll(t, s, tags)
		p := newProgram(t, s.Host)
		p.spec(strings.Replace(selecting(""), "/ubuntu}", "/ubuntu, grammar: '"+cmp.Or(grammar, "canvos")+"'}", 1))
		if out, _ := p.run(0, "render"); !strings.Contains(out, "HOST/edge/ubuntu:"+tags[0]+`"`) {
			t.Errorf("picked:\n%s", out)
		}
	}
	// Where no tag follows the grammar, versions are all there is.
	s := registry.NewStore(t)
	tagAll(t, s, []string{"v1.4.5", "v1.10.0", "v1.9"})
	p := newProgram(t, s.Host)
	p.spec(selecting(""))
	if out, _ := p.run(0, "render"); !strings.Contains(out, "HOST/edge/ubuntu:v1.10.0\"") {
		t.Errorf("picked:\n%s", out)
	}
}

// A tag of another repository is in no order with those of a grammar.
func TestRepositoriesOfOtherTags(t *testing.T) {
	s := registry.NewStore(t)
	tagAll(t, s, []string{"k3s-1.30.10-v4.7.0"})
	p := newProgram(t, s.Host)
	p.spec(strings.Replace(selecting(""), "repository: HOST/edge/ubuntu", "repositories: [HOST/edge/ubuntu, HOST/edge/other]", 1))
	for _, other := range []string{"v1.4.5", "22.04"} {
		s.Image(t, "edge/other", other, registry.Manifest{})
		_, talk := p.run(3, "render")
		for _, want := range []string{"k3s-1.30.10-v4.7.0", "edge/other:" + other} {
			if !strings.Contains(talk, want) {
				t.Errorf("%q is missing in:\n%s", want, talk)
			}
		}
	}
}

// A tag without the custom tag that its grammar allows is a variant, whatever its
// version.
func TestGrammarWithoutADistribution(t *testing.T) {
	s := registry.NewStore(t)
	tagAll(t, s, []string{"1.30.4", "1.30.10-lab", "latest"})
	p := newProgram(t, s.Host)
	p.spec(strings.Replace(selecting(""), "/ubuntu}", `/ubuntu, grammar: '(?P<kubernetesVersion>[\d.]+)(?:-(?P<customTag>\w+))?'}`, 1))
	_, talk := p.run(3, "render")
	for _, want := range []string{"edge/ubuntu:1.30.4", "edge/ubuntu:1.30.10-lab", "customTag"} {
		if !strings.Contains(talk, want) {
			t.Errorf("%q is missing in:\n%s", want, talk)
		}
	}
}

// Tags that the versions in them do not tell apart are all read: then the creation
// time decides, and not the alphabet.
func TestTagsOfOneRankAreAllRead(t *testing.T) {
	s := registry.NewStore(t)
	for build, created := range map[string]string{"2": "2026-01-02T00:00:00Z", "11": "2026-01-11T00:00:00Z", "10": "2026-01-10T00:00:00Z"} {
		s.Image(t, repoName, "k3s-1.30.10-build"+build, registry.Manifest{Created: created})
	}
	p := newProgram(t, s.Host)
	p.spec(strings.Replace(selecting(""), "/ubuntu}", `/ubuntu, grammar: '(?P<k8sDistribution>k3s)-(?P<kubernetesVersion>[\d.]+)-(?P<version>build\d+)'}`, 1))
	if out, _ := p.run(0, "render"); !strings.Contains(out, "HOST/edge/ubuntu:k3s-1.30.10-build11\"") {
		t.Errorf("picked:\n%s", out)
	}
}
