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

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
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

func TestOrderOfPlaces(t *testing.T) {
	first, second, data := pluginDir(t, "a"), pluginDir(t, "a", "b"), t.TempDir()
	// krew: a symlink in bin to the program in its store, plugins beside that.
	store, bin := filepath.Join(t.TempDir(), "store"), t.TempDir()
	for _, dir := range []string{store, filepath.Join(store, "plugins")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	addStub(t, filepath.Join(store, "plugins"), "b")
	addStub(t, filepath.Join(store, "plugins"), "c")
	addStub(t, store, "d")
	writeTestFile(t, filepath.Join(store, "kubectl-byoos"), "", 0o755)
	link := filepath.Join(bin, "kubectl-byoos")
	if err := os.Symlink(filepath.Join(store, "kubectl-byoos"), link); err != nil {
		t.Fatal(err)
	}
	h := newHost(t, Options{PluginDirs: []string{first, second}, DataDir: data, ExecutablePath: link})
	plugins, err := h.List(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range plugins {
		state := "ok"
		if p.Broken != nil {
			state = p.Broken.Error()
		} else if p.ShadowedBy != "" {
			state = "hidden by " + p.ShadowedBy
		}
		if !strings.HasPrefix(p.Digest, "sha256:") {
			t.Errorf("%s has no digest", p.Path)
		}
		line := fmt.Sprintf("%s %s %s %s", p.Type, p.Origin, p.Path, state)
		got = append(got, strings.NewReplacer(first, "FIRST", second, "SECOND", store, "STORE").Replace(line))
	}
	want := []string{
		"a flag FIRST/byoos-source-a ok",
		"a flag SECOND/byoos-source-a hidden by FIRST/byoos-source-a",
		"b flag SECOND/byoos-source-b ok",
		"b bundled STORE/plugins/byoos-source-b hidden by SECOND/byoos-source-b",
		"c bundled STORE/plugins/byoos-source-c ok",
		"d bundled STORE/byoos-source-d ok",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNotFound(t *testing.T) {
	dir := pluginDir(t, "packer", "aws")
	// Neither the working directory nor PATH counts.
	there := pluginDir(t, "pakcer")
	t.Chdir(there)
	t.Setenv("PATH", there)
	h := newHost(t, Options{PluginDirs: []string{dir}, DataDir: "/nowhere"})
	_, err := h.Find(context.Background(), "pakcer")
	golden(t, "not-found.txt", message(err, dir, "DIR"))
	_, err = h.Find(context.Background(), "vsphere")
	golden(t, "not-found-far.txt", message(err, dir, "DIR"))
}

// TestBundledPluginIsGone has a program that was moved without its plugins.
func TestBundledPluginIsGone(t *testing.T) {
	bin := t.TempDir()
	writeTestFile(t, filepath.Join(bin, "kubectl-byoos"), "", 0o755)
	h := newHost(t, Options{ExecutablePath: filepath.Join(bin, "kubectl-byoos")})
	_, err := h.Find(context.Background(), "oci")
	golden(t, "bundled-gone.txt", message(err, bin, "BIN"))
	_, err = h.Find(context.Background(), "pakcer")
	if err == nil || !strings.Contains(err.Error(), `did you mean "packer"?`) {
		t.Errorf("got %v", err)
	}
}

func TestPluginDirThatIsNone(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "byoos-source-stub")
	writeTestFile(t, file, "", 0o755)
	for path, want := range map[string]string{
		filepath.Join(dir, "nope"): "no such directory", file: "not a directory", filepath.Join(file, "x"): "not a directory",
	} {
		h := newHost(t, Options{PluginDirs: []string{dir, path}})
		_, listed := h.List(context.Background())
		_, found := h.Find(context.Background(), "stub")
		for _, err := range []error{listed, found, one(context.Background(), h, "stub", nil).Err} {
			if failure.Code(err) != failure.ExitUsage || !strings.Contains(err.Error(), path+": "+want) {
				t.Errorf("%s: got %v, want %s", path, err, want)
			}
		}
	}
	h := newHost(t, Options{DataDir: filepath.Join(dir, "nope"), ExecutablePath: filepath.Join(dir, "nope", "kubectl-byoos")})
	if _, err := h.List(context.Background()); err != nil {
		t.Errorf("directories that nobody named: %v", err)
	}
}

func TestTemporaryDirectoryThatIsNone(t *testing.T) {
	dir := pluginDir(t, "stub")
	h := newHost(t, Options{PluginDirs: []string{dir}})
	t.Setenv("TMPDIR", filepath.Join(dir, "none"))
	r := one(context.Background(), h, "stub", nil)
	golden(t, "no-tmpdir.txt", message(r.Err, dir, "DIR"))
}

func TestTrust(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes are not access control there")
	}
	dir := pluginDir(t, "stub")
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	h := newHost(t, Options{PluginDirs: []string{dir}})
	if _, err := h.Find(context.Background(), "stub"); err == nil || !strings.Contains(err.Error(), "other users may write to "+dir) {
		t.Errorf("a directory that all may write to is trusted: %v", err)
	}
	both := filepath.Join(dir, "byoos-source-both")
	writeTestFile(t, both, "#!/bin/sh\n", 0o775)
	_, err := h.Find(context.Background(), "both")
	golden(t, "both-writable.txt", message(err, dir, "DIR"))
	if err := os.Remove(both); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Find(context.Background(), "stub"); err != nil {
		t.Errorf("our own file in a sticky directory is not trusted: %v", err)
	}
	if os.Geteuid() != 0 {
		return
	}
	if err := os.Chown(filepath.Join(dir, "byoos-source-stub"), 65534, -1); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Chown(filepath.Join(dir, "byoos-source-stub"), 0, -1) }()
	if _, err := h.Find(context.Background(), "stub"); err == nil || !strings.Contains(err.Error(), "belongs to another user") {
		t.Errorf("the file of another user is trusted: %v", err)
	}
}

func TestInstall(t *testing.T) {
	data, elsewhere := t.TempDir(), pluginDir(t, "stub")
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	h := newHost(t, Options{DataDir: data, Now: func() time.Time { return now }})
	p, err := h.Install(context.Background(), filepath.Join(elsewhere, "byoos-source-stub"))
	if err != nil {
		t.Fatal(err)
	}
	if p.Origin != OriginUser || p.Description.GetVersion() != "1.2.3" || p.Digest != digestText(context.Background(), stubFile) {
		t.Errorf("%+v", p)
	}
	if got := listing(h.userDir()); !slices.Equal(got, []string{"byoos-source-stub", "byoos-source-stub.receipt.yaml"}) {
		t.Errorf("files %v", got)
	}
	if r := one(context.Background(), h, "stub", nil); r.Err != nil || len(r.Images) != 1 {
		t.Error(r.Err)
	}

	t.Run("a file that changed is not run", func(t *testing.T) {
		h := newHost(t, Options{DataDir: data})
		ran := filepath.Join(t.TempDir(), "ran")
		original, err := os.ReadFile(p.Path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(p.Path); err != nil { // it may be running
			t.Fatal(err)
		}
		writeTestFile(t, p.Path, "#!/bin/sh\ntouch "+ran+"\n", 0o755)
		_, err = h.Find(context.Background(), "stub")
		golden(t, "changed.txt", message(err, data, "DATA"))
		if _, err := os.Stat(ran); err == nil {
			t.Error("it was run")
		}
		if err := os.Remove(p.Path); err != nil {
			t.Fatal(err)
		}
		writeTestFile(t, p.Path, string(original), 0o755)
	})

	t.Run("a broken plugin does not replace a good one", func(t *testing.T) {
		bad := filepath.Join(pluginDir(t), "byoos-source-stub")
		writeTestFile(t, bad, "#!/bin/sh\necho no\n", 0o755)
		h := newHost(t, Options{DataDir: data})
		_, err := h.Install(context.Background(), bad)
		golden(t, "install-broken.txt", message(err, filepath.Dir(bad), "DIR"))
		if _, err := h.Find(context.Background(), "stub"); err != nil {
			t.Error(err)
		}
		if n := len(listing(h.userDir())); n != 2 {
			t.Errorf("files left: %v", listing(h.userDir()))
		}
	})

	t.Run("without a receipt nothing is run", func(t *testing.T) {
		addStub(t, h.userDir(), "wild")
		_, err := h.Find(context.Background(), "wild")
		golden(t, "no-receipt.txt", message(err, data, "DATA"))
	})

	if err := h.Remove(context.Background(), "stub"); err != nil {
		t.Error(err)
	}
	if got := listing(h.userDir()); !slices.Equal(got, []string{"byoos-source-wild"}) {
		t.Errorf("files left: %v", got)
	}
	if err := h.Remove(context.Background(), "stub"); failure.Code(err) != failure.ExitFailure {
		t.Error(err)
	}
	if _, err := h.Install(context.Background(), "/bin/sh"); failure.Code(err) != failure.ExitUsage {
		t.Error(err)
	}
}

// TestInstallSaysWhichFile tells the file that is read from the place that is
// written.
func TestInstallSaysWhichFile(t *testing.T) {
	dir, elsewhere := t.TempDir(), pluginDir(t, "stub")
	file := filepath.Join(dir, "file")
	writeTestFile(t, file, "", 0o644)
	h := newHost(t, Options{DataDir: file})
	_, err := h.Install(context.Background(), filepath.Join(elsewhere, "byoos-source-stub"))
	golden(t, "install-no-place.txt", message(err, elsewhere, "DIR", dir, "DATA"))
	h = newHost(t, Options{DataDir: dir})
	_, err = h.Install(context.Background(), filepath.Join(elsewhere, "byoos-source-none"))
	golden(t, "install-no-file.txt", message(err, elsewhere, "DIR", dir, "DATA"))

	if runtime.GOOS != "linux" {
		return
	}
	// A file that opens and cannot be read.
	broken := filepath.Join(elsewhere, "byoos-source-broken")
	if err := os.Symlink("/proc/self/mem", broken); err != nil {
		t.Fatal(err)
	}
	_, err = h.Install(context.Background(), broken)
	if err == nil || !strings.HasPrefix(err.Error(), "cannot install "+broken+": input/output error") {
		t.Errorf("got %v", err)
	}
	if left := listing(h.userDir()); len(left) > 0 {
		t.Errorf("files left: %v", left)
	}
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

func FuzzReceipt(f *testing.F) {
	f.Add([]byte("apiVersion: byoos.dev/v1alpha1\nkind: PluginReceipt\ntype: x\nsha256: " + strings.Repeat("0", 64) + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := parseReceipt(b); err == nil && !sha256Pattern.MatchString(r.SHA256) {
			t.Errorf("accepted %q", r.SHA256)
		}
	})
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
