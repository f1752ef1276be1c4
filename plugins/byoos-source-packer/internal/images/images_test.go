package images_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/images"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/manifest"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

const run = "aaaaaaaa-0000-0000-0000-000000000001"

// said is what an image tells, with where each fact is from.
func said(img sdk.Image) string {
	parts := []string{img.Provider, img.ID, img.Region, img.Architecture, img.OSName, img.OSVersion, img.KubernetesVersion, img.Version}
	for i, field := range []string{"", "id", "region", "architecture", "os.name", "os.version", "kubernetesVersion", "version"} {
		p, known := img.Provenance[field]
		if !known {
			continue
		}
		parts[i] += " <" + p.From
		if p.Key != "" {
			parts[i] += "." + p.Key
		}
		if p.Raw != "" {
			parts[i] += "=" + p.Raw
		}
		parts[i] += ">"
	}
	return strings.Join(parts, "|")
}

// factsTest is a build, and what is said of its images.
type factsTest struct {
	name, builder, id string
	keys              images.Keys
	defaults          images.Defaults
	want              []string
}

func factsTests() []factsTest {
	const managed = "/subscriptions/S/resourceGroups/R/providers/Microsoft.Compute/images/n"
	return []factsTest{
		{
			"an AMI for each region, facts of Kubernetes Image Builder", "amazon-ebs", "eu-west-1:ami-0a1,us-east-1:ami-0b2",
			images.Keys{}, images.Defaults{Architecture: "aarch64", KubernetesVersion: "1.30.0"},
			[]string{
				"aws|ami-0a1 <artifact_id=eu-west-1:ami-0a1,us-east-1:ami-0b2>|eu-west-1 <artifact_id>|arm64 <config.architecture=aarch64>|" +
					"||1.34.3 <custom_data.kubernetes_version=v1.34.3>|",
				"aws|ami-0b2 <artifact_id=eu-west-1:ami-0a1,us-east-1:ami-0b2>|us-east-1 <artifact_id>|arm64 <config.architecture=aarch64>|" +
					"||1.34.3 <custom_data.kubernetes_version=v1.34.3>|",
			},
		},
		{
			"keys of the user come before those that are known, and before the configuration", "azure-arm", managed,
			images.Keys{Architecture: "cpu", KubernetesVersion: "k8s", Version: "rev", Region: "where", OSName: "my_os", OSVersion: "my_version"},
			images.Defaults{Region: "northeurope", Architecture: "arm64", KubernetesVersion: "1.30.0"},
			[]string{"azure|" + managed + " <artifact_id>|westeurope <custom_data.where>|amd64 <custom_data.cpu=x86_64>|ubuntu <custom_data.my_os=Ubuntu>|" +
				"24.04 <custom_data.my_version>|1.33.1 <custom_data.k8s>|7 <custom_data.rev>"},
		},
		{
			"the configuration where the build says nothing", "azure-arm", managed,
			images.Keys{Architecture: "no-such-key"}, images.Defaults{Region: "northeurope", Architecture: "amd64", OSName: "RHEL", OSVersion: "9.4"},
			[]string{"azure|" + managed + " <artifact_id>|northeurope <config.region>|amd64 <config.architecture>|rhel <config.os.name=RHEL>|" +
				"9.4 <config.os.version>|1.34.3 <custom_data.kubernetes_version=v1.34.3>|"},
		},
		{
			"the region of a template is its datacenter", "vsphere-iso", "golden", images.Keys{Datacenter: "dc"}, images.Defaults{Datacenter: "DC1", Folder: "f"},
			[]string{"vsphere|/DC2/vm/f/golden <artifact_id=golden>|DC2 <custom_data.dc>||||1.34.3 <custom_data.kubernetes_version=v1.34.3>|"},
		},
		{
			"and stands in an inventory path", "vsphere-iso", "/DC3/vm/f/golden", images.Keys{Datacenter: "dc"}, images.Defaults{Datacenter: "DC1", Folder: "f"},
			[]string{"vsphere|/DC3/vm/f/golden <artifact_id>|DC3 <artifact_id>||||1.34.3 <custom_data.kubernetes_version=v1.34.3>|"},
		},
		{
			"a project of the configuration", "googlecompute", "golden", images.Keys{}, images.Defaults{Project: "acme"},
			[]string{"gcp|projects/acme/global/images/golden <artifact_id=golden>|global <artifact_id>||||1.34.3 <custom_data.kubernetes_version=v1.34.3>|"},
		},
		{
			"where a build lacks the key", "vsphere-iso", "golden", images.Keys{Datacenter: "no-such-key"}, images.Defaults{Datacenter: "DC1", Folder: "/"},
			[]string{"vsphere|/DC1/vm/golden <artifact_id=golden>|DC1 <config.datacenter>||||1.34.3 <custom_data.kubernetes_version=v1.34.3>|"},
		},
		{
			"and may be the configuration's", "vsphere-iso", "golden", images.Keys{}, images.Defaults{Datacenter: "DC1", Folder: "/"},
			[]string{"vsphere|/DC1/vm/golden <artifact_id=golden>|DC1 <config.datacenter>||||1.34.3 <custom_data.kubernetes_version=v1.34.3>|"},
		},
	}
}

func TestFromBuild(t *testing.T) {
	custom := map[string]string{
		"my_os": "Ubuntu", "my_version": "24.04", "kubernetes_version": "v1.34.3",
		"": "of no key", "cpu": "x86_64", "k8s": "1.33.1", "rev": "7", "where": "westeurope", "dc": "DC2",
	}
	for _, tt := range factsTests() {
		t.Run(tt.name, func(t *testing.T) {
			build := manifest.Build{Name: "b", BuilderType: tt.builder, ArtifactID: tt.id, RunUUID: run, CustomData: custom}
			var got []string
			for _, img := range images.FromBuild(build, tt.keys, tt.defaults) {
				got = append(got, said(img))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestRecord: an image is a record of its build, and no map of it is another image's.
func TestRecord(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	custom := map[string]string{"team": "platform"}
	all := images.FromBuild(manifest.Build{
		Name: "b", BuilderType: "amazon-ebs", ArtifactID: "eu-west-1:ami-0a1,us-east-1:vol-0b2", RunUUID: run, BuildTime: at, CustomData: custom,
	}, images.Keys{}, images.Defaults{})
	ami, volume := all[0], all[1]
	if ami.State != sdk.Available || volume.State != sdk.Unusable || !strings.Contains(volume.StateReason, "volume") {
		t.Errorf("states %v (%s), %v (%s)", ami.State, ami.StateReason, volume.State, volume.StateReason)
	}
	if ami.Evidence != sdk.Recorded || !ami.CreatedAt.Equal(at) || !ami.ObservedAt.Equal(at) || ami.Owner != "self" || ami.Name != "b" {
		t.Errorf("got %+v", ami)
	}
	if diff := cmp.Diff(&sdk.Reference{Kind: images.ReferenceKind, Value: run}, ami.Reference); diff != "" {
		t.Error(diff)
	}
	want := map[string]string{images.AttributeBuilderType: "amazon-ebs", images.AttributeRunUUID: run, images.AttributeBuildName: "b"}
	if diff := cmp.Diff(want, ami.Attributes); diff != "" {
		t.Error(diff)
	}
	ami.Tags["team"], ami.Attributes[images.AttributeBuildName], ami.Provenance["id"] = "x", "x", sdk.Provenance{From: "x"}
	if custom["team"] != "platform" || volume.Tags["team"] != "platform" || volume.Attributes[images.AttributeBuildName] != "b" || volume.Provenance["id"].From == "x" {
		t.Errorf("images share a map: %v", volume)
	}
}

// TestSystem: the configuration counts where the build does not say all, and contradicts
// nothing that it need not say.
func TestSystem(t *testing.T) {
	for custom, want := range map[string]string{
		"distro_name=Ubuntu 24.04":  "ubuntu 24.04 false",
		"distro_name=rhel":          "rhel 8 false",
		"distro_name=ubuntu":        "ubuntu  true",
		"distribution_version=2404": "rhel  true",
		"team=a":                    "rhel 8 false",
	} {
		key, value, _ := strings.Cut(custom, "=")
		build := manifest.Build{BuilderType: "amazon-ebs", ArtifactID: "us-east-1:ami-0a1", CustomData: map[string]string{key: value}}
		img := images.FromBuild(build, images.Keys{}, images.Defaults{OSName: "RHEL", OSVersion: "8"})[0]
		if got := fmt.Sprint(img.OSName, " ", img.OSVersion, " ", len(img.Contradictions) > 0); got != want {
			t.Errorf("%s: got %s, want %s", custom, got, want)
		}
	}
}

func TestKindsOfAzure(t *testing.T) {
	const group = "/subscriptions/S/resourceGroups/R/providers/Microsoft.Compute"
	all := images.FromBuild(manifest.Build{
		BuilderType: "azure-arm", ArtifactID: group + "/images/n," + group + "/galleries/g/images/d/versions/1.0.0",
	}, images.Keys{}, images.Defaults{})
	var got []string
	for _, img := range all {
		got = append(got, fmt.Sprint(img.Attributes[images.AttributeAzureKind], " ", img.SpansRegions, " ", img.Version, " ", img.Provenance["version"].From, " ", img.Reference))
	}
	if diff := cmp.Diff([]string{"managedImage false   <nil>", "galleryImageVersion true 1.0.0 artifact_id <nil>"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestMapped(t *testing.T) {
	keys := images.Keys{
		OSName: "a", OSVersion: "b", Architecture: "c", KubernetesVersion: "d", Version: "e", Region: "f", Project: "g", Datacenter: "h", Folder: "i",
	}
	want := map[string]string{
		"osName": "a", "osVersion": "b", "architecture": "c", "kubernetesVersion": "d", "version": "e", "region": "f", "project": "g", "datacenter": "h", "folder": "i",
	}
	if diff := cmp.Diff(want, keys.Mapped()); diff != "" {
		t.Error(diff)
	}
	if got := (images.Keys{Region: "r"}).Mapped(); len(got) != 1 || got["region"] != "r" {
		t.Errorf("got %v", got)
	}
}
