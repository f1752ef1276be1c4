package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/signin"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/sdktest"
)

// endless is an Azure with a definition in somebody else's gallery, and two pages of its
// versions, 300 on the first; second is called before there is the other.
type endless struct{ second func() }

// Do answers one request.
func (e endless) Do(r *http.Request) (*http.Response, error) {
	body := `{"value":[{"name":"ubuntu"}]}`
	switch {
	case !strings.Contains(r.URL.Path, "/images"):
		return azure{}.Do(r)
	case r.URL.Query().Has("$skiptoken"):
		e.second()
		body = `{"value":[]}`
	case strings.HasSuffix(r.URL.Path, "/versions"):
		var versions []string
		for n := range 300 {
			versions = append(versions, fmt.Sprintf(`{"name":"1.0.%d"}`, n))
		}
		body = fmt.Sprintf(`{"value":[%s],"nextLink":"https://%s%s?$skiptoken=2"}`, strings.Join(versions, ","), r.URL.Host, r.URL.Path)
	}
	return azure{arm: reply{200, body}}.Do(r)
}

// Versions of somebody else's gallery go to the host as their pages are read, and are not
// kept until the last: there may be very many.
func TestForeignVersionsAreNotKept(t *testing.T) {
	signsIn(t, "EnvironmentCredential", nil)
	for name, c := range map[string]config{
		"community": {CommunityGallery: "g", Locations: []string{"westus2"}},
		"shared":    {SharedGallery: "g", Locations: []string{"westus2"}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, leave := context.WithCancel(t.Context())
			images, _, err := sdktest.Discover(ctx, func() sdk.Source[config] {
				return source{getenv: os.Getenv, transport: endless{leave}, credentials: &signin.Store{}}
			}, c)
			if err == nil || len(images) < 200 {
				t.Errorf("%d images came before the second page, %v", len(images), err)
			}
		})
	}
}
