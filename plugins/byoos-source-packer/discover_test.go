package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	run1 = "aaaaaaaa-0000-0000-0000-000000000001"
	run2 = "bbbbbbbb-0000-0000-0000-000000000002"
)

func TestDiscoverGolden(t *testing.T) {
	cases := []struct {
		name, manifest string
		config         map[string]any
	}{
		{
			name: "kib-aws",
			manifest: manifestOf(run2,
				build("ubuntu-24.04", "amazon-ebs", "us-east-1:ami-0a1", run1, 1700000000, `{"kubernetes_version": "v1.33.0"}`),
				build("ubuntu-24.04", "amazon-ebs", "eu-west-1:ami-0b1,us-east-1:ami-0b2", run2, 1700009999, `{"kubernetes_version": "v1.34.3"}`)),
			config: map[string]any{"os": map[string]any{"name": "Ubuntu", "version": "2404"}, "architecture": "x86_64"},
		},
		{
			name: "kib-azure",
			manifest: manifestOf(run1, build("sig-ubuntu-2404-gen2", "azure-arm",
				"/subscriptions/S/resourceGroups/capi/providers/Microsoft.Compute/images/capi-1700000000", run1, 1700000000,
				`{"build_name": "ubuntu-2404-gen2", "kubernetes_semver": "v1.34.3", "os_name": "", "resource_group_name": "capi"}`)),
			config: map[string]any{"region": "westeurope"},
		},
		{
			name: "kib-ova",
			manifest: manifestOf(run1, build("vsphere-clone", "vsphere-clone", "rhel-9-kube-v1.34.3", run1, 1700000000,
				`{"distro_name": "rhel", "distro_version": "9", "distro_arch": "amd64", "os_name": "RHEL 9", "kubernetes_semver": "v1.34.3"}`)),
			config: map[string]any{"datacenter": "DC", "folder": "templates/rhel"},
		},
		{
			name: "own-keys",
			manifest: manifestOf(run1, build("golden", "googlecompute", "golden-7", run1, 1700000000,
				`{"my_os": "Red Hat Enterprise Linux 8", "cpu": "Arm64", "k8s": "v1.30.1+rke2r1", "rev": "7", "gcp": "acme-images", "team": "platform"}`)),
			config: map[string]any{"customData": map[string]any{
				"osName": "my_os", "architecture": "cpu", "kubernetesVersion": "k8s", "version": "rev", "project": "gcp",
			}},
		},
		{
			name: "unusable",
			manifest: manifestOf(run1,
				build("vol", "amazon-ebsvolume", "us-east-1:vol-0a1", run1, 1700000000, "null"),
				build("vm", "qemu", "VM", run1, 1700000000, "null"),
				build("gce", "googlecompute", "name", run1, 1700000000, "null"),
				build("vs", "vsphere-iso", "name", run1, 1700000000, "null")),
		},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) { checkGolden(t, tt.name, tt.manifest, tt.config) })
	}
}

// checkGolden compares what is found in a manifest with the golden file of that name.
func checkGolden(t *testing.T, name, manifest string, config map[string]any) {
	t.Helper()
	got := discoverIn(t, "packer-manifest.json", manifest, config).text(t)
	golden := filepath.Join("testdata", "golden", name+".json")
	if *update {
		write(t, golden, got)
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", golden, diff)
	}
}

// discoverIn is discover of one manifest, which file names, with more configuration.
func discoverIn(t *testing.T, file, manifest string, config map[string]any) *answer {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, file), manifest)
	all := map[string]any{"manifest": file}
	maps.Copy(all, config)
	return discover(t, dir, all, nil)
}

// twoRunsText is a manifest of two runs, the later of which made one of the builds again.
func twoRunsText() string {
	return manifestOf(run2,
		build("web", "amazon-ebs", "us-east-1:ami-0a1", run1, 1700000000, "null"),
		build("db", "amazon-ebs", "us-east-1:ami-0a2", run1, 1700000000, "null"),
		build("web", "amazon-ebs", "us-east-1:ami-0b1", run2, 1700009999, "null"))
}

// told is what is to be found in a manifest: ids, and what is said: says has a part of
// each line, or several of the only one.
type told struct {
	name, text string
	config     map[string]any
	want       []string
	says       []string
}

func checkTold(t *testing.T, tests []told) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := discoverIn(t, "m.json", tt.text, tt.config)
			if diff := cmp.Diff(tt.want, got.ids()); diff != "" {
				t.Errorf("ids (-want +got):\n%s", diff)
			}
			for _, part := range tt.says {
				if !strings.Contains(got.says(), part) {
					t.Errorf("diagnostics lack %q:\n%s", part, got.says())
				}
			}
			if n := len(got.Diagnostics); n != len(tt.says) && (n != 1 || tt.says == nil) {
				t.Errorf("%d diagnostics:\n%s", n, got.says())
			}
		})
	}
}

func TestRuns(t *testing.T) {
	text := twoRunsText()
	checkTold(t, []told{
		{
			name: "the last run only, and it says what that leaves out", text: text, want: []string{"us-east-1:ami-0b1"},
			says: []string{"info [] m.json: builds that the last run did not make are left out: db:  -> set runs: all"},
		},
		{
			name: "all", text: text, config: map[string]any{"runs": "all"},
			want: []string{"us-east-1:ami-0a1", "us-east-1:ami-0a2", "us-east-1:ami-0b1"},
		},
		{
			name: "one by its uuid", text: text, config: map[string]any{"runs": strings.ToUpper(run1)},
			want: []string{"us-east-1:ami-0a1", "us-east-1:ami-0a2"},
		},
		{
			name: "a uuid that is not there", text: text, config: map[string]any{"runs": "cccccccc-0000-0000-0000-000000000003"},
			says: []string{"error [runs] no manifest holds run cccccccc", run1 + ", " + run2 + " -> set runs to one of them"},
		},
		{
			name: "nothing is the last one", text: text, config: map[string]any{"runs": "", "names": []any{"web"}}, want: []string{"us-east-1:ami-0b1"},
		},
		{
			name: "a name of signs", text: strings.ReplaceAll(text, "web", "web[1]"), config: map[string]any{"names": []any{"web[1]"}}, want: []string{"us-east-1:ami-0b1"},
		},
		{
			name: "neither", text: text, config: map[string]any{"runs": "newest"},
			says: []string{`error [runs] "newest" is neither latest, all nor a packer_run_uuid`},
		},
		{
			name: "names", text: text, config: map[string]any{"runs": "all", "names": []any{"w*", "api"}},
			want: []string{"us-east-1:ami-0a1", "us-east-1:ami-0b1"}, says: []string{"warning [names[1]] no build is named api:  -> see the names with"},
		},
		{
			name: "a broken name pattern", text: text, config: map[string]any{"names": []any{"[w"}},
			says: []string{`error [names[0]] "[w" is not a pattern:  -> close the bracket`},
		},
	})
}

// TestWhatAManifestLacks: what is missing is told, and what to do.
func TestWhatAManifestLacks(t *testing.T) {
	text := twoRunsText()
	noTimes := manifestOf(run1,
		build("web", "amazon-ebs", "us-east-1:ami-0a1", run1, 0, "null"),
		build("web", "amazon-ebs", "us-east-1:ami-0a2", run1, 0, "null"))
	checkTold(t, []told{
		{
			name: "no last run", text: strings.Replace(text, `"last_run_uuid"`, `"x"`, 1), want: []string{"us-east-1:ami-0b1"},
			says: []string{"info [] m.json: the manifest does not name its last run", "left out: db"},
		},
		{
			name: "a last run without builds", text: strings.Replace(text, `"last_run_uuid": "b`, `"last_run_uuid": "c`, 1),
			says: []string{`warning [] m.json: the manifest has no build of its last run: last_run_uuid is "c` + run2[1:] + `"; the latest runs with builds are ` + run1 + ", " + run2},
		},
		{name: "no builds", text: manifestOf("", ""), says: []string{"warning [] m.json: the manifest has no builds"}},
		{name: "no builds of all", text: manifestOf("", ""), config: map[string]any{"runs": "all"}, says: []string{"the manifest has no builds"}},
		{
			name: "one time is no order", text: manifestOf(run1, build("web", "amazon-ebs", "us-east-1:ami-0a1,eu-west-1:ami-0a2", run1, 0, "null")),
			want: []string{"us-east-1:ami-0a1", "eu-west-1:ami-0a2"},
		},
		{
			name: "several places", text: strings.ReplaceAll(noTimes, `"us-`, `"eu-west-1:ami-0b,us-`), says: []string{"does not say which image is the newest"},
			want: []string{"us-east-1:ami-0a1", "eu-west-1:ami-0b", "us-east-1:ami-0a2"},
		},
		{
			name: "what is no image", text: manifestOf(run1, build("a", "file", "File", run1, 0, "null"), build("b", "file", "File", run1, 0, "null")),
			want: []string{":File", ":File"},
		},
		{
			name: "a gallery", text: manifestOf(run1, build("a", "azure-arm", managedImage+","+managedImage+"2", run1, 1700000000, "null")),
			want: []string{":" + managedImage, ":" + managedImage + "2"},
			says: []string{"info [] m.json: managed images of Azure: a: when azure-arm", "drop managed_image_name from the template"},
		},
		{
			name: "strip_time", text: noTimes, want: []string{"us-east-1:ami-0a1", "us-east-1:ami-0a2"},
			says: []string{"does not say which image is the newest", "unset strip_time"},
		},
		{
			name: "a key that no build has", text: text, config: map[string]any{"customData": map[string]any{"osName": "my_os"}},
			want: []string{"us-east-1:ami-0b1"}, says: []string{`warning [customData.osName] no build has a value for "my_os"`, "or correct the key"},
		},
	})
}

const (
	managedImage   = "/subscriptions/S/resourceGroups/capi/providers/Microsoft.Compute/images/golden"
	galleryVersion = "/subscriptions/S/resourceGroups/capi/providers/Microsoft.Compute/galleries/g/images/d/versions/1.0.0"
)

// TestNameUsedAgain: a template or managed image that a later build made again has nothing
// of the earlier one, whatever times say.
func TestNameUsedAgain(t *testing.T) {
	rhel, ubuntu := `{"distro_name": "rhel", "distro_version": "8", "loc": "westus"}`, `{"distro_name": "Ubuntu 24.04", "loc": "eastus"}`
	for name, tt := range map[string]struct {
		builder, id, again string
		first, second      int
		custom, runs, want string
		withheld           bool
	}{
		"vSphere":             {"vsphere-iso", "golden", "golden", 1700000000, 1700009999, ubuntu, "all", "ubuntu 24.04", false},
		"without custom_data": {"vsphere-iso", "golden", "golden", 1700000000, 1700009999, "null", "all", " ", false},
		"without times":       {"vsphere-iso", "golden", "golden", 0, 0, "null", "all", " ", false},
		"Azure":               {"azure-arm", managedImage, strings.ToUpper(managedImage), 1700000000, 1700009999, ubuntu, "all", "ubuntu 24.04", false},
		"in no region":        {"azure-arm", managedImage, managedImage, 0, 0, "{}", "all", " ", false},
		"a gallery version":   {"azure-arm", galleryVersion, strings.Replace(galleryVersion, "/versions/", "/imageVersions/", 1), 0, 0, ubuntu, "all", "ubuntu 24.04", false},
		"OpenStack":           {"openstack", run1, run1, 0, 0, ubuntu, "all", "ubuntu 24.04", false},
		"the last run":        {"azure-arm", managedImage, managedImage, 1700000000, 1700009999, "null", "latest", " ", false},
		"the earlier run":     {"azure-arm", managedImage, managedImage, 1700000000, 1700009999, "null", run1, "rhel 8", true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "m.json"), manifestOf(run2,
				build("a", tt.builder, tt.id, run1, tt.first, rhel), build("b", tt.builder, tt.again, run2, tt.second, tt.custom)))
			got := discover(t, dir, map[string]any{"manifest": "m.json", "runs": tt.runs, "datacenter": "DC", "folder": "/", "customData": map[string]any{"region": "loc"}}, nil)
			if len(got.Images) != 1 {
				t.Fatalf("%v", got.ids())
			}
			img := got.Images[0]
			if os := img.GetOs().GetName() + " " + img.GetOs().GetVersion(); os != tt.want || (img.GetWithheld() != "") != tt.withheld {
				t.Errorf("%q, withheld %q", os, img.GetWithheld())
			}
		})
	}
}

// TestNumberUsedElsewhere: a number of Proxmox and an AMI's id are told apart by their place.
func TestNumberUsedElsewhere(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "m.json"), manifestOf(run2,
		build("a", "proxmox-iso", "100", run1, 0, `{"loc": "here"}`), build("b", "proxmox-iso", "100", run2, 0, `{"loc": "there"}`),
		build("c", "proxmox-iso", "100", run2, 0, `{"loc": "there"}`),
		build("d", "amazon-ebs", "us-east-1:ami-0a1", run1, 0, "null"), build("e", "amazon-ebs", "eu-west-1:ami-0a1", run2, 0, "null")))
	got := discover(t, dir, map[string]any{"manifest": "m.json", "runs": "all", "customData": map[string]any{"region": "loc"}}, nil)
	if diff := cmp.Diff([]string{"here:100", "there:100", "us-east-1:ami-0a1", "eu-west-1:ami-0a1"}, got.ids()); diff != "" {
		t.Error(diff)
	}
}

// TestNameUsedAgainInOneRun: the image is that of the run, of its later build.
func TestNameUsedAgainInOneRun(t *testing.T) {
	dir := t.TempDir()
	first, second := build("a", "azure-arm", managedImage, run1, 0, "null"), build("b", "azure-arm", managedImage, run1, 0, "null")
	for name, builds := range map[string][]string{
		"": {first, second}, "a later build made the image again": {first, second, build("c", "azure-arm", managedImage, run2, 0, "null")},
	} {
		write(t, filepath.Join(dir, "m.json"), manifestOf(run1, builds...))
		got := discover(t, dir, map[string]any{"manifest": "m.json", "runs": run1}, nil)
		if len(got.Images) != 1 || got.Images[0].GetName() != "b" || !strings.HasPrefix(got.Images[0].GetWithheld(), name) || (name == "") != (got.Images[0].GetWithheld() == "") {
			t.Errorf("%q: %v", name, got.Images)
		}
	}
}

// TestDefaults: the configuration says what a build does not.
func TestDefaults(t *testing.T) {
	img := discoverIn(t, "m.json", manifestOf(run1, build("a", "googlecompute", "golden", run1, 1700000000, "null")), map[string]any{
		"project": "acme", "kubernetesVersion": "v1.30.1", "architecture": "aarch64",
	}).Images[0]
	if img.GetId() != "projects/acme/global/images/golden" || img.GetKubernetesVersion() != "1.30.1" || img.GetArchitecture() != "arm64" {
		t.Errorf("got %v", img)
	}
}

// TestDefaultSystem: the version of a default belongs to its name.
func TestDefaultSystem(t *testing.T) {
	for name, tt := range map[string]struct {
		custom, osName, osVersion, want, told string
	}{
		"of another system":     {`{"distro_name": "ubuntu"}`, "rhel", "8", "ubuntu ", "config os.name says rhel, config os.version says 8, custom_data distro_name says ubuntu"},
		"of the same":           {`{"distro_name": "RHEL"}`, "rhel", "8", "rhel 8", ""},
		"of no system":          {`{"distro_name": "ubuntu"}`, "", "8", "ubuntu ", "config os.version says 8 without a name"},
		"that is not needed":    {`{"distro_name": "Ubuntu 24.04"}`, "rhel", "8", "ubuntu 24.04", ""},
		"text":                  {`{}`, "Red Hat Enterprise Linux 8", "", "rhel 8", ""},
		"no name for a version": {`{"distribution_version": "2404"}`, "ubuntu", "", "ubuntu ", "custom_data distribution_version says 2404 without a name, config os.name says ubuntu, and its version is not known"},
		"but the same version":  {`{"distribution_version": "2404"}`, "ubuntu", "24.04", "ubuntu 24.04", ""},
		"not for another":       {`{"distribution_version": "24.04"}`, "rhel", "8", "rhel ", "custom_data distribution_version says 24.04 without a name"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "m.json"), manifestOf(run1, build("a", "amazon-ebs", "us-east-1:ami-0a1", run1, 1700000000, tt.custom)))
			got := discover(t, dir, map[string]any{"manifest": "m.json", "os": map[string]any{"name": tt.osName, "version": tt.osVersion}}, nil)
			img := got.Images[0]
			if os := img.GetOs().GetName() + " " + img.GetOs().GetVersion(); os != tt.want || (tt.told == "") != (got.says() == "") || !strings.Contains(got.says(), tt.told) {
				t.Errorf("%q, says %s", os, got.says())
			}
		})
	}
}

// TestLeftOut: HCL writes one name for every builder and region.
func TestLeftOut(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "m.json"), manifestOf(run2,
		build("golden", "azure-arm", managedImage, run1, 1700000000, "null"),
		build("golden", "amazon-ebs", "eu-west-1:ami-0a1,us-east-1:ami-0a2", run1, 1700000000, "null"),
		build("db", "amazon-ebs", "us-east-1:ami-0a2,eu-west-1:ami-0a3", run1, 1700000000, "null"),
		build("golden", "amazon-ebs", "us-east-1:ami-0a3", run2, 1700009999, "null")))
	got := discover(t, dir, map[string]any{"manifest": "m.json"}, nil).says()
	if want := "left out: db, golden (amazon-ebs in eu-west-1), golden (azure-arm): "; !strings.Contains(got, want) {
		t.Errorf("says %s", got)
	}
}
