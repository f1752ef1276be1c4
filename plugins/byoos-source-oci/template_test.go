package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

func templateSpec(selected, edge, values string) string {
	return strings.NewReplacer("SELECT", selected, "EDGE", edge, "VALUES", values).Replace(`apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources: [{name: edge, type: oci, config: {repository: HOST/edge/ubuntu, inspect: false}}]
packs:
  - {name: p, pack: edge-native-byoi, select: {SELECT}, edge: {EDGE}, values: {VALUES}}
`)
}

// What values make of a template is what is picked, by every command.
func TestHostPicksWhatValuesLeadTo(t *testing.T) {
	s := registry.NewStore(t)
	tagAll(t, s, []string{"k3s-1.31.0-v4.8.0-rc.1", "k3s-1.31.0-v4.8.0", "k3s-1.30.9-v4.7.0", "k3s-1.30.9-v4.7.0-prod", "k3s-1.30.9-v4.6.0-prod"})
	p := newProgram(t, s.Host)
	plain := `where: "!has(image.attributes.customTag)", architecture: amd64`
	for _, tc := range []struct{ selected, values, want string }{
		{plain, "", "k3s-1.31.0-v4.8.0"},
		{plain, "peVersion: v4.7.0", "k3s-1.30.9-v4.7.0"},
		{plain, "peVersion: v4.8.0", "k3s-1.31.0-v4.8.0"},
		{plain, "peVersion: v4.8.0-rc.1", "k3s-1.31.0-v4.8.0-rc.1"},
		{"", "customTag: prod", "k3s-1.30.9-v4.7.0-prod"},
		{"", "customTag: prod, peVersion: v4.6.0", "k3s-1.30.9-v4.6.0-prod"},
		{"kubernetesVersion: ~1.30", "customTag: prod, osName: rhel, registry: mirror.example.com", "k3s-1.30.9-v4.7.0-prod"},
	} {
		p.spec(templateSpec(tc.selected, "", tc.values))
		p.run(0, "lock", "--force")
		locked, err := os.ReadFile(filepath.Join(p.dir, "byoos.lock"))
		if err != nil || !strings.Contains(string(locked), "/edge/ubuntu:"+tc.want+"\n") {
			t.Errorf("{%s}: %v in the lock:\n%s", tc.values, err, locked)
		}
		if out, _ := p.run(0, "verify", "-o", "custom-columns=ID:.id,STATUS:.status"); !strings.Contains(narrow(out), tc.want+" ok") {
			t.Errorf("{%s}: verified:\n%s", tc.values, out)
		}
		p.run(0, "update", "--exit-code")
		p.run(0, "render", "--locked")
		p.run(0, "render", "--ignore-lock")
	}
	for values, want := range map[string]string{
		"peVersion: v4.9.9":                   "values.peVersion is v4.9.9, and the images that fit, or may once they are read, have v4.6.0, v4.7.0, v4.8.0: correct it, or build and push such images",
		"customTag: test":                     "values.customTag is test, and the images that fit, or may once they are read, have none, prod: correct it",
		"k8sDistribution: rke2":               "values.k8sDistribution is rke2, and the images that fit, or may once they are read, have k3s",
		"peVersion: v4.8.0, customTag: prod":  "none of the images that fit, or may once they are read, has values.peVersion v4.8.0 and values.customTag prod",
		"repo: edge/ubuntu, customTag: '1.2'": "values.customTag is 1.2",
	} {
		p.spec(templateSpec("architecture: amd64", "", values))
		for _, command := range [][]string{{"lock", "--force"}, {"update"}, {"render", "--ignore-lock"}} {
			if _, talk := p.run(3, command...); !strings.Contains(talk, "next: "+want) {
				t.Errorf("%s of {%s}: %s", command, values, talk)
			}
		}
	}
	// A lock that is older than the values leads nowhere either.
	p.spec(templateSpec("architecture: amd64", "", "peVersion: v4.8.0"))
	p.run(0, "lock", "--force")
	p.spec(templateSpec("architecture: amd64", "", "peVersion: v4.7.0"))
	if _, talk := p.run(2, "render", "--stale-ok"); !strings.Contains(talk, `gives tag "k3s-1.31.0-v4.7.0" for Kubernetes 1.31.0, but the image's tag is "k3s-1.31.0-v4.8.0"`) {
		t.Errorf("rendered: %s", talk)
	}
}

// The images beside the locked one are verified by all that the pack selects.
func TestVerifyBesideALockedImage(t *testing.T) {
	labels := func(os, team string) map[string]string {
		return map[string]string{"byoos.dev/os-name": os, "byoos.dev/os-version": "22.04", "team": team}
	}
	good := registry.Manifest{Architecture: "amd64", Labels: labels("ubuntu", "edge")}
	for name, tc := range map[string]struct {
		selected string
		now      registry.Manifest
		want     string // why it is stale
	}{
		"the same again":              {"architecture: amd64, os: {name: ubuntu}, tags: {team: edge}", registry.Manifest{Architecture: "amd64", Labels: labels("ubuntu", "edge"), Annotations: map[string]string{"built": "again"}}, ""},
		"another system":              {"os: {name: ubuntu}", registry.Manifest{Architecture: "amd64", Labels: labels("rhel", "edge")}, "OS name is rhel, not ubuntu"},
		"another system, not asked":   {"architecture: amd64", registry.Manifest{Architecture: "amd64", Labels: labels("rhel", "edge")}, ""},
		"no system":                   {"os: {name: ubuntu, version: '22.04'}", registry.Manifest{Architecture: "amd64"}, "the OS name is unknown"},
		"another label":               {"tags: {team: edge}", registry.Manifest{Architecture: "amd64", Labels: labels("ubuntu", "cloud")}, `tag team is "cloud", not "edge"`},
		"no label":                    {"tags: {team: edge}", registry.Manifest{Architecture: "amd64"}, `it has no tag "team"`},
		"an expression":               {`where: 'image.tags.team == "edge"'`, registry.Manifest{Architecture: "amd64", Labels: labels("ubuntu", "cloud")}, "the expression is false"},
		"an expression that holds":    {`where: 'image.tags.team == "edge"'`, registry.Manifest{Architecture: "amd64", Labels: labels("rhel", "edge")}, ""},
		"another architecture":        {"architecture: amd64", registry.Manifest{Architecture: "arm64", Labels: labels("ubuntu", "edge")}, "the tag no longer has an image for amd64"},
		"one by an expression":        {`where: 'image.architecture == "amd64"'`, registry.Manifest{Architecture: "arm64", Labels: labels("ubuntu", "edge")}, "the tag no longer has an image for amd64"},
		"one that nobody asks for":    {"os: {name: ubuntu}", registry.Manifest{Architecture: "arm64", Labels: labels("ubuntu", "edge")}, "the tag no longer has an image for amd64"},
		"one of two by an expression": {`where: 'image.architecture in ["amd64", "arm64"]'`, registry.Manifest{Architecture: "arm64", Labels: labels("ubuntu", "edge")}, "the tag no longer has an image for amd64"},
	} {
		s := registry.NewStore(t)
		for _, tag := range []string{"k3s-1.31.0-v4.7.0", "k3s-1.30.1-v4.7.0", "k3s-1.29.1-v4.7.0"} {
			s.Image(t, repoName, tag, good)
		}
		p := newProgram(t, s.Host)
		p.spec(templateSpec(tc.selected, "kubernetesVersions: [1.30.1, v1.31.0]", ""))
		p.run(0, "lock")
		p.run(0, "verify")
		s.Image(t, repoName, "k3s-1.30.1-v4.7.0", tc.now)
		code, want := 0, "k3s-1.30.1-v4.7.0 ok"
		if tc.want != "" {
			code, want = 1, "k3s-1.30.1-v4.7.0 stale ["+tc.want
		}
		out, _ := p.run(code, "verify", "-o", "custom-columns=ID:.id,STATUS:.status,REASONS:.reasons")
		if out = narrow(out); !strings.Contains(out, want) || !strings.Contains(out, "k3s-1.31.0-v4.7.0 ok") {
			t.Errorf("%s: verified:\n%s", name, out)
		}
	}
}

// Of images for several architectures one may lose some, as long as those of a template have
// one in common.
func TestVerifyBesideAnIndex(t *testing.T) {
	s := registry.NewStore(t)
	push := func(tag string, architectures ...string) {
		var entries []registry.Descriptor
		for _, architecture := range architectures {
			d := s.Image(t, repoName, tag, registry.Manifest{Architecture: architecture})
			d.Platform = &registry.Platform{OS: "linux", Architecture: architecture}
			entries = append(entries, d)
		}
		if len(entries) > 1 {
			s.Index(t, repoName, tag, nil, entries...)
		}
	}
	const highest, middle, lowest = "k3s-1.31.0-v4.7.0", "k3s-1.30.1-v4.7.0", "k3s-1.29.1-v4.7.0"
	for _, tag := range []string{highest, middle, lowest} {
		push(tag, "amd64", "arm64")
	}
	p := newProgram(t, s.Host)
	p.spec(templateSpec("", "kubernetesVersions: [1.29.1, 1.30.1, 1.31.0]", ""))
	p.run(0, "lock")
	p.run(0, "verify")
	push(middle, "arm64")
	p.run(0, "verify")
	push(lowest, "arm64")
	p.run(0, "verify")
	push(lowest, "amd64")
	if out, _ := p.run(1, "verify"); !strings.Contains(narrow(out), "it is for arm64 alone, and another image that the template leads to is for amd64 alone") {
		t.Errorf("verified:\n%s", out)
	}
	if _, talk := p.run(3, "update"); !strings.Contains(talk, "its template leads to images that no machine can use for every version") {
		t.Errorf("updated: %s", talk)
	}
}

// What is read from inside images is not read to verify them, and speaks against none.
func TestVerifyBesideAnInspectedImage(t *testing.T) {
	host := registry.Start(t, registry.Options{})
	p := newProgram(t, host)
	fillEdge(t, host)
	for _, selected := range []string{"os: {name: ubuntu, version: '22.04'}, architecture: amd64", `where: 'image.os.name == "ubuntu" && image.architecture == "amd64"'`} {
		p.spec(strings.Replace(templateSpec(selected, "kubernetesVersions: [1.30.10, 1.30.4]", ""), "inspect: false", "inspect: true", 1))
		p.run(0, "lock", "--force")
		if out, _ := p.run(0, "verify", "-o", "name"); strings.Count(out, "\n") != 2 {
			t.Errorf("verified:\n%s", out)
		}
	}
}
