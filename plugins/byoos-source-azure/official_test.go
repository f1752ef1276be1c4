package main_test

import (
	"os"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

// official is the estate of the examples in Azure's own API specifications. linux
// changes their operating system, which is Windows, and puts what the run outputs
// name beside them.
func official(t *testing.T, linux bool) *fakeazure.Estate {
	t.Helper()
	text, err := os.ReadFile("testdata/official/estate.json")
	if err != nil {
		t.Fatal(err)
	}
	e, err := fakeazure.ParseEstate(text)
	if err != nil {
		t.Fatal(err)
	}
	if !linux {
		return e
	}
	kind := to.Ptr(armcompute.OperatingSystemTypesLinux)
	gallery := &e.Galleries[0]
	gallery.Definitions[0].Image.Properties.OSType = kind
	e.CommunityGalleries[0].Definitions[0].Image.Properties.OSType = kind
	e.SharedGalleries[0].Definitions[0].Image.Properties.OSType = kind
	e.Images[0].Properties.StorageProfile.OSDisk.OSType = kind

	const rg1 = "/subscriptions/S/resourceGroups/rg1/providers/Microsoft.Compute"
	output := *e.Images[0]
	output.ID, output.Name = to.Ptr(rg1+"/images/output_managed_image"), to.Ptr("output_managed_image")
	e.Images = append(e.Images, &output)
	definition := *gallery.Definitions[0].Image
	definition.ID, definition.Name = to.Ptr(rg1+"/galleries/Gallery1/images/SharedImageOutput"), to.Ptr("SharedImageOutput")
	version := *gallery.Definitions[0].Versions[0]
	version.ID, version.Name = to.Ptr(*definition.ID+"/versions/1.2.3"), to.Ptr("1.2.3")
	properties := *version.Properties
	properties.SafetyProfile = nil
	version.Properties = &properties
	e.Galleries = append(e.Galleries, fakeazure.Gallery{ID: exampleGroup1 + "/galleries/Gallery1", Definitions: []fakeazure.Definition{
		{Image: &definition, Versions: []*armcompute.GalleryImageVersion{&version}},
	}})
	return e
}

const (
	exampleGroup  = "/subscriptions/S/resourceGroups/myResourceGroup/providers/Microsoft.Compute"
	exampleGroup1 = "/subscriptions/S/resourceGroups/rg1/providers/Microsoft.Compute"
)

// examples are Azure's own, and what comes of them by the kinds of place.
type examples struct {
	linux bool
	want  map[string][]string
	said  map[string]string
}

func (tt examples) check(t *testing.T) {
	t.Helper()
	places := map[string]config{
		"gallery":   {"gallery": "my*", "resourceGroup": "myResourceGroup"},
		"named":     {"gallery": "myGalleryName", "resourceGroup": "myResourceGroup", "definition": "myGalleryImageName"},
		"community": {"communityGallery": "publicGalleryName", "locations": []any{"myLocation"}},
		"shared":    {"sharedGallery": "galleryUniqueName", "locations": []any{"myLocation"}},
		"managed":   {"resourceGroup": "myResourceGroup"},
		"template":  {"template": "myImageTemplate", "resourceGroup": "myResourceGroup"},
	}
	w := start(t, fakeazure.Options{Estate: official(t, tt.linux)}, nil)
	for place, c := range places {
		c["subscription"] = "S"
		r := w.good(t, c)
		if diff := gocmp.Diff(tt.want[place], lines(r.Images)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", place, diff)
		}
		if tt.said[place] == "" && len(r.Diagnostics) > 0 {
			t.Errorf("%s: said %s", place, said(r))
		}
		wants(t, said(r), tt.said[place])
	}
	if !tt.linux {
		return
	}
	got := w.verify(t, []image.Ref{
		{ID: exampleGroup + "/locations/westus/Galleries/myGalleryName/Images/myGalleryImageName/Versions/1.0.0", Provider: "azure", Region: "West US"},
		{ID: exampleGroup + "/images/myImage", Provider: "azure", Region: "westus"},
	})
	if diff := gocmp.Diff([]string{"found disabled", "found available"}, got); diff != "" {
		t.Errorf("verify: -want +got:\n%s", diff)
	}
}

// The plugin reads what Azure's own examples answer.
func TestOfficialExamples(t *testing.T) {
	versions := []string{
		exampleGroup + "/galleries/myGalleryName/images/myGalleryImageName/versions/1.0.0 eastus disabled",
		exampleGroup + "/galleries/myGalleryName/images/myGalleryImageName/versions/1.0.0 westus disabled",
	}
	for name, tt := range map[string]examples{
		"as they are": {
			want: map[string][]string{
				"managed": {exampleGroup + "/images/myImage westus unusable"},
				"template": {
					exampleGroup1 + "/galleries/Gallery1/images/SharedImageOutput/versions/1.2.3  gone",
					exampleGroup1 + "/images/output_managed_image  gone",
				},
			},
			said: map[string]string{
				"gallery": "not Linux: myGalleryImageName", "named": "not Linux: myGalleryImageName",
				"community": "not Linux: myGalleryImageName", "shared": "not Linux: myGalleryImageName",
				"template": "Azure does not say how the last run ended; its outputs are offered",
			},
		},
		"with Linux": {
			linux: true,
			want: map[string][]string{
				"gallery": versions, "named": versions, // reported for a violation of policies
				"community": {"/CommunityGalleries/publicGalleryName/Images/myGalleryImageName/Versions/myGalleryImageVersionName mylocation available"},
				"shared":    {"/SharedGalleries/galleryUniqueName/Images/myGalleryImageName/Versions/myGalleryImageVersionName mylocation available"},
				"managed":   {exampleGroup + "/images/myImage westus available"}, // which Azure calls created
				"template": {
					exampleGroup1 + "/galleries/Gallery1/images/SharedImageOutput/versions/1.2.3 eastus available",
					exampleGroup1 + "/galleries/Gallery1/images/SharedImageOutput/versions/1.2.3 westus available",
					exampleGroup1 + "/images/output_managed_image westus available",
				},
			},
			said: map[string]string{"template": "Azure does not say how the last run ended; its outputs are offered"},
		},
	} {
		t.Run(name, tt.check)
	}
}
