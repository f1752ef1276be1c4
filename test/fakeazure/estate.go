package fakeazure

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	vmib "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/virtualmachineimagebuilder/armvirtualmachineimagebuilder/v2"
)

// Estate is what there is in the fake Azure. Resources are written as Azure's
// REST API writes them; ids and names that follow from the place are filled in.
type Estate struct {
	Galleries          []Gallery                                                                            `json:"galleries,omitempty"`
	CommunityGalleries []Foreign[armcompute.CommunityGalleryImage, armcompute.CommunityGalleryImageVersion] `json:"communityGalleries,omitempty"`
	SharedGalleries    []Foreign[armcompute.SharedGalleryImage, armcompute.SharedGalleryImageVersion]       `json:"sharedGalleries,omitempty"`
	Images             []*armcompute.Image                                                                  `json:"images,omitempty"`
	Templates          []Template                                                                           `json:"templates,omitempty"`
}

// Gallery is a gallery of a subscription.
type Gallery struct {
	ID          string       `json:"id"`
	Definitions []Definition `json:"definitions,omitempty"`
}

// Definition is an image definition with its versions.
type Definition struct {
	Image    *armcompute.GalleryImage          `json:"image"`
	Versions []*armcompute.GalleryImageVersion `json:"versions,omitempty"`
}

// Foreign is a community gallery or one that is shared directly.
type Foreign[I, V any] struct {
	Name      string   `json:"name"`
	Locations []string `json:"locations"`
	// SharedTo is "tenant" for a gallery that is shared with the tenant and not with the
	// subscription: a list has it only when it asks for that.
	SharedTo    armcompute.SharedToValues `json:"sharedTo,omitempty"`
	Definitions []ForeignDefinition[I, V] `json:"definitions,omitempty"`
}

// ForeignDefinition is a definition of such a gallery. Name is that of Image.
type ForeignDefinition[I, V any] struct {
	Name     string `json:"name"`
	Image    *I     `json:"image"`
	Versions []*V   `json:"versions,omitempty"`
}

// Template is an image template with its run outputs.
type Template struct {
	Template *vmib.ImageTemplate `json:"template"`
	Outputs  []*vmib.RunOutput   `json:"runOutputs,omitempty"`
}

// ParseEstate reads an Estate from JSON.
func ParseEstate(text []byte) (*Estate, error) {
	var e Estate
	if err := json.Unmarshal(text, &e); err != nil {
		return nil, fmt.Errorf("estate: %w", err)
	}
	e.complete()
	return &e, nil
}

// complete fills in the ids and names of what is in a gallery.
func (e *Estate) complete() {
	for _, g := range e.Galleries {
		for _, d := range g.Definitions {
			if d.Image.ID == nil {
				d.Image.ID = to.Ptr(g.ID + "/images/" + *d.Image.Name)
			}
			for _, v := range d.Versions {
				if v.ID == nil {
					v.ID = to.Ptr(*d.Image.ID + "/versions/" + *v.Name)
				}
			}
		}
	}
	for _, t := range e.Templates {
		for _, o := range t.Outputs {
			if o.ID == nil {
				o.ID = to.Ptr(*t.Template.ID + "/runOutputs/" + *o.Name)
			}
		}
	}
}

// Generate returns an estate of one subscription and resource group with that
// many galleries, definitions in each, and versions in each of those.
func Generate(subscription, group string, galleries, definitions, versions int) *Estate {
	var e Estate
	base := "/subscriptions/" + subscription + "/resourceGroups/" + group + "/providers/Microsoft.Compute"
	published := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for g := range galleries {
		gallery := Gallery{ID: fmt.Sprintf("%s/galleries/gallery%03d", base, g)}
		for d := range definitions {
			definition := Definition{Image: &armcompute.GalleryImage{
				Name: to.Ptr(fmt.Sprintf("capi-ubuntu-2404-%03d", d)), Location: to.Ptr("westus2"),
				Tags: map[string]*string{"distribution": to.Ptr("ubuntu"), "distribution_version": to.Ptr("2404")},
				Properties: &armcompute.GalleryImageProperties{
					OSType:            to.Ptr(armcompute.OperatingSystemTypesLinux),
					OSState:           to.Ptr(armcompute.OperatingSystemStateTypesGeneralized),
					Architecture:      to.Ptr(armcompute.ArchitectureX64),
					HyperVGeneration:  to.Ptr(armcompute.HyperVGenerationV2),
					ProvisioningState: to.Ptr(armcompute.GalleryProvisioningStateSucceeded),
					Identifier: &armcompute.GalleryImageIdentifier{
						Publisher: to.Ptr("capz"), Offer: to.Ptr("capz-demo"), SKU: to.Ptr(fmt.Sprintf("24_04-lts-gen2-%03d", d)),
					},
				},
			}}
			for v := range versions {
				definition.Versions = append(definition.Versions, &armcompute.GalleryImageVersion{
					Name: to.Ptr(fmt.Sprintf("0.3.%d", v)), Location: to.Ptr("westus2"),
					Tags: map[string]*string{"kubernetes_version": to.Ptr(fmt.Sprintf("v1.31.%d", v))},
					Properties: &armcompute.GalleryImageVersionProperties{
						ProvisioningState: to.Ptr(armcompute.GalleryProvisioningStateSucceeded),
						StorageProfile:    &armcompute.GalleryImageVersionStorageProfile{},
						PublishingProfile: &armcompute.GalleryImageVersionPublishingProfile{
							PublishedDate: to.Ptr(published.Add(time.Duration(v) * time.Hour)),
							TargetRegions: []*armcompute.TargetRegion{{Name: to.Ptr("West US 2")}, {Name: to.Ptr("East US")}},
						},
					},
				})
			}
			gallery.Definitions = append(gallery.Definitions, definition)
		}
		e.Galleries = append(e.Galleries, gallery)
	}
	e.complete()
	return &e
}

func (e *Estate) gallery(id string) *Gallery {
	for i := range e.Galleries {
		if strings.EqualFold(e.Galleries[i].ID, id) {
			return &e.Galleries[i]
		}
	}
	return nil
}

func (g *Gallery) definition(name string) *Definition {
	if g == nil {
		return nil
	}
	for i := range g.Definitions {
		if strings.EqualFold(*g.Definitions[i].Image.Name, name) {
			return &g.Definitions[i]
		}
	}
	return nil
}

func (d *Definition) version(name string) *armcompute.GalleryImageVersion {
	if d == nil {
		return nil
	}
	for _, v := range d.Versions {
		if strings.EqualFold(*v.Name, name) {
			return v
		}
	}
	return nil
}

// foreign returns the gallery of that name when it is in location.
func foreign[I, V any](all []Foreign[I, V], location, name string) *Foreign[I, V] {
	for i := range all {
		if !strings.EqualFold(all[i].Name, name) {
			continue
		}
		for _, l := range all[i].Locations {
			if strings.EqualFold(l, location) {
				return &all[i]
			}
		}
	}
	return nil
}

// listed returns the gallery when it is shared with whom the list is asked for.
func (f *Foreign[I, V]) listed(to *armcompute.SharedToValues) *Foreign[I, V] {
	if f == nil || to == nil && f.SharedTo != "" || to != nil && *to != f.SharedTo {
		return nil
	}
	return f
}

func (f *Foreign[I, V]) definition(name string) *ForeignDefinition[I, V] {
	if f == nil {
		return nil
	}
	for i := range f.Definitions {
		if strings.EqualFold(f.Definitions[i].Name, name) {
			return &f.Definitions[i]
		}
	}
	return nil
}

func (e *Estate) template(id string) *Template {
	for i := range e.Templates {
		if strings.EqualFold(*e.Templates[i].Template.ID, id) {
			return &e.Templates[i]
		}
	}
	return nil
}

// subscription returns that of the first gallery, which most of an estate is in.
func (e *Estate) subscription() string {
	if len(e.Galleries) == 0 {
		return "S"
	}
	return strings.Split(e.Galleries[0].ID, "/")[2]
}
