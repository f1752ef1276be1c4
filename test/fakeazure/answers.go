package fakeazure

import (
	"context"
	"net/http"
	"strings"

	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	computefake "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7/fake"
	vmib "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/virtualmachineimagebuilder/armvirtualmachineimagebuilder/v2"
	vmibfake "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/virtualmachineimagebuilder/armvirtualmachineimagebuilder/v2/fake"
)

// answers answers one request. The SDK's fakes keep the state of a list between
// its pages, which a second client at the same list would disturb; so each request
// gets fakes of its own, and they see a list of one page.
type answers struct {
	*Server
	segments []string
	page     int
	pageSize int
	next     string
	forced   bool // next is given whether there are more items or not
}

func (a *answers) do(r *http.Request, t target) (*http.Response, error) {
	if strings.HasPrefix(t.api, "VirtualMachineImageTemplatesClient.") {
		return vmibfake.NewServerFactoryTransport(&vmibfake.ServerFactory{
			VirtualMachineImageTemplatesServer: a.templates(),
		}).Do(r)
	}
	return computefake.NewServerFactoryTransport(&computefake.ServerFactory{
		GalleriesServer:                     a.galleries(),
		GalleryImagesServer:                 a.definitions(),
		GalleryImageVersionsServer:          a.versions(),
		ImagesServer:                        a.images(),
		CommunityGalleryImagesServer:        a.communityDefinitions(),
		CommunityGalleryImageVersionsServer: a.communityVersions(),
		SharedGalleryImagesServer:           a.sharedDefinitions(),
		SharedGalleryImageVersionsServer:    a.sharedVersions(),
	}).Do(r)
}

// part returns this request's part of a list, which is never nil, and the link to the
// next one.
func part[T any](a *answers, all []T) ([]T, *string) {
	from := min((a.page-1)*a.pageSize, len(all))
	to := min(from+a.pageSize, len(all))
	some := append([]T{}, all[from:to]...)
	if to < len(all) || a.forced {
		return some, &a.next
	}
	return some, nil
}

const notFound = "ResourceNotFound"

func one[R any](found bool, response func() R) (resp azfake.Responder[R], failed azfake.ErrorResponder) {
	if !found {
		failed.SetResponseError(http.StatusNotFound, notFound)
		return resp, failed
	}
	resp.SetResponse(http.StatusOK, response(), nil)
	return resp, failed
}

func list[R any](found bool, response func() R) (resp azfake.PagerResponder[R]) {
	if !found {
		resp.AddResponseError(http.StatusNotFound, notFound)
		return resp
	}
	resp.AddPage(http.StatusOK, response(), nil)
	return resp
}

func (a *answers) group(group string) string {
	return "/subscriptions/" + a.segments[0] + "/resourceGroups/" + group + "/providers/Microsoft.Compute"
}

func (a *answers) gallery(group, name string) *Gallery {
	return a.options.Estate.gallery(a.group(group) + "/galleries/" + name)
}

// below returns the items whose id starts with prefix.
func below[T any](all []T, id func(T) string, prefix string) []T {
	var some []T
	for _, item := range all {
		if strings.HasPrefix(strings.ToLower(id(item)), strings.ToLower(prefix)) {
			some = append(some, item)
		}
	}
	return some
}

func (a *answers) galleries() computefake.GalleriesServer {
	items := func(prefix string) ([]*armcompute.Gallery, *string) {
		some, next := part(a, below(a.options.Estate.Galleries, func(g Gallery) string { return g.ID }, prefix))
		out := []*armcompute.Gallery{}
		for _, g := range some {
			out = append(out, &armcompute.Gallery{
				ID: to.Ptr(g.ID), Name: to.Ptr(g.ID[strings.LastIndex(g.ID, "/")+1:]), Location: to.Ptr("westus2"),
			})
		}
		return out, next
	}
	return computefake.GalleriesServer{
		NewListPager: func(*armcompute.GalleriesClientListOptions) azfake.PagerResponder[armcompute.GalleriesClientListResponse] {
			return list(true, func() (r armcompute.GalleriesClientListResponse) {
				r.Value, r.NextLink = items("/subscriptions/" + a.segments[0] + "/")
				return r
			})
		},
		NewListByResourceGroupPager: func(group string, _ *armcompute.GalleriesClientListByResourceGroupOptions) azfake.PagerResponder[armcompute.GalleriesClientListByResourceGroupResponse] {
			return list(true, func() (r armcompute.GalleriesClientListByResourceGroupResponse) {
				r.Value, r.NextLink = items(a.group(group) + "/")
				return r
			})
		},
	}
}

func (a *answers) definitions() computefake.GalleryImagesServer {
	return computefake.GalleryImagesServer{
		Get: func(_ context.Context, group, gallery, name string, _ *armcompute.GalleryImagesClientGetOptions) (azfake.Responder[armcompute.GalleryImagesClientGetResponse], azfake.ErrorResponder) {
			d := a.gallery(group, gallery).definition(name)
			return one(d != nil, func() (r armcompute.GalleryImagesClientGetResponse) {
				r.GalleryImage = *d.Image
				return r
			})
		},
		NewListByGalleryPager: func(group, gallery string, _ *armcompute.GalleryImagesClientListByGalleryOptions) azfake.PagerResponder[armcompute.GalleryImagesClientListByGalleryResponse] {
			g := a.gallery(group, gallery)
			return list(g != nil, func() (r armcompute.GalleryImagesClientListByGalleryResponse) {
				some, next := part(a, g.Definitions)
				r.Value = []*armcompute.GalleryImage{}
				for _, d := range some {
					r.Value = append(r.Value, d.Image)
				}
				r.NextLink = next
				return r
			})
		},
	}
}

func (a *answers) versions() computefake.GalleryImageVersionsServer {
	return computefake.GalleryImageVersionsServer{
		Get: func(_ context.Context, group, gallery, definition, name string, o *armcompute.GalleryImageVersionsClientGetOptions) (azfake.Responder[armcompute.GalleryImageVersionsClientGetResponse], azfake.ErrorResponder) {
			v := a.gallery(group, gallery).definition(definition).version(name)
			return one(v != nil, func() (r armcompute.GalleryImageVersionsClientGetResponse) {
				r.GalleryImageVersion = withStatus(v, o != nil && o.Expand != nil)
				return r
			})
		},
		NewListByGalleryImagePager: func(group, gallery, definition string, _ *armcompute.GalleryImageVersionsClientListByGalleryImageOptions) azfake.PagerResponder[armcompute.GalleryImageVersionsClientListByGalleryImageResponse] {
			d := a.gallery(group, gallery).definition(definition)
			return list(d != nil, func() (r armcompute.GalleryImageVersionsClientListByGalleryImageResponse) {
				some, next := part(a, d.Versions)
				r.Value = []*armcompute.GalleryImageVersion{}
				for _, v := range some {
					r.Value = append(r.Value, to.Ptr(withStatus(v, false)))
				}
				r.NextLink = next
				return r
			})
		},
	}
}

// withStatus returns v with its replication status only when that is asked for. A
// version of which the estate says nothing is complete everywhere.
func withStatus(v *armcompute.GalleryImageVersion, expand bool) armcompute.GalleryImageVersion {
	out := *v
	if out.Properties == nil {
		return out
	}
	p := *out.Properties
	out.Properties = &p
	switch {
	case !expand:
		p.ReplicationStatus = nil
	case p.ReplicationStatus == nil:
		p.ReplicationStatus = &armcompute.ReplicationStatus{AggregatedState: to.Ptr(armcompute.AggregatedReplicationStateCompleted)}
		if p.PublishingProfile == nil {
			break
		}
		for _, target := range p.PublishingProfile.TargetRegions {
			p.ReplicationStatus.Summary = append(p.ReplicationStatus.Summary, &armcompute.RegionalReplicationStatus{
				Region: target.Name, State: to.Ptr(armcompute.ReplicationStateCompleted), Progress: to.Ptr[int32](100),
			})
		}
	}
	return out
}

func (a *answers) images() computefake.ImagesServer {
	items := func(prefix string) ([]*armcompute.Image, *string) {
		return part(a, below(a.options.Estate.Images, func(m *armcompute.Image) string { return *m.ID }, prefix))
	}
	return computefake.ImagesServer{
		Get: func(_ context.Context, group, name string, _ *armcompute.ImagesClientGetOptions) (azfake.Responder[armcompute.ImagesClientGetResponse], azfake.ErrorResponder) {
			var found *armcompute.Image
			for _, m := range a.options.Estate.Images {
				if strings.EqualFold(*m.ID, a.group(group)+"/images/"+name) {
					found = m
				}
			}
			return one(found != nil, func() (r armcompute.ImagesClientGetResponse) {
				r.Image = *found
				return r
			})
		},
		NewListPager: func(*armcompute.ImagesClientListOptions) azfake.PagerResponder[armcompute.ImagesClientListResponse] {
			return list(true, func() (r armcompute.ImagesClientListResponse) {
				r.Value, r.NextLink = items("/subscriptions/" + a.segments[0] + "/")
				return r
			})
		},
		NewListByResourceGroupPager: func(group string, _ *armcompute.ImagesClientListByResourceGroupOptions) azfake.PagerResponder[armcompute.ImagesClientListByResourceGroupResponse] {
			return list(true, func() (r armcompute.ImagesClientListByResourceGroupResponse) {
				r.Value, r.NextLink = items(a.group(group) + "/")
				return r
			})
		},
	}
}

func (a *answers) communityDefinitions() computefake.CommunityGalleryImagesServer {
	all := a.options.Estate.CommunityGalleries
	return computefake.CommunityGalleryImagesServer{
		Get: func(_ context.Context, location, gallery, name string, _ *armcompute.CommunityGalleryImagesClientGetOptions) (azfake.Responder[armcompute.CommunityGalleryImagesClientGetResponse], azfake.ErrorResponder) {
			d := foreign(all, location, gallery).definition(name)
			return one(d != nil, func() (r armcompute.CommunityGalleryImagesClientGetResponse) {
				r.CommunityGalleryImage = *d.Image
				return r
			})
		},
		NewListPager: func(location, gallery string, _ *armcompute.CommunityGalleryImagesClientListOptions) azfake.PagerResponder[armcompute.CommunityGalleryImagesClientListResponse] {
			g := foreign(all, location, gallery)
			return list(g != nil, func() (r armcompute.CommunityGalleryImagesClientListResponse) {
				some, next := part(a, g.Definitions)
				r.Value = []*armcompute.CommunityGalleryImage{}
				for _, d := range some {
					r.Value = append(r.Value, d.Image)
				}
				r.NextLink = next
				return r
			})
		},
	}
}

func (a *answers) communityVersions() computefake.CommunityGalleryImageVersionsServer {
	all := a.options.Estate.CommunityGalleries
	return computefake.CommunityGalleryImageVersionsServer{
		Get: func(_ context.Context, location, gallery, definition, name string, _ *armcompute.CommunityGalleryImageVersionsClientGetOptions) (azfake.Responder[armcompute.CommunityGalleryImageVersionsClientGetResponse], azfake.ErrorResponder) {
			var found *armcompute.CommunityGalleryImageVersion
			if d := foreign(all, location, gallery).definition(definition); d != nil {
				for _, v := range d.Versions {
					if strings.EqualFold(*v.Name, name) {
						found = v
					}
				}
			}
			return one(found != nil, func() (r armcompute.CommunityGalleryImageVersionsClientGetResponse) {
				r.CommunityGalleryImageVersion = *found
				return r
			})
		},
		NewListPager: func(location, gallery, definition string, _ *armcompute.CommunityGalleryImageVersionsClientListOptions) azfake.PagerResponder[armcompute.CommunityGalleryImageVersionsClientListResponse] {
			d := foreign(all, location, gallery).definition(definition)
			return list(d != nil, func() (r armcompute.CommunityGalleryImageVersionsClientListResponse) {
				r.Value, r.NextLink = part(a, d.Versions)
				return r
			})
		},
	}
}

func (a *answers) sharedDefinitions() computefake.SharedGalleryImagesServer {
	all := a.options.Estate.SharedGalleries
	return computefake.SharedGalleryImagesServer{
		Get: func(_ context.Context, location, gallery, name string, _ *armcompute.SharedGalleryImagesClientGetOptions) (azfake.Responder[armcompute.SharedGalleryImagesClientGetResponse], azfake.ErrorResponder) {
			d := foreign(all, location, gallery).definition(name)
			return one(d != nil, func() (r armcompute.SharedGalleryImagesClientGetResponse) {
				r.SharedGalleryImage = *d.Image
				return r
			})
		},
		NewListPager: func(location, gallery string, o *armcompute.SharedGalleryImagesClientListOptions) azfake.PagerResponder[armcompute.SharedGalleryImagesClientListResponse] {
			var to *armcompute.SharedToValues
			if o != nil {
				to = o.SharedTo
			}
			g := foreign(all, location, gallery).listed(to)
			return list(g != nil, func() (r armcompute.SharedGalleryImagesClientListResponse) {
				some, next := part(a, g.Definitions)
				r.Value = []*armcompute.SharedGalleryImage{}
				for _, d := range some {
					r.Value = append(r.Value, d.Image)
				}
				r.NextLink = next
				return r
			})
		},
	}
}

func (a *answers) sharedVersions() computefake.SharedGalleryImageVersionsServer {
	all := a.options.Estate.SharedGalleries
	return computefake.SharedGalleryImageVersionsServer{
		Get: func(_ context.Context, location, gallery, definition, name string, _ *armcompute.SharedGalleryImageVersionsClientGetOptions) (azfake.Responder[armcompute.SharedGalleryImageVersionsClientGetResponse], azfake.ErrorResponder) {
			var found *armcompute.SharedGalleryImageVersion
			if d := foreign(all, location, gallery).definition(definition); d != nil {
				for _, v := range d.Versions {
					if strings.EqualFold(*v.Name, name) {
						found = v
					}
				}
			}
			return one(found != nil, func() (r armcompute.SharedGalleryImageVersionsClientGetResponse) {
				r.SharedGalleryImageVersion = *found
				return r
			})
		},
		NewListPager: func(location, gallery, definition string, o *armcompute.SharedGalleryImageVersionsClientListOptions) azfake.PagerResponder[armcompute.SharedGalleryImageVersionsClientListResponse] {
			var to *armcompute.SharedToValues
			if o != nil {
				to = o.SharedTo
			}
			g := foreign(all, location, gallery)
			d := g.definition(definition)
			return list(d != nil, func() (r armcompute.SharedGalleryImageVersionsClientListResponse) {
				r.Value = []*armcompute.SharedGalleryImageVersion{}
				if g.listed(to) == nil {
					return r
				}
				r.Value, r.NextLink = part(a, d.Versions)
				return r
			})
		},
	}
}

func (a *answers) templates() vmibfake.VirtualMachineImageTemplatesServer {
	find := func(group, name string) *Template {
		return a.options.Estate.template("/subscriptions/" + a.segments[0] + "/resourceGroups/" + group +
			"/providers/Microsoft.VirtualMachineImages/imageTemplates/" + name)
	}
	return vmibfake.VirtualMachineImageTemplatesServer{
		Get: func(_ context.Context, group, name string, _ *vmib.VirtualMachineImageTemplatesClientGetOptions) (azfake.Responder[vmib.VirtualMachineImageTemplatesClientGetResponse], azfake.ErrorResponder) {
			t := find(group, name)
			return one(t != nil, func() (r vmib.VirtualMachineImageTemplatesClientGetResponse) {
				r.ImageTemplate = *t.Template
				return r
			})
		},
		NewListRunOutputsPager: func(group, name string, _ *vmib.VirtualMachineImageTemplatesClientListRunOutputsOptions) azfake.PagerResponder[vmib.VirtualMachineImageTemplatesClientListRunOutputsResponse] {
			t := find(group, name)
			return list(t != nil, func() (r vmib.VirtualMachineImageTemplatesClientListRunOutputsResponse) {
				r.Value, r.NextLink = part(a, t.Outputs)
				return r
			})
		},
	}
}
