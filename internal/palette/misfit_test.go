package palette_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// A pre-release is not the newest of a pack.
func TestPreReleaseOfAPack(t *testing.T) {
	more := func(s *fakepalette.State) {
		for _, version := range []string{"1.0.1-rc.1", "2.0.0-beta"} {
			s.Packs = append(s.Packs, fakepalette.Pack{UID: "byoi-" + version, Name: "generic-byoi", Version: version, RegistryUID: "reg-public", Type: "spectro", Layer: "os"})
		}
	}
	for version, want := range map[string]string{"": "byoi-100", "1.0.x": "byoi-100", "2.0.0-beta": "byoi-2.0.0-beta", "2.x": ""} {
		w := newWorld(t, more)
		plan, err := w.client.Plan(t.Context(), request(t, "no-os", newAMI, func(t *palette.Target) { t.Create, t.PackVersion = true, version }), palette.Goal{})
		if want == "" {
			wantFailure(t, err, "has no pack generic-byoi 2.x")
			continue
		}
		if err != nil || plan.Layer.PackUID != want {
			t.Errorf("%q: got %v, %v, want %s", version, plan, err, want)
		}
	}
}

// The images of a cloud type are of one kind, and all others are refused in it.
func TestImagesFitTheCloud(t *testing.T) {
	fits := map[string]string{
		"aws": "aws", "eks": "aws", "azure": "azure", "aks": "azure", "gcp": "gcp", "gke": "gcp", "vsphere": "vsphere", "edge-native": "oci",
		"openstack": "openstack", "maas": "maas", "edge": "", "all": "", "nested": "", "baremetal": "", "virtual": "", "generic": "", "apache-cloudstack": "", "libvirt": "", "tencent": "", "tke": "", "coxedge": "", " EKS ": "aws", "Azure": "azure",
	}
	for cloud, provider := range fits {
		for _, other := range []string{"aws", "azure", "gcp", "vsphere", "oci", "openstack", "nutanix", "proxmox", "maas", "oracle", "huaweicloud", "digitalocean", "hcloud", "outscale", "unheard-of"} {
			target := palette.Target{Name: "a", Pack: "generic-byoi", Provider: other}
			if provider == "oci" {
				target.Pack = "edge-native-byoi"
			}
			why, next := palette.CloudMisfit(target, cloud)
			if (why == "") != (other == provider) || (next == "") != (why == "") {
				t.Errorf("an image of %s in %s: got %q, %q", other, cloud, why, next)
			}
		}
	}
	for _, target := range []palette.Target{{Pack: "generic-byoi"}, {Pack: "generic-byoi", Provider: "aws", Type: "add-on"}} {
		if why, _ := palette.CloudMisfit(target, "all"); why != "" {
			t.Errorf("%+v: got %q", target, why)
		}
	}
	if why, _ := palette.CloudMisfit(palette.Target{Pack: "edge-native-byoi"}, "maas"); why == "" {
		t.Error("an edge pack fits maas")
	}
}

// A profile of any of these is refused for the image; one of another may be judged by
// nobody.
func TestMisfitClouds(t *testing.T) {
	for provider, fits := range map[string][]string{"aws": {"aws", "eks"}, "oci": {"edge-native"}, "nutanix": nil} {
		pack := "generic-byoi"
		if provider == "oci" {
			pack = "edge-native-byoi"
		}
		misfits := palette.MisfitClouds(palette.Target{Pack: pack, Provider: provider})
		for _, cloud := range []string{"aws", "eks", "azure", "edge-native", "maas"} {
			if slices.Contains(misfits, cloud) == slices.Contains(fits, cloud) {
				t.Errorf("an image of %s: misfits are %q", provider, misfits)
			}
		}
		if slices.Contains(misfits, "all") || slices.Contains(misfits, "nutanix") {
			t.Errorf("an image of %s: misfits are %q", provider, misfits)
		}
	}
}

// A cloud that somebody registered is not judged, and that is said.
func TestCloudThatIsNotJudged(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) { ours(s).CloudType = "nutanix" })
	plan := w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{})
	if notes := strings.Join(plan.Notes, "\n"); !strings.Contains(notes, `whether the image of aws is one for cloud type "nutanix" is not known`) {
		t.Errorf("got notes %q", notes)
	}
	w = newWorld(t, func(s *fakepalette.State) { ours(s).CloudType = "maas" })
	_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
	wantFailure(t, err, "the image is one of aws, and the profile is of cloud type maas")
	w = newWorld(t)
	_, err = w.client.Plan(t.Context(), request(t, "fresh", newAMI, func(t *palette.Target) { t.Create, t.CloudType, t.RegistryUID = true, "Azure", "reg-other" }), palette.Goal{})
	wantFailure(t, err, "is one of aws, and the profile is of cloud type azure")
}

// Where Palette does not tell which pack a layer is of, its registry does.
func TestLayerWithoutAPackUID(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) { ours(s).Published[0].PackUID = "" })
	w.apply(t, request(t, "rhel-prod", newAMI), palette.Goal{})
	state := w.State()
	if got := ours(&state).Layer("generic-byoi", true); got.PackUID != "byoi-100" || got.Values != wantGeneric() {
		t.Errorf("got %+v", got)
	}
}

func TestRegistryThatIsNotThere(t *testing.T) {
	w := newWorld(t)
	_, err := w.client.Plan(t.Context(), request(t, "no-os", newAMI, func(t *palette.Target) { t.Create, t.Registry = true, "Mine" }), palette.Goal{})
	if e := wantFailure(t, err, `has no registry named "Mine"`); !strings.Contains(e.Next, "it has Mirror, Public Repo") {
		t.Errorf("got next step %q", e.Next)
	}
}

// Labels that a replacement lost are told, and nothing is published.
func TestReplacementThatLosesLabels(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		s.Profile("ubuntu", "1.0.0").Labels = map[string]string{"team": "platform"}
	})
	replaced := false
	w.Before(func(_ int, call fakepalette.Call, s *fakepalette.State) {
		if replaced {
			s.Profile("ubuntu", "1.0.0").Labels = nil
		}
		replaced = replaced || call.Method == http.MethodPut
	})
	plan := w.plan(t, request(t, "ubuntu", newAMI, func(t *palette.Target) { t.Replace = true }), palette.Goal{Publish: true})
	_, err := w.client.Apply(t.Context(), plan, palette.Options{})
	wantFailure(t, err, "in between")
	sameList(t, "writes", w.writes(), []string{"PUT /v1/clusterprofiles/profile-ubuntu"})
}

// A replacement sends the profile's type, which Palette takes for cluster where it
// lacks.
func TestReplacementOfAnUnknownType(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) { s.Profile("ubuntu", "1.0.0").Type = "" })
	plan := w.plan(t, request(t, "ubuntu", newAMI, func(t *palette.Target) { t.Replace = true }), palette.Goal{})
	_, err := w.client.Apply(t.Context(), plan, palette.Options{})
	wantFailure(t, err, "does not tell the type")
	sameList(t, "writes", w.writes(), nil)
}
