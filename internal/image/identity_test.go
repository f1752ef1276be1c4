package image_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

func TestSame(t *testing.T) {
	one := image.Image{ID: "r/os:1", Provider: "oci", Architecture: "amd64", Digest: "d1"}
	ami := image.Image{ID: "ami-1", Provider: "aws", Architecture: "amd64"}
	arm := image.Image{ID: "/Images/A", FullID: "/Subscriptions/1/locations/x/Images/A/ImageVersions/1", Provider: "Azure"}
	for name, tt := range map[string]struct {
		of     image.Image
		change func(*image.Image)
		same   bool
	}{
		"itself":                       {one, func(*image.Image) {}, true},
		"another tag":                  {one, func(i *image.Image) { i.ID = "r/os:2" }, false},
		"another provider":             {one, func(i *image.Image) { i.Provider = "ocir" }, false},
		"the provider, as spelled":     {one, func(i *image.Image) { i.Provider = "OCI" }, true},
		"another architecture":         {one, func(i *image.Image) { i.Architecture = "arm64" }, false},
		"the architecture, as spelled": {one, func(i *image.Image) { i.Architecture = "AMD64" }, true},
		"no architecture":              {one, func(i *image.Image) { i.Architecture = "" }, true},
		"another digest":               {one, func(i *image.Image) { i.Digest = "d2" }, false},
		"no digest":                    {one, func(i *image.Image) { i.Digest = "" }, true},
		"an AMI's architecture":        {ami, func(i *image.Image) { i.Architecture = "arm64" }, true},
		"an AMI's case":                {ami, func(i *image.Image) { i.ID = "AMI-1" }, false},
		"Azure's case":                 {arm, func(i *image.Image) { i.ID, i.FullID = "/subscriptions/1/images/a/versions/1", "" }, true},
		"Azure's short id":             {arm, func(i *image.Image) { i.FullID = "" }, false},
	} {
		other := tt.of
		tt.change(&other)
		if image.Same(&tt.of, &other) != tt.same || image.Same(&other, &tt.of) != tt.same {
			t.Errorf("%s: not %v", name, tt.same)
		}
	}
}

func TestHasParts(t *testing.T) {
	clouds := "aws azure gcp vsphere openstack nutanix oracle proxmox digitalocean hcloud huaweicloud outscale AWS"
	for provider := range strings.FieldsSeq(clouds) {
		if image.HasParts(provider) {
			t.Errorf("an id of %s is of several images", provider)
		}
	}
	for _, provider := range []string{"oci", "", "other"} {
		if !image.HasParts(provider) {
			t.Errorf("an id of %q is of one image", provider)
		}
	}
}

func TestSeries(t *testing.T) {
	const version = "/subscriptions/1/galleries/g/images/D/versions/1.2.3"
	for want, img := range map[string]image.Image{
		"/subscriptions/1/galleries/g/images/d": {ID: version, Provider: "azure", Version: "1.2.3"},
		"":                                      {ID: version, Provider: "azure"},
	} {
		if got := img.Series(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for _, img := range []image.Image{{ID: version, Provider: "aws", Version: "1.2.3"}, {ID: "/subscriptions/1/images/a", Provider: "azure", Version: "1"}} {
		if got := img.Series(); got != "" {
			t.Errorf("%s of %s: got %q", img.ID, img.Provider, got)
		}
	}
}

func TestVariantAndEdition(t *testing.T) {
	tagged := func(distribution, custom string) image.Image {
		return image.Image{Attributes: map[string]string{"k8sDistribution": distribution, "customTag": custom}}
	}
	for _, tt := range []struct {
		img     image.Image
		variant image.Variant
		edition string
	}{
		{tagged("K3S", "Demo_linux_amd64"), image.Variant{K8sDistribution: "k3s", CustomTag: "Demo"}, "r/os:a"},
		{tagged("k3s", ""), image.Variant{K8sDistribution: "k3s"}, "r/os:a"},
		{tagged("", "demo"), image.Variant{CustomTag: "demo"}, "r/os:a"},
		{tagged("", ""), image.Variant{}, "r/os:a_linux_arm64"},
		{image.Image{}, image.Variant{}, "r/os:a_linux_arm64"},
	} {
		if got := tt.img.Variant(); got != tt.variant {
			t.Errorf("%v: variant %+v", tt.img.Attributes, got)
		}
		if got := tt.img.Edition("r/os:a_linux_arm64"); got != tt.edition {
			t.Errorf("%v: edition %s", tt.img.Attributes, got)
		}
	}
}

func TestTag(t *testing.T) {
	tags := map[string]string{"Team": "a", "team": "b", "Stage": "c", "empty": ""}
	for _, tt := range []struct {
		provider, name, want string
		has                  bool
	}{
		{"azure", "team", "b", true}, {"azure", "Team", "a", true}, {"azure", "STAGE", "c", true}, {"azure", "sta", "", false},
		{"Azure", "EMPTY", "", true}, {"aws", "team", "b", true}, {"aws", "stage", "", false}, {"aws", "empty", "", true},
	} {
		img := image.Image{Provider: tt.provider, Tags: tags}
		if got, has := img.Tag(tt.name); got != tt.want || has != tt.has {
			t.Errorf("%s, %s: %q, %v", tt.provider, tt.name, got, has)
		}
	}
}

func TestIsBuild(t *testing.T) {
	for kind, want := range map[string]bool{"packer-run-uuid": true, "arn": true, "image-template": true, "oci": false, "": false} {
		if got := (&image.Reference{Kind: kind, Value: "x"}).IsBuild(); got != want {
			t.Errorf("%q: %v", kind, got)
		}
		if (&image.Reference{Kind: kind}).IsBuild() {
			t.Errorf("a %q without a value is a build", kind)
		}
	}
	if (*image.Reference)(nil).IsBuild() {
		t.Error("none is a build")
	}
}

// TestFacts: a fact goes by the name that it has in JSON.
func TestFacts(t *testing.T) {
	const names = "id provider name region architecture os.name os.version kubernetesVersion version stateReason owner ownerId digest source"
	for name := range strings.FieldsSeq(names) {
		img := image.Image{}
		*img.Fact(name) = "x"
		text, err := json.Marshal(img)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(text, &fields); err != nil {
			t.Fatal(err)
		}
		key := name
		if of, inner, nested := strings.Cut(name, "."); nested {
			key = inner
			fields, _ = fields[of].(map[string]any)
		}
		if fields[key] != "x" {
			t.Errorf("%s is none in %s", name, text)
		}
	}
	if (&image.Image{}).Fact("tags") != nil {
		t.Error("tags are one text")
	}
}

func TestNameOfASystem(t *testing.T) {
	for want, os := range map[string]image.OS{"rhel 8": {Name: "rhel", Version: "8"}, "rhel": {Name: "rhel"}, "8": {Version: "8"}, "": {}} {
		if got := os.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
