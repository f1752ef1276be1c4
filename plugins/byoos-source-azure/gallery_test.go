package main_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

func TestGallery(t *testing.T) {
	w := start(t, fakeazure.Options{PageSize: 2}, nil)
	r := w.good(t, config{"gallery": "prod", "resourceGroup": "images"})
	want := []string{
		"galleries/prod/images/capi-ubuntu-2404-arm64/versions/0.3.10 westus2 available",
		"galleries/prod/images/capi-ubuntu-2404-arm64/versions/0.3.9 westus2 ?",
		"galleries/prod/images/capi-ubuntu-2404-gen2/versions/0.3.10 eastus pending excluded",
		"galleries/prod/images/capi-ubuntu-2404-gen2/versions/0.3.10 westus2 available",
		"galleries/prod/images/capi-ubuntu-2404-gen2/versions/0.3.11 westus2 pending",
		"galleries/prod/images/capi-ubuntu-2404-gen2/versions/0.3.12 westus2 ? excluded",
		"galleries/prod/images/capi-ubuntu-2404-gen2/versions/0.3.8 eastus ?",
		"galleries/prod/images/capi-ubuntu-2404-gen2/versions/0.3.8 westus2 ?",
		"galleries/prod/images/capi-ubuntu-2404-gen2/versions/0.3.9 eastus available",
		"galleries/prod/images/capi-ubuntu-2404-gen2/versions/0.3.9 westus2 available",
		"galleries/prod/images/golden-rhel-8/versions/1.2.3 eastus available",
		"galleries/prod/images/golden-rhel-8/versions/1.2.3 westus2 available",
		"galleries/prod/images/lab-disk/versions/1.0.0 westus2 unusable",
	}
	if diff := gocmp.Diff(want, lines(r.Images)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	wants(t, said(r), "left out 1 image definition(s) that are not Linux: windows-2022")
	for _, i := range r.Images {
		if i.Version == "0.3.10" && i.Region == "westus2" && i.Architecture == "amd64" {
			if i.OS != (image.OS{Name: "ubuntu", Version: "24.04"}) || i.KubernetesVersion != "1.31.4" || i.Owner != "self" {
				t.Errorf("facts are %+v %q %q", i.OS, i.KubernetesVersion, i.Owner)
			}
			if p := i.Provenance["os.version"]; p.Key != "definition:distribution_version" || p.Raw != "2404" {
				t.Errorf("provenance of the version is %+v", p)
			}
			if p := i.Provenance["region"]; p.Raw != "West US 2" {
				t.Errorf("provenance of the region is %+v", p)
			}
		}
	}
}

// A hotfix of an older series that is published last is the newest, unless the
// version is to decide: as for Azure's own latest, the highest number wins.
func TestNewestBy(t *testing.T) {
	e := fakeazure.Generate("S", "RG", 1, 1, 12)
	versions := e.Galleries[0].Definitions[0].Versions
	versions[3].Properties.PublishingProfile.PublishedDate = to.Ptr(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	versions[11].Properties.ReplicationStatus = &armcompute.ReplicationStatus{Summary: []*armcompute.RegionalReplicationStatus{
		{Region: to.Ptr("westus2"), State: to.Ptr(armcompute.ReplicationStateCompleted)},
		{Region: to.Ptr("eastus"), State: to.Ptr(armcompute.ReplicationStateReplicating)},
	}}
	for newestBy, want := range map[string]struct {
		west, east string
		asked      []string
	}{
		"":        {"0.3.3", "0.3.3", []string{"0.3.3"}},
		"created": {"0.3.3", "0.3.3", []string{"0.3.3"}},
		"version": {"0.3.11", "0.3.10", []string{"0.3.11", "0.3.10"}},
	} {
		t.Run(newestBy, func(t *testing.T) {
			c := config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"}
			if newestBy != "" {
				c["newestBy"] = newestBy
			}
			w := start(t, fakeazure.Options{Estate: e}, nil)
			r := w.good(t, c)
			if west, east := picked(t, r.Images, "westus2"), picked(t, r.Images, "eastus"); west != want.west || east != want.east {
				t.Errorf("picked %s and %s, want %s and %s", west, east, want.west, want.east)
			}
			if got := w.versionsRead(); !slices.Equal(got, want.asked) {
				t.Errorf("asked for %v", got)
			}
			for _, i := range r.Images {
				if i.CreatedAt == nil || i.Version == "" {
					t.Fatalf("a fact is missing: %+v", i)
				}
			}
		})
	}
}

func TestFindsGalleries(t *testing.T) {
	w := start(t, fakeazure.Options{PageSize: 3, Estate: fakeazure.Generate("S", "RG", 7, 2, 2)}, nil)
	for name, c := range map[string]config{
		"by pattern in a group":        {"gallery": "gallery00*", "resourceGroup": "RG"},
		"by pattern in a subscription": {"gallery": "GALLERY*"},
	} {
		t.Run(name, func(t *testing.T) {
			c["subscription"], c["definition"] = "S", "*-000"
			if r := w.good(t, c); len(r.Images) != 7*2*2 {
				t.Errorf("got %d images", len(r.Images))
			}
		})
	}
	r := w.good(t, config{"gallery": "gallery005", "subscription": "S"})
	if len(r.Images) != 2*2*2 {
		t.Errorf("a name without a group: %d images", len(r.Images))
	}
	r = w.good(t, config{"gallery": "gallery005", "subscriptions": []any{"S", "T"}})
	if len(r.Images) != 2*2*2 {
		t.Errorf("several subscriptions: %d images", len(r.Images))
	}
	wants(t, said(r), "subscription T: no gallery matches")
}

const clusterAPI = "ClusterAPI-f72ceb4f-5159-4c26-a0fe-2ea738f0d019"

// twoGalleries is an estate with a managed image and two galleries, whose definitions have
// different names.
func twoGalleries() *fakeazure.Estate {
	two := fakeazure.Generate("S1", "RG", 2, 1, 1)
	other := &two.Galleries[1].Definitions[0]
	other.Image.ID, other.Image.Name = to.Ptr(two.Galleries[1].ID+"/images/other"), to.Ptr("other")
	other.Versions[0].ID = to.Ptr(*other.Image.ID + "/versions/0.3.0")
	two.Images = []*armcompute.Image{{ID: to.Ptr("/subscriptions/S1/resourceGroups/RG/providers/Microsoft.Compute/images/one"), Name: to.Ptr("one"), Location: to.Ptr("westus2")}}
	return two
}

// noGroup is a subscription without the resource group of the others.
func noGroup(subscription string) fakeazure.Fault {
	return fakeazure.Fault{Match: "/subscriptions/" + subscription + "/resourceGroups/RG/", Status: 404, Code: "ResourceGroupNotFound"}
}

// Each of several places is asked; one that lacks what is named is a warning, and none
// that has it is as if there were one only.
func TestSeveralPlaces(t *testing.T) {
	two := twoGalleries()
	for name, tt := range map[string]struct {
		estate *fakeazure.Estate
		config config
		images int
		said   string
	}{
		"managed images": {two, config{"resourceGroup": "RG", "subscriptions": []any{"S1", "S2"}}, 1, "warning: resourceGroup: subscription S2: resource group RG is not there"},
		"a pattern of galleries": {
			two, config{"gallery": "gallery*", "resourceGroup": "RG", "subscriptions": []any{"S1", "S2"}}, 4,
			"warning: gallery: subscription S2: resource group RG is not there",
		},
		"a definition that one gallery lacks": {
			two, config{"gallery": "gallery*", "subscription": "S1", "definition": "other"}, 2,
			"warning: definition: subscription S1: image definition other of gallery gallery000 is not there",
		},
		"a location that lacks a gallery": {
			nil, config{"communityGallery": clusterAPI, "locations": []any{"westus2", "northeurope"}}, 1,
			"warning: locations: northeurope: gallery " + clusterAPI + " is not there",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, fakeazure.Options{Estate: tt.estate, Faults: []fakeazure.Fault{noGroup("S2")}}, nil)
			r := w.good(t, tt.config)
			if len(r.Images) != tt.images {
				t.Errorf("got %v", lines(r.Images))
			}
			wants(t, said(r), tt.said)
		})
	}
}

// Where none of several places has what is named, that is an error. What could not be asked
// may have it.
func TestSeveralPlacesWithoutIt(t *testing.T) {
	two := twoGalleries()
	for want, c := range map[string]config{
		"error: locations: japaneast, northeurope: gallery " + clusterAPI + " is not there": {"communityGallery": clusterAPI, "locations": []any{"northeurope", "japaneast"}},
		"error: gallery: subscription S3: no gallery matches \"nope\"":                      {"gallery": "nope", "subscriptions": []any{"S1", "S3"}},
		"error: gallery: subscription S2, subscription S3: gallery nope is not there":       {"gallery": "nope", "resourceGroup": "RG", "subscriptions": []any{"S2", "S3"}},
		"error: definition: subscription S1: image definition nope of gallery gallery000":   {"gallery": "gallery*", "subscription": "S1", "definition": "nope"},
		"error: resourceGroup: subscription S2, subscription S3: resource group RG is not":  {"resourceGroup": "RG", "subscriptions": []any{"S2", "S3"}},
	} {
		w := start(t, fakeazure.Options{Estate: two, Faults: []fakeazure.Fault{noGroup("S2"), noGroup("S3")}}, nil)
		r := w.discover(t.Context(), c)
		if r.Err == nil {
			t.Errorf("no error, but said %s", said(r))
		}
		wants(t, said(r), want)
	}
	denied := fakeazure.Fault{Match: "/subscriptions/S1/resourceGroups/RG/", Status: 403, Code: "AuthorizationFailed"}
	w := start(t, fakeazure.Options{Estate: two, Faults: []fakeazure.Fault{noGroup("S2"), denied}}, nil)
	for name, c := range map[string]config{"gallery": {"gallery": "gallery000"}, "resourceGroup": {}} {
		c["resourceGroup"], c["subscriptions"] = "RG", []any{"S1", "S2"}
		r := w.discover(t.Context(), c) // what could not be asked may have it
		wants(t, said(r), "warning: "+name+": subscription S2: ", "access denied")
	}
}

func TestSharedGalleries(t *testing.T) {
	w := start(t, fakeazure.Options{PageSize: 1}, nil)
	const public = "ClusterAPI-f72ceb4f-5159-4c26-a0fe-2ea738f0d019"
	r := w.good(t, config{"communityGallery": public, "locations": []any{"West US 2", "eastus"}})
	id := "/CommunityGalleries/" + public + "/Images/capi-ubun2-2404/Versions/1.31.4"
	if diff := gocmp.Diff([]string{id + " eastus available", id + " westus2 available"}, lines(r.Images)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if i := r.Images[0]; !i.Public || i.Owner != public || i.OS.Version != "24.04" || i.KubernetesVersion != "1.31.4" {
		t.Errorf("got %+v", i)
	}
	for name, tt := range map[string]struct {
		regions []string
		said    string
	}{
		"everywhere": {nil, ""},
		"asked":      {[]string{"East US"}, ""},
		"partly":     {[]string{"East US", "us-east-1"}, ""}, // of a pack of another provider
		"elsewhere": {
			[]string{"northeurope", "us-east-1"},
			"not asked: none of its locations is among the regions that packs select, northeurope, us-east-1 next: add to locations the regions that you need",
		},
	} {
		r := w.host.Discover(t.Context(), []source.Request{{
			Source: "azure", Plugin: w.plugin(), BaseDir: "/", Hints: source.Hints{Regions: tt.regions},
			Config: config{"communityGallery": public, "locations": []any{"West US 2", "eastus"}},
		}}, nil)[0]
		if wants(t, said(r), tt.said); tt.said == "" && len(r.Diagnostics) > 0 {
			t.Errorf("%s: said %s", name, said(r))
		}
		if tt.said != "" && len(r.Images) > 0 {
			t.Errorf("%s: %d images", name, len(r.Images))
		}
	}
	r = w.good(t, config{
		"sharedGallery": "00000000-0000-0000-0000-0000000000bb-TEAM", "definition": "golden-ubuntu", "locations": []any{"westus2"},
	})
	if len(r.Images) != 1 || r.Images[0].Public {
		t.Errorf("got %+v", r.Images)
	}
}

// A gallery that is shared with the tenant is in no list but that of the tenant, which
// Azure gives only when it is asked for.
func TestSharedWithTenant(t *testing.T) {
	e := estate(t)
	e.SharedGalleries[0].SharedTo = armcompute.SharedToValuesTenant
	w := start(t, fakeazure.Options{PageSize: 1, Estate: e}, nil)
	for _, definition := range []string{"", "golden-*", "golden-ubuntu"} {
		c := config{"sharedGallery": e.SharedGalleries[0].Name, "locations": []any{"westus2"}}
		if definition != "" {
			c["definition"] = definition
		}
		if r := w.good(t, c); len(r.Images) != 1 || len(r.Diagnostics) > 0 {
			t.Errorf("%q: %v\n%s", definition, lines(r.Images), said(r))
		}
	}
	r := w.discover(t.Context(), config{"sharedGallery": "nope", "locations": []any{"westus2"}})
	wants(t, said(r), "error: locations: westus2: gallery nope is not there")
}

func TestManagedImages(t *testing.T) {
	w := start(t, fakeazure.Options{PageSize: 1}, nil)
	r := w.good(t, config{"resourceGroup": "images", "namePattern": "cluster-api-rhel-*", "tags": map[string]any{"Team": "platform"}})
	want := []string{"images/cluster-api-rhel-8-1767225600 westus2 available", "images/cluster-api-rhel-8-1767312000 westus2 available"}
	if diff := gocmp.Diff(want, lines(r.Images)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, i := range r.Images {
		if i.CreatedAt == nil || i.Provenance["createdAt"].Key != "build_timestamp" || i.OS.Name != "rhel" {
			t.Errorf("got %+v", i)
		}
	}
	r = w.good(t, config{"namePattern": "golden-*", "tagNames": map[string]any{"osName": "osname", "osVersion": "osversion"}})
	if len(r.Images) != 1 || r.Images[0].OS != (image.OS{Name: "ubuntu", Version: "24.04"}) {
		t.Errorf("got %+v", r.Images)
	}
}

// The id of a relative form has no subscription; the reference keeps the whole.
func TestRelative(t *testing.T) {
	w := start(t, fakeazure.Options{}, nil)
	r := w.good(t, config{"gallery": "prod", "resourceGroup": "images", "definition": "golden-rhel-8", "idForm": "relative"})
	for _, i := range r.Images {
		if i.ID != "galleries/prod/images/golden-rhel-8/versions/1.2.3" || i.FullID != prod+"golden-rhel-8/versions/1.2.3" || i.Reference.Value != i.FullID {
			t.Errorf("got %q %q %+v", i.ID, i.FullID, i.Reference)
		}
	}
}

// One relative id in two subscriptions is two images, and each is asked for where it is.
func TestRelativeInTwoSubscriptions(t *testing.T) {
	e := fakeazure.Generate("S1", "RG", 1, 1, 1)
	e.Galleries = append(e.Galleries, fakeazure.Generate("S2", "RG", 1, 1, 1).Galleries...)
	second := e.Galleries[1].Definitions[0].Versions
	second[0].Tags["kubernetes_version"] = to.Ptr("v1.33.3")
	w := start(t, fakeazure.Options{Estate: e}, nil)
	c := config{"gallery": "gallery000", "resourceGroup": "RG", "subscriptions": []any{"S1", "S2"}, "idForm": "relative"}
	versions := map[string]string{}
	var refs []image.Ref
	for _, i := range w.good(t, c).Images {
		if versions[i.FullID] == "" {
			refs = append(refs, image.Ref{ID: i.ID, FullID: i.FullID, Provider: "azure", Region: i.Region})
		}
		versions[i.FullID] = i.KubernetesVersion
	}
	if len(refs) != 2 || refs[0].ID != refs[1].ID || versions[refs[0].FullID] == versions[refs[1].FullID] {
		t.Fatalf("got %v", versions)
	}
	refs = append(refs, image.Ref{ID: refs[0].ID, Provider: "azure", Region: refs[0].Region})
	got, _, err := w.host.Verify(t.Context(), source.VerifyRequest{Source: "azure", Plugin: w.plugin(), Config: c, BaseDir: "/", Refs: refs})
	if err != nil {
		t.Fatal(err)
	}
	for i, ref := range refs[:2] {
		if now := got[i].Image; now == nil || now.FullID != ref.FullID || now.KubernetesVersion != versions[ref.FullID] {
			t.Errorf("%s: got %+v", ref.FullID, now)
		}
	}
	if last := got[2]; last.Presence != source.Unknown || !strings.Contains(last.Reason, "it is in several of the source's subscriptions: give the whole id") {
		t.Errorf("without the whole id: %+v", last)
	}
}
