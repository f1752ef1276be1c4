// Package arm asks Azure Resource Manager, only ever by reading: pages followed to the
// end, a bound on requests under way, and a guard that keeps the credential at one host.
package arm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

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
	client *arm.Client
	tell   func(what string)
	told   sync.Map

	// answers are what was read by itself, once each; scope tells those of this cloud,
	// tenant and patience from others.
	answers *Answers
	scope   string
	now     time.Time
}

// New returns an API.
func New(o Options) (*API, error) {
	transport := o.Transport
	if transport == nil {
		transport = wire.Client()
	}
	if o.Answers == nil {
		o.Answers = &Answers{}
	}
	client, err := arm.NewClient("kubectl-byoos", "v1.0.0", o.Credential, &arm.ClientOptions{
		// Registering a resource provider is a write, and needs more than reading.
		DisableRPRegistration: true,
		ClientOptions: policy.ClientOptions{
			Cloud:            o.Cloud.Configuration,
			Transport:        guard{host: o.Cloud.Host, next: transport},
			PerRetryPolicies: []policy.Policy{limit{turn: make(chan struct{}, maxInFlight), timeout: o.Timeout}},
			Retry: policy.RetryOptions{
				MaxRetries: maxRetries, MaxRetryDelay: maxRetryDelay,
				ShouldRetry: shouldRetry,
			},
		},
	})
	return &API{
		client: client, tell: o.Tell, answers: o.Answers, now: o.Now,
		scope: strings.ToLower(fmt.Sprint(o.Cloud.Host, " ", o.Tenant, " ", o.Timeout)),
	}, err
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

func (g guard) Do(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "https" || !sameHost(req.URL.Host, g.host) {
		return nil, errContent(fmt.Sprintf("an answer of Azure points to the host %s, and the credential is for %s only", req.URL.Host, g.host))
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
	if !ends {
		end, ends = ctx.Value(endKey{}).(time.Time)
	}
	return ends && wait > 0 && !time.Now().Add(wait).Before(end)
}

// tooLong is an answer to ask again later than anybody waits for: the end of the
// call's time must not be told in its place.
type tooLong struct{ error }

func (e tooLong) Unwrap() error { return e.error }

// NonRetriable makes azcore give up at once.
func (tooLong) NonRetriable() {}
