package pack

import (
	"errors"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/mirror"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

type refusal struct {
	name       string
	in         Input
	text, next string
}

// checkRefused builds what is told alone to be wrong: what follows from that is not.
func checkRefused(t *testing.T, cases []refusal) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			values, err := Build(tt.in)
			var failed *failure.Error
			if !errors.As(err, &failed) || values != nil {
				t.Fatalf("Build = %v, %v", values, err)
			}
			begin := `pack "` + tt.in.Pack.Name + `": `
			if failed.Code != failure.ExitUsage || !strings.HasPrefix(err.Error(), begin+tt.text) || !strings.HasPrefix(failed.Next, tt.next) {
				t.Errorf("code %d: %v\nnext: %s", failed.Code, err, failed.Next)
			}
			if strings.Count(err.Error(), begin) > 1 {
				t.Errorf("more than one is told:\n%v", err)
			}
		})
	}
}

func TestGenericRefuses(t *testing.T) {
	generic := spec.Pack{Name: "a", Pack: spec.GenericBYOI}
	with := func(change func(*image.Image)) Input { img := ami(); change(img); return Input{generic, img} }
	const name = "correct it at its origin (tag OS_NAME)"
	checkRefused(t, []refusal{
		{"no name", with(func(i *image.Image) { i.OS.Name = "" }), `osName is unknown: image ami-0123456789abcdef0 (source "golden") does not tell it`, "set packs[].values.osName"},
		{"no version", with(func(i *image.Image) { i.OS.Version = "" }), "osVersion is unknown", "set packs[].values.osVersion"},
		{"a part of a version", with(func(i *image.Image) { i.OS = image.OS{Name: "ubuntu", Version: "24"} }),
			`osVersion is known in part only: image ami-0123456789abcdef0 (source "golden") is ubuntu 24`, "set packs[].values.osVersion"},
		{"no image", Input{generic, nil}, "no image was picked for osImageOverride", "check that a source of packs[].sources has"},
		{"bad id", with(func(i *image.Image) { i.ID = "ami-12" }), `image id "ami-12" is no AMI id: 2 characters follow ami-, not 8 or 17; osImageOverride would not work`, "correct the source's output"},
		{"an image of another pack", with(func(i *image.Image) { i.ID, i.Provider = "a.io/b:1", "oci" }), `image id "a.io/b:1" is an OCI reference`, "correct the source's output"},
		{"kind", Input{spec.Pack{Name: "a", Pack: "ubuntu"}, ami()}, `unknown pack "ubuntu"`, "set packs[].pack to generic-byoi or edge-native-byoi"},
		{"invisible character", with(func(i *image.Image) { i.OS.Name = "rh\u200bel" }), `pack.osName: "rh\u200bel" holds the invisible character U+200B`, name},
		{"control character", with(func(i *image.Image) { i.OS.Name = "rh\nel" }), `pack.osName: "rh\nel" holds the control character U+000A`, name},
		{"line separator", with(func(i *image.Image) { i.OS.Name = "rh\u2028el" }), `pack.osName: "rh\u2028el" holds the control character U+2028`, name},
		{"paragraph separator", with(func(i *image.Image) { i.OS.Name = "rh\u2029el" }), `pack.osName: "rh\u2029el" holds the control character U+2029`, name},
		{"no UTF-8", with(func(i *image.Image) { i.OS.Name = "rh\xffel" }), `pack.osName: "rh\xffel" is not valid UTF-8`, name},
		{"white space", with(func(i *image.Image) { i.ID, i.Provider = "a ", "nutanix" }), `pack.osImageOverride: "a " starts or ends with white space`, "correct it at its origin (artifact_id)"},
	})
}

func TestEdgeRefuses(t *testing.T) {
	with := func(edge *spec.Edge, values spec.Values, change func(*image.Image)) Input {
		img := provider("demo")
		change(img)
		return Input{edgePack(edge, values), img}
	}
	same := func(*image.Image) {}
	tag := &spec.Edge{Reference: "tag"}
	mirrored := with(tag, spec.Values{}, same)
	mirrored.Pack.Mirrors = []mirror.Rule{{From: "ttl.sh/team/ubuntu", To: "m.io"}}
	checkRefused(t, []refusal{
		{"an image of another pack", Input{edgePack(nil, spec.Values{}), ami()}, `image "ami-0123456789abcdef0" of provider "aws" is no OCI image`, "select images of a registry"},
		{"no image", Input{edgePack(nil, spec.Values{}), nil}, "no image was picked for system.uri", "check that a source of packs[].sources has"},
		{"no reference", with(nil, spec.Values{}, func(i *image.Image) { i.ID = "a.io/B:1" }), `image id "a.io/B:1" is no image reference`, `correct the output of source "edge"`},
		{"template leads elsewhere", with(nil, spec.Values{}, func(i *image.Image) { i.Attributes["customTag"] = "" }),
			`the template of edge.shape system gives tag "k3s-1.30.4-v4.4.0" for Kubernetes 1.30.4, but the image's tag is "k3s-1.30.4-v4.4.0-demo"`, "set packs[].edge.reference: tag"},
		{"1.0 leads elsewhere", with(&spec.Edge{Shape: "1.0"}, spec.Values{}, same), "the template of edge.shape 1.0 gives tag", "set packs[].edge.reference: tag"},
		{"the user's distribution leads elsewhere", with(nil, spec.Values{K8sDistribution: "rke2"}, same), "the template of edge.shape system gives", "correct packs[].values (k8sDistribution"},
		{"the user's agent leads elsewhere", with(nil, spec.Values{PEVersion: "v5"}, same), "the template of edge.shape system gives", "correct packs[].values (k8sDistribution"},
		{"the user's custom tag leads elsewhere", with(nil, spec.Values{CustomTag: "x"}, same), "the template of edge.shape system gives", "correct packs[].values (k8sDistribution"},
		{"no digest", with(&spec.Edge{Reference: "digest"}, spec.Values{}, func(i *image.Image) { i.Digest = "" }), `the digest of image "ttl.sh/team/ubuntu:k3s-1.30.4-v4.4.0-demo" is unknown`, "set packs[].edge.reference: tag"},
		{"no tag", with(tag, spec.Values{}, func(i *image.Image) { i.ID = "ttl.sh/a" }), `image "ttl.sh/a" has no tag`, "select an image that has a tag"},
		{"content image", with(&spec.Edge{ContentImages: []string{"a/b"}}, spec.Values{}, same), `edge.contentImages: "a/b" has neither a tag nor a digest`, "correct packs[].edge.contentImages"},
		{"registry that cannot be, in a template", with(nil, spec.Values{Registry: "https://m.io"}, same), `what the template of system.uri leads to: "https://m.io/team/ubuntu:k3s-1.30.0-v4.4.0-demo" is`, "correct packs[].values"},
		{"registry that cannot be, in a tag", with(tag, spec.Values{Registry: "https://m.io"}, same), `system.uri: "https://m.io/team/ubuntu:k3s-1.30.4-v4.4.0-demo" is`, "correct packs[].values.registry and packs[].values.repo"},
		{"mirror that leaves no repository", mirrored, `system.uri: "m.io/:k3s-1.30.4-v4.4.0-demo" is`, "correct packs[].values.registry"},
	})
	// The key is told, too, of what cannot stand in it.
	_, err := Build(with(nil, spec.Values{CustomTag: "a\tb"}, func(i *image.Image) { i.ID = "ttl.sh/team/ubuntu@" + digest; i.Attributes = nil }))
	if err == nil || !strings.Contains(err.Error(), `options.system.customTag: "a\tb" holds the control character`) {
		t.Errorf("%v", err)
	}
}

// What the user sets and nothing reads is refused.
func TestUnusedIsRefused(t *testing.T) {
	agent := func(edge spec.Edge, values spec.Values) Input {
		edge.AgentMode = true
		return Input{edgePack(&edge, values), nil}
	}
	demo := func(edge spec.Edge, values spec.Values) Input {
		return Input{edgePack(&edge, values), provider("demo")}
	}
	untold := demo(spec.Edge{Shape: "1.0"}, spec.Values{K8sDistribution: "k3s"})
	untold.Image = &image.Image{ID: "ttl.sh/ubuntu:1.25.2-v3.3.3_demo", Provider: "oci", KubernetesVersion: "1.25.2"}
	untold.Image.Attributes = map[string]string{"peVersion": "v3.3.3", "customTag": "demo"}
	const noImage = " has no effect with edge.agentMode: no image is used"
	checkRefused(t, []refusal{
		{"part that a tag does not take", demo(spec.Edge{Reference: "tag"}, spec.Values{CustomTag: "x"}),
			"values.customTag has no effect with edge.reference: tag, which takes the image's tag as it is", "remove packs[].values.customTag, or set packs[].edge.reference: template"},
		{"part that a digest does not take", demo(spec.Edge{Reference: "digest"}, spec.Values{PEVersion: "v1"}), "values.peVersion has no effect with edge.reference: digest", "remove packs[].values.peVersion, or"},
		{"part that 1.0 does not take", untold, "values.k8sDistribution has no effect with edge.shape: 1.0", "remove packs[].values.k8sDistribution, or set packs[].edge.shape: system"},
		{"registry of no image", agent(spec.Edge{}, spec.Values{Registry: "m.io"}), "values.registry" + noImage, "remove packs[].values.registry, or packs[].edge.agentMode"},
		{"version of no image", agent(spec.Edge{}, spec.Values{OSVersion: "22"}), "values.osVersion" + noImage, "remove packs[].values.osVersion"},
		{"shape of no image", agent(spec.Edge{Shape: "1.0"}, spec.Values{}), "edge.shape" + noImage, "remove packs[].edge.shape, or packs[].edge.agentMode"},
		{"reference of no image", agent(spec.Edge{Reference: "tag"}, spec.Values{}), "edge.reference" + noImage, "remove packs[].edge.reference"},
		{"versions of no image", agent(spec.Edge{KubernetesVersions: []string{"1.30.1"}}, spec.Values{}), "edge.kubernetesVersions" + noImage, "remove packs[].edge.kubernetesVersions"},
	})
	for name, edge := range map[string]spec.Edge{"tag": {Reference: "tag"}, "digest": {Reference: "digest"}, "template": {}} {
		if _, err := Build(demo(edge, spec.Values{OSName: "ubuntu", OSVersion: "22", Registry: "m.io", Repo: "a"})); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
