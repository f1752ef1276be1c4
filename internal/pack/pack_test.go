package pack

import (
	"strings"
	"testing"

	goccy "github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

const digest = "sha256:a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"

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
		OS: image.OS{Name: "ubuntu", Version: "22"}, Digest: digest,
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
			own + "options:\n  system.uri: \"m.io/team/ubuntu:k3s-1.30.4-v4.4.0@" + digest + "\"\n"},
		{"digest of no tag", Input{edgePack(&spec.Edge{Reference: "digest"}, spec.Values{}), &image.Image{ID: "ttl.sh/a@" + digest, Provider: "oci"}},
			own + "options:\n  system.uri: \"ttl.sh/a@" + digest + "\"\n"},
		{"no registry", Input{edgePack(&spec.Edge{Reference: "tag"}, spec.Values{}), &image.Image{ID: "team/a:1", Provider: "oci"}}, own + "options:\n  system.uri: \"team/a:1\"\n"},
		{"agent mode", Input{edgePack(&spec.Edge{AgentMode: true}, spec.Values{}), nil}, "options:\n  system.uri: \"NA\"\n"},
		{"agent mode, more images", Input{edgePack(&spec.Edge{AgentMode: true, ContentImages: []string{"a.io/b:1"}}, spec.Values{}), nil},
			"pack:\n  content:\n    images:\n      - image: \"a.io/b:1\"\noptions:\n  system.uri: \"NA\"\n"},
		{"1.0", Input{edgePack(&spec.Edge{Shape: "1.0"}, spec.Values{}), &image.Image{
			ID: "ttl.sh/ubuntu:1.25.2-v3.3.3_demo_eu", Provider: "oci", KubernetesVersion: "1.25.2"}}, own + `options:
  system.uri: "{{ .spectro.pack.edge-native-byoi.image.registry }}/{{ .spectro.pack.edge-native-byoi.image.repo }}:{{ .spectro.system.kubernetes.version }}-{{ .spectro.pack.edge-native-byoi.image.version }}_{{ .spectro.pack.edge-native-byoi.image.client.tag }}"
image:
  registry: "ttl.sh"
  repo: "ubuntu"
  version: "v3.3.3"
  client.tag: "demo_eu"
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
