package main_test

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	vmib "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/virtualmachineimagebuilder/armvirtualmachineimagebuilder/v2"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
	"github.com/kubectl-byoos/kubectl-byoos/test/legal"
)

// legalPlace is a kind of place that a source reads, and what it reads there.
type legalPlace struct {
	config config
	// wanted is the id of the wanted image, and older that of the next best. S stands
	// for the subscription.
	wanted, older string
	// calls are those whose answers the source reads, with the path of one answer.
	// Some are those of verify alone.
	calls map[string]string
	// where tells the wanted image from others that are as new.
	where string
}

func legalPlaces() map[string]legalPlace {
	const (
		definition = legalGroup + "/galleries/prod/images/ubuntu"
		wanted     = definition + "/versions/1.2.10"
		older      = definition + "/versions/1.2.9"
	)
	places := map[string]legalPlace{
		"galleries": {
			config{"gallery": "pr*"}, wanted, older,
			map[string]string{
				"GalleriesClient.NewListPager":                          "/subscriptions/S/providers/Microsoft.Compute/galleries",
				"GalleryImagesClient.NewListByGalleryPager":             legalGroup + "/galleries/prod/images",
				"GalleryImageVersionsClient.NewListByGalleryImagePager": definition + "/versions",
				"GalleryImageVersionsClient.Get":                        wanted,
			},
			"",
		},
		"galleries of a group": {
			config{"gallery": "pr*", "resourceGroup": "images"}, wanted, older,
			map[string]string{"GalleriesClient.NewListByResourceGroupPager": legalGroup + "/galleries"},
			"",
		},
		"definition": {
			config{"gallery": "prod", "resourceGroup": "images", "definition": "ubuntu"}, wanted, older,
			map[string]string{"GalleryImagesClient.Get": definition},
			"",
		},
		"template": {
			config{"template": "golden", "resourceGroup": "images"}, wanted, legalGroup + "/images/old",
			map[string]string{
				"VirtualMachineImageTemplatesClient.Get":                    legalBuilder,
				"VirtualMachineImageTemplatesClient.NewListRunOutputsPager": legalBuilder + "/runOutputs",
				"GalleryImageVersionsClient.Get":                            wanted,
				"GalleryImagesClient.Get":                                   definition,
			},
			`image.attributes.runOutput == "gallery"`,
		},
		"managed": {
			config{"resourceGroup": "images"}, legalGroup + "/images/new", legalGroup + "/images/old",
			map[string]string{
				"ImagesClient.NewListByResourceGroupPager": legalGroup + "/images",
				"ImagesClient.Get":                         legalGroup + "/images/new",
			},
			"",
		},
		"managed of a subscription": {
			config{"namePattern": "*"}, legalGroup + "/images/new", legalGroup + "/images/old",
			map[string]string{"ImagesClient.NewListPager": "/subscriptions/S/providers/Microsoft.Compute/images"},
			"",
		},
	}
	maps.Copy(places, legalForeignPlaces())
	return places
}

// legalForeignPlaces are somebody else's galleries.
func legalForeignPlaces() map[string]legalPlace {
	const (
		community = legalRegion + "/communityGalleries/public-1/images"
		shared    = legalRegion + "/sharedGalleries/unique-1/images"
	)
	return map[string]legalPlace{
		"community": {
			config{"communityGallery": "public-1", "locations": []any{"westus2"}}, legalPublic + "1.2.10", legalPublic + "1.2.9",
			map[string]string{
				"CommunityGalleryImagesClient.NewListPager":        community,
				"CommunityGalleryImageVersionsClient.NewListPager": community + "/ubuntu/versions",
			},
			"",
		},
		"community definition": {
			config{"communityGallery": "public-1", "locations": []any{"westus2"}, "definition": "ubuntu"}, legalPublic + "1.2.10", legalPublic + "1.2.9",
			map[string]string{
				"CommunityGalleryImagesClient.Get":        community + "/ubuntu",
				"CommunityGalleryImageVersionsClient.Get": community + "/ubuntu/versions/1.2.10",
			},
			"",
		},
		"shared": {
			config{"sharedGallery": "unique-1", "locations": []any{"westus2"}}, legalUnique + "1.2.10", legalUnique + "1.2.9",
			map[string]string{
				"SharedGalleryImagesClient.NewListPager":        shared,
				"SharedGalleryImageVersionsClient.NewListPager": shared + "/ubuntu/versions",
			},
			"",
		},
		"shared definition": {
			config{"sharedGallery": "unique-1", "locations": []any{"westus2"}, "definition": "ubuntu"}, legalUnique + "1.2.10", legalUnique + "1.2.9",
			map[string]string{
				"SharedGalleryImagesClient.Get":        shared + "/ubuntu",
				"SharedGalleryImageVersionsClient.Get": shared + "/ubuntu/versions/1.2.10",
			},
			"",
		},
	}
}

// legalShapes are the models of the answers.
func legalShapes() map[string]legal.Shape {
	return map[string]legal.Shape{
		"GalleriesClient.NewListPager":                              legal.ShapeOf[armcompute.GalleryList](nil),
		"GalleriesClient.NewListByResourceGroupPager":               legal.ShapeOf[armcompute.GalleryList](nil),
		"GalleryImagesClient.NewListByGalleryPager":                 legal.ShapeOf[armcompute.GalleryImageList](nil),
		"GalleryImagesClient.Get":                                   legal.ShapeOf[armcompute.GalleryImage](nil),
		"GalleryImageVersionsClient.NewListByGalleryImagePager":     legal.ShapeOf[armcompute.GalleryImageVersionList](nil),
		"GalleryImageVersionsClient.Get":                            legal.ShapeOf[armcompute.GalleryImageVersion](nil),
		"ImagesClient.NewListPager":                                 legal.ShapeOf[armcompute.ImageListResult](nil),
		"ImagesClient.NewListByResourceGroupPager":                  legal.ShapeOf[armcompute.ImageListResult](nil),
		"CommunityGalleryImagesClient.NewListPager":                 legal.ShapeOf[armcompute.CommunityGalleryImageList](nil),
		"CommunityGalleryImagesClient.Get":                          legal.ShapeOf[armcompute.CommunityGalleryImage](nil),
		"CommunityGalleryImageVersionsClient.NewListPager":          legal.ShapeOf[armcompute.CommunityGalleryImageVersionList](nil),
		"SharedGalleryImagesClient.NewListPager":                    legal.ShapeOf[armcompute.SharedGalleryImageList](nil),
		"SharedGalleryImagesClient.Get":                             legal.ShapeOf[armcompute.SharedGalleryImage](nil),
		"SharedGalleryImageVersionsClient.NewListPager":             legal.ShapeOf[armcompute.SharedGalleryImageVersionList](nil),
		"ImagesClient.Get":                                          legal.ShapeOf[armcompute.Image](nil),
		"CommunityGalleryImageVersionsClient.Get":                   legal.ShapeOf[armcompute.CommunityGalleryImageVersion](nil),
		"SharedGalleryImageVersionsClient.Get":                      legal.ShapeOf[armcompute.SharedGalleryImageVersion](nil),
		"VirtualMachineImageTemplatesClient.Get":                    legal.ShapeOf[vmib.ImageTemplate](nil),
		"VirtualMachineImageTemplatesClient.NewListRunOutputsPager": legal.ShapeOf[vmib.RunOutputCollection](nil),
	}
}

// legalCase is one variation, tried by one source and one pack, both of which have
// the name of its subscription.
type legalCase struct {
	name   string // of the subscription
	place  string
	vary   *fakeazure.Varied
	change string
	// harmless changes leave every fact as it is: nothing may change at all.
	harmless bool
}

func (c legalCase) String() string { return c.place + ": " + c.vary.Call + " " + c.change }

// ofVerify says whether verify asks for the answer that is varied.
func (c legalCase) ofVerify() bool {
	return strings.HasSuffix(c.vary.Call, ".Get") && !strings.HasPrefix(c.vary.Call, "VirtualMachineImageTemplates")
}

// saidByList says whether the list of versions has what the answer for one leaves
// out: all but its replication status.
func (c legalCase) saidByList() bool {
	return c.place == "galleries" && c.vary.Call == "GalleryImageVersionsClient.Get" &&
		strings.HasPrefix(c.change, "without ") && !strings.Contains(c.change, "replicationStatus") && !strings.HasSuffix(c.change, " properties")
}

// hasKubernetes says whether the images of a place tell their Kubernetes version, so that
// packs can select by it.
func (c legalCase) hasKubernetes() bool {
	return strings.HasPrefix(c.place, "galleries") || c.place == "definition"
}

func (c legalCase) id(s string) string {
	return strings.ReplaceAll(s, "/subscriptions/S/", "/subscriptions/"+c.name+"/")
}

// legalCases are all variations of all answers. firstOnly varies the wanted image
// alone; else all of them are varied alike.
func legalCases(t *testing.T, w *world, firstOnly bool) []legalCase {
	t.Helper()
	places, shapes := legalPlaces(), legalShapes()
	var cases []legalCase
	add := func(place, change string, harmless bool, v *fakeazure.Varied) {
		c := legalCase{fmt.Sprintf("v%d", len(cases)), place, v, change, harmless}
		if apply := v.Apply; apply != nil {
			v.Apply = func(body []byte) ([]byte, error) {
				changed, err := apply(body)
				return []byte(c.id(string(changed))), err
			}
		}
		cases = append(cases, c)
	}
	for _, place := range slices.Sorted(maps.Keys(places)) {
		p := places[place]
		for _, call := range slices.Sorted(maps.Keys(p.calls)) {
			shape, known := shapes[call]
			if !known {
				t.Fatalf("no model for %s", call)
			}
			body := answer(t, w, p.calls[call])
			o := shape.Options()
			o.FirstOnly = firstOnly
			o.Required = func(path string) bool { return path == "value" }
			o.Loose = func(path string) bool { return shape[path].Enum || looseText(path) }
			if foreign := legalForeign()[call]; firstOnly && foreign != nil {
				o.Foreign = map[string][]string{"value": foreign}
			}
			variations, err := legal.Variations(o, body)
			if err != nil {
				t.Fatalf("%s: %v", call, err)
			}
			for _, v := range variations {
				if !firstOnly && !strings.HasPrefix(v.Name, "without ") {
					continue // nothing that the other estate does not try
				}
				harmless := !strings.HasPrefix(v.Name, "without ") && !strings.HasPrefix(v.Name, "unknown value ")
				varied := &fakeazure.Varied{Call: call, Apply: v.Apply}
				if firstOnly && strings.HasSuffix(call, ".Get") {
					varied.Path = path.Base(p.calls[call])
				}
				add(place, v.Name, harmless, varied)
			}
			if firstOnly && strings.HasSuffix(call, "Pager") {
				add(place, "one item a page", true, &fakeazure.Varied{Call: call, PageSize: 1})
				add(place, "an empty page before each", true, &fakeazure.Varied{Call: call, PageSize: 1, EmptyPages: true})
			}
		}
	}
	return cases
}

// legalForeign are objects of other places, newer than the wanted image, that stand
// beside those that were asked for.
func legalForeign() map[string][]string {
	const version = `,"name":"9.9.9","location":"westus2","properties":{"provisioningState":"Succeeded",` +
		`"publishingProfile":{"publishedDate":"2026-07-01T00:00:00Z","targetRegions":[{"name":"westus2"}]}}}`
	const linux = `,"location":"westus2","properties":{"osType":"Linux","osState":"Generalized"}}`
	const managed = `,"name":"newer","location":"westus2","systemData":{"createdAt":"2026-07-01T00:00:00Z"},` +
		`"properties":{"provisioningState":"Succeeded","storageProfile":{"osDisk":{"osType":"Linux","osState":"Generalized"}}}}`
	const shared = `,"name":"9.9.9","location":"westus2","properties":{"publishedDate":"2026-07-01T00:00:00Z"}}`
	otherGroup := strings.Replace(legalGroup, "/images/", "/other/", 1)
	otherSubscription := strings.Replace(legalGroup, "/S/", "/T/", 1)
	return map[string][]string{
		"GalleriesClient.NewListByResourceGroupPager": {`{"id":"` + otherGroup + `/galleries/prod2","name":"prod2","location":"westus2"}`},
		"GalleryImagesClient.NewListByGalleryPager":   {`{"id":"` + otherGroup + `/galleries/lab/images/ubuntu2","name":"ubuntu2"` + linux},
		"GalleryImageVersionsClient.NewListByGalleryImagePager": {
			`{"id":"` + legalGroup + `/galleries/prod/images/other/versions/9.9.9"` + version,
			`{"id":"` + otherGroup + `/galleries/prod/images/ubuntu/versions/9.9.9"` + version,
		},
		"ImagesClient.NewListByResourceGroupPager": {`{"id":"` + otherGroup + `/images/newer"` + managed, `{"id":"` + otherSubscription + `/images/newer"` + managed},
		"ImagesClient.NewListPager":                {`{"id":"` + otherSubscription + `/images/newer"` + managed},
		"CommunityGalleryImageVersionsClient.NewListPager": {
			`{"identifier":{"uniqueId":"/CommunityGalleries/public-1/Images/other/Versions/9.9.9"}` + shared,
			`{"identifier":{"uniqueId":"/CommunityGalleries/public-2/Images/ubuntu/Versions/9.9.9"}` + shared,
		},
		"SharedGalleryImageVersionsClient.NewListPager": {`{"identifier":{"uniqueId":"/SharedGalleries/unique-2/Images/ubuntu/Versions/9.9.9"}` + shared},
		"VirtualMachineImageTemplatesClient.NewListRunOutputsPager": {
			`{"id":"` + strings.Replace(legalBuilder, "/golden", "/other", 1) + `/runOutputs/x","name":"x","properties":{"provisioningState":"Succeeded","artifactId":"` +
				legalGroup + `/images/new"}}`,
		},
	}
}

// looseText tells which texts that are no enum in the models Azure writes in any
// letter case: ids, regions, and states that the models have as plain texts.
func looseText(path string) bool {
	for _, end := range []string{".id", "Id", "ID", "location", "region", "targetRegions[].name", "provisioningState", "type", "features[].value", "features[].name"} {
		if strings.HasSuffix(path, end) {
			return true
		}
	}
	return path == "id"
}
