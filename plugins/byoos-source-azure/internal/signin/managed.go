package signin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/managedidentity"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/wire"
)

// managed asks services of the machine itself, so without a proxy
// (learn.microsoft.com/azure/virtual-machines/instance-metadata-service#proxies).
func (o Options) managed(alone bool) *way {
	transport := o.Transport
	if transport == nil {
		transport = wire.Direct()
	}
	w := &way{name: "managed identity", home: true, next: "give this machine a managed identity, or sign in in another way"}
	source, err := managedidentity.GetSource()
	if err != nil {
		w.broken = "its variables are not usable"
		return w
	}
	if source != managedidentity.ServiceFabric { // for which azidentity needs the client itself
		w.witness = &wire.Witness{Next: transport}
		transport = w.witness
	}
	options := &azidentity.ManagedIdentityCredentialOptions{
		ClientOptions: policy.ClientOptions{Cloud: o.Cloud.Configuration, Transport: transport},
	}
	if id := o.Getenv("AZURE_CLIENT_ID"); id != "" {
		options.ID = azidentity.ClientID(id)
	}
	credential, err := azidentity.NewManagedIdentityCredential(options)
	if err != nil {
		w.broken = "its variables are not usable"
		return w
	}
	// The chain of one makes what is no answer of a metadata service an absent one, as
	// in azidentity's default chain.
	chain, err := azidentity.NewChainedTokenCredential([]azcore.TokenCredential{credential}, nil)
	if err != nil {
		w.broken = "it cannot be used"
		return w
	}
	w.inner = &metadata{inner: chain, transport: transport, probe: !alone && source == managedidentity.DefaultToIMDS}
	if !alone {
		w.ends = failed
		w.next = "to go on to `az login`, set AZURE_TOKEN_CREDENTIALS=dev; else give the machine a managed identity," +
			" or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
	}
	return w
}

// metadata is a managed identity. Where nothing answers at the metadata service's
// address, which most machines lack, it is absent at once.
type metadata struct {
	inner     azcore.TokenCredential
	transport policy.Transporter
	probe     bool
}

const (
	metadataService = "http://169.254.169.254/metadata/identity/oauth2/token"
	probeTime       = time.Second // azidentity's
)

// GetToken returns a token of the machine's identity.
func (m *metadata) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if m.probe && !m.answers(ctx) {
		return azcore.AccessToken{}, absent("this machine has no metadata service")
	}
	token, err := m.inner.GetToken(ctx, o)
	var unavailable interface{ NonRetriable() }
	if errors.As(err, &unavailable) && !failed(err) {
		return token, absent("this machine has no managed identity")
	}
	return token, err
}

func (m *metadata) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, metadataService, nil)
	if err != nil {
		return false
	}
	response, err := m.transport.Do(r)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return true
}
