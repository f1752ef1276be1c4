package main_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	vmib "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/virtualmachineimagebuilder/armvirtualmachineimagebuilder/v2"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

// oracleWorld is a subscription with galleries, and what a pack wants of it.
type oracleWorld struct {
	name               string
	galleries          []*fakeazure.Gallery
	template           *fakeazure.Template
	region, kubernetes string
	relative, number   bool
	rest               bool // a second pack has no range
}

func oracleWorldOf(seed int) *oracleWorld {
	r := rand.New(rand.NewPCG(uint64(seed), 7))
	w := &oracleWorld{
		name: fmt.Sprintf("w%04d", seed), region: oneOf(r, "West US 2", "eastus", "East US", "northeurope"),
		kubernetes: oneOf(r, "", "", "~1.30", "~1.31"), relative: r.IntN(3) == 0, number: r.IntN(4) == 0, rest: r.IntN(4) == 0,
	}
	for g := range 1 + r.IntN(2) {
		gallery := &fakeazure.Gallery{ID: fmt.Sprintf("/subscriptions/%s/resourceGroups/RG%d/providers/Microsoft.Compute/galleries/prod", w.name, g)}
		for d := range 1 + r.IntN(2) {
			gallery.Definitions = append(gallery.Definitions, oracleDefinition(r, gallery.ID, fmt.Sprintf("Def%d", d)))
		}
		w.galleries = append(w.galleries, gallery)
	}
	if w.relative { // a subscription has no two galleries of one name, and their versions' relative ids would be equal
		w.galleries = w.galleries[:1]
	}
	if w.number { // those of several definitions do not compare
		w.galleries = w.galleries[:1]
		w.galleries[0].Definitions = w.galleries[0].Definitions[:1]
	}
	if r.IntN(3) == 0 {
		w.template = oracleTemplate(r, w)
	}
	return w
}

func oneOf[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func oracleTemplate(r *rand.Rand, w *oracleWorld) *fakeazure.Template {
	d := w.galleries[0].Definitions[0]
	if len(d.Versions) == 0 {
		return nil
	}
	id := fmt.Sprintf("/subscriptions/%s/resourceGroups/RG0/providers/Microsoft.VirtualMachineImages/imageTemplates/tpl", w.name)
	v := oneOf(r, d.Versions...)
	artifact := *v.ID
	if r.IntN(2) == 0 {
		artifact = strings.Replace(artifact, "/versions/", "/imageversions/", 1)
	}
	if r.IntN(3) == 0 {
		artifact = strings.ToLower(artifact)
	}
	state := oneOf(r, vmib.PossibleRunStateValues()...)
	return &fakeazure.Template{
		Template: &vmib.ImageTemplate{ID: &id, Name: to.Ptr("tpl"), Location: to.Ptr("westus2"), Properties: &vmib.ImageTemplateProperties{
			LastRunStatus: &vmib.ImageTemplateLastRunStatus{RunState: &state, StartTime: to.Ptr(oracleNow().Add(-time.Duration(r.IntN(96)) * time.Hour))},
		}},
		Outputs: []*vmib.RunOutput{{Name: to.Ptr("out"), ID: to.Ptr(id + "/runOutputs/out"), Properties: &vmib.RunOutputProperties{
			ArtifactID: &artifact, ProvisioningState: to.Ptr(oneOf(r, vmib.ProvisioningStateSucceeded, vmib.ProvisioningStateSucceeded, vmib.ProvisioningStateCreating)),
		}}},
	}
}

func oracleNow() time.Time { return time.Now().UTC().Truncate(time.Hour) }

func oracleDefinition(r *rand.Rand, gallery, name string) fakeazure.Definition {
	d := fakeazure.Definition{Image: &armcompute.GalleryImage{
		ID: to.Ptr(gallery + "/images/" + name), Name: &name, Location: to.Ptr("westus2"),
		Tags: map[string]*string{oneOf(r, "distribution", "Distribution"): to.Ptr("ubuntu"), "distribution_version": to.Ptr("2404")},
		Properties: &armcompute.GalleryImageProperties{
			OSType:        to.Ptr(armcompute.OperatingSystemTypesLinux),
			OSState:       to.Ptr(oneOf(r, armcompute.OperatingSystemStateTypesGeneralized, armcompute.OperatingSystemStateTypesGeneralized, armcompute.OperatingSystemStateTypesGeneralized, armcompute.OperatingSystemStateTypesSpecialized)),
			Architecture:  to.Ptr(armcompute.ArchitectureX64),
			EndOfLifeDate: oneOf(r, nil, nil, nil, to.Ptr(oracleNow().Add(time.Hour*240)), to.Ptr(oracleNow().Add(-time.Hour))),
		},
	}}
	for i := range r.IntN(7) {
		d.Versions = append(d.Versions, oracleVersion(r, *d.Image.ID, fmt.Sprintf("0.%d.%d", r.IntN(2), 8+i)))
	}
	r.Shuffle(len(d.Versions), func(i, j int) { d.Versions[i], d.Versions[j] = d.Versions[j], d.Versions[i] })
	return d
}

func often[T any](r *rand.Rand, usual T, other ...T) T {
	if r.IntN(6) > 0 {
		return usual
	}
	return oneOf(r, other...)
}

func oracleVersion(r *rand.Rand, definition, name string) *armcompute.GalleryImageVersion {
	v := &armcompute.GalleryImageVersion{
		ID: to.Ptr(definition + "/versions/" + name), Name: &name, Location: to.Ptr("westus2"),
		Tags: map[string]*string{oneOf(r, "kubernetes_version", "Kubernetes_Version"): to.Ptr(oneOf(r, "v1.30.1", "v1.31.2"))},
		Properties: &armcompute.GalleryImageVersionProperties{
			ProvisioningState: to.Ptr(armcompute.GalleryProvisioningState(often(r, "Succeeded", "Creating", "Updating", "Updating", "Failed", "Deleting", "Migrating"))),
			StorageProfile:    &armcompute.GalleryImageVersionStorageProfile{},
			PublishingProfile: &armcompute.GalleryImageVersionPublishingProfile{
				PublishedDate:      to.Ptr(oracleNow().Add(-time.Duration(r.IntN(10000)) * time.Minute)),
				ExcludeFromLatest:  often(r, nil, to.Ptr(true), to.Ptr(false)),
				EndOfLifeDate:      often(r, nil, to.Ptr(oracleNow().Add(-time.Hour)), to.Ptr(oracleNow().Add(100*time.Hour))),
				ReplicationMode:    oneOf(r, nil, to.Ptr(armcompute.ReplicationModeShallow)),
				StorageAccountType: oneOf(r, nil, to.Ptr(armcompute.StorageAccountTypeStandardZRS)),
			},
			ReplicationStatus: &armcompute.ReplicationStatus{},
			SafetyProfile:     &armcompute.GalleryImageVersionSafetyProfile{ReportedForPolicyViolation: often(r, nil, to.Ptr(true), to.Ptr(false))},
		},
	}
	for _, region := range []string{"West US 2", "East US", "North Europe"} {
		if r.IntN(4) == 0 {
			continue
		}
		if r.IntN(3) == 0 {
			region = strings.ToLower(strings.ReplaceAll(region, " ", ""))
		}
		p := v.Properties
		p.PublishingProfile.TargetRegions = append(p.PublishingProfile.TargetRegions, &armcompute.TargetRegion{
			Name: to.Ptr(region), ExcludeFromLatest: often(r, nil, to.Ptr(true)),
			StorageAccountType: oneOf(r, nil, to.Ptr(armcompute.StorageAccountTypePremiumLRS)),
		})
		state := armcompute.ReplicationState(often(r, "Completed", "Replicating", "Failed", "Unknown", "none"))
		if state != "none" {
			p.ReplicationStatus.Summary = append(p.ReplicationStatus.Summary, &armcompute.RegionalReplicationStatus{Region: to.Ptr(region), State: &state})
		}
	}
	return v
}

func oracleEstate(worlds []*oracleWorld) *fakeazure.Estate {
	var e fakeazure.Estate
	for _, w := range worlds {
		for _, g := range w.galleries {
			e.Galleries = append(e.Galleries, *g)
		}
		if w.template != nil {
			e.Templates = append(e.Templates, *w.template)
		}
	}
	return &e
}

// change makes one thing of a locked image other than it was.
func (w *oracleWorld) change(r *rand.Rand, id string) {
	i, there := w.find(id)
	if !there {
		return
	}
	p := i.v.Properties
	target := p.PublishingProfile.TargetRegions[slices.IndexFunc(p.PublishingProfile.TargetRegions, func(t *armcompute.TargetRegion) bool { return sameRegion(*t.Name, w.region) })]
	at := slices.IndexFunc(p.ReplicationStatus.Summary, func(s *armcompute.RegionalReplicationStatus) bool { return sameRegion(*s.Region, w.region) })
	switch r.IntN(15) {
	case 0:
		i.d.Versions = slices.DeleteFunc(i.d.Versions, func(v *armcompute.GalleryImageVersion) bool { return v == i.v })
	case 1:
		p.PublishingProfile.ExcludeFromLatest = to.Ptr(true)
	case 2:
		target.ExcludeFromLatest = to.Ptr(true)
	case 3:
		p.PublishingProfile.EndOfLifeDate = to.Ptr(time.Now().Add(-time.Hour))
	case 4:
		p.SafetyProfile.ReportedForPolicyViolation = to.Ptr(true)
	case 5:
		p.PublishingProfile.TargetRegions = slices.DeleteFunc(p.PublishingProfile.TargetRegions, func(t *armcompute.TargetRegion) bool { return t == target })
	case 6:
		if at >= 0 {
			p.ReplicationStatus.Summary[at].State = to.Ptr(oneOf(r, armcompute.PossibleReplicationStateValues()...))
		}
	case 7:
		p.ProvisioningState = to.Ptr(oneOf(r, armcompute.PossibleGalleryProvisioningStateValues()...))
	case 8:
		for _, g := range w.galleries {
			g.Definitions = slices.DeleteFunc(g.Definitions, func(d fakeazure.Definition) bool {
				return strings.HasPrefix(strings.ToLower(id), strings.ToLower(*d.Image.ID)+"/")
			})
		}
	case 9:
		p.ReplicationStatus.Summary = nil
	case 10:
		i.d.Image.Properties.EndOfLifeDate = to.Ptr(time.Now().Add(-time.Hour))
	case 11, 12:
		v := oracleVersion(r, *i.d.Image.ID, "1.0.0")
		v.Properties.PublishingProfile.PublishedDate = to.Ptr(oracleNow())
		i.d.Versions = append(i.d.Versions, v)
	case 13:
		if w.template != nil {
			*w.template.Template.Properties.LastRunStatus.RunState = oneOf(r, vmib.PossibleRunStateValues()...)
		}
	}
}
