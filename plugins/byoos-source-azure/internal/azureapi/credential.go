package azureapi

import (
	"context"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/endpoint"
)

// NewCredential returns azidentity's default chain for c: environment, workload
// identity, managed identity, Azure CLI, Azure Developer CLI, Azure PowerShell.
// transport is nil but in tests.
func NewCredential(c endpoint.Cloud, transport policy.Transporter) (azcore.TokenCredential, error) {
	return azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
		ClientOptions:            policy.ClientOptions{Cloud: c.Configuration, Transport: transport},
		DisableInstanceDiscovery: c.PrivateAuthority,
	})
}

// tokenMargin is how long before its end a token is replaced, as azcore does.
const tokenMargin = 5 * time.Minute

// ForTenant returns inner, asked for tokens of tenant when that is not empty,
// and each token kept until shortly before it ends. The Azure CLI is started for
// every token otherwise, once for each client.
//
// azidentity refuses a tenant that is neither the credential's own nor allowed
// by AZURE_ADDITIONALLY_ALLOWED_TENANTS, so a spec can ask for a tenant but only
// the user can grant it.
func ForTenant(inner azcore.TokenCredential, tenant string) azcore.TokenCredential {
	return &tenantCredential{inner: inner, tenant: tenant, turn: make(chan struct{}, 1), now: time.Now}
}

type tenantCredential struct {
	inner  azcore.TokenCredential
	tenant string
	turn   chan struct{} // held while token is read or replaced
	token  azcore.AccessToken
	now    func() time.Time
}

// GetToken returns a token for the tenant.
func (c *tenantCredential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return azcore.AccessToken{}, ctx.Err()
	}
	defer func() { <-c.turn }()
	if o.TenantID == "" {
		o.TenantID = c.tenant
	}
	// A request with claims answers a challenge: the token at hand was refused.
	if o.Claims == "" && c.token.ExpiresOn.After(c.now().Add(tokenMargin)) {
		return c.token, nil
	}
	token, err := c.inner.GetToken(ctx, o)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	c.token = token
	return token, nil
}

// SignIn gets a first token, so that a missing credential is one error and not
// one for each request.
func SignIn(ctx context.Context, credential azcore.TokenCredential, c endpoint.Cloud) error {
	scope := c.Services[cloud.ResourceManager].Audience + "/.default"
	_, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}, EnableCAE: true})
	return err
}
