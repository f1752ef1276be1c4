package terraform_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/terraform"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// What the provider makes of a resource is a request by Palette's API description,
// and what it reads afterwards is the resource: a second plan is empty.
// spectrocloud/resource_cluster_profile.go, resourceClusterProfileCreate and Read.
func TestSecondPlanIsEmpty(t *testing.T) {
	server, err := fakepalette.New(paletteOf(examplePacks()))
	if err != nil {
		t.Fatal(err)
	}
	server.Key, server.Trims = "key", true
	web := httptest.NewServer(server)
	defer web.Close()
	out, err := terraform.Render(examplePacks(), terraform.Options{Shape: terraform.ShapeProfile})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range readModule(t, providerSchema(t), parse(t, out, false)).Profiles {
		if r.Import != "" {
			continue
		}
		if diff := cmp.Diff(asRead(r), create(t, web.URL, r)); diff != "" {
			t.Errorf("the second plan is not empty (-resource +read):\n%s", diff)
		}
	}
	for _, violation := range server.Violations() {
		t.Error(violation)
	}
}

// paletteOf is a Palette with the projects, registries and packs of the example.
func paletteOf(packs []terraform.Pack) fakepalette.State {
	var state fakepalette.State
	for _, p := range packs {
		r := wantResource(p)
		state.Projects = append(state.Projects, fakepalette.Project{UID: r.Project, Name: r.Project})
		state.Packs = append(state.Packs, fakepalette.Pack{
			UID: r.Packs[0].UID, Name: p.Pack, Version: r.Packs[0].Tag, RegistryUID: r.Packs[0].RegistryUID, Type: "spectro", Layer: "os",
		})
	}
	return state
}

// asRead is what of a resource Palette has, which is also what the provider sends:
// values byte for byte.
func asRead(r resource) resource {
	r.Project, r.Ignored, r.SkipDestroy, r.CreateFirst = "", nil, false, false
	return r
}

// create sends the provider's requests, and returns the resource that it reads.
func create(t *testing.T, url string, r resource) resource {
	t.Helper()
	type object = map[string]any
	var packs []object
	for _, l := range r.Packs {
		packs = append(packs, object{
			"name": l.Name, "tag": l.Tag, "registryUid": l.RegistryUID, "uid": l.UID, "type": l.Type,
			"values": strings.TrimSpace(l.Values), "manifests": []object{},
		})
	}
	var made struct{ UID string }
	send(t, http.MethodPost, url+"/v1/clusterprofiles", r.Project, object{
		"metadata": object{"name": r.Name, "annotations": object{"description": ""}},
		"spec":     object{"version": r.Version, "template": object{"cloudType": r.Cloud, "type": r.Type, "packs": packs}},
	}, &made)
	send(t, http.MethodPatch, url+"/v1/clusterprofiles/"+made.UID+"/publish", r.Project, nil, nil)
	var read struct {
		Metadata struct {
			Name        string
			Annotations struct{ Scope string }
		}
		Spec struct {
			Published struct {
				CloudType, Type, ProfileVersion string
				Packs                           []struct{ Name, Type, Tag, PackUID, RegistryUID, Values string }
			}
		}
	}
	send(t, http.MethodGet, url+"/v1/clusterprofiles/"+made.UID, r.Project, nil, &read)
	p := read.Spec.Published
	out := resource{Name: read.Metadata.Name, Context: read.Metadata.Annotations.Scope, Version: p.ProfileVersion, Cloud: p.CloudType, Type: p.Type}
	for _, l := range p.Packs {
		out.Packs = append(out.Packs, layer{Name: l.Name, Type: l.Type, Tag: l.Tag, UID: l.PackUID, RegistryUID: l.RegistryUID, Values: l.Values})
	}
	return out
}

func send(t *testing.T, method, url, project string, body, answer any) {
	t.Helper()
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("ApiKey", "key")
	request.Header.Set("Content-Type", "application/json")
	if project != "" {
		request.Header.Set("ProjectUid", project)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%s %s: %s", method, url, response.Status)
	}
	if answer == nil {
		return
	}
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		t.Fatal(err)
	}
}
