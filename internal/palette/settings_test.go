package palette_test

import (
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// What a target says of the pack has no effect on a layer that is there, which is told
// where the layer is another.
func TestSettingsOfALayerThatIsThere(t *testing.T) {
	for name, c := range map[string]struct {
		adjust func(*palette.Target)
		want   string
	}{
		"nothing":                  {func(*palette.Target) {}, ""},
		"create":                   {func(t *palette.Target) { t.Create, t.CloudType, t.Type = true, " AWS", "cluster" }, ""},
		"its version":              {func(t *palette.Target) { t.PackVersion = "v1.0.0" }, ""},
		"an open version":          {func(t *palette.Target) { t.PackVersion = "1.0.x" }, ""},
		"another version":          {func(t *palette.Target) { t.PackVersion = "1.2.0" }, "target.packVersion 1.2.0 has no effect: layer generic-byoi is there already, and is of version 1.0.0"},
		"another open version":     {func(t *palette.Target) { t.PackVersion = "2.x" }, "target.packVersion 2.x has no effect"},
		"its registry":             {func(t *palette.Target) { t.Registry = "Public Repo" }, ""},
		"its registry, by uid":     {func(t *palette.Target) { t.RegistryUID = "reg-public" }, ""},
		"another registry":         {func(t *palette.Target) { t.Registry = "Mirror" }, `target.registry "Mirror" has no effect: layer generic-byoi is there already, and is of the registry with the uid reg-public`},
		"a registry that is none":  {func(t *palette.Target) { t.Registry = "Mine" }, `target.registry "Mine" has no effect`},
		"another registry, by uid": {func(t *palette.Target) { t.RegistryUID = "reg-other" }, "target.registryUid reg-other has no effect"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			plan := w.plan(t, request(t, "rhel-prod", newAMI, c.adjust), palette.Goal{})
			notes := strings.Join(plan.Notes, "\n")
			if c.want == "" && strings.Contains(notes, "no effect") || !strings.Contains(notes, c.want) {
				t.Errorf("got notes %q", notes)
			}
		})
	}
}

// A profile of another cloud type than the target names is another profile.
func TestProfileOfAnotherCloudType(t *testing.T) {
	w := newWorld(t)
	_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Create, t.CloudType = true, "eks" }), palette.Goal{})
	wantFailure(t, err, `profile "rhel-prod" 1.2.0 of project "Default" is of cloud type aws, not eks`)
	w = newWorld(t, func(s *fakepalette.State) { ours(s).CloudType = "nutanix" })
	_, err = w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Create, t.CloudType = true, "aws" }), palette.Goal{})
	wantFailure(t, err, "is of cloud type nutanix, not aws")
}

// Each pack is for its own machines, whatever the image.
func TestPacksFitTheCloud(t *testing.T) {
	for _, c := range []struct {
		pack, provider, cloud string
		fits                  bool
	}{
		{"generic-byoi", "", "edge-native", false}, {"generic-byoi", "oci", "edge-native", false}, {"generic-byoi", "oci", " Edge-Native ", false},
		{"edge-native-byoi", "", "edge-native", true}, {"edge-native-byoi", "OCI ", "Edge-Native", true}, {"edge-native-byoi", "aws", "edge-native", false},
		{"edge-native-byoi", "", "vsphere", false}, {"edge-native-byoi", "", "edge", false}, {"edge-native-byoi", "oci", "libvirt", false},
		{"generic-byoi", " AWS", "aws", true}, {"generic-byoi", "AWS", "AZURE", false}, {"generic-byoi", "azure", "tke", false},
		{"generic-byoi", "aws", "nutanix", true}, {"generic-byoi", "aws", "", true},
	} {
		why, _ := palette.CloudMisfit(palette.Target{Name: "a", Pack: c.pack, Provider: c.provider}, c.cloud)
		if (why == "") != c.fits {
			t.Errorf("%+v: got %q", c, why)
		}
	}
}

// The registry's packs are compared in whatever letters they are written, and where
// the newest is for another cloud, the error says which is for this one.
func TestNewestPackIsForAnotherCloud(t *testing.T) {
	with := func(clouds ...string) func(*fakepalette.State) {
		return func(s *fakepalette.State) {
			for _, version := range []string{"1.1.0", "1.2.0-rc.1"} {
				s.Packs = append(s.Packs, fakepalette.Pack{UID: "byoi-" + version, Name: "generic-byoi", Version: version, RegistryUID: "reg-public", Type: "spectro", Layer: "os", CloudTypes: clouds})
			}
		}
	}
	create := func(t *palette.Target) { t.Create = true }
	w := newWorld(t, with("gcp"))
	_, err := w.client.Plan(t.Context(), request(t, "no-os", newAMI, create), palette.Goal{})
	e := wantFailure(t, err, "pack generic-byoi 1.1.0 is for gcp, not for cloud type aws")
	if !strings.Contains(e.Next, "set target.packVersion: 1.0.0, which is for it") {
		t.Errorf("got next step %q", e.Next)
	}
	_, err = w.client.Plan(t.Context(), request(t, "no-os", newAMI, create, func(t *palette.Target) { t.PackVersion = "1.1.0" }), palette.Goal{})
	if e := wantFailure(t, err, "is for gcp"); strings.Contains(e.Next, "packVersion") {
		t.Errorf("got next step %q", e.Next)
	}
	if plan := newWorld(t, with("AWS ")).plan(t, request(t, "no-os", newAMI, create), palette.Goal{}); plan.Layer.PackUID != "byoi-1.1.0" {
		t.Errorf("got %s", plan.Layer.PackUID)
	}
}

// A version that is named counts in any spelling, also of a pack that Palette disabled.
func TestNamedVersionOfAPack(t *testing.T) {
	for _, version := range []string{"0.9.8", "v0.9.8"} {
		w := newWorld(t, func(s *fakepalette.State) {
			s.Packs = append(s.Packs, fakepalette.Pack{UID: "old", Name: "generic-byoi", Version: "0.9.8", RegistryUID: "reg-public", Type: "spectro", Layer: "os", Disabled: true})
		})
		_, err := w.client.Plan(t.Context(), request(t, "no-os", newAMI, func(t *palette.Target) { t.Create, t.PackVersion = true, version }), palette.Goal{})
		wantFailure(t, err, "is of version 0.9.8; 1.0.0 is the first that is supported")
	}
	w := newWorld(t)
	for _, version := range []string{"v1.0.x", "1.0", "v1.x"} {
		plan := w.plan(t, request(t, "no-os", newAMI, func(t *palette.Target) { t.Create, t.PackVersion = true, version }), palette.Goal{})
		if plan.Layer.PackUID != "byoi-100" {
			t.Errorf("%s: got %s", version, plan.Layer.PackUID)
		}
	}
}

func TestRequestsForOneProfile(t *testing.T) {
	target := func(name, pack, profile, version string) palette.Request {
		return palette.Request{Target: palette.Target{Name: name, Pack: pack, Scope: palette.ProjectScope("Default"), Profile: profile, Version: version, Create: true}}
	}
	const generic, edge = "generic-byoi", "edge-native-byoi"
	for name, c := range map[string]struct {
		a, b palette.Request
		want string
	}{
		"two profiles":           {target("a", generic, "p", ""), target("b", generic, "q", ""), ""},
		"two versions":           {target("a", generic, "p", "1.0.0"), target("b", generic, "p", "2.0.0"), ""},
		"no version":             {target("a", generic, "p", "1.0.0"), target("b", generic, "p", ""), "packs a and b have the same target"},
		"the latest":             {target("a", generic, "p", "latest"), target("b", generic, "p", "2.0.0"), "packs a and b have the same target"},
		"two packs":              {target("a", generic, "p", ""), target("b", edge, "p", ""), "packs a and b have the same target"},
		"two packs and versions": {target("a", generic, "p", "1.0.0"), target("b", edge, "p", "2.0.0"), "packs a and b are of generic-byoi and edge-native-byoi"},
		"capitals":               {target("a", generic, "rhel-prod", "1.0.0"), target("b", generic, "RHEL-Prod", "2.0.0"), `differ in capitals or spaces alone: "rhel-prod" and "RHEL-Prod"`},
		"a space":                {target("a", generic, "p", ""), target("b", edge, "p ", ""), `"p" and "p "`},
	} {
		err := palette.CheckRequests([]palette.Request{c.a, c.b}, palette.Goal{})
		if c.want == "" && err != nil || c.want != "" && (failure.Code(err) != failure.ExitUsage || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v", name, err)
		}
		b := c.b
		b.Target.Scope = palette.TenantScope()
		if err := palette.CheckRequests([]palette.Request{c.a, b}, palette.Goal{}); err != nil {
			t.Errorf("%s, in two scopes: got %v", name, err)
		}
	}
}

// A failure is told with the name of its pack, once.
func TestFailuresNameTheirPackOnce(t *testing.T) {
	requests := []palette.Request{
		request(t, "fresh", newAMI, func(t *palette.Target) { t.Create = true }),
		request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Provider = "gcp" }),
		request(t, "nope", newAMI),
		request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Type = "infra" }),
		request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Version = "1.2.0" }),
	}
	w := newWorld(t)
	for i, r := range requests {
		goal := palette.Goal{}
		if r.Target.Version != "" {
			goal.NewVersion = r.Target.Version
		}
		err := palette.Errors(w.client.PlanAll(t.Context(), []palette.Request{r}, goal, 1))
		if err == nil || strings.Count(err.Error(), "aws-east") != 1 {
			t.Errorf("%d: got %v", i, err)
		}
	}
}
