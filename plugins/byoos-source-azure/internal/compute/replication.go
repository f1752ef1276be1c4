package compute

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// perRegion copies image into each target region. Without target regions, of which null is
// none, the version is in its own location alone: one that exists has an image.
func perRegion(image sdk.Image, v Version) []sdk.Image {
	targets, key := v.Properties.PublishingProfile.TargetRegions, "publishingProfile.targetRegions"
	targets = slices.DeleteFunc(slices.Clone(targets), func(t *Target) bool { return t == nil })
	if len(targets) == 0 {
		targets, key = []*Target{{Name: v.Location}}, "location"
	}
	images := make([]sdk.Image, 0, len(targets))
	seen := map[string]bool{}
	for _, target := range named(targets, v.Properties.ReplicationStatus) {
		region := resourceid.Region(target.Name)
		if seen[region] {
			continue
		}
		seen[region] = true
		one := image
		one.Region = region
		one.Provenance = with(image.Provenance, "region", sdk.Provenance{From: "api", Key: key}.Of(target.Name, region))
		excluded(&one, "publishingProfile.targetRegions["+region+"].excludeFromLatest", target.ExcludeFromLatest)
		images = append(images, one)
	}
	return images
}

// named gives target regions that have no name those of the replication status
// that no target has, since these are where the version is.
func named(targets []*Target, status replication) []*Target {
	taken := map[string]bool{}
	var some, nameless, found []*Target
	var excluded *bool
	for _, target := range targets {
		if target.Name != "" {
			taken[resourceid.Region(target.Name)] = true
			some = append(some, target)
			continue
		}
		nameless = append(nameless, target)
		if isTrue(target.ExcludeFromLatest) { // of which of them is not known
			excluded = target.ExcludeFromLatest
		}
	}
	if len(nameless) == 0 {
		return some
	}
	for _, s := range status.Summary {
		if s.Region != "" && !taken[resourceid.Region(s.Region)] {
			found = append(found, &Target{Name: s.Region, ExcludeFromLatest: excluded})
		}
	}
	if found == nil {
		found = nameless
	}
	return append(some, found...)
}

// replicated applies the replication status to an image that is not withdrawn for
// another reason. A version that is complete in a region is available there.
func replicated(image *sdk.Image, status replication, only bool) {
	here := status.in(image.Region)
	state := Spelled(here.State, "Completed", "Replicating", "Failed", "Unknown")
	if failed(image) && state == "Completed" {
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
	switch state {
	case "Completed":
		complete(image)
	case "Replicating":
		done := "not done yet"
		if here.Progress != nil {
			done = strconv.Itoa(*here.Progress) + " % done"
		}
		withdraw(image, sdk.Pending, "replication to "+image.Region+" is "+done+also)
	case "Failed":
		withdraw(image, sdk.Failed, "replication to "+image.Region+" failed"+also)
	case "":
		replicatedAsWhole(image, status.AggregatedState, only, also)
	default:
		withdraw(image, sdk.StateUnknown, "its replication to "+image.Region+" is "+state+also)
	}
}

// in returns what a status says of one region; the zero value when nothing.
func (r replication) in(region string) regional {
	for _, s := range r.Summary {
		if resourceid.Region(s.Region) == region {
			return s
		}
	}
	return regional{}
}

// complete makes an image available that nothing but its replication left open.
func complete(image *sdk.Image) {
	if image.State == sdk.StateUnknown && !strings.HasSuffix(image.StateReason, notKnownHere) {
		withdraw(image, sdk.Available, "")
	}
}

// failed says whether an image is failed for its provisioning state.
func failed(image *sdk.Image) bool {
	return image.State == sdk.Failed && strings.EqualFold(image.StateReason, provisioningIs+"Failed")
}

// replicatedAsWhole applies the state of all regions together, for a region of
// which nothing is said. It tells of no region but the only one.
func replicatedAsWhole(image *sdk.Image, state string, only bool, also string) {
	state = Spelled(state, "Completed", "InProgress", "Failed")
	switch {
	case state == "Completed":
		complete(image)
	case only && state == "Failed":
		withdraw(image, sdk.Failed, "its replication failed"+also)
	case only && state == "InProgress":
		withdraw(image, sdk.Pending, "its replication is not done yet"+also)
	case state == "Failed" || state == "InProgress":
		withdraw(image, sdk.StateUnknown, "its replication is "+state+", and Azure does not say in which regions"+also)
	default:
		withdraw(image, sdk.StateUnknown, "Azure does not say whether it is replicated to "+image.Region+also)
	}
}
