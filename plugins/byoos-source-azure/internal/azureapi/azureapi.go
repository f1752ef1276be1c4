// Package azureapi asks Azure Resource Manager, only ever by reading: one method
// for each call, pages followed to the end, a bound on requests under way, and a
// guard that keeps the credential at one host.
package azureapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	vmib "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/virtualmachineimagebuilder/armvirtualmachineimagebuilder/v2"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/endpoint"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/wire"
)

// Limits of one API. Reads of Microsoft.Compute are throttled for each
// subscription; a few in parallel stay below that and hide the latency.
const (
	maxInFlight   = wire.MaxPerHost
	maxRetries    = 5
	maxRetryDelay = 2 * time.Minute
)

// Options of an API.
type Options struct {
	Cloud      endpoint.Cloud
	Credential azcore.TokenCredential
	// Timeout bounds one try of one request.
	Timeout time.Duration
	// Tell is called, once for each, with what of an answer could not be read and was left
	// out; nil will do. It must be safe for concurrent use.
	Tell func(what string)
	// Transport sends requests; nil is an http.Client with verified TLS.
	Transport policy.Transporter
	// Answers are shared with other APIs, at a time; nil are of this API alone. Tenant is
	// that of the credential.
	Answers *Answers
	Tenant  string
	Now     time.Time
}

// API reads from one cloud with one credential. It is safe for concurrent use.
type API struct {
	credential azcore.TokenCredential
	options    arm.ClientOptions

	mu       sync.Mutex
	computes map[string]*armcompute.ClientFactory
	builders map[string]*vmib.ClientFactory

	// answers are what was read by itself, once each; scope tells those of this cloud,
	// tenant and patience from others.
	answers *Answers
	scope   string
	now     time.Time
}

// New returns an API.
func New(o Options) *API {
	transport := o.Transport
	if transport == nil {
		transport = wire.Client()
	}
	if o.Answers == nil {
		o.Answers = &Answers{}
	}
	return &API{
		answers: o.Answers, scope: strings.ToLower(fmt.Sprint(o.Cloud.Host, " ", o.Tenant, " ", o.Timeout)), now: o.Now,
		credential: o.Credential,
		computes:   map[string]*armcompute.ClientFactory{},
		builders:   map[string]*vmib.ClientFactory{},
		options: arm.ClientOptions{
			// Registering a resource provider is a write, and needs more than reading.
			DisableRPRegistration: true,
			ClientOptions: policy.ClientOptions{
				Cloud:            o.Cloud.Configuration,
				Transport:        guard{host: o.Cloud.Host, next: transport},
				PerCallPolicies:  []policy.Policy{once{}},
				PerRetryPolicies: []policy.Policy{limit{turn: make(chan struct{}, maxInFlight), timeout: o.Timeout}, &content{tell: o.Tell}},
				Telemetry:        policy.TelemetryOptions{ApplicationID: "kubectl-byoos"},
				Retry: policy.RetryOptions{
					MaxRetries: maxRetries, MaxRetryDelay: maxRetryDelay,
					ShouldRetry: shouldRetry,
				},
			},
		},
	}
}

// shouldRetry says what may pass by itself. A try that ran into its timeout is
// not repeated: a service that hangs would hold up the answer several times over.
func shouldRetry(resp *http.Response, err error) bool {
	if err != nil {
		return !errors.Is(err, context.DeadlineExceeded) && !wire.Permanent(err)
	}
	switch resp.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// guard refuses every host but Resource Manager's. The link to a list's next
// page is a URL in an answer, and requests for it carry the credential.
type guard struct {
	host string
	next policy.Transporter
}

// errForeignHost is an answer that would lead the credential elsewhere.
type errForeignHost struct{ host, want string }

func (e errForeignHost) Error() string {
	return fmt.Sprintf("an answer of Azure points to the host %s, and the credential is for %s only", e.host, e.want)
}

// NonRetriable makes azcore give up at once.
func (errForeignHost) NonRetriable() {}

func (g guard) Do(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "https" || !sameHost(req.URL.Host, g.host) {
		return nil, errForeignHost{host: req.URL.Host, want: g.host}
	}
	return g.next.Do(req)
}

// sameHost compares hosts of https: Azure's links may name its port, 443.
func sameHost(a, b string) bool {
	const port = ":443"
	return strings.EqualFold(strings.TrimSuffix(a, port), strings.TrimSuffix(b, port))
}

// limit bounds the requests under way, and each of them in time. It is below the
// retry policy, so a request that waits for its next try holds no place; and a try
// that waits for its turn has not begun, so its time does not run.
type limit struct {
	turn    chan struct{}
	timeout time.Duration
}

func (l limit) Do(req *policy.Request) (*http.Response, error) {
	select {
	case l.turn <- struct{}{}:
	case <-req.Raw().Context().Done():
		return nil, req.Raw().Context().Err()
	}
	defer func() { <-l.turn }()
	ctx, cancel := context.WithTimeout(req.Raw().Context(), l.timeout)
	defer cancel() // a policy below has read the answer to its end
	resp, err := req.Clone(ctx).Next()
	if err == nil && shouldRetry(resp, nil) && endsBefore(req.Raw().Context(), wait(resp)) {
		return nil, tooLong{runtime.NewResponseError(resp)}
	}
	return resp, err
}

// endsBefore says whether the call is over before the wait is.
func endsBefore(ctx context.Context, wait time.Duration) bool {
	end, ends := ctx.Deadline()
	return ends && wait > 0 && !time.Now().Add(wait).Before(end)
}

// tooLong is an answer to ask again later than anybody waits for: the end of the
// call's time must not be told in its place.
type tooLong struct{ error }

func (e tooLong) Unwrap() error { return e.error }

// NonRetriable makes azcore give up at once.
func (tooLong) NonRetriable() {}

// content refuses an answer that is none of Resource Manager's, as proxies give: the
// SDK would take an empty one for an empty list. What of it cannot be read is left out.
type content struct {
	tell func(string)
	told sync.Map
}

func (c *content) Do(req *policy.Request) (*http.Response, error) {
	resp, err := req.Next()
	if err != nil || resp.StatusCode != http.StatusOK {
		return resp, err
	}
	body, err := runtime.Payload(resp)
	if err != nil {
		return nil, err
	}
	switch text := bytes.TrimSpace(body); {
	case len(text) == 0, string(text) == "null":
		return nil, errContent("the answer of Azure is empty")
	case text[0] != '{':
		return nil, errContent("the answer is no JSON, as Azure's are")
	}
	if readable, odd := withoutOddDates(body); odd != nil {
		resp.Body = io.NopCloser(bytes.NewReader(readable))
		c.leftOut(odd)
	}
	return resp, nil
}

func (c *content) leftOut(what []string) {
	for _, one := range what {
		if _, known := c.told.LoadOrStore(one, true); !known && c.tell != nil {
			c.tell(one)
		}
	}
}

type errContent string

func (e errContent) Error() string { return string(e) }

// NonRetriable makes azcore give up at once.
func (errContent) NonRetriable() {}

// once is a policy for whole calls: within one list, no page is asked for twice.
type once struct{}

type pagesKey struct{}

// errRepeatedPage is a list that would go on for ever.
const errRepeatedPage = errContent("a list of Azure links to one of its pages again, so that it does not end")

// errNoTLS is a link that the credential does not follow; azcore refuses it as well, in
// words of its own.
const errNoTLS = errContent("an answer of Azure links to a page without TLS, where the credential does not go")

func (once) Do(req *policy.Request) (*http.Response, error) {
	if req.Raw().URL.Scheme != "https" {
		return nil, errNoTLS
	}
	if seen, ok := req.Raw().Context().Value(pagesKey{}).(map[string]bool); ok {
		page := req.Raw().URL.RequestURI() // of the one host that guard lets through
		if seen[page] {
			return nil, errRepeatedPage
		}
		seen[page] = true
	}
	return req.Next()
}

func (a *API) compute(subscription string) (*armcompute.ClientFactory, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f := a.computes[subscription]; f != nil {
		return f, nil
	}
	f, err := armcompute.NewClientFactory(subscription, a.credential, &a.options)
	if err != nil {
		return nil, err
	}
	a.computes[subscription] = f
	return f, nil
}

func (a *API) builder(subscription string) (*vmib.ClientFactory, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f := a.builders[subscription]; f != nil {
		return f, nil
	}
	f, err := vmib.NewClientFactory(subscription, a.credential, &a.options)
	if err != nil {
		return nil, err
	}
	a.builders[subscription] = f
	return f, nil
}

// errNoList is an answer without the items that each page of a list has, be they
// none. What gave it instead may have hidden the newest image.
const errNoList = errContent("the answer of Azure is no list")

// pages calls each with every item of every page.
func pages[R, T any](ctx context.Context, pager *runtime.Pager[R], items func(R) []*T, each func(*T) error) error {
	ctx = context.WithValue(ctx, pagesKey{}, map[string]bool{})
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return err
		}
		list := items(page)
		if list == nil {
			return errNoList
		}
		for _, item := range list {
			if item == nil {
				continue
			}
			if err := each(item); err != nil {
				return err
			}
		}
	}
	return nil
}

// Galleries lists the galleries of a resource group, or of the whole
// subscription when group is empty.
func (a *API) Galleries(ctx context.Context, subscription, group string, each func(*armcompute.Gallery) error) error {
	f, err := a.compute(subscription)
	if err != nil {
		return err
	}
	client := f.NewGalleriesClient()
	if group == "" {
		return pages(ctx, client.NewListPager(nil),
			func(r armcompute.GalleriesClientListResponse) []*armcompute.Gallery { return r.Value }, each)
	}
	return pages(ctx, client.NewListByResourceGroupPager(group, nil),
		func(r armcompute.GalleriesClientListByResourceGroupResponse) []*armcompute.Gallery { return r.Value }, each)
}

// Definitions lists the image definitions of a gallery.
func (a *API) Definitions(ctx context.Context, subscription, group, gallery string, each func(*armcompute.GalleryImage) error) error {
	f, err := a.compute(subscription)
	if err != nil {
		return err
	}
	return pages(ctx, f.NewGalleryImagesClient().NewListByGalleryPager(group, gallery, nil),
		func(r armcompute.GalleryImagesClientListByGalleryResponse) []*armcompute.GalleryImage { return r.Value }, each)
}

// Definition reads one image definition, once.
func (a *API) Definition(ctx context.Context, subscription, group, gallery, definition string) (*armcompute.GalleryImage, error) {
	return remembered(ctx, a, func() (*armcompute.GalleryImage, error) {
		f, err := a.compute(subscription)
		if err != nil {
			return nil, err
		}
		r, err := f.NewGalleryImagesClient().Get(ctx, group, gallery, definition, nil)
		return &r.GalleryImage, err
	}, subscription, group, gallery, definition)
}

// Versions lists the versions of an image definition, without their replication
// status.
func (a *API) Versions(ctx context.Context, subscription, group, gallery, definition string, each func(*armcompute.GalleryImageVersion) error) error {
	f, err := a.compute(subscription)
	if err != nil {
		return err
	}
	return pages(ctx, f.NewGalleryImageVersionsClient().NewListByGalleryImagePager(group, gallery, definition, nil),
		func(r armcompute.GalleryImageVersionsClientListByGalleryImageResponse) []*armcompute.GalleryImageVersion {
			return r.Value
		}, each)
}

// Version reads one version with its replication status, once.
func (a *API) Version(ctx context.Context, subscription, group, gallery, definition, version string) (*armcompute.GalleryImageVersion, error) {
	return remembered(ctx, a, func() (*armcompute.GalleryImageVersion, error) {
		f, err := a.compute(subscription)
		if err != nil {
			return nil, err
		}
		expand := armcompute.ReplicationStatusTypesReplicationStatus
		r, err := f.NewGalleryImageVersionsClient().Get(ctx, group, gallery, definition, version,
			&armcompute.GalleryImageVersionsClientGetOptions{Expand: &expand})
		return &r.GalleryImageVersion, err
	}, subscription, group, gallery, definition, version)
}

// ManagedImages lists the managed images of a resource group, or of the whole
// subscription when group is empty.
func (a *API) ManagedImages(ctx context.Context, subscription, group string, each func(*armcompute.Image) error) error {
	f, err := a.compute(subscription)
	if err != nil {
		return err
	}
	client := f.NewImagesClient()
	if group == "" {
		return pages(ctx, client.NewListPager(nil),
			func(r armcompute.ImagesClientListResponse) []*armcompute.Image { return r.Value }, each)
	}
	return pages(ctx, client.NewListByResourceGroupPager(group, nil),
		func(r armcompute.ImagesClientListByResourceGroupResponse) []*armcompute.Image { return r.Value }, each)
}

// ManagedImage reads one managed image, once.
func (a *API) ManagedImage(ctx context.Context, subscription, group, name string) (*armcompute.Image, error) {
	return remembered(ctx, a, func() (*armcompute.Image, error) {
		f, err := a.compute(subscription)
		if err != nil {
			return nil, err
		}
		r, err := f.NewImagesClient().Get(ctx, group, name, nil)
		return &r.Image, err
	}, subscription, group, name)
}

// Template reads an image template of VM Image Builder.
func (a *API) Template(ctx context.Context, subscription, group, name string) (*vmib.ImageTemplate, error) {
	f, err := a.builder(subscription)
	if err != nil {
		return nil, err
	}
	r, err := f.NewVirtualMachineImageTemplatesClient().Get(ctx, group, name, nil)
	return &r.ImageTemplate, err
}

// RunOutputs lists what the runs of an image template made.
func (a *API) RunOutputs(ctx context.Context, subscription, group, name string, each func(*vmib.RunOutput) error) error {
	f, err := a.builder(subscription)
	if err != nil {
		return err
	}
	return pages(ctx, f.NewVirtualMachineImageTemplatesClient().NewListRunOutputsPager(group, name, nil),
		func(r vmib.VirtualMachineImageTemplatesClientListRunOutputsResponse) []*vmib.RunOutput {
			if r.Value == nil { // here the items may be left out
				return []*vmib.RunOutput{}
			}
			return r.Value
		}, each)
}

// CommunityDefinitions lists the definitions of a community gallery in location.
func (a *API) CommunityDefinitions(ctx context.Context, subscription, location, gallery string, each func(*armcompute.CommunityGalleryImage) error) error {
	f, err := a.compute(subscription)
	if err != nil {
		return err
	}
	return pages(ctx, f.NewCommunityGalleryImagesClient().NewListPager(location, gallery, nil),
		func(r armcompute.CommunityGalleryImagesClientListResponse) []*armcompute.CommunityGalleryImage {
			return r.Value
		}, each)
}

// CommunityDefinition reads one definition, once, of a community gallery.
func (a *API) CommunityDefinition(ctx context.Context, subscription, location, gallery, definition string) (*armcompute.CommunityGalleryImage, error) {
	return remembered(ctx, a, func() (*armcompute.CommunityGalleryImage, error) {
		f, err := a.compute(subscription)
		if err != nil {
			return nil, err
		}
		r, err := f.NewCommunityGalleryImagesClient().Get(ctx, location, gallery, definition, nil)
		return &r.CommunityGalleryImage, err
	}, subscription, location, gallery, definition)
}

// CommunityVersions lists the versions of a community gallery's definition.
func (a *API) CommunityVersions(ctx context.Context, subscription, location, gallery, definition string, each func(*armcompute.CommunityGalleryImageVersion) error) error {
	f, err := a.compute(subscription)
	if err != nil {
		return err
	}
	return pages(ctx, f.NewCommunityGalleryImageVersionsClient().NewListPager(location, gallery, definition, nil),
		func(r armcompute.CommunityGalleryImageVersionsClientListResponse) []*armcompute.CommunityGalleryImageVersion {
			return r.Value
		}, each)
}

// CommunityVersion reads one version, once, of a community gallery.
func (a *API) CommunityVersion(ctx context.Context, subscription, location, gallery, definition, version string) (*armcompute.CommunityGalleryImageVersion, error) {
	return remembered(ctx, a, func() (*armcompute.CommunityGalleryImageVersion, error) {
		f, err := a.compute(subscription)
		if err != nil {
			return nil, err
		}
		r, err := f.NewCommunityGalleryImageVersionsClient().Get(ctx, location, gallery, definition, version, nil)
		return &r.CommunityGalleryImageVersion, err
	}, subscription, location, gallery, definition, version)
}

// SharedDefinitions lists the definitions of a directly shared gallery in location.
func (a *API) SharedDefinitions(ctx context.Context, subscription, location, gallery string, each func(*armcompute.SharedGalleryImage) error) error {
	f, err := a.compute(subscription)
	if err != nil {
		return err
	}
	return sharedWithAny(each, func(to *armcompute.SharedToValues, each func(*armcompute.SharedGalleryImage) error) error {
		options := &armcompute.SharedGalleryImagesClientListOptions{SharedTo: to}
		return pages(ctx, f.NewSharedGalleryImagesClient().NewListPager(location, gallery, options),
			func(r armcompute.SharedGalleryImagesClientListResponse) []*armcompute.SharedGalleryImage {
				return r.Value
			}, each)
	})
}

// sharedWithAny lists what is shared with the subscription, which is what Azure lists
// unless it is asked otherwise, or else what is shared with the whole tenant
// (learn.microsoft.com/cli/azure/sig/image-version#az-sig-image-version-list-shared).
func sharedWithAny[T any](each func(*T) error, list func(to *armcompute.SharedToValues, each func(*T) error) error) error {
	found := false
	err := list(nil, func(item *T) error { found = true; return each(item) })
	if found || err != nil && !NotFound(err) {
		return err
	}
	tenant := armcompute.SharedToValuesTenant
	if withTenant := list(&tenant, each); withTenant == nil || !NotFound(withTenant) {
		return withTenant
	}
	return err
}

// SharedDefinition reads one definition, once, of a directly shared gallery.
func (a *API) SharedDefinition(ctx context.Context, subscription, location, gallery, definition string) (*armcompute.SharedGalleryImage, error) {
	return remembered(ctx, a, func() (*armcompute.SharedGalleryImage, error) {
		f, err := a.compute(subscription)
		if err != nil {
			return nil, err
		}
		r, err := f.NewSharedGalleryImagesClient().Get(ctx, location, gallery, definition, nil)
		return &r.SharedGalleryImage, err
	}, subscription, location, gallery, definition)
}

// SharedVersions lists the versions of a directly shared gallery's definition.
func (a *API) SharedVersions(ctx context.Context, subscription, location, gallery, definition string, each func(*armcompute.SharedGalleryImageVersion) error) error {
	f, err := a.compute(subscription)
	if err != nil {
		return err
	}
	return sharedWithAny(each, func(to *armcompute.SharedToValues, each func(*armcompute.SharedGalleryImageVersion) error) error {
		options := &armcompute.SharedGalleryImageVersionsClientListOptions{SharedTo: to}
		return pages(ctx, f.NewSharedGalleryImageVersionsClient().NewListPager(location, gallery, definition, options),
			func(r armcompute.SharedGalleryImageVersionsClientListResponse) []*armcompute.SharedGalleryImageVersion {
				return r.Value
			}, each)
	})
}

// SharedVersion reads one version, once, of a directly shared gallery.
func (a *API) SharedVersion(ctx context.Context, subscription, location, gallery, definition, version string) (*armcompute.SharedGalleryImageVersion, error) {
	return remembered(ctx, a, func() (*armcompute.SharedGalleryImageVersion, error) {
		f, err := a.compute(subscription)
		if err != nil {
			return nil, err
		}
		r, err := f.NewSharedGalleryImageVersionsClient().Get(ctx, location, gallery, definition, version, nil)
		return &r.SharedGalleryImageVersion, err
	}, subscription, location, gallery, definition, version)
}
