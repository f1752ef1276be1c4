package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	vmib "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/virtualmachineimagebuilder/armvirtualmachineimagebuilder/v2"

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

// Each source is asked for the images of all others. That it may not look where its
// configuration does not is no failure of it.
func TestVerifyOfAnotherSourcesPlace(t *testing.T) {
	const theirs = "/subscriptions/S2/resourceGroups/RG/providers/Microsoft.Compute/"
	for name, id := range map[string]string{
		"gallery version":   theirs + "galleries/g/images/d/versions/1.0.0",
		"another gallery":   group + "/galleries/theirs/images/d/versions/1.0.0",
		"another group":     strings.Replace(prod, "/images/providers", "/theirs/providers", 1) + "d/versions/1.0.0",
		"of the group":      group + "/images/golden-managed",
		"managed image":     theirs + "images/i",
		"community gallery": "/CommunityGalleries/public/Images/d/Versions/1.0.0",
		"shared gallery":    "/SharedGalleries/unique/Images/d/Versions/1.0.0",
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, fakeazure.Options{Faults: []fakeazure.Fault{{Status: 403, Code: "AuthorizationFailed"}}}, nil)
			got, diagnostics, err := w.host.Verify(t.Context(), source.VerifyRequest{
				Source: "azure", Plugin: w.plugin(), Config: config{"gallery": "prod", "resourceGroup": "images"}, BaseDir: "/",
				Refs: []image.Ref{{ID: id, Provider: "azure", Region: "eastus"}},
			})
			if err != nil || len(diagnostics) > 0 {
				t.Errorf("%v, said %v", err, diagnostics)
			}
			if len(got) != 1 || got[0].Presence != source.Unknown || got[0].Evidence != image.Asked || !strings.Contains(got[0].Reason, "access denied") {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// The id of a community gallery names no region, so it is looked for where the
// configuration and the packs are.
func TestVerifyCommunityIDWithoutRegion(t *testing.T) {
	const (
		gallery = "ClusterAPI-f72ceb4f-5159-4c26-a0fe-2ea738f0d019"
		id      = "/CommunityGalleries/" + gallery + "/Images/capi-ubun2-2404/Versions/"
	)
	community := func(locations ...any) config { return config{"communityGallery": gallery, "locations": locations} }
	for name, tt := range map[string]struct {
		config  config
		regions []string
		version string
		fault   fakeazure.Fault
		want    source.Presence
		region  string
		said    string
	}{
		"its locations":          {config: community("West US 2"), version: "1.31.4", want: source.Found, region: "westus2"},
		"in the second":          {config: community("northeurope", "eastus"), version: "1.31.4", want: source.Found, region: "eastus"},
		"the packs'":             {config: config{"gallery": "prod", "resourceGroup": "images"}, regions: []string{"East US"}, version: "1.31.4", want: source.Found, region: "eastus"},
		"nowhere":                {config: community("westus2", "eastus"), version: "1.0.0", want: source.NotFound, said: "it does not exist in westus2, eastus"},
		"not in the only one":    {config: community("northeurope"), version: "1.31.4", want: source.NotFound, said: "it does not exist in northeurope"},
		"one could not be asked": {config: community("westus2", "eastus"), version: "1.0.0", fault: fakeazure.Fault{Match: "/locations/eastus", Status: 403, Code: "AuthorizationFailed"}, want: source.Unknown, said: "access denied"},
		"no region": {
			config: config{"gallery": "prod", "resourceGroup": "images"}, version: "1.31.4", want: source.Unknown,
			said: "no region to look for it in: name it in locations or in a pack's select",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := fakeazure.Options{}
			if tt.fault.Match != "" {
				o.Faults = []fakeazure.Fault{tt.fault}
			}
			w := start(t, o, nil)
			got, _, err := w.host.Verify(t.Context(), source.VerifyRequest{
				Source: "azure", Plugin: w.plugin(), Config: tt.config, BaseDir: "/", Regions: tt.regions,
				Refs: []image.Ref{{ID: id + tt.version, Provider: "azure"}},
			})
			if (err != nil) != (tt.fault.Match != "") {
				t.Error(err)
			}
			if len(got) != 1 || got[0].Presence != tt.want || !strings.Contains(got[0].Reason, tt.said) {
				t.Fatalf("got %+v", got)
			}
			if tt.region != "" && got[0].Image.Region != tt.region {
				t.Errorf("found in %q", got[0].Image.Region)
			}
			if tt.want == source.NotFound && got[0].Evidence == image.Asked { // the region that has it may be another one
				t.Errorf("gone: %+v", got)
			}
		})
	}
}

// A gallery that is no longer shared with a subscription looks like one that is gone.
func TestVerifySharedImageThatDoesNotShow(t *testing.T) {
	w := start(t, fakeazure.Options{}, nil)
	got, _, err := w.host.Verify(t.Context(), source.VerifyRequest{
		Source: "azure", Plugin: w.plugin(), Config: config{"gallery": "prod", "resourceGroup": "images"}, BaseDir: "/",
		Refs: []image.Ref{{ID: "/SharedGalleries/unique/Images/d/Versions/1.0.0", Provider: "azure", Region: "eastus"}},
	})
	if err != nil || len(got) != 1 || got[0].Presence != source.NotVisible || !strings.Contains(got[0].Reason, "not shared with") {
		t.Errorf("%v, got %+v", err, got)
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

// An id in relative form is looked for in every subscription of the source.
func TestVerifyRelativeInEverySubscription(t *testing.T) {
	const id = "galleries/gallery000/images/capi-ubuntu-2404-000/versions/0.3.0"
	for name, tt := range map[string]struct {
		has    []string
		denied string
		want   source.Presence
		said   string
	}{
		"in the first":            {[]string{"S1"}, "", source.Found, ""},
		"in the last":             {[]string{"S3"}, "", source.Found, ""},
		"in none":                 {nil, "", source.NotFound, "it does not exist any more"},
		"in two":                  {[]string{"S1", "S3"}, "", source.Unknown, "it is in several of the source's subscriptions"},
		"one was not asked":       {[]string{"S1"}, "S2", source.Unknown, "access denied"},
		"the first was not asked": {[]string{"S2"}, "S1", source.Unknown, "access denied"},
		"none, and one not asked": {nil, "S3", source.Unknown, "access denied"},
	} {
		t.Run(name, func(t *testing.T) {
			e := &fakeazure.Estate{}
			for _, s := range tt.has {
				e.Galleries = append(e.Galleries, fakeazure.Generate(s, "RG", 1, 1, 1).Galleries...)
			}
			o := fakeazure.Options{Estate: e}
			if tt.denied != "" {
				o.Faults = []fakeazure.Fault{{Match: "/subscriptions/" + tt.denied + "/", Status: 403, Code: "AuthorizationFailed"}}
			}
			w := start(t, o, nil)
			got, _, err := w.host.Verify(t.Context(), source.VerifyRequest{
				Source: "azure", Plugin: w.plugin(), BaseDir: "/", Refs: []image.Ref{{ID: id, Provider: "azure"}},
				Config: config{"gallery": "gallery000", "resourceGroup": "RG", "subscriptions": []any{"S1", "S2", "S3"}},
			})
			if (err != nil) != (tt.denied != "") || len(got) != 1 || got[0].Presence != tt.want || !strings.Contains(got[0].Reason, tt.said) {
				t.Errorf("%v, got %+v", err, got)
			}
		})
	}
}

// A relative id says nothing of where the gallery is: a source that reads another one,
// or does not know its resource group, cannot call the image gone.
func TestVerifyRelativeOfAnotherPlace(t *testing.T) {
	const id = "galleries/gallery000/images/capi-ubuntu-2404-000/versions/0.3.0"
	e := fakeazure.Generate("S", "RG", 1, 1, 1)
	template := fakeazure.Template{Template: &vmib.ImageTemplate{ID: to.Ptr("/subscriptions/S/resourceGroups/T/providers/Microsoft.VirtualMachineImages/imageTemplates/golden")}}
	e.Templates = append(e.Templates, template)
	w := start(t, fakeazure.Options{Estate: e}, nil)
	for name, tt := range map[string]struct {
		config config
		want   source.Presence
		said   string
	}{
		"its gallery":          {config{"gallery": "gallery*", "resourceGroup": "RG"}, source.Found, ""},
		"another gallery":      {config{"gallery": "other", "resourceGroup": "RG2"}, source.Unknown, "no gallery of this source"},
		"another definition":   {config{"gallery": "gallery*", "definition": "rhel-*", "resourceGroup": "RG2"}, source.Unknown, "no gallery of this source"},
		"managed images":       {config{"resourceGroup": "RG2"}, source.Unknown, "no gallery of this source"},
		"no group":             {config{"gallery": "gallery000"}, source.Unknown, "set resourceGroup to that of the gallery"},
		"a template's group":   {config{"template": "golden", "resourceGroup": "RG"}, source.Found, ""},
		"a template elsewhere": {config{"template": "golden", "resourceGroup": "T"}, source.Unknown, "it is not in resource group T"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.config["subscription"] = "S"
			got, _, err := w.host.Verify(t.Context(), source.VerifyRequest{
				Source: "azure", Plugin: w.plugin(), BaseDir: "/", Config: tt.config,
				Refs: []image.Ref{{ID: id, Provider: "azure"}, {ID: strings.ToUpper(id), Provider: "azure"}},
			})
			if err != nil || len(got) != 2 || got[0].Presence != tt.want || got[1].Presence != tt.want || !strings.Contains(got[0].Reason, tt.said) {
				t.Errorf("%v, got %+v", err, got)
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

// A gallery may be shared with one of the subscriptions only.
func TestVerifySharedImageAsEverySubscription(t *testing.T) {
	w := start(t, fakeazure.Options{Faults: []fakeazure.Fault{{Match: "/subscriptions/S1/", Status: 404, Code: "ResourceNotFound"}}}, nil)
	got, _, err := w.host.Verify(t.Context(), source.VerifyRequest{
		Source: "azure", Plugin: w.plugin(), Config: config{"gallery": "prod", "resourceGroup": "images", "subscriptions": []any{"S1", subscription}}, BaseDir: "/",
		Refs: []image.Ref{{ID: "/SharedGalleries/00000000-0000-0000-0000-0000000000bb-TEAM/Images/golden-ubuntu/Versions/2.0.0", Provider: "azure", Region: "westus2"}},
	})
	if err != nil || len(got) != 1 || got[0].Presence != source.Found {
		t.Errorf("%v, got %+v", err, got)
	}
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
