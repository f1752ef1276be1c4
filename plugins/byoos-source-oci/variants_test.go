package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

// canvosTags are the tags of every Kubernetes version that CanvOS builds, by
// k8s_version.json of github.com/spectrocloud/CanvOS at fb36e29.
func canvosTags(t testing.TB, suffix string) []string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "canvos-k8s-versions.json"))
	if err != nil {
		t.Fatal(err)
	}
	var versions map[string][]string
	if err := json.Unmarshal(raw, &versions); err != nil {
		t.Fatal(err)
	}
	var tags []string
	for _, distribution := range slices.Sorted(maps.Keys(versions)) {
		for _, version := range versions[distribution] {
			tags = append(tags, distribution+"-"+version+suffix)
		}
	}
	return tags
}

// tagAll gives one image for two architectures many tags.
func tagAll(t testing.TB, s *registry.Store, tags []string) {
	t.Helper()
	image := s.Index(t, repoName, "", nil,
		s.Image(t, repoName, "", registry.Manifest{}).For("linux/amd64"),
		s.Image(t, repoName, "", registry.Manifest{Architecture: "arm64"}).For("linux/arm64"))
	for _, tag := range tags {
		s.Tag(repoName, tag, image)
	}
}

// read returns the tags that were read, without the rest.
func read(r *recorder) []string {
	var tags []string
	for _, img := range r.images {
		if img.Digest != "" && !slices.Contains(tags, img.Name) {
			tags = append(tags, img.Name)
		}
	}
	return tags
}

func TestHintsDecideWhatIsRead(t *testing.T) {
	s := registry.NewStore(t)
	tags := canvosTags(t, "-v4.7.0")
	if len(tags) != 263 {
		t.Fatalf("%d tags", len(tags))
	}
	tagAll(t, s, tags)
	for name, tc := range map[string]struct {
		hints sdk.Hints
		want  func(distribution, version string) bool
	}{
		"a range": {sdk.Hints{KubernetesVersions: []string{"~1.30"}}, func(_, v string) bool { return strings.HasPrefix(v, "1.30.") }},
		"a range and a distribution": {sdk.Hints{KubernetesVersions: []string{"~1.30"}, K8sDistributions: []string{"k3s"}, Architectures: []string{"arm64"}},
			func(d, v string) bool { return d == "k3s" && strings.HasPrefix(v, "1.30.") }},
		"two ranges": {sdk.Hints{KubernetesVersions: []string{"1.29.0", "~1.33"}, K8sDistributions: []string{"canonical", "nodeadm"}},
			func(d, v string) bool {
				return (d == "canonical" || d == "nodeadm") && (v == "1.29.0" || strings.HasPrefix(v, "1.33."))
			}},
		"another custom tag": {sdk.Hints{CustomTags: []string{"prod"}}, func(string, string) bool { return false }},
		"a range of nothing": {sdk.Hints{KubernetesVersions: []string{"~1.99"}}, func(string, string) bool { return false }},
	} {
		t.Run(name, func(t *testing.T) {
			s.Requests()
			out := clean(t, discover(t, call{config: config{Repository: s.Host + "/" + repoName}, hints: tc.hints}))
			var want []string
			for _, tag := range tags {
				i := strings.LastIndex(strings.TrimSuffix(tag, "-v4.7.0"), "-")
				if tc.want(tag[:i], strings.TrimSuffix(tag[i+1:], "-v4.7.0")) {
					want = append(want, tag)
				}
			}
			got := read(out)
			slices.Sort(got)
			slices.Sort(want)
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			all := map[string]bool{}
			for _, img := range out.images {
				all[img.Name] = true
			}
			if len(all) != len(tags) {
				t.Errorf("%d of %d tags are listed", len(all), len(tags))
			}
			// One list, and for each tag its index and two images with their configurations.
			if requests := len(s.Requests()); requests > 3+5*len(want) {
				t.Errorf("%d requests for %d tags", requests, len(want))
			}
		})
	}
}

// Which tags are read within the limit depends on what they hold, not on which
// answer comes first; every variant is looked at before older versions of one.
func TestLimitIsInOrder(t *testing.T) {
	s := registry.NewStore(t)
	tagAll(t, s, canvosTags(t, "-v4.7.0"))
	c := call{config: config{Repository: s.Host + "/" + repoName, ResolveLimit: 8}}
	want := []string{
		"kubeadm-1.35.6-v4.7.0", "kubeadm-fips-1.35.6-v4.7.0", "k3s-1.35.3-v4.7.0", "kubeadm-1.35.3-v4.7.0",
		"kubeadm-fips-1.35.3-v4.7.0", "rke2-1.35.3-v4.7.0", "canonical-1.35.2-v4.7.0", "nodeadm-1.32.0-v4.7.0",
	}
	for range 5 {
		out := discover(t, c)
		says(t, out, "after 8 tags 255 of 263 kinds of tags are not read")
		if diff := gocmp.Diff(want, read(out)); diff != "" {
			t.Fatal(diff)
		}
	}
}

// Earthly pushes the image of each platform beside the index: one choice.
func TestTagsOfSinglePlatforms(t *testing.T) {
	const tag = "k3s-1.30.10-v4.7.0"
	for _, custom := range []string{"", "-demo"} {
		s := registry.NewStore(t)
		whole := tag + custom
		amd64 := s.Image(t, repoName, whole+"_linux_amd64", registry.Manifest{})
		arm64 := s.Image(t, repoName, whole+"_linux_arm64", registry.Manifest{Architecture: "arm64"})
		s.Index(t, repoName, whole, nil, amd64.For("linux/amd64"))
		s.Tag(repoName, strings.Replace(whole, "v4.7.0", "v4.6.0", 1), amd64)
		s.Tag(repoName, strings.Replace(whole, "v4.6.0", "v4.6.0", 1)+"_linux_s390x", arm64)
		out := clean(t, discover(t, call{config: config{Repository: s.Host + "/" + repoName, Resolve: "all"}}))
		img := out.find(t, whole+"_linux_amd64", "amd64")
		if !strings.Contains(img.Withheld, "one platform of the tag "+whole) || img.State != sdk.Available || img.StateReason != "" || img.ExcludedFromLatest {
			t.Errorf("beside an index that has it: %+v", img)
		}
		for _, name := range []string{whole + "_linux_arm64", whole} {
			if find(out.images, name, "arm64") == nil && find(out.images, name, "amd64") == nil {
				t.Errorf("%s is missing", name)
			}
		}
		if img := out.find(t, whole+"_linux_arm64", "arm64"); img.Withheld != "" {
			t.Errorf("the only image for its architecture is left out: %+v", img)
		}
		// By its name alone it is known to be for one platform, and not a second choice.
		out = clean(t, discover(t, call{config: config{Repository: s.Host + "/" + repoName, Resolve: "none"}}))
		if img := out.find(t, whole+"_linux_amd64", "amd64"); img.Withheld == "" || img.State != sdk.StateUnknown {
			t.Errorf("two choices by name: %+v", img)
		}
		// Who filters for it gets it.
		out = clean(t, discover(t, call{config: config{Repository: s.Host + "/" + repoName, Tags: []string{"*_linux_amd64"}}}))
		if img := out.find(t, whole+"_linux_amd64", "amd64"); img.Withheld != "" {
			t.Errorf("asked for by name: %+v", img)
		}
	}
}

const edgePack = `apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources: [{name: edge, type: oci, config: {repository: HOST/edge/ubuntu}}]
packs:
  - name: hosts
    pack: edge-native-byoi
    select: {architecture: amd64, SELECT}
    edge: {reference: tag}
`

func selecting(more string) string { return strings.Replace(edgePack, "SELECT", more, 1) }

func TestHostSeesVariants(t *testing.T) {
	s := registry.NewStore(t)
	const tag = "k3s-1.30.10-v4.7.0"
	tagAll(t, s, []string{tag + "-prod", tag + "-lab-2204", tag + "-prod_linux_amd64", "k3s-1.30.10-v4.6.0-prod", tag + "-prod_linux_arm64"})
	p := newProgram(t, s.Host)

	p.spec(selecting("kubernetesVersion: ~1.30"))
	_, talk := p.run(3, "render")
	for _, want := range []string{tag + "-prod", tag + "-lab-2204", "customTag"} {
		if !strings.Contains(talk, want) {
			t.Errorf("%q is missing in:\n%s", want, talk)
		}
	}
	p.spec(selecting("customTag: prod"))
	out, _ := p.run(0, "render")
	if !strings.Contains(out, "HOST/edge/ubuntu:"+tag+`-prod"`) {
		t.Errorf("picked:\n%s", out)
	}
	explained, _ := p.run(0, "explain")
	if !strings.Contains(explained, "one platform of the tag "+tag+"-prod") {
		t.Errorf("the tag of one platform is left out without a word:\n%s", explained)
	}
	if listed, _ := p.run(0, "images"); strings.Contains(listed, "_linux_amd64") {
		t.Errorf("what is withheld is listed:\n%s", listed)
	}
	if listed, _ := p.run(0, "images", "--all"); !strings.Contains(listed, "withheld") {
		t.Errorf("what is withheld is not listed with --all:\n%s", listed)
	}
	p.spec(selecting("customTag: lab-2204"))
	if out, _ = p.run(0, "render"); !strings.Contains(out, "HOST/edge/ubuntu:"+tag+"-lab-2204\"") {
		t.Errorf("picked:\n%s", out)
	}
}

// What one source withholds, another may offer: the tags of single platforms are a
// choice for packs of a source that filters for them, beside one that does not.
func TestHostOffersSinglePlatforms(t *testing.T) {
	s := registry.NewStore(t)
	const tag = "k3s-1.30.10-v4.7.0-prod"
	tagAll(t, s, []string{tag, tag + "_linux_amd64"})
	p := newProgram(t, s.Host)
	single := `{name: single, type: oci, config: {repository: HOST/edge/ubuntu, tags: ["*_linux_amd64"]}}`
	for more, want := range map[string]string{
		"customTag: prod": tag,
		`where: 'image.name.endsWith("_linux_amd64")'`: tag + "_linux_amd64",
	} {
		p.spec(strings.Replace(selecting(more), "/ubuntu}}]", "/ubuntu}}, "+single+"]", 1))
		if out, _ := p.run(0, "render"); !strings.Contains(out, "HOST/edge/ubuntu:"+want+`"`) {
			t.Errorf("%s: picked:\n%s", more, out)
		}
	}
	p.spec(selecting(`where: 'image.name.endsWith("_linux_amd64")'`))
	if _, talk := p.run(3, "render"); !strings.Contains(talk, "its source withholds it: it is the image for one platform of the tag "+tag) {
		t.Errorf("it says:\n%s", talk)
	}
}

// Without the tag that serves them all, which platform is meant is for the pack to say.
func TestHostRefusesToChooseAPlatform(t *testing.T) {
	s := registry.NewStore(t)
	const tag = "k3s-1.30.10-v4.7.0-prod"
	s.Image(t, repoName, tag+"_linux_amd64", registry.Manifest{})
	s.Image(t, repoName, tag+"_linux_arm64", registry.Manifest{Architecture: "arm64"})
	p := newProgram(t, s.Host)
	for _, more := range []string{"customTag: prod", "pick: exactlyOne"} {
		p.spec(strings.Replace(selecting(more), "architecture: amd64, ", "", 1))
		if _, talk := p.run(3, "render"); !strings.Contains(talk, tag+"_linux_arm64") || !strings.Contains(talk, "architecture") {
			t.Errorf("%s: it says:\n%s", more, talk)
		}
	}
	p.spec(strings.Replace(selecting("customTag: prod"), "amd64", "arm64", 1))
	if out, _ := p.run(0, "render"); !strings.Contains(out, tag+`_linux_arm64"`) {
		t.Errorf("picked:\n%s", out)
	}
	// So it is beside a pack that takes any architecture: both tags are read.
	s.Image(t, repoName, "k3s-1.30.10-v4.7.0-lab", registry.Manifest{})
	pinned := strings.Replace(strings.Replace(selecting("customTag: prod"), "amd64", "arm64", 1), "reference: tag", "reference: digest", 1)
	p.spec(pinned + "  - {name: any, pack: edge-native-byoi, select: {customTag: lab}, edge: {reference: tag}}\n")
	if out, _ := p.run(0, "render"); !strings.Contains(out, tag+"_linux_arm64@sha256:") {
		t.Errorf("picked:\n%s", out)
	}
}

// All of CanvOS's list is in one repository.
func TestHostPicksFromCanvOSsList(t *testing.T) {
	s := registry.NewStore(t)
	tagAll(t, s, canvosTags(t, "-v4.7.0"))
	p := newProgram(t, s.Host)
	p.spec(selecting("kubernetesVersion: ~1.30"))
	_, talk := p.run(3, "render")
	for _, want := range []string{"k3s-1.30.14-v4.7.0", "kubeadm-1.30.14-v4.7.0", "kubeadm-fips-1.30.14-v4.7.0", "rke2-1.30.14-v4.7.0", "nodeadm-1.30.0-v4.7.0", "k8sDistribution"} {
		if !strings.Contains(talk, want) {
			t.Errorf("%q is missing in:\n%s", want, talk)
		}
	}
	p.spec(selecting("kubernetesVersion: ~1.30, k8sDistribution: rke2"))
	out, talk := p.run(0, "render")
	if !strings.Contains(out, "HOST/edge/ubuntu:rke2-1.30.14-v4.7.0\"") || talk != "" {
		t.Errorf("picked:\n%s%s", out, talk)
	}
	// So are packs that ask for different minors, or by what is no hint.
	p.spec(`apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources:
  - {name: edge, type: oci, config: {repository: HOST/edge/ubuntu}}
packs:
  - name: p
    pack: edge-native-byoi
    edge: {reference: tag}
    select: {architecture: amd64, k8sDistribution: k3s}
    matrix: {kubernetesVersion: [~1.35, ~1.34, ~1.33, ~1.32, ~1.31, ~1.30]}
  - name: rke2
    pack: edge-native-byoi
    edge: {reference: tag}
    select: {architecture: amd64, k8sDistribution: rke2}
  - name: where
    pack: edge-native-byoi
    edge: {reference: tag}
    select: {architecture: amd64, k8sDistribution: kubeadm, where: 'image.kubernetesVersion.startsWith("1.30.")'}
`)
	out, _ = p.run(0, "render")
	for _, want := range []string{"k3s-1.35.3-", "k3s-1.34.9-", "k3s-1.30.14-", "rke2-1.35.3-", "kubeadm-1.30.14-"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
	// A range that ends long before the newest is read all the same.
	p.spec(selecting("kubernetesVersion: ~1.27, k8sDistribution: kubeadm"))
	if out, talk = p.run(0, "render"); !strings.Contains(out, "kubeadm-1.27.") || talk != "" {
		t.Errorf("picked:\n%s%s", out, talk)
	}
}

func TestHostPicksFromTenThousandTags(t *testing.T) {
	s := registry.NewStore(t)
	var tags []string
	for i := range 38 {
		tags = append(tags, canvosTags(t, fmt.Sprintf("-v4.%d.%d", i/10, i%10))...)
	}
	tagAll(t, s, append(tags, canvosTags(t, "-v3.4.0")[:6]...))
	p := newProgram(t, s.Host)
	p.spec(selecting("kubernetesVersion: ~1.30, k8sDistribution: k3s"))
	s.Requests()
	out, talk := p.run(0, "render")
	if !strings.Contains(out, "HOST/edge/ubuntu:k3s-1.30.14-v4.3.7\"") || !strings.Contains(talk, "9658 of 10000 tags are not listed, as no pack can select them") {
		t.Errorf("picked:\n%s%s", out, talk)
	}
	// A ping, ten pages of tags, one for each of the nine patches of 1.30, and four
	// for the two images that they share.
	if n := len(s.Requests()); n > 2+11+9+4 {
		t.Errorf("%d requests", n)
	}
	p.spec(selecting("kubernetesVersion: ~1.30"))
	if _, talk = p.run(3, "render"); !strings.Contains(talk, "rke2-1.30.14-v4.3.7") {
		t.Errorf("distributions are no variants:\n%s", talk)
	}
}

// When no tag can be selected all are listed, so that the error tells what there is.
func TestHostNamesWhatThereIs(t *testing.T) {
	s := registry.NewStore(t)
	var tags []string
	for i := range 4 {
		tags = append(tags, canvosTags(t, fmt.Sprintf("-v4.7.%d", i))...)
	}
	tagAll(t, s, tags)
	p := newProgram(t, s.Host)
	p.spec(selecting("kubernetesVersion: ~1.99"))
	if _, talk := p.run(3, "render"); !strings.Contains(talk, "none of 1052 images fits") || !strings.Contains(talk, "build an image with a version within ~1.99") {
		t.Errorf("it says:\n%s", talk)
	}
}

// A patch of the agent is a newer release, not another custom tag.
func TestHostPicksAPatchOfTheAgent(t *testing.T) {
	s := registry.NewStore(t)
	tagAll(t, s, []string{"k3s-1.30.4-v4.6.21-demo", "k3s-1.30.4-v4.6.21-patch.7-demo", "k3s-1.30.4-v4.6.21-patch.10-demo"})
	p := newProgram(t, s.Host)
	for _, sel := range []string{"", "customTag: demo"} {
		p.spec(selecting(sel))
		if out, talk := p.run(0, "render"); !strings.Contains(out, "HOST/edge/ubuntu:k3s-1.30.4-v4.6.21-patch.10-demo\"") || talk != "" {
			t.Errorf("picked:\n%s%s", out, talk)
		}
	}
}
