package palette_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pack"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// canary is the key of all tests; no output may hold it.
const canary = "c4n4ry-0123456789abcdef"

const (
	oldAMI = "ami-0aaaaaaaaaaaaaaaa"
	newAMI = "ami-0bbbbbbbbbbbbbbbb"
)

const genericValues = `# the OS of production
pack:
  osImageOverride: "` + oldAMI + `" # from the golden pipeline
  osName: "rhel"
  osVersion: "8"
  custom: keep
`

// world is a fake Palette that is served, and a client of it.
type world struct {
	*fakepalette.Server
	client *palette.Client
}

func newWorld(t *testing.T, adjust ...func(*fakepalette.State)) *world {
	t.Helper()
	state := baseState(t)
	for _, f := range adjust {
		f(&state)
	}
	server, err := fakepalette.New(state)
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, server)
}

func serve(t *testing.T, server *fakepalette.Server) *world {
	t.Helper()
	server.Key = canary
	w := &world{Server: server, client: newClient(t, server, canary)}
	t.Cleanup(func() {
		for _, v := range server.Violations() {
			t.Errorf("not as Palette's API description says: %s", v)
		}
	})
	return w
}

// newClient is a client of what a handler answers.
func newClient(t *testing.T, handler http.Handler, key string, adjust ...func(*palette.Config)) *palette.Client {
	t.Helper()
	client := clientAt(t, "http://127.0.0.1:1", key, adjust...)
	network := &fakepalette.Network{Handler: handler}
	t.Cleanup(network.Wait)
	client.Over(network)
	return client
}

// listening is a client that asks over a connection, as all do but those of tests.
func listening(t *testing.T, handler http.Handler, key string) *palette.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return clientAt(t, server.URL, key)
}

func clientAt(t *testing.T, url, key string, adjust ...func(*palette.Config)) *palette.Client {
	t.Helper()
	secret, err := palette.NewSecret(key)
	if err != nil {
		t.Fatal(err)
	}
	config := palette.Config{Host: url, Secret: secret, Retries: 3, RetryWait: time.Millisecond, UserAgent: "test"}
	for _, f := range adjust {
		f(&config)
	}
	client, err := palette.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func baseState(t *testing.T) fakepalette.State {
	t.Helper()
	edge, err := os.ReadFile("testdata/edge-values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	k8s := fakepalette.Layer{Name: "kubernetes", Layer: "k8s", Type: "spectro", Tag: "1.30.4", Version: "1.30.4", PackUID: "pack-k8s", RegistryUID: "reg-public", Values: "pack:\n  k8sHardening: true\n"}
	addon := fakepalette.Layer{Name: "hello", Layer: "addon", Type: "manifest", Tag: "1.0.0", Version: "1.0.0", PackUID: "spectro-manifest-pack", RegistryUID: "reg-public",
		Manifests: []fakepalette.Manifest{{Kind: "manifest", Name: "hello", UID: "manifest-1", Content: "kind: Namespace\n"}}}
	return fakepalette.State{
		Projects:   []fakepalette.Project{{UID: "project-1", Name: "Default"}, {UID: "project-2", Name: "Default-2"}},
		Registries: []fakepalette.Registry{{UID: "reg-other", Name: "Mirror"}, {UID: "reg-public", Name: "Public Repo"}},
		Packs: []fakepalette.Pack{
			{UID: "byoi-099", Name: "generic-byoi", Version: "0.9.9", RegistryUID: "reg-public", Type: "spectro", Layer: "os", CloudTypes: []string{"all"}, Values: "pack: {}\n"},
			{UID: "byoi-100", Name: "generic-byoi", Version: "1.0.0", RegistryUID: "reg-public", Type: "spectro", Layer: "os", CloudTypes: []string{"aws", "azure", "vsphere"},
				Values: "pack:\n  # the image to start machines from\n  osImageOverride: \"\"\n  osName: \"\"\n  osVersion: \"\"\n"},
			{UID: "byoi-mirror", Name: "generic-byoi", Version: "3.0.0", RegistryUID: "reg-other", Type: "spectro", Layer: "os", Values: "pack: {}\n"},
			{UID: "edge-210", Name: "edge-native-byoi", Version: "2.1.0", RegistryUID: "reg-public", Type: "spectro", Layer: "os", CloudTypes: []string{"edge-native"}, Values: "options: {}\n"},
			{UID: "pack-k8s", Name: "kubernetes", Version: "1.30.4", RegistryUID: "reg-public", Type: "spectro", Layer: "k8s", Values: "pack: {}\n"},
		},
		Profiles: []*fakepalette.Profile{
			{UID: "profile-rhel", Name: "rhel-prod", Version: "1.2.0", ProjectUID: "project-1", CloudType: "aws", Type: "cluster",
				LastModified: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
				Clusters:     []fakepalette.Cluster{{Name: "web", UID: "cluster-1"}, {Name: "batch", UID: "cluster-2"}},
				Published: []fakepalette.Layer{
					{Name: "generic-byoi", Layer: "os", Type: "spectro", Tag: "1.0.0", Version: "1.0.0", PackUID: "byoi-100", RegistryUID: "reg-public", Values: genericValues},
					k8s, addon,
				}},
			{UID: "profile-edge", Name: "stores", Version: "1.0.0", ProjectUID: "project-1", CloudType: "edge-native", Type: "cluster",
				Published: []fakepalette.Layer{
					{Name: "edge-native-byoi", Layer: "os", Type: "spectro", Tag: "2.1.0", Version: "2.1.0", PackUID: "edge-210", RegistryUID: "reg-public", Values: string(edge)},
					k8s,
				}},
			{UID: "profile-infra", Name: "no-os", Version: "1.0.0", ProjectUID: "project-1", CloudType: "aws", Type: "cluster", Published: []fakepalette.Layer{k8s}},
			{UID: "profile-ubuntu", Name: "ubuntu", Version: "1.0.0", ProjectUID: "project-1", CloudType: "aws", Type: "cluster",
				Published: []fakepalette.Layer{{Name: "ubuntu-aws", Layer: "os", Type: "spectro", Tag: "22.04", PackUID: "x", Values: "a: b\n"}, k8s}},
		},
	}
}

// ours is the profile of the project; others of its name stand in front of it.
func ours(s *fakepalette.State) *fakepalette.Profile {
	for _, p := range s.Profiles {
		if p.UID == "profile-rhel" {
			return p
		}
	}
	return nil
}

// request wants an AMI in a profile.
func request(t *testing.T, profile, ami string, adjust ...func(*palette.Target)) palette.Request {
	t.Helper()
	values := build(t, pack.Input{
		Pack:  spec.Pack{Name: "aws-east", Pack: spec.GenericBYOI, Values: spec.Values{OSName: "rhel", OSVersion: "8"}},
		Image: &image.Image{Source: "golden", Provider: "aws", ID: ami, Region: "us-east-1"},
	})
	target := palette.Target{Name: "aws-east", Pack: "generic-byoi", Scope: palette.ProjectScope("Default"), Profile: profile, Provider: "aws"}
	for _, f := range adjust {
		f(&target)
	}
	return palette.Request{Target: target, Edit: editor(values, target.Name)}
}

func edgeRequest(t *testing.T, tag string) palette.Request {
	t.Helper()
	values := build(t, pack.Input{
		Pack: spec.Pack{Name: "edge", Pack: spec.EdgeNativeBYOI, Values: spec.Values{
			Registry: "registry.example.com/edge", Repo: "ubuntu", K8sDistribution: "k3s", PEVersion: "v4.5.1", CustomTag: tag, OSName: "ubuntu", OSVersion: "22"}},
		Image: &image.Image{Source: "registry", Provider: "oci", ID: "registry.example.com/edge/ubuntu:k3s-1.30.4-v4.5.1-" + tag, KubernetesVersion: "1.30.4"},
	})
	return palette.Request{
		Target: palette.Target{Name: "edge", Pack: "edge-native-byoi", Scope: palette.ProjectScope("Default"), Profile: "stores", Provider: "oci"},
		Edit:   editor(values, "edge"),
	}
}

func build(t *testing.T, in pack.Input) *pack.Values {
	t.Helper()
	values, err := pack.Build(in)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// editor edits the same text once: an apply asks for it several times, and an edit is pure.
func editor(values *pack.Values, name string) palette.Editor {
	var edited sync.Map
	return func(existing []byte) ([]byte, error) {
		if len(existing) == 0 {
			return values.Render(), nil
		}
		if out, known := edited.Load(string(existing)); known {
			return slices.Clone(out.([]byte)), nil
		}
		out, _, err := values.Edit(existing, name)
		if err == nil {
			edited.Store(string(existing), slices.Clone(out))
		}
		return out, err
	}
}

func (w *world) plan(t *testing.T, r palette.Request, goal palette.Goal) *palette.Plan {
	t.Helper()
	p, err := w.client.Plan(t.Context(), r, goal)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (w *world) apply(t *testing.T, r palette.Request, goal palette.Goal) *palette.Report {
	t.Helper()
	report, err := w.client.Apply(t.Context(), w.plan(t, r, goal), palette.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// applyAll plans and applies, as the command does.
func (w *world) applyAll(ctx context.Context, goal palette.Goal, limit int, requests ...palette.Request) []palette.Outcome {
	planned := w.client.PlanAll(ctx, requests, goal, limit)
	return w.client.ApplyAll(ctx, planned, limit, func(palette.Target) (palette.Options, error) { return palette.Options{}, nil })
}

// writes returns the requests since Forget that may change something.
func (w *world) writes() []string {
	var out []string
	for _, call := range w.Calls() {
		if call.Writes() {
			out = append(out, call.Method+" "+call.Path)
		}
	}
	return out
}

func sameList(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}
