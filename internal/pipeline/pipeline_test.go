package pipeline_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

const twoPacks = `
apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources:
  - {name: golden, type: fake, config: {path: a}}
  - {name: other, type: fake, config: {path: b}}
packs:
  - name: aws
    pack: generic-byoi
    sources: [golden]
    select: {architecture: amd64}
    matrix: {region: [us-east-1, eu-west-1]}
    values: {osName: rhel, osVersion: "8"}
  - name: single
    pack: generic-byoi
    sources: [other]
    select: {region: us-east-1}
    values: {osName: rhel, osVersion: "8"}
`

// plugins stands for a plugin host.
type plugins struct {
	requests []source.Request
	results  map[string]source.Result
	verified map[string][]source.Verified
	// byID is what a source says that verified has nothing of, by the id it is asked for.
	byID map[string]source.Verified
	err  map[string]error
	find map[string]error
	// provider of the images of a type of plugin, when it is not aws.
	provider map[string]string
	// says is what a source reports while it verifies. One in after waits for the
	// channel before it answers, and one in asked closes it.
	says         map[string]string
	after, asked map[string]chan struct{}

	mu      sync.Mutex
	regions map[string][]string // that Verify was asked with
}

func (p *plugins) Find(_ context.Context, typ string) (*source.Plugin, error) {
	if err := p.find[typ]; err != nil {
		return nil, err
	}
	provider := "aws"
	if other, has := p.provider[typ]; has {
		provider = other
	}
	return &source.Plugin{Type: typ, Digest: "sha256:d", Description: &sourcev1.Description{
		Version: "1.2.3", Providers: []string{provider}, Capabilities: []sourcev1.Capability{sourcev1.Capability_CAPABILITY_VERIFY},
		ConfigSchema: `{"type":"object","properties":{"path":{"type":"string"}},"additionalProperties":false}`,
	}}, nil
}

func (p *plugins) Discover(_ context.Context, requests []source.Request, _ func(source.Event)) []source.Result {
	p.requests = requests
	results := make([]source.Result, len(requests))
	for i, request := range requests {
		result := p.results[request.Source]
		result.Source = request.Source
		result.Plugin = request.Plugin
		results[i] = result
	}
	return results
}

func (p *plugins) Verify(_ context.Context, request source.VerifyRequest) ([]source.Verified, []source.Diagnostic, error) {
	p.mu.Lock()
	if p.regions == nil {
		p.regions = map[string][]string{}
	}
	p.regions[request.Source] = request.Regions
	p.mu.Unlock()
	if wait := p.after[request.Source]; wait != nil {
		<-wait
	}
	if asked := p.asked[request.Source]; asked != nil {
		close(asked)
	}
	var diagnostics []source.Diagnostic
	if said := p.says[request.Source]; said != "" {
		diagnostics = []source.Diagnostic{{Source: request.Source, Severity: source.SeverityWarning, Summary: said}}
	}
	verified := p.verified[request.Source]
	if p.byID != nil {
		for _, ref := range request.Refs {
			verified = append(verified, p.byID[ref.ID])
		}
	}
	return verified, diagnostics, p.err[request.Source]
}

func ami(id, region, sourceName string, day int) image.Image {
	created := time.Date(2026, 10, day, 0, 0, 0, 0, time.UTC)
	return image.Image{
		ID: id, Provider: "aws", Region: region, Architecture: "amd64", State: image.Available, CreatedAt: &created, Source: sourceName,
	}
}

func newPipeline(t *testing.T, p pipeline.Plugins) *pipeline.Pipeline {
	t.Helper()
	document, err := spec.Parse("byoos.yaml", []byte(twoPacks), "/specs")
	if err != nil {
		t.Fatal(err)
	}
	return &pipeline.Pipeline{
		Document: document, Plugins: p, Now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		Report: func(source.Diagnostic) {}, Failed: func(error) {}, Progress: func(source.Event) {},
	}
}

func packs(t *testing.T, p *pipeline.Pipeline, names ...string) []spec.Pack {
	t.Helper()
	some, err := p.Packs(names)
	if err != nil {
		t.Fatal(err)
	}
	return some
}

func TestPacksByName(t *testing.T) {
	p := newPipeline(t, &plugins{})
	tests := map[string]struct{ names, want []string }{
		"all":        {nil, []string{"aws-us-east-1", "aws-eu-west-1", "single"}},
		"one":        {[]string{"single"}, []string{"single"}},
		"of matrix":  {[]string{"aws-eu-west-1"}, []string{"aws-eu-west-1"}},
		"the matrix": {[]string{"aws", "aws-eu-west-1"}, []string{"aws-us-east-1", "aws-eu-west-1"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, pack := range packs(t, p, test.names...) {
				got = append(got, pack.Name)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	_, err := p.Packs([]string{"nope"})
	if failure.Code(err) != failure.ExitUsage {
		t.Errorf("got %v", err)
	}
}

func TestOnlySourcesInUseAreAskedWithHints(t *testing.T) {
	fake := &plugins{}
	p := newPipeline(t, fake)
	if _, _, err := p.Discover(t.Context(), packs(t, p, "aws")); err != nil {
		t.Fatal(err)
	}
	want := []source.Request{{
		Source: "golden", Plugin: fake.requests[0].Plugin, Config: map[string]any{"path": "a"}, BaseDir: "/specs",
		Hints:   source.Hints{Regions: []string{"eu-west-1", "us-east-1"}, Architectures: []string{"amd64"}},
		Regions: []string{"eu-west-1", "us-east-1"},
	}}
	same := cmp.Comparer(func(a, b *source.Plugin) bool { return a == b && a.Type == "fake" })
	if diff := cmp.Diff(want, fake.requests, same); diff != "" {
		t.Error(diff)
	}
}

func TestHintsAreSpelledAsPluginsDo(t *testing.T) {
	p := &plugins{}
	pipe := newPipeline(t, p)
	packs := []spec.Pack{{Name: "p", Pack: spec.GenericBYOI, Select: spec.Select{Provider: "Azure", Region: "West US 2", Architecture: "AMD64",
		KubernetesVersion: "~1.30", K8sDistribution: "K3S", CustomTag: "Prod"}}}
	if _, _, err := pipe.Discover(t.Context(), packs); err != nil {
		t.Fatal(err)
	}
	want := source.Hints{
		Providers: []string{"azure"}, Regions: []string{"West US 2"}, Architectures: []string{"amd64"},
		KubernetesVersions: []string{"~1.30"}, K8sDistributions: []string{"k3s"}, CustomTags: []string{"Prod"},
	}
	if diff := cmp.Diff(want, p.requests[0].Hints); diff != "" {
		t.Error(diff)
	}
}

// A template that names versions is made of no others.
func TestHintsOfKubernetesVersions(t *testing.T) {
	ranged := spec.Pack{Name: "a", Pack: spec.EdgeNativeBYOI, Select: spec.Select{KubernetesVersion: "~1.30"},
		Edge: &spec.Edge{KubernetesVersions: []string{"1.31.1", "1.30.4"}}}
	anything := spec.Pack{Name: "b", Pack: spec.EdgeNativeBYOI}
	suffix := func(wanted string) []spec.Pack {
		return []spec.Pack{{Name: "c", Pack: spec.GenericBYOI, Select: spec.Select{KubernetesVersion: wanted}}}
	}
	for _, test := range []struct {
		packs []spec.Pack
		want  []string
	}{
		{[]spec.Pack{ranged}, []string{"1.30.4", "1.31.1"}},
		{[]spec.Pack{ranged, anything}, nil},
		{append(suffix("~1.29"), ranged), []string{"1.30.4", "1.31.1", "~1.29"}},
		// To semver, which sources narrow by, suffixes are equal: they would leave these out.
		{suffix(">1.30.4+rke2r1"), nil},
		{suffix("<1.30.4+rke2r2"), nil},
		{suffix("~1.30 !=1.30.4+k3s1"), nil},
		{suffix("=1.30.4+rke2r1"), []string{"=1.30.4+rke2r1"}},
		{suffix(">=1.30.4+rke2r1 <1.31"), []string{">=1.30.4+rke2r1 <1.31"}},
	} {
		fake := &plugins{}
		pipe := newPipeline(t, fake)
		if _, _, err := pipe.Discover(t.Context(), test.packs); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, fake.requests[0].Hints.KubernetesVersions); diff != "" {
			t.Error(diff)
		}
	}
}

func TestProgressEndsBeforeReports(t *testing.T) {
	fake := &plugins{results: map[string]source.Result{"golden": {Diagnostics: []source.Diagnostic{{Severity: source.SeverityWarning}}}}}
	p := newPipeline(t, fake)
	var told []string
	p.Progress = func(e source.Event) { told = append(told, "progress "+e.Source) }
	p.Report = func(source.Diagnostic) { told = append(told, "report") }
	if _, _, err := p.Discover(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"progress ", "report"}, told); diff != "" {
		t.Error(diff)
	}
}

func TestInterrupted(t *testing.T) {
	p := newPipeline(t, &plugins{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := p.Discover(ctx, nil); failure.Code(err) != failure.ExitInterrupted {
		t.Errorf("got %v", err)
	}
}

// A signal that comes when the sources have answered ends the selection.
func TestInterruptedSelection(t *testing.T) {
	fake := withImages()
	golden := fake.results["golden"]
	golden.Diagnostics = []source.Diagnostic{{Severity: source.SeverityWarning}}
	fake.results["golden"] = golden
	p := newPipeline(t, fake)
	ctx, cancel := context.WithCancel(t.Context())
	p.Report = func(source.Diagnostic) { cancel() }
	if picks, _, err := p.Picks(ctx, packs(t, p)); failure.Code(err) != failure.ExitInterrupted || picks != nil {
		t.Errorf("got %d picks, %v", len(picks), err)
	}
}

func TestWrongConfigStartsNoPlugin(t *testing.T) {
	fake := &plugins{}
	p := newPipeline(t, fake)
	document, err := spec.Parse("byoos.yaml", []byte(strings.Replace(twoPacks, "path: a", "pth: a", 1)), "/specs")
	if err != nil {
		t.Fatal(err)
	}
	p.Document = document
	if _, _, err = p.Discover(t.Context(), nil); failure.Code(err) != failure.ExitUsage || fake.requests != nil {
		t.Errorf("got %v, asked %v", err, fake.requests)
	}
}

func withImages() *plugins {
	return &plugins{results: map[string]source.Result{
		"golden": {Images: []image.Image{
			ami("ami-0123456789abcdef0", "us-east-1", "golden", 1),
			ami("ami-0123456789abcdef1", "us-east-1", "golden", 2),
			ami("ami-0123456789abcdef2", "eu-west-1", "golden", 1),
		}},
		"other": {Images: []image.Image{ami("ami-0123456789abcdef3", "us-east-1", "other", 1)}},
	}}
}

const sourcesOfRegions = `
apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources: [{name: golden, type: fake, config: {path: a}}, {name: other, type: fake, config: {path: b}}]
packs:
  - {name: golden-us-east-1, pack: generic-byoi, sources: [golden], select: {region: us-east-1}}
  - {name: other-eu-west-1, pack: generic-byoi, sources: [other], select: {region: eu-west-1}}
`

func parsed(t *testing.T, text string) *spec.Document {
	t.Helper()
	document, err := spec.Parse("byoos.yaml", []byte(text), "/specs")
	if err != nil {
		t.Fatal(err)
	}
	return document
}
