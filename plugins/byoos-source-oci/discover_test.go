package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

func push(t testing.TB, reference string, image registry.Image) string {
	t.Helper()
	digest, err := registry.Push(reference, image)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func both() []string { return []string{"amd64", "arm64"} }

func TestDiscover(t *testing.T) {
	host := registry.Start(t, registry.Options{})
	repo := host + "/edge/ubuntu"
	created := time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)
	index := push(t, repo+":k3s-1.30.10-v4.7.0-demo", registry.Image{
		Architectures: both(), Created: created, Layers: registry.Ubuntu("22.04"),
		Labels: map[string]string{"team": "edge"},
	})
	push(t, repo+":k3s-1.30.10-v4.7.0-rc.2-demo", registry.Image{})
	push(t, repo+":k3s-1.30.9-v4.7.0-demo", registry.Image{})
	push(t, repo+":latest", registry.Image{})

	out := clean(t, discover(t, call{config: config{Repository: repo}}))
	want := []string{
		"k3s-1.30.10-v4.7.0-demo amd64", "k3s-1.30.10-v4.7.0-demo arm64",
		"k3s-1.30.10-v4.7.0-rc.2-demo", // an older edition: its name is enough
		"k3s-1.30.9-v4.7.0-demo amd64", "latest amd64",
	}
	if diff := cmp.Diff(want, names(out)); diff != "" {
		t.Error(diff)
	}
	if out.images[0].Name != "k3s-1.30.10-v4.7.0-demo" {
		t.Errorf("the first image is %s", out.images[0].Name)
	}

	img := out.find(t, "k3s-1.30.10-v4.7.0-demo", "arm64")
	platformDigest := img.Attributes["platformDigest"]
	if platformDigest == index || !strings.HasPrefix(platformDigest, "sha256:") {
		t.Errorf("platform digest %q, index %q", platformDigest, index)
	}
	if diff := cmp.Diff(sdk.Image{
		ID: repo + ":k3s-1.30.10-v4.7.0-demo", Provider: "oci", Name: "k3s-1.30.10-v4.7.0-demo",
		Region: "global", Architecture: "arm64", KubernetesVersion: "1.30.10",
		Version: "1.30.10-4.7.0", State: sdk.Available, Digest: index,
		Tags:      map[string]string{"team": "edge"},
		Reference: &sdk.Reference{Kind: "oci", Value: repo + ":k3s-1.30.10-v4.7.0-demo"},
		Attributes: map[string]string{
			"registry": host, "repository": "edge/ubuntu", "tag": "k3s-1.30.10-v4.7.0-demo",
			"k8sDistribution": "k3s", "peVersion": "v4.7.0", "customTag": "demo",
			"platform": "linux/arm64", "platformDigest": platformDigest,
			"mediaType": "application/vnd.oci.image.index.v1+json",
		},
		CreatedAt: created, NewestBy: sdk.NewestByVersion, Evidence: sdk.Asked,
		Provenance: map[string]sdk.Provenance{
			"createdAt":                  {From: "api", Key: "config.created"},
			"id":                         {From: "api", Key: "tags/list"},
			"digest":                     {From: "api", Key: "manifest"},
			"architecture":               {From: "api", Key: "platform"},
			"kubernetesVersion":          {From: "image-tag", Key: "kubernetesVersion"},
			"version":                    {From: "image-tag", Raw: "k3s-1.30.10-v4.7.0-demo"},
			"attributes.k8sDistribution": {From: "image-tag", Key: "k8sDistribution"},
			"attributes.peVersion":       {From: "image-tag", Key: "peVersion"},
			"attributes.customTag":       {From: "image-tag", Key: "customTag"},
		},
	}, img); diff != "" {
		t.Error(diff)
	}
}

func TestResolve(t *testing.T) {
	host := registry.Start(t, registry.Options{})
	repo := host + "/edge/ubuntu"
	push(t, repo+":k3s-1.30.10-v4.7.1-demo", registry.Image{})
	push(t, repo+":k3s-1.30.10-v4.7.0-demo", registry.Image{Architectures: both()})
	push(t, repo+":k3s-1.30.10-v4.6.0-demo", registry.Image{Architectures: both()})
	for _, tc := range []struct {
		name          string
		c             config
		architectures []string
		want          []string
	}{
		{"newest of a line", config{}, nil, []string{"k3s-1.30.10-v4.6.0-demo", "k3s-1.30.10-v4.7.0-demo", "k3s-1.30.10-v4.7.1-demo amd64"}},
		{"until the architecture is found", config{}, []string{"arm64"}, []string{"k3s-1.30.10-v4.6.0-demo", "k3s-1.30.10-v4.7.0-demo amd64", "k3s-1.30.10-v4.7.0-demo arm64", "k3s-1.30.10-v4.7.1-demo amd64"}},
		{"within the limit", config{ResolveLimit: 1}, []string{"arm64"}, []string{"k3s-1.30.10-v4.6.0-demo", "k3s-1.30.10-v4.7.0-demo", "k3s-1.30.10-v4.7.1-demo amd64"}},
		{"none", config{Resolve: "none"}, nil, []string{"k3s-1.30.10-v4.6.0-demo", "k3s-1.30.10-v4.7.0-demo", "k3s-1.30.10-v4.7.1-demo"}},
		{"all, filtered", config{Resolve: "all", Tags: []string{"*-v4.7.*"}}, nil, []string{"k3s-1.30.10-v4.7.0-demo amd64", "k3s-1.30.10-v4.7.0-demo arm64", "k3s-1.30.10-v4.7.1-demo amd64"}},
	} {
		tc.c.Repository = repo
		out := discover(t, call{config: tc.c, hints: sdk.Hints{Architectures: tc.architectures}})
		if tc.c.ResolveLimit == 1 {
			says(t, out, "after 1 tags 1 of 1 kinds of tags")
		} else {
			clean(t, out)
		}
		if diff := cmp.Diff(tc.want, names(out)); diff != "" {
			t.Errorf("%s: %s", tc.name, diff)
		}
	}
}

func TestResolveLimitIsSaid(t *testing.T) {
	host := registry.Start(t, registry.Options{})
	repo := host + "/edge/ubuntu"
	for _, version := range []string{"1.30.1", "1.30.2", "1.30.10"} {
		push(t, repo+":k3s-"+version+"-v4.7.0", registry.Image{})
	}
	out := discover(t, call{config: config{Repository: repo, ResolveLimit: 1}})
	says(t, out, "after 1 tags 2 of 3 kinds", "raise resolveLimit")
	if out.diagnostics[0].Severity != sdk.Notice {
		t.Error("it is not a notice")
	}
	want := []string{"k3s-1.30.1-v4.7.0", "k3s-1.30.10-v4.7.0 amd64", "k3s-1.30.2-v4.7.0"}
	if diff := cmp.Diff(want, names(out)); diff != "" {
		t.Error(diff)
	}
}

func TestOSFacts(t *testing.T) {
	host := registry.Start(t, registry.Options{})
	repo := host + "/edge/os"
	push(t, repo+":labels", registry.Image{
		Labels: map[string]string{"byoos.dev/os-name": "Red Hat Enterprise Linux", "byoos.dev/os-version": "8", "byoos.dev/kubernetes-version": "v1.30.1"},
		Layers: registry.Ubuntu("22.04"),
	})
	push(t, repo+":layers", registry.Image{Architectures: both(), Layers: registry.Ubuntu("24.04")})
	push(t, repo+":nothing", registry.Image{Layers: []registry.Files{{"a": "b"}}})

	out := clean(t, discover(t, call{config: config{Repository: repo, Inspect: true}}))
	labelled := out.find(t, "labels", "amd64")
	if labelled.OSName != "rhel" || labelled.OSVersion != "8" || labelled.KubernetesVersion != "1.30.1" {
		t.Errorf("labels: %q %q %q", labelled.OSName, labelled.OSVersion, labelled.KubernetesVersion)
	}
	if got, want := labelled.Provenance["os.name"], (sdk.Provenance{From: "label", Key: "byoos.dev/os-name", Raw: "Red Hat Enterprise Linux"}); got != want {
		t.Errorf("provenance %v", got)
	}
	for _, arch := range both() {
		layered := out.find(t, "layers", arch)
		if layered.OSName != "ubuntu" || layered.OSVersion != "24.04" {
			t.Errorf("layers of %s: %q %q", arch, layered.OSName, layered.OSVersion)
		}
		if got, want := layered.Provenance["os.version"], (sdk.Provenance{From: "file", Key: "/etc/kairos-release KAIROS_FLAVOR_RELEASE"}); got != want {
			t.Errorf("provenance %v", got)
		}
	}
	if img := out.find(t, "nothing", "amd64"); img.OSName != "" || img.Provenance["os.name"].From != "" {
		t.Errorf("an OS from nowhere: %+v", img)
	}
	if img := clean(t, discover(t, call{config: config{Repository: repo}})).find(t, "layers", "amd64"); img.OSName != "" {
		t.Error("layers were read without inspect")
	}
}

// TestFactsOfOneSystem: a version belongs to the name beside it, in the tag, in labels,
// in annotations and in files.
func TestFactsOfOneSystem(t *testing.T) {
	host := registry.Start(t, registry.Options{})
	labels := func(name, version string) map[string]string {
		return map[string]string{"byoos.dev/os-name": name, "byoos.dev/os-version": version}
	}
	ubuntu := registry.Ubuntu("22.04")
	tests := []struct {
		name  string
		image registry.Image
		want  string
		told  bool
	}{
		{"v1", registry.Image{Labels: labels("rhel", ""), Layers: ubuntu}, "rhel ", true},
		{"v2", registry.Image{Labels: labels("", "8"), Layers: ubuntu}, "ubuntu ", true},
		{"v3", registry.Image{Labels: labels("ubuntu", ""), Layers: ubuntu}, "ubuntu 22.04", false},
		{"v4", registry.Image{Labels: labels("Ubuntu 22.04", "2404"), Layers: ubuntu}, "ubuntu 22.04", true},
		{"v5", registry.Image{Labels: labels("k8s 1.30 on Ubuntu 22.04", "")}, "ubuntu 22.04", false},
		{"v6", registry.Image{Labels: labels("SLES", "15 SP5")}, "sles 15.5", false},
		{"v7", registry.Image{Labels: labels("ol", "8.9")}, "oraclelinux 8.9", false},
		{"24.04-v8", registry.Image{Labels: labels("rhel", "")}, "rhel ", true},
		{"24.04-v9", registry.Image{Layers: ubuntu}, "ubuntu ", true},
		{"v11", registry.Image{Labels: labels("Ubuntu 22.04 LTS or 24.04 LTS", "")}, " ", true},
		{"22.04-v10", registry.Image{Layers: ubuntu}, "ubuntu 22.04", false},
	}
	repo := host + "/edge/os"
	for _, test := range tests {
		push(t, repo+":"+test.name, test.image)
	}
	out := discover(t, call{config: config{Repository: repo, Inspect: true, Resolve: "all", Grammar: `(?:(?P<osVersion>[\d.]+)-)?(?P<version>v\d+)`}})
	for _, test := range tests {
		img := out.find(t, test.name, "amd64")
		if got := img.OSName + " " + img.OSVersion; got != test.want || (img.Contradictions != nil) != test.told {
			t.Errorf("%s: %q, told %q", test.name, got, img.Contradictions)
		}
	}
}

func TestGrammar(t *testing.T) {
	host := registry.Start(t, registry.Options{})
	repo := host + "/kairos/ubuntu"
	push(t, repo+":24.04-standard-amd64-generic-v3.4.2-k3sv1.32.3-k3s1", registry.Image{})
	out := clean(t, discover(t, call{config: config{
		Repository: repo, Resolve: "none",
		Grammar: `(?P<osVersion>[\d.]+)-standard-(?P<architecture>amd64|arm64)-generic-(?P<version>v[\d.]+)-(?P<k8sDistribution>k3s)(?P<kubernetesVersion>v.+)`,
	}}))
	img := out.images[0]
	if img.KubernetesVersion != "1.32.3+k3s1" || img.Architecture != "amd64" || img.OSVersion != "24.04" ||
		img.Version != "3.4.2+24.04·1.32.3+k3s1" {
		t.Errorf("%+v", img)
	}
}

func TestNewestByCreated(t *testing.T) {
	host := registry.Start(t, registry.Options{})
	repo := host + "/edge/ubuntu"
	created := time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)
	push(t, repo+":aaa", registry.Image{Created: created})
	push(t, repo+":bbb", registry.Image{Created: created.Add(time.Hour)})
	out := clean(t, discover(t, call{config: config{Repository: repo, NewestBy: "created"}}))
	if got := out.find(t, "bbb", "amd64").CreatedAt; !got.Equal(created.Add(time.Hour)) {
		t.Errorf("created at %v", got)
	}
	img := clean(t, discover(t, call{config: config{Repository: repo}})).find(t, "bbb", "amd64")
	if img.NewestBy != sdk.NewestByVersion || img.CreatedAt.IsZero() {
		t.Errorf("versions decide, and the time is a fact: %+v", img)
	}
	// A reproducible build costs itself its place, and that is said.
	push(t, repo+":ccc", registry.Image{Created: time.Unix(0, 0)})
	out = discover(t, call{config: config{Repository: repo, NewestBy: "created"}})
	says(t, out, "1 of 3 images have no creation time", "come last", "reproducible builds")
	if out.diagnostics[0].Severity != sdk.Warning {
		t.Errorf("severity %v", out.diagnostics[0].Severity)
	}
	for name, timed := range map[string]bool{"aaa": true, "bbb": true, "ccc": false} {
		if img := out.find(t, name, "amd64"); img.CreatedAt.IsZero() == timed || img.NewestBy != sdk.NewestByCreated {
			t.Errorf("%s: %+v", name, img)
		}
	}
}

// TestCreatedIsTheBuilds: the time is the configuration's, and one that nothing was
// built at is not known.
func TestCreatedIsTheBuilds(t *testing.T) {
	built := time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		image registry.Image
		want  time.Time
	}{
		"built":                  {registry.Image{Created: built}, built},
		"label of a base image":  {registry.Image{Created: built, Labels: map[string]string{"org.opencontainers.image.created": "2026-08-09T00:00:00Z"}}, built},
		"nothing but a label":    {registry.Image{Created: time.Unix(0, 0), Labels: map[string]string{"org.opencontainers.image.created": "2026-08-09T00:00:00Z"}}, time.Time{}},
		"Cloud Native Buildpack": {registry.Image{Created: time.Date(1980, 1, 1, 0, 0, 1, 0, time.UTC)}, time.Time{}},
		"a clock's difference":   {registry.Image{Created: now().Add(23 * time.Hour)}, now().Add(23 * time.Hour)},
		"clock that is ahead":    {registry.Image{Created: time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)}, time.Time{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			repo := registry.Start(t, registry.Options{}) + "/edge/ubuntu"
			push(t, repo+":aaa", test.image)
			got := clean(t, discover(t, call{config: config{Repository: repo}})).find(t, "aaa", "amd64")
			if !got.CreatedAt.Equal(test.want) {
				t.Errorf("got %v, want %v", got.CreatedAt, test.want)
			}
		})
	}
}

func TestArtifactIsNoImage(t *testing.T) {
	host := registry.Start(t, registry.Options{})
	repo := host + "/charts/app"
	ref, err := name.ParseReference(repo + ":1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	chart := artifact(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"` + pushBlob(t, repo, `{}`) + `","size":2},"layers":[]}`)
	if err := remote.Put(ref, chart); err != nil {
		t.Fatal(err)
	}
	img := clean(t, discover(t, call{config: config{Repository: repo}})).images[0]
	if img.State != sdk.Unusable || !strings.Contains(img.StateReason, "helm.config") {
		t.Errorf("%v %q", img.State, img.StateReason)
	}
}

func TestSeveralRepositories(t *testing.T) {
	host := registry.Start(t, registry.Options{})
	push(t, host+"/a:k3s-1.30.1-v4.7.0", registry.Image{})
	push(t, host+"/b/c:k3s-1.30.2-v4.7.0", registry.Image{})
	out := discover(t, call{config: config{Repositories: []string{host + "/a", host + "/b/c", host + "/missing", host + "/a"}}})
	says(t, out, "cannot list the tags of "+host+"/missing", "no such repository", "check the spelling")
	if len(out.images) != 2 || out.diagnostics[0].Severity != sdk.Error || out.diagnostics[0].Scope != host+"/missing" {
		t.Errorf("%v %+v", names(out), out.diagnostics)
	}
	out = discover(t, call{config: config{Repository: host + "/a", Tags: []string{"rke2-*"}}})
	says(t, out, "has no tag that counts", "has 1 tags")
}

// artifact is a raw manifest.
type artifact string

func (a artifact) RawManifest() ([]byte, error) { return []byte(a), nil }

func (a artifact) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

func pushBlob(t *testing.T, repo, content string) string {
	t.Helper()
	repository, err := name.NewRepository(repo)
	if err != nil {
		t.Fatal(err)
	}
	digest, _, err := v1.SHA256(strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + repository.RegistryStr() + "/v2/" + repository.RepositoryStr() + "/blobs/uploads/"
	resp, err := http.Post(url, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	location := resp.Header.Get("Location") + "&digest=" + digest.String()
	req, err := http.NewRequest(http.MethodPut, location, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	resp, err = http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("upload: %s", resp.Status)
	}
	return digest.String()
}

// pushRaw pushes an image of one layer that is packed already.
func pushRaw(t *testing.T, repo, tagName string, layer []byte) {
	t.Helper()
	config := `{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}`
	ref, err := name.ParseReference(repo + ":" + tagName)
	if err != nil {
		t.Fatal(err)
	}
	manifest := artifact(fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,
		"config":{"mediaType":%q,"digest":%q,"size":%d},
		"layers":[{"mediaType":%q,"digest":%q,"size":%d}]}`,
		types.OCIManifestSchema1, types.OCIConfigJSON, pushBlob(t, repo, config), len(config),
		types.OCILayer, pushBlob(t, repo, string(layer)), len(layer)))
	if err := remote.Put(ref, manifest); err != nil {
		t.Fatal(err)
	}
}
