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

func latest(t *testing.T, text string) (*Manifest, error) {
	t.Helper()
	return Latest(context.Background(), strings.NewReader(text), int64(len(text)), nil)
}

func TestLatest(t *testing.T) {
	web := Build{
		Name: "web", BuilderType: "amazon-ebs", BuildTime: time.Unix(1700009999, 0).UTC(),
		Files: []File{{Name: "a.vmdk", Size: 12}}, ArtifactID: "us-east-1:ami-0ccc", RunUUID: newRun,
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
		{`"build_time": 9223372036854775807,`, time.Time{}},
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

// broken is a text that is no manifest, and the error; want may be empty where it is the
// JSON decoder's.
type broken struct {
	name, text string
	kind       Kind
	want       string
}

func checkBroken(t *testing.T, tests []broken) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := latest(t, tt.text)
			var failure *Error
			if !errors.As(err, &failure) {
				t.Fatalf("got %+v, %v, want an *Error", m, err)
			}
			if failure.Kind != tt.kind {
				t.Errorf("kind %v, want %v (%v)", failure.Kind, tt.kind, err)
			}
			if tt.want != "" && err.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
		})
	}
}

func TestNotAManifest(t *testing.T) {
	checkBroken(t, []broken{
		{"empty file", "", Truncated, "line 1 (byte 0): the file is empty"},
		{"white space only", "\n\n", Truncated, "line 3 (byte 2): the file ends in the middle of its JSON"},
		{"not JSON", "builds:\n- name: a\n", Syntax, "line 1 (byte 0): invalid character 'b' looking for beginning of value"},
		{"array", "[]", NotManifest, "line 1 (byte 0): the file holds an array, not an object"},
		{"string", `"x"`, NotManifest, "line 1 (byte 0): the file holds a string, not an object"},
		{"null", `null`, NotManifest, "line 1 (byte 0): the file holds null, not an object"},
		{"number", `12`, NotManifest, "line 1 (byte 0): the file holds a number, not an object"},
		{"web app manifest", `{"short_name": "x", "icons": []}`, NotManifest, `line 1 (byte 0): the object has no "builds"`},
		{"UTF-16 with mark", "\xff\xfe{\x00}\x00", Encoding, "line 1 (byte 0): the file is UTF-16, not UTF-8"},
		{"UTF-16 big endian", "\x00{\x00}", Encoding, "line 1 (byte 0): the file is UTF-16, not UTF-8"},
		{"two documents", "{\"builds\": []}\n{\"builds\": []}", Trailing, "line 1 (byte 14): there is more after the end of the manifest"},
		{"builds is an object", "{\n\"builds\": {}}", Shape, `line 2 (byte 10): "builds" is an object, not an array`},
		{"trailing comma", "{\"builds\": [\n{\"builder_type\": \"x\"},\n]}", Syntax, ""},
		{"missing comma", `{"builds": [] "last_run_uuid": ""}`, Syntax, ""},
		{"huge value", `{"x": "` + strings.Repeat("x", maxBuild+600<<10) + `", "builds": []}`, Shape, "line 1 (byte 6): x is larger than 16 MiB"},
	})
}

func TestBuildsOfAnotherShape(t *testing.T) {
	checkBroken(t, []broken{
		{
			"build is a string", "{\"builds\": [\n\"x\"]}", Shape,
			"line 2 (byte 15): builds[0] is a JSON string, not an object",
		},
		{
			"build of something else", "{\"builds\": [\n{\"id\": 1}]}", Shape,
			"line 2 (byte 13): builds[0] has neither builder_type nor artifact_id",
		},
		{
			"artifact_id is a number", "{\"builds\": [\n{\"builder_type\": \"x\",\n\"artifact_id\": 12}]}", Shape,
			"line 3 (byte 51): builds[0].artifact_id is a JSON number, not a string",
		},
		{
			"custom_data value is a number",
			"{\"builds\": [\n{\"builder_type\": \"x\", \"custom_data\": {\"a\": 1}}], \"last_run_uuid\": \"\"}", Shape,
			"line 2 (byte 13): builds[0]: custom_data.a is not a string",
		},
		{
			"last_run_uuid is a number", "{\"builds\": [],\n\"last_run_uuid\": 5}", Shape,
			"line 2 (byte 32): last_run_uuid is a JSON number, not a string",
		},
		{
			"syntax deep inside", "{\"builds\": [\n{\"builder_type\": \"x\"},\n{\"builder_type\" \"y\"}]}", Syntax,
			"line 3 (byte 52): invalid character '\"' after object key",
		},
	})
}

func TestKeysThatStandTwice(t *testing.T) {
	checkBroken(t, []broken{
		{"builds twice", "{\"builds\": [],\n\"builds\": []}", Shape, `line 2 (byte 15): "builds" stands twice`},
		{"builds twice in another case", "{\"builds\": [],\n\"BUILDS\": []}", Shape, `line 2 (byte 15): "BUILDS" stands twice, once as "builds"`},
		{"last run twice", `{"last_run_uuid": "a", "builds": [], "last_run_uuid": "b"}`, Shape, `line 1 (byte 37): "last_run_uuid" stands twice`},
		{"a letter that folds", `{"builds": [], "build\u017f": []}`, Shape, `line 1 (byte 15): "buildſ" stands twice, once as "builds"`},
		{
			"a key of a build twice", "{\"builds\": [\n{\"builder_type\": \"x\", \"Artifact_ID\": \"a\", \"artifact_id\": \"b\"}]}", Shape,
			`line 2 (byte 13): builds[0]: "artifact_id" stands twice, once as "Artifact_ID"`,
		},
		{
			"a key of custom_data twice", `{"builds": [{"builder_type": "x", "custom_data": {"os": "{\",", "a": "", "o\u0073": "b"}}]}`, Shape,
			`line 1 (byte 12): builds[0]: custom_data.os stands twice`,
		},
	})
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

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Latest(ctx, strings.NewReader(twoRuns), int64(len(twoRuns)), nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// TestLarge reads 20 MB of old runs in a memory that does not depend on it.
func TestLarge(t *testing.T) {
	file := manifesttest.Generate(20 << 20)
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	before, peak, steps := stats.HeapAlloc, uint64(0), 0
	m, err := Latest(context.Background(), file, file.Size(), func(int64) {
		runtime.ReadMemStats(&stats)
		peak = max(peak, stats.HeapAlloc)
		steps++
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Builds) != 1 || m.Builds[0].RunUUID != m.LastRun {
		t.Errorf("%d builds of %d", len(m.Builds), m.Total)
	}
	if steps < 2 {
		t.Errorf("progress reported %d times", steps)
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
				m, err := Latest(context.Background(), file, file.Size(), nil)
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
		m, err := Read(context.Background(), bytes.NewReader(data), int64(len(data)), All, nil)
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
		current, err := Latest(context.Background(), bytes.NewReader(data), int64(len(data)), nil)
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
		got, err := Latest(context.Background(), shortReads{strings.NewReader(twoRuns), random}, int64(len(twoRuns)), nil)
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
