// Package machineimage turns what the Compute API says of gallery versions and
// managed images into the images that the host selects from: one for each
// region. It is pure.
//
// Fields and their meaning: learn.microsoft.com/rest/api/compute (gallery image
// versions, community and shared gallery image versions, images).
package machineimage

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
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

// Definition is what a version inherits from its image definition.
type Definition struct {
	OSType, OSState  string
	Architecture     string
	HyperVGeneration string
	Features         []Feature
	PurchasePlan     string
	Disallowed       []string
	EndOfLife        time.Time
	Tags             map[string]string
}

// Feature is what a definition says of its versions, from one of them on.
type Feature struct{ Name, Value, StartsAt string }

// feature returns the value of a feature for a version; empty when it has none.
func (d Definition) feature(name, version string) string {
	for _, f := range d.Features {
		if strings.EqualFold(f.Name, name) && (f.StartsAt == "" || CompareVersions(version, f.StartsAt) >= 0) {
			return f.Value
		}
	}
	return ""
}

// CompareVersions compares versions as Azure writes them, MAJOR.MINOR.PATCH.
func CompareVersions(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(x, y string) int {
		m, errM := strconv.ParseUint(x, 10, 64)
		n, errN := strconv.ParseUint(y, 10, 64)
		if errM != nil || errN != nil {
			return cmp.Compare(x, y)
		}
		return cmp.Compare(m, n)
	})
}

// FromGalleryImage reads the definition of a gallery in a subscription.
func FromGalleryImage(g *armcompute.GalleryImage) Definition {
	d := Definition{Tags: tags(g.Tags)}
	p := g.Properties
	if p == nil {
		return d
	}
	d.set(p.OSType, p.OSState, p.Architecture, p.HyperVGeneration, p.Features, p.PurchasePlan, p.Disallowed, p.EndOfLifeDate)
	return d
}

// FromCommunityImage reads the definition of a community gallery.
func FromCommunityImage(g *armcompute.CommunityGalleryImage) Definition {
	p := g.Properties
	if p == nil {
		return Definition{}
	}
	d := Definition{Tags: tags(p.ArtifactTags)}
	d.set(p.OSType, p.OSState, p.Architecture, p.HyperVGeneration, p.Features, p.PurchasePlan, p.Disallowed, p.EndOfLifeDate)
	return d
}

// FromSharedImage reads the definition of a gallery that is shared directly.
func FromSharedImage(g *armcompute.SharedGalleryImage) Definition {
	p := g.Properties
	if p == nil {
		return Definition{}
	}
	d := Definition{Tags: tags(p.ArtifactTags)}
	d.set(p.OSType, p.OSState, p.Architecture, p.HyperVGeneration, p.Features, p.PurchasePlan, p.Disallowed, p.EndOfLifeDate)
	return d
}

func (d *Definition) set(
	osType *armcompute.OperatingSystemTypes, osState *armcompute.OperatingSystemStateTypes,
	architecture *armcompute.Architecture, generation *armcompute.HyperVGeneration,
	features []*armcompute.GalleryImageFeature, plan *armcompute.ImagePurchasePlan, disallowed *armcompute.Disallowed, endOfLife *time.Time,
) {
	d.OSType = Spelled(osType, armcompute.PossibleOperatingSystemTypesValues())
	d.OSState = Spelled(osState, armcompute.PossibleOperatingSystemStateTypesValues())
	d.Architecture = text(architecture)
	d.HyperVGeneration = Spelled(generation, armcompute.PossibleHyperVGenerationValues())
	d.EndOfLife = when(endOfLife)
	for _, f := range features {
		if f != nil {
			d.Features = append(d.Features, Feature{text(f.Name), text(f.Value), text(f.StartsAtVersion)})
		}
	}
	if plan != nil {
		parts := []string{text(plan.Publisher), text(plan.Product), text(plan.Name)}
		d.PurchasePlan = strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "/")
	}
	if disallowed != nil {
		for _, t := range disallowed.DiskTypes {
			d.Disallowed = append(d.Disallowed, text(t))
		}
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

// Linux says whether packs can use the definition's versions at all.
func (d Definition) Linux() bool { return d.OSType == "" || strings.EqualFold(d.OSType, "Linux") }

// NotAsked is why the state of an image that a list tells of is not known.
const NotAsked = "its replication status was not asked for"

// FromListed returns the images of a gallery version as the list of its definition
// has it, one for each region that it is to be replicated to. The list does not
// tell whether it is, so none is available.
func FromListed(id resourceid.ID, d Definition, v *armcompute.GalleryImageVersion, opt Options) []sdk.Image {
	images := perRegion(fromVersion(id, d, v, opt), v)
	for i := range images {
		one := &images[i]
		if one.State != sdk.Available {
			continue
		}
		// That it is excluded stays true whatever the status is.
		one.State = sdk.StateUnknown
		one.StateReason = strings.TrimPrefix(one.StateReason+"; "+NotAsked, "; ")
	}
	return images
}

// FromVersion returns the images of a gallery version that was asked for with its
// replication status, one for each region.
func FromVersion(id resourceid.ID, d Definition, v *armcompute.GalleryImageVersion, opt Options) []sdk.Image {
	images := perRegion(fromVersion(id, d, v, opt), v)
	var status *armcompute.ReplicationStatus
	if v.Properties != nil {
		status = v.Properties.ReplicationStatus
	}
	for i := range images {
		replicated(&images[i], status, len(images) == 1)
	}
	return images
}

func fromVersion(id resourceid.ID, d Definition, v *armcompute.GalleryImageVersion, opt Options) sdk.Image {
	image := fromDefinition(id, d, tags(v.Tags), opt)
	image.Attributes["resourceGroup"] = id.ResourceGroup
	p := v.Properties
	if p == nil {
		p = &armcompute.GalleryImageVersionProperties{}
	}
	if state := text(p.ProvisioningState); strings.EqualFold(state, string(armcompute.GalleryProvisioningStateUpdating)) {
		// It is still where it was replicated to before, which its status tells:
		// learn.microsoft.com/azure/virtual-machines/azure-compute-gallery#replication.
		withdraw(&image, sdk.StateUnknown, provisioningIs+state)
	} else {
		provisioned(&image, state)
	}
	publishing := publishingOf(v)
	published(&image, publishing.PublishedDate)
	endOfLife(&image, "publishingProfile.endOfLifeDate", publishing.EndOfLifeDate)
	excluded(&image, "publishingProfile.excludeFromLatest", publishing.ExcludeFromLatest)
	note(&image, "replicationMode", "publishingProfile.replicationMode",
		Spelled(publishing.ReplicationMode, armcompute.PossibleReplicationModeValues()))
	if s := p.SafetyProfile; s != nil && s.ReportedForPolicyViolation != nil && *s.ReportedForPolicyViolation {
		withdraw(&image, sdk.Disabled, "reported for a violation of Microsoft's policies")
	}
	return image
}

func publishingOf(v *armcompute.GalleryImageVersion) *armcompute.GalleryImageVersionPublishingProfile {
	if v.Properties == nil || v.Properties.PublishingProfile == nil {
		return &armcompute.GalleryImageVersionPublishingProfile{}
	}
	return v.Properties.PublishingProfile
}

// perRegion copies image into each target region. Without target regions the
// version is in its own location alone.
func perRegion(image sdk.Image, v *armcompute.GalleryImageVersion) []sdk.Image {
	targets, key := publishingOf(v).TargetRegions, "publishingProfile.targetRegions"
	if len(targets) == 0 {
		targets, key = []*armcompute.TargetRegion{{Name: v.Location}}, "location"
	}
	images := make([]sdk.Image, 0, len(targets))
	seen := map[string]bool{}
	for _, target := range named(targets, v) {
		region := resourceid.Region(text(target.Name))
		if seen[region] {
			continue
		}
		seen[region] = true
		one := image
		one.Region = region
		one.Provenance = with(image.Provenance, "region",
			sdk.Provenance{From: "api", Key: key, Raw: changed(text(target.Name), region)})
		excluded(&one, "publishingProfile.targetRegions["+region+"].excludeFromLatest", target.ExcludeFromLatest)
		images = append(images, one)
	}
	return images
}

// named gives target regions that have no name those of the replication status
// that no target has, since these are where the version is.
func named(targets []*armcompute.TargetRegion, v *armcompute.GalleryImageVersion) []*armcompute.TargetRegion {
	taken := map[string]bool{}
	var some, nameless []*armcompute.TargetRegion
	for _, target := range targets {
		switch {
		case target == nil:
		case text(target.Name) == "":
			nameless = append(nameless, target)
		default:
			taken[resourceid.Region(*target.Name)] = true
			some = append(some, target)
		}
	}
	if len(nameless) == 0 || v.Properties == nil || v.Properties.ReplicationStatus == nil {
		return append(some, nameless...)
	}
	var found []*armcompute.TargetRegion
	for _, s := range v.Properties.ReplicationStatus.Summary {
		if s != nil && text(s.Region) != "" && !taken[resourceid.Region(*s.Region)] {
			found = append(found, &armcompute.TargetRegion{Name: s.Region})
		}
	}
	if len(found) == 0 {
		return append(some, nameless...)
	}
	for _, target := range nameless {
		if target.ExcludeFromLatest != nil && *target.ExcludeFromLatest { // of which of them is not known
			for _, f := range found {
				f.ExcludeFromLatest = target.ExcludeFromLatest
			}
		}
	}
	return append(some, found...)
}

// replicated applies the replication status to an image that is not withdrawn for
// another reason. A version that is complete in a region is available there.
func replicated(image *sdk.Image, status *armcompute.ReplicationStatus, only bool) {
	if failed(image) && inRegion(status, image.Region).state == armcompute.ReplicationStateCompleted {
		// To add a region may have failed, which takes nothing from those before.
		withdraw(image, sdk.StateUnknown, image.StateReason+", and its replication to "+image.Region+" is Completed")
		return
	}
	if image.State != sdk.Available && image.State != sdk.StateUnknown {
		return
	}
	also := "" // that it is excluded stays true when the replication is done
	if image.State == sdk.Available && image.StateReason != "" {
		also = "; " + image.StateReason
	}
	regional := inRegion(status, image.Region)
	switch regional.state {
	case armcompute.ReplicationStateCompleted:
		complete(image)
	case armcompute.ReplicationStateReplicating:
		done := "not done yet"
		if regional.progress != nil {
			done = strconv.Itoa(int(*regional.progress)) + " % done"
		}
		withdraw(image, sdk.Pending, "replication to "+image.Region+" is "+done+also)
	case armcompute.ReplicationStateFailed:
		withdraw(image, sdk.Failed, "replication to "+image.Region+" failed"+also)
	case "":
		replicatedAsWhole(image, status, only, also)
	default:
		withdraw(image, sdk.StateUnknown, "its replication to "+image.Region+" is "+string(regional.state)+also)
	}
}

// complete makes an image available that nothing but its replication left open.
func complete(image *sdk.Image) {
	if image.State == sdk.StateUnknown && !strings.HasSuffix(image.StateReason, notKnownHere) {
		withdraw(image, sdk.Available, "")
	}
}

// failed says whether an image is failed for its provisioning state.
func failed(image *sdk.Image) bool {
	return image.State == sdk.Failed && strings.EqualFold(image.StateReason, provisioningIs+string(armcompute.GalleryProvisioningStateFailed))
}

// replicatedAsWhole applies the state of all regions together, for a region of
// which nothing is said. It tells of no region but the only one.
func replicatedAsWhole(image *sdk.Image, status *armcompute.ReplicationStatus, only bool, also string) {
	var state armcompute.AggregatedReplicationState
	if status != nil {
		state = armcompute.AggregatedReplicationState(Spelled(status.AggregatedState, armcompute.PossibleAggregatedReplicationStateValues()))
	}
	switch {
	case state == armcompute.AggregatedReplicationStateCompleted:
		complete(image)
	case only && state == armcompute.AggregatedReplicationStateFailed:
		withdraw(image, sdk.Failed, "its replication failed"+also)
	case only && state == armcompute.AggregatedReplicationStateInProgress:
		withdraw(image, sdk.Pending, "its replication is not done yet"+also)
	case state == armcompute.AggregatedReplicationStateFailed || state == armcompute.AggregatedReplicationStateInProgress:
		withdraw(image, sdk.StateUnknown, "its replication is "+string(state)+", and Azure does not say in which regions"+also)
	default:
		withdraw(image, sdk.StateUnknown, "Azure does not say whether it is replicated to "+image.Region+also)
	}
}

type regional struct {
	state    armcompute.ReplicationState
	progress *int32
}

// inRegion returns what a status says of one region; the zero value when nothing.
func inRegion(status *armcompute.ReplicationStatus, region string) regional {
	if status == nil {
		return regional{}
	}
	for _, s := range status.Summary {
		if s != nil && resourceid.Region(text(s.Region)) == region {
			state := Spelled(s.State, armcompute.PossibleReplicationStateValues())
			return regional{armcompute.ReplicationState(state), s.Progress}
		}
	}
	return regional{}
}

// Shared is a version of a community gallery or of one that is shared directly.
// The API says less of it: it is there, or it is not listed.
type Shared struct {
	// UniqueID is the id as Azure gives it; empty when it gives none.
	UniqueID  string
	Tags      map[string]string
	Published time.Time
	EndOfLife time.Time
	Excluded  *bool
}

// FromCommunityVersion reads a version of a community gallery.
func FromCommunityVersion(v *armcompute.CommunityGalleryImageVersion) Shared {
	var s Shared
	if v.Identifier != nil {
		s.UniqueID = text(v.Identifier.UniqueID)
	}
	if p := v.Properties; p != nil {
		s.Tags, s.Excluded = tags(p.ArtifactTags), p.ExcludeFromLatest
		s.Published, s.EndOfLife = when(p.PublishedDate), when(p.EndOfLifeDate)
	}
	return s
}

// FromSharedVersion reads a version of a gallery that is shared directly.
func FromSharedVersion(v *armcompute.SharedGalleryImageVersion) Shared {
	var s Shared
	if v.Identifier != nil {
		s.UniqueID = text(v.Identifier.UniqueID)
	}
	if p := v.Properties; p != nil {
		s.Tags, s.Excluded = tags(p.ArtifactTags), p.ExcludeFromLatest
		s.Published, s.EndOfLife = when(p.PublishedDate), when(p.EndOfLifeDate)
	}
	return s
}

// Image returns the image of a shared version in location, where it was asked for.
func (s Shared) Image(id resourceid.ID, location string, d Definition, opt Options) sdk.Image {
	image := fromDefinition(id, d, s.Tags, opt)
	if s.UniqueID != "" {
		image.ID = s.UniqueID
		image.Reference = &sdk.Reference{Kind: ReferenceKind, Value: s.UniqueID}
	}
	image.Region = resourceid.Region(location)
	image.Public = id.Kind == resourceid.CommunityVersion
	if image.State == sdk.StateUnknown {
		image.State = sdk.Available
	}
	published(&image, &s.Published)
	endOfLife(&image, "endOfLifeDate", &s.EndOfLife)
	excluded(&image, "excludeFromLatest", s.Excluded)
	return image
}

// FromManaged returns the image of a managed image, which is in one region.
func FromManaged(id resourceid.ID, m *armcompute.Image, opt Options) sdk.Image {
	own := tags(m.Tags)
	image := sdk.Image{
		Provider: "azure", NewestBy: opt.NewestBy, Name: id.Name, Region: resourceid.Region(text(m.Location)),
		Evidence: sdk.Asked, Tags: own,
		Attributes: map[string]string{"imageType": "managedImage", "resourceGroup": id.ResourceGroup},
	}
	opt.Identify(&image, id)
	// learn.microsoft.com/azure/virtual-machines/capture-image-resource: Arm64
	// is supported through galleries only.
	image.Architecture = "amd64"
	image.Provenance["architecture"] = sdk.Provenance{From: "default", Key: "managed images are x64 only"}
	describe(&image, own, nil, opt.Tags)
	if m.SystemData != nil {
		published(&image, m.SystemData.CreatedAt)
	}
	builtAt(&image, own)
	p := m.Properties
	if p == nil {
		p = &armcompute.ImageProperties{}
	}
	provisioned(&image, text(p.ProvisioningState))
	note(&image, "hyperVGeneration", "hyperVGeneration",
		Spelled(p.HyperVGeneration, armcompute.PossibleHyperVGenerationTypesValues()))
	if p.StorageProfile != nil && p.StorageProfile.OSDisk != nil {
		disk := p.StorageProfile.OSDisk
		note(&image, "osType", "storageProfile.osDisk.osType",
			Spelled(disk.OSType, armcompute.PossibleOperatingSystemTypesValues()))
		note(&image, "osState", "storageProfile.osDisk.osState",
			Spelled(disk.OSState, armcompute.PossibleOperatingSystemStateTypesValues()))
	}
	usable(&image)
	return image
}

// fromDefinition fills in what all regions of a version share.
func fromDefinition(id resourceid.ID, d Definition, own map[string]string, opt Options) sdk.Image {
	image := sdk.Image{
		Provider: "azure", NewestBy: opt.NewestBy, Name: id.Definition, Version: id.Version,
		Evidence:     sdk.Asked,
		Architecture: osfacts.Architecture(d.Architecture),
		Tags:         merged(d.Tags, own),
		Attributes:   map[string]string{"imageType": "galleryVersion", "gallery": id.Gallery, "definition": id.Definition},
		Provenance:   map[string]sdk.Provenance{"version": {From: "api", Key: "name"}},
	}
	opt.Identify(&image, id)
	image.Provenance["architecture"] = sdk.Provenance{
		From: "api", Key: "definition.architecture", Raw: changed(d.Architecture, image.Architecture),
	}
	if image.Architecture == "" {
		// Definitions made before Azure had Arm64 have no architecture; they are x64.
		image.Architecture = "amd64"
		image.Provenance["architecture"] = sdk.Provenance{From: "default", Key: "definition without architecture is x64"}
	}
	note(&image, "osType", "definition.osType", d.OSType)
	note(&image, "osState", "definition.osState", d.OSState)
	note(&image, "hyperVGeneration", "definition.hyperVGeneration", d.HyperVGeneration)
	security, controllers := d.feature("SecurityType", id.Version), d.feature("DiskControllerTypes", id.Version)
	note(&image, "securityType", "definition.features.SecurityType", Spelled(&security, securityTypes()))
	note(&image, "diskControllerTypes", "definition.features.DiskControllerTypes", sorted(controllers))
	note(&image, "purchasePlan", "definition.purchasePlan", d.PurchasePlan)
	note(&image, "disallowedDiskTypes", "definition.disallowed.diskTypes", strings.Join(d.Disallowed, ","))
	describe(&image, own, d.Tags, opt.Tags)
	endOfLife(&image, "definition.endOfLifeDate", &d.EndOfLife)
	usable(&image)
	return image
}

// usable withdraws what no pack can use. A virtual machine made from a
// specialized image takes no osProfile, so no user data and no host name.
func usable(image *sdk.Image) {
	known := armcompute.PossibleOperatingSystemTypesValues()
	switch kind := image.Attributes["osType"]; {
	case kind == "" || strings.EqualFold(kind, "Linux"):
	case image.State == sdk.Available && !slices.Contains(known, armcompute.OperatingSystemTypes(kind)):
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

func published(image *sdk.Image, at *time.Time) {
	if t := when(at); !t.IsZero() {
		image.CreatedAt = t
		image.Provenance["createdAt"] = sdk.Provenance{From: "api", Key: "publishedDate"}
		if image.Attributes["imageType"] == "managedImage" {
			image.Provenance["createdAt"] = sdk.Provenance{From: "api", Key: "systemData.createdAt"}
		}
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
func endOfLife(image *sdk.Image, key string, at *time.Time) {
	t := when(at)
	if t.IsZero() || (!image.EndOfLifeAt.IsZero() && !t.Before(image.EndOfLifeAt)) {
		return
	}
	image.EndOfLifeAt = t
	image.Provenance["endOfLifeAt"] = sdk.Provenance{From: "api", Key: key}
}

func excluded(image *sdk.Image, key string, flag *bool) {
	if flag == nil || !*flag || image.ExcludedFromLatest {
		return
	}
	image.ExcludedFromLatest = true
	image.Provenance = with(image.Provenance, "excludedFromLatest", sdk.Provenance{From: "api", Key: key})
	if image.State != sdk.Available || image.StateReason != "" {
		return
	}
	image.StateReason = "excluded from latest in every region"
	if strings.Contains(key, "targetRegions") {
		image.StateReason = "excluded from latest in " + image.Region
	}
}

func text[T ~string](p *T) string {
	if p == nil {
		return ""
	}
	return string(*p)
}

func when(p *time.Time) time.Time {
	if p == nil || p.IsZero() {
		return time.Time{}
	}
	return p.UTC()
}

func tags(in map[string]*string) map[string]string {
	out := make(map[string]string, len(in))
	for k, v := range in {
		out[k] = text(v)
	}
	return out
}

// merged returns the tags of both; one name in two letter cases is one tag.
func merged(under, over map[string]string) map[string]string {
	out := make(map[string]string, len(under)+len(over))
	named := make(map[string]bool, len(over))
	for k, v := range over {
		out[k] = v
		named[strings.ToLower(k)] = true
	}
	for k, v := range under {
		if !named[strings.ToLower(k)] {
			out[k] = v
		}
	}
	return out
}

func with(m map[string]sdk.Provenance, key string, p sdk.Provenance) map[string]sdk.Provenance {
	out := make(map[string]sdk.Provenance, len(m)+1)
	for k, v := range m {
		out[k] = v
	}
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
		parts[i] = Spelled(&parts[i], []string{"SCSI", "NVMe"})
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

// Spelled returns the value as Azure's description spells it: the services do not
// always. A value that the description does not have stays as it is.
func Spelled[T ~string](p *T, known []T) string {
	value := text(p)
	for _, k := range known {
		if strings.EqualFold(value, string(k)) {
			return string(k)
		}
	}
	return value
}

// changed returns raw when value is another spelling of it, else "".
func changed(raw, value string) string {
	if raw == value {
		return ""
	}
	return raw
}
