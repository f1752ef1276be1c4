package pack

import (
	"errors"
	"strings"
	"testing"

	goccy "github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

func ami() *image.Image {
	return &image.Image{
		ID: "ami-0123456789abcdef0", Provider: "aws", OS: image.OS{Name: "rhel", Version: "8"}, Source: "golden",
		Provenance: map[string]image.Provenance{
			"id":         {From: "artifact_id"},
			"os.name":    {From: "tag", Key: "OS_NAME", Raw: "RHEL"},
			"os.version": {From: "custom_data", Key: "os_version"},
		},
	}
}

func provider(tail string) *image.Image {
	tag := "k3s-1.30.4-v4.4.0"
	if tail != "" {
		tag += "-" + tail
	}
	return &image.Image{
		ID: "ttl.sh/team/ubuntu:" + tag, Provider: "oci", KubernetesVersion: "1.30.4", Source: "edge",
		OS: image.OS{Name: "ubuntu", Version: "22"}, Digest: "sha256:" + strings.Repeat("a1", 32),
		Attributes: map[string]string{
			"registry": "ttl.sh", "repository": "team/ubuntu", "tag": tag,
			"k8sDistribution": "k3s", "peVersion": "v4.4.0", "customTag": tail,
		},
	}
}

func edgePack(edge *spec.Edge, values spec.Values) spec.Pack {
	return spec.Pack{Name: "edge", Pack: spec.EdgeNativeBYOI, Edge: edge, Values: values}
}

const own = "pack:\n  content:\n    images:\n      - image: \"{{.spectro.pack.edge-native-byoi.options.system.uri}}\"\n"

type renderCase struct {
	name string
	in   Input
	want string
}

// checkRendered renders values, and edits what it rendered.
func checkRendered(t *testing.T, cases []renderCase) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			values, err := Build(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			got := values.Render()
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			sameData(t, got)
			edited, changes, err := values.Edit(got, "v.yaml")
			if err != nil || len(changes) > 0 || string(edited) != string(got) {
				t.Errorf("Edit of the rendered = %v, %v", changes, err)
			}
			fresh, _, err := values.Edit(nil, "v.yaml")
			if err != nil || string(fresh) != string(got) {
				t.Errorf("Edit of nothing = %q, %v", fresh, err)
			}
		})
	}
}

func TestRender(t *testing.T) {
	checkRendered(t, []renderCase{
		{"generic", Input{spec.Pack{Name: "a", Pack: spec.GenericBYOI}, ami()},
			"pack:\n  osImageOverride: \"ami-0123456789abcdef0\"\n  osName: \"rhel\"\n  osVersion: \"8\"\n"},
		{"system, template", Input{edgePack(nil, spec.Values{}), provider("demo")}, own + `options:
  system.uri: "{{ .spectro.pack.edge-native-byoi.options.system.registry }}/{{ .spectro.pack.edge-native-byoi.options.system.repo }}:{{ .spectro.pack.edge-native-byoi.options.system.k8sDistribution }}-{{ .spectro.system.kubernetes.version }}-{{ .spectro.pack.edge-native-byoi.options.system.peVersion }}-{{ .spectro.pack.edge-native-byoi.options.system.customTag }}"
  system.registry: "ttl.sh"
  system.repo: "team/ubuntu"
  system.k8sDistribution: "k3s"
  system.osName: "ubuntu"
  system.peVersion: "v4.4.0"
  system.customTag: "demo"
  system.osVersion: "22"
`},
		{"system, no custom tag", Input{edgePack(nil, spec.Values{Registry: "mirror.local:5000"}), provider("")}, own + `options:
  system.uri: "{{ .spectro.pack.edge-native-byoi.options.system.registry }}/{{ .spectro.pack.edge-native-byoi.options.system.repo }}:{{ .spectro.pack.edge-native-byoi.options.system.k8sDistribution }}-{{ .spectro.system.kubernetes.version }}-{{ .spectro.pack.edge-native-byoi.options.system.peVersion }}"
  system.registry: "mirror.local:5000"
  system.repo: "team/ubuntu"
  system.k8sDistribution: "k3s"
  system.osName: "ubuntu"
  system.peVersion: "v4.4.0"
  system.osVersion: "22"
`},
	})
}

func TestRenderOtherThanTheUsual(t *testing.T) {
	checkRendered(t, []renderCase{
		{"tag", Input{edgePack(&spec.Edge{Reference: "tag", ContentImages: []string{"example.io/a/b:v1.0.0", "container://q.io/c:v2"}}, spec.Values{}), provider("demo")},
			own + "      - image: \"example.io/a/b:v1.0.0\"\n      - image: \"container://q.io/c:v2\"\noptions:\n  system.uri: \"ttl.sh/team/ubuntu:k3s-1.30.4-v4.4.0-demo\"\n"},
		{"digest, mirror", Input{edgePack(&spec.Edge{Reference: "digest"}, spec.Values{Registry: "m.io"}), provider("")},
			own + "options:\n  system.uri: \"m.io/team/ubuntu:k3s-1.30.4-v4.4.0@sha256:" + strings.Repeat("a1", 32) + "\"\n"},
		{"agent mode", Input{edgePack(&spec.Edge{AgentMode: true}, spec.Values{}), nil}, "options:\n  system.uri: \"NA\"\n"},
		{"agent mode, more images", Input{edgePack(&spec.Edge{AgentMode: true, ContentImages: []string{"a.io/b:1"}}, spec.Values{}), nil},
			"pack:\n  content:\n    images:\n      - image: \"a.io/b:1\"\noptions:\n  system.uri: \"NA\"\n"},
		{"1.0", Input{edgePack(&spec.Edge{Shape: "1.0"}, spec.Values{}), &image.Image{
			ID: "ttl.sh/ubuntu:1.25.2-v3.3.3_demo", Provider: "oci", KubernetesVersion: "1.25.2"}}, own + `options:
  system.uri: "{{ .spectro.pack.edge-native-byoi.image.registry }}/{{ .spectro.pack.edge-native-byoi.image.repo }}:{{ .spectro.system.kubernetes.version }}-{{ .spectro.pack.edge-native-byoi.image.version }}_{{ .spectro.pack.edge-native-byoi.image.client.tag }}"
image:
  registry: "ttl.sh"
  repo: "ubuntu"
  version: "v3.3.3"
  client.tag: "demo"
`},
	})
}

// sameData reads the text with two YAML libraries.
func sameData(t *testing.T, text []byte) {
	t.Helper()
	var a, b any
	if err := yaml.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	if err := goccy.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("the second library reads something else: %s", diff)
	}
}

func TestProvenance(t *testing.T) {
	values, err := Build(Input{spec.Pack{Name: "a", Pack: spec.GenericBYOI, Values: spec.Values{OSVersion: "8.8"}}, ami()})
	if err != nil {
		t.Fatal(err)
	}
	want := []Field{
		{[]string{"pack", "osImageOverride"}, "ami-0123456789abcdef0", image.Provenance{From: "artifact_id"}},
		{[]string{"pack", "osName"}, "rhel", image.Provenance{From: "tag", Key: "OS_NAME", Raw: "RHEL"}},
		{[]string{"pack", "osVersion"}, "8.8", image.Provenance{From: "spec", Key: "packs[].values.osVersion"}},
	}
	if diff := cmp.Diff(want, values.Fields); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestBuildRefuses(t *testing.T) {
	generic := spec.Pack{Name: "a", Pack: spec.GenericBYOI}
	with := func(change func(*image.Image)) *image.Image { img := ami(); change(img); return img }
	edge := func(change func(*image.Image)) *image.Image { img := provider("demo"); change(img); return img }
	for _, tt := range []struct {
		name       string
		in         Input
		text, next string
	}{
		{"no name", Input{generic, with(func(i *image.Image) { i.OS.Name = "" })}, "osName is unknown", "packs[].values.osName"},
		{"no version", Input{generic, with(func(i *image.Image) { i.OS.Version = "" })}, "osVersion is unknown", "packs[].values.osVersion"},
		{"no image", Input{generic, nil}, "no image was picked", "packs[].sources"},
		{"bad id", Input{generic, with(func(i *image.Image) { i.ID = "ami-12" })}, "2 characters follow ami-", "packs[].select"},
		{"invisible character", Input{generic, with(func(i *image.Image) { i.OS.Name = "rh\u200bel" })}, "holds the invisible character U+200B", "OS_NAME"},
		{"control character", Input{generic, with(func(i *image.Image) { i.OS.Name = "rh\nel" })}, "U+000A", "OS_NAME"},
		{"edge takes oci only", Input{edgePack(nil, spec.Values{}), ami()}, "is no OCI image", "provider: oci"},
		{"generic takes no oci", Input{generic, provider("")}, "edge-native-byoi takes this one", "packs[].select"},
		{"edge, no image", Input{edgePack(nil, spec.Values{}), nil}, "no image was picked", "agentMode"},
		{"no distribution", Input{edgePack(nil, spec.Values{}), edge(func(i *image.Image) { delete(i.Attributes, "k8sDistribution") })}, "k8sDistribution is unknown", "packs[].values.k8sDistribution"},
		{"no agent version", Input{edgePack(nil, spec.Values{}), edge(func(i *image.Image) { delete(i.Attributes, "peVersion") })}, "peVersion is unknown", "packs[].edge.reference: tag"},
		{"template leads elsewhere", Input{edgePack(nil, spec.Values{}), edge(func(i *image.Image) { i.Attributes["customTag"] = "" })}, `gives tag "k3s-1.30.4-v4.4.0"`, "edge.reference: tag"},
		{"1.0 leads elsewhere", Input{edgePack(&spec.Edge{Shape: "1.0"}, spec.Values{}), provider("demo")}, "edge.shape 1.0 gives tag", "edge.reference: tag"},
		{"no digest", Input{edgePack(&spec.Edge{Reference: "digest"}, spec.Values{}), edge(func(i *image.Image) { i.Digest = "" })}, "digest of image", "reference: tag"},
		{"no tag", Input{edgePack(&spec.Edge{Reference: "tag"}, spec.Values{}), edge(func(i *image.Image) { i.ID = "ttl.sh/a"; delete(i.Attributes, "tag") })}, "has no tag", "reference: digest"},
		{"content image", Input{edgePack(&spec.Edge{ContentImages: []string{"a/b"}}, spec.Values{}), provider("")}, "neither a tag nor a digest", "contentImages"},
		{"part that a tag does not take", Input{edgePack(&spec.Edge{Reference: "tag"}, spec.Values{CustomTag: "x"}), provider("demo")}, "values.customTag has no effect with edge.reference: tag", "remove packs[].values.customTag"},
		{"part that a digest does not take", Input{edgePack(&spec.Edge{Reference: "digest"}, spec.Values{PEVersion: "v1"}), provider("demo")}, "values.peVersion has no effect", "edge.reference: template"},
		{"part that 1.0 does not take", Input{edgePack(&spec.Edge{Shape: "1.0"}, spec.Values{K8sDistribution: "k3s"}), provider("demo")}, "values.k8sDistribution has no effect", "edge.shape: system"},
		{"part of no image", Input{edgePack(&spec.Edge{AgentMode: true}, spec.Values{Registry: "m.io"}), nil}, "values.registry has no effect with edge.agentMode", "remove packs[].values.registry"},
		{"version of no image", Input{edgePack(&spec.Edge{AgentMode: true}, spec.Values{OSVersion: "22"}), nil}, "values.osVersion has no effect", "agentMode"},
		{"shape of no image", Input{edgePack(&spec.Edge{AgentMode: true, Shape: "1.0"}, spec.Values{}), nil}, "edge.shape has no effect", "remove packs[].edge.shape"},
		{"versions of no image", Input{edgePack(&spec.Edge{AgentMode: true, KubernetesVersions: []string{"1.30.1"}}, spec.Values{}), nil}, "edge.kubernetesVersions has no effect", "remove packs[].edge.kubernetesVersions"},
		{"registry that cannot be, in a template", Input{edgePack(nil, spec.Values{Registry: "https://m.io"}), provider("demo")}, "https://m.io", "correct packs[].values"},
		{"tag that cannot be, in a template", Input{edgePack(nil, spec.Values{CustomTag: "a b"}), provider("demo")}, "a b", "correct packs[].values"},
		{"registry that cannot be, in a tag", Input{edgePack(&spec.Edge{Reference: "tag"}, spec.Values{Registry: "https://m.io"}), provider("demo")}, "https://m.io", "packs[].values.registry"},
		{"kind", Input{spec.Pack{Name: "a", Pack: "ubuntu"}, ami()}, "unknown pack", "generic-byoi"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			values, err := Build(tt.in)
			var failed *failure.Error
			if !errors.As(err, &failed) || values != nil {
				t.Fatalf("Build = %v, %v", values, err)
			}
			if failed.Code != failure.ExitUsage || !strings.Contains(err.Error(), tt.text) || !strings.Contains(failed.Next, tt.next) {
				t.Errorf("code %d: %v\nnext: %s", failed.Code, err, failed.Next)
			}
			if !strings.Contains(err.Error(), `pack "`+tt.in.Pack.Name+`"`) {
				t.Error("the pack is not named")
			}
		})
	}
}

// A part of a version is not rendered as the whole; the user's word is.
func TestPartOfAVersion(t *testing.T) {
	img := ami()
	img.OS = image.OS{Name: "ubuntu", Version: "24"}
	_, err := Build(Input{spec.Pack{Name: "a", Pack: spec.GenericBYOI}, img})
	if err == nil || !strings.Contains(err.Error(), "osVersion is known in part only") {
		t.Errorf("%v", err)
	}
	values, err := Build(Input{spec.Pack{Name: "a", Pack: spec.GenericBYOI, Values: spec.Values{OSVersion: "24.04"}}, img})
	if err != nil || !strings.Contains(string(values.Render()), `osVersion: "24.04"`) {
		t.Errorf("%v", err)
	}
}

// TestEveryKindIsRendered: a kind in the table has a renderer, and values of one kind are
// not put into a file of another.
func TestEveryKindIsRendered(t *testing.T) {
	for _, kind := range spec.PackKinds() {
		if r, ok := renderers()[kind.Kind]; !ok || r.build == nil || r.image == nil {
			t.Errorf("%s has no renderer", kind.Kind)
		}
		existing := (&Values{Fields: []Field{{Path: kind.Image, Value: "x"}}}).Render()
		for _, other := range spec.PackKinds() {
			_, _, err := (&Values{Pack: other.Kind}).Edit(existing, "v.yaml")
			if (err == nil) != (other.Kind == kind.Kind) {
				t.Errorf("values of %s in a file of %s: %v", other.Kind, kind.Kind, err)
			}
		}
	}
	if len(renderers()) != len(spec.PackKinds()) {
		t.Errorf("%d renderers for %d kinds", len(renderers()), len(spec.PackKinds()))
	}
}
