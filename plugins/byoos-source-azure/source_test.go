package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/compute"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/imagebuilder"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/signin"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// recorder answers as both Resource Manager and the identity service do, and
// keeps the hosts that were asked.
type recorder struct {
	mu     sync.Mutex
	hosts  map[string]bool
	scopes map[string]bool
}

func (r *recorder) Do(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hosts[req.URL.Host] = true
	base := "https://" + req.URL.Host + "/tenant"
	body := `{"value":[]}`
	switch {
	case strings.Contains(req.URL.Path, "/discovery/instance"):
		body = `{"tenant_discovery_endpoint":"` + base + `/v2.0/.well-known/openid-configuration","metadata":[]}`
	case strings.HasSuffix(req.URL.Path, "openid-configuration"):
		body = `{"issuer":"` + base + `/v2.0","authorization_endpoint":"` + base + `/a","token_endpoint":"` + base + `/token"}`
	case req.Method == http.MethodPost:
		form, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		for _, pair := range strings.Split(string(form), "&") {
			if scope, ok := strings.CutPrefix(pair, "scope="); ok {
				r.scopes[strings.Split(scope, "+")[0]] = true
			}
		}
		body = `{"access_token":"t","token_type":"Bearer","expires_in":3600}`
	}
	return &http.Response{
		StatusCode: http.StatusOK, Request: req, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewBufferString(body)),
	}, nil
}

// A sovereign cloud's requests and credentials stay in that cloud.
func TestClouds(t *testing.T) {
	for name, tt := range map[string]struct {
		env      map[string]string
		settings map[string]any
		hosts    []string
		scope    string
	}{
		"public": {nil, nil, []string{"login.microsoftonline.com", "management.azure.com"}, "management.core.windows.net"},
		"government": {
			map[string]string{"AZURE_CLOUD": "AzureGovernment"}, nil,
			[]string{"login.microsoftonline.us", "management.usgovcloudapi.net"}, "management.core.usgovcloudapi.net",
		},
		"china by settings": {
			nil, map[string]any{"cloud": "AzureChina"},
			[]string{"login.chinacloudapi.cn", "management.chinacloudapi.cn"}, "management.core.chinacloudapi.cn",
		},
		"custom": {
			map[string]string{"AZURE_RESOURCE_MANAGER_ENDPOINT": "https://arm.local", "AZURE_AUTHORITY_HOST": "https://login.local"}, nil,
			[]string{"arm.local", "login.local"}, "arm.local",
		},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{
				"AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "client", "AZURE_CLIENT_SECRET": "secret",
				"AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential", "AZURE_SUBSCRIPTION_ID": "S",
				"AZURE_CLOUD": "", "AZURE_AUTHORITY_HOST": "", "AZURE_RESOURCE_MANAGER_ENDPOINT": "",
			}
			maps.Copy(env, tt.env)
			for k, v := range env {
				t.Setenv(k, v) // azidentity reads it for itself
			}
			r := &recorder{hosts: map[string]bool{}, scopes: map[string]bool{}}
			s := source{getenv: func(k string) string { return env[k] }, transport: r, credentials: &signin.Store{}}
			ses, err := s.open(t.Context(), config{Gallery: "G", ResourceGroup: "RG"}, call{settings: tt.settings, report: func(sdk.Diagnostic) error { return nil }})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := (&discovery{session: ses}).definitions(t.Context(), compute.Gallery{Kind: resourceid.GalleryVersion, Subscription: "S", Group: "RG", Name: "G"}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.hosts, slices.Sorted(maps.Keys(r.hosts))); diff != "" {
				t.Errorf("hosts: -want +got:\n%s", diff)
			}
			if len(r.scopes) != 1 || !strings.Contains(slices.Collect(maps.Keys(r.scopes))[0], tt.scope) {
				t.Errorf("scopes %v", r.scopes)
			}
		})
	}
}

// The description lists every variable that holds a secret, and none twice.
func TestEnvironment(t *testing.T) {
	names := source{}.Describe().Environment
	for _, secret := range secretVariables() {
		if !slices.Contains(names, secret) {
			t.Errorf("%s is missing", secret)
		}
	}
	slices.Sort(names)
	if len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("twice in %v", names)
	}
	for _, name := range names {
		if strings.Contains(name, "*") {
			t.Errorf("%s is not one variable", name)
		}
	}
}

func TestLocations(t *testing.T) {
	for _, tt := range []struct{ configured, hinted, want []string }{
		{[]string{"West US 2", "westus2", "eastus"}, nil, []string{"westus2", "eastus"}},
		{[]string{"westus2", "East US"}, []string{"east us", "North Europe", "northeurope"}, []string{"eastus"}},
		{[]string{"westus2"}, []string{"northeurope"}, nil},
	} {
		if diff := cmp.Diff(tt.want, locations(tt.configured, tt.hinted)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

// What the template says of its output is whether it is offered. The state of the
// image stays what Compute says.
func TestJudge(t *testing.T) {
	start := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
	started := arm.Date{Time: start}
	d := &discovery{session: &session{plan: &plan{subscriptions: []string{"S"}}}}
	const earlier = "it is the output of an earlier run"
	for name, tt := range map[string]struct {
		run    imagebuilder.Run
		made   time.Time
		output string
		want   string
	}{
		"succeeded":                  {imagebuilder.Run{RunState: "Succeeded", StartTime: started}, start.Add(-time.Hour), "", ""},
		"partial, of this run":       {imagebuilder.Run{RunState: "PartiallySucceeded", StartTime: started}, start.Add(time.Hour), "", ""},
		"partial, of an earlier run": {imagebuilder.Run{RunState: "PartiallySucceeded", StartTime: started}, start.Add(-time.Hour), "", earlier},
		"partial, of an unknown age": {imagebuilder.Run{RunState: "PartiallySucceeded", StartTime: started}, time.Time{}, "", ""},
		"canceled":                   {imagebuilder.Run{RunState: "Canceled", StartTime: started}, start.Add(time.Hour), "", earlier},
		"a state that Azure adds":    {imagebuilder.Run{RunState: "Paused"}, start, "", earlier},
		"no word of the run":         {imagebuilder.Run{}, start, "", ""},
		"the output is not done":     {imagebuilder.Run{RunState: "Succeeded"}, start, "Creating", "the provisioning state of its run output is Creating"},
		"the output is done":         {imagebuilder.Run{RunState: "Succeeded"}, start, "Succeeded", ""},
	} {
		for _, state := range []sdk.State{sdk.Available, sdk.StateUnknown, sdk.Failed} {
			t.Run(fmt.Sprint(name, ", state ", int(state)), func(t *testing.T) {
				image := sdk.Image{State: state, StateReason: "Azure's", CreatedAt: tt.made}
				var o imagebuilder.Output
				o.Properties.ProvisioningState = tt.output
				d.judge(&image, tt.run, o)
				if image.State != state || image.StateReason != "Azure's" || image.Attributes["lastRunState"] != tt.run.RunState {
					t.Errorf("got %v %q", image.State, image.StateReason)
				}
				if !strings.HasPrefix(image.Withheld, tt.want) || (tt.want == "") != (image.Withheld == "") {
					t.Errorf("withheld: %q", image.Withheld)
				}
			})
		}
	}
}

func TestWithoutQuery(t *testing.T) {
	if got := withoutQuery("https://u:p@store.blob.core.windows.net/v.vhd?sig=canary#f"); got != "https://store.blob.core.windows.net/v.vhd" {
		t.Errorf("got %q", got)
	}
}

func TestNewestFirst(t *testing.T) {
	at := func(name string, day int) listed {
		v := listed{name: name, images: []sdk.Image{{}}}
		if day > 0 {
			v.images[0].CreatedAt = time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC)
		}
		return v
	}
	versions := []listed{at("9.9.9", 0), at("0.3.9", 2), at("0.3.10", 2), at("1.0.0", 1), at("0.3.8", 3), {name: "10.0.0"}}
	for byVersion, want := range map[bool][]string{
		false: {"0.3.8", "0.3.10", "0.3.9", "1.0.0", "10.0.0", "9.9.9"},
		true:  {"10.0.0", "9.9.9", "1.0.0", "0.3.10", "0.3.9", "0.3.8"},
	} {
		slices.SortStableFunc(versions, newestFirst(byVersion))
		var got []string
		for _, v := range versions {
			got = append(got, v.name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

// A metadata service that refuses ends the SDK's chain before it comes to `az`:
// the message names the variable that goes on.
func TestMetadataServiceRefuses(t *testing.T) {
	for _, name := range environment() {
		t.Setenv(name, "")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	refuse := refusing(func(req *http.Request) *http.Response {
		return &http.Response{
			StatusCode: http.StatusForbidden, Status: "403 Forbidden", Request: req, Header: http.Header{"Content-Type": {"application/json"}},
			Body: io.NopCloser(bytes.NewBufferString(`{"error":"forbidden"}`)),
		}
	})
	s := source{getenv: os.Getenv, transport: refuse, credentials: &signin.Store{}}
	_, err := s.open(t.Context(), config{Gallery: "G", Subscription: "S"}, call{report: func(sdk.Diagnostic) error { return nil }})
	var d *sdk.Diagnostic
	if !errors.As(err, &d) {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(d.Error(), "managed identity: 169.254.169.254 answered HTTP status 403") || !strings.Contains(d.NextStep, "AZURE_TOKEN_CREDENTIALS=dev") || !strings.Contains(d.NextStep, "az login") {
		t.Errorf("got %s\nnext: %s", d.Error(), d.NextStep)
	}
}

type refusing func(*http.Request) *http.Response

func (r refusing) Do(req *http.Request) (*http.Response, error) { return r(req), nil }
