package compute

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// read returns what the service writes, as this package reads it.
func read[T any](t *testing.T, text string) T {
	t.Helper()
	var answer T
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return answer
}

// same says whether the images are the wanted ones, in every field.
func same(t *testing.T, want, got []sdk.Image) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// api is the provenance of a field that the API has.
func api(key string) sdk.Provenance { return sdk.Provenance{From: "api", Key: key} }

const (
	ownDefinition = `{"id":"/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/galleries/G/images/D","name":"D","location":"westus2",
		"tags":{"team":"platform","distribution":"ubuntu","distribution_version":"2404","Stage":"test"},
		"properties":{"osType":"Linux","osState":"Generalized","architecture":"x64","hyperVGeneration":"V2","endOfLifeDate":"2027-01-01T00:00:00Z",
		"disallowed":{"diskTypes":["Standard_LRS","Premium_LRS"]}}}`
	ownVersion = `{"id":"/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/galleries/G/images/D/versions/1.2.3","name":"1.2.3","location":"westus2",
		"tags":{"stage":"prod","kubernetes_version":"v1.31.4"},
		"properties":{"provisioningState":"Succeeded","publishingProfile":{"publishedDate":"2026-01-02T03:04:05Z","endOfLifeDate":"2028-01-01T00:00:00Z",
		"replicationMode":"full","targetRegions":[{"name":"West US 2","excludeFromLatest":true}]},
		"replicationStatus":{"aggregatedState":"Completed","summary":[{"region":"West US 2","state":"Completed","progress":100}]}}}`
)

// ownImage is what a gallery of one's own has as ownDefinition and ownVersion.
func ownImage() sdk.Image {
	const id = "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/galleries/G/images/D/versions/1.2.3"
	return sdk.Image{
		ID: id, Provider: "azure", Name: "D", Region: "westus2", Architecture: "amd64", OSName: "ubuntu", OSVersion: "24.04", KubernetesVersion: "1.31.4",
		CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), EndOfLifeAt: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
		Version: "1.2.3", State: sdk.Available, StateReason: "excluded from latest in westus2", ExcludedFromLatest: true, Owner: "self", OwnerID: "S",
		Tags: map[string]string{
			"team": "platform", "distribution": "ubuntu", "distribution_version": "2404", "stage": "prod", "kubernetes_version": "v1.31.4",
		},
		Reference: &sdk.Reference{Kind: "arm-id", Value: id},
		Provenance: map[string]sdk.Provenance{
			"id": api("id"), "version": api("name"), "region": {From: "api", Key: "publishingProfile.targetRegions", Raw: "West US 2"},
			"architecture": {From: "api", Key: "definition.architecture", Raw: "x64"},
			"os.name":      {From: "tag", Key: "definition:distribution"}, "os.version": {From: "tag", Key: "definition:distribution_version", Raw: "2404"},
			"kubernetesVersion": {From: "tag", Key: "kubernetes_version", Raw: "v1.31.4"},
			"createdAt":         api("publishedDate"), "endOfLifeAt": api("definition.endOfLifeDate"),
			"excludedFromLatest": api("publishingProfile.targetRegions[westus2].excludeFromLatest"),
			"attributes.osType":  api("definition.osType"), "attributes.osState": api("definition.osState"),
			"attributes.hyperVGeneration": api("definition.hyperVGeneration"), "attributes.disallowedDiskTypes": api("definition.disallowed.diskTypes"),
			"attributes.replicationMode": api("publishingProfile.replicationMode"),
		},
		Attributes: map[string]string{
			"imageType": "galleryVersion", "gallery": "G", "definition": "D", "resourceGroup": "RG", "osType": "Linux", "osState": "Generalized",
			"hyperVGeneration": "V2", "disallowedDiskTypes": "Standard_LRS,Premium_LRS", "replicationMode": "Full",
		},
		NewestBy: sdk.NewestByVersion, Evidence: sdk.Asked, SpansRegions: true,
	}
}

// A version of one's own gallery is told whole; the list of its definition leaves open
// whether it is replicated.
func TestOwnVersionWhole(t *testing.T) {
	g := Gallery{Kind: resourceid.GalleryVersion, Subscription: "S", Group: "RG", Name: "G"}
	d, v := read[Definition](t, ownDefinition), read[Version](t, ownVersion)
	opt := Options{Own: map[string]bool{"s": true}, NewestBy: sdk.NewestByVersion}
	want := ownImage()
	same(t, []sdk.Image{want}, g.Asked(g.ID(v.ID, "D", "1.2.3"), d, v, opt))

	opt.Relative = true
	want.ID, want.FullID = "galleries/G/images/D/versions/1.2.3", want.ID
	want.Provenance["id"] = sdk.Provenance{From: "api", Key: "id", Raw: want.FullID}
	want.State, want.StateReason = sdk.StateUnknown, "excluded from latest in westus2; its replication status was not asked for"
	same(t, []sdk.Image{want}, g.Listed(g.ID(v.ID, "D", "1.2.3"), d, v, opt))

	v.Properties.PublishingProfile.TargetRegions = nil
	yes := true
	v.Properties.PublishingProfile.ExcludeFromLatest = &yes
	v.Properties.ProvisioningState = "creating"
	want.Provenance["region"], want.Provenance["excludedFromLatest"] = api("location"), api("publishingProfile.excludeFromLatest")
	want.State, want.StateReason = sdk.Pending, "its provisioning state is creating"
	same(t, []sdk.Image{want}, g.Listed(g.ID(v.ID, "D", "1.2.3"), d, v, opt))
}

// A version of somebody else's gallery is told whole: by the id that Azure gives, in the
// location where it was asked for. Only a community gallery is public.
func TestForeignVersionWhole(t *testing.T) {
	d := read[foreignDefinition](t, `{"name":"D","location":"westus2","identifier":{"uniqueId":"/CommunityGalleries/G-1/Images/D"},
		"properties":{"osType":"Linux","osState":"Generalized","architecture":"Arm64","artifactTags":{"distribution":"rhel","distribution_version":"9"},
		"endOfLifeDate":"2029-01-01T00:00:00Z"}}`).own()
	v := read[foreignVersion](t, `{"name":"1.2.3","location":"westus2","identifier":{"uniqueId":"/CommunityGalleries/G-1/Images/D/Versions/1.2.3"},
		"properties":{"publishedDate":"2026-01-02T03:04:05Z","endOfLifeDate":"2028-01-01T00:00:00Z","excludeFromLatest":true,"artifactTags":{"kubernetes_version":"1.31.4"}}}`).own()
	want := sdk.Image{
		ID: "/CommunityGalleries/G-1/Images/D/Versions/1.2.3", Provider: "azure", Name: "D", Region: "westus2", Architecture: "arm64",
		OSName: "rhel", OSVersion: "9", KubernetesVersion: "1.31.4", Version: "1.2.3",
		CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), EndOfLifeAt: time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC),
		State: sdk.Available, StateReason: "excluded from latest in every region", ExcludedFromLatest: true, Owner: "G-1", OwnerID: "G-1", Public: true,
		Tags:      map[string]string{"distribution": "rhel", "distribution_version": "9", "kubernetes_version": "1.31.4"},
		Reference: &sdk.Reference{Kind: "arm-id", Value: "/CommunityGalleries/G-1/Images/D/Versions/1.2.3"},
		Provenance: map[string]sdk.Provenance{
			"id": api("id"), "version": api("name"), "architecture": {From: "api", Key: "definition.architecture", Raw: "Arm64"},
			"os.name": {From: "tag", Key: "definition:distribution"}, "os.version": {From: "tag", Key: "definition:distribution_version"},
			"kubernetesVersion": {From: "tag", Key: "kubernetes_version"}, "createdAt": api("publishedDate"), "endOfLifeAt": api("endOfLifeDate"),
			"excludedFromLatest": api("excludeFromLatest"), "attributes.osType": api("definition.osType"), "attributes.osState": api("definition.osState"),
		},
		Attributes: map[string]string{"imageType": "galleryVersion", "gallery": "G-1", "definition": "D", "osType": "Linux", "osState": "Generalized"},
		Evidence:   sdk.Asked, SpansRegions: true,
	}
	g := Gallery{Kind: resourceid.CommunityVersion, Subscription: "S", Location: "West US 2", Name: "G-1"}
	same(t, []sdk.Image{want}, g.Asked(g.ID(v.ID, "D", "1.2.3"), d, v, Options{}))
	same(t, []sdk.Image{want}, g.Listed(g.ID(v.ID, "D", "1.2.3"), d, v, Options{Relative: true, Own: map[string]bool{"s": true}}))

	g.Kind, g.Name = resourceid.SharedVersion, "S-G-1"
	v.ID = "" // then it is named as it was asked for
	want.ID, want.Public, want.Owner, want.OwnerID = "/SharedGalleries/S-G-1/Images/D/Versions/1.2.3", false, "S-G-1", "S-G-1"
	want.Reference = &sdk.Reference{Kind: "arm-id", Value: want.ID}
	want.Attributes["gallery"] = "S-G-1"
	same(t, []sdk.Image{want}, g.Asked(g.ID(v.ID, "D", "1.2.3"), d, v, Options{}))

	d.Properties.OSType = "Windows"
	if got := g.Asked(g.ID(v.ID, "D", "1.2.3"), d, v, Options{})[0]; got.State != sdk.Unusable {
		t.Errorf("Windows: %v", got.State)
	}
	v.ID = "/SharedGalleries/s-g-1/Images/d/Versions/1.2.3"
	if got := g.Asked(g.ID(v.ID, "D", "1.2.3"), d, v, Options{})[0]; got.ID != v.ID || got.Reference.Value != v.ID {
		t.Errorf("Azure's own id: %s, %+v", got.ID, got.Reference)
	}
}

// A managed image is told whole.
func TestManagedImageWhole(t *testing.T) {
	const id = "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/images/I"
	m := read[ManagedImage](t, `{"id":"`+id+`","name":"I","location":"West US 2","systemData":{"createdAt":"2026-01-02T03:04:05Z"},
		"tags":{"distribution":"ubuntu","distribution_version":"22.04","kubernetes_semver":"v1.30.1"},
		"properties":{"provisioningState":"Created","hyperVGeneration":"v1","storageProfile":{"osDisk":{"osType":"linux","osState":"generalized"}}}}`)
	of, err := resourceid.Parse(id)
	if err != nil {
		t.Fatal(err)
	}
	same(t, []sdk.Image{{
		ID: id, Provider: "azure", Name: "I", Region: "westus2", Architecture: "amd64", OSName: "ubuntu", OSVersion: "22.04", KubernetesVersion: "1.30.1",
		CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), State: sdk.Available, Owner: "S", OwnerID: "S",
		Tags:      map[string]string{"distribution": "ubuntu", "distribution_version": "22.04", "kubernetes_semver": "v1.30.1"},
		Reference: &sdk.Reference{Kind: "arm-id", Value: id},
		Provenance: map[string]sdk.Provenance{
			"id": api("id"), "architecture": {From: "default", Key: "managed images are x64 only"}, "createdAt": api("systemData.createdAt"),
			"os.name": {From: "tag", Key: "distribution"}, "os.version": {From: "tag", Key: "distribution_version"},
			"kubernetesVersion":           {From: "tag", Key: "kubernetes_semver", Raw: "v1.30.1"},
			"attributes.hyperVGeneration": api("hyperVGeneration"), "attributes.osType": api("storageProfile.osDisk.osType"),
			"attributes.osState": api("storageProfile.osDisk.osState"),
		},
		Attributes: map[string]string{
			"imageType": "managedImage", "resourceGroup": "RG", "hyperVGeneration": "V1", "osType": "Linux", "osState": "Generalized",
		},
		NewestBy: sdk.NewestByCreated, Evidence: sdk.Asked,
	}}, m.Images(of, Options{Relative: true, NewestBy: sdk.NewestByCreated}))
}

// A definition without an architecture is older than Arm64, and says so.
func TestArchitectureOfOldDefinitions(t *testing.T) {
	got := Gallery{Kind: resourceid.GalleryVersion}.Asked(id(), Definition{}, Version{}, Options{})[0]
	if got.Architecture != "amd64" || got.Provenance["architecture"] != (sdk.Provenance{From: "default", Key: "definition without architecture is x64"}) {
		t.Errorf("%s from %+v", got.Architecture, got.Provenance["architecture"])
	}
}
