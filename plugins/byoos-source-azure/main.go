// Command byoos-source-azure is the image source "azure" of kubectl byoos.
package main

import (
	"context"
	"errors"
	"io"
	"log"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/compute"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/endpoint"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/signin"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

func main() {
	// HTTP clients log what a server sends unasked, word for word: a secret may be in it.
	log.SetOutput(io.Discard)
	azure := source{getenv: os.Getenv, credentials: &signin.Store{}, answers: &arm.Answers{}}
	sdk.Main(func() sdk.Source[config] { return azure })
}

const envSubscription = "AZURE_SUBSCRIPTION_ID"

// source finds images in Azure.
type source struct {
	getenv func(string) string
	// transport is nil but in tests; it sends what goes to Resource Manager and
	// to the identity service.
	transport policy.Transporter
	// credentials are shared by all sources of a process.
	credentials *signin.Store
	// answers are shared by all sources that verify: each is asked for the images of all.
	answers *arm.Answers
}

var _ sdk.Verifier[config] = source{}

// Describe says what the plugin is.
func (source) Describe() sdk.Info {
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
	api     *arm.API
	report  func(sdk.Diagnostic) error
	getenv  func(string) string
	secrets *sdk.Secrets
	opt     compute.Options
}

// call is what a session needs of a call beside its configuration.
type call struct {
	settings map[string]any
	secrets  *sdk.Secrets
	report   func(sdk.Diagnostic) error
	// answers are those of other calls about then; nil for none.
	answers *arm.Answers
	now     time.Time
}

// open checks the configuration, chooses the cloud and signs in.
func (s source) open(ctx context.Context, c config, of call) (*session, error) {
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
	ses.api, err = arm.New(arm.Options{
		Cloud: cloud, Credential: known{credential, of.secrets}, Timeout: p.timeout, Transport: s.transport,
		Answers: of.answers, Tenant: p.Tenant, Now: of.now,
		Tell: func(what string) {
			// An end of the call is told by what comes next.
			_ = of.report(sdk.Diagnostic{Severity: sdk.Warning, Summary: "left out what is no date: " + arm.Problem{Secrets: of.secrets}.Clean(what)})
		},
	})
	return ses, err
}

// signIn also tells Secrets the token: an answer that another call got with it may repeat it.
func (s source) signIn(ctx context.Context, cloud endpoint.Cloud, p *plan, secrets *sdk.Secrets) (azcore.TokenCredential, error) {
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
	return arm.Problem{
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
