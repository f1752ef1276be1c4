package main_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	plugin "github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

func TestVerify(t *testing.T) {
	const public = "/CommunityGalleries/ClusterAPI-f72ceb4f-5159-4c26-a0fe-2ea738f0d019/Images/capi-ubun2-2404/Versions/"
	refs := []image.Ref{
		{ID: prod + "capi-ubuntu-2404-gen2/versions/0.3.10", Region: "westus2"},
		{ID: strings.ToUpper(prod) + "capi-ubuntu-2404-gen2/imageversions/0.3.10", Region: "East US"},
		{ID: prod + "capi-ubuntu-2404-gen2/versions/0.3.10", Region: "northeurope"},
		{ID: prod + "capi-ubuntu-2404-gen2/versions/9.9.9", Region: "westus2"},
		{ID: prod + "capi-ubuntu-2404-gen2/versions/0.3.8", Region: "westus2"},
		{ID: prod + "capi-ubuntu-2404-gen2/versions/0.3.12", Region: "westus2"},
		{ID: group + "/images/golden-managed", Region: "eastus"},
		{ID: group + "/images/gone", Region: "eastus"},
		{ID: public + "1.31.4", Region: "eastus"},
		{ID: public + "1.0.0", Region: "eastus"},
		{ID: "galleries/prod/images/golden-rhel-8/versions/1.2.3", Region: "eastus"},
		{ID: "ami-1", Region: "eastus"},
	}
	for i := range refs {
		refs[i].Provider = "azure"
	}
	want := []string{
		"found available", "found pending excluded", "notFound: it exists, but is not replicated to northeurope; it is in eastus, westus2",
		"notFound: it does not exist any more", "found available end of life 2026-06-01", "found available excluded",
		"found available", "notFound: it does not exist any more", "found available", "notFound: it does not exist in eastus",
		"found available", "unknown",
	}
	w := start(t, fakeazure.Options{}, nil)
	got := w.verify(t, refs)
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("%s in %s:\n got %s\nwant %s", refs[i].ID, refs[i].Region, got[i], want[i])
		}
	}
}

func (w *world) verify(t *testing.T, refs []image.Ref) []string {
	t.Helper()
	got, diagnostics, err := w.host.Verify(t.Context(), source.VerifyRequest{
		Source: "azure", Plugin: w.plugin(), Config: config{"gallery": "prod", "resourceGroup": "images"}, BaseDir: "/", Refs: refs,
	})
	if err != nil {
		t.Fatalf("%v %v", err, diagnostics)
	}
	if len(got) != len(refs) {
		t.Fatalf("%d results for %d references", len(got), len(refs))
	}
	lines := make([]string, len(refs))
	for i, v := range got {
		line := string(v.Presence)
		if v.Image != nil {
			line += " " + string(v.Image.State)
			if v.Image.ExcludedFromLatest {
				line += " excluded"
			}
			if at := v.Image.EndOfLifeAt; at != nil {
				line += " end of life " + at.Format(time.DateOnly)
			}
		} else if v.Reason != "" {
			line += ": " + v.Reason
		}
		if asked := v.Presence != source.Unknown; asked != (v.Evidence == image.Asked) || v.Image != nil && v.Image.Evidence != image.Asked {
			t.Errorf("%s: %s, evidence %q", refs[i].ID, line, v.Evidence)
		}
		lines[i] = line
	}
	return lines
}

// Whatever the plugin asks must be in the custom role that the documentation
// gives, and the role has nothing else.
func TestLeastPrivilege(t *testing.T) {
	w := start(t, fakeazure.Options{PageSize: 2}, nil)
	for _, c := range []config{
		{"gallery": "*"},
		{"gallery": "prod", "resourceGroup": "images", "definition": "golden-rhel-8"},
		{"communityGallery": "ClusterAPI-f72ceb4f-5159-4c26-a0fe-2ea738f0d019", "locations": []any{"westus2"}},
		{"sharedGallery": "00000000-0000-0000-0000-0000000000bb-TEAM", "locations": []any{"westus2"}},
		{"resourceGroup": "images"},
		{"template": "golden", "resourceGroup": "images"},
	} {
		w.good(t, c)
	}
	w.verify(t, []image.Ref{{ID: prod + "golden-rhel-8/versions/1.2.3", Provider: "azure", Region: "eastus"}})
	used := slices.Sorted(maps.Keys(w.Stats().Actions))
	if diff := gocmp.Diff(documentedActions(t), used); diff != "" {
		t.Errorf("-documented +used:\n%s", diff)
	}
}

// documentedActions reads the role in docs/sources/azure.md.
func documentedActions(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/sources/azure.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```json\n")
	block, _, closed := strings.Cut(rest, "```")
	var role struct{ Actions, NotActions, DataActions []string }
	if err := json.Unmarshal([]byte(block), &role); !found || !closed || err != nil {
		t.Fatalf("no role in the documentation: %v", err)
	}
	slices.Sort(role.Actions)
	return role.Actions
}

func TestCustomCloudFromUserSettings(t *testing.T) {
	w := start(t, fakeazure.Options{}, map[string]any{})
	delete(w.env, "AZURE_RESOURCE_MANAGER_ENDPOINT")
	delete(w.env, "AZURE_AUTHORITY_HOST")
	settings := map[string]any{"resourceManagerEndpoint": w.URL(), "authorityHost": w.URL()}
	w.host = inProcess{service: plugin.Service(func(key string) string { return w.env[key] }), settings: settings}
	if r := w.good(t, config{"template": "golden", "resourceGroup": "images"}); len(r.Images) != 4 {
		t.Errorf("got %d images", len(r.Images))
	}
	if got := w.verify(t, []image.Ref{{ID: prod + "golden-rhel-8/versions/1.2.3", Provider: "azure", Region: "eastus"}}); got[0] != "found available" {
		t.Errorf("verify says %q", got)
	}
}

// printing returns a folder with az and azd that print a token, and the file in which they
// say what they were called with.
func printing(t *testing.T, token string) (programs, calls string) {
	t.Helper()
	programs = t.TempDir()
	calls = filepath.Join(programs, "calls")
	for name, script := range map[string]string{
		"az":  `echo '{"accessToken":"` + token + `","expires_on":4102444800,"tokenType":"Bearer"}'`,
		"azd": `echo '{"token":"` + token + `","expiresOn":"2100-01-01T00:00:00Z"}'`,
	} {
		script = "#!/bin/sh\necho \"$0 $*\" >> " + calls + "\n" + script + "\n"
		if err := os.WriteFile(filepath.Join(programs, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return programs, calls
}

// Each way to sign in works with the variables that the description lists, and
// is used once, however many clients ask.
func TestCredentials(t *testing.T) {
	const token = "canary-token"
	programs, calls := printing(t, token)
	federated := filepath.Join(programs, "federated")
	if err := os.WriteFile(federated, []byte("assertion"), 0o600); err != nil {
		t.Fatal(err)
	}
	identity := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Identity-Header") != "canary-header" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, `{"access_token":%q,"expires_on":"4102444800","resource":"r","token_type":"Bearer"}`, token)
	}))
	t.Cleanup(identity.Close)

	const tenant = "33333333-3333-3333-3333-333333333333"
	tests := []struct {
		credential string
		env        map[string]string
		tenant     string
		called     string // what the program was called with, once
	}{
		{"EnvironmentCredential", nil, "", ""},
		{"WorkloadIdentityCredential", map[string]string{"AZURE_FEDERATED_TOKEN_FILE": federated, "AZURE_CLIENT_SECRET": ""}, "", ""},
		{"ManagedIdentityCredential", map[string]string{"IDENTITY_ENDPOINT": identity.URL, "IDENTITY_HEADER": "canary-header"}, "", ""},
		{"AzureCLICredential", nil, "", "az account get-access-token"},
		{"AzureCLICredential", nil, tenant, "--tenant " + tenant},
		{"AzureDeveloperCLICredential", nil, "", "azd auth token"},
		{"EnvironmentCredential", map[string]string{"AZURE_ADDITIONALLY_ALLOWED_TENANTS": tenant}, tenant, ""},
	}
	for _, tt := range tests {
		t.Run(tt.credential+tt.tenant, func(t *testing.T) {
			_ = os.Remove(calls)
			w := startProcess(t, fakeazure.Options{Token: token}, nil)
			maps.Copy(w.env, tt.env)
			w.env["AZURE_TOKEN_CREDENTIALS"] = tt.credential
			w.env["PATH"] = programs + ":/usr/bin:/bin"
			c := config{"template": "golden", "resourceGroup": "images"}
			if tt.tenant != "" {
				c["tenant"] = tt.tenant
			}
			if r := w.good(t, c); len(r.Images) != 4 {
				t.Errorf("%d images", len(r.Images))
			}
			log, _ := os.ReadFile(calls)
			if tt.called == "" && len(log) > 0 || tt.called != "" && strings.Count(string(log), tt.called) != 1 {
				t.Errorf("programs called: %s", log)
			}
		})
	}
}
