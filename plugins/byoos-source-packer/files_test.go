package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

func TestFiles(t *testing.T) {
	base := filepath.Join(t.TempDir(), "base [1]") // characters of patterns in a folder's name
	one := manifestOf(run1, build("a", "amazon-ebs", "us-east-1:ami-0a1", run1, 1700000000, "null"))
	two := manifestOf(run2, build("b", "amazon-ebs", "us-east-1:ami-0b1", run2, 1700000000, "null"))
	write(t, filepath.Join(base, "packer-manifest.json"), one)
	write(t, filepath.Join(base, "manifest.json"), two)
	write(t, filepath.Join(base, "out", "x-kube-v1", "packer-manifest.json"), two)
	write(t, filepath.Join(base, "out", "y-kube-v1", "packer-manifest.json"), one)
	write(t, filepath.Join(base, "star*.json"), two)
	write(t, filepath.Join(base, "utf16.json"), "\xff\xfe{\x00}\x00")
	write(t, filepath.Join(base, "app.json"), `{"short_name": "x"}`)
	write(t, filepath.Join(base, "text.json"), "builds:\n")
	write(t, filepath.Join(base, "[x].json"), "")
	if err := os.Mkdir(filepath.Join(base, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	write(t, filepath.Join(elsewhere, "m.json"), "x")
	a, b := "us-east-1:ami-0a1", "us-east-1:ami-0b1"
	checkFiles(t, base, []filesTest{
		{"file", map[string]any{"manifest": "packer-manifest.json"}, []string{a}, ""},
		{"absolute", map[string]any{"manifest": filepath.Join(base, "manifest.json")}, []string{b}, ""},
		{"upwards", map[string]any{"manifest": "out/../manifest.json"}, []string{b}, ""},
		{"directory", map[string]any{"manifest": "."}, []string{a, b}, ""},
		{"pattern", map[string]any{"manifest": "out/*/packer-manifest.json"}, []string{b, a}, ""},
		{"pattern upwards", map[string]any{"manifest": "out/../out/**/packer-manifest.json"}, []string{b, a}, ""},
		{"a file named like a pattern", map[string]any{"manifest": "star*.json"}, []string{b}, ""},
		{"list, each file once", map[string]any{"manifests": []any{"manifest.json", "*manifest.json"}}, []string{b, a}, ""},
		{"absent", map[string]any{"manifest": "nothing.json"}, nil, "error [manifest] nothing.json: the manifest does not exist: no such file"},
		{"no match", map[string]any{"manifest": "*.yaml"}, nil, "nothing matches the pattern -> run packer build"},
		{"no folder", map[string]any{"manifest": "[x].json/m*.json"}, nil, "error [manifest] [x].json/m*.json: the manifest does not exist: nothing matches the pattern (as a path: not a directory) -> run packer build"},
		{"empty directory", map[string]any{"manifests": []any{"manifest.json", "empty"}}, []string{b},
			"error [manifests[1]] empty: the directory has no packer-manifest.json or manifest.json:  -> run packer build with the manifest post-processor first, or name the manifest"},
		{"bad pattern", map[string]any{"manifest": "out/[/x"}, nil, `error [manifest] out/[/x: the manifest cannot be read: pattern "out/[/x": syntax error in pattern -> make the file readable, or correct the path`},
		{"UTF-16", map[string]any{"manifest": "utf16.json"}, nil, "the file is UTF-16, not UTF-8 -> save it as UTF-8"},
		{"another JSON", map[string]any{"manifest": "app.json"}, nil, `app.json: not a Packer manifest: line 1 (byte 0): the object has no "builds"`},
		{"no JSON", map[string]any{"manifest": "text.json"}, nil, "text.json: not JSON: line 1 (byte 0): invalid character 'b' looking for beginning of value -> correct the line, or run packer build again; if it is another file, name the output of Packer's manifest post-processor"},
		{"no complaints beside one that cannot be read", map[string]any{
			"manifests": []any{"nothing.json", "manifest.json"}, "names": []any{"b", "api"}, "customData": map[string]any{"osName": "my_os"},
		}, []string{b}, "only: error [manifests[0]] nothing.json: the manifest does not exist: no such file or directory -> run packer build with the manifest post-processor first, or correct the path, which starts from "},
		{"nor of a run", map[string]any{"manifest": "nothing.json", "runs": run1}, nil, "only: error [manifest] nothing.json"},
		{"outside of the folder", map[string]any{"manifest": "../base [1]/../base [1]/app.json"}, nil, "error [manifest] app.json: not a Packer"},
		{"elsewhere", map[string]any{"manifest": filepath.Join(elsewhere, "m.json")}, nil, "error [manifest] " + filepath.Join(elsewhere, "m.json") + ": not JSON"},
	})
}

func TestSettings(t *testing.T) {
	checkFiles(t, t.TempDir(), []filesTest{
		{"none", map[string]any{}, nil, "error [manifest] no manifest is named"},
		{"both", map[string]any{"manifest": "a", "manifests": []any{"b"}}, nil, "error [manifests] manifest and manifests are both set"},
		{"empty name", map[string]any{"manifests": []any{""}}, nil, "error [manifests[0]] the manifest's name is empty"},
		{"wait", map[string]any{"manifest": "manifest.json", "wait": "soon"}, nil, `error [wait] "soon" is not a duration`},
		{"a wait that was", map[string]any{"manifest": "manifest.json", "wait": "-1s"}, nil, `error [wait] "-1s" is not a duration`},
	})
}

// filesTest is what is to be found with a configuration, and a part of what is said; all of
// it is one line when it begins with "only: ".
type filesTest struct {
	name   string
	config map[string]any
	want   []string
	says   string
}

func checkFiles(t *testing.T, base string, tests []filesTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := discover(t, base, tt.config, nil)
			if diff := cmp.Diff(tt.want, got.ids()); diff != "" {
				t.Errorf("ids (-want +got):\n%s", diff)
			}
			says, only := strings.CutPrefix(tt.says, "only: ")
			if !strings.Contains(got.says(), says) || tt.says == "" && got.says() != "" || only && len(got.Diagnostics) != 1 {
				t.Errorf("diagnostics, want %q:\n%s", tt.says, got.says())
			}
		})
	}
}

func TestWhilePackerWrites(t *testing.T) {
	whole := manifestOf(run1, build("a", "amazon-ebs", "us-east-1:ami-0a1", run1, 1700000000, "null"))
	tests := []writing{
		{
			name: "grows to its end", text: whole[:40], pauses: 3, want: []string{"us-east-1:ami-0a1"},
			step: func(t *testing.T, file string, pause int) {
				write(t, file, whole[:min(len(whole), 40+pause*len(whole)/3)])
			},
		},
		{
			name: "grows, of all runs", text: whole[:len(whole)-1], runs: "all", pauses: 1, want: []string{"us-east-1:ami-0a1"},
			step: func(t *testing.T, file string, _ int) { write(t, file, whole) },
		},
		{
			name: "stays cut short", text: whole[:40], pauses: 20,
			says: "m.json: the manifest is cut short: line 3 (byte 40): the file ends in the middle of its JSON -> run again when packer has finished",
		},
		{
			name: "empty, then whole", text: "", pauses: 1, want: []string{"us-east-1:ami-0a1"},
			step: func(t *testing.T, file string, _ int) { write(t, file, whole) },
		},
		{
			name: "the lock goes", text: whole[:40], lock: true, pauses: 2, want: []string{"us-east-1:ami-0a1"},
			step: func(t *testing.T, file string, pause int) {
				if pause == 2 {
					write(t, file, whole)
					if err := os.Remove(file + ".lock"); err != nil {
						t.Error(err)
					}
				}
			},
		},
		{
			name: "the lock stays", text: whole, lock: true, pauses: 20,
			says: "m.json: packer is writing the manifest: m.json.lock was still there after 2s",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, tt.check)
	}
}

// writing is a manifest that Packer writes while it is read: step is what Packer does in
// each pause.
type writing struct {
	name, text string
	runs       string
	lock       bool
	step       func(t *testing.T, file string, pause int)
	want       []string
	pauses     int
	says       string
}

func (w writing) check(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "m.json")
	write(t, file, w.text)
	if w.lock {
		write(t, file+".lock", "")
	}
	clock := &noSleep{}
	if w.step != nil {
		clock.step = func(pause int) { w.step(t, file, pause) }
	}
	got := discover(t, dir, map[string]any{"manifest": "m.json", "runs": w.runs, "wait": ""}, clock)
	if diff := cmp.Diff(w.want, got.ids()); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
	if clock.pauses != w.pauses {
		t.Errorf("%d pauses, want %d", clock.pauses, w.pauses)
	}
	if !strings.Contains(got.says(), w.says) || w.says == "" && got.says() != "" {
		t.Errorf("diagnostics, want %q:\n%s", w.says, got.says())
	}
}

func TestWaitingIsTold(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "m.json"), "{")
	got := discover(t, dir, map[string]any{"manifest": "m.json"}, nil)
	if want := "waiting for packer to finish writing m.json"; !slices.Contains(got.Progress, want) {
		t.Errorf("progress %q, want %q", got.Progress, want)
	}
	write(t, filepath.Join(dir, "m.json"), manifestOf(run1, build("a", "amazon-ebs", "us-east-1:ami-0a1", run1, 1700000000, "null")))
	if got = discover(t, dir, map[string]any{"manifest": "m.json"}, nil); strings.Contains(strings.Join(got.Progress, "\n"), "waiting") {
		t.Errorf("progress %q for a manifest that is whole", got.Progress)
	}
}

func TestBackslashInThePath(t *testing.T) {
	const hint = `write / in place of \`
	got := discover(t, t.TempDir(), map[string]any{"manifest": `out\packer-manifest.json`}, nil).says()
	if strings.Contains(got, hint) != (runtime.GOOS != "windows") {
		t.Errorf("got %s", got)
	}
	if got = discover(t, t.TempDir(), map[string]any{"manifest": "out/m.json"}, nil).says(); strings.Contains(got, hint) {
		t.Errorf("got %s", got)
	}
}

func TestCancelled(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "m.json"), "{")
	ctx, cancel := context.WithCancel(t.Context())
	clock := &noSleep{step: func(int) { cancel() }}
	values, err := structpb.NewStruct(map[string]any{"manifest": "m.json"})
	if err != nil {
		t.Fatal(err)
	}
	service := sdk.Service(func() sdk.Source[config] { return source{sleep: clock.sleep} }, io.Discard)
	req := &sourcev1.DiscoverRequest{Config: values, BaseDir: dir}
	if err := service.Discover(req, discoverStream{ctx: ctx, got: &answer{}}); err == nil || clock.pauses != 1 {
		t.Errorf("got %v after %d pauses, want the call to end at the first", err, clock.pauses)
	}
}
