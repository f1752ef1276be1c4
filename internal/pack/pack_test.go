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

func TestRender(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   Input
		want string
	}{
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
	} {
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

func TestCheckID(t *testing.T) {
	arm := "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Compute"
	for _, tt := range []struct{ provider, id, wrong string }{
		{"aws", "ami-0123456789abcdef0", ""},
		{"aws", "ami-1a2b3c4d", ""},
		{"aws", "us-east-1:ami-1a2b3c4d", "must start with ami-"},
		{"aws", "ami-1a2b3c4D", "no lower-case hexadecimal digit"},
		{"aws", "ami-1a2b3c4d5", "9 characters follow"},
		{"azure", arm + "/galleries/g/images/d/versions/1.0.20240101", ""},
		{"azure", "/SUBSCRIPTIONS/1/resourcegroups/rg/providers/microsoft.compute/Galleries/g/Images/d/Versions/1.2.3", ""},
		{"azure", arm + "/images/n", ""},
		{"azure", "/communityGalleries/c/images/d/versions/1.2.3", ""},
		{"azure", "/sharedGalleries", "is a gallery"},
		{"azure", "galleries/g/images/d/versions/1.2.3", ""},
		{"azure", "galleries/g/images/d", "image definition"},
		{"azure", "galleries//images/d/versions/1.2.3", "must start with /"},
		{"azure", arm + "/galleries/g/images/d/imageversions/1.2.3", "/versions/ must stand for /imageversions/"},
		{"azure", arm + "/galleries/g/images/d", "image definition"},
		{"azure", arm + "/galleries/g", "is a gallery"},
		{"azure", arm + "/galleries/g/images/d/versions/latest", "not three numbers"},
		{"azure", arm + "/galleries/g/images/d/versions/1.2.3/", "empty segment"},
		{"azure", arm + "/disks/n", "no Azure image"},
		{"azure", "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Storage/images/n", "Microsoft.Storage"},
		{"azure", "https://x.blob.core.windows.net/v.vhd", "must start with /"},
		{"azure", "/subscriptions/1", "is wanted"},
		{"gcp", "projects/p/global/images/n", ""},
		{"gcp", "https://www.googleapis.com/compute/v1/projects/p/global/images/n", ""},
		{"gcp", "projects/p/global/images/family/f", "image family"},
		{"gcp", "n", "no Compute Engine image"},
		{"gcp", "projects//global/images/n", "no Compute Engine image"},
		{"vsphere", "/Datacenter/vm/folder/rhel 8/name", ""},
		{"vsphere", "name", "must start with /"},
		{"vsphere", "/dc/folder/name", "/vm/ must follow"},
		{"vsphere", "/vm/name", "/vm/ must follow"},
		{"vsphere", "/dc/vm/name/", "is a folder"},
		{"vsphere", "/dc/vm//name", "empty segment"},
		{"nutanix", "d7a1b5e0-0000-0000-0000-000000000000", ""},
		{"nutanix", "a\tb", "no id has"},
		{"nutanix", "a\u200bb", "no id has"},
		{"nutanix", "", "has no id"},
	} {
		err := CheckID(tt.provider, tt.id)
		if (err == nil) != (tt.wrong == "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("CheckID(%s, %s) = %v, want %q", tt.provider, tt.id, err, tt.wrong)
		}
	}
}

func TestProviderOf(t *testing.T) {
	for id, want := range map[string]string{
		"ami-1a2b3c4d": "aws", "/SUBSCRIPTIONS/1/x": "azure", "galleries/g/images/d/versions/1.2.3": "azure",
		"/communityGalleries/c": "azure", "projects/p/global/images/n": "gcp", "/dc/vm/x": "vsphere",
		"https://www.googleapis.com/compute/v1/projects/p/global/images/n": "gcp", "900": "", "": "",
	} {
		if got := ProviderOf(id); got != want {
			t.Errorf("ProviderOf(%q) = %q, want %q", id, got, want)
		}
	}
}

func TestVersionsOfATemplate(t *testing.T) {
	values, err := Build(Input{edgePack(nil, spec.Values{Registry: "mirror.local"}), provider("demo")})
	if err != nil {
		t.Fatal(err)
	}
	if ref, ok := values.Reference("1.31.0"); !ok || ref != "mirror.local/team/ubuntu:k3s-1.31.0-v4.4.0-demo" {
		t.Errorf("Reference = %q, %v", ref, ok)
	}
	// The image is looked for where it was found, not in the mirror.
	lead, ok, err := Leads(Input{edgePack(nil, spec.Values{Registry: "mirror.local"}), provider("demo")})
	if !ok || err != nil || lead.Agent != "v4.4.0" || lead.ID("v1.31.0") != "ttl.sh/team/ubuntu:k3s-1.31.0-v4.4.0-demo" || lead.Elsewhere != "mirror.local/team/ubuntu" {
		t.Errorf("it leads to %+v, %v, %v", lead, ok, err)
	}
	if _, ok, err := Leads(Input{edgePack(&spec.Edge{Reference: "tag"}, spec.Values{}), provider("demo")}); ok || err != nil {
		t.Errorf("a tag is taken for a template: %v", err)
	}
	agent, err := Build(Input{edgePack(&spec.Edge{AgentMode: true}, spec.Values{}), nil})
	if err != nil {
		t.Fatal(err)
	}
	if ref, ok := agent.Reference("1.31.0"); ok {
		t.Errorf("agent mode refers to %q", ref)
	}
}

// A template is rendered only for an image that it leads to, whatever the spec sets.
func TestLeads(t *testing.T) {
	tagged := func(tag, kubernetes string) *image.Image {
		img := provider("")
		img.ID, img.Attributes["tag"], img.KubernetesVersion = "ttl.sh/team/ubuntu:"+tag, tag, kubernetes
		return img
	}
	untagged := provider("demo")
	untagged.ID = "ttl.sh/team/ubuntu@" + untagged.Digest
	delete(untagged.Attributes, "tag")
	const demo = "k3s-1.30.4-v4.4.0-demo"
	for _, tt := range []struct {
		name, shape string
		values      spec.Values
		img         *image.Image
		own         bool
		kubernetes  string
	}{
		{"nothing set", "", spec.Values{}, provider("demo"), true, "1.30.4"},
		{"its own parts", "", spec.Values{K8sDistribution: "k3s", PEVersion: "v4.4.0", CustomTag: "demo"}, provider("demo"), true, "1.30.4"},
		{"a mirror", "", spec.Values{Registry: "m.io", Repo: "os"}, provider("demo"), true, "1.30.4"},
		{"another system", "", spec.Values{OSName: "rhel", OSVersion: "9"}, provider("demo"), true, "1.30.4"},
		{"another distribution", "", spec.Values{K8sDistribution: "rke2"}, provider("demo"), false, ""},
		{"another agent", "", spec.Values{PEVersion: "v4.4.1"}, provider("demo"), false, ""},
		{"another custom tag", "", spec.Values{CustomTag: "prod"}, provider("demo"), false, ""},
		{"a custom tag that it has not", "", spec.Values{CustomTag: "demo"}, provider(""), false, ""},
		{"parts that its source does not tell", "", spec.Values{PEVersion: "2025.1"}, tagged("k3s-1.30.4-2025.1", "1.30.4"), true, "1.30.4"},
		{"a version that its source does not tell", "", spec.Values{PEVersion: "2025.1"}, tagged("k3s-1.30.4-2025.1", ""), true, "1.30.4"},
		{"no version at all", "", spec.Values{PEVersion: "2025.1"}, tagged("k3s-latest-2025.1", ""), false, ""},
		{"no version but its parts", "", spec.Values{}, tagged("k3s-v4.4.0", ""), false, ""},
		{"a version that overlaps", "", spec.Values{PEVersion: "2025.1"}, tagged("k3s-2025.1", ""), false, ""},
		{"a v", "", spec.Values{PEVersion: "v4.4.0"}, tagged("k3s-v1.30.4-v4.4.0", "1.30.4"), false, ""},
		{"another version than its source tells", "", spec.Values{PEVersion: "v4.4.0"}, tagged("k3s-1.30.5-v4.4.0", "1.30.4"), false, ""},
		{"a pre-release of Kubernetes", "", spec.Values{PEVersion: "v4.4.0"}, tagged("k3s-1.31.0-rc.1-v4.4.0", "1.31.0-rc.1"), true, "1.31.0-rc.1"},
		{"what the distribution adds", "", spec.Values{PEVersion: "k3s1-v4.4.0"}, tagged("k3s-1.30.4-k3s1-v4.4.0", "1.30.4+k3s1"), true, "1.30.4"},
		{"1.0", "1.0", spec.Values{PEVersion: "v4.4.0", CustomTag: "demo"}, tagged("1.30.4-v4.4.0_demo", ""), true, "1.30.4"},
		{"1.0 of another agent", "1.0", spec.Values{PEVersion: "v4.4.1", CustomTag: "demo"}, tagged("1.30.4-v4.4.0_demo", ""), false, ""},
		{"no tag", "", spec.Values{PEVersion: "v4.4.0"}, untagged, true, "1.30.4"},
		{"no tag, another agent", "", spec.Values{PEVersion: "v4.4.1"}, untagged, false, ""},
	} {
		in := Input{edgePack(&spec.Edge{Shape: tt.shape}, tt.values), tt.img}
		_, failed := Build(in)
		if (failed == nil) != tt.own {
			t.Errorf("%s: Build: %v", tt.name, failed)
		}
		lead, ok, err := Leads(in)
		if set := tt.values.PEVersion + tt.values.CustomTag + tt.values.K8sDistribution; set == "" && !tt.own {
			continue // nobody said that it leads elsewhere
		}
		if !ok || err != nil || lead.Own != tt.own || lead.Kubernetes != tt.kubernetes {
			t.Errorf("%s: %+v, %v, %v", tt.name, lead, ok, err)
		}
	}
	if lead, _, err := Leads(Input{edgePack(nil, spec.Values{PEVersion: "v5"}), tagged(demo, "1.30.4")}); err != nil || lead.ID("1.31.0") != "ttl.sh/team/ubuntu:k3s-1.31.0-v5" {
		t.Errorf("%+v, %v", lead, err)
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

// TestMoving: latest alone names no image for long.
func TestMoving(t *testing.T) {
	latest := &image.Image{ID: "ttl.sh/team/ubuntu:latest", Provider: "oci", Digest: "sha256:" + strings.Repeat("a1", 32)}
	for name, tt := range map[string]struct {
		edge *spec.Edge
		img  *image.Image
		want int
	}{
		"tag":     {&spec.Edge{Reference: "tag"}, latest, 1},
		"digest":  {&spec.Edge{Reference: "digest"}, latest, 0},
		"version": {&spec.Edge{Reference: "tag"}, provider("demo"), 0},
		"content": {&spec.Edge{Reference: "tag", ContentImages: []string{"a.io/b:latest", "a.io/b:1"}}, provider("demo"), 1},
		"agent":   {&spec.Edge{AgentMode: true}, nil, 0},
	} {
		values, err := Build(Input{edgePack(tt.edge, spec.Values{}), tt.img})
		if err != nil {
			t.Fatal(err)
		}
		if got := values.Moving(); len(got) != tt.want {
			t.Errorf("%s: %q", name, got)
		}
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
