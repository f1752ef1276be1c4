// Package compute reads galleries and managed images, and turns what the Compute API says
// of them into the images that the host selects from: one for each region.
//
// Fields and their meaning: learn.microsoft.com/rest/api/compute (gallery image
// versions, community and shared gallery image versions, images).
package compute

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/osfacts"
)

// ReferenceKind is the kind of every image's reference: its full id.
const ReferenceKind = "arm-id"

// Options are what the configuration says of the result.
type Options struct {
	// Relative makes the id of a gallery version galleries/G/images/D/versions/V.
	Relative bool
	// Tags names further tags that hold facts.
	Tags TagNames
	// Own has the subscriptions, in lower case, whose images are owned by "self".
	Own map[string]bool
	// NewestBy is what ranks the images.
	NewestBy sdk.NewestBy
}

// TagNames are tags, other than those of Kubernetes Image Builder, that hold a
// fact. Empty means none.
type TagNames struct {
	OSName            string `json:"osName,omitempty" jsonschema:"description=Tag that holds the distribution."`
	OSVersion         string `json:"osVersion,omitempty" jsonschema:"description=Tag that holds the distribution's version."`
	KubernetesVersion string `json:"kubernetesVersion,omitempty" jsonschema:"description=Tag that holds the Kubernetes version."`
}

// Identify says of an image which one it is, and whose, as far as its id tells.
func (o Options) Identify(image *sdk.Image, id resourceid.ID) {
	image.ID = id.String()
	image.Reference = &sdk.Reference{Kind: ReferenceKind, Value: image.ID}
	image.Owner = cmp.Or(id.Subscription, id.Gallery)
	image.OwnerID = image.Owner
	if o.Own[strings.ToLower(id.Subscription)] {
		image.Owner = "self"
	}
	image.SpansRegions = id.Kind != resourceid.ManagedImage
	image.Provenance = with(image.Provenance, "id", sdk.Provenance{From: "api", Key: "id"})
	if short := id.Relative(); o.Relative && short != "" {
		image.ID, image.FullID = short, image.ID
		image.Provenance["id"] = sdk.Provenance{From: "api", Key: "id", Raw: image.FullID}
	}
}

// securityTypes are the values of the feature SecurityType
// (learn.microsoft.com/azure/virtual-machines/trusted-launch-portal, and
// .../confidential-computing/create-confidential-vm-azure-compute-gallery).
func securityTypes() []string {
	return []string{
		"TrustedLaunch", "TrustedLaunchSupported", "ConfidentialVM", "ConfidentialVMSupported",
		"TrustedLaunchAndConfidentialVmSupported", "Standard",
	}
}

// NotAsked is why the state of an image that a list tells of is not known.
const NotAsked = "its replication status was not asked for"

// Listed returns the images of a version as the list of its definition has it, one for
// each region that it is to be replicated to. The list of one's own gallery does not tell
// whether it is, so none is available.
func (g Gallery) Listed(id resourceid.ID, d Definition, v Version, opt Options) []sdk.Image {
	if g.Foreign() {
		return []sdk.Image{foreign(id, g.Location, d, v, opt)}
	}
	images := perRegion(own(id, d, v, opt), v)
	for i := range images {
		if one := &images[i]; one.State == sdk.Available {
			// That it is excluded stays true whatever the status is.
			one.State = sdk.StateUnknown
			one.StateReason = strings.TrimPrefix(one.StateReason+"; "+NotAsked, "; ")
		}
	}
	return images
}

// Asked returns the images of a version that was asked for by itself, and so with its
// replication status, one for each region.
func (g Gallery) Asked(id resourceid.ID, d Definition, v Version, opt Options) []sdk.Image {
	if g.Foreign() {
		return []sdk.Image{foreign(id, g.Location, d, v, opt)}
	}
	images := perRegion(own(id, d, v, opt), v)
	for i := range images {
		replicated(&images[i], v.Properties.ReplicationStatus, len(images) == 1)
	}
	return images
}

// own returns what the images of a version in one's own gallery share.
func own(id resourceid.ID, d Definition, v Version, opt Options) sdk.Image {
	image := fromDefinition(id, d, v.Tags, opt)
	image.Attributes["resourceGroup"] = id.ResourceGroup
	p := v.Properties
	if strings.EqualFold(p.ProvisioningState, "Updating") {
		// It is still where it was replicated to before, which its status tells:
		// learn.microsoft.com/azure/virtual-machines/azure-compute-gallery#replication.
		withdraw(&image, sdk.StateUnknown, provisioningIs+p.ProvisioningState)
	} else {
		provisioned(&image, p.ProvisioningState)
	}
	published(&image, "publishedDate", p.PublishingProfile.PublishedDate)
	endOfLife(&image, "publishingProfile.endOfLifeDate", p.PublishingProfile.EndOfLifeDate)
	excluded(&image, "publishingProfile.excludeFromLatest", p.PublishingProfile.ExcludeFromLatest)
	note(&image, "replicationMode", "publishingProfile.replicationMode", Spelled(p.PublishingProfile.ReplicationMode, "Full", "Shallow"))
	if isTrue(p.SafetyProfile.ReportedForPolicyViolation) {
		withdraw(&image, sdk.Disabled, "reported for a violation of Microsoft's policies")
	}
	return image
}

// foreign returns the image of a version in somebody else's gallery, in the location where
// it was asked for. The API says less of it: it is there, or it is not listed.
func foreign(id resourceid.ID, location string, d Definition, v Version, opt Options) sdk.Image {
	p := v.Properties.PublishingProfile
	image := fromDefinition(id, d, v.Tags, opt)
	if v.ID != "" {
		image.ID = v.ID
		image.Reference = &sdk.Reference{Kind: ReferenceKind, Value: v.ID}
	}
	image.Region = resourceid.Region(location)
	image.Public = id.Kind == resourceid.CommunityVersion
	if image.State == sdk.StateUnknown {
		image.State = sdk.Available
	}
	published(&image, "publishedDate", p.PublishedDate)
	endOfLife(&image, "endOfLifeDate", p.EndOfLifeDate)
	excluded(&image, "excludeFromLatest", p.ExcludeFromLatest)
	return image
}

// Images returns the image of a managed image, which is in one region.
func (m ManagedImage) Images(id resourceid.ID, opt Options) []sdk.Image {
	image := sdk.Image{
		Provider: "azure", NewestBy: opt.NewestBy, Name: id.Name, Region: resourceid.Region(m.Location),
		Evidence: sdk.Asked, Tags: merged(nil, m.Tags),
		Attributes: map[string]string{"imageType": "managedImage", "resourceGroup": id.ResourceGroup},
	}
	opt.Identify(&image, id)
	// learn.microsoft.com/azure/virtual-machines/capture-image-resource: Arm64
	// is supported through galleries only.
	image.Architecture = "amd64"
	image.Provenance["architecture"] = sdk.Provenance{From: "default", Key: "managed images are x64 only"}
	describe(&image, m.Tags, nil, opt.Tags)
	published(&image, "systemData.createdAt", m.SystemData.CreatedAt)
	builtAt(&image, m.Tags)
	provisioned(&image, m.Properties.ProvisioningState)
	note(&image, "hyperVGeneration", "hyperVGeneration", Spelled(m.Properties.HyperVGeneration, "V1", "V2"))
	disk := m.Properties.StorageProfile.OSDisk
	note(&image, "osType", "storageProfile.osDisk.osType", Spelled(disk.OSType, osTypes()...))
	note(&image, "osState", "storageProfile.osDisk.osState", Spelled(disk.OSState, "Generalized", "Specialized"))
	usable(&image)
	return []sdk.Image{image}
}

func osTypes() []string { return []string{"Linux", "Windows"} }

// fromDefinition fills in what all regions of a version share.
func fromDefinition(id resourceid.ID, d Definition, own map[string]string, opt Options) sdk.Image {
	p := d.Properties
	image := sdk.Image{
		Provider: "azure", NewestBy: opt.NewestBy, Name: id.Definition, Version: id.Version,
		Evidence:     sdk.Asked,
		Architecture: osfacts.Architecture(p.Architecture),
		Tags:         merged(d.Tags, own),
		Attributes:   map[string]string{"imageType": "galleryVersion", "gallery": id.Gallery, "definition": id.Definition},
		Provenance:   map[string]sdk.Provenance{"version": {From: "api", Key: "name"}},
	}
	opt.Identify(&image, id)
	image.Provenance["architecture"] = sdk.Provenance{From: "api", Key: "definition.architecture"}.Of(p.Architecture, image.Architecture)
	if image.Architecture == "" {
		// Definitions made before Azure had Arm64 have no architecture; they are x64.
		image.Architecture = "amd64"
		image.Provenance["architecture"] = sdk.Provenance{From: "default", Key: "definition without architecture is x64"}
	}
	note(&image, "osType", "definition.osType", Spelled(p.OSType, osTypes()...))
	note(&image, "osState", "definition.osState", Spelled(p.OSState, "Generalized", "Specialized"))
	note(&image, "hyperVGeneration", "definition.hyperVGeneration", Spelled(p.HyperVGeneration, "V1", "V2"))
	note(&image, "securityType", "definition.features.SecurityType", Spelled(d.feature("SecurityType", id.Version), securityTypes()...))
	note(&image, "diskControllerTypes", "definition.features.DiskControllerTypes", sorted(d.feature("DiskControllerTypes", id.Version)))
	note(&image, "purchasePlan", "definition.purchasePlan", d.purchasePlan())
	note(&image, "disallowedDiskTypes", "definition.disallowed.diskTypes", strings.Join(p.Disallowed.DiskTypes, ","))
	describe(&image, own, d.Tags, opt.Tags)
	endOfLife(&image, "definition.endOfLifeDate", p.EndOfLifeDate)
	usable(&image)
	return image
}

// usable withdraws what no pack can use. A virtual machine made from a
// specialized image takes no osProfile, so no user data and no host name.
func usable(image *sdk.Image) {
	switch kind := image.Attributes["osType"]; {
	case kind == "" || strings.EqualFold(kind, "Linux"):
	case image.State == sdk.Available && !slices.Contains(osTypes(), kind):
		withdraw(image, sdk.StateUnknown, "its operating system is "+kind+notKnownHere)
	default:
		withdraw(image, sdk.Unusable, "its operating system is "+kind+", not Linux")
	}
	if strings.EqualFold(image.Attributes["osState"], "Specialized") {
		withdraw(image, sdk.Unusable, "it is specialized, and a cluster node needs a generalized image")
	}
}

const (
	provisioningIs = "its provisioning state is "
	notKnownHere   = ", which is not known here"
)

// provisioned sets the state from Azure's provisioning state.
func provisioned(image *sdk.Image, state string) {
	switch strings.ToLower(state) {
	case "succeeded", "created": // Azure's own examples of finished managed images have the latter
		if image.State == sdk.StateUnknown {
			image.State = sdk.Available
		}
	case "creating", "updating", "migrating":
		withdraw(image, sdk.Pending, provisioningIs+state)
	case "deleting":
		withdraw(image, sdk.Gone, "it is being deleted")
	case "":
		withdraw(image, sdk.StateUnknown, "Azure gives no provisioning state")
	case "failed", "canceled":
		withdraw(image, sdk.Failed, provisioningIs+state)
	default:
		withdraw(image, sdk.StateUnknown, provisioningIs+state+notKnownHere)
	}
}

// withdraw gives image a state that is not available. What no pack can ever use
// stays unusable.
func withdraw(image *sdk.Image, state sdk.State, reason string) {
	if image.State == sdk.Unusable {
		return
	}
	image.State, image.StateReason = state, reason
}

func published(image *sdk.Image, key string, at arm.Date) {
	if !at.IsZero() {
		image.CreatedAt = at.Time
		image.Provenance["createdAt"] = sdk.Provenance{From: "api", Key: key}
	}
}

// builtAt takes the time of Kubernetes Image Builder's tag where it is the earlier: the
// API has at most that of the resource, which is new where an image is copied.
func builtAt(image *sdk.Image, own map[string]string) {
	const tag = "build_timestamp"
	raw := foldKeys(own)[tag]
	at := unixTime(raw)
	if at.IsZero() || !image.CreatedAt.IsZero() && !at.Before(image.CreatedAt) {
		return
	}
	image.CreatedAt = at
	image.Provenance["createdAt"] = sdk.Provenance{From: "tag", Key: spelledKey(own, tag), Raw: raw}
}

// unixTime reads seconds, or milliseconds, since 1970. What is neither, of a time from the
// beginning of Azure to that of 31 bits, is no time: others write a date (20260103,
// 2601031230) or a number into the tag.
func unixTime(raw string) time.Time {
	const azure, end = 1_265_000_000, 1 << 31 // February 2010, January 2038
	n, err := strconv.ParseInt(strings.TrimSpace(raw), 10, 64)
	switch {
	case err != nil:
		return time.Time{}
	case n >= azure && n < end:
		return time.Unix(n, 0).UTC()
	case n/1000 >= azure && n/1000 < end:
		return time.UnixMilli(n).UTC()
	}
	return time.Time{}
}

// endOfLife keeps the earliest of the dates that apply.
func endOfLife(image *sdk.Image, key string, at arm.Date) {
	if at.IsZero() || (!image.EndOfLifeAt.IsZero() && !at.Before(image.EndOfLifeAt)) {
		return
	}
	image.EndOfLifeAt = at.Time
	image.Provenance["endOfLifeAt"] = sdk.Provenance{From: "api", Key: key}
}

func excluded(image *sdk.Image, key string, flag *bool) {
	if !isTrue(flag) || image.ExcludedFromLatest {
		return
	}
	image.ExcludedFromLatest = true
	image.Provenance = with(image.Provenance, "excludedFromLatest", sdk.Provenance{From: "api", Key: key})
	if image.State != sdk.Available {
		return
	}
	image.StateReason = "excluded from latest in every region"
	if strings.Contains(key, "targetRegions") {
		image.StateReason = "excluded from latest in " + image.Region
	}
}

func isTrue(flag *bool) bool { return flag != nil && *flag }

// merged returns the tags of both; one name in two letter cases is one tag.
func merged(under, over map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, over)
	folded := foldKeys(over)
	for k, v := range under {
		if _, named := folded[strings.ToLower(k)]; !named {
			out[k] = v
		}
	}
	return out
}

func with(m map[string]sdk.Provenance, key string, p sdk.Provenance) map[string]sdk.Provenance {
	out := map[string]sdk.Provenance{}
	maps.Copy(out, m)
	out[key] = p
	return out
}

// note sets an attribute, and tells the field of the API that it is from.
func note(image *sdk.Image, name, key, value string) {
	if value != "" {
		image.Attributes[name] = value
		image.Provenance["attributes."+name] = sdk.Provenance{From: "api", Key: key}
	}
}

// sorted returns a list with commas in one order and spelling.
func sorted(list string) string {
	parts := strings.Split(strings.ReplaceAll(list, " ", ""), ",")
	for i := range parts {
		parts[i] = Spelled(parts[i], "SCSI", "NVMe")
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

// Spelled returns the value as Azure's description spells it: the services do not
// always. A value that the description does not have stays as it is.
func Spelled(value string, known ...string) string {
	for _, k := range known {
		if strings.EqualFold(value, k) {
			return k
		}
	}
	return value
}
