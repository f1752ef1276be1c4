package pack

import (
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/mirror"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

func TestVersionsOfATemplate(t *testing.T) {
	values, err := Build(Input{edgePack(nil, spec.Values{Registry: "mirror.local"}), provider("demo")})
	if err != nil {
		t.Fatal(err)
	}
	if ref, ok := values.Reference("1.31.0"); !ok || ref != "mirror.local/team/ubuntu:k3s-1.31.0-v4.4.0-demo" {
		t.Errorf("Reference = %q, %v", ref, ok)
	}
	// The image is looked for where it was found, not in the mirror.
	lead, err := Leads(Input{edgePack(nil, spec.Values{Registry: "mirror.local"}), provider("demo")})
	if err != nil || lead.Agent != "v4.4.0" || lead.ID("v1.31.0") != "ttl.sh/team/ubuntu:k3s-1.31.0-v4.4.0-demo" || lead.Elsewhere != "mirror.local/team/ubuntu" {
		t.Errorf("it leads to %+v, %v", lead, err)
	}
	if lead, err := Leads(Input{edgePack(&spec.Edge{Reference: "tag"}, spec.Values{}), provider("demo")}); lead.ID != nil || err == nil || err.Error() != "its values are no template" {
		t.Errorf("a tag is taken for a template: %+v, %v", lead, err)
	}
	if lead, err := Leads(Input{edgePack(nil, spec.Values{}), nil}); lead.ID != nil || err == nil || !strings.Contains(err.Error(), "no image was picked") {
		t.Errorf("no image leads to %+v, %v", lead, err)
	}
	generic, err := Build(Input{spec.Pack{Name: "a", Pack: spec.GenericBYOI}, ami()})
	if err != nil {
		t.Fatal(err)
	}
	if ref, ok := generic.Reference(""); ok {
		t.Errorf("a machine image is a reference: %q", ref)
	}
	agent, err := Build(Input{edgePack(&spec.Edge{AgentMode: true}, spec.Values{}), nil})
	if err != nil {
		t.Fatal(err)
	}
	if ref, ok := agent.Reference("1.31.0"); ok {
		t.Errorf("agent mode refers to %q", ref)
	}
}

// tagged is an image with a tag that its source takes for CanvOS' own.
func tagged(tag, kubernetes string) *image.Image {
	img := provider("")
	img.ID, img.KubernetesVersion = "ttl.sh/team/ubuntu:"+tag, kubernetes
	return img
}

type leading struct {
	name, shape string
	values      spec.Values
	img         *image.Image
	own         bool
	kubernetes  string
}

// checkLeads: a template is rendered only for an image that it leads to, whatever the
// spec sets.
func checkLeads(t *testing.T, cases []leading) {
	t.Helper()
	for _, tt := range cases {
		in := Input{edgePack(&spec.Edge{Shape: tt.shape}, tt.values), tt.img}
		_, failed := Build(in)
		if (failed == nil) != tt.own {
			t.Errorf("%s: Build: %v", tt.name, failed)
		}
		lead, err := Leads(in)
		if set := tt.values.PEVersion + tt.values.CustomTag + tt.values.K8sDistribution; set == "" && !tt.own {
			continue // nobody said that it leads elsewhere
		}
		if err != nil || lead.Own != tt.own || lead.Kubernetes != tt.kubernetes {
			t.Errorf("%s: %+v, %v", tt.name, lead, err)
		}
	}
}

func TestLeads(t *testing.T) {
	untagged := provider("demo")
	untagged.ID = "ttl.sh/team/ubuntu@" + untagged.Digest
	silent := &image.Image{ID: untagged.ID, Provider: "oci", KubernetesVersion: "1.30.4"}
	checkLeads(t, []leading{
		{"nothing set", "", spec.Values{}, provider("demo"), true, "1.30.4"},
		{"its own parts", "", spec.Values{K8sDistribution: "k3s", PEVersion: "v4.4.0", CustomTag: "demo"}, provider("demo"), true, "1.30.4"},
		{"a mirror", "", spec.Values{Registry: "m.io", Repo: "os"}, provider("demo"), true, "1.30.4"},
		{"another system", "", spec.Values{OSName: "rhel", OSVersion: "9"}, provider("demo"), true, "1.30.4"},
		{"another distribution", "", spec.Values{K8sDistribution: "rke2"}, provider("demo"), false, ""},
		{"another agent", "", spec.Values{PEVersion: "v4.4.1"}, provider("demo"), false, ""},
		{"another custom tag", "", spec.Values{CustomTag: "prod"}, provider("demo"), false, ""},
		{"a custom tag that it has not", "", spec.Values{CustomTag: "demo"}, provider(""), false, ""},
		{"no tag", "", spec.Values{PEVersion: "v4.4.0"}, untagged, true, "1.30.4"},
		{"no tag, another agent", "", spec.Values{PEVersion: "v4.4.1"}, untagged, false, ""},
		{"no tag, an agent that its source does not tell", "", spec.Values{K8sDistribution: "k3s", PEVersion: "v5"}, silent, true, "1.30.4"},
	})
	const demo = "k3s-1.30.4-v4.4.0-demo"
	if lead, err := Leads(Input{edgePack(nil, spec.Values{PEVersion: "v5"}), tagged(demo, "1.30.4")}); err != nil || lead.ID("1.31.0") != "ttl.sh/team/ubuntu:k3s-1.31.0-v5" {
		t.Errorf("%+v, %v", lead, err)
	}
}

func TestLeadsToTags(t *testing.T) {
	demo10 := tagged("1.25.2-v3.3.3_demo", "")
	demo10.Attributes["peVersion"], demo10.Attributes["customTag"] = "v3.3.3", "demo"
	checkLeads(t, []leading{
		{"parts that its source does not tell", "", spec.Values{PEVersion: "2025.1"}, tagged("k3s-1.30.4-2025.1", "1.30.4"), true, "1.30.4"},
		{"a version that its source does not tell", "", spec.Values{PEVersion: "2025.1"}, tagged("k3s-1.30.4-2025.1", ""), true, "1.30.4"},
		{"no version at all", "", spec.Values{PEVersion: "2025.1"}, tagged("k3s-latest-2025.1", ""), false, ""},
		{"a version that overlaps", "", spec.Values{PEVersion: "2025.1"}, tagged("k3s-2025.1", ""), false, ""},
		{"a tag that ends as it begins", "", spec.Values{}, tagged("k3s-v4.4.0", ""), false, ""},
		{"a tag without a version", "", spec.Values{PEVersion: "v4.4.0"}, tagged("k3s--v4.4.0", ""), false, ""},
		{"a tag that begins elsewhere", "", spec.Values{K8sDistribution: "rke2"}, tagged("1.30.4-v4.4.0", "1.30.4"), false, ""},
		{"a tag that ends elsewhere", "", spec.Values{PEVersion: "v4.4.1"}, tagged("k3s-1.30.4", "1.30.4"), false, ""},
		{"a v", "", spec.Values{PEVersion: "v4.4.0"}, tagged("k3s-v1.30.4-v4.4.0", "1.30.4"), false, ""},
		{"another version than its source tells", "", spec.Values{PEVersion: "v4.4.0"}, tagged("k3s-1.30.5-v4.4.0", "1.30.4"), false, ""},
		{"a pre-release of Kubernetes", "", spec.Values{PEVersion: "v4.4.0"}, tagged("k3s-1.31.0-rc.1-v4.4.0", "1.31.0-rc.1"), true, "1.31.0-rc.1"},
		{"what the distribution adds", "", spec.Values{PEVersion: "k3s1-v4.4.0"}, tagged("k3s-1.30.4-k3s1-v4.4.0", "1.30.4+k3s1"), true, "1.30.4"},
		{"1.0", "1.0", spec.Values{PEVersion: "v4.4.0", CustomTag: "demo"}, tagged("1.30.4-v4.4.0_demo", ""), true, "1.30.4"},
		{"1.0 whose parts its source tells", "1.0", spec.Values{}, demo10, true, "1.25.2"},
		{"1.0 of an agent beside what the tag tells", "1.0", spec.Values{PEVersion: "v4.4.1", CustomTag: "demo"}, tagged("1.30.4-v4.4.0_demo", "1.30.4"), false, ""},
		{"1.0 of another agent", "1.0", spec.Values{PEVersion: "v4.4.1", CustomTag: "demo"}, tagged("1.30.4-v4.4.0_demo", ""), false, ""},
	})
}

// Where the user says that the images are, and nobody reads them from, is told.
func TestElsewhere(t *testing.T) {
	rules := []mirror.Rule{{From: "ttl.sh", To: "mirror.io/ttl"}}
	for _, tt := range []struct {
		values  spec.Values
		mirrors []mirror.Rule
		want    string
	}{
		{spec.Values{}, nil, ""},
		{spec.Values{}, rules, ""},
		{spec.Values{Registry: "ttl.sh"}, rules, ""},
		{spec.Values{Registry: "mirror.io", Repo: "ttl/team/ubuntu"}, rules, ""},
		{spec.Values{Repo: "team/other"}, rules, "ttl.sh/team/other"},
		{spec.Values{Registry: "m.io"}, nil, "m.io/team/ubuntu"},
	} {
		in := Input{edgePack(nil, tt.values), provider("demo")}
		in.Pack.Mirrors = tt.mirrors
		lead, err := Leads(in)
		if err != nil || lead.Elsewhere != tt.want {
			t.Errorf("%+v: %q, %v, want %q", tt.values, lead.Elsewhere, err, tt.want)
		}
	}
}

// What a template lacks is told alone: not, too, that what is left of it leads elsewhere.
func TestWhatATemplateLacks(t *testing.T) {
	for _, tt := range []struct{ shape, missing string }{
		{"system", "registry"}, {"system", "k8sDistribution"}, {"system", "peVersion"}, {"1.0", "registry"}, {"1.0", "peVersion"},
	} {
		img := provider("demo")
		delete(img.Attributes, tt.missing)
		if tt.shape == "1.0" {
			img.ID = strings.Replace(img.ID, "k3s-1.30.4-v4.4.0-demo", "1.30.4-v4.4.0_demo", 1)
			img.KubernetesVersion = ""
		}
		if tt.missing == "registry" {
			img.ID = strings.TrimPrefix(img.ID, "ttl.sh/")
		}
		_, err := Build(Input{edgePack(&spec.Edge{Shape: tt.shape}, spec.Values{}), img})
		want := `pack "edge": ` + tt.missing + " is unknown, and the template of system.uri needs it: tag "
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s without %s: %v", tt.shape, tt.missing, err)
		}
	}
}

// A template of which no version of Kubernetes is known names none that may be wrong.
func TestTemplateOfAnUnknownVersion(t *testing.T) {
	img := provider("demo")
	img.KubernetesVersion = ""
	_, err := Build(Input{edgePack(nil, spec.Values{PEVersion: "v5"}), img})
	if want := `gives tag "k3s-VERSION-v5-demo" for Kubernetes VERSION, but the image's tag is "k3s-1.30.4-v4.4.0-demo"`; err == nil || !strings.Contains(err.Error(), want) {
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
		"neither": {&spec.Edge{Reference: "digest"}, provider("demo"), 0},
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
