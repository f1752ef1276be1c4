package compute

import (
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm"
)

func targetRegion(name string, excluded *bool) *armcompute.TargetRegion {
	return &armcompute.TargetRegion{Name: to.Ptr(name), ExcludeFromLatest: excluded}
}

// versionOf is a version of a day.
func versionOf(d int, location, tag, mode string, regions ...*armcompute.TargetRegion) *armcompute.GalleryImageVersion {
	return &armcompute.GalleryImageVersion{
		Location: to.Ptr(location), Tags: map[string]*string{"kubernetes_version": to.Ptr(tag)},
		Properties: &armcompute.GalleryImageVersionProperties{PublishingProfile: &armcompute.GalleryImageVersionPublishingProfile{
			PublishedDate: day(d), EndOfLifeDate: day(d + 10), ReplicationMode: to.Ptr(armcompute.ReplicationMode(mode)), TargetRegions: regions,
		}},
	}
}

// inList is it as the list has it.
func inList() *armcompute.GalleryImageVersion {
	return versionOf(1, "westus2", "1.30.0", "Full", nil, targetRegion("West US 2", to.Ptr(true)), targetRegion("East US", nil))
}

// taken is a version that is taken back, or not.
func taken(back bool) *armcompute.GalleryImageVersion {
	return &armcompute.GalleryImageVersion{Properties: &armcompute.GalleryImageVersionProperties{
		PublishingProfile: &armcompute.GalleryImageVersionPublishingProfile{ExcludeFromLatest: &back},
		SafetyProfile:     &armcompute.GalleryImageVersionSafetyProfile{ReportedForPolicyViolation: &back},
	}}
}

func withdrawn(d int) *armcompute.GalleryImageVersion {
	v := taken(true)
	v.Properties.PublishingProfile.PublishedDate = day(d)
	return v
}

// What the list said of a version stands where the answer for it says nothing, and
// nowhere else.
func TestComplete(t *testing.T) {
	for name, tt := range map[string]struct {
		one, list, want *armcompute.GalleryImageVersion
	}{
		"nothing":   {&armcompute.GalleryImageVersion{}, inList(), inList()},
		"no fields": {versionOf(0, "", "", ""), inList(), inList()},
		"all": {
			versionOf(2, "eastus", "1.31.0", "Shallow", targetRegion("eastus", nil)), inList(),
			versionOf(2, "eastus", "1.31.0", "Shallow", targetRegion("eastus", nil)),
		},
		"no flags": {
			versionOf(2, "eastus", "1.31.0", "Shallow", targetRegion("eastus", to.Ptr(true)), nil, targetRegion("westus2", nil), targetRegion("northeurope", nil)), inList(),
			versionOf(2, "eastus", "1.31.0", "Shallow", targetRegion("eastus", to.Ptr(true)), nil, targetRegion("westus2", to.Ptr(true)), targetRegion("northeurope", nil)),
		},
		"another flag": {
			versionOf(2, "eastus", "1.31.0", "Shallow", targetRegion("westus2", to.Ptr(false))), inList(),
			versionOf(2, "eastus", "1.31.0", "Shallow", targetRegion("westus2", to.Ptr(false))),
		},
		"withdrawn in the list": {&armcompute.GalleryImageVersion{Properties: &armcompute.GalleryImageVersionProperties{
			PublishingProfile: &armcompute.GalleryImageVersionPublishingProfile{PublishedDate: day(2)},
		}}, withdrawn(1), withdrawn(2)},
		"withdrawn no longer": {taken(false), taken(true), taken(false)},
		"nothing in the list": {versionOf(2, "eastus", "1.31.0", "Shallow"), &armcompute.GalleryImageVersion{}, versionOf(2, "eastus", "1.31.0", "Shallow")},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "no fields" {
				*tt.one = armcompute.GalleryImageVersion{Properties: &armcompute.GalleryImageVersionProperties{
					PublishingProfile: &armcompute.GalleryImageVersionPublishingProfile{},
				}}
			}
			one, list := answered[Version](t, tt.one), answered[Version](t, tt.list)
			if diff := cmp.Diff(answered[Version](t, tt.want), one.CompletedBy(list), cmp.Comparer(func(a, b arm.Date) bool { return a == b }), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(answered[Version](t, tt.one), one, cmp.Comparer(func(a, b arm.Date) bool { return a == b })); diff != "" {
				t.Errorf("it changed the answer, which others share: -want +got:\n%s", diff)
			}
		})
	}
}
