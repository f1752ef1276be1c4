package fakeazure

import "strings"

// target is what a path asks for.
type target struct {
	// api is the SDK's name of the call.
	api string
	// action is the permission it needs, from Azure's list of resource provider
	// operations (learn.microsoft.com/azure/role-based-access-control/permissions/compute).
	action string
	// segments are the names in the path, in order.
	segments []string
	// path is spelled as the SDK spells it.
	path string
}

// A route's pattern has a * for every name.
func routes() []target {
	const (
		group     = "/subscriptions/*/resourceGroups/*/providers/Microsoft.Compute"
		sub       = "/subscriptions/*/providers/Microsoft.Compute"
		community = sub + "/locations/*/communityGalleries/*/images"
		shared    = sub + "/locations/*/sharedGalleries/*/images"
		templates = "/subscriptions/*/resourceGroups/*/providers/Microsoft.VirtualMachineImages/imageTemplates"
	)
	return []target{
		{path: sub + "/galleries", api: "GalleriesClient.NewListPager", action: "Microsoft.Compute/galleries/read"},
		{path: group + "/galleries", api: "GalleriesClient.NewListByResourceGroupPager", action: "Microsoft.Compute/galleries/read"},
		{path: group + "/galleries/*/images", api: "GalleryImagesClient.NewListByGalleryPager", action: "Microsoft.Compute/galleries/images/read"},
		{path: group + "/galleries/*/images/*", api: "GalleryImagesClient.Get", action: "Microsoft.Compute/galleries/images/read"},
		{path: group + "/galleries/*/images/*/versions", api: "GalleryImageVersionsClient.NewListByGalleryImagePager", action: "Microsoft.Compute/galleries/images/versions/read"},
		{path: group + "/galleries/*/images/*/versions/*", api: "GalleryImageVersionsClient.Get", action: "Microsoft.Compute/galleries/images/versions/read"},
		{path: sub + "/images", api: "ImagesClient.NewListPager", action: "Microsoft.Compute/images/read"},
		{path: group + "/images", api: "ImagesClient.NewListByResourceGroupPager", action: "Microsoft.Compute/images/read"},
		{path: group + "/images/*", api: "ImagesClient.Get", action: "Microsoft.Compute/images/read"},
		{path: community, api: "CommunityGalleryImagesClient.NewListPager", action: "Microsoft.Compute/locations/communityGalleries/images/read"},
		{path: community + "/*", api: "CommunityGalleryImagesClient.Get", action: "Microsoft.Compute/locations/communityGalleries/images/read"},
		{path: community + "/*/versions", api: "CommunityGalleryImageVersionsClient.NewListPager", action: "Microsoft.Compute/locations/communityGalleries/images/versions/read"},
		{path: community + "/*/versions/*", api: "CommunityGalleryImageVersionsClient.Get", action: "Microsoft.Compute/locations/communityGalleries/images/versions/read"},
		{path: shared, api: "SharedGalleryImagesClient.NewListPager", action: "Microsoft.Compute/locations/sharedGalleries/images/read"},
		{path: shared + "/*", api: "SharedGalleryImagesClient.Get", action: "Microsoft.Compute/locations/sharedGalleries/images/read"},
		{path: shared + "/*/versions", api: "SharedGalleryImageVersionsClient.NewListPager", action: "Microsoft.Compute/locations/sharedGalleries/images/versions/read"},
		{path: shared + "/*/versions/*", api: "SharedGalleryImageVersionsClient.Get", action: "Microsoft.Compute/locations/sharedGalleries/images/versions/read"},
		{path: templates + "/*", api: "VirtualMachineImageTemplatesClient.Get", action: "Microsoft.VirtualMachineImages/imageTemplates/read"},
		{path: templates + "/*/runOutputs", api: "VirtualMachineImageTemplatesClient.NewListRunOutputsPager", action: "Microsoft.VirtualMachineImages/imageTemplates/runOutputs/read"},
	}
}

// route finds what path asks for. The target of an unknown path is empty.
func route(path string) target {
	have := strings.Split(strings.TrimSuffix(path, "/"), "/")
	for _, r := range routes() {
		want := strings.Split(r.path, "/")
		if names, ok := match(have, want); ok {
			r.segments = names
			for i, w := range want {
				if w == "*" {
					want[i] = have[i]
				}
			}
			r.path = strings.Join(want, "/")
			return r
		}
	}
	return target{}
}

func match(have, want []string) (names []string, ok bool) {
	if len(have) != len(want) {
		return nil, false
	}
	for i, w := range want {
		switch {
		case w == "*" && have[i] != "":
			names = append(names, have[i])
		case !strings.EqualFold(w, have[i]):
			return nil, false
		}
	}
	return names, true
}
