package source

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

// TestEnvironment has a plugin print what it got.
func TestEnvironment(t *testing.T) {
	h := newHost(t, Options{
		PluginDirs:   []string{pluginDir(t, "stub")},
		UserSettings: map[string]map[string]any{"stub": {"environment": []any{"USER_LISTED", "USER_*", "PLUGIN_CLIENT_CERT", 7}}, "other": {"environment": []any{"KUBECONFIG"}}},
		Environ: func() []string {
			return []string{
				"USER_LISTED=yes", "USER_OTHER=never",
				"AWS_SECRET_ACCESS_KEY=never", "AWS_PROFILE=never", "KUBECTL_PATH=/usr/bin/kubectl", "KUBECONFIG=never",
				"PLUGIN_CLIENT_CERT=never", "BYOOS_HOST_PID=1", "XSTUB_DECLARED=never",
				"HOME=/home/me", "PATH=/usr/bin:/bin", "TMPDIR=" + os.TempDir(), "LANG=de_DE.UTF-8", "LC_ALL=C",
				"https_proxy=http://proxy", "NO_PROXY=localhost", "SSL_CERT_FILE=/etc/roots.pem",
				"STUB_DECLARED=yes", "STUB_WILD_ONE=1", "STUB_WILD_=2",
			}
		},
	})
	r := one(context.Background(), h, "stub", map[string]any{"mode": "environment"})
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	got := map[string]string{}
	for _, i := range r.Images {
		got[i.ID] = i.Tags["value"]
	}
	for name, value := range got {
		if strings.Contains(value, "never") {
			t.Errorf("%s reached the plugin", name)
		}
	}
	want := []string{
		"BYOOS_HOST_PID", "BYOOS_PLUGIN", "HOME", "LANG", "LC_ALL", "NO_PROXY", "PATH", "PLUGIN_CLIENT_CERT", "PLUGIN_MAX_PORT",
		"PLUGIN_MIN_PORT", "PLUGIN_PROTOCOL_VERSIONS", "PLUGIN_UNIX_SOCKET_DIR", "SSL_CERT_FILE", "STUB_DECLARED", "STUB_WILD_",
		"STUB_WILD_ONE", "TMPDIR", "USER_LISTED", "https_proxy",
	}
	var names []string
	for name := range got {
		names = append(names, name)
	}
	slices.Sort(names)
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

func TestDeclared(t *testing.T) {
	tests := []struct {
		declared, name string
		want           bool
	}{
		{"AWS_REGION", "AWS_REGION", true},
		{"AWS_REGION", "AWS_REGION_2", false},
		{"AWS_*", "AWS_REGION", true},
		{"AWS_*", "XAWS_REGION", false},
		{"*", "AWS_REGION", false},
		{"KUBECTL_*", "KUBECTL_PATH", false},
		{"", "", true},
	}
	for _, tt := range tests {
		if got := Declared([]string{tt.declared}, tt.name); got != tt.want {
			t.Errorf("Declared(%q, %q) = %v", tt.declared, tt.name, got)
		}
	}
}

func TestRequestArrives(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	h := newHost(t, Options{
		PluginDirs:   []string{pluginDir(t, "stub")},
		Now:          func() time.Time { return now },
		UserSettings: map[string]map[string]any{"stub": {"endpoint": "x", "retries": 3}, "other": {"a": 1}},
	})
	r := h.Discover(context.Background(), []Request{{
		Source: "golden", Plugin: of(t, h, "stub"), Config: map[string]any{"mode": "request", "list": []string{"a"}, "images": uint8(3)},
		BaseDir: "/specs", Hints: Hints{
			Providers: []string{"aws"}, Regions: []string{"us-east-1", "eu-west-1"}, Architectures: []string{"arm64"},
			KubernetesVersions: []string{"~1.30"}, K8sDistributions: []string{"k3s"}, CustomTags: []string{"prod"}, NewestOnly: true,
		},
		Regions: []string{"us-west-2"}, IDs: []string{"r/os:a", "r/os:b"}, Reads: true,
	}}, nil)[0]
	if r.Err != nil || len(r.Images) != 1 {
		t.Fatal(r.Err, r.Images)
	}
	want := map[string]string{
		"baseDir": "/specs", "now": "2026-05-01T12:00:00Z", "hints": "{[aws] [us-east-1 eu-west-1] [arm64] [~1.30] [k3s] [prod] true}",
		"regions": "[us-west-2]", "ids": "[r/os:a r/os:b] true", "settings": "map[endpoint:x retries:3]", "stdin": `"" <nil>`, "dir": workingDirectory(t) + "<nil>",
	}
	if diff := cmp.Diff(want, r.Images[0].Tags); diff != "" {
		t.Error(diff)
	}
	if r.Images[0].NewestBy != image.NewestByVersion {
		t.Error("what ranks the images did not arrive")
	}
	if r.Images[0].Source != "golden" {
		t.Error("the image does not name its source")
	}
}

func workingDirectory(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestEdgeImages(t *testing.T) {
	h := newHost(t, Options{PluginDirs: []string{pluginDir(t, "stub")}})
	r := one(context.Background(), h, "stub", map[string]any{"mode": "edge"})
	if r.Err != nil || len(r.Images) != 4 {
		t.Fatal(r.Err, len(r.Images))
	}
	if r.Images[0].Name != "not \uFFFD utf-8" || r.Images[0].Tags["k\uFFFD"] != "v\uFFFD" {
		t.Errorf("%q %q", r.Images[0].Name, r.Images[0].Tags)
	}
	if len(r.Images[1].Tags["text"]) != 6<<20 {
		t.Error("the large tag did not arrive")
	}
	if r.Images[2].State != image.Unusable || r.Images[2].StateReason != "a volume is no image" {
		t.Errorf("%+v", r.Images[2])
	}
}

func TestProgressIsHandedOn(t *testing.T) {
	h := newHost(t, Options{PluginDirs: []string{pluginDir(t, "stub")}})
	var events []Event
	h.Discover(context.Background(), []Request{{Source: "s", Plugin: of(t, h, "stub"), Config: map[string]any{"mode": "progress"}}},
		func(e Event) { events = append(events, e) })
	want := Event{Source: "s", Plugin: "stub", Message: "reading region 3", Done: 3, Total: 3}
	if len(events) == 0 || events[len(events)-1] != want {
		t.Errorf("events %v", events)
	}
}

// TestOutputGoesToTheLog has a plugin print to stdout in a call, and log.
func TestOutputGoesToTheLog(t *testing.T) {
	log := &lockedBuffer{}
	h := newHost(t, Options{
		PluginDirs: []string{pluginDir(t, "stub")},
		Log:        slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if r := one(context.Background(), h, "stub", map[string]any{"mode": "prints"}); r.Err != nil || len(r.Images) != 1 {
		t.Fatal(r.Err)
	}
	h.Close()
	for _, want := range []string{`msg="a line on stdout" plugin=stub`, `level=WARN msg="a line in the log key=value source=golden" plugin=stub`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has no %s:\n%s", want, log)
		}
	}
	if strings.Contains(log.String(), "EOF") {
		t.Errorf("the log has go-plugin's noise:\n%s", log)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestVerify(t *testing.T) {
	h := newHost(t, Options{PluginDirs: []string{pluginDir(t, "stub")}})
	refs := []image.Ref{{ID: "ami-1", Provider: "aws"}, {ID: "gone"}, {ID: "skip"}}
	got, diagnostics, err := h.Verify(context.Background(), VerifyRequest{Source: "s", Plugin: of(t, h, "stub"), Refs: refs})
	if err != nil || len(diagnostics) != 1 || diagnostics[0].Severity != SeverityInfo {
		t.Fatal(err, diagnostics)
	}
	want := []Verified{
		{Ref: refs[0], Presence: Found, Image: &image.Image{ID: "ami-1", Provider: "aws", State: image.Available, Source: "s"}},
		{Ref: refs[1], Presence: NotFound, Reason: "deregistered"},
		{Ref: refs[2], Presence: Unknown, Reason: "the source gave no answer"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestTwoAnswersAreNone has a plugin that answers once for each region, so that the
// first says of an image that it is gone.
func TestTwoAnswersAreNone(t *testing.T) {
	h := newHost(t, Options{PluginDirs: []string{pluginDir(t, "stub")}})
	refs := []image.Ref{{ID: "twice", Provider: "aws"}, {ID: "ami-1", Provider: "aws"}}
	got, _, err := h.Verify(context.Background(), VerifyRequest{Source: "s", Plugin: of(t, h, "stub"), Refs: refs})
	if err == nil || strings.Count(message(err), "a second answer for twice") != 1 {
		t.Errorf("got %s", message(err))
	}
	if got[0].Presence != Unknown || got[0].Evidence != "" || got[1].Presence != Found {
		t.Errorf("%+v", got)
	}
}

// TestSourcesAreAskedAtOnce: each of them answers when the last was asked.
func TestSourcesAreAskedAtOnce(t *testing.T) {
	const n = 16
	dir := pluginDir(t, "stub")
	h := newHost(t, Options{PluginDirs: []string{dir}, CallTimeout: patience})
	reqs := slowRequests(t, h, n, "0s")
	for i := range reqs {
		reqs[i].Config = map[string]any{"mode": "meet", "images": n}
	}
	for i, r := range h.Discover(context.Background(), reqs, nil) {
		if r.Err != nil || r.Source != fmt.Sprint("s", i) || len(r.Images) != 1 {
			t.Errorf("source %d: %v", i, r.Err)
		}
	}
	if n := len(processes(dir)); n != 1 {
		t.Errorf("%d processes for one plugin", n)
	}
}

// TestListBesideCalls: what List found out is what the calls at the same time use.
func TestListBesideCalls(t *testing.T) {
	h := newHost(t, Options{PluginDirs: []string{pluginDir(t, "stub")}, CallTimeout: patience})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			plugins, err := h.List(context.Background())
			if err != nil || len(plugins) != 1 || plugins[0].Broken != nil || plugins[0].Digest == "" {
				t.Errorf("%v: %+v", err, plugins)
			}
		})
		wg.Go(func() {
			if r := one(context.Background(), h, "stub", nil); r.Err != nil {
				t.Error(r.Err)
			}
		})
	}
	wg.Wait()
}

func slowRequests(t testing.TB, h *Host, n int, wait string) []Request {
	reqs := make([]Request, n)
	for i := range reqs {
		reqs[i] = Request{Source: fmt.Sprint("s", i), Plugin: of(t, h, "stub"), Config: map[string]any{"wait": wait}}
	}
	return reqs
}

// TestCache has a script count how often it is asked.
func TestCache(t *testing.T) {
	dir, cacheDir := pluginDir(t), t.TempDir()
	path, counter := filepath.Join(dir, "byoos-source-x"), filepath.Join(t.TempDir(), "n")
	script := "#!/bin/sh\necho x >> " + counter + "\necho '{\"name\":\"x\",\"version\":\"VERSION\",\"protocolVersions\":[1]}'\n"
	writeTestFile(t, path, strings.Replace(script, "VERSION", "1.0.0", 1), 0o755)
	find := func(wantVersion string, wantCalls int) {
		t.Helper()
		h := newHost(t, Options{PluginDirs: []string{dir}, CacheDir: cacheDir})
		p, err := h.Find(context.Background(), "x")
		if err != nil {
			t.Fatal(err)
		}
		b, _ := os.ReadFile(counter)
		if p.Description.GetVersion() != wantVersion || len(b) != 2*wantCalls {
			t.Errorf("version %s after %d calls, want %s after %d", p.Description.GetVersion(), len(b)/2, wantVersion, wantCalls)
		}
	}
	find("1.0.0", 1)
	find("1.0.0", 1)
	writeTestFile(t, path, strings.Replace(script, "VERSION", "1.0.10", 1), 0o755)
	find("1.0.10", 2)
	file := filepath.Join(cacheDir, "byoos", cacheFile)
	for _, broken := range []string{"", "null", "{", `{"` + path + `":{"description":"x"}}`} {
		writeTestFile(t, file, broken, 0o600)
		h := newHost(t, Options{PluginDirs: []string{dir}, CacheDir: cacheDir})
		if _, err := h.Find(context.Background(), "x"); err != nil {
			t.Errorf("cache %q: %v", broken, err)
		}
	}
	find("1.0.10", 6)
	if runtime.GOOS == "windows" {
		return
	}
	// Anyone who may write to the cache could have a plugin get more variables.
	if err := os.Chmod(file, 0o666); err != nil {
		t.Fatal(err)
	}
	find("1.0.10", 7)
}

// TestOneExaminationForAllSources has a script count how often it is described
// when no cache is there to help.
func TestOneExaminationForAllSources(t *testing.T) {
	dir, counter := pluginDir(t), filepath.Join(t.TempDir(), "n")
	writeTestFile(t, filepath.Join(dir, "byoos-source-x"), "#!/bin/sh\necho x >> "+counter+
		"\n[ \"$1\" = describe ] && echo '{\"name\":\"x\",\"version\":\"1.0.0\",\"protocolVersions\":[1]}'\n", 0o755)
	h := newHost(t, Options{PluginDirs: []string{dir}})
	reqs := make([]Request, 16)
	var wg sync.WaitGroup
	for i := range reqs {
		wg.Go(func() { reqs[i] = Request{Source: fmt.Sprint(i), Plugin: of(t, h, "x")} })
	}
	wg.Wait()
	for _, r := range h.Discover(context.Background(), reqs, nil) {
		if r.Err == nil {
			t.Error("a script without a handshake answered")
		}
	}
	// One description and one start, which fails and is not tried again.
	if b, _ := os.ReadFile(counter); len(b) != 4 {
		t.Errorf("the plugin was executed %d times, want 2", len(b)/2)
	}
}
