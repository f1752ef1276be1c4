package pipeline_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

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
