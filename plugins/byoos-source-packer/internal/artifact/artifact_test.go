package artifact

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const (
	rg        = "/subscriptions/0000-11/resourceGroups/Images/providers/Microsoft.Compute"
	managed   = rg + "/images/rhel-8-1700000000"
	version   = rg + "/galleries/capi/images/capi-ubuntu-2404-gen2/versions/0.3.1700000000"
	imageUUID = "6a4b1e33-7b7b-4a3e-9c7e-1d5b6a1f0c11"
	ashburn   = "ocid1.image.oc1.iad.aaaaaaaa7hxc"
)

// parseTest is a builder's artifact_id. problem is a part of Problem; where it is empty
// there must be none.
type parseTest struct {
	builder, id string
	place       Place
	want        []Artifact
	problem     string
}

func testParse(t *testing.T, tests []parseTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.builder+" "+tt.id, func(t *testing.T) {
			got := Parse(tt.builder, tt.id, tt.place)
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(Artifact{}, "Problem")); diff != "" {
				t.Errorf("Parse (-want +got):\n%s", diff)
			}
			for _, a := range got {
				if (a.Problem == "") != (tt.problem == "") || !strings.Contains(a.Problem, tt.problem) {
					t.Errorf("problem %q, want %q", a.Problem, tt.problem)
				}
			}
		})
	}
}

func TestParseAmazon(t *testing.T) {
	testParse(t, []parseTest{
		{builder: "amazon-ebs", id: "us-east-1:ami-0f4804aff4cf9c5a2",
			want: []Artifact{{ID: "ami-0f4804aff4cf9c5a2", Provider: AWS, Region: "us-east-1"}}},
		{builder: "amazon-ebs", id: "eu-west-1:ami-0a1,us-east-1:ami-0b2",
			want: []Artifact{{ID: "ami-0a1", Provider: AWS, Region: "eu-west-1"}, {ID: "ami-0b2", Provider: AWS, Region: "us-east-1"}}},
		{builder: "amazon.ebs", id: "us-gov-west-1:ami-0a1", want: []Artifact{{ID: "ami-0a1", Provider: AWS, Region: "us-gov-west-1"}}},
		{builder: "amazon-ebssurrogate", id: "cn-north-1:ami-0a1", want: []Artifact{{ID: "ami-0a1", Provider: AWS, Region: "cn-north-1"}}},
		{builder: "amazon-chroot", id: "ap-southeast-2:ami-0a1", want: []Artifact{{ID: "ami-0a1", Provider: AWS, Region: "ap-southeast-2"}}},
		{builder: "amazon-instance", id: "us-east-1:ami-0a1,us-east-1:ami-0a1", want: []Artifact{{ID: "ami-0a1", Provider: AWS, Region: "us-east-1"}}},
		{builder: "amazon-ebsvolume", id: "us-east-1:vol-0a1", problem: "is a volume, not an image",
			want: []Artifact{{ID: "vol-0a1", Provider: AWS, Region: "us-east-1"}}},
		{builder: "amazon-ebsvolume", id: "us-east-1:vol-0a1,us-east-1:snap-0a2", problem: "not an image",
			want: []Artifact{{ID: "vol-0a1", Provider: AWS, Region: "us-east-1"}, {ID: "snap-0a2", Provider: AWS, Region: "us-east-1"}}},
		{builder: "amazon-ebs", id: "us-east-1:ami-XYZ", problem: "is not an AMI id",
			want: []Artifact{{ID: "ami-XYZ", Provider: AWS, Region: "us-east-1"}}},
		{builder: "amazon-ebs", id: "https://me:word@example.com/x", problem: "is not an AMI id",
			want: []Artifact{{ID: "https://me:word@example.com/x", Provider: AWS}}},
		{builder: "amazon-ebs", id: "ami-0a1", want: []Artifact{{ID: "ami-0a1", Provider: AWS}}},
		{builder: "vmware-iso", id: "us-east-1:ami-0a1", // through the amazon-import post-processor
			want: []Artifact{{ID: "ami-0a1", Provider: AWS, Region: "us-east-1"}}},
		{builder: "acme-ami", id: "us-east-1:ami-0a1", want: []Artifact{{ID: "ami-0a1", Provider: AWS, Region: "us-east-1"}}},
		{builder: "acme-ami", id: "ami-0a1", want: []Artifact{{ID: "ami-0a1", Provider: AWS}}},
		{builder: "osc-bsu", id: "eu-west-2:ami-0a1", want: []Artifact{{ID: "ami-0a1", Provider: Outscale, Region: "eu-west-2"}}},
		{builder: "osc-bsu", id: "cloudgouv-eu-west-1:ami-0a1", want: []Artifact{{ID: "ami-0a1", Provider: Outscale, Region: "cloudgouv-eu-west-1"}}},
		{builder: "amazon-ebs", id: "eusc-de-east-1:ami-0a1", want: []Artifact{{ID: "ami-0a1", Provider: AWS, Region: "eusc-de-east-1"}}},
		{builder: "amazon-ebs", id: "us-east-1:ami-0a1z", problem: "is not an AMI id", want: []Artifact{{ID: "ami-0a1z", Provider: AWS, Region: "us-east-1"}}},
		{builder: "outscale.bsu", id: "eu-west-2:ami-0a1,us-east-2:ami-0a2", want: []Artifact{
			{ID: "ami-0a1", Provider: Outscale, Region: "eu-west-2"}, {ID: "ami-0a2", Provider: Outscale, Region: "us-east-2"}}},
		{builder: "amazon-ebs", id: " , ", problem: "is not an AMI id", want: []Artifact{{ID: "(empty)", Provider: AWS}}},
	})
}

func TestParseAzure(t *testing.T) {
	testParse(t, []parseTest{
		{builder: "azure-arm", id: managed, want: []Artifact{{ID: managed, Provider: Azure, Kind: ManagedImage}}},
		{builder: "azure-arm", id: strings.ToUpper(managed), want: []Artifact{{ID: strings.ToUpper(managed), Provider: Azure, Kind: ManagedImage}}},
		{builder: "azure-arm", id: version,
			want: []Artifact{{ID: version, Provider: Azure, Kind: GalleryImageVersion, Version: "0.3.1700000000"}}},
		{builder: "azure-arm", id: strings.Replace(version, "/versions/", "/imageVersions/", 1),
			want: []Artifact{{ID: version, Provider: Azure, Kind: GalleryImageVersion, Version: "0.3.1700000000"}}},
		{builder: "azure-arm", id: "/sharedGalleries/g-1/images/d/versions/1.2.3",
			want: []Artifact{{ID: "/sharedGalleries/g-1/images/d/versions/1.2.3", Provider: Azure, Kind: GalleryImageVersion, Version: "1.2.3"}}},
		{builder: "azure-arm", id: "/communityGalleries/g-1/images/d/imageVersions/1.2.3",
			want: []Artifact{{ID: "/communityGalleries/g-1/images/d/versions/1.2.3", Provider: Azure, Kind: GalleryImageVersion, Version: "1.2.3"}}},
		{builder: "azure-arm", id: rg + "/galleries/capi/images/def", problem: "definition is not an image",
			want: []Artifact{{ID: rg + "/galleries/capi/images/def", Provider: Azure}}},
		{builder: "azure-arm", id: strings.ToUpper(rg + "/galleries/capi/images/def"), problem: "definition is not an image",
			want: []Artifact{{ID: strings.ToUpper(rg + "/galleries/capi/images/def"), Provider: Azure}}},
		{builder: "azure-arm", id: rg + "/galleries/g/images/d/versions/1.2", problem: "neither", want: []Artifact{{ID: rg + "/galleries/g/images/d/versions/1.2", Provider: Azure}}},
		{builder: "azure-arm", id: "HTTP://acct.BLOB.core.windows.net/x.vhd", problem: "VHD in a storage account", want: []Artifact{{ID: "HTTP://acct.BLOB.core.windows.net/x.vhd", Provider: Azure}}},
		{builder: "azure-arm", id: rg + "/disks/d", problem: "OS disk is not an image", want: []Artifact{{ID: rg + "/disks/d", Provider: Azure}}},
		{builder: "azure-arm", id: rg + "/snapshots/s", problem: "a snapshot is not", want: []Artifact{{ID: rg + "/snapshots/s", Provider: Azure}}},
		{builder: "azure-arm", id: rg + "/virtualMachines/s", problem: "neither a managed image", want: []Artifact{{ID: rg + "/virtualMachines/s", Provider: Azure}}},
		{builder: "azure-arm", id: "https://acct.blob.core.windows.net/system/x.vhd", problem: "VHD in a storage account is not an image",
			want: []Artifact{{ID: "https://acct.blob.core.windows.net/system/x.vhd", Provider: Azure}}},
		{builder: "azure-arm", id: "UNKNOWN ID", problem: "recorded no id", want: []Artifact{{ID: "UNKNOWN ID", Provider: Azure}}},
		{builder: "azure-arm", id: "some-name", problem: "is not an Azure resource id", want: []Artifact{{ID: "some-name", Provider: Azure}}},
		{builder: "azure-chroot", id: strings.ToLower(managed) + "," + strings.ToLower(version), want: []Artifact{
			{ID: strings.ToLower(managed), Provider: Azure, Kind: ManagedImage},
			{ID: strings.ToLower(version), Provider: Azure, Kind: GalleryImageVersion, Version: "0.3.1700000000"}}},
		{builder: "azure-dtl", id: managed, want: []Artifact{{ID: managed, Provider: Azure, Kind: ManagedImage}}},
		{builder: "custom", id: managed, want: []Artifact{{ID: managed, Provider: Azure, Kind: ManagedImage}}},
		{builder: "azure-arm", id: rg + "/images/..", problem: "neither", want: []Artifact{{ID: rg + "/images/..", Provider: Azure}}},
		{builder: "azure-arm", id: rg + "/images/a b", problem: "neither", want: []Artifact{{ID: rg + "/images/a b", Provider: Azure}}},
		{builder: "azure-arm", id: rg + "/images/{{user `n`}}", problem: "neither", want: []Artifact{{ID: rg + "/images/{{user `n`}}", Provider: Azure}}},
		{builder: "azure-arm", id: rg + "/images/rhel?x=1", problem: "neither", want: []Artifact{{ID: rg + "/images/rhel?x=1", Provider: Azure}}},
		{builder: "azure-arm", id: rg + "/galleries/g/images/d/versions/latest", problem: "neither", want: []Artifact{{ID: rg + "/galleries/g/images/d/versions/latest", Provider: Azure}}},
		{builder: "azure-arm", id: strings.Replace(managed, "Images/", "../", 1), problem: "neither", want: []Artifact{{ID: strings.Replace(managed, "Images/", "../", 1), Provider: Azure}}},
		{builder: "azure-arm", id: rg + "/images/a\nb", problem: "control characters", want: []Artifact{{ID: rg + "/images/a\nb"}}},
	})
}

func TestParseGoogle(t *testing.T) {
	place := Place{Project: "my-project", Datacenter: "DC", Folder: "images/rhel"}
	testParse(t, []parseTest{
		{builder: "googlecompute", id: "rhel-8-v1", problem: "set project", want: []Artifact{{ID: "rhel-8-v1", Provider: GCP}}},
		{builder: "googlecompute", id: "rhel-8-v1", place: place,
			want: []Artifact{{ID: "projects/my-project/global/images/rhel-8-v1", Provider: GCP, Region: "global"}}},
		{builder: "googlecompute", id: "https://www.googleapis.com/compute/v1/projects/p/global/images/i",
			want: []Artifact{{ID: "projects/p/global/images/i", Provider: GCP, Region: "global"}}},
		{builder: "googlecompute", id: "a" + strings.Repeat("b", 62), place: place,
			want: []Artifact{{ID: "projects/my-project/global/images/a" + strings.Repeat("b", 62), Provider: GCP, Region: "global"}}},
		{builder: "googlecompute", id: "a" + strings.Repeat("b", 63), place: place, problem: "is not the name", want: []Artifact{{ID: "a" + strings.Repeat("b", 63), Provider: GCP}}},
		{builder: "googlecompute", id: "projects/p/global/images/a/b", problem: `"projects/p/global/images/a/b" is not the name`, want: []Artifact{{ID: "projects/p/global/images/a/b", Provider: GCP}}},
		{builder: "googlecompute", id: "Not A Name", place: place, problem: "is not the name of a Google Cloud image",
			want: []Artifact{{ID: "Not A Name", Provider: GCP}}},
		{builder: "googlecompute", id: "projects/../global/images/i", problem: "not the id of a Google Cloud project", want: []Artifact{{ID: "i", Provider: GCP}}},
		{builder: "googlecompute", id: "projects/p/global/images/a b", problem: "not the name", want: []Artifact{{ID: "a b", Provider: GCP}}},
		{builder: "googlecompute", id: "rhel-8", place: Place{Project: "${var.p}"}, problem: "not the id of a Google Cloud project", want: []Artifact{{ID: "rhel-8", Provider: GCP}}},
		{builder: "googlecompute", id: "rhel-8", place: Place{Project: "example.com:p"}, want: []Artifact{{ID: "projects/example.com:p/global/images/rhel-8", Provider: GCP, Region: "global"}}},
	})
}

func TestParseVSphere(t *testing.T) {
	place := Place{Project: "my-project", Datacenter: "DC", Folder: "images/rhel"}
	testParse(t, []parseTest{
		{builder: "vsphere-iso", id: "rhel-8", problem: "set datacenter and folder", want: []Artifact{{ID: "rhel-8", Provider: VSphere}}},
		{builder: "vsphere-clone", id: "rhel-8", place: Place{Datacenter: "DC"}, problem: "set folder",
			want: []Artifact{{ID: "rhel-8", Provider: VSphere}}},
		{builder: "vsphere-iso", id: "rhel-8", place: place, want: []Artifact{{ID: "/DC/vm/images/rhel/rhel-8", Provider: VSphere, Region: "DC"}}},
		{builder: "vsphere-iso", id: "rhel-8", place: Place{Datacenter: "/DC/", Folder: "/"},
			want: []Artifact{{ID: "/DC/vm/rhel-8", Provider: VSphere, Region: "DC"}}},
		{builder: "vsphere-iso", id: "rhel-8", place: Place{Datacenter: "DC", Folder: "/DC/vm/images"},
			want: []Artifact{{ID: "/DC/vm/images/rhel-8", Provider: VSphere, Region: "DC"}}},
		{builder: "vsphere-iso", id: "rhel-8", place: Place{Datacenter: "DC", Folder: "/DC/vmimages"},
			want: []Artifact{{ID: "/DC/vm/DC/vmimages/rhel-8", Provider: VSphere, Region: "DC"}}},
		{builder: "vsphere-iso", id: "/DC1/vm/a/rhel-8", place: place, want: []Artifact{{ID: "/DC1/vm/a/rhel-8", Provider: VSphere, Region: "DC1"}}},
		{builder: "vsphere-iso", id: "/DC1/vm/rhel-8", place: place, want: []Artifact{{ID: "/DC1/vm/rhel-8", Provider: VSphere, Region: "DC1"}}},
		{builder: "vsphere-iso", id: "/DC1/vm", place: place, problem: "neither a VM's name", want: []Artifact{{ID: "/DC1/vm", Provider: VSphere}}},
		{builder: "vsphere-iso", id: "a/DC1/vm/b", place: place, problem: "neither a VM's name", want: []Artifact{{ID: "a/DC1/vm/b", Provider: VSphere}}},
		{builder: "vsphere-iso", id: "/DC1/host/b", place: place, problem: "neither a VM's name", want: []Artifact{{ID: "/DC1/host/b", Provider: VSphere}}},
		{builder: "vsphere-iso", id: "a/b", place: place, problem: "neither a VM's name", want: []Artifact{{ID: "a/b", Provider: VSphere}}},
		{builder: "vmware-iso", id: "store1::images/rhel::rhel-8", place: place,
			want: []Artifact{{ID: "/DC/vm/images/rhel/rhel-8", Provider: VSphere, Region: "DC"}}},
		{builder: "vmware-iso", id: "store1::::rhel-8", place: place, want: []Artifact{{ID: "/DC/vm/rhel-8", Provider: VSphere, Region: "DC"}}},
		{builder: "vmware-iso", id: "store1::f::rhel-8", problem: "set datacenter", want: []Artifact{{ID: "store1::f::rhel-8", Provider: VSphere}}},
		{builder: "vmware-iso", id: "store1::f::", place: place, problem: "names no VM", want: []Artifact{{ID: "store1::f::", Provider: VSphere}}},
		{builder: "vsphere-iso", id: "prod::rhel::8", place: place, want: []Artifact{{ID: "/DC/vm/images/rhel/prod::rhel::8", Provider: VSphere, Region: "DC"}}},
		{builder: "vsphere-clone", id: "a::b", place: place, want: []Artifact{{ID: "/DC/vm/images/rhel/a::b", Provider: VSphere, Region: "DC"}}},
		{builder: "vmware-iso", id: "store1::f::a::b", place: place, want: []Artifact{{ID: "/DC/vm/f/a::b", Provider: VSphere, Region: "DC"}}},
		{builder: "vsphere-iso", id: "RHEL 8 golden", place: place, want: []Artifact{{ID: "/DC/vm/images/rhel/RHEL 8 golden", Provider: VSphere, Region: "DC"}}},
		{builder: "vsphere-iso", id: "..", place: place, problem: "cannot be the inventory path", want: []Artifact{{ID: "..", Provider: VSphere}}},
		{builder: "vsphere-iso", id: "rhel-8", place: Place{Datacenter: "DC", Folder: "../x"}, problem: "cannot be", want: []Artifact{{ID: "rhel-8", Provider: VSphere}}},
		{builder: "vsphere-iso", id: "rhel-8", place: Place{Datacenter: "DC", Folder: "{{user `f`}}"}, problem: "cannot be", want: []Artifact{{ID: "rhel-8", Provider: VSphere}}},
		{builder: "vsphere-iso", id: `rhel\8`, place: place, problem: "cannot be", want: []Artifact{{ID: `rhel\8`, Provider: VSphere}}},
		{builder: "vsphere-iso", id: "rhel-*", place: place, problem: "cannot be", want: []Artifact{{ID: "rhel-*", Provider: VSphere}}},
		{builder: "vsphere-iso", id: "rhel[8", place: place, problem: "cannot be", want: []Artifact{{ID: "rhel[8", Provider: VSphere}}},
		{builder: "vsphere-iso", id: "rhel]8", place: place, problem: "cannot be", want: []Artifact{{ID: "rhel]8", Provider: VSphere}}},
		{builder: "vsphere-iso", id: "rhel-?", place: place, problem: "cannot be", want: []Artifact{{ID: "rhel-?", Provider: VSphere}}},
		{builder: "vsphere-iso", id: "${var.name}", place: place, problem: "cannot be", want: []Artifact{{ID: "${var.name}", Provider: VSphere}}},
		{builder: "vsphere-iso", id: "/DC1/vm//rhel-8", place: place, problem: "cannot be", want: []Artifact{{ID: "/DC1/vm//rhel-8", Provider: VSphere}}},
		{builder: "vsphere-iso", id: "/DC1/vm/./rhel-8", place: place, problem: "cannot be", want: []Artifact{{ID: "/DC1/vm/./rhel-8", Provider: VSphere}}},
		{builder: "vsphere-iso", id: "/DC1/vm/a /rhel-8", place: place, problem: "cannot be", want: []Artifact{{ID: "/DC1/vm/a /rhel-8", Provider: VSphere}}},
		{builder: "vsphere-iso", id: "/DC1/vm/../rhel-8", place: place, problem: "cannot be", want: []Artifact{{ID: "/DC1/vm/../rhel-8", Provider: VSphere}}},
	})
}

func TestParseOtherClouds(t *testing.T) {
	testParse(t, []parseTest{
		{builder: "oracle-oci", id: "ocid1.image.oc1.iad.a b", problem: "not an OCID", want: []Artifact{{ID: "ocid1.image.oc1.iad.a b", Provider: Oracle}}},
		{builder: "oracle-oci", id: "ocid1.image.oc1.iad..x", problem: "not an OCID", want: []Artifact{{ID: "ocid1.image.oc1.iad..x", Provider: Oracle}}},
		{builder: "digitalocean", id: "a b:12", problem: "not a region", want: []Artifact{{ID: "a b:12", Provider: DigitalOcean}}},
		{builder: "openstack", id: imageUUID, want: []Artifact{{ID: imageUUID, Provider: OpenStack}}},
		{builder: " OpenStack ", id: " " + imageUUID + " ", want: []Artifact{{ID: imageUUID, Provider: OpenStack}}},
		{builder: "huaweicloud.ecs", id: "rhel", problem: "is not an image UUID", want: []Artifact{{ID: "rhel", Provider: Huawei}}},
		{builder: "oracle_oci", id: "rhel", problem: "is not an OCID", want: []Artifact{{ID: "rhel", Provider: Oracle}}},
		{builder: "openstack", id: "rhel", problem: "is not an image UUID", want: []Artifact{{ID: "rhel", Provider: OpenStack}}},
		{builder: "nutanix", id: imageUUID, want: []Artifact{{ID: imageUUID, Provider: Nutanix}}},
		{builder: "huaweicloud-ecs", id: imageUUID, want: []Artifact{{ID: imageUUID, Provider: Huawei}}},
		{builder: "oracle-oci", id: ashburn, want: []Artifact{{ID: ashburn, Provider: Oracle, Region: "us-ashburn-1"}}},
		{builder: "oracle-oci", id: "ocid1.image.oc1.phx.a", want: []Artifact{{ID: "ocid1.image.oc1.phx.a", Provider: Oracle, Region: "us-phoenix-1"}}},
		{builder: "oracle-oci", id: "ocid1.image.oc1.fra.a", want: []Artifact{{ID: "ocid1.image.oc1.fra.a", Provider: Oracle, Region: "eu-frankfurt-1"}}},
		{builder: "oracle-oci", id: "ocid1.image.oc1.lhr.a", want: []Artifact{{ID: "ocid1.image.oc1.lhr.a", Provider: Oracle, Region: "uk-london-1"}}},
		{builder: "oracle-oci", id: "ocid1.image.oc1.ap-tokyo-1.aaaa", want: []Artifact{{ID: "ocid1.image.oc1.ap-tokyo-1.aaaa", Provider: Oracle, Region: "ap-tokyo-1"}}},
		{builder: "oracle-oci", id: "ocid1.instance.oc1.iad.aaaa", problem: "of type instance", want: []Artifact{{ID: "ocid1.instance.oc1.iad.aaaa", Provider: Oracle}}},
		{builder: "oracle-classic", id: "name", problem: "is not an OCID", want: []Artifact{{ID: "name", Provider: Oracle}}},
		{builder: "proxmox-iso", id: "900", want: []Artifact{{ID: "900", Provider: Proxmox}}},
		{builder: "proxmox-clone", id: "x", problem: "is not a template's number", want: []Artifact{{ID: "x", Provider: Proxmox}}},
		{builder: "hcloud", id: "1234", want: []Artifact{{ID: "1234", Provider: HCloud}}},
		{builder: "digitalocean", id: "1234", want: []Artifact{{ID: "1234", Provider: DigitalOcean}}},
		{builder: "digitalocean", id: "nyc3:golden", problem: "is not regions:snapshot", want: []Artifact{{ID: "nyc3:golden", Provider: DigitalOcean}}},
		{builder: "digitalocean", id: "nyc3,sfo3:1234", want: []Artifact{
			{ID: "1234", Provider: DigitalOcean, Region: "nyc3"}, {ID: "1234", Provider: DigitalOcean, Region: "sfo3"}}},
	})
}

func TestParseNoImage(t *testing.T) {
	testParse(t, []parseTest{
		{builder: "qemu", id: "VM", problem: "qemu leaves a local machine or disk", want: []Artifact{{ID: "VM", Provider: "qemu"}}},
		{builder: "virtualbox-iso", id: "VM", problem: "local machine", want: []Artifact{{ID: "VM", Provider: "virtualbox"}}},
		{builder: "vmware-iso", id: "a::b", problem: "local machine", want: []Artifact{{ID: "a::b", Provider: "vmware"}}},
		{builder: "parallels-iso", id: "VM", problem: "local machine", want: []Artifact{{ID: "VM", Provider: "parallels"}}},
		{builder: "hyperv-iso", id: "VM", problem: "local machine", want: []Artifact{{ID: "VM", Provider: "hyperv"}}},
		{builder: "vmware-iso", id: "rhel-8", problem: "local machine", want: []Artifact{{ID: "rhel-8", Provider: "vmware"}}},
		{builder: "libvirt", id: "/tmp/x.qcow2", problem: "local machine", want: []Artifact{{ID: "/tmp/x.qcow2", Provider: "libvirt"}}},
		{builder: "docker", id: "sha256:abcd", problem: "source type oci", want: []Artifact{{ID: "sha256:abcd", Provider: "docker"}}},
		{builder: "vagrant", id: "virtualbox", problem: "Vagrant box", want: []Artifact{{ID: "virtualbox", Provider: "vagrant"}}},
		{builder: "file", id: "File", problem: "makes no image", want: []Artifact{{ID: "File", Provider: "file"}}},
		{builder: "null", id: "Null", problem: "makes no image", want: []Artifact{{ID: "Null", Provider: "null"}}},
		{builder: "acme-cloud", id: "img-1", problem: `builder "acme-cloud" are not known`, want: []Artifact{{ID: "img-1", Provider: "acme"}}},
		{builder: "amazon-ebs", id: "", problem: "recorded no artifact_id", want: []Artifact{{}}},
		{builder: "", id: "x", problem: "not known", want: []Artifact{{ID: "x"}}},
	})
}

func FuzzArtifactID(f *testing.F) {
	f.Add("amazon-ebs", "us-east-1:ami-0a1,eu-west-1:ami-0b2")
	f.Add("azure-arm", managed)
	f.Add("azure-chroot", strings.ToLower(version)+","+managed)
	f.Add("vsphere-iso", "store::folder::vm")
	f.Add("googlecompute", "name")
	f.Add("oracle-oci", ashburn)
	f.Add("digitalocean", "nyc3,:12")
	f.Add("qemu", "VM")
	f.Fuzz(func(t *testing.T, builder, id string) {
		artifacts := Parse(builder, id, Place{Project: "p", Datacenter: "DC", Folder: "f"})
		if len(artifacts) == 0 {
			t.Fatal("nothing said of the build")
		}
		for _, a := range artifacts {
			if a.Problem != "" {
				continue
			}
			if a.ID == "" || a.Provider == "" || strings.ContainsAny(a.ID, "\n\x00") {
				t.Errorf("accepted %+v", a)
			}
			// An id whose form tells what it is, is recognised again whatever the
			// builder. A vSphere VM may have any name, also one that looks like
			// several artifacts.
			if a.Provider == VSphere {
				continue
			}
			again := Parse(builder, a.ID, Place{Project: "p", Datacenter: "DC", Folder: "f"})
			if a.Provider != DigitalOcean && a.Provider != Outscale && (len(again) != 1 || again[0].ID != a.ID) {
				t.Errorf("%+v, then %+v", a, again)
			}
		}
	})
}
