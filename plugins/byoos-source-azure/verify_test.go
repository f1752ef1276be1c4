package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

// refusals are what may come in place of an answer of Azure that tells of an image.
func refusals() map[string]struct {
	fault fakeazure.Fault
	said  string
} {
	page, nothing := "<html><code>NotFound</code> canary</html>", ""
	return map[string]struct {
		fault fakeazure.Fault
		said  string
	}{
		"another tenant":            {fakeazure.Fault{Status: 401, Code: "InvalidAuthenticationTokenTenant"}, "the subscription is of another tenant than your sign-in"},
		"a linked scope":            {fakeazure.Fault{Status: 403, Code: "LinkedAuthorizationFailed"}, "access denied: LinkedAuthorizationFailed"},
		"a policy":                  {fakeazure.Fault{Status: 403, Code: "RequestDisallowedByPolicy"}, "access denied"},
		"the role":                  {fakeazure.Fault{Status: 403, Code: "AuthorizationFailed"}, "access denied: your account lacks the permission"},
		"unknown subscription":      {fakeazure.Fault{Status: 404, Code: "SubscriptionNotFound"}, "the subscription is unknown to your account"},
		"unknown type":              {fakeazure.Fault{Status: 404, Code: "InvalidResourceType"}, "does not know what the plugin asks for"},
		"unknown provider":          {fakeazure.Fault{Status: 404, Code: "NoRegisteredProviderFound"}, "does not know what the plugin asks for"},
		"unknown version":           {fakeazure.Fault{Status: 400, Code: "InvalidApiVersionParameter"}, "does not know what the plugin asks for"},
		"a page, 401":               {fakeazure.Fault{Status: 401, Body: &page}, "HTTP status 401, and not in Azure's words"},
		"a page, 403":               {fakeazure.Fault{Status: 403, Body: &page}, "HTTP status 403, and not in Azure's words"},
		"a page, 404":               {fakeazure.Fault{Status: 404, Body: &page}, "HTTP status 404, and not in Azure's words"},
		"a page, 407":               {fakeazure.Fault{Status: 407, Body: &page}, "HTTP status 407, and not in Azure's words"},
		"a page, 302":               {fakeazure.Fault{Status: 302, Body: &page}, "HTTP status 302, and not in Azure's words"},
		"a page as the answer":      {fakeazure.Fault{Status: 200, Body: &page}, "the answer is no JSON, as Azure's are"},
		"nothing, 404":              {fakeazure.Fault{Status: 404, Body: &nothing}, "HTTP status 404, and not in Azure's words"},
		"nothing as the answer":     {fakeazure.Fault{Status: 200, Body: &nothing}, "the answer of Azure is empty"},
		"in words of nobody, 404":   {fakeazure.Fault{Status: 404, Code: "Blocked"}, "HTTP status 404, and not in Azure's words"},
		"throttled until tomorrow":  {fakeazure.Fault{Status: 429, Code: "TooManyRequests", RetryAfter: "86400"}, "asks to wait for 24h0m0s"},
		"no longer in this version": {fakeazure.Fault{Status: 410, Code: "ApiVersionGone"}, "HTTP status 410"},
	}
}

// What cannot be asked for is no empty place: the source fails, with the cause.
func TestDiscoverTellsRefusals(t *testing.T) {
	const gallery, versions = "/galleries/prod/images", "/golden-rhel-8/versions"
	for name, tt := range refusals() {
		for at, c := range map[string]config{
			gallery:                                 {"gallery": "prod", "resourceGroup": "images"},
			versions:                                {"gallery": "prod", "resourceGroup": "images", "definition": "golden-rhel-8"},
			"/images":                               {"resourceGroup": "images", "namePattern": "golden-*"},
			"/locations/westus2/communityGalleries": {"communityGallery": "ClusterAPI-f72ceb4f-5159-4c26-a0fe-2ea738f0d019", "locations": []any{"westus2"}},
			"/imageTemplates/golden":                {"template": "golden", "resourceGroup": "images"},
		} {
			t.Run(name+" at "+at, func(t *testing.T) {
				tt.fault.Match = at
				w := start(t, fakeazure.Options{Faults: []fakeazure.Fault{tt.fault}}, nil)
				r := w.discover(t.Context(), c)
				if failure.Code(r.Err) != failure.ExitSource || len(r.Images) > 0 {
					t.Errorf("%v with %v", r.Err, lines(r.Images))
				}
				text := said(r) + fmt.Sprint(r.Err)
				wants(t, text, tt.said)
				if strings.Contains(text, "canary") || strings.Contains(text, "does not exist") {
					t.Errorf("said %s", text)
				}
			})
		}
	}
}

// Only the service's own words say that an image is gone. Who may not look, and what
// a proxy says, tell nothing of it.
func TestVerifyTellsGoneFromNotAsked(t *testing.T) {
	for name, tt := range refusals() {
		t.Run(name, func(t *testing.T) {
			tt.fault.Match = "/versions/"
			w := start(t, fakeazure.Options{Faults: []fakeazure.Fault{tt.fault}}, nil)
			got, diagnostics, err := w.host.Verify(t.Context(), source.VerifyRequest{
				Source: "azure", Plugin: w.plugin(), Config: config{"gallery": "prod", "resourceGroup": "images"}, BaseDir: "/",
				Refs: []image.Ref{{ID: prod + "golden-rhel-8/versions/1.2.3", Provider: "azure", Region: "eastus"}},
			})
			if len(got) != 1 || got[0].Presence != source.Unknown || !strings.Contains(got[0].Reason, tt.said) {
				t.Errorf("got %+v", got)
			}
			if failure.Code(err) != failure.ExitSource || len(diagnostics) == 0 {
				t.Errorf("%v, said %v", err, diagnostics)
			}
		})
	}
	for name, tt := range map[string]struct {
		fault fakeazure.Fault
		want  source.Presence
		said  string
	}{
		"no such version":       {fakeazure.Fault{Status: 404, Code: "ResourceNotFound"}, source.NotFound, "it does not exist any more"},
		"in another case":       {fakeazure.Fault{Status: 404, Code: "resourcenotfound"}, source.NotFound, "it does not exist any more"},
		"no such thing":         {fakeazure.Fault{Status: 404, Code: "NotFound"}, source.NotFound, "it does not exist any more"},
		"no such group":         {fakeazure.Fault{Status: 404, Code: "ResourceGroupNotFound"}, source.NotFound, "it does not exist any more"},
		"no such gallery":       {fakeazure.Fault{Status: 404, Code: "ParentResourceNotFound"}, source.NotFound, "it does not exist any more"},
		"no such definition":    {fakeazure.Fault{Status: 404, Code: "GalleryImageNotFound"}, source.NotFound, "it does not exist any more"},
		"denied":                {fakeazure.Fault{Status: 403, Code: "AuthorizationFailed"}, source.Unknown, "access denied: your account lacks the permission Microsoft.Compute/galleries/images/versions/read"},
		"denied by a proxy":     {fakeazure.Fault{Status: 403, Code: "ProxyPage"}, source.Unknown, "access denied"},
		"a proxy's page":        {fakeazure.Fault{Status: 404, Code: "ProxyPage"}, source.Unknown, "HTTP status 404"},
		"a page without a code": {fakeazure.Fault{Status: 404}, source.Unknown, "HTTP status 404"},
		"unknown subscription":  {fakeazure.Fault{Status: 404, Code: "SubscriptionNotFound"}, source.Unknown, "the subscription is unknown to your account"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.fault.Match = "/versions/"
			w := start(t, fakeazure.Options{Faults: []fakeazure.Fault{tt.fault}}, nil)
			got, diagnostics, err := w.host.Verify(t.Context(), source.VerifyRequest{
				Source: "azure", Plugin: w.plugin(), Config: config{"gallery": "prod", "resourceGroup": "images"}, BaseDir: "/",
				Refs: []image.Ref{{ID: prod + "golden-rhel-8/versions/1.2.3", Provider: "azure", Region: "eastus"}},
			})
			if len(got) != 1 || got[0].Presence != tt.want || !strings.Contains(got[0].Reason, tt.said) {
				t.Errorf("got %+v", got)
			}
			if asked := tt.want != source.Unknown; (err == nil) != asked || (len(diagnostics) == 0) != asked {
				t.Errorf("%v, said %v", err, diagnostics)
			}
		})
	}
}

// An image that is there, and of which Azure does not say whether it is ready, has no
// state, and the reason with it: verification is open then.
func TestVerifyTellsWhatIsNotKnown(t *testing.T) {
	const (
		id     = "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/galleries/gallery000/images/capi-ubuntu-2404-000/versions/0.3.0"
		unsaid = "Azure does not say whether it is replicated to eastus"
	)
	status := func(text string) func([]byte) ([]byte, error) {
		return func(body []byte) ([]byte, error) {
			var version map[string]any
			var status any
			if err := errors.Join(json.Unmarshal(body, &version), json.Unmarshal([]byte(text), &status)); err != nil {
				return nil, err
			}
			version["properties"].(map[string]any)["replicationStatus"] = status
			return json.Marshal(version)
		}
	}
	whole := func(text string) func([]byte) ([]byte, error) {
		return func([]byte) ([]byte, error) { return []byte(text), nil }
	}
	for name, tt := range map[string]struct {
		answer func([]byte) ([]byte, error)
		state  image.State
		reason string
	}{
		"all regions unknown":   {status(`{"aggregatedState":"Unknown"}`), image.StateUnset, unsaid},
		"this region unknown":   {status(`{"aggregatedState":"Completed","summary":[{"region":"East US","state":"Unknown"}]}`), image.StateUnset, "its replication to eastus is Unknown"},
		"an unknown word":       {status(`{"summary":[{"region":"East US","state":"Verifying"}]}`), image.StateUnset, "its replication to eastus is Verifying"},
		"an unknown whole":      {status(`{"aggregatedState":"Verifying"}`), image.StateUnset, unsaid},
		"no status":             {status(`null`), image.StateUnset, unsaid},
		"an empty status":       {status(`{}`), image.StateUnset, unsaid},
		"an empty answer":       {whole(`{}`), image.StateUnset, "Azure does not say whether it is replicated"},
		"no properties":         {whole(`{"location":"eastus","name":"0.3.0"}`), image.StateUnset, unsaid},
		"complete in this one":  {status(`{"summary":[{"region":"East US","state":"Completed"}]}`), image.Available, ""},
		"complete as it is all": {status(`{"aggregatedState":"Completed"}`), image.Available, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, fakeazure.Options{Estate: fakeazure.Generate("S", "RG", 1, 1, 1)}, nil)
			w.Vary(map[string]*fakeazure.Varied{"s": {Call: "GalleryImageVersionsClient.Get", Apply: tt.answer}})
			got, _, err := w.host.Verify(t.Context(), source.VerifyRequest{
				Source: "azure", Plugin: w.plugin(), Config: config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"}, BaseDir: "/",
				Refs: []image.Ref{{ID: id, Provider: "azure", Region: "eastus"}},
			})
			if err != nil || len(got) != 1 || got[0].Image == nil {
				t.Fatalf("got %+v, %v", got, err)
			}
			if i := got[0].Image; i.State != tt.state || !strings.Contains(i.StateReason, tt.reason) || (tt.reason == "") != (i.StateReason == "") {
				t.Errorf("got %q: %q", i.State, i.StateReason)
			}
		})
	}
}

// One definition is read once, however many of its versions are verified.
func TestVerifyReadsDefinitionsOnce(t *testing.T) {
	w := start(t, fakeazure.Options{Estate: fakeazure.Generate("S", "RG", 1, 1, 9)}, nil)
	const definition = "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/galleries/gallery000/images/capi-ubuntu-2404-000"
	var refs []image.Ref
	for i := range 9 {
		for _, region := range []string{"westus2", "eastus"} {
			id := fmt.Sprintf("%s/versions/0.3.%d", definition, i)
			refs = append(refs, image.Ref{ID: id, Provider: "azure", Region: region}, image.Ref{ID: strings.ToUpper(id), Provider: "azure", Region: region})
		}
	}
	got, _, err := w.host.Verify(t.Context(), source.VerifyRequest{
		Source: "azure", Plugin: w.plugin(), Config: config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"}, BaseDir: "/", Refs: refs,
	})
	if err != nil || len(got) != len(refs) {
		t.Fatal(err, got)
	}
	for i, v := range got {
		if v.Presence != source.Found {
			t.Errorf("%s: %+v", refs[i].ID, v)
		}
	}
	if n := w.Stats().Requests; n != 10 {
		t.Errorf("%d requests: %v", n, w.Paths())
	}
}

// What is asked for one source is known to the others of the same time, and asked again later.
func TestVerifySharesAnswers(t *testing.T) {
	w := start(t, fakeazure.Options{Estate: fakeazure.Generate("S", "RG", 1, 1, 1)}, nil)
	host := w.host.(inProcess)
	refs := []image.Ref{{ID: "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/galleries/gallery000/images/capi-ubuntu-2404-000/versions/0.3.0", Provider: "azure", Region: "westus2"}}
	ask := func(c config, want int) {
		t.Helper()
		c["subscription"] = "S"
		got, _, err := host.Verify(t.Context(), source.VerifyRequest{Source: "azure", Plugin: w.plugin(), BaseDir: "/", Config: c, Refs: refs})
		if err != nil || got[0].Presence != source.Found {
			t.Fatalf("%v, got %+v", err, got)
		}
		if read := len(w.versionsRead()); read != want {
			t.Errorf("%d requests, want %d", read, want)
		}
	}
	host.at = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	ask(config{"gallery": "gallery000"}, 1)
	ask(config{"resourceGroup": "RG"}, 1)
	host.at = host.at.Add(time.Hour)
	ask(config{"gallery": "gallery000"}, 2)
}

// Sources are asked for each other's images where one is gone or only on record. Azure is
// asked once for each, however many sources there are, and again by a later command.
func TestVerifyOfManySourcesAsksOnce(t *testing.T) {
	const sources = 6
	e := fakeazure.Generate("S", "RG", sources, 1, 1)
	w := start(t, fakeazure.Options{Estate: e}, nil)
	dir := t.TempDir()
	text := "apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\nsources:\n"
	packs := "packs:\n"
	for i := range sources {
		text += fmt.Sprintf("  - {name: s%d, type: azure, config: {gallery: gallery%03d, resourceGroup: RG, subscription: S}}\n", i, i)
		packs += fmt.Sprintf("  - {name: p%d, pack: generic-byoi, sources: [s%d], select: {region: westus2}}\n", i, i)
	}
	writeSpec(t, dir, text+packs)
	if _, stderr, code := legalExit(t, w, dir, "lock"); code != 0 {
		t.Fatal(stderr)
	}
	for i := range e.Galleries {
		e.Galleries[i].Definitions[0].Versions = nil
	}
	for range 2 {
		before := len(w.versionsRead())
		if out, stderr, code := legalExit(t, w, dir, "verify"); code != 1 || strings.Count(string(out), "it does not exist any more") != sources {
			t.Errorf("exit %d: %s%s", code, out, stderr)
		}
		if read := len(w.versionsRead()) - before; read != sources {
			t.Errorf("%d requests for %d images", read, sources)
		}
	}
}
