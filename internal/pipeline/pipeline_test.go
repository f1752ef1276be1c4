package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
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

func (p *plugins) Discover(ctx context.Context, requests []source.Request, _ func(source.Event)) []source.Result {
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

func newPipeline(t *testing.T, p *plugins) *pipeline.Pipeline {
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

func TestFailingSource(t *testing.T) {
	broken := &failure.Error{Code: failure.ExitSource, Summary: "source golden: access denied"}
	fake := &plugins{results: map[string]source.Result{
		"golden": {Err: broken, Images: []image.Image{ami("ami-1", "us-east-1", "golden", 1)}},
		"other":  {Images: []image.Image{ami("ami-2", "us-east-1", "other", 1)}},
	}}
	p := newPipeline(t, fake)
	if _, _, err := p.Discover(t.Context(), nil); failure.Code(err) != failure.ExitSource {
		t.Errorf("got %v", err)
	}
	var told error
	p.AllowPartial, p.Failed = true, func(err error) { told = err }
	images, _, err := p.Discover(t.Context(), nil)
	if err != nil || len(images) != 2 || !errors.Is(told, broken) {
		t.Errorf("got %d images, %v, told %v", len(images), err, told)
	}
}

// A source that failed costs its own packs: one without an image fails as its
// source did, one with an image is told of, and others hear nothing.
func TestPacksOfAFailingSource(t *testing.T) {
	fake := withImages()
	eu := fake.results["golden"].Images[2]
	eu.Evidence = image.Asked
	for i := range fake.results["other"].Images {
		fake.results["other"].Images[i].Evidence = image.Asked
	}
	missing := &failure.Error{Code: failure.ExitSource, Summary: "no plugin"}
	denied := &failure.Error{Code: failure.ExitSource, Summary: "source golden: access denied"}
	for name, test := range map[string]struct {
		golden source.Result
		find   error
		want   map[string]string
	}{
		"in part": {golden: source.Result{Err: denied, Images: []image.Image{eu}}, want: map[string]string{
			"aws-us-east-1": "4 pack aws-us-east-1 has no image: its source golden failed (1 other)",
			"aws-eu-west-1": "its source golden failed, so an image that ranks above this one may be there",
			"single":        "",
		}},
		"wholly": {golden: source.Result{Err: denied}, want: map[string]string{
			"aws-us-east-1": "4 pack aws-us-east-1 has no image: its source golden failed",
			"aws-eu-west-1": "4 pack aws-eu-west-1 has no image: its source golden failed",
			"single":        "",
		}},
		"without a plugin": {find: missing, want: map[string]string{
			"aws-us-east-1": "4 pack aws-us-east-1 has no image: its source golden failed",
			"aws-eu-west-1": "4 pack aws-eu-west-1 has no image: its source golden failed",
			"single":        "",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			fake.results["golden"], fake.find = test.golden, map[string]error{"missing": test.find}
			p := newPipeline(t, fake)
			if test.find != nil {
				document, err := spec.Parse("byoos.yaml", []byte(strings.Replace(twoPacks, "type: fake", "type: missing", 1)), "/specs")
				if err != nil {
					t.Fatal(err)
				}
				p.Document = document
			}
			if _, _, err := p.Picks(t.Context(), packs(t, p)); failure.Code(err) != failure.ExitSource {
				t.Errorf("without AllowPartial: got %v", err)
			}
			p.AllowPartial = true
			picks, _, err := p.Picks(t.Context(), packs(t, p))
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, pick := range picks {
				got[pick.Pack.Name] = strings.Join(pick.Notes(), "; ")
				var f *failure.Error
				if errors.As(pick.Err, &f) {
					got[pick.Pack.Name] = fmt.Sprintf("%d %s", f.Code, f)
				}
				if f != nil && len(f.Details) > 0 {
					got[pick.Pack.Name] += fmt.Sprintf(" (%d other)", len(f.Details))
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			heard, failed := pipeline.Heard(picks)
			if len(heard) == 0 || failure.Code(failed) != failure.ExitSource {
				t.Errorf("goes on with %d picks and fails with %v", len(heard), failed)
			}
		})
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

func locked(t *testing.T, p *pipeline.Pipeline) *lock.File {
	t.Helper()
	picks, results, err := p.Picks(t.Context(), packs(t, p))
	if err != nil {
		t.Fatal(err)
	}
	entries, _, err := p.Entries(picks, results)
	if err != nil {
		t.Fatal(err)
	}
	file := lock.New()
	for _, entry := range entries {
		if err := file.Put(entry); err != nil {
			t.Fatal(err)
		}
	}
	return file
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

func TestLockedPicks(t *testing.T) {
	p := newPipeline(t, withImages())
	file := locked(t, p)
	picks, err := p.Locked(packs(t, p), file, false)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, pick := range picks {
		got = append(got, pick.Image.ID)
	}
	if diff := cmp.Diff([]string{"ami-0123456789abcdef1", "ami-0123456789abcdef2", "ami-0123456789abcdef3"}, got); diff != "" {
		t.Error(diff)
	}
	entry, _ := file.Entry("single")
	if diff := cmp.Diff(lock.Plugin{Type: "fake", Version: "1.2.3", Digest: "sha256:d"}, entry.Plugin); diff != "" {
		t.Error(diff)
	}
}

// TestNothingUnrenderableIsLocked: a lock promises that what it holds can be
// rendered without any source.
func TestNothingUnrenderableIsLocked(t *testing.T) {
	tests := map[string]struct {
		change func(*pipeline.Pick)
		want   string
	}{
		"unknown OS":   {func(p *pipeline.Pick) { p.Pack.Values.OSName, p.Image.OS.Name = "", "" }, "osName is unknown"},
		"refused id":   {func(p *pipeline.Pick) { p.Image.ID = "ami-1" }, "is no AMI id"},
		"other system": {func(p *pipeline.Pick) { p.Pack.Pack, p.Pack.Values = spec.EdgeNativeBYOI, spec.Values{} }, "is no OCI image"},
		"no pick":      {func(p *pipeline.Pick) { p.Image, p.Err = nil, errors.New("nothing fits") }, "nothing fits"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPipeline(t, withImages())
			picks, results, err := p.Picks(t.Context(), packs(t, p, "single"))
			if err != nil {
				t.Fatal(err)
			}
			test.change(&picks[0])
			if entries, _, err := p.Entries(picks, results); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, %v; want an error with %q", entries, err, test.want)
			}
		})
	}
}

// TestLockedImagePastItsEnd: what the lock knows of the image's life is told.
func TestLockedImagePastItsEnd(t *testing.T) {
	past, future := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		deprecated, ended *time.Time
		want              []string
	}{
		"good":       {&future, &future, nil},
		"deprecated": {&past, &future, []string{"deprecated since 2026-10-01"}},
		"ended":      {nil, &past, []string{"past its end of life since 2026-10-01"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPipeline(t, withImages())
			file := locked(t, p)
			entry, _ := file.Entry("single")
			entry.Image.DeprecatedAt, entry.Image.EndOfLifeAt = test.deprecated, test.ended
			if err := file.Put(entry); err != nil {
				t.Fatal(err)
			}
			p.Now = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
			picks, err := p.Locked(packs(t, p, "single"), file, false)
			if err != nil {
				t.Fatal(err)
			}
			notes := picks[0].Notes()
			if len(notes) != len(test.want) || len(notes) > 0 && !strings.Contains(notes[0], test.want[0]) {
				t.Errorf("got %q, want %q", notes, test.want)
			}
		})
	}
}

func TestStaleLockIsRefusedPackByPack(t *testing.T) {
	p := newPipeline(t, withImages())
	file := locked(t, p)
	file.Remove("single")
	changed := strings.Replace(twoPacks, "architecture: amd64", "architecture: arm64", 1)
	document, err := spec.Parse("byoos.yaml", []byte(changed), "/specs")
	if err != nil {
		t.Fatal(err)
	}
	p.Document = document
	_, err = p.Locked(packs(t, p), file, false)
	var f *failure.Error
	if !errors.As(err, &f) || f.Code != failure.ExitUsage {
		t.Fatalf("got %v", err)
	}
	want := []string{
		"single: not in the lock",
		"aws-us-east-1: its selection or its sources changed",
		"aws-eu-west-1: its selection or its sources changed",
	}
	if diff := cmp.Diff(want, f.Details); diff != "" {
		t.Error(diff)
	}
	if _, err := p.Locked(packs(t, p, "aws"), file, true); err != nil {
		t.Errorf("stale entries are refused though allowed: %v", err)
	}
	if _, err := p.Locked(packs(t, p, "single"), file, true); err == nil {
		t.Error("a missing entry is allowed")
	}
}

func TestVerify(t *testing.T) {
	old := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	good := ami("ami-1", "us-east-1", "golden", 1)
	deprecated := good
	deprecated.DeprecatedAt = &old
	unsaid := good
	unsaid.State, unsaid.StateReason = image.StateUnset, "its replication to eastus is Unknown"
	unsaidOld := unsaid
	unsaidOld.DeprecatedAt = &old
	stateless := good
	stateless.State = image.StateUnset
	live, deregistered, ubuntu := good, good, good
	live.Evidence, deregistered.Evidence, deregistered.State = image.Asked, image.Asked, image.Gone
	ubuntu.OS.Name = "ubuntu"
	unoffered := live
	unoffered.Withheld = "not ours"
	picked := good
	picked.OS.Name = "rhel"
	liveUbuntu, liveOld, failed, newRecord := live, live, good, good
	liveUbuntu.OS.Name, liveOld.DeprecatedAt = "ubuntu", &old
	liveRHEL, liveOther := live, live
	liveRHEL.OS.Name = "rhel"
	liveUbuntu.Source, liveOld.Source, liveOther.Source = "other", "other", "other"
	failed.State, newRecord.ObservedAt = image.Failed, &old
	tests := map[string]struct {
		golden, other   source.Verified
		err             map[string]error
		asked           string
		pack            string // all, which picks from every source, unless told
		only            bool   // other is the source of a pack of another region
		status          pipeline.Status
		reason, failure string
	}{
		"good":       {golden: source.Verified{Presence: source.Found, Image: &good}, asked: "golden", status: pipeline.StatusOK},
		"deprecated": {golden: source.Verified{Presence: source.Found, Image: &deprecated}, asked: "golden", status: pipeline.StatusStale, reason: "deprecated since"},
		"deprecated, and more": {
			golden: source.Verified{Presence: source.Found, Image: &deprecated, Reason: "it can still be pulled"}, asked: "golden",
			status: pipeline.StatusStale, reason: "it can still be pulled",
		},
		"gone": {golden: source.Verified{Presence: source.NotFound, Reason: "deregistered"}, asked: "golden", status: pipeline.StatusStale, reason: "deregistered"},
		"unasked": {
			err: map[string]error{"golden": errors.New("access denied")}, asked: "golden",
			status: pipeline.StatusUnknown, reason: "could not be asked", failure: "access denied",
		},
		"its state is not known": {
			golden: source.Verified{Presence: source.Found, Image: &unsaid}, asked: "golden",
			status: pipeline.StatusUnknown, reason: "whether it is available is not known: its replication to eastus is Unknown",
		},
		"its state is not known, and more": {
			golden: source.Verified{Presence: source.Found, Image: &unsaidOld}, asked: "golden", status: pipeline.StatusStale, reason: "deprecated since",
		},
		"of a source that has no states": {golden: source.Verified{Presence: source.Found, Image: &stateless}, asked: "golden", status: pipeline.StatusOK},
		"found without an image":         {golden: source.Verified{Presence: source.Found}, asked: "golden", status: pipeline.StatusUnknown, reason: "does not say in what state"},
		"no such source":                 {asked: "nope", status: pipeline.StatusUnknown, reason: `no source named "nope"`},
		"any source, one has it": {
			golden: source.Verified{Presence: source.NotFound, Reason: "not here"},
			other:  source.Verified{Presence: source.Found, Image: &good}, status: pipeline.StatusOK,
		},
		// A manifest or another record is not the world.
		"on record, and the service has it": {
			golden: source.Verified{Presence: source.Found, Image: &good}, other: source.Verified{Presence: source.Found, Image: &live}, asked: "golden", status: pipeline.StatusOK,
		},
		"on record, and the service does not have it": {
			golden: source.Verified{Presence: source.Found, Image: &good}, asked: "golden", status: pipeline.StatusStale, reason: "deregistered",
			other: source.Verified{Presence: source.NotFound, Reason: "deregistered", Evidence: image.Asked},
		},
		"on record, and the service says it is gone": {
			golden: source.Verified{Presence: source.Found, Image: &good}, asked: "golden", status: pipeline.StatusStale, reason: "its state is gone",
			other: source.Verified{Presence: source.Found, Image: &deregistered},
		},
		"on record, and another account may not see it": {
			golden: source.Verified{Presence: source.Found, Image: &good}, asked: "golden", status: pipeline.StatusOK, reason: "not shared",
			other: source.Verified{Presence: source.NotVisible, Reason: "not shared", Evidence: image.Asked},
		},
		"on record, and the service cannot tell": {
			golden: source.Verified{Presence: source.Found, Image: &good}, asked: "golden", status: pipeline.StatusOK, reason: "access denied",
			other: source.Verified{Presence: source.Unknown, Reason: "access denied"},
		},
		"on record, and the service refuses": {
			golden: source.Verified{Presence: source.Found, Image: &good}, asked: "golden", status: pipeline.StatusUnknown, reason: "could not ask: access denied",
			other: source.Verified{Presence: source.Unknown, Reason: "access denied", Evidence: image.Asked},
		},
		"on record, and the service of a source that the pack does not pick from refuses": {
			golden: source.Verified{Presence: source.Found, Image: &good}, asked: "golden", pack: "aws-us-east-1",
			status: pipeline.StatusUnknown, reason: "could not ask: access denied",
			other: source.Verified{Presence: source.Unknown, Reason: "access denied", Evidence: image.Asked},
		},
		"off the record, and the service refuses": {
			golden: source.Verified{Presence: source.NotFound, Reason: "not listed", Evidence: image.Recorded}, asked: "golden",
			status: pipeline.StatusUnknown, reason: "access denied",
			other: source.Verified{Presence: source.Unknown, Reason: "access denied", Evidence: image.Asked},
		},
		"on record, and another record does not have it": {
			golden: source.Verified{Presence: source.Found, Image: &good}, asked: "golden", status: pipeline.StatusOK,
			other: source.Verified{Presence: source.NotFound, Reason: "not listed", Evidence: image.Recorded},
		},
		"on record, and the service could not be asked": {
			golden: source.Verified{Presence: source.Found, Image: &good}, asked: "golden", err: map[string]error{"other": errors.New("expired")},
			status: pipeline.StatusUnknown, reason: "it is on record, and source other could not be asked", failure: "expired",
		},
		"off the record, and the service has it": {
			golden: source.Verified{Presence: source.NotFound, Reason: "not listed", Evidence: image.Recorded},
			other:  source.Verified{Presence: source.Found, Image: &live}, asked: "golden", status: pipeline.StatusOK,
		},
		"one account has it, and another does not": {
			golden: source.Verified{Presence: source.NotFound, Reason: "not here", Evidence: image.Asked},
			other:  source.Verified{Presence: source.Found, Image: &live}, asked: "golden", status: pipeline.StatusOK,
		},
		"asked, and another could not be": {
			golden: source.Verified{Presence: source.Found, Image: &live}, asked: "golden", err: map[string]error{"other": errors.New("expired")},
			status: pipeline.StatusOK, // which another is asked for what speaks against it
		},
		// Selection hears a word against an image of every source that a pack picks from.
		"asked, and another service speaks against it": {
			golden: source.Verified{Presence: source.Found, Image: &live}, other: source.Verified{Presence: source.Found, Image: &liveOld},
			asked: "golden", status: pipeline.StatusStale, reason: "deprecated since",
		},
		"asked, and one that the pack does not pick from speaks against it": {
			golden: source.Verified{Presence: source.Found, Image: &live}, other: source.Verified{Presence: source.Found, Image: &liveOld},
			pack: "aws-us-east-1", asked: "golden", status: pipeline.StatusStale, reason: "deprecated since",
		},
		"asked, and another that packs of other regions alone pick from": {
			golden: source.Verified{Presence: source.Found, Image: &live}, other: source.Verified{Presence: source.Found, Image: &liveOld},
			pack: "golden-us-east-1", only: true, asked: "golden", status: pipeline.StatusOK,
		},
		"asked, and of another system by another": {
			golden: source.Verified{Presence: source.Found, Image: &liveRHEL}, other: source.Verified{Presence: source.Found, Image: &liveUbuntu},
			asked: "golden", status: pipeline.StatusOK,
		},
		"asked and withheld, and another has it": {
			golden: source.Verified{Presence: source.Found, Image: &unoffered}, other: source.Verified{Presence: source.Found, Image: &liveOther},
			asked: "golden", status: pipeline.StatusOK, reason: "source golden would not offer it now: not ours",
		},
		"asked, and another does not have it": {
			golden: source.Verified{Presence: source.Found, Image: &live}, other: source.Verified{Presence: source.NotFound, Reason: "not there", Evidence: image.Asked},
			asked: "golden", status: pipeline.StatusOK,
		},
		"of a source that the spec has no more, and another has it": {
			other: source.Verified{Presence: source.Found, Image: &live}, asked: "nope", status: pipeline.StatusOK,
		},
		"of a source that the spec has no more, and a record does not list it": {
			other: source.Verified{Presence: source.NotFound, Reason: "not listed", Evidence: image.Recorded}, asked: "nope",
			status: pipeline.StatusUnknown, reason: "not listed",
		},
		"of a source that the spec has no more, and another service does not have it": {
			other: source.Verified{Presence: source.NotFound, Reason: "deregistered", Evidence: image.Asked}, asked: "nope",
			status: pipeline.StatusStale, reason: "deregistered",
		},
		"withheld now": {
			golden: source.Verified{Presence: source.Found, Image: &unoffered}, asked: "golden", status: pipeline.StatusOK, reason: "it would not be offered now: not ours",
		},
		"of another system now": {
			golden: source.Verified{Presence: source.Found, Image: &ubuntu}, asked: "golden", status: pipeline.StatusStale, reason: "its OS is ubuntu, and rhel was picked",
		},
		// Selection takes no facts from other sources, so they are not held against a pick.
		"of another system by a source that the pack does not pick from": {
			golden: source.Verified{Presence: source.Found, Image: &picked}, other: source.Verified{Presence: source.Found, Image: &liveUbuntu},
			pack: "aws-us-east-1", asked: "golden", status: pipeline.StatusOK,
		},
		"of another system by such a source, and its own does not answer": {
			err: map[string]error{"golden": errors.New("expired")}, other: source.Verified{Presence: source.Found, Image: &liveUbuntu},
			pack: "aws-us-east-1", asked: "golden", status: pipeline.StatusOK, failure: "expired",
		},
		"deprecated by the service of a source that the pack does not pick from": {
			golden: source.Verified{Presence: source.Found, Image: &picked}, other: source.Verified{Presence: source.Found, Image: &liveOld},
			pack: "aws-us-east-1", asked: "golden", status: pipeline.StatusStale, reason: "deprecated since",
		},
		"asked by the word on the answer alone": {
			golden: source.Verified{Presence: source.Found, Image: &newRecord}, asked: "golden", status: pipeline.StatusStale, reason: "its state is failed",
			other: source.Verified{Presence: source.Found, Image: &failed, Evidence: image.Asked},
		},
		"any source, one service has it, and one could not be asked": {
			err: map[string]error{"golden": errors.New("expired")}, other: source.Verified{Presence: source.Found, Image: &live}, status: pipeline.StatusOK,
		},
		"any source, one unasked": {
			golden: source.Verified{Presence: source.NotFound, Reason: "not here"},
			err:    map[string]error{"other": errors.New("timeout")}, status: pipeline.StatusUnknown, reason: "not here", failure: "timeout",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.pack == "" {
				test.pack = "all"
			}
			if test.other.Presence == "" { // it has nothing to say
				test.other = source.Verified{Presence: source.Unknown, Reason: "in none of its places"}
			}
			fake := &plugins{verified: map[string][]source.Verified{"golden": {test.golden}, "other": {test.other}}, err: test.err}
			for failing := range test.err { // as the host answers
				fake.verified[failing] = []source.Verified{{Presence: source.Unknown, Reason: "the source gave no answer"}}
			}
			p := newPipeline(t, fake)
			p.Document = parsed(t, twoPacks+"  - {name: all, pack: generic-byoi, values: {osName: rhel, osVersion: \"8\"}}\n")
			if test.only {
				p.Document = parsed(t, sourcesOfRegions)
			}
			got, err := p.Verify(t.Context(), fake, []pipeline.Subject{{Pack: test.pack, Source: test.asked, Image: picked}})
			if test.failure == "" && err != nil || test.failure != "" && (err == nil || !strings.Contains(err.Error(), test.failure)) {
				t.Errorf("got error %v, want %q", err, test.failure)
			}
			said := strings.Join(append(got[0].Reasons, got[0].Notes...), "; ")
			if got[0].Status != test.status || !strings.Contains(said, test.reason) {
				t.Errorf("got %s %q, want %s %q", got[0].Status, got[0].Reasons, test.status, test.reason)
			}
		})
	}
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

// A source that a pack does not pick from is asked for what it knows, and its failure
// is not that of the pack.
func TestVerifyBesideAFailingSource(t *testing.T) {
	good := ami("ami-1", "us-east-1", "golden", 1)
	fake := &plugins{
		verified: map[string][]source.Verified{"golden": {{Presence: source.Found, Image: &good}}},
		err:      map[string]error{"other": errors.New("expired")},
	}
	p := newPipeline(t, fake)
	var said []string
	p.Report = func(d source.Diagnostic) { said = append(said, d.Source+": "+d.Summary) }
	got, err := p.Verify(t.Context(), fake, []pipeline.Subject{{Pack: "aws-us-east-1", Source: "golden", Image: good, Notes: []string{"a note"}}})
	if err != nil || got[0].Status != pipeline.StatusOK {
		t.Errorf("got %+v, %v", got, err)
	}
	if diff := cmp.Diff([]string{"other: expired"}, said); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a note"}, got[0].Notes); diff != "" {
		t.Error(diff)
	}
}

// A source without its plugin is one that could not be asked, of whose provider it may be.
func TestVerifyBesideASourceWithoutAPlugin(t *testing.T) {
	recorded, live := ami("ami-1", "us-east-1", "golden", 1), ami("ami-1", "us-east-1", "golden", 1)
	live.Evidence = image.Asked
	for name, test := range map[string]struct {
		has     image.Image
		sources string
		want    pipeline.Status
		told    int
	}{
		"on record": {recorded, "", pipeline.StatusUnknown, 0}, "asked": {live, "", pipeline.StatusOK, 0},
		"on record, of a pack that does not pick from it": {recorded, ", sources: [golden]", pipeline.StatusOK, 1},
	} {
		fake := &plugins{
			verified: map[string][]source.Verified{"golden": {{Presence: source.Found, Image: &test.has}}},
			find:     map[string]error{"aws": errors.New("no plugin")},
		}
		p := newPipeline(t, fake)
		p.Document = parsed(t, `
apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources: [{name: golden, type: fake, config: {path: a}}, {name: cloud, type: aws}]
packs: [{name: p, pack: generic-byoi, select: {region: us-east-1}`+test.sources+`}]
`)
		told := 0
		p.Report = func(source.Diagnostic) { told++ }
		got, err := p.Verify(t.Context(), fake, []pipeline.Subject{{Pack: "p", Source: "golden", Image: test.has}})
		if got[0].Status != test.want || (err != nil) != (test.want == pipeline.StatusUnknown) || told != test.told {
			t.Errorf("%s: got %s %q, %v, told %d", name, got[0].Status, got[0].Reasons, err, told)
		}
	}
}

// What is only on record is asked for, of the sources that answered in the run, and not
// picked when a service does not have it, or speaks against it.
func TestPicksAreStillThere(t *testing.T) {
	const spec = `
apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources:
  - {name: manifest, type: fake, config: {path: a}}
  - {name: cloud, type: fake, config: {path: b}}
packs:
  - {name: both, pack: generic-byoi, select: {region: us-east-1}}
  - {name: record, pack: generic-byoi, sources: [manifest], select: {region: us-east-1}}
`
	newest, second, third := ami("ami-3", "us-east-1", "manifest", 3), ami("ami-2", "us-east-1", "manifest", 2), ami("ami-1", "us-east-1", "cloud", 1)
	newest.Evidence, second.Evidence, third.Evidence = image.Recorded, image.Recorded, image.Asked
	absent := source.Verified{Presence: source.NotFound, Reason: "deregistered", Evidence: image.Asked}
	here := source.Verified{Presence: source.Found, Image: &third}
	unknown := source.Verified{Presence: source.Unknown, Reason: "expired"}
	but := func(change func(*image.Image)) source.Verified {
		img := ami("ami-3", "us-east-1", "", 3)
		change(&img)
		return source.Verified{Presence: source.Found, Image: &img, Evidence: image.Asked}
	}
	disabled := but(func(i *image.Image) { i.State = image.Disabled })
	deprecated := but(func(i *image.Image) { i.DeprecatedAt = i.CreatedAt })
	ended := but(func(i *image.Image) { i.EndOfLifeAt = i.CreatedAt })
	excluded := but(func(i *image.Image) { i.ExcludedFromLatest = true })
	unsure := but(func(i *image.Image) { i.State, i.StateReason = image.StateUnset, "no word" })
	recorded := disabled
	recorded.Evidence = image.Recorded
	for name, test := range map[string]struct {
		cloud []source.Verified // for the pick, then for all on record
		packs []string
		want  []string
		fails error
		told  string // of each pick
		all   bool   // AskUnused
	}{
		"still there":            {[]source.Verified{here, here}, nil, []string{"ami-3", "ami-3"}, nil, "", false},
		"gone":                   {[]source.Verified{absent, here}, nil, []string{"ami-2", "ami-2"}, nil, "", false},
		"both gone":              {[]source.Verified{absent, absent}, nil, []string{"ami-1", ""}, nil, "", false},
		"disabled":               {[]source.Verified{disabled, here}, nil, []string{"ami-2", "ami-2"}, nil, "", false},
		"deprecated":             {[]source.Verified{deprecated, here}, nil, []string{"ami-2", "ami-2"}, nil, "", false},
		"at its end":             {[]source.Verified{ended, disabled}, nil, []string{"ami-1", ""}, nil, "", false},
		"excluded":               {[]source.Verified{excluded, absent}, nil, []string{"ami-1", ""}, nil, "", false},
		"a record says":          {[]source.Verified{recorded, absent}, nil, []string{"ami-3", "ami-3"}, nil, "", false},
		"cannot tell":            {[]source.Verified{unknown, unknown}, nil, []string{"ami-3", "ami-3"}, nil, "could not be asked: expired", false},
		"cannot be asked":        {[]source.Verified{unknown, unknown}, nil, []string{"ami-3", "ami-3"}, errors.New("throttled"), "could not be asked: throttled", false},
		"in which state":         {[]source.Verified{unsure, here}, []string{"both"}, []string{"ami-3"}, nil, "whether the image is available is not known: no word", false},
		"in which, by another":   {[]source.Verified{unsure, here}, []string{"record"}, []string{"ami-3"}, nil, "whether the image is available is not known: no word", true},
		"of another run":         {[]source.Verified{absent, absent}, []string{"record"}, []string{"ami-3"}, nil, "", false},
		"of no other run":        {[]source.Verified{absent, here}, []string{"record"}, []string{"ami-2"}, nil, "", true},
		"of a run that it fails": {[]source.Verified{unknown, unknown}, []string{"record"}, []string{"ami-3"}, errors.New("throttled"), "could not be asked: throttled", true},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &plugins{
				results:  map[string]source.Result{"manifest": {Images: []image.Image{second, newest}}, "cloud": {Images: []image.Image{third}}},
				byID:     map[string]source.Verified{"ami-3": test.cloud[0], "ami-2": test.cloud[1]},
				verified: map[string][]source.Verified{}, err: map[string]error{"cloud": test.fails},
			}
			p := newPipeline(t, fake)
			p.Document, p.AskUnused = parsed(t, spec), test.all
			picks, _, err := p.Picks(t.Context(), packs(t, p, test.packs...))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, pick := range picks {
				id := ""
				if pick.Image != nil {
					id = pick.Image.ID
				}
				got = append(got, id)
				notes := strings.Join(pick.Notes(), "; ")
				if !strings.Contains(notes, test.told) || test.told == "" && strings.Contains(notes, "only on record") {
					t.Errorf("got notes %q, want %q", notes, test.told)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Where the service failed before it could be asked, that is told of every pick that is
// only on record, whichever packs pick from it.
func TestPicksThatAFailedServiceKnows(t *testing.T) {
	newest := ami("ami-3", "us-east-1", "golden", 3)
	newest.Evidence = image.Recorded
	for name, fake := range map[string]*plugins{
		"fails":         {results: map[string]source.Result{"other": {Err: errors.New("throttled")}}},
		"has no plugin": {results: map[string]source.Result{}, find: map[string]error{"cloud": errors.New("no plugin")}},
	} {
		fake.results["golden"] = source.Result{Images: []image.Image{newest}}
		p := newPipeline(t, fake)
		p.AllowPartial = true
		p.Document = parsed(t, strings.Replace(twoPacks, "{name: other, type: fake", "{name: other, type: cloud", 1))
		picks, _, err := p.Picks(t.Context(), packs(t, p))
		if err != nil {
			t.Fatal(err)
		}
		if notes := picks[0].Notes(); picks[0].Image == nil || !slices.ContainsFunc(notes, func(n string) bool {
			return strings.Contains(n, "only on record") && strings.Contains(n, "source other failed")
		}) {
			t.Errorf("%s: got notes %q", name, notes)
		}
	}
}

// Of two outputs of one build the one that is left is the pick.
func TestChoicesAreStillThere(t *testing.T) {
	one, two := ami("ami-1", "us-east-1", "golden", 1), ami("ami-2", "us-east-1", "golden", 2)
	for _, img := range []*image.Image{&one, &two} {
		img.Evidence, img.Reference = image.Recorded, &image.Reference{Kind: "packer-run-uuid", Value: "u"}
	}
	fake := &plugins{
		results: map[string]source.Result{"golden": {Images: []image.Image{one, two}}, "other": {}},
		byID: map[string]source.Verified{
			"ami-1": {Presence: source.Found, Image: &one, Evidence: image.Asked}, "ami-2": {Presence: source.NotFound, Evidence: image.Asked},
		},
		verified: map[string][]source.Verified{},
	}
	p := newPipeline(t, fake)
	picks, _, err := p.Picks(t.Context(), packs(t, p))
	if err != nil || picks[0].Image == nil || picks[0].Image.ID != "ami-1" {
		t.Errorf("got %+v, %v", picks[0].Err, err)
	}
}

// What is stale is not offered in its own place, and a pack that the spec has no more
// keeps nothing from the others.
func TestNearest(t *testing.T) {
	fake := withImages()
	p := newPipeline(t, fake)
	stale := func(pack string, img image.Image) pipeline.Verification {
		return pipeline.Verification{Subject: pipeline.Subject{Pack: pack, Source: img.Source, Image: img}, Status: pipeline.StatusStale}
	}
	verified := []pipeline.Verification{
		stale("aws-us-east-1", ami("ami-0123456789abcdef1", "us-east-1", "golden", 2)), stale("removed", ami("ami-1", "us-east-1", "golden", 1)),
		stale("single", ami("ami-0123456789abcdef3", "us-east-1", "other", 1)),
	}
	if err := p.Nearest(t.Context(), verified); err != nil {
		t.Fatal(err)
	}
	if near := verified[0].Nearest; near == nil || near.ID != "ami-0123456789abcdef0" {
		t.Errorf("got %+v", near)
	}
	if verified[1].Nearest != nil || verified[2].Nearest != nil {
		t.Errorf("got %+v, %+v", verified[1].Nearest, verified[2].Nearest)
	}
	fake.requests = nil
	if err := p.Nearest(t.Context(), verified[1:2]); err != nil || fake.requests != nil {
		t.Errorf("where nothing of the spec is stale, %v was asked, %v", fake.requests, err)
	}
}

// What is nearest is what would be picked by all that the sources of the spec say.
func TestNearestHearsAllSources(t *testing.T) {
	fake := withImages()
	gone := ami("ami-0123456789abcdef0", "us-east-1", "other", 1)
	gone.State, gone.Evidence = image.Gone, image.Asked
	fake.results["other"] = source.Result{Images: []image.Image{gone}}
	verified := []pipeline.Verification{{
		Subject: pipeline.Subject{Pack: "aws-us-east-1", Source: "golden", Image: ami("ami-0123456789abcdef1", "us-east-1", "golden", 2)}, Status: pipeline.StatusStale,
	}}
	if err := newPipeline(t, fake).Nearest(t.Context(), verified); err != nil {
		t.Fatal(err)
	}
	if near := verified[0].Nearest; near != nil {
		t.Errorf("got %s, which is gone", near.ID)
	}
}

// What only became another than was picked is picked again, and nothing is nearer.
func TestNearestOfWhatChanged(t *testing.T) {
	fake := withImages()
	p := newPipeline(t, fake)
	picked := ami("ami-0123456789abcdef1", "us-east-1", "golden", 2)
	picked.OS = image.OS{Name: "rhel", Version: "7"}
	now := picked
	now.OS.Version = "8"
	disabled := now
	disabled.State = image.Disabled
	for name, test := range map[string]struct {
		says  source.Verified
		want  string
		other source.Verified
	}{
		"usable":                      {source.Verified{Presence: source.Found, Evidence: image.Asked, Image: &now}, picked.ID, source.Verified{}},
		"disabled as well":            {source.Verified{Presence: source.Found, Evidence: image.Asked, Image: &disabled}, "ami-0123456789abcdef0", source.Verified{}},
		"the record of another build": {source.Verified{Presence: source.NotFound, Evidence: image.Recorded, Reason: "run 1 is not listed"}, picked.ID, source.Verified{}},
		"gone, by the service":        {source.Verified{Presence: source.NotFound, Evidence: image.Asked}, "ami-0123456789abcdef0", source.Verified{}},
		"not visible":                 {source.Verified{Presence: source.NotVisible, Reason: "it is not shared"}, "ami-0123456789abcdef0", source.Verified{}},
		"off its record, and on another": {
			source.Verified{Presence: source.NotFound, Evidence: image.Recorded}, picked.ID, source.Verified{Presence: source.Found, Image: &now, Evidence: image.Recorded},
		},
	} {
		if test.other.Presence == "" { // it has nothing to say
			test.other.Presence = source.Unknown
		}
		fake.verified = map[string][]source.Verified{"golden": {test.says}, "other": {test.other}}
		verified, err := p.Verify(t.Context(), fake, []pipeline.Subject{{Pack: "aws-us-east-1", Source: "golden", Image: picked}})
		if err != nil || verified[0].Status != pipeline.StatusStale {
			t.Fatalf("%s: got %+v, %v", name, verified, err)
		}
		if err := p.Nearest(t.Context(), verified); err != nil {
			t.Fatal(err)
		}
		if near := verified[0].Nearest; near == nil || near.ID != test.want {
			t.Errorf("%s: got %+v, want %s", name, near, test.want)
		}
	}
}

// Sources learn which regions packs select, and where the image was found is told.
func TestVerifyOfAnIDWithoutARegion(t *testing.T) {
	found := ami("ami-1", "eu-west-1", "golden", 1)
	fake := &plugins{verified: map[string][]source.Verified{
		"golden": {{Presence: source.Found, Image: &found}}, "other": {{Presence: source.NotFound}},
	}}
	p := newPipeline(t, fake)
	got, err := p.Verify(t.Context(), fake, []pipeline.Subject{{Image: image.Image{ID: "ami-1", Provider: "aws"}}})
	if err != nil || got[0].Status != pipeline.StatusOK || got[0].Image.Region != "eu-west-1" {
		t.Errorf("%+v, %v", got, err)
	}
	if diff := cmp.Diff([]string{"eu-west-1", "us-east-1"}, fake.regions["golden"]); diff != "" {
		t.Errorf("regions (-want +got):\n%s", diff)
	}
}

// regional is plugins of which other says nothing for sure of an id without a region.
type regional struct {
	*plugins
	says source.Verified
}

func (r *regional) Verify(ctx context.Context, request source.VerifyRequest) ([]source.Verified, []source.Diagnostic, error) {
	if request.Source != "other" {
		return r.plugins.Verify(ctx, request)
	}
	verified := make([]source.Verified, len(request.Refs))
	for i, ref := range request.Refs {
		verified[i] = source.Verified{Presence: source.NotFound, Reason: "not in us-east-1, the only region that was asked"}
		if ref.Region == "eu-west-1" {
			verified[i] = r.says
		}
	}
	return verified, nil, nil
}

// The region that a record tells of an id is one to ask the service for.
func TestVerifyOfAnIDWhoseRegionIsOnRecord(t *testing.T) {
	record, live := ami("ami-1", "eu-west-1", "golden", 1), ami("ami-1", "eu-west-1", "other", 1)
	live.Evidence = image.Asked
	for name, test := range map[string]struct {
		says source.Verified
		want pipeline.Status
	}{
		"there": {source.Verified{Presence: source.Found, Image: &live}, pipeline.StatusOK},
		"gone":  {source.Verified{Presence: source.NotFound, Evidence: image.Asked}, pipeline.StatusStale},
	} {
		fake := &regional{&plugins{verified: map[string][]source.Verified{"golden": {{Presence: source.Found, Image: &record, Evidence: image.Recorded}}}}, test.says}
		p := newPipeline(t, fake.plugins)
		p.Plugins = fake
		subjects := []pipeline.Subject{{Image: image.Image{ID: "ami-1", Provider: "aws"}}}
		got, err := p.Verify(t.Context(), fake, subjects)
		if err != nil || got[0].Status != test.want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
		if subjects[0].Image.Region != "" {
			t.Errorf("%s: what was asked for became one in %s", name, subjects[0].Image.Region)
		}
	}
}

// A source of another provider, which need not have its credentials here, has nothing to
// say of an id; where no source is of the provider that an id looks like, all are asked.
func TestVerifyOfAnIDAsksItsProvider(t *testing.T) {
	recorded := ami("ami-1", "us-east-1", "golden", 1)
	for provider, test := range map[string]struct {
		status pipeline.Status
		fails  bool
	}{"aws": {pipeline.StatusOK, false}, "vsphere": {pipeline.StatusUnknown, true}, "": {pipeline.StatusUnknown, true}} {
		fake := &plugins{
			verified: map[string][]source.Verified{"golden": {{Presence: source.Found, Image: &recorded}}},
			err:      map[string]error{"other": errors.New("no credentials")}, provider: map[string]string{"azure": "azure"},
		}
		p := newPipeline(t, fake)
		p.Document = parsed(t, strings.Replace(twoPacks, "{name: other, type: fake", "{name: other, type: azure", 1))
		got, err := p.Verify(t.Context(), fake, []pipeline.Subject{{Image: image.Image{ID: "ami-1", Provider: provider}}})
		if got[0].Status != test.status || (err != nil) != test.fails {
			t.Errorf("%q: got %s %q, %v", provider, got[0].Status, got[0].Reasons, err)
		}
		delete(fake.regions, "other")
		if _, err := p.Verify(t.Context(), fake, []pipeline.Subject{{Source: "golden", Image: recorded}}); err != nil || fake.regions["other"] != nil {
			t.Errorf("of a picked image, a source of another provider is asked: %v", err)
		}
	}
}

// That the plugin of one source is missing keeps no other from being asked.
func TestVerifyOfAnIDBesideASourceWithoutAPlugin(t *testing.T) {
	live := ami("ami-1", "us-east-1", "golden", 1)
	live.Evidence = image.Asked
	recorded := ami("ami-1", "us-east-1", "golden", 1)
	for provider, tests := range map[string]map[*image.Image]pipeline.Status{
		"aws": {&live: pipeline.StatusOK, &recorded: pipeline.StatusUnknown}, "": {&live: pipeline.StatusOK, &recorded: pipeline.StatusUnknown},
	} {
		for img, want := range tests {
			fake := &plugins{
				verified: map[string][]source.Verified{"golden": {{Presence: source.Found, Image: img}}},
				find:     map[string]error{"azure": errors.New("no plugin")},
			}
			p := newPipeline(t, fake)
			p.Document = parsed(t, strings.Replace(twoPacks, "{name: other, type: fake", "{name: other, type: azure", 1))
			got, err := p.Verify(t.Context(), fake, []pipeline.Subject{{Image: image.Image{ID: "ami-1", Provider: provider}}})
			if got[0].Status != want || (err != nil) != (want == pipeline.StatusUnknown) {
				t.Errorf("%q, %s: got %s %q, %v", provider, img.Evidence, got[0].Status, got[0].Reasons, err)
			}
		}
	}
}

// Sources are asked at the same time; what they say comes one at a time, in the
// order of the spec, whoever answers first.
func TestVerifyReportsInTheOrderOfTheSpec(t *testing.T) {
	ready := ami("ami-1", "us-east-1", "", 1)
	failed := ready
	failed.State = image.Failed
	otherAsked := make(chan struct{})
	fake := &plugins{
		verified: map[string][]source.Verified{
			"golden": {{Presence: source.Found, Image: &ready}},
			"other":  {{Presence: source.Found, Image: &failed}},
		},
		err:   map[string]error{"golden": errors.New("golden broke"), "other": errors.New("and other broke")},
		says:  map[string]string{"golden": "golden says", "other": "other says"},
		after: map[string]chan struct{}{"golden": otherAsked},
		asked: map[string]chan struct{}{"other": otherAsked},
	}
	p := newPipeline(t, fake)
	var said []string
	p.Report = func(d source.Diagnostic) { said = append(said, d.Summary) }
	got, err := p.Verify(t.Context(), fake, []pipeline.Subject{{Image: ready}})
	if diff := cmp.Diff([]string{"golden says", "other says"}, said); diff != "" {
		t.Error(diff)
	}
	if got[0].Status != pipeline.StatusStale {
		t.Errorf("what speaks against an image does not count: %+v", got[0])
	}
	if err == nil || strings.Index(err.Error(), "golden broke") > strings.Index(err.Error(), "and other broke") {
		t.Errorf("failures are not in the order of the spec: %v", err)
	}
}
