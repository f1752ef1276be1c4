package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

type testConfig struct {
	Manifest string   `json:"manifest" jsonschema:"required,description=Manifest to read"`
	Runs     string   `json:"runs,omitempty" jsonschema:"enum=latest,enum=all,default=latest"`
	Regions  []string `json:"regions,omitempty"`
	Nested   struct {
		Count int `json:"count,omitempty" jsonschema:"minimum=1"`
	} `json:"nested,omitempty"`
}

type testSource struct{ name string }

func (s testSource) Describe() Info {
	return Info{Name: s.name, Version: "v2.0.0", Summary: "For tests.", Providers: []string{"aws"}, Environment: []string{"AWS_*"}, SecretEnvironment: []string{"HIDDEN"}, UsesHints: true, ReadsIDs: true}
}

func newTestSource() Source[testConfig] { return testSource{"x"} }

func (testSource) Discover(context.Context, DiscoverRequest[testConfig], *Stream) error { return nil }

// waitVariable makes this test program a child that waits for its parent.
const waitVariable = "BYOOS_TEST_WAIT"

func TestMain(m *testing.M) {
	switch os.Getenv(waitVariable) {
	case "":
		os.Exit(m.Run())
	case "parent":
		// Starts a child and is killed; the child's id is printed.
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), waitVariable+"=child", EnvHostPID+"="+strconv.Itoa(os.Getpid()))
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			os.Exit(1)
		}
		_ = child.Wait()
	case "child":
		fmt.Fprintln(os.Stdout, "waiting")
		parentWatch(os.Getenv(EnvHostPID))()
		fmt.Fprintln(os.Stdout, "gone")
	case "plugin":
		Main(func() Source[testConfig] { return serving{} })
	}
}

func TestModuleVersion(t *testing.T) {
	checkout := &debug.BuildInfo{Main: debug.Module{Path: modulePath, Version: "(devel)"}}
	installed := &debug.BuildInfo{
		Main: debug.Module{Path: "example.com/plugin", Version: "v1.0.0"},
		Deps: []*debug.Module{{Path: modulePath, Version: "v0.3.0"}},
	}
	for _, test := range []struct {
		build               *debug.BuildInfo
		path, release, want string
	}{
		{nil, "", "v1.2.3", "0.0.0-devel"},
		{checkout, "", "", "0.0.0-devel"},
		{checkout, "", "v1.2.3", "1.2.3"},
		{checkout, modulePath, "v1.2.3", "1.2.3"},
		{installed, "", "", "1.0.0"},
		{installed, "", "v1.2.3", "1.2.3"},
		{installed, modulePath, "v1.2.3", "0.3.0"},
		{installed, "example.com/none", "v1.2.3", "0.0.0-devel"},
	} {
		if got := moduleVersion(test.build, test.path, test.release); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

func TestDescribe(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code, done := command(newService(newTestSource, &stderr), []string{"describe"}, noEnv, &stdout, &stderr)
	if code != 0 || !done || stderr.Len() > 0 {
		t.Fatal(code, done, stderr.String())
	}
	var d sourcev1.Description
	if err := protojson.Unmarshal(stdout.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	if d.Name != "x" || d.Version != "2.0.0" || d.ProtocolVersions[0] != 1 || d.SdkVersion == "" || strings.Join(d.Environment, " ") != "AWS_* HIDDEN" || strings.Join(d.SecretEnvironment, " ") != "HIDDEN" ||
		!slices.Equal(d.Capabilities, []sourcev1.Capability{sourcev1.Capability_CAPABILITY_READ, sourcev1.Capability_CAPABILITY_HINTS}) {
		t.Error(&d)
	}
	var schema map[string]any
	if err := json.Unmarshal([]byte(d.ConfigSchema), &schema); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"$schema":"https://json-schema.org/draft/2020-12/schema","additionalProperties":false,"properties":{` +
		`"manifest":{"description":"Manifest to read","type":"string"},` +
		`"nested":{"additionalProperties":false,"properties":{"count":{"minimum":1,"type":"integer"}},"type":"object"},` +
		`"regions":{"items":{"type":"string"},"type":"array"},` +
		`"runs":{"default":"latest","enum":["latest","all"],"type":"string"}},"required":["manifest"],"type":"object"}`
	if string(got) != want {
		t.Errorf("schema\n%s\nwant\n%s", got, want)
	}
	var again bytes.Buffer
	command(newService(newTestSource, &stderr), []string{"describe"}, noEnv, &again, &stderr)
	if again.String() != stdout.String() {
		t.Error("describe is not the same each time")
	}
}

func TestConfigMustBeAStruct(t *testing.T) {
	if _, err := schemaText[map[string]any](); err == nil {
		t.Error("a map is no configuration type")
	}
}

func TestRunByHand(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code, done := command(newService(newTestSource, &stderr), nil, noEnv, &stdout, &stderr)
	if code != 1 || !done || stdout.Len() > 0 || !strings.Contains(stderr.String(), "kubectl byoos plugin list") {
		t.Error(code, done, stdout.String(), stderr.String())
	}
	for _, arg := range []string{"--version", "version"} {
		stdout.Reset()
		code, done = command(newService(newTestSource, &stderr), []string{arg}, noEnv, &stdout, &stderr)
		if code != 0 || !done || stdout.String() != "byoos-source-x 2.0.0\n" {
			t.Error(code, done, stdout.String())
		}
	}
	_, done = command(newService(newTestSource, &stderr), nil, func(string) string { return Handshake().MagicCookieValue }, &stdout, &stderr)
	if done {
		t.Error("the host's start was taken for one by hand")
	}
}

func noEnv(string) string { return "" }

// TestOrder has diagnostics come after the images that were sent before them.
func TestOrder(t *testing.T) {
	var got []string
	s := newSender(t.Context(), &Secrets{}, func(b batch) error {
		got = append(got, fmt.Sprintf("%d images %d diagnostics", len(b.images), len(b.diagnostics)))
		return nil
	})
	out := &Stream{s}
	for _, err := range []error{
		out.Images(slices.Repeat([]Image{{ID: "x", Provider: "aws"}}, 300)...), out.Report(Diagnostic{Summary: "a"}), out.Images(Image{ID: "x", Provider: "aws"}), s.close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := "256 images 0 diagnostics,44 images 0 diagnostics,0 images 1 diagnostics,1 images 0 diagnostics"
	if strings.Join(got, ",") != want {
		t.Errorf("got %v", got)
	}
	if err := out.Images(Image{}); !errors.Is(err, errClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// TestContradictions: each is told once, with how many images have it.
func TestContradictions(t *testing.T) {
	s := newSender(t.Context(), &Secrets{}, func(batch) error { return nil })
	out := &Stream{s}
	for i := range 30 {
		own := fmt.Sprintf("own %d", i)
		err := out.Images(Image{ID: fmt.Sprint(i), Provider: "aws", Region: "a", Contradictions: []string{"shared", own}},
			Image{ID: fmt.Sprint(i), Provider: "aws", Region: "b", Contradictions: []string{"shared"}})
		if err != nil {
			t.Fatal(err)
		}
	}
	told := s.contradictions()
	if len(told) != maxDoubts+1 || told[1].Detail != "own 0" || told[0].Scope != "0" || told[0].Detail != "shared; so it is of 29 more" || told[0].Severity != Warning ||
		told[maxDoubts].Detail != "there are more such images; so it is of 10 more" {
		t.Errorf("%d: %+v", len(told), told)
	}
}

func TestLargeImagesEndABatchEarly(t *testing.T) {
	largest := 0
	s := newSender(t.Context(), &Secrets{}, func(b batch) error { largest = max(largest, len(b.images)); return nil })
	for range 100 {
		image := Image{ID: "x", Provider: "aws", Tags: map[string]string{"text": strings.Repeat("x", 1<<20)}}
		if err := s.images([]Image{image}); err != nil {
			t.Fatal(err)
		}
	}
	if largest != 1 {
		t.Errorf("%d images of 1 MiB in one message", largest)
	}
}

func TestSendingStopsAfterAFailure(t *testing.T) {
	broken := errors.New("broken")
	calls := 0
	s := newSender(t.Context(), &Secrets{}, func(batch) error { calls++; return broken })
	for range 3 {
		if err := s.report(Diagnostic{}); !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
	}
	full := newSender(t.Context(), &Secrets{}, func(batch) error { calls++; return broken })
	if err := full.images(slices.Repeat([]Image{{ID: "x", Provider: "aws"}}, batchSize)); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if calls != 2 {
		t.Errorf("%d messages were sent over a broken connection", calls)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newSender(ctx, &Secrets{}, func(batch) error { return nil }).images(make([]Image, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestLogLinesAreHclogs(t *testing.T) {
	var b bytes.Buffer
	secrets := &Secrets{}
	secrets.Add("canary-secret")
	slog.New(newLogHandler(&b, "byoos-source-x", secrets)).With("source", "golden").
		Warn("slow", "level", "high", "time", "noon", "key", "canary-secret", "error", errors.New("no canary-secret"),
			"list", []string{"a", "canary-secret"}, "odd", struct{ C chan int }{})
	var line map[string]any
	if err := json.Unmarshal(b.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"@level": "warn", "@message": "slow", "@module": "byoos-source-x", "source": "golden", "level": "high", "time": "noon",
		"key": "[redacted]", "error": "no [redacted]", "list": `["a","[redacted]"]`, "odd": "{C:<nil>}",
	} {
		if line[key] != want {
			t.Errorf("%s is %v, want %v", key, line[key], want)
		}
	}
	if _, err := time.Parse(logTimeFormat, fmt.Sprint(line["@timestamp"])); err != nil {
		t.Error(err)
	}
}

// TestChildOutlivesNoParent kills a parent and waits for its child to see it.
func TestChildOutlivesNoParent(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), waitVariable+"=parent")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 64)
	n, err := out.Read(line)
	if err != nil || !strings.HasPrefix(string(line[:n]), "waiting") {
		t.Fatal(string(line[:n]), err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = parent.Wait() }()
	hanging := time.AfterFunc(2*time.Minute, func() { _ = out.Close() })
	defer hanging.Stop()
	if n, err = out.Read(line); err != nil || string(line[:n]) != "gone\n" {
		t.Errorf("%q: %v", line[:n], err)
	}
}

func TestOnlySocketsAreRemoved(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"plugin1", "notes"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	removeSockets(dir)
	removeSockets("")
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Error(entries, err)
	}
}
