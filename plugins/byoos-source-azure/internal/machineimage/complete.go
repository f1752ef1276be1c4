package machineimage

import (
	"cmp"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
)

// Complete fills in what the answer for one version leaves out and the list of its
// definition said: every field is optional in both. Without a time or a region the
// newest version would give way to an older one.
func Complete(one, list *armcompute.GalleryImageVersion) {
	one.Location = cmp.Or(one.Location, list.Location)
	if len(one.Tags) == 0 {
		one.Tags = list.Tags
	}
	if one.Properties == nil {
		one.Properties = &armcompute.GalleryImageVersionProperties{}
	}
	if safety := safetyOf(list); one.Properties.SafetyProfile == nil {
		one.Properties.SafetyProfile = safety
	} else if safety != nil {
		now := one.Properties.SafetyProfile
		now.ReportedForPolicyViolation = cmp.Or(now.ReportedForPolicyViolation, safety.ReportedForPolicyViolation)
	}
	was := publishingOf(list)
	now := one.Properties.PublishingProfile
	if now == nil {
		one.Properties.PublishingProfile = was
		return
	}
	now.PublishedDate = cmp.Or(now.PublishedDate, was.PublishedDate)
	now.EndOfLifeDate = cmp.Or(now.EndOfLifeDate, was.EndOfLifeDate)
	now.ExcludeFromLatest = cmp.Or(now.ExcludeFromLatest, was.ExcludeFromLatest)
	now.ReplicationMode = cmp.Or(now.ReplicationMode, was.ReplicationMode)
	if len(now.TargetRegions) == 0 {
		now.TargetRegions = was.TargetRegions
	}
	for _, target := range now.TargetRegions {
		if target != nil && target.ExcludeFromLatest == nil {
			target.ExcludeFromLatest = excludedIn(was.TargetRegions, text(target.Name))
		}
	}
}

func safetyOf(v *armcompute.GalleryImageVersion) *armcompute.GalleryImageVersionSafetyProfile {
	if v.Properties == nil {
		return nil
	}
	return v.Properties.SafetyProfile
}

// excludedIn returns what targets say of a region.
func excludedIn(targets []*armcompute.TargetRegion, region string) *bool {
	for _, target := range targets {
		if target != nil && resourceid.Region(text(target.Name)) == resourceid.Region(region) {
			return target.ExcludeFromLatest
		}
	}
	return nil
}
