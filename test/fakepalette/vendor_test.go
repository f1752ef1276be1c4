package fakepalette_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// What the vendor's Terraform provider (v0.29.9) sent, without the fields that it
// writes as null, to make a profile, to import one beside a tenant's of the same
// name, to change its OS layer, and to delete what it made.
func TestVendorRequests(t *testing.T) {
	server, err := fakepalette.New(vendorState())
	if err != nil {
		t.Fatal(err)
	}
	server.Key = "key"
	web := httptest.NewServer(server)
	defer web.Close()
	ask := func(method, path, body string, status int) map[string]any {
		t.Helper()
		return exchange(t, method, web.URL+path, body, status)
	}

	found := ask("POST", "/v1/packs/search?limit=50", `{"filter":{"name":{"eq":"generic-byoi"},"registryUid":["reg"],"environment":["all"],"type":["spectro"]}}`, 200)
	if newest := at(found, "items", 0, "spec", "registries", 0, "latestVersion"); newest != "1.1.0" {
		t.Errorf("the newest pack is %v", newest)
	}
	const plain = `"content":"a: 1","name":"m","uid":""}],"name":"extra","type":"manifest","uid":"spectro-manifest-pack","values":""`
	const layer = `"manifests":[],"name":"generic-byoi","tag":"1.0.0","type":"spectro","uid":"byoi-100","values":"pack: {}"`
	made := ask("POST", "/v1/clusterprofiles",
		`{"metadata":{"annotations":{"description":""},"name":"new"},"spec":{"template":{"cloudType":"aws","packs":[{`+layer+`}],"type":"cluster"},"version":"1.0.0"}}`, 201)
	uid := made["uid"].(string)
	ask("PATCH", "/v1/clusterprofiles/"+uid+"/publish", "", 204)
	read := ask("GET", "/v1/clusterprofiles/"+uid, "", 200)
	if at(read, "spec", "published", "packs", 0, "layer") != "os" || at(read, "spec", "published", "packs", 0, "registryUid") != "reg" {
		t.Errorf("the layer is not told from its pack: %v", read)
	}
	if tags := ask("GET", "/v1/packs/byoi-100", "", 200); tags["registryUid"] != "reg" {
		t.Errorf("the pack's registry is %v", tags["registryUid"])
	}
	ask("GET", "/v1/packs/nope", "", 404)

	ask("PUT", "/v1/clusterprofiles/old", `{"metadata":{"name":"rhel","uid":"old"},"spec":{"template":{"packs":[{`+layer+`},{"manifests":[{`+plain+`}],"type":"cluster"},"version":"1.2.0"}}`, 204)
	ask("PATCH", "/v1/clusterprofiles/old/metadata", `{"metadata":{"annotations":{"description":""},"labels":{"team":"platform"},"name":"rhel"},"spec":{"version":"1.2.0"}}`, 204)
	ask("PATCH", "/v1/clusterprofiles/old/publish", "", 204)
	if kept := ask("GET", "/v1/clusterprofiles/old", "", 200); at(kept, "spec", "published", "packs", 1, "layer") != "addon" {
		t.Errorf("the layer of manifests is not told: %v", kept)
	}
	ask("DELETE", "/v1/clusterprofiles/old", "", 409)
	ask("DELETE", "/v1/clusterprofiles/"+uid, "", 204)

	for _, violation := range server.Violations() {
		t.Error(violation)
	}
	state := server.State()
	if len(state.Profiles) != 1 || state.Profiles[0].Labels["team"] != "platform" || state.Profiles[0].Published[0].Values != "pack: {}" {
		t.Errorf("left are %+v", state.Profiles)
	}
}

func vendorState() fakepalette.State {
	pack := func(uid, version string) fakepalette.Pack {
		return fakepalette.Pack{UID: uid, Name: "generic-byoi", Version: version, RegistryUID: "reg", Type: "spectro", Layer: "os", CloudTypes: []string{"all"}}
	}
	return fakepalette.State{
		Projects:   []fakepalette.Project{{UID: "project", Name: "Default"}},
		Registries: []fakepalette.Registry{{UID: "reg", Name: "Public Repo"}},
		Packs:      []fakepalette.Pack{pack("byoi-110", "1.1.0"), pack("byoi-100", "1.0.0")},
		Profiles: []*fakepalette.Profile{{
			UID: "old", Name: "rhel", Version: "1.2.0", ProjectUID: "project", CloudType: "aws", Type: "cluster",
			Clusters:  []fakepalette.Cluster{{Name: "web", UID: "cluster"}},
			Published: []fakepalette.Layer{{Name: "generic-byoi", Layer: "os", Type: "spectro", Tag: "1.0.0", PackUID: "byoi-100", Values: "old: {}"}},
		}},
	}
}

func exchange(t *testing.T, method, url, body string, status int) map[string]any {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("ApiKey", "key")
	request.Header.Set("ProjectUid", "project")
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer map[string]any
	if response.StatusCode != http.StatusNoContent {
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
	}
	if response.StatusCode != status {
		t.Fatalf("%s %s: %d %v, want %d", method, url, response.StatusCode, answer, status)
	}
	return answer
}

// at follows a path; nil when it leads nowhere.
func at(value any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := value.(map[string]any)
			value = object[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				return nil
			}
			value = list[step]
		}
	}
	return value
}
