package compute

import (
	"context"
	"errors"
	"testing"

	sdkarm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm/armtest"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
)

// compare holds what an API of ours asks for against what the SDK's own clients do.
func compare(t *testing.T, ours func(context.Context, *arm.API) []error, theirs func(context.Context, *armcompute.ClientFactory) []error) {
	t.Helper()
	const none = `{"value":[]}`
	got, want := armtest.Transport{Body: none}, armtest.Transport{Body: none}
	c, err := armcompute.NewClientFactory("S", &azfake.TokenCredential{}, &sdkarm.ClientOptions{ClientOptions: policy.ClientOptions{Transport: &want}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(append(ours(t.Context(), armtest.Open(t, &got)), theirs(t.Context(), c)...)...); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(want.URLs, got.URLs); diff != "" {
		t.Errorf("-SDK's +ours:\n%s", diff)
	}
}

// done is what came of reading one thing, next of asking for the first page of a list.
func done(_ any, err error) error { return err }

func next[T any](ctx context.Context, pager *runtime.Pager[T]) error {
	_, err := pager.NextPage(ctx)
	return err
}

func nothing[T any](T) error { return nil }

// The addresses that are asked for, and the versions of the APIs in them, are those of the
// SDK's own clients: what they are raised to must be read here, too.
func TestRequestsAreTheSDKs(t *testing.T) {
	const group = "my group"
	g := Gallery{Kind: resourceid.GalleryVersion, Subscription: "S", Group: group, Name: "G"}
	managed := resourceid.ID{Kind: resourceid.ManagedImage, Subscription: "S", ResourceGroup: group, Name: "I"}
	replicated := &armcompute.GalleryImageVersionsClientGetOptions{Expand: to.Ptr(armcompute.ReplicationStatusTypesReplicationStatus)}
	compare(t, func(ctx context.Context, api *arm.API) []error {
		return []error{
			Galleries(ctx, api, "S", "", nothing),
			Galleries(ctx, api, "S", group, nothing),
			g.Definitions(ctx, api, nothing),
			done(g.Definition(ctx, api, "D")),
			g.Versions(ctx, api, "D", nothing),
			done(g.Version(ctx, api, "D", "1.0.0")),
			ManagedImages(ctx, api, "S", "", nothing),
			ManagedImages(ctx, api, "S", group, nothing),
			done(Image(ctx, api, managed)),
		}
	}, func(ctx context.Context, c *armcompute.ClientFactory) []error {
		return []error{
			next(ctx, c.NewGalleriesClient().NewListPager(nil)),
			next(ctx, c.NewGalleriesClient().NewListByResourceGroupPager(group, nil)),
			next(ctx, c.NewGalleryImagesClient().NewListByGalleryPager(group, "G", nil)),
			done(c.NewGalleryImagesClient().Get(ctx, group, "G", "D", nil)),
			next(ctx, c.NewGalleryImageVersionsClient().NewListByGalleryImagePager(group, "G", "D", nil)),
			done(c.NewGalleryImageVersionsClient().Get(ctx, group, "G", "D", "1.0.0", replicated)),
			next(ctx, c.NewImagesClient().NewListPager(nil)),
			next(ctx, c.NewImagesClient().NewListByResourceGroupPager(group, nil)),
			done(c.NewImagesClient().Get(ctx, group, "I", nil)),
		}
	})
}

// So they are for somebody else's galleries. Of one that is shared directly, what the whole
// tenant has is asked for where there is nothing for the subscription.
func TestForeignRequestsAreTheSDKs(t *testing.T) {
	community := Gallery{Kind: resourceid.CommunityVersion, Subscription: "S", Location: "L", Name: "G-1"}
	shared := Gallery{Kind: resourceid.SharedVersion, Subscription: "S", Location: "L", Name: "G"}
	tenant := to.Ptr(armcompute.SharedToValuesTenant)
	compare(t, func(ctx context.Context, api *arm.API) []error {
		return []error{
			community.Definitions(ctx, api, nothing),
			done(community.Definition(ctx, api, "D")),
			community.Versions(ctx, api, "D", nothing),
			done(community.Version(ctx, api, "D", "1.0.0")),
			shared.Definitions(ctx, api, nothing),
			done(shared.Definition(ctx, api, "D")),
			shared.Versions(ctx, api, "D", nothing),
			done(shared.Version(ctx, api, "D", "1.0.0")),
		}
	}, func(ctx context.Context, c *armcompute.ClientFactory) []error {
		return []error{
			next(ctx, c.NewCommunityGalleryImagesClient().NewListPager("L", "G-1", nil)),
			done(c.NewCommunityGalleryImagesClient().Get(ctx, "L", "G-1", "D", nil)),
			next(ctx, c.NewCommunityGalleryImageVersionsClient().NewListPager("L", "G-1", "D", nil)),
			done(c.NewCommunityGalleryImageVersionsClient().Get(ctx, "L", "G-1", "D", "1.0.0", nil)),
			next(ctx, c.NewSharedGalleryImagesClient().NewListPager("L", "G", nil)),
			next(ctx, c.NewSharedGalleryImagesClient().NewListPager("L", "G", &armcompute.SharedGalleryImagesClientListOptions{SharedTo: tenant})),
			done(c.NewSharedGalleryImagesClient().Get(ctx, "L", "G", "D", nil)),
			next(ctx, c.NewSharedGalleryImageVersionsClient().NewListPager("L", "G", "D", nil)),
			next(ctx, c.NewSharedGalleryImageVersionsClient().NewListPager("L", "G", "D", &armcompute.SharedGalleryImageVersionsClientListOptions{SharedTo: tenant})),
			done(c.NewSharedGalleryImageVersionsClient().Get(ctx, "L", "G", "D", "1.0.0", nil)),
		}
	})
}
