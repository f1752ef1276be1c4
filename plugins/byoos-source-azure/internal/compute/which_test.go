package compute

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm/armtest"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
)

const inOwn = "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/galleries/G/images/D/versions/"

// The gallery of an id is found again, and names itself as ids do.
func TestGalleryOfAnID(t *testing.T) {
	for id, tt := range map[string]struct {
		want  Gallery
		names map[string]string
	}{
		inOwn + "1.0.0": {
			Gallery{Kind: resourceid.GalleryVersion, Subscription: "S", Group: "RG", Location: "L", Name: "G"},
			map[string]string{"subscriptions": "S", "resourcegroups": "RG", "galleries": "G"},
		},
		"/CommunityGalleries/G-1/Images/D/Versions/1.0.0": {
			Gallery{Kind: resourceid.CommunityVersion, Subscription: "ours", Location: "L", Name: "G-1"}, map[string]string{"communitygalleries": "G-1"},
		},
		"/SharedGalleries/G/Images/D/Versions/1.0.0": {
			Gallery{Kind: resourceid.SharedVersion, Subscription: "ours", Location: "L", Name: "G"}, map[string]string{"sharedgalleries": "G"},
		},
	} {
		of, err := resourceid.Parse(id)
		if err != nil {
			t.Fatal(err)
		}
		got := Of(of, "ours", "L")
		if got != tt.want || !maps.Equal(got.Names(), tt.names) {
			t.Errorf("%s: %+v, %v", id, got, got.Names())
		}
		if again := got.ID("", "D", "1.0.0"); again != of {
			t.Errorf("%s: %+v", id, again)
		}
	}
}

// Azure's own spelling of an id is kept where it is that of the version.
func TestIDOfAVersion(t *testing.T) {
	own := Gallery{Kind: resourceid.GalleryVersion, Subscription: "S", Group: "RG", Name: "G"}
	community := Gallery{Kind: resourceid.CommunityVersion, Subscription: "S", Name: "G-1"}
	lower := strings.Replace(strings.ToLower(inOwn), "providers/microsoft.compute", "providers/Microsoft.Compute", 1)
	for name, tt := range map[string]struct {
		of          Gallery
		given, want string
	}{
		"in another letter case": {own, strings.ToUpper(inOwn) + "1.0.0", "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/galleries/G/images/D/versions/1.0.0"},
		"with lower names":       {own, lower + "1.0.0", "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/galleries/g/images/d/versions/1.0.0"},
		"of another version":     {own, lower + "1.0.1", inOwn + "1.0.0"},
		"of no known form":       {own, "/odd", inOwn + "1.0.0"},
		"none":                   {own, "", inOwn + "1.0.0"},
		"of somebody else":       {community, lower + "1.0.0", "/CommunityGalleries/G-1/Images/D/Versions/1.0.0"},
	} {
		if got := tt.of.ID(tt.given, "D", "1.0.0").String(); got != tt.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// bySharing answers by what sharing a list is asked for, and keeps what was asked.
type bySharing struct {
	subscription, tenant string
	asked                []string
}

func (b *bySharing) Do(r *http.Request) (*http.Response, error) {
	sharing := r.URL.Query().Get("sharedTo")
	b.asked = append(b.asked, sharing)
	answer := &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{}}
	body := map[string]string{"": b.subscription, "tenant": b.tenant}[sharing]
	switch body {
	case "ResourceNotFound":
		answer.StatusCode = http.StatusNotFound
	case "AuthorizationFailed":
		answer.StatusCode = http.StatusForbidden
	}
	if answer.StatusCode != http.StatusOK {
		body = `{"error":{"code":"` + body + `","message":"no"}}`
	}
	answer.Body = io.NopCloser(strings.NewReader(body))
	return answer, nil
}

// What is shared with the whole tenant is asked for where nothing is with the subscription,
// and nowhere else; that neither is there is told as the first.
func TestSharedWithTheTenant(t *testing.T) {
	const none, ours, theirs, missing, refused = `{"value":[]}`, `{"value":[{"name":"ours"}]}`, `{"value":[{"name":"theirs"}]}`, "ResourceNotFound", "AuthorizationFailed"
	for name, tt := range map[string]struct {
		subscription, tenant string
		asked                []string
		want, fails          string
	}{
		"with the subscription":   {ours, theirs, []string{""}, "ours", ""},
		"with the tenant":         {none, theirs, []string{"", "tenant"}, "theirs", ""},
		"not there, but there":    {missing, theirs, []string{"", "tenant"}, "theirs", ""},
		"with neither":            {none, none, []string{"", "tenant"}, "", ""},
		"not there":               {missing, missing, []string{"", "tenant"}, "", missing},
		"nothing, and not there":  {none, missing, []string{"", "tenant"}, "", ""},
		"refused":                 {refused, theirs, []string{""}, "", refused},
		"nothing, and refused":    {none, refused, []string{"", "tenant"}, "", refused},
		"not there, but nothing":  {missing, none, []string{"", "tenant"}, "", ""},
		"not there, then refused": {missing, refused, []string{"", "tenant"}, "", refused},
	} {
		t.Run(name, func(t *testing.T) {
			by := &bySharing{subscription: tt.subscription, tenant: tt.tenant}
			api := armtest.Open(t, by)
			got := ""
			g := Gallery{Kind: resourceid.SharedVersion, Subscription: "S", Location: "L", Name: "G"}
			err := g.Definitions(t.Context(), api, func(d Definition) error { got += d.Name; return nil })
			if got != tt.want || !slices.Equal(by.asked, tt.asked) || (err == nil) != (tt.fails == "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
				t.Errorf("%q, asked %q: %v", got, by.asked, err)
			}
		})
	}
}
