package compute

import (
	"cmp"
	"slices"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
)

// CompletedBy returns the answer for one version with what it leaves out and the list of
// its definition said: every field is optional in both. Without a time or a region the
// newest version would give way to an older one.
func (v Version) CompletedBy(list Version) Version {
	v.Location = cmp.Or(v.Location, list.Location)
	if len(v.Tags) == 0 {
		v.Tags = list.Tags
	}
	safety := &v.Properties.SafetyProfile
	safety.ReportedForPolicyViolation = cmp.Or(safety.ReportedForPolicyViolation, list.Properties.SafetyProfile.ReportedForPolicyViolation)
	now, was := &v.Properties.PublishingProfile, list.Properties.PublishingProfile
	now.PublishedDate = now.PublishedDate.Or(was.PublishedDate)
	now.EndOfLifeDate = now.EndOfLifeDate.Or(was.EndOfLifeDate)
	now.ExcludeFromLatest = cmp.Or(now.ExcludeFromLatest, was.ExcludeFromLatest)
	now.ReplicationMode = cmp.Or(now.ReplicationMode, was.ReplicationMode)
	if len(now.TargetRegions) == 0 {
		now.TargetRegions = was.TargetRegions
	}
	now.TargetRegions = slices.Clone(now.TargetRegions) // of an answer that others share
	for i, target := range now.TargetRegions {
		if target != nil && target.ExcludeFromLatest == nil {
			now.TargetRegions[i] = &Target{Name: target.Name, ExcludeFromLatest: excludedIn(was.TargetRegions, target.Name)}
		}
	}
	return v
}

// excludedIn returns what targets say of a region.
func excludedIn(targets []*Target, region string) *bool {
	for _, target := range targets {
		if target != nil && resourceid.Region(target.Name) == resourceid.Region(region) {
			return target.ExcludeFromLatest
		}
	}
	return nil
}
