// Package armtest opens Azure's API without Azure, for tests of what is read by it.
package armtest

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/endpoint"
)

// Transport answers every request alike, and keeps the addresses that were asked for.
type Transport struct {
	// Body is the answer, in JSON.
	Body string
	URLs []string
}

// Do answers a request.
func (a *Transport) Do(r *http.Request) (*http.Response, error) {
	a.URLs = append(a.URLs, r.URL.String())
	return &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a.Body))}, nil
}

// Open returns an API of the public cloud that asks by a transport.
func Open(t *testing.T, by policy.Transporter) *arm.API {
	t.Helper()
	api, err := arm.New(arm.Options{
		Cloud:      endpoint.Cloud{Configuration: cloud.AzurePublic, Host: "management.azure.com"},
		Credential: &azfake.TokenCredential{}, Timeout: time.Minute, Transport: by,
	})
	if err != nil {
		t.Fatal(err)
	}
	return api
}
