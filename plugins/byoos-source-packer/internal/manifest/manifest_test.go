package manifest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/manifest/manifesttest"
)

const (
	oldRun = "aaaaaaaa-0000-0000-0000-000000000001"
	newRun = "bbbbbbbb-0000-0000-0000-000000000002"
)

const twoRuns = `{
  "builds": [
    {"name": "web", "builder_type": "amazon-ebs", "build_time": 1700000000, "files": null,
     "artifact_id": "us-east-1:ami-0aaa", "packer_run_uuid": "` + oldRun + `", "custom_data": {"os": "rhel"}},
    {"name": "db", "builder_type": "amazon-ebs", "build_time": 1700000000, "files": null,
     "artifact_id": "us-east-1:ami-0bbb", "packer_run_uuid": "` + oldRun + `", "custom_data": null},
    {"name": "web", "builder_type": "amazon-ebs", "build_time": 1700009999,
     "files": [{"name": "a.vmdk", "size": 12}],
     "artifact_id": "us-east-1:ami-0ccc", "packer_run_uuid": "` + newRun + `", "custom_data": {"os": "rhel", "empty": ""}}
  ],
  "last_run_uuid": "` + newRun + `"
}`

func silent(int64) {}

func latest(t *testing.T, text string) (*Manifest, error) {
	t.Helper()
	return Latest(context.Background(), strings.NewReader(text), int64(len(text)), silent)
}

func TestLatest(t *testing.T) {
	web := Build{
		Name: "web", BuilderType: "amazon-ebs", BuildTime: time.Unix(1700009999, 0).UTC(),
		ArtifactID: "us-east-1:ami-0ccc", RunUUID: newRun,
		CustomData: map[string]string{"os": "rhel", "empty": ""},
	}
	want := &Manifest{
		Builds: []Build{web}, Total: 3, LastRun: newRun, Kept: map[string]bool{"web": true},
		Others: []Output{{"db", "amazon-ebs", "us-east-1"}}, Runs: []string{oldRun, newRun},
	}
	variants := map[string]string{
		"as Packer writes it":     twoRuns,
		"CRLF":                    strings.ReplaceAll(twoRuns, "\n", "\r\n"),
		"UTF-8 byte order mark":   "\ufeff" + twoRuns,
		"trailing white space":    twoRuns + "\n\n  ",
		"unknown keys":            strings.Replace(twoRuns, `"builds"`, `"future": [{"a": {}}], "builds"`, 1),
		"last run first":          `{"last_run_uuid": "` + newRun + `",` + strings.Replace(twoRuns[1:], `"last_run_uuid"`, `"x"`, 1),
		"a decoy key in the tail": twoRuns[:len(twoRuns)-1] + `, "note": {"last_run_uuid": "` + oldRun + `"}}`,
		"far from the tail":       twoRuns[:len(twoRuns)-1] + `, "pad": "` + strings.Repeat("x", 10000) + `"}`,
	}
	for name, text := range variants {
		t.Run(name, func(t *testing.T) {
			got, err := latest(t, text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Latest (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLatestWithoutLastRun(t *testing.T) {
	for name, text := range map[string]string{
		"absent": strings.Replace(twoRuns, `"last_run_uuid"`, `"other"`, 1),
		"empty":  strings.Replace(twoRuns, `"last_run_uuid": "`+newRun, `"last_run_uuid": "`, 1),
		"null":   strings.Replace(twoRuns, `"last_run_uuid": "`+newRun+`"`, `"last_run_uuid": null`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			m, err := latest(t, text)
			if err != nil {
				t.Fatal(err)
			}
			if !m.LastRunAssumed || m.LastRun != newRun || len(m.Builds) != 1 {
				t.Errorf("assumed %v, last run %q, %d builds", m.LastRunAssumed, m.LastRun, len(m.Builds))
			}
		})
	}
}

func TestBuildTime(t *testing.T) {
	tests := []struct {
		field string
		want  time.Time
	}{
		{`"build_time": 1700000000,`, time.Unix(1700000000, 0).UTC()},
		{``, time.Time{}}, // strip_time
		{`"build_time": 0,`, time.Time{}},
		{`"build_time": -5,`, time.Time{}},
		{`"build_time": 1,`, time.Unix(1, 0).UTC()},
		{`"build_time": 253402300799,`, time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
		{`"build_time": 253402300800,`, time.Time{}},
	}
	for _, tt := range tests {
		m, err := latest(t, `{"builds": [{`+tt.field+`"name": "a", "builder_type": "null", "artifact_id": "Null"}]}`)
		if err != nil {
			t.Fatalf("%s: %v", tt.field, err)
		}
		if got := m.Builds[0].BuildTime; !got.Equal(tt.want) {
			t.Errorf("%s: got %v, want %v", tt.field, got, tt.want)
		}
	}
}

func TestNoBuilds(t *testing.T) {
	for _, text := range []string{`{"builds": []}`, `{"builds": null, "last_run_uuid": ""}`} {
		m, err := latest(t, text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if m.Total != 0 || len(m.Builds) != 0 {
			t.Errorf("%s: got %+v", text, m)
		}
	}
}

// TestTruncatedAnywhere cuts a manifest at every byte: no prefix of it may be
// taken for a manifest.
func TestTruncatedAnywhere(t *testing.T) {
	for n := range len(twoRuns) {
		m, err := latest(t, twoRuns[:n])
		var failure *Error
		if !errors.As(err, &failure) || failure.Kind != Truncated {
			t.Fatalf("cut at %d: got %+v, %v", n, m, err)
		}
		if failure.Offset > int64(n) || failure.Line > strings.Count(twoRuns[:n], "\n")+1 {
			t.Errorf("cut at %d: place %v", n, err)
		}
	}
}

// TestOddBuilds: what is not needed of a build may be anything, and nothing of one build
// is another's.
func TestOddBuilds(t *testing.T) {
	text := `{"builds": [
		{"name": "a", "builder_type": "x", "build_time": 5, "artifact_id": "i", "packer_run_uuid": "r", "custom_data": {"k": "v", "n": null}, "files": {"odd": 1}},
		{"builder_type": "y", "extra": [{"artifact_id": "j", "name": ["k"]}, {"artifact_id": "j"}], "name": null},
		{"Artifact_ID": "z", "custom_data": null, "files": [{"name": "a", "size": "b"}]}
	]}`
	m, err := Read(context.Background(), strings.NewReader(text), int64(len(text)), All, silent)
	if err != nil {
		t.Fatal(err)
	}
	want := []Build{
		{Name: "a", BuilderType: "x", BuildTime: buildTime(5), ArtifactID: "i", RunUUID: "r", CustomData: map[string]string{"k": "v", "n": ""}},
		{BuilderType: "y"}, {ArtifactID: "z"},
	}
	if diff := cmp.Diff(want, m.Builds); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestOthers: of builds that are not kept, there are the outputs of which none was kept.
func TestOthers(t *testing.T) {
	var builds []string
	add := func(name, builder, id, run string) {
		builds = append(builds, fmt.Sprintf(`{"name": %q, "builder_type": %q, "artifact_id": %q, "packer_run_uuid": %q}`, name, builder, id, run))
	}
	read := func(keep Keep) *Manifest {
		text := `{"builds": [` + strings.Join(builds, ",") + `], "last_run_uuid": "new"}`
		m, err := Read(context.Background(), strings.NewReader(text), int64(len(text)), keep, silent)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	add("web", "amazon-ebs", "us-east-1:ami-1, cloudgouv-eu-west-1:ami-2", "1")
	add("web", "azure-arm", "/subscriptions/x", "2")
	add("app", "b", "x", "3")
	add("app", "a", "x", "1")
	add("web", "amazon-ebs", "us-east-1:ami-3", "new")
	add("none", "file", "File", "4")
	add("none", "file", "File", "5")
	m := read(Run("new"))
	want := &Manifest{
		Builds: []Build{{Name: "web", BuilderType: "amazon-ebs", ArtifactID: "us-east-1:ami-3", RunUUID: "new"}},
		Total:  7, LastRun: "new", Kept: map[string]bool{"web": true}, Runs: []string{"3", "1", "new", "4", "5"},
		Others: []Output{{"app", "a", ""}, {"app", "b", ""}, {"none", "file", ""}, {"web", "amazon-ebs", "cloudgouv-eu-west-1"}, {"web", "azure-arm", ""}},
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i := range 2 * maxNames {
		add(fmt.Sprint(i), "file", "File", "old")
	}
	if m := read(Run("none")); len(m.Others) != maxNames {
		t.Errorf("%d others", len(m.Others))
	}
	if m := read(All); len(m.Kept) > maxNames {
		t.Errorf("%d names are kept", len(m.Kept))
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	file := manifesttest.Generate(9 << 20)
	_, err := Latest(ctx, file, file.Size(), func(int64) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("while it is read: %v, want context.Canceled", err)
	}
	_, err = Latest(ctx, strings.NewReader(twoRuns), int64(len(twoRuns)), silent)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// TestLarge reads 17 MB of old runs in a memory that does not depend on it, and once.
func TestLarge(t *testing.T) {
	file := manifesttest.Generate(17 << 20)
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	before, peak := stats.HeapAlloc, uint64(0)
	var told []int64
	m, err := Latest(context.Background(), file, file.Size(), func(done int64) {
		runtime.ReadMemStats(&stats)
		peak = max(peak, stats.HeapAlloc)
		told = append(told, done)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Builds) != 1 || m.Builds[0].RunUUID != m.LastRun {
		t.Errorf("%d builds of %d", len(m.Builds), m.Total)
	}
	if diff := cmp.Diff([]int64{8 << 20, 16 << 20}, told); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	if peak > before+8<<20 {
		t.Errorf("took %d MB", (peak-before)>>20)
	}
}

func BenchmarkLatest(b *testing.B) {
	for _, mb := range []int64{1, 10, 100, 400} {
		b.Run(fmt.Sprintf("%dMB", mb), func(b *testing.B) {
			file := manifesttest.Generate(mb << 20)
			b.SetBytes(file.Size())
			for b.Loop() {
				m, err := Latest(context.Background(), file, file.Size(), silent)
				if err != nil || len(m.Builds) != 1 {
					b.Fatal(m, err)
				}
			}
			var stats runtime.MemStats
			runtime.ReadMemStats(&stats)
			b.ReportMetric(float64(stats.Sys)/(1<<20), "MB-from-system")
		})
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(twoRuns))
	f.Add([]byte("\ufeff{\"builds\": null}"))
	f.Add([]byte(`{"builds": [{"builder_type": "x", "files": [{"name": "a", "size": 1}]}], "BUILDS": []}`))
	f.Add([]byte(`{"builds":[{"builder_type":"a","custom_data":{"a":"b"}},null]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Read(context.Background(), bytes.NewReader(data), int64(len(data)), All, silent)
		var failure *Error
		if err != nil {
			if !errors.As(err, &failure) {
				t.Fatalf("not an *Error: %v", err)
			}
			if failure.Line < 1 || failure.Offset < 0 || failure.Offset > int64(len(data)) {
				t.Fatalf("place out of the file: %v", err)
			}
			return
		}
		// What is accepted is JSON, and the last run is part of the whole.
		if !json.Valid(bytes.TrimPrefix(data, []byte("\ufeff"))) {
			t.Fatalf("accepted what is not JSON: %q", data)
		}
		current, err := Latest(context.Background(), bytes.NewReader(data), int64(len(data)), silent)
		if err != nil {
			t.Fatalf("Latest fails where Read does not: %v", err)
		}
		if len(current.Builds) > len(m.Builds) || current.LastRun != m.LastRun {
			t.Fatalf("last run has %d builds of %d", len(current.Builds), len(m.Builds))
		}
		for _, build := range current.Builds {
			if build.RunUUID != m.LastRun {
				t.Fatalf("stale build %+v", build)
			}
		}
	})
}

// TestSplitReads makes sure that results do not depend on how reads are split.
func TestSplitReads(t *testing.T) {
	want, err := latest(t, twoRuns)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		got, err := Latest(context.Background(), shortReads{strings.NewReader(twoRuns), random}, int64(len(twoRuns)), silent)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	}
}

type shortReads struct {
	io.ReaderAt
	random *rand.Rand
}

func (r shortReads) ReadAt(p []byte, off int64) (int, error) {
	if len(p) > 1 && len(p) < 4096 {
		return r.ReaderAt.ReadAt(p, off) // the tail is wanted whole
	}
	return r.ReaderAt.ReadAt(p[:min(len(p), 1+r.random.IntN(40))], off)
}
