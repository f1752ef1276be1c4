package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/tag"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

// What the host asks for is read and nothing else is: no list, and no other tag.
func TestAskedFor(t *testing.T) {
	s := registry.NewStore(t)
	const tag = "k3s-1.30.10-v4.7.0"
	tagAll(t, s, []string{tag + "-prod", tag + "-lab", tag, tag + "_linux_amd64", tag + "_linux_arm64"})
	amd64 := s.Image(t, repoName, tag+"-one_linux_amd64", registry.Manifest{})
	arm64 := s.Image(t, repoName, tag+"-one_linux_arm64", registry.Manifest{Architecture: "arm64"})
	s.Index(t, repoName, tag+"-one", nil, amd64.For("linux/amd64"))
	_ = arm64
	s.Image(t, repoName, tag+"-odd_linux_arm64", registry.Manifest{})
	id := func(tagName string) string { return s.Host + "/" + repoName + ":" + tagName }
	for name, tc := range map[string]struct {
		config config
		ids    []string
		want   []string
	}{
		"two tags":                     {config{}, []string{id(tag + "-prod"), id(tag + "-lab")}, []string{"lab amd64", "lab arm64", "prod amd64", "prod arm64"}},
		"one that is gone":             {config{}, []string{id(tag + "-gone")}, []string{"gone  gone"}},
		"of a platform":                {config{}, []string{id(tag + "-one_linux_amd64"), id(tag + "-one_linux_arm64")}, []string{"one_linux_amd64 amd64 withheld", "one_linux_arm64 arm64"}},
		"of another platform than its": {config{}, []string{id(tag + "-odd_linux_arm64")}, []string{"odd_linux_arm64 amd64 withheld"}},
		"of another repository":        {config{}, []string{s.Host + "/other/os:" + tag, "registry.example.com/edge/ubuntu:" + tag, "x"}, nil},
		"that the filter leaves out":   {config{Tags: []string{"!*-lab"}}, []string{id(tag + "-lab")}, nil},
		"where nothing is to be read":  {config{Resolve: "none"}, []string{id(tag + "-prod")}, nil},
		"a digest alone":               {config{}, []string{s.Host + "/" + repoName + "@sha256:" + strings.Repeat("0", 64)}, nil},
		"more than resolveLimit":       {config{ResolveLimit: 1}, []string{id(tag + "-prod"), id(tag + "-lab")}, []string{"lab amd64", "lab arm64", "prod amd64", "prod arm64"}},
		"beside the tag that has both": {config{}, []string{id(tag + "_linux_arm64")}, []string{"_linux_arm64 amd64 withheld", "_linux_arm64 arm64 withheld"}},
	} {
		tc.config.Repository = s.Host + "/" + repoName
		s.Requests()
		out := clean(t, discover(t, call{config: tc.config, ids: tc.ids}))
		var got []string
		for _, img := range out.images {
			text := strings.TrimPrefix(strings.TrimPrefix(img.Name, tag), "-") + " " + img.Architecture
			if img.Withheld != "" {
				text += " withheld"
			}
			if img.State == sdk.Gone {
				text += " gone"
			}
			got = append(got, text)
		}
		slices.Sort(got)
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q", name, got)
		}
		for _, request := range s.Requests() {
			if strings.Contains(request, "/tags/list") {
				t.Errorf("%s: the tags are listed again: %s", name, request)
			}
		}
	}
}

// What matters to a pick is read, by whatever it is selected, and not the older of what the
// names tell apart.
func TestHostReadsWhatMatters(t *testing.T) {
	s := registry.NewStore(t)
	tags := canvosTags(t, "-v4.7.0")
	image := s.Image(t, repoName, "", registry.Manifest{})
	for _, tag := range tags {
		s.Tag(repoName, tag, image)
	}
	labelled := s.Image(t, repoName, "", registry.Manifest{Labels: map[string]string{"team": "edge"}})
	s.Tag(repoName, "k3s-1.30.4-v4.7.0", labelled)
	s.Tag(repoName, "k3s-1.29.4-v4.7.0", labelled)
	p := newProgram(t, s.Host)
	for name, tc := range map[string]struct {
		more, want string
		most       int // requests
	}{
		"a label":       {"k8sDistribution: k3s, tags: {team: edge}", "k3s-1.30.4-v4.7.0", 300},
		"an expression": {`k8sDistribution: k3s, where: 'image.tags.team == "edge" && image.kubernetesVersion.startsWith("1.29")'`, "k3s-1.29.4-v4.7.0", 300},
		"a name":        {`name: "rke2-1.2*"`, "rke2-1.29.14-v4.7.0", 200},
	} {
		p.spec(selecting(tc.more))
		s.Requests()
		out, talk := p.run(0, "render")
		if !strings.Contains(out, "HOST/edge/ubuntu:"+tc.want+`"`) || talk != "" {
			t.Errorf("%s: picked:\n%s%s", name, out, talk)
		}
		if n := len(s.Requests()); n > tc.most {
			t.Errorf("%s: %d requests", name, n)
		}
	}
}

// A lock holds one image of a template; the others are verified with it.
func TestVerifyOfATemplate(t *testing.T) {
	s := registry.NewStore(t)
	tags := []string{"k3s-1.29.4-v4.7.0", "k3s-1.30.4-v4.7.0", "k3s-1.31.4-v4.7.0", "k3s-1.31.4-v4.8.0"}
	tagAll(t, s, tags)
	p := newProgram(t, s.Host)
	p.spec(strings.Replace(selecting("provider: oci"), "{reference: tag}", "{kubernetesVersions: [1.29.4, v1.30.4]}", 1))
	p.run(0, "lock")
	if out, _ := p.run(0, "verify", "-o", "name"); !strings.Contains(out, tags[0]) || !strings.Contains(out, tags[1]) || strings.Contains(out, "1.31.4") {
		t.Errorf("verified:\n%s", out)
	}
	s.Remove(repoName, tags[0])
	out, _ := p.run(1, "verify", "-o", "custom-columns=ID:.id,STATUS:.status")
	if out = narrow(out); !strings.Contains(out, tags[0]+" stale") || !strings.Contains(out, tags[1]+" ok") {
		t.Errorf("verified:\n%s", out)
	}
	if _, talk := p.run(3, "render", "--ignore-lock"); !strings.Contains(talk, "its template leads to no image that fits: HOST/edge/ubuntu:"+tags[0]) {
		t.Errorf("rendered: %s", talk)
	}
}

// The newest of another word may be a tag for each platform: all of them are as new.
func TestWordsWithoutOrderOfPlatforms(t *testing.T) {
	grammar, err := tag.Compile(`(?P<version>.+)`)
	if err != nil {
		t.Fatal(err)
	}
	var rest []tag.Tag
	for _, name := range []string{"1.4.0-lab.9_linux_amd64", "1.4.0-lab.9_linux_arm64", "1.4.0-lab.8"} {
		rest = append(rest, grammar.Read(name))
	}
	asNew, older := besides(grammar.Read("1.4.0-prod.2"), rest)
	if len(asNew) != 2 || len(older) != 1 || older[0].Name != "1.4.0-lab.8" {
		t.Errorf("as new %v, older %v", asNew, older)
	}
}

// Words that nothing puts in order, in versions of a grammar of the user's, make none
// newer, also in a long list: both are read and sent.
func TestWordsWithoutOrder(t *testing.T) {
	s := registry.NewStore(t)
	tagAll(t, s, []string{"1.4.0-prod.2", "1.4.0-prod.1", "1.4.0-lab.9", "1.4.0-lab.8", "1.4.0-rc.1", "1.3.0"})
	out := discover(t, call{
		config:    config{Repository: s.Host + "/" + repoName, Grammar: `(?P<version>.+)`},
		maxListed: 1, hints: sdk.Hints{Architectures: []string{"amd64"}, NewestOnly: true},
	})
	if got := read(out); !slices.Equal(got, []string{"1.4.0-prod.2", "1.4.0-lab.9", "1.4.0-rc.1"}) {
		t.Errorf("read %q", got)
	}
}

// lastWord is a list of tags of which one is picked, whatever is read first.
type lastWord struct {
	grammar, sel string
	tags         []pushed
	want         string
}

func (l lastWord) check(t *testing.T) {
	const spec = "apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\nsources: [{name: edge, type: oci, config: {}}]\npacks: [{name: hosts, pack: edge-native-byoi, select: {SELECT}, edge: {reference: tag}}]\n"
	s := registry.NewStore(t)
	for _, p := range l.tags {
		d := s.Image(t, repoName, p.tag, registry.Manifest{Architecture: p.architecture, Labels: p.labels, Annotations: map[string]string{"tag": p.tag}})
		if p.architecture == "" {
			s.Remove(repoName, d.Digest)
		}
	}
	for _, c := range []config{{ResolveLimit: 1}, {}, {Resolve: resolveAll}} {
		c.Repository, c.Grammar = s.Host+"/"+repoName, l.grammar
		if got, said := pickOfTrain(t, 0, strings.Replace(spec, "SELECT", l.sel, 1), c); got != l.want {
			t.Errorf("resolve %q, limit %d: picked %s, %s", c.Resolve, c.ResolveLimit, got, said)
		}
	}
}

// The pick is that of a source that reads all, whatever reading takes the place of, and
// whatever is gone.
func TestNamesThatAreNotTheLastWord(t *testing.T) {
	kairos := func(release, architecture, version string) string {
		return release + "-standard-" + architecture + "-generic-" + version + "-k3s-v1.34.3-k3s1"
	}
	leap := labelled{"byoos.dev/os-name": "opensuse-leap", "byoos.dev/os-version": "15.6"}
	debian := labelled{"byoos.dev/os-name": "debian", "byoos.dev/os-version": "12"}
	for name, l := range map[string]lastWord{
		"a release that a label tells": {
			"kairos", `architecture: amd64, os: {name: opensuse-leap, version: "15.6"}, tags: {team: edge}`,
			[]pushed{
				{kairos("leap-15.6", "amd64", "v3.8.0"), "amd64", leap.of("cloud")}, {kairos("leap-15.6", "amd64", "v3.7.2"), "amd64", leap.of("edge")},
				{kairos("leap-15.6", "amd64", "v3.6.0"), "amd64", leap.of("edge")},
			}, kairos("leap-15.6", "amd64", "v3.7.2"),
		},
		"a code name, by an expression": {
			"kairos", `architecture: amd64, where: 'image.os.version == "12" && image.tags.team == "edge"'`,
			[]pushed{
				{kairos("bookworm", "amd64", "v3.8.0"), "amd64", debian.of("cloud")}, {kairos("bookworm", "amd64", "v3.7.2"), "amd64", debian.of("edge")},
				{kairos("bookworm", "amd64", "v3.6.0"), "amd64", debian.of("edge")},
			}, kairos("bookworm", "amd64", "v3.7.2"),
		},
		"a part of a release": {
			`(?P<osName>[a-z]+)-(?P<osVersion>[\d.]+)-(?P<kubernetesVersion>[\d.]+)-(?P<version>\d+)`, `os: {name: ubuntu, version: "22.04"}, where: 'image.os.version == "22.04" && image.tags.team == "edge"'`,
			[]pushed{
				{"ubuntu-22-1.30.0-3", "amd64", labelled{"byoos.dev/os-name": "ubuntu", "byoos.dev/os-version": "22.04"}.of("cloud")},
				{"ubuntu-22-1.30.0-2", "amd64", labelled{"byoos.dev/os-name": "ubuntu", "byoos.dev/os-version": "22.04"}.of("edge")},
				{"ubuntu-22-1.30.0-1", "amd64", labelled{"byoos.dev/os-name": "ubuntu", "byoos.dev/os-version": "22.04"}.of("edge")},
			}, "ubuntu-22-1.30.0-2",
		},
		"an older one of another architecture that is gone": {
			"kairos", "provider: oci",
			[]pushed{{kairos("24.04", "amd64", "v3.8.0"), "amd64", nil}, {kairos("24.04", "arm64", "v3.7.2"), "", nil}}, kairos("24.04", "amd64", "v3.8.0"),
		},
		"an older one of another architecture": {
			"kairos", "provider: oci",
			[]pushed{{kairos("24.04", "amd64", "v3.8.0"), "amd64", nil}, {kairos("24.04", "arm64", "v3.7.2"), "arm64", nil}}, "several",
		},
		"a platform's that is gone": {
			"", "provider: oci", []pushed{{"k3s-1.31.0-v4.7.0_linux_amd64", "amd64", nil}, {"k3s-1.31.0-v4.7.0_linux_arm64", "", nil}}, "k3s-1.31.0-v4.7.0_linux_amd64",
		},
		"a platform's that the index lacks, by its custom tag": {
			"", "customTag: prod_linux_arm64",
			[]pushed{{"k3s-1.31.0-v4.7.0-prod", "amd64", nil}, {"k3s-1.31.0-v4.7.0-prod_linux_arm64", "arm64", nil}, {"k3s-1.30.0-v4.7.0-prod_linux_arm64", "arm64", nil}},
			"k3s-1.31.0-v4.7.0-prod_linux_arm64",
		},
		"an architecture that the image is not of": {
			"kairos", "architecture: arm64",
			[]pushed{{kairos("24.04", "arm64", "v3.8.0"), "amd64", nil}, {kairos("24.04", "arm64", "v3.7.2"), "arm64", nil}}, kairos("24.04", "arm64", "v3.7.2"),
		},
	} {
		t.Run(name, l.check)
	}
}

// pushed is a tag as it was pushed; without an architecture it is listed and gone.
type pushed struct {
	tag, architecture string
	labels            map[string]string
}

type labelled map[string]string

// of returns the labels with that of a team.
func (l labelled) of(team string) map[string]string {
	with := maps.Clone(l)
	with["team"] = team
	return with
}

// An id is of the repository that has its name, also where another is read there.
func TestAskedForBesideAMirror(t *testing.T) {
	s := registry.NewStore(t)
	other := strings.Replace(s.Host, "127.0.0.1", "localhost", 1)
	tagAll(t, s, []string{"k3s-1.30.10-v4.7.0"})
	c := call{
		config:   config{Repositories: []string{"registry.example.com/edge/ubuntu", s.Host + "/edge/ubuntu"}},
		settings: map[string]any{"rewrite": []any{map[string]any{"from": "registry.example.com", "to": s.Host}, map[string]any{"from": s.Host, "to": other}}},
	}
	for _, name := range []string{"registry.example.com", s.Host} {
		c.ids = []string{name + "/edge/ubuntu:k3s-1.30.10-v4.7.0"}
		out := clean(t, discover(t, c))
		if len(out.images) != 2 || out.images[0].ID != c.ids[0] || out.images[0].Digest == "" {
			t.Errorf("asked for %s: %+v", c.ids[0], out.images)
		}
	}
}
