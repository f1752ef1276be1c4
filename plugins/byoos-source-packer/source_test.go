package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

var update = flag.Bool("update", false, "rewrite golden files")

// answer is all that the host gets from one call, by the real service.
type answer struct {
	Images      []*sourcev1.Image
	Results     []*sourcev1.VerifyResult
	Diagnostics []*sourcev1.Diagnostic
	Progress    []string // messages, each once
}

func (a *answer) progress(p *sourcev1.Progress) {
	if m := p.GetMessage(); m != "" && !slices.Contains(a.Progress, m) {
		a.Progress = append(a.Progress, m)
	}
}

type discoverStream struct {
	grpc.ServerStream
	ctx context.Context
	got *answer
}

func (s discoverStream) Context() context.Context { return s.ctx }

func (s discoverStream) Send(r *sourcev1.DiscoverResponse) error {
	s.got.Images = append(s.got.Images, r.GetImages()...)
	s.got.progress(r.GetProgress())
	s.got.Diagnostics = append(s.got.Diagnostics, r.GetDiagnostics()...)
	return nil
}

type verifyStream struct {
	grpc.ServerStream
	ctx context.Context
	got *answer
}

func (s verifyStream) Context() context.Context { return s.ctx }

func (s verifyStream) Send(r *sourcev1.VerifyResponse) error {
	s.got.Results = append(s.got.Results, r.GetResults()...)
	s.got.Diagnostics = append(s.got.Diagnostics, r.GetDiagnostics()...)
	return nil
}

// noSleep counts pauses and runs a step at each.
type noSleep struct {
	pauses int
	step   func(pause int)
}

func (n *noSleep) sleep(ctx context.Context, _ time.Duration) error {
	n.pauses++
	if n.step != nil {
		n.step(n.pauses)
	}
	return ctx.Err()
}

func discover(t *testing.T, dir string, settings map[string]any, clock *noSleep) *answer {
	t.Helper()
	values, err := structpb.NewStruct(settings)
	if err != nil {
		t.Fatal(err)
	}
	if clock == nil {
		clock = &noSleep{}
	}
	got := &answer{}
	service := sdk.Service(func() sdk.Source[config] { return source{sleep: clock.sleep} }, io.Discard)
	req := &sourcev1.DiscoverRequest{Source: "golden", Config: values, BaseDir: dir}
	if err := service.Discover(req, discoverStream{ctx: t.Context(), got: got}); err != nil {
		t.Fatal(err)
	}
	return got
}

func verify(t *testing.T, dir string, settings map[string]any, refs ...*sourcev1.ImageRef) *answer {
	t.Helper()
	values, err := structpb.NewStruct(settings)
	if err != nil {
		t.Fatal(err)
	}
	for i, ref := range refs {
		ref.Index = uint32(i)
	}
	got := &answer{}
	clock := &noSleep{}
	service := sdk.Service(func() sdk.Source[config] { return source{sleep: clock.sleep} }, io.Discard)
	req := &sourcev1.VerifyRequest{Source: "golden", Config: values, BaseDir: dir, Refs: refs}
	if err := service.Verify(req, verifyStream{ctx: t.Context(), got: got}); err != nil {
		t.Fatal(err)
	}
	return got
}

// text is the answer as stable, readable JSON.
func (a *answer) text(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	write := func(line []byte, err error) {
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := json.Unmarshal(line, &value); err != nil {
			t.Fatal(err)
		}
		pretty, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", pretty)
	}
	for _, img := range a.Images {
		write(protojson.Marshal(img))
	}
	for _, d := range a.Diagnostics {
		write(protojson.Marshal(d))
	}
	return b.String()
}

func (a *answer) ids() []string {
	var ids []string
	for _, img := range a.Images {
		ids = append(ids, img.GetRegion()+":"+img.GetId())
	}
	return ids
}

// says returns the diagnostics as one text.
func (a *answer) says() string {
	var lines []string
	for _, d := range a.Diagnostics {
		severity := strings.ToLower(strings.TrimPrefix(d.GetSeverity().String(), "SEVERITY_"))
		scope := d.GetScope()
		if scope != "" {
			scope += ": "
		}
		lines = append(lines, fmt.Sprintf("%s [%s] %s%s: %s -> %s",
			severity, d.GetConfigPath(), scope, d.GetSummary(), d.GetDetail(), d.GetNextStep()))
	}
	return strings.Join(lines, "\n")
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const (
	run1 = "aaaaaaaa-0000-0000-0000-000000000001"
	run2 = "bbbbbbbb-0000-0000-0000-000000000002"
)

func build(name, builder, id, run string, seconds int, custom string) string {
	at := ""
	if seconds > 0 {
		at = fmt.Sprintf(`"build_time": %d,`, seconds)
	}
	return fmt.Sprintf(`{"name": %q, "builder_type": %q, %s "files": null, "artifact_id": %q, "packer_run_uuid": %q, "custom_data": %s}`,
		name, builder, at, id, run, custom)
}

func manifestOf(last string, builds ...string) string {
	return fmt.Sprintf("{\n\"builds\": [\n%s\n],\n\"last_run_uuid\": %q\n}", strings.Join(builds, ",\n"), last)
}

func TestDiscoverGolden(t *testing.T) {
	cases := []struct {
		name, manifest string
		config         map[string]any
	}{
		{
			name: "kib-aws",
			manifest: manifestOf(run2,
				build("ubuntu-24.04", "amazon-ebs", "us-east-1:ami-0a1", run1, 1700000000, `{"kubernetes_version": "v1.33.0"}`),
				build("ubuntu-24.04", "amazon-ebs", "eu-west-1:ami-0b1,us-east-1:ami-0b2", run2, 1700009999, `{"kubernetes_version": "v1.34.3"}`)),
			config: map[string]any{"os": map[string]any{"name": "Ubuntu", "version": "2404"}, "architecture": "x86_64"},
		},
		{
			name: "kib-azure",
			manifest: manifestOf(run1, build("sig-ubuntu-2404-gen2", "azure-arm",
				"/subscriptions/S/resourceGroups/capi/providers/Microsoft.Compute/images/capi-1700000000", run1, 1700000000,
				`{"build_name": "ubuntu-2404-gen2", "kubernetes_semver": "v1.34.3", "os_name": "", "resource_group_name": "capi"}`)),
			config: map[string]any{"region": "westeurope"},
		},
		{
			name: "kib-ova",
			manifest: manifestOf(run1, build("vsphere-clone", "vsphere-clone", "rhel-9-kube-v1.34.3", run1, 1700000000,
				`{"distro_name": "rhel", "distro_version": "9", "distro_arch": "amd64", "os_name": "RHEL 9", "kubernetes_semver": "v1.34.3"}`)),
			config: map[string]any{"datacenter": "DC", "folder": "templates/rhel"},
		},
		{
			name: "own-keys",
			manifest: manifestOf(run1, build("golden", "googlecompute", "golden-7", run1, 1700000000,
				`{"my_os": "Red Hat Enterprise Linux 8", "cpu": "Arm64", "k8s": "v1.30.1+rke2r1", "rev": "7", "gcp": "acme-images", "team": "platform"}`)),
			config: map[string]any{"customData": map[string]any{
				"osName": "my_os", "architecture": "cpu", "kubernetesVersion": "k8s", "version": "rev", "project": "gcp",
			}},
		},
		{
			name: "unusable",
			manifest: manifestOf(run1,
				build("vol", "amazon-ebsvolume", "us-east-1:vol-0a1", run1, 1700000000, "null"),
				build("vm", "qemu", "VM", run1, 1700000000, "null"),
				build("gce", "googlecompute", "name", run1, 1700000000, "null"),
				build("vs", "vsphere-iso", "name", run1, 1700000000, "null")),
		},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "packer-manifest.json"), tt.manifest)
			config := map[string]any{"manifest": "packer-manifest.json"}
			for key, value := range tt.config {
				config[key] = value
			}
			got := discover(t, dir, config, nil).text(t)
			golden := filepath.Join("testdata", "golden", tt.name+".json")
			if *update {
				write(t, golden, got)
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

func TestRuns(t *testing.T) {
	text := manifestOf(run2,
		build("web", "amazon-ebs", "us-east-1:ami-0a1", run1, 1700000000, "null"),
		build("db", "amazon-ebs", "us-east-1:ami-0a2", run1, 1700000000, "null"),
		build("web", "amazon-ebs", "us-east-1:ami-0b1", run2, 1700009999, "null"))
	noTimes := manifestOf(run1,
		build("web", "amazon-ebs", "us-east-1:ami-0a1", run1, 0, "null"),
		build("web", "amazon-ebs", "us-east-1:ami-0a2", run1, 0, "null"))
	tests := []struct {
		name, text string
		config     map[string]any
		want       []string
		says       []string
	}{
		{
			name: "the last run only, and it says what that leaves out", text: text, want: []string{"us-east-1:ami-0b1"},
			says: []string{"info [] m.json: builds that the last run did not make are left out: db", "set runs: all"},
		},
		{
			name: "all", text: text, config: map[string]any{"runs": "all"},
			want: []string{"us-east-1:ami-0a1", "us-east-1:ami-0a2", "us-east-1:ami-0b1"},
		},
		{
			name: "one by its uuid", text: text, config: map[string]any{"runs": strings.ToUpper(run1)},
			want: []string{"us-east-1:ami-0a1", "us-east-1:ami-0a2"},
		},
		{
			name: "a uuid that is not there", text: text, config: map[string]any{"runs": "cccccccc-0000-0000-0000-000000000003"},
			says: []string{"error [runs] no manifest holds run cccccccc", run1 + ", " + run2},
		},
		{
			name: "neither", text: text, config: map[string]any{"runs": "newest"},
			says: []string{`error [runs] "newest" is neither latest, all nor a packer_run_uuid`},
		},
		{
			name: "names", text: text, config: map[string]any{"runs": "all", "names": []any{"w*", "api"}},
			want: []string{"us-east-1:ami-0a1", "us-east-1:ami-0b1"}, says: []string{"warning [names[1]] no build is named api"},
		},
		{
			name: "a broken name pattern", text: text, config: map[string]any{"names": []any{"[w"}},
			says: []string{"error [names[0]]"},
		},
		{
			name: "no last run", text: strings.Replace(text, `"last_run_uuid"`, `"x"`, 1), want: []string{"us-east-1:ami-0b1"},
			says: []string{"info [] m.json: the manifest does not name its last run"},
		},
		{
			name: "a last run without builds", text: strings.Replace(text, `"last_run_uuid": "b`, `"last_run_uuid": "c`, 1),
			says: []string{"warning [] m.json: the manifest has no build of its last run", run1 + ", " + run2},
		},
		{name: "no builds", text: manifestOf("", ""), says: []string{"warning [] m.json: the manifest has no builds"}},
		{
			name: "strip_time", text: noTimes, want: []string{"us-east-1:ami-0a1", "us-east-1:ami-0a2"},
			says: []string{"does not say which image is the newest", "unset strip_time"},
		},
		{
			name: "a key that no build has", text: text, config: map[string]any{"customData": map[string]any{"osName": "my_os"}},
			want: []string{"us-east-1:ami-0b1"}, says: []string{`warning [customData.osName] no build has a value for "my_os"`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "m.json"), tt.text)
			config := map[string]any{"manifest": "m.json"}
			for key, value := range tt.config {
				config[key] = value
			}
			got := discover(t, dir, config, nil)
			if diff := cmp.Diff(tt.want, got.ids()); diff != "" {
				t.Errorf("ids (-want +got):\n%s", diff)
			}
			for _, part := range tt.says {
				if !strings.Contains(got.says(), part) {
					t.Errorf("diagnostics lack %q:\n%s", part, got.says())
				}
			}
			if len(tt.says) == 0 && len(got.Diagnostics) > 0 {
				t.Errorf("unexpected diagnostics:\n%s", got.says())
			}
		})
	}
}

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
	if err := os.Mkdir(filepath.Join(base, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	a, b := "us-east-1:ami-0a1", "us-east-1:ami-0b1"
	tests := []struct {
		name   string
		config map[string]any
		want   []string
		says   string
	}{
		{"file", map[string]any{"manifest": "packer-manifest.json"}, []string{a}, ""},
		{"absolute", map[string]any{"manifest": filepath.Join(base, "manifest.json")}, []string{b}, ""},
		{"upwards", map[string]any{"manifest": "out/../manifest.json"}, []string{b}, ""},
		{"directory", map[string]any{"manifest": "."}, []string{a, b}, ""},
		{"pattern", map[string]any{"manifest": "out/*/packer-manifest.json"}, []string{b, a}, ""},
		{"pattern upwards", map[string]any{"manifest": "out/../out/**/packer-manifest.json"}, []string{b, a}, ""},
		{"a file named like a pattern", map[string]any{"manifest": "star*.json"}, []string{b}, ""},
		{"list, each file once", map[string]any{"manifests": []any{"manifest.json", "*manifest.json"}}, []string{b, a}, ""},
		{"absent", map[string]any{"manifest": "nothing.json"}, nil, "error [manifest] nothing.json: the manifest does not exist: no such file"},
		{"no match", map[string]any{"manifest": "*.yaml"}, nil, "nothing matches the pattern"},
		{"empty directory", map[string]any{"manifests": []any{"manifest.json", "empty"}}, []string{b},
			"error [manifests[1]] empty: the directory has no packer-manifest.json or manifest.json:  -> run packer build with the manifest post-processor first, or name the manifest"},
		{"bad pattern", map[string]any{"manifest": "out/[/x"}, nil, "syntax error in pattern"},
		{"UTF-16", map[string]any{"manifest": "utf16.json"}, nil, "the file is UTF-16, not UTF-8 -> save it as UTF-8"},
		{"another JSON", map[string]any{"manifest": "app.json"}, nil, `app.json: not a Packer manifest: line 1 (byte 0): the object has no "builds"`},
		{"no JSON", map[string]any{"manifest": "text.json"}, nil, "text.json: not JSON: line 1 (byte 0): invalid character 'b' looking for beginning of value -> correct the line, or run packer build again; if it is another file, name the output of Packer's manifest post-processor"},
		{"none", map[string]any{}, nil, "error [manifest] no manifest is named"},
		{"both", map[string]any{"manifest": "a", "manifests": []any{"b"}}, nil, "error [manifests] manifest and manifests are both set"},
		{"empty name", map[string]any{"manifests": []any{""}}, nil, "error [manifests[0]]"},
		{"wait", map[string]any{"manifest": "manifest.json", "wait": "soon"}, nil, `error [wait] "soon" is not a duration`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := discover(t, base, tt.config, nil)
			if diff := cmp.Diff(tt.want, got.ids()); diff != "" {
				t.Errorf("ids (-want +got):\n%s", diff)
			}
			if !strings.Contains(got.says(), tt.says) || tt.says == "" && got.says() != "" {
				t.Errorf("diagnostics, want %q:\n%s", tt.says, got.says())
			}
		})
	}
}

func TestWhilePackerWrites(t *testing.T) {
	whole := manifestOf(run1, build("a", "amazon-ebs", "us-east-1:ami-0a1", run1, 1700000000, "null"))
	tests := []struct {
		name, text string
		lock       bool
		step       func(t *testing.T, file string, pause int)
		want       []string
		pauses     int
		says       string
	}{
		{
			name: "grows to its end", text: whole[:40], pauses: 3, want: []string{"us-east-1:ami-0a1"},
			step: func(t *testing.T, file string, pause int) {
				write(t, file, whole[:min(len(whole), 40+pause*len(whole)/3)])
			},
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
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "m.json")
			write(t, file, tt.text)
			if tt.lock {
				write(t, file+".lock", "")
			}
			clock := &noSleep{}
			if tt.step != nil {
				clock.step = func(pause int) { tt.step(t, file, pause) }
			}
			got := discover(t, dir, map[string]any{"manifest": "m.json"}, clock)
			if diff := cmp.Diff(tt.want, got.ids()); diff != "" {
				t.Errorf("ids (-want +got):\n%s", diff)
			}
			if clock.pauses != tt.pauses {
				t.Errorf("%d pauses, want %d", clock.pauses, tt.pauses)
			}
			if !strings.Contains(got.says(), tt.says) || tt.says == "" && got.says() != "" {
				t.Errorf("diagnostics, want %q:\n%s", tt.says, got.says())
			}
		})
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

// TestVerifyOfAnotherSpelling: a reference may have been made by a source of the cloud,
// which knows shorter ids and other names of regions.
func TestVerifyOfAnotherSpelling(t *testing.T) {
	const short = "galleries/g/images/d/versions/1.0.0"
	const arm = "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/" + short
	dir := t.TempDir()
	write(t, filepath.Join(dir, "m.json"), manifestOf(run1, build("az", "azure-arm", strings.Replace(arm, "/versions/", "/imageVersions/", 1), run1, 1700000000, "null")))
	got := verify(t, dir, map[string]any{"manifest": "m.json", "region": "West US 2"},
		&sourcev1.ImageRef{Provider: "azure", Id: short, FullId: arm, Region: "westus2"},
		&sourcev1.ImageRef{Provider: "azure", Id: short, FullId: strings.Replace(arm, "/S/", "/T/", 1), Region: "westus2"},
		&sourcev1.ImageRef{Provider: "azure", Id: arm, Region: "eastus"})
	var found []sourcev1.Presence
	for _, r := range got.Results {
		found = append(found, r.GetPresence())
	}
	want := []sourcev1.Presence{sourcev1.Presence_PRESENCE_FOUND, sourcev1.Presence_PRESENCE_NOT_FOUND, sourcev1.Presence_PRESENCE_FOUND}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
	if region := got.Results[2].GetImage().GetRegion(); region != "West US 2" { // and the host tells that it is another one
		t.Errorf("region %q", region)
	}
}

func TestVerify(t *testing.T) {
	const arm = "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/images/N"
	dir := t.TempDir()
	write(t, filepath.Join(dir, "m.json"), manifestOf(run2,
		build("web", "amazon-ebs", "us-east-1:ami-0a1", run1, 1700000000, "null"),
		build("web", "amazon-ebs", "us-east-1:ami-0b1", run2, 1700009999, "null"),
		build("az", "azure-arm", arm, run1, 1700000000, "null"),
		build("az", "azure-arm", arm, run2, 1700009999, "null")))
	ref := func(provider, id, region, run string) *sourcev1.ImageRef {
		r := &sourcev1.ImageRef{Id: id, Provider: provider, Region: region}
		if run != "" {
			r.Reference = &sourcev1.Reference{Kind: "packer-run-uuid", Value: run}
		}
		return r
	}
	got := verify(t, dir, map[string]any{"manifest": "m.json"},
		ref("aws", "ami-0b1", "us-east-1", run2),
		ref("aws", "ami-0a1", "us-east-1", run1), // an older run's build is a record still
		ref("aws", "ami-0a1", "us-east-1", ""),
		ref("azure", strings.ToLower(arm), "westeurope", run2),
		ref("aws", "ami-0a1", "us-east-1", run2),
		ref("aws", "ami-0b1", "eu-west-1", run2),
		ref("aws", "ami-0c1", "us-east-1", "cccccccc-0000-0000-0000-000000000003"),
		ref("aws", "ami-0c1", "us-east-1", ""),
		ref("azure", arm, "", ""), // built twice: the newer record
		ref("azure", arm, "", run1),
	)
	var lines []string
	for _, r := range got.Results {
		if r.GetEvidence() != sourcev1.Evidence_EVIDENCE_RECORDED {
			t.Errorf("%d has evidence %s", r.GetIndex(), r.GetEvidence())
		}
		lines = append(lines, fmt.Sprintf("%d %s %s%s", r.GetIndex(), r.GetPresence(), r.GetImage().GetId(), r.GetReason()))
	}
	want := []string{
		"0 PRESENCE_FOUND ami-0b1",
		"1 PRESENCE_FOUND ami-0a1",
		"2 PRESENCE_FOUND ami-0a1",
		"3 PRESENCE_FOUND " + arm,
		"4 PRESENCE_NOT_FOUND run " + run2 + " in m.json has no build with this id",
		"5 PRESENCE_NOT_FOUND run " + run2 + " in m.json has no build with this id",
		"6 PRESENCE_NOT_FOUND m.json no longer holds run cccccccc-0000-0000-0000-000000000003",
		"7 PRESENCE_NOT_FOUND no build in m.json has this id",
		"8 PRESENCE_FOUND " + arm,
		"9 PRESENCE_FOUND " + arm + "it was built again, by run " + run2,
	}
	for _, twice := range []int{8, 9} {
		if run := got.Results[twice].GetImage().GetAttributes()["packerRunUuid"]; run != run2 {
			t.Errorf("of two records that of run %s is taken for %d", run, twice)
		}
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	const notice = "info [] verified against the manifest only: it is not told when an image is deleted -> " +
		"to ask the cloud, name a source of type aws, azure"
	if got.says() != notice {
		t.Errorf("got diagnostics %s, want %s", got.says(), notice)
	}
	if gone := verify(t, dir, map[string]any{"manifest": "m.json"}, ref("aws", "ami-0c1", "us-east-1", "")); gone.says() != "" {
		t.Errorf("nothing is found, and it says %s", gone.says())
	}

	unreadable := verify(t, dir, map[string]any{"manifests": []any{"m.json", "gone.json"}},
		ref("aws", "ami-0b1", "us-east-1", run2), ref("aws", "ami-0c1", "us-east-1", run2))
	if p := unreadable.Results[0].GetPresence(); p != sourcev1.Presence_PRESENCE_FOUND {
		t.Errorf("what the readable manifest holds is %s", p)
	}
	if p := unreadable.Results[1].GetPresence(); p != sourcev1.Presence_PRESENCE_UNKNOWN {
		t.Errorf("what the unreadable manifest may hold is %s", p)
	}
	if !strings.Contains(unreadable.says(), "error [manifests[1]] gone.json: the manifest does not exist") {
		t.Errorf("diagnostics:\n%s", unreadable.says())
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

const (
	managedImage   = "/subscriptions/S/resourceGroups/capi/providers/Microsoft.Compute/images/golden"
	galleryVersion = "/subscriptions/S/resourceGroups/capi/providers/Microsoft.Compute/galleries/g/images/d/versions/1.0.0"
)

// TestNameUsedAgain: a template or managed image that a later build made again has nothing
// of the earlier one, whatever times say.
func TestNameUsedAgain(t *testing.T) {
	rhel, ubuntu := `{"distro_name": "rhel", "distro_version": "8", "loc": "westus"}`, `{"distro_name": "Ubuntu 24.04", "loc": "eastus"}`
	for name, tt := range map[string]struct {
		builder, id, again string
		first, second      int
		custom, runs, want string
		withheld           bool
	}{
		"vSphere":             {"vsphere-iso", "golden", "golden", 1700000000, 1700009999, ubuntu, "all", "ubuntu 24.04", false},
		"without custom_data": {"vsphere-iso", "golden", "golden", 1700000000, 1700009999, "null", "all", " ", false},
		"without times":       {"vsphere-iso", "golden", "golden", 0, 0, "null", "all", " ", false},
		"Azure":               {"azure-arm", managedImage, strings.ToUpper(managedImage), 1700000000, 1700009999, ubuntu, "all", "ubuntu 24.04", false},
		"in no region":        {"azure-arm", managedImage, managedImage, 0, 0, "{}", "all", " ", false},
		"a gallery version":   {"azure-arm", galleryVersion, strings.Replace(galleryVersion, "/versions/", "/imageVersions/", 1), 0, 0, ubuntu, "all", "ubuntu 24.04", false},
		"OpenStack":           {"openstack", run1, run1, 0, 0, ubuntu, "all", "ubuntu 24.04", false},
		"the last run":        {"azure-arm", managedImage, managedImage, 1700000000, 1700009999, "null", "latest", " ", false},
		"the earlier run":     {"azure-arm", managedImage, managedImage, 1700000000, 1700009999, "null", run1, "rhel 8", true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "m.json"), manifestOf(run2,
				build("a", tt.builder, tt.id, run1, tt.first, rhel), build("b", tt.builder, tt.again, run2, tt.second, tt.custom)))
			got := discover(t, dir, map[string]any{"manifest": "m.json", "runs": tt.runs, "datacenter": "DC", "folder": "/", "customData": map[string]any{"region": "loc"}}, nil)
			if len(got.Images) != 1 {
				t.Fatalf("%v", got.ids())
			}
			img := got.Images[0]
			if os := img.GetOs().GetName() + " " + img.GetOs().GetVersion(); os != tt.want || (img.GetWithheld() != "") != tt.withheld {
				t.Errorf("%q, withheld %q", os, img.GetWithheld())
			}
		})
	}
}

// TestNumberUsedElsewhere: a number of Proxmox and an AMI's id are told apart by their place.
func TestNumberUsedElsewhere(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "m.json"), manifestOf(run2,
		build("a", "proxmox-iso", "100", run1, 0, `{"loc": "here"}`), build("b", "proxmox-iso", "100", run2, 0, `{"loc": "there"}`),
		build("c", "proxmox-iso", "100", run2, 0, `{"loc": "there"}`),
		build("d", "amazon-ebs", "us-east-1:ami-0a1", run1, 0, "null"), build("e", "amazon-ebs", "eu-west-1:ami-0a1", run2, 0, "null")))
	got := discover(t, dir, map[string]any{"manifest": "m.json", "runs": "all", "customData": map[string]any{"region": "loc"}}, nil)
	if diff := cmp.Diff([]string{"here:100", "there:100", "us-east-1:ami-0a1", "eu-west-1:ami-0a1"}, got.ids()); diff != "" {
		t.Error(diff)
	}
}

// TestNameUsedAgainInOneRun: the image is that of the run, of its later build.
func TestNameUsedAgainInOneRun(t *testing.T) {
	dir := t.TempDir()
	first, second := build("a", "azure-arm", managedImage, run1, 0, "null"), build("b", "azure-arm", managedImage, run1, 0, "null")
	for name, builds := range map[string][]string{
		"": {first, second}, "a later build made the image again": {first, second, build("c", "azure-arm", managedImage, run2, 0, "null")},
	} {
		write(t, filepath.Join(dir, "m.json"), manifestOf(run1, builds...))
		got := discover(t, dir, map[string]any{"manifest": "m.json", "runs": run1}, nil)
		if len(got.Images) != 1 || got.Images[0].GetName() != "b" || !strings.HasPrefix(got.Images[0].GetWithheld(), name) || (name == "") != (got.Images[0].GetWithheld() == "") {
			t.Errorf("%q: %v", name, got.Images)
		}
	}
}

// TestVerifyOfNameUsedAgain: what stands later in a manifest is later, also without times,
// with wrong ones, and in another region.
func TestVerifyOfNameUsedAgain(t *testing.T) {
	dir := t.TempDir()
	config := map[string]any{"manifest": "m.json", "customData": map[string]any{"region": "loc"}}
	of := func(run string) *sourcev1.ImageRef {
		ref := &sourcev1.ImageRef{Provider: "azure", Id: managedImage, Region: "westus"}
		if run != "" {
			ref.Reference = &sourcev1.Reference{Kind: "packer-run-uuid", Value: run}
		}
		return ref
	}
	for _, times := range [][2]int{{0, 0}, {1700000000, 0}, {1700009999, 1700000000}} {
		for _, loc := range []string{"westus", "eastus", ""} {
			write(t, filepath.Join(dir, "m.json"), manifestOf(run2, build("a", "azure-arm", managedImage, run1, times[0], `{"loc": "westus"}`),
				build("b", "azure-arm", managedImage, run2, times[1], `{"loc": "`+loc+`"}`)))
			got := verify(t, dir, config, of(run1), of(run2), of(""))
			for i, reason := range []string{"it was built again, by run " + run2, "", ""} {
				if r := got.Results[i]; r.GetReason() != reason || r.GetImage().GetName() != "b" || r.GetImage().GetRegion() != loc {
					t.Errorf("%v %q %d: %s %q", times, loc, i, r.GetImage(), r.GetReason())
				}
			}
		}
	}
}

// TestVerifyUsesWholeManifests: what stands in front of a fault counts no more than what is behind it.
func TestVerifyUsesWholeManifests(t *testing.T) {
	dir := t.TempDir()
	whole := manifestOf(run1, build("a", "azure-arm", managedImage, run1, 0, "null"))
	write(t, filepath.Join(dir, "a.json"), whole)
	write(t, filepath.Join(dir, "b.json"), strings.ReplaceAll(whole, run1, run2)[:len(whole)-2])
	got := verify(t, dir, map[string]any{"manifests": []any{"a.json", "b.json"}, "wait": "0s"},
		&sourcev1.ImageRef{Provider: "azure", Id: managedImage}, &sourcev1.ImageRef{Provider: "azure", Id: managedImage, Reference: &sourcev1.Reference{Kind: "packer-run-uuid", Value: run2}})
	if r := got.Results[0]; r.GetImage().GetReference().GetValue() != run1 {
		t.Errorf("found %s", r.GetImage())
	}
	if r := got.Results[1]; r.GetPresence() != sourcev1.Presence_PRESENCE_UNKNOWN {
		t.Errorf("a run of a broken manifest: %s", r)
	}
}

// TestDefaultSystem: the version of a default belongs to its name.
func TestDefaultSystem(t *testing.T) {
	for name, tt := range map[string]struct {
		custom, osName, osVersion, want, told string
	}{
		"of another system":     {`{"distro_name": "ubuntu"}`, "rhel", "8", "ubuntu ", "config os.name says rhel, config os.version says 8, custom_data distro_name says ubuntu"},
		"of the same":           {`{"distro_name": "RHEL"}`, "rhel", "8", "rhel 8", ""},
		"of no system":          {`{"distro_name": "ubuntu"}`, "", "8", "ubuntu ", "config os.version says 8 without a name"},
		"that is not needed":    {`{"distro_name": "Ubuntu 24.04"}`, "rhel", "8", "ubuntu 24.04", ""},
		"text":                  {`{}`, "Red Hat Enterprise Linux 8", "", "rhel 8", ""},
		"no name for a version": {`{"distribution_version": "2404"}`, "ubuntu", "", "ubuntu ", "custom_data distribution_version says 2404 without a name, config os.name says ubuntu, and its version is not known"},
		"but the same version":  {`{"distribution_version": "2404"}`, "ubuntu", "24.04", "ubuntu 24.04", ""},
		"not for another":       {`{"distribution_version": "24.04"}`, "rhel", "8", "rhel ", "custom_data distribution_version says 24.04 without a name"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "m.json"), manifestOf(run1, build("a", "amazon-ebs", "us-east-1:ami-0a1", run1, 1700000000, tt.custom)))
			got := discover(t, dir, map[string]any{"manifest": "m.json", "os": map[string]any{"name": tt.osName, "version": tt.osVersion}}, nil)
			img := got.Images[0]
			if os := img.GetOs().GetName() + " " + img.GetOs().GetVersion(); os != tt.want || (tt.told == "") != (got.says() == "") || !strings.Contains(got.says(), tt.told) {
				t.Errorf("%q, says %s", os, got.says())
			}
		})
	}
}

// TestLeftOut: HCL writes one name for every builder and region.
func TestLeftOut(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "m.json"), manifestOf(run2,
		build("golden", "azure-arm", managedImage, run1, 1700000000, "null"),
		build("golden", "amazon-ebs", "eu-west-1:ami-0a1,us-east-1:ami-0a2", run1, 1700000000, "null"),
		build("golden", "amazon-ebs", "us-east-1:ami-0a3", run2, 1700009999, "null")))
	got := discover(t, dir, map[string]any{"manifest": "m.json"}, nil).says()
	if want := "left out: golden (amazon-ebs in eu-west-1), golden (azure-arm)"; !strings.Contains(got, want) {
		t.Errorf("says %s", got)
	}
}
