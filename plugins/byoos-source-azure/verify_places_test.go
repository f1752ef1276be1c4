package main_test

import (
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	vmib "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/virtualmachineimagebuilder/armvirtualmachineimagebuilder/v2"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

// Each source is asked for the images of all others. That it may not look where its
// configuration does not is no failure of it.
func TestVerifyOfAnotherSourcesPlace(t *testing.T) {
	const theirs = "/subscriptions/S2/resourceGroups/RG/providers/Microsoft.Compute/"
	for name, id := range map[string]string{
		"gallery version":   theirs + "galleries/g/images/d/versions/1.0.0",
		"another gallery":   group + "/galleries/theirs/images/d/versions/1.0.0",
		"another group":     strings.Replace(prod, "/images/providers", "/theirs/providers", 1) + "d/versions/1.0.0",
		"of the group":      group + "/images/golden-managed",
		"managed image":     theirs + "images/i",
		"community gallery": "/CommunityGalleries/public/Images/d/Versions/1.0.0",
		"shared gallery":    "/SharedGalleries/unique/Images/d/Versions/1.0.0",
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, fakeazure.Options{Faults: []fakeazure.Fault{{Status: 403, Code: "AuthorizationFailed"}}}, nil)
			got, diagnostics, err := w.host.Verify(t.Context(), source.VerifyRequest{
				Source: "azure", Plugin: w.plugin(), Config: config{"gallery": "prod", "resourceGroup": "images"}, BaseDir: "/",
				Refs: []image.Ref{{ID: id, Provider: "azure", Region: "eastus"}},
			})
			if err != nil || len(diagnostics) > 0 {
				t.Errorf("%v, said %v", err, diagnostics)
			}
			if len(got) != 1 || got[0].Presence != source.Unknown || got[0].Evidence != image.Asked || !strings.Contains(got[0].Reason, "access denied") {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// The id of a community gallery names no region, so it is looked for where the
// configuration and the packs are.
func TestVerifyCommunityIDWithoutRegion(t *testing.T) {
	const (
		gallery = "ClusterAPI-f72ceb4f-5159-4c26-a0fe-2ea738f0d019"
		id      = "/CommunityGalleries/" + gallery + "/Images/capi-ubun2-2404/Versions/"
	)
	community := func(locations ...any) config { return config{"communityGallery": gallery, "locations": locations} }
	for name, tt := range map[string]struct {
		config  config
		regions []string
		version string
		fault   fakeazure.Fault
		want    source.Presence
		region  string
		said    string
	}{
		"its locations":          {config: community("West US 2"), version: "1.31.4", want: source.Found, region: "westus2"},
		"in the second":          {config: community("northeurope", "eastus"), version: "1.31.4", want: source.Found, region: "eastus"},
		"the packs'":             {config: config{"gallery": "prod", "resourceGroup": "images"}, regions: []string{"East US"}, version: "1.31.4", want: source.Found, region: "eastus"},
		"nowhere":                {config: community("westus2", "eastus"), version: "1.0.0", want: source.NotFound, said: "it does not exist in westus2, eastus"},
		"not in the only one":    {config: community("northeurope"), version: "1.31.4", want: source.NotFound, said: "it does not exist in northeurope"},
		"one could not be asked": {config: community("westus2", "eastus"), version: "1.0.0", fault: fakeazure.Fault{Match: "/locations/eastus", Status: 403, Code: "AuthorizationFailed"}, want: source.Unknown, said: "access denied"},
		"no region": {
			config: config{"gallery": "prod", "resourceGroup": "images"}, version: "1.31.4", want: source.Unknown,
			said: "no region to look for it in: name it in locations or in a pack's select",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := fakeazure.Options{}
			if tt.fault.Match != "" {
				o.Faults = []fakeazure.Fault{tt.fault}
			}
			w := start(t, o, nil)
			got, _, err := w.host.Verify(t.Context(), source.VerifyRequest{
				Source: "azure", Plugin: w.plugin(), Config: tt.config, BaseDir: "/", Regions: tt.regions,
				Refs: []image.Ref{{ID: id + tt.version, Provider: "azure"}},
			})
			if (err != nil) != (tt.fault.Match != "") {
				t.Error(err)
			}
			if len(got) != 1 || got[0].Presence != tt.want || !strings.Contains(got[0].Reason, tt.said) {
				t.Fatalf("got %+v", got)
			}
			if tt.region != "" && got[0].Image.Region != tt.region {
				t.Errorf("found in %q", got[0].Image.Region)
			}
			if tt.want == source.NotFound && got[0].Evidence == image.Asked { // the region that has it may be another one
				t.Errorf("gone: %+v", got)
			}
		})
	}
}

// One version in two regions is asked for in each.
func TestVerifyCommunityImageInTwoRegions(t *testing.T) {
	const gallery = "ClusterAPI-f72ceb4f-5159-4c26-a0fe-2ea738f0d019"
	w := start(t, fakeazure.Options{}, nil)
	regions := []string{"westus2", "eastus", "northeurope"}
	refs := make([]image.Ref, len(regions))
	for i, region := range regions {
		refs[i] = image.Ref{ID: "/CommunityGalleries/" + gallery + "/Images/capi-ubun2-2404/Versions/1.31.4", Provider: "azure", Region: region}
	}
	got, _, err := w.host.Verify(t.Context(), source.VerifyRequest{
		Source: "azure", Plugin: w.plugin(), Config: config{"communityGallery": gallery, "locations": []any{"westus2"}}, BaseDir: "/", Refs: refs,
	})
	if err != nil || len(got) != len(refs) {
		t.Fatalf("got %+v, %v", got, err)
	}
	for i, region := range regions[:2] {
		if got[i].Presence != source.Found || got[i].Image.Region != region {
			t.Errorf("%s: %+v", region, got[i])
		}
	}
	if got[2].Presence != source.NotFound || got[2].Reason != "it does not exist in northeurope" {
		t.Errorf("northeurope: %+v", got[2])
	}
}

// A gallery that is no longer shared with a subscription looks like one that is gone.
func TestVerifySharedImageThatDoesNotShow(t *testing.T) {
	w := start(t, fakeazure.Options{}, nil)
	got, _, err := w.host.Verify(t.Context(), source.VerifyRequest{
		Source: "azure", Plugin: w.plugin(), Config: config{"gallery": "prod", "resourceGroup": "images"}, BaseDir: "/",
		Refs: []image.Ref{{ID: "/SharedGalleries/unique/Images/d/Versions/1.0.0", Provider: "azure", Region: "eastus"}},
	})
	if err != nil || len(got) != 1 || got[0].Presence != source.NotVisible || !strings.Contains(got[0].Reason, "not shared with") {
		t.Errorf("%v, got %+v", err, got)
	}
}

// An id in relative form is looked for in every subscription of the source.
func TestVerifyRelativeInEverySubscription(t *testing.T) {
	const id = "galleries/gallery000/images/capi-ubuntu-2404-000/versions/0.3.0"
	for name, tt := range map[string]struct {
		has    []string
		denied string
		want   source.Presence
		said   string
	}{
		"in the first":            {[]string{"S1"}, "", source.Found, ""},
		"in the last":             {[]string{"S3"}, "", source.Found, ""},
		"in none":                 {nil, "", source.NotFound, "it does not exist any more"},
		"in two":                  {[]string{"S1", "S3"}, "", source.Unknown, "it is in several of the source's subscriptions"},
		"one was not asked":       {[]string{"S1"}, "S2", source.Unknown, "access denied"},
		"the first was not asked": {[]string{"S2"}, "S1", source.Unknown, "access denied"},
		"none, and one not asked": {nil, "S3", source.Unknown, "access denied"},
	} {
		t.Run(name, func(t *testing.T) {
			e := &fakeazure.Estate{}
			for _, s := range tt.has {
				e.Galleries = append(e.Galleries, fakeazure.Generate(s, "RG", 1, 1, 1).Galleries...)
			}
			o := fakeazure.Options{Estate: e}
			if tt.denied != "" {
				o.Faults = []fakeazure.Fault{{Match: "/subscriptions/" + tt.denied + "/", Status: 403, Code: "AuthorizationFailed"}}
			}
			w := start(t, o, nil)
			got, _, err := w.host.Verify(t.Context(), source.VerifyRequest{
				Source: "azure", Plugin: w.plugin(), BaseDir: "/", Refs: []image.Ref{{ID: id, Provider: "azure"}},
				Config: config{"gallery": "gallery000", "resourceGroup": "RG", "subscriptions": []any{"S1", "S2", "S3"}},
			})
			if (err != nil) != (tt.denied != "") || len(got) != 1 || got[0].Presence != tt.want || !strings.Contains(got[0].Reason, tt.said) {
				t.Errorf("%v, got %+v", err, got)
			}
		})
	}
}

// A relative id says nothing of where the gallery is: a source that reads another one,
// or does not know its resource group, cannot call the image gone.
func TestVerifyRelativeOfAnotherPlace(t *testing.T) {
	const id = "galleries/gallery000/images/capi-ubuntu-2404-000/versions/0.3.0"
	e := fakeazure.Generate("S", "RG", 1, 1, 1)
	template := fakeazure.Template{Template: &vmib.ImageTemplate{ID: to.Ptr("/subscriptions/S/resourceGroups/T/providers/Microsoft.VirtualMachineImages/imageTemplates/golden")}}
	e.Templates = append(e.Templates, template)
	w := start(t, fakeazure.Options{Estate: e}, nil)
	for name, tt := range map[string]struct {
		config config
		want   source.Presence
		said   string
	}{
		"its gallery":          {config{"gallery": "gallery*", "resourceGroup": "RG"}, source.Found, ""},
		"another gallery":      {config{"gallery": "other", "resourceGroup": "RG2"}, source.Unknown, "no gallery of this source"},
		"another definition":   {config{"gallery": "gallery*", "definition": "rhel-*", "resourceGroup": "RG2"}, source.Unknown, "no gallery of this source"},
		"managed images":       {config{"resourceGroup": "RG2"}, source.Unknown, "no gallery of this source"},
		"no group":             {config{"gallery": "gallery000"}, source.Unknown, "set resourceGroup to that of the gallery"},
		"a template's group":   {config{"template": "golden", "resourceGroup": "RG"}, source.Found, ""},
		"a template elsewhere": {config{"template": "golden", "resourceGroup": "T"}, source.Unknown, "it is not in resource group T"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.config["subscription"] = "S"
			got, _, err := w.host.Verify(t.Context(), source.VerifyRequest{
				Source: "azure", Plugin: w.plugin(), BaseDir: "/", Config: tt.config,
				Refs: []image.Ref{{ID: id, Provider: "azure"}, {ID: strings.ToUpper(id), Provider: "azure"}},
			})
			if err != nil || len(got) != 2 || got[0].Presence != tt.want || got[1].Presence != tt.want || !strings.Contains(got[0].Reason, tt.said) {
				t.Errorf("%v, got %+v", err, got)
			}
		})
	}
}

// A gallery may be shared with one of the subscriptions only.
func TestVerifySharedImageAsEverySubscription(t *testing.T) {
	w := start(t, fakeazure.Options{Faults: []fakeazure.Fault{{Match: "/subscriptions/S1/", Status: 404, Code: "ResourceNotFound"}}}, nil)
	got, _, err := w.host.Verify(t.Context(), source.VerifyRequest{
		Source: "azure", Plugin: w.plugin(), Config: config{"gallery": "prod", "resourceGroup": "images", "subscriptions": []any{"S1", subscription}}, BaseDir: "/",
		Refs: []image.Ref{{ID: "/SharedGalleries/00000000-0000-0000-0000-0000000000bb-TEAM/Images/golden-ubuntu/Versions/2.0.0", Provider: "azure", Region: "westus2"}},
	})
	if err != nil || len(got) != 1 || got[0].Presence != source.Found {
		t.Errorf("%v, got %+v", err, got)
	}
}
