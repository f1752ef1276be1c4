package arm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/endpoint"
)

// A request reads JSON, at the version of the API that it names; names keep what would be
// another path or a query.
func TestRequest(t *testing.T) {
	for want, r := range map[string]Resource{
		"https://management.azure.com/subscriptions/S/a%20b%3Fc/things?api-version=1":                   {Path: "/subscriptions/S/a b?c/things", Query: Version("1")},
		"https://management.azure.com/things?%24expand=ReplicationStatus&api-version=2&sharedTo=tenant": {Path: "/things", Query: Version("2", "$expand", "ReplicationStatus", "sharedTo", "tenant")},
		"https://management.azure.com/things?api-version=3":                                             {Path: "/things", Query: Version("3", "half")},
	} {
		_, err := Get[thing](t.Context(), asking(t, func(r *http.Request) (*http.Response, error) {
			if r.URL.String() != want || r.Method != http.MethodGet || r.Header.Get("Accept") != "application/json" {
				t.Errorf("%s %s, accepts %q; want %s", r.Method, r.URL, r.Header.Get("Accept"), want)
			}
			return answer(r, 200, nil, `{"name":"i"}`), nil
		}), r)
		if err != nil {
			t.Error(err)
		}
	}
}

// Items that are none are no items; a list without any may say so by nothing where Azure
// does that; who wants no more gets no more.
func TestItems(t *testing.T) {
	enough := errors.New("enough")
	for _, tt := range []struct {
		body    string
		mayLack bool
		want    []string
		err     error
	}{
		{`{"value":[null,{"name":"a"},null,{"name":"b"}]}`, false, []string{"a", "b"}, nil},
		{`{"value":[]}`, false, nil, nil},
		{`{}`, true, nil, nil},
		{`{"value":null}`, false, nil, errNoList},
		{`{"value":[{"name":"a"},{"name":"last"},{"name":"b"}],"nextLink":"https://management.azure.com/p2"}`, false, []string{"a", "last"}, enough},
		{`{"value":[{"name":"a"}],"nextLink":"https://%zz"}`, false, []string{"a"}, errContent("a list of Azure links to a page that is no URL")},
	} {
		var got []string
		r := things()
		r.MayLackItems = tt.mayLack
		err := List(t.Context(), asking(t, func(r *http.Request) (*http.Response, error) { return answer(r, 200, nil, tt.body), nil }), r, func(one thing) error {
			if got = append(got, one.Name); one.Name == "last" {
				return enough
			}
			return nil
		})
		if !slices.Equal(got, tt.want) || !errors.Is(err, tt.err) {
			t.Errorf("%s: %q, %v", tt.body, got, err)
		}
	}
}

// To register a resource provider is a write: it is left to the user, who is told.
func TestNothingIsRegistered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		_, err := list(t.Context(), t, func(r *http.Request) (*http.Response, error) {
			asked = append(asked, r.Method+" "+r.URL.Path)
			return answer(r, http.StatusConflict, nil, `{"error":{"code":"MissingSubscriptionRegistration","message":"The subscription is not registered to use namespace 'Microsoft.Compute'."}}`), nil
		})
		if err == nil || !slices.Equal(asked, []string{"GET /subscriptions/S/things"}) {
			t.Errorf("%q: %v", asked, err)
		}
	})
}

// What cannot be read is told, by what New was given; nobody answers for another server
// than one whose certificate is verified.
func TestOptions(t *testing.T) {
	var told []string
	tries := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		tries++
		_, _ = fmt.Fprint(w, `{"name":"n","at":"soon"}`)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "https://")
	options := Options{
		Cloud: endpoint.Cloud{Host: host, Configuration: cloud.Configuration{
			Services: map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: {Audience: "a", Endpoint: server.URL}},
		}},
		Credential: &azfake.TokenCredential{}, Timeout: time.Minute, Tell: func(s string) { told = append(told, s) },
	}
	type withDate struct {
		Name string
		At   Date
	}
	get := func(ctx context.Context) error {
		api, err := New(options)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Get[withDate](ctx, api, things())
		return err
	}
	if err := get(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") || tries != 0 {
		t.Errorf("%d tries: %v", tries, err)
	}
	options.Transport = server.Client()
	if err := get(t.Context()); err != nil || !slices.Equal(told, []string{`at of "n" is "soon"`}) {
		t.Errorf("told %q: %v", told, err)
	}
}
