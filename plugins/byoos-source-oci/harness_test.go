package main

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/registry"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/waits"
)

// now is the host's clock in tests.
func now() time.Time { return time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC) }

// recorder keeps what a plugin sends.
type recorder struct {
	mu          sync.Mutex
	images      []sdk.Image
	results     []sdk.Result
	diagnostics []sdk.Diagnostic
}

func (r *recorder) Images(images ...sdk.Image) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.images = append(r.images, images...)
	return nil
}

func (r *recorder) Results(results ...sdk.Result) error {
	r.results = append(r.results, results...)
	return nil
}

func (r *recorder) Progress(int64, int64, string) error { return nil }

func (r *recorder) Report(d sdk.Diagnostic) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.diagnostics = append(r.diagnostics, d)
	return nil
}

// text is everything that a user could read of an answer.
func (r *recorder) text() string {
	var out strings.Builder
	for _, d := range r.diagnostics {
		out.WriteString(strings.Join([]string{d.Summary, d.Detail, d.NextStep, d.ConfigPath, d.Scope}, "\n") + "\n")
	}
	for _, res := range r.results {
		out.WriteString(res.Reason + "\n")
	}
	return out.String()
}

// find returns the image of a tag and an architecture.
func (r *recorder) find(t *testing.T, tagName, architecture string) sdk.Image {
	t.Helper()
	for _, img := range r.images {
		if img.Name == tagName && img.Architecture == architecture {
			return img
		}
	}
	t.Fatalf("no image %s for %q; diagnostics:\n%s", tagName, architecture, r.text())
	return sdk.Image{}
}

// call is one request as a test writes it.
type call struct {
	config   config
	hints    sdk.Hints
	settings map[string]any
	// ids are what the host wants read.
	ids []string
	// maxListed is how many tags make a list long; 0 is as many as in earnest.
	maxListed int
	// env and home are the user's; the default home is empty.
	env  map[string]string
	home string
	// clock is of waits that are noted and not waited.
	clock *waits.Clock
}

func (c call) source(t testing.TB) source {
	home := c.home
	if home == "" {
		home = t.TempDir()
	}
	if c.clock == nil {
		c.clock = &waits.Clock{}
	}
	return source{env: environment{
		clock:           registry.Clock{Now: c.clock.Now, Wait: c.clock.Wait},
		getenv:          func(key string) string { return c.env[key] },
		home:            home,
		certificateDirs: []string{filepath.Join(home, "certs.d")},
	}}
}

// discover answers a call; an error that ends it becomes a diagnostic, as in the
// SDK.
func discover(t testing.TB, c call) *recorder {
	t.Helper()
	out := &recorder{}
	d, err := c.source(t).discovery(sdk.DiscoverRequest[config]{
		Source: "edge", Config: c.config, Now: now(),
		Hints: c.hints, IDs: c.ids, UserSettings: c.settings, Secrets: &sdk.Secrets{},
	}, out)
	if err == nil {
		d.maxListed = cmp.Or(c.maxListed, d.maxListed)
		err = d.run(context.Background())
	}
	if err != nil {
		_ = out.Report(*diagnose(err, "", "edge"))
	}
	for _, img := range out.images {
		if img.Evidence != sdk.Asked || img.ExcludedFromLatest {
			t.Errorf("%s: evidence %v, excluded from latest: %v", img.ID, img.Evidence, img.ExcludedFromLatest)
		}
	}
	return out
}

func verify(t testing.TB, c call, refs ...sdk.Ref) *recorder {
	t.Helper()
	out := &recorder{}
	err := c.source(t).verify(context.Background(), sdk.VerifyRequest[config]{
		Source: "edge", Config: c.config, Now: now(), Refs: refs, UserSettings: c.settings, Secrets: &sdk.Secrets{},
	}, out)
	if err != nil {
		_ = out.Report(*diagnose(err, "", "edge"))
	}
	for _, r := range out.results {
		if asked := r.Presence != sdk.Unknown; asked != (r.Evidence == sdk.Asked) || r.Image != nil && r.Image.Evidence != sdk.Asked {
			t.Errorf("%s: presence %v, evidence %v", r.Ref.ID, r.Presence, r.Evidence)
		}
	}
	return out
}

// clean fails the test when anything was reported.
func clean(t testing.TB, r *recorder) *recorder {
	t.Helper()
	if len(r.diagnostics) > 0 {
		t.Fatalf("diagnostics:\n%s", r.text())
	}
	return r
}

// says fails the test unless exactly one diagnostic was reported, with all parts.
func says(t testing.TB, r *recorder, parts ...string) {
	t.Helper()
	if len(r.diagnostics) != 1 {
		t.Fatalf("%d diagnostics, want 1:\n%s", len(r.diagnostics), r.text())
	}
	for _, part := range parts {
		if !strings.Contains(r.text(), part) {
			t.Errorf("%q is missing in:\n%s", part, r.text())
		}
	}
}

func names(r *recorder) []string {
	var all []string
	for _, img := range r.images {
		all = append(all, strings.TrimSpace(img.Name+" "+img.Architecture))
	}
	slices.Sort(all)
	return all
}
