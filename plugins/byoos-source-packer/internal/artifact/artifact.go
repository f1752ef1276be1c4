// Package artifact turns the artifact_id of a Packer build into image ids. What
// artifact_id holds is up to each builder; many builders write something that
// is no image id, and Parse then says why and what to do.
//
// Sources: the Id methods of the artifacts in the builders' own repositories,
// github.com/hashicorp/packer-plugin-amazon, -azure, -googlecompute, -vsphere,
// -oracle, -docker, -qemu and others; see docs/sources/packer.md.
package artifact

import (
	"regexp"
	"strings"
	"unicode"
)

// Providers of images.
const (
	AWS          = "aws"
	Azure        = "azure"
	GCP          = "gcp"
	VSphere      = "vsphere"
	OpenStack    = "openstack"
	Nutanix      = "nutanix"
	Oracle       = "oracle"
	Proxmox      = "proxmox"
	DigitalOcean = "digitalocean"
	HCloud       = "hcloud"
	Huawei       = "huaweicloud"
	Outscale     = "outscale"
)

// Place is where an image is, as far as artifact ids do not say it.
type Place struct {
	// Project of Google Cloud.
	Project string
	// Datacenter and Folder of vSphere. Folder "/" is the datacenter's VM folder.
	Datacenter, Folder string
}

// Artifact is one image, or one thing that is none.
type Artifact struct {
	// ID is what goes into a pack, or the part of artifact_id that it is about.
	ID       string
	Provider string
	// Region is empty when artifact_id does not say.
	Region string
	// Version is that of an Azure gallery image version.
	Version string
	// Kind tells managedImage and galleryImageVersion apart.
	Kind string
	// Problem says why no pack can use it, and what to do. Empty for an image.
	Problem string
}

// Kinds of Azure images.
const (
	ManagedImage        = "managedImage"
	GalleryImageVersion = "galleryImageVersion"
)

var (
	regionalID    = regexp.MustCompile(`^([a-z]+(?:-[a-z]+)+-\d+):([a-z]+-[0-9a-f]+)$`)
	amiID         = regexp.MustCompile(`^ami-[0-9a-f]+$`)
	uuid          = regexp.MustCompile(`^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	number        = regexp.MustCompile(`^[0-9]+$`)
	googleName    = regexp.MustCompile(`^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$`)
	googleProject = regexp.MustCompile(`^(?:[a-z0-9][-a-z0-9.]*:)?[a-z0-9][-a-z0-9]*$`)
	googlePath    = regexp.MustCompile(`^(?:https://(?:www|compute)\.googleapis\.com/compute/(?:v1|beta|alpha)/)?projects/([^/]+)/global/images/([^/]+)$`)
	ocid          = regexp.MustCompile(`^ocid1\.([a-z0-9]+)\.[a-z0-9-]*\.([a-z0-9-]*)(?:\.[a-zA-Z0-9_-]+)+$`)
	oceanRegion   = regexp.MustCompile(`^[a-z0-9-]+$`)
	// Names as Azure allows them: learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
	armGroup      = `/subscriptions/[0-9a-z-]+/resourceGroups/[\p{L}\p{N}_.()-]*[\p{L}\p{N}_()-]/providers/Microsoft\.Compute`
	armName       = `[a-z0-9](?:[a-z0-9_.-]*[a-z0-9_])?`
	armNumber     = `\d{1,10}(?:\.\d{1,10}){2}`
	armImage      = regexp.MustCompile(`(?i)^` + armGroup + `/images/` + armName + `$`)
	armVersion    = regexp.MustCompile(`(?i)^(` + armGroup + `/galleries/` + armName + `/images/` + armName + `)/(versions|imageversions)/(` + armNumber + `)$`)
	armShared     = regexp.MustCompile(`(?i)^(/(?:sharedGalleries|communityGalleries)/` + armName + `/images/` + armName + `)/(versions|imageversions)/(` + armNumber + `)$`)
	armDefinition = regexp.MustCompile(`(?i)/galleries/[^/]+/images/[^/]+$`)
	blobURL       = regexp.MustCompile(`(?i)^https?://[^/]+\.blob\.[^/]+/`)
)

// Parse reads the artifact_id of a build by builderType. It returns at least one
// Artifact, in the order of artifact_id and without repetition. It looks at the
// shape of the id before the builder, because a post-processor (amazon-import,
// vsphere) puts its own id in the place of the builder's.
func Parse(builderType, artifactID string, place Place) []Artifact {
	builder := strings.NewReplacer(".", "-", "_", "-").Replace(strings.ToLower(strings.TrimSpace(builderType)))
	id := strings.TrimSpace(artifactID)
	if id == "" {
		return one(unusable("", id, "the build by %s recorded no artifact_id; look the image up and name it in the pack's values", builderType))
	}
	if strings.ContainsFunc(id, unicode.IsControl) {
		return one(unusable("", id, "%q holds control characters, as no image id does", id))
	}
	if artifacts := byShape(builder, id, place); artifacts != nil {
		return dedupe(artifacts)
	}
	return dedupe(byBuilder(builder, builderType, id, place))
}

func one(a Artifact) []Artifact { return []Artifact{a} }

func dedupe(artifacts []Artifact) []Artifact {
	seen := map[Artifact]bool{}
	kept := artifacts[:0]
	for _, a := range artifacts {
		if !seen[a] {
			seen[a] = true
			kept = append(kept, a)
		}
	}
	return kept
}

// byShape returns nil when the id's form says nothing by itself.
func byShape(builder, id string, place Place) []Artifact {
	parts := strings.Split(id, ",")
	switch {
	case every(parts, regionalID.MatchString):
		return regional(builder, parts)
	case every(parts, isARM):
		return each(parts, arm)
	case blobURL.MatchString(id):
		return one(unusable(Azure, id, vhdProblem))
	case googlePath.MatchString(id):
		m := googlePath.FindStringSubmatch(id)
		return one(google(m[2], Place{Project: m[1]}))
	case ocid.MatchString(id):
		return one(oracle(id))
	case strings.Count(id, "::") >= 2 && !namesVM(builder):
		return one(vsphereUpload(id, place))
	}
	return nil
}

func byBuilder(builder, builderType, id string, place Place) []Artifact {
	family, _, _ := strings.Cut(builder, "-")
	switch family {
	case "amazon":
		return each(strings.Split(id, ","), amazon)
	case "azure":
		return each(strings.Split(id, ","), azureOther)
	case "googlecompute":
		return one(google(id, place))
	case "vsphere":
		return one(vsphere(id, place))
	case "openstack":
		return one(byForm(OpenStack, id, uuid, "an image UUID"))
	case "nutanix":
		return one(byForm(Nutanix, id, uuid, "an image UUID"))
	case "huaweicloud":
		return one(byForm(Huawei, id, uuid, "an image UUID"))
	case "oracle":
		return one(unusable(Oracle, id, "%q is not an OCID; read the image's OCID in Oracle Cloud and name it in the pack's values", id))
	case "proxmox":
		return one(byForm(Proxmox, id, number, "a template's number"))
	case "hcloud":
		return one(byForm(HCloud, id, number, "a snapshot's number"))
	case "digitalocean":
		return digitalOcean(id)
	}
	if amiID.MatchString(id) {
		return one(amazon(id))
	}
	return one(localProblem(family, builderType, id))
}

func every(parts []string, is func(string) bool) bool {
	for _, part := range parts {
		if !is(strings.TrimSpace(part)) {
			return false
		}
	}
	return true
}

func each(parts []string, parse func(string) Artifact) []Artifact {
	var artifacts []Artifact
	for _, part := range parts {
		if part = strings.TrimSpace(part); part != "" {
			artifacts = append(artifacts, parse(part))
		}
	}
	if artifacts == nil {
		return each([]string{"(empty)"}, parse)
	}
	return artifacts
}

// byForm accepts an id of one form.
func byForm(provider, id string, form *regexp.Regexp, what string) Artifact {
	if form.MatchString(id) {
		return Artifact{ID: id, Provider: provider}
	}
	return unusable(provider, id, "%q is not %s; look the image up and name it in the pack's values", id, what)
}

// namesVM tells whether a builder records the bare name of a VM, which may hold "::".
func namesVM(builder string) bool { return strings.HasPrefix(builder, "vsphere-") }
