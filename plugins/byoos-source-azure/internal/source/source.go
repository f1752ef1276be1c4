// Package source is the image source "azure": what it asks Azure for each kind
// of place, and what it tells of the answers.
package source

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/azureapi"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/endpoint"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/machineimage"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/signin"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"golang.org/x/sync/errgroup"
)

const envSubscription = "AZURE_SUBSCRIPTION_ID"

// parallel bounds the parts (subscriptions, galleries, definitions) of one level
// that are read at once; azureapi bounds the requests of all of them.
const parallel = 8

// Source finds images in Azure.
type Source struct {
	getenv func(string) string
	// transport is nil but in tests; it sends what goes to Resource Manager and
	// to the identity service.
	transport policy.Transporter
	// credentials are shared by all sources of a process.
	credentials *signin.Store
	// answers are shared by all sources that verify: each is asked for the images of all.
	answers *azureapi.Answers
}

// New returns the source as the plugin serves it, to all calls.
func New() Source {
	return Source{getenv: os.Getenv, credentials: &signin.Store{}, answers: &azureapi.Answers{}}
}

var _ sdk.Verifier[Config] = Source{}

// Describe says what the plugin is.
func (Source) Describe() sdk.Info {
	return sdk.Info{
		Name:              "azure",
		Summary:           "Azure VM Image Builder templates, Compute Gallery versions and managed images",
		Providers:         []string{"azure"},
		Environment:       environment(),
		SecretEnvironment: secretVariables(),
		Homepage:          "https://github.com/kubectl-byoos/kubectl-byoos/blob/main/docs/sources/azure.md",
		UsesHints:         true,
	}
}

// environment lists the variables that choose the cloud and the subscription, and
// those that azidentity, its libraries and the Azure command lines read.
func environment() []string {
	return append([]string{
		envSubscription,
		endpoint.EnvCloud, endpoint.EnvEnvironment, endpoint.EnvAuthority, endpoint.EnvARM, endpoint.EnvAudience,
		"AZURE_TOKEN_CREDENTIALS", "AZURE_ADDITIONALLY_ALLOWED_TENANTS", "AZURE_REGIONAL_AUTHORITY_NAME",
		"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN",
		"AZURE_USERNAME",
		// Workload identity, also through a token proxy in the cluster.
		"AZURE_FEDERATED_TOKEN_FILE", "AZURE_KUBERNETES_TOKEN_PROXY", "AZURE_KUBERNETES_SNI_NAME",
		"AZURE_KUBERNETES_CA_FILE", "AZURE_KUBERNETES_CA_DATA",
		// Managed identity outside a plain virtual machine.
		"IDENTITY_ENDPOINT", "IDENTITY_SERVER_THUMBPRINT", "IMDS_ENDPOINT", "MSI_ENDPOINT", "DEFAULT_IDENTITY_CLIENT_ID",
		// The folders in which az and azd keep their sign-in.
		"AZURE_CONFIG_DIR", "AZD_CONFIG_DIR",
		// az and azd read the first two, this program the others.
		"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR",
	}, secretVariables()...)
}

// secretVariables are those whose values must never be shown.
func secretVariables() []string {
	return []string{
		"AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_PASSWORD", "IDENTITY_HEADER", "MSI_SECRET",
	}
}

// session is what one call works with.
type session struct {
	*plan
	api     *azureapi.API
	report  func(sdk.Diagnostic) error
	getenv  func(string) string
	secrets *sdk.Secrets
	opt     machineimage.Options
}

// call is what a session needs of a call beside its configuration.
type call struct {
	settings map[string]any
	secrets  *sdk.Secrets
	report   func(sdk.Diagnostic) error
	// answers are those of other calls about then; nil for none.
	answers *azureapi.Answers
	now     time.Time
}

// open checks the configuration, chooses the cloud and signs in.
func (s Source) open(ctx context.Context, c Config, of call) (*session, error) {
	p, wrong := c.check(s.getenv)
	if wrong != nil {
		return nil, wrong
	}
	cloud, err := endpoint.Resolve(s.getenv, of.settings)
	if err != nil {
		return nil, &sdk.Diagnostic{
			Severity: sdk.Error, Summary: "the Azure cloud to ask is not clear", Detail: err.Error(),
			NextStep: "correct the variable, or your settings for azure in your own configuration file",
		}
	}
	ses := &session{plan: p, opt: p.options(), report: of.report, getenv: s.getenv, secrets: of.secrets}
	credential, err := s.signIn(ctx, cloud, p, of.secrets)
	if err != nil {
		return nil, ses.diagnose(ctx, err, "the credential", "")
	}
	ses.api = azureapi.New(azureapi.Options{
		Cloud: cloud, Credential: known{credential, of.secrets}, Timeout: p.timeout, Transport: s.transport,
		Answers: of.answers, Tenant: p.Tenant, Now: of.now,
		Tell: func(what string) {
			// An end of the call is told by what comes next.
			_ = of.report(sdk.Diagnostic{Severity: sdk.Warning, Summary: "left out what is no date: " + azureapi.Problem{Secrets: of.secrets}.Clean(what)})
		},
	})
	return ses, nil
}

// signIn also tells Secrets the token: an answer that another call got with it may repeat it.
func (s Source) signIn(ctx context.Context, cloud endpoint.Cloud, p *plan, secrets *sdk.Secrets) (azcore.TokenCredential, error) {
	credential, err := s.credentials.Get(cloud, p.Tenant, func() (azcore.TokenCredential, error) {
		return signin.New(signin.Options{Cloud: cloud, Getenv: s.getenv, Transport: s.transport})
	})
	if err != nil {
		return nil, err
	}
	token, err := credential.SignIn(ctx, cloud)
	secrets.Add(token)
	return credential, err
}

// known tells Secrets each token that is sent: Azure may repeat it.
type known struct {
	azcore.TokenCredential
	secrets *sdk.Secrets
}

// GetToken returns a token of the credential that it wraps.
func (k known) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := k.TokenCredential.GetToken(ctx, o)
	k.secrets.Add(token.Token)
	return token, err
}

// diagnose turns an error of Azure into what the user reads; when the host gave
// up it is that error.
func (s *session) diagnose(ctx context.Context, err error, subject, key string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return azureapi.Problem{
		Subject: subject, Err: err, ConfigPath: key, Timeout: s.timeout, Getenv: s.getenv, Secrets: s.secrets,
	}.Diagnostic()
}

// tell reports an error of one part of the answer, so that the others go on. It
// returns an error only when the call is over.
func (s *session) tell(ctx context.Context, err error, subject, key string) error {
	return s.pass(s.diagnose(ctx, err, subject, key))
}

func (s *session) pass(err error) error {
	var d *sdk.Diagnostic
	if errors.As(err, &d) {
		return s.report(*d)
	}
	return err
}

// Discover sends the images of the place that the configuration names.
func (s Source) Discover(ctx context.Context, req sdk.DiscoverRequest[Config], out *sdk.Stream) error {
	if p := req.Hints.Providers; len(p) > 0 && !slices.Contains(p, "azure") {
		return nil
	}
	ses, err := s.open(ctx, req.Config, call{settings: req.UserSettings, secrets: req.Secrets, report: out.Report})
	if err != nil {
		return err
	}
	d := &discovery{session: ses, out: out, now: req.Now, hints: req.Hints, ranges: req.KubernetesVersions}
	if err := d.read(ctx); err != nil {
		return err
	}
	return d.places.tell(out.Report)
}

// read sends what there is in each of the places.
func (d *discovery) read(ctx context.Context) error {
	switch d.mode {
	case modeTemplate:
		return d.template(ctx)
	case modeGallery:
		return each(ctx, d.subscriptions, d.galleries)
	case modeCommunity, modeShared:
		return d.sharedGalleries(ctx)
	default:
		return each(ctx, d.subscriptions, d.managed)
	}
}

// discovery is one Discover.
type discovery struct {
	*session
	out    *sdk.Stream
	now    time.Time
	hints  sdk.Hints
	ranges []string // of Kubernetes versions, as some packs select them
	places places
	done   atomic.Int64
	total  atomic.Int64
}

// begin adds n parts to what is to do, for the progress.
func (d *discovery) begin(n int) { d.total.Add(int64(n)) }

func (d *discovery) finished(what string) error {
	return d.out.Progress(d.done.Add(1), d.total.Load(), "read "+what)
}

// each runs work for every item, a few at a time, and stops at the first error.
func each[T any](ctx context.Context, items []T, work func(context.Context, T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, item := range items {
		group.Go(func() error { return work(ctx, item) })
	}
	return group.Wait()
}

// failures collects the errors of many parts of one place, and tells those of one
// cause once.
type failures struct {
	mu    sync.Mutex
	first map[string]error
	names map[string][]string
}

func (f *failures) add(name string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.first == nil {
		f.first, f.names = map[string]error{}, map[string][]string{}
	}
	kind := azureapi.Kind(err)
	f.names[kind] = append(f.names[kind], name)
	if f.first[kind] == nil || name == slices.Min(f.names[kind]) {
		f.first[kind] = err
	}
}

// tell reports each cause, with the parts it hit.
func (f *failures) tell(ctx context.Context, s *session, subject, key string) error {
	for _, kind := range slices.Sorted(maps.Keys(f.first)) {
		err, names := f.first[kind], f.names[kind]
		slices.Sort(names)
		failed := s.diagnose(ctx, err, subject+names[0], key)
		var d *sdk.Diagnostic
		if errors.As(failed, &d) && len(names) > 1 {
			d.Detail = strings.TrimPrefix(d.Detail+fmt.Sprintf("; %d more failed alike: %s", len(names)-1,
				abbreviated(names[1:])), "; ")
		}
		if err := s.pass(failed); err != nil {
			return err
		}
	}
	return nil
}

// abbreviated lists names, but not too many.
func abbreviated(names []string) string {
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}
