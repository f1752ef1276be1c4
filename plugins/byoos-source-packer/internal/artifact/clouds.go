package artifact

import (
	"fmt"
	"strings"
)

func unusable(provider, id, format string, args ...any) Artifact {
	return Artifact{ID: id, Provider: provider, Problem: fmt.Sprintf(format, args...)}
}

// regional parses region:id pairs. Outscale's builders write the same form as
// Amazon's.
func regional(builder string, parts []string) []Artifact {
	if strings.HasPrefix(builder, "osc-") || strings.HasPrefix(builder, "outscale-") {
		return each(parts, func(part string) Artifact {
			a := amazon(part)
			a.Provider = Outscale
			return a
		})
	}
	return each(parts, amazon)
}

func amazon(part string) Artifact {
	region, id, found := strings.Cut(part, ":")
	if !found || strings.ContainsAny(id, `/\`) { // a URL
		region, id = "", part
	}
	switch {
	case amiID.MatchString(id):
		return Artifact{ID: id, Provider: AWS, Region: region}
	case strings.HasPrefix(id, "vol-"):
		return regionProblem(region, id, "%s is a volume, not an image; build with amazon-ebs, or register an AMI from it", id)
	case strings.HasPrefix(id, "snap-"):
		return regionProblem(region, id, "%s is a snapshot, not an image; register an AMI from it (aws ec2 register-image)", id)
	}
	return regionProblem(region, id, "%q is not an AMI id; look the AMI up and name it in the pack's values", part)
}

func regionProblem(region, id, format string, args ...any) Artifact {
	a := unusable(AWS, id, format, args...)
	a.Region = region
	return a
}

const vhdProblem = "a VHD in a storage account is not an image; set managed_image_name or shared_image_gallery_destination in the " +
	"azure-arm template, or make an image from it (az image create)"

func isARM(part string) bool {
	lower := strings.ToLower(part)
	return strings.HasPrefix(lower, "/subscriptions/") ||
		strings.HasPrefix(lower, "/sharedgalleries/") || strings.HasPrefix(lower, "/communitygalleries/")
}

// arm parses an Azure resource id. It stays as it is written, but for
// imageversions, as some services spell what Compute calls versions.
func arm(id string) Artifact {
	if armImage.MatchString(id) {
		return Artifact{ID: id, Provider: Azure, Kind: ManagedImage}
	}
	m := armVersion.FindStringSubmatch(id)
	if m == nil {
		m = armShared.FindStringSubmatch(id)
	}
	if m != nil {
		segment := m[2]
		if strings.EqualFold(segment, "imageversions") {
			segment = "versions"
		}
		return Artifact{
			ID: m[1] + "/" + segment + "/" + m[3], Provider: Azure, Kind: GalleryImageVersion, Version: m[3],
		}
	}
	if armDefinition.MatchString(id) {
		return unusable(Azure, id, "a gallery image definition is not an image; name one of its versions")
	}
	lower := strings.ToLower(id)
	switch {
	case strings.Contains(lower, "/disks/"):
		return unusable(Azure, id, "a kept OS disk is not an image; set managed_image_name or shared_image_gallery_destination, "+
			"and no keep_os_disk, in the azure-arm template")
	case strings.Contains(lower, "/snapshots/"):
		return unusable(Azure, id, "a snapshot is not an image; make an image or a gallery version from it")
	}
	return unusable(Azure, id, "this Azure resource is neither a managed image nor a gallery image version")
}

func azureOther(id string) Artifact {
	if strings.EqualFold(id, "UNKNOWN ID") {
		return unusable(Azure, id, "azure-arm recorded no id; set managed_image_name or shared_image_gallery_destination in its template, "+
			"or take the id from Azure")
	}
	return unusable(Azure, id, "%q is not an Azure resource id; take the image's id from Azure (az image list, az sig image-version list)", id)
}

func google(id string, place Place) Artifact {
	if !googleName.MatchString(id) {
		return unusable(GCP, id, "%q is not the name of a Google Cloud image", id)
	}
	if place.Project == "" {
		return unusable(GCP, id, "googlecompute records a bare image name without its project; set project in the source's config")
	}
	if !googleProject.MatchString(place.Project) {
		return unusable(GCP, id, "%q is not the id of a Google Cloud project; correct project", place.Project)
	}
	return Artifact{ID: "projects/" + place.Project + "/global/images/" + id, Provider: GCP, Region: "global"}
}

// vsphere makes an inventory path of the VM's or template's name.
func vsphere(name string, place Place) Artifact {
	if parts := strings.Split(name, "/"); len(parts) >= 4 && parts[0] == "" && parts[2] == "vm" {
		return inInventory(name, Artifact{ID: name, Provider: VSphere, Region: parts[1]})
	}
	if strings.Contains(name, "/") {
		return unusable(VSphere, name, "%q is neither a VM's name nor an inventory path (/datacenter/vm/folder/name)", name)
	}
	var missing []string
	if place.Datacenter == "" {
		missing = append(missing, "datacenter")
	}
	if place.Folder == "" {
		missing = append(missing, `folder ("/" when there is none)`)
	}
	if missing != nil {
		return unusable(VSphere, name, "the vSphere builders record a bare name without its inventory path; set %s in the source's config",
			strings.Join(missing, " and "))
	}
	path := inventoryPath(place.Datacenter, place.Folder, name)
	return inInventory(name, Artifact{ID: path, Provider: VSphere, Region: datacenterName(place.Datacenter)})
}

// inInventory refuses paths that can name no VM. Names hold spaces within them; / \ and
// % are escaped (%2f), and * ? [ are patterns to all that looks a path up.
func inInventory(name string, a Artifact) Artifact {
	for _, segment := range strings.Split(a.ID, "/")[1:] {
		if segment == "" || segment == "." || segment == ".." || strings.TrimSpace(segment) != segment ||
			strings.ContainsAny(segment, `*?[]\`) || strings.Contains(segment, "{{") || strings.Contains(segment, "${") {
			return unusable(VSphere, name, "%q cannot be the inventory path of a VM, for its %q; correct the template of Packer, or datacenter and folder", a.ID, segment)
		}
	}
	return a
}

func datacenterName(datacenter string) string { return strings.Trim(datacenter, "/") }

// inventoryPath also takes a folder that is written as a whole inventory path.
func inventoryPath(datacenter, folder, name string) string {
	root := "/" + datacenterName(datacenter) + "/vm"
	folder = strings.TrimSuffix("/"+strings.Trim(folder, "/"), "/")
	if rest, ok := strings.CutPrefix(folder+"/", root+"/"); ok {
		folder = strings.TrimSuffix("/"+rest, "/")
	}
	return root + folder + "/" + name
}

// vsphereUpload parses the datastore::folder::vm of the vsphere post-processor.
func vsphereUpload(id string, place Place) Artifact {
	parts := strings.SplitN(id, "::", 3) // the VM's name may hold more of them
	folder, name := parts[1], parts[2]
	if name == "" {
		return unusable(VSphere, id, "%q names no VM", id)
	}
	if folder == "" {
		folder = "/"
	}
	if place.Datacenter == "" {
		return unusable(VSphere, id, "the vsphere post-processor records no datacenter; set datacenter in the source's config")
	}
	place.Folder = folder
	return vsphere(name, place)
}

// oracle takes the region from an OCID. The first regions have short names in
// it (docs.oracle.com, Regions and Availability Domains).
func oracle(id string) Artifact {
	m := ocid.FindStringSubmatch(id)
	if m[1] != "image" {
		return unusable(Oracle, id, "the OCID is of a resource of type %s, not of an image", m[1])
	}
	region := m[2]
	switch region {
	case "iad":
		region = "us-ashburn-1"
	case "phx":
		region = "us-phoenix-1"
	case "fra":
		region = "eu-frankfurt-1"
	case "lhr":
		region = "uk-london-1"
	}
	return Artifact{ID: id, Provider: Oracle, Region: region}
}

// digitalOcean parses region[,region]:snapshot.
func digitalOcean(id string) []Artifact {
	regions, snapshot, _ := strings.Cut(id, ":")
	if !number.MatchString(snapshot) {
		return one(byForm(DigitalOcean, id, number, "regions:snapshot"))
	}
	return each(strings.Split(regions, ","), func(region string) Artifact {
		if !oceanRegion.MatchString(region) {
			return unusable(DigitalOcean, id, "%q is not a region of DigitalOcean", region)
		}
		return Artifact{ID: snapshot, Provider: DigitalOcean, Region: region}
	})
}

// localProblem says why the artifact of a builder that makes no cloud image, or
// of one that is not known, cannot be used.
func localProblem(family, builderType, id string) Artifact {
	switch family {
	case "qemu", "virtualbox", "vmware", "parallels", "hyperv", "libvirt":
		return unusable(family, id, "%s leaves a local machine or disk, not an image in a cloud; upload it and name the uploaded "+
			"image in the pack's values, or build with the cloud's own builder", builderType)
	case "docker":
		return unusable(family, id, "docker records the id of a local container image; push it to a registry and use the source type oci")
	case "vagrant":
		return unusable(family, id, "a Vagrant box is not an image that Palette can start")
	case "file", "null":
		return unusable(family, id, "the %s builder makes no image", builderType)
	}
	return unusable(family, id, "artifact ids of builder %q are not known to this plugin; name the image in the pack's values, "+
		"and ask for the builder with an example of its manifest at https://github.com/kubectl-byoos/kubectl-byoos/issues", builderType)
}
